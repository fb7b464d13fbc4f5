//! The registry against the OCI distribution specification 1.1, endpoint by endpoint
//! (`end-N` are the specification's names).

use pkg_rig::registry::{Registry, Settings};
use serde_json::json;

use crate::raw::{Raw, about, digest, release};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[test]
fn the_base_says_that_this_is_a_registry() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    client.ask("GET", "/v2/").is(200);
    client.ask("GET", "/v1/").fails(404, "UNSUPPORTED");
    client.ask("DELETE", "/v2/").fails(405, "UNSUPPORTED");
}

/// end-2 and end-10.
#[test]
fn blobs_are_had_by_digest_whole_and_in_part() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let blob = client.blob("a/b", b"0123456789");
    let target = format!("/v2/a/b/blobs/{blob}");
    let whole = client.ask("GET", &target).is(200);
    assert_eq!(whole.body, b"0123456789");
    assert_eq!(whole.header("Docker-Content-Digest"), blob);
    let head = client.ask("HEAD", &target).is(200);
    assert_eq!((head.header("Content-Length"), head.body.len()), ("10", 0));
    assert_eq!(head.header("Docker-Content-Digest"), blob);
    for (range, said, body) in [
        ("bytes=2-4", "bytes 2-4/10", &b"234"[..]),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
    ] {
        let part = client.send("GET", &target, &[("Range", range)], b"").is(206);
        assert_eq!((part.header("Content-Range"), &part.body[..]), (said, body));
    }
    client.send("GET", &target, &[("Range", "bytes=10-11")], b"").fails(416, "UNSUPPORTED");
    client.send("GET", &target, &[("Range", "bytes=4-2")], b"").is(200);
    client.send("GET", &target, &[("Range", "lines=1-2")], b"").is(200);

    let other = digest(b"nothing");
    client.ask("GET", &format!("/v2/a/b/blobs/{other}")).fails(404, "BLOB_UNKNOWN");
    client.ask("GET", &format!("/v2/other/blobs/{blob}")).fails(404, "BLOB_UNKNOWN");
    assert_eq!(client.ask("HEAD", &format!("/v2/a/b/blobs/{other}")).status, 404);
    for bad in ["sha256:00", "sha999:aa", "x"] {
        client.ask("GET", &format!("/v2/a/b/blobs/{bad}")).fails(400, "DIGEST_INVALID");
    }
    client.ask("GET", &format!("/v2/A/b/blobs/{blob}")).fails(400, "NAME_INVALID");
    client.ask("GET", &format!("/v2/a/../b/blobs/{blob}")).fails(400, "NAME_INVALID");

    client.ask("DELETE", &target).is(202);
    client.ask("DELETE", &target).fails(404, "BLOB_UNKNOWN");
    client.ask("GET", &target).fails(404, "BLOB_UNKNOWN");
}

