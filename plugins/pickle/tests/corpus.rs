//! The pickles of `fixtures/pickle`, each with the verdict that its maker wrote down.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pkg_pickle::Pickles;
use pkg_plugin_sdk::{
    Device, File, Host, Operation, Outcome, Plugin as _, Release, Reply, Request, Severity,
};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pickle")
}

fn request(files: Vec<File>) -> Request {
    Request {
        operation: Operation::Verify,
        device: Device::Cpu,
        threads: 1,
        release: Release::default(),
        files,
        settings: serde_json::Map::new(),
    }
}

fn file(path: &str) -> File {
    let disk = corpus().join(path);
    let bytes = fs::metadata(&disk).unwrap().len();
    File { path: path.to_owned(), disk, offset: 0, bytes, digest: String::new(), kind: None }
}

fn run(files: Vec<File>) -> Reply {
    let reply = Pickles::run(&request(files), &Host::none()).unwrap();
    assert_eq!(reply.contradiction(), None);
    reply
}

fn verdict(reply: &Reply) -> &'static str {
    let has = |code: &str| reply.findings.iter().any(|finding| finding.code == code);
    if has("pickle-executes-code") {
        assert_eq!(reply.outcome, Outcome::Failed);
        "executes"
    } else if has("pickle-inconclusive") {
        assert_eq!(reply.outcome, Outcome::Inconclusive);
        "inconclusive"
    } else if has("pickle-format") {
        assert_eq!(reply.outcome, Outcome::Warned);
        "allowed"
    } else {
        assert!(reply.findings.iter().all(|finding| finding.severity != Severity::Error));
        "none"
    }
}

fn expected() -> BTreeMap<String, String> {
    serde_json::from_slice(&fs::read(corpus().join("expected.json")).unwrap()).unwrap()
}

#[test]
fn every_file_has_the_verdict_of_its_maker() {
    let mut wrong = Vec::new();
    let expected = expected();
    assert!(expected.len() > 250, "{}", expected.len());
    for (path, wanted) in &expected {
        let reply = run(vec![file(path)]);
        let seen = verdict(&reply);
        if seen != wanted {
            let details: Vec<_> = reply.findings.iter().map(|f| f.detail.as_str()).collect();
            wrong.push(format!("{path}: {seen}, not {wanted}: {details:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_corpus_is_expected() {
    let expected = expected();
    for folder in fs::read_dir(corpus()).unwrap() {
        let folder = folder.unwrap().path();
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(corpus()).unwrap().to_str().unwrap().to_owned();
            assert!(expected.contains_key(&name), "{name}");
        }
    }
}

#[test]
fn all_files_at_once_have_a_check_each() {
    let expected = expected();
    let reply = run(expected.keys().map(|path| file(path)).collect());
    let pickles = reply.checks.iter().filter(|check| check.name == "pickle").count();
    let with = expected.values().filter(|verdict| *verdict != "none").count();
    assert_eq!(pickles, with);
    assert_eq!(reply.checks.last().unwrap().outcome, Outcome::Warned);
    for finding in &reply.findings {
        let path = finding.file.as_ref().unwrap();
        assert!(finding.detail.starts_with(path.as_str()), "{}", finding.detail);
    }
}

#[test]
fn a_release_without_pickles_passes_and_says_how_much_was_looked_at() {
    let expected = expected();
    let none = expected.iter().filter(|(_, verdict)| *verdict == "none");
    let files: Vec<_> = none.map(|(path, _)| file(path)).collect();
    let count = files.len();
    let reply = run(files);
    assert_eq!(reply.outcome, Outcome::Passed);
    assert_eq!(reply.checks.len(), 1);
    assert_eq!(reply.checks[0].name, "no-pickle");
    assert!(reply.summary.starts_with(&format!("{count} files were looked at")));
}

#[test]
fn a_file_inside_of_another_is_read_in_its_bounds() {
    let temp = tempfile::NamedTempFile::new().unwrap();
    let bad = fs::read(corpus().join("forms/protocol-4.pkl")).unwrap();
    let good = fs::read(corpus().join("clean/values-4.pkl")).unwrap();
    fs::write(temp.path(), [good.as_slice(), &bad].concat()).unwrap();
    let part = |offset: usize, bytes: usize| File {
        path: "model.pkl".to_owned(),
        disk: temp.path().to_owned(),
        offset: offset as u64,
        bytes: bytes as u64,
        digest: String::new(),
        kind: None,
    };
    assert_eq!(verdict(&run(vec![part(0, good.len())])), "allowed");
    assert_eq!(verdict(&run(vec![part(good.len(), bad.len())])), "executes");
    let longer = request(vec![part(good.len(), bad.len() + 1)]);
    assert!(Pickles::run(&longer, &Host::none()).is_err());
}
