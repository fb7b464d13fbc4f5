//! The plugin as a whole, on generated models.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::doc_markdown,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::too_many_lines
)]

use std::fs;
use std::path::Path;

use pkg_cuda_smoke::golden::Golden;
use pkg_cuda_smoke::plugin::CudaSmoke;
use pkg_cuda_smoke::quant::WeightType;
use pkg_cuda_smoke::samples::{Family, Sample, request, write};
use pkg_plugin_sdk::{
    Failure, File, Host, Kind, Operation, Outcome, Plugin, Reply, Request, SkipReason,
};
use serde_json::json;

fn small(family: Family) -> Sample {
    Sample { family, width: 64, ffn: 96, vocabulary: 97, ..Sample::default() }
}

fn ask(request: &Request) -> Result<Reply, Failure> {
    let reply = CudaSmoke::run(request, &Host::none());
    if let Ok(reply) = &reply {
        assert_eq!(reply.contradiction(), None, "{reply:?}");
    }
    reply
}

fn run(operation: Operation, files: &[File]) -> Reply {
    ask(&request(operation, files.to_vec())).unwrap()
}

fn failure(files: &[File]) -> String {
    ask(&request(Operation::Verify, files.to_vec())).unwrap_err().to_string()
}

/// The files of a model with what was recorded of it.
fn recorded(folder: &Path, mut files: Vec<File>) -> Vec<File> {
    let reply = run(Operation::Record, &files);
    assert_eq!(reply.outcome, Outcome::Passed, "{reply:?}");
    assert_eq!(reply.artifacts[0].name, "golden.json");
    files.push(write(folder, "golden.json", reply.artifacts[0].text.as_bytes()).unwrap());
    files
}

fn outcome(reply: &Reply, name: &str) -> Outcome {
    reply.checks.iter().find(|check| check.name == name).unwrap().outcome
}

#[test]
fn it_says_what_it_is() {
    let description = CudaSmoke::describe();
    assert_eq!(description.id, "cuda-smoke");
    assert_eq!(description.kinds, [Kind::Verify, Kind::Benchmark]);
    assert!(description.records);
    let settings: Vec<&str> = description.settings.keys().map(String::as_str).collect();
    assert_eq!(settings, ["model", "prompts", "pp", "tg", "repetitions"]);
}

#[test]
fn what_was_recorded_holds() {
    for family in [Family::Llama, Family::Qwen2, Family::Bert] {
        let place = tempfile::tempdir().unwrap();
        let files = recorded(place.path(), small(family).write_safetensors(place.path()).unwrap());
        let first = fs::read(place.path().join("golden.json")).unwrap();
        let again = run(Operation::Record, &files[..2]);
        assert_eq!(again.artifacts[0].text.as_bytes(), first, "recording repeats itself");
        let reply = run(Operation::Verify, &files);
        assert_eq!(reply.outcome, Outcome::Passed, "{:?}", reply.checks);
        let names: Vec<&str> = reply.checks.iter().map(|check| check.name.as_str()).collect();
        if family == Family::Bert {
            assert_eq!(names, ["weights", "finite", "max-abs-hidden", "pooled", "repeatable"]);
        } else {
            let wanted =
                ["weights", "finite", "max-abs-logit", "kl", "argmax", "repeatable", "greedy"];
            assert_eq!(names, wanted);
            assert!(reply.summary.contains("at 64 positions"), "{}", reply.summary);
        }
        assert_eq!(reply.environment["engine"], "cpu");
        assert_eq!(reply.environment["threads"], 2);
        assert_eq!(reply.environment["weights"][0]["path"], "model.safetensors");
        assert_eq!(reply.materials[0].name, "golden.json");
        assert_eq!(format!("sha256:{}", reply.materials[0].sha256), files[2].digest);
    }
}

