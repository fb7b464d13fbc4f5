//! `pkg attest`: what is said about a release besides that it is one.

use std::fs;

use pkg_rig::TokenSpec;
use pkg_tests::keyless::{ADA, Keyless};
use pkg_tests::{Layout, Place};
use serde_json::{Value, json};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// A signed bundle `m.pkg` with its key `k`, another key `t`, and predicates.
fn place() -> Place {
    let place = Place::signed();
    place.ok(&["keygen", "--no-passphrase", "-o", "t"]);
    for (name, predicate) in [
        (
            "slsa-provenance",
            json!({
                "buildDefinition": { "buildType": "https://x.example/b", "externalParameters": {} },
                "runDetails": { "builder": { "id": "https://x.example/" } },
            }),
        ),
        (
            "test-result",
            json!({ "result": "PASSED", "configuration": [{ "uri": "https://x.example/c" }] }),
        ),
        (
            "svr",
            json!({
                "verifier": { "id": "https://x.example/" },
                "timeCreated": "2026-01-01T00:00:00Z",
                "properties": ["OPEN_WEIGHTS"],
            }),
        ),
        (
            "spdx",
            json!({
                "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0",
                "name": "n", "documentNamespace": "https://x.example/n",
                "creationInfo": { "created": "2026-01-01T00:00:00Z", "creators": ["Tool: t"] },
            }),
        ),
        ("cyclonedx", json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1 })),
        ("own", json!({ "loss": 1.5, "schr\u{f6}dinger": [1e-7, "\u{1f408}"] })),
    ] {
        fs::write(place.path(&format!("{name}.json")), predicate.to_string()).unwrap();
    }
    place
}

fn attest(place: &Place, kind: &str, key: &str, more: &[&str]) -> Value {
    let predicate = format!("{kind}.json");
    let kind = if kind == "own" { "https://x.example/own/v1" } else { kind };
    let key = format!("{key}.key");
    let base =
        ["attest", "m.pkg", "--type", kind, "--predicate", &predicate, "--key", &key, "--json"];
    place.ok(&[&base, more].concat()).json()["result"].clone()
}

