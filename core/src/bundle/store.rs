//! Where pack puts blobs: a layout folder, or one archive of it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::oci::Descriptor;
use super::source::blob_name;
use super::tarball::{Writer, Written};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileState, Staged};
use crate::hash::{self, BUFFER, Ingested, Meter, Sink, ingest, run_largest_first};
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
pub(super) struct Take {
    pub(super) disk: PathBuf,
    pub(super) size: u64,
    /// Bytes per shard, when shards are wanted.
    pub(super) shard_size: Option<u64>,
    /// State in which its digests are known, and the digests.
    pub(super) known: Option<(FileState, Ingested)>,
}

/// A file that was stored.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) ingested: Ingested,
    pub(super) state: FileState,
    pub(super) read_at: SystemTime,
    /// Whether its bytes were read in this run.
    pub(super) read: bool,
}

/// A bundle being written.
#[derive(Debug)]
pub(super) struct Store {
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
    pub(super) fn folder(
        target: &Path,
        mode: StoreMode,
        previous: Option<PathBuf>,
    ) -> Result<Self> {
        let staged = Staged::folder(target)?;
        let blobs = staged.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|error| Problem::writing(&blobs, error))?;
        let root = staged.path().to_owned();
        let serial = AtomicU64::new(0);
        Ok(Self { staged, place: Place::Folder(Folder { root, mode, previous, serial }) })
    }

    /// Starts an archive.
    pub(super) fn archive(target: &Path) -> Result<Self> {
        let staged = Staged::file(target)?;
        let file = staged.handle().try_clone().map_err(|e| Problem::writing(target, e))?;
        let archive = Archive { path: target.to_owned(), file, end: 0, present: HashSet::new() };
        Ok(Self { staged, place: Place::Archive(archive) })
    }

    /// Where the bundle will be.
    pub(super) fn target(&self) -> &Path {
        self.staged.target()
    }

    /// Stores files, each read at most once, on all cores.
    pub(super) fn take_files(&mut self, files: &[Take], meter: &Meter) -> Vec<Result<Taken>> {
        match &mut self.place {
            Place::Folder(folder) => run_largest_first(
                files,
                |take| take.size,
                |take, buffer| folder.take(take, buffer, meter),
            ),
            Place::Archive(archive) => archive.take_files(files, meter),
        }
    }

    /// Stores bytes as a blob.
    pub(super) fn put(&mut self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
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
    pub(super) fn layer(
        &mut self,
        fill: impl FnOnce(&mut Writer<io::BufWriter<File>>) -> Result<()>,
    ) -> Result<Written> {
        match &mut self.place {
            Place::Folder(folder) => folder.layer(fill),
            Place::Archive(archive) => archive.layer(fill),
        }
    }

    /// Takes over a layer known from an earlier pack, if its blob is at hand.
    pub(super) fn reuse(&mut self, digest: &Digest, size: u64) -> bool {
        match &self.place {
            Place::Folder(folder) => folder.link_previous(digest, size),
            Place::Archive(archive) => archive.present.contains(digest),
        }
    }

    /// Writes the layout's own documents, flushes, and makes the bundle appear.
    pub(super) fn finish(mut self, index: &[u8], replace: bool) -> Result<()> {
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
                let end = archive.end;
                archive.write_at(&[0; 1024], end)?;
            }
        }
        self.staged.commit(replace)
    }
}

#[derive(Debug)]
struct Folder {
    root: PathBuf,
    mode: StoreMode,
    previous: Option<PathBuf>,
    serial: AtomicU64,
}

