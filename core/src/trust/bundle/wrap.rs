//! Bundles around DSSE envelopes that came without one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;

use super::{Envelope, key_bundle};
use crate::finding::{Code, Problem, Result};
use crate::trust::json::from_slice_strict;
use crate::trust::key::PublicKey;

/// A DSSE envelope (DSSE v1.0.0, `envelope.md`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    payload: String,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
struct WireSignature {
    sig: String,
}

/// Most signatures of an envelope that are tried.
const MAX_SIGNATURES: usize = 32;

/// Puts an envelope into a bundle that names `key`, by the signature of that key.
/// Others of the envelope are left out: a bundle holds one.
pub fn wrap_envelope(bytes: &[u8], key: &PublicKey, subject: &str) -> Result<Vec<u8>> {
    let refused = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    let wire: Wire = from_slice_strict(bytes)
        .map_err(|error| refused(format!("it is no DSSE envelope: {error}")).source(error))?;
    if wire.signatures.len() > MAX_SIGNATURES {
        return Err(refused(format!("it has more than {MAX_SIGNATURES} signatures")));
    }
    // Either alphabet is allowed.
    let decode = |text: &str| {
        let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
        decoded.map_err(|error| refused(format!("it is not base64: {error}")).source(error))
    };
    let payload = decode(&wire.payload)?;
    for signature in &wire.signatures {
        let envelope = Envelope {
            payload: payload.clone(),
            payload_type: wire.payload_type.clone(),
            signature: decode(&signature.sig)?,
        };
        if key.verify(&envelope.message(), &envelope.signature) {
            return key_bundle(&envelope, &key.hint());
        }
    }
    Err(Problem::new(Code::WrongKey, subject).detail("the given key did not sign the envelope"))
}
