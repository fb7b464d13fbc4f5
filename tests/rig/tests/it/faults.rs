//! Each fault is refused, and for the reason meant.

use std::time::{Duration, Instant};

use pkg_rig::{Failure, Fault, Options, Rig, Service};
use serde_json::{Value, json};
use sigstore_verify::types::Bundle;

use crate::client::{What, http, sign, verify};

/// Why signing, or else verifying what was signed, fails.
fn refusal(rig: &Rig, rekor: u32, what: What) -> String {
    match sign(rig, rekor, what) {
        Ok(bundle) => verify(rig, &bundle).unwrap_err(),
        Err(refused) => format!("signer: {refused}"),
    }
}

fn check(rekor: u32, what: What, expected: &[(Fault, &str)]) {
    let rig = Rig::start();
    for (fault, reason) in expected {
        rig.fail(Some(*fault));
        let refused = refusal(&rig, rekor, what);
        assert!(refused.contains(reason), "Rekor {rekor}, {fault:?}: {refused}");
    }
    rig.fail(None);
    verify(&rig, &sign(&rig, rekor, what).unwrap()).unwrap();
}

const CERTIFICATE: [(Fault, &str); 8] = [
    (Fault::SctMissing, "missing SCT extension"),
    (Fault::SctUnknownLog, "key not found"),
    (Fault::SctOtherBytes, "SCT signature verification failed"),
    (Fault::LeafExpired, "CertExpired"),
    (Fault::LeafNotYetValid, "CertNotValidYet"),
    (Fault::LeafNotForCodeSigning, "RequiredEkuNotFound"),
    (Fault::LeafUnknownAuthority, "UnknownIssuer"),
    (Fault::LeafForged, "InvalidSignatureForPublicKey"),
];

#[test]
fn wrong_certificates_are_refused() {
    check(1, What::Blob, &CERTIFICATE);
    check(2, What::Statement, &CERTIFICATE);
}

const PROOF: [(Fault, &str); 6] = [
    (Fault::ProofHashFlipped, "root hash mismatch"),
    (Fault::ProofHashMissing, "proof hashes, got"),
    (Fault::ProofWrongIndex, "inclusion proof verification failed"),
    (Fault::CheckpointUnsigned, "no signatures found"),
    (Fault::CheckpointOtherKey, "No matching Rekor key"),
    (Fault::CheckpointForged, "No valid Rekor signature"),
];

#[test]
fn wrong_entries_of_the_first_rekor_are_refused() {
    let more = [
        (Fault::OtherEntry, "mismatch"),
        (Fault::ProofRootWrong, "does not match checkpoint root hash"),
        (Fault::CheckpointOtherRoot, "does not match checkpoint root hash"),
        (Fault::LogIdUnknown, "No log key valid"),
        (Fault::LogUnknown, "No log key valid"),
        (Fault::SetWrong, "SET verification failed"),
        (Fault::SetOtherTime, "SET verification failed"),
        (Fault::IntegratedTimeOutsideLeaf, "CertNotValidYet"),
    ];
    for what in [What::Blob, What::Statement] {
        check(1, what, &PROOF);
        check(1, what, &more);
    }
}

#[test]
fn wrong_entries_of_the_second_rekor_are_refused() {
    let more = [
        (Fault::OtherEntry, "does not match the submitted entry"),
        (Fault::CheckpointOtherRoot, "root hash mismatch"),
        (Fault::LogUnknown, "No matching Rekor key"),
    ];
    check(2, What::Blob, &PROOF);
    check(2, What::Statement, &more);
}

