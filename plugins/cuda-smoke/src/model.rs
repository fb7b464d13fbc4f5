//! A model, as engines need it: what its parts are, and where their bytes lie.

use crate::quant::WeightType;

/// Where a tensor of weights lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name in the file.
    pub name: String,
    /// How its values are stored.
    pub kind: WeightType,
    /// Rows and columns. A row is contiguous; a vector has one row. Matrices multiply a
    /// column: `y[r] = sum over c of W[r][c] * x[c]`.
    pub rows: usize,
    /// Values of a row.
    pub columns: usize,
    /// Which of the model's files holds it.
    pub file: usize,
    /// Its first byte, from the start of the file.
    pub offset: u64,
    /// Number of its bytes.
    pub bytes: u64,
}

/// A matrix, and what is added to its product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    /// The matrix.
    pub weight: Tensor,
    /// The bias.
    pub bias: Option<Tensor>,
}

/// Which values rotary position embedding turns together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopePairs {
    /// Value 2i with 2i+1: llama in GGUF, whose converter orders rows so.
    Neighbours,
    /// Value i with i + head/2: checkpoints of transformers; qwen2 in GGUF.
    Halves,
}

/// A layer of a decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecoderLayer {
    /// RMS norm before attention.
    pub attention_norm: Tensor,
    /// Queries, keys, values, and the output of attention.
    pub query: Linear,
    /// Keys.
    pub key: Linear,
    /// Values.
    pub value: Linear,
    /// Output of attention.
    pub output: Linear,
    /// RMS norm before the feed-forward part.
    pub ffn_norm: Tensor,
    /// Gate: `down(silu(gate(x)) * up(x))`.
    pub gate: Linear,
    /// Up.
    pub up: Linear,
    /// Down.
    pub down: Linear,
}

/// A decoder of the llama family.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoder {
    /// Width of the model.
    pub width: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Values of a head.
    pub head_width: usize,
    /// Most positions.
    pub context: usize,
    /// Epsilon of the RMS norms.
    pub epsilon: f32,
    /// Rotation: inverse frequency of each pair, `head_width / 2` of them, with the
    /// model's base and scaling worked in.
    pub rope_frequencies: Vec<f32>,
    /// Which values turn together.
    pub rope_pairs: RopePairs,
    /// One row for each token of the vocabulary.
    pub embedding: Tensor,
    /// The layers.
    pub layers: Vec<DecoderLayer>,
    /// RMS norm at the end.
    pub norm: Tensor,
    /// The output matrix; the embedding again where the two are tied.
    pub head: Tensor,
}

/// Layer normalisation: scale and shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerNorm {
    /// Scale.
    pub scale: Tensor,
    /// Shift.
    pub shift: Tensor,
}

/// A layer of an encoder, normalised after each part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderLayer {
    /// Queries.
    pub query: Linear,
    /// Keys.
    pub key: Linear,
    /// Values.
    pub value: Linear,
    /// Output of attention.
    pub output: Linear,
    /// After attention.
    pub attention_norm: LayerNorm,
    /// First matrix of the feed-forward part, followed by GELU (the exact one, by erf).
    pub up: Linear,
    /// Second matrix.
    pub down: Linear,
    /// At the end.
    pub norm: LayerNorm,
}

/// An encoder of the BERT family; all tokens are of type 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    /// Width of the model.
    pub width: usize,
    /// Heads.
    pub heads: usize,
    /// Most positions.
    pub context: usize,
    /// Epsilon of the layer norms.
    pub epsilon: f32,
    /// Row for each token.
    pub words: Tensor,
    /// Row for each position.
    pub positions: Tensor,
    /// Row for each token type; the first is used.
    pub types: Tensor,
    /// Normalises the sum of the three.
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
}

/// What kind of model it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Network {
    /// llama, mistral, qwen2.
    Decoder(Decoder),
    /// bert.
    Encoder(Encoder),
}

/// A model and the files its tensors lie in.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Architecture, as its files name it.
    pub architecture: String,
    /// Its parts.
    pub network: Network,
    /// The files, in the order that [`Tensor::file`] counts.
    pub files: Vec<pkg_plugin_sdk::File>,
}

impl Network {
    /// Every tensor of weights; one that serves twice comes twice.
    pub fn tensors(&self) -> Vec<&Tensor> {
        let mut all = Vec::new();
        match self {
            Self::Decoder(decoder) => {
                all.extend([&decoder.embedding, &decoder.norm, &decoder.head]);
                for layer in &decoder.layers {
                    all.extend([&layer.attention_norm, &layer.ffn_norm]);
                    let linears = [&layer.query, &layer.key, &layer.value, &layer.output];
                    let linears = linears.into_iter().chain([&layer.gate, &layer.up, &layer.down]);
                    linears.for_each(|linear| linear.push_to(&mut all));
                }
            }
            Self::Encoder(encoder) => {
                all.extend([&encoder.words, &encoder.positions, &encoder.types]);
                encoder.norm.push_to(&mut all);
                for layer in &encoder.layers {
                    let linears = [&layer.query, &layer.key, &layer.value, &layer.output];
                    let linears = linears.into_iter().chain([&layer.up, &layer.down]);
                    linears.for_each(|linear| linear.push_to(&mut all));
                    layer.attention_norm.push_to(&mut all);
                    layer.norm.push_to(&mut all);
                }
            }
        }
        all
    }
}

impl Linear {
    fn push_to<'a>(&'a self, all: &mut Vec<&'a Tensor>) {
        all.push(&self.weight);
        all.extend(&self.bias);
    }
}

impl LayerNorm {
    fn push_to<'a>(&'a self, all: &mut Vec<&'a Tensor>) {
        all.extend([&self.scale, &self.shift]);
    }
}
