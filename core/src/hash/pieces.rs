//! Files hashed piece by piece, each opened once and only while it is worked on.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::{Begun, Intake, Meter, Span, ingest_many};
use crate::model::digest::Digest;

/// Hashes pieces of many files on all cores, largest first.
///
/// `pieces` says where the pieces of a file are: place of the first byte, and length. `open`
/// opens it before the first of them, or gives the result for a file that is not read.
/// `close` gets the digests in the order of the pieces and makes the result; then the file
/// is dropped. All pieces are read through one open file, whatever happens at its path.
/// Results are in the order of the files.
pub fn hash_pieces<F: Sync, O: Send, R: Send>(
    files: &[F],
    pieces: impl Fn(&F) -> Vec<(u64, u64)>,
    open: impl Fn(&F) -> Result<(Span, O), R> + Sync,
    close: impl Fn(&F, O, Vec<io::Result<Digest>>) -> R + Sync,
    meter: &Meter,
) -> Vec<R> {
    let mut jobs = Vec::with_capacity(files.len());
    let mut states = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let pieces = pieces(file);
        // A file without pieces is opened and closed all the same.
        let count = pieces.len().max(1);
        states.push(Mutex::new(State {
            at: Stage::Closed,
            digests: pieces.iter().map(|_| None).collect(),
            left: count,
        }));
        if pieces.is_empty() {
            jobs.push(Job { file: at, piece: None });
        }
        let piece = |(number, (offset, len))| Job { file: at, piece: Some((number, offset, len)) };
        jobs.extend(pieces.into_iter().enumerate().map(piece));
    }
    let lock = |job: &Job| states[job.file].lock().unwrap_or_else(PoisonError::into_inner);
    // One piece less to do; the last one closes the file.
    let done = |job: &Job, digest: Option<io::Result<Digest>>| {
        let mut state = lock(job);
        if let (Some((number, ..)), Some(digest)) = (job.piece, digest) {
            state.digests[number] = Some(digest);
        }
        state.left -= 1;
        if state.left == 0 {
            state.at = match std::mem::replace(&mut state.at, Stage::Closed) {
                Stage::Open(_, open) => {
                    let digests = std::mem::take(&mut state.digests).into_iter().flatten();
                    Stage::Over(close(&files[job.file], open, digests.collect()))
                }
                other => other,
            };
        }
    };
    let begin = |job: &Job| {
        let mut state = lock(job);
        if matches!(state.at, Stage::Closed) {
            state.at = match open(&files[job.file]) {
                Ok((span, own)) => Stage::Open(span, own),
                Err(result) => Stage::Over(result),
            };
        }
        let wanted = match (&state.at, job.piece) {
            (Stage::Open(span, _), Some((_, offset, len))) => {
                let inside = offset.checked_add(len).is_some_and(|end| end <= span.len);
                let file = inside.then(|| span.file.clone());
                Some(file.map(|file| Span { file, offset: span.offset + offset, len }))
            }
            _ => None,
        };
        drop(state);
        match wanted {
            Some(Some(span)) => return Begun::Read(Intake::of(span), ()),
            Some(None) => done(job, Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            None => done(job, None),
        }
        Begun::Done(())
    };
    let end = |job: &Job, (), ingested: io::Result<super::Ingested>| {
        done(job, Some(ingested.map(|ingested| ingested.digest)));
    };
    ingest_many(&jobs, |job| job.piece.map_or(0, |(.., len)| len), begin, end, meter);
    states
        .into_iter()
        .filter_map(|state| match state.into_inner().unwrap_or_else(PoisonError::into_inner).at {
            Stage::Over(result) => Some(result),
            // Every job is done, and the last of a file ends it.
            Stage::Closed | Stage::Open(..) => None,
        })
        .collect()
}

/// A piece of a file: its number, place and length; none for a file without pieces.
struct Job {
    file: usize,
    piece: Option<(usize, u64, u64)>,
}

struct State<O, R> {
    at: Stage<O, R>,
    digests: Vec<Option<io::Result<Digest>>>,
    /// Pieces that are not done.
    left: usize,
}

enum Stage<O, R> {
    Closed,
    Open(Span, O),
    Over(R),
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::hash_pieces;
    use crate::hash::{Meter, Span};
    use crate::model::digest::Digest;

    #[test]
    fn each_file_is_opened_once_and_its_pieces_keep_their_order() {
        let lens: Vec<usize> = (0..300).map(|at| (at * 7919) % 5000).collect();
        let content =
            |len: usize| -> Vec<u8> { (0..len).map(|at| (at % 251).to_le_bytes()[0]).collect() };
        let pieces = |len: &usize| -> Vec<(u64, u64)> {
            let len = *len as u64;
            (0..len.div_ceil(700)).map(|at| (at * 700, 700.min(len - at * 700))).collect()
        };
        let (opened, closed, meter) = (AtomicUsize::new(0), AtomicUsize::new(0), Meter::default());
        let results = hash_pieces(
            &lens,
            pieces,
            |len| {
                opened.fetch_add(1, Ordering::Relaxed);
                if len % 13 == 1 {
                    return Err((*len, None));
                }
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&content(*len)).unwrap();
                Ok((Span { file: Arc::new(file), offset: 0, len: *len as u64 }, "own"))
            },
            |len, own, digests| {
                assert_eq!(own, "own");
                closed.fetch_add(1, Ordering::Relaxed);
                (*len, Some(digests.into_iter().map(Result::unwrap).collect::<Vec<_>>()))
            },
            &meter,
        );
        assert_eq!(opened.into_inner(), lens.len());
        assert_eq!(closed.into_inner(), lens.iter().filter(|len| *len % 13 != 1).count());
        assert_eq!(results.len(), lens.len());
        for (len, (seen, digests)) in lens.iter().zip(results) {
            assert_eq!(*len, seen);
            assert_eq!(digests.is_none(), len % 13 == 1);
            if let Some(digests) = digests {
                let expected: Vec<Digest> = content(*len).chunks(700).map(Digest::of).collect();
                assert_eq!(digests, expected);
            }
        }
    }

    #[test]
    fn a_piece_past_the_end_of_its_span_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 100]).unwrap();
        let span = Span { file: Arc::new(file), offset: 10, len: 20 };
        for piece in [(0, 21), (20, 1), (u64::MAX, 2)] {
            let digests = hash_pieces(
                &[()],
                |()| vec![(0, 20), piece],
                |()| Ok((span.clone(), ())),
                |(), (), digests| digests,
                &Meter::default(),
            )
            .remove(0);
            assert_eq!(*digests[0].as_ref().unwrap(), Digest::of(&[1; 20]));
            assert_eq!(digests[1].as_ref().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        }
    }
}
