//! Runs a model, compares it with golden outputs, and measures.
//!
//! `open` makes a `model` of a release's files, `engine` says what runs it: the processor
//! (`cpu`) or a GPU (`cuda`). `golden` is what it must answer, made by `record` and held
//! against by `compare`; `bench` measures; `plugin` puts all together.

pub mod bench;
pub mod compare;
pub mod cpu;
pub mod cuda;
pub mod engine;
pub mod golden;
pub mod model;
pub mod open;
pub mod plugin;
pub mod quant;
pub mod record;
#[cfg(feature = "samples")]
pub mod samples;
pub mod source;

pkg_plugin_sdk::export_plugin!(plugin::CudaSmoke);
