//! Directories of zip archives, read so that no reader sees an entry that is not seen
//! here.
//!
//! Sources: APPNOTE 6.3.9 of PKWARE; `Lib/zipfile` of `CPython`; miniz, which `PyTorch`
//! reads its archives with. All three go by the central directory. Where an archive tells
//! different readers different things, that is said.

use std::collections::HashSet;
use std::io;

use crate::blob::Blob;
use crate::content::Packing;
use crate::input::{End, Input};

/// First bytes of an archive that has entries.
pub const LOCAL: &[u8] = b"PK\x03\x04";
/// First bytes of an archive that has none.
pub const END: &[u8] = b"PK\x05\x06";
const CENTRAL: u64 = 0x0201_4b50;
/// Bytes of the end record without its comment, which has 65,535 at most.
const END_SIZE: u64 = 22;
const END_LEN: usize = 22;
const TAIL: u64 = END_SIZE + 0xffff;
/// Bytes of the end record of zip64, and of its locator.
const END64_SIZE: u64 = 56;
const LOCATOR_SIZE: u64 = 20;
/// Most entries of an archive.
const MAX_ENTRIES: usize = 100_000;
/// Most bytes of a central directory.
const MAX_DIRECTORY: u64 = 64 << 20;
/// Most odd things about an archive that are kept.
const MAX_ODD: usize = 16;

/// An archive.
#[derive(Debug, Default)]
pub struct Directory {
    /// Its entries, in the order of the central directory.
    pub entries: Vec<Entry>,
    /// What is told differently to different readers, or not readable; the first ones.
    pub odd: Vec<String>,
    /// Signs that other bytes lie before or behind the archive.
    pub moved: Vec<String>,
    /// Bytes of the central directory that were read.
    pub bytes: u64,
}

impl Directory {
    fn moved(&mut self, what: impl Into<String>) {
        self.moved.push(what.into());
    }

    fn odd(&mut self, what: impl Into<String>) {
        if self.odd.len() < MAX_ODD {
            self.odd.push(what.into());
        }
    }
}

/// An entry of an archive.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name, bytes that are no UTF-8 replaced.
    pub name: String,
    /// How it is compressed; none if that is a method that is not read here.
    pub packing: Option<Packing>,
    /// Number of the method.
    pub method: u64,
    /// Whether it says that it is encrypted.
    pub encrypted: bool,
    /// CRC-32 of its bytes.
    pub crc: u64,
    /// Number of its bytes.
    pub size: u64,
    /// Its bytes as they are stored.
    pub stored: Blob,
    /// Number of stored bytes that are promised.
    pub stored_size: u64,
    flags: u64,
    raw_name: Vec<u8>,
    offset: u64,
}

/// Where the central directory is.
struct Place {
    start: u64,
    size: u64,
    entries: u64,
    /// What has to be added to the offsets that the archive gives.
    shift: i128,
}

/// Whether an end record lies in the last bytes, and the directory before it. For files
/// that do not begin like an archive.
pub fn ends_like_zip(blob: &Blob) -> io::Result<bool> {
    let mut odd = Directory::default();
    let Some(place) = place(blob, &mut odd)? else { return Ok(false) };
    Ok(place.entries > 0 && blob.bytes(place.start, 4)? == b"PK\x01\x02")
}

/// Reads the directory; none if there is no end record.
pub fn directory(blob: &Blob) -> io::Result<Option<Directory>> {
    let mut directory = Directory::default();
    let Some(place) = place(blob, &mut directory)? else { return Ok(None) };
    if place.size > MAX_DIRECTORY {
        directory.odd(format!("a directory of {} bytes; {MAX_DIRECTORY} were read", place.size));
    }
    let part = blob.part(place.start, place.size.min(MAX_DIRECTORY));
    directory.bytes = part.len();
    let mut input = Input::new(part.reader());
    let mut names = HashSet::new();
    loop {
        match input.at_end() {
            Ok(false) => {}
            Ok(true) => break,
            Err(end) => return Err(broken(end)),
        }
        if directory.entries.len() >= MAX_ENTRIES {
            directory.odd("more than 100,000 entries; the rest was not looked at");
            break;
        }
        let Ok((mut entry, whole)) = central(&mut input) else {
            directory.odd(format!("entry {} of its directory is broken", directory.entries.len()));
            break;
        };
        if !whole {
            directory.odd(format!("{} reaches past the directory", shown(&entry.name)));
        }
        let offset = i128::from(entry.offset) + place.shift;
        match u64::try_from(offset) {
            Ok(offset) => entry.offset = offset,
            Err(_) => directory.odd(format!("{} lies before the archive", shown(&entry.name))),
        }
        if !names.insert(entry.raw_name.clone()) {
            directory.odd(format!("{} is there more than once", shown(&entry.name)));
        }
        directory.entries.push(entry);
    }
    let read = directory.entries.len() as u64;
    if read != place.entries {
        directory.odd(format!("its directory has {read} entries, but promises {}", place.entries));
    }
    locate(blob, &mut directory, place.start)?;
    Ok(Some(directory))
}

