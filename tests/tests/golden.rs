//! Bundles of every generation that were made earlier and are kept.

use std::fs;
use std::path::PathBuf;

use pkg_tests::{Out, Place, repository};

const WORKFLOW: &str = "https://github.com/lab/model/.github/workflows/release.yml@refs/tags/v1";
const DIGEST: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

fn folder() -> PathBuf {
    repository().join("fixtures/sigstore")
}

fn bundles() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.contains(".rekor")).collect()
}

fn verify(bundle: &str, root: &str, identity: &str, artifact: &str) -> Out {
    let at = |name: &str| folder().join(name).to_string_lossy().into_owned();
    Place::new().run(&[
        "sigstore",
        "verify-bundle",
        "--bundle",
        &at(bundle),
        "--certificate-identity",
        identity,
        "--certificate-oidc-issuer",
        "https://token.actions.githubusercontent.com",
        "--trusted-root",
        &at(root),
        artifact,
        "--json",
    ])
}

#[test]
fn every_generation_verifies() {
    let bundles = bundles();
    assert_eq!(bundles.len(), 8, "{bundles:?}");
    let file = folder().join("a.txt").to_string_lossy().into_owned();
    for bundle in bundles {
        for artifact in [DIGEST, &file] {
            let out = verify(&bundle, "trusted_root.json", WORKFLOW, artifact);
            assert_eq!(out.code, Some(0), "{bundle}: {out:?}");
            let who = &out.json()["result"]["who"];
            assert_eq!(who["claims"]["github-workflow-repository"], "lab/model", "{who:#}");
        }
    }
}

#[test]
fn another_root_identity_or_artifact_is_refused() {
    let other = DIGEST.replace("5891", "5892");
    for bundle in bundles() {
        verify(&bundle, "other_root.json", WORKFLOW, DIGEST).expect("log-unknown", 10);
        verify(&bundle, "trusted_root.json", "eve", DIGEST).expect("identity-mismatch", 10);
        verify(&bundle, "trusted_root.json", WORKFLOW, &other)
            .expect("signature-other-subject", 10);
    }
}
