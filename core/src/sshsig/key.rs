//! Keys of SSH, and the signatures that they make.

use pkcs8::der::Encode as _;
use pkcs8::der::asn1::UintRef;
use sha2::{Digest as _, Sha256};
use webpki::aws_lc_rs::{
    ECDSA_P256_SHA256, ECDSA_P384_SHA384, ECDSA_P521_SHA512, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA512,
};

use super::wire::Reader;
use super::{Unusable, fingerprint};

/// A public key. Two are the same if their bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    blob: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Ed25519(Vec<u8>),
    Ecdsa(Curve, Vec<u8>),
    Rsa {
        exponent: Vec<u8>,
        modulus: Vec<u8>,
    },
    /// Of a security key, which signs its application and a counter as well.
    SkEd25519(Vec<u8>, Vec<u8>),
    SkEcdsa(Vec<u8>, Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

const DAMAGED: Unusable = Unusable::Damaged("its key cannot be read");

impl Key {
    /// Reads a key as it is in a `.pub` file, decoded.
    pub(super) fn parse(blob: &[u8]) -> Result<Self, Unusable> {
        let mut reader = Reader::new(blob);
        let name = reader.text().ok_or(DAMAGED)?;
        let mut next = || reader.string().map(<[u8]>::to_vec).ok_or(DAMAGED);
        let kind = match name {
            "ssh-ed25519" => Kind::Ed25519(next()?),
            "sk-ssh-ed25519@openssh.com" => Kind::SkEd25519(next()?, next()?),
            "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => {
                let curve = next()?;
                let known = match curve.as_slice() {
                    b"nistp256" => Curve::P256,
                    b"nistp384" => Curve::P384,
                    b"nistp521" => Curve::P521,
                    _ => return Err(DAMAGED),
                };
                if !name.as_bytes().ends_with(&curve) {
                    return Err(DAMAGED);
                }
                Kind::Ecdsa(known, next()?)
            }
            "sk-ecdsa-sha2-nistp256@openssh.com" => {
                if next()? != b"nistp256" {
                    return Err(DAMAGED);
                }
                Kind::SkEcdsa(next()?, next()?)
            }
            "ssh-rsa" => Kind::Rsa {
                exponent: reader.unsigned().ok_or(DAMAGED)?.to_vec(),
                modulus: reader.unsigned().ok_or(DAMAGED)?.to_vec(),
            },
            other => return Err(Unusable::Unsupported(format!("a key of the kind {other:?}"))),
        };
        if reader.is_empty() { Ok(Self { blob: blob.to_vec(), kind }) } else { Err(DAMAGED) }
    }

    /// The key as `ssh-keygen -l` names it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// Whether this key made `blob`, of that scheme, over `message`.
    pub(super) fn verify(
        &self,
        scheme: &str,
        blob: &[u8],
        message: &[u8],
    ) -> Result<bool, Unusable> {
        let mut reader = Reader::new(blob);
        let raw = reader.string().ok_or(Unusable::Damaged("it is cut short"))?;
        let whole = reader.is_empty();
        let ok = match (&self.kind, scheme) {
            (Kind::Ed25519(key), "ssh-ed25519") => {
                whole && holds(Scheme::Ed25519, key, message, raw)
            }
            (Kind::Ecdsa(Curve::P256, key), "ecdsa-sha2-nistp256") => {
                whole && ecdsa(Scheme::EcdsaP256, key, message, raw)
            }
            (Kind::Ecdsa(Curve::P384, key), "ecdsa-sha2-nistp384") => {
                whole && ecdsa(Scheme::EcdsaP384, key, message, raw)
            }
            (Kind::Ecdsa(Curve::P521, key), "ecdsa-sha2-nistp521") => {
                whole && ecdsa(Scheme::EcdsaP521, key, message, raw)
            }
            (Kind::Rsa { exponent, modulus }, "rsa-sha2-256" | "rsa-sha2-512") => {
                let bits = modulus.len() * 8;
                // What the library checks at all; a shorter key proves nothing anyway.
                if !(2041..=8192).contains(&bits) {
                    return Err(Unusable::Unsupported(format!("an RSA key of about {bits} bits")));
                }
                let chosen = match scheme {
                    "rsa-sha2-256" => Scheme::RsaSha256,
                    _ => Scheme::RsaSha512,
                };
                let key = sequence(modulus, exponent).ok_or(DAMAGED)?;
                // Leading zeros of the number are left away by some who sign.
                let mut padded = vec![0; modulus.len().saturating_sub(raw.len())];
                padded.extend_from_slice(raw);
                whole && holds(chosen, &key, message, &padded)
            }
            (Kind::SkEd25519(key, application), "sk-ssh-ed25519@openssh.com") => {
                let signed = of_security_key(&mut reader, application, message);
                signed.is_some_and(|signed| holds(Scheme::Ed25519, key, &signed, raw))
            }
            (Kind::SkEcdsa(key, application), "sk-ecdsa-sha2-nistp256@openssh.com") => {
                let signed = of_security_key(&mut reader, application, message);
                signed.is_some_and(|signed| ecdsa(Scheme::EcdsaP256, key, &signed, raw))
            }
            (Kind::Rsa { .. }, "ssh-rsa") => {
                return Err(Unusable::Unsupported("an RSA signature over SHA-1".to_owned()));
            }
            _ => return Err(Unusable::Damaged("its scheme is not that of its key")),
        };
        Ok(ok)
    }
}

#[derive(Debug, Clone, Copy)]
enum Scheme {
    Ed25519,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    RsaSha256,
    RsaSha512,
}

fn holds(scheme: Scheme, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let algorithm = match scheme {
        Scheme::Ed25519 => ED25519,
        Scheme::EcdsaP256 => ECDSA_P256_SHA256,
        Scheme::EcdsaP384 => ECDSA_P384_SHA384,
        Scheme::EcdsaP521 => ECDSA_P521_SHA512,
        Scheme::RsaSha256 => RSA_PKCS1_2048_8192_SHA256,
        Scheme::RsaSha512 => RSA_PKCS1_2048_8192_SHA512,
    };
    algorithm.verify_signature(key, message, signature).is_ok()
}

/// ECDSA, whose two numbers SSH writes in its own way.
fn ecdsa(scheme: Scheme, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let mut reader = Reader::new(signature);
    let (Some(r), Some(s), true) = (reader.unsigned(), reader.unsigned(), reader.is_empty()) else {
        return false;
    };
    sequence(r, s).is_some_and(|der| holds(scheme, key, message, &der))
}

/// Two numbers as DER writes them.
fn sequence(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let numbers = vec![UintRef::new(one).ok()?, UintRef::new(other).ok()?];
    numbers.to_der().ok()
}

/// What a security key signs for a message: `PROTOCOL.u2f`, "SSH U2F Signatures".
fn of_security_key(reader: &mut Reader<'_>, application: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let (flags, counter) = (reader.byte()?, reader.number()?);
    if !reader.is_empty() {
        return None;
    }
    let mut signed = Sha256::digest(application).to_vec();
    signed.push(flags);
    signed.extend_from_slice(&counter.to_be_bytes());
    signed.extend_from_slice(&Sha256::digest(message));
    Some(signed)
}
