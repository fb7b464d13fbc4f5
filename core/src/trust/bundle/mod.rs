//! Sigstore bundles, as read and written: who signed what, nothing judged yet.
//!
//! Sources: `sigstore_bundle.proto` of the Sigstore protobuf specifications, in
//! its versions 0.1, 0.2 and 0.3; DSSE v1.0.0. What a bundle holds is taken apart
//! here, strictly and within limits; [`super::judge`] decides what it is worth.

mod wire;
mod wrap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

pub(super) use wire::Entry;
pub use wrap::wrap_envelope;

use super::dsse::{PAYLOAD_TYPE, pae};
use super::json::from_slice_strict;
use super::signer::Signer;
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
pub const MAX_SIZE: u64 = 64 << 20;

/// Most certificates, log entries and timestamps that a bundle may hold each.
/// The reference verifiers allow 32 timestamps; nothing genuine has more.
pub const MAX_EVIDENCE: usize = 32;

/// Largest certificate, log entry body, checkpoint or timestamp, in bytes.
/// Entries of the type `intoto` repeat the whole statement.
const MAX_PIECE: usize = 8 << 20;

/// A signed statement or other payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What was signed.
    pub payload: Vec<u8>,
    /// What the payload is.
    pub payload_type: String,
    /// The signature over the pre-authentication encoding.
    pub signature: Vec<u8>,
}

impl Envelope {
    /// The bytes that were signed.
    pub fn message(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A payload in a DSSE envelope.
    Envelope(Envelope),
    /// Bytes that are kept elsewhere.
    Message {
        /// Name of the hash, and the digest of the bytes.
        digest: Option<(String, Vec<u8>)>,
        /// The signature over them.
        signature: Vec<u8>,
    },
}

/// What says who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// A key that the verifier has.
    Key {
        /// What the signer calls it.
        hint: Option<String>,
    },
    /// A certificate in DER, and those above it.
    Certificates(Vec<Vec<u8>>),
}

/// A bundle, taken apart.
#[derive(Debug, Clone)]
pub struct SignedBundle {
    /// What was signed.
    pub content: Content,
    /// What says who signed.
    pub material: Material,
    /// Timestamps of RFC 3161, in DER.
    pub timestamps: Vec<Vec<u8>>,
    /// As it is written, without the payload.
    wire: wire::Bundle,
}

impl SignedBundle {
    /// The envelope of an in-toto statement; anything else is refused.
    pub fn statement(&self, subject: &str) -> Result<&Envelope> {
        let refused = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
        match &self.content {
            Content::Message { .. } => {
                Err(refused("it signs a bare message, not a statement".to_owned()))
            }
            Content::Envelope(envelope) if envelope.payload_type != PAYLOAD_TYPE => {
                let other = &envelope.payload_type;
                Err(Problem::new(Code::PayloadType, subject)
                    .detail(format!("it signs {other:?}, not an in-toto statement")))
            }
            Content::Envelope(envelope) => Ok(envelope),
        }
    }

    /// Whether a log or a timestamp authority vouches for anything in it.
    pub fn has_evidence(&self) -> bool {
        !self.timestamps.is_empty() || !self.entries().is_empty()
    }

    /// Whether it is of the first generation, which may carry the root.
    pub(super) fn is_first_generation(&self) -> bool {
        self.wire.media_type.ends_with("version=0.1")
    }

    /// As it is written. Base64 has one form here, so that this is what was read.
    pub(super) fn wire(&self) -> wire::Bundle {
        let mut wire = self.wire.clone();
        if let (Some(written), Content::Envelope(envelope)) =
            (&mut wire.dsse_envelope, &self.content)
        {
            written.payload = STANDARD.encode(&envelope.payload);
        }
        wire
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.wire.verification_material.tlog_entries
    }

    /// The same with one certificate in place of what says who signed.
    pub(super) fn with_certificate(&self, der: &[u8]) -> Self {
        let mut other = self.clone();
        other.material = Material::Certificates(vec![der.to_vec()]);
        let wire = &mut other.wire.verification_material;
        wire.x509_certificate_chain = None;
        wire.certificate = Some(wire::Certificate { raw_bytes: STANDARD.encode(der) });
        other
    }

    /// What the signer calls the key, if a key signed.
    pub fn hint(&self) -> Option<&str> {
        match &self.material {
            Material::Key { hint } => hint.as_deref(),
            Material::Certificates(_) => None,
        }
    }
}

