use pkg_plugin_sdk::{Outcome, Severity};
use serde_json::{Value, json};

use super::make::{Made, config, tokenizer, tokenizer_config, weights, whole};

#[test]
fn a_whole_tokenizer_passes() {
    let made = whole(&tokenizer(), &tokenizer_config(), &config());
    let reply = made.look();
    assert_eq!((reply.outcome, &reply.findings[..]), (Outcome::Passed, &[][..]), "{reply:?}");
    assert!(reply.checks.iter().all(|check| check.outcome == Outcome::Passed), "{reply:?}");
    let chat = made.check("chat-template").detail.unwrap();
    assert!(chat.contains("5 of 5 samples"), "{chat}");
}

#[test]
fn nothing_to_check_is_a_skip() {
    let made = Made::new().file("model.safetensors", weights(3)).json("config.json", &config());
    assert_eq!(made.look().outcome, Outcome::Skipped);
    assert_eq!(Made::new().look().outcome, Outcome::Skipped);
}

/// Codes after one value of one of the three files was changed.
fn changed(file: usize, pointer: &str, value: Value) -> Vec<String> {
    let mut files = [tokenizer(), tokenizer_config(), config()];
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = files[file].pointer_mut(parent).unwrap();
    match parent {
        Value::Object(map) => {
            map.insert(name.to_owned(), value);
        }
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        _ => unreachable!(),
    }
    let [tokenizer, tokenizer_config, config] = files;
    whole(&tokenizer, &tokenizer_config, &config).codes()
}

#[test]
fn every_disagreement_has_its_code() {
    for (file, pointer, value, expected) in [
        (0, "/model/vocab/e", json!(8), &["vocab-exceeds-embedding"][..]),
        (0, "/model/vocab/e", json!(0), &["vocab-id-repeated"]),
        (
            0,
            "/added_tokens/1/id",
            json!(6),
            &[
                "added-token-disagrees",
                "added-token-repeated",
                "special-token-disagrees",
                "vocab-id-repeated",
                "vocab-padding",
            ],
        ),
        (0, "/added_tokens/1/special", json!(false), &["special-flag-disagrees"]),
        (0, "/model/merges/0", json!("a x"), &["merge-unknown-token"]),
        (0, "/model/merges/0", json!(["b", "a"]), &["merge-unknown-token"]),
        (0, "/model/unk_token", json!("<unk>"), &["special-token-missing"]),
        (1, "/bos_token", json!("<bos>"), &["special-token-missing"]),
        (1, "/mask_token", json!("<mask>"), &["special-token-missing"]),
        (1, "/bos_token", json!("a"), &["special-token-disagrees"]),
        (1, "/chat_template", json!("{{ x"), &["template-syntax"]),
        (1, "/chat_template", json!("{% include 'a' %}"), &["template-include"]),
        (1, "/chat_template", json!("{{ ''.__class__ }}"), &["template-escape"]),
        (1, "/chat_template", json!("{{ 'a' * 999999999 }}"), &["template-runaway"]),
        (1, "/chat_template", json!("{{ messages | unheard }}"), &["template-unknown"]),
        (1, "/chat_template", json!("{{ '%d' % 1 }}"), &["template-not-run"]),
        (1, "/chat_template", json!("{{ raise_exception('x') }}"), &["template-refuses"]),
        (1, "/chat_template", json!("{{ nothing.x }}"), &["template-fails", "template-variable"]),
        (1, "/chat_template", json!("<|im_start|>"), &["template-token-missing"]),
        (
            1,
            "/chat_template",
            json!([{"name": "default", "template": "{{ x"}]),
            &["template-syntax"],
        ),
        (2, "/eos_token_id", json!(8), &["special-id-out-of-range", "special-token-disagrees"]),
        (2, "/eos_token_id", json!([1, 7]), &[]),
        (2, "/eos_token_id", json!(1), &["special-token-disagrees"]),
        (2, "/pad_token_id", json!(-1), &["special-id-negative"]),
        (2, "/decoder_start_token_id", json!(99), &["special-id-out-of-range"]),
    ] {
        let codes = changed(file, pointer, value.clone());
        assert_eq!(codes, expected, "{pointer} {value}");
    }
}

#[test]
fn an_added_token_has_its_number_of_the_vocabulary() {
    let mut tokens = tokenizer();
    tokens["model"]["vocab"]["</s>"] = 8.into();
    let codes = whole(&tokens, &tokenizer_config(), &config()).codes();
    let count = |code: &str| codes.iter().filter(|found| *found == code).count();
    assert_eq!(count("added-token-disagrees"), 2, "{codes:?}");
    assert_eq!(count("special-token-disagrees"), 1, "{codes:?}");
}