/// end-4a, end-5, end-6 and end-13.
#[test]
fn uploads_go_in_chunks_and_in_order() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let begun = client.ask("POST", "/v2/a/blobs/uploads/").is(202);
    let place = begun.header("Location").to_owned();
    assert!(place.contains('?'), "clients have to add to a query: {place}");
    let chunk = |client: &mut Raw, place: &str, range: &str, bytes: &[u8]| {
        client.send("PATCH", place, &[("Content-Range", range)], bytes)
    };
    let first = chunk(&mut client, &place, "0-4", b"01234").is(202);
    assert_eq!(first.header("Range"), "0-4");
    let place = first.header("Location").to_owned();
    chunk(&mut client, &place, "6-7", b"67").fails(416, "BLOB_UPLOAD_INVALID");
    chunk(&mut client, &place, "0-4", b"01234").fails(416, "BLOB_UPLOAD_INVALID");
    chunk(&mut client, &place, "5-4", b"").fails(416, "BLOB_UPLOAD_INVALID");
    chunk(&mut client, &place, "5-9", b"567").fails(400, "SIZE_INVALID");
    let status = client.ask("GET", &place).is(204);
    assert_eq!(status.header("Range"), "0-4", "what was refused changed nothing");
    let place = status.header("Location").to_owned();
    let second = chunk(&mut client, &place, "5-6", b"56").is(202);
    let place = second.header("Location").to_owned();
    // The last chunk comes with the end.
    let blob = digest(b"0123456789");
    let end = format!("{place}&digest={blob}");
    let done = client.send("PUT", &end, &[("Content-Range", "7-9")], b"789").is(201);
    assert_eq!(done.header("Location"), format!("/v2/a/blobs/{blob}"));
    assert_eq!(done.header("Docker-Content-Digest"), blob);
    assert_eq!(client.ask("GET", &format!("/v2/a/blobs/{blob}")).body, b"0123456789");
    client.ask("GET", &place).fails(404, "BLOB_UPLOAD_UNKNOWN");
    client.ask("PATCH", &place).fails(404, "BLOB_UPLOAD_UNKNOWN");
    client.ask("PUT", &end).fails(404, "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn an_upload_whose_content_is_another_is_refused_and_gone() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let place = client.session("a");
    client.send("PATCH", &place, &[], b"one").is(202);
    client.ask("PUT", &place).fails(400, "DIGEST_INVALID");
    let wrong = digest(b"two");
    client.ask("PUT", &format!("{place}&digest={wrong}")).fails(400, "DIGEST_INVALID");
    client.ask("GET", &format!("/v2/a/blobs/{wrong}")).fails(404, "BLOB_UNKNOWN");
    assert!(registry.blobs("a").is_empty());
}

#[test]
fn an_upload_can_be_given_up_and_belongs_to_its_repository() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let place = client.session("a");
    let elsewhere = place.replace("/v2/a/", "/v2/b/");
    client.ask("GET", &elsewhere).fails(404, "BLOB_UPLOAD_UNKNOWN");
    client.ask("DELETE", &place).is(204);
    client.ask("GET", &place).fails(404, "BLOB_UPLOAD_UNKNOWN");
}

/// end-4b, both framings, a body that is not waited for, and a client that goes away.
#[test]
fn bodies_come_in_every_framing_and_what_came_of_a_cut_one_is_kept() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    client.blob("a", &vec![7; 3 << 20]);
    client.blob("a", b"");
    let place = client.session("a");
    let reply = client.chunked("PATCH", &place, &[b"abc", &vec![b'x'; 100_000], b"d"]).is(202);
    assert_eq!(reply.header("Range"), "0-100003");

    let place = client.session("a");
    let head = [("Content-Length", "5"), ("Expect", "100-continue")];
    client.begin("PATCH", &place, &head);
    assert_eq!(client.reply(false).status, 100);
    client.write(b"01234");
    assert_eq!(client.reply(false).is(202).header("Range"), "0-4");

    let mut gone = Raw::to(&registry);
    gone.begin("PATCH", &place, &[("Content-Length", "1000"), ("Content-Range", "5-1004")]);
    gone.write(b"567");
    drop(gone);
    // The session is locked until the server has seen the end of that connection.
    let seen = || {
        let log = registry.log();
        log.iter().rev().find(|r| r.method == "PATCH").is_some_and(|r| r.received == 3)
    };
    while !seen() {
        std::thread::yield_now();
    }
    assert_eq!(client.ask("GET", &place).is(204).header("Range"), "0-7");
    let blob = digest(b"01234567");
    client.ask("PUT", &format!("{place}&digest={blob}")).is(201);
}

/// end-11.
#[test]
fn blobs_are_mounted_or_else_uploaded() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let blob = client.blob("a", b"weights");
    let mount = |from: &str| format!("/v2/b/blobs/uploads/?mount={blob}&from={from}");
    let fallback = client.ask("POST", &mount("nowhere")).is(202);
    assert!(fallback.header("Location").starts_with("/v2/b/blobs/uploads/"));
    let mounted = client.ask("POST", &mount("a")).is(201);
    assert_eq!(mounted.header("Location"), format!("/v2/b/blobs/{blob}"));
    assert_eq!(client.ask("GET", &format!("/v2/b/blobs/{blob}")).body, b"weights");
}

