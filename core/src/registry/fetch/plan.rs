//! Which ranges of which blobs are asked for, and who writes which part.
//!
//! A part is written by one thread at a time and never again once it is proved. Data
//! and locks only; nothing is sent from here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::finding::{Code, Problem, Result};
use crate::hash::Hasher;
use crate::model::digest::Digest;
use crate::registry::parts::{Part, Want};

/// Most bytes that are asked for in one request, if a part is not longer.
const MAX_RANGE: u64 = 64 << 20;

/// Fewest bytes that are worth a request of their own.
const MIN_RANGE: u64 = 8 << 20;

/// How far one part is.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Bytes that arrived and went to their place.
    pub(super) done: u64,
    /// The hash over them.
    pub(super) hasher: Hasher,
    /// The most that was ever done; what arrives again is not counted again.
    pub(super) counted: u64,
    /// How often the digest was wrong.
    pub(super) wrong: u32,
}

/// A part that belongs to whoever holds this.
#[derive(Debug)]
pub(super) struct Taken {
    /// Its number in the blob.
    pub(super) index: usize,
    pub(super) part: Part,
    pub(super) progress: Progress,
}

#[derive(Debug)]
enum Standing {
    Free(Progress),
    Taken,
    Proved,
}

#[derive(Debug)]
struct State {
    standings: Vec<Standing>,
    /// Whether some thread reads the whole blob and takes what is free.
    streamed: bool,
    failed: Option<Problem>,
}

/// A blob that is being fetched.
#[derive(Debug)]
pub(super) struct Blob<'w> {
    pub(super) want: &'w Want<'w>,
    pub(super) parts: Vec<Part>,
    state: Mutex<State>,
}

