//! Blobs of an archive: each written once, at a place known beforehand.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::super::source::blob_name;
use super::super::tarball::{Writer, Written, file_header};
use super::{Take, Taken, read_or_write, state_of};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileState};
use crate::hash::{self, BUFFER, Begun, Ingested, Intake, Meter, Sink, ingest_at, ingest_many};
use crate::model::digest::Digest;

/// Files up to this size are read into memory before they are appended.
const SMALL: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Archive {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) end: u64,
    pub(super) present: HashSet<Digest>,
}

/// Where a file goes that is too large to be held in memory.
enum Slot {
    /// Its place is reserved; it can be written while others are.
    Reserved(u64),
    /// It looks like another file; it is hashed first and often not written.
    Twin,
    /// It is small.
    Small,
    /// It is stored in parts, each of which may be there already.
    Parts,
}

impl Archive {
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.file.write_all_at(bytes, offset).map_err(|error| Problem::writing(&self.path, error))
    }

    /// Reserves header and content, padded to whole blocks; returns its position.
    pub(super) fn reserve(&mut self, size: u64) -> u64 {
        let at = self.end;
        self.end += 512 + size.div_ceil(512) * 512;
        at
    }

    fn write_header(&self, name: &str, size: u64, at: u64) -> Result<()> {
        self.put_header(name, size, at).map_err(|error| Problem::writing(&self.path, error))
    }

    pub(super) fn put_header(&self, name: &str, size: u64, at: u64) -> io::Result<()> {
        let mut header = file_header(size, false);
        header.set_path(name)?;
        header.set_cksum();
        self.file.write_all_at(header.as_bytes(), at)?;
        let end = at + 512 + size;
        let padding = usize::try_from(size.div_ceil(512) * 512 - size).unwrap_or(0);
        self.file.write_all_at(&[0; 512][..padding], end)
    }

    /// Writes the end mark; what lies behind it was written for nothing and goes.
    pub(super) fn write_end(&self) -> Result<()> {
        self.write_at(&[0; 1024], self.end)?;
        self.file.set_len(self.end + 1024).map_err(|error| Problem::writing(&self.path, error))
    }

    pub(super) fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let at = self.reserve(bytes.len() as u64);
        self.write_at(bytes, at + 512)?;
        self.write_header(name, bytes.len() as u64, at)
    }

    pub(super) fn append_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        if self.present.insert(*digest) {
            self.append(&blob_name(digest), bytes)?;
        }
        Ok(())
    }

    pub(super) fn layer(
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

    pub(super) fn take_files(&mut self, files: &[Take], meter: &Meter) -> Vec<Result<Taken>> {
        let slots = match self.plan(files) {
            Ok(slots) => slots,
            Err(problem) => return vec![Err(problem)],
        };
        let reserved: Vec<(usize, u64)> = slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| match slot {
                Slot::Reserved(at) => Some((index, *at)),
                Slot::Small | Slot::Twin | Slot::Parts => None,
            })
            .collect();
        let file = match self.file.try_clone() {
            Ok(file) => Arc::new(file),
            Err(error) => return vec![Err(Problem::writing(&self.path, error))],
        };
        let parallel = ingest_many(
            &reserved,
            |(index, _)| files[*index].size,
            |(index, at)| match begin(&files[*index], Some((Arc::clone(&file), at + 512))) {
                Ok((intake, pending)) => Begun::Read(intake, pending),
                Err(problem) => Begun::Done((*index, *at, Err(problem))),
            },
            |(index, at), pending, ingested| {
                (*index, *at, pending.end(&files[*index], &self.path, ingested))
            },
            meter,
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
                Ok(if take.parts.is_some() {
                    Slot::Parts
                } else if take.size <= SMALL {
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
        if let Some((_, lens)) = &take.parts {
            return self.take_parts(take, lens, buffer, meter);
        }
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
            let digest = Digest::of(&bytes);
            let ingested = Ingested { digest, shards: Vec::new(), parts: Vec::new() };
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
        let (intake, pending) = begin(take, None)?;
        let sink = at.map(|at| Sink { file: &self.file, offset: at + 512 });
        let ingested = ingest_at(&intake.source, sink, intake.shard_size, buffer, meter);
        pending.end(take, &self.path, ingested)
    }
}

/// A file that is being read.
#[derive(Debug)]
struct Pending {
    file: Arc<File>,
    /// Its state when it was opened.
    state: FileState,
    read_at: SystemTime,
}

fn begin(take: &Take, sink: Option<(Arc<File>, u64)>) -> Result<(Intake, Pending)> {
    let file = Arc::new(fsx::open_regular(&take.disk)?);
    let read_at = SystemTime::now();
    let state = state_of(&take.disk, &file, take.size)?;
    let source = hash::Span { file: Arc::clone(&file), offset: 0, len: take.size };
    let intake = Intake { source, sink, shard_size: take.shard_size };
    Ok((intake, Pending { file, state, read_at }))
}

impl Pending {
    fn end(self, take: &Take, archive: &Path, ingested: io::Result<Ingested>) -> Result<Taken> {
        let ingested = ingested.map_err(|error| read_or_write(&take.disk, archive, error))?;
        let after =
            FileState::of(&self.file).map_err(|error| Problem::reading(&take.disk, error))?;
        if after != self.state {
            return Err(Problem::new(Code::FileChanged, take.disk.display()));
        }
        Ok(Taken { ingested, state: self.state, read_at: self.read_at, read: true })
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
