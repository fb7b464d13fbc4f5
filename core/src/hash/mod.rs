//! Hashing file content: one scheduler over spans, one pass while storing.
//!
//! Callers hand over spans (or files to take in) and get digests. How many streams run on
//! a core is decided here and nowhere else (`lanes`); with which instructions, in
//! `pkg_kernels`.

mod content;
mod ingest;
mod lanes;
mod parts;
mod pieces;
mod schedule;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pkg_kernels::sha256::{self, Sha256};

use crate::model::digest::Digest;

pub use content::hash_spans_by;
pub use ingest::{Ingested, Part, ShardHasher, Sink, ingest, ingest_at};
pub use lanes::{Begun, Intake, ingest_many};
pub use parts::{Chain, ChainReader, PartStore, ingest_parts};
pub use pieces::hash_pieces;
pub use schedule::run_largest_first;

/// Bytes read at a time. 256 KiB to 1 MiB reads as fast as mapping does.
pub const BUFFER: usize = 1 << 20;

/// Bytes per shard of a large file.
pub const SHARD_SIZE: u64 = 32 << 20;

/// Counts bytes done, for whoever shows progress.
#[derive(Debug, Default)]
pub struct Meter {
    total: AtomicU64,
    done: AtomicU64,
}

impl Meter {
    /// Adds to what is to be done.
    pub fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds to what is done.
    pub fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes done, and bytes to be done in all.
    pub fn state(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

/// A streaming SHA-256.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finish())
    }

    /// What was taken in so far, to go on with in another process ([`Hasher::restore`]).
    /// It says as much about the bytes as their digest does.
    pub fn save(&self) -> Vec<u8> {
        self.0.save().to_vec()
    }

    /// Goes on from what [`Hasher::save`] gave; nothing when it is not of that kind.
    /// Whether it belongs to the bytes at hand shows in the digest.
    pub fn restore(state: &[u8]) -> Option<Self> {
        let state: &[u8; sha256::SAVED] = state.try_into().ok()?;
        Some(Self(Sha256::restore(state)))
    }
}

/// Part of an open file.
#[derive(Debug, Clone)]
pub struct Span {
    /// The file.
    pub file: Arc<File>,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub len: u64,
}

/// Reads a span.
#[derive(Debug)]
pub struct SpanReader {
    span: Span,
    done: u64,
}

impl SpanReader {
    /// From its beginning.
    pub fn new(span: Span) -> Self {
        Self { span, done: 0 }
    }
}

impl io::Read for SpanReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let left = usize::try_from(self.span.len.saturating_sub(self.done)).unwrap_or(usize::MAX);
        let want = left.min(buffer.len());
        let got = self.span.file.read_at(&mut buffer[..want], self.span.offset + self.done)?;
        self.done += got as u64;
        Ok(got)
    }
}

impl io::Seek for SpanReader {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let place = match to {
            io::SeekFrom::Start(place) => Some(place),
            io::SeekFrom::Current(distance) => self.done.checked_add_signed(distance),
            io::SeekFrom::End(distance) => self.span.len.checked_add_signed(distance),
        };
        self.done = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.done)
    }
}

/// Digests of many spans, read once each, on all cores, largest first.
pub fn hash_spans(spans: &[Span], meter: &Meter) -> Vec<io::Result<Digest>> {
    ingest_many(
        spans,
        |span| span.len,
        |span| Begun::Read(Intake::of(span.clone()), ()),
        |_, (), ingested| ingested.map(|ingested| ingested.digest),
        meter,
    )
}

/// Hands all of a span on, piece by piece.
fn read_span(
    span: &Span,
    buffer: &mut [u8],
    meter: &Meter,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut done = 0;
    while done < span.len {
        let want = usize::try_from(span.len - done).unwrap_or(usize::MAX).min(buffer.len());
        let got = read_at(&span.file, &mut buffer[..want], span.offset + done)?;
        take(&buffer[..got]);
        meter.add(got as u64);
        done += got as u64;
    }
    Ok(())
}

/// Reads some bytes; an end of file before that is an error.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The shards of a file of `size` bytes: offset and length of each.
pub fn shards(size: u64, shard_size: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..size.div_ceil(shard_size)).map(move |index| {
        let offset = index * shard_size;
        (offset, shard_size.min(size - offset))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Hasher, Meter, Span, hash_spans, shards};
    use crate::model::digest::Digest;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn spans_hash_like_their_bytes(
            content in proptest::collection::vec(any::<u8>(), 0..5000),
            shard in 1_u64..2000,
        ) {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&content).unwrap();
            let file = Arc::new(file);
            let size = content.len() as u64;
            let spans: Vec<Span> = shards(size, shard)
                .map(|(offset, len)| Span { file: Arc::clone(&file), offset, len })
                .collect();
            let meter = Meter::default();
            let digests = hash_spans(&spans, &meter);
            let expected: Vec<Digest> =
                content.chunks(usize::try_from(shard).unwrap()).map(Digest::of).collect();
            let digests: Vec<Digest> = digests.into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(digests, expected);
            prop_assert_eq!(meter.state().0, size);
        }
    }

    proptest! {
        #[test]
        fn hashing_goes_on_from_a_saved_state(
            content in proptest::collection::vec(any::<u8>(), 0..300),
            cut in 0_usize..300,
        ) {
            let (before, after) = content.split_at(cut.min(content.len()));
            let mut hasher = Hasher::default();
            hasher.update(before);
            let mut hasher = Hasher::restore(&hasher.save()).unwrap();
            hasher.update(after);
            prop_assert_eq!(hasher.finish(), Digest::of(&content));
        }

        #[test]
        fn any_bytes_are_a_state_or_none(state in proptest::collection::vec(any::<u8>(), 103..106)) {
            if let Some(mut hasher) = Hasher::restore(&state) {
                hasher.update(&[0; 200]);
                let _ = hasher.finish();
            }
        }
    }

    #[test]
    fn a_span_past_the_end_is_an_error() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let span = Span { file, offset: 0, len: 1 };
        assert!(hash_spans(&[span], &Meter::default())[0].is_err());
    }
}
