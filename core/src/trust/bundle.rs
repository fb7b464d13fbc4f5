//! Sigstore bundles that hold a DSSE envelope signed with a managed key.
//!
//! Source: Sigstore bundle format v0.3 (`protobuf-specs`), JSON form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::dsse::{PAYLOAD_TYPE, pae};
use super::json;
use super::key::{PublicKey, SigningKey};
use crate::finding::{Code, Problem, Result};
use crate::model::canonical;

/// Media type of what is written.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Media types of what is read: the same format in its published spellings.
const READ: [&str; 4] = [
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    media_type: String,
    verification_material: Material,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<DsseEnvelope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_signature: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyHint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<serde_json::Value>,
    #[serde(default)]
    tlog_entries: Vec<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyHint {
    #[serde(default)]
    hint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DsseEnvelope {
    payload: String,
    payload_type: String,
    signatures: Vec<DsseSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DsseSignature {
    sig: String,
    // The reference implementation of model signing writes "", nothing or null.
    #[serde(default)]
    keyid: Option<String>,
}

/// A signed payload, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The signed document.
    pub payload: Vec<u8>,
    /// Its type.
    pub payload_type: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// Which key it claims to be made with.
    pub hint: Option<String>,
}

/// Signs an in-toto statement.
pub fn sign_statement(key: &SigningKey, payload: &[u8]) -> Result<Vec<u8>> {
    let signature = key.sign(&pae(PAYLOAD_TYPE, payload))?;
    let document = Document {
        media_type: MEDIA_TYPE.to_owned(),
        verification_material: Material {
            public_key: Some(KeyHint { hint: key.public()?.hint() }),
            certificate: None,
            x509_certificate_chain: None,
            tlog_entries: Vec::new(),
            timestamp_verification_data: None,
        },
        dsse_envelope: Some(DsseEnvelope {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![DsseSignature {
                sig: STANDARD.encode(signature),
                keyid: Some(String::new()),
            }],
        }),
        message_signature: None,
    };
    canonical::to_vec(&document)
        .map_err(|error| Problem::new(Code::Internal, "the signature").detail(error.to_string()))
}

/// Reads a bundle.
pub fn parse(bytes: &[u8], subject: &str) -> Result<Envelope> {
    let invalid = |why: String| Problem::new(Code::SignatureFormat, subject).detail(why);
    let document: Document = json::from_slice(bytes)
        .map_err(|error| invalid(format!("it is no Sigstore bundle: {error}")))?;
    if !READ.contains(&document.media_type.as_str()) {
        return Err(invalid(format!("its media type is {:?}", document.media_type)));
    }
    let material = document.verification_material;
    if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
        return Err(invalid(
            "it was made with a certificate, which this version does not check".to_owned(),
        ));
    }
    if !material.tlog_entries.is_empty() || material.timestamp_verification_data.is_some() {
        return Err(invalid(
            "it has log or timestamp evidence, which this version does not check".to_owned(),
        ));
    }
    let Some(envelope) = document.dsse_envelope.filter(|_| document.message_signature.is_none())
    else {
        return Err(invalid("it holds no signed statement".to_owned()));
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(invalid(format!("its payload is a {:?}", envelope.payload_type)));
    }
    let [signature] = envelope.signatures.as_slice() else {
        return Err(invalid(format!("it has {} signatures, not one", envelope.signatures.len())));
    };
    if signature.keyid.as_deref().is_some_and(|keyid| !keyid.is_empty()) {
        return Err(invalid("it has a key id where the key hint belongs".to_owned()));
    }
    let decode =
        |text: &str| STANDARD.decode(text).map_err(|error| invalid(format!("base64: {error}")));
    Ok(Envelope {
        payload: decode(&envelope.payload)?,
        signature: decode(&signature.sig)?,
        payload_type: envelope.payload_type,
        hint: material.public_key.map(|key| key.hint).filter(|hint| !hint.is_empty()),
    })
}

/// The key, among `keys`, that signed the envelope.
///
/// A hint that names another key is refused even if the signature fits, so that
/// the hint cannot be changed unnoticed.
pub fn verify<'k>(envelope: &Envelope, keys: &'k [PublicKey]) -> Option<&'k PublicKey> {
    let message = pae(&envelope.payload_type, &envelope.payload);
    keys.iter()
        .filter(|key| envelope.hint.as_ref().is_none_or(|hint| *hint == key.hint()))
        .find(|key| key.verify(&message, &envelope.signature))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Envelope, parse, sign_statement, verify};
    use crate::finding::Code;
    use crate::trust::key::{Algorithm, PublicKey, SigningKey};

    fn signed() -> (Vec<u8>, Vec<PublicKey>) {
        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        (sign_statement(&key, b"{\"a\":1}").unwrap(), vec![key.public().unwrap()])
    }

    #[test]
    fn what_was_signed_is_verified_with_its_key_only() {
        let (bytes, keys) = signed();
        let envelope = parse(&bytes, "s").unwrap();
        assert_eq!(envelope.payload, b"{\"a\":1}");
        assert!(verify(&envelope, &keys).is_some());
        assert!(verify(&envelope, &signed().1).is_none());
        assert!(verify(&Envelope { hint: None, ..envelope.clone() }, &keys).is_some());
        let moved = Envelope { hint: Some("0".repeat(64)), ..envelope };
        assert!(verify(&moved, &keys).is_none());
    }

    #[test]
    fn every_changed_byte_of_the_document_is_noticed() {
        let (bytes, keys) = signed();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << bit;
                let accepted = parse(&changed, "s").is_ok_and(|e| verify(&e, &keys).is_some());
                assert!(
                    !accepted,
                    "byte {position} bit {bit}: {:?}",
                    char::from(changed[position])
                );
            }
        }
    }

    #[test]
    fn what_this_version_does_not_check_is_refused_by_name() {
        let (bytes, _) = signed();
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"tlogEntries\":[]", "\"tlogEntries\":[{}]"),
            ("\"tlogEntries\":[]", "\"tlogEntries\":[],\"certificate\":{}"),
            ("bundle.v0.3", "bundle.v0.9"),
            ("\"keyid\":\"\"", "\"keyid\":\"x\""),
            ("\"keyid\":\"\"", "\"keyid\":\"\",\"keyid\":\"\""),
            ("\"signatures\":[", "\"signatures\":[{\"sig\":\"AA==\"},"),
            ("\"dsseEnvelope\"", "\"other\":1,\"dsseEnvelope\""),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            assert_eq!(
                parse(changed.as_bytes(), "s").unwrap_err().code(),
                Code::SignatureFormat,
                "{to}"
            );
        }
        for keyid in ["\"keyid\":null,", ""] {
            assert!(parse(text.replace("\"keyid\":\"\",", keyid).as_bytes(), "s").is_ok());
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
            let _ = parse(text.as_bytes(), "s");
        }
    }
}
