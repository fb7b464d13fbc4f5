//! Keys, envelopes and statements. Knows no terms, no layouts, no folders.
//!
//! The `sigstore` crate makes and reads keys, signs and verifies raw
//! signatures; everything a decision hangs on beyond that is in here.

pub mod bundle;
pub mod dsse;
mod json;
pub mod key;
pub mod keyfile;
pub mod oms;
pub mod statement;
