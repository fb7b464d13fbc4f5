//! One pass through the bytes of a file, with several threads.

use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use pkg_plugin_sdk::{File, Host};

use super::kernels;
use super::tally::Tally;
use crate::dtype::Look;
use crate::files::Tensor;

/// Bytes that a thread takes at once.
const JOB: u64 = 8 << 20;
/// Bytes that a thread holds; they stay in its cache.
const BUFFER: usize = 256 << 10;
/// Most threads.
const MAX_THREADS: usize = 256;

/// What the values of one file are.
#[derive(Debug)]
pub(crate) struct Scan {
    /// By tensor; none where the values were not looked at.
    pub(crate) tallies: Vec<Option<Tally>>,
    /// Bytes that were read.
    pub(crate) bytes: u64,
}

/// Why a pass ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The file cannot be read; the reason, for people.
    Unreadable(String),
    /// The host asked for it.
    Cancelled,
}

/// Part of a tensor.
struct Job {
    tensor: usize,
    offset: u64,
    bytes: u64,
}

/// Bytes of the smallest piece of a tensor that can be looked at alone; none if its
/// values are not looked at.
pub(crate) fn unit(look: Look) -> Option<usize> {
    match look {
        Look::Real(real) => Some(real.size()),
        Look::Blocks(block) => Some(block.bytes),
        Look::AlwaysFinite => Some(1),
        Look::Whole | Look::Unknown => None,
    }
}

/// Looks at the values of all tensors of a file. `progress` hears of bytes that were read.
pub(crate) fn scan(
    file: &File,
    tensors: &[Tensor],
    threads: usize,
    host: &Host<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Scan, Stop> {
    let jobs = jobs(tensors);
    let bytes = jobs.iter().map(|job| job.bytes).sum();
    let opened = std::fs::File::open(&file.disk).map_err(|error| unreadable(&error))?;
    let work = Work {
        file: &opened,
        start: file.offset,
        tensors,
        jobs: &jobs,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    };
    let mut tallies = vec![None; tensors.len()];
    let mut merge = |found: Receiver<Piece>| -> Result<(), Stop> {
        let mut result = Ok(());
        for piece in found {
            match piece {
                Ok((tensor, tally, bytes)) => {
                    let slot: &mut Option<Tally> = &mut tallies[tensor];
                    *slot = Some(slot.map_or(tally, |before| before.and(tally)));
                    progress(bytes);
                }
                Err(error) => result = Err(unreadable(&error)),
            }
            if host.cancelled() {
                work.stop.store(true, Ordering::Relaxed);
                result = Err(Stop::Cancelled);
            }
        }
        result
    };
    let threads = threads.clamp(1, MAX_THREADS).min(jobs.len());
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        let started = (0..threads).filter(|_| {
            let (sender, work) = (sender.clone(), &work);
            let builder = std::thread::Builder::new().name("values".to_owned());
            builder.spawn_scoped(scope, move || work.run(&sender)).is_ok()
        });
        if started.count() == 0 {
            // Where no thread can be made, this one does the work, and reports afterwards.
            work.run(&sender);
        }
        drop(sender);
        merge(receiver)
    })?;
    Ok(Scan { tallies, bytes })
}

fn unreadable(error: &std::io::Error) -> Stop {
    Stop::Unreadable(format!("cannot be read: {error}"))
}

fn jobs(tensors: &[Tensor]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (tensor, of) in tensors.iter().enumerate() {
        let Some(unit) = unit(of.dtype.look) else { continue };
        let unit = unit as u64;
        let (step, mut offset) = (JOB / unit * unit, 0);
        while offset < of.bytes {
            let bytes = step.min(of.bytes - offset);
            jobs.push(Job { tensor, offset, bytes });
            offset += bytes;
        }
    }
    jobs
}

type Piece = std::io::Result<(usize, Tally, u64)>;

/// What the threads share.
struct Work<'a> {
    file: &'a std::fs::File,
    start: u64,
    tensors: &'a [Tensor],
    jobs: &'a [Job],
    next: AtomicUsize,
    stop: AtomicBool,
}

impl Work<'_> {
    /// Takes jobs until there are none.
    fn run(&self, found: &Sender<Piece>) {
        let mut buffer = vec![0; BUFFER];
        while !self.stop.load(Ordering::Relaxed) {
            let Some(job) = self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let piece = self.job(job, &mut buffer);
            let failed = piece.is_err();
            let heard = found.send(piece).is_ok();
            if failed || !heard {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    fn job(&self, job: &Job, buffer: &mut [u8]) -> Piece {
        let tensor = &self.tensors[job.tensor];
        let look = tensor.dtype.look;
        let unit = unit(look).unwrap_or(1);
        let most = buffer.len() / unit * unit;
        let mut sum: Option<Tally> = None;
        let mut done = 0;
        while done < job.bytes {
            let left = usize::try_from(job.bytes - done).unwrap_or(usize::MAX);
            let bytes = &mut buffer[..most.min(left)];
            let offset = job.offset + done;
            let at = self.start.checked_add(tensor.start).and_then(|at| at.checked_add(offset));
            let at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
            self.file.read_exact_at(bytes, at)?;
            let index = offset / unit as u64;
            let tally = match look {
                Look::Real(real) => kernels::real(real, bytes, index),
                Look::Blocks(block) => kernels::blocks(&block, bytes, index),
                Look::Whole | Look::AlwaysFinite | Look::Unknown => kernels::opaque(bytes),
            };
            sum = Some(sum.map_or(tally, |before| before.and(tally)));
            done += bytes.len() as u64;
        }
        Ok((job.tensor, sum.unwrap_or(Tally::new(0)), job.bytes))
    }
}
