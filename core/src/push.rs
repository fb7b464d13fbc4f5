//! Putting a release into a registry: everything by digest first, the tag last.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, oci};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx;
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::registry::{self, Reference, Repository, Sent, UploadSettings};

/// What to push, and where to.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// Bundle or archive.
    pub bundle: PathBuf,
    /// Repository and tag; the version of the release is the tag when none is given.
    pub to: Reference,
    /// Repositories of the same registry that may hold its blobs already.
    pub mount_from: Vec<String>,
    /// Whether it is put under the tag; otherwise it is there by digest only.
    pub tag: bool,
    /// Whether a tag that names another release is moved.
    pub move_tag: bool,
    /// Whether weights are sent in coded form as well, where that pays.
    pub coded: bool,
}

/// How a blob got there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It was there.
    Present,
    /// It was taken over from another repository of the registry.
    Mounted,
    /// It was sent.
    Sent,
}

/// A blob that is in the registry now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushedBlob {
    /// Path in the release, or media type.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// How it got there.
    pub how: How,
    /// Bytes that were sent for it in this run.
    pub sent: u64,
}

/// What was pushed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// The release by its digest: what to hand on.
    pub reference: String,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Digest of the release.
    pub digest: Digest,
    /// The tag that names it now.
    pub tag: Option<String>,
    /// What the tag named before, if that was something else.
    pub tag_was: Option<Digest>,
    /// The blobs.
    pub blobs: Vec<PushedBlob>,
    /// Bytes of blobs that were sent.
    pub sent: u64,
    /// Number of blobs that are there in coded form as well.
    pub coded: usize,
    /// Number of signatures, attestations and pieces of evidence that went along.
    pub referrers: usize,
    /// Whether the registry lists them by the tag scheme only.
    pub referrers_by_tag: bool,
}

/// Pushes a bundle. A release whose documents contradict each other is not pushed.
pub fn push(request: &PushRequest, meter: &Meter) -> Result<(Option<Pushed>, Vec<Finding>)> {
    let loaded = bundle::load(&request.bundle)?;
    bundle::attachable(&loaded)?;
    if let Some(expected) = request.to.digest().filter(|digest| *digest != loaded.digest) {
        let detail = format!("expected {expected}, but the bundle is {}", loaded.digest);
        return Err(Problem::new(Code::DigestExpected, &request.to).detail(detail));
    }
    let to = if request.tag {
        tagged(&request.to, &loaded.release.version)?
    } else {
        request.to.clone()
    };
    let mut findings = loaded.findings.clone();
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok((None, findings));
    }
    let repository = Repository::open(&to, registry::options())?;
    if request.tag {
        // Said now, not after hours of sending.
        free(&repository, &to, &loaded.digest, request.move_tag)?;
    }
    let sessions = fsx::cache_folder().map(|folder| folder.join("uploads"));
    let mounts = mounts(&to, &request.mount_from)?;
    let settings = UploadSettings { mount_from: &mounts, sessions: sessions.as_deref() };
    let published = bundle::publish(&loaded, &repository, &settings, meter)?;
    let coded = if request.coded {
        bundle::publish_coded(&loaded, &repository, &settings, meter)?
    } else {
        Vec::new()
    };
    if request.coded && coded.is_empty() {
        findings.push(Problem::new(Code::CodingPaysNot, &to).into_finding());
    }
    let in_coded_form = coded.len();
    let blobs: Vec<PushedBlob> = published
        .blobs
        .into_iter()
        .chain(coded)
        .map(|blob| {
            let (how, sent) = match blob.how {
                Sent::Present => (How::Present, 0),
                Sent::Mounted => (How::Mounted, 0),
                Sent::Uploaded { bytes } => (How::Sent, bytes),
            };
            PushedBlob { name: blob.name, digest: blob.digest, size: blob.size, how, sent }
        })
        .collect();
    let mut pushed = Pushed {
        reference: without_tag(&to).with_digest(loaded.digest).to_string(),
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        digest: loaded.digest,
        tag: None,
        tag_was: None,
        sent: blobs.iter().map(|blob| blob.sent).sum(),
        blobs,
        coded: in_coded_form,
        referrers: published.referrers,
        referrers_by_tag: published.by_tag,
    };
    if published.by_tag {
        findings.push(Problem::new(Code::ReferrersByTag, &to).into_finding());
    }
    if request.tag {
        let (was, more) = put_tag(&repository, &to, &loaded.digest, request.move_tag)?;
        (pushed.tag, pushed.tag_was) = (to.tag().map(str::to_owned), was);
        findings.extend(more);
    }
    Ok((Some(pushed), findings))
}

