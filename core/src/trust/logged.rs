//! What entries of a transparency log say: who signed, and what.
//!
//! Sources: the entry types `hashedrekord`, `dsse` and `intoto` of Rekor v1 and the
//! entries of Rekor v2 (`rekor/v2/*.proto`). Anybody may put anything into a log, so
//! nothing here is proven but that the entry is there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::key::PublicKey;
use super::{evidence, json, pem};
use crate::trust::who::Who;

/// Most signatures of one entry that are looked at.
const MAX_VERIFIERS: usize = 64;

/// What says who signed.
#[derive(Debug, Clone)]
pub enum Verifier {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A key.
    Key(Box<PublicKey>),
}

impl Verifier {
    /// Who a certificate claims to be for.
    pub fn who(&self) -> Option<Who> {
        match self {
            Self::Certificate(der) => evidence::claimed_who(der),
            Self::Key(_) => None,
        }
    }
}

/// An entry, as far as it can be read.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Kind and version, such as `dsse 0.0.1`.
    pub kind: String,
    /// What says who signed.
    pub verifiers: Vec<Verifier>,
    /// Digests of what was signed, as `sha256:HEX`.
    pub digests: Vec<String>,
    /// Whether every signature names somebody who could be read.
    pub whole: bool,
}

/// Reads the body of an entry. None when it is of a kind that is not known, or
/// names nobody.
pub fn read(body: &[u8]) -> Option<Logged> {
    let entry: Value = json::from_slice_strict(body).ok()?;
    let (kind, version) = (entry.get("kind")?.as_str()?, entry.get("apiVersion")?.as_str()?);
    let spec = entry.get("spec")?;
    let (signatures, digests) = match (kind, version) {
        ("hashedrekord", "0.0.1") => (one(spec.get("signature")), hashes(spec, &["/data/hash"])),
        ("dsse", "0.0.1") => (list(spec.get("signatures")), hashes(spec, &["/payloadHash"])),
        ("intoto", "0.0.2") => (
            list(spec.pointer("/content/envelope/signatures")),
            hashes(spec, &["/content/payloadHash"]),
        ),
        ("hashedrekord", "0.0.2") => {
            let spec = spec.get("hashedRekordV002")?;
            (one(spec.get("signature")), digest(spec.get("data")))
        }
        ("dsse", "0.0.2") => {
            let spec = spec.get("dsseV002")?;
            (list(spec.get("signatures")), digest(spec.get("payloadHash")))
        }
        _ => return None,
    };
    let count = signatures.len();
    let verifiers: Vec<Verifier> =
        signatures.into_iter().take(MAX_VERIFIERS).filter_map(verifier).collect();
    let whole = verifiers.len() == count;
    let kind = format!("{kind} {version}");
    (!verifiers.is_empty()).then_some(Logged { kind, verifiers, digests, whole })
}

fn one(signature: Option<&Value>) -> Vec<&Value> {
    signature.into_iter().collect()
}

fn list(signatures: Option<&Value>) -> Vec<&Value> {
    signatures.and_then(Value::as_array).into_iter().flatten().collect()
}

/// Digests in the form of Rekor v1.
fn hashes(spec: &Value, places: &[&str]) -> Vec<String> {
    let read = |place: &&str| {
        let hash = spec.pointer(place)?;
        let algorithm = hash.get("algorithm")?.as_str()?;
        Some(format!("{algorithm}:{}", hash.get("value")?.as_str()?))
    };
    places.iter().filter_map(read).collect()
}

/// A digest in the form of Rekor v2.
fn digest(data: Option<&Value>) -> Vec<String> {
    let read = |data: &Value| {
        let algorithm = data.get("algorithm")?.as_str()?;
        let algorithm = algorithm.replacen("SHA2_", "sha", 1).to_lowercase();
        let bytes = STANDARD.decode(data.get("digest")?.as_str()?).ok()?;
        Some(format!("{algorithm}:{}", crate::model::digest::hex_of(&bytes)))
    };
    data.and_then(read).into_iter().collect()
}

