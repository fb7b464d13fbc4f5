//! The plugin as a whole, and real models, on the shim.

use std::path::{Path, PathBuf};
use std::process::Command;

use pkg_cuda_smoke::cuda::driver::Driver;
use pkg_cuda_smoke::cuda::{Options, open_with};
use pkg_cuda_smoke::engine::{Engine, Want};
use pkg_cuda_smoke::plugin::CudaSmoke;
use pkg_cuda_smoke::quant::WeightType;
use pkg_cuda_smoke::samples::{Family, Sample, request, write};
use pkg_cuda_smoke::{cpu, open, source};
use pkg_plugin_sdk::{Device, File, Host, Operation, Outcome, Plugin, Reply, SkipReason};
use serde_json::json;

use crate::common::real;
use crate::shim;

/// What a test does in a process of its own, where the linker finds the shim.
const INSIDE: &str = "PKG_TEST_INSIDE_SHIM";

/// Runs a test of this file again, with this driver as the one that the linker finds.
fn again(test: &str, driver: &Path) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .env("LD_LIBRARY_PATH", driver.parent().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.contains("1 passed"), "{said}");
}

fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

fn built(name: &str, macros: &[&str], bare: bool) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    shim::build(folder, shim::Kind { name, macros, bare })
}

fn run(operation: Operation, device: Device, files: &[File]) -> Reply {
    let mut request = request(operation, files.to_vec());
    request.device = device;
    for (name, value) in [("pp", 9), ("tg", 4), ("repetitions", 2)] {
        request.settings.insert(name.to_owned(), json!(value));
    }
    let reply = CudaSmoke::run(&request, &Host::none()).unwrap();
    assert_eq!(reply.contradiction(), None, "{reply:?}");
    reply
}

/// Files of a model, with what the processor says of it.
fn recorded(folder: &Path, mut files: Vec<File>) -> Vec<File> {
    let reply = run(Operation::Record, Device::Cpu, &files);
    files.push(write(folder, "golden.json", reply.artifacts[0].text.as_bytes()).unwrap());
    files
}

fn sample(family: Family, kind: WeightType) -> Sample {
    let width = if kind.block().0 == 256 { 256 } else { 64 };
    Sample { family, kind, width, ffn: 256, vocabulary: 97, ..Sample::default() }
}

#[test]
fn what_the_processor_recorded_holds_on_the_gpu() {
    if !inside() {
        // Little memory, so that little of it is copied to measure.
        let Some(driver) = built("modest", &["SHIM_MEMORY=134217728"], false) else { return };
        return again("whole::what_the_processor_recorded_holds_on_the_gpu", &driver);
    }
    for (family, kind) in [
        (Family::Llama, WeightType::Q4K),
        (Family::Qwen2, WeightType::Bf16),
        (Family::Bert, WeightType::F32),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let sample = sample(family, kind);
        let files = match kind {
            WeightType::Q4K => sample.write_gguf(folder.path()),
            _ => sample.write_safetensors(folder.path()),
        };
        let files = recorded(folder.path(), files.unwrap());
        // Measuring an encoder takes the shim too long.
        let measured = family != Family::Bert;
        let operation = if measured { Operation::Benchmark } else { Operation::Verify };
        let reply = run(operation, Device::Gpu, &files);
        assert_eq!(reply.outcome, Outcome::Passed, "{reply:?}");
        assert_eq!(reply.environment["device"], "CPU shim of pkg, no GPU");
        assert_eq!(reply.environment["engine"], "cuda");
        assert!(reply.materials.iter().any(|material| material.name == "kernels.ptx"));
        let speed = reply.metrics.iter().any(|metric| metric.unit == "tokens/s");
        assert_eq!(speed, measured);
        for metric in &reply.metrics {
            assert!(metric.value.is_finite(), "{metric:?}");
        }
    }
}

