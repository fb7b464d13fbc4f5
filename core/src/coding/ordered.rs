//! Work on all cores whose results are taken in the order of the jobs, with a bounded
//! number of jobs under way.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};

use super::Failure;

/// Jobs under way for each thread: two keep it busy while results are taken.
const AHEAD: usize = 2;

/// Runs jobs that `next` gives, on `threads` threads, each with a state of its own that
/// `state` makes; `take` gets the results in the order of the jobs, on this thread.
pub(super) fn run<Job: Send, Made: Send, State>(
    threads: usize,
    state: impl Fn() -> io::Result<State> + Sync,
    mut next: impl FnMut() -> Result<Option<Job>, Failure>,
    work: impl Fn(&mut State, Job) -> Result<Made, Failure> + Sync,
    mut take: impl FnMut(Made) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if threads <= 1 {
        let mut state = state().map_err(Failure::Codec)?;
        while let Some(job) = next()? {
            take(work(&mut state, job)?)?;
        }
        return Ok(());
    }
    let most = threads * AHEAD;
    let (jobs, queue) = mpsc::sync_channel::<(Job, SyncSender<Result<Made, Failure>>)>(most);
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        // Owned here, so that threads end when this returns early.
        let jobs = jobs;
        for _ in 0..threads {
            let (queue, state, work) = (&queue, &state, &work);
            scope.spawn(move || {
                let mut made = state();
                loop {
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((job, reply)) = job else { return };
                    let done = match &mut made {
                        Ok(state) => work(state, job),
                        Err(error) => {
                            Err(Failure::Codec(io::Error::new(error.kind(), error.to_string())))
                        }
                    };
                    // Nobody listens when another job failed before this one.
                    let _ = reply.send(done);
                }
            });
        }
        let gone = || Failure::Codec(io::Error::other("a thread is gone"));
        let mut under_way: VecDeque<Receiver<Result<Made, Failure>>> = VecDeque::new();
        let mut more = true;
        loop {
            while more && under_way.len() < most {
                let Some(job) = next()? else {
                    more = false;
                    break;
                };
                let (reply, result) = mpsc::sync_channel(1);
                jobs.send((job, reply)).map_err(|_| gone())?;
                under_way.push_back(result);
            }
            let Some(result) = under_way.pop_front() else { return Ok(()) };
            take(result.recv().map_err(|_| gone())??)?;
        }
    })
}
