//! A release in a registry, read as if it were a layout.
//!
//! Documents come when they are asked for, each checked against the digest that leads
//! to it. Layers are checked while they arrive; only what has to be read twice is
//! kept, in a folder of this process that goes away with it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::content::{Checked, Scope, check_tar, files_of, naming_files};
use super::load::Loaded;
use super::oci::{self, Descriptor, Form};
use super::source::{blob_name, wrong_size};
use super::{coded_remote, describe, limits, parts, publish};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::hash::{self, Meter, Sink, Span};
use crate::model::digest::Digest;
use crate::model::release::{FileEntry, RELEASE_SCHEMA};
use crate::registry::{self, Fetched, Journal, Part, Reference, Repository, Want};

/// Layers that are open at a time: descriptors are a bounded resource.
const BATCH: usize = 256;

/// Beginning of the names of folders for what has to be read twice.
const SPOOL: &str = "spool-";

/// Documents up to this size, in bytes, are kept in memory.
const SMALL: u64 = 64 << 10;

/// A release in a registry, opened.
#[derive(Debug)]
pub(super) struct Remote {
    repository: Repository,
    manifest: Fetched,
    index: Vec<u8>,
    /// What lists coded blobs of it.
    coded: Vec<Descriptor>,
    /// Small documents that were fetched, so that none is fetched twice.
    documents: Mutex<HashMap<Digest, Vec<u8>>>,
    spool: OnceLock<tempfile::TempDir>,
    spooled: Mutex<HashMap<Digest, Spooled>>,
}

/// A blob that was fetched into a file.
#[derive(Debug, Clone)]
pub(super) struct Spooled {
    pub(super) span: Span,
    pub(super) path: PathBuf,
}

/// Where layers go while they are checked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep<'a> {
    /// Nowhere.
    No,
    /// Into files of this process, for who reads them next.
    Here,
    /// Into a layout that is being made, with a journal of what was proved before, and
    /// the blobs in it that were proved whole.
    Layout(&'a Path, &'a Journal, &'a HashSet<Digest>),
}

impl Keep<'_> {
    /// Whether a blob is where it should go, and proved.
    fn has(self, digest: &Digest) -> bool {
        matches!(self, Self::Layout(_, _, proved) if proved.contains(digest))
    }
}

impl Remote {
    /// Asks for the manifest and for what refers to it.
    pub(super) fn open(target: &Path) -> Result<Self> {
        let reference = Reference::of(target)?;
        let repository = Repository::open(&reference, registry::options())?;
        let name = reference.name();
        let manifest = repository
            .manifest(&name, limits::MANIFEST)?
            .ok_or_else(|| Problem::new(Code::RegistryNotFound, &reference))?;
        if manifest.media_type != oci::MANIFEST {
            return Err(Problem::new(Code::NotABundle, &reference).detail(format!(
                "it is a {}, not the manifest of a release",
                manifest.media_type
            )));
        }
        let referrers = repository.referrers(&manifest.digest, limits::REFERRERS)?;
        let release = Descriptor::of(oci::MANIFEST, &manifest.bytes);
        let mut entries = vec![release];
        let (mut documents, mut coded) = (HashMap::new(), Vec::new());
        for value in referrers.manifests {
            let named = value.get("artifactType").and_then(serde_json::Value::as_str);
            if named == Some(coded_remote::ARTIFACT) {
                // Of use, or not: what is in it is asked for by who wants it.
                coded.extend(serde_json::from_value::<Descriptor>(value).ok());
                continue;
            }
            if !matches!(named, None | Some("" | oci::SIGSTORE_BUNDLE | oci::EVIDENCE)) {
                continue;
            }
            let named = named.is_some_and(|kind| !kind.is_empty());
            let mut entry: Descriptor = serde_json::from_value(value).map_err(|error| {
                Problem::new(Code::RegistryInvalid, &reference)
                    .detail(format!("it lists what refers to the release wrongly: {error}"))
                    .source(error)
            })?;
            if !named && !find_kind(&repository, &mut entry, &mut documents)? {
                continue;
            }
            entries.push(entry);
        }
        // As `sign` and `attest` leave them, whatever the registry's order is.
        entries[1..].sort_by_key(|entry| {
            let predicate = entry.annotation(oci::BUNDLE_PREDICATE);
            let statement = predicate == Some(RELEASE_SCHEMA);
            let later = match entry.artifact_type.as_deref() {
                Some(oci::SIGSTORE_BUNDLE) if statement => 0,
                Some(oci::SIGSTORE_BUNDLE) => 1,
                _ => 2,
            };
            (later, entry.digest)
        });
        entries.dedup_by_key(|entry| entry.digest);
        Ok(Self {
            repository,
            manifest,
            index: describe::index(entries)?,
            coded,
            documents: Mutex::new(documents),
            spool: OnceLock::new(),
            spooled: Mutex::new(HashMap::new()),
        })
    }