/// end-3, end-7 and end-9.
#[test]
fn manifests_go_in_and_out_by_tag_and_digest() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let config = client.blob("a", b"{}");
    let manifest = release(&config, &config).to_string();
    let put = |client: &mut Raw, name: &str, kind: &str, bytes: &str| {
        let target = format!("/v2/a/manifests/{name}");
        client.send("PUT", &target, &[("Content-Type", kind)], bytes.as_bytes())
    };
    let wanted = digest(manifest.as_bytes());
    let reply = put(&mut client, "v1", MANIFEST, &manifest).is(201);
    assert_eq!(reply.header("Location"), format!("/v2/a/manifests/{wanted}"));
    assert_eq!(reply.header("Docker-Content-Digest"), wanted);
    assert_eq!(reply.find("OCI-Subject"), None);
    put(&mut client, &wanted, MANIFEST, &manifest).is(201);
    for name in ["v1", &wanted] {
        let target = format!("/v2/a/manifests/{name}");
        let had = client.ask("GET", &target).is(200);
        assert_eq!(had.body, manifest.as_bytes(), "byte for byte");
        let head = client.ask("HEAD", &target).is(200);
        for reply in [had, head] {
            assert_eq!(reply.header("Content-Type"), MANIFEST);
            assert_eq!(reply.header("Docker-Content-Digest"), wanted);
            assert_eq!(reply.header("Content-Length"), manifest.len().to_string());
        }
    }
    let other = digest(b"other");
    put(&mut client, &other, MANIFEST, &manifest).fails(400, "DIGEST_INVALID");
    put(&mut client, "v2", MANIFEST, "{").fails(400, "MANIFEST_INVALID");
    put(&mut client, "v2", INDEX, &manifest).fails(400, "MANIFEST_INVALID");
    put(&mut client, "v2", MANIFEST, &release(&config, &other).to_string())
        .fails(404, "MANIFEST_BLOB_UNKNOWN");
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"digest": other}]});
    put(&mut client, "v2", INDEX, &index.to_string()).fails(404, "MANIFEST_BLOB_UNKNOWN");
    let mut large = Raw::to(&registry);
    put(&mut large, "v2", MANIFEST, &" ".repeat(5 << 20)).fails(413, "SIZE_INVALID");
    for (method, name) in [("GET", "v2"), ("GET", &other), ("DELETE", &other), ("GET", "-v")] {
        let target = format!("/v2/a/manifests/{name}");
        client.ask(method, &target).fails(404, "MANIFEST_UNKNOWN");
    }
    assert_eq!(client.ask("HEAD", "/v2/a/manifests/v2").status, 404);
    client.ask("GET", "/v2/none/manifests/v1").fails(404, "MANIFEST_UNKNOWN");
    client.ask("DELETE", "/v2/a/manifests/v1").is(202);
    client.ask("GET", "/v2/a/manifests/v1").fails(404, "MANIFEST_UNKNOWN");
    client.ask("DELETE", &format!("/v2/a/manifests/{wanted}")).is(202);
    client.ask("GET", &format!("/v2/a/manifests/{wanted}")).fails(404, "MANIFEST_UNKNOWN");
}

/// end-8.
#[test]
fn tags_are_listed_in_order_and_in_pages() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    client.ask("GET", "/v2/a/tags/list").fails(404, "NAME_UNKNOWN");
    let config = client.blob("a", b"{}");
    for tag in ["b", "a", "c"] {
        client.manifest("a", tag, &release(&config, &config));
    }
    let all = client.ask("GET", "/v2/a/tags/list").is(200);
    assert_eq!(all.json(), json!({"name": "a", "tags": ["a", "b", "c"]}));
    assert_eq!(all.find("Link"), None);
    let page = client.ask("GET", "/v2/a/tags/list?n=2").is(200);
    assert_eq!(page.json()["tags"], json!(["a", "b"]));
    assert_eq!(page.header("Link"), "</v2/a/tags/list?n=2&last=b>; rel=\"next\"");
    let page = client.ask("GET", "/v2/a/tags/list?n=2&last=b").is(200);
    assert_eq!((page.json()["tags"].clone(), page.find("Link")), (json!(["c"]), None));
}

