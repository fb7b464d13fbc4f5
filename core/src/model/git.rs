//! What a release says about the git objects that its code was taken from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::path::ReleasePath;

/// How the signature of a git object is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GitSignatureKind {
    /// With a key of SSH.
    Ssh,
    /// With a key of `OpenPGP`.
    Openpgp,
    /// With an X.509 certificate (`gpgsm`, `gitsign`).
    X509,
    /// In a way that is not known here.
    Other,
}

/// How far the signature of a git object was checked.
///
/// There is no level above [`Self::VerifiedTimeNotProven`]: the time in a git object is
/// what whoever signed it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GitSignatureLevel {
    /// It is there, and was not checked.
    PresentNotChecked,
    /// It is wrong, or not about this object.
    Bad,
    /// The key that it names made it. Whose key that is is not known.
    ValidUnknownKey,
    /// A key of the given list made it. When is not proven.
    VerifiedTimeNotProven,
}

impl GitSignatureLevel {
    /// What it means, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::PresentNotChecked => "signature present, not checked",
            Self::Bad => "signature BAD",
            Self::ValidUnknownKey => "signed by an unknown key",
            Self::VerifiedTimeNotProven => "signed by a given key, time not proven",
        }
    }
}

/// The signature of a commit or tag, as found when the release was packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitSignature {
    /// How it is made.
    pub kind: GitSignatureKind,
    /// How far it was checked.
    pub level: GitSignatureLevel,
    /// Fingerprint of the key that it names, as `ssh-keygen -l` prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose key that is, as the list of allowed signers says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Why it was not checked, or is bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An annotated tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitTag {
    /// Name in the tag object.
    pub name: String,
    /// Id of the tag object, hex.
    pub id: String,
    /// Tagger time, seconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tagged: Option<u64>,
    /// Its signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<GitSignature>,
}

/// A submodule: named by its commit, not in the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitSubmodule {
    /// Where it would be, in the tree of the commit.
    pub path: String,
    /// Commit of the other repository, hex.
    pub commit: String,
    /// URL in `.gitmodules`, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A file whose content is that of a Git LFS object, and not the pointer in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitLfsFile {
    /// Path in the release.
    pub path: ReleasePath,
    /// Digest that the pointer names.
    pub oid: Digest,
}

/// What may be unfinished in a repository when code is packed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GitAllow {
    /// Changes that are not committed.
    Dirty,
    /// A commit that no branch of a remote has.
    Unpushed,
}

/// A path inside a tree as it is looked up: without a slash at its end, empty for `.`,
/// which is the whole tree.
pub fn inside(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path);
    match path.strip_suffix('/').unwrap_or(path) {
        "." => "",
        "" if path == "/" => "/",
        inside => inside,
    }
}
