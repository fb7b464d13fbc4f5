//! One connection after its request: bodies in, answers out, faults shown.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::answer::{Answer, Content, Error};
use super::auth::{Auth, Tokens};
use super::blobs::{progress, receive, stored};
use super::fault::{Failure, Fault};
use super::log::Log;
use super::manifests;
use super::routes::Place;
use super::store::{Store, is_digest};
use super::tls::Identity;
use super::wire::{BLOCK, Body, Connection, Head, Stream, reason};
use crate::server::lock;

/// How long a thread that holds a body sleeps between looking whether the rig has stopped.
const HELD: Duration = Duration::from_millis(50);

/// Everything that threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    /// Base URL of the other port.
    pub(crate) elsewhere: String,
    pub(crate) auth: Auth,
    /// Entries of one page of referrers.
    pub(crate) page: usize,
    pub(crate) identity: Option<Identity>,
    pub(crate) store: Mutex<Store>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) failures: Mutex<Vec<Failure>>,
    pub(crate) log: Log,
    pub(crate) stopped: AtomicBool,
    /// Bodies that are held now.
    pub(crate) held: AtomicUsize,
    /// How often all were let go.
    pub(crate) releases: Mutex<u64>,
    pub(crate) released: Condvar,
}

/// A request that is being answered.
pub(super) struct Exchange<'a> {
    shared: &'a Shared,
    connection: &'a mut Connection,
    pub(super) body: Body,
    number: usize,
    /// Bytes after which the next body is held.
    hold: Option<u64>,
}

impl Exchange<'_> {
    /// The next bytes of the body of the request.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut most = into.len();
        if let Some(left) = self.hold.filter(|_| !self.body.is_over()) {
            most = most.min(usize::try_from(left).unwrap_or(most));
            if most == 0 {
                self.shared.wait_for_release();
                self.hold = None;
                most = into.len();
            }
        }
        let count = self.body.read(self.connection, &mut into[..most])?;
        self.hold = self.hold.map(|left| left - count as u64);
        self.shared.log.edit(self.number, |entry| entry.received += count as u64);
        Ok(count)
    }

    /// The whole body, if it is not longer than `limit`.
    fn small_body(&mut self, limit: u64) -> Result<Vec<u8>, Error> {
        let too_large = || Error::new(413, "SIZE_INVALID", "the body is too large");
        if self.body.length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let (mut bytes, mut block) = (Vec::new(), vec![0; BLOCK]);
        loop {
            let count = self.read(&mut block)?;
            if count == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(&block[..count]);
            if bytes.len() as u64 > limit {
                return Err(too_large());
            }
        }
    }

    /// Reads what is left of a body that nobody wants.
    fn skip_body(&mut self) -> io::Result<()> {
        let mut block = vec![0; BLOCK];
        while self.read(&mut block)? > 0 {}
        Ok(())
    }
}

impl Shared {
    /// Answers the requests of one connection.
    pub(crate) fn handle(&self, socket: &TcpStream, elsewhere: bool) -> io::Result<()> {
        let stream = match &self.identity {
            Some(identity) => Stream::Tls(Box::new(identity.accept(socket.try_clone()?)?)),
            None => Stream::Plain(socket.try_clone()?),
        };
        let mut connection = Connection::new(socket, stream)?;
        while !self.stopped.load(Ordering::Relaxed) {
            let Some(head) = connection.head()? else { break };
            let number = self.log.note(&head, elsewhere);
            let faults: Vec<Fault> = if elsewhere {
                Vec::new()
            } else {
                let mut failures = lock(&self.failures);
                failures.iter_mut().filter_map(|f| f.next(&head.method, &head.target)).collect()
            };
            let hold = faults.iter().find_map(|fault| match fault {
                Fault::Hold(bytes) => Some(*bytes),
                _ => None,
            });
            let Some(body) = Body::announced(&head) else { break };
            let mut exchange =
                Exchange { shared: self, connection: &mut connection, body, number, hold };
            let answer = self
                .instead(&head, &faults, &mut exchange)
                .unwrap_or_else(|| self.answer(&head, &faults, elsewhere, &mut exchange));
            self.log.edit(number, |entry| entry.status = Some(answer.status));
            if exchange.body.is_worth_reading() {
                exchange.skip_body()?;
            }
            let unread = !exchange.body.is_over();
            let hold = exchange.hold;
            let kept = self.send(&mut connection, number, &head, answer, &faults, hold, unread)?;
            if !kept {
                break;
            }
        }
        connection.finish(socket);
        Ok(())
    }

