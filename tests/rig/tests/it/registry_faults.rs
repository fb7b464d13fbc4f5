//! Each fault of the registry shows as it says, and only where it was asked for;
//! who may do what.

use pkg_rig::registry::{Auth, Failure, Fault, Lie, Registry, Settings};
use serde_json::json;
use sigstore_sign::reqwest;

use crate::raw::{Raw, Reply, about, digest, release};

/// A registry with a release `a:v1` of one blob, and a client of it.
fn filled() -> (Registry, Raw, String) {
    let registry = Registry::start();
    let mut client = Raw::to(&registry);
    let blob = client.blob("a", b"0123456789");
    client.manifest("a", "v1", &release(&blob, &blob));
    (registry, client, format!("/v2/a/blobs/{blob}"))
}

#[test]
fn statuses_show_as_often_as_told() {
    let (registry, mut client, blob) = filled();
    registry.fail(Failure::new(Fault::Status(503)).at("/blobs/").times(1));
    registry.fail(Failure::new(Fault::Busy(1)).at("/manifests/").times(1));
    client.ask("GET", &blob).fails(503, "UNKNOWN");
    client.ask("GET", &blob).is(200);
    let busy = client.ask("GET", "/v2/a/manifests/v1");
    assert_eq!(busy.header("Retry-After"), "1");
    busy.fails(429, "TOOMANYREQUESTS");
    client.ask("GET", "/v2/a/manifests/v1").is(200);
    registry.fail(Failure::new(Fault::Denied(403)));
    client.ask("GET", &blob).fails(403, "DENIED");
    registry.heal();
    client.ask("GET", &blob).is(200);
}

#[test]
fn redirects_lead_to_another_port_or_nowhere() {
    let (registry, mut client, blob) = filled();
    registry.fail(Failure::new(Fault::Redirect).at("/blobs/"));
    let reply = client.ask("GET", &blob).is(307);
    let location = reply.header("Location").strip_prefix("http://").unwrap();
    let (host, path) = location.split_once('/').unwrap();
    assert_ne!(host, registry.host());
    let header = [("Authorization", "Bearer x")];
    let had = Raw::at(host).send("GET", &format!("/{path}"), &header, b"").is(200);
    assert_eq!(had.body, b"0123456789");
    let last = registry.log().pop().unwrap();
    assert!(last.elsewhere && last.authorized);
    registry.heal();
    registry.fail(Failure::new(Fault::RedirectLoop).at("/blobs/"));
    let reply = client.ask("GET", &blob).is(307);
    assert_eq!(reply.header("Location"), format!("{}{blob}", registry.url()));
}

#[test]
fn blobs_are_wrong_cut_or_other_parts() {
    let (registry, mut client, blob) = filled();
    let ask = |fault: Fault| -> Reply {
        registry.heal();
        registry.fail(Failure::new(fault));
        Raw::to(&registry).send("GET", &blob, &[("Range", "bytes=2-5")], b"")
    };
    assert_eq!(ask(Fault::WrongContent).is(206).body, b"2355");
    let cut = ask(Fault::Truncated(3)).is(206);
    assert_eq!((&cut.body[..], cut.whole), (&b"234"[..], false));
    let whole = ask(Fault::IgnoreRange).is(200);
    assert_eq!((&whole.body[..], whole.find("Content-Range")), (&b"0123456789"[..], None));
    let other = ask(Fault::WrongContentRange).is(206);
    assert_eq!((other.header("Content-Range"), &other.body[..]), ("bytes 0-3/10", &b"0123"[..]));
    assert_eq!(ask(Fault::Garbage).is(200).body, b"{\"manifests\":[}");
    registry.heal();
    client.ask("GET", &blob).is(200);
}

#[test]
fn an_endless_answer_has_no_length_and_goes_on() {
    let (registry, mut client, blob) = filled();
    registry.fail(Failure::new(Fault::Endless));
    client.begin("GET", &blob, &[]);
    let reply = client.reply(false).is(200);
    assert_eq!(reply.find("Content-Length"), None);
    while registry.log().last().is_some_and(|request| request.sent < 100_000) {
        std::thread::yield_now();
    }
}

