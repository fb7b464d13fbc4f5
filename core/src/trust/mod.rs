//! Keys, envelopes and statements: who says what.
//!
//! Knows no licences and no layouts. The only files touched are key files.
//!
//! - [`key`]: ECDSA and Ed25519 keys; [`keyfile`]: keys on disk.
//! - [`dsse`], [`bundle`]: a signed payload in a Sigstore bundle.
//! - [`statement`], [`oms`]: what the payload says.
//! - [`certificate`], [`chain`]: certificates of an own authority.
//! - [`external`], [`pkcs11`]: keys behind a command or in a token.
//! - [`signer`], [`who`]: what can sign; who did, and who is accepted.
//! - [`json`]: the strict JSON reader behind them.

pub mod bundle;
pub mod certificate;
mod certkey;
pub mod chain;
mod constraints;
pub mod dsse;
pub mod external;
pub mod json;
pub mod key;
pub mod keyfile;
pub mod oms;
mod pem;
pub mod pkcs11;
#[cfg(feature = "pkcs11")]
mod pkcs11_token;
pub mod pkcs11_uri;
mod sealed;
mod sec1;
pub mod signer;
pub mod statement;
#[cfg(test)]
pub(crate) mod testcert;
pub mod who;

/// Bytes in hexadecimal, in lower case.
fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
