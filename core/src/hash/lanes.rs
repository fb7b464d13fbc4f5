//! Taking in many files at once: each core works on several streams side by side.
//!
//! One SHA-256 stream leaves most of a core idle, so every worker holds as many streams as
//! the kernels of the processor do at once, reads a piece of each into its one buffer, and
//! hashes all pieces together. Streams that end make room for the next in the queue, the
//! largest first. No worker takes more than its part of the bytes that are left, so that
//! few large files are spread over the cores rather than put side by side on one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pkg_kernels::sha256::{Kernels, Sha256, update_many};

use super::ingest::{LARGE, ShardHasher, ingest_at};
use super::{BUFFER, Hasher, Ingested, Meter, Sink, Span, read_at};
use crate::fsx;

/// Most bytes read of one stream before the next has its turn.
const MOST_READ: usize = 256 << 10;

/// Bytes of all pieces together, where there are many: they stay in the cache between
/// reading and hashing.
const CACHED: usize = 512 << 10;

/// A stream to take in.
#[derive(Debug)]
pub struct Intake {
    /// What is read.
    pub source: Span,
    /// Where it is written to while it is hashed: a file, and the place in it.
    pub sink: Option<(Arc<File>, u64)>,
    /// Bytes of each shard; a stream that is not longer has no shards.
    pub shard_size: Option<u64>,
}

impl Intake {
    /// Hashed as a whole, and written nowhere.
    pub fn of(source: Span) -> Self {
        Self { source, sink: None, shard_size: None }
    }
}

/// How a job begins.
#[derive(Debug)]
pub enum Begun<O, R> {
    /// It has its result; nothing is read.
    Done(R),
    /// This is to be taken in; the rest is handed on to the end.
    Read(Intake, O),
}

/// Runs jobs on all cores, the largest first. `begin` opens what a job reads, and `end`
/// makes its result of the digests; both run on the thread that does the work, and only as
/// many jobs are open at a time as threads have lanes. Results are in the order of the jobs.
///
/// Memory is bounded by one buffer for each thread.
pub fn ingest_many<J: Sync, O, R: Send>(
    jobs: &[J],
    size: impl Fn(&J) -> u64,
    begin: impl Fn(&J) -> Begun<O, R> + Sync,
    end: impl Fn(&J, O, io::Result<Ingested>) -> R + Sync,
    meter: &Meter,
) -> Vec<R> {
    let mut order: Vec<(usize, u64)> = jobs.iter().map(&size).enumerate().collect();
    order.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let threads = fsx::threads().clamp(1, jobs.len().max(1));
    let queue = Queue {
        left: AtomicU64::new(order.iter().fold(0, |sum, (_, size)| sum.saturating_add(*size))),
        order,
        next: AtomicUsize::new(0),
        threads: threads as u64,
    };
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    let work = || {
        let keep = |index: usize, result: R| {
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        };
        let mut worker = Worker { queue: &queue, slots: Vec::new(), buffer: vec![0; BUFFER] };
        worker.run(
            |index| match begin(&jobs[index]) {
                Begun::Read(intake, open) => Some((intake, open)),
                Begun::Done(result) => {
                    keep(index, result);
                    None
                }
            },
            |index, open, ingested| keep(index, end(&jobs[index], open, ingested)),
            meter,
        );
    };
    if threads == 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Jobs that nobody has begun.
struct Queue {
    /// Each job with its size, largest first.
    order: Vec<(usize, u64)>,
    /// Place of the next.
    next: AtomicUsize,
    /// Bytes not done yet, begun or not.
    left: AtomicU64,
    threads: u64,
}

impl Queue {
    fn take(&self) -> Option<(usize, u64)> {
        self.order.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }

    fn is_empty(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.order.len()
    }

    /// Bytes that each thread would do if all were shared evenly.
    fn part(&self) -> u64 {
        self.left.load(Ordering::Relaxed).div_ceil(self.threads)
    }

    fn done(&self, bytes: u64) {
        // A file may have grown since its size was asked for.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.saturating_sub(bytes))
        });
    }
}

/// A job that is being done.
struct Slot<O> {
    index: usize,
    open: O,
    intake: Intake,
    done: u64,
    whole: Hasher,
    shards: ShardHasher,
    failed: Option<io::Error>,
}

