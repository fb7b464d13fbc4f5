//! A registry in memory, on loopback, that does wrong what a test asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::http::Session;
use super::pace::Pace;
use super::{Options, Reference};
use crate::model::digest::Digest;

/// What goes wrong. Counters say how often; they are counted down.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Answers every request for a range with the whole blob.
    pub(super) ignore_ranges: bool,
    /// Answers carry at most this many bytes, then the connection is cut.
    pub(super) cut_bodies: (u64, u32),
    /// Ranges are answered with at most this many bytes, in order.
    pub(super) short_ranges: Option<u64>,
    /// The byte at this place of any blob is another one.
    pub(super) wrong_byte: (usize, u32),
    /// `Content-Range` is for a place one further on.
    pub(super) shifted_ranges: u32,
    /// `Content-Length` of whole blobs is one too small, and so is the body.
    pub(super) short_blobs: bool,
    /// A blob's request is answered with this status.
    pub(super) status: (u16, u32),
    /// Bytes of an upload's request that are kept before the connection is cut.
    pub(super) cut_uploads: (u64, u32),
    /// Bytes of a chunk that are kept; the answer says so.
    pub(super) part_chunks: (u64, u32),
    /// `Range` of an answer to a chunk says one byte more.
    pub(super) boasts: bool,
    /// Sessions are forgotten at the end of a chunk.
    pub(super) forget: u32,
    /// A chunk is answered with this status after it was kept.
    pub(super) chunk_status: (u16, u32),
    /// The completion is refused with `DIGEST_INVALID`.
    pub(super) refuse_digest: u32,
    /// The upload is completed and the connection cut before that is said.
    pub(super) silent_completion: u32,
    /// Where an upload is said to be, in place of the truth.
    pub(super) location: Option<String>,
    /// `OCI-Chunk-Min-Length`.
    pub(super) min_chunk: Option<u64>,
    /// Repositories that blobs may be taken from.
    pub(super) mounts: BTreeSet<String>,
    /// Status of a request to take a blob from elsewhere, when it is not granted.
    pub(super) mount_status: Option<u16>,
}

/// One request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: HashMap<String, String>,
    /// Number of the connection it came over.
    pub(super) connection: usize,
    /// Bytes of its body that were read.
    pub(super) body: u64,
}

#[derive(Debug, Default)]
struct State {
    faults: Faults,
    blobs: BTreeMap<String, Arc<Vec<u8>>>,
    uploads: BTreeMap<String, Vec<u8>>,
    begun: usize,
    sent: u64,
    log: Vec<Request>,
}

/// A registry; it ends with the value.
#[derive(Debug)]
pub(super) struct Fake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
}

type Shared = Arc<Mutex<State>>;

impl Fake {
    pub(super) fn new(faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Shared = Arc::new(Mutex::new(State { faults, ..State::default() }));
        let ended = Arc::new(AtomicBool::new(false));
        let (shared, over) = (Arc::clone(&state), Arc::clone(&ended));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (shared, stream) = (Arc::clone(&shared), stream.unwrap());
                // A client that goes away ends its connection.
                std::thread::spawn(move || drop(serve(&shared, &stream, number)));
            }
        });
        Self { address, state, ended }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What speaks to it, without patience.
    pub(super) fn session(&self, options: &Options) -> Arc<Session> {
        let reference: Reference = format!("oci://{}/test/model", self.address).parse().unwrap();
        let second = Duration::from_micros(1);
        let pace = Pace { second, retries: options.retries.unwrap_or(3), ..Pace::new(None) };
        Session::with(&reference, options, Box::new(|_| None), pace).unwrap()
    }

    pub(super) fn add(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.add_as(digest, bytes);
        digest
    }

    pub(super) fn add_as(&self, digest: Digest, bytes: &[u8]) {
        self.lock().blobs.insert(digest.to_string(), Arc::new(bytes.to_vec()));
    }

    pub(super) fn blob(&self, digest: Digest) -> Option<Vec<u8>> {
        self.lock().blobs.get(&digest.to_string()).map(|bytes| bytes.to_vec())
    }

    pub(super) fn faults(&self, set: impl FnOnce(&mut Faults)) {
        set(&mut self.lock().faults);
    }

    /// Uploads that were neither completed nor given up.
    pub(super) fn open_uploads(&self) -> usize {
        self.lock().uploads.len()
    }

    /// Bytes of blobs that were sent.
    pub(super) fn sent(&self) -> u64 {
        self.lock().sent
    }

    pub(super) fn log(&self) -> Vec<Request> {
        self.lock().log.clone()
    }

    pub(super) fn forget_log(&self) {
        self.lock().log.clear();
    }

    pub(super) fn count(&self, method: &str) -> usize {
        self.log().iter().filter(|request| request.method == method).count()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        drop(TcpStream::connect(self.address));
    }
}

