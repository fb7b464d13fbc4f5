//! Headers of weight files: GGUF and safetensors.
//!
//! One reader for `pkg` and its plugins. Whoever wrote the file may be hostile: every
//! count is held against the bytes that are there before anything is allocated.
//! Errors are reasons, for people.

pub mod gguf;
mod gguf_types;
pub mod safetensors;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod window;

pub use window::Window;
