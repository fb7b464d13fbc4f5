//! Attaching signatures and evidence to a release, as OCI 1.1 referrers.

use std::path::Path;

use super::evidence::NewEvidence;
use super::load::{self, Budget, Loaded, Origin, Referrer};
use super::oci::{self, Annotations, Descriptor, Manifest};
use super::source::{Source, blob_name};
use super::store::Store;
use super::tarball::file_header;
use super::{describe, limits};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Staged};
use crate::model::digest::Digest;

/// A signature to attach.
#[derive(Debug, Clone)]
pub struct NewSignature {
    /// Predicate type of the signed statement.
    pub predicate_type: String,
    /// The Sigstore bundle.
    pub bytes: Vec<u8>,
}

/// The manifest that makes a signature refer to `subject`.
fn referrer(subject: &Descriptor, bundle: Descriptor, predicate_type: &str) -> Result<Vec<u8>> {
    let mut annotations = Annotations::new();
    annotations.insert(oci::BUNDLE_CONTENT.to_owned(), "dsse-envelope".to_owned());
    annotations.insert(oci::BUNDLE_PREDICATE.to_owned(), predicate_type.to_owned());
    manifest(subject, oci::SIGSTORE_BUNDLE, bundle, annotations)
}

/// The manifest that makes evidence refer to `subject`.
fn evidence_referrer(subject: &Descriptor, layer: Descriptor) -> Result<Vec<u8>> {
    manifest(subject, oci::EVIDENCE, layer, Annotations::new())
}

fn manifest(
    subject: &Descriptor,
    artifact_type: &str,
    layer: Descriptor,
    annotations: Annotations,
) -> Result<Vec<u8>> {
    let mut config = Descriptor::of(oci::EMPTY, oci::EMPTY_CONTENT);
    config.data = Some("e30=".to_owned());
    let manifest = Manifest {
        schema_version: 2,
        media_type: oci::MANIFEST.to_owned(),
        artifact_type: Some(artifact_type.to_owned()),
        config,
        layers: vec![layer],
        subject: Some(Descriptor::new(oci::MANIFEST, subject.digest, subject.size)),
        annotations,
    };
    describe::canonical("what refers to a release", &manifest)
}

/// The entry of a signature in `index.json`.
fn entry(manifest: &[u8], predicate_type: &str) -> Descriptor {
    let mut entry = Descriptor::of(oci::MANIFEST, manifest);
    entry.artifact_type = Some(oci::SIGSTORE_BUNDLE.to_owned());
    entry.annotations.insert(oci::BUNDLE_PREDICATE.to_owned(), predicate_type.to_owned());
    entry
}

/// The entry of evidence in `index.json`.
fn evidence_entry(manifest: &[u8]) -> Descriptor {
    let mut entry = Descriptor::of(oci::MANIFEST, manifest);
    entry.artifact_type = Some(oci::EVIDENCE.to_owned());
    entry
}

/// Takes a signature or evidence of an older bundle over into a new one.
pub(super) fn put(
    store: &mut Store,
    subject: &Descriptor,
    (old_source, old): (&Source, &Descriptor),
    what: &Referrer,
) -> Result<Descriptor> {
    store.put(oci::EMPTY, oci::EMPTY_CONTENT)?;
    match what {
        Referrer::Signature(document) => {
            let predicate_type = old.annotation(oci::BUNDLE_PREDICATE).unwrap_or_default();
            let bundle = store.put(oci::SIGSTORE_BUNDLE, &document.bytes)?;
            let manifest = referrer(subject, bundle, predicate_type)?;
            store.put(oci::MANIFEST, &manifest)?;
            Ok(entry(&manifest, predicate_type))
        }
        Referrer::Evidence(blob) => {
            let bytes = old_source.checked_blob(&blob.descriptor, limits::EVIDENCE)?;
            store.put(&blob.descriptor.media_type, &bytes)?;
            let manifest = evidence_referrer(subject, blob.descriptor.clone())?;
            store.put(oci::MANIFEST, &manifest)?;
            Ok(evidence_entry(&manifest))
        }
    }
}

