//! Keyless signing from end to end.

use pkg_rig::{GITHUB_ISSUER, Options, Rig, TokenSpec};
use serde_json::json;
use sigstore_verify::VerificationPolicy;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::trust_root::{SigningConfig, TrustedRoot};

use crate::client::{EMAIL, What, sign, sign_as, verify, verify_with};

#[test]
fn both_logs_and_both_kinds_of_content_verify_while_the_logs_grow() {
    let rig = Rig::start();
    for round in 0..5 {
        for rekor in [1, 2] {
            for what in [What::Blob, What::Statement] {
                let bundle = sign(&rig, rekor, what).unwrap();
                let result = verify(&rig, &bundle).unwrap();
                assert!(
                    result.tlog_verified()
                        && result.sct_verified()
                        && result.certificate_verified()
                );
                let entry = &bundle.verification_material.tlog_entries[0];
                let hashes = &entry.inclusion_proof.as_ref().unwrap().hashes;
                assert!(!hashes.is_empty(), "round {round}, Rekor {rekor}");
            }
        }
    }
}

#[test]
fn leaves_of_the_root_itself_verify() {
    let rig = Rig::start_with(&Options { intermediate: false, ..Options::default() }).unwrap();
    verify(&rig, &sign(&rig, 2, What::Blob).unwrap()).unwrap();
}

#[test]
fn the_chain_goes_through_an_intermediate() {
    let rig = Rig::start();
    let chain = &rig.trusted_root()["certificateAuthorities"][0]["certChain"]["certificates"];
    assert_eq!(chain.as_array().unwrap().len(), 2);
    // Without the intermediate the root alone does not reach the leaf.
    let bundle = sign(&rig, 2, What::Blob).unwrap();
    let mut root = rig.trusted_root();
    let certificates = &mut root["certificateAuthorities"][0]["certChain"]["certificates"];
    certificates.as_array_mut().unwrap().remove(0);
    let root = TrustedRoot::from_json(&root.to_string()).unwrap();
    let policy = VerificationPolicy::any_identity();
    let refused =
        sigstore_verify::verify(crate::client::ARTIFACT, &bundle, &policy, &root).unwrap_err();
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
}

#[test]
fn checkpoints_with_cosignatures_verify() {
    let rig = Rig::start_with(&Options { witnesses: 2, ..Options::default() }).unwrap();
    let bundle = sign(&rig, 2, What::Blob).unwrap();
    verify(&rig, &bundle).unwrap();
    let proof = bundle.verification_material.tlog_entries[0].inclusion_proof.as_ref().unwrap();
    assert_eq!(proof.checkpoint.envelope().matches('\u{2014}').count(), 3);
}

#[test]
fn another_rig_is_not_trusted() {
    let (rig, other) = (Rig::start(), Rig::start());
    let bundle = sign(&rig, 1, What::Blob).unwrap();
    let refused = verify(&other, &bundle).unwrap_err();
    assert!(refused.contains("timestamp"), "{refused}");
}

#[test]
fn claims_of_github_become_extensions() {
    let rig = Rig::start();
    let spec = TokenSpec::github("octo/model", "release.yml", "refs/tags/v1")
        .claim("event_name", "release")
        .claim("environment", "production");
    let bundle = sign_as(&rig, 2, What::Blob, &rig.token(&spec)).unwrap();
    let workflow = "https://github.com/octo/model/.github/workflows/release.yml@refs/tags/v1";
    let policy =
        VerificationPolicy::any_identity().require_identity(workflow).require_issuer(GITHUB_ISSUER);
    verify_with(&rig, &bundle, &policy).unwrap();

    let info = parse_certificate_info(bundle.signing_certificate().unwrap()).unwrap();
    let claims = info.ci_claims;
    let commit = claims.source_repository_digest.clone().unwrap();
    assert_eq!(commit.len(), 40);
    let expected = [
        (claims.build_signer_uri, workflow),
        (claims.build_signer_digest, &commit),
        (claims.runner_environment, "github-hosted"),
        (claims.source_repository_uri, "https://github.com/octo/model"),
        (claims.source_repository_ref, "refs/tags/v1"),
        (claims.source_repository_identifier, "1001"),
        (claims.source_repository_owner_uri, "https://github.com/octo"),
        (claims.source_repository_owner_identifier, "2002"),
        (claims.build_config_uri, workflow),
        (claims.build_config_digest, &commit),
        (claims.build_trigger, "release"),
        (claims.run_invocation_uri, "https://github.com/octo/model/actions/runs/3003/attempts/1"),
        (claims.source_repository_visibility_at_signing, "public"),
        (claims.deployment_environment, "production"),
        (claims.token_subject, "repo:octo/model:ref:refs/tags/v1"),
        (claims.deprecated_github.workflow_repository, "octo/model"),
        (claims.deprecated_github.workflow_trigger, "release"),
    ];
    for (claim, value) in expected {
        assert_eq!(claim.as_deref(), Some(value));
    }
}

