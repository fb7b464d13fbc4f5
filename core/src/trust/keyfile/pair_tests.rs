//! New key pairs, what is in their way, and what killed runs leave.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{PassphraseSource, load_public_key, load_signing_key};
use super::{COPY, KEY, OLD, PUB, Pair, TOKEN, make, write_key_pair};
use crate::finding::Code;
use crate::fsx::Staged;
use crate::trust::key::{Algorithm, SigningKey};

fn new_key() -> SigningKey {
    SigningKey::generate(Algorithm::EcdsaP256).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Both files are of `key`, and nothing else is there.
fn assert_pair(folder: &Path, key: &SigningKey) {
    assert_eq!(names(folder), ["x.key", "x.pub"]);
    let (read, _) = load_signing_key(&folder.join("x.key"), PassphraseSource::None).unwrap();
    let public = load_public_key(&folder.join("x.pub")).unwrap();
    assert_eq!(read.public().unwrap().pem(), key.public().unwrap().pem());
    assert_eq!(public.pem(), key.public().unwrap().pem());
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("release.v1");
    let key = new_key();
    fs::write(folder.path().join("release.v1.pub"), "mine").unwrap();
    let problem = write_key_pair(&prefix, &key, None, false).unwrap_err();
    assert_eq!(problem.code(), Code::OutputExists);
    assert!(problem.finding().hint.contains("`rm "), "{:?}", problem.finding());
    assert_eq!(names(folder.path()), ["release.v1.pub"]);
    write_key_pair(&prefix, &key, None, true).unwrap();
    assert_eq!(names(folder.path()), ["release.v1.key", "release.v1.pub"]);
    let other = new_key();
    let kept = folder.path().join("release.v1.key");
    let problem = write_key_pair(&prefix, &other, None, false).unwrap_err();
    assert_eq!(problem.code(), Code::OutputExists);
    assert_eq!(problem.finding().subject, kept.display().to_string());
    let (read, _) = load_signing_key(&kept, PassphraseSource::None).unwrap();
    assert_eq!(read.public().unwrap().pem(), key.public().unwrap().pem());
    assert_eq!(names(folder.path()), ["release.v1.key", "release.v1.pub"]);

    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    let problem = write_key_pair(&prefix, &other, None, true).unwrap_err();
    assert_eq!(problem.code(), Code::OutputExists, "a folder is never replaced");
    assert_eq!(names(folder.path()), ["release.v1.key", "release.v1.pub"]);

    for name in ["", "/", "..", "keys/"] {
        let problem = write_key_pair(Path::new(name), &key, None, false).unwrap_err();
        assert_eq!(problem.code(), Code::UsageError, "{name:?}");
    }
    let absent = folder.path().join("no/such/folder");
    assert!(write_key_pair(&absent, &key, None, false).is_err());
    let problem = write_key_pair(&folder.path().join("y"), &key, Some(""), false).unwrap_err();
    assert_eq!(problem.code(), Code::WrongPassphrase);
}

#[test]
fn what_was_moved_is_moved_back_when_the_rest_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = (folder.path().join("x.key"), folder.path().join("x.pub"));
    let attempt = |force| {
        let aside = folder.path().join("aside");
        let staged = Staged::folder(&aside).unwrap();
        make(&staged, b"new", b"new").unwrap();
        Pair { private: &private, public: &public, force }.place(staged.path())
    };
    fs::create_dir(&private).unwrap();
    for force in [false, true] {
        assert!(attempt(force).is_err());
        assert_eq!(names(folder.path()), ["x.key"]);
    }
    fs::write(&public, "old").unwrap();
    for force in [false, true] {
        assert!(attempt(force).is_err());
        assert_eq!(fs::read(&public).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["x.key", "x.pub"]);
    }
    fs::remove_dir(&private).unwrap();
    attempt(true).unwrap();
    assert_eq!(fs::read(&public).unwrap(), b"new");
    assert_eq!(fs::read(&private).unwrap(), b"new");
}

/// What a run for `x` leaves that is killed before anything has its name.
fn killed(folder: &Path, key: &SigningKey) -> PathBuf {
    let staged = Staged::folder_to_resume(&folder.join("x.key"), TOKEN).unwrap();
    make(&staged, b"a private key", key.public().unwrap().pem().as_bytes()).unwrap();
    staged.path().to_owned()
}

#[test]
fn a_public_key_of_a_killed_run_is_replaced_and_no_other() {
    let (old, new) = (new_key(), new_key());
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = (folder.path().join("x.key"), folder.path().join("x.pub"));
    let run = || write_key_pair(&folder.path().join("x"), &new, None, false);

    // Before either has its name.
    killed(folder.path(), &old);
    run().unwrap();
    assert_pair(folder.path(), &new);

    // Between the two.
    fs::remove_file(&private).unwrap();
    fs::remove_file(&public).unwrap();
    let left = killed(folder.path(), &old);
    fs::rename(left.join(PUB), &public).unwrap();
    run().unwrap();
    assert_pair(folder.path(), &new);

    // After both: the pair is whole, and stays.
    let left = killed(folder.path(), &new);
    fs::remove_file(left.join(PUB)).unwrap();
    fs::remove_file(left.join(KEY)).unwrap();
    assert_eq!(run().unwrap_err().code(), Code::OutputExists);
    assert_pair(folder.path(), &new);

    // The same, and the private key was taken to a safe place: its public key is not ours.
    let left = killed(folder.path(), &new);
    fs::remove_file(left.join(KEY)).unwrap();
    fs::remove_file(&private).unwrap();
    assert_eq!(run().unwrap_err().code(), Code::OutputExists);
    // A public key of others, and a run that was killed before it saw it.
    killed(folder.path(), &old);
    assert_eq!(run().unwrap_err().code(), Code::OutputExists);
    assert_eq!(names(folder.path()), ["x.pub"]);
    assert_eq!(load_public_key(&public).unwrap().pem(), new.public().unwrap().pem());
}

#[test]
fn what_a_killed_run_with_force_set_aside_comes_back() {
    let (old, new) = (new_key(), new_key());
    let folder = tempfile::tempdir().unwrap();
    let public = folder.path().join("x.pub");
    let prefix = folder.path().join("x");
    write_key_pair(&prefix, &old, None, false).unwrap();
    let left = killed(folder.path(), &new);
    fs::rename(&public, left.join(OLD)).unwrap();
    let problem = write_key_pair(&prefix, &new, None, false).unwrap_err();
    assert_eq!(problem.code(), Code::OutputExists);
    assert_pair(folder.path(), &old);
    let left = killed(folder.path(), &new);
    fs::rename(&public, left.join(OLD)).unwrap();
    write_key_pair(&prefix, &new, None, true).unwrap();
    assert_pair(folder.path(), &new);
}

#[test]
fn two_runs_for_one_pair_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let staged = Staged::folder_to_resume(&folder.path().join("x.key"), TOKEN).unwrap();
    assert_eq!(fs::read_dir(staged.path()).unwrap().count(), 1, "no {COPY} yet");
    let problem = write_key_pair(&folder.path().join("x"), &new_key(), None, true).unwrap_err();
    assert_eq!(problem.code(), Code::OutputBusy);
}
