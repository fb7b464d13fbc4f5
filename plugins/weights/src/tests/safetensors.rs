use pkg_plugin_sdk::{Outcome, Reply, Severity};

use super::make::{Made, Put, config, floats, llama, safetensors};

fn check(reply: &Reply, name: &str) -> (Outcome, String) {
    let check = reply.checks.iter().find(|check| check.name == name).unwrap();
    (check.outcome, check.detail.clone().unwrap_or_default())
}

fn with(tensors: &[Put], config: &serde_json::Value) -> Made {
    Made::new()
        .file("m/model.safetensors", safetensors(tensors))
        .file("m/config.json", config.to_string())
}

#[test]
fn a_good_model_passes() {
    let reply = with(&llama(), &config()).look();
    assert_eq!((reply.outcome, &reply.findings[..]), (Outcome::Passed, &[][..]), "{reply:?}");
    let (outcome, detail) = check(&reply, "config-agreement");
    assert_eq!(outcome, Outcome::Passed);
    assert!(detail.contains("21 tensors of llama compared, 2 layers, 0"), "{detail}");
    assert_eq!(check(&reply, "index").0, Outcome::Skipped);
    let parameters = reply.metrics.iter().find(|metric| metric.name == "parameters").unwrap();
    let expected: u64 = llama().iter().map(|put| put.shape.iter().product::<u64>()).sum();
    assert_eq!(parameters.value, expected as f64);
}

#[test]
fn nothing_to_check_is_a_skip() {
    let made = Made::new().file("README.md", "text").file("w.bin", [0; 40]);
    assert_eq!(made.look().outcome, Outcome::Skipped);
    let made = made.kind("model-parameters-final");
    assert!(made.look().summary.contains("1 weight file(s)"));
}

#[test]
fn weights_are_known_by_content() {
    let made = Made::new().file("weights", safetensors(&llama()));
    assert_eq!(made.look().outcome, Outcome::Passed);
    let mut cut = safetensors(&llama());
    cut.pop();
    let made = Made::new().file("weights", &cut);
    assert_eq!(made.look().outcome, Outcome::Skipped, "it may be anything");
    let made = made.kind("model-parameters-final");
    assert_eq!(made.codes(), ["safetensors-header"]);
}

#[test]
fn problems_of_all_files_are_told() {
    let made = Made::new()
        .file("a.safetensors", "x")
        .file("b.gguf", "y")
        .file("c.safetensors", safetensors(&llama()));
    assert_eq!(made.codes(), ["gguf-header", "safetensors-header"]);
    let reply = made.look();
    assert_eq!(reply.outcome, Outcome::Failed);
    let headers = check(&reply, "headers").1;
    assert!(headers.contains("2 file(s) that cannot be read"), "{headers}");
    assert_eq!(check(&reply, "values").0, Outcome::Passed, "the third is looked at");
}

#[test]
fn every_size_is_held_against_the_configuration() {
    for (key, value, expected) in [
        ("hidden_size", 16, "shape-disagrees"),
        ("num_hidden_layers", 3, "layer-count"),
        ("num_hidden_layers", 1, "layer-count"),
        ("num_attention_heads", 4, "shape-disagrees"),
        ("num_key_value_heads", 2, "shape-disagrees"),
        ("intermediate_size", 13, "shape-disagrees"),
        ("vocab_size", 11, "shape-disagrees"),
        ("head_dim", 2, "shape-disagrees"),
        ("num_key_value_heads", 3, "config-heads"),
        ("vocab_size", 0, "config-value"),
    ] {
        let mut config = config();
        config[key] = value.into();
        let codes = with(&llama(), &config).codes();
        assert!(codes.iter().any(|code| code == expected), "{key}: {codes:?}");
    }
    let mut text = config();
    text["hidden_size"] = "8".into();
    assert!(with(&llama(), &text).codes().contains(&"config-value".to_owned()));
}

#[test]
fn a_layer_that_lacks_a_tensor_is_named() {
    let mut tensors = llama();
    tensors.retain(|put| put.name != "model.layers.1.mlp.up_proj.weight");
    assert_eq!(with(&tensors, &config()).codes(), ["tensor-missing"]);
    let mut tensors = llama();
    tensors.retain(|put| !put.name.contains("layers.0."));
    assert_eq!(with(&tensors, &config()).codes(), ["layer-count"]);
}

