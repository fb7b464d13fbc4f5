//! Answers, whose bodies are read piece by piece and up to a limit.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::{StatusCode, Url};

use super::auth;
use super::challenge;
use super::http::Http;
use super::pace::retry_after;
use super::{address, wire};
use crate::finding::{Code, Result};

/// Bytes of an error's body that are looked at.
const MAX_TOLD: usize = 16 << 10;

/// Bytes that must arrive in each of the times that silence may last, if that much was
/// spent waiting for them.
const MIN_BYTES: u64 = 16 << 10;

/// The answer to a request; its body comes piece by piece.
pub(super) struct Answer<'h> {
    http: &'h Http,
    url: Url,
    response: reqwest::Response,
    /// Time spent waiting for the body since it was last looked whether it flows, and
    /// bytes that came in it.
    window: (Duration, u64),
}

impl<'h> Answer<'h> {
    pub(super) fn new(http: &'h Http, url: Url, response: reqwest::Response) -> Self {
        Self { http, url, response, window: (Duration::ZERO, 0) }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Every header of a name that is text.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.response.headers().get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// Who answers, after redirects.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The next piece of the body; none at its end.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>> {
        let session = &**self.http.session();
        let idle = session.pace().idle;
        let begun = Instant::now();
        let response = &mut self.response;
        let piece = self
            .http
            .runtime()
            .block_on(async { tokio::time::timeout(idle, response.chunk()).await });
        let shown = || address::shown(&self.url);
        let cut = |why: String| {
            session.problem(Code::TransferInterrupted).detail(format!("{}: {why}", shown()))
        };
        let piece = match piece {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => {
                let error = error.without_url();
                return Err(cut(wire::chain(&error)).source(error));
            }
            Err(_) => return Err(cut(format!("nothing came for {} seconds", idle.as_secs()))),
        };
        let len = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        session.count_received(len);
        self.window.0 += begun.elapsed();
        self.window.1 += len;
        if self.window.0 >= idle {
            if self.window.1 < MIN_BYTES && piece.is_some() {
                return Err(cut("next to nothing comes".to_owned()));
            }
            self.window = (Duration::ZERO, 0);
        }
        Ok(piece)
    }

    /// The whole body, if it has at most `limit` bytes.
    pub(super) fn bytes(mut self, limit: u64) -> Result<Vec<u8>> {
        let too_long = |answer: &Self| {
            let detail =
                format!("the answer of {} has over {limit} bytes", address::shown(&answer.url));
            answer.http.session().problem(Code::RegistryInvalid).detail(detail)
        };
        if self.response.content_length().is_some_and(|len| len > limit) {
            return Err(too_long(&self));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = self.next()? {
            if (bytes.len() + piece.len()) as u64 > limit {
                return Err(too_long(&self));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// What a 429 or 503 asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let asks = matches!(self.status().as_u16(), 429 | 503);
        let text = self.header("retry-after").filter(|_| asks)?;
        retry_after(text, jiff::Timestamp::now())
    }

    /// Reads a short rest, so that the connection can be used again.
    pub(super) fn discard(self) {
        let short = self.response.content_length().is_some_and(|len| len <= MAX_TOLD as u64);
        if short {
            // A connection that is cut here is not used again.
            let _ = self.bytes(MAX_TOLD as u64);
        }
    }

    /// What the registry says about an error (distribution specification, "Error codes").
    pub(super) fn told(mut self) -> String {
        let mut body = Vec::new();
        // What came before a cut is as good as what can be had.
        while let Ok(Some(piece)) = self.next() {
            body.extend_from_slice(&piece);
            if body.len() > MAX_TOLD {
                return String::new();
            }
        }
        challenge::told(&body, |text| auth::scrubbed(self.http.session(), text))
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status()).finish_non_exhaustive()
    }
}
