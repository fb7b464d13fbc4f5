//! Making an attestation and attaching it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::provenance::{self, Environment};
use super::{EvidenceReport, TypeName};
use crate::bundle::{self, NewEvidence, NewSignature};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;
use crate::predicate::Kind;
use crate::signatures::PACKED;
use crate::trust::json;
use crate::trust::sealer::{Sealer, sealed};
use crate::trust::statement::{self, predicate as types};
use crate::trust::who::{ProvenTime, Who};

/// Largest predicate, in bytes.
const MAX_PREDICATE: u64 = 16 << 20;

/// Most subjects and most pieces of evidence.
const MAX_PARTS: usize = 1000;

/// Where the predicate comes from.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// From a JSON file.
    File(PathBuf),
    /// From the environment of the pipeline: SLSA provenance.
    Pipeline,
    /// Made by another part of pkg.
    Made(Value),
}

/// What to attest.
#[derive(Debug, Clone)]
pub struct AddRequest {
    /// The bundle.
    pub bundle: PathBuf,
    /// Digest that the release must still have, where something was found out about it.
    pub digest: Option<Digest>,
    /// Predicate type.
    pub predicate_type: TypeName,
    /// The predicate.
    pub predicate: Predicate,
    /// Subjects besides the release, by name.
    pub subjects: Vec<(String, Digest)>,
    /// Files that go along as evidence.
    pub evidence: Vec<PathBuf>,
    /// Evidence that was made here.
    pub made_evidence: Vec<NewEvidence>,
}

/// What was attested.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Digest of the release.
    pub digest: Digest,
    /// Predicate type.
    pub predicate_type: String,
    /// Digest of the attestation.
    pub attestation: Digest,
    /// Who attests, as a verifier will see it.
    pub who: Who,
    /// Times that were proven.
    pub times: Vec<ProvenTime>,
    /// Whether a transparency log has it.
    pub logged: bool,
    /// Evidence that went along.
    pub evidence: Vec<EvidenceReport>,
}

/// Signs a statement about the release and attaches it. Nothing is attached that
/// would not verify.
pub fn add(request: &AddRequest, sealer: &dyn Sealer) -> Result<(Added, Vec<Finding>)> {
    let loaded = bundle::load(&request.bundle)?;
    if let Some(expected) = request.digest.filter(|expected| *expected != loaded.digest) {
        return Err(Problem::new(Code::DigestExpected, request.bundle.display()).detail(format!(
            "{expected} was looked at, but this is {} now; nothing was attested",
            loaded.digest
        )));
    }
    let uri = request.predicate_type.uri();
    if [types::RELEASE, types::MODEL_SIGNATURE, types::MODEL_SIGNATURE_OLD].contains(&uri) {
        return Err(Problem::new(Code::UsageError, uri)
            .detail("`pkg sign` makes this statement; it follows from the release"));
    }
    if request.subjects.len().max(request.evidence.len()) > MAX_PARTS {
        return Err(Problem::new(Code::UsageError, request.bundle.display())
            .detail(format!("more than {MAX_PARTS} subjects or pieces of evidence")));
    }
    let (text, origin) = match &request.predicate {
        Predicate::File(path) => {
            let bytes = fsx::read_given(path, MAX_PREDICATE).map_err(Problem::given)?;
            (bytes, path.display().to_string())
        }
        Predicate::Pipeline => {
            let created = bundle::source_date()?;
            let environment = Environment::here();
            let made = provenance::predicate(&environment, &loaded.release, created.as_deref())?;
            (made.to_string().into_bytes(), "the environment".to_owned())
        }
        Predicate::Made(value) => (value.to_string().into_bytes(), "the result".to_owned()),
    };
    let mut evidence: Vec<NewEvidence> =
        request.evidence.iter().map(|path| NewEvidence::read(path)).collect::<Result<_>>()?;
    evidence.extend(request.made_evidence.iter().cloned());
    let kind = Kind::of(uri);
    let predicate = raw_predicate(kind, &text, &evidence, &origin)?;
    let mut subjects = vec![(loaded.release.name.clone(), loaded.digest)];
    subjects.extend(request.subjects.iter().cloned());
    let payload = statement::build_raw(&subjects, uri, &predicate)?;
    let (bytes, proof) = sealed(sealer, &sealer.judge(), &payload)?;
    let attestation = Digest::of(&bytes);
    let new = NewSignature { predicate_type: uri.to_owned(), bytes };
    bundle::attach(&loaded, &[new], &evidence)?;
    let mut findings = loaded.findings.clone();
    findings.extend(proof.findings);
    let added = Added {
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        digest: loaded.digest,
        predicate_type: uri.to_owned(),
        attestation,
        who: proof.who,
        times: proof.times,
        logged: proof.logged,
        evidence: evidence
            .iter()
            .map(|piece| EvidenceReport {
                name: piece.name.clone(),
                digest: piece.digest(),
                present: true,
            })
            .collect(),
    };
    Ok((added, findings))
}