    /// The repository it is in.
    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// What lists coded blobs of it, as the registry says.
    pub(super) fn coded(&self) -> &[Descriptor] {
        &self.coded
    }

    /// A document that every layout has.
    pub(super) fn document(&self, name: &str) -> Result<Vec<u8>> {
        match name {
            "index.json" => Ok(self.index.clone()),
            "oci-layout" => Ok(oci::LAYOUT_CONTENT.to_vec()),
            _ => Err(Problem::new(Code::NotABundle, self.repository.reference())
                .detail(format!("there is no {name} in it"))),
        }
    }

    /// A small blob or manifest, checked.
    pub(super) fn small(&self, expected: &Descriptor, limit: u64) -> Result<Vec<u8>> {
        let Descriptor { digest, size, .. } = *expected;
        if size > limit {
            return Err(fsx::too_large(digest, size, limit));
        }
        if digest == self.manifest.digest {
            return Ok(self.manifest.bytes.clone());
        }
        let known = || self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known().get(&digest) {
            return Ok(bytes.clone());
        }
        let bytes = if expected.media_type == oci::MANIFEST {
            let found = self.repository.manifest(&digest.to_string(), limit)?;
            found.ok_or_else(|| Problem::new(Code::MissingBlob, digest))?.bytes
        } else {
            self.repository.blob(&digest, size, limit)?
        };
        if bytes.len() as u64 != size {
            return Err(wrong_size(digest, size, bytes.len() as u64));
        }
        if size <= SMALL {
            known().insert(digest, bytes.clone());
        }
        Ok(bytes)
    }

