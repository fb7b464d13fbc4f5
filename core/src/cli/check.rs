//! `pkg check`: arguments, function and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Render, Reply, printable};
use crate::check::{self, CheckRequest, Checked, Scope, sarif};
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result, Severity};

/// Arguments of `pkg check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Folder to check, or files of one
    #[arg(value_name = "FOLDER|FILE")]
    pub paths: Vec<PathBuf>,
    /// Check only what is staged for the next commit, as it is staged
    #[arg(long)]
    pub staged: bool,
    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// Print the findings as SARIF, for code scanning
    #[arg(long, conflicts_with = "json")]
    pub sarif: bool,
}

/// What the command says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct CheckResult {
    checked: Checked,
    /// The text of `--sarif`.
    #[serde(skip)]
    document: Option<String>,
    #[serde(skip)]
    counts: [usize; 3],
}

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> Result<Reply> {
    let request = request(args)?;
    let (checked, findings) = check::check(&request)?;
    let exit = check::exit(&findings);
    let count = |severity| findings.iter().filter(|it| it.severity == severity).count();
    let counts = [count(Severity::Error), count(Severity::Warning), count(Severity::Note)];
    let document = args.sarif.then(|| sarif::sarif(&checked, &findings)).transpose()?;
    let shown = args.sarif;
    let result = CheckResult { checked, document, counts };
    let reply = Reply::new("check", exit, findings, &result)?;
    // The document has them.
    Ok(if shown && exit == Exit::Ok { reply.with_findings_shown(Vec::new()) } else { reply })
}

fn request(args: &CheckArgs) -> Result<CheckRequest> {
    let strict = args.strict;
    let usage = |what: &str| Problem::new(Code::UsageError, "check").detail(what);
    let (folder, scope) = match args.paths.as_slice() {
        [] => (PathBuf::from("."), Scope::All),
        [one] if one.is_dir() => (one.clone(), Scope::All),
        files if files.iter().any(|path| path.is_dir()) => {
            return Err(usage("a folder is checked alone"));
        }
        files if args.staged => {
            let file = files.first().map_or(String::new(), |file| file.display().to_string());
            return Err(usage(&format!("--staged takes a folder, and {file} is none")));
        }
        files => (PathBuf::from("."), Scope::Files(files.to_vec())),
    };
    let scope = if args.staged { Scope::Staged } else { scope };
    Ok(CheckRequest { folder, scope, strict })
}

impl Render for CheckResult {
    fn render(&self, page: &mut String) {
        if let Some(document) = &self.document {
            page.push_str(document);
            return;
        }
        let [errors, warnings, notes] = self.counts;
        let (files, specs) = (self.checked.files, &self.checked.specs);
        let _ = write!(page, "checked {files} files");
        if !specs.is_empty() {
            let specs: Vec<String> = specs.iter().map(|spec| printable(spec)).collect();
            let _ = write!(page, " and {}", specs.join(", "));
        }
        let _ = writeln!(page, ": {errors} errors, {warnings} warnings, {notes} notes");
    }
}
