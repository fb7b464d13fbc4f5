//! Log entries and timestamps for signatures by keys.
//!
//! Sources: the entry types `dsse` 0.0.1 of Rekor v1 and `hashedrekord` 0.0.2 of
//! Rekor v2, which takes the hash of what an envelope signs; RFC 3161. Answers are
//! put into the bundle unread: what they are worth is judged afterwards, as of any
//! bundle.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode as _, Reader as _, SliceReader};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sigstore_rekor::LogEntry;
use sigstore_verify::types::KindVersion;

use super::http::{Body, Http};
use super::keyless::Services;
use crate::finding::{Code, Problem, Result};
use crate::model::canonical;
use crate::model::digest::hex_of;
use crate::trust::bundle::{self, Content, Material, SignedBundle};
use crate::trust::json;
use crate::trust::key::{Algorithm, PublicKey};
use crate::trust::pem;
use crate::trust::watch::Interface;

/// Largest answer of a log or timestamp authority, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Largest answer of a log of the first interface, which gives the entry back.
const MAX_ENTRY: usize = 64 << 20;

/// Largest statement that is sent to a log of the first interface, in bytes.
pub const MAX_UPLOAD: usize = 24 << 20;

/// What is to be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// An entry in the transparency log.
    pub log: bool,
    /// A timestamp.
    pub timestamp: bool,
}

impl Wanted {
    /// Whether it is nothing.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// The services that vouch for a signature.
pub struct Publisher {
    log: Option<(Http, String, Interface)>,
    authority: Option<(Http, String)>,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let log = self.log.as_ref().map(|(_, url, _)| url);
        let authority = self.authority.as_ref().map(|(_, url)| url);
        f.debug_struct("Publisher").field("log", &log).field("authority", &authority).finish()
    }
}

impl Publisher {
    /// Takes the services of an instance.
    pub fn new(services: &Services, wanted: Wanted) -> Result<Self> {
        let log = if wanted.log {
            let (url, interface) = services.log();
            let http = Http::new(Code::LogFailed, "the transparency log")?;
            Some((http, url.trim_end_matches('/').to_owned(), interface))
        } else {
            None
        };
        let authority = if wanted.timestamp {
            let url = services.timestamps().ok_or_else(|| {
                Problem::new(Code::SigningConfigInvalid, "the signing config")
                    .detail("it names no timestamp authority")
            })?;
            let http = Http::new(Code::TimestampFailed, "the timestamp authority")?;
            Some((http, url.to_owned()))
        } else {
            None
        };
        Ok(Self { log, authority })
    }

    /// Adds what was wanted to a bundle that was signed with `key`.
    pub fn publish(&self, bytes: &[u8], key: &PublicKey) -> Result<Vec<u8>> {
        let subject = "the new signature";
        let internal = |error: String| Problem::new(Code::Internal, subject).detail(error);
        let signed = bundle::parse(bytes, subject)?;
        let mut document: Value =
            serde_json::from_slice(bytes).map_err(|error| internal(error.to_string()))?;
        let material = document
            .get_mut("verificationMaterial")
            .ok_or_else(|| internal("it has no material".to_owned()))?;
        if let Some((http, url, interface)) = &self.log {
            let entry = match interface {
                Interface::V1 => first(http, url, &signed, key)?,
                Interface::V2 => second(http, url, &signed, key)?,
            };
            material["tlogEntries"] = json!([entry]);
        }
        if let Some((http, url)) = &self.authority {
            let reply = timestamp(http, url, signature(&signed))?;
            material["timestampVerificationData"] =
                json!({ "rfc3161Timestamps": [{ "signedTimestamp": STANDARD.encode(reply) }] });
        }
        canonical::to_vec(&document).map_err(|error| internal(error.to_string()))
    }
}