#[test]
fn it_measures_what_is_right() {
    for family in [Family::Llama, Family::Bert] {
        let place = tempfile::tempdir().unwrap();
        let files = recorded(place.path(), small(family).write_safetensors(place.path()).unwrap());
        let mut request = request(Operation::Benchmark, files);
        for (name, value) in [("pp", json!(20)), ("tg", json!("7")), ("repetitions", json!(3))] {
            request.settings.insert(name.to_owned(), value);
        }
        let reply = ask(&request).unwrap();
        assert_eq!(reply.outcome, Outcome::Passed, "{:?}", reply.checks);
        let metric = |name: &str| {
            let found = reply.metrics.iter().find(|metric| metric.name == name);
            let found = found.unwrap_or_else(|| panic!("{name}: {:?}", reply.metrics));
            assert!(found.value > 0.0 && found.value.is_finite(), "{found:?}");
            found
        };
        let sampled: &[&str] = match family {
            Family::Bert => &["sequences", "tokens"],
            _ => &["time-to-first-token", "pp20", "tg7"],
        };
        for name in sampled {
            assert_eq!(metric(name).samples.len(), 3, "{name}");
        }
        if family == Family::Llama {
            for name in ["inter-token-p50", "inter-token-p99", "mbu-measured"] {
                metric(name);
            }
        }
        for name in ["load-read-and-hash", "weights"] {
            metric(name);
        }
        assert_eq!(outcome(&reply, "measured"), Outcome::Passed);
    }
}

#[test]
fn a_short_context_shortens_the_measurement_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let sample = Sample { context: 6, layers: 1, ..small(Family::Llama) };
    let files = recorded(place.path(), sample.write_gguf(place.path()).unwrap());
    let golden = fs::read(place.path().join("golden.json")).unwrap();
    let golden = Golden::parse(&golden).unwrap();
    assert!(golden.transcripts.iter().all(|one| one.prompt.len() == 3 && one.forced.len() == 4));
    let mut request = request(Operation::Benchmark, files);
    request.settings.insert("repetitions".to_owned(), json!(1));
    let reply = ask(&request).unwrap();
    let measured = reply.checks.iter().find(|check| check.name == "measured").unwrap();
    assert!(measured.detail.as_ref().unwrap().contains("cut to the context of 6"), "{measured:?}");
    assert!(reply.metrics.iter().any(|metric| metric.name == "pp6"));
}

/// Changes the model file and describes it anew, with its own right digest.
fn changed(folder: &Path, files: &[File], change: impl FnOnce(&mut Vec<u8>)) -> Vec<File> {
    let mut bytes = fs::read(&files[0].disk).unwrap();
    change(&mut bytes);
    let mut files = files.to_vec();
    files[0] = write(folder, &format!("changed-{}", files[0].path), &bytes).unwrap();
    files
}

/// Where the data of a tensor begins, and its bytes.
fn tensor(bytes: &[u8], name: &str) -> (usize, usize) {
    let input = std::io::BufReader::new(std::io::Cursor::new(bytes));
    let header = pkg_formats::gguf::parse(input, bytes.len() as u64).unwrap();
    let tensor = header.list.iter().find(|tensor| tensor.name == name).unwrap();
    let start = usize::try_from(header.data_start + tensor.offset).unwrap();
    (start, usize::try_from(tensor.bytes).unwrap())
}

#[test]
fn one_bad_block_of_any_type_is_found() {
    for kind in WeightType::ALL {
        let place = tempfile::tempdir().unwrap();
        let sample = Sample { kind, ..Sample::default() };
        let files = recorded(place.path(), sample.write_gguf(place.path()).unwrap());
        // Thirty-two weights, or the block that holds them.
        let (values, size) = kind.block();
        let length = size * (32 / values).max(1);
        for name in ["blk.0.attn_q.weight", "blk.1.ffn_down.weight", "output.weight"] {
            let bad = changed(place.path(), &files, |bytes| {
                let start = tensor(bytes, name).0;
                bytes[start..start + length].fill(0);
            });
            let reply = run(Operation::Verify, &bad);
            assert_eq!(reply.outcome, Outcome::Failed, "{kind:?}");
            assert_eq!(outcome(&reply, "weights"), Outcome::Failed);
            assert!(reply.findings.iter().any(|finding| finding.code == "weights-differ"));
            let seen = ["max-abs-logit", "kl"].map(|name| outcome(&reply, name));
            assert!(seen.contains(&Outcome::Failed), "{kind:?} {name}: {:?}", reply.checks);
        }
    }
}

/// A change of the bytes of a model.
type Fault = Box<dyn FnOnce(&mut Vec<u8>)>;

