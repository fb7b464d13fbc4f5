//! Write plugins for `pkg`: implement [`Plugin`], and say [`export_plugin!`] once.
//!
//! ```no_run
//! use pkg_plugin_sdk::{Check, Description, Failure, Host, Kind, Plugin, Reply, Request, export_plugin};
//!
//! struct Licence;
//!
//! impl Plugin for Licence {
//!     fn describe() -> Description {
//!         Description::new("licence-there", "1.0.0", &[Kind::Verify], "A licence file is there.")
//!     }
//!
//!     fn run(request: &Request, _host: &Host<'_>) -> Result<Reply, Failure> {
//!         let there = request.files.iter().any(|file| file.path == "LICENSE");
//!         Ok(Reply::new([Check::when("licence", there, "a file named LICENSE")]))
//!     }
//! }
//!
//! export_plugin!(Licence);
//! ```
//!
//! A plugin runs in a process of its own, without network, without other programs, and
//! sees only the files of its request. It must not rely on the environment or on a
//! writable disk. A panic is caught and reported as one.

mod entry;
mod reply;
mod request;
pub mod section;

use std::fmt;

pub use entry::{Host, describe_entry, run_entry};
pub use pkg_plugin_abi as abi;
pub use reply::{Artifact, Check, Finding, Material, Metric, Outcome, Reply, Severity, SkipReason};
pub use request::{Description, Device, File, Kind, Operation, Release, Request};

/// A plugin.
pub trait Plugin {
    /// What it is. Touches no file.
    fn describe() -> Description;

    /// Does what was asked. What it found is the reply, also when it found the worst;
    /// an error says that it could not look.
    fn run(request: &Request, host: &Host<'_>) -> Result<Reply, Failure>;
}

/// Why a plugin could not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl Failure {
    /// A failure with its reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}
