//! Releases in registries: there and back, what is sent, and what is not.

use std::fs;
use std::process::Stdio;

use pkg_rig::registry::{Registry, Settings};
use pkg_tests::registry::{both, debian, get, oci, put_index, traffic};
use pkg_tests::{Layout, Place};
use serde_json::Value;

const MIB: u64 = 1 << 20;

fn codes(json: &Value) -> Vec<&str> {
    json["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

/// Number of what refers to the release in `m.pkg`.
fn referrers(place: &Place) -> usize {
    let index = Layout::at(&place.path("m.pkg")).index();
    index["manifests"].as_array().unwrap().len() - 1
}

#[test]
fn what_was_pushed_is_pulled_byte_for_byte() {
    let place = Place::signed();
    let tests = r#"{"result":"PASSED","configuration":[{"uri":"https://example.com/suite"}]}"#;
    fs::write(place.path("tests.json"), tests).unwrap();
    let attest = ["attest", "m.pkg", "--type", "test-result", "--predicate", "tests.json"];
    place.ok(&[&attest[..], &["--key", "k.key"]].concat());
    let digest = place.digest("m.pkg");
    both(|host, rig| {
        let to = oci(host, "lab/tiny:v1");
        let out = place.ok(&["push", "m.pkg", &to, "--json"]).json();
        let result = &out["result"];
        assert_eq!(result["digest"], digest.as_str());
        assert_eq!(result["tag"], "v1");
        assert_eq!(result["reference"], oci(host, &format!("lab/tiny@{digest}")));
        assert_eq!(result["referrers"], referrers(&place));
        assert_eq!(result["referrersByTag"], rig.is_none());
        assert_eq!(codes(&out).contains(&"referrers-by-tag"), rig.is_none());
        let blobs = result["blobs"].as_array().unwrap();
        assert!(blobs.iter().all(|blob| blob["how"] == "sent"), "{blobs:?}");

        let output = format!("{}.pkg", if rig.is_some() { "rig" } else { "docker" });
        let pulled = place.pull(&to, &output);
        assert_eq!(pulled.code, Some(0), "{pulled:?}");
        let pulled = pulled.json();
        assert_eq!(pulled["result"]["verdict"]["digest"], digest.as_str());
        assert_eq!(pulled["result"]["leftOut"], 0);
        place.same_layouts("m.pkg", &output);
        place.ok(&["verify", &output, "--key", "k.pub"]);
        place.ok(&["attest", "verify", &output, "--type", "test-result", "--key", "k.pub"]);
        assert!(!place.names().iter().any(|name| name.contains(".partial")));
        // Once more: it is there, and nothing of its content is fetched.
        let before = rig.map_or(0, |rig| rig.log().len());
        assert_eq!(place.pull(&to, &output).code, Some(0));
        if let Some(rig) = rig {
            let weights = place.weights();
            let log = rig.log_after(before);
            assert!(!log.iter().any(|it| it.is("GET", &weights)), "{log:?}");
        }
    });
}

#[test]
fn what_is_there_is_not_sent_again() {
    let place = Place::signed();
    both(|host, rig| {
        let first = place.pushed(&oci(host, "a:v1"));
        assert!(first["sent"].as_u64().unwrap() > 0);
        let before = rig.map_or(0, |rig| rig.log().len());
        let second = place.pushed(&oci(host, "a:v1"));
        assert_eq!(second["sent"], 0);
        let blobs = second["blobs"].as_array().unwrap();
        assert!(blobs.iter().all(|blob| blob["how"] == "present"), "{blobs:?}");
        let Some(rig) = rig else { return };
        let uploads: Vec<_> =
            rig.log_after(before).into_iter().filter(|it| it.target.contains("uploads")).collect();
        assert!(uploads.is_empty(), "{uploads:?}");
    });
}

#[test]
fn an_edited_readme_sends_next_to_nothing() {
    let place = Place::signed_with_weights(4 << 20);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    fs::write(place.path("model/README.md"), "# Tiny\n\nEdited.\n").unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg", "--force"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    let before = rig.log().len();
    let result = place.pushed(&to);
    let (sent, _) = traffic(&rig.log_after(before));
    assert!(sent > 0 && sent < MIB, "{sent} bytes were sent");
    assert!(result["sent"].as_u64().unwrap() <= sent);
    assert_eq!(place.pull(&to, "p.pkg").code, Some(0));
    // And back: who has the old one fetches what is new.
    place.same_layouts("m.pkg", "p.pkg");
}

#[test]
fn blobs_of_another_repository_are_mounted() {
    let place = Place::signed_with_weights(4 << 20);
    both(|host, rig| {
        place.pushed(&oci(host, "models/base:v1"));
        let before = rig.map_or(0, |rig| rig.log().len());
        let to = oci(host, "models/copy:v1");
        let args = ["push", "m.pkg", &to, "--mount-from", "models/base", "--json"];
        let result = place.ok(&args).json()["result"].clone();
        let blobs = result["blobs"].as_array().unwrap();
        let weights = place.weights();
        let mounted = blobs.iter().find(|blob| blob["digest"] == weights.as_str()).unwrap();
        assert_eq!((&mounted["how"], &mounted["sent"]), (&"mounted".into(), &0.into()));
        place.ok(&["verify", &to, "--key", "k.pub"]);
        let Some(rig) = rig else { return };
        let (sent, _) = traffic(&rig.log_after(before));
        assert!(sent < MIB, "{sent} bytes were sent");
        let args = ["push", "m.pkg", &oci(host, "x:v1"), "--mount-from", "no/such", "--json"];
        let other = place.ok(&args).json()["result"].clone();
        assert!(other["sent"].as_u64().unwrap() > MIB, "what cannot be mounted is sent");
    });
}

#[test]
fn references_are_taken_wherever_bundles_are() {
    let place = Place::signed();
    both(|host, rig| {
        let to = oci(host, "a/tiny:v1");
        let digest = place.pushed(&to)["digest"].as_str().unwrap().to_owned();
        let pinned = format!("{}@{digest}", oci(host, "a/tiny"));
        for reference in [&to, &pinned] {
            let shown = place.ok(&["show", reference, "--json"]).json();
            assert_eq!(shown["result"]["digest"], digest.as_str());
            let report = |target: &str| {
                place.ok(&["report", target, "--json"]).json()["result"]["components"].clone()
            };
            assert_eq!(report(reference), report("m.pkg"));
            place.ok(&["verify", reference, "--key", "k.pub"]);
            place.ok(&["diff", reference, "m.pkg"]);
            place.ok(&["lineage", reference, "m.pkg"]);
        }
        let out = format!("out{}", rig.is_some());
        place.ok(&["unpack", &to, &out]);
        for name in ["model-1.safetensors", "code/run.py", "README.md"] {
            let read = |folder: &str| fs::read(place.path(folder).join(name)).unwrap();
            assert!(read(&out) == read("model"), "{name}");
        }
        place.finds(
            &["verify", &to, "--digest", &format!("sha256:{}", "0".repeat(64))],
            "expected-digest-mismatch",
            10,
        );
        let none = format!("{}@sha256:{}", oci(host, "a/tiny"), "0".repeat(64));
        for missing in [&none, &oci(host, "a/tiny:v9"), &oci(host, "none:v1")] {
            place.finds(&["show", missing], "registry-not-found", 2);
            place.finds(&["pull", missing, "-o", "p.pkg"], "registry-not-found", 2);
        }
        assert!(!place.names().iter().any(|name| name.contains("p.pkg")));
    });
}

#[test]
fn a_release_is_shown_for_64_kib() {
    let place = Place::signed_with_weights(4 << 20);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    let before = rig.log().len();
    let shown = place.ok(&["show", &to, "--json"]).json();
    let log = rig.log_after(before);
    let (up, down) = traffic(&log);
    assert!(up == 0 && down > 0 && down <= 64 << 10, "{down} bytes: {log:#?}");
    let weights = place.weights();
    assert!(!log.iter().any(|it| it.target.contains(&weights)), "{log:#?}");
    assert!(shown["result"]["signatures"].as_array().is_some_and(|all| !all.is_empty()));
    let label = shown["result"]["terms"]["label"].as_str();
    assert!(label.is_some_and(|label| !label.is_empty()), "{shown:#}");
}

#[test]
fn components_are_pulled_alone_and_what_is_missing_is_said() {
    let place = Place::signed_with_weights(4 << 20);
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    let before = rig.log().len();
    let args = ["pull", &to, "-o", "p.pkg", "--key", "k.pub", "--only", "docs"];
    let out = place.finds(&args, "not-pulled", 0);
    let weights = place.weights();
    let log = rig.log_after(before);
    assert!(!log.iter().any(|it| it.is("GET", &weights)), "{log:#?}");
    let (_, down) = traffic(&log);
    assert!(down < MIB, "{down}");
    assert!(out.json()["result"]["leftOut"].as_u64().unwrap() > 0);
    let layout = Layout::at(&place.path("p.pkg"));
    assert!(!layout.blob(&weights).exists());
    place.ok(&["verify", "p.pkg", "--key", "k.pub", "--only", "docs"]);
    place.finds(&["verify", "p.pkg", "--key", "k.pub"], "missing-blob", 10);
    place.finds(&["push", "p.pkg", &oci(&rig.host(), "b:v1")], "missing-blob", 10);
    // The rest, later, into the same place.
    assert_eq!(place.pull(&to, "p.pkg").code, Some(0));
    place.same_layouts("m.pkg", "p.pkg");
}

#[test]
fn signer_policy_and_adopter_refuse_before_the_first_weight_byte() {
    let place = Place::signed_with_weights(4 << 20);
    place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
    let policy = "version = 1\n[[signers]]\nname = \"team\"\n\
                  [[signers.member]]\nperson = \"x\"\nkey = \"other.pub\"\n\
                  [[signers.member]]\nperson = \"y\"\nkey = \"k.pub\"\n\
                  [[rule]]\nid = \"one\"\nmode = \"enforce\"\n\
                  signed-by = { signers = [\"team\"], threshold = 2 }\n";
    fs::write(place.path("policy.toml"), policy).unwrap();
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    let weights = place.weights();
    let refused = |more: &[&str], code: &str, exit: i32| {
        let before = rig.log().len();
        place.finds(&[&["pull", &to, "-o", "p.pkg"], more].concat(), code, exit);
        let log = rig.log_after(before);
        assert!(!log.is_empty() && !log.iter().any(|it| it.target.contains(&weights)), "{log:#?}");
        assert!(!place.path("p.pkg").exists());
    };
    refused(&["--policy", "policy.toml"], "policy-refused", 11);
    refused(&["--key", "other.pub"], "wrong-key", 10);
    let zeros = format!("sha256:{}", "0".repeat(64));
    refused(&["--digest", &zeros], "expected-digest-mismatch", 10);

    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let spec = spec.replacen("licence = \"Apache-2.0\"", "licence = \"CC-BY-NC-4.0\"", 1);
    fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg", "--force"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    place.pushed(&to);
    refused(&["--key", "k.pub", "--adopter", "mau=1,use=commercial"], "adopter-denied", 11);
    let out = place.run(&["pull", &to, "-o", "p.pkg", "--key", "k.pub"]);
    assert_eq!(out.code, Some(0), "{out:?}");
}

#[test]
fn signatures_and_attestations_are_added_in_place() {
    let tests = r#"{"result":"PASSED","configuration":[{"uri":"https://example.com/suite"}]}"#;
    both(|host, rig| {
        let place = Place::packed();
        place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
        place.ok(&["keygen", "--no-passphrase", "-o", "t"]);
        fs::write(place.path("tests.json"), tests).unwrap();
        let to = oci(host, "in/place:v1");
        place.pushed(&to);
        place.finds(&["verify", &to, "--key", "k.pub"], "unsigned", 12);
        let before = rig.map_or(0, |rig| rig.log().len());
        place.ok(&["sign", &to, "--key", "k.key"]);
        place.ok(&["verify", &to, "--key", "k.pub"]);
        let attest = ["attest", &to, "--type", "test-result", "--predicate", "tests.json"];
        place.ok(&[&attest[..], &["--key", "t.key"]].concat());
        place.ok(&["attest", "verify", &to, "--type", "test-result", "--key", "t.pub"]);
        if let Some(rig) = rig {
            let weights = place.weights();
            let signing = rig.log_after(before).into_iter();
            let writes = signing.filter(|it| it.method == "PUT" && it.target.contains(&weights));
            assert_eq!(writes.count(), 0);
        }
        let pulled = place.pull(&to, "p.pkg");
        assert_eq!(pulled.code, Some(0), "{pulled:?}");
        place.ok(&["verify", "p.pkg", "--key", "k.pub"]);
        place.ok(&["attest", "verify", "p.pkg", "--type", "test-result", "--key", "t.pub"]);
    });
}

#[test]
fn tags_are_moved_kept_or_left_alone_as_asked() {
    let place = Place::signed();
    let first = place.digest("m.pkg");
    let pack_another = || {
        fs::write(place.path("model/README.md"), "# Tiny\n\nThe next one.\n").unwrap();
        place.ok(&["pack", "model", "-o", "n.pkg", "--force"]);
        place.digest("n.pkg")
    };
    let second = pack_another();
    both(|host, _| {
        let to = oci(host, "a:v1");
        let names = || {
            let json = place.ok(&["show", &to, "--json"]).json();
            json["result"]["digest"].as_str().unwrap().to_owned()
        };
        place.pushed(&to);
        place.finds(&["push", "n.pkg", &to, "--new-tag"], "tag-taken", 2);
        assert_eq!(names(), first);
        place.ok(&["push", "n.pkg", &oci(host, "a"), "--no-tag"]);
        assert_eq!(names(), first);
        let by_digest = format!("{}@{second}", oci(host, "a"));
        place.ok(&["verify", &by_digest, "--digest", &second]);
        let out = place.finds(&["push", "n.pkg", &to], "tag-replaced", 0);
        assert_eq!(out.json()["result"]["tagWas"], first.as_str());
        assert_eq!(names(), second);
        // Without a tag, the version is one.
        place.ok(&["push", "m.pkg", &oci(host, "a")]);
        let (status, _) = get(host, "/v2/a/manifests/1.0").unwrap();
        assert_eq!(status, 200);
    });
}

#[test]
fn two_pushes_at_once_to_one_tag_lose_nothing() {
    let place = Place::signed_with_weights(4 << 20);
    fs::write(place.path("model/README.md"), "# Tiny\n\nThe other one.\n").unwrap();
    place.ok(&["pack", "model", "-o", "n.pkg"]);
    place.ok(&["sign", "n.pkg", "--key", "k.key"]);
    both(|host, _| {
        let to = oci(host, "race:v1");
        let children = ["m.pkg", "n.pkg"].map(|bundle| {
            let mut command = place.command(&["push", bundle, &to]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        });
        for child in children {
            let out = child.wait_with_output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        }
        let digests = ["m.pkg", "n.pkg"].map(|bundle| place.digest(bundle));
        for digest in &digests {
            let pinned = format!("{}@{digest}", oci(host, "race"));
            place.ok(&["verify", &pinned, "--key", "k.pub"]);
        }
        let named = place.ok(&["show", &to, "--json"]).json()["result"]["digest"].clone();
        assert!(digests.iter().any(|digest| named == digest.as_str()), "{named}");
    });
}

#[test]
fn two_signers_at_once_are_both_kept_by_the_tag_scheme() {
    use pkg_rig::registry::{Failure, Fault};
    let place = Place::packed();
    for name in ["a", "b", "c"] {
        place.ok(&["keygen", "--no-passphrase", "-o", name]);
    }
    let sign_all = |host: &str| {
        let to = oci(host, "race:v1");
        place.pushed(&to);
        let mut children =
            ["a.key", "b.key", "c.key"].map(|key| place.start(&["sign", &to, "--key", key]));
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        for key in ["a.pub", "b.pub", "c.pub"] {
            place.ok(&["verify", &to, "--key", key]);
        }
    };
    let rig = Registry::start();
    rig.fail(Failure::new(Fault::NoReferrersApi));
    sign_all(&rig.host());
    if let Some(docker) = debian() {
        sign_all(docker.host());
    }
}

/// `skopeo copy --all` of the list of the tag scheme loses what kind each entry is.
#[test]
fn signatures_are_found_in_a_list_that_does_not_say_what_they_are() {
    use pkg_rig::registry::{Failure, Fault};
    let place = Place::signed();
    let rig = Registry::start();
    rig.fail(Failure::new(Fault::NoReferrersApi));
    let to = oci(&rig.host(), "a:v1");
    place.pushed(&to);
    let tag = place.digest("m.pkg").replace(':', "-");
    let index = rig.manifest("a", &tag).expect("the list");
    let mut index: Value = serde_json::from_slice(&index).expect("JSON");
    for entry in index["manifests"].as_array_mut().expect("entries") {
        assert!(entry.as_object_mut().expect("an entry").remove("artifactType").is_some());
    }
    put_index(&rig.host(), "a", &tag, &index);
    place.ok(&["verify", &to, "--key", "k.pub"]);
    assert_eq!(place.pull(&to, "p.pkg").code, Some(0));
    place.ok(&["verify", "p.pkg", "--key", "k.pub"]);
}

#[test]
fn referrers_come_in_pages() {
    let place = Place::signed();
    for name in ["a", "b", "c", "d"] {
        place.ok(&["keygen", "--no-passphrase", "-o", name]);
        place.ok(&["sign", "m.pkg", "--key", &format!("{name}.key")]);
    }
    let rig = Registry::with(Settings { page: 2, ..Settings::default() });
    let to = oci(&rig.host(), "a:v1");
    assert!(referrers(&place) >= 5);
    assert_eq!(place.pushed(&to)["referrers"], referrers(&place));
    assert_eq!(place.pull(&to, "p.pkg").code, Some(0));
    place.same_layouts("m.pkg", "p.pkg");
    let log = rig.log();
    assert!(log.iter().any(|it| it.is("GET", "/referrers/") && it.target.contains('?')));
}

#[test]
fn an_own_authority_is_trusted_when_given_and_clear_text_only_on_loopback() {
    let place = Place::signed();
    let rig = Registry::with(Settings { encrypted: true, ..Settings::default() });
    fs::write(place.path("ca.pem"), rig.authority().unwrap()).unwrap();
    let to = oci(&rig.host(), "a:v1");
    place.ok(&["push", "m.pkg", &to, "--registry-ca", "ca.pem"]);
    place.ok(&["verify", &to, "--key", "k.pub", "--registry-ca", "ca.pem"]);
    let other = Registry::with(Settings { encrypted: true, ..Settings::default() });
    fs::write(place.path("other.pem"), other.authority().unwrap()).unwrap();
    let args = ["verify", &to, "--key", "k.pub", "--registry-ca", "other.pem"];
    let out = place.finds(&args, "registry-unreachable", 1);
    assert!(out.stdout.contains("certificate"), "{out:?}");
    let out = place.run(&["push", "m.pkg", &to, "--json"]);
    assert_eq!(out.code, Some(1), "{out:?}");
}

#[test]
fn what_is_made_here_is_not_made_under_a_reference() {
    let place = Place::signed();
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    let other = oci(&rig.host(), "b:v1");
    place.ok(&["push", "m.pkg", &to]);
    for args in [
        ["pull", &to, "-o", &other],
        ["unpack", &to, &other, "--only=weights"],
        ["pack", "model", "-o", &other],
    ] {
        let out = place.finds(&args, "usage", 2);
        assert!(out.stdout.contains("pkg push"), "{out:?}");
    }
    // Options for folders of others have no meaning for what is in a registry.
    let args = ["verify", &to, "--key", "k.pub", "--signature", "k.pub"];
    let out = place.finds(&args, "usage", 2);
    assert!(out.stdout.contains("model signatures"), "{out:?}");
    assert!(!place.path("oci:").exists());
}

/// Whoever may write in a registry, or runs it, puts an older release under the tag of a newer
/// one. It is genuine and signed by the same key: only who knows more than the tag sees it.
#[test]
fn a_tag_that_is_rolled_back_is_seen_by_those_who_know_more_than_the_tag() {
    let place = Place::signed();
    let old = place.digest("m.pkg");
    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let spec = spec.replace("version = \"1.0\"", "version = \"2.0\"");
    fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place.ok(&["pack", "model", "-o", "new.pkg"]);
    place.ok(&["sign", "new.pkg", "--key", "k.key"]);
    let new = place.digest("new.pkg");
    let policy = "version = 1\n[[rule]]\nid = \"no-older\"\nrego = { file = \"rule.rego\" }\n";
    fs::write(place.path("policy.toml"), policy).unwrap();
    let rule = "package pkg\n\nallow if input.release.version == \"2.0\"\n";
    fs::write(place.path("rule.rego"), rule).unwrap();
    both(|host, rig| {
        let tag = oci(host, "lab/m:2.0");
        let mine = format!("mine-{}.pkg", rig.is_some());
        let fresh = format!("fresh-{}.pkg", rig.is_some());
        place.ok(&["push", "new.pkg", &tag]);
        let by_policy = ["verify", &tag, "--key", "k.pub", "--policy", "policy.toml"];
        place.ok(&by_policy);
        assert_eq!(place.pull(&tag, &mine).code, Some(0));
        // The roll-back. Who does it by pkg is told what the tag named before.
        place.finds(&["push", "m.pkg", &tag], "tag-replaced", 0);

        // Seen: by digest, by a policy about the version, by what is here already.
        let by_digest = ["verify", &tag, "--key", "k.pub", "--digest", &new];
        place.finds(&by_digest, "expected-digest-mismatch", 10);
        place.finds(&by_policy, "policy-refused", 11);
        place.finds(&["pull", &tag, "-o", &mine, "--key", "k.pub"], "output-exists", 2);
        let args = [&["pull", &tag, "-o", &fresh][..], &by_policy[2..]].concat();
        place.finds(&args, "policy-refused", 11);
        assert!(!place.path(&fresh).exists());
        // Not possible: another release under a reference with a digest.
        for pinned in [format!("{tag}@{new}"), format!("{}@{new}", oci(host, "lab/m"))] {
            let out = place.ok(&["verify", &pinned, "--key", "k.pub", "--json"]).json();
            assert_eq!(out["result"]["digest"], new.as_str());
        }
        // Not seen: by the tag and the key. The version that is told is the signed one.
        let out = place.ok(&["verify", &tag, "--key", "k.pub", "--json"]).json();
        let told = (&out["result"]["digest"], &out["result"]["version"]);
        assert_eq!(told, (&old.as_str().into(), &"1.0".into()));
        assert_eq!(codes(&out), ["time-not-proven"], "{out:#}");
        let pulled = place.pull(&tag, &fresh);
        assert_eq!(pulled.code, Some(0), "{pulled:?}");
        assert_eq!(place.digest(&fresh), old);
    });
}