fn broken(end: End) -> io::Error {
    match end {
        End::Eof => io::ErrorKind::UnexpectedEof.into(),
        End::Corrupt(reason) | End::Broken(reason) => io::Error::other(reason),
    }
}

/// A little-endian number in these bytes; 0 where there are too few.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    let bytes = bytes.get(at..at + width).unwrap_or_default();
    bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

fn place(blob: &Blob, directory: &mut Directory) -> io::Result<Option<Place>> {
    let tail_start = blob.len().saturating_sub(TAIL);
    let tail = blob.bytes(tail_start, TAIL)?;
    let whole = tail.len().checked_sub(END_LEN);
    let found = whole.and_then(|last| {
        tail[..last + END.len()].windows(END.len()).rposition(|bytes| bytes == END)
    });
    let Some(at) = found else { return Ok(None) };
    let record = &tail[at..];
    let end = tail_start + at as u64;
    let (mut entries, mut size) = (number(record, 10, 2), number(record, 12, 4));
    let mut offset = number(record, 16, 4);
    if end + END_SIZE + number(record, 20, 2) != blob.len() {
        directory.moved("its end record is not at its end");
    }
    if number(record, 4, 2) != 0 || number(record, 8, 2) != entries {
        directory.odd("it is a part of several");
    }
    let mut directory_end = end;
    let locator = blob.bytes(end.saturating_sub(LOCATOR_SIZE), LOCATOR_SIZE)?;
    if end >= LOCATOR_SIZE + END64_SIZE && locator.starts_with(b"PK\x06\x07") {
        let at = end - LOCATOR_SIZE - END64_SIZE;
        let record = blob.bytes(at, END64_SIZE)?;
        if record.starts_with(b"PK\x06\x06") {
            if number(&locator, 8, 8) != at {
                directory.odd("its zip64 end record is not where it says");
            }
            directory_end = at;
            let wide = [number(&record, 32, 8), number(&record, 40, 8), number(&record, 48, 8)];
            let narrow = [(entries, 0xffff), (size, 0xffff_ffff), (offset, 0xffff_ffff)];
            if narrow.iter().zip(wide).any(|((narrow, all), wide)| narrow != all && *narrow != wide)
            {
                directory.odd("its two end records differ");
            }
            [entries, size, offset] = wide;
        } else {
            directory.odd("its zip64 end record is missing");
        }
    }
    let Some(start) = directory_end.checked_sub(size) else {
        directory.odd("its directory is longer than the archive");
        return Ok(Some(Place { start: directory_end, size: 0, entries, shift: 0 }));
    };
    let shift = i128::from(start) - i128::from(offset);
    if shift != 0 {
        directory.moved(format!("its directory is at byte {start}, but said to be at {offset}"));
    }
    Ok(Some(Place { start, size, entries, shift }))
}

