//! Random numbers, random weights, and models made of them.

use std::path::Path;

use pkg_cuda_smoke::model::{
    Decoder, DecoderLayer, Encoder, EncoderLayer, LayerNorm, Linear, Model, Network, RopePairs,
    Tensor,
};
use pkg_cuda_smoke::quant::WeightType;
use pkg_cuda_smoke::source;
use pkg_plugin_sdk::File;

use crate::plain;

/// The generator `SplitMix64`.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        pkg_formats::samples::splitmix64(&mut self.0)
    }

    /// From -1 to 1.
    pub fn value(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.value()).collect()
    }

    pub fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }
}

/// Bits of a half that is near this positive value.
fn half(value: f32) -> [u8; 2] {
    let bits = value.to_bits();
    let exponent = (bits >> 23).cast_signed() - 127 + 15;
    if exponent < 1 {
        return ((value * 16_777_216.0) as u16).to_le_bytes();
    }
    assert!(exponent < 31);
    (((exponent as u16) << 10) | ((bits >> 13) & 0x3ff) as u16).to_le_bytes()
}

/// Weights of about this size, as stored.
pub fn weights(random: &mut Random, kind: WeightType, count: usize, size: f32) -> Vec<u8> {
    let (values, bytes) = kind.block();
    let mut all = Vec::with_capacity(count / values * bytes);
    for _ in 0..count / values {
        let sign = |random: &mut Random| ((random.next() & 1) as u8) << 7;
        let scaled = |random: &mut Random, by: f32| {
            let [low, high] = half(size * by * (1.0 + random.value() * 0.3));
            [low, high | sign(random)]
        };
        match kind {
            WeightType::F32 => all.extend((random.value() * size).to_le_bytes()),
            WeightType::F16 => all.extend(scaled(random, 0.6)),
            WeightType::Bf16 => all.extend(&(random.value() * size).to_le_bytes()[2..]),
            _ => {
                let start = all.len();
                all.extend((0..bytes).map(|_| random.next() as u8));
                let block = &mut all[start..];
                let mut put = |at: usize, pair: [u8; 2]| block[at..at + 2].copy_from_slice(&pair);
                match kind {
                    WeightType::Q8_0 => put(0, scaled(random, 1.0 / 128.0)),
                    WeightType::Q4_0 => put(0, scaled(random, 1.0 / 8.0)),
                    WeightType::Q4_1 => {
                        put(0, scaled(random, 1.0 / 8.0));
                        put(2, scaled(random, 1.0));
                    }
                    WeightType::Q4K => {
                        put(0, scaled(random, 1.0 / 300.0));
                        put(2, scaled(random, 1.0 / 50.0));
                    }
                    _ => put(208, scaled(random, 1.0 / 2000.0)),
                }
            }
        }
    }
    all
}

/// A file in the making: tensors, one after the other.
pub struct Maker {
    pub random: Random,
    pub bytes: Vec<u8>,
    /// Bytes that tensors begin at a multiple of.
    pub alignment: usize,
    /// Bytes more than that.
    pub beside: usize,
    /// Type of matrices.
    pub kind: WeightType,
    /// Type of norms and biases.
    pub vectors: WeightType,
}

impl Maker {
    pub fn new(seed: u64, kind: WeightType) -> Self {
        let bytes = vec![0xee; 100];
        let vectors = WeightType::F32;
        Self { random: Random(seed), bytes, alignment: 32, beside: 0, kind, vectors }
    }

    fn tensor(&mut self, kind: WeightType, rows: usize, columns: usize, size: f32) -> Tensor {
        let at = self.bytes.len().next_multiple_of(self.alignment) + self.beside;
        self.bytes.resize(at, 0xee);
        self.bytes.extend(weights(&mut self.random, kind, rows * columns, size));
        let bytes = (self.bytes.len() - at) as u64;
        let name = format!("at.{at}");
        Tensor { name, kind, rows, columns, file: 0, offset: at as u64, bytes }
    }

    fn matrix(&mut self, rows: usize, columns: usize) -> Tensor {
        self.tensor(self.kind, rows, columns, 1.5 / (columns as f32).sqrt())
    }

    fn vector(&mut self, columns: usize) -> Tensor {
        self.tensor(self.vectors, 1, columns, 1.0)
    }

