//! Where pack puts blobs: a layout folder, or one archive of it.

mod archive;
mod folder;
mod parts;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use self::archive::Archive;
use self::folder::Folder;
use super::oci::Descriptor;
use super::tarball::{Writer, Written};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileRef, FileState, Staged};
use crate::hash::{Ingested, Meter, ingest_many};
use crate::model::digest::Digest;

/// How files get to their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreMode {
    /// Reflink where the file system can, otherwise copy.
    #[default]
    Auto,
    /// Reflink or fail.
    Reflink,
    /// Hard link or fail.
    Hardlink,
    /// Copy.
    Copy,
}

/// A file to be stored as one blob.
#[derive(Debug, Clone)]
pub(in crate::bundle) struct Take {
    pub(in crate::bundle) disk: FileRef,
    pub(in crate::bundle) size: u64,
    /// Bytes per shard, when shards are wanted.
    pub(in crate::bundle) shard_size: Option<u64>,
    /// Lengths of the parts, when it is stored in parts, and the state in which it was
    /// cut into them.
    pub(in crate::bundle) parts: Option<(FileState, Vec<u64>)>,
    /// State in which its digests are known, and the digests.
    pub(in crate::bundle) known: Option<(FileState, Ingested)>,
}

/// A file that was stored.
#[derive(Debug)]
pub(in crate::bundle) struct Taken {
    pub(in crate::bundle) ingested: Ingested,
    pub(in crate::bundle) state: FileState,
    pub(in crate::bundle) read_at: SystemTime,
    /// Whether its bytes were read in this run.
    pub(in crate::bundle) read: bool,
}

/// A bundle being written.
#[derive(Debug)]
pub(in crate::bundle) struct Store {
    staged: Staged,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Archive(Archive),
}

impl Store {
    /// Starts a layout folder; `previous` is an older one to take known blobs from.
    pub(in crate::bundle) fn folder(
        target: &Path,
        mode: StoreMode,
        previous: Option<PathBuf>,
        known_blobs: HashMap<Digest, FileState>,
    ) -> Result<Self> {
        let staged = Staged::folder(target)?;
        let blobs = staged.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|error| Problem::writing(&blobs, error))?;
        let root = staged.path().to_owned();
        let serial = AtomicU64::new(0);
        Ok(Self {
            staged,
            place: Place::Folder(Folder { root, mode, previous, known_blobs, serial }),
        })
    }

    /// Starts an archive.
    pub(in crate::bundle) fn archive(target: &Path) -> Result<Self> {
        let staged = Staged::file(target)?;
        let file = staged.handle().try_clone().map_err(|e| Problem::writing(target, e))?;
        let archive = Archive { path: target.to_owned(), file, end: 0, present: HashSet::new() };
        Ok(Self { staged, place: Place::Archive(archive) })
    }

    /// Where the bundle will be.
    pub(in crate::bundle) fn target(&self) -> &Path {
        self.staged.target()
    }

    /// Stores files, each read at most once, on all cores.
    pub(in crate::bundle) fn take_files(
        &mut self,
        files: &[Take],
        meter: &Meter,
    ) -> Vec<Result<Taken>> {
        match &mut self.place {
            Place::Folder(folder) => ingest_many(
                files,
                |take| take.size,
                |take| folder.begin(take, meter),
                |take, pending, ingested| folder.end(take, pending, ingested),
                meter,
            ),
            Place::Archive(archive) => archive.take_files(files, meter),
        }
    }

    /// Stores bytes as a blob.
    pub(in crate::bundle) fn put(&mut self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::of(media_type, bytes);
        match &mut self.place {
            Place::Folder(folder) => {
                let path = folder.blob(&descriptor.digest);
                if !path.exists() {
                    fsx::write_synced(&path, bytes)?;
                }
            }
            Place::Archive(archive) => {
                archive.append_blob(&descriptor.digest, bytes)?;
            }
        }
        Ok(descriptor)
    }

    /// Stores a tar + zstd layer that `fill` writes.
    pub(in crate::bundle) fn layer(
        &mut self,
        fill: impl FnOnce(&mut Writer<io::BufWriter<File>>) -> Result<()>,
    ) -> Result<Written> {
        match &mut self.place {
            Place::Folder(folder) => folder.layer(fill),
            Place::Archive(archive) => archive.layer(fill),
        }
    }

    /// Takes over a layer known from an earlier pack, if its blob is at hand.
    pub(in crate::bundle) fn reuse(&mut self, digest: &Digest, size: u64) -> bool {
        match &self.place {
            Place::Folder(folder) => folder.link_previous(digest, size),
            Place::Archive(archive) => archive.present.contains(digest),
        }
    }

    /// Writes the layout's own documents, flushes, and makes the bundle appear.
    pub(in crate::bundle) fn finish(mut self, index: &[u8], replace: bool) -> Result<()> {
        let documents = [("oci-layout", super::oci::LAYOUT_CONTENT), ("index.json", index)];
        match &mut self.place {
            Place::Folder(folder) => {
                let blobs = folder.root.join("blobs");
                for dir in [blobs.join("sha256"), blobs] {
                    fsx::sync_dir(&dir).map_err(|error| Problem::writing(&dir, error))?;
                }
                for (name, bytes) in documents {
                    fsx::write_synced(&folder.root.join(name), bytes)?;
                }
            }
            Place::Archive(archive) => {
                for (name, bytes) in documents {
                    archive.append(name, bytes)?;
                }
                archive.write_end()?;
            }
        }
        self.staged.commit(replace)
    }
}

impl Take {
    /// State of the open file, which must be as it was when it was planned.
    fn state_of(&self, file: &File) -> Result<FileState> {
        let state = state_of(&self.disk, file, self.size)?;
        match &self.parts {
            Some((cut, _)) if *cut != state => {
                Err(Problem::new(Code::FileChanged, self.disk.display()))
            }
            _ => Ok(state),
        }
    }
}

pub(in crate::bundle) fn state_of(path: &Path, file: &File, planned: u64) -> Result<FileState> {
    let state = FileState::of(file).map_err(|error| Problem::reading(path, error))?;
    if state.size == planned {
        Ok(state)
    } else {
        Err(Problem::new(Code::FileChanged, path.display()))
    }
}

/// The one pass both reads and writes; the kind of error tells which failed.
pub(in crate::bundle) fn read_or_write(source: &Path, target: &Path, error: io::Error) -> Problem {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::UnexpectedEof => Problem::new(Code::FileChanged, source.display())
            .detail("it became shorter while it was being read"),
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge | Kind::ReadOnlyFilesystem => {
            Problem::writing(target, error)
        }
        _ => Problem::reading(source, error),
    }
}