impl<'w> Blob<'w> {
    /// Nothing is there yet. When its parts do not fit, it has failed already.
    pub(super) fn new(want: &'w Want<'w>) -> Self {
        let (parts, failed) = match want.checked_parts() {
            Ok(parts) => (parts, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let standings = parts.iter().map(|_| Standing::Free(Progress::default())).collect();
        let blob =
            Self { want, parts, state: Mutex::new(State { standings, streamed: false, failed }) };
        // Nothing has to be asked for to know no bytes.
        if let Some(part) = blob.parts.first().filter(|part| part.len == 0).copied() {
            let actual = Hasher::default().finish();
            if actual == part.digest {
                blob.set(0, Standing::Proved);
            } else {
                blob.fail(mismatch(want, &part, actual));
            }
        }
        blob
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, index: usize, standing: Standing) {
        if let Some(place) = self.lock().standings.get_mut(index) {
            *place = standing;
        }
    }

    /// A part is on disk and right.
    pub(super) fn proved(&self, index: usize) {
        self.set(index, Standing::Proved);
    }

    /// A part is free, this far on.
    pub(super) fn release(&self, index: usize, progress: Progress) {
        self.set(index, Standing::Free(progress));
    }

    /// Nothing more is fetched of this blob; the first reason counts.
    pub(super) fn fail(&self, problem: Problem) {
        self.lock().failed.get_or_insert(problem);
    }

    /// Whether nothing more is fetched of it.
    pub(super) fn is_failed(&self) -> bool {
        self.lock().failed.is_some()
    }

    /// Takes the free parts among `first..end`; none while the whole is streamed, when
    /// they are left to whoever does that.
    pub(super) fn take(&self, first: usize, end: usize) -> Vec<Taken> {
        let mut state = self.lock();
        if state.streamed || state.failed.is_some() {
            return Vec::new();
        }
        let end = end.min(state.standings.len());
        (first..end).filter_map(|index| self.take_from(&mut state, index)).collect()
    }

    /// Takes one part for the stream, if it is free.
    pub(super) fn take_one(&self, index: usize) -> Option<Taken> {
        self.take_from(&mut self.lock(), index)
    }

    fn take_from(&self, state: &mut State, index: usize) -> Option<Taken> {
        let standing = state.standings.get_mut(index)?;
        let part = *self.parts.get(index)?;
        match std::mem::replace(standing, Standing::Taken) {
            Standing::Free(progress) => Some(Taken { index, part, progress }),
            other => {
                *standing = other;
                None
            }
        }
    }

    /// Gives parts back and begins to stream the whole blob; false when another thread
    /// does so already and will take them.
    pub(super) fn begin_stream(&self, parts: impl IntoIterator<Item = Taken>) -> bool {
        let mut state = self.lock();
        for Taken { index, progress, .. } in parts {
            if let Some(place) = state.standings.get_mut(index) {
                *place = Standing::Free(progress);
            }
        }
        let begin = !state.streamed && state.failed.is_none() && has_free(&state);
        state.streamed |= begin;
        begin
    }

    /// Whether a stream has to begin again, as parts are free. Else it has ended.
    pub(super) fn goes_on(&self) -> bool {
        let mut state = self.lock();
        state.streamed = state.failed.is_none() && has_free(&state);
        state.streamed
    }

    /// Bytes that are still to be fetched.
    pub(super) fn left(&self) -> u64 {
        if self.is_failed() { 0 } else { self.want.size.saturating_sub(self.done()) }
    }

    /// Bytes that need not be fetched.
    fn done(&self) -> u64 {
        let state = self.lock();
        let each = self.parts.iter().zip(&state.standings).map(|(part, standing)| match standing {
            Standing::Free(progress) => progress.done,
            Standing::Taken => 0,
            Standing::Proved => part.len,
        });
        each.sum()
    }

    /// Groups of consecutive free parts, as numbers, of about `size` bytes.
    pub(super) fn ranges(&self, size: u64) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        let state = self.lock();
        if state.failed.is_some() {
            return ranges;
        }
        let mut joins = false;
        for (index, (part, standing)) in self.parts.iter().zip(&state.standings).enumerate() {
            let Standing::Free(progress) = standing else {
                joins = false;
                continue;
            };
            let len = part.len - progress.done;
            match ranges.last_mut() {
                Some(last) if joins && progress.done == 0 && last.len + len <= size => {
                    last.end = index + 1;
                    last.len += len;
                }
                _ => ranges.push(Range { first: index, end: index + 1, len }),
            }
            joins = true;
        }
        ranges
    }

    /// How it ended; nothing when it did not.
    pub(super) fn into_result(self) -> Option<Result<()>> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = state.failed {
            return Some(Err(problem));
        }
        let all = state.standings.iter().all(|standing| matches!(standing, Standing::Proved));
        all.then_some(Ok(()))
    }
}

fn has_free(state: &State) -> bool {
    state.standings.iter().any(|standing| matches!(standing, Standing::Free(_)))
}

/// Consecutive parts that are asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// Number of the first part.
    pub(super) first: usize,
    /// Number behind the last one.
    pub(super) end: usize,
    /// Bytes to be fetched.
    pub(super) len: u64,
}