    fn linear(&mut self, rows: usize, columns: usize, bias: bool) -> Linear {
        let weight = self.matrix(rows, columns);
        Linear { weight, bias: bias.then(|| self.vector(rows)) }
    }

    fn norm(&mut self, width: usize) -> LayerNorm {
        LayerNorm { scale: self.vector(width), shift: self.vector(width) }
    }

    /// Writes the file, and gives the model.
    pub fn finish(self, folder: &Path, architecture: &str, network: Network) -> Model {
        // Bytes of others around it: a file may lie in a greater one.
        let disk = folder.join("weights");
        let digest = format!("sha256:{}", source::sha256(&self.bytes));
        let bytes = self.bytes.len() as u64;
        std::fs::write(&disk, [&[0x55; 11][..], &self.bytes, &[0x55; 7]].concat()).unwrap();
        let file =
            File { path: "model/weights".to_owned(), disk, offset: 11, bytes, digest, kind: None };
        Model { architecture: architecture.to_owned(), network, files: vec![file] }
    }
}

/// Sizes of a decoder.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub width: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_width: usize,
    pub hidden: usize,
    pub vocabulary: usize,
    pub context: usize,
}

/// Small, with more queries than keys, and a width of heads that is no power of two.
pub const SMALL: Sizes = Sizes {
    width: 256,
    heads: 6,
    kv_heads: 2,
    head_width: 128,
    hidden: 512,
    vocabulary: 300,
    context: 700,
};

/// Sizes that fit no tile: only for values that are not in blocks.
pub const ODD: Sizes = Sizes {
    width: 37,
    heads: 4,
    kv_heads: 4,
    head_width: 10,
    hidden: 67,
    vocabulary: 129,
    context: 90,
};

pub fn decoder(
    maker: &mut Maker,
    sizes: Sizes,
    pairs: RopePairs,
    bias: bool,
    tied: bool,
) -> Network {
    let Sizes { width, heads, kv_heads, head_width, hidden, vocabulary, context } = sizes;
    let embedding = maker.matrix(vocabulary, width);
    let (wide, kv) = (heads * head_width, kv_heads * head_width);
    let layers = (0..2).map(|_| DecoderLayer {
        attention_norm: maker.vector(width),
        query: maker.linear(wide, width, bias),
        key: maker.linear(kv, width, bias),
        value: maker.linear(kv, width, bias),
        output: maker.linear(width, wide, false),
        ffn_norm: maker.vector(width),
        gate: maker.linear(hidden, width, false),
        up: maker.linear(hidden, width, false),
        down: maker.linear(width, hidden, false),
    });
    let layers = layers.collect();
    let half = head_width / 2;
    let frequency = |i: usize| 10_000_f32.powf(-(i as f32) / half as f32);
    let head = if tied { embedding.clone() } else { maker.matrix(vocabulary, width) };
    Network::Decoder(Decoder {
        width,
        heads,
        kv_heads,
        head_width,
        context,
        epsilon: 1e-5,
        rope_frequencies: (0..half).map(frequency).collect(),
        rope_pairs: pairs,
        embedding,
        layers,
        norm: maker.vector(width),
        head,
    })
}

pub fn encoder(maker: &mut Maker, width: usize, heads: usize, hidden: usize) -> Network {
    let words = maker.matrix(200, width);
    let positions = maker.matrix(150, width);
    let types = maker.matrix(2, width);
    let norm = maker.norm(width);
    let layers = (0..2).map(|_| EncoderLayer {
        query: maker.linear(width, width, true),
        key: maker.linear(width, width, true),
        value: maker.linear(width, width, true),
        output: maker.linear(width, width, true),
        attention_norm: maker.norm(width),
        up: maker.linear(hidden, width, true),
        down: maker.linear(width, hidden, true),
        norm: maker.norm(width),
    });
    let layers = layers.collect();
    Network::Encoder(Encoder {
        width,
        heads,
        context: 150,
        epsilon: 1e-12,
        words,
        positions,
        types,
        norm,
        layers,
    })
}

/// Values of a tensor of a model that [`Maker`] made.
pub fn values(model: &Model, tensor: &Tensor) -> Vec<f64> {
    let file = &model.files[tensor.file];
    let bytes = std::fs::read(&file.disk).unwrap();
    let start = (file.offset + tensor.offset) as usize;
    plain::values(tensor.kind, &bytes[start..start + tensor.bytes as usize])
}