fn types(out: &Value) -> Vec<String> {
    let list = out["result"]["attestations"].as_array().unwrap();
    list.iter().map(|one| one["predicateType"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_kind_is_attested_listed_shown_and_verified() {
    let place = place();
    let before = place.digest("m.pkg");
    let kinds = ["slsa-provenance", "test-result", "svr", "spdx", "cyclonedx", "own"];
    for kind in kinds {
        attest(&place, kind, "k", &[]);
    }
    assert_eq!(place.digest("m.pkg"), before, "the release is what it was");
    let all = place.ok(&["attest", "list", "m.pkg", "--key", "k.pub", "--json"]).json();
    assert_eq!(types(&all).len(), kinds.len() + 2, "{all:#}");
    for one in all["result"]["attestations"].as_array().unwrap() {
        assert_eq!(one["standing"], "verified", "{one:#}");
    }
    let out =
        place.ok(&["attest", "show", "m.pkg", "--type", "https://x.example/own/v1", "--json"]);
    let said = &out.json()["result"]["attestations"][0];
    assert_eq!(said["predicate"]["schr\u{f6}dinger"][0], 1e-7);
    assert_eq!(said["subjects"], json!(["release"]));
    assert_eq!(said["standing"], "not-checked", "nobody was named");
    place.ok(&["attest", "verify", "m.pkg", "--type", "svr", "--key", "k.pub"]);
    let text = place.ok(&["verify", "m.pkg", "--key", "k.pub"]).stdout;
    assert!(text.contains(&format!("{PROVENANCE}: verified, time not proven")), "{text}");
    // In an unpacked folder too, and in an archive.
    place.ok(&["unpack", "m.pkg", "out"]);
    place.ok(&["verify", "out", "--key", "k.pub"]);
    let out = place.ok(&["attest", "verify", "out", "--type", "spdx", "--key", "k.pub", "--json"]);
    assert_eq!(types(&out.json()), ["https://spdx.dev/Document"]);
}

#[test]
fn predicates_that_break_the_rules_of_their_type_are_refused() {
    let place = place();
    for (kind, wrong) in [
        ("slsa-provenance", json!({ "buildDefinition": {}, "runDetails": {} })),
        ("test-result", json!({ "result": "passed", "configuration": [] })),
        ("test-result", json!({ "result": "PASSED", "configuration": [{ "name": "x" }] })),
        ("svr", json!({ "verifier": { "id": "urn:x" }, "timeCreated": "1", "properties": [] })),
        ("spdx", json!({ "spdxVersion": "SPDX-2.3" })),
        ("cyclonedx", json!({ "bomFormat": "CycloneDX" })),
        ("https://x.example/own", json!([1])),
    ] {
        fs::write(place.path("wrong.json"), wrong.to_string()).unwrap();
        let args = ["attest", "m.pkg", "--type", kind, "--predicate", "wrong.json"];
        place.finds(&[&args[..], &["--key", "k.key"]].concat(), "predicate-invalid", 10);
    }
    let add =
        |kind| ["attest", "m.pkg", "--type", kind, "--predicate", "svr.json", "--key", "k.key"];
    assert_eq!(place.run(&add("vsr")).code, Some(2));
    place.finds(&add("release"), "usage", 2);
    place.finds(&["attest", "m.pkg", "--key", "k.key"], "usage", 2);
    place.finds(&["attest", "m.pkg", "--type", "svr", "--key", "k.key"], "usage", 2);
    let listed = place.ok(&["attest", "list", "m.pkg", "--json"]).json();
    assert_eq!(types(&listed).len(), 2, "nothing was attached: {listed:#}");
}

#[test]
fn a_miss_says_what_there_is() {
    let place = place();
    attest(&place, "svr", "t", &[]);
    let verify = |kind, key| ["attest", "verify", "m.pkg", "--type", kind, "--key", key];
    place.ok(&verify("svr", "t.pub"));
    let out = place.finds(&verify("svr", "k.pub"), "attestation-missing", 10);
    let message = out.json()["findings"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("attestation/svr/v0.1 (claims to be from"), "{message}");
    assert!(message.contains("urn:x-pkg:release:v1 (by ecdsa-p256 key"), "{message}");
    place.finds(&verify("test-result", "t.pub"), "attestation-missing", 10);
    place.finds(&["attest", "show", "m.pkg", "--type", "spdx"], "attestation-missing", 10);
    place.finds(&["attest", "verify", "m.pkg", "--type", "svr"], "key-needed", 2);
}

#[test]
fn a_stranger_can_neither_help_nor_harm() {
    let place = place();
    // About nothing in this release, and of no valid form: a stranger's own affair.
    place.ok(&["keygen", "--no-passphrase", "-o", "s"]);
    attest(&place, "svr", "s", &[]);
    let layout = Layout::at(&place.path("m.pkg"));
    let position = layout.signature("https://in-toto.io/attestation/svr/v0.1");
    let other = Place::signed();
    fs::write(other.path("model/README.md"), "# Another\n").unwrap();
    other.ok(&["pack", "model", "-o", "m.pkg", "--force"]);
    for file in ["s.key", "svr.json"] {
        fs::copy(place.path(file), other.path(file)).unwrap();
    }
    attest(&other, "svr", "s", &[]);
    let foreign = Layout::at(&other.path("m.pkg"));
    let foreign_position = foreign.signature("https://in-toto.io/attestation/svr/v0.1");
    let bytes = fs::read(foreign.signature_blob(foreign_position)).unwrap();
    layout.replace_signature(position, &bytes);
    let out = place.finds(&["verify", "m.pkg", "--key", "k.pub"], "signature-not-checked", 0);
    assert!(!out.codes().contains(&"signature-other-subject".to_owned()));
    // By somebody who is accepted it is a lie.
    let both = ["verify", "m.pkg", "--key", "k.pub", "--key"];
    fs::copy(place.path("s.key"), place.path("s2.key")).unwrap();
    place.finds(&[&both[..], &["s.pub"]].concat(), "signature-other-subject", 10);
    place.finds(
        &["attest", "verify", "m.pkg", "--type", "svr", "--key", "s.pub"],
        "attestation-missing",
        10,
    );
}

#[test]
fn evidence_goes_along_and_is_checked() {
    let place = place();
    fs::write(place.path("run.log"), "all went well\n").unwrap();
    fs::write(place.path("raw.json"), "[1,2,3]").unwrap();
    let more = ["--evidence", "run.log", "--evidence", "raw.json"];
    let added = attest(&place, "test-result", "k", &more);
    assert_eq!(added["evidence"].as_array().unwrap().len(), 2);
    let verify = ["verify", "m.pkg", "--key", "k.pub"];
    place.ok(&verify);
    place.ok(&["attest", "verify", "m.pkg", "--type", "test-result", "--key", "k.pub"]);
    let shown = place.ok(&["attest", "show", "m.pkg", "--type", "test-result", "--json"]).json();
    let evidence = &shown["result"]["attestations"][0]["predicate"]["evidence"];
    assert_eq!(evidence[0]["name"], "run.log");
    assert_eq!(evidence[1]["mediaType"], "application/json");
    // Packed again it is still there; unpacked as well; and in an archive.
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&verify);
    place.ok(&["unpack", "m.pkg", "out"]);
    let out = place.ok(&["verify", "out", "--key", "k.pub", "--json"]);
    assert!(!out.codes().contains(&"evidence-missing".to_owned()), "{out:?}");
    let file = fs::read_dir(place.path("out/.pkg/evidence")).unwrap().next().unwrap().unwrap();
    fs::write(file.path(), "all went ill.\n").unwrap();
    place.finds(&["verify", "out", "--key", "k.pub"], "digest-mismatch", 10);
    fs::remove_file(file.path()).unwrap();
    place.finds(&["verify", "out", "--key", "k.pub"], "evidence-missing", 10);
    fs::write(place.path("out/.pkg/evidence/notes.txt"), "x").unwrap();
    place.finds(&["verify", "out", "--key", "k.pub"], "extra-file", 10);

    let log = added["evidence"][0]["digest"].as_str().unwrap();
    let blob = Layout::at(&place.path("m.pkg")).blob(log);
    fs::write(&blob, "all went ill.\n").unwrap();
    place.finds(&verify, "digest-mismatch", 10);
    place.finds(
        &["attest", "verify", "m.pkg", "--type", "test-result", "--key", "k.pub"],
        "digest-mismatch",
        10,
    );
    fs::remove_file(&blob).unwrap();
    place.finds(&verify, "missing-blob", 10);
}

#[test]
fn evidence_that_nobody_who_counts_named_is_pointed_out() {
    let place = place();
    fs::write(place.path("run.log"), "x").unwrap();
    attest(&place, "test-result", "t", &["--evidence", "run.log"]);
    place.finds(&["verify", "m.pkg", "--key", "k.pub"], "evidence-not-named", 0);
    let both = place.ok(&["verify", "m.pkg", "--key", "k.pub", "--key", "t.pub", "--json"]);
    assert!(!both.codes().contains(&"evidence-not-named".to_owned()));
    let bom = ["attest", "m.pkg", "--type", "cyclonedx", "--predicate", "cyclonedx.json"];
    let more = ["--evidence", "run.log", "--key", "k.key"];
    place.finds(&[&bom[..], &more].concat(), "usage", 2);
}

fn export<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["attest", "export", "m.pkg"], more].concat()
}

