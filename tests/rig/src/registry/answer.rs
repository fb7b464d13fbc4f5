//! Answers, and the errors of the distribution specification.

use std::fs::File;

use serde_json::{Value, json};

/// What follows the head of an answer.
#[derive(Debug)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// A part of a file: first byte and length.
    File(File, u64, u64),
    /// Blanks without end.
    Endless,
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, _, length) => *length,
            Self::Endless => 1 << 30,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content: Content,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Content::Bytes(Vec::new()) }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::bytes("application/json", value.to_string().into_bytes())
    }

    pub(crate) fn bytes(kind: &str, bytes: Vec<u8>) -> Self {
        let content = Content::Bytes(bytes);
        Self { content, ..Self::new(200) }.header("Content-Type", kind)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }
}

/// An error, with a code of the specification's table.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) status: u16,
    code: &'static str,
    message: &'static str,
}

impl Error {
    pub(crate) fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub(crate) fn name_invalid() -> Self {
        Self::new(400, "NAME_INVALID", "invalid repository name")
    }

    pub(crate) fn digest_invalid() -> Self {
        Self::new(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    }

    pub(crate) fn blob_unknown() -> Self {
        Self::new(404, "BLOB_UNKNOWN", "blob unknown to registry")
    }

    pub(crate) fn manifest_unknown() -> Self {
        Self::new(404, "MANIFEST_UNKNOWN", "manifest unknown to registry")
    }

    pub(crate) fn upload_unknown() -> Self {
        Self::new(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    }

    pub(crate) fn unsupported() -> Self {
        Self::new(405, "UNSUPPORTED", "the operation is unsupported")
    }
}

impl From<std::io::Error> for Error {
    fn from(_: std::io::Error) -> Self {
        Self::new(500, "UNKNOWN", "the storage failed")
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let body = json!({
            "errors": [{"code": error.code, "message": error.message, "detail": null}],
        });
        Self { status: error.status, ..Self::json(&body) }
    }
}
