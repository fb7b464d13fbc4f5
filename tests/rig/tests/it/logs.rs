//! What can be asked of the logs beside logging.

use std::num::NonZeroU8;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_rig::{Options, Rig};
use serde_json::{Value, json};
use sigstore_merkle::{hash_children, hash_leaf, verify_consistency_proof, verify_inclusion_proof};
use sigstore_rekor::{RekorClient, RekorV2Client, SearchIndex};
use sigstore_verify::crypto::{KeyPair, VerificationKey, sha256};
use sigstore_verify::types::{Bundle, Checkpoint, DerPublicKey, Sha256Hash, SignatureBytes};

use crate::client::{
    ARTIFACT, EMAIL, What, block_on, get_json, http, post, sign, statement, trusted_root, verify,
};

fn rekor1(rig: &Rig) -> RekorClient {
    RekorClient::builder(rig.url()).with_http_client(http()).build().unwrap()
}

fn rekor2(rig: &Rig) -> RekorV2Client {
    RekorV2Client::builder(rig.url()).with_http_client(http()).build().unwrap()
}

fn hash(hex: &Value) -> Sha256Hash {
    Sha256Hash::from_hex(hex.as_str().unwrap()).unwrap()
}

fn hashes(list: &Value) -> Vec<Sha256Hash> {
    list.as_array().unwrap().iter().map(hash).collect()
}

/// Size and root of the first log, and its signed tree head.
fn state(rig: &Rig) -> (u64, Sha256Hash, Checkpoint) {
    let state = get_json(rig, "/api/v1/log");
    let head = Checkpoint::from_text(state["signedTreeHead"].as_str().unwrap()).unwrap();
    (state["treeSize"].as_u64().unwrap(), hash(&state["rootHash"]), head)
}

/// Whether a key of the trusted root signed this checkpoint.
fn is_signed(rig: &Rig, checkpoint: &Checkpoint) -> bool {
    let keys = trusted_root(rig).rekor_keys().unwrap();
    let now = jiff::Timestamp::now();
    checkpoint.signatures().iter().any(|line| {
        keys.keys_by_hint(&line.key_id, now)
            .any(|key| key.verify(checkpoint.signed_data(), &line.signature).is_ok())
    })
}

#[test]
fn entries_are_found_by_number_id_address_hash_and_key() {
    let rig = Rig::start();
    let bundle = sign(&rig, 1, What::Blob).unwrap();
    sign(&rig, 1, What::Statement).unwrap();
    let logged = &bundle.verification_material.tlog_entries[0];
    let client = rekor1(&rig);

    let by_index = block_on(client.get_entry_by_index(logged.log_index)).unwrap();
    assert_eq!(by_index.body, logged.canonicalized_body);
    let by_uuid = block_on(client.get_entry_by_uuid(&by_index.uuid)).unwrap();
    assert_eq!(by_uuid.body, logged.canonicalized_body);
    // The proof is for the log as it is now.
    let proof = by_uuid.verification.unwrap().inclusion_proof.unwrap();
    assert_eq!(proof.tree_size, 5);
    verify_inclusion_proof(
        &hash_leaf(logged.canonicalized_body.as_bytes()),
        proof.log_index.get(),
        proof.tree_size,
        &proof.hashes,
        &proof.root_hash,
    )
    .unwrap();

    let both = block_on(client.search_by_hash(&sha256(ARTIFACT))).unwrap();
    assert_eq!(both.len(), 2, "the artifact itself and the statement about it");
    assert_eq!(both[0], by_index.uuid);
    assert_eq!(block_on(client.search_index(SearchIndex::email(EMAIL))).unwrap(), both);
    assert!(block_on(client.search_by_hash(&sha256(b"else"))).unwrap().is_empty());

    let body: Value = serde_json::from_slice(logged.canonicalized_body.as_bytes()).unwrap();
    let key = &body["spec"]["signature"]["publicKey"]["content"];
    let pem = STANDARD.decode(key.as_str().unwrap()).unwrap();
    assert!(!pem.contains(&b'\r') && pem.starts_with(b"-----BEGIN CERTIFICATE-----\n"));
    let query = json!({"publicKey": {"format": "x509", "content": key}});
    let (_, found) = post(&rig, "/api/v1/index/retrieve", &query);
    assert_eq!(found, json!([by_index.uuid.to_string()]));

    let query = json!({"logIndexes": [0, 99], "entryUUIDs": [by_index.uuid.to_string()]});
    let (_, found) = post(&rig, "/api/v1/log/entries/retrieve", &query);
    assert_eq!(found.as_array().unwrap().len(), 2);
}

