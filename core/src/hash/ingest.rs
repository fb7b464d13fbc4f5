//! Taking in a file: read once, hash, hash shards and store in the same pass.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{BUFFER, Hasher, Meter, Span, read_at};
use crate::model::digest::Digest;

/// Where the bytes are written while they are hashed.
#[derive(Debug, Clone, Copy)]
pub struct Sink<'a> {
    /// File to write.
    pub file: &'a File,
    /// Position of the first byte.
    pub offset: u64,
}

/// Digests of a file that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// Digest of the whole.
    pub digest: Digest,
    /// Digests of the shards; empty for a file of one shard.
    pub shards: Vec<Digest>,
    /// The parts it is stored in; empty for a file that is stored as one.
    pub parts: Vec<Part>,
}

/// A part of a file that is stored in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its bytes.
    pub len: u64,
    /// Its digest.
    pub digest: Digest,
}

/// Buffers in flight between the two threads of one large file.
const IN_FLIGHT: usize = 4;

/// Files from this size on are worth a second thread.
pub(super) const LARGE: u64 = 8 << 20;

/// Reads `len` bytes of `source` once; hashes them, hashes every shard when the
/// file is longer than `shard_size`, and writes them to `sink`.
///
/// A large file keeps two cores busy: one reads and hashes the whole, the other
/// hashes shards and writes. Memory is bounded by the buffers in flight.
pub fn ingest(
    source: &File,
    len: u64,
    sink: Option<Sink<'_>>,
    shard_size: Option<u64>,
    buffer: &mut [u8],
    meter: &Meter,
) -> io::Result<Ingested> {
    ingest_at(
        &Span { file: Arc::new(source.try_clone()?), offset: 0, len },
        sink,
        shard_size,
        buffer,
        meter,
    )
}

/// [`ingest`] for a part of a file.
pub fn ingest_at(
    source: &Span,
    sink: Option<Sink<'_>>,
    shard_size: Option<u64>,
    buffer: &mut [u8],
    meter: &Meter,
) -> io::Result<Ingested> {
    let len = source.len;
    let shard_size = shard_size.filter(|size| len > *size);
    let alone = len < LARGE || (sink.is_none() && shard_size.is_none());
    let second = Shards { sink, hasher: ShardHasher::new(shard_size), end: 0 };
    let (digest, shards) = pass(source, second, alone, buffer, meter)?;
    Ok(Ingested { digest, shards, parts: Vec::new() })
}

/// Reads `source` once, hashes the whole, and hands every byte to `second`: on a
/// thread of its own, unless it is to be `alone`.
pub(super) fn pass<S: Second>(
    source: &Span,
    mut second: S,
    alone: bool,
    buffer: &mut [u8],
    meter: &Meter,
) -> io::Result<(Digest, S::Made)> {
    let len = source.len;
    if alone {
        let mut whole = Hasher::default();
        let mut done = 0;
        while done < len {
            let want = usize::try_from(len - done).unwrap_or(usize::MAX).min(buffer.len());
            let got = read_at(&source.file, &mut buffer[..want], source.offset + done)?;
            whole.update(&buffer[..got]);
            second.take(&buffer[..got])?;
            done += got as u64;
            meter.add(got as u64);
        }
        return Ok((whole.finish(), second.finish()?));
    }
    std::thread::scope(|scope| {
        let (full, filled) = sync_channel(IN_FLIGHT);
        let (empty, emptied) = sync_channel(IN_FLIGHT);
        let helper = scope.spawn(move || drain(second, &filled, &empty));
        let whole = read_whole(source, &full, &emptied, meter);
        drop(full);
        let made = helper.join().map_err(|_| io::Error::other("a worker thread panicked"))?;
        // The helper's error comes first: it is why the reader had to stop.
        let made = made?;
        Ok((whole?, made))
    })
}

fn read_whole(
    source: &Span,
    full: &SyncSender<(usize, Vec<u8>)>,
    emptied: &Receiver<Vec<u8>>,
    meter: &Meter,
) -> io::Result<Digest> {
    let len = source.len;
    let mut whole = Hasher::default();
    let mut done = 0;
    let mut made = 0;
    while done < len {
        let mut buffer = if made < IN_FLIGHT {
            made += 1;
            vec![0; BUFFER]
        } else {
            emptied.recv().map_err(|_| io::Error::other("the writing thread stopped"))?
        };
        let want = usize::try_from(len - done).unwrap_or(usize::MAX).min(buffer.len());
        let got = read_at(&source.file, &mut buffer[..want], source.offset + done)?;
        whole.update(&buffer[..got]);
        full.send((got, buffer)).map_err(|_| io::Error::other("the writing thread stopped"))?;
        done += got as u64;
        meter.add(got as u64);
    }
    Ok(whole.finish())
}

/// Digests of the shards of a stream.
#[derive(Debug, Clone, Default)]
pub struct ShardHasher {
    size: Option<u64>,
    end: u64,
    shard: Hasher,
    shards: Vec<Digest>,
}

