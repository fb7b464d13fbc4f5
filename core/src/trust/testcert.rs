//! Certificates made for tests, good ones and bad ones.

use std::time::Duration;

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use jiff::Timestamp;
use x509_cert::TbsCertificate;
use x509_cert::Version;
use x509_cert::der::asn1::{
    BitString, GeneralizedTime, Ia5String, Null, ObjectIdentifier, OctetString,
};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::{Any, Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, NameConstraints, SubjectAltName,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::certificate::Certificate;
use super::key::{Algorithm, SigningKey};
use super::pem;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A key that makes certificates.
pub(crate) enum Maker {
    /// One of the kinds that signers have.
    Signer(SigningKey),
    /// RSA, how it signs, and the name of that.
    Rsa(RsaKeyPair, &'static dyn RsaEncoding, AlgorithmIdentifierOwned),
}

impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Maker")
    }
}

fn named(oid: &str, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ObjectIdentifier::new_unwrap(oid), parameters }
}

/// The parameters of RSA-PSS for a hash of SHA-2 (RFC 4055): the last arc of its
/// object identifier, and its length.
fn pss(arc: u8, length: u8) -> Any {
    let hash = [0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arc, 5, 0];
    let mgf: &[u8] = &[0x30, 26, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 8];
    let parts: &[&[u8]] =
        &[&[0x30, 52, 0xa0, 15], &hash, &[0xa1, 28], mgf, &hash, &[0xa2, 3, 2, 1, length]];
    let mut der = parts.concat();
    der[1] = u8::try_from(der.len() - 2).unwrap();
    Any::from_der(&der).unwrap()
}

impl Maker {
    /// A new key.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self::Signer(SigningKey::generate(algorithm).unwrap())
    }

    /// A new RSA key for each way of signing with one.
    pub(crate) fn every_rsa() -> Vec<Self> {
        let null = || Some(Any::from(Null));
        let ways: [(&'static dyn RsaEncoding, AlgorithmIdentifierOwned); 6] = [
            (&RSA_PKCS1_SHA256, named("1.2.840.113549.1.1.11", null())),
            (&RSA_PKCS1_SHA384, named("1.2.840.113549.1.1.12", null())),
            (&RSA_PKCS1_SHA512, named("1.2.840.113549.1.1.13", null())),
            (&RSA_PSS_SHA256, named("1.2.840.113549.1.1.10", Some(pss(1, 32)))),
            (&RSA_PSS_SHA384, named("1.2.840.113549.1.1.10", Some(pss(2, 48)))),
            (&RSA_PSS_SHA512, named("1.2.840.113549.1.1.10", Some(pss(3, 64)))),
        ];
        let make = |(encoding, algorithm)| {
            Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), encoding, algorithm)
        };
        ways.into_iter().map(make).collect()
    }

    /// Its public key.
    pub(crate) fn spki(&self) -> SubjectPublicKeyInfoOwned {
        match self {
            Self::Signer(key) => {
                let text = key.public().unwrap().pem();
                let block = pem::decode(&text).ok().unwrap();
                SubjectPublicKeyInfoOwned::from_der(&block.content).unwrap()
            }
            Self::Rsa(pair, ..) => SubjectPublicKeyInfoOwned {
                algorithm: AlgorithmIdentifierOwned { oid: RSA, parameters: Some(Any::from(Null)) },
                subject_public_key: BitString::from_bytes(pair.public_key().as_ref()).unwrap(),
            },
        }
    }

    fn algorithm(&self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::Rsa(_, _, named) => return named.clone(),
            Self::Signer(key) => match key.algorithm() {
                Algorithm::EcdsaP256 => "1.2.840.10045.4.3.2",
                Algorithm::EcdsaP384 => "1.2.840.10045.4.3.3",
                Algorithm::EcdsaP521 => "1.2.840.10045.4.3.4",
                Algorithm::Ed25519 => "1.3.101.112",
            },
        };
        named(oid, None)
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Signer(key) => key.sign(message).unwrap(),
            Self::Rsa(pair, encoding, _) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = aws_lc_rs::rand::SystemRandom::new();
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// A certificate to be made: change what a test is about.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Distinguished name (RFC 4514).
    pub(crate) subject: String,
    /// Distinguished name of the issuer.
    pub(crate) issuer: String,
    /// Validity, in the form of RFC 3339.
    pub(crate) validity: (&'static str, &'static str),
    /// CA, and the path length; no basic constraints if none.
    pub(crate) basic: Option<(bool, Option<u8>)>,
    /// Key usage.
    pub(crate) usage: Option<FlagSet<KeyUsages>>,
    /// Extended key usage.
    pub(crate) purposes: Option<Vec<&'static str>>,
    /// Alternative names.
    pub(crate) names: Vec<GeneralName>,
    /// Permitted and excluded subtrees.
    pub(crate) constraints: Option<(Vec<GeneralName>, Vec<GeneralName>)>,
    /// More extensions: object identifier, whether critical, content.
    pub(crate) more: Vec<(&'static str, bool, Vec<u8>)>,
    /// Another name for the signature algorithm.
    pub(crate) algorithm: Option<&'static str>,
    /// X.509 version.
    pub(crate) version: Version,
}

/// A certificate and its key.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) key: Maker,
    pub(crate) certificate: Certificate,
}

