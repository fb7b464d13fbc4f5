//! The stream that the walker reads: buffered, counted, and never held as a whole.

use std::io::{self, Read};

use crate::blob;

/// Bytes read ahead.
const AHEAD: usize = 16 << 10;

/// Where the bytes come from.
pub trait Source {
    /// Reads some bytes; 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Passes over at most so many bytes without reading them; says how many.
    fn leap(&mut self, count: u64) -> u64;
}

impl Source for blob::Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Read::read(self, buffer)
    }

    fn leap(&mut self, count: u64) -> u64 {
        self.skip(count)
    }
}

/// A source that has to be read to be passed over, such as a decompressor.
#[derive(Debug)]
pub struct Streamed<R>(pub R);

impl<R: Read> Source for Streamed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    fn leap(&mut self, _count: u64) -> u64 {
        0
    }
}

/// Why nothing more could be read.
#[derive(Debug)]
pub enum End {
    /// The bytes are at an end.
    Eof,
    /// Their compression is broken here, for every reader.
    Corrupt(String),
    /// They cannot be read, but others might: a limit, or the disk.
    Broken(String),
}

/// A buffered source.
pub struct Input<'a> {
    source: Box<dyn Source + 'a>,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    position: u64,
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("position", &self.position).finish_non_exhaustive()
    }
}

impl<'a> Input<'a> {
    /// Reads from this source.
    pub fn new(source: impl Source + 'a) -> Self {
        let buffer = vec![0; AHEAD].into_boxed_slice();
        Self { source: Box::new(source), buffer, from: 0, to: 0, position: 0 }
    }

    /// Bytes taken so far.
    pub const fn position(&self) -> u64 {
        self.position
    }

    fn fill(&mut self) -> Result<(), End> {
        loop {
            match self.source.read(&mut self.buffer) {
                Ok(0) => return Err(End::Eof),
                Ok(read) => {
                    (self.from, self.to) = (0, read.min(AHEAD));
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ended(&error)),
            }
        }
    }

    /// Whether the bytes are at an end.
    pub fn at_end(&mut self) -> Result<bool, End> {
        if self.from < self.to {
            return Ok(false);
        }
        match self.fill() {
            Ok(()) => Ok(false),
            Err(End::Eof) => Ok(true),
            Err(end) => Err(end),
        }
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, End> {
        if self.from == self.to {
            self.fill()?;
        }
        let byte = self.buffer[self.from];
        self.from += 1;
        self.position += 1;
        Ok(byte)
    }

    /// A little-endian number of `width` bytes, 8 at most.
    #[inline]
    pub fn number(&mut self, width: u8) -> Result<u64, End> {
        let mut value = 0;
        for place in 0..u32::from(width.min(8)) {
            value |= u64::from(self.byte()?) << (8 * place);
        }
        Ok(value)
    }

    /// Passes over `count` bytes, and keeps the first `keep` of them in `kept`.
    pub fn take(&mut self, count: u64, keep: usize, kept: &mut Vec<u8>) -> Result<(), End> {
        kept.clear();
        let mut left = count;
        while left > 0 {
            if self.from == self.to {
                if kept.len() >= keep {
                    let leapt = self.source.leap(left).min(left);
                    self.position += leapt;
                    left -= leapt;
                    if left == 0 {
                        return Ok(());
                    }
                }
                self.fill()?;
            }
            let there = (self.to - self.from).min(usize::try_from(left).unwrap_or(usize::MAX));
            let wanted = keep.saturating_sub(kept.len()).min(there);
            kept.extend_from_slice(&self.buffer[self.from..self.from + wanted]);
            self.from += there;
            self.position += there as u64;
            left -= there as u64;
        }
        Ok(())
    }

    /// Reads up to and with the next line feed, and keeps the first `keep` bytes before
    /// it. Gives the number of bytes before it.
    pub fn line(&mut self, keep: usize, kept: &mut Vec<u8>) -> Result<u64, End> {
        kept.clear();
        let mut length = 0;
        loop {
            if self.from == self.to {
                self.fill()?;
            }
            let ahead = &self.buffer[self.from..self.to];
            let feed = ahead.iter().position(|byte| *byte == b'\n');
            let there = feed.unwrap_or(ahead.len());
            let wanted = keep.saturating_sub(kept.len()).min(there);
            kept.extend_from_slice(&ahead[..wanted]);
            length += there as u64;
            let taken = there + usize::from(feed.is_some());
            self.from += taken;
            self.position += taken as u64;
            if feed.is_some() {
                return Ok(length);
            }
        }
    }
}

fn ended(error: &io::Error) -> End {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    if matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) {
        End::Corrupt(error.to_string())
    } else {
        End::Broken(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Input, Streamed};
    use crate::blob::Blob;

    #[test]
    fn long_payloads_are_passed_over_and_counted() {
        let mut bytes = vec![7; 300_000];
        bytes.extend(b"line\nrest");
        let blob = Blob::of_bytes(bytes.clone());
        let inputs = [Input::new(blob.reader()), Input::new(Streamed(bytes.as_slice()))];
        for mut input in inputs {
            let mut kept = Vec::new();
            input.take(300_000, 3, &mut kept).unwrap();
            assert_eq!((kept.as_slice(), input.position()), (&[7, 7, 7][..], 300_000));
            assert_eq!(input.line(2, &mut kept).unwrap(), 4);
            assert_eq!((kept.as_slice(), input.position()), (&b"li"[..], 300_005));
            assert_eq!(input.number(2).unwrap(), u64::from(u16::from_le_bytes(*b"re")));
            assert!(!input.at_end().unwrap());
            assert!(matches!(input.take(3, 0, &mut kept), Err(End::Eof)));
            assert!(input.at_end().unwrap());
        }
    }
}
