//! Requests: what is asked, with which right, and what is sent along. Data only.

use std::io::Read;

use reqwest::Method;

use crate::finding::{Problem, Result};

/// What a request needs the right to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access<'a> {
    /// Read this repository.
    Pull,
    /// Read and write it.
    Push,
    /// The same, and read another repository to take a blob from there.
    PushFrom(&'a str),
}

/// What is sent.
pub(super) enum Body<'a> {
    /// Nothing.
    None,
    /// Few bytes.
    Bytes(&'a [u8]),
    /// Many, read while they are sent, and read again for every try.
    Stream {
        /// How many.
        len: u64,
        /// Gives what they are read from.
        open: &'a dyn Fn() -> Result<Box<dyn Read + Send>>,
    },
}

/// One request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) access: Access<'a>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body<'a>,
    /// Whether a failure in the middle is the caller's to repair: what was sent must not be
    /// sent a second time as it is. A cut is `transfer-interrupted`, and an answer like
    /// 500 is given back. Refused tokens, waits and redirects are seen to all the same.
    pub(super) once: bool,
    /// Whether the body is for this host only.
    pub(super) secret: bool,
}

impl<'a> Call<'a> {
    /// A request without headers and body.
    pub(super) fn new(method: Method, url: impl Into<String>, access: Access<'a>) -> Self {
        Self {
            method,
            url: url.into(),
            access,
            headers: Vec::new(),
            body: Body::None,
            once: false,
            secret: false,
        }
    }

    /// With a header.
    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub(super) fn body(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }

    /// Not to be sent a second time after a failure.
    #[must_use]
    pub(super) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Not to be sent on to another address.
    #[must_use]
    pub(super) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) fn is_reading(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// Why there is no answer.
pub(super) enum Failure {
    /// Worth another try.
    Passing(Problem),
    /// Not.
    Final(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Final(problem)
    }
}
