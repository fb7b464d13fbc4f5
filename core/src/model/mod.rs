//! What a release is made of. Pure types: no files, no sockets, no crypto.

pub mod canonical;
pub mod content;
pub mod digest;
pub mod disclosure;
pub mod git;
pub mod kind;
pub mod path;
pub mod release;
pub mod spec;
