//! Tokens and passwords: who gets which, and when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;

use super::http::{Access, Call, Http, Session};
use super::scripted::{NAME, Reply, Request, Server, quick};
use crate::finding::{Code, Problem};

/// A token service that gives `t1`, `t2` and so on.
fn service(life: u64) -> Server {
    Server::new(move |request| {
        let body = format!(r#"{{"token":"t{}","expires_in":{life}}}"#, request.number + 1);
        Reply::new(200).body(body)
    })
}

fn challenge(realm: &str) -> Reply {
    Reply::new(401).header(
        "WWW-Authenticate",
        format!("Bearer realm=\"{realm}\",service=\"reg\",scope=\"registry:catalog:*\""),
    )
}

fn call(session: &Arc<Session>, access: Access<'_>) -> Result<u16, Problem> {
    let http = Http::new(session)?;
    let answer = http.call(&Call::new(Method::GET, session.url("x"), access))?;
    Ok(answer.status().as_u16())
}

fn password(name: &str) -> Option<String> {
    match name {
        "PKG_REGISTRY_USERNAME" => Some("me".into()),
        "PKG_REGISTRY_PASSWORD" => Some("pass word".into()),
        _ => None,
    }
}

fn authorization(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.header("authorization").unwrap_or("-")).collect()
}

#[test]
fn a_token_is_asked_for_and_kept_for_its_scope() {
    let service = service(300);
    let realm = service.url("/token?x=1");
    let server = Server::new(move |request| match request.header("authorization") {
        Some(_) => Reply::new(200),
        None => challenge(&realm),
    });
    let session = server.session();
    for access in [Access::Pull, Access::Pull, Access::Push, Access::PushFrom("other/base")] {
        assert_eq!(call(&session, access).unwrap(), 200);
    }
    assert_eq!(
        authorization(&server.seen()),
        ["-", "Bearer t1", "Bearer t1", "-", "Bearer t2", "-", "Bearer t3"]
    );
    let scope = |text: &str| format!("scope=repository%3A{}", text.replace('/', "%2F"));
    let paths: Vec<String> = service.seen().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(
        paths,
        [
            format!("/token?x=1&service=reg&{}%3Apull", scope(NAME)),
            format!("/token?x=1&service=reg&{}%3Apull%2Cpush", scope(NAME)),
            format!(
                "/token?x=1&service=reg&{}%3Apull%2Cpush&{}%3Apull",
                scope(NAME),
                scope("other/base")
            ),
        ]
    );
    assert_eq!(authorization(&service.seen()), ["-", "-", "-"]);
}

#[test]
fn a_token_that_ends_is_renewed() {
    // The registry finds out before the client does.
    let service = service(300);
    let realm = service.url("/token");
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer t1") if request.number < 3 => Reply::new(200),
        Some("Bearer t2") => Reply::new(200),
        _ => challenge(&realm),
    });
    let session = server.session();
    for _ in 0..4 {
        assert_eq!(call(&session, Access::Pull).unwrap(), 200);
    }
    assert_eq!(service.seen().len(), 2);
    // The client knows.
    let short = self::service(0);
    let realm = short.url("/token");
    let server = Server::new(move |request| match request.header("authorization") {
        Some(_) => Reply::new(200),
        None => challenge(&realm),
    });
    let session = server.session();
    call(&session, Access::Pull).unwrap();
    call(&session, Access::Pull).unwrap();
    assert_eq!(authorization(&server.seen()), ["-", "Bearer t1", "-", "Bearer t2"]);
}

#[test]
fn many_threads_ask_for_one_token() {
    let service = service(300);
    let realm = service.url("/token");
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer t1") => Reply::new(200),
        _ => challenge(&realm),
    });
    let session = server.session();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(call(&session, Access::Pull).unwrap(), 200));
        }
    });
    assert_eq!(service.seen().len(), 1);
}

#[test]
fn a_refused_token_is_not_asked_for_without_end() {
    let service = service(300);
    let realm = service.url("/token");
    let server = Server::new(move |_| challenge(&realm));
    assert_eq!(call(&server.session(), Access::Pull).unwrap(), 401);
    assert_eq!((server.seen().len(), service.seen().len()), (3, 2));
}

