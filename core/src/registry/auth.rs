//! Admission: challenges (RFC 9110, section 11), and the token authentication of the
//! distribution project ("Token Authentication Specification", "Docker Registry v2
//! authentication using `OAuth2`").
//!
//! Tokens and passwords go to the registry itself and to the token service that it
//! names, over encrypted connections, and into no message.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::address::{self, Origin};
use super::challenge::{self, Challenge};
use super::credentials::Credential;
use super::http::{Access, Answer, Body, Call, Failure, Http, Session};
use crate::finding::{Code, Result};

/// Largest answer of a token service, in bytes.
const MAX_ANSWER: u64 = 256 << 10;

/// Longest token, in bytes: what a header may hold at most servers.
const MAX_TOKEN: usize = 32 << 10;

/// How long a token is good for when the service does not say (the specification).
const DEFAULT_LIFE: u64 = 60;

/// Longest that a token is kept, in seconds.
const MAX_LIFE: u64 = 24 * 60 * 60;

/// Who asks, to token services that want to know.
const CLIENT: &str = "pkg";

/// Value of an `Authorization` header.
pub(super) type Pass = Zeroizing<String>;

/// What is sent without being asked for.
#[derive(Default)]
pub(super) struct Tokens {
    /// For everything: a password, or a token that was given from outside.
    always: Option<Pass>,
    by_scope: HashMap<String, (Pass, Instant)>,
}

impl Tokens {
    fn get(&self, scope: &str) -> Option<Pass> {
        let token = self.by_scope.get(scope).filter(|(_, until)| Instant::now() < *until);
        self.always.clone().or_else(|| token.map(|(pass, _)| pass.clone()))
    }

    /// Takes everything secret out of a text.
    fn scrub(&self, text: &mut String) {
        let passes = self.always.iter().chain(self.by_scope.values().map(|(pass, _)| pass));
        for pass in passes {
            let secret = pass.split_once(' ').map_or(pass.as_str(), |(_, secret)| secret);
            if text.contains(secret) {
                *text = text.replace(secret, "***");
            }
        }
    }
}

fn tokens(session: &Session) -> MutexGuard<'_, Tokens> {
    session.tokens.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a request is sent with before it was refused.
pub(super) fn known(session: &Session, access: Access<'_>) -> Option<Pass> {
    tokens(session).get(&key(session, access))
}

/// What to send instead of `used`, which was refused by `answer`; none when there is
/// nothing better.
pub(super) fn admission(
    http: &Http,
    answer: &Answer<'_>,
    access: Access<'_>,
    used: Option<&Pass>,
) -> Result<Option<Pass>, Failure> {
    let session = &**http.session();
    // One thread asks; the others take what it got.
    let _gate = session.gate.lock().unwrap_or_else(PoisonError::into_inner);
    let key = key(session, access);
    if let Some(pass) = tokens(session).get(&key)
        && used.is_none_or(|used| *used != pass)
    {
        return Ok(Some(pass));
    }
    let credential = session.credential()?;
    let challenges = challenge::parse(answer.headers("www-authenticate"));
    let always = match credential.as_deref() {
        Some(Credential::Bearer(token)) => Some(Pass::new(format!("Bearer {}", **token))),
        Some(Credential::Basic { username, password }) => {
            let basic = challenges.iter().any(|challenge| challenge.is("basic"));
            // Where both are offered, a token is the lesser secret.
            let bearer = challenges.iter().any(|challenge| challenge.is("bearer"));
            (basic && !bearer).then(|| self::basic(username, password))
        }
        _ => None,
    };
    if let Some(pass) = always {
        if used.is_some_and(|used| *used == pass) {
            return Ok(None);
        }
        tokens(session).always = Some(pass.clone());
        return Ok(Some(pass));
    }
    let Some(bearer) = challenges.iter().find(|challenge| challenge.is("bearer")) else {
        return Ok(None);
    };
    let (token, life) = fetch(http, answer.url(), bearer, access, credential.as_deref())?;
    let pass = Pass::new(format!("Bearer {}", *token));
    // Renewed before it ends, so that few requests find out that it has.
    let until = Instant::now() + life.mul_f64(0.8);
    tokens(session).by_scope.insert(key, (pass.clone(), until));
    Ok(Some(pass))
}

/// A text without the secrets of a session.
pub(super) fn scrubbed(session: &Session, mut text: String) -> String {
    tokens(session).scrub(&mut text);
    if let Some(credential) = session.credential_if_known() {
        credential.scrub(&mut text);
    }
    text
}

