//! Command line: arguments in, one outcome out.

mod args;
mod attest;
mod bench;
mod check;
mod code;
mod coding;
mod commands;
mod compare;
mod hook;
mod model_folder;
mod monitor;
mod notice;
mod output;
mod passphrase;
mod plugin;
mod plugin_args;
mod policy;
mod pull;
mod push;
mod registry_args;
mod release;
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
    if matches!(cli.command, Command::PluginHost) {
        // The process of a plugin: it speaks over its own socket, and prints nothing.
        return ExitCode::from(pkg_plugin_host::serve());
    }
    crate::registry::configure(cli.registry.options());
    let printer = output::Printer::new(cli.output);
    printer.reply(commands::run(&cli.command, printer))
}

#[cfg(test)]
mod tests {
    /// Options of a command and of those below it that can come from the environment, each with
    /// whether the help keeps the value to itself.
    fn from_environment(command: &clap::Command, found: &mut Vec<(String, bool)>) {
        for arg in command.get_arguments() {
            if let Some(name) = arg.get_env() {
                let place = format!("{}: {}", command.get_name(), name.to_string_lossy());
                found.push((place, arg.is_hide_env_values_set()));
            }
        }
        for below in command.get_subcommands() {
            from_environment(below, found);
        }
    }

    /// A token or the path of one's credentials must not end up in a pasted help text.
    #[test]
    fn help_shows_no_value_of_the_environment() {
        let mut found = Vec::new();
        from_environment(&super::command(), &mut found);
        assert!(found.len() >= 4, "{found:?}");
        let shown: Vec<_> = found.iter().filter(|(_, hidden)| !hidden).collect();
        assert!(shown.is_empty(), "{shown:?}");
    }
}
