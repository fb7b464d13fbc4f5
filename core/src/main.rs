//! The `pkg` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    pkg_core::cli::run(std::env::args_os())
}