#[test]
fn heads_and_ties_agree() {
    let mut tensors = llama();
    tensors.retain(|put| put.name != "lm_head.weight");
    assert_eq!(with(&tensors, &config()).codes(), ["head-missing"]);
    let mut tied = config();
    tied["tie_word_embeddings"] = true.into();
    assert_eq!(with(&tensors, &tied).look().outcome, Outcome::Passed);
    assert_eq!(with(&llama(), &tied).codes(), ["head-beside-tie"]);
    let mut half = config();
    half["torch_dtype"] = "float16".into();
    assert_eq!(with(&llama(), &half).codes(), ["dtype-disagrees"]);
}

#[test]
fn what_is_not_known_is_not_passed() {
    let mut other = config();
    other["model_type"] = "mystery".into();
    let reply = with(&llama(), &other).look();
    let (outcome, detail) = check(&reply, "config-agreement");
    assert_eq!(outcome, Outcome::Skipped);
    assert!(detail.contains("\"mystery\" is not known here"), "{detail}");
    let reply = with(&[floats("base_model.lora_A.weight", &[2, 2])], &config()).look();
    let (outcome, detail) = check(&reply, "config-agreement");
    assert_eq!(outcome, Outcome::Skipped);
    assert!(detail.contains("none of its tensors"), "{detail}");
    let made = Made::new().file("m.safetensors", safetensors(&llama())).file("config.json", "[");
    assert_eq!(made.codes(), ["config-unreadable"]);
    let deep = "[".repeat(100_000);
    let made = Made::new().file("m.safetensors", safetensors(&llama())).file("config.json", deep);
    assert_eq!(made.codes(), ["config-unreadable"]);
}

