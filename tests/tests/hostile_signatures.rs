//! Signatures and unpacked folders that somebody changed: stripped, damaged,
//! replaced, or moved.

use std::fs;
use std::os::unix::fs::symlink;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_tests::{Layout, Place, flip, mkfifo};
use serde_json::{Value, json};

const RELEASE: &str = "urn:x-pkg:release:v1";
const MODEL: &str = "https://model_signing/signature/v1.0";

fn layout(place: &Place) -> Layout {
    Layout::at(&place.path("m.pkg"))
}

/// A signed bundle, changed, must be refused so with the key of its publisher.
fn refused(code: &str, change: impl FnOnce(&Layout)) -> Place {
    let place = Place::signed();
    change(&layout(&place));
    place.finds(&["verify", "m.pkg", "--key", "k.pub"], code, 10);
    place
}

/// Edits the statement in a signature, and leaves the signature as it was.
fn edit_payload(bundle: &mut Value, edit: impl FnOnce(&mut Value)) {
    let payload = &mut bundle["dsseEnvelope"]["payload"];
    let text = STANDARD.decode(payload.as_str().unwrap()).unwrap();
    let mut statement: Value = serde_json::from_slice(&text).unwrap();
    edit(&mut statement);
    *payload = json!(STANDARD.encode(statement.to_string()));
}

#[test]
fn a_bundle_without_its_release_statement_is_not_verified() {
    let place = Place::signed();
    let layout = layout(&place);
    let mut index = layout.index();
    let release = layout.signature(RELEASE);
    index["manifests"].as_array_mut().unwrap().remove(release);
    layout.set_index(&index);
    // The model signature is genuine, but says nothing of the description.
    place.finds(&["verify", "m.pkg", "--key", "k.pub"], "wrong-key", 10);
    index["manifests"].as_array_mut().unwrap().truncate(1);
    layout.set_index(&index);
    place.finds(&["verify", "m.pkg", "--key", "k.pub"], "unsigned", 12);
    place.finds(&["verify", "m.pkg"], "unsigned", 12);
}

#[test]
fn damaged_signatures_are_named_whatever_else_is_right() {
    for predicate in [RELEASE, MODEL] {
        refused("digest-mismatch", |l| flip(&l.signature_blob(l.signature(predicate))));
        refused("missing-blob", |l| {
            fs::remove_file(l.signature_blob(l.signature(predicate))).unwrap();
        });
        refused("digest-mismatch", |l| {
            let entry = &l.index()["manifests"][l.signature(predicate)]["digest"];
            flip(&l.blob(entry.as_str().unwrap()));
        });
        refused("signature-invalid", |l| {
            l.edit_signature(l.signature(predicate), |bundle| {
                let signature = &mut bundle["dsseEnvelope"]["signatures"][0]["sig"];
                let mut bytes = STANDARD.decode(signature.as_str().unwrap()).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                *signature = json!(STANDARD.encode(bytes));
            });
        });
        refused("signature-invalid", |l| {
            l.edit_signature(l.signature(predicate), |bundle| {
                edit_payload(bundle, |statement| statement["subject"][0]["name"] = json!("other"));
            });
        });
    }
}

#[test]
fn a_statement_that_no_key_made_counts_for_nothing() {
    let forged = |edit: fn(&mut Value), code: &str| {
        let place = refused(code, |layout| {
            layout.edit_signature(layout.signature(RELEASE), |bundle| {
                bundle["verificationMaterial"]["publicKey"] = json!({});
                edit_payload(bundle, edit);
            });
        });
        let before = place.names();
        place.finds(&["unpack", "m.pkg", "out"], code, 10);
        assert_eq!(place.names(), before);
    };
    forged(|s| s["predicate"]["release"]["publisher"] = json!("Other Lab"), "statement-mismatch");
    forged(
        |s| s["subject"][0]["digest"]["sha256"] = json!("0".repeat(64)),
        "signature-other-subject",
    );
    forged(|s| s["subject"] = json!([]), "signature-format");
    forged(|s| s["predicate"] = json!(null), "signature-format");
    // The same statement without a name for its key is only as good as its signature.
    let place = refused("wrong-key", |layout| {
        layout.edit_signature(layout.signature(RELEASE), |bundle| {
            bundle["verificationMaterial"]["publicKey"] = json!({});
            bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(STANDARD.encode([0x30; 70]));
        });
    });
    let shown = place.run(&["show", "m.pkg", "--key", "k.pub", "--json"]).json();
    let signatures = shown["result"]["signatures"].as_array().unwrap();
    let release = signatures.iter().find(|signature| signature["about"] == "release").unwrap();
    assert_eq!(release["standing"], "not-checked");
}

