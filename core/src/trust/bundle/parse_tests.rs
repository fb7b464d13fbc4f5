use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    MAX_EVIDENCE, MAX_SIZE, MEDIA_TYPE, Material, OLDER_MEDIA_TYPES, parse, sign_statement,
};
use crate::finding::Code;
use crate::trust::judge::{Judge, Judgement};
use crate::trust::key::{Algorithm, PublicKey, SigningKey};
use crate::trust::root::RootChoice;

fn signed(algorithm: Algorithm) -> (Vec<u8>, PublicKey) {
    let key = SigningKey::generate(algorithm).unwrap();
    (sign_statement(&key, br#"{"_type":"x"}"#, &[]).unwrap(), key.public().unwrap())
}

fn judge(keys: &[PublicKey]) -> Judge {
    Judge::new(keys.to_vec().into(), RootChoice::default())
}

/// Whether a bundle passes both steps.
fn accepted(bytes: &[u8], keys: &[PublicKey]) -> bool {
    let judged = parse(bytes, "test").and_then(|bundle| judge(keys).statement(&bundle, "test"));
    matches!(judged, Ok(Judgement::Accepted(_)))
}

/// The hint of the key that a bundle was accepted for.
fn accepted_for(bytes: &[u8], keys: &[PublicKey]) -> Option<String> {
    match judge(keys).statement(&parse(bytes, "test").unwrap(), "test").unwrap() {
        Judgement::Accepted(proof) => Some(proof.who.name().to_owned()),
        Judgement::Other { .. } => None,
    }
}

fn edited(bytes: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(bytes).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap()[name] = value;
    serde_json::to_vec(&document).unwrap()
}

#[test]
fn every_algorithm_round_trips_and_finds_its_key() {
    for algorithm in Algorithm::ALL {
        let (bytes, public) = signed(algorithm);
        let (_, other) = signed(algorithm);
        let bundle = parse(&bytes, "test").unwrap();
        assert_eq!(bundle.statement("test").unwrap().payload, br#"{"_type":"x"}"#);
        assert_eq!(bundle.material, Material::Key { hint: Some(public.hint()) });
        let keys = [other.clone(), public.clone()];
        assert_eq!(accepted_for(&bytes, &keys), Some(public.hint()));
        assert_eq!(accepted_for(&bytes, &[other]), None);
        assert_eq!(accepted_for(&bytes, &[]), None);
    }
}

#[test]
fn no_bit_of_a_bundle_can_change() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let (bytes, public) = signed(algorithm);
        let keys = [public];
        assert!(accepted(&bytes, &keys));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!accepted(&changed, &keys), "{}", String::from_utf8_lossy(&changed));
        }
    }
}

#[test]
fn a_hint_of_another_key_is_refused_although_the_signature_fits() {
    let (bytes, public) = signed(Algorithm::EcdsaP256);
    let (_, other) = signed(Algorithm::EcdsaP256);
    let hint = "/verificationMaterial/publicKey/hint";
    let keys = [public.clone(), other.clone()];
    assert!(!accepted(&edited(&bytes, hint, json!(other.hint())), &keys));
    assert!(!accepted(&edited(&bytes, hint, json!(public.hint().to_uppercase())), &keys));
    for none in [json!(""), Value::Null] {
        assert!(accepted(&edited(&bytes, hint, none), &keys));
    }
}

#[test]
fn older_and_equivalent_forms_are_read() {
    let (bytes, public) = signed(Algorithm::EcdsaP384);
    let hint = public.hint();
    let keys = [public];
    for media_type in OLDER_MEDIA_TYPES {
        assert!(accepted(&edited(&bytes, "/mediaType", json!(media_type)), &keys));
    }
    for keyid in [Value::Null, json!(""), json!(hint)] {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        document["dsseEnvelope"]["signatures"][0]["keyid"] = keyid;
        assert!(accepted(&serde_json::to_vec(&document).unwrap(), &keys));
    }
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let bare = json!([{ "sig": document["dsseEnvelope"]["signatures"][0]["sig"] }]);
    assert!(accepted(&edited(&bytes, "/dsseEnvelope/signatures", bare), &keys));
    let material =
        json!({ "publicKey": { "rawBytes": "AAAA", "keyDetails": "PKIX_ECDSA_P384_SHA_256" } });
    assert!(accepted(&edited(&bytes, "/verificationMaterial", material), &keys));
    let empty = json!({ "publicKey": { "hint": hint }, "tlogEntries": null, "timestampVerificationData": {} });
    assert!(accepted(&edited(&bytes, "/verificationMaterial", empty), &keys));
}

#[test]
fn other_ways_to_write_a_hint_name_the_same_key() {
    use base64::Engine as _;
    let (bytes, public) = signed(Algorithm::EcdsaP256);
    let fingerprint = public.fingerprint();
    let cosign = base64::engine::general_purpose::STANDARD.encode(fingerprint.as_bytes());
    for hint in [cosign, fingerprint.hex()] {
        let material = json!({ "publicKey": { "hint": hint } });
        let other = edited(&bytes, "/verificationMaterial", material);
        assert!(accepted(&other, std::slice::from_ref(&public)));
    }
}

