//! What is known of a release, wherever it was read: the input of every rule here.

use schemars::JsonSchema;
use serde::Serialize;

use crate::licence::text::Concluded;
use crate::model::digest::Digest;
use crate::model::disclosure::Disclosure;
use crate::model::kind::Kind;
use crate::model::release::Evidence;
use crate::model::spec::{BaseModelSpec, DataClass, DataRole};

/// Where a release was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A bundle, an archive, or a folder unpacked from one.
    Bundle,
    /// A folder with a `pkg.toml`.
    Folder,
    /// A `pkg.toml` alone.
    #[default]
    Spec,
    /// A description in the YAML of the Model Openness Framework.
    Mof,
    /// A model card.
    Card,
    /// A description of a data set (Croissant).
    DataSet,
}

/// Somebody who signed, as verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedBy {
    /// Who.
    pub who: String,
    /// Since when that is proven; none for a bare key.
    pub time: Option<String>,
}

/// A text of terms that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoundText {
    /// Its path.
    pub path: String,
    /// Its digest.
    pub digest: Digest,
    /// What it turned out to be; none when it was not read.
    pub concluded: Option<Concluded>,
    /// Its encoding, when that is not UTF-8.
    pub encoding: Option<&'static str>,
}

/// Terms that files of a component name for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileTerms {
    /// The licence expression.
    pub expression: String,
    /// How many files name it.
    pub files: usize,
    /// One of them.
    pub example: String,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its kind.
    pub kind: Kind,
    /// How well its presence is known; none when it is absent.
    pub evidence: Option<Evidence>,
    /// Number of its files.
    pub files: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Digest of its content, where it has one: that of its first layer or file.
    pub digest: Option<Digest>,
    /// Where it is, when it is not here.
    pub url: Option<String>,
    /// Why it is absent.
    pub absent: Option<String>,
    /// What there is to add.
    pub note: Option<String>,
    /// Licence expression, as declared.
    pub declared: Option<String>,
    /// The text that is bound to it.
    pub text: Option<BoundText>,
    /// Terms that its files name, most files first.
    pub inside: Vec<FileTerms>,
    /// Commit of its code.
    pub commit: Option<String>,
}

impl Part {
    /// A component of which nothing is known but that somebody says it is there.
    pub fn claimed(kind: Kind) -> Self {
        Self {
            kind,
            evidence: Some(Evidence::Claimed),
            files: 0,
            bytes: 0,
            digest: None,
            url: None,
            absent: None,
            note: None,
            declared: None,
            text: None,
            inside: Vec::new(),
            commit: None,
        }
    }
}

/// A data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataPart {
    /// Its name.
    pub name: String,
    /// How well its description is known.
    pub evidence: Evidence,
    /// How it can be had, as declared.
    pub class: Option<DataClass>,
    /// What it was used for, as declared.
    pub role: Option<DataRole>,
    /// Licence expression, as declared.
    pub licence: Option<String>,
    /// Where it is, as declared.
    pub url: Option<String>,
    /// Digest of the data, as declared.
    pub digest: Option<Digest>,
    /// Whether a manifest of it is there, and what it is.
    pub manifest: Option<String>,
    /// Model that generated it, as declared.
    pub synthetic_from: Option<String>,
    /// Day on which it was taken back, as declared.
    pub withdrawn: Option<String>,
    /// What there is to add.
    pub note: Option<String>,
}

/// What a person states, in a signed statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// What is claimed: a word of [`super::claims`], or a URI.
    pub claim: String,
    /// Who states it.
    pub by: String,
    /// In what capacity.
    pub role: Option<String>,
    /// Day, as stated.
    pub date: String,
    /// To what it extends.
    pub scope: Option<String>,
    /// Who signed it, as verified; none when that was not verified.
    pub signed_by: Option<String>,
}

/// A release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Where it was read.
    pub form: Form,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who publishes it, as declared.
    pub publisher: Option<String>,
    /// Day of the release, as declared.
    pub released: Option<String>,
    /// Day from which the terms apply, as declared.
    pub terms_effective_from: Option<String>,
    /// Digest of the release.
    pub digest: Option<Digest>,
    /// Who signed it, as verified.
    pub signed_by: Vec<SignedBy>,
    /// Number of signatures, verified or not.
    pub signatures: usize,
    /// Its components.
    pub parts: Vec<Part>,
    /// Its data sets.
    pub data: Vec<DataPart>,
    /// Models it was made from, as declared.
    pub base_models: Vec<BaseModelSpec>,
    /// What is said beside the components.
    pub disclosure: Disclosure,
    /// What people state.
    pub claims: Vec<Claim>,
    /// Paths of all files, where they are known.
    pub paths: Vec<String>,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// It is not.
    No,
    /// Somebody says so, or a link leads there.
    Stated,
    /// Its bytes are here.
    Here,
}

impl Subject {
    /// The component of a kind.
    pub fn part(&self, kind: Kind) -> Option<&Part> {
        let mut of_kind = self.parts.iter().filter(|part| part.kind == kind);
        // Of several, the one that is best known says what is there.
        let first = of_kind.next()?;
        Some(
            of_kind
                .fold(first, |best, part| if part.evidence > best.evidence { part } else { best }),
        )
    }

    /// Whether a component is there.
    pub fn presence(&self, kind: Kind) -> Presence {
        match self.part(kind).and_then(|part| part.evidence) {
            None => Presence::No,
            Some(Evidence::Claimed | Evidence::Linked) => Presence::Stated,
            Some(_) => Presence::Here,
        }
    }

    /// A signed statement that something is so.
    pub fn claim(&self, name: &str) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.claim == name && claim.signed_by.is_some())
    }
}
