//! What makes signatures: a key in a file, in a token, or behind a command.

use super::key::{PublicKey, SigningKey};
use crate::finding::Result;

/// A private key, wherever it is kept.
pub trait Signer {
    /// Its public half.
    fn public(&self) -> Result<PublicKey>;

    /// Signs a message, hashed as the key's algorithm says; ECDSA signatures
    /// are in DER.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>>;
}

impl Signer for SigningKey {
    fn public(&self) -> Result<PublicKey> {
        Self::public(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        Self::sign(self, message)
    }
}
