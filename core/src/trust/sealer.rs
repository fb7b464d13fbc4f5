//! What makes signed bundles: a key, or an identity with the services behind it.

use super::bundle;
use super::certificate::Certificate;
use super::chain::Authority;
use super::judge::{Accepted, Judge, Judgement, Proof};
use super::key::{Algorithm, PublicKey};
use super::root::RootChoice;
use super::signer::Signer;
use crate::finding::{Code, Problem, Result};

/// Signs statements into Sigstore bundles.
pub trait Sealer {
    /// Signs an in-toto statement; gives the bundle.
    fn seal(&self, payload: &[u8]) -> Result<Vec<u8>>;

    /// Accepts what this sealer makes: every new bundle is judged before it is
    /// handed out.
    fn judge(&self) -> Judge;

    /// Whether an accepted signature was made by the same signer, so that there
    /// is no need for another one.
    fn knows_its_own(&self) -> bool;

    /// Whether tools of the OpenSSF model signing format take its signatures.
    fn signs_models(&self) -> bool;
}

/// Signs a statement and judges the result as a verifier would: what cannot be
/// verified is not handed out.
pub fn sealed(sealer: &dyn Sealer, judge: &Judge, payload: &[u8]) -> Result<(Vec<u8>, Proof)> {
    let bytes = sealer.seal(payload)?;
    let subject = "the new signature";
    match judge.statement(&bundle::parse(&bytes, subject)?, subject)? {
        Judgement::Accepted(proof) => Ok((bytes, proof)),
        Judgement::Other { why: Some(why), .. } => Err(why),
        Judgement::Other { why: None, .. } => {
            Err(Problem::new(Code::SignatureInvalid, subject).detail("it does not verify"))
        }
    }
}

/// Seals with a key, named by itself or by a certificate.
pub struct KeySealer {
    signer: Box<dyn Signer>,
    public: PublicKey,
    certificates: Vec<Certificate>,
}

impl std::fmt::Debug for KeySealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySealer")
            .field("public", &self.public)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

impl KeySealer {
    /// Takes a key, wherever it is kept.
    pub fn new(signer: Box<dyn Signer>) -> Result<Self> {
        let public = signer.public()?;
        Ok(Self { signer, public, certificates: Vec::new() })
    }

    /// Names the key by its certificate, the first of these, and the
    /// intermediates above it.
    pub fn with_certificates(mut self, certificates: Vec<Certificate>) -> Result<Self> {
        if let Some(leaf) = certificates.first() {
            let of = leaf.public_key()?.hint();
            if of != self.public.hint() {
                return Err(Problem::new(Code::KeyInvalid, leaf.subject()).detail(format!(
                    "the certificate is for another key (its key: {of}; the signer's: {})",
                    self.public.hint()
                )));
            }
        }
        self.certificates = certificates;
        Ok(self)
    }
}

impl Sealer for KeySealer {
    fn seal(&self, payload: &[u8]) -> Result<Vec<u8>> {
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Certificate::der).collect();
        bundle::sign_statement(self.signer.as_ref(), payload, &certificates)
    }

    fn judge(&self) -> Judge {
        self.judge_by(RootChoice::default())
    }

    fn knows_its_own(&self) -> bool {
        true
    }

    fn signs_models(&self) -> bool {
        // The reference implementation knows ECDSA only.
        self.public.algorithm() != Algorithm::Ed25519
    }
}

impl KeySealer {
    /// Accepts what this key signs, with what the services of `root` say about it.
    fn judge_by(&self, root: RootChoice) -> Judge {
        let accepted = match self.certificates.first() {
            None => vec![self.public.clone()].into(),
            // Whether an authority stands behind it is for verifiers to say.
            Some(leaf) => {
                Accepted { authority: Some(Authority::of(leaf.clone())), ..Accepted::default() }
            }
        };
        Judge::new(accepted, root)
    }
}

/// Seals with a key, and has the signature logged or timestamped.
#[cfg(feature = "network")]
#[derive(Debug)]
pub struct PublishedSealer {
    /// Signs.
    pub inner: KeySealer,
    /// Vouches for the signature.
    pub publisher: super::net::publish::Publisher,
    /// The root of the instance that does.
    pub root: RootChoice,
}

#[cfg(feature = "network")]
impl Sealer for PublishedSealer {
    fn seal(&self, payload: &[u8]) -> Result<Vec<u8>> {
        self.publisher.publish(&self.inner.seal(payload)?, &self.inner.public)
    }

    fn judge(&self) -> Judge {
        self.inner.judge_by(self.root.clone())
    }

    /// A signature that was made earlier may be neither logged nor timestamped.
    fn knows_its_own(&self) -> bool {
        false
    }

    fn signs_models(&self) -> bool {
        self.inner.signs_models()
    }
}

/// Seals in the name of an identity.
#[cfg(feature = "network")]
#[derive(Debug)]
pub struct IdentitySealer {
    /// Signs.
    pub keyless: super::net::keyless::Keyless,
    /// The root of the same instance.
    pub root: RootChoice,
}

#[cfg(feature = "network")]
impl Sealer for IdentitySealer {
    fn seal(&self, payload: &[u8]) -> Result<Vec<u8>> {
        self.keyless.sign_statement(payload)
    }

    fn judge(&self) -> Judge {
        let accepted = Accepted { any_identity: true, ..Accepted::default() };
        Judge::new(accepted, self.root.clone())
    }

    fn knows_its_own(&self) -> bool {
        false
    }

    fn signs_models(&self) -> bool {
        true
    }
}