#[test]
fn attestations_travel_between_copies() {
    let place = place();
    place.ok(&["pack", "model", "-o", "copy.tar"]);
    attest(&place, "svr", "t", &[]);
    attest(&place, "own", "t", &[]);
    place.ok(&export(&["-o", "claims.jsonl"]));
    place.ok(&export(&["-o", "all"]));
    place.ok(&export(&["--type", "svr", "-o", "svr.sigstore.json"]));
    place.finds(&export(&["-o", "several.json"]), "usage", 2);
    place.finds(&export(&["-o", "claims.jsonl"]), "output-exists", 2);
    place.finds(&export(&["--type", "spdx", "-o", "none"]), "attestation-missing", 10);
    assert_eq!(fs::read_dir(place.path("all")).unwrap().count(), 4);
    assert_eq!(fs::read_to_string(place.path("claims.jsonl")).unwrap().lines().count(), 4);

    let import = |file| ["attest", "copy.tar", "--import", file, "--json"];
    let out = place.ok(&import("claims.jsonl")).json();
    assert_eq!(out["result"]["attached"].as_array().unwrap().len(), 4, "{out:#}");
    place.ok(&["verify", "copy.tar", "--key", "k.pub"]);
    place.ok(&["attest", "verify", "copy.tar", "--type", "svr", "--key", "t.pub"]);
    let again = place.ok(&import("svr.sigstore.json")).json();
    assert_eq!(
        (again["result"]["present"].as_u64(), place.digest("copy.tar")),
        (Some(1), place.digest("m.pkg"))
    );

    // Not into another release.
    fs::write(place.path("model/README.md"), "# Another\n").unwrap();
    place.ok(&["pack", "model", "-o", "other.pkg"]);
    let before = fs::read(place.path("other.pkg/index.json")).unwrap();
    for file in ["claims.jsonl", "svr.sigstore.json"] {
        place.finds(&["attest", "other.pkg", "--import", file], "signature-other-subject", 10);
    }
    for (text, code) in
        [("", "signature-format"), ("{}", "signature-format"), ("{\n{", "signature-format")]
    {
        fs::write(place.path("bad.jsonl"), text).unwrap();
        place.finds(&["attest", "other.pkg", "--import", "bad.jsonl"], code, 10);
    }
    assert_eq!(fs::read(place.path("other.pkg/index.json")).unwrap(), before);
}

