//! Plugins: found, trusted, and asked in a process of their own.
//!
//! - [`manifest`]: what lies beside a library.
//! - [`find`]: where plugins are looked for.
//! - [`trust`]: which may run.
//! - [`mod@files`]: what a plugin gets to see of a release.
//! - [`ask`]: one run, and what it found.
//! - [`result`]: what a run found, as an attestation.
//! - [`install`], [`scaffold`]: adding plugins, and beginning one.

pub mod ask;
pub mod files;
pub mod find;
pub mod install;
pub mod manifest;
pub mod result;
pub mod scaffold;
pub mod trust;

pub use ask::{Asked, Request, Runner, Verdict};
pub use files::{Exposed, told};
pub use find::{Place, Plugin, Search};
pub use manifest::Manifest;
pub use trust::{Config, Mode, Trust};