#[test]
fn a_planted_fault_is_found_on_the_gpu() {
    if !inside() {
        let Some(driver) = built("modest", &["SHIM_MEMORY=134217728"], false) else { return };
        return again("whole::a_planted_fault_is_found_on_the_gpu", &driver);
    }
    let folder = tempfile::tempdir().unwrap();
    let files = sample(Family::Llama, WeightType::F32).write_gguf(folder.path()).unwrap();
    let mut files = recorded(folder.path(), files);
    assert_eq!(run(Operation::Verify, Device::Gpu, &files).outcome, Outcome::Passed);
    // 32 values in the midst of the weights become zero.
    let mut bytes = std::fs::read(&files[0].disk).unwrap();
    let middle = bytes.len() / 2 / 32 * 32;
    bytes[middle..middle + 128].fill(0);
    std::fs::write(&files[0].disk, &bytes).unwrap();
    // What does not have its digest is not run at all.
    let mut request = request(Operation::Verify, files.clone());
    request.device = Device::Gpu;
    let error = CudaSmoke::run(&request, &Host::none()).unwrap_err();
    assert!(error.to_string().contains("digest"), "{error}");
    files[0].digest = format!("sha256:{}", source::sha256(&bytes));
    let reply = run(Operation::Verify, Device::Gpu, &files);
    let check = reply.checks.iter().find(|check| check.name == "max-abs-logit").unwrap();
    assert_eq!(check.outcome, Outcome::Failed, "{check:?}");
}

#[test]
fn without_a_gpu_it_is_skipped() {
    if !inside() {
        let Some(driver) = built("none", &["SHIM_INIT=100"], true) else { return };
        return again("whole::without_a_gpu_it_is_skipped", &driver);
    }
    let folder = tempfile::tempdir().unwrap();
    let files = sample(Family::Llama, WeightType::F32).write_gguf(folder.path()).unwrap();
    let files = recorded(folder.path(), files);
    for operation in [Operation::Verify, Operation::Benchmark] {
        let reply = run(operation, Device::Gpu, &files);
        assert_eq!(reply.outcome, Outcome::Skipped);
        assert_eq!(reply.reason, Some(SkipReason::NoDevice));
        assert!(reply.metrics.is_empty());
    }
}

/// "The capital of France is", and what follows: " Paris.\n\nThe".
const PROMPT: [u32; 5] = [504, 3575, 282, 4649, 314];
const ANSWER: [u32; 5] = [7042, 30, 198, 198, 504];

/// A file of a real model, where it lies.
fn real_file(folder: &Path, name: &str) -> File {
    let disk = folder.join(name);
    let content = std::fs::read(&disk).unwrap();
    let digest = format!("sha256:{}", source::sha256(&content));
    let bytes = content.len() as u64;
    File { path: name.to_owned(), disk, offset: 0, bytes, digest, kind: None }
}

/// The greatest difference of values.
fn furthest(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_real_decoder_says_what_it_says_elsewhere() {
    let Some(folder) = real("smollm2") else { return };
    let Some(driver) = built("whole", &[], false) else { return };
    let file = real_file(&folder, "SmolLM2-135M-Instruct.Q4_1.gguf");
    let model = open::model(&request(Operation::Verify, vec![file])).unwrap();
    let driver = Driver::open_at(&driver).unwrap();
    let mut engine = open_with(&driver, &model, Options::default()).unwrap();
    let rows = engine.forward(&PROMPT, Want::All).unwrap();
    let reference = cpu::open(&model, 2).unwrap().forward(&PROMPT, Want::All).unwrap();
    let off = furthest(&rows, &reference);
    assert!(off < 1e-4, "{off} from the processor");
    let mut token = cpu::argmax(&rows[4 * engine.width()..]) as u32;
    let mut answer = vec![token];
    while answer.len() < ANSWER.len() {
        token = engine.step(token).unwrap();
        answer.push(token);
    }
    assert_eq!(answer, ANSWER);
}

#[test]
fn a_real_encoder_says_what_it_says_elsewhere() {
    let Some(folder) = real("minilm") else { return };
    let Some(driver) = built("whole", &[], false) else { return };
    let files = ["model.safetensors", "config.json"].map(|name| real_file(&folder, name));
    let model = open::model(&request(Operation::Verify, files.to_vec())).unwrap();
    let driver = Driver::open_at(&driver).unwrap();
    let mut engine = open_with(&driver, &model, Options::default()).unwrap();
    let tokens = [101, 2023, 2003, 1037, 3231, 102];
    let rows = engine.forward(&tokens, Want::All).unwrap();
    let reference = cpu::open(&model, 2).unwrap().forward(&tokens, Want::All).unwrap();
    let off = furthest(&rows, &reference);
    assert!(off < 1e-5, "{off} from the processor");
}