impl Wish {
    /// An authority.
    pub(crate) fn authority(subject: &str, issuer: &str) -> Self {
        Self {
            basic: Some((true, None)),
            usage: Some(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            ..Self::leaf(subject, issuer)
        }
    }

    /// A signer.
    pub(crate) fn leaf(subject: &str, issuer: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            validity: ("2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"),
            basic: Some((false, None)),
            usage: Some(KeyUsages::DigitalSignature.into()),
            purposes: None,
            names: Vec::new(),
            constraints: None,
            more: Vec::new(),
            algorithm: None,
            version: Version::V3,
        }
    }

    /// Makes it for a new P-256 key, signed by `issuer`, or by itself.
    pub(crate) fn by(&self, issuer: Option<&Made>) -> Made {
        self.of(Maker::new(Algorithm::EcdsaP256), issuer)
    }

    /// Makes it for the given key.
    pub(crate) fn of(&self, key: Maker, issuer: Option<&Made>) -> Made {
        let der = self.der(&key.spki(), issuer.map_or(&key, |made| &made.key));
        let certificate = Certificate::from_der(&der, "test").unwrap();
        Made { key, certificate }
    }

    /// Its DER, for any public key and signed with any key.
    pub(crate) fn der(&self, spki: &SubjectPublicKeyInfoOwned, issuer: &Maker) -> Vec<u8> {
        let mut algorithm = issuer.algorithm();
        if let Some(other) = self.algorithm {
            algorithm.oid = ObjectIdentifier::new_unwrap(other);
        }
        let extensions = self.extensions();
        let body = TbsCertificate {
            version: self.version,
            serial_number: SerialNumber::new(&[0x12, 0xab]).unwrap(),
            signature: algorithm.clone(),
            issuer: name(&self.issuer),
            validity: Validity {
                not_before: time(self.validity.0),
                not_after: time(self.validity.1),
            },
            subject: name(&self.subject),
            subject_public_key_info: spki.clone(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: (self.version == Version::V3).then_some(extensions),
        };
        let signature = issuer.sign(&body.to_der().unwrap());
        x509_cert::Certificate {
            tbs_certificate: body,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature).unwrap(),
        }
        .to_der()
        .unwrap()
    }

    fn extensions(&self) -> Vec<Extension> {
        let mut list = Vec::new();
        if let Some((ca, path_len_constraint)) = self.basic {
            add(&mut list, "2.5.29.19", true, &BasicConstraints { ca, path_len_constraint });
        }
        if let Some(usage) = self.usage {
            add(&mut list, "2.5.29.15", true, &KeyUsage(usage));
        }
        if let Some(purposes) = &self.purposes {
            let purposes = purposes.iter().map(|oid| ObjectIdentifier::new_unwrap(oid)).collect();
            add(&mut list, "2.5.29.37", false, &ExtendedKeyUsage(purposes));
        }
        if !self.names.is_empty() {
            add(&mut list, "2.5.29.17", false, &SubjectAltName(self.names.clone()));
        }
        if let Some((permitted, excluded)) = &self.constraints {
            let trees = |names: &[GeneralName]| {
                let tree = |base: &GeneralName| GeneralSubtree {
                    base: base.clone(),
                    minimum: 0,
                    maximum: None,
                };
                (!names.is_empty()).then(|| names.iter().map(tree).collect())
            };
            let constraints = NameConstraints {
                permitted_subtrees: trees(permitted),
                excluded_subtrees: trees(excluded),
            };
            add(&mut list, "2.5.29.30", true, &constraints);
        }
        for (oid, critical, content) in &self.more {
            list.push(extension(oid, *critical, content));
        }
        list
    }
}

fn name(text: &str) -> Name {
    if text.is_empty() { Name::default() } else { text.parse().unwrap() }
}

fn add(list: &mut Vec<Extension>, oid: &str, critical: bool, value: &impl x509_cert::der::Encode) {
    list.push(extension(oid, critical, &value.to_der().unwrap()));
}

fn extension(oid: &str, critical: bool, content: &[u8]) -> Extension {
    let extn_value = OctetString::new(content).unwrap();
    Extension { extn_id: ObjectIdentifier::new_unwrap(oid), critical, extn_value }
}

fn time(text: &str) -> Time {
    let seconds = at(text).as_second().try_into().unwrap();
    let time = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).unwrap();
    Time::GeneralTime(time)
}

/// A moment in the form of RFC 3339.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A DNS name.
pub(crate) fn dns(text: &str) -> GeneralName {
    GeneralName::DnsName(Ia5String::new(text).unwrap())
}

/// A mail address.
pub(crate) fn mail(text: &str) -> GeneralName {
    GeneralName::Rfc822Name(Ia5String::new(text).unwrap())
}

/// A URI.
pub(crate) fn uri(text: &str) -> GeneralName {
    GeneralName::UniformResourceIdentifier(Ia5String::new(text).unwrap())
}

/// An IP address, or one with its mask.
pub(crate) fn ip(bytes: &[u8]) -> GeneralName {
    GeneralName::IpAddress(OctetString::new(bytes).unwrap())
}

/// A distinguished name.
pub(crate) fn directory(text: &str) -> GeneralName {
    GeneralName::DirectoryName(text.parse().unwrap())
}

/// The PEM text of certificates.
pub(crate) fn pem_of(certificates: &[&Certificate]) -> String {
    let block =
        |certificate: &&Certificate| pem::encode("CERTIFICATE", certificate.der()).to_string();
    certificates.iter().map(block).collect()
}
