//! Signatures of a release: what they say, and whether it is about this release.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::{Document, Loaded};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::model::content::ContentHash;
use crate::model::digest::Digest;
use crate::model::release::{FileIndex, Release};
use crate::trust::bundle::{self, Envelope, Material};
use crate::trust::judge::{Judge, Judgement};
use crate::trust::key::PublicKey;
use crate::trust::oms::{self, IgnoreSet, Method, Resource};
use crate::trust::statement::{self, Statement, predicate};
use crate::trust::who::{ProvenTime, Who};

/// Paths of an unpacked folder that the model signature leaves to others.
pub const IGNORE_PATHS: [&str; 6] =
    [".git", ".gitattributes", ".github", ".gitignore", ".pkg", "model.sig"];

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

/// What a signature is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// The release statement of pkg.
    Release,
    /// The OpenSSF model signature over the unpacked files.
    Model,
    /// Something that this version of pkg does not know.
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
            Ok(Seen::Unknown(predicate_type)) => {
                let detail = format!(
                    "its statement is a {predicate_type}, which this version does not know"
                );
                all.findings.push(other(detail).into_finding());
            }
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
            Ok(Seen::Counts(notes)) => all.findings.extend(notes),
            Ok(Seen::Other(_)) => {}
        }
    }
    all
}

/// What came of a document that is not wrong.
enum Seen {
    Counts(Vec<Finding>),
    Other(Option<Problem>),
    Unknown(String),
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
    report.about = match report.predicate_type.as_str() {
        predicate::RELEASE => About::Release,
        predicate::MODEL_SIGNATURE => About::Model,
        _ => About::Other,
    };
    let judgement = judge.statement(&bundle, name)?;
    match report.about {
        About::Release => check_release(loaded, envelope, name)?,
        About::Model => check_model(&loaded.files, envelope, name)?,
        About::Other => {}
    }
    report.standing = Standing::NotChecked;
    match judgement {
        Judgement::Other { claimed, why } => {
            report.claimed = claimed;
            Ok(Seen::Other(why))
        }
        Judgement::Accepted(_) if report.about == About::Other => {
            Ok(Seen::Unknown(report.predicate_type.clone()))
        }
        Judgement::Accepted(proof) => {
            report.standing = Standing::Verified;
            (report.who, report.times) = (Some(proof.who), proof.times);
            (report.logged, report.authority) = (proof.logged, proof.authority);
            Ok(Seen::Counts(proof.findings))
        }
    }
}

fn check_release(loaded: &Loaded, envelope: &Envelope, name: &str) -> Result<()> {
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

fn check_model(files: &FileIndex, envelope: &Envelope, name: &str) -> Result<()> {
    let model = oms::parse(&envelope.payload, name)?;
    if model.hash != ContentHash::Sha256 {
        return Err(Problem::new(Code::OmsUnsupported, name)
            .detail(format!("its hash is {}, and the file index has SHA-256", model.hash)));
    }
    if let Method::Shards { size } = model.method
        && files.shard_size != Some(size)
    {
        return Err(Problem::new(Code::OmsUnsupported, name)
            .detail(format!("its shards of {size} bytes are not those of the file index")));
    }
    let mut expected = resources(files, model.method, &IgnoreSet::new(&model.ignore_paths));
    let mut actual = model.resources;
    let key = |resource: &Resource| (resource.path.clone(), resource.range);
    expected.sort_by_key(key);
    actual.sort_by_key(key);
    if expected == actual {
        return Ok(());
    }
    let differs = expected.iter().zip(&actual).find(|(one, other)| one != other);
    let first = differs.map_or_else(
        || "the number of resources".to_owned(),
        |(expected, _)| expected.path.clone(),
    );
    Err(Problem::new(Code::StatementMismatch, name)
        .detail(format!("the model signature lists other files than the release; first: {first}")))
}

/// What a model signature over these files lists.
pub fn resources(files: &FileIndex, method: Method, ignored: &IgnoreSet) -> Vec<Resource> {
    let mut resources = Vec::new();
    let covered = files.files.iter().filter(|file| !ignored.covers(file.path.as_str()));
    for file in covered {
        let path = file.path.as_str().to_owned();
        match method {
            Method::Files => {
                resources.push(Resource { path, range: None, digest: file.digest.into() });
            }
            // The reference implementation lists no shard for an empty file.
            Method::Shards { .. } if file.size == 0 => {}
            Method::Shards { size } if file.size > size => {
                for ((offset, len), digest) in
                    crate::hash::shards(file.size, size).zip(&file.shards)
                {
                    let range = Some((offset, offset + len));
                    let digest = (*digest).into();
                    resources.push(Resource { path: path.clone(), range, digest });
                }
            }
            Method::Shards { .. } => {
                let (range, digest) = (Some((0, file.size)), file.digest.into());
                resources.push(Resource { path, range, digest });
            }
        }
    }
    resources
}
