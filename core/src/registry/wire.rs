//! One exchange on the wire: clients, bodies that are streamed, and silence that ends it.

use std::future::Future;
use std::io::{self, Read};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::finding::{Code, Problem, Result};

/// Bytes read from a stream at a time.
const PIECE: usize = 256 << 10;

/// Largest file of authorities, in bytes.
const MAX_AUTHORITIES: u64 = 4 << 20;

/// Most header bytes are bounded by the HTTP library; this is the wait for a connection.
const CONNECT: Duration = Duration::from_secs(20);

/// A client without redirects, with the given authorities beside those of the system.
/// `near`: for this machine only, past every proxy.
pub(super) fn client(authorities: &[reqwest::Certificate], near: bool) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .user_agent(concat!("pkg/", env!("CARGO_PKG_VERSION")));
    let builder = if near { builder.no_proxy() } else { builder };
    let builder = if authorities.is_empty() {
        builder
    } else {
        builder.tls_certs_merge(authorities.iter().cloned())
    };
    builder.build().map_err(|error| {
        Problem::new(Code::Internal, "the HTTP client").detail(chain(&error)).source(error)
    })
}

/// The certificates in a PEM file.
pub(super) fn authorities(path: &Path) -> Result<Vec<reqwest::Certificate>> {
    let wrong = |why: String| Problem::new(Code::UsageError, path.display()).detail(why);
    let bytes = crate::fsx::read_limited(path, MAX_AUTHORITIES)?;
    let found = reqwest::Certificate::from_pem_bundle(&bytes).map_err(|error| {
        wrong(format!("it holds no certificates in PEM: {}", chain(&error))).source(error)
    })?;
    if found.is_empty() {
        return Err(wrong("it holds no certificates in PEM".to_owned()));
    }
    Ok(found)
}

/// What drives requests, on this thread.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Problem::new(Code::Internal, "the network runtime").detail(error.to_string()).source(error)
    })
}

/// An error and what it came from, without addresses.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Libraries repeat each other.
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        source = cause.source();
    }
    super::address::printable(&texts.join(": "))
}

/// What is known about a body while it is sent.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// When a piece was last taken.
    last: Mutex<Option<Instant>>,
    /// Whether all of it was taken.
    done: AtomicBool,
    /// Why it could not be read.
    failed: Mutex<Option<io::Error>>,
}

impl Sending {
    /// Why the body could not be read, if that happened.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// From now on an answer is waited for.
    pub(super) fn all_taken(&self) {
        self.done.store(true, Ordering::Relaxed);
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn quiet_since(&self) -> Option<Instant> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that is read while it is sent.
pub(super) struct Streamed {
    // A body must be shareable; nobody shares it.
    reader: Mutex<Box<dyn Read + Send>>,
    left: u64,
    sending: Arc<Sending>,
    counter: Arc<AtomicU64>,
}

impl Streamed {
    pub(super) fn new(
        reader: Box<dyn Read + Send>,
        len: u64,
        sending: Arc<Sending>,
        counter: Arc<AtomicU64>,
    ) -> Self {
        sending.done.store(len == 0, Ordering::Relaxed);
        Self { reader: Mutex::new(reader), left: len, sending, counter }
    }

    fn piece(&mut self) -> io::Result<Bytes> {
        let len = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; len];
        self.reader.get_mut().unwrap_or_else(PoisonError::into_inner).read_exact(&mut piece)?;
        Ok(piece.into())
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        match this.piece() {
            Ok(piece) => {
                let len = piece.len() as u64;
                this.left -= len;
                this.counter.fetch_add(len, Ordering::Relaxed);
                this.sending.touch();
                this.sending.done.store(this.left == 0, Ordering::Relaxed);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(error) => {
                let told = io::Error::new(error.kind(), "the body cannot be read");
                let mut failed = this.sending.failed.lock().unwrap_or_else(PoisonError::into_inner);
                *failed = Some(error);
                Poll::Ready(Some(Err(told)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Nothing happened for too long.
#[derive(Debug)]
pub(super) struct Silent(pub(super) Duration);

/// What `request` gives, unless neither a piece of the body was taken for `idle`, nor,
/// once all of it was, an answer came for `answer`.
pub(super) async fn unless_silent<T>(
    request: impl Future<Output = T>,
    sending: &Sending,
    idle: Duration,
    answer: Duration,
) -> Result<T, Silent> {
    let begun = Instant::now();
    let silence = async {
        loop {
            let since = sending.quiet_since().unwrap_or(begun);
            let limit = if sending.done.load(Ordering::Relaxed) { answer } else { idle };
            match limit.checked_sub(since.elapsed()) {
                Some(left) if !left.is_zero() => tokio::time::sleep(left).await,
                _ => return Silent(limit),
            }
        }
    };
    let (mut request, mut silence) = (pin!(request), pin!(silence));
    std::future::poll_fn(|context| {
        if let Poll::Ready(done) = request.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        silence.as_mut().poll(context).map(Err)
    })
    .await
}

/// Whether a connection failed because of the other side's certificate.
pub(super) fn is_certificate(error: &dyn std::error::Error) -> bool {
    // The TLS library's own error type is no dependency of this crate; its texts are
    // what it says about certificates.
    let mut source = Some(error);
    while let Some(cause) = source {
        if cause.to_string().contains("invalid peer certificate") {
            return true;
        }
        source = cause.source();
    }
    false
}
