//! The reports of a release: for people, for code scanning, and a badge.
//!
//! They are written whether the release went through or not, and say which.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Course, Ran, State};
use crate::exit::Exit;
use crate::finding::{Finding, Result, Severity};
use crate::fsx;
use crate::openness::adopter::Adopter;
use crate::openness::page;
use crate::openness::report::Report;
use crate::report::{self, ReportRequest};
use crate::trust::judge::Judge;

/// Most findings that are listed for people.
const MAX_FINDINGS: usize = 100;

/// Which reports are to be written, and where.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Markdown, as job summaries and model cards have it.
    pub markdown: Option<PathBuf>,
    /// SARIF 2.1.0.
    pub sarif: Option<PathBuf>,
    /// SVG.
    pub badge: Option<PathBuf>,
}

impl Wanted {
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.markdown, &self.sarif, &self.badge].into_iter().flatten()
    }

    /// The files, for a line of a plan.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self.paths().map(|path| path.display().to_string()).collect();
        if names.is_empty() { "to you; no file was asked for".to_owned() } else { names.join(", ") }
    }
}

/// What the reports are about.
#[derive(Debug)]
pub(super) struct Place {
    /// The reference, as it was given.
    pub name: String,
    /// The bundle.
    pub bundle: PathBuf,
    /// Who signed.
    pub who: Option<String>,
}

/// Writes what was asked for.
pub(super) fn write(
    wanted: &Wanted,
    place: &Place,
    judge: Judge,
    adopter: Option<Adopter>,
    course: &Course,
) -> Result<Ran> {
    if wanted.paths().next().is_none() {
        return Ok(Ran::nothing("no report was asked for"));
    }
    let request = ReportRequest { target: place.bundle.clone(), judge, adopter, mot_compat: false };
    // A bundle of an earlier run is not what this one is about.
    let about = match course.digest {
        Some(digest) => {
            let mut report = report::run(&request)?;
            report.findings.extend(course.findings.iter().cloned());
            let known = std::mem::take(&mut report.findings);
            for finding in known {
                if !report.findings.contains(&finding) {
                    report.findings.push(finding);
                }
            }
            (report.digest == Some(digest)).then_some(report)
        }
        None => None,
    };
    let (mut made, mut left_out) = (Vec::new(), Vec::new());
    let mut put = |path: &Option<PathBuf>, text: Option<String>| -> Result<()> {
        match (path, text) {
            (Some(path), Some(text)) => {
                fsx::replace_file(path, text.as_bytes())?;
                made.push(path.display().to_string());
            }
            (Some(path), None) => {
                // What an earlier run left there is about something else.
                remove(path)?;
                left_out.push(path.display().to_string());
            }
            (None, _) => {}
        }
        Ok(())
    };
    put(&wanted.markdown, Some(markdown(place, course, about.as_ref())))?;
    let released = course.stopped.is_none();
    let badge = about.as_ref().filter(|_| released).map(page::badge);
    put(&wanted.badge, badge)?;
    let sarif = about.as_ref().map(|report| page::sarif(report, Path::new(&place.name)));
    put(&wanted.sarif, sarif.transpose()?)?;
    let note = if left_out.is_empty() {
        "written".to_owned()
    } else {
        format!("not written, for want of a release: {}", left_out.join(", "))
    };
    Ok(Ran { made, ..Ran::done(note) })
}

fn remove(path: &Path) -> Result<()> {
    if fsx::exists(path) {
        let writing = |error| crate::finding::Problem::writing(path, error);
        std::fs::remove_file(path).map_err(writing)?;
    }
    Ok(())
}

