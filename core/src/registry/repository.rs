//! One repository of a registry: manifests, tags and small blobs.
//!
//! What comes is checked against the digest that leads to it, and against the one that
//! the registry claims. Judges no content.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;

use super::found::{Accepted, Fetched};
use super::http::{Access, Answer, Body, Call, Http, Session};
use super::{Options, Reference, reference};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// What a registry says of a manifest whose blobs it does not know (distribution
/// specification, "Error Codes": `BLOB_UNKNOWN`, `MANIFEST_BLOB_UNKNOWN`). The reference
/// registry says so too for a moment while another client ends an upload of the same blob:
/// it writes its note of the blob over the one that is there.
const BLOB_UNKNOWN: &str = "BLOB_UNKNOWN";

/// How often a manifest is put again that was refused so.
const MAX_UNKNOWN: u32 = 3;

/// Largest manifest that is read to learn its digest, in bytes: what registries have to
/// accept (distribution specification, "Pushing Manifests").
pub(super) const MAX_MANIFEST: u64 = 4 << 20;

/// Media type of an index.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What is asked for as a manifest.
const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// Header with the digest of what is answered.
const DIGEST: &str = "docker-content-digest";

/// A repository. Threads share it.
pub struct Repository {
    session: Arc<Session>,
    /// Those that ask and do nothing at the moment; each keeps its connections.
    idle: Mutex<Vec<Http>>,
    /// Held while the list of what refers to something is changed.
    pub(super) listing: Mutex<()>,
}

impl Repository {
    /// The repository of a reference. Nothing is asked yet.
    pub fn open(reference: &Reference, options: &Options) -> Result<Self> {
        Ok(Self::over(Session::new(reference, options)?))
    }

    pub(super) fn over(session: Arc<Session>) -> Self {
        Self { session, idle: Mutex::default(), listing: Mutex::default() }
    }

    /// The reference it was opened with.
    pub fn reference(&self) -> &Reference {
        self.session.reference()
    }

    /// Bytes of bodies that were received and sent so far.
    pub fn transferred(&self) -> (u64, u64) {
        self.session.transferred()
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Asks by one that does nothing at the moment, or by a new one.
    pub(super) fn asking<T>(&self, ask: impl FnOnce(&Http) -> Result<T>) -> Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop();
        let http = known.map_or_else(|| Http::new(&self.session), Ok)?;
        let answer = ask(&http);
        idle().push(http);
        answer
    }

