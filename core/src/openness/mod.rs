//! What "open" means: definitions, each by its own rules, side by side.

pub mod mof;