#[test]
fn manifests_are_others_or_under_a_wrong_digest() {
    let (registry, mut client, blob) = filled();
    let config = blob.rsplit('/').next().unwrap().to_owned();
    let mut other = release(&config, &config);
    other["annotations"] = json!({"other": "one"});
    registry.fail(Failure::new(Fault::WrongManifest).times(2));
    let target = "/v2/a/manifests/v1";
    let genuine = registry.manifest("a", "v1").unwrap();
    let wrong = client.ask("GET", target).is(200);
    assert_ne!(wrong.body, genuine, "the same in other bytes");
    assert_eq!(wrong.header("Docker-Content-Digest"), digest(&genuine));
    client.manifest("a", "v2", &other);
    assert_eq!(client.ask("GET", target).body, other.to_string().into_bytes());
    registry.fail(Failure::new(Fault::WrongDigestHeader).times(1));
    let wrong = client.ask("GET", target).is(200);
    assert_eq!(wrong.body, genuine);
    assert_ne!(wrong.header("Docker-Content-Digest"), digest(&genuine));
    registry.fail(Failure::new(Fault::NoDigestHeader).times(1));
    assert_eq!(client.ask("HEAD", target).is(200).find("Docker-Content-Digest"), None);
    client.ask("GET", target).is(200).header("Docker-Content-Digest");
}

#[test]
fn referrers_are_missing_or_lies() {
    let (registry, mut client, blob) = filled();
    let config = blob.rsplit('/').next().unwrap().to_owned();
    let subject = registry.tag("a", "v1").unwrap();
    let genuine = client.manifest("a", "", &about(&subject, &config, "x/sig", "1"));
    let foreign = client.manifest("a", "", &about(&digest(b"x"), &config, "x/sig", "2"));
    let target = format!("/v2/a/referrers/{subject}");
    let mut listed = |lie: Lie| {
        registry.heal();
        registry.fail(Failure::new(Fault::Referrers(lie)));
        let reply = client.ask("GET", &target).is(200);
        let json = reply.json();
        let entries = json["manifests"].as_array().unwrap().iter();
        let entries = entries.map(|entry| entry["digest"].as_str().unwrap().to_owned());
        (entries.collect::<Vec<_>>(), reply.find("Link").is_some())
    };
    assert_eq!(listed(Lie::Hides), (vec![], false));
    let (entries, _) = listed(Lie::Foreign);
    assert!(entries.contains(&genuine) && entries.contains(&foreign), "{entries:?}");
    let (entries, _) = listed(Lie::Missing);
    assert!(entries.iter().any(|digest| registry.manifest("a", digest).is_none()));
    let (entries, _) = listed(Lie::OtherDigest);
    assert!(entries.len() == 1 && !entries.contains(&genuine));
    assert_eq!(listed(Lie::EndlessPages), (vec![genuine], true));
    registry.heal();
    registry.fail(Failure::new(Fault::NoReferrersApi));
    client.ask("GET", &target).fails(404, "UNSUPPORTED");
    let manifest = about(&subject, &config, "x/sig", "3").to_string();
    let kind = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")];
    let put = client.send("PUT", "/v2/a/manifests/s", &kind, manifest.as_bytes()).is(201);
    assert_eq!(put.find("OCI-Subject"), None);
}

