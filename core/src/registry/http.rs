//! Requests to one registry: admission, patience, redirects, and answers read piece by
//! piece up to a limit. Knows nothing of what is asked for.

use std::cell::OnceCell;
use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url, header};
use zeroize::Zeroizing;

use super::address::{self, Origin};
use super::auth::{self, Tokens};
use super::challenge;
use super::credentials::{self, Credential, Environment};
use super::pace::{MAX_PAUSE, MAX_PAUSES, Pace, retry_after};
use super::wire::{self, Sending, Streamed};
use super::{Options, Reference};
use crate::finding::{Code, Problem, Result};

/// Redirects that are followed, one after the other.
const MAX_STEPS: usize = 5;

/// Waits that a registry may ask for, for one request.
const MAX_WAITS: u32 = 30;

/// Refusals of a token, one after the other, that a new token is fetched after.
const MAX_ADMISSIONS: u32 = 2;

/// Bytes of an error's body that are looked at.
const MAX_TOLD: usize = 16 << 10;

/// Bytes that must arrive in each [`Pace::idle`] that is spent waiting for them.
const MIN_BYTES: u64 = 16 << 10;

/// What all threads that speak to one registry share.
pub(super) struct Session {
    reference: Reference,
    options: Options,
    base: Url,
    origin: Origin,
    pace: Pace,
    environment: Environment,
    authorities: Vec<reqwest::Certificate>,
    pub(super) tokens: Mutex<Tokens>,
    /// Held by the one that asks for a token.
    pub(super) gate: Mutex<()>,
    credential: Mutex<Option<Option<Arc<Credential>>>>,
    not_before: Mutex<Option<Instant>>,
    received: AtomicU64,
    sent: Arc<AtomicU64>,
}

impl Session {
    pub(super) fn new(reference: &Reference, options: &Options) -> Result<Arc<Self>> {
        let environment: Environment = Box::new(|name| std::env::var_os(name));
        Self::with(reference, options, environment, Pace::new(options.retries))
    }

    /// The same with a given environment and pace.
    pub(super) fn with(
        reference: &Reference,
        options: &Options,
        environment: Environment,
        pace: Pace,
    ) -> Result<Arc<Self>> {
        let host = reference.host();
        let text = format!("{}://{host}/v2/", address::scheme(host, options));
        let base = address::check(&text, options)?;
        let mut authorities = Vec::new();
        for path in &options.authorities {
            authorities.extend(wire::authorities(path)?);
        }
        Ok(Arc::new(Self {
            reference: reference.clone(),
            options: options.clone(),
            origin: Origin::of(&base),
            base,
            pace,
            environment,
            authorities,
            tokens: Mutex::default(),
            gate: Mutex::default(),
            credential: Mutex::default(),
            not_before: Mutex::default(),
            received: AtomicU64::new(0),
            sent: Arc::default(),
        }))
    }

    /// `scheme://host/v2/<repository>/<rest>`.
    pub(super) fn url(&self, rest: &str) -> String {
        format!("{}{}/{rest}", self.base, self.reference.repository())
    }