/// Puts a release that is in a repository under a tag; gives what the tag named before.
pub fn tag(
    to: &Reference,
    digest: &Digest,
    move_tag: bool,
) -> Result<(Option<Digest>, Vec<Finding>)> {
    let repository = Repository::open(to, registry::options())?;
    put_tag(&repository, to, digest, move_tag)
}

/// What a tag names now; nothing if it names nothing.
pub fn tagged_digest(to: &Reference) -> Result<Option<Digest>> {
    match to.tag() {
        Some(tag) => Repository::open(to, registry::options())?.resolve(tag),
        None => Ok(None),
    }
}

fn put_tag(
    repository: &Repository,
    to: &Reference,
    digest: &Digest,
    move_tag: bool,
) -> Result<(Option<Digest>, Vec<Finding>)> {
    let Some(tag) = to.tag() else {
        return Err(Problem::new(Code::RegistryReference, to).detail("it has no tag"));
    };
    let was = free(repository, to, digest, move_tag)?;
    let mut findings = Vec::new();
    if was == Some(*digest) {
        return Ok((None, findings));
    }
    let manifest = repository.manifest(&digest.to_string(), bundle::limits::MANIFEST)?;
    let manifest =
        manifest.ok_or_else(|| Problem::new(Code::RegistryNotFound, to.with_digest(*digest)))?;
    repository.put_manifest(tag, oci::MANIFEST, &manifest.bytes)?;
    if let Some(was) = was {
        let note = Problem::new(Code::TagReplaced, to).detail(format!("it named {was} before"));
        findings.push(note.into_finding());
    }
    let now = repository.resolve(tag)?;
    if now != Some(*digest) {
        let names = now.map_or_else(|| "nothing".to_owned(), |now| now.to_string());
        let detail = format!("it names {names} now, not {digest}");
        findings.push(Problem::new(Code::TagMoved, to).detail(detail).into_finding());
    }
    Ok((was, findings))
}

/// What the tag names; a problem if that is another release and stays so.
fn free(
    repository: &Repository,
    to: &Reference,
    digest: &Digest,
    move_tag: bool,
) -> Result<Option<Digest>> {
    let Some(tag) = to.tag() else { return Ok(None) };
    let was = repository.resolve(tag)?;
    match was {
        Some(was) if was != *digest && !move_tag => Err(Problem::new(Code::TagTaken, to)
            .detail(format!("it names {was}, and this is {digest}"))),
        was => Ok(was),
    }
}

/// The reference with the version as its tag, where it has none.
fn tagged(to: &Reference, version: &str) -> Result<Reference> {
    if to.tag().is_some() {
        return Ok(to.clone());
    }
    let text = format!("{}:{version}", without_digest(to));
    text.parse().map_err(|_| {
        Problem::new(Code::RegistryReference, to)
            .detail(format!("it has no tag, and the version {version:?} cannot be one"))
    })
}

fn without_digest(to: &Reference) -> String {
    format!("{}{}/{}", registry::SCHEME, to.host(), to.repository())
}

fn without_tag(to: &Reference) -> Reference {
    without_digest(to).parse().unwrap_or_else(|_| to.clone())
}

/// Names of repositories of the same registry, given bare or as references.
fn mounts(to: &Reference, from: &[String]) -> Result<Vec<String>> {
    from.iter()
        .map(|name| {
            let text = if name.starts_with(registry::SCHEME) {
                name.clone()
            } else {
                format!("{}{}/{name}", registry::SCHEME, to.host())
            };
            let other: Reference = text.parse()?;
            if other.host() != to.host() {
                return Err(Problem::new(Code::RegistryReference, name)
                    .detail("blobs are mounted from repositories of the same registry only"));
            }
            Ok(other.repository().to_owned())
        })
        .collect()
}
