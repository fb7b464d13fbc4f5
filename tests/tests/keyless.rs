//! Signing by identity and verifying it, with stand-ins for Sigstore's services.

use std::fs;

use pkg_rig::{Ambient, Failure, Fault, Service, TokenSpec};
use pkg_tests::Place;
use pkg_tests::keyless::{ADA, Keyless};

const WORKFLOW: &str = "https://github.com/lab/model/.github/workflows/release.yml@refs/tags/v1";

#[test]
fn a_release_signed_by_identity_goes_round() {
    for rekor in [1, 2] {
        let test = Keyless::new(Place::packed());
        let signed = test.sign(&TokenSpec::email(ADA), rekor);
        assert_eq!(signed.code, Some(0), "{signed:?}");
        let place = &test.place;
        let verified = test.verify_as(ADA);
        assert_eq!(verified.code, Some(0), "{verified:?}");
        let json = verified.json();
        assert!(!verified.codes().contains(&"time-not-proven".to_owned()), "{json:#}");
        let signature = &json["result"]["signatures"][0];
        assert_eq!(signature["who"]["identity"], ADA);
        assert_eq!(signature["who"]["issuer"], test.rig.url());
        assert_eq!(signature["logged"], true);
        assert!(!signature["times"].as_array().unwrap().is_empty());

        let url = test.rig.url();
        let root = ["--trusted-root", "root.json"];
        place.finds(&["verify", "m.pkg"], "identity-needed", 2);
        let issuer_only = ["verify", "m.pkg", "--issuer", url, root[0], root[1]];
        place.finds(&issuer_only, "identity-needed", 2);
        std::os::unix::fs::symlink("root.json", place.path("linked.json")).unwrap();
        let open = ["verify", "m.pkg", "--identity", ADA, "--trusted-root", "linked.json"];
        place.finds(&open, "any-issuer", 0);
        let named = place.ok(&[&open[..], &["--issuer", url, "--json"]].concat());
        assert!(!named.codes().contains(&"any-issuer".to_owned()), "{named:?}");
        let any = ["verify", "m.pkg", "--any-identity", root[0], root[1]];
        let out = place.finds(&any, "any-identity", 0);
        assert!(out.stdout.contains(ADA));
        for (identity, code) in
            [("eve@example.com", "identity-mismatch"), (".*", "identity-mismatch")]
        {
            assert_eq!(test.verify_as(identity).expect(code, 10).code, Some(10));
        }
        let elsewhere = [
            "verify",
            "m.pkg",
            "--identity",
            ADA,
            "--issuer",
            "https://x.example",
            root[0],
            root[1],
        ];
        place.finds(&elsewhere, "issuer-mismatch", 10);
        let other = ["verify", "m.pkg", "--identity", ADA, "--trusted-root", "other-root.json"];
        place.finds(&other, "log-unknown", 10);
        place.finds(&["verify", "m.pkg", "--identity", ADA], "log-unknown", 10);
        place.finds(
            &["verify", "m.pkg", "--identity", ADA, "--trusted-root", "x"],
            "trust-root-missing",
            14,
        );
        place.finds(
            &["verify", "m.pkg", "--identity", ADA, "--trusted-root", "trust1.json"],
            "trust-root-invalid",
            14,
        );
        for (expression, good) in [("ada@.*", true), ("ada", false), ("[a-z]+@example[.]com", true)]
        {
            let args = ["verify", "m.pkg", "--identity-regexp", expression, root[0], root[1]];
            assert_eq!(place.run(&args).code == Some(0), good, "{expression}");
        }
        place.finds(&["verify", "m.pkg", "--identity-regexp", "("], "pattern-invalid", 2);

        place.ok(&["unpack", "m.pkg", "out"]);
        place.ok(&["verify", "out", "--identity", ADA, root[0], root[1]]);
        assert!(place.path("out/model.sig").exists());
        let shown = place.ok(&["show", "m.pkg", "--identity", ADA, root[0], root[1]]).stdout;
        assert!(shown.contains("verified, made by") && shown.contains(ADA), "{shown}");
        assert!(place.ok(&["show", "m.pkg"]).stdout.contains("claims to be ada@example.com"));
    }
}

