//! Fields that the verification library does not read.
//!
//! `sigstore-verify` takes index, size and root of a Rekor v2 proof from the
//! signed checkpoint, ignores the log id beside it, does not look at certificates
//! above the leaf, and compares no key hint. None of that lets anything be
//! forged, but nothing in a bundle may be changed unnoticed: every such field
//! must say what the signed ones say. What stays neutral is in `docs/trust.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::Checkpoint;

use super::bundle::{Entry, Material, SignedBundle};
use super::key::PublicKey;
use crate::finding::{Code, Problem, Result};

/// Compares everything that the library leaves alone.
pub(super) fn check(bundle: &SignedBundle, root: &TrustedRoot, subject: &str) -> Result<()> {
    for entry in bundle.entries() {
        Comparison { entry, root, subject }.check()?;
    }
    check_chain(bundle, root, subject)
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

struct Comparison<'a> {
    entry: &'a Entry,
    root: &'a TrustedRoot,
    subject: &'a str,
}

impl Comparison<'_> {
    fn malformed(&self, detail: impl Into<String>) -> Problem {
        Problem::new(Code::LogEntryMalformed, self.subject).detail(detail)
    }

    fn check(&self) -> Result<()> {
        let log_id = self.decode(&self.entry.log_id.key_id, "log id")?;
        let known = self.root.tlogs.iter().any(|log| log.log_id.key_id.as_bytes() == log_id);
        if !known {
            return Err(Problem::new(Code::LogUnknown, self.subject).detail(format!(
                "the log {} is not in the trusted root",
                self.entry.log_id.key_id
            )));
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
