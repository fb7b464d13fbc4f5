//! Findings: what `pkg` has to say about an input, each with a stable code.
//!
//! A [`Code`] is public: scripts match on it, `docs/findings.md` is generated
//! from this table and `pkg explain CODE` prints it. A [`Problem`] is a finding
//! that stops the operation, so it is also the error type of this crate: one
//! shape for everything a person or a pipeline can be told.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::exit::Exit;

mod codes;

pub use codes::Code;

/// How much a finding weighs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// For information.
    Note,
    /// Should be looked at; does not change the result.
    Warning,
    /// The operation or check failed.
    Error,
}

impl Severity {
    /// The word used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let codes: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": codes })
    }
}

/// One thing found, fit to be printed, counted and matched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable code.
    pub code: Code,
    /// How much it weighs here.
    pub severity: Severity,
    /// The file, blob or key it is about; empty when it is about the whole.
    pub subject: String,
    /// What happened, with the facts (both digests, both sizes, the line).
    pub message: String,
    /// The next command or step.
    pub hint: String,
}

/// A finding that stops the operation: the error type of this crate.
#[derive(Debug)]
pub struct Problem {
    finding: Box<Finding>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// Whether it is with a file that the caller named, whatever the command is about.
    given: bool,
}

/// Result of an operation that can be stopped by a [`Problem`].
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    /// A problem with the code's own meaning as message and remedy as hint.
    pub fn new(code: Code, subject: impl fmt::Display) -> Self {
        let finding = Finding {
            code,
            severity: code.severity(),
            subject: subject.to_string(),
            message: code.meaning().to_owned(),
            hint: code.remedy().to_owned(),
        };
        Self { finding: Box::new(finding), source: None, given: false }
    }

    /// Replaces the general message by one with the facts of this case.
    #[must_use]
    pub fn detail(mut self, message: impl Into<String>) -> Self {
        self.finding.message = message.into();
        self
    }

    /// Replaces the general remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.finding.hint = hint.into();
        self
    }

    /// Keeps the error this problem came from.
    #[must_use]
    pub fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Says that it is about something else.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.finding.subject = subject.to_string();
        self
    }

    /// Says that it is with a file that the caller named, not with somebody's bundle.
    #[must_use]
    pub fn given(mut self) -> Self {
        self.given = true;
        self
    }

    /// Exit code of a run that this problem ends; `about_bundle` when the command is about
    /// somebody's bundle rather than about the caller's own folder.
    pub fn exit(&self, about_bundle: bool) -> Exit {
        if about_bundle && !self.given {
            self.code().exit_about_bundle()
        } else {
            self.code().exit()
        }
    }

    /// A failure to read `path`; the code follows from the kind of error.
    pub fn reading(path: &Path, error: std::io::Error) -> Self {
        let problem = match error.kind() {
            std::io::ErrorKind::NotFound => Self::not_there(path),
            _ => Self::new(Code::UnreadableFile, path.display()),
        };
        problem.detail(format!("cannot read: {error}")).source(error)
    }

    /// There is nothing at a path that somebody gave, other than in pkg.toml.
    pub fn not_there(path: &Path) -> Self {
        Self::new(Code::PathNotFound, path.display())
            .detail("there is nothing of that name")
            .hint("Check the spelling, and that the file or folder is there.")
    }

    /// A failure to write `path`; the code follows from the kind of error.
    pub fn writing(path: &Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let code = match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Code::DiskFull,
            Kind::ReadOnlyFilesystem | Kind::PermissionDenied => Code::ReadOnlyTarget,
            _ => Code::WriteFailed,
        };
        Self::new(code, path.display()).detail(format!("cannot write: {error}")).source(error)
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.finding.code
    }

    /// The finding itself.
    pub fn finding(&self) -> &Finding {
        &self.finding
    }

    /// Gives up the error and keeps the finding, to report it beside others.
    pub fn into_finding(self) -> Finding {
        *self.finding
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        problem.into_finding()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.finding.subject.is_empty() {
            write!(f, "{} [{}]", self.finding.message, self.finding.code)
        } else {
            write!(f, "{}: {} [{}]", self.finding.subject, self.finding.message, self.finding.code)
        }
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn codes_are_unique_kebab_case_and_explained() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} is used twice");
            assert!(
                text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(code.meaning().ends_with('.') && !code.remedy().is_empty(), "{text}");
        }
    }
}