/// The verifier takes index, size and root from the entry and the signed
/// checkpoint, and finds the key by the checkpoint. So these show only in the
/// material itself.
#[test]
fn unsigned_copies_in_entries_of_the_second_rekor_are_wrong() {
    let rig = Rig::start();
    let good = sign(&rig, 2, What::Blob).unwrap();
    let good = &good.verification_material.tlog_entries[0];

    rig.fail(Some(Fault::LogIdUnknown));
    let bundle = sign(&rig, 2, What::Blob).unwrap();
    assert_ne!(bundle.verification_material.tlog_entries[0].log_id, good.log_id);

    rig.fail(Some(Fault::ProofRootWrong));
    let bundle = sign(&rig, 2, What::Blob).unwrap();
    let proof = bundle.verification_material.tlog_entries[0].inclusion_proof.as_ref().unwrap();
    let checkpoint = proof.checkpoint.checkpoint().unwrap();
    assert_ne!(checkpoint.root_hash(), &proof.root_hash);
}

/// With a timestamp beside it the entry still verifies; what is lost is the
/// time that the log vouches for.
#[test]
fn an_entry_without_promise_has_no_time_of_the_log() {
    let rig = Rig::start();
    rig.fail(Some(Fault::SetMissing));
    let bundle = sign(&rig, 1, What::Blob).unwrap();
    assert!(bundle.verification_material.tlog_entries[0].inclusion_promise.is_none());
    assert_eq!(verify(&rig, &bundle).unwrap().integrated_time(), None);

    let mut alone: Value = serde_json::from_str(&bundle.to_json().unwrap()).unwrap();
    alone["verificationMaterial"]["timestampVerificationData"] = json!({});
    let alone = Bundle::from_json(&alone.to_string()).unwrap();
    let refused = verify(&rig, &alone).unwrap_err();
    assert!(refused.contains("No verified timestamp"), "{refused}");
}

/// What the signer would not accept can still be put together by an attacker.
#[test]
fn parts_of_another_bundle_are_refused() {
    let rig = Rig::start();
    let parts = [
        ("tlogEntries", "log entry does not match the bundle"),
        ("timestampVerificationData", "hash mismatch"),
        ("certificate", "signature"),
    ];
    for rekor in [1, 2] {
        for what in [What::Blob, What::Statement] {
            let json = |bundle: Bundle| -> Value {
                serde_json::from_str(&bundle.to_json().unwrap()).unwrap()
            };
            let one = json(sign(&rig, rekor, what).unwrap());
            let other = json(sign(&rig, rekor, what).unwrap());
            for (part, reason) in parts {
                let mut mixed = one.clone();
                mixed["verificationMaterial"][part] = other["verificationMaterial"][part].clone();
                let mixed = Bundle::from_json(&mixed.to_string()).unwrap();
                let refused = verify(&rig, &mixed).unwrap_err();
                assert!(refused.contains(reason), "Rekor {rekor}, {part}: {refused}");
            }
        }
    }
}

#[test]
fn wrong_timestamps_are_refused() {
    let expected = [
        (Fault::TimestampOtherBytes, "message imprint mismatch"),
        (Fault::TimestampWrongNonce, "nonce mismatch"),
        (Fault::TimestampRefused, "request not granted"),
        (Fault::TimestampUnknownAuthority, "does not match any trusted TSA certificate"),
        (Fault::TimestampForged, "signature invalid"),
        (Fault::TimestampOutsideAuthority, "CertNotValidYet"),
        (Fault::TimestampOutsideLeaf, "CertExpired"),
    ];
    check(1, What::Blob, &expected);
    check(2, What::Statement, &expected);
}

#[test]
fn cosignatures_do_not_replace_the_signature_of_the_log() {
    let rig = Rig::start_with(&Options { witnesses: 2, ..Options::default() }).unwrap();
    rig.fail(Some(Fault::CheckpointForged));
    let refused = refusal(&rig, 2, What::Blob);
    assert!(refused.contains("No valid Rekor signature"), "{refused}");
}