#[test]
fn bare_envelopes_are_taken_with_the_key_that_signed_them() {
    let place = place();
    attest(&place, "svr", "t", &[]);
    place.ok(&["attest", "export", "m.pkg", "--type", "svr", "-o", "one.json"]);
    let bundle: Value = serde_json::from_slice(&fs::read(place.path("one.json")).unwrap()).unwrap();
    let mut envelope = bundle["dsseEnvelope"].clone();
    let strange = json!({ "keyid": "other", "sig": "AAAA" });
    envelope["signatures"].as_array_mut().unwrap().insert(0, strange);
    fs::write(place.path("bare.json"), envelope.to_string()).unwrap();
    place.ok(&["pack", "model", "-o", "copy.pkg"]);
    let import = ["attest", "copy.pkg", "--import", "bare.json"];
    place.finds(&import, "key-needed", 2);
    place.finds(&[&import[..], &["--signed-by", "k.pub"]].concat(), "wrong-key", 10);
    place.ok(&[&import[..], &["--signed-by", "t.pub"]].concat());
    place.ok(&["attest", "verify", "copy.pkg", "--type", "svr", "--key", "t.pub"]);
}

#[test]
fn other_subjects_are_named_beside_the_release() {
    let place = place();
    let digest = format!("sha256:{}", "ab".repeat(32));
    attest(&place, "svr", "k", &["--subject", &format!("container={digest}")]);
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    let bad = ["attest", "m.pkg", "--type", "svr", "--predicate", "svr.json", "--key", "k.key"];
    for subject in ["x", "=sha256:00", "x=sha256:00"] {
        assert_eq!(place.run(&[&bad[..], &["--subject", subject]].concat()).code, Some(2));
    }
}

