//! Plugins under test. Each exports the one symbol that all have, so no program links two:
//! the plugin is a parameter here, and each test program and wrapper names one.

use pkg_plugin_sdk::{Device, File, Host, Operation, Plugin, Release, Request};

use crate::seeds;

/// A request about these files.
pub fn request(files: Vec<File>) -> Request {
    Request {
        operation: Operation::Verify,
        device: Device::Cpu,
        threads: 1,
        release: Release::default(),
        files,
        settings: serde_json::Map::new(),
    }
}

/// Asks a plugin about files: those of `beside`, and `data` under one of `names`, which
/// its first byte chooses. It answers without contradicting itself, and the same again.
///
/// # Panics
/// If it does not.
pub fn ask<P: Plugin>(names: &[&str], beside: &[(&str, &[u8])], data: &[u8]) {
    let (first, data) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let name = names[usize::from(first) % names.len()];
    let others = beside.iter().filter(|(other, _)| *other != name);
    let files = others.copied().chain([(name, data)]).map(|(name, bytes)| File {
        path: name.to_owned(),
        disk: seeds::file(&format!("plugin/{name}"), bytes),
        offset: 0,
        bytes: bytes.len() as u64,
        digest: String::new(),
        kind: None,
    });
    let request = request(files.collect());
    let answer = || P::run(&request, &Host::none());
    match (answer(), answer()) {
        (Ok(one), Ok(two)) => {
            assert_eq!(one.contradiction(), None);
            let write = |reply| serde_json::to_string(reply).expect("JSON");
            assert_eq!(write(&one), write(&two), "another answer to the same question");
        }
        (Err(one), Err(two)) => assert_eq!(one, two),
        _ => panic!("an answer once, and a refusal once"),
    }
}

/// Inputs for [`ask`]: each content under the name of this number.
pub fn numbered(contents: Vec<(u8, Vec<u8>)>) -> Vec<Vec<u8>> {
    contents.into_iter().map(|(name, content)| [&[name], content.as_slice()].concat()).collect()
}

/// The plugin `pickle`.
pub mod pickle {
    use pkg_plugin_sdk::Plugin;

    use crate::{Form, Target, seeds};

    const NAMES: [&str; 8] =
        ["m.pkl", "m.pt", "m.bin", "m.npz", "m.npy", "m.joblib", "m.safetensors", "none"];

    /// The target, with the plugin linked.
    pub const fn target(run: fn(&[u8])) -> Target {
        Target { name: "pickle", form: Form::Bytes, run, seeds: corpus }
    }

    /// One input.
    pub fn run<P: Plugin>(data: &[u8]) {
        super::ask::<P>(&NAMES, &[], data);
    }

    fn corpus() -> Vec<Vec<u8>> {
        let files = seeds::fixtures("pickle", "").into_iter().filter(|file| file.len() <= 8 << 10);
        super::numbered((0..8).cycle().zip(files).collect())
    }
}

/// The plugin `weights`.
pub mod weights {
    use pkg_formats::samples;
    use pkg_plugin_sdk::Plugin;

    use crate::{Form, Target, seeds};

    const NAMES: [&str; 5] = [
        "model-00001-of-00001.safetensors",
        "model.gguf",
        "model.safetensors.index.json",
        "config.json",
        "adapter_config.json",
    ];
    const CONFIG: &str = r#"{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4,"intermediate_size":8,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"vocab_size":16,"tie_word_embeddings":true,"torch_dtype":"float32"}"#;
    const INDEX: &str = r#"{"metadata":{"total_size":272},"weight_map":{"model.embed_tokens.weight":"model-00001-of-00001.safetensors","model.norm.weight":"model-00001-of-00001.safetensors"}}"#;
    const HEADER: &str = r#"{"model.embed_tokens.weight":{"dtype":"F32","shape":[16,4],"data_offsets":[0,256]},"model.norm.weight":{"dtype":"F32","shape":[4],"data_offsets":[256,272]}}"#;

    /// The target, with the plugin linked.
    pub const fn target(run: fn(&[u8])) -> Target {
        Target { name: "weights", form: Form::Bytes, run, seeds: corpus }
    }

    /// One input.
    pub fn run<P: Plugin>(data: &[u8]) {
        let whole = samples::safetensors(HEADER, 272);
        let beside = [
            (NAMES[0], whole.as_slice()),
            (NAMES[2], INDEX.as_bytes()),
            (NAMES[3], CONFIG.as_bytes()),
        ];
        super::ask::<P>(&NAMES, &beside, data);
    }

    fn corpus() -> Vec<Vec<u8>> {
        super::numbered(vec![
            (0, samples::safetensors(HEADER, 272)),
            (0, seeds::safetensors()),
            (1, samples::gguf()),
            (2, INDEX.as_bytes().to_vec()),
            (3, CONFIG.as_bytes().to_vec()),
            (4, br#"{"r":8,"target_modules":["q_proj"],"base_model_name_or_path":"x"}"#.to_vec()),
        ])
    }
}

/// The plugin `tokenizer`.
pub mod tokenizer {
    use pkg_formats::samples;
    use pkg_plugin_sdk::Plugin;