/// end-12.
#[test]
fn what_refers_to_a_manifest_is_listed_whether_the_subject_is_there_or_not() {
    let registry = Registry::with(Settings { page: 2, ..Settings::default() });
    let mut client = Raw::to(&registry);
    let subject = digest(b"not pushed yet");
    let target = format!("/v2/a/referrers/{subject}");
    let none = client.ask("GET", &target).is(200);
    assert_eq!(none.header("Content-Type"), INDEX);
    assert_eq!(none.json(), json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}));
    client.ask("GET", "/v2/a/referrers/latest").fails(400, "DIGEST_INVALID");

    let config = client.blob("a", b"{}");
    let mut digests = Vec::new();
    for (kind, note) in [("x/sig", "1"), ("x/sig", "2"), ("x/sbom", "3")] {
        let manifest = about(&subject, &config, kind, note).to_string();
        let name = digest(manifest.as_bytes());
        let place = format!("/v2/a/manifests/{name}");
        let head = [("Content-Type", MANIFEST)];
        let reply = client.send("PUT", &place, &head, manifest.as_bytes()).is(201);
        assert_eq!(reply.header("OCI-Subject"), subject);
        digests.push((name, kind, note, manifest.len()));
    }
    client.manifest("a", "", &about(&digest(b"another"), &config, "x/sig", "4"));
    // Without a type of its own, that of the configuration counts.
    let mut plain = about(&subject, &config, "", "5");
    plain.as_object_mut().unwrap().remove("artifactType");
    plain["config"]["mediaType"] = "x/config".into();
    client.manifest("a", "", &plain);

    let (mut found, mut next) = (Vec::new(), Some(target.clone()));
    let mut pages = 0;
    while let Some(target) = next {
        let page = client.ask("GET", &target).is(200);
        found.extend(page.json()["manifests"].as_array().unwrap().clone());
        let link = page.find("Link").map(|link| {
            assert!(link.ends_with(">; rel=\"next\""), "{link}");
            link[1..link.find('>').unwrap()].to_owned()
        });
        (next, pages) = (link, pages + 1);
    }
    assert_eq!((pages, found.len()), (2, 4));
    for (name, kind, note, size) in &digests {
        let entry = found.iter().find(|entry| entry["digest"] == *name).unwrap();
        let wanted = json!({
            "mediaType": MANIFEST, "digest": name, "size": size,
            "artifactType": kind, "annotations": {"note": note},
        });
        assert_eq!(*entry, wanted);
    }
    assert!(found.iter().any(|entry| entry["artifactType"] == "x/config"));

    let filtered = client.ask("GET", &format!("{target}?artifactType=x%2Fsbom")).is(200);
    assert_eq!(filtered.header("OCI-Filters-Applied"), "artifactType");
    let entries = filtered.json()["manifests"].clone();
    assert_eq!(
        (entries.as_array().unwrap().len(), &entries[0]["digest"]),
        (1, &json!(digests[2].0))
    );

    client.ask("DELETE", &format!("/v2/a/manifests/{}", digests[2].0)).is(202);
    let filtered = client.ask("GET", &format!("{target}?artifactType=x%2Fsbom")).is(200);
    assert_eq!(filtered.json()["manifests"], json!([]));
}

#[test]
fn the_log_says_what_went_over_the_wire() {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let blob = client.blob("a", &[1; 1000]);
    let before = registry.log().len();
    let target = format!("/v2/a/blobs/{blob}");
    client.ask("HEAD", &target).is(200);
    client.send("GET", &target, &[("Range", "bytes=10-19")], b"").is(206);
    let all = registry.log();
    assert_eq!((all[0].received, all[0].sent), (1000, 0));
    assert!(all[0].is("POST", &format!("digest={blob}")));
    let log = registry.log_after(before);
    assert_eq!((log[0].sent, log[0].status), (0, Some(200)));
    assert_eq!((log[1].sent, log[1].span()), (10, Some((10, 19))));
    assert_eq!(std::fs::read(registry.blob_path(&blob)).unwrap(), [1; 1000]);
}
