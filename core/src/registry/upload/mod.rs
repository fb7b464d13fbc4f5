//! Sending blobs: several at once, in chunks, gone on with after a cut or a killed run.
//!
//! What is there already is not sent, and what another repository of the registry has
//! is taken from there. Every blob is hashed while it is sent, and one that is not what
//! its name says is never completed. Knows no manifests.

mod memory;
mod place;
mod source;
mod work;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use super::halt::{self, Halt};
use super::http::{Http, Session};
use super::parts::{Sent, Upload, UploadSettings};
use super::repository::Repository;
use crate::finding::Result;
use crate::hash::Meter;

/// How often the meter is told what was sent.
const TICK: Duration = Duration::from_millis(100);

impl Repository {
    /// Sends blobs, several at a time, the largest first. One result for each, in order.
    /// What cannot be sent stops no other, unless it is for a reason that will be the
    /// same for all: no admission, no connection.
    ///
    /// With a folder for sessions, a later run goes on with the uploads of blobs over 8 MiB
    /// where this one ends, however that happens; what was hashed up to the last chunk is
    /// not hashed again. That needs a registry that keeps what it has of a chunk. One that
    /// gives the upload up (distribution 2 does) gets the blob from its beginning.
    pub fn upload(
        &self,
        blobs: &[Upload],
        settings: &UploadSettings<'_>,
        meter: &Meter,
    ) -> Vec<Result<Sent>> {
        upload(self.session(), blobs, settings, meter)
    }
}

/// [`Repository::upload`].
fn upload(
    session: &Arc<Session>,
    blobs: &[Upload],
    settings: &UploadSettings<'_>,
    meter: &Meter,
) -> Vec<Result<Sent>> {
    let run = Run { session, settings, halt: Halt::default(), shown: Arc::default() };
    meter.expect(blobs.iter().map(|blob| blob.size).sum());
    let mut order: Vec<(usize, &Upload)> = blobs.iter().enumerate().collect();
    order.sort_by_key(|(index, blob)| (std::cmp::Reverse(blob.size), *index));
    let results: Mutex<Vec<Option<Result<Sent>>>> =
        Mutex::new(blobs.iter().map(|_| None).collect());
    let next = AtomicUsize::new(0);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ticker = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                run.tell(meter);
                std::thread::park_timeout(TICK);
            }
        });
        // Also when a thread panics: the scope waits for all of them.
        let _end = End { ended: &ended, ticker: ticker.thread() };
        halt::in_threads(halt::threads(session).min(blobs.len()), || {
            run.send_all(&order, &next, &results);
        });
    });
    run.tell(meter);
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let each = results.into_iter().zip(blobs);
    each.map(|(result, blob)| result.unwrap_or_else(|| Err(run.halt.problem(&blob.digest))))
        .collect()
}

/// Ends the thread that tells the meter.
struct End<'a> {
    ended: &'a AtomicBool,
    ticker: &'a Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        self.ticker.unpark();
    }
}

/// One call of [`upload`].
struct Run<'a> {
    session: &'a Arc<Session>,
    settings: &'a UploadSettings<'a>,
    halt: Halt,
    /// Bytes done that the meter was not told of yet.
    shown: Arc<AtomicU64>,
}

impl Run<'_> {
    fn tell(&self, meter: &Meter) {
        meter.add(self.shown.swap(0, Ordering::Relaxed));
    }

    /// Works off blobs until there are no more.
    fn send_all(
        &self,
        order: &[(usize, &Upload)],
        next: &AtomicUsize,
        results: &Mutex<Vec<Option<Result<Sent>>>>,
    ) {
        let http = match Http::new(self.session) {
            Ok(http) => http,
            Err(problem) => return self.halt.stop(problem),
        };
        while !self.halt.is_stopped() {
            let job = order.get(next.fetch_add(1, Ordering::Relaxed));
            let Some((index, blob)) = job else { return };
            let result = match self.send(&http, blob) {
                Ok(sent) => Ok(sent),
                Err(problem) => match self.halt.stop_if_for_all(problem) {
                    Some(problem) => Err(problem),
                    None => return,
                },
            };
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = results.get_mut(*index) {
                *place = Some(result);
            }
        }
    }
}

#[cfg(test)]
mod tests;
