//! in-toto statements: a predicate about one subject, named by digest.
//!
//! Source: in-toto Attestation Framework v1, `spec/v1/statement.md`
//! (github.com/in-toto/attestation). Fields that it does not know are refused:
//! what is signed here should be understood in full.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json;
use crate::finding::{Code, Problem, Result};
use crate::model::canonical;
use crate::model::digest::Digest;

/// Type of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Predicate types.
pub mod predicate {
    /// The release statement of pkg.
    pub const RELEASE: &str = "urn:x-pkg:release:v1";
    /// OpenSSF model signing v1.0.
    pub const MODEL_SIGNATURE: &str = "https://model_signing/signature/v1.0";
    /// What OpenSSF model signing 0.2 wrote.
    pub const MODEL_SIGNATURE_OLD: &str = "https://model_signing/Digests/v0.1";
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// What the predicate is.
    pub predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name, for people.
    pub name: String,
    /// Its digest.
    pub digest: DigestSet,
}

/// The digest of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestSet {
    /// SHA-256 as 64 lower-case hex digits, without a prefix.
    pub sha256: String,
}

/// Writes a statement about one subject, as canonical JSON.
pub fn build<P: Serialize>(
    name: &str,
    digest: Digest,
    predicate_type: &str,
    predicate: &P,
) -> Result<Vec<u8>> {
    let statement = Statement {
        statement_type: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject {
            name: name.to_owned(),
            digest: DigestSet { sha256: digest.hex() },
        }],
        predicate_type: predicate_type.to_owned(),
        predicate,
    };
    canonical::to_vec(&statement).map_err(|error| {
        Problem::new(Code::Internal, name)
            .detail(format!("the statement cannot be written: {error}"))
            .source(error)
    })
}

/// Reads a statement. It must have its type, and subjects with well-formed
/// digests; who they are is for the caller to compare.
pub fn parse<'de, P: Deserialize<'de>>(payload: &'de [u8], subject: &str) -> Result<Statement<P>> {
    let invalid = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    let statement: Statement<P> = json::from_slice_strict(payload).map_err(|error| {
        invalid(format!("the signed statement cannot be read: {error}")).source(error)
    })?;
    if statement.statement_type != STATEMENT_TYPE {
        let detail =
            format!("it signs a {:?}, not an in-toto statement v1", statement.statement_type);
        return Err(invalid(detail));
    }
    if statement.subject.is_empty() {
        return Err(invalid("the signed statement is about nothing".to_owned()));
    }
    for about in &statement.subject {
        Digest::from_hex(&about.digest.sha256).map_err(|error| {
            invalid(format!("the digest of {:?} is not SHA-256 in hex", about.name)).source(error)
        })?;
    }
    Ok(statement)
}

/// A statement that somebody else's tool may have made: what the framework
/// allows and pkg does not write is let through.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    /// What it is about.
    pub subject: Vec<AnySubject>,
    /// What is said; the framework lets it be left out.
    #[serde(default)]
    pub predicate: serde_json::Value,
}

/// A subject with digests of any kind.
#[derive(Debug, Clone, Deserialize)]
pub struct AnySubject {
    /// Its name, for people.
    #[serde(default)]
    pub name: String,
    /// Digests in hex, by algorithm.
    #[serde(default)]
    pub digest: BTreeMap<String, String>,
}

impl AnySubject {
    /// Its SHA-256, where it has one.
    pub fn sha256(&self) -> Option<Digest> {
        Digest::from_hex(self.digest.get("sha256")?).ok()
    }
}

impl Attestation {
    /// Reads a payload whose type [`peek_predicate_type`] told.
    pub fn parse(payload: &[u8], subject: &str) -> Result<Self> {
        json::from_slice_strict(payload).map_err(|error| {
            Problem::new(Code::SignatureFormat, subject)
                .detail(format!("the signed statement cannot be read: {error}"))
                .source(error)
        })
    }
}

