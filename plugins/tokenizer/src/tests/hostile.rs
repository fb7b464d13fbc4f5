use proptest::prelude::*;
use serde_json::{Value, json};

use super::make::{Made, config, entries, gguf, tokenizer, tokenizer_config, whole};

#[test]
fn files_that_are_too_large_are_refused() {
    let mut made = Made::new().file("tokenizer.json", "{}").file("config.json", "{}");
    made.request.files[0].bytes = (64 << 20) + 1;
    made.request.files[1].bytes = (8 << 20) + 1;
    let reply = made.look();
    let found: Vec<_> = reply.findings.iter().map(|f| (f.code.as_str(), &f.detail)).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    for (code, detail) in found {
        assert_eq!(code, "tokenizer-file-too-large");
        assert!(detail.contains("at most"), "{detail}");
    }
}

#[test]
fn deep_json_is_an_error() {
    let deep = "[".repeat(1 << 20);
    for name in ["tokenizer.json", "tokenizer_config.json", "vocab.json", "config.json"] {
        let made = Made::new().file("vocab.txt", "a").file(name, &deep);
        assert_eq!(made.codes(), ["tokenizer-file"], "{name}");
        let made = Made::new().file("vocab.txt", "a").file(name, format!("{{\"x\":{deep}"));
        assert_eq!(made.codes(), ["tokenizer-file"], "{name}");
    }
}

#[test]
fn numbers_at_their_ends_are_answers() {
    for id in [u64::MAX, 1 << 40] {
        let mut tokens = tokenizer();
        tokens["model"]["vocab"]["z"] = id.into();
        let codes = whole(&tokens, &tokenizer_config(), &config()).codes();
        assert_eq!(codes, ["vocab-exceeds-embedding", "vocab-holes"]);
    }
}

#[test]
fn many_templates_come_to_an_end() {
    let templates: Vec<Value> = (0..500)
        .map(|n| json!({"name": n.to_string(), "template": format!("{{{{ {n} }}}}")}))
        .collect();
    let made = Made::new().json("tokenizer_config.json", &json!({"chat_template": templates}));
    let chat = made.check("chat-template").detail.unwrap();
    assert!(chat.contains("16 template(s)"), "{chat}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[a-z<>/{}% ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_files_are_an_answer(a: Vec<u8>, text in ".{0,60}", gguf: Vec<u8>) {
        Made::new()
            .file("tokenizer.json", &a)
            .file("tokenizer_config.json", &text)
            .file("vocab.txt", &text)
            .file("merges.txt", &text)
            .file("chat_template.jinja", &text)
            .file("x.gguf", [b"GGUF\x03\0\0\0", &gguf[..]].concat())
            .look();
    }

    #[test]
    fn any_value_in_any_place_is_an_answer(value in any_json(), which in 0_usize..14) {
        let places = [
            (0, "/model/vocab"), (0, "/model/merges"), (0, "/added_tokens"), (0, "/model"),
            (0, "/model/vocab/a"), (1, "/bos_token"), (1, "/eos_token"),
            (1, "/added_tokens_decoder"), (1, "/chat_template"), (2, "/eos_token_id"),
            (2, "/vocab_size"), (2, "/architectures"), (2, "/bos_token_id"), (0, "/model/type"),
        ];
        let mut files = [tokenizer(), tokenizer_config(), config()];
        let (file, pointer) = places[which];
        *files[file].pointer_mut(pointer).unwrap() = value;
        whole(&files[0], &files[1], &files[2]).look();
    }

    #[test]
    fn changed_gguf_files_are_an_answer(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = gguf(&entries(), 4);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        Made::new().file("m.gguf", bytes).look();
    }
}
