//! What makes signed bundles: a key, or an identity with the services behind it.

use super::bundle;
use super::judge::{Accepted, Judge};
use super::key::{Algorithm, PublicKey};
use super::root::RootChoice;
use super::signer::Signer;
use crate::finding::Result;

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

/// Seals with a key.
pub struct KeySealer {
    signer: Box<dyn Signer>,
    public: PublicKey,
}

impl std::fmt::Debug for KeySealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySealer").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeySealer {
    /// Takes a key, wherever it is kept.
    pub fn new(signer: Box<dyn Signer>) -> Result<Self> {
        let public = signer.public()?;
        Ok(Self { signer, public })
    }
}

impl Sealer for KeySealer {
    fn seal(&self, payload: &[u8]) -> Result<Vec<u8>> {
        bundle::sign_statement(self.signer.as_ref(), payload)
    }

    fn judge(&self) -> Judge {
        Judge::new(vec![self.public.clone()].into(), RootChoice::default())
    }

    fn knows_its_own(&self) -> bool {
        true
    }

    fn signs_models(&self) -> bool {
        // The reference implementation knows ECDSA only.
        self.public.algorithm() != Algorithm::Ed25519
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
