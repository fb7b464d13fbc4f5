//! A small valid model folder.

use std::fs;
use std::path::Path;

/// The `pkg.toml` of the model.
pub const SPEC: &str = r#"[release]
name = "tiny"
version = "1.0"
publisher = "Example Lab"
description = "A model for tests."
released = "2026-01-31"
licence = "Apache-2.0"
licence-file = "LICENSE"

[[component]]
kind = "model-parameters-final"
paths = ["*.safetensors"]

[[component]]
kind = "model-metadata"
paths = ["config.json", "tokenizer/*.json"]

[[component]]
kind = "model-card"
paths = ["README.md"]
licence = "CC-BY-4.0"

[[component]]
kind = "inference-code"
paths = ["code/**"]

[[component]]
kind = "training-code"
url = "https://example.org/train.tar.gz"
digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

[[component]]
kind = "research-paper"
absent = "not written yet"

[[data]]
name = "Tiny corpus"
manifest = "data/croissant.json"
class = "public"
role = "pretrain"
licence = "CC-BY-4.0"

[[base-model]]
name = "example/base"
relation = "finetune"
"#;

/// A safetensors file with one f32 tensor of these bytes.
pub fn safetensors(content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let elements = len / 4;
    let mut header = format!(
        "{{\"w\":{{\"dtype\":\"F32\",\"shape\":[{elements}],\"data_offsets\":[0,{len}]}}}}"
    );
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), content].concat()
}

/// Writes the model folder.
pub fn write_model(folder: &Path) {
    let weights: Vec<u8> = (0..40_000_u32).flat_map(|n| (n as f32).to_le_bytes()).collect();
    let config = br#"{"architectures":["TinyModel"],"model_type":"tiny"}"#;
    let files: [(&str, &[u8]); 11] = [
        ("pkg.toml", SPEC.as_bytes()),
        ("model-1.safetensors", &safetensors(&weights)),
        ("model-2.safetensors", &safetensors(&weights[..4000])),
        ("config.json", config),
        ("tokenizer/tokenizer.json", b"{}"),
        ("README.md", b"# Tiny\n\nA model for tests.\n"),
        ("LICENSE", b"The licence text.\n"),
        ("code/run.py", b"print('run')\n"),
        ("code/deep/er/util.py", b"def util():\n    pass\n"),
        ("code/__init__.py", b""),
        ("data/croissant.json", br#"{"@type":"sc:Dataset","name":"Tiny corpus"}"#),
    ];
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
}
