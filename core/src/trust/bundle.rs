//! Sigstore bundles with a DSSE envelope and the hint of a public key.
//!
//! Sources: `sigstore_bundle.proto` and `sigstore_common.proto` of the Sigstore
//! protobuf specifications, in their JSON form; DSSE v1.0.0. The OpenSSF model
//! signing tools write and read the same for signatures by a bare key.
//!
//! Bundles with certificates, log entries or timestamps are told apart and
//! refused: what cannot be checked must not look as if it had been.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::dsse::{PAYLOAD_TYPE, pae};
use super::json::from_slice_strict;
use super::key::{PublicKey, SigningKey};
use crate::finding::{Code, Problem, Result};
use crate::model::canonical;

/// Media type of the bundles written here.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Media types that are read as well.
const OLDER_MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// Largest bundle that is read, in bytes.
pub const MAX_SIZE: usize = 64 << 20;

/// A signed payload, not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What was signed.
    pub payload: Vec<u8>,
    /// What the payload is.
    pub payload_type: String,
    /// The signature over the pre-authentication encoding.
    pub signature: Vec<u8>,
    /// The key that it claims to be made with, as in [`PublicKey::hint`].
    pub hint: Option<String>,
}

/// Signs an in-toto statement; gives the bundle as canonical JSON.
pub fn sign_statement(key: &SigningKey, payload: &[u8]) -> Result<Vec<u8>> {
    let signature = key.sign(&pae(PAYLOAD_TYPE, payload))?;
    let bundle = json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": { "hint": key.public()?.hint() },
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": STANDARD.encode(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{ "keyid": "", "sig": STANDARD.encode(signature) }],
        },
    });
    canonical::to_vec(&bundle).map_err(|error| {
        Problem::new(Code::Internal, "the signature").detail(error.to_string()).source(error)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Option<Dsse>,
    message_signature: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    public_key: Option<KeyMaterial>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    tlog_entries: Option<Vec<IgnoredAny>>,
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Timestamps {
    rfc3161_timestamps: Option<Vec<IgnoredAny>>,
}

/// Besides the hint: what model signing wrote before v1.1, which is no reason
/// to trust or to doubt a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyMaterial {
    hint: Option<String>,
    #[serde(rename = "rawBytes")]
    _raw_bytes: Option<IgnoredAny>,
    #[serde(rename = "keyDetails")]
    _key_details: Option<IgnoredAny>,
    #[serde(rename = "validFor")]
    _valid_for: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dsse {
    payload: String,
    payload_type: String,
    signatures: Vec<DsseSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DsseSignature {
    sig: String,
    keyid: Option<String>,
}

/// Reads a bundle. Nothing is verified yet: see [`verify`].
pub fn parse(bytes: &[u8], subject: &str) -> Result<Envelope> {
    let refused = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    if bytes.len() > MAX_SIZE {
        return Err(Problem::new(Code::MetadataTooLarge, subject)
            .detail(format!("the signature has {} bytes, more than {MAX_SIZE}", bytes.len())));
    }
    let bundle: Bundle = from_slice_strict(bytes)
        .map_err(|error| refused(format!("it is not a Sigstore bundle: {error}")).source(error))?;
    if bundle.media_type != MEDIA_TYPE && !OLDER_MEDIA_TYPES.contains(&&*bundle.media_type) {
        return Err(refused(format!("its media type {:?} is not known", bundle.media_type)));
    }
    let hint = key_hint(&bundle.verification_material).map_err(|what| {
        refused(format!(
            "it is vouched for by {what}; this version checks signatures by a key only"
        ))
    })?;
    if bundle.message_signature.is_some() {
        return Err(refused("it signs a bare message, not a statement".to_owned()));
    }
    let Some(envelope) = bundle.dsse_envelope else {
        return Err(refused("it holds no DSSE envelope".to_owned()));
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(refused(format!(
            "it signs {:?}, not an in-toto statement",
            envelope.payload_type
        )));
    }
    let [signature] = envelope.signatures.as_slice() else {
        let count = envelope.signatures.len();
        return Err(refused(format!("it holds {count} signatures instead of one")));
    };
    let keyid = signature.keyid.as_deref().unwrap_or_default();
    if !keyid.is_empty() && hint.as_deref() != Some(keyid) {
        return Err(refused("its `keyid` and its key hint disagree".to_owned()));
    }
    let decode = |text: &str, what: &str| {
        STANDARD
            .decode(text)
            .map_err(|error| refused(format!("the base64 of its {what} is damaged")).source(error))
    };
    let payload = decode(&envelope.payload, "payload")?;
    let signature = decode(&signature.sig, "signature")?;
    Ok(Envelope { payload, payload_type: envelope.payload_type, signature, hint })
}

/// The key hint, or what else it is that vouches for the signature.
fn key_hint(material: &Material) -> Result<Option<String>, &'static str> {
    let some = |list: &Option<Vec<IgnoredAny>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
        return Err("a certificate");
    }
    if some(&material.tlog_entries) {
        return Err("a transparency log");
    }
    let timestamps = material.timestamp_verification_data.as_ref();
    if timestamps.is_some_and(|data| some(&data.rfc3161_timestamps)) {
        return Err("a timestamp authority");
    }
    match &material.public_key {
        Some(key) => Ok(key.hint.clone().filter(|hint| !hint.is_empty())),
        None => Err("nothing"),
    }
}

/// The key that made the signature, if it is one of `keys`.
///
/// A key fits when it verifies the signature and, where the bundle names a key,
/// is the one named: the hint is not signed, and must not be changed unnoticed.
pub fn verify<'k>(envelope: &Envelope, keys: &'k [PublicKey]) -> Option<&'k PublicKey> {
    let message = pae(&envelope.payload_type, &envelope.payload);
    keys.iter().find(|key| {
        envelope.hint.as_ref().is_none_or(|hint| *hint == key.hint())
            && key.verify(&message, &envelope.signature)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{MEDIA_TYPE, OLDER_MEDIA_TYPES, parse, sign_statement, verify};
    use crate::finding::Code;
    use crate::trust::key::{Algorithm, PublicKey, SigningKey};

    fn signed(algorithm: Algorithm) -> (Vec<u8>, PublicKey) {
        let key = SigningKey::generate(algorithm).unwrap();
        (sign_statement(&key, br#"{"_type":"x"}"#).unwrap(), key.public().unwrap())
    }

    /// Whether a bundle passes both steps.
    fn accepted(bytes: &[u8], keys: &[PublicKey]) -> bool {
        parse(bytes, "test").is_ok_and(|envelope| verify(&envelope, keys).is_some())
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
            let envelope = parse(&bytes, "test").unwrap();
            assert_eq!(envelope.payload, br#"{"_type":"x"}"#);
            assert_eq!(envelope.hint, Some(public.hint()));
            let keys = [other.clone(), public.clone()];
            assert_eq!(verify(&envelope, &keys).map(PublicKey::hint), Some(public.hint()));
            assert!(verify(&envelope, &[other]).is_none());
            assert!(verify(&envelope, &[]).is_none());
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
    fn what_this_version_cannot_check_is_refused_as_such() {
        let (bytes, _) = signed(Algorithm::EcdsaP256);
        let key = json!({ "hint": "" });
        for material in [
            json!({ "certificate": { "rawBytes": "AAAA" } }),
            json!({ "x509CertificateChain": { "certificates": [] }, "publicKey": key }),
            json!({ "publicKey": key, "tlogEntries": [{}] }),
            json!({ "publicKey": key, "timestampVerificationData": { "rfc3161Timestamps": [{}] } }),
            json!({}),
        ] {
            let problem =
                parse(&edited(&bytes, "/verificationMaterial", material), "test").unwrap_err();
            assert_eq!(problem.code(), Code::SignatureFormat);
            assert!(problem.to_string().contains("this version"), "{problem}");
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
            ("/dsseEnvelope/payloadType", json!("text/plain")),
            ("/dsseEnvelope/payload", json!("e30")),
            ("/dsseEnvelope/payload", json!("e30=\n")),
            ("/dsseEnvelope/payload", json!("e31=")),
            ("/dsseEnvelope/payload", json!("__8=")),
            ("/dsseEnvelope/signatures", json!([])),
            ("/dsseEnvelope/signatures", json!([signature, signature])),
            ("/dsseEnvelope/signatures", json!([{ "sig": "AAAA", "keyid": "other" }])),
            ("/verificationMaterial/publicKey", Value::Null),
            ("/verificationMaterial/publicKey/more", json!(1)),
        ] {
            let problem = parse(&edited(&bytes, pointer, value.clone()), "test").unwrap_err();
            assert_eq!(problem.code(), Code::SignatureFormat, "{pointer} = {value}");
        }
        let text = String::from_utf8(bytes).unwrap();
        let twice = text.replacen("\"mediaType\"", "\"mediaType\":\"x\",\"mediaType\"", 1);
        assert!(parse(twice.as_bytes(), "test").is_err());
        let large = vec![b' '; super::MAX_SIZE + 1];
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
            let bytes = sign_statement(&key, b"{}").unwrap();
            let (head, tail) = bytes.split_at(at.min(bytes.len()));
            prop_assert!(tail.is_empty() || parse(head, "test").is_err());
            let spliced = [head, insert.as_bytes(), tail].concat();
            if insert.chars().any(|c| c != ' ') {
                prop_assert!(!accepted(&spliced, &[key.public().unwrap()]));
            }
        }
    }
}
