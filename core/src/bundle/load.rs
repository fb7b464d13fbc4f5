//! Reading what a bundle says, from a layout, an archive, a registry or an unpacked
//! folder.
//!
//! Everything here is read with a size limit and checked against the digest
//! that leads to it; the content of the layers is not touched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::evidence::{self, EvidenceBlob};
use super::oci::{self, Descriptor, Index, Manifest, ModelConfig};
use super::source::Source;
use super::{limits, names, validate};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, Dir, FileRef};
use crate::model::digest::Digest;
use crate::model::release::{FILES_SCHEMA, FileIndex, RELEASE_SCHEMA, Release};
use crate::registry;

/// Where a release was read from.
#[derive(Debug)]
pub enum Origin {
    /// A layout or archive.
    Bundle(Source),
    /// A folder made by `unpack`.
    Folder(PathBuf),
}

/// A signature document, not checked.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its blob digest, or its path in an unpacked folder.
    pub name: String,
    /// The Sigstore bundle.
    pub bytes: Vec<u8>,
}

/// Everything a bundle says about itself.
#[derive(Debug)]
pub struct Loaded {
    /// Where it was read from.
    pub origin: Origin,
    /// Digest of the manifest.
    pub digest: Digest,
    /// The manifest's descriptor.
    pub manifest_descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
    /// The model configuration.
    pub config: ModelConfig,
    /// The release description.
    pub release: Release,
    /// The file index.
    pub files: FileIndex,
    /// Signature documents that refer to the manifest.
    pub signatures: Vec<Document>,
    /// Evidence that refers to the manifest.
    pub evidence: Vec<EvidenceBlob>,
    /// Digests of the blobs of what refers to the manifest, with their manifests.
    pub referrer_blobs: Vec<Digest>,
    /// What is wrong beside the release itself.
    pub findings: Vec<Finding>,
    /// Documents that were not fetched, to keep the transfer small. Without the file
    /// index, `files` is empty.
    pub left_out: Vec<String>,
    /// Bytes that may still be fetched, where there is a limit.
    pub budget: Option<u64>,
    pub(super) documents: Documents,
}

/// The documents of a release, byte for byte.
#[derive(Debug)]
pub(super) struct Documents {
    pub(super) manifest: Vec<u8>,
    pub(super) config: Vec<u8>,
    pub(super) release: Vec<u8>,
    /// None where it was not fetched.
    pub(super) files: Option<Vec<u8>>,
}

impl Documents {
    /// The documents that are there, by their names in an unpacked folder.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        [
            (names::MANIFEST, Some(&self.manifest)),
            (names::CONFIG, Some(&self.config)),
            (names::RELEASE, Some(&self.release)),
            (names::FILES, self.files.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, bytes)| Some((name, bytes?.as_slice())))
    }
}

/// Reads a layout folder, an archive, an unpacked folder, or a release in a registry
/// (`oci://HOST/REPOSITORY:TAG`).
pub fn load(path: &Path) -> Result<Loaded> {
    if !registry::is_reference(path) && is_unpacked(path) {
        return load_folder(path);
    }
    load_bundle(Source::open(path)?, None)
}

/// Whether a folder is an unpacked release, by any of the documents that one has: where the
/// manifest is gone it is a damaged one, and not somebody else's folder.
pub fn is_unpacked(path: &Path) -> bool {
    let here = |name: &str| fsx::exists(&path.join(name));
    let layout = here("oci-layout") || here("index.json");
    here(names::MANIFEST)
        || !layout && [names::CONFIG, names::RELEASE, names::FILES].into_iter().any(here)
}

/// Reads what fits into `budget` bytes of transfer, where the release is in a registry:
/// the description always, then signatures, then the file index. What was left out is
/// in [`Loaded::left_out`].
pub fn load_overview(path: &Path, budget: u64) -> Result<Loaded> {
    if !registry::is_reference(path) {
        return load(path);
    }
    load_bundle(Source::open(path)?, Some(budget))
}