#[test]
fn a_pipeline_attests_where_the_release_was_packed() {
    let place = place();
    let run = |variables: &[(&str, &str)], more: &[&str]| {
        let args = ["attest", "m.pkg", "--provenance", "--key", "k.key", "--json"];
        let mut command = place.command(&[&args, more].concat());
        for name in ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "BUILD_ID"] {
            command.env_remove(name);
        }
        place.finish(command.envs(variables.iter().copied()))
    };
    run(&[], &[]).expect("pipeline-unknown", 2);
    run(&[("GITHUB_ACTIONS", "true")], &[]).expect("pipeline-unknown", 2);
    let gitlab = [
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_URL", "https://gitlab.example/o/m"),
        ("CI_SERVER_URL", "https://gitlab.example"),
        ("CI_RUNNER_ID", "12"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567"),
        ("CI_JOB_NAME", "release"),
        ("SOURCE_DATE_EPOCH", "1700000000"),
    ];
    fs::write(place.path("run.log"), "x").unwrap();
    assert_eq!(run(&gitlab, &["--evidence", "run.log"]).code, Some(0));
    let shown = place.ok(&["attest", "show", "m.pkg", "--type", "slsa-provenance", "--json"]);
    let shown = shown.json();
    let predicate = &shown["result"]["attestations"][0]["predicate"];
    assert_eq!(predicate["buildDefinition"]["externalParameters"]["entryPoint"], "release");
    assert_eq!(predicate["runDetails"]["metadata"]["finishedOn"], "2023-11-14T22:13:20Z");
    assert_eq!(predicate["runDetails"]["byproducts"][0]["name"], "run.log");
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
}

#[test]
fn people_and_pipelines_attest_by_identity() {
    let test = Keyless::new(place());
    let token = test.rig.token(&TokenSpec::email(ADA));
    let args = ["attest", "m.pkg", "--type", "test-result", "--predicate", "test-result.json"];
    let who = ["--identity-token", &token, "--trust-config", "trust2.json", "--json"];
    let out = test.place.ok(&[&args[..], &who].concat()).json();
    assert_eq!(out["result"]["who"]["identity"], ADA);
    assert_eq!(out["result"]["logged"], true);
    let verify = |identity| {
        let base = ["attest", "verify", "m.pkg", "--type", TEST_RESULT, "--identity", identity];
        let root = ["--issuer", test.rig.url(), "--trusted-root", "root.json"];
        test.place.run(&[&base[..], &root, &["--json"]].concat())
    };
    assert_eq!(verify(ADA).code, Some(0));
    let out = verify("eve@example.com").expect("attestation-missing", 10);
    assert!(out.stdout.contains(ADA), "it says who did: {out:?}");
}

#[test]
fn a_policy_asks_for_an_attestation_by_its_signer() {
    let place = place();
    fs::write(
        place.path("policy.toml"),
        format!(
            "version = 1\n\
             [[signers]]\nname = \"lab\"\n[[signers.member]]\nperson = \"t\"\nkey = \"t.pub\"\n\
             [[signers]]\nname = \"maker\"\n[[signers.member]]\nperson = \"k\"\nkey = \"k.pub\"\n\
             [[rule]]\nid = \"made\"\nmode = \"enforce\"\nsigned-by = {{ signers = [\"maker\"] }}\n\
             [[rule]]\nid = \"tested\"\nmode = \"enforce\"\n\
             attestation = {{ predicate-type = \"{TEST_RESULT}\", signers = [\"lab\"] }}\n"
        ),
    )
    .unwrap();
    let verify = ["verify", "m.pkg", "--policy", "policy.toml"];
    place.finds(&verify, "policy-refused", 11);
    attest(&place, "test-result", "k", &[]);
    place.finds(&verify, "policy-refused", 11);
    attest(&place, "test-result", "t", &[]);
    place.ok(&verify);
}

#[test]
fn attesting_at_the_same_time_loses_nothing() {
    let place = place();
    let run = |kind: &'static str| {
        let predicate = format!("{kind}.json");
        place
            .command(&[
                "attest",
                "m.pkg",
                "--type",
                kind,
                "--predicate",
                &predicate,
                "--key",
                "k.key",
            ])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let kinds = ["svr", "spdx", "cyclonedx", "test-result"];
    let children: Vec<_> = kinds.map(run).into_iter().collect();
    let mut done = 0;
    for mut child in children {
        done += usize::from(child.wait().unwrap().success());
    }
    let listed = place.ok(&["attest", "list", "m.pkg", "--json"]).json();
    assert_eq!(types(&listed).len(), done + 2, "{listed:#}");
    assert!(done >= 1);
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
}
