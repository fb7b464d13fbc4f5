//! Generated models, so that tests need no network.
//!
//! They are small and speak nonsense, but every number in them matters: the values are of
//! the sizes that trained models have. The same [`Sample`] gives the same bytes always.

mod quantise;
pub mod shim;

use std::fs;
use std::io;
use std::path::Path;

use pkg_formats::samples as raw;
use pkg_plugin_sdk::{Device, File, Operation, Release, Request};
use serde_json::{Map, Value, json};

pub use quantise::{quantise, to_bf16, to_f16};

use crate::quant::WeightType;
use crate::source::sha256;

/// What a generated model is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A llama.
    Llama,
    /// A qwen2: a llama whose queries, keys and values have biases.
    Qwen2,
    /// A bert; in safetensors only.
    Bert,
}

/// A generated model.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What it is like.
    pub family: Family,
    /// How its matrices are stored. Norms and biases are F32 in GGUF.
    pub kind: WeightType,
    /// Where the pseudo-random numbers begin.
    pub seed: u64,
    /// Width of the model: a multiple of 256 for the K types, of 32 for other blocks.
    pub width: usize,
    /// Query heads; the width of each is that of the model divided by this.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of the feed-forward part; a multiple as the width is.
    pub ffn: usize,
    /// Number of layers.
    pub layers: usize,
    /// Size of the vocabulary.
    pub vocabulary: usize,
    /// Most positions.
    pub context: usize,
    /// Base of the rotation.
    pub rope_base: f32,
    /// Epsilon of the norms.
    pub epsilon: f32,
    /// Whether the output matrix is the embedding.
    pub tied: bool,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            family: Family::Llama,
            kind: WeightType::F32,
            seed: 1,
            width: 256,
            heads: 4,
            kv_heads: 2,
            ffn: 512,
            layers: 2,
            vocabulary: 512,
            context: 128,
            rope_base: 10_000.0,
            epsilon: 1e-5,
            tied: false,
        }
    }
}

/// A tensor of a generated model, by its name in transformers.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Its name.
    pub name: String,
    /// Its shape, outermost dimension first; one or two of them.
    pub shape: Vec<usize>,
    /// Its values, row after row.
    pub values: Vec<f32>,
}

/// The pseudo-random numbers of `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        pkg_formats::samples::splitmix64(&mut self.0)
    }

    /// The next number, evenly from -1 to 1.
    pub fn value(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }
}

impl Sample {
    /// The tensors, by their names in transformers.
    pub fn tensors(&self) -> Vec<Weights> {
        let mut maker = Maker { random: Random(self.seed), made: Vec::new() };
        match self.family {
            Family::Bert => self.encoder(&mut maker),
            Family::Llama | Family::Qwen2 => self.decoder(&mut maker),
        }
        maker.made
    }

    fn decoder(&self, maker: &mut Maker) {
        let Self { width, ffn, vocabulary, .. } = *self;
        let keys = self.kv_heads * (width / self.heads);
        maker.make("model.embed_tokens.weight", &[vocabulary, width], 0.0, 0.5);
        for number in 0..self.layers {
            let name = |part: &str| format!("model.layers.{number}.{part}");
            maker.make(&name("input_layernorm.weight"), &[width], 1.0, 0.2);
            for (part, rows) in [("q", width), ("k", keys), ("v", keys)] {
                maker.matrix(&name(&format!("self_attn.{part}_proj.weight")), rows, width, 2.0);
                if self.family == Family::Qwen2 {
                    maker.make(&name(&format!("self_attn.{part}_proj.bias")), &[rows], 0.0, 0.5);
                }
            }
            maker.matrix(&name("self_attn.o_proj.weight"), width, width, 2.0);
            maker.make(&name("post_attention_layernorm.weight"), &[width], 1.0, 0.2);
            maker.matrix(&name("mlp.gate_proj.weight"), ffn, width, 2.0);
            maker.matrix(&name("mlp.up_proj.weight"), ffn, width, 2.0);
            maker.matrix(&name("mlp.down_proj.weight"), width, ffn, 2.0);
        }
        maker.make("model.norm.weight", &[width], 1.0, 0.2);
        if !self.tied {
            maker.matrix("lm_head.weight", vocabulary, width, 5.0);
        }
    }