impl<O> Slot<O> {
    fn new(index: usize, open: O, intake: Intake) -> Self {
        let size = intake.shard_size.filter(|size| intake.source.len > *size);
        let shards = ShardHasher::new(size);
        Self { index, open, intake, done: 0, whole: Hasher::default(), shards, failed: None }
    }

    fn left(&self) -> u64 {
        self.intake.source.len - self.done
    }

    fn is_over(&self) -> bool {
        self.left() == 0 || self.failed.is_some()
    }

    /// Streams that are hashed: with shards there are two.
    fn streams(&self) -> usize {
        if self.shards.is_wanted() { 2 } else { 1 }
    }

    /// Bytes to read next, to the end of the shard at most.
    fn wanted(&self, most: usize) -> usize {
        let left = self.left().min(self.shards.room());
        usize::try_from(left).unwrap_or(usize::MAX).min(most)
    }

    /// Reads a piece, and writes it where it goes. Gives back how long it is.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.wanted(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let source = &self.intake.source;
        let got = read_at(&source.file, &mut buffer[..wanted], source.offset + self.done)?;
        if let Some((file, offset)) = &self.intake.sink {
            file.write_all_at(&buffer[..got], offset + self.done)?;
        }
        Ok(got)
    }

    /// Counts bytes that were hashed.
    fn advance(&mut self, bytes: usize) {
        self.done += bytes as u64;
        self.shards.advance(bytes as u64);
    }

    fn finish(self) -> (usize, O, io::Result<Ingested>) {
        let (digest, shards) = (self.whole.finish(), self.shards.finish());
        let ingested = Ingested { digest, shards, parts: Vec::new() };
        (self.index, self.open, self.failed.map_or(Ok(ingested), Err))
    }
}

struct Worker<'q, O> {
    queue: &'q Queue,
    slots: Vec<Slot<O>>,
    buffer: Vec<u8>,
}

