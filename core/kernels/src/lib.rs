//! Hot loops of `pkg`, and the only place in its core with `unsafe` code.
//!
//! [`sha256`] hashes many streams at once. One SHA-256 stream is bound by the latency of
//! its rounds: a core that works on one is mostly waiting. Streams that have nothing to do
//! with each other fill the gaps, side by side in the lanes of a vector register or one
//! after the other in the pipeline of the SHA instructions.
//!
//! Every kernel is safe to call: what a processor has is asked for at run time, lengths are
//! checked, and a kernel that the processor lacks does not run. The package does no input
//! or output, allocates nothing per block, and knows nothing about files.

pub mod sha256;
