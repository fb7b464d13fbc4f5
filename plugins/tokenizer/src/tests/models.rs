//! Real models, where `cargo xtask fetch-models` was run.

use std::path::{Path, PathBuf};

use pkg_plugin_sdk::{
    Device, File, Host, Operation, Outcome, Plugin as _, Release, Reply, Request,
};

use crate::Tokenizer;

fn files(folder: &Path, base: &Path, found: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let disk = entry.unwrap().path();
        if disk.is_dir() {
            files(&disk, base, found);
            continue;
        }
        found.push(File {
            path: disk.strip_prefix(base).unwrap().to_str().unwrap().to_owned(),
            bytes: disk.metadata().unwrap().len(),
            disk,
            offset: 0,
            digest: String::new(),
            kind: None,
        });
    }
}

fn look(name: &str) -> Option<Reply> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/models").join(name);
    if !folder.is_dir() {
        eprintln!("SKIPPED, NOT PASSED: {name} is not there; run `cargo xtask fetch-models`");
        return None;
    }
    let mut found = Vec::new();
    files(&folder, &folder, &mut found);
    let request = Request {
        operation: Operation::Verify,
        device: Device::Cpu,
        threads: 0,
        release: Release::default(),
        files: found,
        settings: serde_json::Map::new(),
    };
    Some(Tokenizer::run(&request, &Host::none()).unwrap())
}

#[test]
fn real_models_pass() {
    for (name, check) in [("smollm2", "chat-template"), ("minilm", "special-tokens")] {
        let Some(reply) = look(name) else { continue };
        assert_eq!((reply.outcome, reply.findings.len()), (Outcome::Passed, 0), "{reply:?}");
        let check = reply.checks.iter().find(|there| there.name == check).unwrap();
        assert_eq!(check.outcome, Outcome::Passed, "{reply:?}");
        assert_eq!(reply.contradiction(), None);
    }
}
