//! `pkg report`: arguments, function and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Render, Reply, human_size, printable, table};
use super::trust_args::TrustArgs;
use crate::exchange;
use crate::finding::{Code, Finding, Result, Severity};
use crate::fsx;
use crate::openness::definitions::Verdict;
use crate::openness::page;
use crate::openness::report::{Report, Row, short};
use crate::openness::subject::Form;
use crate::report::{self, ReportRequest};
use crate::verify::exit_of;

/// Forms of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FormatArg {
    /// For a terminal, on one screen
    #[default]
    Text,
    /// A page that needs no network and no script
    Html,
    /// For model cards
    Markdown,
    /// A badge (SVG)
    Badge,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
    /// Bill of materials (`CycloneDX` 1.7)
    Cyclonedx,
    /// Bill of materials (SPDX 3.0.1)
    Spdx,
    /// Predicate of a verification summary (in-toto SVR v0.2)
    Svr,
    /// Description for the Model Openness Tool
    Mof,
}

/// For whom the terms are weighed.
#[derive(Debug, Clone, Default, Args)]
pub struct AdopterArgs {
    /// Who asks: a TOML file, or pairs such as mau=800e6,revenue=2e6,use=commercial
    #[arg(long, value_name = "FILE|KEY=VALUE,...")]
    pub adopter: Option<String>,
}

impl AdopterArgs {
    /// What was said.
    pub(super) fn read(&self) -> Result<Option<crate::openness::adopter::Adopter>> {
        self.adopter.as_deref().map(report::read_adopter).transpose()
    }
}

/// Arguments of `pkg report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Bundle, folder, pkg.toml, model card, or description in the YAML of the Model
    /// Openness Framework
    pub target: PathBuf,
    /// Answer about the framework exactly as the Model Openness Tool does
    #[arg(long)]
    pub mot_compat: bool,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
    /// File to write instead of printing
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Who asks
    #[command(flatten)]
    pub adopter: AdopterArgs,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Result of `pkg report`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportResult {
    /// Where it was written.
    pub output: Option<PathBuf>,
    /// The report.
    #[serde(flatten)]
    pub report: Report,
    /// What is printed.
    #[serde(skip)]
    pub page: String,
}

/// Runs the command.
pub(super) fn run(args: &ReportArgs) -> Result<Reply> {
    let request = ReportRequest {
        target: args.target.clone(),
        judge: args.trust.judge()?,
        adopter: args.adopter.read()?,
        mot_compat: args.mot_compat,
    };
    let report = report::run(&request)?;
    let mut page = match args.format {
        FormatArg::Text => terminal(&report),
        FormatArg::Html => page::html(&report),
        FormatArg::Markdown => page::markdown(&report),
        FormatArg::Badge => page::badge(&report),
        FormatArg::Sarif => page::sarif(&report, &args.target)?,
        FormatArg::Cyclonedx => exchange::cyclonedx(&report)?,
        FormatArg::Spdx => exchange::spdx3(&report)?,
        FormatArg::Svr => exchange::svr(&report)?,
        FormatArg::Mof => exchange::mof(&report),
    };
    if let Some(output) = &args.output {
        fsx::replace_file(output, page.as_bytes())?;
        page = format!("wrote {}\n", output.display());
    }
    let findings = report.findings.clone();
    let exit = exit_of(&findings);
    // A page says itself what was found; notes beside it would only repeat that.
    let shown: Vec<Finding> = match args.format {
        FormatArg::Text => {
            let code = |finding: &Finding| finding.code == Code::AdopterDenied;
            let wrong = |finding: &Finding| finding.severity == Severity::Error;
            findings.into_iter().filter(|finding| wrong(finding) && !code(finding)).collect()
        }
        _ => findings,
    };
    let result = ReportResult { output: args.output.clone(), report, page };
    let reply = Reply::new("report", exit, result.report.findings.clone(), &result)?;
    Ok(reply.with_result_on_top().with_findings_shown(shown))
}

