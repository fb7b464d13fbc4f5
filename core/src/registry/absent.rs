//! Stands in for registries in a build without network: none can be opened, so nothing
//! else of this is ever run.

use serde_json::Value;

use super::found::{Accepted, Fetched, Referrers};
use super::{Journal, Options, Reference, Sent, Upload, UploadSettings, Want};
use crate::finding::{Code, Problem, Result};
use crate::hash::Meter;
use crate::model::digest::Digest;

/// A repository. There is none without network.
#[derive(Debug)]
pub enum Repository {}

impl Repository {
    /// Fails: this build has no network.
    pub fn open(reference: &Reference, _: &Options) -> Result<Self> {
        Err(Problem::new(Code::NetworkLeftOut, reference))
    }

    /// The reference it was opened with.
    pub fn reference(&self) -> &Reference {
        match *self {}
    }

    /// Bytes of bodies that were received and sent so far.
    pub fn transferred(&self) -> (u64, u64) {
        match *self {}
    }

    /// The manifest of a tag or digest.
    pub fn manifest(&self, _: &str, _: u64) -> Result<Option<Fetched>> {
        match *self {}
    }

    /// What a tag names now.
    pub fn resolve(&self, _: &str) -> Result<Option<Digest>> {
        match *self {}
    }

    /// Puts a manifest under a tag or its digest.
    pub fn put_manifest(&self, _: &str, _: &str, _: &[u8]) -> Result<Accepted> {
        match *self {}
    }

    /// What refers to a manifest.
    pub fn referrers(&self, _: &Digest, _: usize) -> Result<Referrers> {
        match *self {}
    }

    /// Puts a descriptor into the index that stands in for a list of referrers.
    pub fn add_referrer(&self, _: &Digest, _: &Value) -> Result<()> {
        match *self {}
    }

    /// A small blob.
    pub fn blob(&self, _: &Digest, _: u64, _: u64) -> Result<Vec<u8>> {
        match *self {}
    }

    /// Whether a blob is there.
    pub fn has_blob(&self, _: &Digest, _: u64) -> Result<bool> {
        match *self {}
    }

    /// Fetches blobs.
    pub fn fetch(&self, _: &[Want<'_>], _: Option<&Journal>, _: &Meter) -> Vec<Result<()>> {
        match *self {}
    }

    /// Uploads blobs.
    pub fn upload(&self, _: &[Upload], _: &UploadSettings<'_>, _: &Meter) -> Vec<Result<Sent>> {
        match *self {}
    }
}