impl Folder {
    fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join(blob_name(digest))
    }

    fn temporary(&self) -> PathBuf {
        self.root.join(format!("incoming-{}", self.serial.fetch_add(1, Ordering::Relaxed)))
    }

    fn link_previous(&self, digest: &Digest, size: u64) -> bool {
        let blob = self.blob(digest);
        if blob.exists() {
            return true;
        }
        let Some(previous) = &self.previous else { return false };
        let old = previous.join(blob_name(digest));
        let fits = old.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() == size);
        fits && fs::hard_link(&old, &blob).is_ok()
    }

    fn take(&self, take: &Take, buffer: &mut [u8], meter: &Meter) -> Result<Taken> {
        let path = &take.disk;
        let file = fsx::open_regular(path)?;
        let read_at = SystemTime::now();
        let before = state_of(path, &file, take.size)?;
        let known =
            take.known.as_ref().filter(|(state, _)| *state == before).map(|(_, known)| known);
        if let Some(known) = known
            && self.link_previous(&known.digest, take.size)
        {
            meter.add(take.size);
            return Ok(Taken { ingested: known.clone(), state: before, read_at, read: false });
        }
        let temporary = self.temporary();
        let (ingested, read) = self.store(take, &file, known, &temporary, buffer, meter)?;
        let after = FileState::of(&file).map_err(|error| Problem::reading(path, error))?;
        let unchanged = match self.mode {
            StoreMode::Hardlink => before.same_content(&after),
            _ => before == after,
        };
        if !unchanged {
            return Err(Problem::new(Code::FileChanged, path.display()));
        }
        let blob = self.blob(&ingested.digest);
        fs::rename(&temporary, &blob).map_err(|error| Problem::writing(&blob, error))?;
        Ok(Taken { ingested, state: before, read_at, read })
    }

    /// Puts the file at `temporary` and says what its digests are.
    fn store(
        &self,
        take: &Take,
        source: &File,
        known: Option<&Ingested>,
        temporary: &Path,
        buffer: &mut [u8],
        meter: &Meter,
    ) -> Result<(Ingested, bool)> {
        let path = &take.disk;
        let writing = |error| Problem::writing(path, error);
        let mut read = |file: &File, sink: Option<Sink<'_>>| {
            ingest(file, take.size, sink, take.shard_size, buffer, meter)
                .map_err(|error| read_or_write(path, &self.root, error))
        };
        if self.mode == StoreMode::Hardlink {
            fs::hard_link(path, temporary).map_err(|error| link_unsupported(path, &error))?;
        } else {
            let target = fsx::create_new(temporary).map_err(writing)?;
            let cloned = match self.mode {
                StoreMode::Auto => fsx::reflink(source, &target).is_ok(),
                StoreMode::Reflink => {
                    fsx::reflink(source, &target)
                        .map_err(|error| link_unsupported(path, &error))?;
                    true
                }
                StoreMode::Copy | StoreMode::Hardlink => false,
            };
            if !cloned {
                let ingested = read(source, Some(Sink { file: &target, offset: 0 }))?;
                target.sync_all().map_err(writing)?;
                return Ok((ingested, true));
            }
            if known.is_none() {
                // The clone is a snapshot: what is hashed is what is stored.
                return Ok((read(&target, None)?, true));
            }
        }
        match known {
            Some(known) => {
                meter.add(take.size);
                Ok((known.clone(), false))
            }
            None => Ok((read(source, None)?, true)),
        }
    }

    fn layer(
        &self,
        fill: impl FnOnce(&mut Writer<io::BufWriter<File>>) -> Result<()>,
    ) -> Result<Written> {
        let temporary = self.temporary();
        let writing = |error| Problem::writing(&temporary, error);
        let file = fsx::create_new(&temporary).map_err(writing)?;
        let mut writer =
            Writer::new(io::BufWriter::with_capacity(BUFFER, file)).map_err(writing)?;
        fill(&mut writer)?;
        let (sink, written) = writer.finish().map_err(writing)?;
        let file = sink.into_inner().map_err(|error| writing(error.into_error()))?;
        file.sync_all().map_err(writing)?;
        fs::rename(&temporary, self.blob(&written.digest)).map_err(writing)?;
        Ok(written)
    }
}

/// Files up to this size are read into memory before they are appended.
const SMALL: u64 = 1 << 20;

#[derive(Debug)]
struct Archive {
    path: PathBuf,
    file: File,
    end: u64,
    present: HashSet<Digest>,
}