#[test]
fn the_first_log_only_grows() {
    let rig = Rig::start();
    let (mut old_size, mut old_root, _) = state(&rig);
    for _ in 0..6 {
        sign(&rig, 1, What::Blob).unwrap();
        let (size, root, head) = state(&rig);
        assert_eq!((head.tree_size(), *head.root_hash()), (size, root));
        assert!(is_signed(&rig, &head));
        let path = format!("/api/v1/log/proof?firstSize={old_size}&lastSize={size}");
        let proof = get_json(&rig, &path);
        assert_eq!(hash(&proof["rootHash"]), root);
        let proof = hashes(&proof["hashes"]);
        verify_consistency_proof(old_size, size, &proof, &old_root, &root).unwrap();
        (old_size, old_root) = (size, root);
    }
    assert_eq!(crate::client::get(&rig, "/api/v1/log/proof?firstSize=1&lastSize=999").0, 400);
    assert_eq!(crate::client::get(&rig, "/api/v1/log/entries?logIndex=999").0, 404);
}

#[test]
fn an_equal_entry_is_in_conflict() {
    let rig = Rig::start();
    let bundle = sign(&rig, 1, What::Blob).unwrap();
    let body = bundle.verification_material.tlog_entries[0].canonicalized_body.as_bytes();
    let body: Value = serde_json::from_slice(body).unwrap();
    let (status, answer) = post(&rig, "/api/v1/log/entries", &body);
    assert_eq!(status, 409);
    assert!(answer["message"].as_str().unwrap().contains("already exists"));
}

#[test]
fn signatures_that_do_not_verify_are_not_logged() {
    let rig = Rig::start();
    let bundle = sign(&rig, 1, What::Blob).unwrap();
    let body = bundle.verification_material.tlog_entries[0].canonicalized_body.as_bytes();
    let mut body: Value = serde_json::from_slice(body).unwrap();
    body["spec"]["data"]["hash"]["value"] = json!(sha256(b"else").to_hex());
    let (status, answer) = post(&rig, "/api/v1/log/entries", &body);
    assert_eq!((status, &answer["message"]), (400, &json!("signature does not verify")));

    let body = bundle_body(&sign(&rig, 2, What::Blob).unwrap());
    let logged = &body["spec"]["hashedRekordV002"];
    let request = |digest: &Value| json!({"hashedRekordRequestV002": {"digest": digest, "signature": logged["signature"]}});
    let wrong = json!(sha256(b"else").to_base64());
    assert_eq!(post(&rig, "/api/v2/log/entries", &request(&wrong)).0, 400);
    assert_eq!(post(&rig, "/api/v2/log/entries", &request(&logged["data"]["digest"])).0, 201);
}

fn bundle_body(bundle: &Bundle) -> Value {
    let body = bundle.verification_material.tlog_entries[0].canonicalized_body.as_bytes();
    serde_json::from_slice(body).unwrap()
}

/// The old kind of entry for attestations, which no signer here makes any more.
#[test]
fn intoto_entries_verify() {
    let rig = Rig::start();
    let bundle = sign(&rig, 1, What::Statement).unwrap();
    let mut bundle: Value = serde_json::from_str(&bundle.to_json().unwrap()).unwrap();
    let envelope = bundle["dsseEnvelope"].clone();
    let twice = |value: &Value| json!(STANDARD.encode(value.as_str().unwrap()));
    let certificate = bundle["verificationMaterial"]["certificate"]["rawBytes"].clone();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\r\n{}\r\n-----END CERTIFICATE-----\r\n",
        certificate.as_str().unwrap()
    );
    let entry = json!({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {"envelope": {
        "payload": twice(&envelope["payload"]),
        "payloadType": envelope["payloadType"],
        "signatures": [{
            "sig": twice(&envelope["signatures"][0]["sig"]),
            "publicKey": STANDARD.encode(pem),
        }],
    }}}});
    let (status, answer) = post(&rig, "/api/v1/log/entries", &entry);
    assert_eq!(status, 201, "{answer}");
    let logged = answer.as_object().unwrap().values().next().unwrap();
    let proof = &logged["verification"]["inclusionProof"];
    let base64 = |hash: &Value| json!(STANDARD.encode(self::hash(hash).as_bytes()));
    let hashes: Vec<Value> = proof["hashes"].as_array().unwrap().iter().map(base64).collect();
    bundle["verificationMaterial"]["tlogEntries"] = json!([{
        "logIndex": logged["logIndex"].to_string(),
        "logId": {"keyId": base64(&logged["logID"])},
        "kindVersion": {"kind": "intoto", "version": "0.0.2"},
        "integratedTime": logged["integratedTime"].to_string(),
        "inclusionPromise": {
            "signedEntryTimestamp": logged["verification"]["signedEntryTimestamp"],
        },
        "inclusionProof": {
            "logIndex": proof["logIndex"].to_string(),
            "treeSize": proof["treeSize"].to_string(),
            "rootHash": base64(&proof["rootHash"]),
            "hashes": hashes,
            "checkpoint": {"envelope": proof["checkpoint"]},
        },
        "canonicalizedBody": logged["body"],
    }]);
    let bundle = Bundle::from_json(&bundle.to_string()).unwrap();
    assert!(verify(&rig, &bundle).unwrap().tlog_verified());
}