/// A log of the first interface gets the whole statement: too large a one is refused
/// before anything is sent.
pub(super) fn check_size(payload: &[u8]) -> Result<()> {
    if payload.len() <= MAX_UPLOAD {
        return Ok(());
    }
    Err(Problem::new(Code::UploadTooLarge, "the statement")
        .detail(format!("it has {} bytes, and at most {MAX_UPLOAD} are sent", payload.len())))
}

/// The signature, whatever it is over.
fn signature(signed: &SignedBundle) -> &[u8] {
    match &signed.content {
        Content::Envelope(envelope) => &envelope.signature,
        Content::Message { signature, .. } => signature,
    }
}

/// The hash that was signed.
fn digest(signed: &SignedBundle, key: &PublicKey) -> Result<Vec<u8>> {
    let hash = match &signed.content {
        Content::Envelope(envelope) => {
            key.algorithm().hash(&envelope.message()).map(|(_, digest)| digest)
        }
        Content::Message { digest, .. } => digest.as_ref().map(|(_, digest)| digest.clone()),
    };
    hash.ok_or_else(|| {
        Problem::new(Code::Internal, "the new signature").detail("what was signed has no hash")
    })
}

/// The certificate of the signer, if the bundle has one.
fn certificate(signed: &SignedBundle) -> Option<&[u8]> {
    match &signed.material {
        Material::Certificates(chain) => chain.first().map(Vec::as_slice),
        Material::Key { .. } => None,
    }
}

fn first(http: &Http, url: &str, signed: &SignedBundle, key: &PublicKey) -> Result<Value> {
    let verifier = match certificate(signed) {
        Some(der) => pem::encode("CERTIFICATE", der).to_string(),
        None => key.pem(),
    };
    let verifier = STANDARD.encode(verifier);
    let (version, request) = match &signed.content {
        Content::Envelope(envelope) => {
            check_size(&envelope.payload)?;
            let dsse = json!({
                "payload": STANDARD.encode(&envelope.payload),
                "payloadType": envelope.payload_type,
                "signatures": [{ "sig": STANDARD.encode(&envelope.signature) }],
            });
            let content = json!({ "envelope": dsse.to_string(), "verifiers": [verifier] });
            let spec = json!({ "proposedContent": content });
            (KindVersion::DsseV001, json!({ "kind": "dsse", "spec": spec }))
        }
        Content::Message { signature, .. } => {
            let value = hex_of(&digest(signed, key)?);
            let spec = json!({
                "data": { "hash": { "algorithm": "sha256", "value": value } },
                "signature": {
                    "content": STANDARD.encode(signature),
                    "publicKey": { "content": verifier },
                },
            });
            (KindVersion::HashedRekordV001, json!({ "kind": "hashedrekord", "spec": spec }))
        }
    };
    let mut request = request;
    request["apiVersion"] = json!("0.0.1");
    let answer = http.ask(&format!("{url}/api/v1/log/entries"), Body::Json(request), MAX_ENTRY)?;
    let unreadable = |error: String| http.wrong(format!("its answer cannot be read: {error}"));
    let entries: HashMap<String, LogEntry> =
        json::from_slice_strict(&answer).map_err(|error| unreadable(error.to_string()))?;
    let entry = entries.into_values().next().ok_or_else(|| http.wrong("it gives no entry"))?;
    let entry = entry.to_bundle_entry(version).map_err(|error| unreadable(error.to_string()))?;
    serde_json::to_value(entry).map_err(|error| unreadable(error.to_string()))
}

