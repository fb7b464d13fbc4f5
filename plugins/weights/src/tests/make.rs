//! Releases to look at, made in a folder that goes away.

use pkg_formats::samples;
use pkg_plugin_sdk::{Device, File, Host, Operation, Plugin as _, Release, Reply, Request};

use crate::Weights;

/// A release in a folder.
pub(super) struct Made {
    folder: tempfile::TempDir,
    pub(super) request: Request,
}

impl Made {
    pub(super) fn new() -> Self {
        let request = Request {
            operation: Operation::Verify,
            device: Device::Cpu,
            threads: 2,
            release: Release::default(),
            files: Vec::new(),
            settings: serde_json::Map::new(),
        };
        Self { folder: tempfile::tempdir().unwrap(), request }
    }

    pub(super) fn file(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        // Files lie within others on disk, as in a bundle.
        let disk = self.folder.path().join(self.request.files.len().to_string());
        let bytes = bytes.as_ref();
        std::fs::write(&disk, [b"before", bytes, b"after"].concat()).unwrap();
        self.request.files.push(File {
            path: path.to_owned(),
            disk,
            offset: 6,
            bytes: bytes.len() as u64,
            digest: String::new(),
            kind: None,
        });
        self
    }

    pub(super) fn kind(mut self, kind: &str) -> Self {
        self.request.files.last_mut().unwrap().kind = Some(kind.to_owned());
        self
    }

    pub(super) fn look(&self) -> Reply {
        let reply = Weights::run(&self.request, &Host::none()).unwrap();
        assert_eq!(reply.contradiction(), None, "{reply:?}");
        reply
    }

    /// Codes of what was found.
    pub(super) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<_> =
            self.look().findings.into_iter().map(|finding| finding.code).collect();
        codes.sort();
        codes
    }
}

/// A tensor to put into a file: name, type, shape and bytes.
#[derive(Clone)]
pub(super) struct Put {
    pub(super) name: String,
    pub(super) dtype: &'static str,
    pub(super) shape: Vec<u64>,
    pub(super) data: Vec<u8>,
}

/// A tensor of `F32` with small numbers.
pub(super) fn floats(name: &str, shape: &[u64]) -> Put {
    let count = shape.iter().product::<u64>();
    let data = (0..count).flat_map(|n| (1.0 + n as f32).recip().to_le_bytes()).collect();
    Put { name: name.to_owned(), dtype: "F32", shape: shape.to_vec(), data }
}

pub(super) fn safetensors(tensors: &[Put]) -> Vec<u8> {
    let mut entries = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for put in tensors {
        let from = data.len();
        data.extend(&put.data);
        let entry = serde_json::json!({
            "dtype": put.dtype, "shape": put.shape, "data_offsets": [from, data.len()],
        });
        entries.insert(put.name.clone(), entry);
    }
    let header = serde_json::to_string(&entries).unwrap();
    let mut bytes = samples::safetensors(&header, 0);
    bytes.extend(data);
    bytes
}

/// The smallest model of the family `llama`: 2 layers, 8 wide, 2 heads, 1 of keys.
pub(super) fn llama() -> Vec<Put> {
    let mut tensors = vec![
        floats("model.embed_tokens.weight", &[10, 8]),
        floats("model.norm.weight", &[8]),
        floats("lm_head.weight", &[10, 8]),
    ];
    for layer in 0..2 {
        let name = |end: &str| format!("model.layers.{layer}.{end}.weight");
        tensors.push(floats(&name("self_attn.q_proj"), &[8, 8]));
        tensors.push(floats(&name("self_attn.k_proj"), &[4, 8]));
        tensors.push(floats(&name("self_attn.v_proj"), &[4, 8]));
        tensors.push(floats(&name("self_attn.o_proj"), &[8, 8]));
        tensors.push(floats(&name("mlp.gate_proj"), &[12, 8]));
        tensors.push(floats(&name("mlp.up_proj"), &[12, 8]));
        tensors.push(floats(&name("mlp.down_proj"), &[8, 12]));
        tensors.push(floats(&name("input_layernorm"), &[8]));
        tensors.push(floats(&name("post_attention_layernorm"), &[8]));
    }
    tensors
}

pub(super) fn config() -> serde_json::Value {
    serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
        "intermediate_size": 12, "vocab_size": 10, "torch_dtype": "float32",
    })
}

/// Metadata of a model of the family `llama` in GGUF, with 3 tokens.
pub(super) fn gguf_entries() -> Vec<Vec<u8>> {
    let number = |key: &str, value: u32| samples::entry(key, 4, &value.to_le_bytes());
    let mut tokens = [8_u32.to_le_bytes().to_vec(), 3_u64.to_le_bytes().to_vec()].concat();
    for token in ["a", "b", "c"] {
        tokens.extend(samples::text(token));
    }
    vec![
        samples::entry("general.architecture", 8, &samples::text("llama")),
        number("llama.block_count", 1),
        number("llama.context_length", 16),
        number("llama.embedding_length", 32),
        number("llama.feed_forward_length", 64),
        number("llama.attention.head_count", 2),
        samples::entry("llama.attention.layer_norm_rms_epsilon", 6, &1e-5_f32.to_le_bytes()),
        samples::entry("tokenizer.ggml.tokens", 9, &tokens),
    ]
}

/// Tensors of that model: an embedding, a norm and a projection, with their data.
pub(super) fn gguf_tensors() -> (Vec<Vec<u8>>, Vec<u8>) {
    let parts: [(&str, &[u64], u32, usize); 4] = [
        ("token_embd.weight", &[32, 3], 8, 3 * 34),
        ("output_norm.weight", &[32], 0, 128),
        ("blk.0.attn_q.weight", &[32, 32], 2, 32 * 18),
        ("blk.0.ffn_down.weight", &[64, 32], 30, 64 * 32 * 2),
    ];
    let (mut tensors, mut data) = (Vec::new(), Vec::new());
    for (name, shape, kind, bytes) in parts {
        tensors.push(samples::tensor(name, shape, kind, data.len() as u64));
        // Bits that make small numbers in every one of these types.
        data.extend((0..bytes).map(|at| [0x1c, 0x2c, 0x1d, 0x2d][at % 4] + (at % 3) as u8));
        data.resize(data.len().next_multiple_of(32), 0);
    }
    (tensors, data)
}

pub(super) fn gguf(entries: &[Vec<u8>], tensors: &[Vec<u8>], data: &[u8]) -> Vec<u8> {
    let mut bytes = samples::gguf_file(entries, tensors, data.len());
    let start = bytes.len() - data.len();
    bytes[start..].copy_from_slice(data);
    bytes
}

pub(super) fn good_gguf() -> Vec<u8> {
    let (tensors, data) = gguf_tensors();
    gguf(&gguf_entries(), &tensors, &data)
}
