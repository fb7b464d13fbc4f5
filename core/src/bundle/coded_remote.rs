//! Coded blobs of a release in a registry: an artifact of its own that refers to the
//! release. Raw blobs stay what they are; who does not know the coding sees nothing new.
//!
//! A coded blob is never trusted: what it decodes to has the digest that the release names,
//! or the raw blob is fetched.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::coded::{CodedBlob, candidates, decode_blob, encode_blob};
use super::download::JOURNAL;
use super::limits;
use super::load::{self, Loaded};
use super::oci::{self, Descriptor, Manifest};
use super::publish::{SentBlob, referrers, small_blobs};
use super::refer::attachable;
use super::remote::Remote;
use super::source::blob_name;
use crate::coding;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::hash::{BUFFER, Meter, Span, ingest};
use crate::model::digest::Digest;
use crate::registry::{Journal, Repository, Upload, UploadSettings, Want};

/// Artifact type of the manifest that lists coded blobs.
pub(super) const ARTIFACT: &str = "application/vnd.x-pkg.coded.v1";
/// Media type of a coded blob.
const BLOB: &str = "application/vnd.x-pkg.coded.v1.planes-zstd";
/// Annotation of a coded blob: digest of its raw bytes.
const RAW_DIGEST: &str = "x-pkg.coded.digest";
/// Annotation of a coded blob: number of its raw bytes.
const RAW_SIZE: &str = "x-pkg.coded.size";
/// Annotation of a coded blob: name and version of the coding.
const CODING: &str = "x-pkg.coded.coding";

/// Most artifacts with coded blobs that are looked at; one is usual.
const ARTIFACTS: usize = 4;

/// Folder for what is not decoded yet, in a download.
pub(super) const FOLDER: &str = ".coded";

fn descriptor(blob: &CodedBlob) -> Descriptor {
    let mut descriptor = Descriptor::new(BLOB, blob.coded, blob.coded_size);
    for (key, value) in [
        (RAW_DIGEST, blob.digest.to_string()),
        (RAW_SIZE, blob.size.to_string()),
        (CODING, coding::NAME.to_owned()),
    ] {
        descriptor.annotations.insert(key.to_owned(), value);
    }
    descriptor
}

/// What a descriptor says; nothing if it is of another coding.
fn listed(layer: &Descriptor) -> Option<CodedBlob> {
    if layer.media_type != BLOB || layer.annotation(CODING) != Some(coding::NAME) {
        return None;
    }
    Some(CodedBlob {
        digest: layer.annotation(RAW_DIGEST)?.parse().ok()?,
        size: layer.annotation(RAW_SIZE)?.parse().ok()?,
        coded: layer.digest,
        coded_size: layer.size,
    })
}

/// Sends the coded form of blobs that pay, and the artifact that lists them; gives the
/// blobs, none where nothing pays. The release is in the repository already.
pub fn publish_coded(
    loaded: &Loaded,
    repository: &Repository,
    settings: &UploadSettings<'_>,
    meter: &Meter,
) -> Result<Vec<SentBlob>> {
    let source = attachable(loaded)?;
    let mut made: Vec<(CodedBlob, Arc<File>)> = Vec::new();
    for (digest, ranges) in candidates(loaded)? {
        let layer = loaded.manifest.layers.iter().find(|layer| layer.digest == digest);
        let Some(span) = layer.map(|layer| source.blob(layer)).transpose()?.flatten() else {
            continue;
        };
        let file = room()?;
        let mut sink = io::BufWriter::with_capacity(BUFFER, &file);
        let blob = encode_blob(digest, &span, &ranges, &mut sink, meter)?;
        let flushed = sink.flush();
        drop(sink);
        flushed.map_err(|error| Problem::writing(Path::new("a temporary file"), error))?;
        if let Some(blob) = blob {
            made.push((blob, Arc::new(file)));
        }
    }
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let uploads: Vec<Upload> = made
        .iter()
        .map(|(blob, file)| Upload {
            digest: blob.coded,
            size: blob.coded_size,
            span: Span { file: Arc::clone(file), offset: 0, len: blob.coded_size },
        })
        .collect();
    let mut sent = Vec::new();
    for ((blob, _), how) in made.iter().zip(repository.upload(&uploads, settings, meter)) {
        let name = format!("coded {}", blob.digest);
        sent.push(SentBlob { name, digest: blob.coded, size: blob.coded_size, how: how? });
    }
    small_blobs(repository, &[oci::EMPTY_CONTENT])?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: oci::MANIFEST.to_owned(),
        artifact_type: Some(ARTIFACT.to_owned()),
        config: Descriptor::of(oci::EMPTY, oci::EMPTY_CONTENT),
        layers: made.iter().map(|(blob, _)| descriptor(blob)).collect(),
        subject: Some(loaded.manifest_descriptor.clone()),
        annotations: oci::Annotations::new(),
    };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| {
        Problem::new(Code::Internal, loaded.digest).detail(error.to_string()).source(error)
    })?;
    let mut entry = Descriptor::of(oci::MANIFEST, &bytes);
    entry.artifact_type = Some(ARTIFACT.to_owned());
    referrers(repository, &loaded.digest, &[(entry, &bytes)])?;
    Ok(sent)
}