impl ShardHasher {
    /// Shards of `size` bytes; without a size nothing is hashed.
    pub fn new(size: Option<u64>) -> Self {
        Self { size, ..Self::default() }
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = usize::try_from(self.room()).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(room.min(rest.len()));
            let Some(shard) = self.current() else { return };
            shard.update(now);
            self.advance(now.len() as u64);
            rest = later;
        }
    }

    /// Whether shards are hashed at all.
    pub(super) fn is_wanted(&self) -> bool {
        self.size.is_some()
    }

    /// Bytes to the end of the shard that is being hashed.
    pub(super) fn room(&self) -> u64 {
        self.size.map_or(u64::MAX, |size| size - self.end % size)
    }

    /// The shard that is being hashed, for who hashes several streams at once.
    pub(super) fn current(&mut self) -> Option<&mut Hasher> {
        self.size.is_some().then_some(&mut self.shard)
    }

    /// Counts bytes that [`ShardHasher::current`] took in: [`ShardHasher::room`] at most.
    pub(super) fn advance(&mut self, bytes: u64) {
        let Some(size) = self.size else { return };
        self.end += bytes;
        if bytes > 0 && self.end.is_multiple_of(size) {
            self.shards.push(std::mem::take(&mut self.shard).finish());
        }
    }

    /// The digests, the last one of a shard that may be short.
    pub fn finish(mut self) -> Vec<Digest> {
        if self.size.is_some_and(|size| !self.end.is_multiple_of(size)) {
            self.shards.push(self.shard.finish());
        }
        self.shards
    }
}

/// What happens to the bytes beside the whole-file digest.
pub(super) trait Second: Send {
    /// What comes of it.
    type Made: Send;
    /// Takes in more bytes.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Says what came of it.
    fn finish(self) -> io::Result<Self::Made>;
}

struct Shards<'a> {
    sink: Option<Sink<'a>>,
    hasher: ShardHasher,
    end: u64,
}

impl Second for Shards<'_> {
    type Made = Vec<Digest>;

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(sink) = self.sink {
            sink.file.write_all_at(bytes, sink.offset + self.end)?;
        }
        self.hasher.update(bytes);
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn finish(self) -> io::Result<Vec<Digest>> {
        Ok(self.hasher.finish())
    }
}

fn drain<S: Second>(
    mut second: S,
    filled: &Receiver<(usize, Vec<u8>)>,
    empty: &SyncSender<Vec<u8>>,
) -> io::Result<S::Made> {
    for (got, buffer) in filled {
        second.take(&buffer[..got])?;
        // Nobody takes buffers back once everything is read.
        let _ = empty.try_send(buffer);
    }
    second.finish()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};

    use super::{LARGE, Sink, ingest};
    use crate::hash::{BUFFER, Meter};
    use crate::model::digest::Digest;

    fn check(len: u64, shard: Option<u64>, copy: bool) {
        let content: Vec<u8> =
            (0..len).map(|n| (n.wrapping_mul(n) >> 3).to_le_bytes()[0]).collect();
        let mut source = tempfile::tempfile().unwrap();
        source.write_all(&content).unwrap();
        let mut target = tempfile::tempfile().unwrap();
        let sink = copy.then_some(Sink { file: &target, offset: 512 });
        let got =
            ingest(&source, len, sink, shard, &mut vec![0; BUFFER], &Meter::default()).unwrap();
        assert_eq!(got.digest, Digest::of(&content));
        let expected: Vec<Digest> = match shard {
            Some(size) if len > size => {
                content.chunks(usize::try_from(size).unwrap()).map(Digest::of).collect()
            }
            _ => Vec::new(),
        };
        assert_eq!(got.shards, expected);
        if copy {
            let mut written = Vec::new();
            target.rewind().unwrap();
            target.read_to_end(&mut written).unwrap();
            assert_eq!(written.get(512..).unwrap_or_default(), content);
        }
    }

    #[test]
    fn small_and_large_files_give_the_same_digests_and_bytes() {
        for len in [0, 1, 1000, LARGE - 1, LARGE, LARGE + 3 * BUFFER as u64 + 17] {
            for shard in [None, Some(1 << 20), Some(3_000_001), Some(len.max(1))] {
                check(len, shard, false);
                check(len, shard, true);
            }
        }
    }

    #[test]
    fn a_source_that_shrank_is_an_error() {
        let source = tempfile::tempfile().unwrap();
        source.set_len(LARGE).unwrap();
        let target = tempfile::tempfile().unwrap();
        for len in [LARGE + 1, 10 * LARGE] {
            let sink = Some(Sink { file: &target, offset: 0 });
            let result = ingest(&source, len, sink, None, &mut vec![0; BUFFER], &Meter::default());
            assert!(result.is_err());
        }
    }

    #[test]
    fn a_full_disk_is_reported_by_its_own_error() {
        let source = tempfile::tempfile().unwrap();
        source.set_len(20 * LARGE).unwrap();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let sink = Some(Sink { file: &full, offset: 0 });
        let error =
            ingest(&source, 20 * LARGE, sink, None, &mut vec![0; BUFFER], &Meter::default())
                .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}
