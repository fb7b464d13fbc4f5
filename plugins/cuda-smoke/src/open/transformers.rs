//! Models in safetensors, with the `config.json` of transformers.
//!
//! Names and defaults: `configuration_*.py` and `modeling_*.py` of llama, mistral and
//! qwen2 in transformers.

use std::collections::BTreeMap;
use std::io::BufReader;

use pkg_plugin_sdk::{File, SkipReason};
use serde::Deserialize;

use super::config::Config;
use super::gguf::Sizes;
use super::tensors::{Entry, Tensors};
use super::{bert, failed, folder, rope, sibling, unsupported};
use crate::engine::{EngineError, Result};
use crate::model::{Decoder, DecoderLayer, Model, Network, RopePairs};
use crate::source::{self, reading};

/// Most bytes of a list of shards.
const MAX_INDEX: u64 = 64 << 20;
/// Most shards.
const MAX_SHARDS: usize = 1000;
/// Window of mistral where the configuration does not say.
const MISTRAL_WINDOW: usize = 4096;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The files that a list of shards names, in the order of their names.
pub(super) fn shards<'a>(files: &'a [File], index: &File) -> Result<Vec<&'a File>> {
    let parsed = read_index(index)?;
    let mut names: Vec<&str> = parsed.weight_map.values().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || names.len() > MAX_SHARDS {
        return Err(failed(format!("{} names {} shards", index.path, names.len())));
    }
    let find = |name: &str| {
        sibling(files, folder(&index.path), name)
            .ok_or_else(|| failed(format!("{} names {name:?}, which is missing", index.path)))
    };
    names.into_iter().map(find).collect()
}

fn read_index(file: &File) -> Result<Index> {
    let bytes = source::small(file, MAX_INDEX)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| failed(format!("{} is not the JSON it should be: {error}", file.path)))
}

pub(super) fn open(all: &[File], folder_of: &str, files: Vec<&File>) -> Result<Model> {
    let config = sibling(all, folder_of, "config.json").ok_or_else(|| {
        let text = "there is no config.json beside the safetensors file".to_owned();
        EngineError::Skip(SkipReason::UnsupportedArchitecture, text)
    })?;
    let config = Config::read(config)?;
    let mut tensors = read_headers(&files)?;
    if let Some(index) = sibling(all, folder_of, super::INDEX)
        && files.len() > 1
    {
        check_index(index, &files, &tensors)?;
    }
    if config.get("quantization_config").is_some() {
        return Err(unsupported("safetensors with a quantization_config cannot be run"));
    }
    let architecture = config.architecture().unwrap_or_default().to_owned();
    let network = match architecture.as_str() {
        "LlamaForCausalLM" | "llama" | "MistralForCausalLM" | "mistral" | "Qwen2ForCausalLM"
        | "qwen2" => Network::Decoder(decoder(&config, &architecture, &mut tensors)?),
        "BertModel" | "BertForMaskedLM" | "bert" => {
            Network::Encoder(bert::encoder(&config, &mut tensors)?)
        }
        other => {
            return Err(unsupported(format!("models of the architecture {other:?} cannot be run")));
        }
    };
    Ok(Model { architecture, network, files: files.into_iter().cloned().collect() })
}

fn read_headers(files: &[&File]) -> Result<Tensors> {
    let mut tensors = Tensors::of(files);
    for (number, file) in files.iter().enumerate() {
        let reader = file.open().map_err(|error| reading(file, &error))?;
        let header = pkg_formats::safetensors::parse(&mut BufReader::new(reader), file.bytes)
            .map_err(|reason| failed(format!("{}: {reason}", file.path)))?;
        // Tensors cover the data without a gap: it starts so far from the end.
        let data = header.tensors.last().map_or(0, |tensor| tensor.offsets.1);
        let start = file.bytes.saturating_sub(data);
        for tensor in header.tensors {
            let offset = start.saturating_add(tensor.offsets.0);
            let entry = Entry { dtype: tensor.dtype, shape: tensor.shape, file: number, offset };
            tensors.insert(tensor.name, entry)?;
        }
    }
    Ok(tensors)
}

/// Every tensor lies where the list says.
fn check_index(index: &File, files: &[&File], tensors: &Tensors) -> Result<()> {
    for (tensor, shard) in &read_index(index)?.weight_map {
        let held = tensors.file_of(tensor).and_then(|number| files.get(number));
        if held.is_none_or(|file| file.name() != shard) {
            return Err(failed(format!("{}: {tensor} is not in {shard}", index.path)));
        }
    }
    Ok(())
}