/// What happened, and below it what the release is.
fn markdown(place: &Place, course: &Course, report: Option<&Report>) -> String {
    let mut page = String::new();
    let name = page::plain(&place.name);
    match (course.stopped, course.exit) {
        (None, Exit::Ok) => {
            let _ = writeln!(page, "## Released {name}\n");
        }
        (step, exit) => {
            let step = step.map_or("the end", super::Step::as_str);
            let _ = writeln!(page, "## Not released: {name}\n");
            let _ = writeln!(
                page,
                "Stopped at **{step}**, exit code {}. The tag was left alone.\n",
                exit.code()
            );
        }
    }
    if let Some(digest) = course.digest {
        let _ = writeln!(page, "- digest `{digest}`");
    }
    if let Some(who) = &place.who {
        let _ = writeln!(page, "- signed by {}", page::plain(who));
    }
    page.push_str("\n| step | state | |\n|---|---|---|\n");
    for entry in &course.entries {
        let mark = match entry.state {
            State::Done => "\u{2713} done",
            State::Skipped => "\u{2013} nothing to do",
            State::Failed => "\u{2717} failed",
            State::Started => "? began",
        };
        let (step, note) = (entry.step.as_str(), page::plain(&entry.note));
        let _ = writeln!(page, "| {step} | {mark} | {note} |");
    }
    findings(&course.findings, &mut page);
    if let Some(report) = report {
        page.push('\n');
        page.push_str(&page::markdown(report));
    }
    page
}

fn findings(all: &[Finding], page: &mut String) {
    let mut shown: Vec<&Finding> =
        all.iter().filter(|finding| finding.severity != Severity::Note).collect();
    shown.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if shown.is_empty() {
        return;
    }
    page.push_str("\n**Found**\n\n");
    for finding in shown.iter().take(MAX_FINDINGS) {
        let _ = writeln!(
            page,
            "- {} `{}` {}: {}",
            finding.severity.as_str(),
            finding.code,
            page::plain(&finding.subject),
            page::plain(&finding.message)
        );
    }
    if shown.len() > MAX_FINDINGS {
        let _ = writeln!(page, "- and {} more", shown.len() - MAX_FINDINGS);
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Wanted, markdown, write};
    use crate::exit::Exit;
    use crate::finding::{Code, Problem};
    use crate::pipeline::{Course, Entry, State, Step};
    use crate::trust::judge::Judge;

    fn place() -> Place {
        Place {
            name: "oci://h/r:1".to_owned(),
            bundle: "/nowhere/m.pkg".into(),
            who: Some("me|<b>".to_owned()),
        }
    }

    fn stopped() -> Course {
        let finding =
            Problem::new(Code::SpecInvalid, "pkg.toml\n# x").detail("a | b").into_finding();
        let findings = vec![finding];
        let entry = Entry::ended(Step::Check, State::Failed, Exit::Usage, &findings);
        Course {
            entries: vec![entry],
            stopped: Some(Step::Check),
            digest: None,
            exit: Exit::Usage,
            findings,
        }
    }

    #[test]
    fn a_page_says_whether_it_was_released_and_holds_no_markup_of_others() {
        let page = markdown(&place(), &stopped(), None);
        assert!(page.contains("Not released") && page.contains("Stopped at **check**"), "{page}");
        assert!(page.contains("me\\|&lt;b\\>") && !page.contains("\n# x"), "{page}");
        let course = Course { stopped: None, exit: Exit::Ok, ..stopped() };
        assert!(markdown(&place(), &course, None).starts_with("## Released oci://h/r:1"));
    }

    #[test]
    fn what_an_earlier_run_left_does_not_stay_beside_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let wanted = Wanted {
            markdown: Some(path("r.md")),
            sarif: Some(path("r.sarif")),
            badge: Some(path("r.svg")),
        };
        for name in ["r.sarif", "r.svg", "r.md"] {
            std::fs::write(path(name), "old").unwrap();
        }
        let ran = write(&wanted, &place(), Judge::default(), None, &stopped()).unwrap();
        assert!(std::fs::read_to_string(path("r.md")).unwrap().contains("Not released"));
        assert!(!path("r.sarif").exists() && !path("r.svg").exists());
        assert_eq!(ran.made.len(), 1);
        let none = write(&Wanted::default(), &place(), Judge::default(), None, &stopped());
        assert!(none.unwrap().nothing_to_do);
    }
}
