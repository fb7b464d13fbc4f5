//! The files that licences ask to be passed on: their texts, a NOTICE file, the
//! policies they refer to, and a list of what else is due.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, Staged};
use crate::licence::{Duty, Licence, text};
use crate::model::disclosure::is_url;
use crate::openness::adopter::{Adopter, Applies, Effect};
use crate::openness::inherit;
use crate::openness::report::{self, Report};
use crate::openness::subject::{Form, Subject};
use crate::openness::terms;
use crate::report as reports;
use crate::trust::judge::Judge;

/// Largest file that is passed on, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// What to write, and for whom.
#[derive(Debug)]
pub struct NoticeRequest {
    /// Bundle, folder or `pkg.toml`.
    pub target: PathBuf,
    /// Folder to make.
    pub output: PathBuf,
    /// Who passes the release on.
    pub adopter: Option<Adopter>,
    /// Whether to replace the folder.
    pub force: bool,
    /// Whose signatures count.
    pub judge: Judge,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The folder.
    pub output: PathBuf,
    /// Its files.
    pub files: Vec<String>,
    /// What is due beside files, with clauses.
    pub obligations: Vec<String>,
}

/// Writes the files.
pub fn write(request: &NoticeRequest) -> Result<(Notice, Vec<Finding>)> {
    request.judge.prepare()?;
    let read = reports::read(&request.target, &request.judge)?;
    let adopter = passing_on(request.adopter.as_ref());
    let report = report::report(&read.subject, Some(&adopter), read.findings);
    let mut findings = Vec::new();
    let mut files = texts(&read.subject, &request.target, &mut findings)?;
    let licences = inherit::all_licences(&read.subject);
    files.insert("NOTICE".to_owned(), notice(&read.subject, &licences).into_bytes());
    let obligations = obligations(&report);
    files.insert("OBLIGATIONS.md".to_owned(), list(&report, &obligations).into_bytes());
    let staged = Staged::folder(&request.output)?;
    for (name, bytes) in &files {
        let path = staged.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Problem::writing(parent, error))?;
        }
        fsx::write_synced(&path, bytes)?;
    }
    staged.commit(request.force)?;
    let files = files.into_keys().collect();
    Ok((Notice { output: request.output.clone(), files, obligations }, findings))
}

/// Who writes these files passes the release on.
fn passing_on(adopter: Option<&Adopter>) -> Adopter {
    let mut adopter = adopter.cloned().unwrap_or_default();
    adopter.distributes = Some(true);
    adopter
}

/// The texts of licences, and the policies that are kept.
fn texts(
    subject: &Subject,
    target: &Path,
    findings: &mut Vec<Finding>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let bound: Vec<&str> = subject
        .parts
        .iter()
        .filter(|part| part.evidence.is_some())
        .filter_map(|part| part.text.as_ref())
        .map(|text| text.path.as_str())
        .collect();
    let policies = subject.disclosure.snapshots.iter().map(|it| it.file.as_str());
    let wanted: Vec<&str> =
        bound.iter().copied().chain(policies.filter(|at| !is_url(at))).collect();
    let contents = contents(subject, target, &wanted)?;
    let mut files = BTreeMap::new();
    for part in &subject.parts {
        let Some(text) = &part.text else { continue };
        let Some(bytes) = contents.get(&text.path) else { continue };
        let effective = terms::effective(part);
        let name = file_name(&effective.shown);
        // Texts of one licence differ in their copyright lines: each is passed on.
        let mut place = format!("LICENSES/{name}.txt");
        let mut number = 2;
        while files.get(&place).is_some_and(|there| there != bytes) {
            place = format!("LICENSES/{name}-{number}.txt");
            number += 1;
        }
        files.insert(place, bytes.clone());
    }
    for snapshot in &subject.disclosure.snapshots {
        if let Some(bytes) = contents.get(&snapshot.file) {
            let name = snapshot.file.rsplit('/').next().unwrap_or(&snapshot.file);
            files.insert(format!("POLICIES/{}", file_name(name)), bytes.clone());
        }
    }
    for licence in inherit::all_licences(subject) {
        let there = files
            .keys()
            .any(|name| name.starts_with(&format!("LICENSES/{}", file_name(&licence.id))));
        if there {
            continue;
        }
        let detail = if let Some(listed) = text::listed_text(&licence.id) {
            files.insert(format!("LICENSES/{}.txt", file_name(&licence.id)), listed.into());
            "the text of the SPDX list was written; fill in its copyright line"
        } else {
            "its text is not in the release; get it from the licensor"
        };
        let problem = Problem::new(Code::LicenceTextMissing, &licence.id).detail(detail);
        findings.push(problem.into_finding());
    }
    Ok(files)
}

/// A name that is one on every system.
fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' };
    text.chars().map(plain).take(100).collect()
}

/// The content of files of a release, checked where it is packed.
fn contents(
    subject: &Subject,
    target: &Path,
    wanted: &[&str],
) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    if subject.form == Form::Bundle {
        let loaded = match subject.digest {
            Some(digest) => bundle::load(&bundle::pinned(target, digest)?)?,
            None => bundle::load(target)?,
        };
        let limit = |file: &crate::model::release::FileEntry| {
            if wanted.contains(&file.path.as_str()) { MAX_FILE } else { 0 }
        };
        bundle::read_files(&loaded, limit, |file, bytes| {
            found.insert(file.path.to_string(), bytes);
        })?;
        return Ok(found);
    }
    let folder = if target.is_dir() { Some(target) } else { target.parent() };
    for path in wanted {
        if let Some(folder) = folder {
            let bytes = fsx::read_limited(&folder.join(path), MAX_FILE)?;
            found.insert((*path).to_owned(), bytes);
        }
    }
    Ok(found)
}

/// The NOTICE file, with the wording that licences give.
fn notice(subject: &Subject, licences: &[&'static Licence]) -> String {
    let mut page = format!("{} {}\n", subject.name, subject.version);
    if let Some(publisher) = &subject.publisher {
        let _ = writeln!(page, "by {publisher}");
    }
    for licence in licences {
        let _ = write!(page, "\n{} ({})\n", licence.name, licence.id);
        if let Some(wording) = &licence.notice {
            let _ = writeln!(page, "{wording}");
        }
        for duty in licence.terms.attribution.iter().flat_map(|term| &term.value) {
            if let Duty::Display(line) | Duty::Statement(line) = duty {
                let _ = writeln!(page, "{line}");
            }
        }
    }
    for base in &subject.base_models {
        let terms = base.licence.as_deref().unwrap_or("terms not said");
        let _ = write!(page, "\nMade from {} ({terms})\n", base.name);
    }
    page
}

/// What is due, with clauses.
fn obligations(report: &Report) -> Vec<String> {
    let due = report.applying().filter(|it| it.effect == Effect::Obliges);
    let mut all: Vec<String> = due
        .map(|it| {
            let if_so = if it.applies == Applies::Unknown { " (if it concerns you)" } else { "" };
            format!("{}{if_so} - {} clause {}", it.words, it.licence, it.clause)
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn list(report: &Report, obligations: &[String]) -> String {
    let mut page = format!(
        "# What is due when {} {} is passed on\n\nNot legal advice; written by `pkg notice`.\n\n",
        report.name, report.version
    );
    for obligation in obligations {
        let _ = writeln!(page, "- [ ] {obligation}");
    }
    if obligations.is_empty() {
        page.push_str("Nothing that is known.\n");
    }
    page
}
