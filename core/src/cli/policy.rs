//! `pkg policy`: arguments, functions and rendering.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Render, Reply, printable, table};
use crate::exit::Exit;
use crate::finding::{Problem, Result};
use crate::policy::{self, Decision, Explained, Facts, Outcome, Policy, Worker};
use crate::verify::exit_of;

/// Arguments of `pkg policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do.
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check a policy and everything it names; with facts, decide over them
    #[command(
        after_help = "Examples:\n  pkg policy check policy.toml\n  pkg policy check policy.toml --facts facts.json"
    )]
    Check(CheckArgs),
    /// Say in words what a policy demands
    #[command(after_help = "Example:\n  pkg policy explain policy.toml")]
    Explain(ExplainArgs),
    /// Evaluate a rule in Rego; how pkg calls itself
    #[command(hide = true)]
    Evaluate,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The policy
    policy: PathBuf,
    /// Facts to decide over, as JSON (`pkg schema policy-facts`)
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The policy
    policy: PathBuf,
}

impl PolicyArgs {
    /// Name of the command, as it stands in its result.
    pub(super) fn name(&self) -> &'static str {
        match self.command {
            PolicyCommand::Check(_) => "policy-check",
            PolicyCommand::Explain(_) => "policy-explain",
            PolicyCommand::Evaluate => "policy-evaluate",
        }
    }
}

/// Runs `pkg policy`.
pub(super) fn run(args: &PolicyArgs) -> Result<Reply> {
    match &args.command {
        PolicyCommand::Check(check_args) => check(args.name(), check_args),
        PolicyCommand::Explain(explain_args) => {
            let explained = policy::explain(&load(&explain_args.policy)?);
            Reply::new(args.name(), Exit::Ok, Vec::new(), &explained)
        }
        PolicyCommand::Evaluate => {
            let mut task = Vec::new();
            std::io::stdin()
                .read_to_end(&mut task)
                .map_err(|error| Problem::reading(Path::new("standard input"), error))?;
            Reply::new(args.name(), Exit::Ok, Vec::new(), &policy::serve(&task)?)
        }
    }
}

/// Reads a policy whose rules in Rego run in processes of their own.
pub(super) fn load(path: &Path) -> Result<Policy> {
    // Also when the program was replaced while it runs, this is the same one.
    let program = PathBuf::from("/proc/self/exe");
    let arguments = ["policy", "evaluate", "--json"].map(str::to_owned).to_vec();
    policy::load_with_worker(path, Worker { program, arguments })
}

impl Render for policy::Answer {
    fn render(&self, _: &mut String) {}
}

fn check(name: &'static str, args: &CheckArgs) -> Result<Reply> {
    let policy = load(&args.policy)?;
    let facts = args.facts.as_deref().map(Facts::load).transpose()?;
    let decision = facts.map(|facts| policy::decide(&policy, &facts));
    let findings = decision.as_ref().map(Decision::findings).unwrap_or_default();
    let result =
        CheckResult { policy: args.policy.clone(), active_rules: policy.active_rules(), decision };
    Reply::new(name, exit_of(&findings), findings, &result)
}

/// Result of `pkg policy check`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckResult {
    /// The policy.
    policy: PathBuf,
    /// Number of its rules that are not off.
    active_rules: usize,
    /// What it decides, when facts were given.
    decision: Option<Decision>,
}

impl Render for CheckResult {
    fn render(&self, page: &mut String) {
        let policy = self.policy.display();
        let Some(decision) = &self.decision else {
            let rules = if self.active_rules == 1 { "rule" } else { "rules" };
            let _ = writeln!(page, "{policy} can be applied: {} active {rules}", self.active_rules);
            return;
        };
        let word = if decision.allowed { "ALLOWED" } else { "REFUSED" };
        let _ = writeln!(page, "{word} by {policy}");
        let row = |rule: &policy::RuleDecision| {
            let outcome = match rule.outcome {
                Outcome::Pass => "met",
                Outcome::Fail => "not met",
                Outcome::NotApplicable => "off",
                Outcome::Error => "error",
            };
            let mode = rule.mode.as_str();
            [outcome, mode, &rule.id, &printable(&rule.reason)].map(str::to_owned).to_vec()
        };
        table(&decision.rules.iter().map(row).collect::<Vec<_>>(), page);
    }
}

impl Render for Explained {
    fn render(&self, page: &mut String) {
        if let Some(description) = &self.description {
            let _ = writeln!(page, "{}", printable(description));
        }
        for rule in &self.rules {
            let (mode, demand) = (rule.mode.as_str(), printable(&rule.demand));
            let _ = writeln!(page, "{} ({mode}): {demand}", rule.id);
        }
        for group in &self.groups {
            let _ = writeln!(page, "{}:", group.name);
            for member in &group.members {
                let _ = writeln!(page, "  {}", printable(member));
            }
        }
    }
}
