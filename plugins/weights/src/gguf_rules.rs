//! What holds within a GGUF file, beyond what its header must be to be read.
//!
//! Sources: `docs/gguf.md` of ggml (alignment, unique keys and names, required keys);
//! `gguf_init_from_file_impl` in `gguf.cpp` (offsets follow each other, alignment is a
//! power of two); `llama-model.cpp` of llama.cpp (which keys `load_hparams` asks for).

use std::collections::HashSet;

use pkg_formats::gguf::{Header, Value};

use crate::files::WeightFile;
use pkg_plugin_sdk::section::{Section, quoted};

/// Keys that every known family needs, after the name of the family and a dot.
const WHOLE: [&str; 4] =
    ["block_count", "context_length", "embedding_length", "attention.head_count"];
/// Keys that are whole numbers, or arrays of them, wherever they are.
const COUNTS: [&str; 12] = [
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "rope.dimension_count",
    "expert_count",
    "expert_used_count",
    "vocab_size",
];
/// Families whose needs are known, and the key of the epsilon of their norms.
const FAMILIES: [(&str, &str); 14] = [
    ("llama", "attention.layer_norm_rms_epsilon"),
    ("qwen2", "attention.layer_norm_rms_epsilon"),
    ("qwen2moe", "attention.layer_norm_rms_epsilon"),
    ("qwen3", "attention.layer_norm_rms_epsilon"),
    ("qwen3moe", "attention.layer_norm_rms_epsilon"),
    ("gemma", "attention.layer_norm_rms_epsilon"),
    ("gemma2", "attention.layer_norm_rms_epsilon"),
    ("gemma3", "attention.layer_norm_rms_epsilon"),
    ("phi3", "attention.layer_norm_rms_epsilon"),
    ("phi2", "attention.layer_norm_epsilon"),
    ("gpt2", "attention.layer_norm_epsilon"),
    ("starcoder2", "attention.layer_norm_epsilon"),
    ("bert", "attention.layer_norm_epsilon"),
    ("nomic-bert", "attention.layer_norm_epsilon"),
];

/// Looks at the header of one file.
pub(crate) fn look(file: &mut WeightFile<'_>, section: &mut Section) {
    let Some(header) = &file.gguf else { return };
    let path = file.path();
    for key in header.repeated.iter().take(1_000) {
        section.error("gguf-repeated-key", path, format!("the key {} repeats", quoted(key)));
    }
    if header.dropped > 0 {
        section.warn(
            "gguf-keys-not-read",
            path,
            format!("{} metadata entries are over the limits and were not read", header.dropped),
        );
    }
    let alignment = alignment(header, path, section);
    names(file, section);
    types(file, section);
    let overlaps = layout(file, header, alignment, section);
    keys(header, path, section);
    file.overlaps = overlaps;
}

/// The alignment; 32 unless said otherwise.
fn alignment(header: &Header, path: &str, section: &mut Section) -> u64 {
    let key = "general.alignment";
    let Some(value) = header.metadata.get(key) else { return 32 };
    let number = header.number(key);
    match (value, number) {
        (Value::Unsigned(_), Some(number)) if number.is_power_of_two() => number,
        (Value::Unsigned(_), Some(number)) => {
            let detail = format!("general.alignment is {number}, no power of two");
            section.error("gguf-alignment", path, detail);
            number.max(1)
        }
        _ => {
            let detail = format!("general.alignment is {}, no unsigned number", kind_of(value));
            section.error("gguf-key-type", path, detail);
            32
        }
    }
}

fn names(file: &WeightFile<'_>, section: &mut Section) {
    let mut seen = HashSet::new();
    for tensor in &file.tensors {
        if !seen.insert(tensor.name.as_str()) {
            let detail = format!("two tensors are called {}", quoted(&tensor.name));
            section.error("gguf-repeated-tensor", file.path(), detail);
        }
        // `GGML_MAX_NAME` counts a zero at the end.
        if tensor.name.len() > 63 {
            let detail = format!(
                "the name of tensor {} has {} bytes; ggml takes 63",
                quoted(&tensor.name),
                tensor.name.len()
            );
            section.error("gguf-tensor-name", file.path(), detail);
        }
        if tensor.shape.len() > 4 {
            let detail = format!(
                "tensor {} has {} dimensions; ggml takes 4",
                quoted(&tensor.name),
                tensor.shape.len()
            );
            section.error("gguf-tensor-rank", file.path(), detail);
        }
    }
}