#[test]
fn faults_of_other_kinds_are_found() {
    let place = tempfile::tempdir().unwrap();
    let files = recorded(place.path(), Sample::default().write_gguf(place.path()).unwrap());
    let patch = |key: &'static str, value: f32| {
        move |bytes: &mut Vec<u8>| {
            let at = bytes.windows(key.len()).position(|w| w == key.as_bytes()).unwrap();
            bytes[at + key.len() + 4..][..4].copy_from_slice(&value.to_le_bytes());
        }
    };
    let faults: Vec<(&str, Fault)> = vec![
        ("rope base", Box::new(patch("llama.rope.freq_base", 1e5))),
        ("epsilon", Box::new(patch("llama.attention.layer_norm_rms_epsilon", 1e-3))),
        (
            "swapped",
            Box::new(|bytes| {
                let ((one, size), (two, _)) =
                    (tensor(bytes, "blk.0.attn_q.weight"), tensor(bytes, "blk.1.attn_q.weight"));
                for i in 0..size {
                    bytes.swap(one + i, two + i);
                }
            }),
        ),
        (
            "sign",
            Box::new(|bytes| {
                let start = tensor(bytes, "blk.1.attn_v.weight").0;
                (0..32).for_each(|i| bytes[start + 4 * i + 3] ^= 0x80);
            }),
        ),
        (
            "row",
            Box::new(|bytes| {
                let start = tensor(bytes, "blk.0.ffn_up.weight").0;
                bytes[start + 1024..start + 2048].fill(0);
            }),
        ),
    ];
    for (name, fault) in faults {
        let reply = run(Operation::Verify, &changed(place.path(), &files, fault));
        assert_eq!(outcome(&reply, "max-abs-logit"), Outcome::Failed, "{name} {:?}", reply.checks);
        assert_eq!(outcome(&reply, "finite"), Outcome::Passed, "{name}");
    }
    for value in [f32::NAN, f32::INFINITY] {
        let bad = changed(place.path(), &files, |bytes| {
            let start = tensor(bytes, "blk.0.attn_output.weight").0;
            bytes[start..start + 4].copy_from_slice(&value.to_le_bytes());
        });
        let reply = run(Operation::Benchmark, &bad);
        assert_eq!(outcome(&reply, "finite"), Outcome::Failed, "{value}");
        assert_eq!(outcome(&reply, "measured"), Outcome::Skipped, "nothing broken is measured");
        assert!(!reply.metrics.iter().any(|metric| metric.name.starts_with("tg")));
    }
    let nothing = changed(place.path(), &files[..1], |bytes| {
        let start = tensor(bytes, "output_norm.weight").0;
        bytes[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    let error = ask(&request(Operation::Record, nothing)).unwrap_err().to_string();
    assert!(error.contains("not finite"), "{error}");
}

#[test]
fn other_bytes_than_promised_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let files =
        recorded(place.path(), small(Family::Llama).write_safetensors(place.path()).unwrap());
    for number in 0..3 {
        let mut bad = files.clone();
        bad[number].digest = format!("sha256:{}", "0".repeat(64));
        let error = failure(&bad);
        assert!(error.contains(&bad[number].path) && error.contains("is due"), "{error}");
        bad[number].digest = "md5:00".to_owned();
        assert!(failure(&bad).contains("no sha256 digest"));
    }
    let mut bytes = fs::read(&files[0].disk).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&files[0].disk, &bytes).unwrap();
    assert!(failure(&files).contains("model.safetensors has the digest"));
    bytes.truncate(last);
    fs::write(&files[0].disk, &bytes).unwrap();
    let error = failure(&files);
    assert!(error.contains("model.safetensors should have"), "{error}");
    fs::remove_file(&files[0].disk).unwrap();
    assert!(failure(&files).contains("cannot be read"));
}

#[test]
fn files_may_lie_inside_others() {
    let place = tempfile::tempdir().unwrap();
    for gguf in [true, false] {
        let sample = small(Family::Llama);
        let files = if gguf {
            sample.write_gguf(place.path())
        } else {
            sample.write_safetensors(place.path())
        };
        let mut files = recorded(place.path(), files.unwrap());
        let mut archive = b"something before".to_vec();
        for file in &mut files {
            file.offset = archive.len() as u64;
            archive.extend(fs::read(&file.disk).unwrap());
            archive.extend(b"between");
            file.disk = place.path().join("archive");
        }
        fs::write(place.path().join("archive"), archive).unwrap();
        assert_eq!(run(Operation::Verify, &files).outcome, Outcome::Passed);
    }
}