#[test]
fn claims_of_a_pipeline_are_read_and_matched() {
    let test = Keyless::new(Place::packed());
    let spec = TokenSpec::github("lab/model", "release.yml", "refs/tags/v1");
    assert_eq!(test.sign(&spec, 1).code, Some(0));
    let verify = |more: &[&str]| {
        let mut args = vec!["verify", "m.pkg", "--trusted-root", "root.json"];
        args.extend(more);
        args.push("--json");
        test.place.run(&args)
    };
    let issuer = pkg_rig::GITHUB_ISSUER;
    for good in [
        vec!["--identity", WORKFLOW, "--issuer", issuer],
        vec!["--repository", "lab/model"],
        vec!["--repository", "lab/model", "--ref", "refs/tags/v1"],
        vec!["--claim", "source-repository-uri=https://github.com/lab/model"],
        vec!["--identity-regexp", "https://github.com/lab/model/.*", "--issuer", issuer],
    ] {
        let out = verify(&good);
        assert_eq!(out.code, Some(0), "{good:?}: {out:?}");
    }
    let out = verify(&["--repository", "lab/model"]);
    let claims = &out.json()["result"]["signatures"][0]["who"]["claims"];
    assert_eq!(claims["github-workflow-ref"], "refs/tags/v1", "{claims:#}");
    for bad in [
        vec!["--repository", "lab/other"],
        vec!["--repository", "lab/model", "--ref", "refs/heads/main"],
        vec!["--repository", "lab/model", "--trigger", "schedule"],
        vec!["--repository", "lab/model", "--claim", "deployment-environment=production"],
    ] {
        verify(&bad).expect("claim-mismatch", 10);
    }
    verify(&["--ref", "refs/tags/v1"]).expect("identity-needed", 2);
    let elsewhere = ["--repository", "lab/model", "--issuer", "https://x.example"];
    verify(&elsewhere).expect("issuer-mismatch", 10);
    // The same claims from another issuer count for nothing.
    let other = Keyless::new(Place::packed());
    assert_eq!(other.sign(&spec.issuer(other.rig.url()), 1).code, Some(0));
    let by_name = ["verify", "m.pkg", "--repository", "lab/model", "--trusted-root", "root.json"];
    other.place.finds(&by_name, "issuer-mismatch", 10);
    assert_eq!(verify(&["--claim", "no-such-claim=1"]).code, Some(2));
}

#[test]
fn people_and_keys_sign_one_release_side_by_side() {
    let test = Keyless::new(Place::signed());
    for (person, rekor) in [(ADA, 1), ("bo@example.com", 2)] {
        assert_eq!(test.sign(&TokenSpec::email(person), rekor).code, Some(0));
    }
    for person in [ADA, "bo@example.com"] {
        let out = test.verify_as(person);
        assert_eq!(out.code, Some(0), "{out:?}");
        assert!(out.codes().contains(&"signature-not-checked".to_owned()));
    }
    test.place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    // A key that is trusted and an identity that is not: one of them is enough.
    test.place.ok(&[
        "verify",
        "m.pkg",
        "--key",
        "k.pub",
        "--identity",
        "eve@example.com",
        "--trusted-root",
        "root.json",
    ]);
    test.verify_as("eve@example.com").expect("identity-mismatch", 10);
}

#[test]
fn pipelines_are_recognised_by_their_environment() {
    let test = Keyless::new(Place::packed());
    let github = TokenSpec::github("lab/model", "release.yml", "refs/tags/v1");
    test.rig.set_identity(Ambient::GitHub, github);
    test.rig.set_identity(Ambient::Google, TokenSpec::email("robot@example.com"));
    let gitlab = test.rig.token(&TokenSpec::subject(
        "https://gitlab.example/lab/model//.gitlab-ci.yml@refs/tags/v1",
    ));
    let (url, secret) = test.rig.github_request();
    let environments: [(&str, Vec<(&str, &str)>); 3] = [
        (
            WORKFLOW,
            vec![
                ("GITHUB_ACTIONS", "true"),
                ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &secret),
            ],
        ),
        ("gitlab.example", vec![("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", &gitlab)]),
        ("robot@example.com", vec![("GCE_METADATA_HOST", test.rig.google_host())]),
    ];
    for (who, variables) in environments {
        let args = ["sign", "m.pkg", "--keyless", "--trust-config", "trust1.json"];
        let mut command = test.place.command(&args);
        let out = test.place.finish(command.envs(variables));
        assert_eq!(out.code, Some(0), "{who}: {out:?}");
        assert!(out.stdout.contains(who), "{who}: {out:?}");
    }
    let nowhere = ["sign", "m.pkg", "--keyless", "--trust-config", "trust1.json"];
    test.place.finds(&nowhere, "token-missing", 2);
    let mut forbidden = test.place.command(&[&nowhere[..], &["--json"]].concat());
    test.place.finish(forbidden.env("GITHUB_ACTIONS", "true")).expect("token-missing", 2);
}

#[test]
fn a_code_can_be_typed_in_by_hand() {
    let test = Keyless::new(Place::packed());
    // Nobody answers: standard input is empty.
    let args = ["sign", "m.pkg", "--keyless", "--oob", "--trust-config", "trust1.json", "--json"];
    let out = test.place.run(&args);
    assert!(out.stderr.contains(&format!("{}/auth", test.rig.url())), "{out:?}");
    out.expect("token-missing", 2);
}

