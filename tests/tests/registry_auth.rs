//! Who one is to a registry: stored credentials, helpers, tokens and their end.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use pkg_rig::registry::{Auth, Failure, Fault, Registry, Settings};
use pkg_tests::registry::{PASSWORD, USER, debian_with_password, oci};
use pkg_tests::{Out, Place};
use serde_json::json;

fn bearer(requests: u32, anonymous_pull: bool) -> Registry {
    let (user, password) = (USER.to_owned(), PASSWORD.to_owned());
    let auth = Auth::Bearer { user, password, requests, anonymous_pull };
    Registry::with(Settings { auth, ..Settings::default() })
}

fn basic() -> Registry {
    let auth = Auth::Basic { user: USER.to_owned(), password: PASSWORD.to_owned() };
    Registry::with(Settings { auth, ..Settings::default() })
}

/// Runs with variables of the environment.
fn with(place: &Place, args: &[&str], variables: &[(&str, &Path)]) -> Out {
    let mut command = place.command(args);
    command.arg("--json");
    for (name, value) in variables {
        command.env(name, value);
    }
    let out = place.finish(&mut command);
    for secret in [PASSWORD, "YWRhOnNlY3JldA=="] {
        assert!(!out.stdout.contains(secret) && !out.stderr.contains(secret), "{out:?}");
    }
    out
}

