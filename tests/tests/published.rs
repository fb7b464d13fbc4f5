//! Signatures by keys with a log entry, a timestamp, or both.

use std::fs;

use pkg_rig::{Failure, Fault, Service, TokenSpec};
use pkg_tests::keyless::Keyless;
use pkg_tests::{Out, Place};
use serde_json::Value;

/// A rig beside an unsigned bundle, and keys of every kind.
fn test() -> Keyless {
    let place = Place::packed();
    for algorithm in ["ecdsa-p256", "ed25519"] {
        place.ok(&["keygen", "--no-passphrase", "--algorithm", algorithm, "-o", algorithm]);
    }
    Keyless::new(place)
}

fn sign(test: &Keyless, algorithm: &str, rekor: u32, more: &[&str]) -> Out {
    let (key, config) = (format!("{algorithm}.key"), format!("trust{rekor}.json"));
    let base = ["sign", "m.pkg", "--key", &key, "--trust-config", &config, "--json"];
    test.place.run(&[&base[..], more].concat())
}

fn verified(test: &Keyless, algorithm: &str) -> Value {
    let key = format!("{algorithm}.pub");
    let args = ["verify", "m.pkg", "--key", &key, "--trusted-root", "root.json", "--json"];
    let out = test.place.ok(&args).json();
    let signatures = out["result"]["signatures"].as_array().unwrap();
    let release =
        signatures.iter().find(|one| one["about"] == "release" && one["standing"] == "verified");
    release.unwrap_or_else(|| panic!("{out:#}")).clone()
}

#[test]
fn a_key_signature_is_logged_and_timestamped() {
    for (algorithm, rekor, more) in [
        ("ecdsa-p256", 1, &["--log"][..]),
        ("ecdsa-p256", 1, &["--log", "--timestamp"]),
        ("ed25519", 1, &["--log"]),
        ("ecdsa-p256", 2, &["--log", "--timestamp"]),
        ("ecdsa-p256", 2, &["--timestamp"]),
        ("ed25519", 1, &["--timestamp"]),
    ] {
        let test = test();
        let out = sign(&test, algorithm, rekor, more);
        assert_eq!(out.code, Some(0), "{algorithm} {rekor} {more:?}: {out:?}");
        let signature = verified(&test, algorithm);
        assert_eq!(signature["logged"], more.contains(&"--log"), "{signature:#}");
        assert!(!signature["times"].as_array().unwrap().is_empty(), "{signature:#}");
        // Without the root of the instance, its evidence cannot be judged.
        let key = format!("{algorithm}.pub");
        let elsewhere = ["verify", "m.pkg", "--key", &key, "--trusted-root", "other-root.json"];
        assert_eq!(test.place.run(&elsewhere).code, Some(10));
        test.place.ok(&["unpack", "m.pkg", "out"]);
        test.place.ok(&["verify", "out", "--key", &key, "--trusted-root", "root.json"]);
    }
}

#[test]
fn keys_that_a_log_does_not_take_are_refused_before_anything_is_attached() {
    let test = test();
    sign(&test, "ed25519", 2, &["--log"]).expect("log-key-kind", 2);
    sign(&test, "ecdsa-p256", 1, &["--log", "--offline"]).expect("network-left-out", 2);
    let keyless = ["sign", "m.pkg", "--keyless", "--log"];
    assert_eq!(test.place.run(&keyless).code, Some(2));
    test.place.finds(&["verify", "m.pkg", "--key", "ed25519.pub"], "unsigned", 12);
}

#[test]
fn services_that_answer_wrongly_leave_the_bundle_as_it_was() {
    let test = test();
    let before = fs::read(test.place.path("m.pkg/index.json")).unwrap();
    for (rekor, service, fault, code, exit) in [
        (1, Service::RekorV1, Fault::OtherEntry, "log-entry-mismatch", 10),
        (1, Service::RekorV1, Fault::CheckpointForged, "checkpoint-invalid", 10),
        (1, Service::RekorV1, Fault::SetWrong, "log-promise-invalid", 10),
        (2, Service::RekorV2, Fault::OtherEntry, "log-entry-mismatch", 10),
        (2, Service::RekorV2, Fault::ProofHashFlipped, "log-proof-invalid", 10),
        (2, Service::Tsa, Fault::TimestampOtherBytes, "timestamp-invalid", 10),
        (2, Service::Tsa, Fault::TimestampUnknownAuthority, "timestamp-invalid", 10),
        (1, Service::RekorV1, Fault::EndlessBody, "log-failed", 1),
        (2, Service::RekorV2, Fault::EndlessBody, "log-failed", 1),
        (2, Service::Tsa, Fault::EndlessBody, "timestamp-failed", 1),
        (2, Service::Tsa, Fault::ServerError, "timestamp-failed", 1),
        (2, Service::RekorV2, Fault::Redirect, "log-failed", 1),
        (1, Service::RekorV1, Fault::NotJson, "log-failed", 1),
    ] {
        test.rig.fail_with(Some(Failure::new(fault).at(service)));
        let out = sign(&test, "ecdsa-p256", rekor, &["--log", "--timestamp"]);
        assert!(out.codes().contains(&code.to_owned()), "{fault:?}: {out:?}");
        assert_eq!(out.code, Some(exit), "{fault:?}");
        test.rig.fail(None);
        assert_eq!(fs::read(test.place.path("m.pkg/index.json")).unwrap(), before, "{fault:?}");
    }
    assert!(test.rig.requests().iter().all(|line| !line.contains("/elsewhere")));
}

#[test]
fn what_a_key_logs_can_be_watched() {
    let test = test();
    let root = test.rig.trusted_root();
    let log = root["tlogs"][0]["logId"]["keyId"].as_str().unwrap();
    let base = ["trust", "monitor", "--trusted-root", "root.json", "--state", "s.json"];
    let whom = ["--log", log, "--key", "ecdsa-p256.pub", "--json"];
    let monitor = [&base[..], &whom].concat();
    test.place.ok(&monitor);
    assert_eq!(sign(&test, "ecdsa-p256", 1, &["--log", "--model-signature", "none"]).code, Some(0));
    let token = test.rig.token(&TokenSpec::email("other@example.com"));
    fs::write(test.place.path("file"), "x").unwrap();
    let other = ["sigstore", "sign-bundle", "--identity-token", &token, "--bundle", "b.json"];
    test.place.ok(&[&other[..], &["--trust-config", "trust1.json", "file"]].concat());
    let found = test.place.ok(&monitor).json()["result"]["found"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found:#}");
    assert_eq!(found[0]["who"]["kind"], "key");
}
