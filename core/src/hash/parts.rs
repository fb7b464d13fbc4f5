//! Files that are stored in parts: taken in with one read, and read as if they were
//! whole.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use super::ingest::{LARGE, Second, pass};
use super::{Hasher, Ingested, Meter, Part, Span, read_at};
use crate::finding::{Problem, Result};
use crate::model::digest::Digest;

/// Where the parts of a file are stored, one after the other.
pub trait PartStore: Send {
    /// The next part begins.
    fn begin(&mut self) -> io::Result<()>;
    /// More bytes of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// It is complete.
    fn end(&mut self, part: Part) -> io::Result<()>;
}

/// Reads `source` once; hashes the whole and every part, and stores the parts.
///
/// `lens` are the lengths of the parts, none of them 0, that make up the source.
pub fn ingest_parts(
    source: &Span,
    lens: &[u64],
    store: &mut dyn PartStore,
    buffer: &mut [u8],
    meter: &Meter,
) -> io::Result<Ingested> {
    let second = Parts { lens, store, hasher: Hasher::default(), done: 0, made: Vec::new() };
    let (digest, parts) = pass(source, second, source.len < LARGE, buffer, meter)?;
    Ok(Ingested { digest, shards: Vec::new(), parts })
}

struct Parts<'a> {
    lens: &'a [u64],
    store: &'a mut dyn PartStore,
    hasher: Hasher,
    /// Bytes of the part that is being stored.
    done: u64,
    made: Vec<Part>,
}

impl Second for Parts<'_> {
    type Made = Vec<Part>;

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let len = *self.lens.get(self.made.len()).ok_or_else(wrong_lengths)?;
            if self.done == 0 {
                self.store.begin()?;
            }
            let room = usize::try_from(len - self.done).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.store.write(now)?;
            self.hasher.update(now);
            self.done += now.len() as u64;
            if self.done == len {
                let digest = std::mem::take(&mut self.hasher).finish();
                let part = Part { len, digest };
                self.store.end(part)?;
                self.made.push(part);
                self.done = 0;
            }
            if now.is_empty() {
                return Err(wrong_lengths());
            }
            rest = later;
        }
        Ok(())
    }

    fn finish(self) -> io::Result<Vec<Part>> {
        if self.done == 0 && self.made.len() == self.lens.len() {
            Ok(self.made)
        } else {
            Err(wrong_lengths())
        }
    }
}

fn wrong_lengths() -> io::Error {
    io::Error::other("the parts do not make up the file")
}

/// A file as a chain of parts, each opened when it is read: a file may have more parts
/// than a program may have files open.
pub struct Chain<'a> {
    /// Where each part ends in the file.
    ends: Vec<u64>,
    open: Box<dyn Fn(usize) -> Result<Span> + Send + Sync + 'a>,
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl From<Span> for Chain<'_> {
    fn from(span: Span) -> Self {
        Self::new([span.len], move |_| Ok(span.clone()))
    }
}

impl<'a> Chain<'a> {
    /// Parts of these lengths; `open` opens the one with a number, and must give a span
    /// of that length.
    pub fn new(
        lens: impl IntoIterator<Item = u64>,
        open: impl Fn(usize) -> Result<Span> + Send + Sync + 'a,
    ) -> Self {
        let ends = lens
            .into_iter()
            .scan(0_u64, |end, len| {
                *end = end.saturating_add(len);
                Some(*end)
            })
            .collect();
        Self { ends, open: Box::new(open) }
    }

    /// Bytes of the file.
    pub fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part that holds the byte at `offset`, from there on; none at the end.
    pub fn part_at(&self, offset: u64) -> Result<Option<Span>> {
        let number = self.ends.partition_point(|end| *end <= offset);
        if number == self.ends.len() {
            return Ok(None);
        }
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        let span = (self.open)(number)?;
        let skip = offset - start;
        let len = span.len.saturating_sub(skip);
        Ok(Some(Span { file: span.file, offset: span.offset + skip, len }))
    }

    /// SHA-256 of `len` bytes from `offset` on. The error of the inner result is that of
    /// reading a part that was opened.
    pub fn digest(
        &self,
        (offset, len): (u64, u64),
        buffer: &mut [u8],
        meter: &Meter,
    ) -> Result<io::Result<Digest>> {
        let mut hasher = Hasher::default();
        let mut done = 0;
        while done < len {
            let Some(part) = self.part_at(offset.saturating_add(done))? else {
                return Ok(Err(io::ErrorKind::UnexpectedEof.into()));
            };
            let take = part.len.min(len - done);
            let mut got_of_part = 0;
            while got_of_part < take {
                let want = usize::try_from(take - got_of_part).unwrap_or(usize::MAX);
                let want = want.min(buffer.len());
                match read_at(&part.file, &mut buffer[..want], part.offset + got_of_part) {
                    Ok(got) => {
                        hasher.update(&buffer[..got]);
                        meter.add(got as u64);
                        got_of_part += got as u64;
                    }
                    Err(error) => return Ok(Err(error)),
                }
            }
            if take == 0 {
                return Ok(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            done += take;
        }
        Ok(Ok(hasher.finish()))
    }

    /// Reads it from its beginning.
    pub fn reader(&self) -> ChainReader<'_, 'a> {
        ChainReader { chain: self, at: 0, part: None }
    }
}

/// Reads a [`Chain`]. A part that cannot be opened is an error whose source is the problem.
#[derive(Debug)]
pub struct ChainReader<'c, 'a> {
    chain: &'c Chain<'a>,
    at: u64,
    /// A part that is open, and where it begins.
    part: Option<(u64, Span)>,
}

impl ChainReader<'_, '_> {
    /// The open part and the distance of the next byte from its start.
    fn here(&mut self) -> io::Result<Option<(&Span, u64)>> {
        let holds = |(start, span): &(u64, Span)| {
            self.at.checked_sub(*start).is_some_and(|skip| skip < span.len)
        };
        if !self.part.as_ref().is_some_and(holds) {
            let opened = self.chain.part_at(self.at).map_err(|p: Problem| io::Error::other(p))?;
            self.part = opened.filter(|span| span.len > 0).map(|span| (self.at, span));
        }
        let at = self.at;
        Ok(self.part.as_ref().map(|(start, span)| (span, at - *start)))
    }
}

impl Read for ChainReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let Some((span, skip)) = self.here()? else { return Ok(0) };
        let left = usize::try_from(span.len - skip).unwrap_or(usize::MAX);
        let want = left.min(buffer.len());
        let got = span.file.read_at(&mut buffer[..want], span.offset + skip)?;
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for ChainReader<'_, '_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(distance) => self.at.checked_add_signed(distance),
            SeekFrom::End(distance) => self.chain.len().checked_add_signed(distance),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Chain, PartStore, ingest_parts};
    use crate::finding::{Code, Problem};
    use crate::hash::{BUFFER, Meter, Part, Span};
    use crate::model::digest::Digest;