/// Signs an in-toto statement; gives the bundle as canonical JSON.
///
/// With certificates in DER, the signer's first, those say who signed, in the
/// form that the OpenSSF model signing tools write and read.
pub fn sign_statement(
    signer: &dyn Signer,
    payload: &[u8],
    certificates: &[&[u8]],
) -> Result<Vec<u8>> {
    let envelope = Envelope {
        payload: payload.to_vec(),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signature: signer.sign(&pae(PAYLOAD_TYPE, payload))?,
    };
    if certificates.is_empty() {
        return key_bundle(&envelope, &signer.public()?.hint());
    }
    let one = |der: &&[u8]| json!({ "rawBytes": STANDARD.encode(der) });
    let all: Vec<serde_json::Value> = certificates.iter().map(one).collect();
    write(json!({ "x509CertificateChain": { "certificates": all }, "tlogEntries": [] }), &envelope)
}

/// A bundle whose signer is a key that the verifier has.
fn key_bundle(envelope: &Envelope, hint: &str) -> Result<Vec<u8>> {
    write(json!({ "publicKey": { "hint": hint }, "tlogEntries": [] }), envelope)
}

/// A bundle whose signer has a certificate of a Sigstore instance, in DER; without
/// the evidence that belongs to it.
#[cfg(feature = "network")]
pub(super) fn certified(der: &[u8], content: &Content) -> Result<Vec<u8>> {
    let material =
        json!({ "certificate": { "rawBytes": STANDARD.encode(der) }, "tlogEntries": [] });
    match content {
        Content::Envelope(envelope) => write(material, envelope),
        Content::Message { digest, signature } => {
            let mut message = json!({ "signature": STANDARD.encode(signature) });
            if let Some((algorithm, digest)) = digest {
                message["messageDigest"] =
                    json!({ "algorithm": algorithm, "digest": STANDARD.encode(digest) });
            }
            canonical(&json!({
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": material,
                "messageSignature": message,
            }))
        }
    }
}

fn write(material: serde_json::Value, envelope: &Envelope) -> Result<Vec<u8>> {
    canonical(&json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": {
            "payload": STANDARD.encode(&envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": [{ "keyid": "", "sig": STANDARD.encode(&envelope.signature) }],
        },
    }))
}

fn canonical(bundle: &serde_json::Value) -> Result<Vec<u8>> {
    canonical::to_vec(bundle).map_err(|error| {
        Problem::new(Code::Internal, "the signature").detail(error.to_string()).source(error)
    })
}

/// Takes a bundle apart. Nothing is verified yet.
pub fn parse(bytes: &[u8], subject: &str) -> Result<SignedBundle> {
    let refused = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    if bytes.len() as u64 > MAX_SIZE {
        return Err(Problem::new(Code::MetadataTooLarge, subject)
            .detail(format!("the signature has {} bytes, more than {MAX_SIZE}", bytes.len())));
    }
    let mut wire: wire::Bundle = from_slice_strict(bytes)
        .map_err(|error| refused(format!("it is not a Sigstore bundle: {error}")).source(error))?;
    if wire.media_type != MEDIA_TYPE && !OLDER_MEDIA_TYPES.contains(&&*wire.media_type) {
        return Err(refused(format!("its media type {:?} is not known", wire.media_type)));
    }
    let read = Reader { subject };
    let material = read.material(&wire.verification_material)?;
    let timestamps = read.evidence(&wire.verification_material)?;
    let content = read.content(&wire)?;
    if let (Content::Envelope(_), Some(envelope)) = (&content, &wire.dsse_envelope) {
        let keyid = envelope.signatures.iter().find_map(|signature| signature.keyid.as_deref());
        let keyid = keyid.unwrap_or_default();
        if !keyid.is_empty() && keyid_disagrees(&material, keyid) {
            return Err(refused("its `keyid` and its key hint disagree".to_owned()));
        }
    }
    // The payload is in `content`, and is not kept twice: see `SignedBundle::wire`.
    if let Some(envelope) = &mut wire.dsse_envelope {
        envelope.payload = String::new();
    }
    Ok(SignedBundle { content, material, timestamps, wire })
}

/// A `keyid` beside a certificate names nothing that a verifier looks at; npm
/// writes names of its own there.
fn keyid_disagrees(material: &Material, keyid: &str) -> bool {
    matches!(material, Material::Key { hint } if hint.as_deref() != Some(keyid))
}

struct Reader<'a> {
    subject: &'a str,
}

