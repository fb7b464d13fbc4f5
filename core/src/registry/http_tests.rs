//! Patience, redirects and bounds, against a server that does what a test says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;

use super::http::{Access, Body, Call, Http, Session};
use super::pace::Pace;
use super::scripted::{NAME, Reply, Server, quick};
use super::{Options, Reference};
use crate::finding::{Code, Problem};

fn get(session: &Arc<Session>) -> Result<(u16, Vec<u8>), Problem> {
    let http = Http::new(session)?;
    let answer = http.call(&Call::new(Method::GET, session.url("x"), Access::Pull))?;
    Ok((answer.status().as_u16(), answer.bytes(1 << 20)?))
}

fn code_of(session: &Arc<Session>) -> (Code, String) {
    let problem = get(session).unwrap_err();
    (problem.code(), problem.to_string())
}

#[test]
fn what_passes_is_waited_for() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = Server::new(move |request| match request.number {
            0 | 1 => Reply::new(status).body("later"),
            _ => Reply::new(200).body("here"),
        });
        assert_eq!(get(&server.session()).unwrap(), (200, b"here".to_vec()), "{status}");
        assert_eq!(server.seen().len(), 3);
        assert_eq!(server.seen()[0].path, format!("/v2/{NAME}/x"));
    }
}

#[test]
fn what_does_not_pass_is_an_error_with_what_was_told() {
    for (status, code) in [(500, Code::RegistryRefused), (429, Code::RegistryBusy)] {
        let body = r#"{"errors":[{"code":"UNKNOWN","message":"the disk \u001b[31mburns"}]}"#;
        let server = Server::new(move |_| Reply::new(status).body(body));
        let (found, text) = code_of(&server.session());
        assert_eq!(found, code);
        assert_eq!(server.seen().len(), 4, "one try and three more");
        assert!(text.contains(&status.to_string()), "{text}");
        assert!(text.contains("UNKNOWN: the disk \u{fffd}[31mburns"), "{text}");
        assert!(text.contains(&server.url(&format!("/v2/{NAME}/x"))), "{text}");
    }
}

#[test]
fn other_statuses_are_given_back_at_once() {
    for status in [200, 400, 403, 404, 416, 501] {
        let server = Server::new(move |_| Reply::new(status).body("x"));
        assert_eq!(get(&server.session()).unwrap().0, status);
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn a_registry_says_how_long_to_wait() {
    for (status, wait) in
        [(429, "0"), (429, "1"), (503, "1"), (429, "Sun, 06 Nov 1994 08:49:37 GMT")]
    {
        let server = Server::new(move |request| match request.number {
            0..6 => Reply::new(status).header("Retry-After", wait),
            _ => Reply::new(200),
        });
        // More often than a failure would be tried again.
        assert_eq!(get(&server.session()).unwrap().0, 200, "{status} {wait}");
        assert_eq!(server.seen().len(), 7);
    }
}

#[test]
fn nobody_waits_for_ever() {
    // At once too long, too long in all, and too often.
    for (wait, requests) in [("61", 1), ("99999999999999999999", 1), ("50", 4), ("0", 31)] {
        let server = Server::new(move |_| Reply::new(429).header("Retry-After", wait));
        assert_eq!(code_of(&server.session()).0, Code::RegistryBusy, "{wait}");
        assert_eq!(server.seen().len(), requests, "{wait}");
    }
    let server = Server::new(move |_| Reply::new(429).header("Retry-After", "0"));
    let session = server.session_with(|_| None, Pace { retries: 0, ..quick() });
    assert_eq!(code_of(&session).0, Code::RegistryBusy);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn what_one_is_told_to_wait_all_wait() {
    let server = Server::new(move |request| match request.number {
        0 => Reply::new(429).header("Retry-After", "40"),
        _ => Reply::new(200),
    });
    let pace = Pace { second: Duration::from_millis(10), ..quick() };
    let session = server.session_with(|_| None, pace);
    let times = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| get(&session).unwrap());
        while server.seen().is_empty() {
            std::thread::yield_now();
        }
        let begun = std::time::Instant::now();
        while !session.is_held() {
            std::thread::yield_now();
        }
        get(&session).unwrap();
        times.lock().unwrap().push(begun.elapsed());
    });
    assert!(times.lock().unwrap()[0] >= Duration::from_millis(300), "{times:?}");
}

#[test]
fn nobody_there_is_unreachable() {
    let server = Server::new(|_| Reply::new(200));
    let session = server.session();
    let address = server.address;
    drop(server);
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    let (code, text) = code_of(&session);
    assert_eq!(code, Code::RegistryUnreachable);
    assert!(text.contains("refused"), "{text}");
}

