//! What a registry answers, as far as it is handed on. Data only.

use serde_json::Value;

use crate::model::digest::Digest;

/// A manifest as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The media type that the registry gives, without parameters; empty if it gives none.
    pub media_type: String,
    /// Their SHA-256.
    pub digest: Digest,
}

/// What a registry did with a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Whether it says that it lists the manifest as a referrer of its subject.
    pub subject_kept: bool,
}

/// What refers to a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrers {
    /// Descriptors, as they are in the index: each has a media type, a SHA-256 digest
    /// and a size.
    pub manifests: Vec<Value>,
    /// Whether the registry has no list, so that the tag stood in for it.
    pub by_tag: bool,
}
