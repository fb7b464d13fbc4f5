use pkg_formats::samples::{entry, text};
use pkg_plugin_sdk::Outcome;

use super::make::{Made, entries, gguf, number, numbers, texts};

fn with(change: impl FnOnce(&mut Vec<Vec<u8>>), rows: u64) -> Vec<String> {
    let mut entries = entries();
    change(&mut entries);
    Made::new().file("m.gguf", gguf(&entries, rows)).codes()
}

#[test]
fn a_good_file_passes() {
    let reply = Made::new().file("m.gguf", gguf(&entries(), 4)).look();
    assert_eq!((reply.outcome, reply.findings.len()), (Outcome::Passed, 0), "{reply:?}");
    assert!(reply.checks.iter().filter(|c| c.outcome == Outcome::Passed).count() >= 5);
}

#[test]
fn every_disagreement_has_its_code() {
    assert_eq!(with(|_| (), 3), ["vocab-exceeds-embedding"]);
    assert_eq!(with(|_| (), 5), ["vocab-padding"]);
    let types = "tokenizer.ggml.token_type";
    assert_eq!(with(|e| e[3] = numbers(types, &[1, 1, 1]), 4), ["gguf-token-arrays"]);
    assert_eq!(with(|e| e[3] = numbers(types, &[1, 0, 7, 1]), 4), ["gguf-token-type"]);
    assert_eq!(with(|e| e[3] = texts(types, &["a"; 4]), 4), ["gguf-token-arrays"]);
    let scores = numbers("tokenizer.ggml.scores", &[1; 4]);
    assert_eq!(with(|e| e.push(scores), 4), ["gguf-token-arrays"]);
    let merges = |words: &[&str]| texts("tokenizer.ggml.merges", words);
    assert_eq!(with(|e| e[4] = merges(&["Ġa x"]), 4), ["merge-unknown-token"]);
    assert_eq!(with(|e| e[4] = merges(&["Ġab"]), 4), ["merge-unreadable"]);
    let eos = |id| number("tokenizer.ggml.eos_token_id", id);
    assert_eq!(with(|e| e[5] = eos(4), 4), ["special-id-out-of-range"]);
    assert_eq!(with(|e| e[5] = eos(u32::MAX), 4), ["special-id-negative"]);
    let float = entry("tokenizer.ggml.eos_token_id", 6, &[0; 4]);
    assert_eq!(with(|e| e[5] = float, 4), ["special-id-out-of-range"]);
    assert_eq!(with(|e| drop(e.remove(5)), 4), ["eos-missing"]);
    let template = |source: &str| entry("tokenizer.chat_template", 8, &text(source));
    assert_eq!(with(|e| e[6] = template("{{ ''.__class__ }}"), 4), ["template-escape"]);
    let long = template(&"a".repeat(70_000));
    assert_eq!(with(|e| e[6] = long, 4), [""; 0]);
    let huge = template(&"a".repeat((1 << 20) + 1));
    assert_eq!(with(|e| e[6] = huge, 4), ["template-unreadable"]);
    assert_eq!(with(|e| e[6] = number("tokenizer.chat_template", 1), 4), ["template-unreadable"]);
    assert_eq!(with(|e| drop(e.remove(2)), 4), ["gguf-tokens"]);
    let tokens = texts("tokenizer.ggml.tokens", &["Ġa", "b", "Ġab", "b"]);
    assert_eq!(with(|e| e[2] = tokens, 4), ["vocab-token-repeated"]);
}

#[test]
fn a_file_without_a_tokenizer_is_a_skip() {
    let made = Made::new().file("m.gguf", gguf(&entries()[..1], 4));
    assert_eq!(made.look().outcome, Outcome::Skipped);
}

#[test]
fn a_file_that_cannot_be_read_is_no_skip() {
    let mut bytes = gguf(&entries(), 4);
    bytes.truncate(100);
    let made = Made::new().file("m.gguf", bytes);
    assert_eq!(made.codes(), ["gguf-header"]);
    assert_eq!(made.look().outcome, Outcome::Failed);
}

#[test]
fn templates_of_a_folder_and_a_file_for_the_same_tokens_agree() {
    let tokens = serde_json::json!({"Ġa": 0, "b": 1, "Ġab": 2, "</s>": 3});
    let made = |template: &str| {
        Made::new()
            .file("m.gguf", gguf(&entries(), 4))
            .json("vocab.json", &tokens)
            .file("chat_template.jinja", template)
            .codes()
    };
    assert_eq!(made("{{ messages[0].content }}{{ eos_token }}\n"), [""; 0]);
    assert_eq!(made("{{ messages[0].content }}"), ["template-differs"]);
}
