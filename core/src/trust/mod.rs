//! Keys, envelopes and statements: who says what.
//!
//! Knows no licences and no layouts. The only files touched are keys and trusted roots.
//!
//! - [`key`]: ECDSA and Ed25519 keys; [`keyfile`]: keys on disk.
//! - [`dsse`], [`bundle`]: a signed payload in a Sigstore bundle.
//! - [`judge`], [`root`], [`cached`]: what a signature is worth, and by whose keys.
//! - [`statement`], [`oms`]: what the payload says.
//! - [`signer`], [`sealer`]: what makes signatures, and bundles of them.
//! - [`who`]: who signed, and who is accepted.
//! - [`net`]: what asks the services of a Sigstore instance; opens sockets.
//! - [`json`]: the strict JSON reader behind them.
//! - [`certificate`], [`chain`]: certificates of an own authority.
//! - [`external`], [`pkcs11`]: keys behind a command or in a token.

pub mod bundle;
pub mod cached;
pub mod certificate;
mod certkey;
pub mod chain;
mod compare;
mod constraints;
pub mod dsse;
mod evidence;
pub mod external;
pub mod json;
pub mod judge;
pub mod key;
pub mod keyfile;
pub mod logged;
pub mod merkle;
#[cfg(feature = "network")]
pub mod net;
pub mod oms;
mod pem;
pub mod pkcs11;
#[cfg(feature = "pkcs11")]
mod pkcs11_token;
pub mod pkcs11_uri;
pub mod root;
mod sealed;
pub mod sealer;
mod sec1;
pub mod signer;
pub mod statement;
#[cfg(test)]
pub(crate) mod testcert;
pub mod watch;
pub mod who;

/// Bytes in hexadecimal, in lower case.
fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
