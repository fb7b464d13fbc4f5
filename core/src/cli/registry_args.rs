//! How registries are spoken to, for every command that takes a reference.

use std::path::PathBuf;

use clap::Args;

use crate::registry::Options;

/// Options of registries.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Registries")]
pub struct RegistryArgs {
    /// Certificates of authorities to trust beside those of the system, in PEM
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PKG_REGISTRY_CA",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub registry_ca: Vec<PathBuf>,
    /// Registry that may be spoken to without encryption; loopback always may
    #[arg(
        long,
        global = true,
        value_name = "HOST[:PORT]",
        env = "PKG_PLAIN_HTTP",
        hide_env_values = true,
        value_delimiter = ',',
        hide_short_help = true
    )]
    pub plain_http: Vec<String>,
    /// File with credentials, as `docker login` and `podman login` write it
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PKG_REGISTRY_AUTH",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub registry_auth: Option<PathBuf>,
    /// Requests to a registry at the same time; fits the machine unless given
    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u8).range(1..=64),
        hide_short_help = true
    )]
    pub transfers: Option<u8>,
}

impl RegistryArgs {
    /// The options.
    pub(super) fn options(&self) -> Options {
        Options {
            authorities: self.registry_ca.clone(),
            plain_http: self.plain_http.clone(),
            auth_file: self.registry_auth.clone(),
            jobs: self.transfers.map_or(0, usize::from),
            retries: None,
        }
    }
}
