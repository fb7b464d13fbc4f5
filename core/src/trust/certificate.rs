//! X.509 certificates (RFC 5280): what one says, and which key signed it.
//!
//! Nothing here says that a certificate is to be believed: that is what
//! [`chain`](super::chain) finds out.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use x509_cert::Certificate as X509;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{self, AnyRef, Decode, Encode as _, Reader as _, SliceReader};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints, SubjectAltName,
};
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::certkey::{self, CertifiedKey};
use super::key::PublicKey;
use super::{hexadecimal, pem};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// Largest certificate that is read, in bytes of DER.
pub const MAX_SIZE: usize = 64 << 10;

/// Most names that a certificate may give its subject.
const MAX_NAMES: usize = 1024;

/// PEM label of certificates.
const LABEL: &str = "CERTIFICATE";

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = oid("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
const NAME_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.30");
const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
/// Subject and authority key identifier: hints for finding a path, which
/// restrict nothing.
const KEY_IDENTIFIERS: [ObjectIdentifier; 2] = [oid("2.5.29.14"), oid("2.5.29.35")];

const CODE_SIGNING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.3");
const ANY_PURPOSE: ObjectIdentifier = oid("2.5.29.37.0");

/// What a certificate may be used for, as far as that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    /// Has the extension key usage.
    pub(super) stated: bool,
    /// Key usage digitalSignature.
    pub(super) digital_signature: bool,
    /// Key usage keyCertSign.
    pub(super) cert_sign: bool,
    /// Has the extension extended key usage.
    pub(super) purposes_stated: bool,
    /// Extended key usage codeSigning or anyExtendedKeyUsage.
    pub(super) any_code_signing: bool,
    /// Extended key usage codeSigning itself.
    pub(super) code_signing: bool,
}

/// Kind of an alternative name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// A mail address.
    Email,
    /// A name of the domain name system.
    Dns,
    /// A URI.
    Uri,
    /// An IP address.
    Ip,
    /// A distinguished name (RFC 4514).
    Directory,
    /// Something else, in hexadecimal DER.
    Other,
}

/// A subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlternativeName {
    /// Its kind.
    pub kind: NameKind,
    /// Its text.
    pub value: String,
}

/// A certificate. It was read, not checked.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    content: X509,
    key: CertifiedKey,
    not_before: Timestamp,
    not_after: Timestamp,
    extensions: Extensions,
}

/// The extensions that are understood, and the first one that had to be.
#[derive(Debug, Clone, Default)]
struct Extensions {
    usage: Usage,
    names: Vec<GeneralName>,
    basic: Option<BasicConstraints>,
    constraints: Option<NameConstraints>,
    unknown_critical: Option<ObjectIdentifier>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Reads a certificate in DER.
    pub fn from_der(der: &[u8], subject: impl fmt::Display) -> Result<Self> {
        let malformed =
            |detail: String| Problem::new(Code::CertificateMalformed, &subject).detail(detail);
        if der.len() > MAX_SIZE {
            return Err(malformed(format!("it has {} bytes, more than {MAX_SIZE}", der.len())));
        }
        let unreadable = |error: der::Error| {
            malformed(format!("it is no X.509 certificate: {error}")).source(error)
        };
        let content = X509::from_der(der).map_err(unreadable)?;
        let signed = signed_part(der).map_err(unreadable)?.to_vec();
        let body = &content.tbs_certificate;
        if body.version != x509_cert::Version::V3 {
            return Err(malformed("it is of X.509 version 1 or 2, not 3".to_owned()));
        }
        if body.signature != content.signature_algorithm {
            return Err(malformed("it names two signature algorithms".to_owned()));
        }
        if content.signature.as_bytes().is_none() {
            return Err(malformed("its signature is no whole number of bytes".to_owned()));
        }
        if body.issuer.is_empty() {
            return Err(malformed("its issuer has no name".to_owned()));
        }
        let time = |time: &Time| {
            timestamp(time).ok_or_else(|| malformed("its validity cannot be read".to_owned()))
        };
        let (not_before, not_after) =
            (time(&body.validity.not_before)?, time(&body.validity.not_after)?);
        if not_before > not_after {
            return Err(malformed("its validity ends before it begins".to_owned()));
        }
        let list = body.extensions.as_deref().unwrap_or_default();
        let extensions = Extensions::read(list).map_err(malformed)?;
        let key = certkey::read(&body.subject_public_key_info);
        Ok(Self { der: der.to_vec(), signed, content, key, not_before, not_after, extensions })
    }

