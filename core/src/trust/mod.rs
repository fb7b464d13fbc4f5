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
pub mod signer;
pub mod statement;
#[cfg(test)]
pub(crate) mod testcert;
pub mod who;
