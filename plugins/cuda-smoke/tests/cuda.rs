//! The CUDA engine on the processor: the code and the kernels that are shipped, with a
//! driver made of `kernels/shim`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
#![allow(clippy::cast_sign_loss, clippy::float_cmp, unreachable_pub)]
#![allow(clippy::doc_markdown, clippy::cast_possible_wrap, missing_debug_implementations)]

mod common;
#[path = "cuda/engine.rs"]
mod engine;
#[path = "cuda/generated.rs"]
mod generated;
#[path = "cuda/kernels.rs"]
mod kernels;
#[path = "cuda/plain.rs"]
mod plain;
use pkg_cuda_smoke::samples::shim;
#[path = "cuda/skips.rs"]
mod skips;
#[path = "cuda/whole.rs"]
mod whole;
