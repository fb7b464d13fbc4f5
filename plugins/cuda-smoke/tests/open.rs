//! From files to a model: what is supported, what is not, and what is a lie.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::doc_markdown,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::too_many_lines
)]

use std::path::Path;

use pkg_cuda_smoke::engine::{Engine, EngineError, Want};
use pkg_cuda_smoke::model::{Model, Network, RopePairs};
use pkg_cuda_smoke::samples::{Family, Sample, request, write};
use pkg_cuda_smoke::{cpu, open};
use pkg_plugin_sdk::{File, Operation, SkipReason};
use proptest::prelude::*;
use serde_json::{Value, json};

fn tiny(family: Family) -> Sample {
    Sample {
        family,
        width: 32,
        heads: 2,
        kv_heads: 1,
        ffn: 32,
        vocabulary: 16,
        ..Sample::default()
    }
}

fn model(files: &[File]) -> Result<Model, EngineError> {
    open::model(&request(Operation::Verify, files.to_vec()))
}

fn decoder(files: &[File]) -> pkg_cuda_smoke::model::Decoder {
    match model(files).unwrap().network {
        Network::Decoder(decoder) => decoder,
        Network::Encoder(_) => panic!("an encoder"),
    }
}

/// The reason why it cannot be run, which is no failure.
fn unsupported(files: &[File]) -> String {
    match model(files).unwrap_err() {
        EngineError::Skip(SkipReason::UnsupportedArchitecture, text) => text,
        other => panic!("{other:?}"),
    }
}

/// What is wrong with it.
fn failed(files: &[File]) -> String {
    match model(files).unwrap_err() {
        EngineError::Failed(text) => text,
        other @ EngineError::Skip(..) => panic!("{other:?}"),
    }
}

fn with_config(folder: &Path, sample: &Sample, changes: &Value) -> Vec<File> {
    let mut files = sample.write_safetensors(folder).unwrap();
    let mut config = sample.config();
    config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    files[1] = write(folder, "config.json", config.to_string().as_bytes()).unwrap();
    files
}