impl Reader<'_> {
    fn refused(&self, detail: impl Into<String>) -> Problem {
        Problem::new(Code::SignatureFormat, self.subject).detail(detail)
    }

    fn decode(&self, text: &str, what: &str) -> Result<Vec<u8>> {
        STANDARD.decode(text).map_err(|error| {
            self.refused(format!("the base64 of its {what} is damaged")).source(error)
        })
    }

    fn piece(&self, text: &str, what: &str) -> Result<Vec<u8>> {
        if text.len() > MAX_PIECE {
            return Err(Problem::new(Code::EvidenceLimit, self.subject)
                .detail(format!("its {what} is larger than {MAX_PIECE} bytes")));
        }
        self.decode(text, what)
    }

    fn few(&self, count: usize, what: &str) -> Result<()> {
        if count <= MAX_EVIDENCE {
            return Ok(());
        }
        Err(Problem::new(Code::EvidenceLimit, self.subject)
            .detail(format!("it holds {count} {what}, more than {MAX_EVIDENCE}")))
    }

    fn material(&self, wire: &wire::Material) -> Result<Material> {
        let certificate =
            |certificate: &wire::Certificate| self.piece(&certificate.raw_bytes, "certificate");
        match (&wire.public_key, &wire.certificate, &wire.x509_certificate_chain) {
            (Some(key), None, None) => {
                Ok(Material::Key { hint: key.hint.clone().filter(|hint| !hint.is_empty()) })
            }
            (None, Some(only), None) => Ok(Material::Certificates(vec![certificate(only)?])),
            (None, None, Some(chain)) => {
                self.few(chain.certificates.len(), "certificates")?;
                if chain.certificates.is_empty() {
                    return Err(self.refused("its certificate chain is empty"));
                }
                let chain: Result<_> = chain.certificates.iter().map(certificate).collect();
                Ok(Material::Certificates(chain?))
            }
            (None, None, None) => Err(self.refused("nothing in it says who signed")),
            _ => Err(self.refused("it names more than one of key, certificate and chain")),
        }
    }

    /// Looks through what logs and authorities say; gives the timestamps.
    fn evidence(&self, wire: &wire::Material) -> Result<Vec<Vec<u8>>> {
        self.few(wire.tlog_entries.len(), "log entries")?;
        for entry in &wire.tlog_entries {
            self.entry(entry)?;
        }
        let Some(data) = &wire.timestamp_verification_data else { return Ok(Vec::new()) };
        self.few(data.rfc3161_timestamps.len(), "timestamps")?;
        data.rfc3161_timestamps
            .iter()
            .map(|timestamp| self.piece(&timestamp.signed_timestamp, "timestamp"))
            .collect()
    }

    fn entry(&self, entry: &Entry) -> Result<()> {
        self.piece(&entry.canonicalized_body, "log entry")?;
        self.piece(&entry.log_id.key_id, "log id")?;
        if let Some(promise) = &entry.inclusion_promise {
            self.piece(&promise.signed_entry_timestamp, "inclusion promise")?;
        }
        if let Some(proof) = &entry.inclusion_proof {
            // A tree of 2^63 leaves has proofs of 63 hashes.
            if proof.hashes.len() > 63 {
                return Err(Problem::new(Code::LogProofInvalid, self.subject)
                    .detail(format!("its proof has {} hashes", proof.hashes.len())));
            }
            self.piece(&proof.root_hash, "root hash")?;
            for hash in &proof.hashes {
                self.piece(hash, "proof")?;
            }
            let checkpoint = proof.checkpoint.as_ref().map_or(0, |note| note.envelope.len());
            if checkpoint > MAX_PIECE {
                return Err(Problem::new(Code::EvidenceLimit, self.subject)
                    .detail(format!("its checkpoint is larger than {MAX_PIECE} bytes")));
            }
        }
        Ok(())
    }

    fn content(&self, wire: &wire::Bundle) -> Result<Content> {
        match (&wire.dsse_envelope, &wire.message_signature) {
            (Some(envelope), None) => {
                let [signature] = envelope.signatures.as_slice() else {
                    let count = envelope.signatures.len();
                    return Err(self.refused(format!("it holds {count} signatures instead of one")));
                };
                Ok(Content::Envelope(Envelope {
                    payload: self.decode(&envelope.payload, "payload")?,
                    payload_type: envelope.payload_type.clone(),
                    signature: self.decode(&signature.sig, "signature")?,
                }))
            }
            (None, Some(message)) => {
                let digest = match &message.message_digest {
                    None => None,
                    Some(digest) => Some((
                        digest.algorithm.clone(),
                        self.decode(&digest.digest, "message digest")?,
                    )),
                };
                let signature = self.decode(&message.signature, "signature")?;
                Ok(Content::Message { digest, signature })
            }
            (None, None) => Err(self.refused("it holds no signature")),
            (Some(_), Some(_)) => Err(self.refused("it holds two signatures of different kinds")),
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
