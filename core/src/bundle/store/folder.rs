//! Blobs of a layout folder: linked, cloned or copied into place.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::super::source::blob_name;
use super::super::tarball::{Writer, Written};
use super::{StoreMode, Take, Taken, read_or_write};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileState};
use crate::hash::{BUFFER, Ingested, Meter, Sink, ingest};
use crate::model::digest::Digest;

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    pub(super) mode: StoreMode,
    pub(super) previous: Option<PathBuf>,
    pub(super) known_blobs: HashMap<Digest, FileState>,
    pub(super) serial: AtomicU64,
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

    pub(super) fn take(&self, take: &Take, buffer: &mut [u8], meter: &Meter) -> Result<Taken> {
        let path = &take.disk;
        let file = fsx::open_regular(path)?;
        let read_at = SystemTime::now();
        let before = take.state_of(&file)?;
        let known =
            take.known.as_ref().filter(|(state, _)| *state == before).map(|(_, known)| known);
        if let Some((_, lens)) = &take.parts {
            let (ingested, read) = self.take_parts(take, &file, (known, lens), buffer, meter)?;
            let after = FileState::of(&file).map_err(|error| Problem::reading(path, error))?;
            return if before == after {
                Ok(Taken { ingested, state: before, read_at, read })
            } else {
                Err(Problem::new(Code::FileChanged, path.display()))
            };
        }
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
            let name: &Path = path;
            fs::hard_link(name, temporary).map_err(|error| link_unsupported(path, &error))?;
            // The link was made by name; it must be to the file that is open.
            let same = |a: FileState, b: FileState| (a.dev, a.inode) == (b.dev, b.inode);
            let linked =
                FileState::at(temporary).and_then(|it| Ok(same(it, FileState::of(source)?)));
            if !linked.map_err(|error| Problem::reading(path, error))? {
                fsx::remove(temporary).map_err(writing)?;
                return Err(Problem::new(Code::FileChanged, path.display()));
            }
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

fn link_unsupported(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Code::LinkUnsupported, path.display()).detail(format!("cannot link: {error}"))
}
