//! What a bundle says about itself: the release description and file index.
//!
//! Both documents are layers of the bundle, so the manifest digest covers them.
//! The signed release statement repeats the description as its predicate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::disclosure::Disclosure;
use super::git::{GitLfsFile, GitSignature, GitSubmodule, GitTag};
use super::kind::Kind;
use super::path::ReleasePath;
use super::spec::{BaseModelSpec, DataClass, DataRole};

/// Value of [`Release::schema`].
pub const RELEASE_SCHEMA: &str = "urn:x-pkg:release:v1";
/// Value of [`FileIndex::schema`].
pub const FILES_SCHEMA: &str = "urn:x-pkg:files:v1";

/// How well a component's presence is known. Computed, never declared.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Somebody says so.
    Claimed,
    /// A link says where it is.
    Linked,
    /// The bytes are in the bundle.
    Packed,
    /// The bytes were checked against what was signed.
    Verified,
    /// It was run and gave what was recorded.
    Tested,
}

impl Evidence {
    /// The word used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Linked => "linked",
            Self::Packed => "packed",
            Self::Verified => "verified",
            Self::Tested => "tested",
        }
    }
}

/// A blob, by digest (OCI content descriptor without annotations).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlobRef {
    /// Media type of the blob.
    pub media_type: String,
    /// Digest of the blob as stored.
    pub digest: Digest,
    /// Size of the blob as stored, in bytes.
    pub size: u64,
}

/// A licence text that is in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LicenceText {
    /// Its path in the release.
    pub path: ReleasePath,
    /// Digest of the text.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
}

/// What the publisher says about the terms of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Licence {
    /// SPDX licence expression, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// The text that was packed with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<LicenceText>,
}

/// The commit that a component's files were taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitSource {
    /// Revision as written in `pkg.toml`.
    pub rev: String,
    /// Commit id, hex.
    pub commit: String,
    /// Id of the commit's root tree, hex.
    pub tree: String,
    /// Path inside the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// URL of the `origin` remote, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Author time, seconds since 1970 UTC.
    pub authored: u64,
    /// Committer time, seconds since 1970 UTC.
    pub committed: u64,
    /// Signature of the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<GitSignature>,
    /// The annotated tag that `rev` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<GitTag>,
    /// Submodules below the path. They are linked by commit, and not in the bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submodules: Vec<GitSubmodule>,
    /// Files that are Git LFS objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lfs: Vec<GitLfsFile>,
    /// Whether there were changes that were not committed, and so are not in the bundle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dirty: bool,
    /// Whether no branch of a remote had the commit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpushed: bool,
}

/// One component of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Component {
    /// Component kind.
    pub kind: Kind,
    /// How well its presence was known when it was packed; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Layers that hold its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<BlobRef>,
    /// Number of files.
    pub files: u64,
    /// Bytes of its files, unpacked.
    pub bytes: u64,
    /// Terms, as declared.
    pub licence: Licence,
    /// Commit it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
    /// Where it is, when it is not in the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Digest of what is at the URL, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Why it is not released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What there is to add, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Component {
    /// How well its presence is known from the bundle alone; none when absent.
    pub fn evidence_when_packed(&self) -> Option<Evidence> {
        if self.absent.is_some() {
            None
        } else if self.files > 0 {
            Some(Evidence::Packed)
        } else if self.url.is_some() {
            Some(Evidence::Linked)
        } else {
            Some(Evidence::Claimed)
        }
    }
}

impl DataSet {
    /// How well its presence is known from the bundle alone.
    pub fn evidence_when_packed(&self) -> Evidence {
        match (&self.manifest, &self.url) {
            (Some(_), _) => Evidence::Packed,
            (None, Some(_)) => Evidence::Linked,
            (None, None) => Evidence::Claimed,
        }
    }
}

/// A data set, by manifest and reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataSet {
    /// Name of the data set.
    pub name: String,
    /// The manifest in the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<LicenceText>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Digest of the data, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// How it can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<DataClass>,
    /// What it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<DataRole>,
    /// SPDX licence expression, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Model that generated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic_from: Option<String>,
    /// Day on which it was taken back, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// What there is to add, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How well its presence was known when it was packed.
    pub evidence: Evidence,
}

/// The release description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// Always [`RELEASE_SCHEMA`].
    pub schema: String,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Who publishes it, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// One or two sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Day of the release, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// Day from which the terms apply, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_effective_from: Option<String>,
    /// The components, in the order of `pkg.toml`.
    pub components: Vec<Component>,
    /// The data sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataSet>,
    /// Models this one was made from, as declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub base_models: Vec<BaseModelSpec>,
    /// What is said beside the components, as declared.
    #[serde(default, skip_serializing_if = "Disclosure::is_empty")]
    pub disclosure: Disclosure,
    /// Files of the release that the disclosure names, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<LicenceText>,
    /// The file index of this release.
    pub file_index: BlobRef,
}

/// To what a file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The component with this position in [`Release::components`].
    Component(usize),
    /// The data set with this position in [`Release::data`].
    Data(usize),
    /// A licence text that no component lists.
    Licence,
}

/// One file of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileEntry {
    /// Its path.
    pub path: ReleasePath,
    /// Digest of its content.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Whether its owner may execute it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
    /// Position of its layer in the manifest; of the first one when it has several.
    pub layer: usize,
    /// Number of consecutive layers that hold it, one part each, in their order. Not
    /// written when it is one: what does not know of parts refuses the others.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub layer_count: usize,
    /// To what it belongs.
    pub owner: Owner,
    /// Digests of its shards, when the index has a shard size and the file is
    /// larger than that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Digest>,
}

impl FileEntry {
    /// Whether it is stored in parts, each a layer of its own.
    pub fn in_parts(&self) -> bool {
        self.layer_count != 1
    }

    /// Positions of its layers in the manifest.
    pub fn layers(&self) -> std::ops::Range<usize> {
        self.layer..self.layer.saturating_add(self.layer_count)
    }
}

fn one() -> usize {
    1
}

// The signature is the one that serde asks for.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// All files of the release, ordered by path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileIndex {
    /// Always [`FILES_SCHEMA`].
    pub schema: String,
    /// Bytes per shard; files longer than this carry shard digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_size: Option<u64>,
    /// The files.
    pub files: Vec<FileEntry>,
}

impl FileIndex {
    /// A file in parts that is longer than a shard of `size` bytes: its shards are not
    /// in the index, and nothing can be said about them without reading it.
    pub fn without_shards(&self, size: u64) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.in_parts() && file.size > size)
    }
}