    /// Reads the only certificate of a PEM text.
    pub fn from_pem(text: &str, subject: impl fmt::Display) -> Result<Self> {
        let malformed =
            |detail: String| Problem::new(Code::CertificateMalformed, &subject).detail(detail);
        let block = pem::decode(text).map_err(|detail| malformed(detail.to_owned()))?;
        if block.label != LABEL || block.headers {
            return Err(malformed(format!("it is a `{}`, not a `{LABEL}`", block.label)));
        }
        Self::from_der(&block.content, subject)
    }

    /// Reads every certificate of a PEM text, at most `limit`; the text may hold
    /// nothing else.
    pub fn all_from_pem(text: &str, limit: usize, subject: impl fmt::Display) -> Result<Vec<Self>> {
        let malformed =
            |detail: String| Problem::new(Code::CertificateMalformed, &subject).detail(detail);
        let blocks = pem::decode_all(text, limit).map_err(|detail| malformed(detail.to_owned()))?;
        let certificate = |block: &pem::Block| {
            if block.label != LABEL || block.headers {
                let detail = format!("it holds a `{}` beside certificates", block.label);
                return Err(malformed(detail));
            }
            Self::from_der(&block.content, &subject)
        };
        blocks.iter().map(certificate).collect()
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Distinguished name of the subject (RFC 4514); empty if it has none.
    pub fn subject(&self) -> String {
        self.subject_name().to_string()
    }

    /// Distinguished name of the issuer (RFC 4514).
    pub fn issuer(&self) -> String {
        self.issuer_name().to_string()
    }

    /// Serial number in hexadecimal.
    pub fn serial(&self) -> String {
        hexadecimal(self.content.tbs_certificate.serial_number.as_bytes())
    }

    /// First moment at which it is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last moment at which it is valid. The last moment that can be told apart
    /// stands for "no end" (RFC 5280, section 4.1.2.5).
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// SHA-256 of the certificate in DER.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// The key, if it is of a kind that signers may have.
    pub fn public_key(&self) -> Result<&PublicKey> {
        match &self.key {
            CertifiedKey::Known(key) => Ok(key),
            CertifiedKey::Rsa => Err(self
                .problem(Code::CertificateUnsupported)
                .detail("its key is an RSA key; signers need an ECDSA or Ed25519 key")),
            CertifiedKey::Refused(code, why) => Err(self.problem(*code).detail(why)),
        }
    }

    /// Alternative names of the subject.
    pub fn alternative_names(&self) -> Vec<AlternativeName> {
        self.extensions.names.iter().map(alternative_name).collect()
    }

    /// Whether it is marked as that of an authority (`CA:TRUE`).
    pub fn is_authority(&self) -> bool {
        self.extensions.basic.as_ref().is_some_and(|basic| basic.ca)
    }

    /// How many authorities it allows below itself; none when there is no limit.
    pub fn path_length(&self) -> Option<u8> {
        self.extensions.basic.as_ref().and_then(|basic| basic.path_len_constraint)
    }

    /// Whether subject and issuer have the same name.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject_name() == self.issuer_name()
    }

    pub(super) fn subject_name(&self) -> &Name {
        &self.content.tbs_certificate.subject
    }

    pub(super) fn issuer_name(&self) -> &Name {
        &self.content.tbs_certificate.issuer
    }

    pub(super) fn names(&self) -> &[GeneralName] {
        &self.extensions.names
    }

    pub(super) fn usage(&self) -> Usage {
        self.extensions.usage
    }

    pub(super) fn constraints(&self) -> Option<&NameConstraints> {
        self.extensions.constraints.as_ref()
    }

    /// A critical extension that was not understood.
    pub(super) fn unknown_critical(&self) -> Option<ObjectIdentifier> {
        self.extensions.unknown_critical
    }

    /// A problem about this certificate.
    pub(super) fn problem(&self, code: Code) -> Problem {
        let subject = self.subject();
        if subject.is_empty() {
            Problem::new(code, format!("certificate {}", self.fingerprint()))
        } else {
            Problem::new(code, format!("certificate of {subject}"))
        }
    }

