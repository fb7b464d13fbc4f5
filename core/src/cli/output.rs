//! The only place that prints: text, JSON, findings, progress.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Severity};
use crate::hash::Meter;

/// Value of [`Envelope::schema`].
pub(super) const OUTPUT_SCHEMA: &str = "urn:x-pkg:output:v1";

/// What `--json` prints: one document, also when the command failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<T> {
    /// Always [`OUTPUT_SCHEMA`].
    pub schema: &'static str,
    /// The command.
    pub command: &'static str,
    /// How it ended.
    pub exit: Exit,
    /// The number the process ends with.
    pub exit_code: u8,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// The result; null when the command failed before it had one.
    pub result: Option<T>,
}

/// Text for people.
pub(super) trait Render {
    /// Appends the text of this result.
    fn render(&self, page: &mut String);
}

/// What a command has to say.
#[derive(Debug)]
pub(super) struct Reply {
    command: &'static str,
    exit: Exit,
    findings: Vec<Finding>,
    json: Option<serde_json::Value>,
    text: String,
    on_top: bool,
    /// Findings that are printed with a text; all of them unless it says some itself.
    shown: Option<Vec<Finding>>,
}

impl Reply {
    /// A reply with a result.
    pub(super) fn new<T: Serialize + Render>(
        command: &'static str,
        exit: Exit,
        findings: Vec<Finding>,
        result: &T,
    ) -> crate::finding::Result<Self> {
        let json = serde_json::to_value(result).map_err(|error| {
            Problem::new(Code::Internal, command).detail(error.to_string()).source(error)
        })?;
        let mut text = String::new();
        result.render(&mut text);
        Ok(Self { command, exit, findings, json: Some(json), text, on_top: false, shown: None })
    }

    /// Repeats the members of the result beside those of every document, for readers
    /// of formats that have them there.
    pub(super) fn with_result_on_top(mut self) -> Self {
        self.on_top = true;
        self
    }

    /// Prints only these findings beside the text, which shows the others itself.
    pub(super) fn with_findings_shown(mut self, findings: Vec<Finding>) -> Self {
        self.shown = Some(findings);
        self
    }

    /// The reply of a command that found reasons to do nothing.
    pub(super) fn without_result(
        command: &'static str,
        exit: Exit,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            command,
            exit,
            findings,
            json: None,
            text: String::new(),
            on_top: false,
            shown: None,
        }
    }

    /// The reply of a command that was stopped by a problem.
    pub(super) fn failed(command: &'static str, exit: Exit, problem: Problem) -> Self {
        Self::without_result(command, exit, vec![problem.into_finding()])
    }
}

/// The document, with members of the result beside its own.
fn document(
    envelope: &Envelope<serde_json::Value>,
    top: Option<serde_json::Value>,
) -> serde_json::Result<String> {
    let mut document = serde_json::to_value(envelope)?;
    if let (Some(members), Some(serde_json::Value::Object(more))) = (document.as_object_mut(), top)
    {
        for (name, value) in more {
            members.entry(name).or_insert(value);
        }
    }
    serde_json::to_string_pretty(&document)
}

/// Prints in the way that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    json: bool,
    quiet: bool,
}

impl Printer {
    /// A printer for these arguments.
    pub(super) fn new(args: OutputArgs) -> Self {
        Self { json: args.json, quiet: args.quiet }
    }

    /// Prints a reply and gives the exit code of the process.
    pub(super) fn reply(self, reply: Reply) -> ExitCode {
        let code = ExitCode::from(reply.exit.code());
        if self.json {
            let top = reply.json.as_ref().filter(|_| reply.on_top).cloned();
            let envelope = Envelope {
                schema: OUTPUT_SCHEMA,
                command: reply.command,
                exit: reply.exit,
                exit_code: reply.exit.code(),
                findings: reply.findings,
                result: reply.json,
            };
            match document(&envelope, top) {
                Ok(text) => to_stdout(&format!("{text}\n")),
                Err(error) => to_stderr(&format!("error[internal]: {error}\n")),
            }
            return code;
        }
        if !self.quiet {
            to_stdout(&reply.text);
        }
        let mut text = String::new();
        for finding in reply.shown.as_ref().unwrap_or(&reply.findings) {
            if !self.quiet || finding.severity == Severity::Error {
                render_finding(finding, &mut text);
            }
        }
        to_stderr(&text);
        code
    }