impl Render for ReportResult {
    fn render(&self, page: &mut String) {
        page.push_str(&self.page);
    }
}

/// Longest line.
const WIDTH: usize = 110;
/// Lines of the first screen.
const SCREEN: usize = 24;
/// Most findings that are listed on the first screen.
const FINDINGS: usize = 2;

/// A text on one line, cut where the screen ends.
fn line(page: &mut String, label: &str, text: &str) {
    lines(page, label, text, 1);
}

/// A text on at most so many lines.
fn lines(page: &mut String, label: &str, text: &str, most: usize) {
    let room = WIDTH - 10;
    let text = printable(text);
    let mut rows: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().map_or(0, |row| row.chars().count());
        if row > 0 && row + 1 + word.chars().count() > room {
            rows.push(String::new());
        }
        if let Some(row) = rows.last_mut() {
            if !row.is_empty() {
                row.push(' ');
            }
            row.extend(word.chars().take(room));
        }
    }
    if rows.len() > most {
        rows.truncate(most);
        if let Some(last) = rows.last_mut() {
            while last.chars().count() >= room {
                last.pop();
            }
            last.push('\u{2026}');
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        let _ = writeln!(page, "{label:<9} {row}");
    }
}

/// The first screen: at most 24 lines, always in the same order.
fn terminal(report: &Report) -> String {
    let mut page = String::new();
    heading(report, &mut page);
    line(&mut page, "label", &report.label);
    let mut below = String::new();
    terms(report, &mut below);
    verdicts(report, &mut below);
    // What is left of the screen is for the components.
    let used = page.lines().count() + below.lines().count();
    components(report, SCREEN.saturating_sub(used), &mut page);
    page + &below
}

/// What is said of a release before any of it is fetched.
pub(super) fn terms_box(report: &Report) -> String {
    let mut page = String::new();
    heading(report, &mut page);
    line(&mut page, "label", &report.label);
    terms(report, &mut page);
    let _ = writeln!(page, "{}\n", report.caveat);
    page
}

/// What one may, must and may not, with clauses.
fn terms(report: &Report, page: &mut String) {
    // With one licence its name is said once.
    let only = match report.licences.as_slice() {
        [only] => format!("({} ", short(&only.id)),
        _ => "\0".to_owned(),
    };
    let joined = |all: &[String]| all.join("; ").replace(&only, "(");
    lines(page, "may", &or_nothing(&joined(&report.may), "nothing that is known"), 2);
    lines(page, "must", &or_nothing(&joined(&report.must), "-"), 3);
    lines(page, "may not", &or_nothing(&joined(&report.may_not), "-"), 2);
    if !report.depends.is_empty() {
        lines(page, "depends", &joined(&report.depends), 3);
    }
    if let Some(answer) = &report.answer {
        lines(page, "answer", &answer.sentence, 3);
    }
}

/// Definitions, findings, and what comes next.
fn verdicts(report: &Report, page: &mut String) {
    let verdict = |id: &str, name: &str| {
        report.definition(id).map(|it| format!("{name}: {}", words(it.verdict, it.as_stated)))
    };
    let mof = report.definition("mof").map(|it| format!("MOF: {}", it.answer));
    let all = [mof, verdict("osaid", "OSAID"), verdict("osd", "OSD")];
    lines(page, "meets", &all.into_iter().flatten().collect::<Vec<_>>().join(" | "), 2);
    let debian = report.definition("debian").map(|it| format!("Debian ML: {}", it.answer));
    let all = [verdict("eu-53-2", "EU 53(2)"), verdict("fsf", "FSF"), debian];
    lines(page, "", &all.into_iter().flatten().collect::<Vec<_>>().join(" | "), 2);
    findings(report, page);
    if let Some(next) = &report.next {
        line(page, "next", &format!("for \"{}\": {}", next.label, next.missing.join("; ")));
    }
    let _ = writeln!(page, "{}", report.caveat);
}