#[test]
fn an_end_is_needed_by_what_writes() {
    let mut tokens = tokenizer_config();
    tokens.as_object_mut().unwrap().remove("eos_token");
    let mut config = config();
    config.as_object_mut().unwrap().remove("eos_token_id");
    let codes = whole(&tokenizer(), &tokens, &config).codes();
    assert!(codes.contains(&"eos-missing".to_owned()), "{codes:?}");
    config["architectures"] = json!(["BertModel"]);
    let codes = whole(&tokenizer(), &tokens, &config).codes();
    assert!(!codes.contains(&"eos-missing".to_owned()), "{codes:?}");
}

#[test]
fn rows_beyond_the_tokens_are_a_note() {
    let made = Made::new().json("tokenizer.json", &tokenizer()).file("a.safetensors", weights(64));
    let reply = made.look();
    assert_eq!((reply.outcome, reply.findings.len()), (Outcome::Passed, 1));
    assert_eq!(reply.findings[0].severity, Severity::Note);
    assert!(reply.findings[0].detail.contains("64 rows for 8 tokens, 56 more"));
    let made = Made::new()
        .json("tokenizer.json", &tokenizer())
        .json("config.json", &json!({"vocab_size": 7}));
    assert_eq!(made.codes(), ["vocab-exceeds-config"]);
}

#[test]
fn older_forms_are_read() {
    let made = Made::new()
        .json("vocab.json", &json!({"a": 0, "b": 1, "ab": 2, "z": 5}))
        .file("merges.txt", "#version: 0.2\na b\nab z\n")
        .json("added_tokens.json", &json!({"<x>": 6}))
        .json("special_tokens_map.json", &json!({"eos_token": "<x>", "pad_token": "<y>"}));
    assert_eq!(made.codes(), ["merge-unknown-token", "special-token-missing", "vocab-holes"]);
    let made = Made::new().file("vocab.txt", "[UNK]\na\nb\na\n");
    assert_eq!(made.codes(), ["vocab-token-repeated"]);
    let unigram =
        json!({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.5]]}});
    let made = Made::new().json("tokenizer.json", &unigram);
    assert_eq!(made.codes(), [""; 0]);
    assert!(made.check("vocabulary").detail.unwrap().contains("2 tokens"));
    let twice = r#"{"a": 0, "a": 1}"#;
    assert_eq!(Made::new().file("vocab.json", twice).codes(), ["vocab-token-repeated"]);
    let pieces = json!({"model": {"type": "BPE", "continuing_subword_prefix": "##",
        "vocab": {"a": 0, "##b": 1, "ab": 2}, "merges": ["a ##b"]}});
    assert_eq!(Made::new().json("tokenizer.json", &pieces).codes(), [""; 0]);
}

#[test]
fn templates_of_all_files_agree() {
    let other = whole(&tokenizer(), &tokenizer_config(), &config())
        .file("chat_template.jinja", "{{ messages[0].content }}");
    assert_eq!(other.codes(), ["template-differs"]);
    let text = tokenizer_config()["chat_template"].as_str().unwrap().to_owned() + "\n";
    let same = whole(&tokenizer(), &tokenizer_config(), &config())
        .file("chat_template.jinja", &text)
        .json("chat_template.json", &json!({"chat_template": text}));
    assert_eq!(same.codes(), [""; 0]);
}

#[test]
fn a_model_for_chats_without_a_template_is_noted() {
    let mut made = Made::new().json("tokenizer.json", &tokenizer());
    assert_eq!(made.codes(), [""; 0]);
    assert_eq!(made.check("chat-template").outcome, Outcome::Skipped);
    made.request.release.name = "Example-7B-Instruct".to_owned();
    assert_eq!(made.codes(), ["template-absent"]);
    made.request.release.name = "commits".to_owned();
    assert_eq!(made.codes(), [""; 0]);
}

#[test]
fn unread_files_do_not_hide_the_others() {
    let made = Made::new()
        .file("tokenizer.json", "{")
        .json("vocab.json", &json!({"a": 0, "b": 0}))
        .file("config.json", [0xff, 0xfe])
        .file("special_tokens_map.json", r#"{"a": 1, "a": 2}"#)
        .file("merges.txt", "one\n");
    let codes = made.codes();
    assert_eq!(
        codes,
        ["tokenizer-file"; 4].into_iter().chain(["vocab-id-repeated"]).collect::<Vec<_>>()
    );
}