/// Counts a fault down; whether it is to happen now.
fn happens(left: &mut u32) -> bool {
    let now = *left > 0;
    *left = left.saturating_sub(1);
    now
}

fn serve(shared: &Shared, stream: &TcpStream, connection: usize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let request = Request { method, target, headers, connection, body: 0 };
        let place = {
            let mut state = shared.lock().unwrap();
            state.log.push(request.clone());
            state.log.len() - 1
        };
        let mut exchange = Exchange { shared, stream, reader: &mut reader, request, place };
        if !exchange.answer()? {
            // At once, and both ways.
            return stream.shutdown(Shutdown::Both);
        }
    }
}

struct Exchange<'a, 's> {
    shared: &'a Shared,
    stream: &'a TcpStream,
    reader: &'a mut BufReader<&'s TcpStream>,
    request: Request,
    place: usize,
}

impl Exchange<'_, '_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name).map(String::as_str)
    }

    fn reply(
        &mut self,
        status: u16,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> std::io::Result<bool> {
        let mut text = format!("HTTP/1.1 {status} X\r\n");
        for (name, value) in headers {
            text = format!("{text}{name}: {value}\r\n");
        }
        if !headers.iter().any(|(name, _)| *name == "content-length") {
            text = format!("{text}content-length: {}\r\n", body.len());
        }
        self.stream.write_all(format!("{text}\r\n").as_bytes())?;
        self.stream.write_all(body)?;
        Ok(true)
    }

    /// False when the connection is to be cut.
    fn answer(&mut self) -> std::io::Result<bool> {
        let target = self.request.target.clone();
        let rest = target.strip_prefix("/v2/test/model/blobs/").unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query: HashMap<&str, &str> =
            query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let method = self.request.method.clone();
        match (method.as_str(), path.strip_prefix("uploads/")) {
            ("GET" | "HEAD", None) => self.blob(path),
            ("POST", Some("")) => self.begin(&query),
            ("GET", Some(id)) => self.standing(id),
            ("PATCH", Some(id)) => self.chunk(id),
            ("PUT", Some(id)) => self.complete(id, query.get("digest").copied().unwrap_or("")),
            ("DELETE", Some(id)) => {
                self.shared.lock().unwrap().uploads.remove(id);
                self.reply(204, &[], b"")
            }
            _ => self.reply(404, &[], b""),
        }
    }

    fn blob(&mut self, digest: &str) -> std::io::Result<bool> {
        let mut state = self.shared.lock().unwrap();
        let found = state.blobs.get(digest).cloned();
        let faults = &mut state.faults;
        if self.request.method == "HEAD" {
            drop(state);
            let Some(blob) = found else { return self.reply(404, &[], b"") };
            return self.reply(200, &[("content-length", blob.len().to_string())], b"");
        }
        if happens(&mut faults.status.1) {
            let status = faults.status.0;
            drop(state);
            return self.reply(status, &[], b"{}");
        }
        let Some(blob) = found else {
            drop(state);
            return self.reply(404, &[], b"");
        };
        let mut blob = blob.to_vec();
        let size = blob.len();
        let asked = self.header("range").filter(|_| !faults.ignore_ranges).map(|range| {
            let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap())
        });
        if asked.is_some_and(|(_, last)| last >= size) {
            drop(state);
            return self.reply(416, &[], b"");
        }
        let (first, mut last) = asked.unwrap_or((0, size.saturating_sub(1)));
        if let Some(limit) = faults.short_ranges.filter(|_| asked.is_some()) {
            last = last.min(first + usize::try_from(limit).unwrap() - 1);
        }
        let place = faults.wrong_byte.0;
        if (first..=last).contains(&place) && place < size && happens(&mut faults.wrong_byte.1) {
            blob[place] ^= 1;
        }
        let mut body = if size == 0 { &[][..] } else { &blob[first..=last] };
        let mut headers = Vec::new();
        if asked.is_some() {
            let shift = usize::from(happens(&mut faults.shifted_ranges));
            headers.push((
                "content-range",
                format!("bytes {}-{}/{size}", first + shift, last + shift),
            ));
        } else if faults.short_blobs {
            body = &body[..size - 1];
        }
        let limit = usize::try_from(faults.cut_bodies.0).unwrap();
        let cut = body.len() > limit && happens(&mut faults.cut_bodies.1);
        let sent = if cut { limit } else { body.len() };
        state.sent += sent as u64;
        drop(state);
        headers.push(("content-length", body.len().to_string()));
        let status = if asked.is_some() { 206 } else { 200 };
        self.reply(status, &headers, &body[..sent])?;
        Ok(!cut)
    }

    fn begin(&mut self, query: &HashMap<&str, &str>) -> std::io::Result<bool> {
        let mut state = self.shared.lock().unwrap();
        if let (Some(digest), Some(from)) = (query.get("mount"), query.get("from")) {
            if state.faults.mounts.contains(*from) {
                state.blobs.insert((*digest).to_owned(), Arc::default());
                drop(state);
                return self.reply(201, &[], b"");
            }
            if let Some(status) = state.faults.mount_status {
                drop(state);
                return self.reply(status, &[], b"");
            }
        }
        state.begun += 1;
        let id = format!("u{}", state.begun);
        state.uploads.insert(id.clone(), Vec::new());
        let mut headers = vec![("location", location(&state.faults, &id, 0))];
        if let Some(min) = state.faults.min_chunk {
            headers.push(("oci-chunk-min-length", min.to_string()));
        }
        drop(state);
        self.reply(202, &headers, b"")
    }

    fn standing(&mut self, id: &str) -> std::io::Result<bool> {
        let state = self.shared.lock().unwrap();
        let Some(len) = state.uploads.get(id).map(Vec::len) else {
            drop(state);
            return self.reply(404, &[], b"");
        };
        let location = location(&state.faults, id, len);
        drop(state);
        let range = format!("0-{}", len.saturating_sub(1));
        self.reply(204, &[("location", location), ("range", range)], b"")
    }

    /// Reads the body; the bytes to be kept, and whether the connection is cut.
    fn body(&mut self) -> (Vec<u8>, bool) {
        let len: u64 = self.header("content-length").unwrap_or("0").parse().unwrap();
        let limit = {
            let faults = &mut self.shared.lock().unwrap().faults;
            let limit = faults.cut_uploads.0;
            (len > limit && happens(&mut faults.cut_uploads.1)).then_some(limit)
        };
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(limit.unwrap_or(len)).read_to_end(&mut bytes);
        let mut state = self.shared.lock().unwrap();
        if let Some(request) = state.log.get_mut(self.place) {
            request.body = bytes.len() as u64;
        }
        drop(state);
        let whole = read.is_ok() && bytes.len() as u64 == len;
        (bytes, !whole)
    }

    fn chunk(&mut self, id: &str) -> std::io::Result<bool> {
        let (mut bytes, cut) = self.body();
        let mut state = self.shared.lock().unwrap();
        let Some(have) = state.uploads.get(id).map(Vec::len) else {
            drop(state);
            return self.reply(404, &[], b"");
        };
        let range = self.header("content-range").unwrap_or_default();
        if !range.starts_with(&format!("{have}-")) {
            drop(state);
            return self.reply(416, &[], b"");
        }
        if happens(&mut state.faults.part_chunks.1) {
            bytes.truncate(usize::try_from(state.faults.part_chunks.0).unwrap());
        }
        state.uploads.entry(id.to_owned()).or_default().extend(bytes);
        if cut {
            return Ok(false);
        }
        let have = state.uploads.get(id).map_or(0, Vec::len);
        if happens(&mut state.faults.forget) {
            state.uploads.remove(id);
        }
        if happens(&mut state.faults.chunk_status.1) {
            let status = state.faults.chunk_status.0;
            drop(state);
            return self.reply(status, &[], b"");
        }
        let last = have.saturating_sub(1) + usize::from(state.faults.boasts);
        let headers =
            [("location", location(&state.faults, id, have)), ("range", format!("0-{last}"))];
        drop(state);
        self.reply(202, &headers, b"")
    }

    fn complete(&mut self, id: &str, digest: &str) -> std::io::Result<bool> {
        let (bytes, cut) = self.body();
        if cut {
            return Ok(false);
        }
        let mut state = self.shared.lock().unwrap();
        let Some(mut blob) = state.uploads.remove(id) else {
            drop(state);
            return self.reply(404, &[], b"");
        };
        blob.extend(bytes);
        if happens(&mut state.faults.refuse_digest) || Digest::of(&blob).to_string() != digest {
            drop(state);
            let told = br#"{"errors":[{"code":"DIGEST_INVALID","message":"other bytes"}]}"#;
            return self.reply(400, &[], told);
        }
        state.blobs.insert(digest.to_owned(), Arc::new(blob));
        if happens(&mut state.faults.silent_completion) {
            return Ok(false);
        }
        drop(state);
        self.reply(201, &[("docker-content-digest", digest.to_owned())], b"")
    }
}

/// Where an upload goes on. The place differs with each answer, as some registries do.
fn location(faults: &Faults, id: &str, have: usize) -> String {
    faults
        .location
        .clone()
        .unwrap_or_else(|| format!("/v2/test/model/blobs/uploads/{id}?_state=secret{have}"))
}
