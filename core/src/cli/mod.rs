//! Command line: arguments in, one outcome out.

mod args;
mod attest;
mod commands;
mod compare;
mod model_folder;
mod monitor;
mod notice;
mod output;
mod passphrase;
mod policy;
mod render;
mod report;
mod schemas;
mod sign_args;
mod sigstore;
mod trust;
mod trust_args;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

pub use args::{Cli, Command, command};
pub use schemas::schemas;

/// Runs the command line and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    let printer = output::Printer::new(cli.output);
    printer.reply(commands::run(&cli.command, printer))
}