#[test]
fn configurations_are_read_as_transformers_means_them() {
    let place = tempfile::tempdir().unwrap();
    let read = |changes: Value| decoder(&with_config(place.path(), &tiny(Family::Llama), &changes));
    let plain = read(json!({}));
    assert_eq!((plain.width, plain.heads, plain.kv_heads, plain.head_width), (32, 2, 1, 16));
    assert_eq!((plain.context, plain.layers.len(), plain.rope_pairs), (128, 2, RopePairs::Halves));
    assert_eq!(plain.rope_frequencies[0], 1.0);
    assert_eq!(plain.rope_frequencies.len(), 8);
    assert_eq!(plain.head.name, "lm_head.weight");
    assert_eq!(read(json!({"tie_word_embeddings": true})).head.name, "model.embed_tokens.weight");
    assert_eq!(read(json!({"rope_theta": null})), plain, "the base is 10,000 unless told");
    assert_eq!(read(json!({"rope_scaling": {"type": "default"}})), plain);
    let linear = read(json!({"rope_scaling": {"type": "linear", "factor": 4.0}}));
    assert_eq!(linear.rope_frequencies[0], 0.25);
    let llama3 = json!({"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 64}});
    let scaled = read(llama3).rope_frequencies;
    assert_eq!(scaled[0], 1.0, "a fast turn stays");
    assert!((scaled[7] * 8.0 / plain.rope_frequencies[7] - 1.0).abs() < 1e-6, "a slow one slows");
    let newer = read(
        json!({"rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 100.0}}),
    );
    assert!(newer.rope_frequencies[7] > plain.rope_frequencies[7]);
    let mistral = json!({"architectures": ["MistralForCausalLM"], "sliding_window": 20});
    assert_eq!(read(mistral).context, 20, "no token may lose sight of another");
    let mistral = json!({"architectures": ["MistralForCausalLM"], "sliding_window": null});
    assert_eq!(read(mistral).context, 128);
    assert_eq!(read(json!({"architectures": null})), plain, "the model's type will do");
    let windowed = with_config(place.path(), &tiny(Family::Qwen2), &json!({"sliding_window": 9}));
    assert_eq!(decoder(&windowed).context, 128, "a window that is not used");
}

#[test]
fn what_cannot_be_run_is_said() {
    let place = tempfile::tempdir().unwrap();
    for (changes, wanted) in [
        (json!({"architectures": ["GemmaForCausalLM"]}), "GemmaForCausalLM"),
        (json!({"architectures": [], "model_type": null}), "architecture \"\""),
        (json!({"hidden_act": "gelu"}), "activation"),
        (json!({"rope_scaling": {"type": "yarn"}}), "yarn"),
        (json!({"partial_rotary_factor": 0.5}), "a part"),
        (json!({"quantization_config": {}}), "quantization_config"),
    ] {
        let reason = unsupported(&with_config(place.path(), &tiny(Family::Llama), &changes));
        assert!(reason.contains(wanted), "{reason} lacks {wanted}");
    }
    let bert = |changes| unsupported(&with_config(place.path(), &tiny(Family::Bert), &changes));
    assert!(bert(json!({"hidden_act": "relu"})).contains("activation"));
    assert!(bert(json!({"position_embedding_type": "relative_key"})).contains("positions"));
    // Biases of a qwen2 in a llama that has none stay unused: not what was meant.
    let files = tiny(Family::Llama).write_safetensors(place.path()).unwrap();
    assert!(unsupported(&files[..1]).contains("no config.json"));
    let mut bytes = tiny(Family::Llama).gguf();
    let at = bytes.windows(5).position(|window| window == b"llama").unwrap();
    bytes[at..at + 5].copy_from_slice(b"gemma");
    let file = write(place.path(), "m.gguf", &bytes).unwrap();
    assert!(unsupported(&[file]).contains("\"gemma\""));
}

#[test]
fn lies_are_failures() {
    let place = tempfile::tempdir().unwrap();
    for (changes, wanted) in [
        (json!({"hidden_size": 64}), "[16, 32]"),
        (json!({"hidden_size": null}), "lacks hidden_size"),
        (json!({"hidden_size": -3}), "hidden_size is -3"),
        (json!({"hidden_size": 1e300}), "hidden_size is"),
        (json!({"num_hidden_layers": 3}), "layers.2.input_layernorm.weight is missing"),
        (json!({"num_hidden_layers": 2_000_000_000}), "is missing"),
        (json!({"num_attention_heads": 5, "head_dim": 7}), "heads of 7"),
        (json!({"num_attention_heads": 4_000_000}), "heads of 0"),
        (json!({"num_key_value_heads": 3}), "cannot share"),
        (json!({"num_key_value_heads": 2}), "the shape [16, 32]"),
        (json!({"head_dim": 2_000_000_000}), "the shape"),
        (json!({"vocab_size": 17}), "has 16 rows"),
        (json!({"max_position_embeddings": 0}), "max_position_embeddings is 0"),
        (json!({"rms_norm_eps": -1}), "rms_norm_eps"),
        (json!({"rope_theta": 0}), "rope_theta"),
        (json!({"rope_scaling": {"type": "linear"}}), "lacks factor"),
        (json!({"rope_scaling": "linear"}), "rope_scaling is"),
        (json!({"architectures": ["Qwen2ForCausalLM"]}), "lacks a bias"),
    ] {
        let reason = failed(&with_config(place.path(), &tiny(Family::Llama), &changes));
        assert!(reason.contains(wanted), "{reason} lacks {wanted}");
    }
    let mut files = tiny(Family::Llama).write_safetensors(place.path()).unwrap();
    files[1] = write(place.path(), "config.json", b"[1").unwrap();
    assert!(failed(&files).contains("config.json is not the JSON"));
    files[0] = write(place.path(), "model.safetensors", b"short").unwrap();
    files[1] = write(place.path(), "config.json", b"{}").unwrap();
    assert!(failed(&files).contains("model.safetensors"));
}

#[test]
fn one_layer_less_than_there_is_is_not_run() {
    let place = tempfile::tempdir().unwrap();
    let files = with_config(place.path(), &tiny(Family::Llama), &json!({"num_hidden_layers": 1}));
    assert!(unsupported(&files).contains("model.layers.1"));
    let files = with_config(place.path(), &tiny(Family::Bert), &json!({"num_hidden_layers": 1}));
    assert!(unsupported(&files).contains("encoder.layer.1"));
}

#[test]
fn metadata_of_gguf_is_held_against_the_tensors() {
    let place = tempfile::tempdir().unwrap();
    let patched = |key: &str, value: u32| {
        let mut bytes = tiny(Family::Llama).gguf();
        let at = bytes.windows(key.len()).position(|window| window == key.as_bytes()).unwrap();
        bytes[at + key.len() + 4..][..4].copy_from_slice(&value.to_le_bytes());
        [write(place.path(), "m.gguf", &bytes).unwrap()]
    };
    for (key, value, wanted) in [
        ("embedding_length", 64, "the shape [16, 32]"),
        ("embedding_length", 0, "embedding_length"),
        ("embedding_length", u32::MAX, "embedding_length"),
        ("block_count", 3, "blk.2.attn_norm.weight is missing"),
        ("block_count", 1 << 30, "is missing"),
        ("attention.head_count_kv", 3, "cannot share"),
        ("attention.head_count_kv", 2, "the shape [16, 32]"),
        ("feed_forward_length", 64, "the shape"),
        ("context_length", 0, "context_length"),
        ("rope.freq_base", f32::NAN.to_bits(), "freq_base"),
        ("rope.freq_base", (-1_f32).to_bits(), "freq_base"),
        ("layer_norm_rms_epsilon", 0, "epsilon"),
    ] {
        let reason = failed(&patched(key, value));
        assert!(reason.contains(wanted), "{key}: {reason} lacks {wanted}");
    }
    assert!(unsupported(&patched("block_count", 1)).contains("blk.1"));
    let good = decoder(&patched("block_count", 2));
    assert_eq!(good.rope_pairs, RopePairs::Neighbours);
    let qwen = tiny(Family::Qwen2).write_gguf(place.path()).unwrap();
    let qwen = decoder(&qwen);
    assert_eq!(qwen.rope_pairs, RopePairs::Halves);
    assert!(qwen.layers[0].query.bias.is_some() && qwen.layers[0].output.bias.is_none());
}

#[test]
fn which_model_is_meant_is_clear_or_said() {
    let place = tempfile::tempdir().unwrap();
    let mut files = tiny(Family::Llama).write_safetensors(place.path()).unwrap();
    files.extend(tiny(Family::Qwen2).write_gguf(place.path()).unwrap());
    let reason = failed(&files);
    assert!(
        reason.contains("2 files may be the model (model.safetensors, model.gguf)"),
        "{reason}"
    );
    let chosen = |path: &str| {
        let mut request = request(Operation::Verify, files.clone());
        request.settings.insert("model".to_owned(), path.into());
        open::model(&request)
    };
    assert_eq!(chosen("model.gguf").unwrap().architecture, "qwen2");
    assert_eq!(chosen("model.safetensors").unwrap().architecture, "LlamaForCausalLM");
    assert!(chosen("other").unwrap_err().to_string().contains("no file other"));
    assert!(chosen("config.json").unwrap_err().to_string().contains("neither"));
    // Weights of an earlier time are not what the release is about.
    files[0].kind = Some("model-parameters-intermediate".to_owned());
    assert_eq!(model(&files).unwrap().architecture, "qwen2");
    // By content, whatever the name.
    let mut nameless =
        vec![write(place.path(), "weights.bin", &tiny(Family::Llama).gguf()).unwrap()];
    assert!(model(&nameless).is_err());
    nameless[0].kind = Some("model-parameters-final".to_owned());
    assert_eq!(model(&nameless).unwrap().architecture, "llama");
}

/// A model in two shards, with its list.
fn sharded(folder: &Path) -> Vec<File> {
    let sample = tiny(Family::Llama);
    let whole = sample.safetensors();
    let header = pkg_formats::safetensors::parse(&mut &whole[..], whole.len() as u64).unwrap();
    let data = &whole[whole.len() - header.tensors.last().unwrap().offsets.1 as usize..];
    let (mut files, mut map) = (vec![], serde_json::Map::new());
    let half = header.tensors.len() / 2;
    for (number, tensors) in [&header.tensors[..half], &header.tensors[half..]].iter().enumerate() {
        let name = format!("model-{number}.safetensors");
        let (mut entries, mut bytes) = (serde_json::Map::new(), Vec::<u8>::new());
        for tensor in *tensors {
            let start = bytes.len();
            bytes.extend(&data[tensor.offsets.0 as usize..tensor.offsets.1 as usize]);
            entries.insert(tensor.name.clone(), json!({
                "dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [start, bytes.len()],
            }));
            map.insert(tensor.name.clone(), name.clone().into());
        }
        let header = Value::Object(entries).to_string();
        let mut shard = (header.len() as u64).to_le_bytes().to_vec();
        shard.extend(header.as_bytes());
        shard.extend(bytes);
        files.push(write(folder, &name, &shard).unwrap());
    }
    let index = json!({"metadata": {"total_size": 1}, "weight_map": map}).to_string();
    files.push(write(folder, "model.safetensors.index.json", index.as_bytes()).unwrap());
    files.push(write(folder, "config.json", sample.config().to_string().as_bytes()).unwrap());
    files
}

#[test]
fn shards_are_one_model() {
    let place = tempfile::tempdir().unwrap();
    let run = |files: &[File]| {
        let mut engine = cpu::open(&model(files).unwrap(), 1).unwrap();
        engine.forward(&[1, 2, 3], Want::All).unwrap()
    };
    let files = sharded(place.path());
    let single = tiny(Family::Llama).write_safetensors(place.path()).unwrap();
    assert!(run(&files) == run(&single));
    let mut without = files.clone();
    without.remove(1);
    assert!(failed(&without).contains("model-1.safetensors\", which is missing"));
    let mut index: Value = serde_json::from_slice(&std::fs::read(&files[2].disk).unwrap()).unwrap();
    index["weight_map"]["model.norm.weight"] = "model-0.safetensors".into();
    let mut lying = files.clone();
    let name = "model.safetensors.index.json";
    lying[2] = write(place.path(), name, index.to_string().as_bytes()).unwrap();
    assert!(failed(&lying).contains("model.norm.weight is not in model-0.safetensors"));
    index["weight_map"]["model.norm.weight"] = "../../etc/passwd".into();
    lying[2] = write(place.path(), name, index.to_string().as_bytes()).unwrap();
    assert!(failed(&lying).contains("which is missing"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damage_is_an_answer(
        gguf: bool,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let place = tempfile::tempdir().unwrap();
        let sample = tiny(Family::Llama);
        let (mut bytes, name) = if gguf {
            (sample.gguf(), "model.gguf")
        } else {
            (sample.safetensors(), "model.safetensors")
        };
        // Mostly the header, which is at the start.
        for (at, value) in damage {
            let at = at.index(1600);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut files = vec![write(place.path(), name, &bytes).unwrap()];
        let config = sample.config().to_string();
        files.push(write(place.path(), "config.json", config.as_bytes()).unwrap());
        if let Ok(model) = model(&files) {
            let mut engine = cpu::open(&model, 1).unwrap();
            let _ = engine.forward(&[1, 2], Want::All);
        }
    }
}
