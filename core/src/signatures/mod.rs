//! Signatures of a release: what they say, and whether it is about this release.

mod attestation;
mod model;
mod release;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{Document, Loaded};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::model::digest::Digest;
use crate::trust::bundle::{self, Envelope, Material};
use crate::trust::judge::{Judge, Judgement};
use crate::trust::key::PublicKey;
use crate::trust::statement::{self, predicate};
use crate::trust::who::{ProvenTime, Who};

pub use attestation::{Attested, NamedEvidence, PACKED, read as read_attestation};
pub use model::{IGNORE_PATHS, resources};
pub use release::{ReleasePredicate, Tool};

/// What a signature is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// The release statement of pkg.
    Release,
    /// The OpenSSF model signature over the unpacked files.
    Model,
    /// Anything else that is said about the release, or about a file in it.
    Attestation,
    /// Something that cannot be read.
    Other,
}

/// How far a signature was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Made by somebody the caller accepts, and about this release.
    Verified,
    /// Present; nobody who was asked for made it.
    NotChecked,
    /// Wrong.
    Invalid,
}

/// A signature, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignatureReport {
    /// Blob digest, or path in an unpacked folder.
    pub name: String,
    /// What it is about.
    pub about: About,
    /// Predicate type of the signed statement.
    pub predicate_type: String,
    /// How far it was checked.
    pub standing: Standing,
    /// Who made it, when that was verified.
    pub who: Option<Who>,
    /// Who it claims to be from: the hint of a key, or an identity. Not checked.
    pub claimed: Option<String>,
    /// When it is proven to have existed; nothing for bare keys.
    pub times: Vec<ProvenTime>,
    /// Whether a transparency log has it, with proof.
    pub logged: bool,
    /// SHA-256 of the trusted certificate above that of the signer, where an own
    /// authority vouches for the signer.
    pub authority: Option<Digest>,
}

/// All signatures of a release, judged.
#[derive(Debug, Default)]
pub struct Signatures {
    /// One report for each document.
    pub reports: Vec<SignatureReport>,
    /// What verified attestations say, each with the position of its report.
    pub attested: Vec<(usize, Attested)>,
    /// Problems and notes.
    pub findings: Vec<Finding>,
    /// Why release statements that are not wrong do not count.
    refusals: Vec<Problem>,
}

impl Signatures {
    /// Reports of verified release statements.
    pub fn releases(&self) -> impl Iterator<Item = &SignatureReport> {
        let wanted =
            |r: &&SignatureReport| (r.about, r.standing) == (About::Release, Standing::Verified);
        self.reports.iter().filter(wanted)
    }

    /// Whether a release statement was verified.
    pub fn release_verified(&self) -> bool {
        self.releases().next().is_some()
    }

    /// Why no release statement counts, when none does.
    pub fn missing(&mut self, loaded: &Loaded, judge: &Judge, target: &Path) -> Option<Problem> {
        if self.release_verified() {
            return None;
        }
        if loaded.signatures.is_empty() && loaded.findings.is_empty() {
            return Some(Problem::new(Code::Unsigned, target.display()));
        }
        if judge.accepted().is_empty() {
            return None;
        }
        if let Some(refusal) = self.refusals.pop() {
            return Some(refusal);
        }
        let wrong = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        if judge.accepted().keys.is_empty() && wrong {
            return None;
        }
        let named: Vec<&str> =
            self.reports.iter().filter_map(|report| report.claimed.as_deref()).collect();
        let named = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
        let given: Vec<String> = judge.accepted().keys.iter().map(PublicKey::hint).collect();
        Some(Problem::new(Code::WrongKey, target.display()).detail(format!(
            "the release statement is not signed by a given key (given: {}; signatures name: {named})",
            given.join(", "),
        )))
    }

    /// Position of the document that belongs into `model.sig`.
    pub fn model_signature(&self) -> Option<usize> {
        let usable =
            |r: &SignatureReport| r.about == About::Model && r.standing != Standing::Invalid;
        self.reports.iter().position(usable)
    }
}

/// What a caller has to say who wants to verify these signatures.
pub fn needed(loaded: &Loaded) -> Code {
    let by_certificate = |document: &Document| {
        let bundle = bundle::parse(&document.bytes, &document.name);
        bundle.is_ok_and(|bundle| matches!(bundle.material, Material::Certificates(_)))
    };
    if loaded.signatures.iter().any(by_certificate) {
        Code::IdentityNeeded
    } else {
        Code::KeyNeeded
    }
}

