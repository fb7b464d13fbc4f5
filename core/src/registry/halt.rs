//! Threads that work side by side until one of them meets what ends all.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::http::Session;
use crate::finding::{Code, Problem};
use crate::fsx;

/// Most requests that run at the same time, whatever was asked for.
const MAX_THREADS: usize = 64;

/// Why everything ends, if it does.
#[derive(Debug, Default)]
pub(super) struct Halt {
    stopped: AtomicBool,
    problem: Mutex<Option<Problem>>,
}

impl Halt {
    /// Ends everything; the first reason counts.
    pub(super) fn stop(&self, problem: Problem) {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether everything is to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Ends everything if there is no use in going on with other blobs; else gives the
    /// problem back.
    pub(super) fn stop_if_for_all(&self, problem: Problem) -> Option<Problem> {
        if !is_for_all(problem.code()) {
            return Some(problem);
        }
        self.stop(problem);
        None
    }

    /// The problem of what was not come to.
    pub(super) fn problem(&self, subject: &dyn Display) -> Problem {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(problem) = &*problem else {
            return Problem::new(Code::TransferInterrupted, subject);
        };
        let finding = problem.finding();
        Problem::new(finding.code, &finding.subject).detail(&finding.message).hint(&finding.hint)
    }
}

/// Whether a problem will be the same for every blob.
fn is_for_all(code: Code) -> bool {
    matches!(
        code,
        Code::RegistryDenied
            | Code::RegistryUnreachable
            | Code::RegistryBusy
            | Code::RegistryCredentials
            | Code::RegistryNotEncrypted
            | Code::DiskFull
            | Code::ReadOnlyTarget
            | Code::WriteFailed
    )
}

/// Requests that run at the same time.
pub(super) fn threads(session: &Session) -> usize {
    match session.options().jobs {
        0 => fsx::threads().clamp(4, 8),
        jobs => jobs.min(MAX_THREADS),
    }
}

/// Runs the same work in several threads.
pub(super) fn in_threads(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}
