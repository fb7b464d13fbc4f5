//! What model-signing 0.2 signed, before the format was settled.
//!
//! Source: the reference implementation in its version 0.2.0, and what its later
//! versions do to read that. Nothing here is used for any other statement.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::read::{check_counts, invalid, unknown_hash};
use super::{Form, Method, Model, Resource, check, root_of};
use crate::finding::Result;
use crate::model::content::{ContentDigest, ContentHash};
use crate::trust::json;
use crate::trust::statement::{self, predicate};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    /// Compared by [`statement::peek_predicate_type`], as the one below.
    #[serde(rename = "_type")]
    _statement_type: String,
    #[serde(rename = "predicateType")]
    _predicate_type: String,
    subject: Vec<Subject>,
    /// A placeholder that says it is unused.
    #[serde(rename = "predicate", default)]
    _predicate: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: statement::DigestSet,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Deserialize, Default)]
struct Annotations {
    actual_hash_algorithm: Option<String>,
}

/// The name of SHA-256 over whole files.
const FILE_SHA256: &str = "file-sha256";

/// Whether a payload is a statement of that time.
pub fn is_old(payload: &[u8]) -> bool {
    statement::peek_predicate_type(payload)
        .is_ok_and(|predicate_type| predicate_type == predicate::MODEL_SIGNATURE_OLD)
}

/// Reads a statement with one subject for each file.
pub(super) fn parse(payload: &[u8], subject: &str) -> Result<Model> {
    let statement: Statement = json::from_slice_strict(payload).map_err(|error| {
        invalid(subject, format!("the signed statement cannot be read: {error}")).source(error)
    })?;
    if statement.subject.is_empty() {
        return Err(invalid(subject, "the signed statement is about nothing".to_owned()));
    }
    check_counts(statement.subject.len(), 0, subject)?;
    let resources =
        statement.subject.iter().map(|file| resource(file, subject)).collect::<Result<Vec<_>>>()?;
    check(Method::Files, &resources, subject)?;
    Ok(Model {
        form: Form::Digests,
        name: String::new(),
        root: root_of(&resources),
        method: Method::Files,
        hash: ContentHash::Sha256,
        ignore_paths: Vec::new(),
        allow_symlinks: false,
        resources,
    })
}

fn resource(file: &Subject, subject: &str) -> Result<Resource> {
    // Statements could only name SHA-256: other hashes stood there under its name.
    let actual = file.annotations.actual_hash_algorithm.as_deref().unwrap_or(FILE_SHA256);
    if actual != FILE_SHA256 && actual != ContentHash::Sha256.as_str() {
        return Err(unknown_hash(actual, &format!("{:?}", file.name), subject));
    }
    let digest =
        ContentDigest::from_hex(ContentHash::Sha256, &file.digest.sha256).map_err(|error| {
            invalid(subject, format!("the digest of {:?} is not SHA-256 in hex", file.name))
                .source(error)
        })?;
    Ok(Resource { path: file.name.clone(), range: None, digest })
}

/// The bytes that model-signing 0.2 signed in place of the pre-authentication
/// encoding of DSSE: its name in capitals, and the payload as Python prints
/// bytes, `b'...'` with escapes.
///
/// Different payloads still give different messages: the escapes lose nothing.
pub fn compat_pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEV1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut message = head.into_bytes();
    message.reserve(payload.len() + 3);
    python_bytes(payload, &mut message);
    message
}

/// As Python's `repr` writes bytes.
fn python_bytes(bytes: &[u8], text: &mut Vec<u8>) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    text.extend_from_slice(&[b'b', quote]);
    for &byte in bytes {
        match byte {
            b'\\' => text.extend_from_slice(b"\\\\"),
            b'\t' => text.extend_from_slice(b"\\t"),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            _ if byte == quote => text.extend_from_slice(&[b'\\', quote]),
            b' '..=b'~' => text.push(byte),
            _ => text.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    text.push(quote);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{compat_pae, python_bytes};

    fn repr(bytes: &[u8]) -> String {
        let mut text = Vec::new();
        python_bytes(bytes, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn bytes_are_printed_as_python_does() {
        // Printed by Python 3.11.
        assert_eq!(repr(b"plain"), "b'plain'");
        assert_eq!(repr(b"it's"), "b\"it's\"");
        assert_eq!(repr(b"it's \"both\""), "b'it\\'s \"both\"'");
        assert_eq!(
            repr(b"a\\b\t\n\r\0\x07\x1f\x7f\xff"),
            "b'a\\\\b\\t\\n\\r\\x00\\x07\\x1f\\x7f\\xff'"
        );
        assert_eq!(compat_pae("t", b"{\n}"), b"DSSEV1 1 t 3 b'{\\n}'");
        assert_eq!(compat_pae("t", b""), b"DSSEV1 1 t 0 b''");
    }

    proptest! {
        #[test]
        fn different_payloads_never_meet(one: Vec<u8>, other: Vec<u8>) {
            prop_assert_eq!(compat_pae("t", &one) == compat_pae("t", &other), one == other);
        }

        #[test]
        fn it_never_meets_what_is_signed_otherwise(payload: Vec<u8>) {
            let message = compat_pae("application/vnd.in-toto+json", &payload);
            prop_assert!(!message.starts_with(b"DSSEv1 "));
        }
    }
}
