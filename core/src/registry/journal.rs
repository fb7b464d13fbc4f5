//! The journal of one download: which parts are proved and on disk.
//!
//! A line is added after the bytes it speaks of were written, so after a run was
//! killed they are there: the page cache outlives the process. It does not outlive a
//! power cut, so what was noted before the machine was started last is hashed again
//! before it is believed. A line names the digest that was checked and the very file,
//! so it proves nothing about other bytes. Speaks to nobody.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use rustix::fs::{FlockOperation, OFlags};

use super::parts::Part;
use crate::finding::{Code, Problem, Result};
use crate::hash::{Hasher, Sink};
use crate::model::digest::{Digest, hex_of};

/// First line of every journal.
const HEADER: &str = "pkg download 1";

/// Largest journal that is read, in bytes: some 200 000 parts.
const LIMIT: u64 = 64 << 20;

/// Where the kernel says since when the machine runs.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Longest state of a hash, in bytes.
const MAX_STATE: usize = 256;

/// Which parts of one download are proved and on disk.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    known: HashMap<Key, Note>,
}

/// What a line is about: these bytes, in this file, checked against this digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    blob: Digest,
    offset: u64,
    len: u64,
    digest: Digest,
    place: Place,
}

/// A position in a file that is told apart from others that had its name or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    dev: u64,
    inode: u64,
    /// Nanoseconds since 1970; 0 where the file system does not keep it.
    born: u128,
    /// Where the blob begins in the file.
    offset: u64,
}

#[derive(Debug, Clone)]
struct Note {
    done: u64,
    state: Vec<u8>,
    believed: bool,
}

/// How far a part has got in earlier runs.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Bytes of the part that are on disk.
    pub(super) done: u64,
    /// The hash over them; of a part that is complete, none is needed.
    pub(super) hasher: Option<Hasher>,
    /// Whether they are as they were checked; else they have to be hashed again.
    pub(super) believed: bool,
}

impl Journal {
    /// Opens or begins the journal at `path`. Only one run has it at a time.
    /// What is no journal of this format is begun anew.
    pub fn open(path: &Path) -> Result<Self> {
        let boot = std::fs::read_to_string(BOOT_ID).ok();
        Self::open_since(path, boot.as_deref().map_or("", str::trim))
    }