    /// Whether the key of `issuer` made this certificate; a problem if that
    /// cannot be checked.
    ///
    /// ECDSA, Ed25519 and RSA (PKCS#1 v1.5, PSS) with SHA-256, SHA-384 and
    /// SHA-512, as rustls-webpki has them.
    pub(super) fn is_signed_by(&self, issuer: &Self) -> Result<bool> {
        if let CertifiedKey::Refused(code, why) = &issuer.key {
            return Err(issuer.problem(*code).detail(why));
        }
        let key = &issuer.content.tbs_certificate.subject_public_key_info;
        let signature = self.content.signature.as_bytes().unwrap_or_default();
        certkey::is_signed_by(key, &self.content.signature_algorithm, &self.signed, signature)
            .map_err(|(code, why)| self.problem(code).detail(why))
    }
}

/// The bytes of a certificate that its signature covers, as they stand.
fn signed_part(der: &[u8]) -> der::Result<&[u8]> {
    let outer = AnyRef::from_der(der)?;
    SliceReader::new(outer.value())?.tlv_bytes()
}

/// Years beyond those of [`Timestamp`] stand for "no end".
fn timestamp(time: &Time) -> Option<Timestamp> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
    if seconds > Timestamp::MAX.as_second() {
        return Some(Timestamp::MAX);
    }
    Timestamp::from_second(seconds).ok()
}

impl Extensions {
    fn read(list: &[Extension]) -> Result<Self, String> {
        let mut found = Self::default();
        let mut seen = BTreeSet::new();
        for extension in list {
            if !seen.insert(extension.extn_id) {
                return Err(format!("it has the extension {} twice", extension.extn_id));
            }
            found.add(extension)?;
        }
        Ok(found)
    }

    fn add(&mut self, extension: &Extension) -> Result<(), String> {
        match extension.extn_id {
            KEY_USAGE => {
                let usage: KeyUsage = decode(extension)?;
                self.usage.stated = true;
                self.usage.digital_signature = usage.digital_signature();
                self.usage.cert_sign = usage.key_cert_sign();
            }
            EXTENDED_KEY_USAGE => {
                let purposes: ExtendedKeyUsage = decode(extension)?;
                let has = |purpose| purposes.0.contains(&purpose);
                self.usage.purposes_stated = true;
                self.usage.code_signing = has(CODE_SIGNING);
                self.usage.any_code_signing = has(CODE_SIGNING) || has(ANY_PURPOSE);
            }
            SUBJECT_ALT_NAME => {
                let names: SubjectAltName = decode(extension)?;
                if names.0.len() > MAX_NAMES {
                    return Err(format!("it has more than {MAX_NAMES} names"));
                }
                self.names = names.0;
            }
            BASIC_CONSTRAINTS => self.basic = Some(decode(extension)?),
            NAME_CONSTRAINTS => self.constraints = Some(decode(extension)?),
            known if KEY_IDENTIFIERS.contains(&known) => {}
            unknown if extension.critical => {
                self.unknown_critical.get_or_insert(unknown);
            }
            _ => {}
        }
        Ok(())
    }
}

fn decode<'a, T: Decode<'a>>(extension: &'a Extension) -> Result<T, String> {
    T::from_der(extension.extn_value.as_bytes())
        .map_err(|error| format!("its extension {} is damaged: {error}", extension.extn_id))
}

fn alternative_name(name: &GeneralName) -> AlternativeName {
    let (kind, value) = match name {
        GeneralName::Rfc822Name(text) => (NameKind::Email, text.to_string()),
        GeneralName::DnsName(text) => (NameKind::Dns, text.to_string()),
        GeneralName::UniformResourceIdentifier(text) => (NameKind::Uri, text.to_string()),
        GeneralName::DirectoryName(name) => (NameKind::Directory, name.to_string()),
        GeneralName::IpAddress(bytes) => match address(bytes.as_bytes()) {
            Some(address) => (NameKind::Ip, address.to_string()),
            None => (NameKind::Other, der_of(name)),
        },
        other => (NameKind::Other, der_of(other)),
    };
    AlternativeName { kind, value }
}

/// The address in an alternative name: 4 or 16 bytes.
fn address(bytes: &[u8]) -> Option<core::net::IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(core::net::IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(core::net::IpAddr::from)).ok()
}

fn der_of(name: &GeneralName) -> String {
    hexadecimal(&name.to_der().unwrap_or_default())
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
