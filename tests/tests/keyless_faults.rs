//! Everything that can be wrong with a signature by identity, one thing at a
//! time, in otherwise genuine material: each is refused for its own reason.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_rig::{Fault, TokenSpec};
use pkg_tests::Place;
use pkg_tests::keyless::{ADA, Content, Keyless};
use serde_json::{Value, json};

fn start() -> Keyless {
    let test = Keyless::new(Place::new());
    std::fs::write(test.place.path("a.txt"), "hello").unwrap();
    test
}

const HELLO: &[u8] = b"hello";

#[test]
fn every_fault_of_a_service_has_its_own_reason() {
    let test = start();
    let genuine = test.raw(&Content::Message(HELLO), 1).unwrap();
    assert_eq!(test.verify_bundle(&genuine).code, Some(0));
    let mut wrong = Vec::new();
    for (fault, rekor, code) in [
        (Fault::SctMissing, 1, "sct-invalid"),
        (Fault::SctUnknownLog, 1, "sct-invalid"),
        (Fault::SctOtherBytes, 1, "sct-invalid"),
        (Fault::LeafExpired, 1, "certificate-expired"),
        (Fault::LeafNotYetValid, 1, "certificate-not-yet-valid"),
        (Fault::LeafNotForCodeSigning, 1, "chain-untrusted"),
        (Fault::LeafUnknownAuthority, 1, "chain-untrusted"),
        (Fault::OtherEntry, 1, "log-entry-mismatch"),
        (Fault::ProofHashFlipped, 1, "log-proof-invalid"),
        (Fault::ProofHashFlipped, 2, "log-proof-invalid"),
        (Fault::ProofHashMissing, 1, "log-proof-invalid"),
        (Fault::ProofHashMissing, 2, "log-proof-invalid"),
        (Fault::ProofWrongIndex, 1, "log-proof-invalid"),
        (Fault::ProofWrongIndex, 2, "log-proof-invalid"),
        (Fault::ProofRootWrong, 1, "checkpoint-invalid"),
        (Fault::ProofRootWrong, 2, "log-proof-invalid"),
        (Fault::CheckpointOtherKey, 1, "checkpoint-invalid"),
        (Fault::CheckpointOtherKey, 2, "checkpoint-invalid"),
        (Fault::CheckpointForged, 1, "checkpoint-invalid"),
        (Fault::CheckpointForged, 2, "checkpoint-invalid"),
        (Fault::LogIdUnknown, 1, "log-unknown"),
        (Fault::LogIdUnknown, 2, "log-unknown"),
        (Fault::LogUnknown, 1, "log-unknown"),
        (Fault::LogUnknown, 2, "log-unknown"),
        (Fault::SetWrong, 1, "log-promise-invalid"),
        (Fault::SetOtherTime, 1, "log-promise-invalid"),
        (Fault::IntegratedTimeOutsideLeaf, 1, "certificate-not-yet-valid"),
        (Fault::TimestampUnknownAuthority, 2, "timestamp-invalid"),
        (Fault::TimestampOutsideAuthority, 2, "timestamp-invalid"),
        (Fault::TimestampOutsideLeaf, 2, "certificate-expired"),
    ] {
        test.rig.fail(Some(fault));
        let bundle = test.raw(&Content::Message(HELLO), rekor);
        test.rig.fail(None);
        let out = match bundle {
            Ok(bundle) => test.verify_bundle(&bundle),
            Err(error) => {
                wrong.push(format!("{fault:?} {rekor}: not signed: {error}"));
                continue;
            }
        };
        if out.code != Some(10) || out.codes() != [code] {
            wrong.push(format!("{fault:?} {rekor}: {:?} {}", out.code, out.stdout));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_does_not_verify_is_not_attached() {
    let test = Keyless::new(Place::packed());
    let before = std::fs::read(test.place.path("m.pkg/index.json")).unwrap();
    for fault in [Fault::SctMissing, Fault::CheckpointForged, Fault::SetWrong] {
        test.rig.fail(Some(fault));
        let out = test.sign(&TokenSpec::email(ADA), 1);
        assert_eq!(out.code, Some(10), "{fault:?}: {out:?}");
    }
    assert_eq!(std::fs::read(test.place.path("m.pkg/index.json")).unwrap(), before);
}

fn edited(bundle: &Value, pointer: &str, value: Value) -> Value {
    let mut bundle = bundle.clone();
    *bundle.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    bundle
}

#[test]
fn pieces_of_two_genuine_signatures_do_not_mix() {
    let test = start();
    for rekor in [1, 2] {
        let one = test.raw(&Content::Message(HELLO), rekor).unwrap();
        let other = test.raw(&Content::Message(HELLO), rekor).unwrap();
        for (part, codes) in [
            ("/verificationMaterial/certificate", vec!["signature-invalid", "log-entry-mismatch"]),
            ("/verificationMaterial/tlogEntries", vec!["log-entry-mismatch"]),
            ("/messageSignature", vec!["signature-invalid", "timestamp-invalid"]),
            ("/verificationMaterial/timestampVerificationData", vec!["timestamp-invalid"]),
        ] {
            let mixed = edited(&one, part, other.pointer(part).unwrap().clone());
            let out = test.verify_bundle(&mixed);
            assert_eq!(out.code, Some(10), "{part} {rekor}: {out:?}");
            let found = out.codes();
            assert!(
                codes.iter().any(|code| found.contains(&(*code).to_owned())),
                "{part}: {out:?}"
            );
        }
    }
}

#[test]
fn a_checkpoint_is_a_signed_note_to_the_letter() {
    let test = start();
    let pointer = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
    for rekor in [1, 2] {
        let genuine = test.raw(&Content::Message(HELLO), rekor).unwrap();
        let note = genuine.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let (text, signatures) = note.rsplit_once("\n\n").unwrap();
        for changed in [
            format!("{text}\n\n"),
            text.to_owned(),
            note.replace('\n', "\r\n"),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            format!("{text}\n\n\n{signatures}"),
            note.replace('\u{2014}', "-"),
            String::new(),
        ] {
            let out = test.verify_bundle(&edited(&genuine, pointer, json!(changed)));
            assert_eq!(out.code, Some(10), "{changed:?}: {out:?}");
        }
    }
}

#[test]
fn payload_types_and_algorithms_cannot_be_confused() {
    let test = start();
    let statement = |kind: &str, digest: &str| {
        format!(
            r#"{{"_type":"{kind}","subject":[{{"name":"a","digest":{{"sha256":"{digest}"}}}}],"predicateType":"x","predicate":{{}}}}"#
        )
    };
    let good = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let v1 = "https://in-toto.io/Statement/v1";
    let signed = |text: &str| test.raw(&Content::Statement(text.as_bytes()), 1).unwrap();
    let genuine = signed(&statement(v1, good));
    assert_eq!(test.verify_bundle(&genuine).code, Some(0));
    let other = edited(&genuine, "/dsseEnvelope/payloadType", json!("application/json"));
    test.verify_bundle(&other).expect("payload-type", 10);
    let elsewhere = signed(&statement(v1, &good.replace('2', "3")));
    test.verify_bundle(&elsewhere).expect("signature-other-subject", 10);
    let unknown = signed(&statement("https://example.org/Statement/v9", good));
    test.verify_bundle(&unknown).expect("signature-format", 10);
    // A message signature with the digest of another algorithm.
    let message = test.raw(&Content::Message(HELLO), 1).unwrap();
    for algorithm in ["SHA2_384", "SHA2_512", "MD5", ""] {
        let pointer = "/messageSignature/messageDigest/algorithm";
        assert_eq!(test.verify_bundle(&edited(&message, pointer, json!(algorithm))).code, Some(10));
    }
    // The certificate of somebody else's kind: a key where a certificate was.
    let mut keyed = message.clone();
    let material = &mut keyed["verificationMaterial"];
    material.as_object_mut().unwrap().remove("certificate");
    material["publicKey"] = json!({ "hint": "" });
    test.verify_bundle(&keyed).expect("identity-mismatch", 10);
}

#[test]
fn no_scalar_of_a_genuine_bundle_can_change() {
    let test = start();
    for rekor in [1, 2] {
        let bundle = test.raw(&Content::Message(HELLO), rekor).unwrap();
        for pointer in scalars(&bundle, "") {
            for value in changes(bundle.pointer(&pointer).unwrap()) {
                let changed = edited(&bundle, &pointer, value.clone());
                let out = test.verify_bundle(&changed);
                assert_eq!(out.code, Some(10), "rekor {rekor}, {pointer} = {value}: {out:?}");
            }
        }
    }
}

fn scalars(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(key, value)| scalars(value, &format!("{at}/{key}"))).collect()
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, value)| scalars(value, &format!("{at}/{index}")))
            .collect(),
        _ => vec![at.to_owned()],
    }
}