    /// A blob as a file, fetched and checked the first time.
    pub(super) fn spooled(&self, blob: &Descriptor) -> Result<Spooled> {
        let mut known = self.spooled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spooled) = known.get(&blob.digest) {
            return Ok(spooled.clone());
        }
        let path = self.spool()?.join(blob.digest.hex());
        let file = fsx::create_new(&path).map_err(|error| Problem::writing(&path, error))?;
        let want = want(blob, Vec::new(), Some(&file));
        let fetched = self.repository.fetch(&[want], None, &Meter::default());
        if let Err(problem) = one(fetched) {
            // It goes with the folder otherwise.
            let _ = fsx::remove(&path);
            return Err(problem);
        }
        let span = Span { file: Arc::new(file), offset: 0, len: blob.size };
        let spooled = Spooled { span, path };
        known.insert(blob.digest, spooled.clone());
        Ok(spooled)
    }

    /// A blob that was fetched into a file before.
    pub(super) fn fetched(&self, blob: &Digest) -> Option<Span> {
        let known = self.spooled.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(blob).map(|spooled| spooled.span.clone())
    }

    /// Remembers a file that holds a blob, which was checked.
    fn know(&self, blob: &Descriptor, file: &File, path: &Path) {
        // Without a second handle it is fetched again when it is asked for.
        let Ok(file) = file.try_clone() else { return };
        let span = Span { file: Arc::new(file), offset: 0, len: blob.size };
        let mut known = self.spooled.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(blob.digest, Spooled { span, path: path.to_owned() });
    }

    /// A folder for what has to be read twice.
    fn spool(&self) -> Result<&Path> {
        if let Some(spool) = self.spool.get() {
            return Ok(spool.path());
        }
        let parent = fsx::cache_folder().map_or_else(std::env::temp_dir, |it| it.join("registry"));
        let failed = |error| Problem::writing(&parent, error);
        std::fs::create_dir_all(&parent).map_err(failed)?;
        sweep(&parent);
        let made = tempfile::Builder::new().prefix(SPOOL).tempdir_in(&parent);
        Ok(self
            .spool
            .get_or_init({
                let made = made.map_err(failed)?;
                || made
            })
            .path())
    }

    /// Checks the layers that hold files in `scope` while they arrive.
    pub(super) fn check_layers(
        &self,
        loaded: &Loaded,
        scope: &Scope,
        keep: Keep<'_>,
        meter: &Meter,
    ) -> Checked {
        let mut checked = Checked::default();
        let mut by_layer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, file) in loaded.files.files.iter().enumerate() {
            if scope.covers(loaded, file) {
                for layer in file.layers() {
                    by_layer.entry(layer).or_default().push(position);
                }
            }
        }
        let mut layers: Vec<usize> = by_layer.keys().copied().collect();
        let size = |layer: &usize| loaded.manifest.layers[*layer].size;
        layers.sort_by_key(|layer| std::cmp::Reverse(size(layer)));
        let mut bad = HashSet::new();
        for batch in layers.chunks(BATCH) {
            for (layer, result) in self.fetch_layers(loaded, batch, scope, keep, meter) {
                match result {
                    Ok(()) => checked.bytes += size(&layer),
                    Err(problem) => {
                        bad.extend(by_layer[&layer].iter().copied());
                        let finding = naming_files(loaded, &by_layer[&layer], problem);
                        checked.findings.push(finding);
                    }
                }
            }
        }
        let good = by_layer.values().flatten().copied();
        checked.good.extend(good.filter(|file| !bad.contains(file)));
        checked
    }

    fn fetch_layers(
        &self,
        loaded: &Loaded,
        layers: &[usize],
        scope: &Scope,
        keep: Keep<'_>,
        meter: &Meter,
    ) -> Vec<(usize, Result<()>)> {
        let mut results = Vec::new();
        let mut open = Vec::new();
        for layer in layers {
            let descriptor = &loaded.manifest.layers[*layer];
            match self.destination(descriptor, keep) {
                Ok(file) => open.push((*layer, descriptor, file)),
                Err(problem) => results.push((*layer, Err(problem))),
            }
        }
        let wants: Vec<Want<'_>> = open
            .iter()
            .filter(|(_, descriptor, _)| !keep.has(&descriptor.digest))
            .map(|(layer, descriptor, file)| {
                want(descriptor, ranges(loaded, *layer, scope), file.as_ref().map(|it| &it.0))
            })
            .collect();
        let journal = match keep {
            Keep::Layout(_, journal, _) => Some(journal),
            Keep::No | Keep::Here => None,
        };
        let mut fetched = self.repository.fetch(&wants, journal, meter).into_iter();
        for (layer, descriptor, file) in &open {
            let result = if keep.has(&descriptor.digest) {
                Ok(())
            } else {
                fetched
                    .next()
                    .unwrap_or_else(|| Err(Problem::new(Code::Internal, descriptor.digest)))
            };
            let result = result.and_then(|()| match file {
                Some((file, _)) if is_tar(descriptor) => {
                    let file = file.try_clone().map_err(|error| {
                        Problem::reading(Path::new(&descriptor.digest.to_string()), error)
                    })?;
                    let span = Span { file: Arc::new(file), offset: 0, len: descriptor.size };
                    check_tar(loaded, *layer, &span, &Meter::default(), |_, _| Ok(()))
                }
                _ => Ok(()),
            });
            if let Some((file, path)) = file {
                match keep {
                    Keep::Layout(..) => {}
                    Keep::Here if result.is_ok() => self.know(descriptor, file, path),
                    // It goes with the folder otherwise.
                    Keep::Here | Keep::No => drop(fsx::remove(path)),
                }
            }
            results.push((*layer, result));
        }
        results
    }

    /// Fetches raw layers into the files they hold, each opened by `open`.
    pub(super) fn fetch_files(
        &self,
        loaded: &Loaded,
        layers: &[(usize, &FileEntry)],
        open: impl Fn(&FileEntry) -> Result<File>,
        meter: &Meter,
    ) -> Result<()> {
        for batch in layers.chunks(BATCH) {
            let made = batch
                .iter()
                .map(|(layer, file)| open(file).map(|disk| (*layer, *file, disk)))
                .collect::<Result<Vec<_>>>()?;
            let wants: Vec<Want<'_>> = made
                .iter()
                .map(|(layer, file, disk)| {
                    let ranges = ranges(loaded, *layer, &Scope::default());
                    let mut want = want(&loaded.manifest.layers[*layer], ranges, None);
                    let offset = if file.in_parts() {
                        parts::part(&loaded.manifest, file, *layer).0
                    } else {
                        0
                    };
                    want.sink = Some(Sink { file: disk, offset });
                    want
                })
                .collect();
            for result in self.repository.fetch(&wants, None, meter) {
                result?;
            }
            for (_, file, disk) in &made {
                let path = Path::new(file.path.as_str());
                disk.sync_all().map_err(|error| Problem::writing(path, error))?;
            }
        }
        Ok(())
    }

    /// Uploads small blobs, then manifests that refer to the release; gives whether
    /// the registry had to be told by the tag scheme.
    pub(super) fn attach(&self, blobs: &[&[u8]], manifests: &[(Descriptor, &[u8])]) -> Result<()> {
        publish::small_blobs(&self.repository, blobs)?;
        publish::referrers(&self.repository, &self.manifest.digest, manifests).map(drop)
    }

    /// The file that a layer goes to; none where it is only checked.
    fn destination(&self, layer: &Descriptor, keep: Keep<'_>) -> Result<Option<(File, PathBuf)>> {
        let path = match keep {
            Keep::Layout(layout, ..) => layout.join(blob_name(&layer.digest)),
            Keep::No if !is_tar(layer) => return Ok(None),
            Keep::No | Keep::Here => self.spool()?.join(format!("{}.layer", layer.digest.hex())),
        };
        let file = fsx::open_or_create(&path).map_err(|error| Problem::writing(&path, error))?;
        Ok(Some((file, path)))
    }
}

