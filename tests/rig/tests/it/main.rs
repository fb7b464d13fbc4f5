//! The rig against the clients and the verifier of the sigstore crates, which
//! share no code with it.

#![allow(clippy::unwrap_used)]

mod client;
mod signing;
