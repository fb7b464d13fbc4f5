//! Attestations of a release: adding, importing, listing, verifying, exporting.
//!
//! An attestation is an in-toto statement about the manifest digest of a release,
//! in a Sigstore bundle that refers to the release as its signatures do.

mod add;
mod import;
mod provenance;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Loaded};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, Staged};
use crate::model::digest::Digest;
use crate::predicate::{self, Kind};
use crate::signatures::{self, NamedEvidence, SignatureReport, Signatures, Standing};
use crate::trust::bundle as sigstore_bundle;
use crate::trust::judge::Judge;
use crate::trust::statement::predicate as types;

pub use add::{AddRequest, Added, Predicate, add};
pub use import::{Imported, import};

/// A predicate type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeName {
    /// By its short name: every version of it.
    Known(Kind),
    /// By its URI.
    Uri(String),
}

impl TypeName {
    /// Reads a short name or a URI.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == text) {
            return Ok(Self::Known(kind));
        }
        match text {
            "release" => Ok(Self::Uri(types::RELEASE.to_owned())),
            "model-signature" => Ok(Self::Uri(types::MODEL_SIGNATURE.to_owned())),
            _ if predicate::is_uri(text) => Ok(Self::Uri(text.to_owned())),
            _ => {
                let names = Kind::ALL.map(Kind::name).join(", ");
                Err(Problem::new(Code::UsageError, text)
                    .detail("it is neither a URI nor the short name of a predicate type")
                    .hint(format!("Short names are {names}, release and model-signature.")))
            }
        }
    }

    /// The URI that statements get.
    pub fn uri(&self) -> &str {
        match self {
            Self::Known(kind) => kind.uri(),
            Self::Uri(uri) => uri,
        }
    }

    fn fits(&self, predicate_type: &str) -> bool {
        match self {
            Self::Known(kind) => Kind::of(predicate_type) == Some(*kind),
            Self::Uri(uri) => uri == predicate_type,
        }
    }
}

/// An attestation, as reported.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Who made it, and how far that was checked.
    #[serde(flatten)]
    pub signature: SignatureReport,
    /// What of this release it is about: `release`, or paths of files. Only said by
    /// the statement unless the signature is verified.
    pub subjects: Vec<String>,
    /// Evidence that it names.
    pub evidence: Vec<EvidenceReport>,
    /// The predicate, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<serde_json::Value>,
}

/// Evidence, as reported.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceReport {
    /// Name of the file it was made from.
    pub name: String,
    /// Digest of its content.
    pub digest: Digest,
    /// Whether it is in the bundle.
    pub present: bool,
}

/// The attestations of a release.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Digest of the release.
    pub digest: Digest,
    /// The attestations, with the release statement and the model signature.
    pub attestations: Vec<Report>,
}

/// What is to be looked at.
#[derive(Debug)]
pub struct Query {
    /// Bundle, archive or unpacked folder.
    pub target: PathBuf,
    /// Whose attestations count.
    pub judge: Judge,
    /// Types; all when empty.
    pub types: Vec<TypeName>,
    /// Whether predicates are wanted.
    pub with_predicates: bool,
}

impl Query {
    fn wants(&self, report: &SignatureReport) -> bool {
        self.types.is_empty() || self.types.iter().any(|name| name.fits(&report.predicate_type))
    }

    fn open(&self) -> Result<(Loaded, Signatures)> {
        self.judge.prepare()?;
        let loaded = bundle::load(&self.target)?;
        let signatures = signatures::check(&loaded, &self.judge);
        Ok((loaded, signatures))
    }
}

/// Lists attestations, whoever made them.
pub fn list(query: &Query) -> Result<(Listing, Vec<Finding>)> {
    let (loaded, signatures) = query.open()?;
    let listing = listing(query, &loaded, &signatures, |report| query.wants(report));
    if listing.attestations.is_empty() && !query.types.is_empty() {
        return Err(missing(query, &signatures));
    }
    Ok((listing, all_findings(&loaded, signatures)))
}

/// Verifies that attestations of the types asked for are there, by somebody who is
/// accepted, with the evidence that they name. The content of the release is not
/// read.
pub fn verify(query: &Query) -> Result<(Listing, Vec<Finding>)> {
    let (loaded, signatures) = query.open()?;
    if query.judge.accepted().is_empty() {
        return Err(Problem::new(signatures::needed(&loaded), query.target.display()));
    }
    let verified = |report: &SignatureReport| report.standing == Standing::Verified;
    for name in &query.types {
        let fits = |report: &SignatureReport| verified(report) && name.fits(&report.predicate_type);
        if !signatures.reports.iter().any(fits) {
            return Err(missing(query, &signatures));
        }
    }
    let listing = listing(query, &loaded, &signatures, |r| verified(r) && query.wants(r));
    if listing.attestations.is_empty() {
        return Err(missing(query, &signatures));
    }
    let named: Vec<Digest> = listing
        .attestations
        .iter()
        .flat_map(|report| report.evidence.iter().map(|evidence| evidence.digest))
        .collect();
    let read = loaded.evidence.iter().filter(|blob| named.contains(&blob.digest()));
    let wrong: Vec<Finding> =
        read.filter_map(|blob| blob.read(&loaded).err()).map(Problem::into_finding).collect();
    let mut findings = all_findings(&loaded, signatures);
    findings.extend(wrong);
    Ok((listing, findings))
}

fn all_findings(loaded: &Loaded, signatures: Signatures) -> Vec<Finding> {
    let mut findings = loaded.findings.clone();
    findings.extend(signatures.findings);
    findings
}

