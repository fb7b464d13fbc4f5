//! Roots that were fetched earlier: where they lie and how old they are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::json;
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;

/// Name of the trusted root in its folder.
pub(super) const ROOT: &str = "trusted_root.json";
/// Name of the signing config in its folder.
pub(super) const SIGNING_CONFIG: &str = "signing_config.json";
/// Name of what is known about both.
pub(super) const META: &str = "meta.json";

/// Largest description that is read, in bytes.
const MAX_META: u64 = 64 << 10;

/// What is known about a fetched root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Meta {
    /// Where it was fetched from.
    pub url: String,
    /// When, RFC 3339.
    pub fetched: jiff::Timestamp,
    /// Version of the TUF root that vouches for it.
    pub root_version: u64,
    /// SHA-256 of the trusted root.
    pub digest: Digest,
}

/// A root in the cache.
#[derive(Debug, Clone)]
pub struct Cached {
    /// The trusted root.
    pub root: PathBuf,
    /// The signing config, if the repository has one.
    pub signing_config: Option<PathBuf>,
    /// What is known about them.
    pub meta: Meta,
}

/// Where what comes from a repository is kept; nothing when there is no cache.
pub fn folder(url: &str) -> Option<PathBuf> {
    let name = Digest::of(url.trim_end_matches('/').as_bytes()).short();
    fsx::cache_folder().map(|cache| cache.join("trust").join(name))
}

/// What was fetched into `folder` earlier, if anything was.
pub fn load(folder: &Path) -> Result<Option<Cached>> {
    let path = folder.join(META);
    if !fsx::exists(&path) {
        return Ok(None);
    }
    let invalid = |detail: String| {
        Problem::new(Code::TrustRootInvalid, path.display())
            .detail(detail)
            .hint("Remove the folder, then run `pkg trust update`.")
    };
    let meta: Meta = json::from_slice_strict(&fsx::read_limited(&path, MAX_META)?)
        .map_err(|error| invalid(error.to_string()).source(error))?;
    let root = folder.join(ROOT);
    let signing_config = Some(folder.join(SIGNING_CONFIG)).filter(|path| fsx::exists(path));
    Ok(Some(Cached { root, signing_config, meta }))
}
