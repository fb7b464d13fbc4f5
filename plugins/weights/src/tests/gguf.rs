use pkg_formats::samples::{entry, tensor, text};
use pkg_plugin_sdk::Outcome;

use super::make::{Made, gguf, gguf_entries, gguf_tensors, good_gguf};

fn codes(entries: &[Vec<u8>], tensors: &[Vec<u8>], data: &[u8]) -> Vec<String> {
    Made::new().file("a.gguf", gguf(entries, tensors, data)).codes()
}

fn number(key: &str, value: u32) -> Vec<u8> {
    entry(key, 4, &value.to_le_bytes())
}

#[test]
fn a_good_file_passes() {
    let reply = Made::new().file("a.gguf", good_gguf()).look();
    assert_eq!((reply.outcome, reply.findings.len()), (Outcome::Passed, 0), "{reply:?}");
    let agreement = &reply.checks[3];
    assert_eq!(agreement.outcome, Outcome::Passed);
    assert!(agreement.detail.as_ref().unwrap().contains("4 tensors of llama compared, 1 layers"));
}

#[test]
fn every_rule_of_the_metadata_is_held() {
    let (tensors, data) = gguf_tensors();
    let with = |entries: Vec<Vec<u8>>| codes(&entries, &tensors, &data);
    let replaced = |at: usize, entry: Vec<u8>| {
        let mut entries = gguf_entries();
        entries[at] = entry;
        with(entries)
    };
    let more = |entry: Vec<u8>| {
        let mut entries = gguf_entries();
        entries.push(entry);
        with(entries)
    };
    assert_eq!(replaced(1, number("other", 1)), ["gguf-key-missing"]);
    assert_eq!(replaced(6, number("other", 1)), ["gguf-key-missing"]);
    assert_eq!(replaced(0, number("other", 1)), ["gguf-key-missing"]);
    assert_eq!(replaced(0, number("general.architecture", 1)), ["gguf-key-type"]);
    assert_eq!(replaced(1, entry("llama.block_count", 5, &[1, 0, 0, 0])), ["gguf-key-type"]);
    let nan = f32::NAN.to_le_bytes();
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    assert_eq!(replaced(6, entry(epsilon, 6, &nan)), ["gguf-key-type"]);
    assert_eq!(more(number("llama.block_count", 1)), ["gguf-repeated-key"]);
    assert!(more(number("general.alignment", 24)).contains(&"gguf-alignment".to_owned()));
    assert_eq!(more(entry("general.alignment", 6, &[0; 4])), ["gguf-key-type"]);
    let longer = [data.clone(), vec![7; 128]].concat();
    let mut aligned = gguf_entries();
    aligned.push(number("general.alignment", 128));
    let found = codes(&aligned, &tensors, &longer);
    assert!(found.contains(&"gguf-tensor-alignment".to_owned()), "{found:?}");
    assert_eq!(replaced(1, number("llama.block_count", 2)), ["layer-count"]);
    assert_eq!(replaced(4, number("llama.feed_forward_length", 65)), ["shape-disagrees"]);
    assert_eq!(more(number("llama.attention.key_length", 7)), ["shape-disagrees"]);
    assert_eq!(more(number("split.count", 3)), ["gguf-split"]);
    let other = replaced(0, entry("general.architecture", 8, &text("mystery")));
    assert_eq!(other, [""; 0]);
}

#[test]
fn every_rule_of_the_tensors_is_held() {
    let entries = gguf_entries();
    let (tensors, data) = gguf_tensors();
    let with = |extra: Vec<Vec<u8>>, more: usize| {
        let tensors = [tensors.clone(), extra].concat();
        let data = [data.clone(), vec![7; more]].concat();
        codes(&entries, &tensors, &data)
    };
    let end = data.len() as u64;
    assert_eq!(with(vec![tensor("x", &[8], 0, end)], 32), [""; 0]);
    assert_eq!(with(vec![tensor("x", &[8], 77, end)], 0), ["gguf-tensor-type"]);
    assert_eq!(with(vec![tensor("x", &[8], 0, 0)], 0), ["gguf-tensor-overlap"; 1]);
    let twice = with(vec![tensor("output_norm.weight", &[32], 0, end)], 128);
    assert_eq!(twice, ["gguf-repeated-tensor"]);
    assert_eq!(with(vec![tensor(&"n".repeat(64), &[8], 0, end)], 32), ["gguf-tensor-name"]);
    assert_eq!(with(vec![tensor("x", &[2; 5], 0, end)], 128), ["gguf-tensor-rank"]);
    let odd = with(vec![tensor("x", &[8], 0, end + 4)], 64);
    assert!(odd.contains(&"gguf-tensor-alignment".to_owned()), "{odd:?}");
    assert_eq!(with(vec![tensor("x", &[8], 0, end + 64)], 96), ["gguf-unused-bytes"]);
    assert_eq!(with(vec![], 320), ["gguf-unused-bytes"]);
}

#[test]
fn scales_that_are_not_finite_are_found() {
    let mut bytes = good_gguf();
    let (_, data) = gguf_tensors();
    let start = bytes.len() - data.len();
    // The scale of the second block of `token_embd.weight`, in `Q8_0`.
    bytes[start + 34..start + 36].copy_from_slice(&[0, 0x7c]);
    let reply = Made::new().file("a.gguf", &bytes).look();
    assert_eq!(reply.findings[0].code, "infinite-values");
    assert!(reply.findings[0].detail.contains("block 1"), "{}", reply.findings[0].detail);
}

#[test]
fn what_cannot_be_looked_into_is_said() {
    let (mut tensors, mut data) = gguf_tensors();
    tensors.push(tensor("x", &[256], 29, data.len() as u64));
    data.extend([0; 64]);
    let reply = Made::new().file("a.gguf", gguf(&gguf_entries(), &tensors, &data)).look();
    let values = reply.checks[4].detail.clone().unwrap();
    assert!(values.contains("1 tensor(s) not looked into"), "{values}");
}

fn split(no: u32, count: u32, tensors: u32) -> Vec<u8> {
    let (all, data) = gguf_tensors();
    let mut entries = if no == 0 { gguf_entries() } else { Vec::new() };
    entries.push(entry("split.no", 2, &(no as u16).to_le_bytes()));
    entries.push(entry("split.count", 2, &(count as u16).to_le_bytes()));
    entries.push(entry("split.tensors.count", 5, &tensors.to_le_bytes()));
    if no == 0 {
        return gguf(&entries, &all, &data);
    }
    gguf(&entries, &[tensor("x", &[8], 0, 0)], &[7; 32])
}

#[test]
fn parts_agree_with_their_names_and_each_other() {
    let parts = |first: Vec<u8>, second: Vec<u8>| {
        Made::new()
            .file("m-00001-of-00002.gguf", first)
            .file("m-00002-of-00002.gguf", second)
            .codes()
    };
    assert_eq!(parts(split(0, 2, 5), split(1, 2, 5)), [""; 0]);
    assert_eq!(parts(split(0, 2, 9), split(1, 2, 9)), ["gguf-split"]);
    assert_eq!(parts(split(0, 2, 5), split(2, 2, 5)), ["gguf-split"]);
    assert_eq!(parts(split(0, 3, 5), split(1, 2, 5)), ["gguf-split"]);
    let again = parts(split(0, 2, 8), split(0, 2, 8));
    assert!(again.contains(&"gguf-split".to_owned()), "{again:?}");
    let alone = Made::new().file("m-00002-of-00002.gguf", split(1, 2, 5)).codes();
    assert_eq!(alone, ["shard-missing"]);
}