/// Writes a statement whose predicate is kept as it was given, byte for byte:
/// numbers that canonical JSON cannot hold stay what they are.
pub fn build_raw(
    subjects: &[(String, Digest)],
    predicate_type: &str,
    predicate: &RawValue,
) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw<'a> {
        #[serde(rename = "_type")]
        statement_type: &'static str,
        subject: Vec<Subject>,
        predicate_type: &'a str,
        predicate: &'a RawValue,
    }

    let subject = |(name, digest): &(String, Digest)| Subject {
        name: name.clone(),
        digest: DigestSet { sha256: digest.hex() },
    };
    let statement = Raw {
        statement_type: STATEMENT_TYPE,
        subject: subjects.iter().map(subject).collect(),
        predicate_type,
        predicate,
    };
    serde_json::to_vec(&statement).map_err(|error| {
        Problem::new(Code::Internal, predicate_type).detail(error.to_string()).source(error)
    })
}

/// The predicate type of a statement, without reading the predicate.
pub fn peek_predicate_type(payload: &[u8]) -> Result<String> {
    peeked(json::from_slice_strict(payload))
}

/// The same for who goes on to read the payload strictly: a large one is walked through once
/// less. It proves nothing of the rest.
pub(super) fn peek_before_parsing(payload: &[u8]) -> Result<String> {
    peeked(serde_json::from_slice(payload))
}

#[derive(Deserialize)]
struct Peek {
    #[serde(rename = "_type")]
    statement_type: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(rename = "subject")]
    _subject: IgnoredAny,
}

fn peeked(peek: Result<Peek, serde_json::Error>) -> Result<String> {
    let invalid = |detail: String| Problem::new(Code::SignatureFormat, "statement").detail(detail);
    let peek = peek.map_err(|error| {
        invalid(format!("the signed payload is not an in-toto statement: {error}")).source(error)
    })?;
    if peek.statement_type != STATEMENT_TYPE {
        return Err(invalid(format!(
            "it signs a {:?}, not an in-toto statement v1",
            peek.statement_type
        )));
    }
    Ok(peek.predicate_type)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::{Statement, build, parse, peek_predicate_type, predicate};
    use crate::finding::Code;
    use crate::model::digest::Digest;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Said {
        text: String,
    }

    fn example() -> String {
        let said = Said { text: "hello".to_owned() };
        let bytes = build("thing", Digest::of(b""), predicate::RELEASE, &said).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_bytes_are_canonical_and_as_the_specification_says() {
        assert_eq!(
            example(),
            r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"text":"hello"},"predicateType":"urn:x-pkg:release:v1","subject":[{"digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"name":"thing"}]}"#
        );
    }

    #[test]
    fn what_was_built_is_read_again() {
        let text = example();
        assert_eq!(peek_predicate_type(text.as_bytes()).unwrap(), predicate::RELEASE);
        let statement: Statement<Said> = parse(text.as_bytes(), "test").unwrap();
        assert_eq!(statement.subject[0].name, "thing");
        assert_eq!(statement.subject[0].digest.sha256, Digest::of(b"").hex());
        assert_eq!(statement.predicate.text, "hello");
    }

    #[test]
    fn other_documents_are_refused() {
        let good = example();
        for (from, to) in [
            ("Statement/v1", "Statement/v0.1"),
            ("\"text\"", "\"text\":\"x\",\"text\""),
            ("\"text\"", "\"other\":1,\"text\""),
            ("\"subject\"", "\"more\":1,\"subject\""),
            ("\"name\"", "\"uri\":\"x\",\"name\""),
            ("\"sha256\"", "\"sha1\":\"x\",\"sha256\""),
            ("\"predicateType\"", "\"subject\":[],\"predicateType\""),
            ("e3b0", "E3b0"),
            ("e3b0", "sha256:e3b0"),
            ("}]}", "}]"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            let problem = parse::<Said>(bad.as_bytes(), "test").unwrap_err();
            assert_eq!(problem.code(), Code::SignatureFormat, "{bad}");
        }
        let start = good.find("[{\"digest").unwrap();
        let nothing = format!("{}[]}}", &good[..start]);
        assert!(parse::<Said>(nothing.as_bytes(), "test").is_err());
        assert!(
            peek_predicate_type(b"{\"_type\":\"x\",\"predicateType\":\"y\",\"subject\":1}")
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            prop_assert!(parse::<Said>(&bytes, "test").is_err());
            prop_assert!(peek_predicate_type(&bytes).is_err());
        }
    }
}