fn or_nothing(text: &str, nothing: &str) -> String {
    if text.is_empty() { nothing.to_owned() } else { text.to_owned() }
}

/// A verdict, and what it would be if all that is said were so.
fn words(verdict: Verdict, as_stated: Verdict) -> String {
    if verdict == as_stated {
        verdict.as_str().to_owned()
    } else {
        format!("{} ({} as stated)", verdict.as_str(), as_stated.as_str())
    }
}

fn heading(report: &Report, page: &mut String) {
    let by = if report.producer.is_empty() { "publisher not stated" } else { &report.producer };
    let released = report.released.as_deref().map_or_else(String::new, |day| format!(", {day}"));
    let title = format!("{} {}, by {by}{released}", report.name, report.version);
    let _ = writeln!(page, "{}", printable(title.trim()));
    let from = match (report.form, report.digest) {
        (_, Some(digest)) => digest.to_string(),
        (Form::Folder, _) => "a folder, not packed".to_owned(),
        _ => "described only; nothing was checked".to_owned(),
    };
    let signed: Vec<String> = report
        .signed_by
        .iter()
        .map(|it| match &it.time {
            Some(time) => format!("{} at {time}", it.who),
            None => format!("{}, time not proven", it.who),
        })
        .collect();
    let signed = match (signed.is_empty(), report.signatures) {
        (false, _) => format!("; signed by {}", signed.join("; ")),
        (true, 0) => String::new(),
        (true, count) => format!("; {count} signatures, not checked"),
    };
    line(page, "digest", &format!("{from}{signed}"));
}

fn components(report: &Report, room: usize, page: &mut String) {
    let (there, absent): (Vec<&Row>, Vec<&Row>) =
        report.components.iter().partition(|row| row.evidence.is_some());
    let for_absent = usize::from(!absent.is_empty());
    let shown = room.saturating_sub(for_absent).max(2);
    let shown = if there.len() > shown { shown - 1 } else { shown };
    let rows: Vec<Vec<String>> = there
        .iter()
        .take(shown)
        .map(|row| {
            let evidence = row.evidence.map_or("absent", crate::model::release::Evidence::as_str);
            let size = match (row.bytes, row.digest) {
                (0, _) => String::new(),
                (bytes, None) => human_size(bytes),
                (bytes, Some(digest)) => {
                    let hex = digest.to_string();
                    let short: String = hex.trim_start_matches("sha256:").chars().take(8).collect();
                    format!("{} {short}", human_size(bytes))
                }
            };
            let terms = printable(short(&row.terms.shown));
            vec![
                row.kind.to_string(),
                evidence.to_owned(),
                size,
                terms,
                row.terms.known.as_str().to_owned(),
            ]
        })
        .collect();
    table(&rows, page);
    if there.len() > shown {
        let more: Vec<&str> = there.iter().skip(shown).map(|row| row.kind.as_str()).collect();
        line(page, "", &format!("and {}", more.join(", ")));
    }
    if !absent.is_empty() {
        let names: Vec<&str> = absent.iter().map(|row| row.kind.as_str()).collect();
        line(page, "absent", &names.join(", "));
    }
}

fn findings(report: &Report, page: &mut String) {
    // The answer says itself what came of the question.
    let answered =
        |finding: &&Finding| !matches!(finding.code, Code::AdopterDenied | Code::AdopterUnknown);
    let mut sorted: Vec<&Finding> = report.findings.iter().filter(answered).collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in sorted.iter().take(FINDINGS) {
        let text = format!("[{}] {}: {}", finding.code, finding.subject, finding.message);
        line(page, finding.severity.as_str(), &text);
    }
    if sorted.len() > FINDINGS {
        line(
            page,
            "",
            &format!(
                "and {} more findings; `--json` or `--format html` has all",
                sorted.len() - FINDINGS
            ),
        );
    }
}