fn load_bundle(source: Source, budget: Option<u64>) -> Result<Loaded> {
    let index = read_index(&source)?;
    let entry = release_entry(&index)?.clone();
    let manifest_bytes = source.checked_blob(&entry, limits::MANIFEST)?;
    let manifest = validate::manifest(&manifest_bytes, &entry.digest)?;
    let [release_layer, files_layer] = validate::own_layers(&manifest)?;
    let mut budget = Budget::new(budget, &source);
    let config = source.checked_blob(&manifest.config, limits::CONFIG)?;
    let release = source.checked_blob(release_layer, limits::RELEASE)?;
    budget.spend(manifest.config.size + release_layer.size);
    // Signatures come first: who signed is asked before how many files there are.
    let entries: Vec<&Descriptor> = index.manifests.iter().filter(|it| is_referrer(it)).collect();
    // The predicate of a release statement is the description, and its type the same.
    let later = |it: &&Descriptor| it.annotation(oci::BUNDLE_PREDICATE) != Some(RELEASE_SCHEMA);
    let (mut referrers, mut left_out) = (Vec::new(), Vec::new());
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| (later(&entries[*at]), *at));
    for at in order {
        match read_referrer(&source, entries[at], &entry.digest, &mut budget) {
            Ok(None) => left_out.push(entries[at].digest.to_string()),
            Ok(Some(referrer)) => referrers.push((at, entries[at].digest, Ok(referrer))),
            Err(problem) => referrers.push((at, entries[at].digest, Err(problem))),
        }
    }
    referrers.sort_by_key(|(at, ..)| *at);
    let whole = budget.take(files_layer.size);
    let files = if whole { Some(source.checked_blob(files_layer, limits::FILES)?) } else { None };
    left_out.extend((!whole).then(|| names::FILES.to_owned()));
    let documents = Documents { config, release, files, manifest: manifest_bytes };
    let mut loaded = assemble(Origin::Folder(PathBuf::new()), entry, manifest, documents)?;
    loaded.left_out = left_out;
    loaded.budget = budget.left;
    for (_, digest, referrer) in referrers {
        keep_referrer(&mut loaded, digest, referrer);
    }
    loaded.origin = Origin::Bundle(source);
    Ok(loaded)
}

/// Bytes that may still be transferred.
pub(super) struct Budget {
    left: Option<u64>,
}

impl Budget {
    /// No limit.
    pub(super) fn none() -> Self {
        Self { left: None }
    }

    fn new(total: Option<u64>, source: &Source) -> Self {
        let spent = source.remote().map_or(0, |remote| remote.repository().transferred().0);
        Self { left: total.map(|total| total.saturating_sub(spent)) }
    }

    fn spend(&mut self, bytes: u64) {
        self.left = self.left.map(|left| left.saturating_sub(bytes));
    }

    /// Whether so many bytes may be transferred; they count as spent then.
    fn take(&mut self, bytes: u64) -> bool {
        let fits = self.left.is_none_or(|left| bytes <= left);
        if fits {
            self.spend(bytes);
        }
        fits
    }
}

fn load_folder(path: &Path) -> Result<Loaded> {
    let open = Arc::new(Dir::open(path).map_err(|error| Problem::reading(path, error))?);
    let read = |name: &str, limit| {
        fsx::read_limited(&FileRef::beneath(&open, name), limit).map_err(|problem| {
            match problem.code() {
                Code::PathNotFound => Problem::new(Code::MissingFile, name),
                _ => problem,
            }
        })
    };
    let manifest_bytes = read(names::MANIFEST, limits::MANIFEST)?;
    let entry = Descriptor::of(oci::MANIFEST, &manifest_bytes);
    let manifest = validate::manifest(&manifest_bytes, &entry.digest)?;
    let [release_layer, files_layer] = validate::own_layers(&manifest)?;
    let checked = |name: &str, expected: &Descriptor, limit| {
        let bytes = read(name, limit)?;
        let actual = Digest::of(&bytes);
        if actual == expected.digest {
            Ok(bytes)
        } else {
            Err(super::source::mismatch(name, expected.digest, actual))
        }
    };
    let documents = Documents {
        config: checked(names::CONFIG, &manifest.config, limits::CONFIG)?,
        release: checked(names::RELEASE, release_layer, limits::RELEASE)?,
        files: Some(checked(names::FILES, files_layer, limits::FILES)?),
        manifest: manifest_bytes,
    };
    let mut loaded = assemble(Origin::Folder(path.to_owned()), entry, manifest, documents)?;
    let mut documents = files_in(&path.join(names::SIGNATURES))?;
    let model_signature = path.join(names::MODEL_SIGNATURE);
    if fsx::exists(&model_signature) {
        documents.push(model_signature);
    }
    for document in documents {
        let below = document.strip_prefix(path).unwrap_or(&document);
        let name = below.display().to_string();
        match fsx::read_limited(&FileRef::beneath(&open, below), limits::SIGNATURE) {
            Ok(bytes) => loaded.signatures.push(Document { name, bytes }),
            Err(problem) => loaded.findings.push(problem.into_finding()),
        }
    }
    for file in files_in(&path.join(names::EVIDENCE))? {
        match EvidenceBlob::of_file(path, &file) {
            Some(blob) => loaded.evidence.push(blob),
            None => loaded.findings.push(evidence::misnamed(&file.display().to_string())),
        }
    }
    Ok(loaded)
}