    fn encoder(&self, maker: &mut Maker) {
        let Self { width, ffn, vocabulary, context, .. } = *self;
        let norm = |maker: &mut Maker, stem: &str| {
            maker.make(&format!("{stem}.weight"), &[width], 1.0, 0.2);
            maker.make(&format!("{stem}.bias"), &[width], 0.0, 0.2);
        };
        let dense = |maker: &mut Maker, stem: &str, rows: usize, columns: usize| {
            maker.matrix(&format!("{stem}.weight"), rows, columns, 2.0);
            maker.make(&format!("{stem}.bias"), &[rows], 0.0, 0.2);
        };
        for (part, rows) in [("word", vocabulary), ("position", context), ("token_type", 2)] {
            maker.make(&format!("embeddings.{part}_embeddings.weight"), &[rows, width], 0.0, 0.5);
        }
        norm(maker, "embeddings.LayerNorm");
        for number in 0..self.layers {
            let name = |part: &str| format!("encoder.layer.{number}.{part}");
            for part in ["query", "key", "value"] {
                dense(maker, &name(&format!("attention.self.{part}")), width, width);
            }
            dense(maker, &name("attention.output.dense"), width, width);
            norm(maker, &name("attention.output.LayerNorm"));
            dense(maker, &name("intermediate.dense"), ffn, width);
            dense(maker, &name("output.dense"), width, ffn);
            norm(maker, &name("output.LayerNorm"));
        }
    }

    /// The model as a safetensors file; F32, F16 and BF16 only.
    pub fn safetensors(&self) -> Vec<u8> {
        let dtype = match self.kind {
            WeightType::F16 => "F16",
            WeightType::Bf16 => "BF16",
            _ => "F32",
        };
        let kind = WeightType::parse(dtype).unwrap_or(WeightType::F32);
        let (mut header, mut data) = (Map::new(), Vec::new());
        for tensor in self.tensors() {
            let start = data.len();
            data.extend(quantise(kind, &tensor.values));
            let entry = json!({
                "dtype": dtype, "shape": tensor.shape, "data_offsets": [start, data.len()],
            });
            header.insert(tensor.name, entry);
        }
        let mut file = raw::safetensors(&Value::Object(header).to_string(), 0);
        file.extend(data);
        file
    }

    /// The `config.json` beside it.
    pub fn config(&self) -> Value {
        let common = json!({
            "hidden_size": self.width, "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads, "intermediate_size": self.ffn,
            "vocab_size": self.vocabulary, "max_position_embeddings": self.context,
        });
        let own = match self.family {
            Family::Bert => json!({
                "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu",
                "type_vocab_size": 2, "layer_norm_eps": self.epsilon,
            }),
            Family::Llama | Family::Qwen2 => {
                let llama = self.family == Family::Llama;
                json!({
                    "architectures": [if llama { "LlamaForCausalLM" } else { "Qwen2ForCausalLM" }],
                    "model_type": if llama { "llama" } else { "qwen2" }, "hidden_act": "silu",
                    "num_key_value_heads": self.kv_heads, "rms_norm_eps": self.epsilon,
                    "rope_theta": self.rope_base, "tie_word_embeddings": self.tied,
                })
            }
        };
        let mut all = common;
        if let (Some(all), Value::Object(own)) = (all.as_object_mut(), own) {
            all.extend(own);
        }
        all
    }

    /// The model as a GGUF file of version 3; no bert.
    ///
    /// Rows of a llama's queries and keys are put in the order of GGUF, so that the file
    /// is the same model as the one in safetensors.
    pub fn gguf(&self) -> Vec<u8> {
        let (name, halves) = match self.family {
            Family::Qwen2 => ("qwen2", true),
            Family::Llama | Family::Bert => ("llama", false),
        };
        let number = |key: &str, value: usize| {
            raw::entry(&format!("{name}.{key}"), 4, &(value as u32).to_le_bytes())
        };
        let real =
            |key: &str, value: f32| raw::entry(&format!("{name}.{key}"), 6, &value.to_le_bytes());
        let entries = [
            raw::entry("general.architecture", 8, &raw::text(name)),
            number("embedding_length", self.width),
            number("block_count", self.layers),
            number("attention.head_count", self.heads),
            number("attention.head_count_kv", self.kv_heads),
            number("feed_forward_length", self.ffn),
            number("context_length", self.context),
            real("rope.freq_base", self.rope_base),
            real("attention.layer_norm_rms_epsilon", self.epsilon),
        ];
        let (mut tensors, mut data) = (Vec::new(), Vec::new());
        for mut tensor in self.tensors() {
            if !halves && (tensor.name.contains("q_proj") || tensor.name.contains("k_proj")) {
                neighbours(&mut tensor, self.width / self.heads);
            }
            let kind = if tensor.shape.len() == 1 { WeightType::F32 } else { self.kind };
            let shape: Vec<u64> = tensor.shape.iter().rev().map(|n| *n as u64).collect();
            let offset = data.len() as u64;
            tensors.push(raw::tensor(&gguf_name(&tensor.name), &shape, number_of(kind), offset));
            data.extend(quantise(kind, &tensor.values));
            data.resize(data.len().next_multiple_of(32), 0);
        }
        let mut file = raw::gguf_file(&entries, &tensors, 0);
        file.extend(data);
        file
    }