    fn span(content: &[u8]) -> Span {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Span { file: Arc::new(file), offset: 0, len: content.len() as u64 }
    }

    #[derive(Default)]
    struct Memory {
        parts: Vec<Vec<u8>>,
        ended: Vec<Part>,
    }

    impl PartStore for Memory {
        fn begin(&mut self) -> io::Result<()> {
            assert_eq!(self.parts.len(), self.ended.len());
            self.parts.push(Vec::new());
            Ok(())
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.parts.last_mut().unwrap().extend(bytes);
            Ok(())
        }

        fn end(&mut self, part: Part) -> io::Result<()> {
            self.ended.push(part);
            Ok(())
        }
    }

    fn check(content: &[u8], lens: &[u64]) {
        let mut store = Memory::default();
        let source = span(content);
        let buffer = &mut vec![0; BUFFER];
        let got = ingest_parts(&source, lens, &mut store, buffer, &Meter::default()).unwrap();
        assert_eq!(got.digest, Digest::of(content));
        assert_eq!(got.parts, store.ended);
        assert_eq!(store.parts.concat(), content);
        for (part, (bytes, len)) in got.parts.iter().zip(store.parts.iter().zip(lens)) {
            assert_eq!(*part, Part { len: *len, digest: Digest::of(bytes) });
            assert_eq!(bytes.len() as u64, *len);
        }
    }

    #[test]
    fn small_and_large_files_come_in_their_parts() {
        let content: Vec<u8> =
            (0..20_000_000_u32).map(|n| ((n * 7) >> 9).to_le_bytes()[0]).collect();
        check(&content, &[1, 9_999_999, 1_048_576, 8_951_424]);
        check(&content[..10], &[3, 3, 4]);
        check(&[], &[]);
    }

    #[test]
    fn lengths_that_do_not_fit_are_an_error() {
        for lens in [&[1_u64, 2][..], &[2, 3], &[], &[0, 4], &[4, 1]] {
            let buffer = &mut [0; 16];
            let store = &mut Memory::default();
            let result = ingest_parts(&span(b"four"), lens, store, buffer, &Meter::default());
            assert!(result.is_err(), "{lens:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_chain_reads_like_one_file(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..6),
            from in 0_u64..300, len in 0_u64..300,
        ) {
            let whole = parts.concat();
            let size = whole.len() as u64;
            let chain = Chain::new(parts.iter().map(|part| part.len() as u64), |number| {
                Ok(span(&parts[number]))
            });
            prop_assert_eq!((chain.len(), chain.is_empty()), (size, whole.is_empty()));
            let mut reader = chain.reader();
            let mut got = Vec::new();
            reader.read_to_end(&mut got).unwrap();
            prop_assert_eq!(&got, &whole);
            got.clear();
            reader.seek(SeekFrom::Start(from)).unwrap();
            reader.read_to_end(&mut got).unwrap();
            let start = usize::try_from(from.min(size)).unwrap();
            prop_assert_eq!(&got, &whole[start..]);
            let digest = chain.digest((from, len), &mut [0; 7], &Meter::default()).unwrap();
            match whole.get(start..start + usize::try_from(len).unwrap()) {
                Some(bytes) if from <= size => prop_assert_eq!(digest.unwrap(), Digest::of(bytes)),
                _ => prop_assert!(digest.is_err() || len == 0),
            }
        }
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let chain = Chain::new([4, 4], |number| match number {
            0 => Ok(span(b"0123")),
            _ => Err(Problem::new(Code::MissingBlob, "the second")),
        });
        let mut reader = chain.reader();
        assert_eq!(reader.seek(SeekFrom::End(-5)).unwrap(), 3);
        let mut byte = [0; 1];
        reader.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"3");
        assert!(reader.read_exact(&mut byte).unwrap_err().to_string().contains("the second"));
        let result = chain.digest((2, 4), &mut [0; 9], &Meter::default());
        assert_eq!(result.unwrap_err().code(), Code::MissingBlob);
        assert!(reader.seek(SeekFrom::End(-9)).is_err());
        let short = Chain::new([4], |_| Ok(span(b"01")));
        assert!(short.digest((2, 2), &mut [0; 9], &Meter::default()).unwrap().is_err());
    }
}