#[test]
fn evidence_is_bounded_in_number_and_size() {
    let (bytes, _) = signed(Algorithm::EcdsaP256);
    let key = json!({ "hint": "" });
    let certificate = json!({ "rawBytes": "AAAA" });
    let entry = json!({
        "logId": { "keyId": "AAAA" },
        "kindVersion": { "kind": "dsse", "version": "0.0.1" },
        "canonicalizedBody": "e30=",
    });
    let timestamp = json!({ "signedTimestamp": "AAAA" });
    let many = |one: &Value, count: usize| Value::Array(vec![one.clone(); count]);
    for count in [MAX_EVIDENCE + 1, 10_000] {
        for material in [
            json!({ "x509CertificateChain": { "certificates": many(&certificate, count) } }),
            json!({ "publicKey": key, "tlogEntries": many(&entry, count) }),
            json!({ "publicKey": key, "timestampVerificationData": { "rfc3161Timestamps": many(&timestamp, count) } }),
        ] {
            let large = edited(&bytes, "/verificationMaterial", material);
            assert_eq!(parse(&large, "test").unwrap_err().code(), Code::EvidenceLimit);
        }
    }
    let large = json!({ "certificate": { "rawBytes": "A".repeat(12 << 20) } });
    let large = edited(&bytes, "/verificationMaterial", large);
    assert_eq!(parse(&large, "test").unwrap_err().code(), Code::EvidenceLimit);
    let mut deep = entry.clone();
    deep["inclusionProof"] =
        json!({ "rootHash": "AAAA", "treeSize": "1", "hashes": many(&json!("AAAA"), 64) });
    let material = json!({ "publicKey": key, "tlogEntries": [deep] });
    let deep = edited(&bytes, "/verificationMaterial", material);
    assert_eq!(parse(&deep, "test").unwrap_err().code(), Code::LogProofInvalid);
}

#[test]
fn numbers_have_one_form_in_a_string() {
    let (bytes, _) = signed(Algorithm::EcdsaP256);
    for (index, good) in [
        (json!("7"), true),
        (json!(7), true),
        (json!("07"), false),
        (json!("+7"), false),
        (json!("-7"), false),
        (json!(-7), false),
        (json!(7.5), false),
        (json!("9223372036854775808"), false),
    ] {
        let entry = json!({
            "logIndex": index,
            "logId": { "keyId": "AAAA" },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "canonicalizedBody": "e30=",
        });
        let material = json!({ "publicKey": { "hint": "" }, "tlogEntries": [entry] });
        let changed = edited(&bytes, "/verificationMaterial", material);
        assert_eq!(parse(&changed, "test").is_ok(), good, "{index}");
    }
}

#[test]
fn malformed_bundles_are_refused() {
    let (bytes, _) = signed(Algorithm::EcdsaP256);
    let signature = json!({ "sig": "AAAA" });
    for (pointer, value) in [
        ("/mediaType", json!("application/vnd.dev.sigstore.bundle.v0.2+json")),
        ("/mediaType", json!(format!("{MEDIA_TYPE} "))),
        ("/more", json!(1)),
        ("/messageSignature", json!({})),
        ("/dsseEnvelope", Value::Null),
        ("/dsseEnvelope/more", json!(1)),
        ("/dsseEnvelope/payload", json!("e30")),
        ("/dsseEnvelope/payload", json!("e30=\n")),
        ("/dsseEnvelope/payload", json!("e31=")),
        ("/dsseEnvelope/payload", json!("__8=")),
        ("/dsseEnvelope/signatures", json!([])),
        ("/dsseEnvelope/signatures", json!([signature, signature])),
        ("/dsseEnvelope/signatures", json!([{ "sig": "AAAA", "keyid": "other" }])),
        ("/verificationMaterial/publicKey", Value::Null),
        ("/verificationMaterial/certificate", json!({ "rawBytes": "AAAA" })),
        ("/verificationMaterial/x509CertificateChain", json!({ "certificates": [] })),
        ("/verificationMaterial/more", json!([])),
        ("/verificationMaterial/tlogEntries", json!([{}])),
        ("/verificationMaterial/publicKey/more", json!(1)),
    ] {
        let problem = parse(&edited(&bytes, pointer, value.clone()), "test").unwrap_err();
        assert_eq!(problem.code(), Code::SignatureFormat, "{pointer} = {value}");
    }
    let other = edited(&bytes, "/dsseEnvelope/payloadType", json!("text/plain"));
    let problem = parse(&other, "test").unwrap().statement("test").unwrap_err();
    assert_eq!(problem.code(), Code::PayloadType);
    let text = String::from_utf8(bytes).unwrap();
    let twice = text.replacen("\"mediaType\"", "\"mediaType\":\"x\",\"mediaType\"", 1);
    assert!(parse(twice.as_bytes(), "test").is_err());
    let large = vec![b' '; usize::try_from(MAX_SIZE).unwrap() + 1];
    assert_eq!(parse(&large, "test").unwrap_err().code(), Code::MetadataTooLarge);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(parse(&bytes, "test").is_err());
    }

    #[test]
    fn a_cut_or_spliced_bundle_never_panics(at in 0_usize..700, insert in "\\PC{1,6}") {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let bytes = sign_statement(&key, b"{}", &[]).unwrap();
        let (head, tail) = bytes.split_at(at.min(bytes.len()));
        prop_assert!(tail.is_empty() || parse(head, "test").is_err());
        let spliced = [head, insert.as_bytes(), tail].concat();
        if insert.chars().any(|c| c != ' ') {
            prop_assert!(!accepted(&spliced, &[key.public().unwrap()]));
        }
    }
}