#[test]
fn a_password_goes_to_the_token_service() {
    let service = service(300);
    let realm = service.url("/token");
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer t1") => Reply::new(200),
        // Where both are offered, the password stays away from the registry.
        _ => challenge(&realm).header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let session = server.session_with(password, quick());
    assert_eq!(call(&session, Access::Push).unwrap(), 200);
    assert_eq!(authorization(&service.seen()), ["Basic bWU6cGFzcyB3b3Jk"]);
    assert_eq!(authorization(&server.seen()), ["-", "Bearer t1"]);
}

#[test]
fn a_password_goes_to_a_registry_that_asks_for_it_alone() {
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Basic bWU6cGFzcyB3b3Jk") => Reply::new(200),
        _ => Reply::new(401).header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let session = server.session_with(password, quick());
    for access in [Access::Pull, Access::Push] {
        assert_eq!(call(&session, access).unwrap(), 200);
    }
    assert_eq!(server.seen().len(), 3, "asked for once");
    // Wrong, or none, or not for this host.
    let server = Server::new(|_| Reply::new(401).header("WWW-Authenticate", "Basic realm=x"));
    assert_eq!(call(&server.session_with(password, quick()), Access::Pull).unwrap(), 401);
    assert_eq!(server.seen().len(), 2);
    let elsewhere = |name: &str| match name {
        "PKG_REGISTRY_HOST" => Some("example.org".into()),
        name => password(name),
    };
    for session in [server.session(), server.session_with(elsewhere, quick())] {
        assert_eq!(call(&session, Access::Pull).unwrap(), 401);
    }
    assert!(server.seen()[2..].iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn an_identity_token_is_exchanged() {
    let service = Server::new(|request| match request.method.as_str() {
        "POST" => Reply::new(200).body(r#"{"access_token":"short","expires_in":300}"#),
        _ => Reply::new(400),
    });
    let realm = service.url("/token");
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer short") => Reply::new(200),
        _ => challenge(&realm),
    });
    let identity = |name: &str| match name {
        "PKG_REGISTRY_USERNAME" => Some("<token>".into()),
        "PKG_REGISTRY_PASSWORD" => Some("long & secret".into()),
        _ => None,
    };
    let session = server.session_with(identity, quick());
    assert_eq!(call(&session, Access::Pull).unwrap(), 200);
    let seen = &service.seen()[0];
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        String::from_utf8(seen.body.clone()).unwrap(),
        format!(
            "service=reg&client_id=pkg&grant_type=refresh_token&scope=repository%3A{}%3Apull&refresh_token=long+%26+secret",
            NAME.replace('/', "%2F")
        )
    );
    assert_eq!((seen.path.as_str(), seen.header("authorization")), ("/token", None));
}

#[test]
fn a_given_token_is_sent_as_it_is() {
    let server = Server::new(|request| match request.header("authorization") {
        Some("Bearer given") => Reply::new(200),
        _ => challenge("https://example.org/never-asked"),
    });
    let given = |name: &str| (name == "PKG_REGISTRY_TOKEN").then(|| "given".into());
    let session = server.session_with(given, quick());
    for _ in 0..2 {
        assert_eq!(call(&session, Access::Push).unwrap(), 200);
    }
    assert_eq!(server.seen().len(), 3);
    let server = Server::new(|_| challenge("https://example.org/never-asked"));
    assert_eq!(call(&server.session_with(given, quick()), Access::Push).unwrap(), 401);
}

