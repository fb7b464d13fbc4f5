//! Command line: arguments in, one outcome out.

mod args;

pub use args::{Cli, Command, command};
use std::process::ExitCode;

/// Runs the command line and says how it ended.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let _ = args;
    ExitCode::SUCCESS
}