/// The bundle that something can be attached to; a problem for an unpacked folder.
pub fn attachable(loaded: &Loaded) -> Result<&Source> {
    match &loaded.origin {
        Origin::Bundle(source) => Ok(source),
        Origin::Folder(_) => Err(Problem::new(Code::NotABundle, "the folder")
            .detail("an unpacked release cannot be signed; sign its bundle")
            .hint("pkg sign BUNDLE --key KEY, then unpack it again")),
    }
}

/// Adds signatures, and evidence that they name, to a bundle. The bundle shows all
/// of it, or is unchanged; a registry shows one after the other, signatures last.
pub fn attach(
    loaded: &Loaded,
    signatures: &[NewSignature],
    evidence: &[NewEvidence],
) -> Result<()> {
    let source = attachable(loaded)?;
    let mut blobs = vec![oci::EMPTY_CONTENT.to_vec()];
    let mut entries = Vec::new();
    let present = |digest| loaded.evidence.iter().any(|blob| blob.digest() == digest);
    for piece in evidence.iter().filter(|piece| !present(piece.digest())) {
        let manifest = evidence_referrer(&loaded.manifest_descriptor, piece.layer())?;
        entries.push(evidence_entry(&manifest));
        blobs.extend([piece.bytes.clone(), manifest]);
    }
    for signature in signatures {
        if signature.bytes.len() as u64 > limits::SIGNATURE {
            let size = signature.bytes.len() as u64;
            return Err(fsx::too_large("the signature", size, limits::SIGNATURE));
        }
        let bundle = Descriptor::of(oci::SIGSTORE_BUNDLE, &signature.bytes);
        let manifest = referrer(&loaded.manifest_descriptor, bundle, &signature.predicate_type)?;
        entries.push(entry(&manifest, &signature.predicate_type));
        blobs.extend([signature.bytes.clone(), manifest]);
    }
    if let Some(remote) = source.remote() {
        let of = |entry: &Descriptor| blobs.iter().find(|bytes| entry.digest == Digest::of(bytes));
        let manifests: Vec<(Descriptor, &[u8])> = entries
            .iter()
            .filter_map(|entry| Some((entry.clone(), of(entry)?.as_slice())))
            .collect();
        let is_manifest = |bytes: &[u8]| manifests.iter().any(|(_, manifest)| *manifest == bytes);
        let small: Vec<&[u8]> =
            blobs.iter().map(Vec::as_slice).filter(|bytes| !is_manifest(bytes)).collect();
        return remote.attach(&small, &manifests);
    }
    if source.is_archive() {
        let staged = Staged::file(source.path())?;
        let source = Source::open(source.path())?;
        let index = extended_index(&source, loaded, entries)?;
        attach_to_archive(&source, staged, &blobs, &index)
    } else {
        let _lock = fsx::lock_folder(source.path())?;
        let index = extended_index(source, loaded, entries)?;
        attach_to_folder(source.path(), &blobs, &index)
    }
}

/// The index as it is now, with more entries: others may have signed since
/// `loaded` was read. Callers hold the lock of the bundle.
fn extended_index(source: &Source, loaded: &Loaded, entries: Vec<Descriptor>) -> Result<Vec<u8>> {
    let mut index = load::read_index(source)?;
    if load::release_entry(&index)?.digest != loaded.digest {
        return Err(Problem::new(Code::OutputBusy, source.path().display())
            .detail("another release took the place of the one that was signed"));
    }
    index.manifests.extend(entries);
    if index.manifests.len() > limits::REFERRERS {
        return Err(Problem::new(Code::IndexInvalid, "index.json")
            .detail(format!("the bundle would have more than {} signatures", limits::REFERRERS)));
    }
    describe::index(index.manifests)
}

