//! Fields that the verification library does not read.
//!
//! `sigstore-verify` takes index, size and root of a Rekor v2 proof from the
//! signed checkpoint, ignores the log id beside it, does not look at certificates
//! above the leaf, and compares no key hint. None of that lets anything be
//! forged, but nothing in a bundle may be changed unnoticed: every such field
//! must say what the signed ones say. What stays neutral is in `docs/trust.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{self, Decode as _, Encode as _, Reader as _, SliceReader, Tagged as _};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::Checkpoint;

use super::bundle::{Entry, Material, SignedBundle};
use super::key::PublicKey;
use crate::finding::{Code, Problem, Result};

/// Every entry must be of a log that is trusted; the library says less clearly
/// when it is not.
pub(super) fn check_logs(bundle: &SignedBundle, root: &TrustedRoot, subject: &str) -> Result<()> {
    for entry in bundle.entries() {
        Comparison { entry, root, subject }.log_id()?;
    }
    Ok(())
}

/// Compares everything that the library leaves alone.
pub(super) fn check(bundle: &SignedBundle, root: &TrustedRoot, subject: &str) -> Result<()> {
    for entry in bundle.entries() {
        Comparison { entry, root, subject }.check()?;
    }
    for timestamp in &bundle.timestamps {
        check_timestamp(timestamp, root, subject)?;
    }
    check_chain(bundle, root, subject)
}

/// A reply of a timestamp authority (RFC 3161, section 2.4.2): the signature covers
/// the time and what it is about; the certificates beside it must be those of the
/// trusted root, and nothing unsigned may be added.
fn check_timestamp(reply: &[u8], root: &TrustedRoot, subject: &str) -> Result<()> {
    let invalid = |detail: &str| Problem::new(Code::TimestampInvalid, subject).detail(detail);
    let damaged =
        |error: der::Error| invalid("it is no reply of a timestamp authority").source(error);
    let mut reader = SliceReader::new(reply).map_err(damaged)?;
    let token = reader.sequence(|reader| {
        // The library refuses replies whose status is not `granted`.
        AnyRef::decode(reader)?;
        ContentInfo::decode(reader)
    });
    let token = token.and_then(|token| reader.finish(token)).map_err(damaged)?;
    let content = token.content.to_der().map_err(damaged)?;
    let signed = SignedData::from_der(&content).map_err(damaged)?;
    // RFC 5652, section 5.2; the library reads the content whatever its tag says it is.
    let content = signed.encap_content_info.econtent.as_ref();
    if content.is_none_or(|content| content.tag() != der::Tag::OctetString) {
        return Err(invalid("its content is no octet string"));
    }
    let unsigned = signed.signer_infos.0.iter().any(|signer| signer.unsigned_attrs.is_some());
    if unsigned || signed.crls.is_some() {
        return Err(invalid("it carries attributes or lists that nobody signed"));
    }
    let trusted = |certificate: &[u8]| {
        root.timestamp_authorities
            .iter()
            .flat_map(|authority| &authority.cert_chain.certificates)
            .any(|known| known.raw_bytes.as_bytes() == certificate)
    };
    for certificate in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        if !trusted(&certificate.to_der().map_err(damaged)?) {
            return Err(Problem::new(Code::CertificateInBundle, subject)
                .detail("a certificate in its timestamp is none of the trusted root"));
        }
    }
    Ok(())
}

/// Whether a hint names this key, in one of the forms that signers write:
/// OpenSSF model signing the SHA-256 of the PEM text in hex, cosign that of the
/// DER encoding in base64.
pub(super) fn hint_names(hint: &str, key: &PublicKey) -> bool {
    let fingerprint = key.fingerprint();
    hint == key.hint()
        || hint == STANDARD.encode(fingerprint.as_bytes())
        || hint == fingerprint.hex()
}

