//! What pkg itself is made of: built twice, listed, measured, and run under sanitizers.

#[cfg(test)]
mod claims;
pub mod coverage;
pub mod reproduce;
pub mod sanitize;
pub mod sbom;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::run;

/// The platform that releases are made for.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// `cargo`, as it was called; in the repository unless told otherwise.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(run::root());
    cargo
}

/// A folder that cargo keeps its own things in.
pub fn cargo_home() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("HOME is not set")
}

/// The commit that is checked out, its time (seconds since 1970), and whether files were changed
/// since.
pub fn commit() -> Result<(String, String, bool)> {
    let git = |args: &[&str]| {
        run::succeed(Command::new("git").args(args).current_dir(run::root()))
            .map(|text| text.trim().to_owned())
    };
    let (id, time) = (git(&["rev-parse", "HEAD"])?, git(&["log", "-1", "--format=%ct"])?);
    Ok((id, time, !git(&["status", "--porcelain"])?.is_empty()))
}
