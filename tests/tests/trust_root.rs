//! `pkg trust`: fetching roots by TUF, their age, and which one is used.

use std::fs;

use pkg_rig::{Failure, Fault, Rig, Service, TokenSpec, TufRole};
use pkg_tests::keyless::{ADA, Keyless};
use pkg_tests::{Out, Place};

fn update(place: &Place, rig: &Rig) -> Out {
    fs::write(place.path("tuf-root.json"), rig.tuf_root()).unwrap();
    let url = rig.tuf_url();
    place.run(&["trust", "update", "--mirror", &url, "--root", "tuf-root.json", "--json"])
}

#[test]
fn a_fetched_root_verifies_what_the_instance_signed() {
    let test = Keyless::new(Place::packed());
    assert_eq!(test.sign(&TokenSpec::email(ADA), 2).code, Some(0));
    let out = update(&test.place, &test.rig);
    assert_eq!(out.code, Some(0), "{out:?}");
    let result = &out.json()["result"];
    assert_eq!(result["changed"], true);
    let path = result["path"].as_str().unwrap();
    test.place.ok(&["verify", "m.pkg", "--identity", ADA, "--trusted-root", path]);
    let shown = test.place.ok(&["trust", "show", "--trusted-root", path]).stdout;
    assert!(shown.contains(test.rig.url()) && shown.contains("timestamps"), "{shown}");
    let again = update(&test.place, &test.rig);
    assert_eq!(again.json()["result"]["changed"], false);
    assert!(result["signingConfig"].is_string());
}

#[test]
fn what_the_repository_may_not_say_is_refused_and_the_cache_stays() {
    type Trick = fn(&Rig);
    let tricks: [(Trick, &str, i32); 7] = [
        (Rig::tuf_expire_timestamp, "tuf-expired", 14),
        (|rig| rig.tuf_forge(TufRole::Timestamp), "tuf-signature", 14),
        (|rig| rig.tuf_forge(TufRole::Snapshot), "tuf-signature", 14),
        (|rig| rig.tuf_forge(TufRole::Targets), "tuf-signature", 14),
        (
            |rig| rig.fail_with(Some(Failure::new(Fault::ServerError).at(Service::Tuf))),
            "tuf-unreachable",
            1,
        ),
        (
            |rig| rig.fail_with(Some(Failure::new(Fault::EndlessBody).at(Service::Tuf))),
            "tuf-unreachable",
            1,
        ),
        (
            |rig| rig.fail_with(Some(Failure::new(Fault::Redirect).at(Service::Tuf))),
            "tuf-unreachable",
            1,
        ),
    ];
    for (trick, code, exit) in tricks {
        let (place, rig) = (Place::new(), Rig::start());
        let first = update(&place, &rig);
        assert_eq!(first.code, Some(0), "{first:?}");
        let path = first.json()["result"]["path"].as_str().unwrap().to_owned();
        let before = fs::read(&path).unwrap();
        trick(&rig);
        update(&place, &rig).expect(code, exit);
        assert_eq!(fs::read(&path).unwrap(), before, "{code}");
    }
}

#[test]
fn an_older_state_and_a_foreign_root_are_refused() {
    let (place, rig) = (Place::new(), Rig::start());
    let earlier = rig.tuf_version();
    rig.tuf_publish(pkg_rig::TufRelease::default());
    assert_eq!(update(&place, &rig).code, Some(0));
    rig.tuf_roll_back(earlier);
    update(&place, &rig).expect("tuf-rollback", 14);
    let other = Rig::start();
    fs::write(place.path("other.json"), other.tuf_root()).unwrap();
    let url = rig.tuf_url();
    let args = ["trust", "update", "--mirror", &url, "--root", "other.json"];
    place.finds(&args, "tuf-signature", 14);
    fs::write(place.path("other.json"), "{}").unwrap();
    place.finds(&args, "tuf-refused", 14);
    let plain = ["trust", "update", "--mirror", "http://example.org", "--root", "tuf-root.json"];
    place.finds(&plain, "usage", 2);
}

#[test]
fn ages_are_shown_and_can_be_limited() {
    let place = Place::new();
    let json = place.ok(&["trust", "show", "--json"]).json();
    assert_eq!(json["result"]["origin"], "the built-in root");
    assert!(json["result"]["ageDays"].as_i64().unwrap() >= 0);
    let test = Keyless::new(Place::packed());
    assert_eq!(test.sign(&TokenSpec::email(ADA), 1).code, Some(0));
    let stale = ["verify", "m.pkg", "--identity", ADA, "--max-root-age", "0"];
    test.place.finds(&stale, "trust-root-stale", 14);
    let given = [&stale[..], &["--trusted-root", "root.json"]].concat();
    test.place.ok(&given);
}

#[test]
fn a_cache_that_was_changed_is_not_used() {
    use sha2::Digest as _;
    let place = Place::packed();
    let digest = sha2::Sha256::digest(b"https://tuf-repo-cdn.sigstore.dev");
    let name: Vec<String> = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = place.path(".cache/trust").join(name.concat());
    fs::create_dir_all(&folder).unwrap();
    let root = Rig::start().trusted_root().to_string();
    let meta = |digest: &str| {
        format!(
            r#"{{"url":"https://tuf-repo-cdn.sigstore.dev","fetched":"2026-11-01T00:00:00Z","rootVersion":9,"digest":"{digest}"}}"#
        )
    };
    let hex = |bytes: &[u8]| -> String {
        sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    fs::write(folder.join("trusted_root.json"), &root).unwrap();
    fs::write(folder.join("meta.json"), meta(&format!("sha256:{}", hex(root.as_bytes())))).unwrap();
    let shown = place.ok(&["trust", "show", "--json"]).json();
    assert!(
        shown["result"]["origin"].as_str().unwrap().ends_with("trusted_root.json"),
        "{shown:#}"
    );
    fs::write(folder.join("trusted_root.json"), root.replace("SHA2_256", "SHA2_512")).unwrap();
    place.finds(&["trust", "show"], "trust-root-invalid", 14);
    fs::write(folder.join("meta.json"), "{").unwrap();
    place.finds(&["trust", "show"], "trust-root-invalid", 14);
}