/// A number more, a character other, one bit of what base64 holds, nothing.
fn changes(value: &Value) -> Vec<Value> {
    let Value::String(text) = value else { return vec![json!("")] };
    let mut changes = vec![json!(""), json!(format!("{text} "))];
    if let Ok(number) = text.parse::<u64>() {
        changes.push(json!((number + 1).to_string()));
    } else if let Ok(bytes) = STANDARD.decode(text) {
        for at in [0, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
                changes.push(json!(STANDARD.encode(changed)));
            }
        }
    } else {
        changes.push(json!(format!("{text}x")));
        changes.push(json!(text.trim_end()));
    }
    changes.retain(|change| change != value);
    changes
}

#[test]
fn large_and_deep_bundles_are_refused_quickly() {
    let test = start();
    let bundle = test.raw(&Content::Message(HELLO), 1).unwrap();
    let text = bundle.to_string();
    let write = |bytes: &[u8]| std::fs::write(test.place.path("b.json"), bytes).unwrap();
    let verify = || {
        test.place.run(&[
            "sigstore",
            "verify-bundle",
            "--bundle",
            "b.json",
            "--any-identity",
            "--trusted-root",
            "root.json",
            "a.txt",
            "--json",
        ])
    };
    write(&vec![b' '; 100 << 20]);
    verify().expect("metadata-too-large", 10);
    write(format!("{text}{text}").as_bytes());
    verify().expect("signature-format", 10);
    write(text.replacen('{', "{\"mediaType\":\"x\",", 1).as_bytes());
    verify().expect("signature-format", 10);
    write(format!("{}{}{}", "{\"a\":".repeat(100_000), "1", "}".repeat(100_000)).as_bytes());
    verify().expect("signature-format", 10);
    let certificate = bundle["verificationMaterial"]["certificate"].clone();
    let mut many = bundle.clone();
    many["verificationMaterial"]["x509CertificateChain"] =
        json!({ "certificates": vec![certificate; 10_000] });
    many["verificationMaterial"].as_object_mut().unwrap().remove("certificate");
    write(many.to_string().as_bytes());
    verify().expect("evidence-limit", 10);
}