/// What is in a folder, sorted; nothing when the folder is not there.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(folder).map_err(|error| Problem::reading(folder, error))? {
            files.push(entry.map_err(|error| Problem::reading(folder, error))?.path());
        }
        files.sort();
    }
    if files.len() > limits::REFERRERS {
        return Err(Problem::new(Code::SignatureFormat, folder.display())
            .detail(format!("more than {} files", limits::REFERRERS)));
    }
    Ok(files)
}

fn assemble(
    origin: Origin,
    entry: Descriptor,
    manifest: Manifest,
    documents: Documents,
) -> Result<Loaded> {
    let config: ModelConfig = parse(&documents.config, Code::ConfigInvalid, "model configuration")?;
    let release: Release = parse(&documents.release, Code::ReleaseInvalid, names::RELEASE)?;
    validate::config(&config, &manifest)?;
    let files = if let Some(bytes) = &documents.files {
        let files: FileIndex = parse(bytes, Code::ReleaseInvalid, names::FILES)?;
        validate::release(&release, &files, &manifest)?;
        files
    } else {
        validate::schema(&release)?;
        FileIndex { schema: FILES_SCHEMA.to_owned(), shard_size: None, files: Vec::new() }
    };
    let manifest_descriptor = Descriptor::new(oci::MANIFEST, entry.digest, entry.size);
    Ok(Loaded {
        origin,
        digest: entry.digest,
        manifest_descriptor,
        manifest,
        config,
        release,
        files,
        signatures: Vec::new(),
        evidence: Vec::new(),
        referrer_blobs: Vec::new(),
        findings: Vec::new(),
        left_out: Vec::new(),
        budget: None,
        documents,
    })
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], code: Code, subject: &str) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(code, subject).detail(error.to_string()).source(error))
}

/// Reads `index.json`.
pub(super) fn read_index(source: &Source) -> Result<Index> {
    let bytes = source.document("index.json", limits::INDEX)?;
    let index: Index = parse(&bytes, Code::IndexInvalid, "index.json")?;
    if index.schema_version != 2 {
        return Err(Problem::new(Code::IndexInvalid, "index.json")
            .detail(format!("schemaVersion is {}, not 2", index.schema_version)));
    }
    if index.manifests.len() > limits::REFERRERS {
        return Err(Problem::new(Code::IndexInvalid, "index.json")
            .detail(format!("more than {} manifests", limits::REFERRERS)));
    }
    Ok(index)
}

/// Whether an entry of the index is a signature or evidence rather than a release.
pub(super) fn is_referrer(entry: &Descriptor) -> bool {
    matches!(entry.artifact_type.as_deref(), Some(oci::SIGSTORE_BUNDLE | oci::EVIDENCE))
}

/// The one release of an index.
///
/// Tools that copy layouts drop `artifactType` from the index, so an entry
/// counts as a release unless it says that it refers to one.
pub(super) fn release_entry(index: &Index) -> Result<&Descriptor> {
    let invalid = |why: &str| Problem::new(Code::IndexInvalid, "index.json").detail(why.to_owned());
    let mut releases = index.manifests.iter().filter(|entry| !is_referrer(entry));
    let first = releases.next().ok_or_else(|| invalid("it names no release"))?;
    if releases.next().is_some() {
        return Err(invalid("it names several releases; a bundle holds one"));
    }
    if first.media_type == oci::MANIFEST {
        Ok(first)
    } else {
        Err(invalid(&format!("it names a {} where a release should be", first.media_type)))
    }
}