#[test]
fn a_connection_that_is_cut_is_made_again() {
    let server = Server::new(|request| match request.number {
        0 => Reply::nothing(),
        _ => Reply::new(200),
    });
    assert_eq!(get(&server.session()).unwrap().0, 200);
    let server = Server::new(|_| Reply::nothing());
    assert_eq!(code_of(&server.session()).0, Code::TransferInterrupted);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn silence_is_a_cut() {
    let short = Duration::from_millis(60);
    let pace = Pace { idle: short, retries: 1, ..quick() };
    let server = Server::new(|_| Reply::new(200).claims(9).body("12").hangs());
    let session = server.session_with(|_| None, pace.clone());
    let (code, text) = code_of(&session);
    assert_eq!(code, Code::TransferInterrupted);
    assert!(text.contains("nothing came"), "{text}");
    // Not even a head: a body that is sent and an answer that does not come.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = mute.local_addr().unwrap();
    let reference: Reference = format!("oci://{host}/a").parse().unwrap();
    let pace = Pace { head: short, answer: short, ..pace };
    let session = Session::with(&reference, &Options::default(), Box::new(|_| None), pace).unwrap();
    assert_eq!(code_of(&session).0, Code::RegistryUnreachable);
    let http = Http::new(&session).unwrap();
    let open = || Ok(Box::new(std::io::repeat(7)) as Box<dyn std::io::Read + Send>);
    // More than the system takes without anybody who reads.
    for len in [10, 64 << 20] {
        let call = Call::new(Method::PUT, session.url("x"), Access::Push)
            .body(Body::Stream { len, open: &open });
        let problem = http.call(&call).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryUnreachable);
        assert!(problem.to_string().contains("not answered"), "{problem}");
    }
}

#[test]
fn a_trickle_is_a_cut() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    let reference: Reference = format!("oci://{host}/a").parse().unwrap();
    let pace = Pace { idle: Duration::from_millis(500), ..quick() };
    let session = Session::with(&reference, &Options::default(), Box::new(|_| None), pace).unwrap();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        // An answer before the request is none.
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n").unwrap();
        // Always something, never much.
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(code_of(&session).0, Code::TransferInterrupted);
}

#[test]
fn too_long_an_answer_is_not_read() {
    let long = Reply::new(200).body(vec![b'x'; 64 << 10]);
    for reply in [long.clone().claims(1 << 40), long.endless()] {
        let reply = Mutex::new(reply);
        let server = Server::new(move |_| reply.lock().unwrap().clone());
        let (code, text) = code_of(&server.session());
        assert_eq!(code, Code::RegistryInvalid);
        assert!(text.contains("over 1048576 bytes"), "{text}");
    }
    // Nor that of an error.
    let server = Server::new(|_| Reply::new(400).body(vec![b'x'; 64 << 10]).endless());
    let session = server.session();
    let http = Http::new(&session).unwrap();
    let answer = http.call(&Call::new(Method::GET, session.url("x"), Access::Pull)).unwrap();
    let problem = http.refused(answer, "x");
    assert_eq!(problem.code(), Code::RegistryRefused);
    assert!(session.transferred().0 < 1 << 20, "{:?}", session.transferred());
}

#[test]
fn a_body_is_sent_again_for_each_try() {
    let server = Server::new(|request| match request.number {
        0 => Reply::new(500),
        1 => Reply::nothing(),
        2 => Reply::new(307).header("Location", "/v2/elsewhere"),
        _ => Reply::new(201),
    });
    let session = server.session();
    let http = Http::new(&session).unwrap();
    let opened = AtomicUsize::new(0);
    let bytes = vec![b'y'; 700_000];
    let open = || {
        opened.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(std::io::Cursor::new(bytes.clone())) as Box<dyn std::io::Read + Send>)
    };
    let body = Body::Stream { len: bytes.len() as u64, open: &open };
    let call = Call::new(Method::PUT, session.url("x"), Access::Push).body(body);
    assert_eq!(http.call(&call).unwrap().status().as_u16(), 201);
    assert_eq!(opened.load(Ordering::SeqCst), 4);
    assert!(server.seen().iter().all(|request| request.body == bytes));
    assert_eq!(server.seen()[3].path, "/v2/elsewhere");
    assert_eq!(session.transferred().1, 4 * 700_000);
}

#[test]
fn what_cannot_be_read_here_is_no_fault_of_the_registry() {
    let server = Server::new(|_| Reply::new(201));
    let session = server.session();
    let http = Http::new(&session).unwrap();
    // One that ends early, and one that fails by name.
    let short = || Ok(Box::new(&b"123"[..]) as Box<dyn std::io::Read + Send>);
    let call = Call::new(Method::PUT, session.url("x"), Access::Push)
        .body(Body::Stream { len: 9, open: &short });
    assert_eq!(http.call(&call).unwrap_err().code(), Code::UnreadableFile);
    let named = || Err(Problem::new(Code::PathNotFound, "gone"));
    let call = Call::new(Method::PUT, session.url("x"), Access::Push)
        .body(Body::Stream { len: 9, open: &named });
    assert_eq!(http.call(&call).unwrap_err().code(), Code::PathNotFound);
}

