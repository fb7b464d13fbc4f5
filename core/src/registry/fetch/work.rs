//! What one thread does: ask for a range, keep what comes, ask again for what is wrong.

use std::collections::VecDeque;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;

use super::Fetch;
use super::plan::{Blob, Progress, Range, Taken, mismatch};
use crate::finding::{Code, Problem, Result};
use crate::hash::Hasher;
use crate::registry::http::{Access, Answer, Call, Http};

/// How often a part with a wrong digest is asked for again.
const MAX_WRONG: u32 = 3;

/// Bytes of a part after which the journal notes how far it is.
const CHECKPOINT: u64 = 64 << 20;

/// Bytes that have to arrive for a cut not to count as another failure.
const PROGRESS: u64 = 64 << 10;

/// The same for a blob that comes from its beginning each time: this part of it.
const PROGRESS_SHARE: u64 = 64;

/// An answer that carries bytes of a blob.
struct Reply<'h> {
    answer: Answer<'h>,
    /// Bytes that are to come.
    left: u64,
}

/// How a group of parts ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Everything was fetched, if not rightly.
    Complete,
    /// The registry does not serve ranges.
    NoRanges,
    /// Another thread met something that ends all.
    Stopped,
}

/// What one reading of a whole blob brought.
#[derive(Debug, Default)]
struct Pass {
    came: u64,
    wrong: Option<Problem>,
    stopped: bool,
}

