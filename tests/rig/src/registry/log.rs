//! What was asked, and how many bytes went each way.

use std::sync::Mutex;

use super::wire::Head;
use crate::server::lock;

/// One request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logged {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header `Range`, as sent.
    pub range: Option<String>,
    /// Header `Content-Range`, as sent.
    pub content_range: Option<String>,
    /// Whether there was a header `Authorization`.
    pub authorized: bool,
    /// Whether it came to the other port, to which [`Fault::Redirect`](super::Fault::Redirect)
    /// points.
    pub elsewhere: bool,
    /// Status of the answer; none before there is one.
    pub status: Option<u16>,
    /// Bytes of its body that arrived.
    pub received: u64,
    /// Bytes of the body of the answer that were sent, as far as the socket took them.
    pub sent: u64,
}

impl Logged {
    /// Whether it has this method and this in its path or query.
    pub fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.target.contains(part)
    }

    /// First and last byte of the range that was asked for.
    pub fn span(&self) -> Option<(u64, u64)> {
        let (from, to) = self.range.as_deref()?.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?))
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Logged>>);

impl Log {
    /// Notes a request and gives its number.
    pub(crate) fn note(&self, head: &Head, elsewhere: bool) -> usize {
        let mut entries = lock(&self.0);
        entries.push(Logged {
            method: head.method.clone(),
            target: head.target.clone(),
            range: head.header("range").map(str::to_owned),
            content_range: head.header("content-range").map(str::to_owned),
            authorized: head.header("authorization").is_some(),
            elsewhere,
            ..Logged::default()
        });
        entries.len() - 1
    }

    pub(crate) fn edit(&self, number: usize, edit: impl FnOnce(&mut Logged)) {
        if let Some(entry) = lock(&self.0).get_mut(number) {
            edit(entry);
        }
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        lock(&self.0).clone()
    }
}