fn types(file: &WeightFile<'_>, section: &mut Section) {
    for tensor in file.tensors.iter().filter(|tensor| tensor.dtype.name == "unknown") {
        section.error(
            "gguf-tensor-type",
            file.path(),
            format!(
                "tensor {} has a type that is not known; its extent was not checked",
                quoted(&tensor.name)
            ),
        );
    }
}

/// Alignment of offsets, and overlaps; the answer is whether there are any of those.
fn layout(file: &WeightFile<'_>, header: &Header, alignment: u64, section: &mut Section) -> bool {
    let mut order: Vec<_> = file.tensors.iter().collect();
    order.sort_by_key(|tensor| (tensor.start, tensor.bytes));
    let (mut end, mut overlaps, mut before) = (header.data_start, 0_u64, None);
    let mut holes = 0_u64;
    for tensor in order {
        let offset = tensor.start.saturating_sub(header.data_start);
        if !offset.is_multiple_of(alignment) {
            let name = quoted(&tensor.name);
            let detail =
                format!("tensor {name} begins at {offset} of the data, no multiple of {alignment}");
            section.error("gguf-tensor-alignment", file.path(), detail);
        }
        if tensor.start < end && tensor.bytes > 0 {
            overlaps += 1;
            let other = before.map_or_else(String::new, |name: &str| quoted(name));
            let detail = format!(
                "tensor {} shares {} bytes with {other}",
                quoted(&tensor.name),
                end - tensor.start
            );
            section.error("gguf-tensor-overlap", file.path(), detail);
        }
        let padded = end.checked_next_multiple_of(alignment).unwrap_or(end);
        holes = holes.saturating_add(tensor.start.saturating_sub(padded));
        let next = tensor.start.saturating_add(tensor.bytes);
        if next > end {
            (end, before) = (next, Some(tensor.name.as_str()));
        }
    }
    let padded = end.checked_next_multiple_of(alignment).unwrap_or(end);
    let tail = file.file.bytes.saturating_sub(padded);
    if holes > 0 || (tail > 0 && !file.tensors.is_empty()) {
        section.warn(
            "gguf-unused-bytes",
            file.path(),
            format!("{holes} bytes between tensors and {tail} after them belong to none"),
        );
    }
    overlaps > 0
}

/// Types of the keys that matter, and whether those that the family needs are there.
fn keys(header: &Header, path: &str, section: &mut Section) {
    let kind = header.text("general.type").unwrap_or("model");
    let part = header.number("split.no").is_some_and(|no| no > 0);
    let Some(family) = header.architecture() else {
        match header.metadata.get("general.architecture") {
            Some(value) => {
                let detail = format!("general.architecture is {}, no text", kind_of(value));
                section.error("gguf-key-type", path, detail);
            }
            None if kind == "model" && !part => {
                section.error("gguf-key-missing", path, "general.architecture is not there");
            }
            None => {}
        }
        return;
    };
    for key in COUNTS {
        let key = format!("{family}.{key}");
        match header.metadata.get(&key) {
            None | Some(Value::Unsigned(_)) => {}
            Some(Value::Array(array)) if matches!(array.element, 0 | 2 | 4 | 5 | 10) => {}
            Some(value) => {
                let detail = format!("{} is {}, no unsigned number", quoted(&key), kind_of(value));
                section.error("gguf-key-type", path, detail);
            }
        }
    }
    let known = FAMILIES.iter().find(|(name, _)| *name == family);
    if let (Some((_, epsilon)), "model", false) = (known, kind, part) {
        for key in WHOLE.iter().chain([epsilon]) {
            let key = format!("{family}.{key}");
            if !header.metadata.contains_key(&key) {
                section.error("gguf-key-missing", path, format!("{key} is not there"));
            }
        }
        let key = format!("{family}.{epsilon}");
        if let Some(value) = header.metadata.get(&key)
            && !matches!(value, Value::Float(number) if number.is_finite() && *number >= 0.0)
        {
            let detail = format!("{key} is {}, no real number of 0 or more", kind_of(value));
            section.error("gguf-key-type", path, detail);
        }
    }
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("the truth value {value}"),
        Value::Unsigned(number) => format!("the number {number}"),
        Value::Signed(number) => format!("the signed number {number}"),
        Value::Float(number) => format!("the real number {number}"),
        Value::Text(text) => format!("the text {}", quoted(text)),
        Value::Long { len, .. } => format!("a text of {len} bytes"),
        Value::Array(array) => format!("an array of {} elements", array.len),
    }
}
