//! Unpacking: files out of a bundle, checked while they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::content::{Scope, check_tar, open_layer};
use super::load::{Loaded, Origin};
use super::oci::{self, Form};
use super::remote::local_output;
use super::source::{Source, blob_name, mismatch};
use super::store::{StoreMode, read_or_write};
use super::{names, parts};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Dir, Staged};
use crate::hash::{Meter, Sink, Span, ingest, ingest_at, run_largest_first};
use crate::model::digest::Digest;
use crate::model::kind::Selector;
use crate::model::release::FileEntry;

/// What to unpack, and how.
#[derive(Debug, Clone)]
pub struct UnpackRequest {
    /// Folder to make.
    pub output: PathBuf,
    /// Components to unpack; all when empty.
    pub only: Vec<Selector>,
    /// How files get out of the bundle.
    pub mode: StoreMode,
    /// Whether files may be put into an existing folder.
    pub force: bool,
}

/// What was unpacked.
#[derive(Debug)]
pub struct UnpackOutcome {
    /// Digest of the release.
    pub digest: Digest,
    /// Number of files.
    pub files: usize,
    /// Bytes of the files.
    pub bytes: u64,
    /// Files left out, as asked.
    pub left_out: usize,
    /// Whether the folder carries a model signature.
    pub model_signature: bool,
}

/// Writes the files of a bundle into a folder. The folder appears when every
/// byte was written and checked, or not at all.
///
/// `model_signature` says which of the signature documents goes to `model.sig`.
pub fn unpack(
    loaded: &Loaded,
    request: &UnpackRequest,
    model_signature: Option<usize>,
    meter: &Meter,
) -> Result<UnpackOutcome> {
    let Origin::Bundle(source) = &loaded.origin else {
        return Err(Problem::new(Code::NotABundle, "the folder").detail("it is unpacked already"));
    };
    let output = &request.output;
    local_output(output, "`pkg push` the bundle itself")?;
    if !source.is_remote() && fsx::lies_in(output, source.path()) {
        return Err(Problem::new(Code::OutputExists, output.display())
            .detail("the bundle itself is there")
            .hint("Choose a folder outside of it."));
    }
    let occupied = fsx::exists(output) && !fsx::is_empty_folder(output);
    if occupied && !(request.force && output.is_dir()) {
        return Err(Problem::new(Code::OutputExists, output.display()));
    }
    let scope = Scope { only: request.only.clone(), whole_files: false };
    let chosen = |file: &&FileEntry| scope.covers(loaded, file);
    let staged = Staged::folder(output)?;
    let root = staged.open_dir()?;
    let writer = Unpacker { loaded, source, root: &root, mode: request.mode, meter };
    writer.folders(loaded.files.files.iter().filter(chosen))?;
    writer.layers(&scope)?;
    let complete = loaded.files.files.iter().all(|file| scope.covers(loaded, file));
    writer.documents(model_signature.filter(|_| complete))?;
    if occupied {
        let into = Dir::open(output).map_err(|error| Problem::writing(output, error))?;
        // Nothing gets its name before its content is on the disk.
        fsx::sync_below(staged.path()).map_err(|error| Problem::writing(staged.path(), error))?;
        root.move_into(&into)?;
        fsx::sync_below(output).map_err(|error| Problem::writing(output, error))?;
    } else {
        staged.commit(false)?;
    }
    let files = loaded.files.files.iter().filter(chosen).count();
    Ok(UnpackOutcome {
        digest: loaded.digest,
        files,
        bytes: loaded.files.files.iter().filter(chosen).map(|file| file.size).sum(),
        left_out: loaded.files.files.len() - files,
        model_signature: complete && model_signature.is_some(),
    })
}

struct Unpacker<'a> {
    loaded: &'a Loaded,
    source: &'a Source,
    root: &'a Dir,
    mode: StoreMode,
    meter: &'a Meter,
}