/// Certificates above the leaf must be trusted ones. The first generation of
/// bundles carried the root as well; later ones must not (`sigstore_bundle.proto`).
fn check_chain(bundle: &SignedBundle, root: &TrustedRoot, subject: &str) -> Result<()> {
    let Material::Certificates(chain) = &bundle.material else { return Ok(()) };
    let unexpected =
        |detail: &str| Problem::new(Code::CertificateInBundle, subject).detail(detail.to_owned());
    for certificate in chain.iter().skip(1) {
        let mut known = root.certificate_authorities.iter().flat_map(|authority| {
            let certificates = &authority.cert_chain.certificates;
            certificates
                .iter()
                .enumerate()
                .map(|(at, known)| (at + 1 == certificates.len(), known.raw_bytes.as_bytes()))
        });
        match known.find(|(_, known)| *known == certificate.as_slice()) {
            None => {
                return Err(unexpected("a certificate in its chain is none of the trusted root"));
            }
            Some((true, _)) if !bundle.is_first_generation() => {
                return Err(unexpected("it brings the root certificate along"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether a text is written exactly as a signed note (c2sp.org/signed-note): a
/// text, an empty line, lines of signatures.
pub(super) fn is_signed_note(note: &str) -> bool {
    let Some((text, signatures)) = note.rsplit_once("\n\n") else { return false };
    if text.split('\n').any(str::is_empty) {
        return false;
    }
    let is_signature = |line: &str| {
        let mut words = line.strip_prefix("\u{2014} ").unwrap_or_default().split(' ');
        let (name, signature, rest) = (words.next(), words.next(), words.next());
        name.is_some_and(|name| !name.is_empty())
            && signature.is_some_and(|text| STANDARD.decode(text).is_ok())
            && rest.is_none()
    };
    let lines = signatures.strip_suffix('\n').map(|lines| lines.split('\n'));
    lines.is_some_and(|mut lines| lines.all(is_signature))
}

struct Comparison<'a> {
    entry: &'a Entry,
    root: &'a TrustedRoot,
    subject: &'a str,
}

impl Comparison<'_> {
    fn malformed(&self, detail: impl Into<String>) -> Problem {
        Problem::new(Code::LogEntryMalformed, self.subject).detail(detail)
    }

    /// The id of the log, which is trusted.
    fn log_id(&self) -> Result<Vec<u8>> {
        let log_id = self.decode(&self.entry.log_id.key_id, "log id")?;
        let known = self.root.tlogs.iter().any(|log| log.log_id.key_id.as_bytes() == log_id);
        if !known {
            return Err(Problem::new(Code::LogUnknown, self.subject).detail(format!(
                "the log {} is not in the trusted root",
                self.entry.log_id.key_id
            )));
        }
        Ok(log_id)
    }

    fn check(&self) -> Result<()> {
        let log_id = self.log_id()?;
        let note = self.entry.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.as_ref());
        if note.is_some_and(|note| !is_signed_note(&note.envelope)) {
            return Err(Problem::new(Code::CheckpointInvalid, self.subject)
                .detail("it is not written as a signed note"));
        }
        // Rekor v1 signs its index and time (the promise), v2 neither.
        let kind = &self.entry.kind_version;
        if (kind.kind.as_str(), kind.version.as_str()) != ("hashedrekord", "0.0.2") {
            return Ok(());
        }
        if self.entry.integrated_time.is_some_and(|time| time.0 != 0) {
            return Err(self.malformed("it gives a time, which logs of this kind do not"));
        }
        if self.entry.inclusion_promise.is_some() {
            return Err(self.malformed("it has a promise, which logs of this kind do not make"));
        }
        self.check_proof(&log_id)
    }

    fn check_proof(&self, log_id: &[u8]) -> Result<()> {
        let Some(proof) = &self.entry.inclusion_proof else {
            return Err(Problem::new(Code::LogProofMissing, self.subject));
        };
        let invalid =
            |detail: String| Problem::new(Code::CheckpointInvalid, self.subject).detail(detail);
        let note = proof.checkpoint.as_ref().map_or("", |checkpoint| &checkpoint.envelope);
        let checkpoint = Checkpoint::from_text(note)
            .map_err(|error| invalid(error.to_string()).source(error))?;
        let by_this_log =
            |key_id: &[u8]| log_id.get(..4).is_some_and(|expected| expected == key_id);
        if !checkpoint.signatures().iter().any(|line| by_this_log(line.key_id.as_slice())) {
            return Err(invalid("it is not signed by the log that the entry names".to_owned()));
        }
        let differs = |what: &str| {
            Problem::new(Code::LogProofInvalid, self.subject)
                .detail(format!("its {what} is not that of the checkpoint or entry"))
        };
        if proof.log_index != self.entry.log_index {
            return Err(differs("index"));
        }
        if u64::try_from(proof.tree_size.0) != Ok(checkpoint.tree_size()) {
            return Err(differs("tree size"));
        }
        if self.decode(&proof.root_hash, "root hash")? != checkpoint.root_hash().as_bytes() {
            return Err(differs("root hash"));
        }
        Ok(())
    }

    fn decode(&self, text: &str, what: &str) -> Result<Vec<u8>> {
        STANDARD.decode(text).map_err(|error| {
            self.malformed(format!("the base64 of its {what} is damaged")).source(error)
        })
    }
}