fn decoder(config: &Config, architecture: &str, tensors: &mut Tensors) -> Result<Decoder> {
    let width = config.need("hidden_size")?;
    let heads = config.need("num_attention_heads")?;
    let kv_heads = config.number("num_key_value_heads")?.unwrap_or(heads);
    let head_width = config.number("head_dim")?.unwrap_or(width / heads);
    let sizes = Sizes::new(width, heads, kv_heads, head_width, config.need("intermediate_size")?)?;
    if config.text("hidden_act").is_some_and(|name| name != "silu") {
        return Err(unsupported("decoders with another activation than silu cannot be run"));
    }
    let vocabulary = tensors.rows("model.embed_tokens.weight")?;
    if config.number("vocab_size")?.is_some_and(|size| size != vocabulary) {
        return Err(failed(format!(
            "the embedding has {vocabulary} rows, but the configuration says {:?}",
            config.number("vocab_size")?
        )));
    }
    let embedding = tensors.matrix("model.embed_tokens.weight", vocabulary, width)?;
    let head = if config.is_true("tie_word_embeddings") {
        tensors.pass("lm_head.weight");
        embedding.clone()
    } else {
        tensors.matrix("lm_head.weight", vocabulary, width)?
    };
    let count = config.need("num_hidden_layers")?;
    let layers =
        (0..count).map(|i| layer(tensors, i, &sizes, architecture)).collect::<Result<_>>()?;
    let norm = tensors.vector("model.norm.weight", width)?;
    let ignored = |name: &&str| !name.ends_with("rotary_emb.inv_freq");
    if let Some(name) = tensors.rest().find(ignored) {
        return Err(unsupported(format!("{architecture} with a tensor {name} cannot be run")));
    }
    Ok(Decoder {
        width,
        heads,
        kv_heads,
        head_width,
        context: context(config, architecture)?,
        epsilon: config.real("rms_norm_eps")?.unwrap_or(1e-6) as f32,
        rope_frequencies: frequencies(config, head_width)?,
        rope_pairs: RopePairs::Halves,
        embedding,
        layers,
        norm,
        head,
    })
}

/// Positions up to which every token sees all before it.
fn context(config: &Config, architecture: &str) -> Result<usize> {
    let context = config.need("max_position_embeddings")?;
    let slides = match architecture {
        "MistralForCausalLM" | "mistral" => true,
        "Qwen2ForCausalLM" | "qwen2" => config.is_true("use_sliding_window"),
        _ => false,
    };
    let window = match config.number("sliding_window")? {
        Some(window) if slides => window,
        None if slides && !config.0.contains_key("sliding_window") => MISTRAL_WINDOW,
        _ => context,
    };
    Ok(context.min(window))
}

fn layer(
    tensors: &mut Tensors,
    number: usize,
    sizes: &Sizes,
    architecture: &str,
) -> Result<DecoderLayer> {
    let name = |part: &str| format!("model.layers.{number}.{part}");
    let Sizes { width, queries, keys, ffn } = *sizes;
    let layer = DecoderLayer {
        attention_norm: tensors.vector(&name("input_layernorm.weight"), width)?,
        query: tensors.linear(&name("self_attn.q_proj"), queries, width)?,
        key: tensors.linear(&name("self_attn.k_proj"), keys, width)?,
        value: tensors.linear(&name("self_attn.v_proj"), keys, width)?,
        output: tensors.linear(&name("self_attn.o_proj"), width, queries)?,
        ffn_norm: tensors.vector(&name("post_attention_layernorm.weight"), width)?,
        gate: tensors.linear(&name("mlp.gate_proj"), ffn, width)?,
        up: tensors.linear(&name("mlp.up_proj"), ffn, width)?,
        down: tensors.linear(&name("mlp.down_proj"), width, ffn)?,
    };
    let biased = [&layer.query, &layer.key, &layer.value].iter().all(|part| part.bias.is_some());
    if architecture.to_ascii_lowercase().starts_with("qwen2") && !biased {
        return Err(failed(format!("layer {number} lacks a bias that {architecture} has")));
    }
    Ok(layer)
}

fn frequencies(config: &Config, head_width: usize) -> Result<Vec<f32>> {
    // Newer files have one object for all of it.
    let newer = config.object("rope_parameters")?;
    let older = config.object("rope_scaling")?;
    let base = newer.as_ref().map(|object| object.real("rope_theta")).transpose()?.flatten();
    let base = base.or(config.real("rope_theta")?).unwrap_or(1e4);
    if config.real("partial_rotary_factor")?.is_some_and(|part| part < 1.0) {
        return Err(unsupported("turning a part of each head cannot be run"));
    }
    let mut all = rope::plain(base, head_width);
    let scaling = newer.or(older).unwrap_or_default();
    let need = |key: &str| {
        scaling.real(key)?.ok_or_else(|| failed(format!("the rope scaling lacks {key}")))
    };
    match scaling.text("rope_type").or_else(|| scaling.text("type")).unwrap_or("default") {
        "default" => {}
        "linear" => rope::linear(&mut all, need("factor")?),
        "llama3" => rope::Llama3 {
            factor: need("factor")?,
            low: need("low_freq_factor")?,
            high: need("high_freq_factor")?,
            context: need("original_max_position_embeddings")?,
        }
        .apply(&mut all),
        other => return Err(unsupported(format!("rope scaling {other:?} cannot be run"))),
    }
    rope::finish(&all).ok_or_else(|| failed("a rope frequency is no positive finite number"))
}
