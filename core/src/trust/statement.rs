//! in-toto Statement v1.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::json;
use crate::finding::{Code, Problem, Result};
use crate::model::canonical;
use crate::model::digest::Digest;

/// Type of a statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Predicate types: the one place that names them.
pub mod predicate {
    /// The release statement of pkg.
    pub const RELEASE: &str = "urn:x-pkg:release:v1";
    /// OpenSSF model signing v1.0.
    pub const MODEL_SIGNATURE: &str = "https://model_signing/signature/v1.0";
    /// What OpenSSF model signing wrote before v1.0.
    pub const MODEL_SIGNATURE_OLD: &str = "https://model_signing/Digests/v0.1";
}

/// A statement about subjects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    /// Always [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// Type of the predicate.
    pub predicate_type: String,
    /// What it says.
    pub predicate: P,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    /// Name, for people.
    pub name: String,
    /// Digest, for machines.
    pub digest: SubjectDigest,
}

/// Digest of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// SHA-256, hex.
    pub sha256: String,
}

/// Writes a statement about one subject as canonical JSON.
pub fn build<P: Serialize>(
    name: &str,
    digest: Digest,
    predicate_type: &str,
    predicate: &P,
) -> Result<Vec<u8>> {
    let statement = Statement {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject {
            name: name.to_owned(),
            digest: SubjectDigest { sha256: digest.hex() },
        }],
        predicate_type: predicate_type.to_owned(),
        predicate,
    };
    canonical::to_vec(&statement)
        .map_err(|error| Problem::new(Code::Internal, "the statement").detail(error.to_string()))
}

/// Reads a statement.
pub fn parse<P: DeserializeOwned>(payload: &[u8], subject: &str) -> Result<Statement<P>> {
    let invalid = |why: String| {
        Problem::new(Code::SignatureFormat, subject)
            .detail(format!("the statement is not valid: {why}"))
    };
    let statement: Statement<P> =
        json::from_slice(payload).map_err(|error| invalid(error.to_string()))?;
    if statement.kind == STATEMENT_TYPE {
        Ok(statement)
    } else {
        Err(invalid(format!("its type is {:?}", statement.kind)))
    }
}

/// The predicate type of a statement.
pub fn peek_predicate_type(payload: &[u8]) -> Result<String> {
    parse::<serde_json::Value>(payload, "the signature").map(|statement| statement.predicate_type)
}
