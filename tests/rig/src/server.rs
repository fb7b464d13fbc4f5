//! All services together: which request goes where, and what is done wrong.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Options;
use crate::fault::{Failure, Fault, Service};
use crate::fulcio::Fulcio;
use crate::http::{self, Delivery, Refusal, Request, Response};
use crate::oidc::Issuer;
use crate::rekor1::Rekor1;
use crate::rekor2::Rekor2;
use crate::trust;
use crate::tsa::Tsa;
use crate::tuf::Tuf;

/// Paths under this prefix are those of the other host that
/// [`Fault::Redirect`] points to.
pub(crate) const ELSEWHERE: &str = "/elsewhere";

/// Everything the threads of the rig share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    /// Host and port.
    pub(crate) host: String,
    /// Seconds by which the rig's clock is ahead.
    pub(crate) time_offset: AtomicI64,
    pub(crate) fulcio: Fulcio,
    pub(crate) tsa: Tsa,
    pub(crate) oidc: Mutex<Issuer>,
    pub(crate) rekor1: Mutex<Rekor1>,
    pub(crate) rekor2: Mutex<Rekor2>,
    pub(crate) tuf: Mutex<Option<Tuf>>,
    pub(crate) failure: Mutex<Option<Failure>>,
    /// Method and path of all that was asked, with the status of the answer.
    pub(crate) requests: Mutex<Vec<(String, Option<u16>)>>,
    pub(crate) stopped: AtomicBool,
}

