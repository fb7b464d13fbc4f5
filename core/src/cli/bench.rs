//! `pkg bench` and `pkg golden`: arguments, functions and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use pkg_plugin_sdk::{Metric, Operation, Outcome};
use serde_json::Value;

use super::output::{Printer, Render, Reply, printable, table};
use super::plugin_args::{AskArgs, DeviceArg, RunnerArgs};
use super::sign_args::SignerArgs;
use crate::bench::{self, Bench, BenchRequest};
use crate::exit::Exit;
use crate::finding::Result;
use crate::golden::{self, RecordRequest, Recorded};
use crate::plugin::{Asked, Verdict, ask};
use crate::verify::exit_of;

/// Arguments of `pkg bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Bundle, archive or unpacked folder
    pub target: PathBuf,
    /// Plugin to run
    #[arg(long, value_name = "ID")]
    pub plugin: String,
    /// Only look whether the results are right, measure nothing
    #[arg(long)]
    pub verify_only: bool,
    /// A skip is a failure
    #[arg(long)]
    pub required: bool,
    /// What to ask of it
    #[command(flatten)]
    pub ask: AskArgs,
    /// How it runs
    #[command(flatten)]
    pub runner: RunnerArgs,
    /// Who attests the result; nobody unless given
    #[command(flatten)]
    pub signer: SignerArgs,
}

/// Commands over golden outputs.
#[derive(Debug, Subcommand)]
pub enum GoldenCommand {
    /// Run a model on the processor and record what it puts out, to be packed with it
    #[command(
        after_help = "Example:\n  pkg golden record model/\n\nThen list golden.json in pkg.toml (`pkg init` does), pack and sign: what adopters run is\ncompared with it by `pkg bench`."
    )]
    Record(RecordArgs),
}

/// Arguments of `pkg golden record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Model folder, bundle or archive
    pub target: PathBuf,
    /// File to write [default: golden.json in the folder]
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Plugin whose engine runs the model
    #[arg(long, value_name = "ID", default_value = "cuda-smoke")]
    pub plugin: String,
    /// Replace the file
    #[arg(long)]
    pub force: bool,
    /// Threads to use; 0: as many as there are processors
    #[arg(long, value_name = "N", default_value_t)]
    pub threads: usize,
    /// Setting of the plugin; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// How it runs
    #[command(flatten)]
    pub runner: RunnerArgs,
}

/// Runs `pkg bench`.
pub(super) fn run(args: &BenchArgs, printer: Printer) -> Result<Reply> {
    let signs = args.signer.signs();
    let (sealer, mut findings) = if signs {
        let (sealer, findings) = args.signer.sealer()?;
        (Some(sealer), findings)
    } else {
        (None, Vec::new())
    };
    let operation = if args.verify_only { Operation::Verify } else { Operation::Benchmark };
    let request = BenchRequest {
        target: args.target.clone(),
        plugin: args.plugin.clone(),
        request: args.ask.request(operation)?,
        required: args.required,
    };
    let runner = args.runner.runner()?;
    let (bench, more) = printer.with_progress("running", |meter| {
        bench::bench(&request, &runner, sealer.as_deref(), meter)
    })?;
    findings.extend(more);
    Reply::new("bench", exit_of(&findings), findings, &bench)
}

/// Runs `pkg golden`.
pub(super) fn golden(command: &GoldenCommand, printer: Printer) -> Result<Reply> {
    let GoldenCommand::Record(args) = command;
    let ask =
        AskArgs { device: DeviceArg::Cpu, threads: args.threads, settings: args.settings.clone() };
    let request = RecordRequest {
        target: args.target.clone(),
        plugin: args.plugin.clone(),
        request: ask.request(Operation::Record)?,
        output: args.output.clone(),
        force: args.force,
    };
    let runner = args.runner.runner()?;
    let (recorded, findings) =
        printer.with_progress("recording", |meter| golden::record(&request, &runner, meter))?;
    let exit = if recorded.output.is_some() { Exit::Ok } else { exit_of(&findings) };
    Reply::new("golden-record", exit, findings, &recorded)
}

impl Render for Bench {
    fn render(&self, page: &mut String) {
        let title = format!("{} {}", printable(&self.name), printable(&self.version));
        match &self.run {
            None => {
                let _ = writeln!(page, "REFUSED: {} is not what was packed", title.trim());
                let _ = writeln!(page, "digest   {}", self.digest);
            }
            Some(run) => {
                let _ = writeln!(page, "{}: {}", word(run.verdict), title.trim());
                let _ = writeln!(page, "digest   {}", self.digest);
                run_lines(run, page);
            }
        }
        if let Some(added) = &self.attestation {
            let who = printable(&added.who.to_string());
            let _ = writeln!(page, "attested by {who}");
        }
    }
}

impl Render for Recorded {
    fn render(&self, page: &mut String) {
        if let Some(output) = &self.output {
            let _ = writeln!(page, "recorded {}", printable(&output.display().to_string()));
            let _ = writeln!(page, "{}", printable(&self.run.summary));
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "PASSED",
        Verdict::Warned => "PASSED with warnings",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Failed => "FAILED",
        Verdict::Skipped => "SKIPPED",
        Verdict::Broken => "BROKEN",
    }
}

/// One line for a run, among others.
pub(super) fn run_line(run: &Asked) -> String {
    let plugin = &run.plugin;
    let reason = run.reason.map(|reason| format!(" ({})", ask::reason_name(reason)));
    let summary = printable(&run.summary);
    let summary = if summary.is_empty() { summary } else { format!(": {summary}") };
    format!("{} {}{}{summary}", plugin.id, run.verdict.as_str(), reason.unwrap_or_default())
}

fn run_lines(run: &Asked, page: &mut String) {
    let plugin = &run.plugin;
    let _ = writeln!(page, "plugin   {} {}", plugin.id, printable(&plugin.version));
    if let Some(reason) = run.reason {
        let _ = writeln!(page, "reason   {}", ask::reason_name(reason));
    }
    if !run.summary.is_empty() {
        let _ = writeln!(page, "summary  {}", printable(&run.summary));
    }
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows: Vec<Vec<String>> = run
        .environment
        .iter()
        .map(|(name, value)| vec![printable(name), printable(&shown(value))])
        .collect();
    table(&rows, page);
    let rows: Vec<Vec<String>> = run
        .checks
        .iter()
        .map(|check| {
            let outcome = match check.outcome {
                Outcome::Passed => "passed",
                Outcome::Warned => "warned",
                Outcome::Inconclusive => "inconclusive",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            let detail = printable(check.detail.as_deref().unwrap_or_default());
            vec![printable(&check.name), outcome.to_owned(), detail]
        })
        .collect();
    table(&rows, page);
    let rows: Vec<Vec<String>> = run.metrics.iter().map(metric_row).collect();
    table(&rows, page);
}

fn metric_row(metric: &Metric) -> Vec<String> {
    let spread = metric
        .stddev
        .map(|stddev| format!("± {} ({} samples)", figure(stddev), metric.samples.len()));
    vec![
        printable(&metric.name),
        figure(metric.value),
        printable(&metric.unit),
        spread.unwrap_or_default(),
    ]
}

/// A figure with about four digits that say something.
fn figure(value: f64) -> String {
    let size = value.abs();
    if size >= 1000.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if size >= 1.0 {
        format!("{value:.2}")
    } else if size >= 0.001 {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}