impl Unpacker<'_> {
    fn folders<'f>(&self, files: impl Iterator<Item = &'f FileEntry>) -> Result<()> {
        let parents = files.filter_map(|file| Some(file.path.as_str().rsplit_once('/')?.0));
        let parents: BTreeSet<&str> = parents.chain([names::SIGNATURES]).collect();
        parents.into_iter().try_for_each(|parent| self.folder(parent))
    }

    fn folder(&self, name: &str) -> Result<()> {
        self.root
            .make_folders(name)
            .map_err(|error| Problem::writing(&self.root.shown(name), error))
    }

    fn layers(&self, scope: &Scope) -> Result<()> {
        let mut by_layer: BTreeMap<usize, &FileEntry> = BTreeMap::new();
        for file in self.loaded.files.files.iter().filter(|file| scope.covers(self.loaded, file)) {
            if file.in_parts() {
                self.begin_parts(file)?;
                by_layer.extend(file.layers().map(|layer| (layer, file)));
            } else {
                by_layer.entry(file.layer).or_insert(file);
            }
        }
        let mut jobs = Vec::new();
        let mut fetched = Vec::new();
        for (layer, file) in by_layer {
            let descriptor = &self.loaded.manifest.layers[layer];
            if self.source.is_remote() && oci::layer_form(&descriptor.media_type) == Some(Form::Raw)
            {
                fetched.push((layer, file));
                continue;
            }
            self.meter.expect(descriptor.size);
            jobs.push((layer, file, descriptor));
        }
        if let Some(remote) = self.source.remote() {
            if self.mode != StoreMode::Auto && self.mode != StoreMode::Copy {
                return Err(Problem::new(Code::LinkUnsupported, self.source.path().display())
                    .detail("what comes from a registry can only be written"));
            }
            let open = |file: &FileEntry| {
                let name = file.path.as_str();
                let opened = if file.in_parts() {
                    self.root.open_to_write(name)
                } else {
                    self.root.create_new(name, file.executable)
                };
                opened.map_err(|error| Problem::writing(&self.root.shown(name), error))
            };
            remote.fetch_files(self.loaded, &fetched, open, self.meter)?;
        }
        let results = run_largest_first(
            &jobs,
            |(_, _, descriptor)| descriptor.size,
            |(layer, file, descriptor), buffer| {
                let span = open_layer(self.source, descriptor)?;
                match oci::layer_form(&descriptor.media_type) {
                    _ if file.in_parts() => self.part(file, *layer, &span, buffer),
                    Some(Form::Raw) => self.raw(file, &span, buffer),
                    _ => check_tar(self.loaded, *layer, &span, self.meter, |file, content| {
                        if scope.covers(self.loaded, file) {
                            self.extract(file, content)
                        } else {
                            Ok(())
                        }
                    }),
                }
            },
        );
        results.into_iter().collect()
    }

    /// Makes the file that parts are written into, each at its place.
    fn begin_parts(&self, file: &FileEntry) -> Result<()> {
        if matches!(self.mode, StoreMode::Hardlink | StoreMode::Reflink) {
            return Err(Problem::new(Code::LinkUnsupported, &file.path)
                .detail("the bundle holds it in parts, which are put together by copying"));
        }
        // It gets its length from the parts, which are not believed before they are there.
        let made = self.root.create_new(file.path.as_str(), file.executable).map(drop);
        made.map_err(|error| Problem::writing(&self.root.shown(file.path.as_str()), error))
    }

    fn part(&self, file: &FileEntry, layer: usize, span: &Span, buffer: &mut [u8]) -> Result<()> {
        let path = self.root.shown(file.path.as_str());
        let writing = |error| Problem::writing(&path, error);
        let target = self.root.open_to_write(file.path.as_str()).map_err(writing)?;
        let part = parts::part(&self.loaded.manifest, file, layer);
        parts::write(file, part, span, (&target, &path), buffer, self.meter)?;
        target.sync_all().map_err(writing)
    }

    fn raw(&self, file: &FileEntry, span: &Span, buffer: &mut [u8]) -> Result<()> {
        let path = self.root.shown(file.path.as_str());
        let writing = |error| Problem::writing(&path, error);
        let linking = |error| fsx::linking(&file.path, &path, error);
        if self.mode == StoreMode::Hardlink {
            if self.source.is_archive() || self.source.is_remote() {
                return Err(linking(ErrorKind::Unsupported.into()));
            }
            let blob = self.source.path().join(blob_name(&file.digest));
            self.root.hard_link(&blob, file.path.as_str()).map_err(linking)?;
            let linked = self.root.open_regular(file.path.as_str())?;
            let mode = linked.metadata().map_err(writing)?.permissions().mode();
            if (mode & 0o100 != 0) != file.executable {
                let why = "the blob's executable bit differs";
                return Err(linking(std::io::Error::new(ErrorKind::Unsupported, why)));
            }
            return self.prove(file, &linked, span.len, None, buffer);
        }
        let target = self.root.create_new(file.path.as_str(), file.executable).map_err(writing)?;
        if matches!(self.mode, StoreMode::Auto | StoreMode::Reflink) && !self.source.is_archive() {
            match fsx::reflink(&span.file, &target) {
                Ok(()) => return self.prove(file, &target, span.len, None, buffer),
                Err(error) if self.mode == StoreMode::Reflink => return Err(linking(error)),
                Err(_) => {}
            }
        } else if self.mode == StoreMode::Reflink {
            return Err(linking(ErrorKind::Unsupported.into()));
        }
        self.prove(file, &target, span.len, Some(span), buffer)?;
        target.sync_all().map_err(writing)
    }

    /// Hashes the file that is there, or copies it from `from` while hashing.
    fn prove(
        &self,
        file: &FileEntry,
        target: &File,
        len: u64,
        from: Option<&Span>,
        buffer: &mut [u8],
    ) -> Result<()> {
        let path = Path::new(file.path.as_str());
        let failed = |error| read_or_write(path, &self.root.shown(path), error);
        let sink = from.map(|_| Sink { file: target, offset: 0 });
        let ingested = match from {
            Some(span) => ingest_at(span, sink, None, buffer, self.meter),
            None => ingest(target, len, None, None, buffer, self.meter),
        }
        .map_err(failed)?
        .digest;
        if ingested == file.digest {
            Ok(())
        } else {
            Err(mismatch(&file.path, file.digest, ingested))
        }
    }

    fn extract(&self, file: &FileEntry, content: &mut dyn Read) -> Result<()> {
        let path = self.root.shown(file.path.as_str());
        let mut write = || -> std::io::Result<()> {
            let mut target = self.root.create_new(file.path.as_str(), file.executable)?;
            std::io::copy(content, &mut target)?;
            target.flush()
        };
        write().map_err(|error| read_or_write(self.source.path(), &path, error))
    }

    fn documents(&self, model_signature: Option<usize>) -> Result<()> {
        for (name, bytes) in self.loaded.documents.named() {
            self.root.write_synced(name, bytes)?;
        }
        for (index, document) in self.loaded.signatures.iter().enumerate() {
            let name = if Some(index) == model_signature {
                names::MODEL_SIGNATURE.to_owned()
            } else {
                let digest = crate::model::digest::Digest::of(&document.bytes);
                format!("{}/{}.sigstore.json", names::SIGNATURES, digest.hex())
            };
            self.root.write_synced(name, &document.bytes)?;
        }
        if !self.loaded.evidence.is_empty() {
            self.folder(names::EVIDENCE)?;
        }
        for blob in &self.loaded.evidence {
            self.root.write_synced(blob.unpacked(), &blob.read(self.loaded)?)?;
        }
        Ok(())
    }
}
