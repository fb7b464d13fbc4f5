//! Bytes that can be read from any place: of a file, or of the memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::sync::Arc;

/// Bytes to look at. Cheap to clone and to cut.
#[derive(Clone)]
pub struct Blob {
    place: Place,
    start: u64,
    len: u64,
}

#[derive(Clone)]
enum Place {
    Disk(Arc<File>),
    Memory(Arc<[u8]>),
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("start", &self.start)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Blob {
    /// `len` bytes of a file, from `start` on; fewer if the file ends before.
    pub fn of_file(file: File, start: u64, len: u64) -> io::Result<Self> {
        let there = file.metadata()?.len().saturating_sub(start);
        Ok(Self { place: Place::Disk(Arc::new(file)), start, len: len.min(there) })
    }

    /// Bytes of the memory.
    pub fn of_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let len = bytes.len() as u64;
        Self { place: Place::Memory(bytes), start: 0, len }
    }

    /// Number of bytes.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part from `start` on, `len` bytes at most.
    #[must_use]
    pub fn part(&self, start: u64, len: u64) -> Self {
        let start = start.min(self.len);
        let len = len.min(self.len - start);
        Self { place: self.place.clone(), start: self.start.saturating_add(start), len }
    }

    /// Up to `len` bytes from `start` on; memory follows what is there.
    pub fn bytes(&self, start: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.part(start, len).reader().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads all of it from the start.
    pub fn reader(&self) -> Reader {
        Reader { blob: self.clone(), at: 0 }
    }
}

/// Reads a [`Blob`].
#[derive(Debug)]
pub struct Reader {
    blob: Blob,
    at: u64,
}

impl Reader {
    /// Passes over so many bytes; says how many there were.
    pub fn skip(&mut self, count: u64) -> u64 {
        let skipped = count.min(self.blob.len - self.at);
        self.at += skipped;
        skipped
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.blob.len - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let from = self.blob.start.saturating_add(self.at);
        let read = match &self.blob.place {
            Place::Memory(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                let bytes = bytes.get(from..from.saturating_add(wanted)).unwrap_or_default();
                buffer[..bytes.len()].copy_from_slice(bytes);
                bytes.len()
            }
            Place::Disk(file) => {
                let mut file = file.as_ref();
                file.seek(SeekFrom::Start(from))?;
                file.read(&mut buffer[..wanted])?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::Blob;

    #[test]
    fn disk_and_memory_give_the_same_parts() {
        let bytes: Vec<u8> = (0..200).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let disk = Blob::of_file(file, 10, 1000).unwrap();
        let memory = Blob::of_bytes(bytes[10..].to_vec());
        assert_eq!(disk.len(), 190);
        for blob in [&disk, &memory] {
            assert_eq!(blob.bytes(5, 3).unwrap(), [15, 16, 17]);
            assert_eq!(blob.bytes(189, 10).unwrap(), [199]);
            assert!(blob.bytes(u64::MAX, u64::MAX).unwrap().is_empty());
            assert_eq!(blob.part(100, 50).part(49, 50).bytes(0, 9).unwrap(), [159]);
            let mut reader = blob.reader();
            assert_eq!(reader.skip(188), 188);
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, [198, 199]);
            assert_eq!(reader.skip(1), 0);
        }
    }
}
