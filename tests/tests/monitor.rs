//! `pkg trust monitor`: whose entries a log has, and whether it keeps what it had.

use std::fs;

use pkg_rig::{Failure, Fault, Service, TokenSpec};
use pkg_tests::keyless::{ADA, Keyless};
use pkg_tests::{Out, Place};
use serde_json::{Value, json};

const BOB: &str = "bob@example.com";

/// Entries that a log of the rig begins with.
const SEED: usize = 3;

/// A rig, and the ids of its logs by interface.
struct Watch {
    test: Keyless,
    logs: [String; 2],
}

impl Watch {
    fn new() -> Self {
        let test = Keyless::new(Place::packed());
        let root = test.rig.trusted_root();
        let id = |details: &str| {
            let logs = root["tlogs"].as_array().unwrap();
            let log = logs.iter().find(|log| log["publicKey"]["keyDetails"] == details).unwrap();
            log["logId"]["keyId"].as_str().unwrap().to_owned()
        };
        let logs = [id("PKIX_ECDSA_P256_SHA_256"), id("PKIX_ED25519")];
        Self { test, logs }
    }

    fn log(&self, rekor: u32) -> &str {
        &self.logs[rekor as usize - 1]
    }

    /// Logs `count` signatures; each costs one entry.
    fn grow(&self, who: &str, rekor: u32, count: usize) {
        let (place, config) = (&self.test.place, format!("trust{rekor}.json"));
        for _ in 0..count {
            let token = self.test.rig.token(&TokenSpec::email(who));
            fs::write(place.path("file"), token.as_bytes()).unwrap();
            place.ok(&[
                "sigstore",
                "sign-bundle",
                "--identity-token",
                &token,
                "--trust-config",
                &config,
                "--bundle",
                "file.sigstore.json",
                "file",
            ]);
        }
    }

    fn run(&self, rekor: u32, identity: &str, more: &[&str]) -> Out {
        let base = ["trust", "monitor", "--trusted-root", "root.json", "--state", "state.json"];
        let whom = ["--identity", identity, "--log", self.log(rekor), "--json"];
        self.test.place.run(&[&base[..], &whom, more].concat())
    }

    fn found(&self, rekor: u32, identity: &str, more: &[&str]) -> Value {
        let out = self.run(rekor, identity, more);
        assert_eq!(out.code, Some(0), "{out:?}");
        out.json()["result"].clone()
    }

    fn state(&self) -> Value {
        serde_json::from_slice(&fs::read(self.test.place.path("state.json")).unwrap()).unwrap()
    }

    fn set_state(&self, state: &Value) {
        fs::write(self.test.place.path("state.json"), state.to_string()).unwrap();
    }
}

fn count(result: &Value) -> usize {
    result["found"].as_array().unwrap().len()
}

#[test]
fn new_entries_of_an_identity_are_listed_once() {
    for rekor in [1, 2] {
        let watch = Watch::new();
        watch.grow(ADA, rekor, 3);
        let first = watch.found(rekor, ADA, &[]);
        assert_eq!((count(&first), &first["size"]), (0, &json!(SEED + 3)), "it begins at the end");
        watch.grow(BOB, rekor, 1);
        assert_eq!(count(&watch.found(rekor, ADA, &[])), 0, "somebody else's");
        watch.grow(ADA, rekor, 2);
        let out = watch.run(rekor, ADA, &["--fail-on-entries"]).expect("log-entries-found", 11);
        let result = &out.json()["result"];
        assert_eq!(count(result), 2, "{result:#}");
        let entry = &result["found"][0];
        assert_eq!((&entry["index"], &entry["issued"]), (&json!(SEED + 4), &json!(true)));
        assert_eq!(entry["who"]["identity"], ADA);
        assert_eq!(entry["who"]["issuer"], watch.test.rig.url());
        assert!(entry["digests"][0].as_str().unwrap().starts_with("sha256:"));
        assert_eq!(entry["time"].is_null(), rekor == 2);
        let again = watch.found(rekor, ADA, &["--fail-on-entries"]);
        assert_eq!((count(&again), again["from"] == again["to"]), (0, true));
    }
}

#[test]
fn the_whole_log_can_be_read_from_anywhere_in_steps() {
    for rekor in [1, 2] {
        let watch = Watch::new();
        watch.grow(ADA, rekor, 7);
        for from in 0..=SEED + 7 {
            let _ = fs::remove_file(watch.test.place.path("state.json"));
            let result = watch.found(rekor, ADA, &["--from", &from.to_string()]);
            assert_eq!(count(&result), 7.min(SEED + 7 - from), "from {from}");
        }
        fs::remove_file(watch.test.place.path("state.json")).unwrap();
        watch.run(rekor, ADA, &["--from", "11"]).expect("usage", 2);
        let mut seen = count(&watch.found(rekor, ADA, &["--from", "0", "--limit", "2"]));
        for _ in 0..2 {
            let out = watch.run(rekor, ADA, &["--limit", "3"]);
            assert!(out.codes().contains(&"log-not-read-to-its-end".to_owned()), "{out:?}");
            seen += count(&out.json()["result"]);
        }
        watch.grow(BOB, rekor, 1);
        seen += count(&watch.found(rekor, ADA, &[]));
        assert_eq!(seen, 7);
    }
}

