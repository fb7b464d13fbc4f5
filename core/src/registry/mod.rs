//! Registries: the OCI distribution specification 1.1, as a client.
//!
//! Moves manifests and blobs and checks each byte against the digest that leads to
//! it. Knows no releases, no terms and no signatures: what the bytes mean is said
//! above. Nothing here runs unless a reference that begins with `oci://` was given.

mod reference;
mod temporary;
pub use temporary::*;

use std::path::PathBuf;
use std::sync::OnceLock;

pub use reference::{Reference, SCHEME, is_reference};

/// How registries are spoken to.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Certificates, in PEM, of authorities that are trusted beside those of the system.
    pub authorities: Vec<PathBuf>,
    /// Hosts (`HOST` or `HOST:PORT`) that may be spoken to without encryption.
    /// Loopback addresses always may.
    pub plain_http: Vec<String>,
    /// File with credentials, as `docker login` and `podman login` write it; found in
    /// the usual places when not given.
    pub auth_file: Option<PathBuf>,
    /// Requests that run at the same time; a number that fits the machine when 0.
    pub jobs: usize,
    /// How often a failed request is tried again; 5 when not given.
    pub retries: Option<u32>,
}

static OPTIONS: OnceLock<Options> = OnceLock::new();

/// Sets the options of this process; the first call counts.
pub fn configure(options: Options) {
    // A program that embeds pkg may have set its own before.
    let _ = OPTIONS.set(options);
}

/// The options of this process.
pub fn options() -> &'static Options {
    OPTIONS.get_or_init(Options::default)
}
