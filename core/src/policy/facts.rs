//! What the rules of a policy look at.
//!
//! Facts are what verification found out, and nothing that a bundle merely
//! says. What was not looked at is absent, which is not the same as an empty
//! list: a rule that needs it is not met, because the answer is unknown.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::finding::{Code, Problem, Result, Severity};
use crate::fsx;
use crate::model::digest::Digest;
use crate::model::kind::Kind;
use crate::model::release::Evidence;
use crate::trust::json;
use crate::trust::who::{ProvenTime, Who};

/// Largest file of facts that is read, in bytes.
pub const MAX_FACTS: u64 = 16 << 20;

/// What is known about a release when a policy is applied to it. Rules in Rego
/// see this document as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    /// The release.
    pub release: ReleaseFacts,
    /// Its signatures; absent when they were not looked at.
    #[serde(default)]
    pub signatures: Option<Vec<SignatureFacts>>,
    /// Its components; absent when they were not looked at.
    #[serde(default)]
    pub components: Option<Vec<ComponentFacts>>,
    /// What verification found; absent when the content was not verified.
    #[serde(default)]
    pub findings: Option<Vec<FindingFacts>>,
    /// Plugins that were run; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugins: Option<Vec<PluginFacts>>,
    /// The time of the decision, RFC 3339. Nothing here reads a clock.
    pub now: String,
    /// Openness and terms, as `pkg report --json` has them in `result`; absent when
    /// they were not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Value>,
}

/// The release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who publishes it, as the release says.
    #[serde(default)]
    pub publisher: Option<String>,
    /// Its digest.
    pub digest: Digest,
    /// Day of the release, `YYYY-MM-DD`, as the release says. No proof of age.
    #[serde(default)]
    pub released: Option<String>,
}

/// How far a signature was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is genuine, and about this release.
    Verified,
    /// It is there; with what was at hand it could not be checked.
    NotChecked,
    /// It is wrong.
    Invalid,
}

/// A signature over a statement about the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignatureFacts {
    /// Blob digest, or path in an unpacked folder.
    pub name: String,
    /// Predicate type of the signed statement.
    pub predicate_type: String,
    /// How far it was checked.
    pub standing: Standing,
    /// Who made it. Present only when it was verified.
    #[serde(default)]
    pub who: Option<Who>,
    /// For a certificate: SHA-256 (DER) of the authority, as the caller named
    /// it, below which the certificate was verified.
    #[serde(default)]
    pub authority: Option<Digest>,
    /// When it is proven to have existed.
    #[serde(default)]
    pub times: Vec<ProvenTime>,
    /// Whether its entry in a transparency log was verified.
    #[serde(default)]
    pub log: bool,
    /// For a verified test result about the release: what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestFacts>,
}

/// What a test result says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestFacts {
    /// `PASSED`, `WARNED` or `FAILED`.
    pub result: String,
    /// Plugins it is a result of.
    #[serde(default)]
    pub plugins: Vec<String>,
}

/// A plugin that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginFacts {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its library.
    pub sha256: String,
    /// `passed`, `warned`, `inconclusive`, `failed`, `skipped` or `broken`.
    pub verdict: String,
    /// Whether it was looked at, and holds.
    pub holds: bool,
}

/// A component of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComponentFacts {
    /// Its kind.
    pub kind: Kind,
    /// How well its presence is known; none when the release says it is absent.
    pub evidence: Option<Evidence>,
    /// Number of its files.
    pub files: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Licence, as declared.
    #[serde(default)]
    pub licence: Option<String>,
    /// Digest of the licence text, if that is in the release.
    #[serde(default)]
    pub licence_text: Option<Digest>,
}

/// A finding of the verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindingFacts {
    /// Its code, as `pkg explain` lists them.
    pub code: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What it is about.
    pub subject: String,
}

impl Facts {
    /// Reads facts kept as a JSON file.
    pub fn load(path: &std::path::Path) -> Result<Self> {
        Self::from_json(&fsx::read_given(path, MAX_FACTS)?, &path.display().to_string())
    }

    /// Reads facts from JSON; `subject` names it in problems. Repeated keys are
    /// refused, as are facts that contradict themselves.
    pub fn from_json(bytes: &[u8], subject: &str) -> Result<Self> {
        let invalid = |detail: String| Problem::new(Code::FactsInvalid, subject).detail(detail);
        let facts: Self = json::from_slice_strict(bytes)
            .map_err(|error| invalid(error.to_string()).source(error))?;
        match facts.contradiction() {
            Some(detail) => Err(invalid(detail)),
            None => Ok(facts),
        }
    }

    /// What cannot be so, if anything.
    fn contradiction(&self) -> Option<String> {
        if self.now.parse::<Timestamp>().is_err() {
            return Some(format!("`now` is {:?}, which is no time of RFC 3339", self.now));
        }
        self.signatures.iter().flatten().find_map(|signature| {
            let name = &signature.name;
            if signature.who.is_some() && signature.standing != Standing::Verified {
                return Some(format!("the signature {name:?} has a signer, but is not verified"));
            }
            let wrong = signature.times.iter().find(|t| t.time.parse::<Timestamp>().is_err())?;
            Some(format!("{:?}, a time of {name:?}, is no time of RFC 3339", wrong.time))
        })
    }
}
