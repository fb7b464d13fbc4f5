//! The processor as an engine, against the same written plainly.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::doc_markdown,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::too_many_lines
)]

mod common;

use std::path::Path;

use common::{Naive, blocks, furthest};
use pkg_cuda_smoke::cpu::{self, Kernels, Level};
use pkg_cuda_smoke::engine::{Engine, Want};
use pkg_cuda_smoke::model::Model;
use pkg_cuda_smoke::open;
use pkg_cuda_smoke::quant::WeightType;
use pkg_cuda_smoke::samples::{Family, Random, Sample, quantise, request};
use pkg_plugin_sdk::{File, Operation};

const TOKENS: [u32; 9] = [3, 511, 0, 77, 77, 300, 42, 9, 128];

fn model(files: Vec<File>) -> Model {
    open::model(&request(Operation::Verify, files)).unwrap()
}

fn gguf(folder: &Path, sample: &Sample) -> Model {
    model(sample.write_gguf(folder).unwrap())
}

fn safetensors(folder: &Path, sample: &Sample) -> Model {
    model(sample.write_safetensors(folder).unwrap())
}

#[test]
fn weights_have_the_values_of_their_layout() {
    let mut random = Random(7);
    for kind in WeightType::ALL {
        // Any bytes are a row.
        for _ in 0..200 {
            let row: Vec<u8> =
                (0..kind.row_bytes(256)).map(|_| (random.bits() >> 56) as u8).collect();
            let mut found = vec![0.0; 256];
            kind.dequantise(&row, &mut found);
            for (found, wanted) in found.iter().zip(blocks::values(kind, &row)) {
                let same = found.to_bits() == (wanted as f32).to_bits();
                assert!(same || found.is_nan() && wanted.is_nan(), "{kind:?}: {found} {wanted}");
            }
        }
    }
}

#[test]
fn quantised_values_are_near() {
    let mut random = Random(8);
    let row: Vec<f32> = (0..512).map(|_| random.value()).collect();
    for (kind, most) in
        WeightType::ALL.into_iter().zip([0.0, 2.5e-4, 4e-3, 4e-3, 0.13, 7e-2, 7.5e-2, 2.1e-2])
    {
        let bytes = quantise(kind, &row);
        assert_eq!(bytes.len(), kind.row_bytes(512));
        let mut found = vec![0.0; 512];
        kind.dequantise(&bytes, &mut found);
        let off = found.iter().zip(&row).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off <= most, "{kind:?} {off}");
    }
}

#[test]
fn every_weight_type_runs_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    for kind in WeightType::ALL {
        for family in [Family::Llama, Family::Qwen2] {
            let sample = Sample { kind, family, ..Sample::default() };
            let model = gguf(folder.path(), &sample);
            let wanted = Naive::new(&model).forward(&TOKENS);
            let spread = wanted.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
            assert!(spread > 1.0, "a model that says nothing tests nothing: {spread}");
            let mut engine = cpu::open(&model, 2).unwrap();
            let found = engine.forward(&TOKENS, Want::All).unwrap();
            let off = furthest(&found, &wanted);
            assert!(off < 3e-5, "{kind:?} {family:?} {off}");
        }
    }
}

#[test]
fn every_architecture_runs_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    for family in [Family::Llama, Family::Qwen2, Family::Bert] {
        for kind in [WeightType::F32, WeightType::F16, WeightType::Bf16] {
            for (heads, kv_heads, tied) in [(4, 4, true), (8, 2, false), (2, 1, false)] {
                let sample = Sample { family, kind, heads, kv_heads, tied, ..Sample::default() };
                let model = safetensors(folder.path(), &sample);
                let wanted = Naive::new(&model).forward(&TOKENS);
                let mut engine = cpu::open(&model, 2).unwrap();
                let found = engine.forward(&TOKENS, Want::All).unwrap();
                let off = furthest(&found, &wanted);
                assert!(off < 3e-5, "{kind:?} {family:?} {heads} {off}");
                let last = engine.reset().and_then(|()| engine.forward(&TOKENS, Want::Last));
                assert_eq!(last.unwrap(), found[found.len() - engine.width()..]);
            }
        }
    }
}