/// A lock whose holder panicked is still good here: values are whole between
/// requests.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub(crate) fn new(host: String, options: &Options) -> Self {
        let url = format!("http://{host}");
        let now = jiff::Timestamp::now().as_second();
        let server = Self {
            time_offset: AtomicI64::new(0),
            fulcio: Fulcio::new(options.intermediate),
            tsa: Tsa::new(),
            oidc: Mutex::new(Issuer::new(&url)),
            rekor1: Mutex::new(Rekor1::new(&host, options.seed, now)),
            rekor2: Mutex::new(Rekor2::new(&host, options.seed, options.witnesses)),
            tuf: Mutex::new(None),
            failure: Mutex::new(None),
            requests: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
            host,
            url,
        };
        let targets = [
            ("trusted_root.json", trust::trusted_root(&server)),
            ("signing_config.v0.2.json", trust::signing_config(&server.url, 2)),
        ];
        let targets = targets
            .into_iter()
            .map(|(name, content)| (name.to_owned(), content.to_string().into_bytes()));
        *lock(&server.tuf) = Some(Tuf::new(targets.collect(), now));
        server
    }

    /// The time at which the rig believes it is, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        jiff::Timestamp::now().as_second() + self.time_offset.load(Ordering::Relaxed)
    }

    /// Accepts connections until told to stop.
    pub(crate) fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let server = Arc::clone(self);
            std::thread::spawn(move || {
                // Clients that go away are no concern of the rig.
                let _ = server.handle(&stream);
            });
        }
    }

    fn handle(&self, stream: &TcpStream) -> std::io::Result<()> {
        let Some(request) = Request::read(stream)? else { return Ok(()) };
        let (path, elsewhere) = match request.path.strip_prefix(ELSEWHERE) {
            Some(path) => (path, true),
            None => (request.path.as_str(), false),
        };
        let service = service(path);
        let fault = service
            .filter(|_| !elsewhere)
            .and_then(|service| lock(&self.failure).as_mut()?.next(service));
        let number = {
            let mut requests = lock(&self.requests);
            requests.push((format!("{} {}", request.method, request.path), None));
            requests.len() - 1
        };
        let (response, delivery) = self.answer(&request, path, service, fault);
        lock(&self.requests)[number].1 = Some(response.code());
        let stopped = || self.stopped.load(Ordering::Relaxed);
        http::send(stream, &response, delivery, &stopped)
    }

    fn answer(
        &self,
        request: &Request,
        path: &str,
        service: Option<Service>,
        fault: Option<Fault>,
    ) -> (Response, Delivery) {
        let instead = match fault {
            Some(Fault::TooManyRequests) => {
                let refusal = Refusal::new(429, "too many requests");
                Some(Response::from(refusal).header("Retry-After", "1"))
            }
            Some(Fault::ServerError) => Some(Refusal::new(500, "internal error").into()),
            Some(Fault::NotJson) => {
                let page = b"<!doctype html><title>Welcome</title>".to_vec();
                Some(Response::bytes("text/html", page))
            }
            Some(Fault::Redirect) => {
                let other = self.url.replace("127.0.0.1", "localhost");
                Some(Response::redirect(307, &format!("{other}{ELSEWHERE}{}", request.target)))
            }
            _ => None,
        };
        if let Some(Fault::SlowAnswer(delay)) = fault {
            self.wait(delay);
        }
        let response = instead.unwrap_or_else(|| {
            let answer = service
                .ok_or_else(|| Refusal::new(404, "no such path"))
                .and_then(|service| self.route(request, path, service, fault));
            answer.unwrap_or_else(Response::from)
        });
        let delivery = match fault {
            Some(Fault::CutBody) => Delivery::Cut,
            Some(Fault::EndlessBody) => Delivery::Endless,
            _ => Delivery::Whole,
        };
        (response, delivery)
    }

    /// Waits, but not longer than the rig lives.
    fn wait(&self, delay: Duration) {
        let end = Instant::now() + delay;
        while Instant::now() < end && !self.stopped.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn route(
        &self,
        request: &Request,
        path: &str,
        service: Service,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let now = self.now();
        match service {
            Service::Fulcio => self.fulcio(request, path, now, fault),
            Service::RekorV1 => self.rekor1(request, path, now, fault),
            Service::RekorV2 => {
                let mut rekor = lock(&self.rekor2);
                match (request.method.as_str(), path.trim_start_matches("/api/v2/")) {
                    ("POST", "log/entries") => rekor.create(request, now, fault),
                    ("GET", "checkpoint") => Ok(rekor.checkpoint(now, fault)),
                    ("GET", path) => rekor.tile(path.trim_start_matches("tile/"), fault),
                    _ => Err(Refusal::new(404, "no such path")),
                }
            }
            Service::Tsa => self.tsa.answer(&request.body, now, fault),
            Service::Oidc => self.oidc(request, path, now),
            Service::Tuf => {
                let tuf = lock(&self.tuf);
                let file = tuf.as_ref().and_then(|tuf| tuf.file(path.trim_start_matches("/tuf/")));
                let file = file.ok_or_else(|| Refusal::new(404, "no such file"))?;
                Ok(Response::bytes("application/json", file.to_vec()))
            }
        }
    }

    fn fulcio(
        &self,
        request: &Request,
        path: &str,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        match (request.method.as_str(), path) {
            ("POST", "/api/v2/signingCert") => {
                self.fulcio.certify(request, &lock(&self.oidc), now, fault)
            }
            ("GET", "/api/v2/trustBundle") => Ok(self.fulcio.trust_bundle()),
            ("GET", "/api/v2/configuration") => Ok(Fulcio::configuration(&self.url)),
            _ => Err(Refusal::new(404, "no such path")),
        }
    }

    fn rekor1(
        &self,
        request: &Request,
        path: &str,
        now: i64,
        fault: Option<Fault>,
    ) -> Result<Response, Refusal> {
        let mut rekor = lock(&self.rekor1);
        match (request.method.as_str(), path.trim_start_matches("/api/v1/")) {
            ("POST", "log/entries") => rekor.create(request, now, fault),
            ("POST", "log/entries/retrieve") => rekor.retrieve(request, now, fault),
            ("POST", "index/retrieve") => rekor.search(request),
            ("GET", "log") => Ok(rekor.state(now, fault)),
            ("GET", "log/entries") => rekor.by_index(request, now, fault),
            ("GET", "log/proof") => rekor.consistency(request),
            ("GET", "log/publicKey") => Ok(Response::plain(&trust::log_key_pem(&rekor.log))),
            ("GET", path) => match path.strip_prefix("log/entries/") {
                Some(uuid) => rekor.by_uuid(uuid, now, fault),
                None => Err(Refusal::new(404, "no such path")),
            },
            _ => Err(Refusal::new(404, "no such path")),
        }
    }

    fn oidc(&self, request: &Request, path: &str, now: i64) -> Result<Response, Refusal> {
        let mut issuer = lock(&self.oidc);
        match (request.method.as_str(), path) {
            ("GET", "/.well-known/openid-configuration") => Ok(issuer.discovery()),
            ("GET", "/keys") => Ok(issuer.key_set()),
            ("GET", "/auth") => issuer.authorize(request),
            ("POST", "/token") => issuer.exchange(request, now),
            ("GET", "/github/token") => issuer.github(request, now),
            ("GET", _) if path.starts_with("/computeMetadata/") => issuer.google(request, now),
            _ => Err(Refusal::new(404, "no such path")),
        }
    }
}

/// The service that a path belongs to.
fn service(path: &str) -> Option<Service> {
    const GOOGLE: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";
    Some(match path {
        "/api/v2/signingCert" | "/api/v2/trustBundle" | "/api/v2/configuration" => Service::Fulcio,
        "/api/v1/timestamp" => Service::Tsa,
        "/.well-known/openid-configuration"
        | "/keys"
        | "/auth"
        | "/token"
        | "/github/token"
        | GOOGLE => Service::Oidc,
        _ if path.starts_with("/api/v1/") => Service::RekorV1,
        _ if path.starts_with("/api/v2/") => Service::RekorV2,
        _ if path.starts_with("/tuf/") => Service::Tuf,
        _ => return None,
    })
}
