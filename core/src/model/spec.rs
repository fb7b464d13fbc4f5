//! `pkg.toml`: what a person says about a release.
//!
//! These types are the file format; reading, suggestions and checks are in
//! [`crate::spec`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::disclosure::{
    Access, DataInformation, Disclosure, Snapshot, TermsChange, Training, Usage,
};
use super::git::GitAllow;
use super::kind::Kind;

/// Name of the file in the release folder.
pub const FILE_NAME: &str = "pkg.toml";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spec {
    /// The release as a whole.
    pub release: ReleaseSpec,
    /// The components, one table each.
    #[serde(default, rename = "component", skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ComponentSpec>,
    /// Data sets that the model was made or measured with, as manifests.
    #[serde(default, rename = "data", skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataSpec>,
    /// Models this one was made from.
    #[serde(default, rename = "base-model", skip_serializing_if = "Vec::is_empty")]
    pub base_models: Vec<BaseModelSpec>,
    /// Terms that live at a URL, kept as they were on a day.
    #[serde(default, rename = "snapshot", skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Snapshot>,
    /// Documents that describe the training data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_information: Option<DataInformation>,
    /// How the release can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// What one has to know to use the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// About the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Terms that held at another time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms_history: Vec<TermsChange>,
}

impl Spec {
    /// What is said beside the components.
    pub fn disclosure(&self) -> Disclosure {
        Disclosure {
            snapshots: self.snapshots.clone(),
            data_information: self.data_information.clone(),
            access: self.access.clone(),
            usage: self.usage.clone(),
            training: self.training.clone(),
            terms_history: self.terms_history.clone(),
            sources: self.release.sources.clone(),
        }
    }
}

/// The release as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReleaseSpec {
    /// Name of the release: lower-case letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Version, free form; also the tag in the OCI index.
    pub version: String,
    /// Who publishes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// One or two sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Day of the release, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// Day from which the terms apply, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_effective_from: Option<String>,
    /// SPDX licence expression for components that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Licence text for components that name none, relative to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_file: Option<String>,
    /// Where what is said here can be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// One component. Exactly one of `paths`, `git`, `url` and `absent` is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ComponentSpec {
    /// Component kind of the Model Openness Framework.
    pub kind: Kind,
    /// Files and globs (`*`, `**`, `?`, `[ab]`), relative to the folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Globs taken away from `paths`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Content of a git commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSpec>,
    /// Where the component is, when it is not in the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `sha256:...` of what is at `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Why the component is not released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// SPDX licence expression that the publisher declares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// File with the licence text, relative to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_file: Option<String>,
    /// What there is to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Content of a git commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitSpec {
    /// Path of the repository, relative to the folder.
    pub repo: String,
    /// Commit, tag or branch.
    pub rev: String,
    /// Folder or file in the tree; the whole tree if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Folder in the bundle under which the files are put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<String>,
    /// List of those who may sign tags and commits (ssh-keygen(1), ALLOWED SIGNERS),
    /// relative to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_signers: Option<String>,
    /// What may be unfinished in the repository; it is recorded in the release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<GitAllow>,
}

/// How a data set can be had (Open Source AI Definition 1.0, data information).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataClass {
    /// Shared under open terms.
    Open,
    /// Publicly available, under whatever terms.
    Public,
    /// Obtainable from third parties, also for a fee.
    Obtainable,
    /// Cannot be shared.
    Unshareable,
}

/// What a data set was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataRole {
    /// Pre-training.
    Pretrain,
    /// Fine-tuning.
    Finetune,
    /// Preference or reward data.
    Preference,
    /// Evaluation.
    Eval,
}

/// One data set, described by a manifest rather than copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DataSpec {
    /// Name of the data set.
    pub name: String,
    /// Manifest file (Croissant or other), relative to the folder; packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `sha256:...` of the data where it is one file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How it can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<DataClass>,
    /// What it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<DataRole>,
    /// SPDX licence expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Model that generated it, if it is synthetic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_from: Option<String>,
    /// Day on which it was taken back, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// What there is to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a model was made from another (Hugging Face `base_model_relation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Trained further.
    Finetune,
    /// Parameters to be applied on top of the base.
    Adapter,
    /// The same parameters in fewer bits.
    Quantized,
    /// Merged from several.
    Merge,
}

/// A model this one was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BaseModelSpec {
    /// Its name, as its publisher writes it.
    pub name: String,
    /// How this model was made from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// `sha256:...` of its bundle or weights, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Its licence, as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}