/// The verifier of a signature, wherever its kind keeps it.
fn verifier(signature: &Value) -> Option<Verifier> {
    if let Some(found) = signature.get("verifier").filter(|found| found.is_object()) {
        let bytes = |place: &str| STANDARD.decode(found.pointer(place)?.as_str()?).ok();
        return match bytes("/x509Certificate/rawBytes") {
            Some(der) => Some(Verifier::Certificate(der)),
            None => key(&bytes("/publicKey/rawBytes")?),
        };
    }
    let places = ["/publicKey/content", "/verifier", "/publicKey"];
    let text = places.into_iter().find_map(|place| signature.pointer(place)?.as_str())?;
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    // Some clients log the chain; the signer's own certificate comes first.
    let block = pem::decode_all(&text, MAX_VERIFIERS).ok()?.into_iter().next()?;
    match block.label.as_str() {
        "CERTIFICATE" => Some(Verifier::Certificate(block.content.to_vec())),
        "PUBLIC KEY" => key(&block.content),
        _ => None,
    }
}

fn key(spki: &[u8]) -> Option<Verifier> {
    PublicKey::from_spki(spki, "a log entry").ok().map(|key| Verifier::Key(Box::new(key)))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::{Verifier, read};
    use crate::trust::key::{Algorithm, SigningKey};

    #[test]
    fn every_known_kind_names_its_signer_and_digest() {
        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap().public().unwrap();
        let pem = STANDARD.encode(key.pem());
        let spki = STANDARD.encode(key.spki());
        let (hex, raw) = ("00".repeat(32), STANDARD.encode([0; 32]));
        let v1 = json!({ "algorithm": "sha256", "value": hex });
        let verifier = json!({ "publicKey": { "rawBytes": spki } });
        let v2 = json!({ "algorithm": "SHA2_256", "digest": raw });
        let entries = [
            (
                "hashedrekord",
                "0.0.1",
                json!({
                "data": { "hash": v1 }, "signature": { "publicKey": { "content": pem } } }),
            ),
            (
                "dsse",
                "0.0.1",
                json!({
                "payloadHash": v1, "signatures": [{ "verifier": pem }] }),
            ),
            (
                "intoto",
                "0.0.2",
                json!({
                "content": { "payloadHash": v1, "envelope": { "signatures": [{ "publicKey": pem }] } } }),
            ),
            (
                "hashedrekord",
                "0.0.2",
                json!({
                "hashedRekordV002": { "data": v2, "signature": { "verifier": verifier } } }),
            ),
            (
                "dsse",
                "0.0.2",
                json!({
                "dsseV002": { "payloadHash": v2, "signatures": [{ "verifier": verifier }] } }),
            ),
        ];
        for (kind, version, spec) in entries {
            let body = json!({ "kind": kind, "apiVersion": version, "spec": spec });
            let logged =
                read(body.to_string().as_bytes()).unwrap_or_else(|| panic!("{kind} {version}"));
            assert_eq!(logged.digests, [format!("sha256:{hex}")], "{kind} {version}");
            let [Verifier::Key(found)] = logged.verifiers.as_slice() else { panic!("{kind}") };
            assert_eq!(found.hint(), key.hint());
            assert!(logged.whole);
        }
        let half = json!({ "kind": "dsse", "apiVersion": "0.0.1", "spec": {
            "payloadHash": v1, "signatures": [{ "verifier": pem }, { "verifier": "AAAA" }] } });
        let logged = read(half.to_string().as_bytes()).unwrap();
        assert_eq!((logged.verifiers.len(), logged.whole), (1, false));
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let spec = json!({ "signature": { "publicKey": { "content": "AAAA" } } });
        let odd: [Value; 5] = [
            json!({ "kind": "rpm", "apiVersion": "0.0.1", "spec": {} }),
            json!({ "kind": "hashedrekord", "apiVersion": "0.0.1", "spec": spec }),
            json!({ "kind": "dsse", "apiVersion": "0.0.1", "spec": { "signatures": 1 } }),
            json!([]),
            json!({ "kind": 1 }),
        ];
        for body in odd {
            assert!(read(body.to_string().as_bytes()).is_none(), "{body}");
        }
        assert!(read(b"").is_none());
    }
}