/// Everything to ask for, largest first, and that of one blob in order: number of the
/// blob, and range.
pub(super) fn order(blobs: &[Blob<'_>], threads: usize) -> Vec<(usize, Range)> {
    let left: u64 = blobs.iter().map(Blob::left).sum();
    // Every thread is to have something to do until near the end.
    let size = (left / (2 * threads.max(1)) as u64).clamp(MIN_RANGE, MAX_RANGE);
    let mut all: Vec<(usize, Range)> = Vec::new();
    for (index, blob) in blobs.iter().enumerate() {
        all.extend(blob.ranges(size).into_iter().map(|range| (index, range)));
    }
    all.sort_by_key(|(blob, range)| (std::cmp::Reverse(range.len), *blob, range.first));
    all
}

/// The problem of bytes that are not those that were asked for.
pub(super) fn mismatch(want: &Want<'_>, part: &Part, actual: Digest) -> Problem {
    let expected = part.digest;
    let range = if part.len == want.size {
        format!("all {} bytes", want.size)
    } else {
        format!("bytes {}-{}", part.offset, part.end().saturating_sub(1))
    };
    Problem::new(Code::DigestMismatch, want.blob)
        .detail(format!("{range}: expected {expected}, the registry sends {actual}"))
        .hint("Do not use what this registry sends; tell its operator.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Blob, MAX_RANGE, Progress, order};
    use crate::hash::shards;
    use crate::model::digest::Digest;
    use crate::registry::parts::{Part, Want};

    fn want(size: u64, shard: u64) -> Want<'static> {
        let digest = Digest::of(b"x");
        let parts = shards(size, shard).map(|(offset, len)| Part { offset, len, digest });
        Want { blob: digest, size, parts: parts.collect(), sink: None }
    }

    #[test]
    fn large_blobs_come_first_and_in_ranges_that_are_bounded() {
        let wants = [want(10, 10), want(300 << 20, 32 << 20), want(20 << 20, 20 << 20)];
        let blobs: Vec<Blob<'_>> = wants.iter().map(Blob::new).collect();
        let order = order(&blobs, 1);
        assert_eq!(order.first().map(|(blob, range)| (*blob, range.first)), Some((1, 0)));
        assert_eq!(order.last().map(|(blob, _)| *blob), Some(0));
        assert!(order.iter().all(|(_, range)| range.len <= MAX_RANGE));
        assert_eq!(order.len(), 7);
    }

    #[test]
    fn no_bytes_are_known_without_asking() {
        let empty = Want { blob: Digest::of(b""), size: 0, parts: vec![], sink: None };
        assert!(Blob::new(&empty).into_result().unwrap().is_ok());
        let wrong = Want { blob: Digest::of(b"x"), ..empty };
        assert!(Blob::new(&wrong).into_result().unwrap().is_err());
    }

    #[test]
    fn a_part_has_one_writer_and_streams_take_what_is_given_back() {
        let want = want(40, 10);
        let blob = Blob::new(&want);
        let mut held = blob.take(0, 2);
        assert_eq!(held.len(), 2);
        assert!(blob.take(0, 2).is_empty() && blob.take_one(1).is_none());
        blob.proved(0);
        let second = held.pop().unwrap();
        assert!(blob.begin_stream([second]));
        assert!(!blob.begin_stream([]));
        // While it is streamed, nobody else takes parts.
        assert!(blob.take(0, 4).is_empty());
        for index in 1..4 {
            blob.take_one(index).unwrap();
        }
        assert!(!blob.goes_on());
        blob.release(2, Progress::default());
        assert!(blob.goes_on());
    }

    proptest! {
        #[test]
        fn every_part_that_is_missing_is_asked_for_once(
            size in 1_u64..2000,
            shard in 1_u64..200,
            limit in 1_u64..500,
            proved in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let want = want(size, shard);
            let blob = Blob::new(&want);
            for (index, kind) in proved.iter().enumerate().take(blob.parts.len()) {
                let part = blob.parts[index];
                match kind % 4 {
                    0 => blob.proved(index),
                    1 => blob.release(index, Progress { done: part.len / 2, ..Progress::default() }),
                    _ => {}
                }
            }
            let before = blob.done();
            let mut taken = 0;
            for range in blob.ranges(limit) {
                prop_assert!(range.len <= limit || range.end == range.first + 1);
                let parts = blob.take(range.first, range.end);
                prop_assert_eq!(parts.len(), range.end - range.first);
                // Only the first one of a range may have begun: the bytes are consecutive.
                prop_assert!(parts.iter().skip(1).all(|taken| taken.progress.done == 0));
                taken += parts.iter().map(|taken| taken.part.len - taken.progress.done).sum::<u64>();
            }
            prop_assert_eq!(before + taken, size);
        }
    }
}