fn value(tensors: &mut [Put], name: &str, index: usize, value: f32) {
    let put = tensors.iter_mut().find(|put| put.name == name).unwrap();
    put.data[index * 4..index * 4 + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn values_that_are_not_finite_are_found() {
    let mut tensors = llama();
    value(&mut tensors, "model.layers.1.mlp.up_proj.weight", 5, f32::NAN);
    value(&mut tensors, "model.layers.1.mlp.up_proj.weight", 9, f32::INFINITY);
    let reply = with(&tensors, &config()).look();
    let [finding] = &reply.findings[..] else { panic!("{reply:?}") };
    assert_eq!((finding.code.as_str(), finding.severity), ("nan-values", Severity::Error));
    for part in ["1 values are NaN and 1 infinite", "model.layers.1.mlp.up_proj", "element 5"] {
        assert!(finding.detail.contains(part), "{}", finding.detail);
    }
    let mut tensors = llama();
    value(&mut tensors, "model.norm.weight", 7, f32::NEG_INFINITY);
    value(&mut tensors, "lm_head.weight", 7, 1e30);
    assert_eq!(with(&tensors, &config()).codes(), ["absurd-magnitude", "infinite-values"]);
    let mut mask = floats("attn_mask", &[8, 8]);
    mask.data[..4].copy_from_slice(&f32::NEG_INFINITY.to_le_bytes());
    let reply = Made::new().file("a.safetensors", safetensors(&[mask])).look();
    assert_eq!(reply.outcome, Outcome::Passed);
    assert_eq!(reply.findings[0].severity, Severity::Note);
}

#[test]
fn noughts_weigh_by_what_they_are_for() {
    let zero = |name: &str| {
        let mut tensors = llama();
        tensors.iter_mut().find(|put| put.name == name).unwrap().data.fill(0);
        with(&tensors, &config()).look()
    };
    assert_eq!(zero("model.embed_tokens.weight").outcome, Outcome::Failed);
    assert_eq!(zero("model.layers.0.mlp.down_proj.weight").outcome, Outcome::Warned);
    assert_eq!(zero("model.norm.weight").outcome, Outcome::Warned);
    let mut bias = floats("x.bias", &[8]);
    bias.data.fill(0);
    let reply = Made::new().file("a.safetensors", safetensors(&[bias])).look();
    assert_eq!(reply.outcome, Outcome::Passed);
    assert!(check(&reply, "values").1.contains("1 vector(s) of noughts"));
}

#[test]
fn constant_matrices_and_stretches_of_noughts_are_told() {
    let mut same = floats("w", &[8, 8]);
    same.data = 2_f32.to_le_bytes().repeat(64);
    assert_eq!(
        Made::new().file("a.safetensors", safetensors(&[same])).codes(),
        ["constant-tensor"]
    );
    let mut holed = floats("w", &[256, 256]);
    holed.data[100_000..200_000].fill(0);
    let made = Made::new().file("a.safetensors", safetensors(&[holed]));
    assert_eq!(made.codes(), ["zero-stretches"]);
}

#[test]
fn values_can_be_switched_off() {
    let mut made = with(&llama(), &config());
    made.request.settings.insert("values".to_owned(), false.into());
    let reply = made.look();
    assert_eq!(check(&reply, "values").0, Outcome::Skipped);
    assert_eq!(reply.outcome, Outcome::Passed);
}

fn sharded() -> (Vec<Put>, Vec<Put>, serde_json::Value) {
    let (first, second) = (llama()[..10].to_vec(), llama()[10..].to_vec());
    let mut map = serde_json::Map::new();
    for (tensors, number) in [(&first, 1), (&second, 2)] {
        for put in tensors {
            map.insert(put.name.clone(), format!("model-0000{number}-of-00002.safetensors").into());
        }
    }
    let total: usize = llama().iter().map(|put| put.data.len()).sum();
    let index = serde_json::json!({"metadata": {"total_size": total}, "weight_map": map});
    (first, second, index)
}

fn release(first: &[Put], second: &[Put], index: &serde_json::Value) -> Made {
    Made::new()
        .file("model-00001-of-00002.safetensors", safetensors(first))
        .file("model-00002-of-00002.safetensors", safetensors(second))
        .file("model.safetensors.index.json", index.to_string())
        .file("config.json", config().to_string())
}

#[test]
fn shards_agree_with_their_index() {
    let (first, second, index) = sharded();
    let reply = release(&first, &second, &index).look();
    assert_eq!((reply.outcome, reply.findings.len()), (Outcome::Passed, 0), "{reply:?}");
    assert_eq!(check(&reply, "index").0, Outcome::Passed);
    assert_eq!(check(&reply, "shards").0, Outcome::Passed);
    assert!(check(&reply, "config-agreement").1.contains("21 tensors"));
}

#[test]
fn every_lie_of_an_index_is_named() {
    let (first, second, index) = sharded();
    let codes = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut index = index.clone();
        change(&mut index);
        release(&first, &second, &index).codes()
    };
    let one = "model-00001-of-00002.safetensors";
    assert_eq!(codes(&|i| i["metadata"]["total_size"] = 1.into()), ["index-total-size"]);
    assert_eq!(codes(&|i| i["weight_map"]["ghost"] = one.into()), ["index-tensor-missing"]);
    assert_eq!(codes(&|i| i["weight_map"]["ghost"] = "../x".into()), ["index-shard-unsafe"]);
    assert_eq!(codes(&|i| i["weight_map"]["ghost"] = "x".into()), ["index-shard-missing"]);
    let removed = codes(&|i| {
        i["weight_map"].as_object_mut().unwrap().remove("lm_head.weight");
    });
    assert_eq!(removed, ["index-tensor-unlisted"]);
    assert_eq!(codes(&|i| i["weight_map"] = 7.into()), ["index-absent", "index-unreadable"]);
    let mut both = second.clone();
    both.push(first[0].clone());
    let codes = release(&first, &both, &index).codes();
    assert_eq!(codes, ["index-tensor-twice", "index-total-size"]);
}

#[test]
fn missing_and_misnumbered_shards_are_named() {
    let (first, second, _) = sharded();
    let made = Made::new()
        .file("a/model-00001-of-00003.safetensors", safetensors(&first))
        .file("a/model-00004-of-00003.safetensors", safetensors(&second))
        .file("b/model-00002-of-00003.safetensors", safetensors(&second));
    let codes = made.codes();
    let count = |code: &str| codes.iter().filter(|found| *found == code).count();
    assert_eq!((count("shard-missing"), count("shard-number")), (2, 1), "{codes:?}");
    assert_eq!(count("index-absent"), 2);
}

/// A model of these tensors passes with this configuration, and fails when one value of it
/// is another one.
fn family(tensors: &[(&str, &[u64])], config: &serde_json::Value, layers: &str) {
    let tensors: Vec<Put> = tensors.iter().map(|(name, shape)| floats(name, shape)).collect();
    let reply = with(&tensors, config).look();
    let (outcome, detail) = check(&reply, "config-agreement");
    assert_eq!((outcome, &reply.findings[..]), (Outcome::Passed, &[][..]), "{reply:?}");
    assert!(detail.contains(&format!("{} tensors", tensors.len())), "{detail}");
    let mut more = config.clone();
    more[layers] = 2.into();
    assert_eq!(with(&tensors, &more).codes(), ["layer-count"]);
}

#[test]
fn families_have_their_own_names_and_shapes() {
    family(
        &[
            ("wte.weight", &[10, 8]),
            ("wpe.weight", &[16, 8]),
            ("h.0.ln_1.weight", &[8]),
            ("h.0.attn.c_attn.weight", &[8, 24]),
            ("h.0.attn.c_attn.bias", &[24]),
            ("h.0.attn.c_proj.weight", &[8, 8]),
            ("h.0.mlp.c_fc.weight", &[8, 32]),
            ("h.0.mlp.c_proj.weight", &[32, 8]),
            ("ln_f.weight", &[8]),
        ],
        &serde_json::json!({"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2,
            "n_inner": null, "n_positions": 16, "vocab_size": 10,
            "architectures": ["GPT2LMHeadModel"]}),
        "n_layer",
    );
    family(
        &[
            ("model.embed_tokens.weight", &[10, 8]),
            ("model.layers.0.self_attn.qkv_proj.weight", &[16, 8]),
            ("model.layers.0.self_attn.o_proj.weight", &[8, 8]),
            ("model.layers.0.mlp.gate_up_proj.weight", &[24, 8]),
            ("model.layers.0.mlp.down_proj.weight", &[8, 12]),
            ("model.norm.weight", &[8]),
            ("lm_head.weight", &[10, 8]),
        ],
        &serde_json::json!({"model_type": "phi3", "num_hidden_layers": 1, "hidden_size": 8,
            "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 12,
            "vocab_size": 10, "architectures": ["Phi3ForCausalLM"]}),
        "num_hidden_layers",
    );
    family(
        &[
            ("model.embed_tokens.weight", &[10, 8]),
            ("model.layers.0.self_attn.q_proj.weight", &[12, 8]),
            ("model.layers.0.self_attn.k_proj.weight", &[6, 8]),
            ("model.layers.0.self_attn.o_proj.weight", &[8, 12]),
            ("model.norm.weight", &[8]),
        ],
        &serde_json::json!({"model_type": "gemma", "num_hidden_layers": 1, "hidden_size": 8,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 6,
            "vocab_size": 10, "architectures": ["GemmaForCausalLM"]}),
        "num_hidden_layers",
    );
    family(
        &[
            ("bert.embeddings.word_embeddings.weight", &[10, 8]),
            ("bert.embeddings.position_embeddings.weight", &[16, 8]),
            ("bert.embeddings.token_type_embeddings.weight", &[2, 8]),
            ("bert.encoder.layer.0.attention.self.query.weight", &[8, 8]),
            ("bert.encoder.layer.0.intermediate.dense.weight", &[12, 8]),
            ("bert.encoder.layer.0.output.dense.weight", &[8, 12]),
        ],
        &serde_json::json!({"model_type": "bert", "num_hidden_layers": 1, "hidden_size": 8,
            "num_attention_heads": 2, "intermediate_size": 12, "vocab_size": 10,
            "max_position_embeddings": 16, "type_vocab_size": 2}),
        "num_hidden_layers",
    );
}
