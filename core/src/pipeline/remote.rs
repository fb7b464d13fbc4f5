//! What a release needs of a registry.

use std::path::{Path, PathBuf};

use crate::finding::{Finding, Result};
use crate::hash::Meter;
use crate::model::digest::Digest;

/// What was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Digest under which the registry has it now.
    pub digest: Digest,
    /// Bytes that were sent; what the registry had was not.
    pub bytes: u64,
}

/// A repository in a registry, and a tag in it.
pub trait Remote {
    /// The repository with the tag, as it was given.
    fn name(&self) -> String;

    /// What the tag names now.
    fn tagged(&self) -> Result<Option<Digest>>;

    /// Sends a bundle with all that refers to it, under its digest. The tag is left
    /// alone. Nothing is sent where the findings say why not.
    fn push(&self, bundle: &Path, meter: &Meter) -> Result<(Option<Sent>, Vec<Finding>)>;

    /// What `verify` takes for this release in the repository.
    fn target(&self, digest: Digest) -> PathBuf;

    /// Lets the tag name this release; one that names another is moved only when asked.
    fn tag(&self, digest: Digest, move_tag: bool) -> Result<Vec<Finding>>;
}