/// Adds blobs to a layout and then its index, from which on they count, all at once.
fn attach_to_folder(root: &Path, blobs: &[Vec<u8>], index: &[u8]) -> Result<()> {
    clear_unfinished(&root.join("blobs/sha256"))?;
    let mut added = Vec::new();
    let write = |added: &mut Vec<std::path::PathBuf>| -> Result<()> {
        for bytes in blobs {
            let path = root.join(blob_name(&Digest::of(bytes)));
            if !fsx::exists(&path) {
                added.push(path.clone());
            }
            fsx::replace_file(&path, bytes)?;
        }
        fsx::replace_file(&root.join("index.json"), index)
    };
    write(&mut added).inspect_err(|_| {
        // The new index may be in place when only flushing its folder failed: then the
        // blobs are needed. One that nothing refers to does no harm.
        let in_place = std::fs::read(root.join("index.json")).map_or(true, |it| it == index);
        for path in added.iter().filter(|_| !in_place) {
            // What was not written yet is not there to be removed.
            let _ = fsx::remove(path);
        }
    })
}

/// Removes what a killed run was writing: its names come from the digests of signatures,
/// which no other run has. Callers hold the lock of the bundle.
fn clear_unfinished(blobs: &Path) -> Result<()> {
    let writing = |error| Problem::writing(blobs, error);
    for entry in std::fs::read_dir(blobs).map_err(writing)? {
        let entry = entry.map_err(writing)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(fsx::PARTIAL) {
            let path = entry.path();
            fsx::remove(&path).map_err(|error| Problem::writing(&path, error))?;
        }
    }
    Ok(())
}

/// Writes a copy of the archive with the new blobs behind the old ones.
fn attach_to_archive(
    source: &Source,
    staged: Staged,
    blobs: &[Vec<u8>],
    index: &[u8],
) -> Result<()> {
    let target = source.path();
    let writing = |error| Problem::writing(target, error);
    let mut builder = tar::Builder::new(std::io::BufWriter::with_capacity(
        crate::hash::BUFFER,
        staged.handle().try_clone().map_err(writing)?,
    ));
    let mut present = std::collections::HashSet::new();
    let mut add = |name: &str, size: u64, content: &mut dyn std::io::Read| {
        if !present.insert(name.to_owned()) {
            return Ok(());
        }
        let mut header = file_header(size, false);
        builder.append_data(&mut header, name, content).map_err(writing)
    };
    for name in source.blobs()? {
        let name = format!("blobs/sha256/{name}");
        if let Some(span) = source.named(&name)? {
            add(&name, span.len, &mut crate::hash::SpanReader::new(span))?;
        }
    }
    for bytes in blobs {
        let name = blob_name(&Digest::of(bytes));
        add(&name, bytes.len() as u64, &mut bytes.as_slice())?;
    }
    for (name, bytes) in [("oci-layout", oci::LAYOUT_CONTENT), ("index.json", index)] {
        add(name, bytes.len() as u64, &mut &*bytes)?;
    }
    let mut sink = builder.into_inner().map_err(writing)?;
    std::io::Write::flush(&mut sink).map_err(writing)?;
    drop(sink);
    staged.commit(true)
}

/// Something that refers to a release, with its entry in an index and its manifest.
pub(super) struct Referring {
    pub(super) entry: Descriptor,
    pub(super) referrer: Referrer,
    pub(super) manifest: Vec<u8>,
}

/// Everything that refers to a release and can be read; its entries are made anew from
/// the manifests. What cannot be read was found when the release was loaded.
pub(super) fn all(source: &Source, release: &Digest) -> Result<Vec<Referring>> {
    let index = load::read_index(source)?;
    let mut all = Vec::new();
    for listed in index.manifests.iter().filter(|entry| load::is_referrer(entry)) {
        let Ok(Some(referrer)) = load::read_referrer(source, listed, release, &mut Budget::none())
        else {
            continue;
        };
        let manifest = source.checked_blob(listed, limits::MANIFEST)?;
        let name = listed.digest.to_string();
        let document: Manifest = load::parse(&manifest, Code::ManifestInvalid, &name)?;
        let predicate_type = document.annotations.get(oci::BUNDLE_PREDICATE);
        let entry = match &referrer {
            Referrer::Signature(_) => entry(&manifest, predicate_type.map_or("", String::as_str)),
            Referrer::Evidence(_) => evidence_entry(&manifest),
        };
        all.push(Referring { entry, referrer, manifest });
    }
    Ok(all)
}
