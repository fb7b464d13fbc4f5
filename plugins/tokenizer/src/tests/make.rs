//! Releases to look at, made in a folder that goes away.

use pkg_formats::samples::{entry, gguf_file, tensor, text};
use pkg_plugin_sdk::{Check, Device, File, Host, Operation, Plugin as _, Release, Reply, Request};
use serde_json::{Value, json};

use crate::Tokenizer;

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
            threads: 1,
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

    pub(super) fn json(self, path: &str, value: &Value) -> Self {
        self.file(path, value.to_string())
    }

    pub(super) fn look(&self) -> Reply {
        let reply = Tokenizer::run(&self.request, &Host::none()).unwrap();
        assert_eq!(reply.contradiction(), None, "{reply:?}");
        reply
    }

    pub(super) fn codes(&self) -> Vec<String> {
        let findings = self.look().findings.into_iter();
        let mut codes: Vec<_> = findings.map(|finding| finding.code).collect();
        codes.sort();
        codes
    }

    pub(super) fn check(&self, name: &str) -> Check {
        self.look().checks.into_iter().find(|check| check.name == name).unwrap()
    }
}

/// A tokenizer of six tokens and two special ones.
pub(super) fn tokenizer() -> Value {
    json!({
        "version": "1.0",
        "added_tokens": [
            {"id": 6, "content": "<s>", "special": true, "lstrip": false},
            {"id": 7, "content": "</s>", "special": true, "lstrip": false},
        ],
        "normalizer": {"type": "NFC"},
        "model": {
            "type": "BPE",
            "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "d": 5},
            "merges": ["a b", ["ab", "c"]],
        },
    })
}

pub(super) fn tokenizer_config() -> Value {
    json!({
        "bos_token": "<s>", "eos_token": {"content": "</s>", "__type": "AddedToken"},
        "added_tokens_decoder": {
            "6": {"content": "<s>", "special": true},
            "7": {"content": "</s>", "special": true},
        },
        "chat_template":
            "{% for m in messages %}<s>{{ m.content }}{{ eos_token }}{% endfor %}",
    })
}

pub(super) fn config() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "vocab_size": 8,
        "bos_token_id": 6, "eos_token_id": 7, "pad_token_id": null,
    })
}

/// Weights with an embedding of so many rows.
pub(super) fn weights(rows: u64) -> Vec<u8> {
    let name = "model.embed_tokens.weight";
    let header = format!(
        r#"{{"{name}":{{"dtype":"F32","shape":[{rows},1],"data_offsets":[0,{}]}}}}"#,
        rows * 4
    );
    pkg_formats::samples::safetensors(&header, usize::try_from(rows * 4).unwrap())
}

/// A release with a whole tokenizer.
pub(super) fn whole(tokenizer: &Value, tokenizer_config: &Value, config: &Value) -> Made {
    Made::new()
        .json("tokenizer.json", tokenizer)
        .json("tokenizer_config.json", tokenizer_config)
        .json("config.json", config)
        .file("model.safetensors", weights(8))
}

pub(super) fn texts(key: &str, words: &[&str]) -> Vec<u8> {
    let mut value =
        [8_u32.to_le_bytes().to_vec(), (words.len() as u64).to_le_bytes().to_vec()].concat();
    for word in words {
        value.extend(text(word));
    }
    entry(key, 9, &value)
}

pub(super) fn numbers(key: &str, numbers: &[i32]) -> Vec<u8> {
    let mut value =
        [5_u32.to_le_bytes().to_vec(), (numbers.len() as u64).to_le_bytes().to_vec()].concat();
    for number in numbers {
        value.extend(number.to_le_bytes());
    }
    entry(key, 9, &value)
}

pub(super) fn number(key: &str, number: u32) -> Vec<u8> {
    entry(key, 4, &number.to_le_bytes())
}

/// Metadata of a GGUF file with a tokenizer of four tokens.
pub(super) fn entries() -> Vec<Vec<u8>> {
    vec![
        entry("general.architecture", 8, &text("llama")),
        entry("tokenizer.ggml.model", 8, &text("gpt2")),
        texts("tokenizer.ggml.tokens", &["Ġa", "b", "Ġab", "</s>"]),
        numbers("tokenizer.ggml.token_type", &[1, 1, 1, 3]),
        texts("tokenizer.ggml.merges", &["Ġa b"]),
        number("tokenizer.ggml.eos_token_id", 3),
        entry("tokenizer.chat_template", 8, &text("{{ messages[0].content }}{{ eos_token }}")),
    ]
}

/// A GGUF file with these entries and an embedding of so many rows.
pub(super) fn gguf(entries: &[Vec<u8>], rows: u64) -> Vec<u8> {
    let data = usize::try_from(rows * 4).unwrap();
    gguf_file(entries, &[tensor("token_embd.weight", &[1, rows], 0, 0)], data)
}