    use crate::{Form, Target};

    const NAMES: [&str; 9] = [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.json",
        "merges.txt",
        "vocab.txt",
        "chat_template.jinja",
        "added_tokens.json",
        "model-chat.gguf",
    ];
    const TOKENIZER: &str = r#"{"version":"1.0","added_tokens":[{"id":3,"content":"<s>","special":true},{"id":4,"content":"</s>","special":true}],"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b",["a","b"]],"continuing_subword_prefix":""}}"#;
    const CONFIG: &str = r#"{"bos_token":"<s>","eos_token":{"content":"</s>"},"model_max_length":10,"chat_template":[{"name":"default","template":"{{ messages[0].content }}"}]}"#;
    const CHAT: &str = "{%- set ns = namespace(first=true) -%}\n{{ bos_token }}{% for message in messages if message.role != 'system' %}{% if loop.first and ns.first %}{% set ns.first = false %}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}{% elif message.role is defined %}{{- message.content ~ eos_token }}{% else %}{{ raise_exception('x') }}{% endif %}{% endfor %}{% macro m(x, y=2) %}{{ x * y // 3 ** 2 }}{% endmacro %}{{ m(range(3) | list | length) }}{{ {'a': [1, 2.5, none]} | tojson(indent=2) }}{{ 'a,b'.split(',')[::-1] | join('-') }}";

    /// The target, with the plugin linked.
    pub const fn target(run: fn(&[u8])) -> Target {
        Target { name: "tokenizer", form: Form::Text, run, seeds: corpus }
    }

    /// One input.
    pub fn run<P: Plugin>(data: &[u8]) {
        let beside = [(NAMES[0], TOKENIZER.as_bytes()), (NAMES[1], CONFIG.as_bytes())];
        super::ask::<P>(&NAMES, &beside, data);
    }

    fn corpus() -> Vec<Vec<u8>> {
        let text = |number, text: &str| (number, text.as_bytes().to_vec());
        super::numbered(vec![
            text(0, TOKENIZER),
            text(1, CONFIG),
            text(2, r#"{"bos_token":"<s>","unk_token":{"content":"<unk>","lstrip":false}}"#),
            text(3, r#"{"a":0,"b":1,"ab":2}"#),
            text(4, "#version: 0.2\na b\nab a\n"),
            text(5, "[PAD]\n[UNK]\na\n##b\n"),
            text(6, CHAT),
            text(
                6,
                "{% for i in range(10) %}{{ loop.index }}{% endfor %}{{ strftime_now('%Y') }}{# c #}{% generation %}x{% endgeneration %}",
            ),
            text(7, r#"{"<s>":3}"#),
            (8, samples::gguf()),
        ])
    }
}

/// The plugin `cuda-smoke`.
pub mod cuda_smoke {
    use pkg_formats::samples;
    use pkg_plugin_sdk::Plugin;

    use crate::{Form, Target, seeds};

    const NAMES: [&str; 5] = [
        "golden.json",
        "config.json",
        "model.safetensors.index.json",
        "model.safetensors",
        "model.gguf",
    ];
    const CONFIG: &str = r#"{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4,"intermediate_size":8,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"vocab_size":16,"rms_norm_eps":1e-5,"rope_theta":10000.0,"max_position_embeddings":32,"tie_word_embeddings":true,"hidden_act":"silu"}"#;
    const GOLDEN: &str = r#"{"schema":"urn:x-pkg:golden:v1","engine":"e","arithmetic":"f32","architecture":"llama","weights":[{"path":"model.safetensors","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],"tolerance":{"maxAbs":0.001,"kl":1e-6},"transcripts":[{"prompt":[1,2],"forced":[3],"positions":[{"top":[[3,1.5],[4,1.0]],"logsumexp":2.5,"margin":0.5},{"top":[[3,1.5],[4,1.0]],"logsumexp":2.5,"margin":0.5}],"greedy":[3,4]}]}"#;

    /// The target, with the plugin linked.
    pub const fn target(run: fn(&[u8])) -> Target {
        Target { name: "cuda-smoke", form: Form::Json, run, seeds: corpus }
    }

    /// One input: the first of its bytes that is no JSON chooses a file.
    pub fn run<P: Plugin>(data: &[u8]) {
        let weights = seeds::safetensors();
        let beside = [(NAMES[1], CONFIG.as_bytes()), (NAMES[3], weights.as_slice())];
        super::ask::<P>(&NAMES, &beside, data);
    }

    fn corpus() -> Vec<Vec<u8>> {
        let text = |number, text: &str| (number, text.as_bytes().to_vec());
        let mut all = super::numbered(vec![
            text(0, GOLDEN),
            text(1, CONFIG),
            text(2, r#"{"weight_map":{"w":"model.safetensors"}}"#),
            (3, seeds::safetensors()),
            (4, samples::gguf()),
        ]);
        all.push(GOLDEN.as_bytes().to_vec());
        all
    }
}