/// A file without a name, where there is room for weights.
fn room() -> Result<File> {
    let parent = fsx::cache_folder().unwrap_or_else(std::env::temp_dir);
    let failed = |error| Problem::writing(&parent, error);
    fs::create_dir_all(&parent).map_err(failed)?;
    tempfile::tempfile_in(&parent).map_err(failed)
}

/// Coded forms that the registry lists, by the digest of their raw bytes.
fn offered(
    remote: &Remote,
    release: &Digest,
    findings: &mut Vec<Finding>,
) -> HashMap<Digest, CodedBlob> {
    let mut offered = HashMap::new();
    for entry in remote.coded().iter().take(ARTIFACTS) {
        let read = || -> Result<Manifest> {
            let bytes = remote.small(entry, limits::MANIFEST)?;
            load::parse(&bytes, Code::ManifestInvalid, &entry.digest.to_string())
        };
        match read() {
            Ok(manifest) if manifest.subject.as_ref().is_some_and(|it| it.digest == *release) => {
                for blob in manifest.layers.iter().filter_map(listed) {
                    offered.entry(blob.digest).or_insert(blob);
                }
            }
            Ok(_) => findings.push(not_used(&entry.digest, "it refers to another release")),
            Err(problem) => findings.push(not_used(&entry.digest, problem)),
        }
    }
    offered
}

fn not_used(subject: &Digest, why: impl std::fmt::Display) -> Finding {
    Problem::new(Code::CodedNotUsed, subject).detail(why.to_string()).into_finding()
}

/// Fetches the coded form of layers where there is one, and decodes it into `layout`; gives
/// the layers that are there then, and the bytes that were fetched. What cannot be used is
/// a finding, and left to be fetched raw.
pub(super) fn fetch_coded(
    remote: &Remote,
    release: &Digest,
    layers: &[&Descriptor],
    layout: &Path,
    meter: &Meter,
) -> Result<(Vec<Digest>, u64, Vec<Finding>)> {
    let (mut there, mut fetched, mut findings) = (Vec::new(), 0_u64, Vec::new());
    let offered = offered(remote, release, &mut findings);
    if offered.is_empty() {
        return Ok((there, fetched, findings));
    }
    let aside = layout.join(FOLDER);
    fs::create_dir_all(&aside).map_err(|error| Problem::writing(&aside, error))?;
    let journal = Journal::open(&layout.join(JOURNAL))?;
    for layer in layers {
        let Some(blob) = offered.get(&layer.digest) else { continue };
        // The size is that of the release; a larger coded form is no gain.
        if blob.size != layer.size || !coding::pays(blob.coded_size, blob.size) {
            findings.push(not_used(&blob.coded, "it is not as large as it should be"));
            continue;
        }
        let target = layout.join(blob_name(&layer.digest));
        // An earlier run may have decoded it, or have begun to fetch it raw.
        if fsx::exists(&target) && proved(&target, layer, meter)? {
            there.push(layer.digest);
            continue;
        }
        match fetch_one(remote, blob, (&aside, &target), &journal, meter) {
            Ok(()) => {
                there.push(layer.digest);
                fetched = fetched.saturating_add(blob.coded_size);
            }
            Err(problem) if here(problem.code()) => return Err(problem),
            Err(problem) => {
                let cause = problem.into_finding();
                let why = format!("{}: {}", cause.code.as_str(), cause.message);
                findings.push(not_used(&blob.coded, why));
            }
        }
    }
    Ok((there, fetched, findings))
}

/// Whether a problem is one of this machine: the raw blob would meet it as well.
fn here(code: Code) -> bool {
    matches!(code, Code::DiskFull | Code::ReadOnlyTarget | Code::WriteFailed)
}

fn fetch_one(
    remote: &Remote,
    blob: &CodedBlob,
    (folder, target): (&Path, &Path),
    journal: &Journal,
    meter: &Meter,
) -> Result<()> {
    let writing = |error| Problem::writing(target, error);
    let coded = folder.join(blob.coded.hex());
    let file = fsx::open_or_create(&coded).map_err(writing)?;
    let want = Want {
        blob: blob.coded,
        size: blob.coded_size,
        parts: Vec::new(),
        sink: Some(crate::hash::Sink { file: &file, offset: 0 }),
    };
    remote.repository().fetch(&[want], Some(journal), meter).into_iter().collect::<Result<()>>()?;
    let span = Span { file: Arc::new(file), offset: 0, len: blob.coded_size };
    let aside = folder.join("raw");
    let made = fsx::open_or_create(&aside).map_err(writing)?;
    made.set_len(0).map_err(writing)?;
    let mut sink = io::BufWriter::with_capacity(BUFFER, &made);
    let decoded = decode_blob(blob, &span, &mut sink, &Meter::default())
        .and_then(|()| sink.flush().map_err(writing));
    drop(sink);
    // What failed stays as it is until the folder goes: the journal says it was fetched.
    decoded?;
    fs::rename(&aside, target).map_err(writing)?;
    fsx::remove(&coded).map_err(writing)
}

/// Whether a file that is there has all the bytes of a layer.
fn proved(path: &Path, layer: &Descriptor, meter: &Meter) -> Result<bool> {
    let file = fsx::open_regular(path)?;
    let reading = |error| Problem::reading(path, error);
    if file.metadata().map_err(reading)?.len() != layer.size {
        return Ok(false);
    }
    let ingested = ingest(&file, layer.size, None, None, &mut vec![0; BUFFER], meter);
    Ok(ingested.map_err(reading)?.digest == layer.digest)
}
