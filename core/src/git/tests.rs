use std::path::Path;

use git2::{Repository, Signature, Time};

use super::{Commit, Content, without_credentials};
use crate::finding::Code;
use crate::model::spec::GitSpec;

fn repository(dir: &Path, link: bool) {
    let repository = Repository::init(dir).unwrap();
    std::fs::create_dir_all(dir.join("train/deep")).unwrap();
    std::fs::write(dir.join("train/run.py"), "train()").unwrap();
    std::fs::write(dir.join("train/deep/x.py"), "x").unwrap();
    std::fs::write(dir.join("README"), "r").unwrap();
    if link {
        std::os::unix::fs::symlink("/etc/passwd", dir.join("train/link")).unwrap();
    }
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "m", &tree, &[]).unwrap();
}

fn spec(path: Option<&str>) -> GitSpec {
    GitSpec {
        repo: ".".to_owned(),
        rev: "HEAD".to_owned(),
        path: path.map(str::to_owned),
        into: None,
        allowed_signers: None,
        allow: Vec::new(),
    }
}

#[test]
fn the_committed_tree_is_taken_and_not_the_work_tree() {
    let dir = tempfile::tempdir().unwrap();
    repository(dir.path(), false);
    std::fs::write(dir.path().join("train/run.py"), "changed").unwrap();
    let commit = Commit::open(dir.path(), &spec(Some("train/")), None).unwrap();
    let paths: Vec<&str> = commit.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["train/deep/x.py", "train/run.py"]);
    let Content::Bytes(bytes) = commit.content(&commit.files[1]).unwrap() else { panic!() };
    assert_eq!(bytes, b"train()");
    assert_eq!(commit.source.committed, 1_700_000_000);
}

#[test]
fn links_and_missing_paths_are_named() {
    let dir = tempfile::tempdir().unwrap();
    repository(dir.path(), true);
    assert_eq!(Commit::open(dir.path(), &spec(None), None).unwrap_err().code(), Code::GitEntry);
    let nowhere = Commit::open(dir.path(), &spec(Some("nowhere")), None).unwrap_err();
    assert_eq!(nowhere.code(), Code::PathNotFound);
    let mut rev = spec(None);
    rev.rev = "v9".to_owned();
    assert_eq!(Commit::open(dir.path(), &rev, None).unwrap_err().code(), Code::GitRepository);
}

#[test]
fn credentials_do_not_get_into_a_release() {
    assert_eq!(without_credentials("https://me:pw@example.org/r"), "https://example.org/r");
    assert_eq!(without_credentials("git@example.org:r.git"), "git@example.org:r.git");
    assert_eq!(without_credentials("https://example.org/r?token=x"), "https://example.org/r");
    assert_eq!(without_credentials("https//me:pw@example.org/r"), "example.org/r");
}
