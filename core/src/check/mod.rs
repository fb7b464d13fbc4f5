//! Fast checks of a model repository, before something is committed or released.
//!
//! What is looked at is what changed, and no more: a hook runs on every commit. Content
//! of a commit to be comes from the index and not from the work tree. A check that could
//! not be made is told; it is never a pass. Nothing is written, run or fetched.

pub mod sarif;
mod secrets;
mod source;
mod spec;
mod weights;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::verify::worst;
use source::{Item, Source};

/// Largest file that is searched for secrets, in bytes.
const MAX_TEXT: u64 = 4 << 20;

/// Bytes at the start of a file by which text is told from other content, as git does.
const SNIFF: usize = 8000;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything in the folder.
    All,
    /// What the index has other than `HEAD`.
    Staged,
    /// These files, as they are on disk.
    Files(Vec<PathBuf>),
}

/// What to check.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// Folder of the model, or any in its repository.
    pub folder: PathBuf,
    /// What to look at.
    pub scope: Scope,
    /// Whether warnings are errors.
    pub strict: bool,
}

/// Something found, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Found {
    /// The file, relative to the folder that was checked.
    pub path: String,
    /// The line, from 1; none when it is about the whole file.
    pub line: Option<u32>,
    /// What it is.
    pub code: Code,
    /// How much it weighs here.
    pub severity: Severity,
}

/// What was checked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Folder that paths are relative to.
    pub root: PathBuf,
    /// Number of files that were looked at.
    pub files: usize,
    /// `pkg.toml` files that were checked with what they name.
    pub specs: Vec<String>,
    /// Files that were not searched for secrets because they are too large.
    pub too_large: Vec<String>,
    /// Places of the findings, in their order.
    pub found: Vec<Found>,
}

/// Checks a repository or folder.
pub fn check(request: &CheckRequest) -> Result<(Checked, Vec<Finding>)> {
    let source = Source::open(&request.folder, &request.scope)?;
    let items = source.items()?;
    let mut all = Collector::default();
    let mut checked = Checked {
        root: source.root().to_owned(),
        files: items.iter().filter(|item| !item.deleted).count(),
        specs: Vec::new(),
        too_large: Vec::new(),
        found: Vec::new(),
    };
    for item in items.iter().filter(|item| !item.deleted) {
        if let Err(problem) = one(&source, item, &mut all, &mut checked.too_large) {
            all.add(&item.path, None, problem);
        }
    }
    checked.specs = spec::check(&source, &items, &mut all);
    if !checked.too_large.is_empty() {
        let first = checked.too_large.first().map_or("", String::as_str);
        let detail = format!(
            "{} files of more than {} MiB were not searched for secrets: {first}{}",
            checked.too_large.len(),
            MAX_TEXT >> 20,
            if checked.too_large.len() > 1 { ", ..." } else { "" }
        );
        all.add("", None, Problem::new(Code::CheckSkipped, "").detail(detail));
    }
    let (found, findings) = all.finish(request.strict);
    checked.found = found;
    Ok((checked, findings))
}

/// How the process ends: errors decide, and with `--strict` warnings are such. What is found
/// is in the caller's own folder.
pub fn exit(findings: &[Finding]) -> Exit {
    match worst(findings, Code::exit) {
        // A warning that counts as an error has no exit code of its own.
        Exit::Unexpected => Exit::VerificationFailed,
        other => other,
    }
}

fn one(
    source: &Source,
    item: &Item,
    all: &mut Collector,
    too_large: &mut Vec<String>,
) -> Result<()> {
    let head = source.read(item, crate::scan::HEAD)?;
    if weights::pointer(source, item, &head, all)? {
        return Ok(());
    }
    let binary = head.iter().take(SNIFF).any(|byte| *byte == 0);
    weights::look(source, item, &head, binary, all)?;
    if binary {
        return Ok(());
    }
    if item.size > MAX_TEXT {
        too_large.push(item.path.clone());
        return Ok(());
    }
    let content =
        if item.size <= head.len() as u64 { head } else { source.read(item, MAX_TEXT)? };
    for secret in secrets::find(&content) {
        let problem = Problem::new(Code::SecretFound, &item.path).detail(secret.to_string());
        all.add(&item.path, Some(secret.line), problem);
    }
    Ok(())
}

/// Findings with their places.
#[derive(Default)]
struct Collector {
    all: Vec<(Found, Finding)>,
}

/// Most findings of one run; more would not be read.
const MAX_FINDINGS: usize = 500;

impl Collector {
    fn add(&mut self, path: &str, line: Option<u32>, problem: Problem) {
        self.finding(path, line, problem.into_finding());
    }

    fn finding(&mut self, path: &str, line: Option<u32>, mut finding: Finding) {
        if let Some(line) = line {
            finding.subject = format!("{path}:{line}");
        } else if !path.is_empty() && !finding.subject.contains(path) {
            path.clone_into(&mut finding.subject);
        }
        let (code, severity) = (finding.code, finding.severity);
        self.all.push((Found { path: path.to_owned(), line, code, severity }, finding));
    }

    fn finish(mut self, strict: bool) -> (Vec<Found>, Vec<Finding>) {
        self.all.sort_by(|(a, _), (b, _)| {
            let key = |it: &Found| (std::cmp::Reverse(it.severity), it.path.clone(), it.line);
            key(a).cmp(&key(b))
        });
        let more = self.all.len().saturating_sub(MAX_FINDINGS);
        self.all.truncate(MAX_FINDINGS);
        if more > 0 {
            let detail = format!("{more} more findings, of the mildest, are not shown");
            self.add("", None, Problem::new(Code::CheckSkipped, "").detail(detail));
        }
        if strict {
            for (found, finding) in &mut self.all {
                if finding.severity == Severity::Warning {
                    (found.severity, finding.severity) = (Severity::Error, Severity::Error);
                }
            }
        }
        self.all.into_iter().unzip()
    }
}

#[cfg(test)]
mod tests;
