//! Keys in certificates, and the signatures that they make on others.

use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{self, AnyRef, Decode as _, Encode as _, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::key::PublicKey;
use crate::finding::Code;

/// Shortest and longest RSA modulus, in bits; the limits of rustls-webpki.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
/// P-192 and P-224.
const WEAK_CURVES: [ObjectIdentifier; 2] = [oid("1.2.840.10045.3.1.1"), oid("1.3.132.0.33")];

/// Signatures over hashes for which collisions were made.
const BROKEN: [(ObjectIdentifier, &str); 6] = [
    (oid("1.2.840.113549.1.1.2"), "MD2"),
    (oid("1.2.840.113549.1.1.4"), "MD5"),
    (oid("1.2.840.113549.1.1.5"), "SHA-1"),
    (oid("1.3.14.3.2.29"), "SHA-1"),
    (oid("1.2.840.10040.4.3"), "SHA-1"),
    (oid("1.2.840.10045.4.1"), "SHA-1"),
];

/// The key in a certificate.
#[derive(Debug, Clone)]
pub(super) enum CertifiedKey {
    /// A kind that signers may have.
    Known(PublicKey),
    /// RSA of good length: only issuers of certificates may have that.
    Rsa,
    /// Neither, and why.
    Refused(Code, String),
}

/// The key of a certificate.
pub(super) fn read(info: &SubjectPublicKeyInfoOwned) -> CertifiedKey {
    let refused = |why: &str| CertifiedKey::Refused(Code::CertificateUnsupported, why.to_owned());
    let Ok(spki) = info.to_der() else {
        return refused("its key cannot be read");
    };
    if info.algorithm.oid == RSA {
        return match rsa_bits(info.subject_public_key.as_bytes().unwrap_or_default()) {
            Ok(bits) if RSA_BITS.contains(&bits) => CertifiedKey::Rsa,
            Ok(bits) if bits < *RSA_BITS.start() => CertifiedKey::Refused(
                Code::CertificateWeakKey,
                format!("its RSA key has {bits} bits, fewer than {}", RSA_BITS.start()),
            ),
            Ok(bits) => refused(&format!("its RSA key has {bits} bits, too many to check")),
            Err(_) => refused("its RSA key cannot be read"),
        };
    }
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok());
    if info.algorithm.oid == EC_PUBLIC_KEY && curve.is_some_and(|oid| WEAK_CURVES.contains(&oid)) {
        let why = "its curve is shorter than P-256".to_owned();
        return CertifiedKey::Refused(Code::CertificateWeakKey, why);
    }
    match PublicKey::from_spki(&spki, "certificate") {
        Ok(key) => CertifiedKey::Known(key),
        Err(problem) => refused(&problem.finding().message),
    }
}

fn rsa_bits(key: &[u8]) -> der::Result<usize> {
    let outer = AnyRef::from_der(key)?;
    let mut reader = SliceReader::new(outer.value())?;
    let modulus = UintRef::decode(&mut reader)?;
    let bytes = modulus.as_bytes();
    let leading = bytes.first().map_or(0, |byte| byte.leading_zeros() as usize);
    Ok((bytes.len() * 8).saturating_sub(leading))
}

/// Whether `key` made `signature` over `message` by the named algorithm, or why
/// that cannot be checked.
///
/// ECDSA, Ed25519 and RSA (PKCS#1 v1.5, PSS) with SHA-256, SHA-384 and SHA-512,
/// as rustls-webpki has them.
pub(super) fn is_signed_by(
    key: &SubjectPublicKeyInfoOwned,
    named: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, (Code, String)> {
    if let Some((_, hash)) = BROKEN.iter().find(|(broken, _)| *broken == named.oid) {
        let why = format!("it is signed over {hash}, for which collisions were made");
        return Err((Code::CertificateWeakSignature, why));
    }
    let (signed_as, key_kind) = (content_of(named), content_of(&key.algorithm));
    let mut fitting = webpki::ALL_VERIFICATION_ALGS
        .iter()
        .filter(|algorithm| *algorithm.signature_alg_id() == *signed_as)
        .peekable();
    if fitting.peek().is_none() {
        let why = format!("its signature algorithm {} is not supported", named.oid);
        return Err((Code::CertificateUnsupported, why));
    }
    let key = key.subject_public_key.as_bytes().unwrap_or_default();
    Ok(fitting
        .filter(|algorithm| *algorithm.public_key_alg_id() == *key_kind)
        .any(|algorithm| algorithm.verify_signature(key, message, signature).is_ok()))
}

/// An algorithm identifier without its outer tag, as rustls-webpki has them.
fn content_of(identifier: &AlgorithmIdentifierOwned) -> Vec<u8> {
    let der = identifier.to_der().unwrap_or_default();
    AnyRef::from_der(&der).map(|any| any.value().to_vec()).unwrap_or_default()
}