#[test]
fn signatures_in_another_form_are_told_apart() {
    let found = |code: &str, edit: fn(&mut Value)| {
        refused(code, |l| l.edit_signature(l.signature(RELEASE), edit));
    };
    let edited = |edit: fn(&mut Value)| found("signature-format", edit);
    edited(|b| b["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v9+json"));
    // Somebody's certificate, whatever it is, is not the key that was asked for.
    found("wrong-key", |b| {
        b["verificationMaterial"] = json!({ "certificate": { "rawBytes": "AA==" } });
    });
    edited(|b| b["verificationMaterial"]["tlogEntries"] = json!([{}]));
    found("payload-type", |b| b["dsseEnvelope"]["payloadType"] = json!("text/plain"));
    edited(|b| b["dsseEnvelope"]["payload"] = json!("*"));
    edited(|b| b["dsseEnvelope"]["signatures"] = json!([]));
    edited(|b| b["dsseEnvelope"]["more"] = json!(1));
    edited(|b| edit_payload(b, |statement| *statement = json!("text")));
    for bytes in [&b"{"[..], b"", &b"[".repeat(200_000), b"\xff"] {
        refused("signature-format", |l| l.replace_signature(l.signature(RELEASE), bytes));
    }
    refused("signature-format", |l| {
        let text = fs::read_to_string(l.signature_blob(l.signature(RELEASE))).unwrap();
        let twice = text.replacen("\"payload\":", "\"payload\":\"\",\"payload\":", 1);
        l.replace_signature(l.signature(RELEASE), twice.as_bytes());
    });
}

