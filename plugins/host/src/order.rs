//! What the parent asks of the child.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a plugin may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Files and folders it may read.
    pub read: Vec<PathBuf>,
    /// Whether it needs the devices of a GPU.
    pub gpu: bool,
}

/// How much a plugin may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Seconds by the clock.
    pub seconds: u64,
    /// Bytes of memory that are resident.
    pub memory: u64,
}

/// What to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    /// `describe`.
    Describe,
    /// `run`, with the request in the frame that follows.
    Run,
}

/// The first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Comes back with every frame that counts.
    pub(crate) nonce: String,
    /// The library.
    pub(crate) library: PathBuf,
    /// Its SHA-256, in hexadecimal digits.
    pub(crate) sha256: String,
    /// What to call.
    pub(crate) call: Call,
    /// What it may touch.
    pub(crate) access: Access,
    /// How much it may use.
    pub(crate) limits: Limits,
    /// Whether a confinement that is not complete ends the run.
    pub(crate) demand_confinement: bool,
}
