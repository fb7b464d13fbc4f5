//! A check in the making: what was found is bounded, and weighs by itself.
//!
//! Whoever made a release may be hostile, also with millions of faults: after some alike
//! only their number is kept.

use std::collections::BTreeMap;

use crate::{Check, Finding, Outcome, Severity};

/// Most findings of one code in one file that are told one by one.
const MAX_ALIKE: u64 = 20;
/// Most findings of one check in all; hostile releases have any number of files.
const MAX_FINDINGS: usize = 2_000;
/// Longest detail of a finding, in characters.
const MAX_DETAIL: usize = 600;

/// A check that is being made.
#[derive(Debug)]
pub struct Section {
    name: &'static str,
    findings: Vec<Finding>,
    /// Findings by severity, file and code.
    alike: BTreeMap<(Severity, String, &'static str), u64>,
    worst: Option<Severity>,
    /// Findings that were not kept because there were too many in all.
    dropped: u64,
    /// Whether there was anything to look at.
    pub looked: bool,
    /// Whether something could not be decided.
    pub undecided: bool,
    notes: Vec<String>,
}

impl Section {
    /// A check that has not looked at anything yet.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            findings: Vec::new(),
            alike: BTreeMap::new(),
            worst: None,
            dropped: 0,
            looked: false,
            undecided: false,
            notes: Vec::new(),
        }
    }

    /// Something is wrong.
    pub fn error(&mut self, code: &'static str, file: &str, detail: impl AsRef<str>) {
        self.add(Severity::Error, code, file, detail.as_ref());
    }

    /// Something should be looked at.
    pub fn warn(&mut self, code: &'static str, file: &str, detail: impl AsRef<str>) {
        self.add(Severity::Warning, code, file, detail.as_ref());
    }

    /// Something is worth knowing.
    pub fn note(&mut self, code: &'static str, file: &str, detail: impl AsRef<str>) {
        self.add(Severity::Note, code, file, detail.as_ref());
    }

    /// Adds a finding; after 20 alike in a file only their number is kept.
    pub fn add(&mut self, severity: Severity, code: &'static str, file: &str, detail: &str) {
        self.looked = true;
        self.worst = self.worst.max(Some(severity));
        if self.findings.len() >= MAX_FINDINGS {
            self.dropped += 1;
            return;
        }
        let alike = self.alike.entry((severity, file.to_owned(), code)).or_default();
        *alike += 1;
        if *alike <= MAX_ALIKE {
            let file = (!file.is_empty()).then(|| file.to_owned());
            self.findings.push(Finding {
                code: code.to_owned(),
                severity,
                file,
                detail: short(detail, MAX_DETAIL),
            });
        }
    }

    /// Adds to the line of the check.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Whether nothing worse than a note was found.
    pub fn clean(&self) -> bool {
        self.worst <= Some(Severity::Note)
    }

    /// The check and its findings.
    pub fn finish(mut self) -> (Check, Vec<Finding>) {
        for ((severity, file, code), count) in std::mem::take(&mut self.alike) {
            if count > MAX_ALIKE {
                self.findings.push(Finding {
                    code: code.to_owned(),
                    severity,
                    file: (!file.is_empty()).then_some(file),
                    detail: format!("{} more like these", count - MAX_ALIKE),
                });
            }
        }
        if self.dropped > 0 {
            self.notes.push(format!("{} more findings are not listed", self.dropped));
        }
        let outcome = match self.worst {
            Some(Severity::Error) => Outcome::Failed,
            _ if !self.looked => Outcome::Skipped,
            _ if self.undecided => Outcome::Inconclusive,
            Some(Severity::Warning) => Outcome::Warned,
            _ => Outcome::Passed,
        };
        (Check::new(self.name, outcome, short(&self.notes.join("; "), 1_000)), self.findings)
    }
}

/// The text, cut to so many characters.
pub fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A name from a file, quoted, escaped and cut short.
pub fn quoted(name: &str) -> String {
    format!("{:?}", short(name, 120))
}

#[cfg(test)]
mod tests {
    use super::{Section, quoted, short};
    use crate::{Outcome, Severity};

    #[test]
    fn many_alike_are_counted() {
        let mut section = Section::new("s");
        for index in 0..25 {
            section.warn("a", "f", index.to_string());
        }
        section.note("b", "f", "x");
        let (check, findings) = section.finish();
        assert_eq!(check.outcome, Outcome::Warned);
        assert_eq!(findings.len(), 22);
        assert_eq!(findings[21].detail, "5 more like these");
        assert_eq!(findings[21].severity, Severity::Warning);
    }

    #[test]
    fn there_is_an_end_to_findings() {
        let mut section = Section::new("s");
        for index in 0..3_000 {
            section.note("a", &index.to_string(), "x");
        }
        section.error("b", "f", "x");
        let (check, findings) = section.finish();
        assert_eq!((check.outcome, findings.len()), (Outcome::Failed, 2_000));
        assert!(check.detail.unwrap().contains("1001 more findings"));
    }

    #[test]
    fn nothing_looked_at_is_no_pass() {
        assert_eq!(Section::new("s").finish().0.outcome, Outcome::Skipped);
        let mut section = Section::new("s");
        section.looked = true;
        assert!(section.clean());
        section.undecided = true;
        assert_eq!(section.finish().0.outcome, Outcome::Inconclusive);
    }

    #[test]
    fn names_are_cut_between_characters() {
        assert_eq!(short("äöü", 2), "äö…");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
    }
}