impl<O> Worker<'_, O> {
    fn run(
        &mut self,
        begin: impl Fn(usize) -> Option<(Intake, O)>,
        end: impl Fn(usize, O, io::Result<Ingested>),
        meter: &Meter,
    ) {
        let lanes = Kernels::detected().lanes();
        loop {
            self.fill(lanes, &begin, &end, meter);
            if self.slots.is_empty() {
                return;
            }
            self.step(meter);
            for at in (0..self.slots.len()).rev() {
                if self.slots[at].is_over() {
                    let slot = self.slots.swap_remove(at);
                    self.queue.done(slot.left());
                    let (index, open, ingested) = slot.finish();
                    end(index, open, ingested);
                }
            }
        }
    }

    /// Begins jobs until all lanes are in use, or this thread has its part.
    fn fill(
        &mut self,
        lanes: usize,
        begin: &impl Fn(usize) -> Option<(Intake, O)>,
        end: &impl Fn(usize, O, io::Result<Ingested>),
        meter: &Meter,
    ) {
        let mut streams: usize = self.slots.iter().map(Slot::streams).sum();
        let mut own: u64 = self.slots.iter().map(Slot::left).sum();
        while streams < lanes && (self.slots.is_empty() || own < self.queue.part()) {
            let Some((index, size)) = self.queue.take() else { return };
            let Some((intake, open)) = begin(index) else {
                self.queue.done(size);
                continue;
            };
            let slot = Slot::new(index, open, intake);
            if self.is_worth_a_helper(&slot) {
                let ingested = self.with_helper(&slot, meter);
                self.queue.done(size);
                end(slot.index, slot.open, ingested);
                continue;
            }
            streams += slot.streams();
            own += slot.left();
            self.slots.push(slot);
        }
    }

    /// A large file that is written too, when nothing else is left for another core.
    fn is_worth_a_helper(&self, slot: &Slot<O>) -> bool {
        self.slots.is_empty()
            && self.queue.is_empty()
            && fsx::threads() > 1
            && slot.intake.source.len >= LARGE
            && slot.intake.sink.is_some()
            && self.queue.left.load(Ordering::Relaxed) <= slot.intake.source.len
    }

    fn with_helper(&mut self, slot: &Slot<O>, meter: &Meter) -> io::Result<Ingested> {
        let Intake { source, sink, shard_size } = &slot.intake;
        let sink = sink.as_ref().map(|(file, offset)| Sink { file, offset: *offset });
        ingest_at(source, sink, *shard_size, &mut self.buffer, meter)
    }

    /// Reads a piece of every stream and hashes all of them together.
    fn step(&mut self, meter: &Meter) {
        let count = self.slots.len();
        let room = if count > 2 { CACHED } else { BUFFER };
        let piece = (room / count).min(MOST_READ) / 64 * 64;
        let mut streams: Vec<(&mut Sha256, &[u8])> = Vec::with_capacity(2 * count);
        let mut lens = Vec::with_capacity(count);
        for (slot, buffer) in self.slots.iter_mut().zip(self.buffer.chunks_mut(piece)) {
            let got = slot.read(buffer).unwrap_or_else(|error| {
                slot.failed = Some(error);
                0
            });
            let bytes: &[u8] = &buffer[..got];
            lens.push(got);
            streams.push((&mut slot.whole.0, bytes));
            if let Some(shard) = slot.shards.current() {
                streams.push((&mut shard.0, bytes));
            }
        }
        update_many(&mut streams);
        for (slot, len) in self.slots.iter_mut().zip(lens) {
            if len > 0 {
                slot.advance(len);
                meter.add(len as u64);
                self.queue.done(len as u64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Begun, Intake, ingest_many};
    use crate::hash::{Ingested, Meter, Span};
    use crate::model::digest::Digest;

    fn content(len: usize, seed: usize) -> Vec<u8> {
        (0..len).map(|at| (at * 31 + seed * 7 + at / 251).to_le_bytes()[0]).collect()
    }

    fn span(content: &[u8]) -> Span {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Span { file: Arc::new(file), offset: 0, len: content.len() as u64 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn files_of_any_sizes_are_taken_in(
            lens in proptest::collection::vec(
                prop_oneof![0_usize..300, 0_usize..60_000, 1_000_000_usize..1_300_000], 0..50,
            ),
            shard in proptest::option::of(1_u64..100_000),
            copy in any::<bool>(),
        ) {
            let all: Vec<Vec<u8>> =
                lens.iter().enumerate().map(|(seed, len)| content(*len, seed)).collect();
            let meter = Meter::default();
            let results = ingest_many(
                &all,
                |content| content.len() as u64,
                |content| {
                    let target = copy.then(|| Arc::new(tempfile::tempfile().unwrap()));
                    let sink = target.clone().map(|target| (target, 100));
                    Begun::Read(Intake { source: span(content), sink, shard_size: shard }, target)
                },
                |content, target, ingested| {
                    let written = target.map(|file| {
                        let mut file = file.as_ref();
                        let mut written = Vec::new();
                        file.rewind().unwrap();
                        file.read_to_end(&mut written).unwrap();
                        written
                    });
                    (content.len(), written, ingested.unwrap())
                },
                &meter,
            );
            prop_assert_eq!(results.len(), all.len());
            prop_assert_eq!(meter.state().0, lens.iter().sum::<usize>() as u64);
            for (content, (len, written, got)) in all.iter().zip(results) {
                prop_assert_eq!(content.len(), len);
                let shards = match shard {
                    Some(size) if len as u64 > size => {
                        content.chunks(usize::try_from(size).unwrap()).map(Digest::of).collect()
                    }
                    _ => Vec::new(),
                };
                let digest = Digest::of(content);
                prop_assert_eq!(got, Ingested { digest, shards, parts: Vec::new() });
                if let Some(written) = written
                    && len > 0
                {
                    prop_assert_eq!(written.get(100..).unwrap(), content.as_slice());
                }
            }
        }
    }

    #[test]
    fn one_job_that_fails_leaves_the_others_as_they_are() {
        let full = Arc::new(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let jobs: Vec<usize> = (0..100).collect();
        let results = ingest_many(
            &jobs,
            |_| 5000,
            |job| {
                let mut intake = Intake::of(span(&content(5000, *job)));
                match job % 4 {
                    // It ends before its length.
                    1 => intake.source.len += 1,
                    2 => intake.sink = Some((Arc::clone(&full), 0)),
                    3 => return Begun::Done(None),
                    _ => {}
                }
                Begun::Read(intake, ())
            },
            |_, (), ingested| Some(ingested),
            &Meter::default(),
        );
        for (job, result) in jobs.iter().zip(results) {
            match (job % 4, result) {
                (0, Some(Ok(got))) => assert_eq!(got.digest, Digest::of(&content(5000, *job))),
                (1, Some(Err(error))) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
                }
                (2, Some(Err(error))) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
                }
                (3, None) => {}
                (case, result) => panic!("{case}: {result:?}"),
            }
        }
    }
}
