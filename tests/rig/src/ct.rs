//! The certificate transparency log: signed certificate timestamps (RFC 6962, section 3).

use crate::certificates::{Template, extension};
use crate::der;
use crate::fault::Fault;
use crate::keys::{Key, sha256};

/// The extension that carries the timestamps.
const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";

/// The log's key, and one that no trusted root names.
#[derive(Debug)]
pub(crate) struct CtLog {
    pub(crate) key: Key,
    foreign: Key,
}

impl CtLog {
    pub(crate) fn new() -> Self {
        Self { key: Key::p256(), foreign: Key::p256() }
    }

    /// The extension with one timestamp over `template` as it is, for an
    /// authority with the public key `issuer`.
    pub(crate) fn sct_list(
        &self,
        template: &Template<'_>,
        issuer: &[u8],
        now: i64,
        fault: Option<Fault>,
    ) -> Option<Vec<u8>> {
        let key = match fault {
            Some(Fault::SctMissing) => return None,
            Some(Fault::SctUnknownLog) => &self.foreign,
            _ => &self.key,
        };
        let mut to_be_signed = template.to_be_signed();
        if fault == Some(Fault::SctOtherBytes) {
            to_be_signed.push(0);
        }
        let milliseconds = (now * 1000).to_be_bytes();
        // Version 1, certificate_timestamp; then the time, precert_entry, the
        // issuer's key, the certificate without this extension, no extensions.
        let signed = [
            &[0, 0][..],
            &milliseconds,
            &[0, 1],
            &sha256(issuer),
            &length::<3>(to_be_signed.len()),
            &to_be_signed,
            &[0, 0],
        ];
        let signature = key.sign(&signed.concat());
        // SHA-256 and ECDSA in the numbers of TLS 1.2.
        let sct = [
            &[0][..],
            &sha256(key.spki()),
            &milliseconds,
            &[0, 0, 4, 3],
            &length::<2>(signature.len()),
            &signature,
        ]
        .concat();
        let list = [&length::<2>(sct.len() + 2)[..], &length::<2>(sct.len()), &sct].concat();
        Some(extension(SCT_LIST, false, &der::octets(&list)))
    }
}

/// A length in `N` bytes, most significant first.
fn length<const N: usize>(length: usize) -> [u8; N] {
    let mut bytes = [0; N];
    let all = length.to_be_bytes();
    bytes.copy_from_slice(&all[all.len() - N..]);
    bytes
}