#[test]
fn tiles_beyond_the_first_are_read() {
    let watch = Watch::new();
    watch.grow(ADA, 2, 1);
    for filling in [250, 7, 600] {
        watch.test.rig.fill(2, filling);
        watch.grow(ADA, 2, 1);
        let out = watch.run(2, ADA, &["--from", "0"]).expect("log-entries-not-read", 0);
        let result = &out.json()["result"];
        assert_eq!(count(result), if filling == 250 { 2 } else { 1 }, "{result:#}");
    }
    fs::remove_file(watch.test.place.path("state.json")).unwrap();
    assert_eq!(count(&watch.found(2, ADA, &["--from", "700"])), 1);
}

#[test]
fn keys_are_watched_for_as_well_and_somebody_must_be() {
    let watch = Watch::new();
    let place = &watch.test.place;
    let base = ["trust", "monitor", "--trusted-root", "root.json", "--state", "state.json"];
    place.finds(&base, "usage", 2);
    let both = place.finds(&[&base[..], &["--identity", ADA]].concat(), "usage", 2);
    assert!(both.stdout.contains("several logs fit"), "{both:?}");
    let other = ["--identity", ADA, "--log", "https://log.example"];
    place.finds(&[&base[..], &other].concat(), "log-unknown", 10);
}

#[test]
fn a_tree_that_is_not_the_one_read_before_is_named_and_the_state_stays() {
    for rekor in [1, 2] {
        let watch = Watch::new();
        watch.grow(ADA, rekor, 5);
        watch.found(rekor, ADA, &[]);
        let state = watch.state();
        // What the state remembers is not what its own head says.
        let mut other = state.clone();
        other["peaks"][0] = json!("00".repeat(32));
        watch.set_state(&other);
        watch.run(rekor, ADA, &[]).expect("log-state-invalid", 2);
        // Read less than the head, and wrongly.
        other["size"] = json!(4);
        other["peaks"] = json!(["00".repeat(32)]);
        watch.set_state(&other);
        watch.run(rekor, ADA, &[]).expect("log-inconsistent", 10);
        assert_eq!(watch.state(), other, "nothing was written");
        watch.set_state(&state);
        watch.grow(ADA, rekor, 1);
        assert_eq!(count(&watch.found(rekor, ADA, &[])), 1);
    }
}

#[test]
fn heads_that_the_log_did_not_sign_are_refused() {
    for rekor in [1, 2] {
        let watch = Watch::new();
        watch.grow(ADA, rekor, 3);
        watch.found(rekor, ADA, &[]);
        watch.grow(ADA, rekor, 2);
        let service = if rekor == 1 { Service::RekorV1 } else { Service::RekorV2 };
        for (fault, code, exit) in [
            (Fault::CheckpointUnsigned, "checkpoint-invalid", 10),
            (Fault::CheckpointOtherKey, "checkpoint-invalid", 10),
            (Fault::CheckpointForged, "checkpoint-invalid", 10),
            (Fault::CheckpointOtherRoot, "log-inconsistent", 10),
            (Fault::EntryChanged, "log-inconsistent", 10),
            (Fault::ServerError, "log-unreachable", 1),
            (Fault::TooManyRequests, "log-unreachable", 1),
            (Fault::CutBody, "log-unreachable", 1),
            (Fault::EndlessBody, "log-unreachable", 1),
            (Fault::Redirect, "log-unreachable", 1),
        ] {
            let before = watch.state();
            watch.test.rig.fail_with(Some(Failure::new(fault).at(service)));
            watch.run(rekor, ADA, &[]).expect(code, exit);
            watch.test.rig.fail(None);
            assert_eq!(watch.state(), before, "{fault:?}");
        }
        assert_eq!(count(&watch.found(rekor, ADA, &[])), 2);
        watch.test.rig.fail(Some(Fault::HeadOlder));
        watch.run(rekor, ADA, &[]).expect("log-shrunk", 10);
    }
}

#[test]
fn damaged_states_are_named() {
    let watch = Watch::new();
    watch.grow(ADA, 1, 2);
    watch.found(1, ADA, &[]);
    let good = watch.state();
    let damage: [(&str, Value); 5] = [
        ("schema", json!("x")),
        ("size", json!(4)),
        ("peaks", json!(["zz"])),
        ("checkpoint", json!("x")),
        ("more", json!(1)),
    ];
    for (name, value) in damage {
        let mut state = good.clone();
        state[name] = value;
        watch.set_state(&state);
        watch.run(1, ADA, &[]).expect("log-state-invalid", 2);
    }
    let mut another = good.clone();
    another["treeId"] = json!("7");
    watch.set_state(&another);
    watch.run(1, ADA, &[]).expect("log-inconsistent", 10);
    fs::write(watch.test.place.path("state.json"), "{").unwrap();
    watch.run(1, ADA, &[]).expect("log-state-invalid", 2);
}