    /// Waits until somebody lets all held bodies go on.
    fn wait_for_release(&self) {
        self.held.fetch_add(1, Ordering::SeqCst);
        let mut releases = lock(&self.releases);
        let before = *releases;
        while *releases == before && !self.stopped.load(Ordering::Relaxed) {
            let waited = self.released.wait_timeout(releases, HELD);
            releases = waited.map_or_else(|e| e.into_inner().0, |(guard, _)| guard);
        }
        drop(releases);
        self.held.fetch_sub(1, Ordering::SeqCst);
    }

    /// What a fault answers before anything is looked at.
    fn instead(&self, head: &Head, faults: &[Fault], exchange: &mut Exchange) -> Option<Answer> {
        for fault in faults {
            let answer = match fault {
                Fault::Status(status) => Error::new(*status, "UNKNOWN", "told to fail").into(),
                Fault::Busy(seconds) => {
                    Answer::from(Error::new(429, "TOOMANYREQUESTS", "too many requests"))
                        .header("Retry-After", &seconds.to_string())
                }
                Fault::Redirect => {
                    let location = format!("{}{}", self.elsewhere, head.target);
                    Answer::new(307).header("Location", &location)
                }
                Fault::RedirectLoop => {
                    Answer::new(307).header("Location", &format!("{}{}", self.url, head.target))
                }
                Fault::RedirectTo(place) => Answer::new(307).header("Location", place),
                Fault::Denied(status) => Error::new(*status, "DENIED", "access is denied").into(),
                Fault::Garbage => Answer::bytes("application/json", b"{\"manifests\":[}".to_vec()),
                Fault::Endless => {
                    let content = Content::Endless;
                    Answer { content, ..Answer::bytes("application/json", Vec::new()) }
                }
                Fault::FullDisk(status) => {
                    // Who sends is told only after it was sent, as by a full disk.
                    if exchange.skip_body().is_err() {
                        return Some(Answer::new(400));
                    }
                    Error::new(*status, "UNKNOWN", "no space left on device").into()
                }
                Fault::TokenExpired => {
                    lock(&self.tokens).expire();
                    continue;
                }
                Fault::ForgetUploads => {
                    lock(&self.store).forget_uploads();
                    continue;
                }
                _ => continue,
            };
            return Some(answer);
        }
        None
    }

    fn answer(
        &self,
        head: &Head,
        faults: &[Fault],
        elsewhere: bool,
        exchange: &mut Exchange,
    ) -> Answer {
        let Some(place) = Place::of(&head.path) else {
            return Error::new(404, "UNSUPPORTED", "no such path").into();
        };
        if place == Place::Token {
            let form = match exchange.small_body(1 << 16) {
                Ok(form) => form,
                Err(error) => return error.into(),
            };
            return lock(&self.tokens).issue(&self.auth, head, &form);
        }
        if !elsewhere {
            let needs = place.needs(&head.method);
            let checked = lock(&self.tokens).check(&self.auth, &self.url, head, &needs);
            if let Err(answer) = checked {
                return answer;
            }
        }
        if let Some(problem) = place.problem() {
            return problem.into();
        }
        let answer = self.route(place, head, faults, exchange).unwrap_or_else(Answer::from);
        if faults.contains(&Fault::NoDigestHeader) {
            return answer.without("Docker-Content-Digest");
        }
        answer
    }