    /// Tells something before the work that it is about goes on.
    pub(super) fn announce(self, text: &str) {
        if !self.json && !self.quiet {
            to_stderr(text);
        }
    }

    /// Runs long work, with a bar on a terminal.
    pub(super) fn with_progress<T>(self, verb: &'static str, work: impl FnOnce(&Meter) -> T) -> T {
        let meter = Meter::default();
        if self.json || self.quiet || !std::io::stderr().is_terminal() {
            return work(&meter);
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| draw(verb, &meter, &done));
            let result = work(&meter);
            done.store(true, Ordering::Release);
            result
        })
    }
}

fn draw(verb: &'static str, meter: &Meter, done: &AtomicBool) {
    const STEP: Duration = Duration::from_millis(80);
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let template = "{prefix} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(verb);
    while !done.load(Ordering::Acquire) {
        std::thread::sleep(STEP);
        let (now, total) = meter.state();
        // Nothing is drawn before there is something to count, so that text may come first.
        if total > 0 {
            bar.set_length(total);
            bar.set_position(now.min(total));
        }
    }
    bar.finish_and_clear();
}

/// Asks a yes-or-no question; without somebody to ask, the answer is no.
pub(super) fn confirm(question: &str) -> bool {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return false;
    }
    to_stderr(&format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Talks to a person who signs in with a browser.
#[cfg(feature = "network")]
pub(super) struct SignIn;

#[cfg(feature = "network")]
impl crate::trust::net::keyless::Prompt for SignIn {
    fn visit(&self, url: &str, by_hand: bool) {
        let what = if by_hand { "open this address" } else { "if no browser opens, visit" };
        to_stderr(&format!("to sign in, {what}:\n  {}\n", printable(url)));
    }

    fn code(&self) -> std::io::Result<String> {
        to_stderr("code: ");
        let mut code = String::new();
        std::io::stdin().read_line(&mut code)?;
        Ok(code)
    }
}

/// Prints what the argument parser has to say; help is no failure.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to be done if the terminal is gone.
    let _ = error.print();
    let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
    ExitCode::from(code.code())
}

fn render_finding(finding: &Finding, text: &mut String) {
    let level = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let subject = printable(&finding.subject);
    let colon = if subject.is_empty() { "" } else { ": " };
    let message = printable(&finding.message);
    let _ = writeln!(text, "{level}[{}]: {subject}{colon}{message}", finding.code);
    if finding.severity != Severity::Note {
        let _ = writeln!(text, "  next: {}", printable(&finding.hint));
    }
}

/// Text from a bundle may hold terminal control sequences; they are made visible.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || is_bidi(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Characters that reorder what a person sees (Unicode TR 36, "bidi").
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn to_stdout(text: &str) {
    // A reader that went away (`| head`) does not change the verdict.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A size the way people read it, in units of 1000.
pub(super) fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut unit, mut divisor) = (0, 1_u64);
    while unit + 1 < UNITS.len() && bytes / divisor >= 1000 {
        divisor *= 1000;
        unit += 1;
    }
    if unit == 0 {
        return format!("{bytes} B");
    }
    let tenths = u128::from(bytes) * 10 / u128::from(divisor);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Rows with aligned columns, two spaces apart.
pub(super) fn table(rows: &[Vec<String>], page: &mut String) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, " {cell:width$} ");
        }
        page.push_str(line.trim_end());
        page.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::{human_size, printable, table};

    #[test]
    fn sizes_are_rounded_down_in_units_of_1000() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (98_362_432, "98.3 MB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }

    #[test]
    fn control_sequences_of_a_bundle_do_not_reach_the_terminal() {
        let hostile = "a\u{1b}[2Jb\nc\u{202e}d";
        assert_eq!(printable(hostile), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn columns_line_up() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let mut page = String::new();
        table(&[row("a", "x"), row("long", "y")], &mut page);
        assert_eq!(page, "  a     x\n  long  y\n");
    }
}