#[test]
fn uploads_are_forgotten_or_do_not_fit() {
    let (registry, mut client, _) = filled();
    let place = client.session("a");
    client.send("PATCH", &place, &[], b"abc").is(202);
    registry.fail(Failure::new(Fault::FullDisk(507)).on("PATCH").times(1));
    client.send("PATCH", &place, &[], b"def").fails(507, "UNKNOWN");
    assert_eq!(client.ask("GET", &place).header("Range"), "0-2", "nothing of it was kept");
    registry.fail(Failure::new(Fault::ForgetUploads).times(1));
    client.send("PATCH", &place, &[], b"def").fails(404, "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn bodies_are_held_at_a_byte_until_released() {
    let (registry, mut client, blob) = filled();
    registry.fail(Failure::new(Fault::Hold(4)).at("/blobs/").times(1));
    client.begin("GET", &blob, &[]);
    while registry.held() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(registry.log().last().unwrap().sent, 4);
    registry.release();
    assert_eq!(client.reply(false).is(200).body, b"0123456789");

    registry.fail(Failure::new(Fault::Hold(2)).on("PATCH").times(1));
    let place = client.session("a");
    client.begin("PATCH", &place, &[("Content-Length", "5")]);
    client.write(b"01234");
    while registry.held() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(registry.log().last().unwrap().received, 2);
    registry.release();
    assert_eq!(client.reply(false).is(202).header("Range"), "0-4");
}

#[test]
fn basic_authentication_asks_for_name_and_password() {
    let auth = Auth::Basic { user: "ada".to_owned(), password: "secret".to_owned() };
    let registry = Registry::with(Settings { auth, ..Settings::default() });
    let mut client = Raw::to(&registry);
    let refused = client.ask("GET", "/v2/");
    assert!(refused.header("WWW-Authenticate").starts_with("Basic realm="));
    refused.fails(401, "UNAUTHORIZED");
    let wrong = [("Authorization", "Basic YWRhOndyb25n")];
    client.send("GET", "/v2/", &wrong, b"").fails(401, "UNAUTHORIZED");
    client.send("GET", "/v2/", &[("Authorization", "Basic YWRhOnNlY3JldA==")], b"").is(200);
}

#[test]
fn tokens_are_for_scopes_and_a_number_of_requests() {
    let auth = Auth::Bearer {
        user: "ada".to_owned(),
        password: "secret".to_owned(),
        requests: 3,
        anonymous_pull: true,
    };
    let registry = Registry::with(Settings { auth, ..Settings::default() });
    let mut client = Raw::to(&registry);
    let refused = client.ask("POST", "/v2/a/blobs/uploads/");
    let challenge = refused.header("WWW-Authenticate");
    let realm = format!("Bearer realm=\"{}/token\",service=\"registry-rig\"", registry.url());
    assert_eq!(challenge, format!("{realm},scope=\"repository:a:pull,push\""));
    refused.fails(401, "UNAUTHORIZED");

    let basic = [("Authorization", "Basic YWRhOnNlY3JldA==")];
    let target = "/token?service=registry-rig&scope=repository:a:pull,push";
    let reply = client.send("GET", target, &basic, b"").is(200).json();
    let token = format!("Bearer {}", reply["token"].as_str().unwrap());
    let head = [("Authorization", token.as_str())];
    client.send("POST", "/v2/a/blobs/uploads/", &head, b"").is(202);
    let other = client.send("POST", "/v2/b/blobs/uploads/", &head, b"");
    assert!(other.header("WWW-Authenticate").ends_with("error=\"insufficient_scope\""));
    client.send("POST", "/v2/a/blobs/uploads/", &head, b"").is(202);
    let spent = client.send("POST", "/v2/a/blobs/uploads/", &head, b"");
    assert!(spent.header("WWW-Authenticate").ends_with("error=\"invalid_token\""));

    // Nobody in particular may read, and only that.
    let reply = client.ask("GET", target).is(200).json();
    let token = format!("Bearer {}", reply["token"].as_str().unwrap());
    let head = [("Authorization", token.as_str())];
    client.send("GET", "/v2/a/tags/list", &head, b"").fails(404, "NAME_UNKNOWN");
    client.send("POST", "/v2/a/blobs/uploads/", &head, b"").fails(401, "UNAUTHORIZED");

    let form = |form: &str| format!("{form}&service=registry-rig&scope=repository%3Aa%3Apull");
    for grant in [
        "grant_type=password&username=ada&password=secret",
        "grant_type=refresh_token&refresh_token=refresh-secret",
    ] {
        let reply = client.send("POST", "/token", &[], form(grant).as_bytes()).is(200).json();
        assert!(reply["access_token"].is_string());
    }
    let wrong = form("grant_type=refresh_token&refresh_token=x");
    client.send("POST", "/token", &[], wrong.as_bytes()).fails(401, "UNAUTHORIZED");
    let wrong = [("Authorization", "Basic YWRhOndyb25n")];
    client.send("GET", target, &wrong, b"").fails(401, "UNAUTHORIZED");

    let reply = client.send("GET", target, &basic, b"").is(200).json();
    let token = format!("Bearer {}", reply["token"].as_str().unwrap());
    registry.fail(Failure::new(Fault::TokenExpired).times(1));
    let head = [("Authorization", token.as_str())];
    let expired = client.send("GET", "/v2/a/tags/list", &head, b"");
    assert!(expired.header("WWW-Authenticate").ends_with("error=\"invalid_token\""));
}

#[test]
fn an_encrypted_registry_is_trusted_by_its_own_authority_only() {
    let registry = Registry::with(Settings { encrypted: true, ..Settings::default() });
    let get = |client: reqwest::ClientBuilder| {
        let client = client.no_proxy().build().unwrap();
        let request = client.get(format!("{}/v2/", registry.url()));
        crate::client::block_on(request.send()).map(|reply| reply.status().as_u16())
    };
    let own = reqwest::Certificate::from_pem(registry.authority().unwrap().as_bytes()).unwrap();
    assert!(get(reqwest::Client::builder()).is_err());
    assert_eq!(get(reqwest::Client::builder().add_root_certificate(own)).unwrap(), 200);
}
