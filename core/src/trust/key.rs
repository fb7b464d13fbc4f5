//! Signing keys: ECDSA over the NIST curves, and Ed25519.
//!
//! Private keys are PKCS#8 (RFC 5958), public keys `SubjectPublicKeyInfo`
//! (RFC 5480, RFC 8410). The hash follows the curve, as in the algorithm
//! registry of Sigstore: P-256 with SHA-256, P-384 with SHA-384, P-521 with
//! SHA-512. RSA is not supported: nothing here would sign with it.

use std::fmt;

use pkcs8::der::asn1::BitStringRef;
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfo, SubjectPublicKeyInfoRef};
use serde::Serialize;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore::crypto::signing_key::{SigStoreKeyPair, SigStoreSigner};
use sigstore::crypto::{CosignVerificationKey, Signature, SigningScheme};
use zeroize::Zeroizing;

use super::pem;
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// PEM label of public keys.
pub(super) const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// Any key on an elliptic curve that has a name (RFC 5480).
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Kind of a key, which decides the hash as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA over P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA over P-521 with SHA-512.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::Ed25519];

    /// The name printed and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
        }
    }

    const fn scheme(self) -> SigningScheme {
        match self {
            Self::EcdsaP256 => SigningScheme::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP384 => SigningScheme::ECDSA_P384_SHA384_ASN1,
            Self::EcdsaP521 => SigningScheme::ECDSA_P521_SHA512_ASN1,
            Self::Ed25519 => SigningScheme::ED25519,
        }
    }

    /// The curve of ECDSA; none for Ed25519.
    #[cfg_attr(not(feature = "pkcs11"), allow(dead_code))]
    pub(super) const fn curve(self) -> Option<ObjectIdentifier> {
        match self {
            Self::EcdsaP256 => Some(SECP256R1),
            Self::EcdsaP384 => Some(SECP384R1),
            Self::EcdsaP521 => Some(SECP521R1),
            Self::Ed25519 => None,
        }
    }

    /// Length of the public key: an uncompressed point, or 32 bytes.
    const fn public_len(self) -> usize {
        match self {
            Self::EcdsaP256 => 65,
            Self::EcdsaP384 => 97,
            Self::EcdsaP521 => 133,
            Self::Ed25519 => 32,
        }
    }

    /// Bytes in each half of an ECDSA signature; none for Ed25519.
    pub(super) const fn scalar_len(self) -> Option<usize> {
        match self {
            Self::EcdsaP256 => Some(32),
            Self::EcdsaP384 => Some(48),
            Self::EcdsaP521 => Some(66),
            Self::Ed25519 => None,
        }
    }

    /// Name and value of the hash that is signed; Ed25519 signs the message itself.
    pub(super) fn hash(self, message: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        match self {
            Self::EcdsaP256 => Some(("sha256", Sha256::digest(message).to_vec())),
            Self::EcdsaP384 => Some(("sha384", Sha384::digest(message).to_vec())),
            Self::EcdsaP521 => Some(("sha512", Sha512::digest(message).to_vec())),
            Self::Ed25519 => None,
        }
    }

    fn of(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Self, String> {
        let curve: Option<ObjectIdentifier> =
            identifier.parameters.and_then(|parameters| parameters.decode_as().ok());
        match (identifier.oid, curve) {
            (ED25519, None) if identifier.parameters.is_none() => Ok(Self::Ed25519),
            (EC_PUBLIC_KEY, Some(SECP256R1)) => Ok(Self::EcdsaP256),
            (EC_PUBLIC_KEY, Some(SECP384R1)) => Ok(Self::EcdsaP384),
            (EC_PUBLIC_KEY, Some(SECP521R1)) => Ok(Self::EcdsaP521),
            (EC_PUBLIC_KEY, Some(other)) => {
                Err(format!("its curve {other} is none of P-256, P-384 and P-521"))
            }
            (EC_PUBLIC_KEY, None) => Err("its curve is not given by name".to_owned()),
            (RSA, _) => Err("it is an RSA key; pkg uses ECDSA and Ed25519 keys".to_owned()),
            (other, _) => Err(format!("its key algorithm {other} is not supported")),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A private key.
pub struct SigningKey {
    algorithm: Algorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    signer: SigStoreSigner,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a new key.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let failed = |error| {
            Problem::new(Code::Internal, "the new key")
                .detail("the cryptographic library made no key")
                .source(error)
        };
        let signer = algorithm.scheme().create_signer().map_err(failed)?;
        let pair = signer.to_sigstore_keypair().map_err(failed)?;
        let pkcs8 = pair.private_key_to_der().map_err(failed)?;
        Self::from_pkcs8(&pkcs8, "the new key")
    }

    /// Takes a PKCS#8 private key in DER.
    pub(super) fn from_pkcs8(der: &[u8], subject: impl fmt::Display) -> Result<Self> {
        let invalid = |detail: String| Problem::new(Code::KeyInvalid, &subject).detail(detail);
        let info = PrivateKeyInfo::from_der(der).map_err(|error| {
            invalid("its content is not a PKCS#8 private key".to_owned()).source(error)
        })?;
        let algorithm = Algorithm::of(&info.algorithm).map_err(invalid)?;
        // Version 1, without the public key beside it: OpenSSL before 3.2 and
        // Python's cryptography do not read version 2.
        let plain = PrivateKeyInfo::new(info.algorithm, info.private_key);
        let pkcs8 = plain.to_der().map(Zeroizing::new).map_err(|error| {
            invalid("its content cannot be encoded again".to_owned()).source(error)
        })?;
        let signer = SigStoreKeyPair::from_der(&pkcs8)
            .and_then(|pair| pair.to_sigstore_signer(&algorithm.scheme()))
            .map_err(|error| {
                invalid(format!("its content is no valid {algorithm} key")).source(error)
            })?;
        Ok(Self { algorithm, pkcs8, signer })
    }

    /// The key as PKCS#8 in DER.
    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Kind of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key.
    pub fn public(&self) -> Result<PublicKey> {
        let failed = |error| {
            Problem::new(Code::Internal, "the signing key")
                .detail("the cryptographic library gave no public key")
                .source(error)
        };
        let pair = self.signer.to_sigstore_keypair().map_err(failed)?;
        let spki = pair.public_key_to_der().map_err(failed)?;
        PublicKey::from_spki(&spki, "the signing key")
    }

    /// Signs a message; ECDSA signatures are in DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.signer.sign(message).map_err(|error| {
            Problem::new(Code::Internal, "the signing key")
                .detail("the cryptographic library made no signature")
                .source(error)
        })
    }
}

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    spki: Vec<u8>,
    key: CosignVerificationKey,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("algorithm", &self.algorithm)
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Reads a `PUBLIC KEY` in PEM.
    pub fn from_pem(text: &str, subject: impl fmt::Display) -> Result<Self> {
        let block = pem::decode(text)
            .map_err(|detail| Problem::new(Code::KeyInvalid, &subject).detail(detail))?;
        if block.label != PUBLIC_LABEL || block.headers {
            let detail = format!("it is a `{}`, not a `{PUBLIC_LABEL}`", block.label);
            return Err(Problem::new(Code::KeyInvalid, &subject).detail(detail));
        }
        Self::from_spki(&block.content, subject)
    }

    /// Takes a `SubjectPublicKeyInfo` in DER.
    ///
    /// Points must be uncompressed: a key has one encoding here, so it has one
    /// hint. Whether a point lies on its curve shows when a signature is checked.
    pub(super) fn from_spki(der: &[u8], subject: impl fmt::Display) -> Result<Self> {
        let invalid = |detail: String| Problem::new(Code::KeyInvalid, &subject).detail(detail);
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|error| {
            invalid("its content is not a public key (SubjectPublicKeyInfo)".to_owned())
                .source(error)
        })?;
        let algorithm = Algorithm::of(&info.algorithm).map_err(invalid)?;
        let point = info.subject_public_key.as_bytes().unwrap_or_default();
        let uncompressed = algorithm == Algorithm::Ed25519 || point.first() == Some(&4);
        if point.len() != algorithm.public_len() || !uncompressed {
            let detail = "the point of the key is not in its uncompressed form".to_owned();
            return Err(invalid(detail));
        }
        let key = CosignVerificationKey::from_der(der, &algorithm.scheme()).map_err(|error| {
            invalid(format!("its content is no valid {algorithm} key")).source(error)
        })?;
        Ok(Self { algorithm, spki: der.to_vec(), key })
    }

    /// Takes an uncompressed point, or the 32 bytes of an Ed25519 key.
    #[cfg_attr(not(feature = "pkcs11"), allow(dead_code))]
    pub(super) fn from_point(
        algorithm: Algorithm,
        point: &[u8],
        subject: impl fmt::Display,
    ) -> Result<Self> {
        let (oid, parameters) = match algorithm.curve() {
            Some(curve) => (EC_PUBLIC_KEY, Some(curve)),
            None => (ED25519, None),
        };
        let info = SubjectPublicKeyInfo {
            algorithm: AlgorithmIdentifier { oid, parameters },
            subject_public_key: BitStringRef::from_bytes(point).map_err(|error| {
                Problem::new(Code::KeyInvalid, &subject)
                    .detail("its point is too long")
                    .source(error)
            })?,
        };
        let der = info.to_der().map_err(|error| {
            Problem::new(Code::KeyInvalid, &subject).detail("it cannot be encoded").source(error)
        })?;
        Self::from_spki(&der, subject)
    }

    /// Kind of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as PEM text, with LF line ends and a final newline.
    pub fn pem(&self) -> String {
        pem::encode(PUBLIC_LABEL, &self.spki).to_string()
    }

    /// What signatures call the key: SHA-256 of its PEM text, in hex.
    ///
    /// This is the hint that the OpenSSF model signing tools write and demand.
    pub fn hint(&self) -> String {
        Digest::of(self.pem().as_bytes()).hex()
    }

    /// SHA-256 of the key in DER.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// The key as `SubjectPublicKeyInfo` in DER.
    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `signature` was made with this key over bytes of this SHA-256;
    /// nothing when the key's algorithm needs another hash or the bytes.
    pub fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> Option<bool> {
        use sigstore_verify::crypto::{SigningScheme, verify_signature_prehashed};
        use sigstore_verify::types::{DerPublicKey, SignatureBytes};

        if self.algorithm != Algorithm::EcdsaP256 {
            return None;
        }
        let verified = verify_signature_prehashed(
            &DerPublicKey::from_bytes(&self.spki),
            digest.as_bytes(),
            &SignatureBytes::from_bytes(signature),
            SigningScheme::EcdsaP256Sha256,
        );
        Some(verified.is_ok())
    }

    /// Whether `signature` over `message` was made with this key and SHA-256, also
    /// where the curve asks for another hash.
    pub(super) fn verify_with_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        use webpki::aws_lc_rs::{ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P521_SHA256};

        let algorithm = match self.algorithm {
            Algorithm::EcdsaP256 => ECDSA_P256_SHA256,
            Algorithm::EcdsaP384 => ECDSA_P384_SHA256,
            Algorithm::EcdsaP521 => ECDSA_P521_SHA256,
            Algorithm::Ed25519 => return false,
        };
        let Ok(info) = SubjectPublicKeyInfoRef::from_der(&self.spki) else { return false };
        let point = info.subject_public_key.as_bytes().unwrap_or_default();
        algorithm.verify_signature(point, message, signature).is_ok()
    }

    /// Whether `signature` over `message` was made with this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_signature(Signature::Raw(signature), message).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, PublicKey, SigningKey};
    use crate::finding::Code;

    #[test]
    fn every_algorithm_signs_and_no_changed_bit_passes() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            assert_eq!(key.algorithm(), algorithm);
            let public = key.public().unwrap();
            assert_eq!(public.algorithm(), algorithm);
            let message = b"what was said".to_vec();
            let signature = key.sign(&message).unwrap();
            assert!(public.verify(&message, &signature), "{algorithm}");
            for bit in 0..signature.len() * 8 {
                let mut changed = signature.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!public.verify(&message, &changed), "{algorithm}, signature bit {bit}");
            }
            for bit in 0..message.len() * 8 {
                let mut changed = message.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!public.verify(&changed, &signature), "{algorithm}, message bit {bit}");
            }
            assert!(!public.verify(&message, &signature[..signature.len() - 1]));
            assert!(!public.verify(&message, &[signature.as_slice(), b"\0"].concat()));
            let other = SigningKey::generate(algorithm).unwrap().public().unwrap();
            assert!(!other.verify(&message, &signature), "{algorithm}: another key");
        }
    }

    #[test]
    fn names_are_the_same_in_text_and_json() {
        for algorithm in Algorithm::ALL {
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.to_string());
        }
    }

    #[test]
    fn a_public_key_has_one_text_and_one_hint() {
        // The key, and the SHA-256 of its PEM file, computed with `sha256sum`.
        let text = "-----BEGIN PUBLIC KEY-----\n\
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENptdY/l3nB0yqkXLBWkZWQwo6+cu\n\
            OSWS1X9vPavpiQOoTTGC0xX57OojUadxF1cdQmrsiReWg2Wn4FneJfa8xw==\n\
            -----END PUBLIC KEY-----\n";
        let key = PublicKey::from_pem(text, "test").unwrap();
        assert_eq!(key.pem(), text);
        assert_eq!(key.hint(), "2992c1c07e62151af1f41d1150d554d2ee9316fb06f188a2c6b8dc4b5f77b393");
        assert_eq!(
            key.fingerprint().hex(),
            "622601a9e498c09004d82cfb8879122e780c0813a0ba350edd3eefa73097605a"
        );
        let crlf = PublicKey::from_pem(&text.replace('\n', "\r\n"), "test").unwrap();
        assert_eq!(crlf.hint(), key.hint());
    }

    #[test]
    fn keys_of_other_kinds_are_refused_by_name() {
        let rsa = "-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDJYpFVL6k2UJWvqFjoiBfRSJF058HqIlXv+Cng4y2nUAGTfJgq2L5nWGdrt4UBji7VAu1YExpoOefTMsrgBzddquDNu+hoymedYXM1Jadtywbyn8ShJkl3HpsZhhbyll5kHFwWCnocBpxZa7odPvYp7iBwXMRjsRMFl9xiq1roxQIDAQAB\n-----END PUBLIC KEY-----\n";
        let problem = PublicKey::from_pem(rsa, "test").unwrap_err();
        assert_eq!(problem.code(), Code::KeyInvalid);
        assert!(problem.to_string().contains("RSA"), "{problem}");
        // P-256 with a compressed point, then secp256k1.
        for other in [
            "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADNptdY/l3nB0yqkXLBWkZWQwo6+cuOSWS1X9vPavpiQM=",
            "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEVP4/jDPMnsqOCyE2jnhUNaSrohYy79L2mheXSJyaTjQ+7QWxejTDjxdbSfVzsc6kV371aLhgHjMmEBFO4gqrpg==",
        ] {
            let text = format!("-----BEGIN PUBLIC KEY-----\n{other}\n-----END PUBLIC KEY-----\n");
            let problem = PublicKey::from_pem(&text, "test").unwrap_err();
            assert_eq!(problem.code(), Code::KeyInvalid);
            assert!(!problem.to_string().contains("SubjectPublicKeyInfo"), "{problem}");
        }
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey { algorithm: EcdsaP256, .. }");
    }
}