fn second(http: &Http, url: &str, signed: &SignedBundle, key: &PublicKey) -> Result<Value> {
    let details = match key.algorithm() {
        Algorithm::EcdsaP256 => "PKIX_ECDSA_P256_SHA_256",
        Algorithm::EcdsaP384 => "PKIX_ECDSA_P384_SHA_384",
        Algorithm::EcdsaP521 => "PKIX_ECDSA_P521_SHA_512",
        Algorithm::Ed25519 => {
            return Err(Problem::new(Code::LogKeyKind, url)
                .detail("logs of the second interface take no signatures by Ed25519 keys"));
        }
    };
    let digest = digest(signed, key)?;
    let verifier = match certificate(signed) {
        Some(der) => json!({ "x509Certificate": { "rawBytes": STANDARD.encode(der) } }),
        None => json!({ "publicKey": { "rawBytes": STANDARD.encode(key.spki()) } }),
    };
    let mut request = json!({ "hashedRekordRequestV002": {
        "digest": STANDARD.encode(digest),
        "signature": { "content": STANDARD.encode(signature(signed)), "verifier": verifier },
    } });
    request["hashedRekordRequestV002"]["signature"]["verifier"]["keyDetails"] = json!(details);
    let answer = http.ask(&format!("{url}/api/v2/log/entries"), Body::Json(request), MAX_ANSWER)?;
    json::from_slice_strict(&answer)
        .map_err(|error| http.wrong(format!("its answer cannot be read: {error}")).source(error))
}

/// The reply of a timestamp authority over a signature.
fn timestamp(http: &Http, url: &str, signature: &[u8]) -> Result<Vec<u8>> {
    let query = Body::Bytes("application/timestamp-query", request(signature));
    let reply = http.ask(url, query, MAX_ANSWER)?;
    if is_granted(&reply) { Ok(reply) } else { Err(http.wrong("its answer holds no timestamp")) }
}

/// Whether a reply (RFC 3161, section 2.4.2) holds a token, whatever that is worth.
fn is_granted(reply: &[u8]) -> bool {
    let token = SliceReader::new(reply).and_then(|mut reader| {
        reader.sequence(|reader| {
            AnyRef::decode(reader)?;
            ContentInfo::decode(reader)
        })
    });
    token.is_ok()
}

/// A `TimeStampReq` (RFC 3161, section 2.4.1) over SHA-256 of a signature, in DER,
/// that asks for the authority's certificate. It has no nonce: the signature was just
/// made, so no earlier reply can be about it.
fn request(signature: &[u8]) -> Vec<u8> {
    const VERSION: [u8; 3] = [0x02, 0x01, 0x01];
    /// The algorithm (2.16.840.1.101.3.4.2.1, no parameters) and the digest's header.
    const SHA256: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    const CERTIFICATE: [u8; 3] = [0x01, 0x01, 0xff];
    let digest = Sha256::digest(signature);
    let content = [&VERSION[..], &SHA256, &digest, &CERTIFICATE].concat();
    let mut der = vec![0x30, 57];
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use pkcs8::der::asn1::AnyRef;
    use pkcs8::der::{Decode as _, Reader as _, SliceReader};

    use super::{MAX_UPLOAD, check_size, is_granted, request};
    use crate::finding::Code;

    #[test]
    fn too_large_a_statement_is_not_sent() {
        check_size(&vec![0; MAX_UPLOAD]).unwrap();
        let problem = check_size(&vec![0; MAX_UPLOAD + 1]).unwrap_err();
        assert_eq!(problem.code(), Code::UploadTooLarge);
    }

    #[test]
    fn what_holds_no_token_is_no_timestamp() {
        // Refused, by status 2; then no reply at all.
        for reply in [&[0x30, 5, 0x30, 3, 2, 1, 2][..], b"<html>", b"", &[0x30, 0]] {
            assert!(!is_granted(reply), "{reply:?}");
        }
    }

    #[test]
    fn a_request_is_whole_der() {
        let der = request(b"signature");
        let mut reader = SliceReader::new(&der).unwrap();
        let version: u8 = reader
            .sequence(|content| {
                let version = u8::decode(content)?;
                let imprint = AnyRef::decode(content)?;
                assert_eq!(imprint.value().len(), 49);
                assert!(bool::decode(content)?);
                Ok(version)
            })
            .unwrap();
        assert_eq!((version, reader.is_finished()), (1, true));
    }
}
