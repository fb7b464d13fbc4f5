//! `pkg hook`: arguments, functions and rendering.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::output::{Render, Reply, printable};
use crate::finding::{Code, Problem, Result};
use crate::hook::{self, Hooks, Name, Ran, RunRequest};
use crate::verify::exit_of;

/// Most that git says to a hook, in bytes: a line for each ref.
const MAX_INPUT: u64 = 16 << 20;

/// What to do with hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Install the hooks of pkg into a git repository; those that are there are kept and run first
    #[command(after_help = "Examples:\n  pkg hook install\n  pkg hook install pre-push -C model/")]
    Install(HookArgs),
    /// Take the hooks of pkg away, and put those that were there before back
    #[command(after_help = "Example:\n  pkg hook uninstall")]
    Uninstall(HookArgs),
    /// Say which hooks there are
    #[command(after_help = "Example:\n  pkg hook list")]
    List(PlaceArgs),
    /// Do what a hook does, as git calls it
    #[command(after_help = "Example:\n  pkg hook run pre-commit")]
    Run(RunArgs),
}

/// Names of hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NameArg {
    /// Check what is staged
    PreCommit,
    /// A release tag needs a signed bundle whose code is that commit
    PrePush,
    /// Verify signed folders that were checked out
    PostCheckout,
    /// Verify signed folders that were merged
    PostMerge,
}

impl NameArg {
    const fn name(self) -> Name {
        match self {
            Self::PreCommit => Name::PreCommit,
            Self::PrePush => Name::PrePush,
            Self::PostCheckout => Name::PostCheckout,
            Self::PostMerge => Name::PostMerge,
        }
    }
}

/// Which repository.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Folder of the repository
    #[arg(short = 'C', value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
}

/// Which hooks of which repository.
#[derive(Debug, Args)]
pub struct HookArgs {
    /// Hooks; all of them unless named
    #[arg(value_enum)]
    pub names: Vec<NameArg>,
    /// Where
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// A hook, as git calls it.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which hook
    #[arg(value_enum)]
    pub name: NameArg,
    /// What git gives it
    #[arg(last = true)]
    pub args: Vec<String>,
}

impl HookCommand {
    /// The name of the command in its reply.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Install(_) => "hook-install",
            Self::Uninstall(_) => "hook-uninstall",
            Self::List(_) => "hook-list",
            Self::Run(_) => "hook-run",
        }
    }
}

/// Runs the command.
pub(super) fn run(command: &HookCommand) -> Result<Reply> {
    let names = |args: &HookArgs| -> Vec<Name> {
        if args.names.is_empty() {
            return Name::ALL.to_vec();
        }
        args.names.iter().map(|name| name.name()).collect()
    };
    let (hooks, findings) = match command {
        HookCommand::Install(args) => hook::install(&args.place.folder, &names(args))?,
        HookCommand::Uninstall(args) => hook::uninstall(&args.place.folder, &names(args))?,
        HookCommand::List(args) => (hook::list(&args.folder)?, Vec::new()),
        HookCommand::Run(args) => return run_one(args),
    };
    Reply::new(command.name(), exit_of(&findings), findings, &hooks)
}

fn run_one(args: &RunArgs) -> Result<Reply> {
    let name = args.name.name();
    let mut input = Vec::new();
    // Of these hooks, git writes to this one only; somebody at a terminal says nothing.
    if name == Name::PrePush && !std::io::stdin().is_terminal() {
        let read = std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut input);
        read.map_err(|error| Problem::new(Code::Internal, "pre-push").detail(error.to_string()))?;
        if input.len() as u64 > MAX_INPUT {
            return Err(Problem::new(Code::UsageError, "pre-push").detail("too many refs"));
        }
    }
    let request = RunRequest { folder: PathBuf::from("."), name, args: args.args.clone(), input };
    let (ran, findings, exit) = hook::run(&request)?;
    Reply::new("hook-run", exit, findings, &ran)
}

impl Render for Hooks {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "hooks in {}", self.folder.display());
        for hook in &self.hooks {
            let chained = if hook.chained { ", after the one that was there" } else { "" };
            let (name, state) = (hook.name.as_str(), hook.state.as_str());
            let _ = writeln!(page, "  {name:14} {state}{chained}");
        }
    }
}

impl Render for Ran {
    fn render(&self, page: &mut String) {
        if !self.looked_at.is_empty() {
            let looked: Vec<String> = self.looked_at.iter().map(|it| printable(it)).collect();
            let _ = writeln!(page, "pkg {}: looked at {}", self.name.as_str(), looked.join(", "));
        }
    }
}