/// Where a file goes that is too large to be held in memory.
enum Slot {
    /// Its place is reserved; it can be written while others are.
    Reserved(u64),
    /// It looks like another file; it is hashed first and often not written.
    Twin,
    /// It is small.
    Small,
}

impl Archive {
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.file.write_all_at(bytes, offset).map_err(|error| Problem::writing(&self.path, error))
    }

    /// Reserves header and content, padded to whole blocks; returns its position.
    fn reserve(&mut self, size: u64) -> u64 {
        let at = self.end;
        self.end += 512 + size.div_ceil(512) * 512;
        at
    }

    fn write_header(&self, name: &str, size: u64, at: u64) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_path(name).map_err(|error| Problem::writing(&self.path, error))?;
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.write_at(header.as_bytes(), at)?;
        let end = at + 512 + size;
        let padding = usize::try_from(size.div_ceil(512) * 512 - size).unwrap_or(0);
        self.write_at(&[0; 512][..padding], end)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let at = self.reserve(bytes.len() as u64);
        self.write_at(bytes, at + 512)?;
        self.write_header(name, bytes.len() as u64, at)
    }

    fn append_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        if self.present.insert(*digest) {
            self.append(&blob_name(digest), bytes)?;
        }
        Ok(())
    }

    fn layer(
        &mut self,
        fill: impl FnOnce(&mut Writer<io::BufWriter<File>>) -> Result<()>,
    ) -> Result<Written> {
        let path = self.path.clone();
        let writing = |error| Problem::writing(&path, error);
        let at = self.end;
        let mut file = self.file.try_clone().map_err(writing)?;
        file.seek(SeekFrom::Start(at + 512)).map_err(writing)?;
        let mut writer =
            Writer::new(io::BufWriter::with_capacity(BUFFER, file)).map_err(writing)?;
        fill(&mut writer)?;
        let (mut sink, written) = writer.finish().map_err(writing)?;
        sink.flush().map_err(writing)?;
        // A layer that is there already is written over by what comes next.
        if self.present.insert(written.digest) {
            self.reserve(written.size);
            self.write_header(&blob_name(&written.digest), written.size, at)?;
        }
        Ok(written)
    }

    fn take_files(&mut self, files: &[Take], meter: &Meter) -> Vec<Result<Taken>> {
        let slots = match self.plan(files) {
            Ok(slots) => slots,
            Err(problem) => return vec![Err(problem)],
        };
        let reserved: Vec<(usize, u64)> = slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| match slot {
                Slot::Reserved(at) => Some((index, *at)),
                Slot::Small | Slot::Twin => None,
            })
            .collect();
        let parallel = run_largest_first(
            &reserved,
            |(index, _)| files[*index].size,
            |(index, at), buffer| {
                (*index, *at, self.fill(&files[*index], Some(*at), buffer, meter))
            },
        );
        let mut results: HashMap<usize, Result<Taken>> = HashMap::new();
        for (index, at, taken) in parallel {
            let taken = taken.and_then(|taken| {
                let digest = taken.ingested.digest;
                if self.present.insert(digest) {
                    self.write_header(&blob_name(&digest), files[index].size, at)?;
                    Ok(taken)
                } else {
                    Err(Problem::new(Code::Internal, files[index].disk.display())
                        .detail("an identical blob appeared while this one was written")
                        .hint("Pack into a folder instead of an archive."))
                }
            });
            results.insert(index, taken);
        }
        let mut buffer = vec![0; BUFFER];
        for (index, slot) in slots.iter().enumerate() {
            if !matches!(slot, Slot::Reserved(_)) {
                results.insert(index, self.take_in_turn(&files[index], slot, &mut buffer, meter));
            }
        }
        (0..files.len()).filter_map(|index| results.remove(&index)).collect()
    }

    /// Reserves places in the order of the files, so that the archive's bytes
    /// do not depend on which thread is faster.
    fn plan(&mut self, files: &[Take]) -> Result<Vec<Slot>> {
        let mut seen = HashSet::new();
        files
            .iter()
            .map(|take| {
                Ok(if take.size <= SMALL {
                    Slot::Small
                } else if seen.insert(probe(take)?) {
                    Slot::Reserved(self.reserve(take.size))
                } else {
                    Slot::Twin
                })
            })
            .collect()
    }

    fn take_in_turn(
        &mut self,
        take: &Take,
        slot: &Slot,
        buffer: &mut [u8],
        meter: &Meter,
    ) -> Result<Taken> {
        if matches!(slot, Slot::Small) {
            let file = fsx::open_regular(&take.disk)?;
            let read_at = SystemTime::now();
            let state = state_of(&take.disk, &file, take.size)?;
            let bytes = fsx::read_limited(&take.disk, SMALL)?;
            let after =
                FileState::of(&file).map_err(|error| Problem::reading(&take.disk, error))?;
            if state != after || bytes.len() as u64 != take.size {
                return Err(Problem::new(Code::FileChanged, take.disk.display()));
            }
            meter.add(take.size);
            let ingested = Ingested { digest: Digest::of(&bytes), shards: Vec::new() };
            self.append_blob(&ingested.digest, &bytes)?;
            return Ok(Taken { ingested, state, read_at, read: true });
        }
        let first = self.fill(take, None, buffer, meter)?;
        if self.present.contains(&first.ingested.digest) {
            return Ok(first);
        }
        let at = self.reserve(take.size);
        let taken = self.fill(take, Some(at), buffer, &Meter::default())?;
        self.present.insert(taken.ingested.digest);
        self.write_header(&blob_name(&taken.ingested.digest), take.size, at)?;
        Ok(taken)
    }

    fn fill(
        &self,
        take: &Take,
        at: Option<u64>,
        buffer: &mut [u8],
        meter: &Meter,
    ) -> Result<Taken> {
        let path = &take.disk;
        let file = fsx::open_regular(path)?;
        let read_at = SystemTime::now();
        let state = state_of(path, &file, take.size)?;
        let sink = at.map(|at| Sink { file: &self.file, offset: at + 512 });
        let ingested = ingest(&file, take.size, sink, take.shard_size, buffer, meter)
            .map_err(|error| read_or_write(path, &self.path, error))?;
        let after = FileState::of(&file).map_err(|error| Problem::reading(path, error))?;
        if after != state {
            return Err(Problem::new(Code::FileChanged, path.display()));
        }
        Ok(Taken { ingested, state, read_at, read: true })
    }
}

