//! `cuda-smoke` from outside: recorded, packed, run, attested, and every planted fault
//! refused; on the processor, and through the stand-in for a driver that runs the very
//! kernels.

use std::path::{Path, PathBuf};

use pkg_cuda_smoke::quant::WeightType;
use pkg_cuda_smoke::samples::{Family, Sample};
use pkg_tests::plugins::cuda_shim;
use pkg_tests::{Out, Place};
use serde_json::Value;

const SPEC: &str = r#"
[release]
name = "generated"
version = "1.0"
licence = "Apache-2.0"

[[component]]
kind = "model-parameters-final"
paths = ["model.*"]

[[component]]
kind = "sample-model-outputs"
paths = ["golden.json"]
"#;

fn sample() -> Sample {
    let kind = WeightType::Q4_0;
    Sample { kind, width: 64, ffn: 96, vocabulary: 97, ..Sample::default() }
}

/// A folder with a generated model that is recorded, and the plugin.
fn recorded(sample: &Sample) -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("model")).unwrap();
    std::fs::write(place.path("model/model.gguf"), sample.gguf()).unwrap();
    std::fs::write(place.path("model/pkg.toml"), SPEC).unwrap();
    place.install("cuda-smoke");
    place.ok(&["golden", "record", "model"]);
    place
}

fn pack(place: &Place) {
    place.ok(&["pack", "model", "-o", "m.pkg"]);
}

const BENCH: [&str; 10] = [
    "bench",
    "m.pkg",
    "--plugin",
    "cuda-smoke",
    "--set",
    "pp=16",
    "--set",
    "tg=4",
    "--set",
    "repetitions=2",
];

fn bench(place: &Place, shim: Option<&Path>, more: &[&str]) -> Out {
    let mut command = place.command(&BENCH);
    command.args(more).arg("--json");
    match shim {
        Some(folder) => command.env("LD_LIBRARY_PATH", folder),
        None => command.args(["--device", "cpu"]),
    };
    place.finish(&mut command)
}

fn run(out: &Out) -> Value {
    out.json()["result"]["run"].clone()
}

/// Devices that can be had here: the processor, and the stand-in for a GPU.
fn devices(place: &Place) -> Vec<Option<PathBuf>> {
    let mut devices = vec![None];
    devices.extend(cuda_shim(&place.path("shim")).map(Some));
    devices
}