    fn route(
        &self,
        place: Place<'_>,
        head: &Head,
        faults: &[Fault],
        exchange: &mut Exchange,
    ) -> Result<Answer, Error> {
        let store = || lock(&self.store);
        match (head.method.as_str(), place) {
            ("GET" | "HEAD", Place::Base) => Ok(Answer::json(&serde_json::json!({}))
                .header("Docker-Distribution-API-Version", "registry/2.0")),
            ("GET" | "HEAD", Place::Blob(name, digest)) => self.blob(name, digest, head, faults),
            ("DELETE", Place::Blob(name, digest)) => {
                let mut store = store();
                let repository = store.repositories.get_mut(name);
                let known = repository.is_some_and(|known| known.blobs.remove(digest));
                if known { Ok(Answer::new(202)) } else { Err(Error::blob_unknown()) }
            }
            ("GET" | "HEAD", Place::Manifest(name, reference)) => {
                manifests::get(&store(), name, reference, faults)
            }
            ("PUT", Place::Manifest(name, reference)) => {
                let bytes = exchange.small_body(manifests::MAX_MANIFEST)?;
                manifests::put(&mut store(), name, reference, head, bytes, faults)
            }
            ("DELETE", Place::Manifest(name, reference)) => {
                manifests::delete(&mut store(), name, reference)
            }
            ("GET", Place::Tags(name)) => manifests::tags(&store(), name, head),
            ("GET", Place::Referrers(name, subject)) => {
                manifests::referrers(&store(), name, subject, head, self.page, faults)
            }
            ("POST", Place::Uploads(name)) => self.begin(name, head, exchange),
            ("GET", Place::Upload(name, id)) => {
                let upload = self.upload(name, id)?;
                let length = lock(&upload).length;
                Ok(progress(Answer::new(204), name, id, length))
            }
            ("PATCH", Place::Upload(name, id)) => {
                let upload = self.upload(name, id)?;
                // Held while the chunk arrives: a second writer has to wait.
                let mut upload = lock(&upload);
                receive(&mut upload, head, exchange)?;
                Ok(progress(Answer::new(202), name, id, upload.length))
            }
            ("PUT", Place::Upload(name, id)) => {
                let digest = head.query("digest").filter(|digest| is_digest(digest));
                let digest = digest.ok_or_else(Error::digest_invalid)?.to_owned();
                let upload = self.upload(name, id)?;
                let mut upload = lock(&upload);
                receive(&mut upload, head, exchange)?;
                if !store().finish(id, &upload, &digest)? {
                    return Err(Error::digest_invalid());
                }
                Ok(stored(name, &digest))
            }
            ("DELETE", Place::Upload(name, id)) => {
                self.upload(name, id)?;
                store().forget(id);
                Ok(Answer::new(204))
            }
            _ => Err(Error::unsupported()),
        }
    }

    /// Sends an answer; false when the connection has to end.
    #[allow(clippy::too_many_arguments)]
    fn send(
        &self,
        connection: &mut Connection,
        number: usize,
        head: &Head,
        answer: Answer,
        faults: &[Fault],
        mut hold: Option<u64>,
        unread: bool,
    ) -> io::Result<bool> {
        let mut lines = vec![format!("HTTP/1.1 {} {}", answer.status, reason(answer.status))];
        lines.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        let endless = matches!(answer.content, Content::Endless);
        if !endless && answer.status != 204 {
            lines.push(format!("Content-Length: {}", answer.content.len()));
        }
        let cut = faults.iter().find_map(|fault| match fault {
            Fault::Truncated(bytes) => Some(*bytes),
            _ => None,
        });
        let ends = unread || endless || cut.is_some();
        if ends || head.header("connection").is_some_and(|what| what.eq_ignore_ascii_case("close"))
        {
            lines.push("Connection: close".to_owned());
        }
        lines.push("\r\n".to_owned());
        connection.write_all(lines.join("\r\n").as_bytes())?;
        if head.method == "HEAD" {
            return Ok(!ends);
        }
        let mut source = Source::new(answer.content)?;
        let flipped = faults.contains(&Fault::WrongContent).then_some(source.length / 2);
        let (mut at, mut block) = (0, vec![0; BLOCK]);
        while !self.stopped.load(Ordering::Relaxed) {
            let mut most = block.len();
            for stop in [cut, hold].into_iter().flatten() {
                most = most.min(usize::try_from(stop.saturating_sub(at)).unwrap_or(most));
            }
            if most == 0 && cut == Some(at) {
                break;
            }
            if most == 0 {
                self.wait_for_release();
                hold = None;
                continue;
            }
            let count = source.read(&mut block[..most])?;
            if count == 0 {
                break;
            }
            if let Some(position) =
                flipped.filter(|flipped| (at..at + count as u64).contains(flipped))
            {
                block[usize::try_from(position - at).unwrap_or_default()] ^= 1;
            }
            at += count as u64;
            // First, so that who has read it all also finds it in the log.
            self.log.edit(number, |entry| entry.sent = at);
            connection.write_all(&block[..count])?;
        }
        Ok(!ends)
    }
}

/// The content of an answer, block by block.
struct Source {
    content: Content,
    length: u64,
    at: u64,
}

impl Source {
    fn new(mut content: Content) -> io::Result<Self> {
        if let Content::File(file, from, _) = &mut content {
            file.seek(SeekFrom::Start(*from))?;
        }
        Ok(Self { length: content.len(), content, at: 0 })
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let most = into.len().min(left);
        let count = match &mut self.content {
            Content::Bytes(bytes) => {
                let from = usize::try_from(self.at).unwrap_or(usize::MAX);
                into[..most].copy_from_slice(&bytes[from..from + most]);
                most
            }
            Content::File(file, ..) => file.read(&mut into[..most])?,
            Content::Endless => {
                into[..most].fill(b' ');
                most
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}
