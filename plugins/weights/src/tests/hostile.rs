use pkg_formats::samples::tensor;
use pkg_plugin_sdk::Outcome;
use proptest::prelude::*;

use super::make::{Made, config, gguf, gguf_entries, good_gguf, llama, safetensors};

#[test]
fn many_tensors_on_the_same_bytes_are_not_read_as_often() {
    let tensors: Vec<Vec<u8>> =
        (0..2_000).map(|n| tensor(&n.to_string(), &[1 << 18], 0, 0)).collect();
    let reply =
        Made::new().file("a.gguf", gguf(&gguf_entries(), &tensors, &vec![1; 1 << 20])).look();
    assert_eq!(reply.outcome, Outcome::Failed);
    let read = reply.metrics.iter().find(|metric| metric.name == "bytes-of-values").unwrap();
    assert_eq!(read.value, 0.0);
    let values = &reply.checks[4];
    assert_eq!(values.outcome, Outcome::Skipped);
    assert!(values.detail.as_ref().unwrap().contains("their tensors overlap"));
    assert!(reply.findings.len() < 100);
}

#[test]
fn a_file_shorter_than_said_is_an_error() {
    let mut made = Made::new().file("a.safetensors", safetensors(&llama()));
    let file = &mut made.request.files[0];
    let bytes = std::fs::read(&file.disk).unwrap();
    std::fs::write(&file.disk, &bytes[..bytes.len() - 100]).unwrap();
    assert_eq!(made.codes(), ["file-unreadable"]);
    std::fs::remove_file(&made.request.files[0].disk).unwrap();
    assert_eq!(made.look().outcome, Outcome::Skipped, "it is not called weights");
    let made = made.kind("model-parameters-final");
    assert_eq!(made.codes(), ["file-unreadable"]);
}

#[test]
fn offsets_at_the_end_of_numbers_are_answers() {
    let mut made = Made::new().file("a.safetensors", safetensors(&llama()));
    made.request.files[0].offset = u64::MAX;
    let _ = made.look();
    let mut made = Made::new().file("a.gguf", good_gguf());
    made.request.files[0].bytes = u64::MAX;
    assert_eq!(made.look().outcome, Outcome::Failed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_files_are_an_answer(
        a: Vec<u8>, b: Vec<u8>, c: Vec<u8>, text in ".{0,40}", kind: bool,
    ) {
        let made = Made::new()
            .file("a.safetensors", &a)
            .file("b.gguf", [b"GGUF\x03\0\0\0", &b[..]].concat())
            .file("c", &c)
            .file("config.json", &text)
            .file("model.safetensors.index.json", &text);
        let made = if kind { made.kind("model-parameters-final") } else { made };
        made.look();
    }

    #[test]
    fn changed_files_are_an_answer(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        which in 0_usize..3,
    ) {
        let mut files = [good_gguf(), safetensors(&llama()), config().to_string().into_bytes()];
        let file = &mut files[which];
        // Headers are at the front: changes there matter most.
        let front = file.len().min(900);
        for (at, byte) in changes {
            file[at.index(front)] = byte;
        }
        if cut.index(3) == 0 {
            file.truncate(cut.index(file.len()));
        }
        let [gguf, weights, config] = files;
        Made::new()
            .file("m.gguf", gguf)
            .file("m.safetensors", weights)
            .file("config.json", config)
            .look();
    }

    #[test]
    fn numbers_of_configurations_are_an_answer(value: u64, which in 0_usize..6) {
        let mut config = config();
        let key = [
            "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "intermediate_size", "vocab_size",
        ][which];
        config[key] = value.into();
        Made::new()
            .file("m.safetensors", safetensors(&llama()))
            .file("config.json", config.to_string())
            .look();
    }
}