/// Says what there is where something else was asked for.
fn missing(query: &Query, signatures: &Signatures) -> Problem {
    let there: Vec<String> = signatures
        .reports
        .iter()
        .map(|report| {
            let who = match (&report.who, &report.claimed) {
                (Some(who), _) => format!("by {who}"),
                (None, Some(claimed)) => format!("claims to be from {claimed}"),
                (None, None) => "says not by whom".to_owned(),
            };
            let kind = if report.predicate_type.is_empty() {
                "something unreadable"
            } else {
                &report.predicate_type
            };
            format!("{kind} ({who})")
        })
        .collect();
    let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
    let wanted: Vec<&str> = query.types.iter().map(TypeName::uri).collect();
    let wanted = if wanted.is_empty() { "any type".to_owned() } else { wanted.join(", ") };
    Problem::new(Code::AttestationMissing, query.target.display())
        .detail(format!("asked for {wanted}; there is {there}"))
}

fn listing(
    query: &Query,
    loaded: &Loaded,
    signatures: &Signatures,
    wanted: impl Fn(&SignatureReport) -> bool,
) -> Listing {
    let reports = signatures.reports.iter().zip(&loaded.signatures);
    let attestations = reports
        .filter(|(report, _)| wanted(report))
        .map(|(report, document)| {
            let said = sigstore_bundle::parse(&document.bytes, &document.name)
                .and_then(|bundle| {
                    let payload = &bundle.statement(&document.name)?.payload;
                    signatures::read_attestation(loaded, payload, &document.name)
                })
                .ok();
            let evidence = said.iter().flat_map(|said| &said.evidence);
            Report {
                signature: report.clone(),
                subjects: said.iter().flat_map(|said| said.about.clone()).collect(),
                evidence: evidence.map(|named| evidence_report(loaded, named)).collect(),
                predicate: said.filter(|_| query.with_predicates).map(|said| said.predicate),
            }
        })
        .collect();
    Listing {
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        digest: loaded.digest,
        attestations,
    }
}

fn evidence_report(loaded: &Loaded, named: &NamedEvidence) -> EvidenceReport {
    EvidenceReport {
        name: named.name.clone(),
        digest: named.digest,
        present: loaded.evidence.iter().any(|blob| blob.digest() == named.digest),
    }
}

/// What was exported.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// File or folder that was written.
    pub output: PathBuf,
    /// Number of attestations.
    pub attestations: usize,
}

/// Writes attestations as they are: lines of one file (`.jsonl`), the only one
/// (`.json`), or a folder of files.
pub fn export(query: &Query, output: &Path) -> Result<Exported> {
    let (loaded, signatures) = query.open()?;
    let reports = signatures.reports.iter().zip(&loaded.signatures);
    let chosen: Vec<&[u8]> = reports
        .filter(|(report, _)| query.wants(report))
        .map(|(_, document)| document.bytes.as_slice())
        .collect();
    if chosen.is_empty() {
        return Err(missing(query, &signatures));
    }
    if fsx::exists(output) {
        return Err(Problem::new(Code::OutputExists, output.display()));
    }
    match output.extension().and_then(|ending| ending.to_str()) {
        Some("jsonl") => {
            let lines: Result<Vec<Vec<u8>>> = chosen.iter().map(|bytes| one_line(bytes)).collect();
            write(output, &lines?.concat())?;
        }
        Some("json") => match chosen.as_slice() {
            [only] => write(output, only)?,
            several => {
                return Err(Problem::new(Code::UsageError, output.display())
                    .detail(format!("{} attestations do not fit into one document", several.len()))
                    .hint("Name a `.jsonl` file or a folder, or choose one with `--type`."));
            }
        },
        _ => {
            let staged = Staged::folder(output)?;
            for bytes in &chosen {
                let name = format!("{}.sigstore.json", Digest::of(bytes).hex());
                fsx::write_synced(&staged.path().join(name), bytes)?;
            }
            staged.commit(false)?;
        }
    }
    Ok(Exported { output: output.to_owned(), attestations: chosen.len() })
}

/// A document on one line. The signature is over what is in it, not over it.
fn one_line(bytes: &[u8]) -> Result<Vec<u8>> {
    let internal = |error: serde_json::Error| {
        Problem::new(Code::Internal, "a signature").detail(error.to_string()).source(error)
    };
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(internal)?;
    let mut line = serde_json::to_vec(&value).map_err(internal)?;
    line.push(b'\n');
    Ok(line)
}

fn write(output: &Path, bytes: &[u8]) -> Result<()> {
    let staged = Staged::file(output)?;
    let mut file = staged.handle();
    std::io::Write::write_all(&mut file, bytes).map_err(|error| Problem::writing(output, error))?;
    staged.commit(false)
}

#[cfg(test)]
mod tests {
    use super::{Kind, TypeName};

    #[test]
    fn types_are_named_shortly_or_by_their_uri() {
        let svr = TypeName::parse("svr").unwrap();
        assert_eq!(svr, TypeName::Known(Kind::Svr));
        assert!(svr.fits("https://in-toto.io/attestation/svr/v0.1"));
        assert!(svr.fits("https://in-toto.io/attestation/svr/v0.2"));
        let exact = TypeName::parse("https://in-toto.io/attestation/svr/v0.1").unwrap();
        assert!(!exact.fits("https://in-toto.io/attestation/svr/v0.2"));
        assert_eq!(TypeName::parse("release").unwrap().uri(), "urn:x-pkg:release:v1");
        assert!(TypeName::parse("srv").is_err());
        assert!(TypeName::parse("").is_err());
    }
}
