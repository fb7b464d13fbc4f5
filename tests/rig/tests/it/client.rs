//! A signer and a verifier that know the rig.

use std::future::Future;

use pkg_rig::{Rig, TokenSpec};
use serde_json::Value;
use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::{SigningContext, SigningServices, reqwest};
use sigstore_verify::trust_root::{SigningConfig, TrustedRoot};
use sigstore_verify::types::Bundle;
use sigstore_verify::{VerificationPolicy, VerificationResult};

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const ARTIFACT: &[u8] = b"weights";

/// Runs one future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

/// A client that goes to loopback whatever proxy the environment names, and
/// that follows no redirects.
pub(crate) fn http() -> reqwest::Client {
    let policy = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap()
}

/// Status and body of a GET of `path`.
pub(crate) fn get(rig: &Rig, path: &str) -> (u16, Vec<u8>) {
    finish(http().get(format!("{}{path}", rig.url())))
}

/// Status and body of a POST of JSON to `path`.
pub(crate) fn post(rig: &Rig, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}{path}", rig.url());
    let (status, body) = finish(http().post(url).body(body.to_string()));
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// The JSON at `path`.
pub(crate) fn get_json(rig: &Rig, path: &str) -> Value {
    let (status, body) = get(rig, path);
    assert_eq!(status, 200, "{path}");
    serde_json::from_slice(&body).unwrap()
}

pub(crate) fn finish(request: reqwest::RequestBuilder) -> (u16, Vec<u8>) {
    block_on(async {
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    })
}

/// What a signer signs.
#[derive(Clone, Copy)]
pub(crate) enum What {
    Blob,
    Statement,
}

/// Signs with Rekor's interface `rekor`, as the person of the tests.
pub(crate) fn sign(rig: &Rig, rekor: u32, what: What) -> Result<Bundle, String> {
    sign_as(rig, rekor, what, &rig.token(&TokenSpec::email(EMAIL)))
}

pub(crate) fn sign_as(rig: &Rig, rekor: u32, what: What, token: &str) -> Result<Bundle, String> {
    let config = SigningConfig::from_json(&rig.signing_config(rekor).to_string()).unwrap();
    let services = SigningServices::from_signing_config(&config).unwrap();
    let signer = SigningContext::new(services)
        .with_http_client(http())
        .signer(IdentityToken::from_jwt(token).unwrap());
    let signed = block_on(async {
        match what {
            What::Blob => signer.sign(ARTIFACT).await,
            What::Statement => signer.sign_raw_statement(&statement()).await,
        }
    });
    signed.map_err(|error| error.to_string())
}

/// An in-toto statement about the artifact.
pub(crate) fn statement() -> Vec<u8> {
    let digest = sigstore_verify::crypto::sha256(ARTIFACT).to_hex();
    serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "weights", "digest": {"sha256": digest}}],
        "predicateType": "https://example.com/predicate/v1",
        "predicate": {},
    })
    .to_string()
    .into_bytes()
}

pub(crate) fn trusted_root(rig: &Rig) -> TrustedRoot {
    TrustedRoot::from_json(&rig.trusted_root().to_string()).unwrap()
}

/// Verifies with all that the verifier can check.
pub(crate) fn verify(rig: &Rig, bundle: &Bundle) -> Result<VerificationResult, String> {
    let policy =
        VerificationPolicy::any_identity().require_identity(EMAIL).require_issuer(rig.url());
    verify_with(rig, bundle, &policy)
}

pub(crate) fn verify_with(
    rig: &Rig,
    bundle: &Bundle,
    policy: &VerificationPolicy,
) -> Result<VerificationResult, String> {
    sigstore_verify::verify(ARTIFACT, bundle, policy, &trusted_root(rig))
        .map_err(|error| error.to_string())
}