    /// The manifest of a tag or digest, of at most `limit` bytes; none if there is none.
    ///
    /// The bytes are those of `name` if that is a digest, and those of the digest that
    /// the registry gives, if it gives one.
    pub fn manifest(&self, name: &str, limit: u64) -> Result<Option<Fetched>> {
        let wanted = check_name(name)?;
        let call = self.call(Method::GET, &format!("manifests/{name}"), Access::Pull);
        let call = call.header("accept", MANIFESTS);
        let whole = self.whole(&call, &format!("the manifest {name}"), limit)?;
        let Some((head, bytes)) = whole else { return Ok(None) };
        let digest = Digest::of(&bytes);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != digest) {
            return Err(self.invalid(format!("it gives {digest} as the manifest {wanted}")));
        }
        if let Some(claimed) = head.digest.filter(|claimed| *claimed != digest) {
            return Err(self.invalid(format!(
                "it says that the manifest {name} is {claimed}, and gives {digest}"
            )));
        }
        Ok(Some(Fetched { bytes, media_type: head.media_type, digest }))
    }

    /// What a tag names now; none if there is no such tag.
    pub fn resolve(&self, name: &str) -> Result<Option<Digest>> {
        let wanted = check_name(name)?;
        let call = self.call(Method::HEAD, &format!("manifests/{name}"), Access::Pull);
        let call = call.header("accept", MANIFESTS);
        let (is_there, claimed) = self.asking(|http| {
            let answer = http.call(&call)?;
            match answer.status().as_u16() {
                200 => Ok((true, self.digest_of(&answer)?)),
                404 => Ok((false, None)),
                // Some that stand before a registry know no HEAD.
                405 => Ok((true, None)),
                _ => Err(http.refused(answer, &format!("the manifest {name}"))),
            }
        })?;
        match (claimed, wanted) {
            _ if !is_there => Ok(None),
            (Some(claimed), Some(wanted)) if claimed != wanted => {
                Err(self.invalid(format!("it says that the manifest {wanted} is {claimed}")))
            }
            (Some(claimed), _) => Ok(Some(claimed)),
            (None, _) => Ok(self.manifest(name, MAX_MANIFEST)?.map(|fetched| fetched.digest)),
        }
    }

    /// Puts a manifest under a tag or its digest.
    pub fn put_manifest(&self, name: &str, media_type: &str, bytes: &[u8]) -> Result<Accepted> {
        let digest = Digest::of(bytes);
        if check_name(name)?.is_some_and(|wanted| wanted != digest) {
            return Err(Problem::new(Code::Internal, name)
                .detail(format!("{digest} is to be put under another digest")));
        }
        let call = self
            .call(Method::PUT, &format!("manifests/{name}"), Access::Push)
            .header("content-type", media_type)
            .body(Body::Bytes(bytes));
        self.asking(|http| {
            let pace = self.session.pace();
            let mut refusals = 0;
            let answer = loop {
                let answer = http.call(&call)?;
                if matches!(answer.status().as_u16(), 200..=202) {
                    break answer;
                }
                let problem = http.refused(answer, &format!("putting the manifest {name}"));
                let passing = problem.finding().message.contains(BLOB_UNKNOWN);
                if !passing || refusals == pace.retries.min(MAX_UNKNOWN) {
                    return Err(problem);
                }
                refusals += 1;
                pace.sleep(pace.backoff(refusals));
            };
            if let Some(claimed) = self.digest_of(&answer)?.filter(|claimed| *claimed != digest) {
                let detail = format!("it was given {digest} and says that it is {claimed}");
                return Err(self.invalid(detail));
            }
            let subject_kept = answer.header("oci-subject").is_some();
            answer.discard();
            Ok(Accepted { subject_kept })
        })
    }

    /// A blob of `size` bytes, which are at most `limit`.
    pub fn blob(&self, digest: &Digest, size: u64, limit: u64) -> Result<Vec<u8>> {
        if size > limit {
            return Err(Problem::new(Code::MetadataTooLarge, digest)
                .detail(format!("it has {size} bytes; at most {limit} are read")));
        }
        let call = self.call(Method::GET, &format!("blobs/{digest}"), Access::Pull);
        let whole = self.whole(&call, &format!("the blob {digest}"), size)?;
        let Some((_, bytes)) = whole else { return Err(self.missing(digest)) };
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(Problem::new(Code::DigestMismatch, digest).detail(format!(
                "{} gives {} bytes with the digest {found}",
                self.reference(),
                bytes.len()
            )));
        }
        Ok(bytes)
    }

    /// Whether a blob is there.
    pub fn has_blob(&self, digest: &Digest, size: u64) -> Result<bool> {
        let call = self.call(Method::HEAD, &format!("blobs/{digest}"), Access::Pull);
        self.asking(|http| {
            let answer = http.call(&call)?;
            match answer.status().as_u16() {
                200 => {}
                404 => return Ok(false),
                _ => return Err(http.refused(answer, &format!("the blob {digest}"))),
            }
            let told = answer.header("content-length").and_then(|text| text.parse::<u64>().ok());
            // Some that stand before a registry say 0 of everything.
            match told.filter(|told| *told != 0 && *told != size) {
                Some(told) => Err(self.invalid(format!(
                    "it says that the blob {digest} has {told} bytes, and it has {size}"
                ))),
                None => Ok(true),
            }
        })
    }

    /// A request about this repository.
    pub(super) fn call<'a>(&self, method: Method, rest: &str, access: Access<'a>) -> Call<'a> {
        Call::new(method, self.session.url(rest), access)
    }

    /// A whole answer of at most `limit` bytes; asked for again if it is cut. None on 404.
    pub(super) fn whole(
        &self,
        call: &Call<'_>,
        what: &str,
        limit: u64,
    ) -> Result<Option<(Head, Vec<u8>)>> {
        self.asking(|http| self.whole_by(http, call, what, limit))
    }

    fn whole_by(
        &self,
        http: &Http,
        call: &Call<'_>,
        what: &str,
        limit: u64,
    ) -> Result<Option<(Head, Vec<u8>)>> {
        let pace = self.session.pace();
        let mut failures = 0;
        loop {
            let answer = http.call(call)?;
            match answer.status().as_u16() {
                200 => {}
                404 => {
                    answer.discard();
                    return Ok(None);
                }
                _ => return Err(http.refused(answer, what)),
            }
            let head = Head {
                url: answer.url().clone(),
                media_type: media_type(&answer),
                link: answer.headers("link").map(str::to_owned).collect(),
                digest: self.digest_of(&answer)?,
            };
            match answer.bytes(limit) {
                Ok(bytes) => return Ok(Some((head, bytes))),
                Err(problem)
                    if problem.code() != Code::TransferInterrupted || failures == pace.retries =>
                {
                    return Err(problem);
                }
                Err(_) => failures += 1,
            }
            pace.sleep(pace.backoff(failures));
        }
    }

    /// The SHA-256 that an answer claims. Other algorithms say nothing here.
    fn digest_of(&self, answer: &Answer<'_>) -> Result<Option<Digest>> {
        let Some(text) = answer.header(DIGEST).filter(|text| !text.starts_with("sha512:")) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            self.invalid("it gives a digest that is not sha256: and 64 lower-case hex digits")
        })
    }

    /// A problem with what the registry answers.
    pub(super) fn invalid(&self, detail: impl Into<String>) -> Problem {
        self.session.problem(Code::RegistryInvalid).detail(detail)
    }

    /// A blob that the registry does not have.
    pub(super) fn missing(&self, digest: &Digest) -> Problem {
        Problem::new(Code::MissingBlob, digest)
            .detail(format!("{} does not have it", self.reference()))
            .hint("Push the release again, or ask whoever pushed it.")
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What is kept of the head of an answer.
pub(super) struct Head {
    pub(super) url: reqwest::Url,
    pub(super) media_type: String,
    pub(super) link: Vec<String>,
    digest: Option<Digest>,
}

/// The digest that a name is, if it is no tag.
fn check_name(name: &str) -> Result<Option<Digest>> {
    if let Ok(digest) = name.parse() {
        return Ok(Some(digest));
    }
    if reference::is_tag(name) {
        return Ok(None);
    }
    Err(Problem::new(Code::RegistryReference, super::address::printable(name))
        .detail("it is neither a tag nor a digest"))
}

fn media_type(answer: &Answer<'_>) -> String {
    let text = answer.header("content-type").unwrap_or_default();
    super::address::printable(text.split(';').next().unwrap_or_default().trim())
}