    /// Writes the model into a folder as `model.gguf`.
    pub fn write_gguf(&self, folder: &Path) -> io::Result<Vec<File>> {
        Ok(vec![write(folder, "model.gguf", &self.gguf())?])
    }

    /// Writes the model into a folder as `model.safetensors` and `config.json`.
    pub fn write_safetensors(&self, folder: &Path) -> io::Result<Vec<File>> {
        let config = self.config().to_string();
        Ok(vec![
            write(folder, "model.safetensors", &self.safetensors())?,
            write(folder, "config.json", config.as_bytes())?,
        ])
    }
}

/// Writes a file into a folder, and describes it as a file of a release.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<File> {
    let disk = folder.join(name);
    fs::write(&disk, bytes)?;
    let end = name.rsplit_once('.').map(|(_, end)| end);
    let weights = matches!(end, Some("gguf" | "safetensors"));
    Ok(File {
        path: name.to_owned(),
        disk,
        offset: 0,
        bytes: bytes.len() as u64,
        digest: format!("sha256:{}", sha256(bytes)),
        kind: weights.then(|| "model-parameters-final".to_owned()),
    })
}

/// A request about these files, on the processor.
pub fn request(operation: Operation, files: Vec<File>) -> Request {
    let release = Release {
        digest: format!("sha256:{}", sha256(b"")),
        name: "sample".to_owned(),
        version: "1".to_owned(),
    };
    Request { operation, device: Device::Cpu, threads: 2, release, files, settings: Map::new() }
}

struct Maker {
    random: Random,
    made: Vec<Weights>,
}

impl Maker {
    /// Values evenly around a middle.
    fn make(&mut self, name: &str, shape: &[usize], middle: f32, spread: f32) {
        let count = shape.iter().product();
        let values = (0..count).map(|_| middle + spread * self.random.value()).collect();
        self.made.push(Weights { name: name.to_owned(), shape: shape.to_vec(), values });
    }

    /// A matrix that keeps the size of what it multiplies, but for a factor.
    fn matrix(&mut self, name: &str, rows: usize, columns: usize, gain: f32) {
        self.make(name, &[rows, columns], 0.0, gain / (columns as f32).sqrt());
    }
}

/// Puts rows so that neighbours turn together: row `i` of the first half of a head, then
/// row `i` of the second (`permute` in llama.cpp's `convert_hf_to_gguf.py`).
fn neighbours(tensor: &mut Weights, head_width: usize) {
    let columns = tensor.shape.get(1).copied().unwrap_or(1);
    let half = head_width / 2;
    let rows: Vec<&[f32]> = tensor.values.chunks_exact(columns).collect();
    let order = (0..rows.len()).map(|row| {
        let (head, at) = (row / head_width, row % head_width);
        head * head_width + at % 2 * half + at / 2
    });
    tensor.values = order.flat_map(|row| rows[row].iter().copied()).collect();
}

fn gguf_name(name: &str) -> String {
    let parts = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("model.layers", "blk"),
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];
    parts.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}

/// Number of a type in GGUF (`ggml_type` in `ggml.h`).
fn number_of(kind: WeightType) -> u32 {
    match kind {
        WeightType::F32 => 0,
        WeightType::F16 => 1,
        WeightType::Q4_0 => 2,
        WeightType::Q4_1 => 3,
        WeightType::Q8_0 => 8,
        WeightType::Q4K => 12,
        WeightType::Q6K => 14,
        WeightType::Bf16 => 30,
    }
}
