//! Manifests, tags, small blobs and lists of referrers, from registries good and bad.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::Repository;
use super::referrers::fallback_tag;
use super::repository::INDEX;
use super::scripted::{NAME, Reply, Request, Server};
use crate::finding::{Code, Problem};
use crate::model::digest::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LIMIT: u64 = 1 << 20;

fn subject() -> Digest {
    Digest::of(b"subject")
}

/// The descriptor of a referrer.
fn entry(name: &str) -> Value {
    json!({
        "mediaType": MANIFEST,
        "digest": Digest::of(name.as_bytes()).to_string(),
        "size": 7,
        "artifactType": "application/x-test",
        "annotations": { "name": name },
    })
}

fn index(entries: &[Value]) -> String {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string()
}

fn always(reply: Reply) -> Server {
    Server::new(move |_| reply.clone())
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> Code {
    result.unwrap_err().code()
}

#[test]
fn a_manifest_comes_by_tag_and_by_digest() {
    let bytes = b"{\"manifest\":1}";
    let digest = Digest::of(bytes);
    let reply = Reply::new(200)
        .header("Content-Type", format!("{MANIFEST}; charset=utf-8"))
        .body(bytes.as_slice());
    for reply in [reply.clone(), reply.header("Docker-Content-Digest", digest.to_string())] {
        let server = always(reply);
        let repository = server.repository();
        for name in ["v1".to_owned(), digest.to_string()] {
            let fetched = repository.manifest(&name, LIMIT).unwrap().unwrap();
            assert_eq!((fetched.digest, fetched.bytes.as_slice()), (digest, bytes.as_slice()));
            assert_eq!(fetched.media_type, MANIFEST);
        }
        let lines = server.lines();
        assert_eq!(lines, ["GET manifests/v1".to_owned(), format!("GET manifests/{digest}")]);
        assert!(server.seen()[0].header("accept").is_some_and(|text| text.contains(MANIFEST)));
        assert_eq!(repository.transferred(), (28, 0));
    }
    let none = always(Reply::new(404).body("no"));
    assert_eq!(none.repository().manifest("v1", LIMIT).unwrap(), None);
}

#[test]
fn what_is_another_manifest_than_it_should_be_is_refused() {
    let other = Digest::of(b"other").to_string();
    let plain = Reply::new(200).body("{}");
    let repository = |reply: Reply| {
        let server = always(reply);
        let repository = server.repository();
        (server, repository)
    };
    let (_server, ours) = repository(plain.clone());
    assert_eq!(code(ours.manifest(&other, LIMIT)), Code::RegistryInvalid);
    for digest in [other.as_str(), "sha256:zz", "", "md5:00"] {
        let reply = plain.clone().header("Docker-Content-Digest", digest);
        let (_server, ours) = repository(reply);
        assert_eq!(code(ours.manifest("v1", LIMIT)), Code::RegistryInvalid, "{digest:?}");
    }
    // Of another algorithm there is nothing to be compared.
    let (_server, ours) = repository(plain.clone().header("Docker-Content-Digest", "sha512:00"));
    assert!(ours.manifest("v1", LIMIT).unwrap().is_some());
    let (_server, ours) = repository(plain);
    assert_eq!(code(ours.manifest("v1", 1)), Code::RegistryInvalid);
    for name in ["", "../x", "a/b", "v1?x", "sha256:00", "-x"] {
        assert_eq!(code(ours.manifest(name, LIMIT)), Code::RegistryReference, "{name}");
        assert_eq!(code(ours.resolve(name)), Code::RegistryReference, "{name}");
        assert_eq!(code(ours.put_manifest(name, INDEX, b"{}")), Code::RegistryReference);
    }
}

#[test]
fn a_manifest_that_is_cut_is_asked_for_again() {
    let server = Server::new(|request| match request.number {
        0 => Reply::new(200).claims(2).body("{"),
        _ => Reply::new(200).body("{}"),
    });
    assert_eq!(server.repository().manifest("v1", LIMIT).unwrap().unwrap().bytes, b"{}");
    let server = always(Reply::new(200).claims(2).body("{"));
    assert_eq!(code(server.repository().manifest("v1", LIMIT)), Code::TransferInterrupted);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn refusals_have_names() {
    for (status, expected) in [
        (400, Code::RegistryRefused),
        (401, Code::RegistryDenied),
        (403, Code::RegistryDenied),
        (302, Code::RegistryRefused),
    ] {
        let server = always(Reply::new(status));
        let ours = server.repository();
        let digest = subject();
        assert_eq!(code(ours.manifest("v1", LIMIT)), expected, "{status}");
        assert_eq!(code(ours.resolve("v1")), expected, "{status}");
        assert_eq!(code(ours.put_manifest("v1", INDEX, b"{}")), expected, "{status}");
        assert_eq!(code(ours.blob(&digest, 1, LIMIT)), expected, "{status}");
        assert_eq!(code(ours.has_blob(&digest, 1)), expected, "{status}");
        assert_eq!(code(ours.referrers(&digest, 9)), expected, "{status}");
        assert_eq!(code(ours.add_referrer(&digest, &entry("a"))), expected, "{status}");
    }
    let server = always(Reply::new(404));
    let problem = server.repository().put_manifest("v1", INDEX, b"{}").unwrap_err();
    assert_eq!(problem.code(), Code::RegistryNotFound);
}

#[test]
fn a_tag_is_resolved() {
    let bytes = b"{}";
    let digest = Digest::of(bytes);
    let said = Reply::new(200).header("Docker-Content-Digest", digest.to_string());
    let server = always(said.clone());
    let ours = server.repository();
    assert_eq!(ours.resolve("v1").unwrap(), Some(digest));
    assert_eq!(ours.resolve(&digest.to_string()).unwrap(), Some(digest));
    assert_eq!(code(ours.resolve(&subject().to_string())), Code::RegistryInvalid);
    assert_eq!(server.lines()[0], "HEAD manifests/v1");
    for head in [Reply::new(200), Reply::new(405)] {
        let server = Server::new(move |request| match request.method.as_str() {
            "HEAD" => head.clone(),
            _ => Reply::new(200).body(bytes.as_slice()),
        });
        assert_eq!(server.repository().resolve("v1").unwrap(), Some(digest));
        assert_eq!(server.lines(), ["HEAD manifests/v1", "GET manifests/v1"]);
    }
    assert_eq!(always(Reply::new(404)).repository().resolve("v1").unwrap(), None);
}

#[test]
fn a_manifest_is_put_and_the_answer_is_checked() {
    let bytes = b"{\"x\":1}";
    let digest = Digest::of(bytes).to_string();
    let created = Reply::new(201).header("Docker-Content-Digest", digest.clone());
    let server = always(created.clone().header("OCI-Subject", subject().to_string()));
    let ours = server.repository();
    assert!(ours.put_manifest("v1", MANIFEST, bytes).unwrap().subject_kept);
    let seen = &server.seen()[0];
    assert_eq!((seen.line().as_str(), seen.body.as_slice()), ("PUT manifests/v1", &bytes[..]));
    assert_eq!(seen.header("content-type"), Some(MANIFEST));
    assert_eq!(ours.transferred(), (0, 7));
    let server = always(created);
    assert!(!server.repository().put_manifest(&digest, MANIFEST, bytes).unwrap().subject_kept);
    let lies = Reply::new(201).header("Docker-Content-Digest", subject().to_string());
    let server = always(lies);
    assert_eq!(
        code(server.repository().put_manifest("v1", MANIFEST, bytes)),
        Code::RegistryInvalid
    );
    // Nothing is sent under the digest of something else.
    let server = always(Reply::new(201));
    let wrong = server.repository().put_manifest(&subject().to_string(), MANIFEST, bytes);
    assert_eq!(code(wrong), Code::Internal);
    assert!(server.seen().is_empty());
}

#[test]
fn a_small_blob_is_checked() {
    let digest = subject();
    let server = always(Reply::new(200).body("subject"));
    let ours = server.repository();
    assert_eq!(ours.blob(&digest, 7, 7).unwrap(), b"subject");
    assert_eq!(server.lines(), [format!("GET blobs/{digest}")]);
    assert_eq!(code(ours.blob(&digest, 7, 6)), Code::MetadataTooLarge);
    assert_eq!(code(ours.blob(&digest, 6, 7)), Code::RegistryInvalid);
    assert_eq!(code(ours.blob(&Digest::of(b"x"), 7, 7)), Code::DigestMismatch);
    assert_eq!(code(always(Reply::new(404)).repository().blob(&digest, 7, 7)), Code::MissingBlob);
}

#[test]
fn a_blob_is_there_or_not() {
    let digest = subject();
    let has = |reply: Reply| always(reply).repository().has_blob(&digest, 7);
    assert!(has(Reply::new(200).claims(7)).unwrap());
    // Some say 0 of everything.
    assert!(has(Reply::new(200)).unwrap());
    assert!(!has(Reply::new(404)).unwrap());
    assert_eq!(code(has(Reply::new(200).claims(8))), Code::RegistryInvalid);
}

#[test]
fn a_list_of_referrers_has_pages() {
    let path = format!("referrers/{}", subject());
    let server = Server::new(move |request| {
        let page = Reply::new(200).header("Content-Type", INDEX);
        match request.path.split_once("?page=").map(|(_, page)| page) {
            None => page
                .header("Link", format!("</v2/{NAME}/{path}?page=2>; rel=\"next\""))
                .body(index(&[entry("a"), entry("b")])),
            // Pages overlap; one is empty; the address is relative.
            Some("2") => page
                .header("Link", "<?page=1>; rel=prev, <?page=3>; title=x; rel=\"last next\"")
                .body(index(&[entry("b")])),
            Some("3") => page.header("Link", "<?page=4>; rel=next").body(index(&[])),
            _ => page.header("Link", "<?page=1>; rel=first").body(index(&[entry("c")])),
        }
    });
    let ours = server.repository();
    let found = ours.referrers(&subject(), 3).unwrap();
    assert_eq!(found.manifests, [entry("a"), entry("b"), entry("c")]);
    assert!(!found.by_tag);
    assert_eq!(server.seen().len(), 4);
    assert_eq!(code(ours.referrers(&subject(), 2)), Code::RegistryInvalid);
}

#[test]
fn a_list_of_referrers_has_an_end() {
    let page = |link: String| Reply::new(200).header("Link", link).body(index(&[]));
    let circle = always(page("<?page=1>; rel=next".into()));
    let problem = circle.repository().referrers(&subject(), 9).unwrap_err();
    assert!(problem.to_string().contains("in a circle"), "{problem}");
    assert_eq!(circle.seen().len(), 2);
    let long = Server::new(move |request| page(format!("<?page={}>; rel=next", request.number)));
    let problem = long.repository().referrers(&subject(), 9).unwrap_err();
    assert!(problem.to_string().contains("pages"), "{problem}");
    assert_eq!(long.seen().len(), 200);
    let other = Server::new(|_| Reply::new(200).body(index(&[])));
    for link in [other.url("/x"), "https://example.org/x?token=secret".into(), "http://[".into()] {
        let server = always(page(format!("<{link}>; rel=\"next\"")));
        let problem = server.repository().referrers(&subject(), 9).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryInvalid);
        assert!(problem.to_string().contains("elsewhere"), "{problem}");
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }
    assert!(other.seen().is_empty());
    // A page that is not there is no end.
    let server = Server::new(move |request| match request.number {
        0 => page("<?page=2>; rel=next".into()),
        _ => Reply::new(404),
    });
    assert_eq!(code(server.repository().referrers(&subject(), 9)), Code::RegistryInvalid);
}

#[test]
fn a_list_that_is_none_is_refused() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut entry = entry("a");
        change(&mut entry);
        index(&[entry])
    };
    // What others refer with by another algorithm is theirs to read.
    let foreign = with(&|entry| entry["digest"] = format!("sha512:{}", "a".repeat(128)).into());
    let server = always(Reply::new(200).body(foreign));
    assert_eq!(server.repository().referrers(&subject(), 9).unwrap().manifests.len(), 1);
    for (body, why) in [
        ("<html>".to_owned(), "no JSON"),
        ("[]".into(), "no JSON"),
        ("{}".into(), "schemaVersion"),
        (r#"{"schemaVersion":2}"#.into(), "no manifests"),
        (r#"{"schemaVersion":2,"mediaType":"a/b","manifests":[]}"#.into(), "media type"),
        (r#"{"schemaVersion":2,"manifests":{}}"#.into(), "no manifests"),
        (r#"{"schemaVersion":2,"manifests":[7]}"#.into(), "is no object"),
        (with(&|entry| entry["digest"] = "sha256:00".into()), "no digest"),
        (with(&|entry| entry["digest"] = "../x".into()), "no digest"),
        (with(&|entry| entry["size"] = json!(-1)), "no size"),
        (with(&|entry| entry["size"] = json!(u64::MAX)), "no size"),
        (with(&|entry| entry["mediaType"] = "x".into()), "no media type"),
        (with(&|entry| entry["mediaType"] = "a/b\u{1b}".into()), "no media type"),
        (with(&|entry| entry["artifactType"] = json!(1)), "artifact type"),
        (with(&|entry| entry["annotations"] = json!({"a": 1})), "annotations"),
        (with(&|entry| entry["annotations"]["name"] = "x".repeat(40_000).into()), "too long"),
        (format!("{}{}", "[".repeat(9000), "]".repeat(9000)), "no JSON"),
    ] {
        // In the list, and under the tag that stands in for it.
        let (list, tag) = (body.clone(), body.clone());
        let server = always(Reply::new(200).body(list));
        let problem = server.repository().referrers(&subject(), 9).unwrap_err();
        assert_eq!(problem.code(), Code::RegistryInvalid, "{body}");
        assert!(problem.to_string().contains(why), "{why}: {problem}");
        let server = Server::new(move |request| match request.line() {
            line if line.contains("/sha256-") => Reply::new(200).body(tag.clone()),
            _ => Reply::new(404),
        });
        assert_eq!(code(server.repository().referrers(&subject(), 9)), Code::RegistryInvalid);
        // What is not understood is not written over.
        let ours = server.repository();
        assert_eq!(code(ours.add_referrer(&subject(), &entry("b"))), Code::RegistryInvalid);
        assert!(server.seen().iter().all(|seen| seen.method == "GET"));
    }
    let huge = always(Reply::new(200).body(vec![b' '; 64 << 10]).endless());
    assert_eq!(code(huge.repository().referrers(&subject(), 9)), Code::RegistryInvalid);
}

#[test]
fn a_tag_stands_in_for_the_list() {
    let server = Server::new(|request| match request.line() {
        line if line.starts_with("GET referrers/") => Reply::new(404),
        _ => Reply::new(200).header("Content-Type", INDEX).body(index(&[entry("a"), entry("b")])),
    });
    let ours = server.repository();
    let found = ours.referrers(&subject(), 2).unwrap();
    assert_eq!((found.manifests, found.by_tag), (vec![entry("a"), entry("b")], true));
    assert_eq!(server.lines()[1], format!("GET manifests/sha256-{}", subject().hex()));
    assert_eq!(code(ours.referrers(&subject(), 1)), Code::RegistryInvalid);
    let none = always(Reply::new(404)).repository().referrers(&subject(), 9).unwrap();
    assert!(none.manifests.is_empty() && none.by_tag);
    // Somebody else's tag.
    let image = Reply::new(200).header("Content-Type", MANIFEST).body(index(&[]));
    let server = Server::new(move |request| match request.line() {
        line if line.starts_with("GET referrers/") => Reply::new(404),
        _ => image.clone(),
    });
    assert_eq!(code(server.repository().referrers(&subject(), 9)), Code::RegistryInvalid);
}

/// A registry without a list, that keeps manifests under tags.
struct Tags {
    server: Server,
    kept: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Tags {
    /// `meddle` may change what is kept, before each request is answered.
    fn new(
        meddle: impl Fn(&Request, &mut BTreeMap<String, Vec<u8>>) + Send + Sync + 'static,
    ) -> Self {
        let kept: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let tags = Arc::clone(&kept);
        let server = Server::new(move |request| {
            let mut tags = tags.lock().unwrap();
            meddle(request, &mut tags);
            let line = request.line();
            let Some(name) = line.split_once(" manifests/").map(|(_, name)| name.to_owned()) else {
                return Reply::new(404);
            };
            match request.method.as_str() {
                "PUT" => {
                    tags.insert(name, request.body.clone());
                    Reply::new(201)
                }
                _ => tags.get(&name).map_or_else(
                    || Reply::new(404),
                    |bytes| Reply::new(200).header("Content-Type", INDEX).body(bytes.clone()),
                ),
            }
        });
        Self { server, kept }
    }

    fn put(&self, entries: &[Value]) {
        self.kept.lock().unwrap().insert(fallback_tag(&subject()), index(entries).into_bytes());
    }

    fn entries(&self) -> Vec<Value> {
        let bytes = self.kept.lock().unwrap()[&fallback_tag(&subject())].clone();
        let mut index: Value = serde_json::from_slice(&bytes).unwrap();
        index["manifests"].as_array_mut().unwrap().drain(..).collect()
    }

    fn puts(&self) -> usize {
        self.server.seen().iter().filter(|seen| seen.method == "PUT").count()
    }
}

#[test]
fn an_entry_is_added_beside_those_of_others() {
    let tags = Tags::new(|_, _| {});
    let ours = tags.server.repository();
    for name in ["a", "b", "a"] {
        ours.add_referrer(&subject(), &entry(name)).unwrap();
    }
    assert_eq!(tags.entries(), [entry("a"), entry("b")]);
    assert_eq!(tags.puts(), 2, "what is there is not written again");
    // What else an index says stays.
    let with = json!({"schemaVersion": 2, "annotations": {"x": "y"}, "manifests": [entry("c")]});
    tags.kept.lock().unwrap().insert(fallback_tag(&subject()), with.to_string().into_bytes());
    ours.add_referrer(&subject(), &entry("d")).unwrap();
    assert_eq!(tags.entries(), [entry("c"), entry("d")]);
    let kept = tags.kept.lock().unwrap()[&fallback_tag(&subject())].clone();
    assert!(String::from_utf8(kept).unwrap().contains(r#""annotations":{"x":"y"}"#));
    let wrong = json!({"mediaType": "a/b"});
    assert_eq!(code(ours.add_referrer(&subject(), &wrong)), Code::Internal);
}

#[test]
fn an_entry_that_somebody_writes_over_is_put_back_and_theirs_is_kept() {
    // Another one, who read before we wrote, writes after we looked.
    for at in [2, 3] {
        let tags = Tags::new(move |request, tags| {
            if request.number == at {
                let other = index(&[entry("old"), entry("theirs")]);
                tags.insert(fallback_tag(&subject()), other.into_bytes());
            }
        });
        tags.put(&[entry("old")]);
        tags.server.repository().add_referrer(&subject(), &entry("ours")).unwrap();
        assert_eq!(tags.entries(), [entry("old"), entry("theirs"), entry("ours")], "{at}");
        assert_eq!(tags.puts(), 2);
    }
    // One that loses what was there before.
    let tags = Tags::new(move |request, tags| {
        if request.number == 2 {
            tags.insert(fallback_tag(&subject()), index(&[entry("theirs")]).into_bytes());
        }
    });
    tags.put(&[entry("old")]);
    tags.server.repository().add_referrer(&subject(), &entry("ours")).unwrap();
    let mut found: Vec<String> = tags.entries().iter().map(Value::to_string).collect();
    let mut all = [entry("old"), entry("ours"), entry("theirs")].map(|entry| entry.to_string());
    found.sort();
    all.sort();
    assert_eq!(found, all);
}

#[test]
fn who_never_gets_through_is_told() {
    // Each write is lost.
    let tags = Tags::new(|_, tags| tags.clear());
    let problem = tags.server.repository().add_referrer(&subject(), &entry("a")).unwrap_err();
    assert_eq!(problem.code(), Code::RegistryRefused);
    assert_eq!(tags.puts(), 8);
}

#[test]
fn threads_that_share_a_repository_lose_nothing() {
    let tags = Tags::new(|_, _| {});
    let ours: Repository = tags.server.repository();
    let names = ["a", "b", "c", "d"];
    std::thread::scope(|scope| {
        for name in names {
            scope.spawn(|| ours.add_referrer(&subject(), &entry(name)).unwrap());
        }
    });
    let found = tags.entries();
    assert!(names.iter().all(|name| found.contains(&entry(name))), "{found:?}");
    assert_eq!(tags.puts(), names.len());
}

#[test]
fn a_manifest_is_put_again_while_its_blobs_are_not_known_yet() {
    let unknown = r#"{"errors":[{"code":"DIGEST_INVALID","message":"x"},{"code":"MANIFEST_BLOB_UNKNOWN","message":"y"}]}"#;
    for (failures, good) in [(2, true), (usize::MAX, false)] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::new(move |_| {
            if asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < failures {
                Reply::new(400).body(unknown.as_bytes())
            } else {
                Reply::new(201)
            }
        });
        let put = server.repository().put_manifest("v1", MANIFEST, b"{}");
        assert_eq!(put.as_ref().err().map(Problem::code), (!good).then_some(Code::RegistryRefused));
        assert_eq!(server.lines().len(), if good { 3 } else { 4 });
    }
}
