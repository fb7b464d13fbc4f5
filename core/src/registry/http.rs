//! Requests to one registry: admission, patience, redirects, and answers read piece by
//! piece up to a limit. Knows nothing of what is asked for.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{StatusCode, Url, header};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::address::{self, Origin};
use super::auth;
use super::pace::{MAX_PAUSE, MAX_PAUSES};
use super::wire::{self, Sending, Streamed};
use crate::finding::{Code, Problem, Result};

pub(super) use super::answer::Answer;
pub(super) use super::call::{Access, Body, Call, Failure};
pub(super) use super::session::Session;

/// Redirects that are followed, one after the other.
const MAX_STEPS: usize = 5;

/// Waits that a registry may ask for, for one request.
const MAX_WAITS: u32 = 30;

/// Refusals of a token, one after the other, that a new token is fetched after.
const MAX_ADMISSIONS: u32 = 2;

/// What asks; one for each thread.
pub(super) struct Http {
    session: Arc<Session>,
    // Before the clients, whose connections end with it.
    runtime: Runtime,
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

    /// What drives its requests and their answers.
    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
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
        let pace = self.session.pace();
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
            let answer = self.follow(call, self.session.origin(), pass.as_ref())?;
            if answer.status() != StatusCode::UNAUTHORIZED
                || Origin::of(answer.url()) != *self.session.origin()
            {
                return Ok(answer);
            }
            match auth::admission(self, &answer, call.access, pass.as_ref())? {
                Some(fresh) => pass = Some(fresh),
                None => return Ok(answer),
            }
            answer.discard();
        }
        self.follow(call, self.session.origin(), pass.as_ref())
    }

    /// One exchange, and those that it is sent on to. `pass` goes to `home` only.
    pub(super) fn follow<'h>(
        &'h self,
        call: &Call<'_>,
        home: &Origin,
        pass: Option<&Zeroizing<String>>,
    ) -> Result<Answer<'h>, Failure> {
        let mut url = address::check(&call.url, self.session.options())?;
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
        let next = answer.url().join(location).map_err(|error| {
            let detail = format!("{} sends on to no address", address::shown(answer.url()));
            self.session.problem(Code::RegistryInvalid).detail(detail).source(error)
        })?;
        let next = address::check(next.as_str(), self.session.options()).or_else(|problem| {
            // That it leaves the encrypted connection says more.
            address::check_step(answer.url(), &next).and(Err(problem))
        })?;
        address::check_step(answer.url(), &next)?;
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
                session.count_sent(bytes.len() as u64);
                request.body(bytes.to_vec())
            }
            Body::Stream { len, open } => {
                let counter = session.sent();
                let body = Streamed::new(open()?, *len, Arc::clone(&sending), counter);
                request
                    .header(header::CONTENT_LENGTH, len.to_string())
                    .body(reqwest::Body::wrap(body))
            }
        };
        let pace = session.pace();
        let answer = self.runtime.block_on(wire::unless_silent(
            request.send(),
            &sending,
            pace.head,
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
        let client = wire::client(self.session.authorities(), near)?;
        Ok(cell.get_or_init(|| client))
    }

    fn busy(&self, answer: &Answer<'_>, wait: Duration) -> Problem {
        self.session.problem(Code::RegistryBusy).detail(format!(
            "{} answers {} and asks to wait {} seconds, after all that was waited already",
            address::shown(answer.url()),
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
        let shown = address::shown(answer.url());
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

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("session", &self.session).finish_non_exhaustive()
    }
}
