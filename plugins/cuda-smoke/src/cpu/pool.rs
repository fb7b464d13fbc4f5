//! Threads that share pieces of work.
//!
//! Work is cut into parts by fixed rules, and each result is put where it belongs, so that
//! nothing depends on how many threads there are or which is first. Whoever is free takes
//! the next part: a thread that the system holds up is not waited for, but for the part
//! that it has taken.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::{EngineError, Result};

/// How often is looked for news before the thread goes to sleep.
const SPINS: u32 = 5_000;
/// Parts for each thread.
const PARTS: usize = 4;
/// Jobs that may wait for a thread that does not come to work.
const WAITING: usize = 2;
/// How long is waited for a result before it is asked who is still there.
const PATIENCE: Duration = Duration::from_millis(200);

/// A job: takes parts until there are none.
type Job = Box<dyn FnOnce() + Send>;

struct Worker {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// A fixed number of threads, the caller's being one of them.
pub(crate) struct Pool {
    workers: Vec<Worker>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

impl Pool {
    /// A pool of at most so many threads; 0: as many as there are processors. Fewer where
    /// the system gives no more.
    pub(crate) fn new(threads: usize) -> Self {
        let there = thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { there } else { threads.min(there.max(8)) };
        let workers = (1..threads).map_while(|_| Worker::start().ok()).collect();
        Self { workers }
    }

    /// Number of threads.
    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Has all parts done: `work` gets the number of the part and of all parts. The results
    /// come in the order of the parts.
    pub(crate) fn run<W>(&self, work: W) -> Result<Vec<Vec<f32>>>
    where
        W: Fn(usize, usize) -> Vec<f32> + Send + Sync + 'static,
    {
        if self.workers.is_empty() {
            return Ok(vec![work(0, 1)]);
        }
        let parts = self.threads() * PARTS;
        self.run_parts(parts, work)
    }

    /// As [`run`](Self::run), with so many parts.
    pub(crate) fn run_parts<W>(&self, parts: usize, work: W) -> Result<Vec<Vec<f32>>>
    where
        W: Fn(usize, usize) -> Vec<f32> + Send + Sync + 'static,
    {
        let (shared, next) = (Arc::new(work), Arc::new(AtomicUsize::new(0)));
        let (done, results) = channel();
        for worker in &self.workers {
            if worker.waiting.load(Ordering::Acquire) >= WAITING {
                continue;
            }
            worker.waiting.fetch_add(1, Ordering::AcqRel);
            let (work, next, done) = (Arc::clone(&shared), Arc::clone(&next), done.clone());
            let waiting = Arc::clone(&worker.waiting);
            let job: Job = Box::new(move || {
                waiting.fetch_sub(1, Ordering::AcqRel);
                take_parts(work, &next, parts, |part, result| done.send((part, result)).is_ok());
            });
            worker.jobs.send(job).map_err(|_| gone())?;
        }
        drop(done);
        let mut found: Vec<Option<Vec<f32>>> = vec![None; parts];
        let mut missing = parts;
        take_parts(shared, &next, parts, |part, result| {
            found[part] = Some(result);
            missing -= 1;
            true
        });
        while missing > 0 {
            let (part, result): (usize, _) = self.result(&results)?;
            found[part] = Some(result);
            missing -= 1;
        }
        found.into_iter().map(|result| result.ok_or_else(gone)).collect()
    }

    /// The next result of another thread.
    fn result<T>(&self, results: &Receiver<T>) -> Result<T> {
        if let Some(result) = spin(results)? {
            return Ok(result);
        }
        loop {
            match results.recv_timeout(PATIENCE) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) => {
                    if self.workers.iter().any(|worker| worker.thread.is_finished()) {
                        return Err(gone());
                    }
                }
            }
        }
    }
}

/// Does parts until there are none, or nobody wants them. What the work shares with the
/// caller is let go of before the last result is handed over, if no other thread works.
fn take_parts<W>(
    work: Arc<W>,
    next: &AtomicUsize,
    parts: usize,
    mut done: impl FnMut(usize, Vec<f32>) -> bool,
) where
    W: Fn(usize, usize) -> Vec<f32>,
{
    let mut last = None;
    loop {
        let part = next.fetch_add(1, Ordering::Relaxed);
        if part >= parts {
            break;
        }
        let result = work(part, parts);
        if let Some((part, result)) = last.replace((part, result))
            && !done(part, result)
        {
            return;
        }
    }
    drop(work);
    if let Some((part, result)) = last {
        done(part, result);
    }
}

fn gone() -> EngineError {
    EngineError::Failed("a thread of the engine ended early".to_owned())
}

impl Worker {
    fn start() -> std::io::Result<Self> {
        let (jobs, work) = channel::<Job>();
        let builder = thread::Builder::new().name("engine".to_owned());
        let thread = builder.spawn(move || {
            while let Some(job) = wait(&work) {
                job();
            }
        })?;
        Ok(Self { jobs, waiting: Arc::default(), thread })
    }
}

/// Waits for a message; none when there will be no more.
fn wait<T>(messages: &Receiver<T>) -> Option<T> {
    match spin(messages) {
        Ok(Some(message)) => Some(message),
        Ok(None) => messages.recv().ok(),
        Err(_) => None,
    }
}

/// Looks for a message for a short time; an error when there will be no more.
fn spin<T>(messages: &Receiver<T>) -> Result<Option<T>> {
    for _ in 0..SPINS {
        match messages.try_recv() {
            Ok(message) => return Ok(Some(message)),
            Err(TryRecvError::Disconnected) => return Err(gone()),
            Err(TryRecvError::Empty) => std::hint::spin_loop(),
        }
    }
    Ok(None)
}

/// The share of a part of `parts`, in multiples of `grain` but for the last.
pub(crate) fn share(count: usize, grain: usize, part: usize, parts: usize) -> Range<usize> {
    let grains = count.div_ceil(grain);
    let start = (grains * part / parts * grain).min(count);
    let end = (grains * (part + 1) / parts * grain).min(count);
    start..end
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Pool, share};

    #[test]
    fn shares_cover_everything_once() {
        for count in [0, 1, 4, 5, 63, 64, 1000] {
            for parts in 1..9 {
                let all: Vec<usize> =
                    (0..parts).flat_map(|part| share(count, 4, part, parts)).collect();
                assert_eq!(all, (0..count).collect::<Vec<_>>(), "{count} in {parts}");
            }
        }
    }

    #[test]
    fn every_part_is_there_in_its_place() {
        for threads in [1, 2, 5] {
            let pool = Pool::new(threads);
            assert_eq!(pool.threads(), threads);
            let mut input = Arc::new(vec![1.0_f32; 100]);
            for round in 0..200 {
                let shared = Arc::clone(&input);
                let parts = pool
                    .run(move |part, parts| shared[share(100, 4, part, parts)].to_vec())
                    .unwrap();
                assert_eq!(parts.concat(), *input);
                // A thread that came late may still look at it; then this is a copy.
                Arc::make_mut(&mut input)[round % 100] += 1.0;
            }
        }
    }

    #[test]
    fn a_panic_is_an_error_and_no_hang() {
        let caller = std::thread::current().id();
        for threads in [2, 4] {
            let pool = Pool::new(threads);
            let fallen = Arc::new(AtomicBool::new(false));
            let result = pool.run(move |_, _| {
                if std::thread::current().id() != caller {
                    fallen.store(true, Ordering::Release);
                    panic!("planted");
                }
                // Leaves a part for the others.
                while !fallen.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                vec![]
            });
            assert!(result.unwrap_err().to_string().contains("ended early"));
        }
    }
}
