//! Keys, hashes and random numbers.
//!
//! The operations here fail only if the crypto library itself does; a test
//! cannot go on then, so they panic instead of passing errors on.

#![allow(clippy::expect_used)]

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};

/// DER of the object identifiers that tell the kinds of public keys apart.
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

pub(crate) type Hash = [u8; 32];

/// SHA-256 of `data`.
pub(crate) fn sha256(data: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    hash
}

/// `N` random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes)
        .expect("the system has random numbers");
    bytes
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key pair made for this run of the rig.
pub(crate) struct Key {
    pair: Pair,
    spki: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Key").finish_non_exhaustive()
    }
}

impl Key {
    /// A P-256 key whose signatures are DER, as everything but JWTs wants them.
    pub(crate) fn p256() -> Self {
        Self::ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING)
    }

    /// A P-256 key whose signatures are `r || s`, as JWTs want them.
    pub(crate) fn es256() -> Self {
        Self::ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).expect("a P-256 key");
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its public half");
        Self { spki: spki.as_ref().to_vec(), pair: Pair::Ecdsa(pair) }
    }

    /// An Ed25519 key.
    pub(crate) fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().expect("an Ed25519 key");
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its public half");
        Self { spki: spki.as_ref().to_vec(), pair: Pair::Ed25519(pair) }
    }

    /// The public key as `SubjectPublicKeyInfo`, in DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The private key in PKCS #8, in DER.
    pub(crate) fn pkcs8(&self) -> Vec<u8> {
        let document = match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1(),
            Pair::Ed25519(pair) => pair.to_pkcs8(),
        };
        document.expect("the private half of a key").as_ref().to_vec()
    }

    /// The bare public key: 32 bytes, or an uncompressed point.
    pub(crate) fn raw_public(&self) -> &[u8] {
        match &self.pair {
            Pair::Ecdsa(pair) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    /// Signs `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signed = pair.sign(&SystemRandom::new(), message);
                signed.expect("a P-256 signature").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// Whether `token_signature` (`r || s`) is by the P-256 key `spki` over `message`.
pub(crate) fn verify_es256(spki: &[u8], message: &[u8], token_signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, spki)
        .verify(message, token_signature)
        .is_ok()
}

/// Whether `signed` is the signature of `spki` over `message`, hashed with
/// SHA-256 where the kind of key hashes. `None` for kinds the rig cannot check.
pub(crate) fn verify_message(spki: &[u8], message: &[u8], signed: &[u8]) -> Option<bool> {
    if is_ec(spki) {
        return verify_digest(spki, "sha256", &sha256(message), signed);
    }
    (spki.len() == 44)
        .then(|| UnparsedPublicKey::new(&signature::ED25519, spki).verify(message, signed).is_ok())
}

/// Whether `signed` is the signature of `spki` over a message with this
/// `digest`. `None` for kinds of keys or hashes the rig cannot check.
pub(crate) fn verify_digest(
    spki: &[u8],
    algorithm: &str,
    digest: &[u8],
    signed: &[u8],
) -> Option<bool> {
    let p384 = contains(spki, P384);
    let (algorithm, verification) = match (algorithm, p384) {
        ("sha256", false) => (&digest::SHA256, &signature::ECDSA_P256_SHA256_ASN1),
        ("sha384", false) => (&digest::SHA384, &signature::ECDSA_P256_SHA384_ASN1),
        ("sha256", true) => (&digest::SHA256, &signature::ECDSA_P384_SHA256_ASN1),
        ("sha384", true) => (&digest::SHA384, &signature::ECDSA_P384_SHA384_ASN1),
        _ => return None,
    };
    if !is_ec(spki) {
        return None;
    }
    let Ok(digest) = Digest::import_less_safe(digest, algorithm) else { return Some(false) };
    Some(UnparsedPublicKey::new(verification, spki).verify_digest(&digest, signed).is_ok())
}

fn is_ec(spki: &[u8]) -> bool {
    contains(spki, P256) || contains(spki, P384)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