#[test]
fn tokens_that_cannot_work_are_refused_before_anything_is_asked() {
    let test = Keyless::new(Place::packed());
    let before = fs::read(test.place.path("m.pkg/index.json")).unwrap();
    for spec in
        [TokenSpec::email(ADA).expires_in(-10), TokenSpec::email(ADA).audience("somebody-else")]
    {
        let out = test.sign(&spec, 1);
        assert_eq!(out.code, Some(2), "{out:?}");
        assert!(out.stderr.contains("token-invalid"), "{out:?}");
    }
    assert!(test.rig.requests().iter().all(|request| !request.contains("signingCert")));
    let token = test.rig.token(&TokenSpec::email(ADA));
    let offline = ["sign", "m.pkg", "--identity-token", &token, "--offline"];
    test.place.finds(&offline, "network-left-out", 2);
    let forged = format!("{}A", &token[..token.len() - 1]);
    if forged != token {
        let args = ["sign", "m.pkg", "--identity-token", &forged, "--trust-config", "trust1.json"];
        test.place.finds(&args, "certificate-refused", 1);
    }
    assert_eq!(fs::read(test.place.path("m.pkg/index.json")).unwrap(), before);
}

#[test]
fn services_that_fail_leave_the_bundle_as_it_was() {
    let test = Keyless::new(Place::packed());
    let before = fs::read(test.place.path("m.pkg/index.json")).unwrap();
    for (service, code) in [
        (Service::Fulcio, "certificate-refused"),
        (Service::RekorV1, "log-failed"),
        (Service::Tsa, "timestamp-failed"),
    ] {
        for fault in [
            Fault::ServerError,
            Fault::TooManyRequests,
            Fault::CutBody,
            Fault::EndlessBody,
            Fault::NotJson,
            Fault::Redirect,
        ] {
            test.rig.fail_with(Some(Failure::new(fault).at(service)));
            let out = test.sign(&TokenSpec::email(ADA), 1);
            assert_eq!(out.code, Some(1), "{service:?} {fault:?}: {out:?}");
            assert!(out.stderr.contains(code), "{service:?} {fault:?}: {out:?}");
            assert_eq!(fs::read(test.place.path("m.pkg/index.json")).unwrap(), before);
        }
    }
    assert!(test.rig.requests().iter().all(|request| !request.contains("/elsewhere")));
    test.rig.fail(None);
    assert_eq!(test.sign(&TokenSpec::email(ADA), 1).code, Some(0));
}

#[test]
fn the_command_line_of_the_conformance_suite_works_both_ways() {
    let test = Keyless::new(Place::new());
    fs::write(test.place.path("a.txt"), "hello").unwrap();
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"a.txt","digest":{{"sha256":"{}"}}}}],"predicateType":"https://example.org/x/v1","predicate":{{}}}}"#,
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
    fs::write(test.place.path("statement.json"), statement).unwrap();
    let token = test.rig.token(&TokenSpec::email(ADA));
    for rekor in [1, 2] {
        for (more, file) in [(None, "a.txt"), (Some("--in-toto"), "statement.json")] {
            let config = format!("signing{rekor}.json");
            let mut sign = vec!["sigstore", "sign-bundle"];
            sign.extend(more);
            sign.extend(["--identity-token", &token, "--bundle", "b.json"]);
            sign.extend(["--trusted-root", "root.json", "--signing-config", &config, file]);
            test.place.ok(&sign);
            let digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
            let verify = |identity: &str, issuer: &str, artifact: &str| {
                let mut args = vec!["sigstore", "verify-bundle", "--bundle", "b.json"];
                args.extend(["--certificate-identity", identity, "--certificate-oidc-issuer"]);
                args.extend([issuer, "--trusted-root", "root.json", artifact]);
                test.place.run(&args)
            };
            for artifact in ["a.txt", digest] {
                let out = verify(ADA, test.rig.url(), artifact);
                assert_eq!(out.code, Some(0), "{out:?}");
            }
            assert_eq!(verify("eve@example.com", test.rig.url(), "a.txt").code, Some(10));
            assert_eq!(verify(ADA, "https://x.example", "a.txt").code, Some(10));
            let out = verify(ADA, test.rig.url(), "root.json");
            assert!(
                out.code == Some(10) && out.stderr.contains("[signature-other-subject]"),
                "{out:?}"
            );
            let other = format!("{}9", &digest[..digest.len() - 1]);
            assert_eq!(verify(ADA, test.rig.url(), &other).code, Some(10));
        }
    }
}