#[test]
fn a_persons_certificate_says_nothing_of_a_job() {
    let rig = Rig::start();
    let bundle = sign(&rig, 1, What::Blob).unwrap();
    let info = parse_certificate_info(bundle.signing_certificate().unwrap()).unwrap();
    assert!(info.ci_claims.is_empty());
    assert_eq!(info.issuer.as_deref(), Some(rig.url()));
}

#[test]
fn tokens_that_fulcio_must_refuse_are_refused() {
    let rig = Rig::start();
    let email = || TokenSpec::email(EMAIL);
    let good = rig.token(&email());
    let foreign = Rig::start().token(&email().issuer(rig.url()));
    let (body, signature) = good.rsplit_once('.').unwrap();
    let changed = format!("{}A.{signature}", &body[..body.len() - 1]);
    for (token, reason) in [
        (rig.token(&email().audience("other")), "audience"),
        (rig.token(&email().expires_in(-1)), "expired"),
        (rig.token(&email().issuer("https://issuer.example")), "unknown issuer"),
        (foreign, "signature"),
        (changed, "signature"),
    ] {
        let body = json!({"credentials": {"oidcIdentityToken": token}});
        let (status, answer) = crate::client::post(&rig, "/api/v2/signingCert", &body);
        assert_eq!(status, 401, "{reason}");
        assert!(answer["message"].as_str().unwrap().contains(reason), "{answer}");
    }
    let (status, _) = crate::client::post(&rig, "/api/v2/signingCert", &json!({}));
    assert_eq!(status, 401);
}

#[test]
fn a_moved_clock_makes_material_of_the_past_and_of_the_future() {
    let rig = Rig::start();
    rig.set_time_offset(-7 * 86_400);
    let past = sign(&rig, 1, What::Blob).unwrap();
    let time = verify(&rig, &past).unwrap().integrated_time().unwrap();
    let age = jiff::Timestamp::now().as_second() - time.as_second();
    assert!((604_800..605_000).contains(&age), "{age}");

    rig.set_time_offset(86_400);
    let future = sign(&rig, 1, What::Blob).unwrap();
    let refused = verify(&rig, &future).unwrap_err();
    assert!(refused.contains("in the future"), "{refused}");
}

#[test]
fn the_written_files_are_what_clients_read() {
    let rig = Rig::start();
    let dir = tempfile::tempdir().unwrap();
    rig.write_to(dir.path()).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();
    assert_eq!(json("trusted_root.json"), rig.trusted_root());
    assert_eq!(read("root.json").as_bytes(), rig.tuf_root());
    for rekor in [1, 2] {
        let config = read(&format!("signing_config.v{rekor}.json"));
        let config = SigningConfig::from_json(&config).unwrap();
        assert_eq!(config.rekor_url(None).unwrap().major_api_version, rekor);
        let trust = json(&format!("trust_config.v{rekor}.json"));
        assert_eq!(trust["trustedRoot"], rig.trusted_root());
        assert_eq!(trust["signingConfig"], rig.signing_config(rekor));
    }
    for token in ["token.email", "token.github"] {
        sign_as(&rig, 2, What::Blob, &read(token)).unwrap();
    }
    let (url, secret) = rig.github_request();
    assert!(read("github.env").contains(&url) && read("github.env").contains(&secret));
}
