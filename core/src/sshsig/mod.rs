//! Signatures of `ssh-keygen -Y sign`, and the list of those who may sign.
//!
//! Sources: `PROTOCOL.sshsig` and `PROTOCOL.u2f` of OpenSSH, RFC 4253, RFC 5656 and
//! RFC 8332 for keys and signatures, ssh-keygen(1) for ALLOWED SIGNERS.
//!
//! Such a signature says which key made it and nothing about when: a time is only ever
//! a claim of whoever signed. Everything here is bytes of others; lengths are checked
//! before they are used. This module reads no files and knows nothing of repositories.

mod key;
mod signers;
mod wire;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256, Sha512};

pub use key::Key;
pub use signers::{Signers, WrongLine};
use wire::{Reader, put};

/// Longest signature that is read, in bytes of its text.
pub const MAX_SIGNATURE: usize = 64 << 10;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";

/// Why a signature says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// It is damaged, or not of this form.
    Damaged(&'static str),
    /// It is of a kind that is not checked here.
    Unsupported(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) => write!(f, "the signature is damaged: {why}"),
            Self::Unsupported(what) => write!(f, "{what} is not checked by pkg"),
        }
    }
}

/// A signature, read and not yet checked.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The key that it says made it.
    pub key: Key,
    /// What the signature is for, such as `git`.
    pub namespace: String,
    hash: Hash,
    scheme: String,
    blob: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Sha256,
    Sha512,
}

impl Signature {
    /// Reads the text between the two marks, and the marks.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        const DAMAGED: Unusable = Unusable::Damaged("it is cut short or has more than it should");
        if text.len() > MAX_SIGNATURE {
            return Err(Unusable::Damaged("it is too long"));
        }
        let inner = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let inner = inner.ok_or(Unusable::Damaged("its marks are missing"))?;
        let packed: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes =
            STANDARD.decode(packed).map_err(|_| Unusable::Damaged("it is not in base64"))?;
        let rest = bytes.strip_prefix(MAGIC).ok_or(DAMAGED)?;
        let mut reader = Reader::new(rest);
        if reader.number().ok_or(DAMAGED)? != 1 {
            return Err(Unusable::Unsupported("this version of SSH signatures".to_owned()));
        }
        let key = Key::parse(reader.string().ok_or(DAMAGED)?)?;
        let namespace = reader.text().ok_or(DAMAGED)?.to_owned();
        // Reserved for later; signed as it is, so it must be what was signed: nothing.
        if !reader.string().ok_or(DAMAGED)?.is_empty() {
            return Err(Unusable::Unsupported("a reserved field of the signature".to_owned()));
        }
        let hash = match reader.text().ok_or(DAMAGED)? {
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            _ => return Err(Unusable::Unsupported("the hash of the signature".to_owned())),
        };
        let mut inner = Reader::new(reader.string().ok_or(DAMAGED)?);
        if !reader.is_empty() {
            return Err(DAMAGED);
        }
        let scheme = inner.text().ok_or(DAMAGED)?.to_owned();
        let blob = inner.rest().to_vec();
        Ok(Self { key, namespace, hash, scheme, blob })
    }

    /// Whether the key that it names made it over this message.
    pub fn verify(&self, message: &[u8]) -> Result<bool, Unusable> {
        let (name, hash) = match self.hash {
            Hash::Sha256 => ("sha256", Sha256::digest(message).to_vec()),
            Hash::Sha512 => ("sha512", Sha512::digest(message).to_vec()),
        };
        let mut signed = MAGIC.to_vec();
        put(&mut signed, self.namespace.as_bytes());
        put(&mut signed, b"");
        put(&mut signed, name.as_bytes());
        put(&mut signed, &hash);
        self.key.verify(&self.scheme, &self.blob, &signed)
    }
}

/// A key as `ssh-keygen -l` names it: SHA-256 in base64, without padding.
fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

#[cfg(test)]
mod tests;