#[test]
fn what_must_not_be_sent_twice_is_not() {
    for reply in [Reply::new(500), Reply::nothing()] {
        let again = reply.clone();
        let server = Server::new(move |_| again.clone());
        let session = server.session();
        let http = Http::new(&session).unwrap();
        let call = Call::new(Method::PATCH, session.url("x"), Access::Push)
            .body(Body::Bytes(b"part"))
            .once();
        match http.call(&call) {
            Ok(answer) => assert_eq!(answer.status().as_u16(), 500),
            Err(problem) => assert_eq!(problem.code(), Code::TransferInterrupted),
        }
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn a_redirect_is_followed_and_what_is_secret_stays() {
    let other = Server::new(|_| Reply::new(200).body("there"));
    let to = other.url("/blob?signature=1");
    let server = Server::new(move |request| match request.header("authorization") {
        None => Reply::new(401).header("WWW-Authenticate", "Basic realm=x"),
        Some(_) => Reply::new(307).header("Location", to.clone()),
    });
    let session = server.session_with(
        |name| match name {
            "PKG_REGISTRY_USERNAME" => Some("me".into()),
            "PKG_REGISTRY_PASSWORD" => Some("pw".into()),
            _ => None,
        },
        quick(),
    );
    assert_eq!(get(&session).unwrap(), (200, b"there".to_vec()));
    assert_eq!(server.seen()[1].header("authorization"), Some("Basic bWU6cHc="));
    assert_eq!(other.seen()[0].header("authorization"), None);
    assert_eq!(other.seen()[0].path, "/blob?signature=1");
    // On the registry itself it goes along.
    let server = Server::new(move |request| match request.path.as_str() {
        _ if request.header("authorization").is_none() => {
            Reply::new(401).header("WWW-Authenticate", "Basic realm=x")
        }
        "/there" => Reply::new(200),
        _ => Reply::new(302).header("Location", "/there"),
    });
    let session = server.session_with(
        |name| {
            name.starts_with("PKG_REGISTRY_")
                .then(|| "x".into())
                .filter(|_| !name.ends_with("HOST") && !name.ends_with("TOKEN"))
        },
        quick(),
    );
    assert_eq!(get(&session).unwrap().0, 200);
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn redirects_have_an_end() {
    let circle = Server::new(|request| {
        let next = if request.path == "/b" { "/a" } else { "/b" };
        Reply::new(302).header("Location", next)
    });
    let (code, text) = code_of(&circle.session());
    assert!(code == Code::RegistryInvalid && text.contains("in a circle"), "{text}");
    assert_eq!(circle.seen().len(), 3);
    let chain =
        Server::new(|request| Reply::new(302).header("Location", format!("/{}", request.number)));
    let (code, text) = code_of(&chain.session());
    assert!(code == Code::RegistryInvalid && text.contains("too often"), "{text}");
    assert_eq!(chain.seen().len(), 6);
}

#[test]
fn a_redirect_to_where_nobody_should_go_is_refused() {
    for (to, code) in [
        ("http://example.org/x?token=secret", Code::RegistryNotEncrypted),
        ("http://me:secret@127.0.0.1/x", Code::RegistryInvalid),
        ("file:///etc/secret", Code::RegistryInvalid),
        ("https://[secret", Code::RegistryInvalid),
    ] {
        let server = Server::new(move |_| Reply::new(307).header("Location", to));
        let (found, text) = code_of(&server.session());
        assert_eq!(found, code, "{to}");
        assert!(to.starts_with("file") || !text.contains("secret"), "{text}");
        assert_eq!(server.seen().len(), 1);
    }
    // A body that holds a secret goes nowhere else.
    let server = Server::new(|_| Reply::new(307).header("Location", "/other"));
    let session = server.session();
    let http = Http::new(&session).unwrap();
    let call = Call::new(Method::POST, session.url("x"), Access::Pull)
        .body(Body::Bytes(b"secret"))
        .secret();
    assert_eq!(http.call(&call).unwrap().status().as_u16(), 307);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn others_are_not_spoken_to_in_the_clear() {
    let options = Options { retries: Some(0), ..Options::default() };
    let reference: Reference = "oci://example.org/a".parse().unwrap();
    let session = Session::new(&reference, &options).unwrap();
    assert_eq!(session.url("x"), "https://example.org/v2/a/x");
    let http = Http::new(&session).unwrap();
    let call = Call::new(Method::GET, "http://example.org/v2/a/x", Access::Pull);
    assert_eq!(http.call(&call).unwrap_err().code(), Code::RegistryNotEncrypted);
}