#[test]
fn referrers_that_are_no_signatures_are_refused() {
    let edited = |code: &str, edit: fn(&mut Value)| {
        refused(code, |layout| layout.edit_referrer(layout.signature(RELEASE), edit));
    };
    edited("unknown-media-type", |m| m["layers"][0]["mediaType"] = json!("application/x-other"));
    edited("manifest-invalid", |m| m["layers"] = json!([]));
    edited("manifest-invalid", |m| m["subject"] = json!(null));
    edited("manifest-invalid", |m| *m = json!({}));
    edited("wrong-size", |m| m["layers"][0]["size"] = json!(1));
    edited("metadata-too-large", |m| m["layers"][0]["size"] = json!(1_u64 << 40));
    edited("signature-other-subject", |m| {
        m["subject"]["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    });
}

#[test]
fn a_key_may_be_given_twice() {
    let place = Place::signed();
    place.ok(&["verify", "m.pkg", "--key", "k.pub", "--key", "k.pub"]);
}

fn unpacked() -> Place {
    let place = Place::signed();
    place.ok(&["unpack", "m.pkg", "out"]);
    place
}

fn folder_refused(place: &Place, code: &str) -> pkg_tests::Out {
    place.finds(&["verify", "out", "--key", "k.pub"], code, 10)
}

#[test]
fn links_and_pipes_in_an_unpacked_folder_are_not_followed() {
    let place = unpacked();
    fs::rename(place.path("out/code"), place.path("code")).unwrap();
    symlink("../code", place.path("out/code")).unwrap();
    folder_refused(&place, "missing-file");
    folder_refused(&place, "extra-file");
    let place = unpacked();
    fs::rename(place.path("out/.pkg"), place.path("meta")).unwrap();
    symlink("../meta", place.path("out/.pkg")).unwrap();
    folder_refused(&place, "symlink-in-release");
    for name in [".pkg/manifest.json", ".pkg/files.json", "model.sig", ".pkg/signatures/x"] {
        let place = unpacked();
        let path = place.path("out").join(name);
        if path.exists() {
            fs::remove_file(&path).unwrap();
        }
        mkfifo(&path);
        folder_refused(&place, "special-file");
        fs::remove_file(&path).unwrap();
        symlink("/etc/hostname", &path).unwrap();
        folder_refused(&place, "symlink-in-release");
    }
    let place = unpacked();
    mkfifo(&place.path("out/extra"));
    folder_refused(&place, "extra-file");
    fs::remove_file(place.path("out/extra")).unwrap();
    fs::remove_file(place.path("out/README.md")).unwrap();
    mkfifo(&place.path("out/README.md"));
    folder_refused(&place, "special-file");
}

#[test]
fn documents_in_an_unpacked_folder_that_are_no_signatures_are_named() {
    let place = unpacked();
    fs::write(place.path("out/.pkg/signatures/more.sigstore.json"), "{}").unwrap();
    folder_refused(&place, "signature-format");
    let place = unpacked();
    fs::write(place.path("out/model.sig"), "no signature").unwrap();
    folder_refused(&place, "signature-format");
    let place = unpacked();
    for name in ["manifest.json", "release.json"] {
        let path = place.path("out/.pkg").join(name);
        let content = fs::read(&path).unwrap();
        fs::write(&path, vec![b' '; 17 << 20]).unwrap();
        folder_refused(&place, "metadata-too-large");
        fs::remove_file(&path).unwrap();
        if name == "release.json" {
            place.finds(&["verify", "out", "--key", "k.pub"], "missing-file", 10);
        }
        fs::write(&path, content).unwrap();
    }
    place.ok(&["verify", "out", "--key", "k.pub"]);
}

#[test]
fn every_problem_of_a_folder_is_reported_in_one_run() {
    let place = unpacked();
    for name in ["model-1.safetensors", "code/run.py"] {
        flip(&place.path("out").join(name));
    }
    fs::remove_file(place.path("out/LICENSE")).unwrap();
    fs::write(place.path("out/more"), "x").unwrap();
    let codes = folder_refused(&place, "digest-mismatch").codes();
    let mut errors: Vec<&str> =
        codes.iter().map(String::as_str).filter(|code| *code != "time-not-proven").collect();
    errors.sort_unstable();
    assert_eq!(errors, ["digest-mismatch", "digest-mismatch", "extra-file", "missing-file"]);
}

#[test]
fn a_folder_with_nothing_but_a_model_signature_is_checked_as_strictly() {
    let bare = || {
        let place = unpacked();
        fs::remove_dir_all(place.path("out/.pkg")).unwrap();
        place.ok(&["verify", "out", "--key", "k.pub"]);
        place
    };
    let place = bare();
    place.finds(&["verify", "out"], "key-needed", 2);
    place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
    place.finds(&["verify", "out", "--key", "other.pub"], "wrong-key", 10);
    flip(&place.path("out/code/run.py"));
    folder_refused(&place, "digest-mismatch");
    fs::remove_file(place.path("out/code/run.py")).unwrap();
    folder_refused(&place, "missing-file");
    symlink("/etc/hostname", place.path("out/code/run.py")).unwrap();
    folder_refused(&place, "oms-symlink");
    fs::remove_file(place.path("out/code/run.py")).unwrap();
    mkfifo(&place.path("out/code/run.py"));
    folder_refused(&place, "special-file");
    let place = bare();
    fs::write(place.path("out/more.py"), "x").unwrap();
    folder_refused(&place, "extra-file");
    let place = bare();
    let mut bundle: Value =
        serde_json::from_slice(&fs::read(place.path("out/model.sig")).unwrap()).unwrap();
    edit_payload(&mut bundle, |statement| {
        statement["predicate"]["resources"][0]["name"] = json!("../../etc/passwd");
    });
    fs::write(place.path("out/model.sig"), bundle.to_string()).unwrap();
    let out = place.run(&["verify", "out", "--key", "k.pub", "--json"]);
    assert_eq!(out.code, Some(10), "{out:?}");
    assert!(!out.stdout.contains("root:"), "{out:?}");
}