    pub(super) fn reference(&self) -> &Reference {
        &self.reference
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// How patient this session is.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Bytes of bodies received and sent.
    pub(super) fn transferred(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }

    /// Scheme, host and port that credentials and tokens are sent to.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A problem with this registry.
    pub(super) fn problem(&self, code: Code) -> Problem {
        Problem::new(code, &self.reference)
    }

    /// The credentials for this repository, looked up once.
    pub(super) fn credential(&self) -> Result<Option<Arc<Credential>>> {
        let mut known = self.credential.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let found = credentials::find(
            self.reference.host(),
            self.reference.repository(),
            self.options.auth_file.as_deref(),
            &self.environment,
        )?;
        let found = found.map(Arc::new);
        *known = Some(found.clone());
        Ok(found)
    }

    /// The same, if it was looked up already.
    pub(super) fn credential_if_known(&self) -> Option<Arc<Credential>> {
        let known = self.credential.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone().flatten()
    }

    /// Nothing is asked before `wait` is over.
    fn hold(&self, wait: Duration) {
        let until = Instant::now() + self.pace.lasting(wait);
        let mut held = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |before| before.max(until)));
    }

    /// Waits until something may be asked again.
    fn wait_if_held(&self) {
        loop {
            let held = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            match held.and_then(|until| until.checked_duration_since(Instant::now())) {
                Some(left) if !left.is_zero() => std::thread::sleep(left),
                _ => return,
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("reference", &self.reference).finish_non_exhaustive()
    }
}

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
    secret: bool,
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

    fn is_reading(&self) -> bool {
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

/// What asks; one for each thread.
pub(super) struct Http {
    session: Arc<Session>,
    // Before the clients, whose connections end with it.
    runtime: tokio::runtime::Runtime,
    /// For this machine, past every proxy.
    near: OnceCell<reqwest::Client>,
    far: OnceCell<reqwest::Client>,
}

impl Http {
    pub(super) fn new(session: &Arc<Session>) -> Result<Self> {
        Ok(Self {
            session: Arc::clone(session),
            runtime: wire::runtime()?,
            near: OnceCell::new(),
            far: OnceCell::new(),
        })
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The answer to a request, whatever its status, after everything that may pass was
    /// waited for.
    pub(super) fn call(&self, call: &Call<'_>) -> Result<Answer<'_>> {
        self.persist(call.once, || self.admitted(call))
    }

    /// Tries until something else than a passing failure comes, within limits.
    pub(super) fn persist<'h>(
        &'h self,
        once: bool,
        mut ask: impl FnMut() -> Result<Answer<'h>, Failure>,
    ) -> Result<Answer<'h>> {
        let pace = &self.session.pace;
        let (mut failures, mut waits, mut waited) = (0, 0, Duration::ZERO);
        loop {
            self.session.wait_if_held();
            let may_again = !once && failures < pace.retries;
            match ask() {
                Err(Failure::Final(problem)) => return Err(problem),
                Err(Failure::Passing(problem)) if !may_again => return Err(problem),
                Err(Failure::Passing(_)) => {}
                Ok(answer) => {
                    if !is_passing(answer.status()) {
                        return Ok(answer);
                    }
                    if let Some(wait) = answer.retry_after() {
                        waits += 1;
                        waited += wait.max(pace.base.min(MAX_PAUSE));
                        let patient = wait <= MAX_PAUSE && waited <= MAX_PAUSES;
                        if !patient || waits > MAX_WAITS || pace.retries == 0 {
                            return Err(self.busy(&answer, wait));
                        }
                        answer.discard();
                        self.session.hold(wait);
                        // Those who were told the same do not come back at once together.
                        pace.sleep(pace.backoff(1));
                        continue;
                    }
                    if once {
                        return Ok(answer);
                    }
                    if !may_again {
                        return Err(self.refused(answer, "after several tries"));
                    }
                    answer.discard();
                }
            }
            failures += 1;
            pace.sleep(pace.backoff(failures));
        }
    }

    /// One try, with a token as often as one is asked for.
    fn admitted<'h>(&'h self, call: &Call<'_>) -> Result<Answer<'h>, Failure> {
        let mut pass = auth::known(&self.session, call.access);
        for _ in 0..MAX_ADMISSIONS {
            let answer = self.follow(call, &self.session.origin, pass.as_ref())?;
            if answer.status() != StatusCode::UNAUTHORIZED
                || Origin::of(&answer.url) != self.session.origin
            {
                return Ok(answer);
            }
            match auth::admission(self, &answer, call.access, pass.as_ref())? {
                Some(fresh) => pass = Some(fresh),
                None => return Ok(answer),
            }
            answer.discard();
        }
        self.follow(call, &self.session.origin, pass.as_ref())
    }

    /// One exchange, and those that it is sent on to. `pass` goes to `home` only.
    pub(super) fn follow<'h>(
        &'h self,
        call: &Call<'_>,
        home: &Origin,
        pass: Option<&Zeroizing<String>>,
    ) -> Result<Answer<'h>, Failure> {
        let mut url = address::check(&call.url, &self.session.options)?;
        let mut seen = vec![url.clone()];
        loop {
            let here = pass.filter(|_| Origin::of(&url) == *home);
            let answer = self.exchange(call, &url, here)?;
            let Some(next) = self.next_step(call, &answer)? else { return Ok(answer) };
            if seen.contains(&next) || seen.len() > MAX_STEPS {
                let why = if seen.contains(&next) { "in a circle" } else { "too often" };
                return Err(self
                    .session
                    .problem(Code::RegistryInvalid)
                    .detail(format!("{} sends on {why}", address::shown(&seen[0])))
                    .into());
            }
            answer.discard();
            seen.push(next.clone());
            url = next;
        }
    }

    /// Where an answer sends on to, if it does and the request may follow.
    fn next_step(&self, call: &Call<'_>, answer: &Answer<'_>) -> Result<Option<Url>> {
        let follows = match answer.status().as_u16() {
            307 | 308 => !call.secret,
            301..=303 => call.is_reading(),
            _ => false,
        };
        let Some(location) = answer.header("location").filter(|_| follows) else {
            return Ok(None);
        };
        let next = answer.url.join(location).map_err(|error| {
            let detail = format!("{} sends on to no address", address::shown(&answer.url));
            self.session.problem(Code::RegistryInvalid).detail(detail).source(error)
        })?;
        let next = address::check(next.as_str(), &self.session.options).or_else(|problem| {
            // That it leaves the encrypted connection says more.
            address::check_step(&answer.url, &next).and(Err(problem))
        })?;
        address::check_step(&answer.url, &next)?;
        Ok(Some(next))
    }

    /// One request and the head of its answer.
    fn exchange<'h>(
        &'h self,
        call: &Call<'_>,
        url: &Url,
        pass: Option<&Zeroizing<String>>,
    ) -> Result<Answer<'h>, Failure> {
        let session = &*self.session;
        let mut request = self.client(url)?.request(call.method.clone(), url.clone());
        for (name, value) in &call.headers {
            request = request.header(HeaderName::from_static(name), value);
        }
        if let Some(pass) = pass {
            let mut value = HeaderValue::from_str(pass).map_err(|_| {
                let detail = "the token or password has characters that no header can hold";
                session.problem(Code::RegistryCredentials).detail(detail)
            })?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let sending = Arc::new(Sending::default());
        if !call.is_reading() {
            sending.all_taken();
        }
        request = match &call.body {
            Body::None if call.is_reading() => request,
            Body::None => request.header(header::CONTENT_LENGTH, "0"),
            Body::Bytes(bytes) => {
                session.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                request.body(bytes.to_vec())
            }
            Body::Stream { len, open } => {
                let counter = Arc::clone(&session.sent);
                let body = Streamed::new(open()?, *len, Arc::clone(&sending), counter);
                request
                    .header(header::CONTENT_LENGTH, len.to_string())
                    .body(reqwest::Body::wrap(body))
            }
        };
        let pace = &session.pace;
        let answer = self.runtime.block_on(wire::unless_silent(
            request.send(),
            &sending,
            pace.idle,
            pace.answer,
        ));
        match answer {
            Ok(Ok(response)) => Ok(Answer::new(self, url.clone(), response)),
            Ok(Err(error)) => Err(self.cut(url, &sending, error)),
            Err(silent) => {
                let detail = format!(
                    "{} {} is not answered for {} seconds",
                    call.method,
                    address::shown(url),
                    silent.0.as_secs()
                );
                let problem = session.problem(Code::RegistryUnreachable).detail(detail);
                Err(Failure::Passing(problem))
            }
        }
    }

    /// What a failed exchange is.
    fn cut(&self, url: &Url, sending: &Sending, error: reqwest::Error) -> Failure {
        if let Some(error) = sending.failure() {
            return Failure::Final(local(error));
        }
        let error = error.without_url();
        let why = wire::chain(&error);
        let shown = address::shown(url);
        if wire::is_certificate(&error) {
            let problem = self
                .session
                .problem(Code::RegistryUnreachable)
                .detail(format!("the certificate of {shown} is not accepted: {why}"))
                .hint("Name the authority that issued it with `--registry-ca FILE`, or ask the operator.");
            return Failure::Final(problem.source(error));
        }
        let problem = if error.is_connect() {
            self.session.problem(Code::RegistryUnreachable)
        } else {
            self.session.problem(Code::TransferInterrupted)
        };
        Failure::Passing(problem.detail(format!("{shown}: {why}")).source(error))
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client> {
        let near = address::is_loopback(url.host_str().unwrap_or_default());
        let cell = if near { &self.near } else { &self.far };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = wire::client(&self.session.authorities, near)?;
        Ok(cell.get_or_init(|| client))
    }

    fn busy(&self, answer: &Answer<'_>, wait: Duration) -> Problem {
        self.session.problem(Code::RegistryBusy).detail(format!(
            "{} answers {} and asks to wait {} seconds, after all that was waited already",
            address::shown(&answer.url),
            answer.status(),
            wait.as_secs()
        ))
    }

    /// An answer that is no success, as a problem; `what` was asked for.
    pub(super) fn refused(&self, answer: Answer<'_>, what: &str) -> Problem {
        self.refused_as(answer, what, None)
    }

    /// The same under a given code, if there is one.
    pub(super) fn refused_as(&self, answer: Answer<'_>, what: &str, code: Option<Code>) -> Problem {
        let status = answer.status();
        let code = code.unwrap_or(match status.as_u16() {
            401 | 403 => Code::RegistryDenied,
            404 => Code::RegistryNotFound,
            429 => Code::RegistryBusy,
            _ => Code::RegistryRefused,
        });
        let shown = address::shown(&answer.url);
        let told = answer.told();
        let told = if told.is_empty() { told } else { format!(": {told}") };
        self.session.problem(code).detail(format!("{what}: {shown} answers {status}{told}"))
    }
}

/// Statuses that may be others a moment later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// What went wrong on this side while a body was read.
fn local(error: std::io::Error) -> Problem {
    match error.downcast::<Problem>() {
        Ok(problem) => problem,
        Err(error) => Problem::new(Code::UnreadableFile, "what is sent")
            .detail(format!("cannot read: {error}"))
            .source(error),
    }
}

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
    fn new(http: &'h Http, url: Url, response: reqwest::Response) -> Self {
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
        let session = &*self.http.session;
        let idle = session.pace.idle;
        let begun = Instant::now();
        let response = &mut self.response;
        let piece = self
            .http
            .runtime
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
        session.received.fetch_add(len, Ordering::Relaxed);
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
            answer.http.session.problem(Code::RegistryInvalid).detail(detail)
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
    fn retry_after(&self) -> Option<Duration> {
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
    fn told(mut self) -> String {
        let mut body = Vec::new();
        // What came before a cut is as good as what can be had.
        while let Ok(Some(piece)) = self.next() {
            body.extend_from_slice(&piece);
            if body.len() > MAX_TOLD {
                return String::new();
            }
        }
        challenge::told(&body, |text| auth::scrubbed(&self.http.session, text))
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status()).finish_non_exhaustive()
    }
}