/// Judges every signature document of a release.
pub fn check(loaded: &Loaded, judge: &Judge) -> Signatures {
    let mut all = Signatures::default();
    for document in &loaded.signatures {
        let (report, result) = check_one(loaded, document, judge);
        let about = report.about;
        let claimed = report.claimed.clone();
        all.reports.push(report);
        let other = |detail| Problem::new(Code::OtherSignature, &document.name).detail(detail);
        match result {
            Err(problem) => all.findings.push(problem.into_finding()),
            Ok(Seen::Other(why)) if !judge.accepted().is_empty() => {
                let claimed = claimed.as_deref().unwrap_or("somebody who is not named");
                let detail = match &why {
                    Some(why) => why.finding().message.clone(),
                    None => format!("it claims to be from {claimed}; it was not checked"),
                };
                all.findings.push(other(detail).into_finding());
                if about == About::Release {
                    all.refusals.extend(why);
                }
            }
            Ok(Seen::Counts(notes, attested)) => {
                all.findings.extend(notes);
                all.attested.extend(attested.map(|attested| (all.reports.len() - 1, attested)));
            }
            Ok(Seen::Other(_)) => {}
        }
    }
    let attested: Vec<&Attested> = all.attested.iter().map(|(_, attested)| attested).collect();
    if !judge.accepted().is_empty() {
        all.findings.extend(attestation::compare_evidence(loaded, &attested));
    }
    all
}

/// Whether a statement is about this release, and what its type asks for; whoever
/// signed it.
pub fn check_content(loaded: &Loaded, envelope: &Envelope, name: &str) -> Result<Option<Attested>> {
    match about(&statement::peek_predicate_type(&envelope.payload)?) {
        About::Release => release::check(loaded, envelope, name).map(|()| None),
        About::Model => model::check(&loaded.files, envelope, name).map(|()| None),
        About::Attestation | About::Other => attestation::check(loaded, envelope, name).map(Some),
    }
}

fn about(predicate_type: &str) -> About {
    match predicate_type {
        predicate::RELEASE => About::Release,
        predicate::MODEL_SIGNATURE => About::Model,
        _ => About::Attestation,
    }
}

/// What came of a document that is not wrong.
enum Seen {
    Counts(Vec<Finding>, Option<Attested>),
    Other(Option<Problem>),
}

/// Checks one document; the report says how far it got, also when it is wrong.
fn check_one(
    loaded: &Loaded,
    document: &Document,
    judge: &Judge,
) -> (SignatureReport, Result<Seen>) {
    let mut report = SignatureReport {
        name: document.name.clone(),
        about: About::Other,
        predicate_type: String::new(),
        standing: Standing::Invalid,
        who: None,
        claimed: None,
        times: Vec::new(),
        logged: false,
        authority: None,
    };
    let result = judge_one(loaded, document, judge, &mut report);
    (report, result)
}

fn judge_one(
    loaded: &Loaded,
    document: &Document,
    judge: &Judge,
    report: &mut SignatureReport,
) -> Result<Seen> {
    let name = &document.name;
    let bundle = bundle::parse(&document.bytes, name)?;
    report.claimed = bundle.hint().map(str::to_owned);
    let envelope = bundle.statement(name)?;
    report.predicate_type = statement::peek_predicate_type(&envelope.payload)?;
    report.about = about(&report.predicate_type);
    let judgement = judge.statement(&bundle, name)?;
    let accepted = matches!(judgement, Judgement::Accepted(_));
    // What a stranger attests is no concern of the release.
    let attested = if accepted || report.about != About::Attestation {
        check_content(loaded, envelope, name)?
    } else {
        None
    };
    report.standing = Standing::NotChecked;
    match judgement {
        Judgement::Other { claimed, why } => {
            report.claimed = claimed;
            Ok(Seen::Other(why))
        }
        Judgement::Accepted(proof) => {
            report.standing = Standing::Verified;
            (report.who, report.times) = (Some(proof.who), proof.times);
            (report.logged, report.authority) = (proof.logged, proof.authority);
            Ok(Seen::Counts(proof.findings, attested))
        }
    }
}