/// Removes what runs that were killed a day ago or earlier left.
fn sweep(parent: &Path) {
    const DAY: std::time::Duration = std::time::Duration::from_hours(24);
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(SPOOL);
        let age = entry.metadata().and_then(|it| it.modified()).map(|time| time.elapsed());
        if ours && matches!(age, Ok(Ok(age)) if age > DAY) {
            // What cannot be removed only takes room.
            let _ = fsx::remove(&entry.path());
        }
    }
}

/// Completes an entry of the list of referrers that does not say what it is: programs
/// that copy the tag of the tag scheme leave that out. Gives whether it is of use here.
fn find_kind(
    repository: &Repository,
    entry: &mut Descriptor,
    documents: &mut HashMap<Digest, Vec<u8>>,
) -> Result<bool> {
    if entry.media_type != oci::MANIFEST || entry.size > SMALL {
        return Ok(false);
    }
    // Who lists what is not there is found out when it is read, if it says what it is.
    let Some(found) = repository.manifest(&entry.digest.to_string(), SMALL)? else {
        return Ok(false);
    };
    let manifest: Option<oci::Manifest> = serde_json::from_slice(&found.bytes).ok();
    entry.artifact_type = manifest.and_then(|manifest| manifest.artifact_type);
    let ours = super::load::is_referrer(entry);
    if ours {
        documents.insert(entry.digest, found.bytes);
    }
    Ok(ours)
}

/// The same target, for a second look: a tag may name another release by then.
pub fn pinned(target: &Path, digest: Digest) -> Result<PathBuf> {
    if !registry::is_reference(target) {
        return Ok(target.to_owned());
    }
    Ok(PathBuf::from(Reference::of(target)?.with_digest(digest).to_string()))
}

/// Refuses a reference to a registry where something is made on this machine.
pub(super) fn local_output(output: &Path, instead: &str) -> Result<()> {
    if !registry::is_reference(output) {
        return Ok(());
    }
    Err(Problem::new(Code::UsageError, output.display())
        .detail("the output is made on this machine, and this names a registry")
        .hint(format!("Name a file or folder; to put a release there, {instead}.")))
}

/// The digest that a reference to a registry names.
pub fn digest_of(target: &Path) -> Option<Digest> {
    if registry::is_reference(target) { Reference::of(target).ok()?.digest() } else { None }
}

fn is_tar(layer: &Descriptor) -> bool {
    oci::layer_form(&layer.media_type) == Some(Form::TarZstd)
}

fn want<'a>(blob: &Descriptor, parts: Vec<Part>, file: Option<&'a File>) -> Want<'a> {
    let sink = file.map(|file| Sink { file, offset: 0 });
    Want { blob: blob.digest, size: blob.size, parts, sink }
}

fn one(results: Vec<Result<()>>) -> Result<()> {
    results
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(Problem::new(Code::Internal, "a fetched blob")))
}

/// Ranges of a raw layer with their digests, where the file index has them.
fn ranges(loaded: &Loaded, layer: usize, scope: &Scope) -> Vec<Part> {
    let raw = !is_tar(&loaded.manifest.layers[layer]);
    let file = files_of(loaded, layer).next().map(|position| &loaded.files.files[position]);
    let (Some(file), Some(size)) = (file.filter(|_| raw), loaded.files.shard_size) else {
        return Vec::new();
    };
    if scope.whole_files || file.shards.is_empty() {
        return Vec::new();
    }
    let shards = hash::shards(file.size, size).zip(&file.shards);
    shards.map(|((offset, len), digest)| Part { offset, len, digest: *digest }).collect()
}
