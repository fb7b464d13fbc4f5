//! One exchange on the wire: clients, bodies that are streamed, and silence that ends it.

use std::future::Future;
use std::io::{self, Read};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use x509_cert::der::Decode as _;

use crate::finding::{Code, Problem, Result};

/// Bytes read from a stream at a time.
const PIECE: usize = 256 << 10;

/// Largest file of authorities, in bytes.
const MAX_AUTHORITIES: u64 = 4 << 20;

/// Lines around a certificate (RFC 7468).
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Longest wait for a connection.
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
    let bytes = crate::fsx::read_given(path, MAX_AUTHORITIES)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut found = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let unread = |why: String| wrong(format!("a certificate in it cannot be read: {why}"));
        let (body, _) =
            block.split_once(END).ok_or_else(|| unread("it is cut short".to_owned()))?;
        // Lines may have any length (RFC 7468, section 2, on parsers).
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|error| unread(error.to_string()))?;
        // The HTTP library looks into them only when a client is made, and names no file.
        x509_cert::Certificate::from_der(&der).map_err(|error| unread(error.to_string()))?;
        let certificate = reqwest::Certificate::from_der(&der);
        found.push(certificate.map_err(|error| unread(chain(&error)).source(error))?);
    }
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

/// What `request` gives, unless no piece of the body was taken for `idle`, or, once all of
/// it was, no answer came for `answer`.
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;

    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING as P256, EcdsaKeyPair, KeyPair as _,
    };
    use reqwest::Method;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use rustls_pki_types::PrivateKeyDer;
    use x509_cert::der::Decode as _;
    use x509_cert::spki::SubjectPublicKeyInfoOwned;

    use super::super::http::{Access, Call, Http, Session};
    use super::super::scripted::quick;
    use super::super::{Options, Reference};
    use crate::finding::{Code, Problem};
    use crate::trust::testcert::{Made, Wish, dns, ip, pem_of};

    /// A server with a certificate by `authority`, that answers everything with `answer`.
    fn serve(authority: &Made, wish: &Wish, answer: &'static str) -> Reference {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&P256, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&P256, document.as_ref()).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let spki = SubjectPublicKeyInfoOwned::from_der(spki.as_ref()).unwrap();
        let chain = vec![wish.der(&spki, &authority.key).into()];
        let key = PrivateKeyDer::try_from(document.as_ref().to_vec()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let reference = format!("oci://{}/a", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
                let mut line = String::from("x");
                // Who does not like the certificate goes away.
                while line.trim_end() != "" {
                    line.clear();
                    if stream.read_line(&mut line).is_err() {
                        break;
                    }
                }
                let _ = stream.get_mut().write_all(answer.as_bytes());
                stream.get_mut().conn.send_close_notify();
                let _ = stream.get_mut().flush();
            }
        });
        reference.parse().unwrap()
    }

    fn ask(reference: &Reference, authority: &Made) -> Result<(u16, Vec<u8>), Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        // Several in one file, the one that counts last.
        let other = Wish::authority("CN=other", "CN=other").by(None);
        let both = [&other.certificate, &authority.certificate];
        std::fs::write(&path, pem_of(&both)).unwrap();
        let options = Options { authorities: vec![path], ..Options::default() };
        let session = Session::with(reference, &options, Box::new(|_| None), quick())?;
        assert!(session.url("x").starts_with("https://127.0.0.1:"));
        let http = Http::new(&session)?;
        let answer = http.call(&Call::new(Method::GET, session.url("x"), Access::Pull))?;
        Ok((answer.status().as_u16(), answer.bytes(100)?))
    }

    fn server(subject: &str) -> Wish {
        let names = vec![ip(&[127, 0, 0, 1])];
        let purposes = Some(vec!["1.3.6.1.5.5.7.3.1"]);
        Wish { purposes, names, ..Wish::leaf(subject, "CN=ca") }
    }

    #[test]
    fn an_own_authority_is_trusted_and_a_bad_certificate_is_named() {
        let authority = Wish::authority("CN=ca", "CN=ca").by(None);
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        let reference = serve(&authority, &server("CN=good"), good);
        assert_eq!(ask(&reference, &authority).unwrap(), (200, b"ok".to_vec()));
        let stranger = Wish::authority("CN=ca", "CN=ca").by(None);
        let old = ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z");
        let renamed = Wish { names: vec![dns("example.org")], ..server("CN=x") };
        for reference in [
            serve(&stranger, &server("CN=x"), good),
            serve(&authority, &Wish { validity: old, ..server("CN=x") }, good),
            serve(&authority, &renamed, good),
        ] {
            let problem = ask(&reference, &authority).unwrap_err();
            assert_eq!(problem.code(), Code::RegistryUnreachable);
            assert!(problem.to_string().contains("certificate of https://127.0.0.1"), "{problem}");
        }
    }

    #[test]
    fn nobody_is_sent_out_of_an_encrypted_connection() {
        let authority = Wish::authority("CN=ca", "CN=ca").by(None);
        let answer = "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/x?secret\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let reference = serve(&authority, &server("CN=good"), answer);
        let problem = ask(&reference, &authority).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryNotEncrypted);
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bad = [
            "",
            "x",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ];
        for text in bad {
            let path = folder.path().join("ca.pem");
            std::fs::write(&path, text).unwrap();
            let problem = super::authorities(&path).unwrap_err();
            assert_eq!(problem.code(), Code::UsageError, "{text}");
            assert!(problem.to_string().contains("ca.pem"), "{problem}");
        }
    }
}