#[test]
fn every_service_can_fail_on_the_wire() {
    let services = [
        (Service::Fulcio, 1, "Fulcio error"),
        (Service::RekorV1, 1, "Rekor error"),
        (Service::RekorV2, 2, "Rekor error"),
        (Service::Tsa, 1, "TSA error"),
    ];
    for (service, rekor, name) in services {
        let rig = Rig::start();
        for (fault, reason) in [
            (Fault::TooManyRequests, "429"),
            (Fault::ServerError, "500"),
            (Fault::CutBody, "error decoding response body"),
            (Fault::Redirect, "307"),
            (Fault::NotJson, ""),
        ] {
            rig.fail_with(Some(Failure::new(fault).at(service)));
            let refused = sign(&rig, rekor, What::Blob).map(drop).expect_err("nothing failed");
            assert!(refused.starts_with(name) && refused.contains(reason), "{fault:?}: {refused}");
        }
        rig.fail(None);
        sign(&rig, rekor, What::Blob).unwrap();
    }
}

#[test]
fn wire_faults_are_what_they_say() {
    let rig = Rig::start();
    let get = || http().get(format!("{}/api/v1/log", rig.url()));

    rig.fail(Some(Fault::TooManyRequests));
    let answer = crate::client::block_on(get().send()).unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");

    rig.fail(Some(Fault::ServerError));
    assert_eq!(crate::client::finish(get()).0, 500);

    rig.fail(Some(Fault::CutBody));
    let cut = crate::client::block_on(async { get().send().await.unwrap().bytes().await });
    let broken = format!("{:?}", cut.unwrap_err());
    assert!(broken.contains("IncompleteBody"), "{broken}");

    rig.fail(Some(Fault::NotJson));
    let (status, page) = crate::client::finish(get());
    assert_eq!((status, page.starts_with(b"<!doctype html>")), (200, true));
}

#[test]
fn an_answer_without_end_goes_on_until_the_client_leaves() {
    let rig = Rig::start();
    rig.fail(Some(Fault::EndlessBody));
    let read = crate::client::block_on(async {
        let url = format!("{}/api/v1/log", rig.url());
        let mut response = http().get(url).send().await.unwrap();
        let mut read = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            read += chunk.len();
            if read > 10_000_000 {
                break;
            }
        }
        read
    });
    assert!(read > 10_000_000, "{read}");
}

#[test]
fn a_redirect_leads_to_another_host_that_notes_who_follows() {
    let rig = Rig::start();
    rig.fail(Some(Fault::Redirect));
    let url = format!("{}/api/v1/log/entries?logIndex=0", rig.url());
    let answer = crate::client::block_on(http().get(&url).send()).unwrap();
    assert_eq!(answer.status(), 307);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("http://localhost:"), "{location}");
    assert!(!rig.requests().iter().any(|request| request.contains("elsewhere")));

    let followed = location.replace("localhost", "127.0.0.1");
    let (status, body) = crate::client::finish(http().get(followed));
    assert_eq!(status, 200);
    assert!(body.starts_with(b"{"));
    assert_eq!(rig.requests().last().unwrap(), "GET /elsewhere/api/v1/log/entries 200");
}

#[test]
fn a_slow_answer_keeps_neither_others_nor_the_end_of_the_rig_waiting() {
    let began = Instant::now();
    let rig = Rig::start();
    let day = Duration::from_hours(24);
    rig.fail_with(Some(Failure::new(Fault::SlowAnswer(day)).at(Service::RekorV1)));
    let url = format!("{}/api/v1/log", rig.url());
    let slow = std::thread::spawn(move || {
        crate::client::block_on(async { http().get(url).send().await.map(drop) })
    });
    while !rig.requests().contains(&"GET /api/v1/log -".to_owned()) {
        std::thread::yield_now();
    }
    assert_eq!(crate::client::get(&rig, "/api/v2/checkpoint").0, 200);
    drop(rig);
    // The answer itself may come or not, once the rig is gone.
    let _ = slow.join().unwrap();
    assert!(began.elapsed() < day);
}