/// Size and digest of both ends of a file: differs for all but identical files.
fn probe(take: &Take) -> Result<(u64, Digest)> {
    const END: u64 = 64 << 10;
    let file = Arc::new(fsx::open_regular(&take.disk)?);
    let tail = take.size.saturating_sub(END);
    let ends = [(0, END.min(take.size)), (tail, take.size - tail)];
    let spans = ends.map(|(offset, len)| hash::Span { file: Arc::clone(&file), offset, len });
    let mut both = Vec::with_capacity(64);
    for digest in hash::hash_spans(&spans, &Meter::default()) {
        both.extend_from_slice(
            digest.map_err(|error| read_or_write(&take.disk, &take.disk, error))?.as_bytes(),
        );
    }
    Ok((take.size, Digest::of(&both)))
}

pub(super) fn state_of(path: &Path, file: &File, planned: u64) -> Result<FileState> {
    let state = FileState::of(file).map_err(|error| Problem::reading(path, error))?;
    if state.size == planned {
        Ok(state)
    } else {
        Err(Problem::new(Code::FileChanged, path.display()))
    }
}

/// The one pass both reads and writes; the kind of error tells which failed.
pub(super) fn read_or_write(source: &Path, target: &Path, error: io::Error) -> Problem {
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

fn link_unsupported(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Code::LinkUnsupported, path.display()).detail(format!("cannot link: {error}"))
}