    /// [`Journal::open`] on a machine whose start has this name; without one, nothing
    /// that earlier runs noted is believed.
    pub(super) fn open_since(path: &Path, boot: &str) -> Result<Self> {
        let wrong = |error| Problem::writing(path, error);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o644);
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
        let mut file = options.open(path).map_err(wrong)?;
        let meta = file.metadata().map_err(wrong)?;
        if !meta.is_file() {
            return Err(Problem::new(Code::SpecialFile, path.display()));
        }
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Problem::new(Code::OutputBusy, path.display()));
            }
            Err(error) => return Err(wrong(error.into())),
        }
        let mut bytes = Vec::new();
        if meta.len() <= LIMIT {
            file.seek(SeekFrom::Start(0)).map_err(wrong)?;
            (&file).take(LIMIT).read_to_end(&mut bytes).map_err(wrong)?;
        }
        let read = Lines::read(&bytes, boot);
        file.set_len(read.end).map_err(wrong)?;
        let mut begin = String::new();
        if read.end == 0 {
            begin = format!("{HEADER}\n");
        }
        if !read.current {
            begin = format!("{begin}boot {}\n", if boot.is_empty() { "-" } else { boot });
        }
        file.write_all(begin.as_bytes()).map_err(wrong)?;
        let inner = Mutex::new(Inner { file, known: read.known });
        Ok(Self { path: path.to_owned(), inner })
    }

    /// What is known of a part. The file must be long enough to hold it.
    pub(super) fn known(&self, blob: Digest, part: &Part, sink: Sink<'_>) -> Option<Known> {
        let key = key(blob, part, sink).ok()?;
        let note = self.lock().known.get(&key).cloned()?;
        let end = sink.offset.checked_add(part.offset)?.checked_add(note.done)?;
        if sink.file.metadata().ok()?.len() < end {
            return None;
        }
        let hasher = if note.done < part.len { Some(Hasher::restore(&note.state)?) } else { None };
        // A file that may be another one under the same number is no ground for belief.
        let believed = note.believed && key.place.born != 0;
        Some(Known { done: note.done, hasher, believed })
    }

    /// Notes that a part is on disk and was found to be right.
    pub(super) fn proved(&self, blob: Digest, part: &Part, sink: Sink<'_>) -> Result<()> {
        self.add(blob, part, sink, part.len, &[])
    }

    /// Notes how far a part has got.
    pub(super) fn reached(
        &self,
        blob: Digest,
        part: &Part,
        sink: Sink<'_>,
        done: u64,
        hasher: &Hasher,
    ) -> Result<()> {
        self.add(blob, part, sink, done, &hasher.save())
    }

    fn add(
        &self,
        blob: Digest,
        part: &Part,
        sink: Sink<'_>,
        done: u64,
        state: &[u8],
    ) -> Result<()> {
        let wrong = |error| Problem::writing(&self.path, error);
        let key = key(blob, part, sink).map_err(wrong)?;
        let note = Note { done, state: state.to_vec(), believed: true };
        let line = line(&key, &note);
        let mut inner = self.lock();
        inner.file.write_all(line.as_bytes()).map_err(wrong)?;
        inner.known.insert(key, note);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(blob: Digest, part: &Part, sink: Sink<'_>) -> std::io::Result<Key> {
    let meta = sink.file.metadata()?;
    let born = meta.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let place = Place {
        dev: meta.dev(),
        inode: meta.ino(),
        born: born.map_or(0, |age| age.as_nanos()),
        offset: sink.offset,
    };
    Ok(Key { blob, offset: part.offset, len: part.len, digest: part.digest, place })
}

fn line(key: &Key, note: &Note) -> String {
    let Key { blob, offset, len, digest, place } = key;
    let Place { dev, inode, born, offset: at } = place;
    let (blob, digest) = (blob.hex(), digest.hex());
    let state = if note.state.is_empty() { "-".to_owned() } else { hex_of(&note.state) };
    let done = note.done;
    format!("part {blob} {offset} {len} {digest} {dev} {inode} {born} {at} {done} {state}\n")
}

/// What the lines of a journal say.
#[derive(Debug, Default)]
struct Lines {
    known: HashMap<Key, Note>,
    /// Position behind the last line that can be used.
    end: u64,
    /// Whether the last section is of this start of the machine.
    current: bool,
}

impl Lines {
    fn read(bytes: &[u8], boot: &str) -> Self {
        let mut read = Self::default();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, behind) = rest.split_at(end);
            let used = std::str::from_utf8(line).ok().and_then(|line| read.take(line, boot));
            if used.is_none() {
                // Not torn, so not from a run that was killed: nothing here is believed.
                read.known.values_mut().for_each(|note| note.believed = false);
                break;
            }
            read.end += end as u64 + 1;
            rest = behind.get(1..).unwrap_or_default();
        }
        read
    }

    fn take(&mut self, line: &str, boot: &str) -> Option<()> {
        if self.end == 0 {
            return (line == HEADER).then_some(());
        }
        let mut words = line.split(' ');
        match words.next()? {
            "boot" => {
                let id = words.next()?;
                self.current = id == boot && !boot.is_empty();
            }
            "part" => {
                let (key, mut note) = entry(&mut words)?;
                note.believed = self.current;
                self.known.insert(key, note);
            }
            _ => return None,
        }
        words.next().is_none().then_some(())
    }
}

fn entry<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<(Key, Note)> {
    let blob = Digest::from_hex(words.next()?).ok()?;
    let offset = words.next()?.parse().ok()?;
    let len = words.next()?.parse().ok()?;
    let digest = Digest::from_hex(words.next()?).ok()?;
    let place = Place {
        dev: words.next()?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
        born: words.next()?.parse().ok()?,
        offset: words.next()?.parse().ok()?,
    };
    let done = words.next()?.parse().ok()?;
    let state = match words.next()? {
        "-" => Vec::new(),
        hex => bytes_of(hex)?,
    };
    if done > len || (done < len) == state.is_empty() {
        return None;
    }
    let key = Key { blob, offset, len, digest, place };
    Some((key, Note { done, state, believed: false }))
}

/// Bytes from hex digits, of a state of a hash.
pub(super) fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() > 2 * MAX_STATE || !hex.len().is_multiple_of(2) {
        return None;
    }
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
