//! The release statement: the description of a release, about its manifest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::Loaded;
use crate::finding::{Code, Problem, Result};
use crate::model::release::Release;
use crate::trust::bundle::Envelope;
use crate::trust::statement::{self, Statement};

/// Predicate of the signed release statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleasePredicate {
    /// The release description, as it is in the bundle.
    pub release: Release,
    /// What made the statement.
    pub tool: Tool,
}

/// A tool and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: "pkg".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Whether a statement is about this release and describes it as the bundle does.
pub(super) fn check(loaded: &Loaded, envelope: &Envelope, name: &str) -> Result<()> {
    let statement: Statement<ReleasePredicate> = statement::parse(&envelope.payload, name)?;
    let [subject] = statement.subject.as_slice() else {
        return Err(
            Problem::new(Code::StatementMismatch, name).detail("it does not have one subject")
        );
    };
    if subject.digest.sha256 != loaded.digest.hex() {
        return Err(Problem::new(Code::SignatureOtherSubject, name).detail(format!(
            "it is about sha256:{}, but the release is {}",
            subject.digest.sha256, loaded.digest
        )));
    }
    if subject.name != loaded.release.name || statement.predicate.release != loaded.release {
        return Err(Problem::new(Code::StatementMismatch, name)
            .detail("the signed release description is not the one in the bundle"));
    }
    Ok(())
}
