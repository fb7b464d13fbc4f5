//! One blob on its way: there already, taken over, or sent.

use reqwest::Method;

use super::Run;
use super::memory::Memory;
use super::place::{self, Place};
use super::source::Source;
use crate::finding::{Code, Problem, Result};
use crate::registry::http::{Access, Answer, Body, Call, Http};
use crate::registry::parts::{Sent, Upload};
use crate::registry::{Reference, SCHEME};

/// Bytes sent at once of a large blob.
const CHUNK: u64 = 64 << 20;

/// Blobs up to this size are sent in one request.
const SMALL: u64 = 8 << 20;

/// Bytes that have to be taken for a cut not to count as another failure.
const PROGRESS: u64 = 64 << 10;

/// How an upload was begun.
enum Begun {
    Mounted,
    At(Place),
}

/// What became of one chunk.
enum Chunk {
    /// The registry says how far it is.
    At(Place),
    /// It has to be asked.
    Unclear(Problem),
    /// It knows the upload no longer.
    Lost(Problem),
}

/// What became of an upload.
enum End {
    Complete,
    /// It has to begin anew.
    Lost(Problem),
    /// The bytes are said not to have the digest.
    Refused(Problem),
}

impl Run<'_> {
    /// Brings one blob into the repository.
    pub(super) fn send(&self, http: &Http, upload: &Upload) -> Result<Sent> {
        let source = Source::new(upload, &self.shown);
        if self.is_present(http, upload)? {
            source.complete();
            return Ok(Sent::Present);
        }
        let memory = self.memory(upload)?;
        let mut place = self.remembered(http, &source, memory.as_ref(), upload)?;
        let mut resumed = place.is_some();
        let pace = self.session.pace();
        let (mut sent, mut failures, mut refusals) = (0, 0, 0);
        loop {
            let current = match place.take() {
                Some(place) => place,
                None => match self.begin(http, upload)? {
                    Begun::Mounted => {
                        source.complete();
                        return Ok(Sent::Mounted);
                    }
                    Begun::At(place) => {
                        source.settle(0)?;
                        place
                    }
                },
            };
            let begun = current.clone();
            let end = if upload.size <= SMALL && current.offset == 0 {
                sent += upload.size;
                self.send_at_once(http, upload, &source, &current)
            } else {
                self.send_chunks(http, upload, &source, current, memory.as_ref(), &mut sent)
            };
            let end = match end {
                // What an earlier run noted of the hash may be wrong.
                Err(problem) if problem.code() == Code::DigestMismatch => {
                    give_up(http, &begun);
                    if !std::mem::take(&mut resumed) {
                        return Err(problem);
                    }
                    End::Lost(problem)
                }
                other => other?,
            };
            resumed = false;
            if let Some(memory) = &memory {
                memory.forget()?;
            }
            let problem = match end {
                End::Complete => {
                    source.complete();
                    return Ok(Sent::Uploaded { bytes: sent });
                }
                End::Lost(problem) => problem,
                End::Refused(problem) => {
                    refusals += 1;
                    if refusals > 1 {
                        return Err(problem);
                    }
                    problem
                }
            };
            failures += 1;
            if failures > pace.retries.max(1) || self.halt.is_stopped() {
                return Err(problem);
            }
            pace.sleep(pace.backoff(failures));
        }
    }

    fn memory(&self, upload: &Upload) -> Result<Option<Memory>> {
        match self.settings.sessions {
            Some(folder) if upload.size > SMALL => {
                let reference = self.session.reference();
                let registry = format!("{}/{}", reference.host(), reference.repository());
                Memory::open(folder, &registry, upload)
            }
            _ => Ok(None),
        }
    }

    /// The upload that an earlier run began, if the registry still has it.
    fn remembered(
        &self,
        http: &Http,
        source: &Source,
        memory: Option<&Memory>,
        upload: &Upload,
    ) -> Result<Option<Place>> {
        let Some(kept) = memory.and_then(Memory::load) else { return Ok(None) };
        let Ok(location) = place::checked(self.session, &kept.location) else { return Ok(None) };
        let Some(place) = self.standing(http, &location, upload)? else { return Ok(None) };
        source.resume(kept.offset, kept.hasher);
        source.settle(place.offset)?;
        Ok(Some(place))
    }

    fn is_present(&self, http: &Http, upload: &Upload) -> Result<bool> {
        let url = self.session.url(&format!("blobs/{}", upload.digest));
        let answer = http.call(&Call::new(Method::HEAD, url, Access::Push))?;
        match answer.status().as_u16() {
            200 => match answer.header("content-length").map(str::parse::<u64>) {
                Some(Ok(size)) if size != upload.size => {
                    let detail = format!(
                        "blob {} has {size} bytes there; it has {}",
                        upload.digest, upload.size
                    );
                    Err(place::invalid(self.session, detail))
                }
                _ => Ok(true),
            },
            404 => Ok(false),
            _ => Err(http.refused(answer, &format!("asking for blob {}", upload.digest))),
        }
    }

    /// Takes the blob from another repository, else begins an upload.
    fn begin(&self, http: &Http, upload: &Upload) -> Result<Begun> {
        let url = self.session.url("blobs/uploads/");
        let mut begun: Option<Place> = None;
        for from in self.settings.mount_from {
            // Nothing but the name of a repository becomes part of an address.
            let from: Reference = format!("{SCHEME}registry/{from}").parse()?;
            let from = from.repository();
            if from == self.session.reference().repository() {
                continue;
            }
            let url = format!("{url}?mount={}&from={from}", upload.digest);
            let call = Call::new(Method::POST, url, Access::PushFrom(from));
            let answer = match http.call(&call) {
                Ok(answer) => answer,
                // Somebody may push here and not read there.
                Err(problem) if problem.code() == Code::RegistryDenied => continue,
                Err(problem) => return Err(problem),
            };
            let status = answer.status().as_u16();
            let place = if status == 202 { Some(self.begun(&answer)?) } else { None };
            answer.discard();
            if let Some(before) = begun.take_if(|_| status == 201 || place.is_some()) {
                give_up(http, &before);
            }
            if status == 201 {
                return Ok(Begun::Mounted);
            }
            begun = place.or(begun);
        }
        if let Some(place) = begun {
            return Ok(Begun::At(place));
        }
        let answer = http.call(&Call::new(Method::POST, url, Access::Push))?;
        if answer.status().as_u16() != 202 {
            return Err(http.refused(answer, &format!("beginning to send {}", upload.digest)));
        }
        let place = self.begun(&answer)?;
        answer.discard();
        Ok(Begun::At(place))
    }

    fn begun(&self, answer: &Answer<'_>) -> Result<Place> {
        let location = place::location(self.session, answer)?.ok_or_else(|| {
            place::invalid(self.session, "it does not say where to send a blob".to_owned())
        })?;
        let min_chunk = answer.header("oci-chunk-min-length").and_then(|len| len.parse().ok());
        Ok(Place { location, offset: 0, min_chunk: min_chunk.unwrap_or(0) })
    }

    /// How far an upload is; nothing when the registry does not have it.
    fn standing(&self, http: &Http, location: &str, upload: &Upload) -> Result<Option<Place>> {
        let answer = http.call(&Call::new(Method::GET, location, Access::Push))?;
        match answer.status().as_u16() {
            200..=204 => {
                let offset = answer.header("range").map_or(Some(0), place::offset);
                let next = place::location(self.session, &answer)?;
                let min_chunk =
                    answer.header("oci-chunk-min-length").and_then(|len| len.parse().ok());
                answer.discard();
                // More than the blob has is another upload, or none to be gone on with.
                Ok(offset.filter(|offset| *offset <= upload.size).map(|offset| Place {
                    location: next.unwrap_or_else(|| location.to_owned()),
                    offset,
                    min_chunk: min_chunk.unwrap_or(0),
                }))
            }
            401 | 403 => Err(http.refused(answer, "asking how far an upload is")),
            _ => {
                answer.discard();
                Ok(None)
            }
        }
    }

    /// Sends a small blob with the request that completes it.
    fn send_at_once(
        &self,
        http: &Http,
        upload: &Upload,
        source: &Source,
        place: &Place,
    ) -> Result<End> {
        if upload.size == 0 {
            source.check()?;
        }
        let open = || Ok(source.open(upload.size));
        let call =
            Call::new(Method::PUT, place::completion(&place.location, upload.digest), Access::Push)
                .header("content-type", "application/octet-stream")
                .body(Body::Stream { len: upload.size, open: &open })
                .once();
        self.completed(http, upload, http.call(&call))
    }

    /// Sends what the registry does not have, then completes it.
    fn send_chunks(
        &self,
        http: &Http,
        upload: &Upload,
        source: &Source,
        mut place: Place,
        memory: Option<&Memory>,
        sent: &mut u64,
    ) -> Result<End> {
        let pace = self.session.pace();
        let (mut failures, mut best) = (0, place.offset);
        while place.offset < upload.size {
            if let Some(memory) = memory {
                memory.store(&place.location, place.offset, &source.state())?;
            }
            if self.halt.is_stopped() {
                return Err(self.halt.problem(&upload.digest));
            }
            let (next, problem) = match self.send_chunk(http, upload, source, &place)? {
                Chunk::At(next) => (Some(next), None),
                Chunk::Lost(problem) => return Ok(End::Lost(problem)),
                Chunk::Unclear(problem) => {
                    pace.sleep(pace.backoff(failures + 1));
                    (self.standing(http, &place.location, upload)?, Some(problem))
                }
            };
            let lost = |problem: Option<Problem>| {
                problem.unwrap_or_else(|| self.interrupted(upload, "the upload is gone"))
            };
            let Some(next) = next else { return Ok(End::Lost(lost(problem))) };
            source.settle(next.offset)?;
            let min_chunk = place.min_chunk.max(next.min_chunk);
            place = Place { min_chunk, ..next };
            if place.offset >= best.saturating_add(PROGRESS) || place.offset == upload.size {
                failures = u32::from(problem.is_some());
            } else {
                failures += 1;
            }
            *sent += place.offset.saturating_sub(best);
            best = best.max(place.offset);
            if failures > pace.retries {
                if let Some(memory) = memory {
                    memory.store(&place.location, place.offset, &source.state())?;
                }
                let problem = problem.unwrap_or_else(|| {
                    self.interrupted(upload, "the registry keeps almost nothing")
                });
                return Err(problem);
            }
        }
        source.check()?;
        if let Some(memory) = memory {
            memory.store(&place.location, place.offset, &source.state())?;
        }
        let url = place::completion(&place.location, upload.digest);
        let call = Call::new(Method::PUT, url, Access::Push).once();
        self.completed(http, upload, http.call(&call))
    }

    fn send_chunk(
        &self,
        http: &Http,
        upload: &Upload,
        source: &Source,
        place: &Place,
    ) -> Result<Chunk> {
        let from = place.offset;
        let len = CHUNK.max(place.min_chunk).min(upload.size - from);
        let open = || Ok(source.open(len));
        let call = Call::new(Method::PATCH, &place.location, Access::Push)
            .header("content-type", "application/octet-stream")
            .header("content-range", format!("{from}-{}", from + len - 1))
            .body(Body::Stream { len, open: &open })
            .once();
        let answer = match http.call(&call) {
            Ok(answer) => answer,
            Err(problem) if is_cut(&problem) => return Ok(Chunk::Unclear(problem)),
            Err(problem) => return Err(problem),
        };
        let what = || format!("sending bytes {from}-{} of {}", from + len - 1, upload.digest);
        match answer.status().as_u16() {
            200..=204 => {}
            400 | 404 => return Ok(Chunk::Lost(http.refused(answer, &what()))),
            408 | 416 | 429 | 500..=599 => {
                return Ok(Chunk::Unclear(http.refused(answer, &what())));
            }
            _ => return Err(http.refused(answer, &what())),
        }
        let offset = match answer.header("range") {
            None => Some(from + len),
            Some(range) => place::offset(range).filter(|offset| *offset <= from + len),
        };
        let Some(offset) = offset else {
            let told = crate::registry::address::printable(answer.header("range").unwrap_or(""));
            let detail = format!("{}: it answers the range {told:?}", what());
            return Err(place::invalid(self.session, detail));
        };
        let location = place::location(self.session, &answer)?;
        answer.discard();
        let location = location.unwrap_or_else(|| place.location.clone());
        Ok(Chunk::At(Place { location, offset, min_chunk: place.min_chunk }))
    }

    /// What the answer to the last request of an upload means.
    fn completed(&self, http: &Http, upload: &Upload, answer: Result<Answer<'_>>) -> Result<End> {
        let what = format!("completing {}", upload.digest);
        let problem = match answer {
            Ok(answer) => match answer.status().as_u16() {
                200..=204 => {
                    let told = answer.header("docker-content-digest").map(str::to_owned);
                    answer.discard();
                    return match told {
                        Some(told) if told != upload.digest.to_string() => {
                            let told = crate::registry::address::printable(&told);
                            Err(place::invalid(self.session, format!("{what}: it says {told:?}")))
                        }
                        _ => Ok(End::Complete),
                    };
                }
                400 => return Ok(End::Refused(http.refused(answer, &what))),
                404 | 408 | 416 | 429 | 500..=599 => http.refused(answer, &what),
                _ => return Err(http.refused(answer, &what)),
            },
            Err(problem) if is_cut(&problem) => problem,
            Err(problem) => return Err(problem),
        };
        // It may have been completed before the answer was lost.
        if self.is_present(http, upload)? {
            return Ok(End::Complete);
        }
        Ok(End::Lost(problem))
    }

    fn interrupted(&self, upload: &Upload, why: &str) -> Problem {
        let registry = self.session.reference();
        Problem::new(Code::TransferInterrupted, upload.digest).detail(format!("{registry}: {why}"))
    }
}

/// Whether a request ended without an answer.
fn is_cut(problem: &Problem) -> bool {
    matches!(problem.code(), Code::TransferInterrupted | Code::RegistryUnreachable)
}

/// Tells the registry that an upload is not gone on with.
fn give_up(http: &Http, place: &Place) {
    let call = Call::new(Method::DELETE, &place.location, Access::Push).once();
    // Only a courtesy: registries clear by themselves what nobody goes on with, and some
    // refuse this.
    if let Ok(answer) = http.call(&call) {
        answer.discard();
    }
}
