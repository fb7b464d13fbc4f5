//! The rig against the clients and the verifier of the sigstore crates, which
//! share no code with it.

// Helpers of tests are not within `#[test]`, where clippy lets this pass.
#![allow(clippy::unwrap_used)]

mod client;
mod faults;
mod logs;
mod oidc;
mod raw;
mod registry;
mod registry_faults;
mod signing;
mod tuf;