/// Every place where credentials can be, against a registry that asks for them.
fn finds_credentials(host: &str) {
    let place = Place::signed();
    let to = oci(host, "a:v1");
    let push = ["push", "m.pkg", to.as_str()];
    let denied = |out: Out| {
        assert_eq!(out.code, Some(1), "{out:?}");
        assert_eq!(out.codes(), ["registry-denied"], "{out:?}");
    };
    let ok = |out: Out| assert_eq!(out.code, Some(0), "{out:?}");
    denied(with(&place, &push, &[]));
    denied(with(&place, &["show", &to], &[]));
    let wrong = place.credentials("wrong.json", host, USER, "wrong");
    denied(with(&place, &push, &[("REGISTRY_AUTH_FILE", &wrong)]));
    let other = place.credentials("other.json", "registry.example", USER, PASSWORD);
    denied(with(&place, &push, &[("REGISTRY_AUTH_FILE", &other)]));

    let right = place.credentials("docker/config.json", host, USER, PASSWORD);
    ok(with(&place, &push, &[("DOCKER_CONFIG", right.parent().unwrap())]));
    ok(with(&place, &["show", &to], &[("REGISTRY_AUTH_FILE", &right)]));
    place.credentials("home/.docker/config.json", host, USER, PASSWORD);
    ok(with(&place, &["show", &to], &[("HOME", &place.path("home"))]));
    place.credentials("run/containers/auth.json", host, USER, PASSWORD);
    ok(with(&place, &["show", &to], &[("XDG_RUNTIME_DIR", &place.path("run"))]));
    let file = right.to_str().unwrap();
    ok(with(&place, &["verify", &to, "--key", "k.pub", "--registry-auth", file], &[]));
    ok(with(&place, &["pull", &to, "-o", "p.pkg", "--registry-auth", file], &[]));

    let helper = format!(
        "#!/bin/sh\nread host\n[ \"$1 $host\" = 'get {host}' ] || exit 1\n\
         printf '{{\"ServerURL\":\"%s\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}' \"$host\"\n"
    );
    let path = place.path("bin/docker-credential-tests");
    fs::create_dir_all(place.path("bin")).unwrap();
    fs::write(&path, helper).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let search = format!("{}:/usr/bin:/bin", place.path("bin").display());
    for config in [json!({"credHelpers": {host: "tests"}}), json!({"credsStore": "tests"})] {
        let file = place.write_json("helped/config.json", &config);
        let variables = [("DOCKER_CONFIG", file.parent().unwrap()), ("PATH", Path::new(&search))];
        ok(with(&place, &["show", &to], &variables));
    }
    for (name, text) in [("broken.json", "{"), ("odd.json", r#"{"auths":{"HOST":{"auth":"%%"}}}"#)]
    {
        fs::write(place.path(name), text.replace("HOST", host)).unwrap();
        let out = with(&place, &["show", &to, "--registry-auth", name], &[]);
        out.expect("registry-credentials", 2);
    }
    let missing = with(&place, &["show", &to, "--registry-auth", "nowhere.json"], &[]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
}

#[test]
fn basic_credentials_are_found_where_others_keep_them() {
    let registry = basic();
    finds_credentials(&registry.host());
    if let Some(docker) = debian_with_password() {
        finds_credentials(docker.host());
    }
}

#[test]
fn credentials_are_exchanged_for_tokens() {
    let registry = bearer(1000, false);
    finds_credentials(&registry.host());
    let log = registry.log();
    let sent = log.iter().filter(|it| it.authorized && it.target.starts_with("/v2/"));
    assert!(sent.count() > 0);
    assert!(log.iter().any(|it| it.is("GET", "/token") && it.authorized));
}

#[test]
fn an_identity_token_is_refreshed() {
    let place = Place::signed();
    let registry = bearer(1000, false);
    let host = registry.host();
    let token = format!("refresh-{PASSWORD}");
    let config = json!({"auths": {host.as_str(): {"identitytoken": token}}});
    let file = place.write_json("auth.json", &config);
    let to = oci(&host, "a:v1");
    let out = with(&place, &["push", "m.pkg", &to], &[("REGISTRY_AUTH_FILE", &file)]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert!(registry.log().iter().any(|it| it.is("POST", "/token")));
}

#[test]
fn tokens_that_end_are_renewed_in_the_middle() {
    let place = Place::signed();
    let registry = bearer(3, false);
    let to = oci(&registry.host(), "a:v1");
    let file = place.credentials("auth.json", &registry.host(), USER, PASSWORD);
    let variables = [("REGISTRY_AUTH_FILE", file.as_path())];
    let push = ["push", "m.pkg", &to, "--transfers", "1"];
    let out = with(&place, &push, &variables);
    assert_eq!(out.code, Some(0), "{out:?}");
    let tokens = registry.log().iter().filter(|it| it.target.starts_with("/token")).count();
    assert!(tokens > 2, "{tokens}");
    let pull = ["pull", &to, "-o", "p.pkg", "--key", "k.pub", "--transfers", "1"];
    let out = with(&place, &pull, &variables);
    assert_eq!(out.code, Some(0), "{out:?}");
    place.same_layouts("m.pkg", "p.pkg");

    let registry = bearer(1000, false);
    let to = oci(&registry.host(), "a:v1");
    let file = place.credentials("auth.json", &registry.host(), USER, PASSWORD);
    registry.fail(Failure::new(Fault::TokenExpired).on("PUT").times(1));
    let variables = [("REGISTRY_AUTH_FILE", file.as_path())];
    let out = with(&place, &["push", "m.pkg", &to], &variables);
    assert_eq!(out.code, Some(0), "{out:?}");
}

#[test]
fn reading_in_public_needs_no_credentials_and_writing_does() {
    let place = Place::signed();
    let registry = bearer(1000, true);
    let to = oci(&registry.host(), "a:v1");
    let push = ["push", "m.pkg", &to];
    let out = with(&place, &push, &[]);
    assert_eq!((out.code, out.codes()), (Some(1), vec!["registry-denied".to_owned()]));
    let file = place.credentials("auth.json", &registry.host(), USER, PASSWORD);
    let out = with(&place, &push, &[("REGISTRY_AUTH_FILE", &file)]);
    assert_eq!(out.code, Some(0), "{out:?}");
    let out = with(&place, &["pull", &to, "-o", "p.pkg", "--key", "k.pub"], &[]);
    assert_eq!(out.code, Some(0), "{out:?}");
}

#[test]
fn credentials_go_to_no_other_host_by_redirect() {
    let place = Place::signed();
    for registry in [basic(), bearer(1000, false)] {
        let to = oci(&registry.host(), "a:v1");
        let file = place.credentials("auth.json", &registry.host(), USER, PASSWORD);
        let variables = [("REGISTRY_AUTH_FILE", file.as_path())];
        assert_eq!(with(&place, &["push", "m.pkg", &to], &variables).code, Some(0));
        registry.fail(Failure::new(Fault::Redirect).on("GET").at("/blobs/"));
        let out = with(&place, &["pull", &to, "-o", "p.pkg", "--key", "k.pub"], &variables);
        assert_eq!(out.code, Some(0), "{out:?}");
        let log = registry.log();
        let elsewhere: Vec<_> = log.iter().filter(|it| it.elsewhere).collect();
        assert!(!elsewhere.is_empty());
        assert!(elsewhere.iter().all(|it| !it.authorized), "{elsewhere:#?}");
        fs::remove_dir_all(place.path("p.pkg")).unwrap();
    }
}
