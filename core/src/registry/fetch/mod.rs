//! Fetching blobs: many ranges at once, each part checked while it arrives.
//!
//! Bytes are hashed and written in the same pass and never read again. A part that is
//! wrong is asked for again alone; a cut is gone on from. Knows no manifests.

mod plan;
mod work;

use std::collections::HashSet;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use self::plan::{Blob, Progress};
use super::halt::{self, Halt};
use super::http::Session;
use super::journal::{Journal, Known};
use super::parts::Want;
use super::repository::Repository;
use crate::finding::{Code, Problem, Result};
use crate::hash::{self, Hasher, Meter, Sink};

impl Repository {
    /// Fetches blobs in parts, several at a time; every part is checked while it arrives.
    /// One result for each, in order. What cannot be fetched stops no other, unless it is
    /// for a reason that will be the same for all: no admission, no connection, no space.
    ///
    /// A [`Journal`] makes a later run go on where this one ends, however that happens. It
    /// needs the sinks to be the same files. The meter is told what is missing first, then
    /// each byte once. Two wants must not have the same place.
    pub fn fetch(
        &self,
        wants: &[Want<'_>],
        journal: Option<&Journal>,
        meter: &Meter,
    ) -> Vec<Result<()>> {
        fetch(self.session(), wants, journal, meter)
    }
}

/// [`Repository::fetch`].
fn fetch(
    session: &Arc<Session>,
    wants: &[Want<'_>],
    journal: Option<&Journal>,
    meter: &Meter,
) -> Vec<Result<()>> {
    let blobs: Vec<Blob<'_>> = wants.iter().map(Blob::new).collect();
    refuse_shared_places(&blobs);
    let fetch = Fetch {
        session,
        blobs,
        journal,
        meter,
        halt: Halt::default(),
        no_ranges: AtomicBool::new(false),
    };
    fetch.recall();
    meter.expect(fetch.blobs.iter().map(Blob::left).sum());
    let threads = halt::threads(session);
    let order = plan::order(&fetch.blobs, threads);
    let next = AtomicUsize::new(0);
    halt::in_threads(threads.min(order.len()), || fetch.work(&order, &next));
    let halt = fetch.halt;
    let each = fetch.blobs.into_iter().map(|blob| {
        let digest = blob.want.blob;
        blob.into_result().unwrap_or_else(|| Err(halt.problem(&digest)))
    });
    each.collect()
}

/// Two that write to the same place would undo what the other has proved.
fn refuse_shared_places(blobs: &[Blob<'_>]) {
    let mut places = HashSet::new();
    for blob in blobs {
        let Some(sink) = blob.want.sink else { continue };
        match sink.file.metadata() {
            Ok(meta) if places.insert((meta.dev(), meta.ino(), sink.offset)) => {}
            Ok(_) => blob.fail(
                Problem::new(Code::Internal, blob.want.blob)
                    .detail("two blobs are to be written to one place"),
            ),
            Err(error) => blob.fail(Problem::reading(&name_of(&sink), error)),
        }
    }
}

/// The name of an open file, for messages.
fn name_of(sink: &Sink<'_>) -> PathBuf {
    let link = format!("/proc/self/fd/{}", sink.file.as_raw_fd());
    std::fs::read_link(link).unwrap_or_else(|_| Path::new("the download").to_owned())
}

struct Fetch<'a> {
    session: &'a Arc<Session>,
    blobs: Vec<Blob<'a>>,
    journal: Option<&'a Journal>,
    meter: &'a Meter,
    halt: Halt,
    /// Whether the registry was seen to ignore ranges.
    no_ranges: AtomicBool,
}

impl Fetch<'_> {
    /// Takes over what earlier runs have proved, after hashing again what may be lost.
    fn recall(&self) {
        let Some(journal) = self.journal else { return };
        let mut doubted: Vec<(&Blob<'_>, usize, Sink<'_>, Known)> = Vec::new();
        for blob in &self.blobs {
            let Some(sink) = blob.want.sink.filter(|_| !blob.is_failed()) else { continue };
            for (index, part) in blob.parts.iter().enumerate() {
                match journal.known(blob.want.blob, part, sink) {
                    Some(known) if known.believed => believe(blob, index, known),
                    Some(known) => doubted.push((blob, index, sink, known)),
                    None => {}
                }
            }
        }
        let again = |(blob, index, sink, known): &(&Blob<'_>, usize, Sink<'_>, Known),
                     buffer: &mut [u8]| {
            let Some(part) = blob.parts.get(*index) else { return Ok(()) };
            let at = sink.offset + part.offset;
            // What cannot be read is fetched again, and written anew.
            let Ok(hasher) = hash_again(sink, at, known.done, buffer) else { return Ok(()) };
            let right = match &known.hasher {
                Some(expected) => hasher.save() == expected.save(),
                None => hasher.clone().finish() == part.digest,
            };
            if !right {
                return Ok(());
            }
            match &known.hasher {
                Some(_) => {
                    journal.reached(blob.want.blob, part, *sink, known.done, &hasher)?;
                }
                None => journal.proved(blob.want.blob, part, *sink)?,
            }
            believe(blob, *index, known.clone());
            Ok(())
        };
        for result in hash::run_largest_first(&doubted, |(.., known)| known.done, again) {
            if let Err(problem) = result {
                self.halt.stop(problem);
            }
        }
    }

    fn fail(&self, blob: &Blob<'_>, problem: Problem) {
        if let Some(problem) = self.halt.stop_if_for_all(problem) {
            blob.fail(problem);
        }
    }
}

fn believe(blob: &Blob<'_>, index: usize, known: Known) {
    match known.hasher {
        None => blob.proved(index),
        Some(hasher) => {
            let done = known.done;
            blob.release(index, Progress { done, hasher, counted: done, wrong: 0 });
        }
    }
}

fn hash_again(
    sink: &Sink<'_>,
    at: u64,
    len: u64,
    buffer: &mut [u8],
) -> Result<Hasher, std::io::Error> {
    let mut hasher = Hasher::default();
    let mut done = 0;
    while done < len {
        let want = usize::try_from(len - done).unwrap_or(usize::MAX).min(buffer.len());
        let got = match sink.file.read_at(&mut buffer[..want], at + done) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        hasher.update(&buffer[..got]);
        done += got as u64;
    }
    Ok(hasher)
}

#[cfg(test)]
mod tests;