#[test]
fn odd_sizes_run_as_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let odd = Sample {
        width: 42,
        heads: 3,
        kv_heads: 1,
        ffn: 77,
        vocabulary: 131,
        layers: 1,
        ..Sample::default()
    };
    for family in [Family::Llama, Family::Bert] {
        let model = safetensors(folder.path(), &Sample { family, ..odd.clone() });
        let tokens = [130, 1, 2];
        let found = cpu::open(&model, 2).unwrap().forward(&tokens, Want::All).unwrap();
        let off = furthest(&found, &Naive::new(&model).forward(&tokens));
        assert!(off < 2e-5, "{family:?} {off}");
    }
}

#[test]
fn one_model_in_two_formats_is_one_model() {
    let folder = tempfile::tempdir().unwrap();
    for family in [Family::Llama, Family::Qwen2] {
        let sample = Sample { family, ..Sample::default() };
        let run = |model: &Model| cpu::open(model, 1).unwrap().forward(&TOKENS, Want::All).unwrap();
        let first = run(&gguf(folder.path(), &sample));
        let second = run(&safetensors(folder.path(), &sample));
        let off = first.iter().zip(&second).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 2e-5, "{family:?} {off}");
    }
}

#[test]
fn no_bit_depends_on_threads_batches_or_registers() {
    let folder = tempfile::tempdir().unwrap();
    let tokens: Vec<u32> = (0..100).map(|i| i * 37 % 512).collect();
    for kind in [WeightType::F32, WeightType::Q4_1, WeightType::Q6K] {
        let model = gguf(folder.path(), &Sample { kind, ..Sample::default() });
        let mut engine = cpu::open(&model, 1).unwrap();
        let first = engine.forward(&tokens, Want::All).unwrap();
        for threads in [1, 2, 3, 7] {
            let mut other = cpu::open(&model, threads).unwrap();
            assert_eq!(other.environment()["threads"], threads);
            assert!(other.forward(&tokens, Want::All).unwrap() == first, "{threads} threads");
            other.reset().unwrap();
            let mut rows = Vec::new();
            for token in &tokens {
                rows.extend(other.forward(&[*token], Want::Last).unwrap());
            }
            assert!(rows == first, "one by one, {threads} threads");
        }
        for level in cpu::available() {
            if *level == Level::Portable {
                continue;
            }
            let kernels = Kernels::of(*level).unwrap();
            let mut other = cpu::open_with(&model, 2, kernels).unwrap();
            assert!(other.forward(&tokens, Want::All).unwrap() == first, "{level:?}");
        }
        let portable = Kernels::of(Level::Portable).unwrap();
        let mut other = cpu::open_with(&model, 2, portable).unwrap();
        let found = other.forward(&tokens, Want::All).unwrap();
        let off = found.iter().zip(&first).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 5e-5, "{off}");
    }
    let bert = safetensors(folder.path(), &Sample { family: Family::Bert, ..Sample::default() });
    let run = |threads| cpu::open(&bert, threads).unwrap().forward(&tokens, Want::All).unwrap();
    assert!(run(1) == run(2) && run(1) == run(5));
}

#[test]
fn steps_are_the_greatest_logits() {
    let folder = tempfile::tempdir().unwrap();
    let model = gguf(folder.path(), &Sample::default());
    let mut engine = cpu::open(&model, 2).unwrap();
    let mut token = 5;
    let mut fed = vec![5];
    for _ in 0..12 {
        token = engine.step(token).unwrap();
        fed.push(token);
    }
    let rows = Naive::new(&model).forward(&fed[..12]);
    for (row, token) in rows.iter().zip(&fed[1..]) {
        let best = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(row[*token as usize] >= best - 1e-4);
    }
}

#[test]
fn what_cannot_be_fed_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let model = gguf(folder.path(), &Sample { context: 10, ..Sample::default() });
    let mut engine = cpu::open(&model, 2).unwrap();
    let error = engine.forward(&[512], Want::Last).unwrap_err().to_string();
    assert!(error.contains("token 512"), "{error}");
    engine.forward(&[1; 10], Want::Last).unwrap();
    let error = engine.forward(&[1], Want::Last).unwrap_err().to_string();
    assert!(error.contains("11 tokens") && error.contains("context of 10"), "{error}");
    engine.reset().unwrap();
    assert!(engine.forward(&[], Want::All).unwrap().is_empty());
    engine.forward(&[1; 10], Want::Last).unwrap();
    let bert = Sample { family: Family::Bert, context: 4, ..Sample::default() };
    let mut engine = cpu::open(&safetensors(folder.path(), &bert), 1).unwrap();
    assert!(engine.forward(&[1; 5], Want::All).is_err());
    assert_eq!(engine.forward(&[1; 4], Want::All).unwrap().len(), 4 * 256);
}
