//! What all threads that speak to one registry share: where it is, what admits to it, and
//! how long it wants to be left alone. Sends nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;

use super::address::{self, Origin};
use super::auth::Tokens;
use super::credentials::{self, Credential, Environment};
use super::pace::Pace;
use super::wire;
use super::{Options, Reference};
use crate::finding::{Code, Problem, Result};

/// Whether credentials were looked up.
#[derive(Default)]
enum Looked {
    #[default]
    NotYet,
    Up(Option<Arc<Credential>>),
}

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
    credential: Mutex<Looked>,
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

    /// Certificates of authorities that are trusted beside those of the system.
    pub(super) fn authorities(&self) -> &[reqwest::Certificate] {
        &self.authorities
    }

    /// Counts bytes of bodies that came.
    pub(super) fn count_received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of bodies that were sent.
    pub(super) fn count_sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Where bytes that are sent are counted.
    pub(super) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// A problem with this registry.
    pub(super) fn problem(&self, code: Code) -> Problem {
        Problem::new(code, &self.reference)
    }

    /// The credentials for this repository, looked up once.
    pub(super) fn credential(&self) -> Result<Option<Arc<Credential>>> {
        let mut known = self.credential.lock().unwrap_or_else(PoisonError::into_inner);
        if let Looked::Up(found) = &*known {
            return Ok(found.clone());
        }
        let found = credentials::find(
            self.reference.host(),
            self.reference.repository(),
            self.options.auth_file.as_deref(),
            &self.environment,
        )?;
        let found = found.map(Arc::new);
        *known = Looked::Up(found.clone());
        Ok(found)
    }

    /// The same, if it was looked up already.
    pub(super) fn credential_if_known(&self) -> Option<Arc<Credential>> {
        match &*self.credential.lock().unwrap_or_else(PoisonError::into_inner) {
            Looked::Up(found) => found.clone(),
            Looked::NotYet => None,
        }
    }

    /// Nothing is asked before `wait` is over.
    pub(super) fn hold(&self, wait: Duration) {
        let until = Instant::now() + self.pace.lasting(wait);
        let mut held = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |before| before.max(until)));
    }

    /// Whether nothing may be asked at the moment.
    #[cfg(test)]
    pub(super) fn is_held(&self) -> bool {
        let held = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        held.is_some_and(|until| Instant::now() < until)
    }

    /// Waits until something may be asked again.
    pub(super) fn wait_if_held(&self) {
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
