//! X.509 certificates (RFC 5280), as far as Fulcio and timestamp authorities use them.

use crate::der;
use crate::keys::{self, Key, sha256};
use crate::text;

/// Life of the authorities' certificates, in seconds since 1970:
/// 2020-01-01 to 2049-12-31, so that the rig's clock can be moved at will.
pub(crate) const AUTHORITY_LIFE: (i64, i64) = (1_577_836_800, 2_524_521_600);

/// `ecdsa-with-SHA256`, which signs every certificate here.
pub(crate) const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// What a certificate says.
pub(crate) struct Template<'a> {
    pub(crate) serial: u64,
    pub(crate) issuer: &'a str,
    /// Empty for no name at all, as in Fulcio's leaves.
    pub(crate) subject: &'a str,
    /// First and last second of its life.
    pub(crate) life: (i64, i64),
    pub(crate) spki: &'a [u8],
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Template<'_> {
    /// The `TBSCertificate`.
    pub(crate) fn to_be_signed(&self) -> Vec<u8> {
        der::sequence(&[
            der::element(der::context(0), &der::integer(2)),
            der::integer(self.serial),
            algorithm(),
            name(self.issuer),
            der::sequence(&[utc_time(self.life.0), utc_time(self.life.1)]),
            name(self.subject),
            self.spki.to_vec(),
            der::element(der::context(3), &der::sequence(&self.extensions)),
        ])
    }

    /// The certificate, signed by `key`.
    pub(crate) fn sign(&self, key: &Key) -> Vec<u8> {
        let to_be_signed = self.to_be_signed();
        let signature = key.sign(&to_be_signed);
        der::sequence(&[to_be_signed, algorithm(), der::bits(&signature)])
    }
}

pub(crate) fn algorithm() -> Vec<u8> {
    der::sequence(&[der::oid(ECDSA_SHA256)])
}

/// A distinguished name of one common name, or none.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return der::sequence(&[]);
    }
    let value = der::element(der::UTF8_STRING, common_name.as_bytes());
    der::sequence(&[der::set(&[der::sequence(&[der::oid("2.5.4.3"), value])])])
}

fn utc_time(seconds: i64) -> Vec<u8> {
    der::element(der::UTC_TIME, text::date(seconds, "%y%m%d%H%M%SZ").as_bytes())
}

pub(crate) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(oid)];
    if critical {
        parts.push(der::element(der::BOOLEAN, &[0xff]));
    }
    parts.push(der::octets(value));
    der::sequence(&parts)
}

/// Key usage `digitalSignature`.
pub(crate) fn for_signatures() -> Vec<u8> {
    extension("2.5.29.15", true, &der::element(der::BIT_STRING, &[7, 0x80]))
}

/// Key usage `keyCertSign` and `cRLSign`.
fn for_certificates() -> Vec<u8> {
    extension("2.5.29.15", true, &der::element(der::BIT_STRING, &[1, 0x06]))
}

pub(crate) fn extended_usage(purpose: &str, critical: bool) -> Vec<u8> {
    extension("2.5.29.37", critical, &der::sequence(&[der::oid(purpose)]))
}

pub(crate) fn subject_key_id(spki: &[u8]) -> Vec<u8> {
    extension("2.5.29.14", false, &der::octets(&sha256(spki)[..20]))
}

pub(crate) fn authority_key_id(spki: &[u8]) -> Vec<u8> {
    let id = der::element(0x80, &sha256(spki)[..20]);
    extension("2.5.29.35", false, &der::sequence(&[id]))
}

/// A critical subject alternative name: 0x81 for an e-mail address, 0x86 for a URI.
pub(crate) fn subject_alt_name(tag: u8, value: &str) -> Vec<u8> {
    let names = der::sequence(&[der::element(tag, value.as_bytes())]);
    extension(SUBJECT_ALT_NAME, true, &names)
}

fn authority(path_length: Option<u64>) -> Vec<u8> {
    let mut parts = vec![der::element(der::BOOLEAN, &[0xff])];
    parts.extend(path_length.map(der::integer));
    extension("2.5.29.19", true, &der::sequence(&parts))
}

/// A certificate authority, or a leaf, with its key.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) key: Key,
    pub(crate) name: String,
    pub(crate) serial: u64,
    pub(crate) certificate: Vec<u8>,
}

impl Certified {
    /// A self-signed root.
    pub(crate) fn root(name: &str) -> Self {
        let key = Key::p256();
        let spki = key.spki();
        let extensions = vec![for_certificates(), authority(None), subject_key_id(spki)];
        let (issuer, life) = (name, AUTHORITY_LIFE);
        let certificate =
            Template { serial: 1, issuer, subject: name, life, spki, extensions }.sign(&key);
        Self { certificate, key, name: name.to_owned(), serial: 1 }
    }

    /// An authority below this one, for leaves of one purpose.
    pub(crate) fn intermediate(&self, name: &str, purpose: &str) -> Self {
        let usage = [for_certificates(), authority(Some(0)), extended_usage(purpose, false)];
        self.certify(name, usage.to_vec())
    }

    /// A long-lived leaf for one purpose, marked critical as RFC 3161 demands.
    pub(crate) fn leaf(&self, name: &str, purpose: &str) -> Self {
        self.certify(name, vec![for_signatures(), extended_usage(purpose, true)])
    }

    /// A long-lived leaf for a server with this host name and address.
    pub(crate) fn server(&self, host: &str, address: [u8; 4], purpose: &str) -> Self {
        let names = [der::element(0x82, host.as_bytes()), der::element(0x87, &address)];
        let names = extension(SUBJECT_ALT_NAME, false, &der::sequence(&names));
        self.certify(host, vec![for_signatures(), extended_usage(purpose, false), names])
    }

    fn certify(&self, name: &str, mut extensions: Vec<Vec<u8>>) -> Self {
        let key = Key::p256();
        extensions.extend([subject_key_id(key.spki()), authority_key_id(self.key.spki())]);
        let serial = serial();
        let template = Template {
            serial,
            issuer: &self.name,
            subject: name,
            life: AUTHORITY_LIFE,
            spki: key.spki(),
            extensions,
        };
        let certificate = template.sign(&self.key);
        Self { key, name: name.to_owned(), serial, certificate }
    }
}

/// A random serial number that needs no leading zero byte.
pub(crate) fn serial() -> u64 {
    u64::from_be_bytes(keys::random()) >> 2 | 1
}

/// The public key of a certificate, and its e-mail addresses.
pub(crate) fn read(certificate: &[u8]) -> Option<(Vec<u8>, Vec<String>)> {
    let to_be_signed = *der::read(certificate)?.children()?.first()?;
    let fields = to_be_signed.children()?;
    let public_key = fields.get(6)?.whole.to_vec();
    let emails = fields
        .iter()
        .find(|field| field.tag == der::context(3))
        .and_then(|field| emails(*field))
        .unwrap_or_default();
    Some((public_key, emails))
}

fn emails(extensions: der::Element<'_>) -> Option<Vec<String>> {
    let wanted = der::oid(SUBJECT_ALT_NAME);
    for extension in extensions.children()?.first()?.children()? {
        let parts = extension.children()?;
        if parts.first()?.whole != wanted {
            continue;
        }
        let names = der::read(parts.last()?.content)?.children()?;
        let emails = names.iter().filter(|name| name.tag == 0x81);
        return Some(
            emails.map(|name| String::from_utf8_lossy(name.content).into_owned()).collect(),
        );
    }
    None
}
