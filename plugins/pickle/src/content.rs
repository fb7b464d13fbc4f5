//! What lies in a file or in an entry of an archive: bytes, perhaps compressed.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read};
use std::rc::Rc;

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::blob::{Blob, Reader};
use crate::input::{Input, Streamed};

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// The bare deflate of zip archives.
    Deflate,
    /// zlib, one stream or several, as joblib reads it.
    Zlib,
    /// gzip, one member or several.
    Gzip,
}

/// Decompressed bytes that may still be had, shared by everything in one file.
#[derive(Debug, Clone)]
pub struct Budget(Rc<Cell<u64>>);

impl Budget {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Rc::new(Cell::new(bytes)))
    }

    /// Bytes that are left.
    pub fn left(&self) -> u64 {
        self.0.get()
    }
}

/// Bytes to look at, from `skip` on after they are decompressed.
#[derive(Debug, Clone)]
pub struct Content {
    blob: Blob,
    packing: Packing,
    skip: u64,
    budget: Budget,
}

impl Content {
    /// These bytes, packed in this way.
    pub fn new(blob: Blob, packing: Packing, budget: &Budget) -> Self {
        Self { blob, packing, skip: 0, budget: budget.clone() }
    }

    /// The same without its first bytes.
    #[must_use]
    pub fn after(&self, skip: u64) -> Self {
        Self { skip: self.skip.saturating_add(skip), ..self.clone() }
    }

    /// The bytes, if they are not compressed.
    pub fn plain(&self) -> Option<Blob> {
        let plain = self.packing == Packing::Plain;
        plain.then(|| self.blob.part(self.skip, self.blob.len()))
    }

    /// Number of bytes, where that is known without reading.
    pub fn known_len(&self) -> Option<u64> {
        self.plain().map(|blob| blob.len())
    }

    /// A fresh walk over the bytes.
    pub fn input(&self) -> Input<'static> {
        if let Some(blob) = self.plain() {
            return Input::new(blob.reader());
        }
        let mut stream = self.stream();
        // What cannot be passed over shows when the walk reads on.
        let _ = io::copy(&mut stream.by_ref().take(self.skip), &mut io::sink());
        Input::new(Streamed(stream))
    }

    fn stream(&self) -> Metered {
        let bytes = BufReader::with_capacity(16 << 10, self.blob.reader());
        let inner: Box<dyn Read> = match self.packing {
            Packing::Plain => Box::new(bytes),
            Packing::Deflate => Box::new(DeflateDecoder::new(bytes)),
            Packing::Zlib => Box::new(Zlibs(Some(ZlibDecoder::new(bytes)))),
            Packing::Gzip => Box::new(MultiGzDecoder::new(bytes)),
        };
        let metered = self.packing != Packing::Plain;
        Metered { inner, budget: metered.then(|| self.budget.clone()) }
    }

    /// The first bytes, `len` at most, and fewer where they are corrupt.
    pub fn head(&self, len: u64) -> io::Result<Vec<u8>> {
        if let Some(blob) = self.plain() {
            return blob.bytes(0, len);
        }
        let mut head = Vec::new();
        let wanted = self.skip.saturating_add(len);
        let read = self.stream().take(wanted).read_to_end(&mut head);
        head.drain(..head.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX)));
        match read {
            Err(error) if head.is_empty() => Err(error),
            _ => Ok(head),
        }
    }

    /// All of it, to be read from any place; an error if it is more than `most` bytes.
    pub fn whole(&self, most: u64) -> io::Result<Blob> {
        if let Some(blob) = self.plain() {
            return Ok(blob);
        }
        let mut bytes = Vec::new();
        let wanted = self.skip.saturating_add(most).saturating_add(1);
        self.stream().take(wanted).read_to_end(&mut bytes)?;
        bytes.drain(..bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX)));
        if bytes.len() as u64 > most {
            return Err(too_large());
        }
        Ok(Blob::of_bytes(bytes))
    }

    /// Number and CRC-32 of all bytes.
    pub fn checksum(&self) -> io::Result<(u64, u32)> {
        let (mut stream, mut crc, mut count) = (self.stream(), Crc::new(), 0_u64);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Ok((count, crc.sum())),
                Ok(read) => {
                    crc.update(&buffer[..read]);
                    count += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn too_large() -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, "it is too large when decompressed")
}

/// Several zlib streams, one after the other, as `BinaryZlibFile` of joblib reads them.
struct Zlibs(Option<ZlibDecoder<BufReader<Reader>>>);

impl Read for Zlibs {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(decoder) = &mut self.0 else { return Ok(0) };
            let read = decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = self.0.take().map(ZlibDecoder::into_inner) else { return Ok(0) };
            if rest.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.0 = Some(ZlibDecoder::new(rest));
        }
    }
}

/// Takes what is read off the budget.
struct Metered {
    inner: Box<dyn Read>,
    budget: Option<Budget>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(Budget(left)) = &self.budget {
            left.set(left.get().checked_sub(read as u64).ok_or_else(too_large)?);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::{Budget, Content, Packing};
    use crate::blob::Blob;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_packing_gives_the_same_bytes() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(&bytes).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&bytes).unwrap();
        let (first, second) = bytes.split_at(70_001);
        for (packed, packing) in [
            (bytes.clone(), Packing::Plain),
            (deflate.finish().unwrap(), Packing::Deflate),
            ([zlib(first), zlib(second)].concat(), Packing::Zlib),
            (gzip.finish().unwrap(), Packing::Gzip),
        ] {
            let content = Content::new(Blob::of_bytes(packed), packing, &Budget::new(1 << 30));
            assert_eq!(content.head(10).unwrap(), bytes[..10], "{packing:?}");
            assert_eq!(content.whole(100_000).unwrap().bytes(0, 1 << 20).unwrap(), bytes);
            let (count, crc) = content.checksum().unwrap();
            let mut expected = flate2::Crc::new();
            expected.update(&bytes);
            assert_eq!((count, crc), (100_000, expected.sum()), "{packing:?}");
            assert_eq!(content.after(99_999).head(10).unwrap(), bytes[99_999..]);
            let mut input = content.after(70_000).input();
            assert_eq!(input.byte().unwrap(), bytes[70_000], "{packing:?}");
        }
    }

    #[test]
    fn a_budget_ends_a_bomb() {
        let packed = Blob::of_bytes(zlib(&vec![0; 10 << 20]));
        let content = Content::new(packed, Packing::Zlib, &Budget::new(1 << 20));
        assert!(content.checksum().is_err());
        let content = Content { budget: Budget::new(u64::MAX), ..content };
        assert!(content.whole(1 << 20).is_err());
    }
}
