//! The bytes of a blob while they are sent: read once, hashed once.
//!
//! The last bytes are given out only when the digest of the whole is right, so an upload
//! of a blob that is not what its name says cannot be completed.

use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::finding::{Code, Problem, Result};
use crate::hash::{Hasher, Span};
use crate::model::digest::Digest;
use crate::registry::parts::Upload;

/// Bytes between two states that are kept of the hash; this much is read again at most
/// when a registry kept less than was sent.
const STEP: u64 = 256 << 10;

/// A blob to send, and how far its hash is.
#[derive(Debug, Clone)]
pub(super) struct Source {
    span: Span,
    digest: Digest,
    size: u64,
    track: Arc<Mutex<Track>>,
    /// Bytes sent of all blobs, none counted twice.
    shown: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Track {
    /// What the registry has: position, and the hash up to it.
    base: (u64, Hasher),
    /// Positions behind it that were sent, with the hash up to each.
    marks: Vec<(u64, Hasher)>,
    counted: u64,
}

impl Source {
    pub(super) fn new(upload: &Upload, shown: &Arc<AtomicU64>) -> Self {
        Self {
            span: upload.span.clone(),
            digest: upload.digest,
            size: upload.size,
            track: Arc::default(),
            shown: Arc::clone(shown),
        }
    }

    fn track(&self) -> MutexGuard<'_, Track> {
        self.track.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on from a state that an earlier run left.
    pub(super) fn resume(&self, offset: u64, hasher: Hasher) {
        let mut track = self.track();
        track.base = (offset, hasher);
        track.marks.clear();
    }

    /// Gives the next `len` bytes behind what the registry has.
    pub(super) fn open(&self, len: u64) -> Box<dyn Read + Send> {
        let mut track = self.track();
        track.marks.clear();
        let (at, hasher) = track.base.clone();
        let end = at.saturating_add(len).min(self.size);
        Box::new(Reader { source: self.clone(), at, end, hasher })
    }

    /// The registry has everything before `offset`: the hash goes on from there. What it
    /// kept less than was sent is hashed from the state kept last before that.
    pub(super) fn settle(&self, offset: u64) -> Result<()> {
        let mut track = self.track();
        let marks = std::mem::take(&mut track.marks);
        let mut known = std::iter::once(track.base.clone()).chain(marks);
        let near = known.rfind(|(at, _)| *at <= offset);
        let (mut at, mut hasher) = near.unwrap_or_default();
        let mut buffer = vec![0; 64 << 10];
        while at < offset {
            let want = usize::try_from(offset - at).unwrap_or(usize::MAX).min(buffer.len());
            let got = self.read_at(&mut buffer[..want], at)?;
            hasher.update(&buffer[..got]);
            at += got as u64;
        }
        track.base = (offset, hasher);
        self.count(&mut track, offset);
        Ok(())
    }

    /// The state up to what the registry has.
    pub(super) fn state(&self) -> Vec<u8> {
        self.track().base.1.save()
    }

    /// Checks that everything that was sent has the digest.
    pub(super) fn check(&self) -> Result<()> {
        let actual = self.track().base.1.clone().finish();
        if actual == self.digest { Ok(()) } else { Err(self.mismatch(actual)) }
    }

    /// Everything is in the registry.
    pub(super) fn complete(&self) {
        self.count(&mut self.track(), self.size);
    }

    fn count(&self, track: &mut Track, done: u64) {
        self.shown.fetch_add(done.saturating_sub(track.counted), Ordering::Relaxed);
        track.counted = track.counted.max(done);
    }

    fn mismatch(&self, actual: Digest) -> Problem {
        let expected = self.digest;
        Problem::new(Code::DigestMismatch, expected)
            .detail(format!("what is to be sent: expected {expected}, its bytes have {actual}"))
            .hint("Pack the release again; nothing was completed under this digest.")
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<usize> {
        loop {
            let wrong = match self.span.file.read_at(buffer, self.span.offset + at) {
                Ok(0) => format!("it ends at byte {at} of {}", self.size),
                Ok(got) => return Ok(got),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => format!("cannot read: {error}"),
            };
            return Err(Problem::new(Code::UnreadableFile, self.digest).detail(wrong));
        }
    }
}

struct Reader {
    source: Source,
    at: u64,
    end: u64,
    hasher: Hasher,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        let buffer = buffer.get_mut(..want).unwrap_or_default();
        let got = self.source.read_at(buffer, self.at).map_err(io::Error::other)?;
        self.hasher.update(buffer.get(..got).unwrap_or_default());
        self.at += got as u64;
        if self.at == self.source.size {
            let actual = self.hasher.clone().finish();
            if actual != self.source.digest {
                return Err(io::Error::other(self.source.mismatch(actual)));
            }
        }
        let mut track = self.source.track();
        let last = track.marks.last().map_or(track.base.0, |(at, _)| *at);
        if self.at - last >= STEP || self.at == self.end {
            track.marks.push((self.at, self.hasher.clone()));
        }
        self.source.count(&mut track, self.at);
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::Source;
    use crate::finding::Code;
    use crate::hash::{Hasher, Span};
    use crate::model::digest::Digest;
    use crate::registry::parts::Upload;

    fn source(bytes: &[u8], digest: Digest) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"before").unwrap();
        file.write_all(bytes).unwrap();
        let size = bytes.len() as u64;
        let span = Span { file: Arc::new(file), offset: 6, len: size };
        Source::new(&Upload { digest, size, span }, &Arc::default())
    }

    #[test]
    fn the_last_bytes_of_another_blob_are_not_given_out() {
        let source = source(&[7; 1000], Digest::of(b"other"));
        let mut got = Vec::new();
        let mut reader = source.open(600);
        reader.read_to_end(&mut got).unwrap();
        assert_eq!(got.len(), 600);
        source.settle(600).unwrap();
        let error = source.open(400).read(&mut [0; 1000]).unwrap_err();
        let problem = error.downcast::<crate::finding::Problem>().unwrap();
        assert_eq!(problem.code(), Code::DigestMismatch);
        assert_eq!(source.check().unwrap_err().code(), Code::DigestMismatch);
    }

    #[test]
    fn a_file_that_is_too_short_is_named() {
        let mut source = source(&[7; 10], Digest::of(&[7; 20]));
        source.size = 20;
        let error = source.open(20).read_to_end(&mut Vec::new()).unwrap_err();
        let problem = error.downcast::<crate::finding::Problem>().unwrap();
        assert_eq!(problem.code(), Code::UnreadableFile);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn wherever_a_registry_stops_the_hash_goes_on_from_there(
            size in 1_u64..2_000_000,
            stops in proptest::collection::vec((0_u64..2_000_000, 1_u64..900_000), 0..6),
        ) {
            let len = usize::try_from(size).unwrap();
            let bytes: Vec<u8> = (0..len).map(|n| (n / 3).to_le_bytes()[0]).collect();
            let source = source(&bytes, Digest::of(&bytes));
            for (stop, sent) in stops {
                let mut reader = source.open(sent);
                reader.read_to_end(&mut Vec::new()).unwrap();
                let stop = stop.min(size);
                source.settle(stop).unwrap();
                let mut hasher = Hasher::default();
                hasher.update(&bytes[..usize::try_from(stop).unwrap()]);
                prop_assert_eq!(source.state(), hasher.save());
            }
            let mut rest = Vec::new();
            source.open(size).read_to_end(&mut rest).unwrap();
            prop_assert!(bytes.ends_with(&rest));
            source.settle(size).unwrap();
            source.check().unwrap();
        }
    }
}
