//! What signers submit to a transparency log and what it stores of that.
//!
//! As the real logs do, entries whose signature does not verify are refused,
//! for the kinds of keys that the rig can check: P-256, P-384 and, over whole
//! messages, Ed25519.

use serde_json::{Value, json};

use crate::certificates;
use crate::der;
use crate::http::Refusal;
use crate::keys::{self, sha256};
use crate::text;

/// A key or certificate that a signer submitted.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    /// The public key as `SubjectPublicKeyInfo`.
    pub(crate) spki: Vec<u8>,
    /// E-mail addresses, if it is a certificate.
    pub(crate) emails: Vec<String>,
    /// PEM with LF line ends, whatever was sent.
    pub(crate) pem: String,
}

impl Verifier {
    /// From base64 of PEM, as Rekor v1 has it.
    pub(crate) fn from_base64_pem(encoded: &Value) -> Result<Self, Refusal> {
        let parsed = text_of(encoded)
            .and_then(text::from_base64)
            .and_then(|pem| der::from_pem(&String::from_utf8_lossy(&pem)));
        let (label, content) = parsed.ok_or_else(|| Refusal::new(400, "public key is not PEM"))?;
        Self::new(&label, content)
    }

    /// From DER, as Rekor v2 has it.
    pub(crate) fn from_v2(verifier: &Value) -> Result<Self, Refusal> {
        let members = [("CERTIFICATE", "x509Certificate"), ("PUBLIC KEY", "publicKey")];
        let found = members.into_iter().find_map(|(label, member)| {
            Some((label, text::from_base64(text_of(&verifier[member]["rawBytes"])?)?))
        });
        let (label, content) = found.ok_or_else(|| Refusal::new(400, "verifier is missing"))?;
        Self::new(label, content)
    }

    fn new(label: &str, content: Vec<u8>) -> Result<Self, Refusal> {
        let pem = der::to_pem(label, &content);
        let (spki, emails) = match label {
            "CERTIFICATE" => certificates::read(&content)
                .ok_or_else(|| Refusal::new(400, "certificate cannot be read"))?,
            _ => (content, Vec::new()),
        };
        Ok(Self { spki, emails, pem })
    }

    /// The PEM as Rekor v1 stores it.
    pub(crate) fn to_base64_pem(&self) -> String {
        text::base64(self.pem.as_bytes())
    }
}

pub(crate) fn text_of(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The decoded member, or a refusal that names it.
pub(crate) fn base64_member(value: &Value, name: &str) -> Result<Vec<u8>, Refusal> {
    text_of(value)
        .and_then(text::from_base64)
        .ok_or_else(|| Refusal::new(400, format!("{name} is missing or not base64")))
}

/// Refuses a signature that is known to be wrong.
pub(crate) fn accept(verified: Option<bool>) -> Result<(), Refusal> {
    match verified {
        Some(false) => Err(Refusal::new(400, "signature does not verify")),
        _ => Ok(()),
    }
}

/// What is signed of a DSSE envelope: its pre-authentication encoding.
pub(crate) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// A DSSE envelope that was checked against its verifiers.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) payload: Vec<u8>,
    /// Signatures in base64 with their verifiers.
    pub(crate) signatures: Vec<(String, Verifier)>,
}

impl Envelope {
    /// Every signature has to be by one of the verifiers.
    pub(crate) fn check(envelope: &Value, verifiers: &[Verifier]) -> Result<Self, Refusal> {
        let payload = base64_member(&envelope["payload"], "payload")?;
        let message = pae(envelope["payloadType"].as_str().unwrap_or_default(), &payload);
        let mut signatures = Vec::new();
        for signature in envelope["signatures"].as_array().into_iter().flatten() {
            let bytes = base64_member(&signature["sig"], "sig")?;
            let verifier = verifiers.iter().find(|verifier| {
                keys::verify_message(&verifier.spki, &message, &bytes).unwrap_or(true)
            });
            let verifier =
                verifier.ok_or_else(|| Refusal::new(400, "signature does not verify"))?;
            signatures.push((text::base64(&bytes), verifier.clone()));
        }
        if signatures.is_empty() {
            return Err(Refusal::new(400, "envelope has no signatures"));
        }
        Ok(Self { payload, signatures })
    }

    pub(crate) fn payload_hash(&self) -> String {
        text::hex(&sha256(&self.payload))
    }

    /// SHA-256 digests of the subjects, if the payload is an in-toto statement.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let statement: Value = serde_json::from_slice(&self.payload).unwrap_or_default();
        let subjects = statement["subject"].as_array().into_iter().flatten();
        subjects
            .filter_map(|subject| subject["digest"]["sha256"].as_str())
            .map(str::to_owned)
            .collect()
    }
}

/// The same entry for another artifact: every digest in it is replaced.
pub(crate) fn of_another_artifact(body: &Value) -> Value {
    let mut other = body.clone();
    let digest = sha256(b"another artifact");
    let (hex, base64) = (json!(text::hex(&digest)), json!(text::base64(&digest)));
    let places = [
        ("/spec/data/hash/value", &hex),
        ("/spec/envelopeHash/value", &hex),
        ("/spec/payloadHash/value", &hex),
        ("/spec/content/payloadHash/value", &hex),
        ("/spec/hashedRekordV002/data/digest", &base64),
        ("/spec/dsseV002/payloadHash/digest", &base64),
    ];
    for (place, digest) in places {
        if let Some(value) = other.pointer_mut(place) {
            *value = digest.clone();
        }
    }
    other
}

/// Changes an entry so that it can still be read.
pub(crate) fn change(entry: &mut Vec<u8>) {
    if entry.last() == Some(&b'}') {
        entry.push(b' ');
    }
}
