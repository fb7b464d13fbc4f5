//! Signed, checkable releases of open models.
//!
//! Layers, lowest first; an arrow never points up (`cargo xtask arch` checks):
//!
//! 1. [`exit`], [`finding`], [`model`]: what can be said. No files, no crypto.
//!    [`fsx`], [`tables`], [`cache`] and [`hash`] above them: staged output, reading and hashing.
//! 2. [`scan`], [`spec`]: what a model folder holds and what `pkg.toml` says.
//! 3. [`trust`]: keys, envelopes, statements. Knows no licences, no layouts.
//! 4. [`bundle`]: the OCI image layout on disk, packing and unpacking it.
//! 5. [`policy`]: what a caller demands of a release, and whether it is met.
//!    [`folder`]: folders that are not ours, listed, hashed, checked and signed.
//!    [`plugin`]: programs of others, found, trusted and asked in processes of their own.
//! 6. [`verify`], [`sign`], [`unpack`], [`export`], [`blob`], [`mod@bench`], [`golden`], [`demo`]: whole
//!    operations over the layers below.
//! 7. [`cli`]: arguments in, one outcome out. The only place that prints.

pub mod attest;
pub mod bench;
pub mod blob;
pub mod bundle;
pub mod cache;
pub mod check;
pub mod cli;
pub mod coding;
pub mod compare;
pub mod croissant;
pub mod demo;
pub mod exchange;
pub mod exit;
pub mod export;
pub mod finding;
pub mod folder;
pub mod fsx;
pub mod git;
pub mod golden;
pub mod hash;
pub mod hook;
pub mod init;
pub mod licence;
pub mod model;
pub mod notice;
pub mod openness;
pub mod pipeline;
pub mod plugin;
pub mod policy;
pub mod predicate;
pub mod pull;
pub mod push;
pub mod registry;
pub mod report;
pub mod scan;
pub mod show;
pub mod sign;
pub mod signatures;
pub mod spec;
pub mod sshsig;
pub mod tables;
pub mod tensors;
pub mod trust;
pub mod unpack;
pub mod verify;