/// The predicate as it will be signed: the text as it was given, with the evidence
/// named in it.
fn raw_predicate(
    kind: Option<Kind>,
    text: &[u8],
    evidence: &[NewEvidence],
    origin: &str,
) -> Result<Box<RawValue>> {
    let invalid = |error: serde_json::Error| {
        Problem::new(Code::PredicateInvalid, origin)
            .detail(format!("it is no JSON that can be signed: {error}"))
            .source(error)
    };
    let value: Value = json::from_slice_strict(text).map_err(invalid)?;
    if !value.is_object() {
        return Err(
            Problem::new(Code::PredicateInvalid, origin).detail("the predicate is no JSON object")
        );
    }
    if let Some(kind) = kind {
        kind.check(&value, origin)?;
    }
    if evidence.is_empty() {
        return serde_json::from_slice(text).map_err(invalid);
    }
    let named: Vec<Value> = evidence.iter().map(descriptor).collect();
    let path: &[&str] = match kind {
        Some(kind) if kind.is_document() => {
            return Err(Problem::new(Code::UsageError, origin)
                .detail(format!("a {} document has no place to name evidence", kind.name()))
                .hint("Attach the evidence to an attestation of another type."));
        }
        Some(Kind::SlsaProvenance) => &["runDetails", "byproducts"],
        _ => &["evidence"],
    };
    let raw: Box<RawValue> = serde_json::from_slice(text).map_err(invalid)?;
    extended(&raw, path, &named).map_err(invalid)
}

/// Adds to a list at `path`, which is made if it is not there. Everything beside it
/// stays as it was written.
fn extended(
    raw: &RawValue,
    path: &[&str],
    more: &[Value],
) -> Result<Box<RawValue>, serde_json::Error> {
    let Some((member, below)) = path.split_first() else {
        let mut list: Vec<Box<RawValue>> = serde_json::from_str(raw.get())?;
        for value in more {
            list.push(serde_json::value::to_raw_value(value)?);
        }
        return serde_json::value::to_raw_value(&list);
    };
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw.get())?;
    let empty = if below.is_empty() { "[]" } else { "{}" };
    let inner = match members.remove(*member) {
        Some(inner) => inner,
        None => RawValue::from_string(empty.to_owned())?,
    };
    members.insert((*member).to_owned(), extended(&inner, below, more)?);
    serde_json::value::to_raw_value(&members)
}

/// The resource descriptor of evidence (in-toto attestation framework, v1).
fn descriptor(piece: &NewEvidence) -> Value {
    json!({
        "name": piece.name,
        "digest": { "sha256": piece.digest().hex() },
        "mediaType": piece.media_type(),
        "annotations": { PACKED: true, "urn:x-pkg:size": piece.bytes.len() },
    })
}

#[cfg(test)]
mod tests {
    use super::raw_predicate;
    use crate::bundle::NewEvidence;
    use crate::finding::Code;
    use crate::predicate::Kind;

    fn evidence() -> NewEvidence {
        NewEvidence { name: "log.txt".to_owned(), bytes: b"x".to_vec() }
    }

    #[test]
    fn what_was_given_is_signed_as_it_was_written() {
        let text = "{ \"b\": 1.50, \"a\": 123456789012345678901234567890, \"\u{fc}\": [1e400] }";
        let raw = raw_predicate(None, text.as_bytes(), &[], "test");
        // A number beyond every reader is refused; the others stay.
        assert_eq!(raw.unwrap_err().code(), Code::PredicateInvalid);
        let text = text.replace("1e400", "1e40");
        let raw = raw_predicate(None, text.as_bytes(), &[], "test").unwrap();
        assert_eq!(raw.get(), text);
        let raw = raw_predicate(None, text.as_bytes(), &[evidence()], "test").unwrap();
        assert!(raw.get().contains("1.50") && raw.get().contains("345678901234567890"));
        assert!(raw.get().contains("urn:x-pkg:packed"), "{}", raw.get());
    }

    #[test]
    fn evidence_goes_where_its_type_has_a_place() {
        let provenance = r#"{"buildDefinition":{"buildType":"urn:x","externalParameters":{}},
            "runDetails":{"builder":{"id":"urn:x"},"byproducts":[{"uri":"urn:y"}]}}"#;
        let kind = Kind::SlsaProvenance;
        let raw = raw_predicate(Some(kind), provenance.as_bytes(), &[evidence()], "test").unwrap();
        let value: serde_json::Value = serde_json::from_str(raw.get()).unwrap();
        assert_eq!(value["runDetails"]["byproducts"][0]["uri"], "urn:y");
        assert_eq!(value["runDetails"]["byproducts"][1]["name"], "log.txt");
        kind.check(&value, "test").unwrap();
        let bom = r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#;
        let problem = raw_predicate(Some(Kind::CycloneDx), bom.as_bytes(), &[evidence()], "test")
            .unwrap_err();
        assert_eq!(problem.code(), Code::UsageError);
        let taken = raw_predicate(None, br#"{"evidence":1}"#, &[evidence()], "test").unwrap_err();
        assert_eq!(taken.code(), Code::PredicateInvalid);
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_not_signed() {
        for text in ["{\"a\":1,\"a\":2}", "[]", "1", "", "{} {}", "{\"a\":}", "nonsense"] {
            let problem = raw_predicate(None, text.as_bytes(), &[], "test").unwrap_err();
            assert_eq!(problem.code(), Code::PredicateInvalid, "{text}");
        }
    }
}
