//! Certificates of Fulcio (`fulcio.proto`, API v2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use sigstore_oidc::IdentityToken;
use sigstore_verify::crypto::KeyPair;

use super::http::{Body, Http};
use crate::finding::{Code, Problem, Result};
use crate::trust::{json, pem};

/// Largest answer, in bytes; a chain has a few kilobytes.
const MAX_ANSWER: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    signed_certificate_embedded_sct: Option<Issued>,
}

#[derive(Deserialize)]
struct Issued {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// Asks for a certificate over `key` in the name of a token; gives it in DER.
///
/// The key proves that it is there by signing the identity that the token claims.
pub(super) fn certificate(url: &str, token: &IdentityToken, key: &KeyPair) -> Result<Vec<u8>> {
    let http = Http::new(Code::CertificateRefused, "the certificate authority")?;
    let internal = |error: sigstore_verify::crypto::Error| {
        Problem::new(Code::Internal, "a key for one signature").detail(error.to_string())
    };
    let public = key.public_key_der().map_err(internal)?;
    let proof = key.sign(token.identity().as_bytes()).map_err(internal)?;
    let request = json!({
        "credentials": { "oidcIdentityToken": token.expose_secret() },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": public.to_pem() },
            "proofOfPossession": STANDARD.encode(proof.as_bytes()),
        },
    });
    let url = format!("{}/api/v2/signingCert", url.trim_end_matches('/'));
    let answer: Answer =
        json::from_slice_strict(&http.ask(&url, Body::Json(request), MAX_ANSWER)?).map_err(
            |error| http.wrong(format!("its answer cannot be read: {error}")).source(error),
        )?;
    let chain = answer.signed_certificate_embedded_sct.map(|issued| issued.chain.certificates);
    let leaf = chain.unwrap_or_default().into_iter().next();
    let leaf = leaf.ok_or_else(|| {
        http.wrong("it gives no certificate with the proof that it was logged inside")
    })?;
    let block = pem::decode(&leaf)
        .map_err(|error| http.wrong(format!("its certificate cannot be read: {error}")))?;
    Ok(block.content.to_vec())
}
