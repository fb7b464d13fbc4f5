//! What clients need to know to use and to trust the rig
//! (`TrustedRoot`, `SigningConfig`, `ClientTrustConfig` of sigstore/protobuf-specs).

use serde_json::{Value, json};

use crate::certificates::AUTHORITY_LIFE;
use crate::der;
use crate::log::Log;
use crate::server::{Server, lock};
use crate::text;

fn valid_for() -> Value {
    json!({"start": text::date(AUTHORITY_LIFE.0, "%Y-%m-%dT%H:%M:%SZ")})
}

fn log(url: &str, spki: &[u8], details: &str, id: &[u8]) -> Value {
    json!({
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": text::base64(spki), "keyDetails": details, "validFor": valid_for(),
        },
        "logId": {"keyId": text::base64(id)},
    })
}

fn authority(name: &str, url: &str, chain: &[&[u8]]) -> Value {
    let chain: Vec<Value> =
        chain.iter().map(|der| json!({"rawBytes": text::base64(der)})).collect();
    json!({
        "subject": {"organization": "rig", "commonName": name},
        "uri": url,
        "certChain": {"certificates": chain},
        "validFor": valid_for(),
    })
}

pub(crate) fn trusted_root(server: &Server) -> Value {
    const P256: &str = "PKIX_ECDSA_P256_SHA_256";
    let url = &server.url;
    let (rekor1, rekor2) = (lock(&server.rekor1), lock(&server.rekor2));
    let (first, second) = (rekor1.log.key(), rekor2.log.key());
    let ct = server.fulcio.ct.key.spki();
    let timestamp = format!("{url}/api/v1/timestamp");
    json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [
            log(url, first.key.spki(), P256, &first.id),
            log(url, second.key.spki(), "PKIX_ED25519", &second.id),
        ],
        "certificateAuthorities": [authority("rig-fulcio", url, &server.fulcio.chain())],
        "ctlogs": [log(url, ct, P256, &crate::keys::sha256(ct))],
        "timestampAuthorities": [authority("rig-tsa", &timestamp, &server.tsa.chain())],
    })
}

/// Names Rekor with the interface `rekor` (1 or 2).
pub(crate) fn signing_config(url: &str, rekor: u32) -> Value {
    let service = |url: &str, version: u32| {
        json!([{
            "url": url, "majorApiVersion": version, "validFor": valid_for(), "operator": "rig",
        }])
    };
    json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": service(url, 1),
        "oidcUrls": service(url, 1),
        "rekorTlogUrls": service(url, rekor),
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": service(&format!("{url}/api/v1/timestamp"), 1),
        "tsaConfig": {"selector": "ANY"},
    })
}

pub(crate) fn log_key_pem(log: &Log) -> String {
    der::to_pem("PUBLIC KEY", log.key().key.spki())
}
