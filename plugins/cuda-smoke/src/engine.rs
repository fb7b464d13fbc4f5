//! What runs a model: the processor, or a GPU. Both follow the same contract.

use std::fmt;

use pkg_plugin_sdk::{Material, SkipReason};
use serde_json::{Map, Value};

/// Why an engine could not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineError {
    /// It cannot run here at all: a skip, not a failure.
    Skip(SkipReason, String),
    /// It could have, but something went wrong.
    Failed(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip(_, text) | Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for EngineError {}

/// The answer of an engine.
pub type Result<T> = std::result::Result<T, EngineError>;

/// Of which of the tokens that are fed the outputs are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Of each: `tokens.len()` rows, in order.
    All,
    /// Of the last: one row.
    Last,
}

/// How long the parts of loading took, in seconds, and how many bytes it was about.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LoadTimes {
    /// Reading and hashing the file.
    pub read_and_hash: f64,
    /// Copying to the device.
    pub copy: f64,
    /// Making the kernels ready (compilation by the driver).
    pub module: f64,
    /// Bytes of weights on the device.
    pub bytes: u64,
}

/// A model that is loaded and can be run.
///
/// A row of a decoder is the logits over the vocabulary; a row of an encoder is the
/// hidden state of the token. All values are f32, and so is all arithmetic: weights are
/// dequantised where they are used, activations never quantised.
pub trait Engine {
    /// Values of one output row: vocabulary of a decoder, width of an encoder.
    fn width(&self) -> usize;

    /// Forgets every token that was fed.
    fn reset(&mut self) -> Result<()>;

    /// Feeds tokens behind those fed before, and returns rows, one after the other.
    ///
    /// An encoder looks at the tokens of one call together, and forgets those of earlier
    /// calls. More tokens than the context holds is a failure.
    fn forward(&mut self, tokens: &[u32], want: Want) -> Result<Vec<f32>>;

    /// Feeds one token and returns the index of the greatest logit, the first of equals.
    ///
    /// What measurements of generation repeat; the row itself stays on the device.
    fn step(&mut self, token: u32) -> Result<u32>;

    /// Where it runs: for the environment of the result.
    fn environment(&self) -> Map<String, Value>;

    /// What the results depend on beside the model: kernels, by digest.
    fn materials(&self) -> Vec<Material>;

    /// How loading went.
    fn load_times(&self) -> LoadTimes;

    /// Greatest amount of device memory that was in use, in bytes, as far as known.
    fn peak_memory(&self) -> Option<u64>;

    /// Bandwidth of the memory that holds the weights, in bytes per second: what the
    /// hardware promises (if it tells), and what a copy of its own reached.
    fn bandwidth(&mut self) -> Result<(Option<f64>, f64)>;

    /// Energy that the device says it took so far, in joules, if it tells.
    fn energy(&self) -> Option<f64>;
}
