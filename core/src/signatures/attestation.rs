//! Attestations: statements of any type about a release, or about a file in it.

use serde_json::Value;

use crate::bundle::Loaded;
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::digest::Digest;
use crate::predicate::Kind;
use crate::trust::bundle::Envelope;
use crate::trust::statement::{self, Attestation};

/// Annotation of a resource descriptor: the resource is a blob of the bundle.
pub const PACKED: &str = "urn:x-pkg:packed";

/// Most subjects of one attestation.
const MAX_SUBJECTS: usize = 10_000;

/// What an attestation says.
#[derive(Debug, Clone)]
pub struct Attested {
    /// Predicate type.
    pub predicate_type: String,
    /// What of this release it is about: `release`, or paths of files.
    pub about: Vec<String>,
    /// The predicate.
    pub predicate: Value,
    /// Evidence that it names as being in the bundle.
    pub evidence: Vec<NamedEvidence>,
}

/// Evidence, as an attestation names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEvidence {
    /// Its name, for people.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
}

/// Reads an attestation, which must be about this release and valid for its type.
pub(super) fn check(loaded: &Loaded, envelope: &Envelope, name: &str) -> Result<Attested> {
    let attested = read(loaded, &envelope.payload, name)?;
    if attested.about.is_empty() {
        return Err(Problem::new(Code::SignatureOtherSubject, name).detail(format!(
            "it is about neither the release {} nor a file in it",
            loaded.digest
        )));
    }
    if let Some(kind) = Kind::of(&attested.predicate_type) {
        kind.check(&attested.predicate, name)?;
    }
    Ok(attested)
}

/// Reads an attestation, whatever it is about.
pub fn read(loaded: &Loaded, payload: &[u8], name: &str) -> Result<Attested> {
    let predicate_type = statement::peek_predicate_type(payload)?;
    let attestation = Attestation::parse(payload, name)?;
    if attestation.subject.len() > MAX_SUBJECTS {
        return Err(Problem::new(Code::SignatureFormat, name)
            .detail(format!("it is about more than {MAX_SUBJECTS} things")));
    }
    let mut about = Vec::new();
    for digest in attestation.subject.iter().filter_map(statement::AnySubject::sha256) {
        if digest == loaded.digest {
            about.push("release".to_owned());
        }
        let files = loaded.files.files.iter().filter(|file| file.digest == digest);
        about.extend(files.map(|file| file.path.to_string()));
    }
    about.dedup();
    let evidence = named_evidence(&attestation.predicate);
    Ok(Attested { predicate_type, about, predicate: attestation.predicate, evidence })
}

/// Resource descriptors of the places where evidence is named, if they say that
/// the resource is in the bundle.
fn named_evidence(predicate: &Value) -> Vec<NamedEvidence> {
    let places = [predicate.get("evidence"), predicate.pointer("/runDetails/byproducts")];
    let resources = places.into_iter().flatten().filter_map(Value::as_array).flatten();
    let packed = |resource: &&Value| {
        resource.get("annotations").and_then(|all| all.get(PACKED)) == Some(&Value::Bool(true))
    };
    let named = |resource: &Value| {
        let digest = resource.pointer("/digest/sha256")?.as_str()?;
        let name = resource.get("name").and_then(Value::as_str).unwrap_or(digest);
        Some(NamedEvidence { name: name.to_owned(), digest: Digest::from_hex(digest).ok()? })
    };
    resources.filter(packed).filter_map(named).collect()
}

/// What is wrong between the evidence that is there and what verified attestations
/// name.
pub(super) fn compare_evidence(loaded: &Loaded, attested: &[&Attested]) -> Vec<Finding> {
    let named = || attested.iter().flat_map(|attested| &attested.evidence);
    let missing = named()
        .filter(|named| !loaded.evidence.iter().any(|blob| blob.digest() == named.digest))
        .map(|named| {
            Problem::new(Code::EvidenceMissing, &named.name)
                .detail(format!("it is {}", named.digest))
        });
    let unclaimed = loaded
        .evidence
        .iter()
        .filter(|blob| !named().any(|named| named.digest == blob.digest()))
        .map(|blob| Problem::new(Code::EvidenceUnclaimed, &blob.name));
    missing.chain(unclaimed).map(Problem::into_finding).collect()
}