#[test]
fn a_realm_that_must_not_be_asked_is_not() {
    for (realm, code) in [
        ("http://example.org/token", Code::RegistryNotEncrypted),
        ("file:///etc/passwd", Code::RegistryInvalid),
        ("https://me:pw@example.org/", Code::RegistryInvalid),
        ("nowhere", Code::RegistryInvalid),
    ] {
        let server = Server::new(move |_| challenge(realm));
        let problem = call(&server.session_with(password, quick()), Access::Pull).unwrap_err();
        assert_eq!(problem.code(), code, "{realm}");
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::new(|_| Reply::new(401).header("WWW-Authenticate", "Bearer service=x"));
    let problem = call(&server.session(), Access::Pull).unwrap_err();
    assert_eq!(problem.code(), Code::RegistryInvalid);
    // By another name of this machine, in the clear: no password.
    let service = service(300);
    let realm = format!("http://localhost:{}/token", service.address.port());
    let server = Server::new(move |_| challenge(&realm));
    let problem = call(&server.session_with(password, quick()), Access::Pull).unwrap_err();
    assert_eq!(problem.code(), Code::RegistryNotEncrypted);
    assert!(service.seen().is_empty());
}

#[test]
fn a_token_service_that_answers_badly_is_named() {
    for (reply, code) in [
        (Reply::new(401).body("no"), Code::RegistryDenied),
        (Reply::new(403), Code::RegistryDenied),
        (Reply::new(404), Code::RegistryInvalid),
        (Reply::new(418), Code::RegistryRefused),
        (Reply::new(500), Code::RegistryRefused),
        (Reply::new(200).body("<html>"), Code::RegistryInvalid),
        (Reply::new(200).body("{}"), Code::RegistryInvalid),
        (Reply::new(200).body(r#"{"token":""}"#), Code::RegistryInvalid),
        (Reply::new(200).body(r#"{"token":"a\r\nb: c"}"#), Code::RegistryInvalid),
        (
            Reply::new(200).body(format!(r#"{{"token":"{}"}}"#, "x".repeat(40_000))),
            Code::RegistryInvalid,
        ),
        (Reply::new(200).body(vec![b' '; 64 << 10]).endless(), Code::RegistryInvalid),
    ] {
        let shown = format!("{reply:?}").chars().take(120).collect::<String>();
        let service = Server::new(move |_| reply.clone());
        let realm = service.url("/token");
        let server = Server::new(move |_| challenge(&realm));
        let problem = call(&server.session(), Access::Pull).unwrap_err();
        assert_eq!(problem.code(), code, "{shown}: {problem}");
        assert!(problem.to_string().contains("/token"), "{problem}");
    }
}

#[test]
fn passing_failures_of_the_token_service_are_waited_for() {
    let service = Server::new(|request| match request.number {
        0 => Reply::new(503),
        1 => Reply::new(429).header("Retry-After", "1"),
        2 => Reply::nothing(),
        _ => Reply::new(200).body(r#"{"token":"t"}"#),
    });
    let realm = service.url("/token");
    let server = Server::new(move |request| match request.header("authorization") {
        Some("Bearer t") => Reply::new(200),
        _ => challenge(&realm),
    });
    assert_eq!(call(&server.session(), Access::Pull).unwrap(), 200);
    assert_eq!(service.seen().len(), 4);
}

#[test]
fn what_is_secret_is_in_no_message() {
    // A registry that says back what it was told.
    let told = |request: &Request| {
        let said = request.header("authorization").unwrap_or("-").to_owned();
        let body = serde_json::json!({"errors": [{"code": "DENIED", "message": format!("you said {said}, pass word, {}", "x".repeat(300))}]});
        Reply::new(403).body(body.to_string())
    };
    let service = service(300);
    let realm = service.url("/token");
    let bearer = Server::new(move |request| match request.header("authorization") {
        Some(_) => told(request),
        None => challenge(&realm),
    });
    let basic = Server::new(move |request| match request.header("authorization") {
        Some(_) => told(request),
        None => Reply::new(401).header("WWW-Authenticate", "Basic realm=x"),
    });
    for server in [bearer, basic] {
        let session = server.session_with(password, quick());
        let http = Http::new(&session).unwrap();
        let url = format!("{}?token=secret", session.url("x"));
        let answer = http.call(&Call::new(Method::GET, url, Access::Pull)).unwrap();
        let problem = http.refused(answer, "x");
        assert_eq!(problem.code(), Code::RegistryDenied);
        let text = problem.to_string();
        for secret in ["t1", "pass word", "bWU6cGFzcyB3b3Jk", "secret"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("you said"), "{text}");
    }
}

#[test]
fn credentials_are_looked_for_once_and_only_when_asked_for() {
    let looks = Arc::new(AtomicUsize::new(0));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (count, names) = (Arc::clone(&looks), Arc::clone(&asked));
    let server = Server::new(|request| match request.number {
        0 => Reply::new(200),
        _ => Reply::new(401).header("WWW-Authenticate", "Basic realm=x"),
    });
    let session = server.session_with(
        move |name| {
            names.lock().unwrap().push(name.to_owned());
            if name == "PKG_REGISTRY_TOKEN" {
                count.fetch_add(1, Ordering::SeqCst);
            }
            None
        },
        quick(),
    );
    call(&session, Access::Pull).unwrap();
    assert!(asked.lock().unwrap().is_empty());
    call(&session, Access::Pull).unwrap();
    call(&session, Access::Pull).unwrap();
    assert_eq!(looks.load(Ordering::SeqCst), 1);
}
