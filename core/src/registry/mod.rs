//! Registries: the OCI distribution specification 1.1, as a client.
//!
//! Moves manifests and blobs and checks each byte against the digest that leads to
//! it. Knows no releases, no terms and no signatures: what the bytes mean is said
//! above. Nothing here runs unless a reference that begins with `oci://` was given.

#[cfg(not(feature = "network"))]
mod absent;
#[cfg(feature = "network")]
mod address;
#[cfg(feature = "network")]
mod answer;
#[cfg(feature = "network")]
mod auth;
#[cfg(feature = "network")]
#[cfg(test)]
mod auth_tests;
#[cfg(feature = "network")]
mod call;
#[cfg(feature = "network")]
pub mod challenge;
#[cfg(feature = "network")]
pub mod credentials;
#[cfg(feature = "network")]
#[cfg(test)]
mod credentials_tests;
#[cfg(feature = "network")]
#[cfg(test)]
mod fake;
#[cfg(feature = "network")]
mod fetch;
mod found;
#[cfg(feature = "network")]
mod halt;
#[cfg(feature = "network")]
mod helper;
#[cfg(feature = "network")]
mod http;
#[cfg(feature = "network")]
#[cfg(test)]
mod http_tests;
#[cfg_attr(not(feature = "network"), expect(dead_code, reason = "only fetching reads it"))]
mod journal;
#[cfg(feature = "network")]
mod pace;
#[cfg_attr(not(feature = "network"), expect(dead_code, reason = "only fetching checks them"))]
mod parts;
mod reference;
#[cfg(feature = "network")]
mod referrers;
#[cfg(feature = "network")]
mod repository;
#[cfg(feature = "network")]
#[cfg(test)]
mod repository_tests;
#[cfg(feature = "network")]
#[cfg(test)]
mod scripted;
#[cfg(feature = "network")]
mod session;
#[cfg(feature = "network")]
mod upload;
#[cfg(feature = "network")]
mod wire;

use std::path::PathBuf;
use std::sync::OnceLock;

#[cfg(not(feature = "network"))]
pub use absent::Repository;
#[cfg(feature = "network")]
pub use auth::granted;
pub use found::{Accepted, Fetched, Referrers};
pub use journal::Journal;
pub use parts::{Part, Sent, Upload, UploadSettings, Want};
pub use reference::{Reference, SCHEME, is_reference};
#[cfg(feature = "network")]
pub use referrers::check_entry;
#[cfg(feature = "network")]
pub use repository::Repository;

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