fn basic(username: &str, password: &str) -> Pass {
    let pair = Zeroizing::new(format!("{username}:{password}"));
    Pass::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

/// The scopes that an access needs.
fn scopes(session: &Session, access: Access<'_>) -> Vec<String> {
    let name = session.reference().repository();
    match access {
        Access::Pull => vec![format!("repository:{name}:pull")],
        Access::Push => vec![format!("repository:{name}:pull,push")],
        Access::PushFrom(other) => {
            vec![format!("repository:{name}:pull,push"), format!("repository:{other}:pull")]
        }
    }
}

fn key(session: &Session, access: Access<'_>) -> String {
    scopes(session, access).join(" ")
}

/// What a token service answers.
#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// A token, and how long it is good for.
fn fetch(
    http: &Http,
    registry: &Url,
    bearer: &Challenge,
    access: Access<'_>,
    credential: Option<&Credential>,
) -> Result<(Zeroizing<String>, Duration), Failure> {
    let session = http.session();
    let invalid = |why: &str| {
        let shown = address::shown(registry);
        session.problem(Code::RegistryInvalid).detail(format!("{shown} asks for a token {why}"))
    };
    let realm = bearer.get("realm").ok_or_else(|| invalid("and does not say where from"))?;
    let mut realm = address::check(realm, session.options())?;
    address::check_step(registry, &realm)?;
    if credential.is_some() && realm.scheme() != "https" && realm.host_str() != registry.host_str()
    {
        let detail = format!(
            "credentials would be sent in the clear to {}, which is another host",
            address::shown(&realm)
        );
        return Err(session.problem(Code::RegistryNotEncrypted).detail(detail).into());
    }
    let mut fields: Vec<(&str, String)> = Vec::new();
    if let Some(service) = bearer.get("service") {
        fields.push(("service", service.to_owned()));
    }
    let scopes = scopes(session, access);
    let home = Origin::of(&realm);
    let form;
    let (call, pass) = if let Some(Credential::Identity(token)) = credential {
        fields.push(("client_id", CLIENT.to_owned()));
        fields.push(("grant_type", "refresh_token".to_owned()));
        fields.push(("scope", scopes.join(" ")));
        let mut encoded = realm.clone();
        encoded.set_query(None);
        encoded.query_pairs_mut().extend_pairs(&fields).append_pair("refresh_token", token);
        form = Zeroizing::new(encoded.query().unwrap_or_default().to_owned());
        let call = Call::new(Method::POST, realm.as_str(), access)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::Bytes(form.as_bytes()))
            .secret();
        (call, None)
    } else {
        fields.extend(scopes.into_iter().map(|scope| ("scope", scope)));
        realm.query_pairs_mut().extend_pairs(&fields);
        let pass = match credential {
            Some(Credential::Basic { username, password }) => Some(basic(username, password)),
            _ => None,
        };
        (Call::new(Method::GET, realm.as_str(), access), pass)
    };
    let answer = http.persist(false, || http.follow(&call, &home, pass.as_ref()))?;
    if !answer.status().is_success() {
        let code = match answer.status().as_u16() {
            400 | 401 | 403 => Some(Code::RegistryDenied),
            404 => Some(Code::RegistryInvalid),
            _ => None,
        };
        return Err(Failure::Final(http.refused_as(answer, "a token", code)));
    }
    let bytes = Zeroizing::new(answer.bytes(MAX_ANSWER)?);
    let wrong = || {
        let shown = address::shown(&realm);
        session.problem(Code::RegistryInvalid).detail(format!("{shown} gives no token"))
    };
    // The error of the reader may quote what it read.
    granted(&bytes).ok_or_else(|| wrong().into())
}

/// The token in the answer of a token service, and how long it is good for; none if the
/// answer is no such thing, or the token can be in no header.
pub fn granted(answer: &[u8]) -> Option<(Zeroizing<String>, Duration)> {
    let granted: Granted = serde_json::from_slice(answer).ok()?;
    let token = granted.token.filter(|token| !token.is_empty()).or(granted.access_token);
    let token = Zeroizing::new(token.unwrap_or_default());
    let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > MAX_TOKEN || !plain {
        return None;
    }
    let life = granted.expires_in.unwrap_or(DEFAULT_LIFE).min(MAX_LIFE);
    Some((token, Duration::from_secs(life)))
}