impl Fetch<'_> {
    /// Works off ranges until there are no more.
    pub(super) fn work(&self, order: &[(usize, Range)], next: &AtomicUsize) {
        let mut http = match Http::new(self.session) {
            Ok(http) => http,
            Err(problem) => return self.halt.stop(problem),
        };
        while !self.halt.is_stopped() {
            let job = order.get(next.fetch_add(1, Ordering::Relaxed));
            let Some((blob, range)) =
                job.and_then(|(blob, range)| Some((self.blobs.get(*blob)?, range)))
            else {
                return;
            };
            if let Err(problem) = self.bring(&mut http, blob, range) {
                self.fail(blob, problem);
            }
        }
    }

    /// Fetches the parts of a range, those that are wrong again alone.
    fn bring(&self, http: &mut Http, blob: &Blob<'_>, range: &Range) -> Result<()> {
        let mut groups = VecDeque::from([VecDeque::from(blob.take(range.first, range.end))]);
        let mut fresh = false;
        while let Some(mut parts) = groups.pop_front() {
            if fresh {
                // What is between, a cache for one, may give others to another connection.
                *http = Http::new(self.session)?;
            }
            let mut wrong = Vec::new();
            let end = self.fetch_group(http, blob, &mut parts, &mut wrong);
            for taken in &parts {
                self.leave(blob, taken)?;
            }
            match end? {
                End::Complete => {}
                End::Stopped => return Ok(()),
                End::NoRanges => {
                    let back = parts.into_iter().chain(wrong).chain(groups.into_iter().flatten());
                    if blob.begin_stream(back) {
                        return self.stream(http, blob);
                    }
                    return Ok(());
                }
            }
            fresh = !wrong.is_empty() || fresh;
            groups.extend(wrong.into_iter().map(|taken| VecDeque::from([taken])));
        }
        Ok(())
    }

    /// Fetches consecutive parts, going on after cuts. Those with wrong bytes end in
    /// `wrong`; what is left when it fails stays in `parts`.
    fn fetch_group(
        &self,
        http: &Http,
        blob: &Blob<'_>,
        parts: &mut VecDeque<Taken>,
        wrong: &mut Vec<Taken>,
    ) -> Result<End> {
        let pace = self.session.pace();
        let mut failures = 0;
        while let (Some(first), Some(last)) = (parts.front(), parts.back()) {
            let start = first.part.offset + first.progress.done;
            let Some(mut reply) = self.ask(http, blob, start, last.part.end())? else {
                self.no_ranges.store(true, Ordering::Relaxed);
                return Ok(End::NoRanges);
            };
            let promised = reply.left;
            let ended = self.keep_all(blob, &mut reply, parts, wrong);
            let came = promised - reply.left;
            let problem = match ended {
                Ok(true) => return Ok(End::Stopped),
                // A registry may give less than a whole range.
                Ok(false) if parts.is_empty() || came >= PROGRESS => {
                    failures = 0;
                    continue;
                }
                Ok(false) => self.interrupted(blob, "the registry gives almost nothing at a time"),
                Err(problem) if problem.code() == Code::TransferInterrupted => problem,
                Err(problem) => return Err(problem),
            };
            failures = if came >= PROGRESS { 1 } else { failures + 1 };
            if failures > pace.retries {
                return Err(problem);
            }
            pace.sleep(pace.backoff(failures));
        }
        Ok(End::Complete)
    }

    /// Keeps what an answer brings for consecutive parts; true when all is to end.
    fn keep_all(
        &self,
        blob: &Blob<'_>,
        reply: &mut Reply<'_>,
        parts: &mut VecDeque<Taken>,
        wrong: &mut Vec<Taken>,
    ) -> Result<bool> {
        while let Some(piece) = self.piece(blob, reply)? {
            let mut rest: &[u8] = &piece;
            while let Some(taken) = parts.front_mut().filter(|_| !rest.is_empty()) {
                let room = taken.part.len - taken.progress.done;
                let room = usize::try_from(room).unwrap_or(usize::MAX).min(rest.len());
                let (now, later) = rest.split_at(room);
                rest = later;
                self.keep(blob, taken, now)?;
                if taken.progress.done == taken.part.len
                    && let Some(taken) = parts.pop_front()
                    && let Err((again, problem)) = self.finish(blob, taken)?
                {
                    if again.progress.wrong > MAX_WRONG {
                        return Err(problem);
                    }
                    wrong.push(again);
                }
            }
            if self.halt.is_stopped() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads a whole blob, as often as it takes, and keeps the parts that are free.
    fn stream(&self, http: &mut Http, blob: &Blob<'_>) -> Result<()> {
        let pace = self.session.pace();
        let size = blob.want.size;
        let (mut failures, mut wrong) = (0, 0);
        loop {
            let Some(mut reply) = self.ask(http, blob, 0, size)? else {
                return Err(self.invalid(blob, "answers a part when the whole was asked for"));
            };
            let mut pass = Pass::default();
            let ended = self.keep_free(blob, &mut reply, &mut pass);
            drop(reply);
            let whole = ended.is_ok();
            let problem = match ended {
                Ok(()) if pass.stopped => return Ok(()),
                Ok(()) => self.interrupted(blob, "parts of it do not come"),
                Err(problem) if problem.code() == Code::TransferInterrupted => problem,
                Err(problem) => return Err(problem),
            };
            if !blob.goes_on() {
                return Ok(());
            }
            if let Some(problem) = pass.wrong {
                wrong += 1;
                if wrong > MAX_WRONG {
                    return Err(problem);
                }
                *http = Http::new(self.session)?;
                continue;
            }
            // Parts that another thread gave back behind this reading need one more.
            if whole && pass.came > 0 {
                failures = 0;
                continue;
            }
            let enough = pass.came >= PROGRESS.max(size / PROGRESS_SHARE);
            failures = if enough { 1 } else { failures + 1 };
            if failures > pace.retries {
                return Err(problem);
            }
            pace.sleep(pace.backoff(failures));
        }
    }

    /// Reads through a whole blob once and keeps the parts that are free when they come.
    fn keep_free(&self, blob: &Blob<'_>, reply: &mut Reply<'_>, pass: &mut Pass) -> Result<()> {
        let mut current = None;
        let result = self.read_through(blob, reply, pass, &mut current);
        if let Some(taken) = current {
            self.leave(blob, &taken)?;
            blob.release(taken.index, taken.progress);
        }
        result
    }

    fn read_through(
        &self,
        blob: &Blob<'_>,
        reply: &mut Reply<'_>,
        pass: &mut Pass,
        current: &mut Option<Taken>,
    ) -> Result<()> {
        let mut parts = blob.parts.iter().enumerate();
        let Some((mut index, mut part)) = parts.next() else { return Ok(()) };
        let mut place = 0;
        while let Some(piece) = self.piece(blob, reply)? {
            let mut rest: &[u8] = &piece;
            while !rest.is_empty() {
                let into = place - part.offset;
                if into == 0 {
                    *current = blob.take_one(index);
                }
                let room = usize::try_from(part.end() - place).unwrap_or(usize::MAX);
                let (now, later) = rest.split_at(room.min(rest.len()));
                rest = later;
                place += now.len() as u64;
                if let Some(taken) = current {
                    let known = taken.progress.done.saturating_sub(into);
                    let known = usize::try_from(known).unwrap_or(usize::MAX).min(now.len());
                    self.keep(blob, taken, &now[known..])?;
                    pass.came += (now.len() - known) as u64;
                }
                if place < part.end() {
                    continue;
                }
                if let Some(taken) = current.take()
                    && let Err((again, problem)) = self.finish(blob, taken)?
                {
                    blob.release(again.index, again.progress);
                    pass.wrong = Some(problem);
                }
                let Some(next) = parts.next() else { break };
                (index, part) = next;
            }
            if self.halt.is_stopped() {
                pass.stopped = true;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hashes bytes and puts them to their place.
    fn keep(&self, blob: &Blob<'_>, taken: &mut Taken, bytes: &[u8]) -> Result<()> {
        let Taken { part, progress, .. } = taken;
        if let Some(sink) = &blob.want.sink {
            let at = sink.offset + part.offset + progress.done;
            let wrong = |error| Problem::writing(&super::name_of(sink), error);
            sink.file.write_all_at(bytes, at).map_err(wrong)?;
        }
        progress.hasher.update(bytes);
        let before = progress.done / CHECKPOINT;
        progress.done += bytes.len() as u64;
        self.meter.add(progress.done.saturating_sub(progress.counted));
        progress.counted = progress.counted.max(progress.done);
        if progress.done / CHECKPOINT > before && progress.done < part.len {
            self.leave(blob, taken)?;
        }
        Ok(())
    }

    /// Judges a part of which all bytes came: it is proved, or given back to begin anew.
    fn finish(&self, blob: &Blob<'_>, taken: Taken) -> Result<Result<(), (Taken, Problem)>> {
        let Taken { index, part, progress } = taken;
        let actual = progress.hasher.finish();
        if actual == part.digest {
            if let (Some(journal), Some(sink)) = (self.journal, blob.want.sink) {
                journal.proved(blob.want.blob, &part, sink)?;
            }
            blob.proved(index);
            return Ok(Ok(()));
        }
        if let (Some(journal), Some(sink)) = (self.journal, blob.want.sink) {
            // What was noted of its beginning is void.
            journal.reached(blob.want.blob, &part, sink, 0, &Hasher::default())?;
        }
        let (counted, wrong) = (progress.counted, progress.wrong + 1);
        let progress = Progress { counted, wrong, ..Progress::default() };
        Ok(Err((Taken { index, part, progress }, mismatch(blob.want, &part, actual))))
    }

    /// Notes how far a part is that has begun.
    fn leave(&self, blob: &Blob<'_>, taken: &Taken) -> Result<()> {
        let Taken { part, progress, .. } = taken;
        match (self.journal, blob.want.sink) {
            (Some(journal), Some(sink)) if progress.done > 0 => {
                journal.reached(blob.want.blob, part, sink, progress.done, &progress.hasher)
            }
            _ => Ok(()),
        }
    }

    /// Asks for bytes from `start` to before `end`; nothing when the registry would give
    /// the whole blob instead.
    fn ask<'h>(
        &self,
        http: &'h Http,
        blob: &Blob<'_>,
        start: u64,
        end: u64,
    ) -> Result<Option<Reply<'h>>> {
        let size = blob.want.size;
        let whole = start == 0 && end == size;
        let url = self.session.url(&format!("blobs/{}", blob.want.blob));
        let mut call =
            Call::new(Method::GET, url, Access::Pull).header("accept-encoding", "identity");
        if !whole {
            if self.no_ranges.load(Ordering::Relaxed) {
                return Ok(None);
            }
            call = call.header("range", format!("bytes={start}-{}", end - 1));
        }
        let answer = http.call(&call)?;
        if answer.header("content-encoding").is_some_and(|coding| coding != "identity") {
            return Err(self.invalid(blob, "sends the blob in a coding that was not asked for"));
        }
        let len = answer.header("content-length").map(|len| len.parse::<u64>().ok());
        match answer.status().as_u16() {
            200 => {
                if len.is_some_and(|len| len != Some(size)) {
                    let told = len.flatten().map_or("odd".to_owned(), |len| len.to_string());
                    return Err(self.invalid(blob, &format!("has {told} bytes, not {size}")));
                }
                Ok(whole.then_some(Reply { answer, left: size }))
            }
            206 if !whole => {
                let range = answer.header("content-range").unwrap_or_default();
                let Some(left) = promised(range, start, end, size)
                    .filter(|left| len.is_none_or(|len| len == Some(*left)))
                else {
                    let told = crate::registry::address::printable(range);
                    return Err(self.invalid(
                        blob,
                        &format!("answers the range {told:?} to bytes={start}-{}", end - 1),
                    ));
                };
                Ok(Some(Reply { answer, left }))
            }
            206 => Err(self.invalid(blob, "answers a part when the whole was asked for")),
            404 => {
                let detail = http.refused(answer, "fetching a blob").finding().message.clone();
                Err(Problem::new(Code::MissingBlob, blob.want.blob).detail(detail))
            }
            416 => Err(self.invalid(blob, &format!("has no bytes {start}-{} of it", end - 1))),
            _ => Err(http.refused(answer, &format!("fetching blob {}", blob.want.blob))),
        }
    }

    /// The next piece of an answer, until all that was promised came.
    fn piece(&self, blob: &Blob<'_>, reply: &mut Reply<'_>) -> Result<Option<bytes::Bytes>> {
        if reply.left == 0 {
            // Seeing the end makes the connection free for the next request. When it is
            // cut here, all that was to come has come.
            return match reply.answer.next() {
                Ok(Some(piece)) if !piece.is_empty() => {
                    Err(self.invalid(blob, "sends more bytes than it promised"))
                }
                _ => Ok(None),
            };
        }
        let Some(piece) = reply.answer.next()? else {
            return Err(self.interrupted(blob, "the answer ends too early"));
        };
        match reply.left.checked_sub(piece.len() as u64) {
            Some(left) => reply.left = left,
            None => return Err(self.invalid(blob, "sends more bytes than it promised")),
        }
        Ok(Some(piece))
    }

    fn invalid(&self, blob: &Blob<'_>, why: &str) -> Problem {
        let registry = self.session.reference();
        Problem::new(Code::RegistryInvalid, blob.want.blob).detail(format!("{registry} {why}"))
    }

    fn interrupted(&self, blob: &Blob<'_>, why: &str) -> Problem {
        let registry = self.session.reference();
        Problem::new(Code::TransferInterrupted, blob.want.blob).detail(format!("{registry}: {why}"))
    }
}

/// How many bytes a `Content-Range` (RFC 9110, section 14.4) promises, if they are from
/// `start` on and none behind `end` of a blob of `size` bytes.
fn promised(range: &str, start: u64, end: u64, size: u64) -> Option<u64> {
    let (bytes, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = bytes.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let fits = first == start && last >= first && last < end;
    let total = total == "*" || total.parse() == Ok(size);
    (fits && total).then(|| last - first + 1)
}

#[cfg(test)]
mod tests {
    use super::promised;

    #[test]
    fn a_range_is_the_one_asked_for_or_shorter() {
        for (text, left) in [
            ("bytes 5-9/20", Some(5)),
            ("bytes 5-9/*", Some(5)),
            ("bytes 5-5/20", Some(1)),
            ("bytes 4-9/20", None),
            ("bytes 5-10/20", None),
            ("bytes 5-9/21", None),
            ("bytes 9-5/20", None),
            ("bytes 5-/20", None),
            ("bytes */20", None),
            ("5-9/20", None),
            ("", None),
            ("bytes 5-99999999999999999999/20", None),
        ] {
            assert_eq!(promised(text, 5, 10, 20), left, "{text}");
        }
    }
}
