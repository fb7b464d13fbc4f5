//! Runs a plugin of `pkg` in a process of its own.
//!
//! [`run`] starts the program again in a hidden mode, which calls [`serve`]. That process
//! gives up what it does not need ([`Confinement`]), then loads the library whose digest
//! was named, asks it, and sends the reply over a socket that is not its standard output.
//! The parent holds the clock and looks at the memory. Whatever the plugin does is an
//! [`Ending`]; nothing it does is taken for a reply unless it is one.

mod child;
mod confine;
pub mod elf;
pub mod frame;
mod load;
mod order;
mod parent;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use child::serve;
pub use confine::{Confinement, Level};
pub use order::{Access, Limits};
pub use parent::{Job, Ran, Watch, describe, read_reply, run};

/// How a run ended that brought no reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ending {
    /// The plugin said that it could not look.
    #[error("the plugin could not do it: {reason}")]
    Refused {
        /// Why, in its words.
        reason: String,
    },
    /// It panicked, and caught it.
    #[error("the plugin panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// It was ended by a signal of its own making.
    #[error("the plugin crashed (signal {signal})")]
    Crashed {
        /// Number of the signal.
        signal: i32,
    },
    /// It did not end in time, and was ended.
    #[error("the plugin did not end within {seconds} s")]
    TimedOut {
        /// How long it was given.
        seconds: u64,
    },
    /// It used more memory than it may, and was ended.
    #[error("the plugin used more than {bytes} bytes of memory")]
    MemoryLimit {
        /// How much it was given.
        bytes: u64,
    },
    /// It ended without a whole reply, whatever its exit code.
    #[error("the plugin ended with code {code} and gave no reply")]
    NoReply {
        /// Its exit code.
        code: i32,
    },
    /// It was built for another version of the interface.
    #[error("the plugin is for another version of the interface: {detail}")]
    WrongAbi {
        /// Which.
        detail: String,
    },
    /// The library is no plugin.
    #[error("the library is no plugin: {detail}")]
    MissingSymbol {
        /// What is missing.
        detail: String,
    },
    /// The library cannot be loaded, or asks for what no plugin may.
    #[error("the library cannot be loaded: {detail}")]
    NotLoadable {
        /// Why.
        detail: String,
    },
    /// The library is not the one that was named.
    #[error("the library is not the one that was named: expected {expected}, but it is {actual}")]
    OtherLibrary {
        /// SHA-256 that was named.
        expected: String,
        /// SHA-256 that it has.
        actual: String,
    },
    /// What it sent is no reply.
    #[error("what the plugin sent is no reply: {detail}")]
    BadReply {
        /// What is wrong with it.
        detail: String,
    },
    /// The process could not be confined as was demanded.
    #[error("the plugin's process could not be confined: {detail}")]
    NotConfined {
        /// What is missing.
        detail: String,
    },
    /// The process could not be started.
    #[error("the plugin's process could not be started: {detail}")]
    NotStarted {
        /// Why.
        detail: String,
    },
}
