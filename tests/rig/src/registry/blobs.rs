//! Blobs: parts of them out, whole ones and chunks in.

use std::fs::File;
use std::sync::{Arc, Mutex};

use super::answer::{Answer, Content, Error};
use super::fault::Fault;
use super::serve::{Exchange, Shared};
use super::store::{Upload, is_digest};
use super::wire::{BLOCK, Head};
use crate::server::lock;

impl Shared {
    pub(super) fn upload(&self, name: &str, id: &str) -> Result<Arc<Mutex<Upload>>, Error> {
        let upload = lock(&self.store).upload(id).ok_or_else(Error::upload_unknown)?;
        // The name is only looked at when no chunk is arriving, which holds the lock.
        if upload.try_lock().is_ok_and(|upload| upload.repository != name) {
            return Err(Error::upload_unknown());
        }
        Ok(upload)
    }

    /// POST of an upload: a session, the whole blob, or one of another repository.
    pub(super) fn begin(
        &self,
        name: &str,
        head: &Head,
        exchange: &mut Exchange,
    ) -> Result<Answer, Error> {
        if let (Some(digest), Some(from)) = (head.query("mount"), head.query("from")) {
            let permitted = lock(&self.tokens).may_read(&self.auth, head, from);
            if permitted && lock(&self.store).mount(name, from, digest) {
                return Ok(stored(name, digest));
            }
        }
        let id = lock(&self.store).begin(name)?;
        let Some(digest) = head.query("digest") else {
            return Ok(progress(Answer::new(202), name, &id, 0));
        };
        if !is_digest(digest) {
            return Err(Error::digest_invalid());
        }
        let upload = self.upload(name, &id)?;
        let mut upload = lock(&upload);
        receive(&mut upload, head, exchange)?;
        if !lock(&self.store).finish(&id, &upload, digest)? {
            return Err(Error::digest_invalid());
        }
        Ok(stored(name, digest))
    }

    pub(super) fn blob(
        &self,
        name: &str,
        digest: &str,
        head: &Head,
        faults: &[Fault],
    ) -> Result<Answer, Error> {
        let path = {
            let store = lock(&self.store);
            if !store.has_blob(name, digest) {
                return Err(Error::blob_unknown());
            }
            store.path(digest)
        };
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let answer = |status: u16, from: u64, length: u64, file: File| {
            let content = Content::File(file, from, length);
            Answer { content, ..Answer::bytes("application/octet-stream", Vec::new()) }
                .with(status)
                .header("Docker-Content-Digest", digest)
                .header("Accept-Ranges", "bytes")
        };
        let ranged = head.header("range").filter(|_| !faults.contains(&Fault::IgnoreRange));
        let Some((from, to)) = ranged.and_then(|range| span(range, size)) else {
            return Ok(answer(200, 0, size, file));
        };
        if from >= size {
            return Ok(Answer::from(Error::new(416, "UNSUPPORTED", "there is no such range"))
                .header("Content-Range", &format!("bytes */{size}")));
        }
        let (from, to) = match faults.contains(&Fault::WrongContentRange) {
            // The part of the same length that begins elsewhere.
            true if from > 0 => (0, to - from),
            true => (1, (to + 1).min(size - 1)),
            false => (from, to),
        };
        Ok(answer(206, from, to - from + 1, file)
            .header("Content-Range", &format!("bytes {from}-{to}/{size}")))
    }
}

impl Answer {
    fn with(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// Appends the body to an upload, if it begins where the upload ends. What arrives
/// before the client goes away is kept.
pub(super) fn receive(
    upload: &mut Upload,
    head: &Head,
    exchange: &mut Exchange,
) -> Result<(), Error> {
    let out_of_order = || Error::new(416, "BLOB_UPLOAD_INVALID", "the chunk is out of order");
    if let Some(range) = head.header("content-range") {
        let (from, to) = range.split_once('-').ok_or_else(out_of_order)?;
        let from: u64 = from.parse().map_err(|_| out_of_order())?;
        let to: u64 = to.parse().map_err(|_| out_of_order())?;
        if from != upload.length || to < from {
            return Err(out_of_order());
        }
        if exchange.body.length().is_some_and(|length| length != to - from + 1) {
            return Err(Error::new(400, "SIZE_INVALID", "the length is not that of the range"));
        }
    }
    let mut block = vec![0; BLOCK];
    loop {
        let count = exchange.read(&mut block)?;
        if count == 0 {
            return Ok(());
        }
        upload.append(&block[..count])?;
    }
}

/// Where an upload is, and how far it has come.
pub(super) fn progress(answer: Answer, name: &str, id: &str, length: u64) -> Answer {
    answer
        .header("Location", &format!("/v2/{name}/blobs/uploads/{id}?state={length}"))
        .header("Range", &format!("0-{}", length.saturating_sub(1)))
        .header("Docker-Upload-UUID", id)
}

/// A blob is there now.
pub(super) fn stored(name: &str, digest: &str) -> Answer {
    Answer::new(201)
        .header("Location", &format!("/v2/{name}/blobs/{digest}"))
        .header("Docker-Content-Digest", digest)
}

/// First and last byte of `bytes=FROM-TO`, `bytes=FROM-` or `bytes=-COUNT`; none for
/// what a server may leave out of account.
fn span(range: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    if from.is_empty() {
        let count: u64 = to.parse().ok()?;
        return Some((size.saturating_sub(count), size.checked_sub(1)?));
    }
    let from: u64 = from.parse().ok()?;
    let last = size.saturating_sub(1);
    let to = if to.is_empty() { last } else { to.parse::<u64>().ok()?.min(last) };
    (from <= to || from >= size).then_some((from, to))
}