/// One header of the central directory, and whether it is whole: `zipfile` reads on where
/// its texts are cut.
fn central(input: &mut Input<'_>) -> Result<(Entry, bool), End> {
    let mut header = Vec::new();
    input.take(46, 46, &mut header)?;
    if number(&header, 0, 4) != CENTRAL {
        return Err(End::Corrupt("no signature".to_owned()));
    }
    let (mut raw_name, mut extra, mut comment) = (Vec::new(), Vec::new(), Vec::new());
    let whole = input.take(number(&header, 28, 2), usize::MAX, &mut raw_name).is_ok()
        && input.take(number(&header, 30, 2), usize::MAX, &mut extra).is_ok()
        && input.take(number(&header, 32, 2), 0, &mut comment).is_ok();
    let mut wide = Wide::of(&extra);
    let size = wide.or(number(&header, 24, 4));
    let stored_size = wide.or(number(&header, 20, 4));
    let offset = wide.or(number(&header, 42, 4));
    let (flags, method) = (number(&header, 8, 2), number(&header, 10, 2));
    let entry = Entry {
        name: String::from_utf8_lossy(&raw_name).into_owned(),
        packing: match method {
            0 => Some(Packing::Plain),
            8 => Some(Packing::Deflate),
            _ => None,
        },
        method,
        encrypted: flags & 0x2041 != 0,
        crc: number(&header, 16, 4),
        size,
        stored: Blob::of_bytes([]),
        stored_size,
        flags,
        raw_name,
        offset,
    };
    Ok((entry, whole))
}

/// The zip64 numbers of an entry, taken in their order.
struct Wide<'a>(&'a [u8]);

impl<'a> Wide<'a> {
    fn of(mut extra: &'a [u8]) -> Self {
        while extra.len() >= 4 {
            let len = usize::try_from(number(extra, 2, 2)).unwrap_or(0);
            let body = extra.get(4..4 + len).unwrap_or_default();
            if number(extra, 0, 2) == 1 {
                return Self(body);
            }
            extra = extra.get(4 + len..).unwrap_or_default();
        }
        Self(&[])
    }

    fn or(&mut self, narrow: u64) -> u64 {
        if narrow != 0xffff_ffff || self.0.len() < 8 {
            return narrow;
        }
        let wide = number(self.0, 0, 8);
        self.0 = &self.0[8..];
        wide
    }
}

/// Finds the bytes of each entry by its local header, and what is between them.
fn locate(blob: &Blob, directory: &mut Directory, directory_start: u64) -> io::Result<()> {
    let mut spans = Vec::with_capacity(directory.entries.len());
    let mut odd = Vec::new();
    for entry in &mut directory.entries {
        let header = blob.bytes(entry.offset, 30)?;
        let name = shown(&entry.name);
        if header.len() < 30 || !header.starts_with(LOCAL) {
            odd.push(format!("{name} has no local header where it should be"));
            continue;
        }
        let name_len = number(&header, 26, 2);
        let start = entry.offset.saturating_add(30 + name_len + number(&header, 28, 2));
        let end = start.saturating_add(entry.stored_size);
        entry.stored = blob.part(start, entry.stored_size);
        if end > directory_start {
            odd.push(format!("{name} reaches into the directory"));
        }
        if blob.bytes(entry.offset + 30, name_len)? != entry.raw_name {
            odd.push(format!("{name} has another name in its local header"));
        }
        if number(&header, 8, 2) != entry.method {
            odd.push(format!("{name} has another method in its local header"));
        }
        entry.encrypted |= number(&header, 6, 2) & 0x2041 != 0;
        let sized = number(&header, 6, 2) & 8 == 0;
        let sizes = [(18, entry.stored_size), (22, entry.size)];
        if sized && sizes.iter().any(|(at, size)| !agrees(number(&header, *at, 4), *size)) {
            odd.push(format!("{name} has another size in its local header"));
        }
        if entry.method == 0 && entry.size != entry.stored_size {
            odd.push(format!("{name} is not compressed, but has two sizes"));
        }
        let described = !sized || entry.flags & 8 != 0;
        spans.push((entry.offset, end, described));
    }
    spans.sort_unstable();
    let prefix = spans.first().map_or(0, |span| span.0);
    if prefix > 0 {
        directory.moved(format!("{prefix} bytes before its first entry"));
    }
    let next = spans.iter().skip(1).map(|span| span.0).chain([directory_start]);
    for ((_, end, described), next) in spans.iter().zip(next) {
        match next.checked_sub(*end) {
            Some(0) => {}
            // The descriptor, with and without signature, and of zip64.
            Some(12 | 16 | 20 | 24) if *described => {}
            Some(gap) => odd.push(format!("{gap} bytes at byte {end} belong to no entry")),
            None => odd.push(format!("entries overlap at byte {next}")),
        }
    }
    for what in odd {
        directory.odd(what);
    }
    Ok(())
}

fn agrees(local: u64, size: u64) -> bool {
    local == size || local == 0xffff_ffff
}

fn shown(name: &str) -> String {
    crate::report::shown(name)
}
