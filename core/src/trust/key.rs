//! Signing keys and public keys.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use sigstore::crypto::signing_key::SigStoreKeyPair;
use sigstore::crypto::signing_key::ecdsa::{ECDSAKeys, EllipticCurve};
use sigstore::crypto::signing_key::ed25519::Ed25519Keys;
use sigstore::crypto::{CosignVerificationKey, Signature, SigningScheme};
use zeroize::Zeroizing;

use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// Signature algorithms. The hash follows the curve (OpenSSF model signing 1.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    fn scheme(self) -> SigningScheme {
        match self {
            Self::EcdsaP256 => SigningScheme::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP384 => SigningScheme::ECDSA_P384_SHA384_ASN1,
            Self::EcdsaP521 => SigningScheme::ECDSA_P521_SHA512_ASN1,
            Self::Ed25519 => SigningScheme::ED25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
        })
    }
}

/// A private key. Its bytes are wiped when it is dropped and never printed.
pub struct SigningKey {
    algorithm: Algorithm,
    keys: SigStoreKeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn failed(error: sigstore::errors::SigstoreError) -> Problem {
    Problem::new(Code::KeyInvalid, "the key").detail(error.to_string()).source(error)
}

impl SigningKey {
    /// Makes a new key.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let curve = |curve| ECDSAKeys::new(curve).map(SigStoreKeyPair::ECDSA);
        let keys = match algorithm {
            Algorithm::EcdsaP256 => curve(EllipticCurve::P256),
            Algorithm::EcdsaP384 => curve(EllipticCurve::P384),
            Algorithm::EcdsaP521 => curve(EllipticCurve::P521),
            Algorithm::Ed25519 => Ed25519Keys::new().map(SigStoreKeyPair::ED25519),
        };
        Ok(Self { algorithm, keys: keys.map_err(failed)? })
    }

    pub(super) fn from_keys(keys: SigStoreKeyPair, subject: &str) -> Result<Self> {
        let algorithm = match &keys {
            SigStoreKeyPair::ECDSA(ECDSAKeys::P256(_)) => Algorithm::EcdsaP256,
            SigStoreKeyPair::ECDSA(ECDSAKeys::P384(_)) => Algorithm::EcdsaP384,
            SigStoreKeyPair::ECDSA(ECDSAKeys::P521(_)) => Algorithm::EcdsaP521,
            SigStoreKeyPair::ED25519(_) => Algorithm::Ed25519,
            SigStoreKeyPair::RSA(_) => {
                return Err(Problem::new(Code::KeyInvalid, subject)
                    .detail("RSA keys are not supported")
                    .hint("Make an ECDSA key with `pkg keygen`."));
            }
        };
        Ok(Self { algorithm, keys })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key.
    pub fn public(&self) -> Result<PublicKey> {
        PublicKey::from_pem(&self.keys.public_key_to_pem().map_err(failed)?, "the key")
    }

    /// Signs a message. ECDSA signatures are DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signer = self.keys.to_sigstore_signer(&self.algorithm.scheme()).map_err(failed)?;
        signer.sign(message).map_err(failed)
    }

    /// The key as PKCS#8 DER.
    pub(super) fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>> {
        self.keys.private_key_to_der().map_err(failed)
    }
}

/// A public key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    spki: Vec<u8>,
    key: CosignVerificationKey,
}

impl PublicKey {
    /// Reads a PEM `PUBLIC KEY` (SPKI, RFC 5280).
    pub fn from_pem(pem: &str, subject: &str) -> Result<Self> {
        let invalid = |why: String| Problem::new(Code::KeyInvalid, subject).detail(why);
        let (label, document) = pkcs8::Document::from_pem(pem)
            .map_err(|error| invalid(format!("no PEM public key: {error}")))?;
        if label != "PUBLIC KEY" {
            let problem = invalid(format!("it is a {label}, and no public key"));
            return Err(problem.hint("Give the file that ends in .pub."));
        }
        let spki = document.as_bytes().to_vec();
        let key = CosignVerificationKey::try_from_der(&spki)
            .map_err(|error| invalid(error.to_string()))?;
        let algorithm = match &key {
            CosignVerificationKey::ECDSA_P256_SHA256_ASN1(_) => Algorithm::EcdsaP256,
            CosignVerificationKey::ECDSA_P384_SHA384_ASN1(_) => Algorithm::EcdsaP384,
            CosignVerificationKey::ECDSA_P521_SHA512_ASN1(_) => Algorithm::EcdsaP521,
            CosignVerificationKey::ED25519(_) => Algorithm::Ed25519,
            _ => return Err(invalid("RSA keys are not supported".to_owned())),
        };
        Ok(Self { algorithm, spki, key })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as PEM: SPKI, lines of 64, LF, final newline.
    pub fn pem(&self) -> String {
        let body = STANDARD.encode(&self.spki);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in body.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// How signatures name this key: hex SHA-256 of [`PublicKey::pem`].
    pub fn hint(&self) -> String {
        Digest::of(self.pem().as_bytes()).hex()
    }

    /// Whether `signature` over `message` was made with this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_signature(Signature::Raw(signature), message).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, PublicKey, SigningKey};

    #[test]
    fn every_algorithm_signs_and_refuses_any_change() {
        for algorithm in
            [Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::EcdsaP521, Algorithm::Ed25519]
        {
            let key = SigningKey::generate(algorithm).unwrap();
            let public = key.public().unwrap();
            assert_eq!(public.algorithm(), algorithm);
            let signature = key.sign(b"message").unwrap();
            assert!(public.verify(b"message", &signature));
            assert!(!public.verify(b"massage", &signature));
            for bit in 0..signature.len() * 8 {
                let mut changed = signature.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!public.verify(b"message", &changed), "{algorithm} bit {bit}");
            }
            let other = SigningKey::generate(algorithm).unwrap().public().unwrap();
            assert!(!other.verify(b"message", &signature));
        }
    }

    #[test]
    fn the_pem_text_is_the_same_whatever_the_line_ends_were() {
        let public = SigningKey::generate(Algorithm::EcdsaP256).unwrap().public().unwrap();
        let windows = public.pem().replace('\n', "\r\n");
        assert_eq!(PublicKey::from_pem(&windows, "k").unwrap().hint(), public.hint());
        assert!(
            PublicKey::from_pem(
                "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
                "k"
            )
            .is_err()
        );
    }

    #[test]
    fn a_private_key_is_not_printed() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey { algorithm: Ed25519, .. }");
    }
}