#[test]
fn what_was_recorded_passes_and_is_attested() {
    let place = recorded(&sample());
    let again = place.run(&["golden", "record", "model", "--json"]);
    again.expect("output-exists", 2);
    let first = std::fs::read(place.path("model/golden.json")).unwrap();
    place.ok(&["golden", "record", "model", "--force"]);
    assert_eq!(std::fs::read(place.path("model/golden.json")).unwrap(), first);
    pack(&place);
    for who in ["lab", "k"] {
        place.ok(&["keygen", "--no-passphrase", "-o", who]);
    }
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    for device in devices(&place) {
        let out = bench(&place, device.as_deref(), &["--key", "lab.key"]);
        assert_eq!(out.code, Some(0), "{out:?}");
        let run = run(&out);
        assert_eq!(run["verdict"], "passed", "{run:#}");
        assert_eq!(run["confinement"]["seccomp"], "full", "{run:#}");
        let names: Vec<&str> = run["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["name"].as_str().unwrap())
            .collect();
        for name in ["pp16", "tg4", "time-to-first-token", "inter-token-p99"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        let suffix = if device.is_some() {
            let device = run["environment"].to_string();
            assert!(device.contains("no GPU"), "a stand-in says that it is one: {device}");
            ""
        } else {
            ":cpu"
        };
        let require = format!("test-result:cuda-smoke{suffix}@key:lab.pub");
        let args = ["verify", "m.pkg", "--key", "k.pub", "--require", &require];
        place.ok(&args);
        if device.is_none() {
            let require = "test-result:cuda-smoke@key:lab.pub";
            let args = ["verify", "m.pkg", "--key", "k.pub", "--require", require];
            place.finds(&args, "requirement-missing", 11);
        }
    }
}

/// Changes the model after it was recorded; the name of a check that has to see it.
type Fault = (&'static str, fn(&mut Sample, &mut Vec<u8>));

/// Where the data of a tensor begins in a GGUF file, and its bytes.
fn tensor(bytes: &[u8], name: &str) -> (usize, usize) {
    let input = std::io::BufReader::new(std::io::Cursor::new(bytes));
    let header = pkg_formats::gguf::parse(input, bytes.len() as u64).unwrap();
    let tensor = header.list.iter().find(|tensor| tensor.name == name).unwrap();
    let start = usize::try_from(header.data_start + tensor.offset).unwrap();
    (start, usize::try_from(tensor.bytes).unwrap())
}

const FAULTS: [Fault; 7] = [
    ("a block of zeros", |_, bytes| {
        let (start, _) = tensor(bytes, "blk.0.ffn_down.weight");
        bytes[start..start + 18].fill(0);
    }),
    ("a flipped sign", |_, bytes| {
        let (start, _) = tensor(bytes, "blk.1.attn_v.weight");
        bytes[start + 1] ^= 0x80;
    }),
    ("another base of the rotation", |sample, bytes| {
        sample.rope_base = 1_000.0;
        *bytes = sample.gguf();
    }),
    ("swapped tensors", |_, bytes| {
        let (a, length) = tensor(bytes, "blk.0.attn_q.weight");
        let (b, _) = tensor(bytes, "blk.1.attn_q.weight");
        for at in 0..length {
            bytes.swap(a + at, b + at);
        }
    }),
    ("a number that is none", |_, bytes| {
        let (start, _) = tensor(bytes, "blk.0.attn_norm.weight");
        bytes[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    }),
    ("another epsilon", |sample, bytes| {
        sample.epsilon = 1e-3;
        *bytes = sample.gguf();
    }),
    ("a row of zeros", |_, bytes| {
        let (start, _) = tensor(bytes, "blk.1.ffn_up.weight");
        bytes[start..start + 36].fill(0);
    }),
];

#[test]
fn every_planted_fault_fails_on_every_device() {
    let place = recorded(&sample());
    let devices = devices(&place);
    for (fault, plant) in FAULTS {
        let mut sample = sample();
        let mut bytes = sample.gguf();
        plant(&mut sample, &mut bytes);
        std::fs::write(place.path("model/model.gguf"), &bytes).unwrap();
        pack(&place);
        for device in &devices {
            let out = bench(&place, device.as_deref(), &[]).expect("plugin-failed", 20);
            let run = run(&out);
            let failed: Vec<&str> = run["checks"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|check| check["outcome"] == "failed")
                .map(|check| check["name"].as_str().unwrap())
                .collect();
            // The weights are others, which is seen at once; the numbers show it as well.
            assert!(failed.contains(&"weights"), "{fault}: {run:#}");
            let numbers = ["finite", "max-abs-logit", "kl", "argmax"];
            assert!(numbers.iter().any(|name| failed.contains(name)), "{fault}: {run:#}");
            let measured = run["metrics"].to_string();
            assert!(!measured.contains("tg4"), "{fault}: nothing is measured: {measured}");
        }
    }
    // A file that is cut off cannot be run at all, nor recorded.
    let bytes = sample().gguf();
    std::fs::write(place.path("model/model.gguf"), &bytes[..bytes.len() - 100]).unwrap();
    pack(&place);
    for device in &devices {
        bench(&place, device.as_deref(), &[]).expect("plugin-refused", 20);
    }
    place.install("weights");
    let digest = place.digest("m.pkg");
    place.finds(
        &["verify", "m.pkg", "--digest", &digest, "--plugin", "weights"],
        "plugin-failed",
        20,
    );
    place.finds(&["golden", "record", "model", "-o", "g.json"], "plugin-refused", 20);
}

#[test]
fn without_a_gpu_it_skips_with_its_reason_and_attests_nothing() {
    let place = recorded(&sample());
    pack(&place);
    place.ok(&["keygen", "--no-passphrase", "-o", "lab"]);
    let mut args = BENCH.to_vec();
    args.extend(["--key", "lab.key", "--json"]);
    let out = place.run(&args);
    let run = run(&out);
    if run["verdict"] != "skipped" {
        pkg_tests::skipped("there is a GPU here");
        return;
    }
    assert_eq!((out.code, &run["reason"]), (Some(0), &"no_driver".into()), "{run:#}");
    assert!(out.codes().contains(&"test-result-not-attested".to_owned()));
    assert!(out.json()["result"]["attestation"].is_null());
    args.push("--required");
    place.run(&args).expect("plugin-skipped-required", 21);
    let args = ["verify", "m.pkg", "--digest", &place.digest("m.pkg")];
    let args = [&args[..], &["--require", "plugin:cuda-smoke"]].concat();
    place.finds(&args, "plugin-skipped-required", 21);
    let listed = place.ok(&["attest", "list", "m.pkg"]);
    assert!(listed.stdout.contains("no attestations"), "{listed:?}");
}

#[test]
fn what_cannot_be_run_or_compared_is_a_skip() {
    let place = recorded(&sample());
    std::fs::remove_file(place.path("model/golden.json")).unwrap();
    std::fs::write(place.path("model/golden.json"), "{}").unwrap();
    pack(&place);
    let out = bench(&place, None, &[]).expect("plugin-skipped", 0);
    assert_eq!(run(&out)["reason"], "nothing-to-check");
    let bytes = sample().gguf();
    let at = bytes.windows(5).position(|window| window == b"llama").unwrap();
    let mut bytes = bytes;
    bytes[at..at + 5].copy_from_slice(b"mamba");
    std::fs::write(place.path("model/model.gguf"), bytes).unwrap();
    pack(&place);
    let out = bench(&place, None, &[]).expect("plugin-skipped", 0);
    assert_eq!(run(&out)["reason"], "unsupported-architecture");
    place.finds(&["golden", "record", "model", "-o", "x.json"], "plugin-skipped-required", 21);
}

#[test]
fn encoders_and_safetensors_run_too() {
    let kind = WeightType::F32;
    let sample = Sample { family: Family::Bert, kind, width: 64, ffn: 96, ..Sample::default() };
    let place = Place::new();
    std::fs::create_dir(place.path("model")).unwrap();
    sample.write_safetensors(&place.path("model")).unwrap();
    let spec =
        format!("{SPEC}\n[[component]]\nkind = \"model-metadata\"\npaths = [\"config.json\"]\n");
    std::fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place.install("cuda-smoke");
    place.ok(&["golden", "record", "model"]);
    pack(&place);
    for device in devices(&place) {
        // Measuring an encoder takes the stand-in too long.
        let out = bench(&place, device.as_deref(), &["--verify-only"]);
        assert_eq!((out.code, &run(&out)["verdict"]), (Some(0), &"passed".into()), "{out:?}");
    }
}

/// The whole way of a real model, where it is at hand.
fn real(name: &str) {
    let model = pkg_tests::repository().join("target/models").join(name);
    if !model.exists() {
        pkg_tests::skipped(&format!("{name} is not in target/models: cargo xtask fetch-models"));
        return;
    }
    let place = Place::new();
    let mut copy = std::process::Command::new("cp");
    assert!(copy.arg("-r").arg(&model).arg(place.path("model")).status().unwrap().success());
    let _ = std::fs::remove_file(place.path("model/pkg.toml"));
    let _ = std::fs::remove_file(place.path("model/golden.json"));
    for plugin in ["cuda-smoke", "weights", "pickle", "tokenizer"] {
        place.install(plugin);
    }
    place.ok(&["golden", "record", "model"]);
    place.ok(&["init", "model", "--yes"]);
    let spec = std::fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    assert!(spec.contains("golden.json"), "{spec}");
    pack(&place);
    let out = bench(&place, None, &[]);
    assert_eq!((out.code, &run(&out)["verdict"]), (Some(0), &"passed".into()), "{out:?}");
    let digest = place.digest("m.pkg");
    let mut args = vec!["verify", "m.pkg", "--digest", &digest, "--json"];
    for plugin in ["weights", "pickle", "tokenizer"] {
        args.extend(["--plugin", plugin]);
    }
    let out = place.run(&args);
    assert_eq!(out.code, Some(0), "{out:?}");
    for plugin in out.json()["result"]["plugins"].as_array().unwrap() {
        let verdict = plugin["verdict"].as_str().unwrap();
        assert!(["passed", "warned"].contains(&verdict), "{plugin:#}");
    }
}

#[test]
fn smollm2_runs_as_recorded() {
    real("smollm2");
}

#[test]
fn minilm_runs_as_recorded() {
    real("minilm");
}