#[test]
fn the_second_log_is_made_of_tiles() {
    let rig = Rig::start_with(&Options { seed: 300, ..Options::default() }).unwrap();
    sign(&rig, 2, What::Blob).unwrap();
    let client = rekor2(&rig);
    let checkpoint = block_on(client.get_checkpoint()).unwrap();
    assert!(is_signed(&rig, &checkpoint));
    assert_eq!(checkpoint.tree_size(), 301);

    let width = NonZeroU8::new(45);
    let full = block_on(client.get_tile(0, 0, None)).unwrap().bytes;
    let rest = block_on(client.get_tile(0, 1, width)).unwrap().bytes;
    assert_eq!((full.len(), rest.len()), (256 * 32, 45 * 32));
    let leaves: Vec<Sha256Hash> =
        [full, rest].concat().chunks(32).map(|hash| Sha256Hash::try_from(hash).unwrap()).collect();
    assert_eq!(root(&leaves), *checkpoint.root_hash());
    let above = block_on(client.get_tile(1, 0, NonZeroU8::new(1))).unwrap().bytes;
    assert_eq!(above, root(&leaves[..256]).as_bytes());

    let entries = block_on(client.get_entry_bundle(1, width)).unwrap().bytes;
    let mut rest = entries.as_slice();
    for leaf in &leaves[256..] {
        let (length, tail) = rest.split_at(2);
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        assert_eq!(hash_leaf(&tail[..length]), *leaf);
        rest = &tail[length..];
    }
    assert!(rest.is_empty());
    block_on(client.get_tile(0, 1, NonZeroU8::new(46))).unwrap_err();
    block_on(client.get_tile(0, 2, None)).unwrap_err();
}

/// The root by the definition of RFC 6962.
fn root(leaves: &[Sha256Hash]) -> Sha256Hash {
    if let [leaf] = leaves {
        return *leaf;
    }
    let half = leaves.len().next_power_of_two() / 2;
    hash_children(&root(&leaves[..half]), &root(&leaves[half..]))
}

#[test]
fn the_second_log_takes_envelopes_of_managed_keys() {
    let rig = Rig::start();
    let key = KeyPair::generate_ecdsa_p256().unwrap();
    let payload = statement();
    let payload_type = "application/vnd.in-toto+json";
    let message = sigstore_verify::types::dsse::pae(payload_type, &payload);
    let signature = STANDARD.encode(key.sign(&message).unwrap().as_bytes());
    let verifier = json!({
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "publicKey": {"rawBytes": STANDARD.encode(key.public_key_der().unwrap().as_bytes())},
    });
    let request = json!({"dsseRequestV002": {
        "envelope": {
            "payload": STANDARD.encode(&payload), "payloadType": payload_type,
            "signatures": [{"sig": signature, "keyid": ""}],
        },
        "verifiers": [verifier],
    }});
    let (status, entry) = post(&rig, "/api/v2/log/entries", &request);
    assert_eq!(status, 201, "{entry}");
    assert_eq!(entry["kindVersion"], json!({"kind": "dsse", "version": "0.0.2"}));
    let body = STANDARD.decode(entry["canonicalizedBody"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let spec = &body["spec"]["dsseV002"];
    assert_eq!(spec["payloadHash"]["digest"], json!(sha256(&payload).to_base64()));
    assert_eq!(spec["signatures"], json!([{"content": signature, "verifier": verifier}]));
}

#[test]
fn cosignatures_are_by_the_witnesses() {
    let rig = Rig::start_with(&Options { witnesses: 2, ..Options::default() }).unwrap();
    let checkpoint = block_on(rekor2(&rig).get_checkpoint()).unwrap();
    for (name, spki) in rig.witnesses() {
        let key = VerificationKey::from_spki(&DerPublicKey::new(spki.clone())).unwrap();
        let id = sha256(&[name.as_bytes(), b"\n\x04", &spki[12..]].concat());
        let line = checkpoint.signatures().iter().find(|line| line.name == name).unwrap();
        assert_eq!(line.key_id.as_bytes()[..], id.as_bytes()[..4]);
        let (time, signature) = line.signature.as_bytes().split_at(8);
        let time = u64::from_be_bytes(time.try_into().unwrap());
        let mut message = format!("cosignature/v1\ntime {time}\n").into_bytes();
        message.extend(checkpoint.signed_data());
        key.verify(&message, &SignatureBytes::from_bytes(signature)).unwrap();
        key.verify(checkpoint.signed_data(), &SignatureBytes::from_bytes(signature)).unwrap_err();
    }
}