#[test]
fn what_there_is_nothing_to_do_with_is_skipped() {
    let place = tempfile::tempdir().unwrap();
    let skip = |files: &[File]| {
        let reply = run(Operation::Verify, files);
        assert_eq!(reply.outcome, Outcome::Skipped);
        (reply.reason.unwrap(), reply.summary)
    };
    let files = small(Family::Llama).write_gguf(place.path()).unwrap();
    let (reason, summary) = skip(&files);
    assert_eq!(reason, SkipReason::NothingToCheck);
    assert!(summary.contains("pkg golden record"), "{summary}");
    let (reason, summary) = skip(&[write(place.path(), "README.md", b"hello").unwrap()]);
    assert_eq!(reason, SkipReason::NothingToCheck);
    assert!(summary.contains("no weights"), "{summary}");
    // Another document of that name is none of ours.
    let mut others = files.clone();
    others.push(write(place.path(), "golden.json", br#"{"schema":"other"}"#).unwrap());
    assert_eq!(skip(&others).0, SkipReason::NothingToCheck);
}

#[test]
fn which_golden_is_meant_is_clear_or_said() {
    let place = tempfile::tempdir().unwrap();
    let mut files = recorded(place.path(), small(Family::Llama).write_gguf(place.path()).unwrap());
    let text = fs::read_to_string(&files[1].disk).unwrap();
    let mut other = Golden::parse(text.as_bytes()).unwrap();
    other.weights[0].sha256 = "0".repeat(64);
    let other = other.text().unwrap();
    files.push(write(place.path(), "other.golden.json", other.as_bytes()).unwrap());
    assert_eq!(run(Operation::Verify, &files).outcome, Outcome::Passed);
    files.push(write(place.path(), "same.golden.json", text.as_bytes()).unwrap());
    assert!(failure(&files).contains("2 golden documents"));
    files.truncate(1);
    let text = text.replacen("\"kl\":1e-6", "\"kl\":-1", 1);
    files.push(write(place.path(), "golden.json", text.as_bytes()).unwrap());
    assert!(failure(&files).contains("golden.json: a tolerance"));
}

#[test]
fn a_golden_of_another_model_does_not_fit() {
    let place = tempfile::tempdir().unwrap();
    let llama = recorded(place.path(), small(Family::Llama).write_gguf(place.path()).unwrap());
    let mut files = small(Family::Bert).write_safetensors(place.path()).unwrap();
    files.push(llama[1].clone());
    let reply = run(Operation::Verify, &files);
    assert_eq!(outcome(&reply, "golden"), Outcome::Failed, "{reply:?}");
    let tiny = Sample { vocabulary: 20, ..small(Family::Llama) };
    let mut files = tiny.write_gguf(place.path()).unwrap();
    files.push(llama[1].clone());
    let reply = run(Operation::Verify, &files);
    assert!(reply.checks[0].detail.as_ref().unwrap().contains("vocabulary of 20"), "{reply:?}");
}

#[test]
fn prompts_may_be_given() {
    let place = tempfile::tempdir().unwrap();
    let files = small(Family::Llama).write_gguf(place.path()).unwrap();
    let mut request = request(Operation::Record, files);
    for prompts in [json!([[1, 2], [96]]), json!("[[1, 2], [96]]")] {
        request.settings.insert("prompts".to_owned(), prompts);
        let reply = ask(&request).unwrap();
        let golden = Golden::parse(reply.artifacts[0].text.as_bytes()).unwrap();
        let prompts: Vec<&[u32]> = golden.transcripts.iter().map(|one| &one.prompt[..]).collect();
        assert_eq!(prompts, [&[1, 2][..], &[96]]);
    }
    for (prompts, wanted) in [
        (json!([]), "0 prompts"),
        (json!([[]]), "a prompt of 0"),
        (json!([[97]]), "token 97"),
        (json!([[-1]]), "no list"),
        (json!("hello"), "no list"),
        (json!([vec![1; 129]]), "a prompt of 129"),
        (json!(vec![[1]; 65]), "65 prompts"),
    ] {
        request.settings.insert("prompts".to_owned(), prompts);
        let error = ask(&request).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error} lacks {wanted}");
    }
}
