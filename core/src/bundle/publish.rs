//! A bundle into a registry: blobs first, then the manifest under its digest, then
//! what refers to it. Nothing is put under a tag here.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::limits;
use super::load::{self, Loaded};
use super::oci::{self, Descriptor, Manifest};
use super::refer::attachable;
use super::source::Source;
use crate::finding::{Code, Problem, Result};
use crate::hash::{Meter, Span};
use crate::model::digest::Digest;
use crate::registry::{Repository, Sent, Upload, UploadSettings};

/// A blob, and how it got there.
#[derive(Debug, Clone)]
pub struct SentBlob {
    /// What it is: a path in the release, or a media type.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// How it got there.
    pub how: Sent,
}

/// What was published.
#[derive(Debug)]
pub struct Published {
    /// The blobs, each once.
    pub blobs: Vec<SentBlob>,
    /// Number of manifests that refer to the release.
    pub referrers: usize,
    /// Whether the registry keeps no list of them, so that the tag scheme has to do.
    pub by_tag: bool,
}

/// Something that refers to the release, to be published.
struct Attached {
    entry: Descriptor,
    manifest: Vec<u8>,
}

/// Publishes a release and what refers to it, by digest. Blobs that are there already
/// are not sent.
pub fn publish(
    loaded: &Loaded,
    repository: &Repository,
    settings: &UploadSettings<'_>,
    meter: &Meter,
) -> Result<Published> {
    let source = attachable(loaded)?;
    let attached = attached(source, loaded)?;
    let wanted = wanted(loaded, &attached)?;
    let mut uploads = Vec::new();
    for (_, blob) in &wanted {
        let span = source.blob(blob)?;
        let span = span.ok_or_else(|| {
            Problem::new(Code::MissingBlob, blob.digest)
                .hint("A bundle that was pulled with `--only` cannot be pushed; pull all of it.")
        })?;
        if span.len != blob.size {
            return Err(super::source::wrong_size(blob.digest, blob.size, span.len));
        }
        uploads.push(Upload { digest: blob.digest, size: blob.size, span });
    }
    let mut blobs = Vec::new();
    for ((name, blob), sent) in wanted.into_iter().zip(repository.upload(&uploads, settings, meter))
    {
        blobs.push(SentBlob { name, digest: blob.digest, size: blob.size, how: sent? });
    }
    let manifest = &loaded.documents.manifest;
    repository.put_manifest(&loaded.digest.to_string(), oci::MANIFEST, manifest)?;
    let manifests: Vec<(Descriptor, &[u8])> =
        attached.iter().map(|it| (it.entry.clone(), it.manifest.as_slice())).collect();
    let by_tag = referrers(repository, &loaded.digest, &manifests)?;
    Ok(Published { blobs, referrers: manifests.len(), by_tag })
}

/// Puts manifests that refer to `subject`; gives whether the tag scheme was needed
/// (distribution specification, "Pushing manifests with subject").
pub(super) fn referrers(
    repository: &Repository,
    subject: &Digest,
    manifests: &[(Descriptor, &[u8])],
) -> Result<bool> {
    let mut by_tag = false;
    for (entry, bytes) in manifests {
        let name = entry.digest.to_string();
        let accepted = repository.put_manifest(&name, oci::MANIFEST, bytes)?;
        if !accepted.subject_kept {
            let value = serde_json::to_value(entry).map_err(|error| {
                Problem::new(Code::Internal, &name).detail(error.to_string()).source(error)
            })?;
            repository.add_referrer(subject, &value)?;
            by_tag = true;
        }
    }
    Ok(by_tag)
}

/// Uploads blobs that are in memory.
pub(super) fn small_blobs(repository: &Repository, blobs: &[&[u8]]) -> Result<()> {
    let mut file = tempfile::tempfile()
        .map_err(|error| Problem::writing(Path::new("a temporary file"), error))?;
    let mut uploads = Vec::new();
    let mut offset = 0;
    for bytes in blobs {
        let written = file.write_all(bytes);
        written.map_err(|error| Problem::writing(Path::new("a temporary file"), error))?;
        uploads.push((Digest::of(bytes), offset, bytes.len() as u64));
        offset += bytes.len() as u64;
    }
    let file = Arc::new(file);
    let uploads: Vec<Upload> = uploads
        .into_iter()
        .map(|(digest, offset, size)| Upload {
            digest,
            size,
            span: Span { file: Arc::clone(&file), offset, len: size },
        })
        .collect();
    let settings = UploadSettings { mount_from: &[], sessions: None };
    repository
        .upload(&uploads, &settings, &Meter::default())
        .into_iter()
        .try_for_each(|sent| sent.map(drop))
}

/// What refers to the release, in the order of the index. What is wrong with one of
/// them was found when the bundle was loaded.
fn attached(source: &Source, loaded: &Loaded) -> Result<Vec<Attached>> {
    let index = load::read_index(source)?;
    let referring = index.manifests.into_iter().filter(load::is_referrer);
    referring
        .map(|entry| {
            let manifest = source.checked_blob(&entry, limits::MANIFEST)?;
            Ok(Attached { entry, manifest })
        })
        .filter(|it: &Result<Attached>| match it {
            Ok(it) => loaded.referrer_blobs.contains(&it.entry.digest),
            Err(_) => true,
        })
        .collect()
}

/// Every blob once, with a name for people.
fn wanted(loaded: &Loaded, attached: &[Attached]) -> Result<Vec<(String, Descriptor)>> {
    let mut seen = HashSet::new();
    let mut wanted = Vec::new();
    let mut add = |name: &str, blob: &Descriptor| {
        if seen.insert(blob.digest) {
            wanted.push((name.to_owned(), blob.clone()));
        }
    };
    add(&loaded.manifest.config.media_type, &loaded.manifest.config);
    for layer in &loaded.manifest.layers {
        add(layer.annotation(oci::FILEPATH).unwrap_or(&layer.media_type), layer);
    }
    for it in attached {
        let name = it.entry.digest.to_string();
        let manifest: Manifest = load::parse(&it.manifest, Code::ManifestInvalid, &name)?;
        for blob in [&manifest.config].into_iter().chain(&manifest.layers) {
            add(&blob.media_type, blob);
        }
    }
    Ok(wanted)
}