fn keep_referrer(loaded: &mut Loaded, manifest: Digest, referrer: Result<Referrer>) {
    loaded.referrer_blobs.push(manifest);
    match referrer {
        Ok(Referrer::Signature(document)) => {
            let digests = [Digest::of(oci::EMPTY_CONTENT), Digest::of(&document.bytes)];
            loaded.referrer_blobs.extend(digests);
            loaded.signatures.push(document);
        }
        Ok(Referrer::Evidence(blob)) => {
            loaded.referrer_blobs.extend([Digest::of(oci::EMPTY_CONTENT), blob.digest()]);
            loaded.evidence.push(blob);
        }
        Err(problem) => loaded.findings.push(problem.into_finding()),
    }
}

/// What refers to a release.
pub(super) enum Referrer {
    Signature(Document),
    Evidence(EvidenceBlob),
}

/// Reads what refers to a release; nothing if the budget does not allow it.
pub(super) fn read_referrer(
    source: &Source,
    entry: &Descriptor,
    release: &Digest,
    budget: &mut Budget,
) -> Result<Option<Referrer>> {
    let invalid =
        |why: &str| Problem::new(Code::ManifestInvalid, entry.digest).detail(why.to_owned());
    if !budget.take(entry.size) {
        return Ok(None);
    }
    let bytes = source.checked_blob(entry, limits::MANIFEST)?;
    let manifest: Manifest = parse(&bytes, Code::ManifestInvalid, &entry.digest.to_string())?;
    let subject = manifest.subject.as_ref().ok_or_else(|| invalid("it refers to nothing"))?;
    if subject.digest == entry.digest {
        return Err(Problem::new(Code::SelfReference, entry.digest));
    }
    if subject.digest != *release {
        return Err(Problem::new(Code::SignatureOtherSubject, entry.digest)
            .detail(format!("it refers to {}, but the release is {release}", subject.digest)));
    }
    let [layer] = manifest.layers.as_slice() else {
        return Err(invalid("a signature or piece of evidence has exactly one layer"));
    };
    if entry.artifact_type.as_deref() == Some(oci::EVIDENCE) {
        return Ok(Some(Referrer::Evidence(EvidenceBlob::of_layer(layer))));
    }
    if layer.media_type != oci::SIGSTORE_BUNDLE {
        return Err(Problem::new(Code::UnknownMediaType, entry.digest)
            .detail(format!("{} is no signature that pkg can read", layer.media_type)));
    }
    if !budget.take(layer.size) {
        return Ok(None);
    }
    let bytes = source.checked_blob(layer, limits::SIGNATURE)?;
    Ok(Some(Referrer::Signature(Document { name: layer.digest.to_string(), bytes })))
}

/// Signatures and evidence of an older bundle that fit the release `digest`, each
/// with the descriptor of its manifest in the old index; and how many do not fit.
pub(super) fn referrers_of(
    source: &Source,
    digest: &Digest,
) -> (Vec<(Descriptor, Referrer)>, usize) {
    let Ok(index) = read_index(source) else { return (Vec::new(), 0) };
    let (mut fitting, mut dropped) = (Vec::new(), 0);
    for entry in index.manifests.iter().filter(|entry| is_referrer(entry)) {
        match read_referrer(source, entry, digest, &mut Budget::none()) {
            Ok(Some(referrer)) => fitting.push((entry.clone(), referrer)),
            Ok(None) | Err(_) => dropped += 1,
        }
    }
    (fitting, dropped)
}

/// Blobs of a layout or archive that nothing refers to; they were not checked.
pub fn extra_blobs(loaded: &Loaded) -> Result<Vec<Finding>> {
    let Origin::Bundle(source) = &loaded.origin else { return Ok(Vec::new()) };
    let layers = loaded.manifest.layers.iter().map(|layer| layer.digest);
    let known: std::collections::HashSet<String> = layers
        .chain([loaded.digest, loaded.manifest.config.digest])
        .chain(loaded.referrer_blobs.iter().copied())
        .map(|digest| digest.hex())
        .collect();
    let blobs = source.blobs()?;
    let extra = blobs.into_iter().filter(|name| !known.contains(name));
    Ok(extra
        .map(|name| Problem::new(Code::ExtraBlob, format!("blobs/sha256/{name}")).into_finding())
        .collect())
}
