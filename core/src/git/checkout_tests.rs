use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use git2::{Repository, Signature, Time};

use super::checkout;
use crate::finding::Code;
use crate::model::digest::Digest;

/// Commits blobs under names and modes as given, whatever they are.
fn commit(dir: &Path, entries: &[(&str, i32, &[u8])]) -> Repository {
    let repository = Repository::init(dir).unwrap();
    {
        let mut builder = repository.treebuilder(None).unwrap();
        for (name, mode, content) in entries {
            let id = match *mode {
                0o160_000 => {
                    git2::Oid::from_str("1111111111111111111111111111111111111111").unwrap()
                }
                _ => repository.blob(content).unwrap(),
            };
            builder.insert(name, id, *mode).unwrap();
        }
        let tree = repository.find_tree(builder.write().unwrap()).unwrap();
        let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
        repository.commit(Some("HEAD"), &who, &who, "m", &tree, &[]).unwrap();
    }
    repository
}

fn pointer(content: &[u8]) -> String {
    let oid = Digest::of(content);
    format!("version https://git-lfs.github.com/spec/v1\noid {oid}\nsize {}\n", content.len())
}

fn store(repository: &Repository, named: &[u8], content: &[u8]) {
    let hex = Digest::of(named).hex();
    let folder = repository.path().join("lfs/objects").join(&hex[..2]).join(&hex[2..4]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(hex), content).unwrap();
}

#[test]
fn files_and_objects_are_written_and_the_rest_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let weights = b"weights".as_slice();
    let repository = commit(
        &dir.path().join("r"),
        &[
            ("run.sh", 0o100_755, b"#!/bin/sh\n"),
            ("model.bin", 0o100_644, pointer(weights).as_bytes()),
            ("link", 0o120_000, b"/etc/passwd"),
            ("sub", 0o160_000, b""),
        ],
    );
    store(&repository, weights, weights);
    let into = dir.path().join("out");
    let out = checkout(&dir.path().join("r"), "HEAD", &into).unwrap();
    assert_eq!((out.files, out.lfs), (2, 1));
    let codes: Vec<Code> = out.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::GitSkipped, Code::GitSubmodule]);
    assert_eq!(std::fs::read(into.join("model.bin")).unwrap(), weights);
    let mode = |name: &str| into.join(name).metadata().unwrap().permissions().mode() & 0o111;
    assert_eq!((mode("run.sh"), mode("model.bin")), (0o111, 0));
    assert!(!into.join("link").exists() && !into.join("sub").exists());
    // What is there is not written over.
    let again = checkout(&dir.path().join("r"), "HEAD", &into).unwrap_err();
    assert_eq!(again.code(), Code::OutputExists);
}

#[test]
fn objects_that_are_missing_or_others_are_refused_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (place, into) = (dir.path().join("r"), dir.path().join("out"));
    let text = pointer(b"weights");
    let repository = commit(&place, &[("model.bin", 0o100_644, text.as_bytes())]);
    let problem = checkout(&place, "HEAD", &into).unwrap_err();
    assert_eq!(problem.code(), Code::LfsObjectMissing);
    assert!(problem.finding().hint.contains("git lfs pull"));
    store(&repository, b"weights", b"wrights");
    assert_eq!(checkout(&place, "HEAD", &into).unwrap_err().code(), Code::LfsObjectWrong);
    store(&repository, b"weights", b"short");
    assert_eq!(checkout(&place, "HEAD", &into).unwrap_err().code(), Code::LfsObjectMissing);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn pointers_that_cannot_be_followed_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let oid = Digest::of(b"x");
    for (at, text) in [
        "version https://git-lfs.github.com/spec/v1\noid md5:00\nsize 1\n".to_owned(),
        format!("version https://git-lfs.github.com/spec/v1\next-0-foo {oid}\noid {oid}\nsize 1\n"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:../../../../etc/passwd\nsize 1\n"
            .to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let place = dir.path().join(format!("r{at}"));
        commit(&place, &[("a", 0o100_644, text.as_bytes())]);
        let problem = checkout(&place, "HEAD", &dir.path().join("out")).unwrap_err();
        assert_eq!(problem.code(), Code::LfsPointer, "{text}");
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    // libgit2 itself refuses to write most of these; raw trees know no such care.
    for (at, name) in ["..", ".git", ".GIT", "a\\b", "con", "a:b", "a/b"].iter().enumerate() {
        let place = dir.path().join(format!("r{at}"));
        let repository = Repository::init(&place).unwrap();
        let odb = repository.odb().unwrap();
        let blob = odb.write(git2::ObjectType::Blob, b"x").unwrap();
        let mut raw = format!("100644 {name}\0").into_bytes();
        raw.extend_from_slice(blob.as_bytes());
        let tree = odb.write(git2::ObjectType::Tree, &raw).unwrap();
        let text = format!("tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n");
        let id = odb.write(git2::ObjectType::Commit, text.as_bytes()).unwrap();
        let problem = checkout(&place, &id.to_string(), &dir.path().join("out")).unwrap_err();
        let code = problem.code();
        assert!(matches!(code, Code::UnsafePath | Code::GitRepository | Code::GitEntry), "{name}");
        assert!(!dir.path().join("out").exists());
    }
}
