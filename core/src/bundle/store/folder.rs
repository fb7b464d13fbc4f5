//! Blobs of a layout folder: linked, cloned or copied into place.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::super::source::blob_name;
use super::super::tarball::{Writer, Written};
use super::{StoreMode, Take, Taken, read_or_write};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileState};
use crate::hash::{BUFFER, Begun, Ingested, Intake, Meter, Span};
use crate::model::digest::Digest;

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    pub(super) mode: StoreMode,
    pub(super) previous: Option<PathBuf>,
    pub(super) known_blobs: HashMap<Digest, FileState>,
    pub(super) serial: AtomicU64,
}

/// A file that is being stored.
#[derive(Debug)]
pub(super) struct Pending {
    file: Arc<File>,
    /// Its state when it was opened.
    before: FileState,
    read_at: SystemTime,
    /// Where it is until it has its name.
    temporary: PathBuf,
    /// What it is copied into, when it is.
    copy: Option<Arc<File>>,
}

enum Opened {
    Stored(Taken),
    ToRead(Intake, Pending),
}

impl Folder {
    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join(blob_name(digest))
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join(format!("incoming-{}", self.serial.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn link_previous(&self, digest: &Digest, size: u64) -> bool {
        let blob = self.blob(digest);
        if blob.exists() {
            return true;
        }
        let Some(previous) = &self.previous else { return false };
        let old = previous.join(blob_name(digest));
        // A blob that changed since it was written is not taken over.
        let known = self.known_blobs.get(digest);
        let now = FileState::at(&old);
        let fits = now.is_ok_and(|now| now.size == size && known == Some(&now));
        fits && fs::hard_link(&old, &blob).is_ok()
    }

    /// Opens a file that is to be stored and puts a link, a clone or an empty copy of it
    /// where it is to be; or stores it at once, when nothing is to be read.
    pub(super) fn begin(&self, take: &Take, meter: &Meter) -> Begun<Pending, Result<Taken>> {
        match self.open(take, meter) {
            Ok(Opened::Stored(taken)) => Begun::Done(Ok(taken)),
            Ok(Opened::ToRead(intake, pending)) => Begun::Read(intake, pending),
            Err(problem) => Begun::Done(Err(problem)),
        }
    }

    fn open(&self, take: &Take, meter: &Meter) -> Result<Opened> {
        let path = &take.disk;
        let file = Arc::new(fsx::open_regular(path)?);
        let read_at = SystemTime::now();
        let before = take.state_of(&file)?;
        let known =
            take.known.as_ref().filter(|(state, _)| *state == before).map(|(_, known)| known);
        if let Some((_, lens)) = &take.parts {
            let mut buffer = vec![0; BUFFER];
            let (ingested, read) =
                self.take_parts(take, &file, (known, lens), &mut buffer, meter)?;
            let after = FileState::of(&file).map_err(|error| Problem::reading(path, error))?;
            return if before == after {
                Ok(Opened::Stored(Taken { ingested, state: before, read_at, read }))
            } else {
                Err(Problem::new(Code::FileChanged, path.display()))
            };
        }
        if let Some(known) = known
            && self.link_previous(&known.digest, take.size)
        {
            meter.add(take.size);
            let ingested = known.clone();
            return Ok(Opened::Stored(Taken { ingested, state: before, read_at, read: false }));
        }
        let temporary = self.temporary();
        let (clone, copy) = self.place(path, &file, &temporary)?;
        let known = known.filter(|_| copy.is_none());
        // A clone is a snapshot: what is hashed is what is stored.
        let source = clone.map_or_else(|| Arc::clone(&file), Arc::new);
        let sink = copy.map(|copy| (Arc::new(copy), 0));
        let copy = sink.as_ref().map(|(copy, _)| Arc::clone(copy));
        let pending = Pending { file, before, read_at, temporary, copy };
        if let Some(known) = known {
            meter.add(take.size);
            return self.keep(take, pending, known.clone(), false).map(Opened::Stored);
        }
        let source = Span { file: source, offset: 0, len: take.size };
        Ok(Opened::ToRead(Intake { source, sink, shard_size: take.shard_size }, pending))
    }

    /// Links or clones `source` to `temporary`; gives back the clone, or the empty file that
    /// it has to be copied into.
    fn place(
        &self,
        path: &Path,
        source: &File,
        temporary: &Path,
    ) -> Result<(Option<File>, Option<File>)> {
        let linking = |error| fsx::linking(path.display(), temporary, error);
        if self.mode == StoreMode::Hardlink {
            fs::hard_link(path, temporary).map_err(linking)?;
            // The link was made by name; it must be to the file that is open.
            let same = |a: FileState, b: FileState| (a.dev, a.inode) == (b.dev, b.inode);
            let linked =
                FileState::at(temporary).and_then(|it| Ok(same(it, FileState::of(source)?)));
            if !linked.map_err(|error| Problem::reading(path, error))? {
                fsx::remove(temporary).map_err(|error| Problem::writing(temporary, error))?;
                return Err(Problem::new(Code::FileChanged, path.display()));
            }
            return Ok((None, None));
        }
        let target =
            fsx::create_new(temporary).map_err(|error| Problem::writing(temporary, error))?;
        let cloned = match self.mode {
            StoreMode::Auto => fsx::reflink(source, &target).is_ok(),
            StoreMode::Reflink => {
                fsx::reflink(source, &target).map_err(linking)?;
                true
            }
            StoreMode::Copy | StoreMode::Hardlink => false,
        };
        Ok(if cloned { (Some(target), None) } else { (None, Some(target)) })
    }

    /// The file was read; it gets its name if it did not change meanwhile.
    pub(super) fn end(
        &self,
        take: &Take,
        pending: Pending,
        ingested: io::Result<Ingested>,
    ) -> Result<Taken> {
        let ingested = ingested.map_err(|error| read_or_write(&take.disk, &self.root, error))?;
        if let Some(copy) = &pending.copy {
            copy.sync_all().map_err(|error| Problem::writing(&take.disk, error))?;
        }
        self.keep(take, pending, ingested, true)
    }

    fn keep(&self, take: &Take, pending: Pending, ingested: Ingested, read: bool) -> Result<Taken> {
        let Pending { file, before, read_at, temporary, .. } = pending;
        let after = FileState::of(&file).map_err(|error| Problem::reading(&take.disk, error))?;
        let unchanged = match self.mode {
            StoreMode::Hardlink => before.same_content(&after),
            _ => before == after,
        };
        if !unchanged {
            return Err(Problem::new(Code::FileChanged, take.disk.display()));
        }
        let blob = self.blob(&ingested.digest);
        fs::rename(&temporary, &blob).map_err(|error| Problem::writing(&blob, error))?;
        Ok(Taken { ingested, state: before, read_at, read })
    }

    pub(super) fn layer(
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
