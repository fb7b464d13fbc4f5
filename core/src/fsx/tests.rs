//! Outputs that are made aside, and what gets in their way.

use std::fs;

use super::{Staged, exists, open_regular};
use crate::finding::Code;

#[test]
fn nothing_is_left_of_output_that_was_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let staged = Staged::folder(&dir.path().join("out")).unwrap();
    fs::write(staged.path().join("half"), "x").unwrap();
    drop(staged);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn leftovers_of_a_killed_run_are_cleared() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".out.partial")).unwrap();
    fs::write(dir.path().join(".out.partial/old"), "x").unwrap();
    let target = dir.path().join("out");
    let staged = Staged::folder(&target).unwrap();
    fs::write(staged.path().join("new"), "y").unwrap();
    staged.commit(false).unwrap();
    assert!(!target.join("old").exists() && target.join("new").exists());
}

#[test]
fn a_leftover_of_another_form_is_cleared_unless_its_run_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let (target, partial) = (dir.path().join("out"), dir.path().join(".out.partial"));
    fs::write(&partial, "half of an archive").unwrap();
    Staged::folder(&target).unwrap().commit(false).unwrap();
    assert!(target.is_dir() && !exists(&partial));
    fs::create_dir_all(partial.join("half/of/a/folder")).unwrap();
    Staged::file(&target).unwrap().commit(true).unwrap();
    assert!(target.is_file() && !exists(&partial));
    let file = Staged::file(&target).unwrap();
    assert_eq!(Staged::folder(&target).unwrap_err().code(), Code::OutputBusy);
    assert!(exists(&partial));
    drop(file);
    let folder = Staged::folder(&target).unwrap();
    assert_eq!(Staged::file(&target).unwrap_err().code(), Code::OutputBusy);
    assert!(exists(&partial));
    drop(folder);
}

#[test]
fn two_writers_of_one_output_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out.tar");
    let first = Staged::file(&target).unwrap();
    assert_eq!(Staged::file(&target).unwrap_err().code(), Code::OutputBusy);
    first.commit(false).unwrap();
    assert_eq!(
        Staged::file(&target).unwrap().commit(false).unwrap_err().code(),
        Code::OutputExists
    );
}

#[test]
fn writers_of_one_output_wait_or_are_told_and_never_lose_it() {
    type Begin = fn(&std::path::Path) -> crate::finding::Result<Staged>;
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    for begin in [Staged::file as Begin, Staged::folder as Begin] {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let done = begin(&target).and_then(|staged| staged.commit(true));
                        if let Err(problem) = done {
                            assert_eq!(problem.code(), Code::OutputBusy, "{problem}");
                        }
                    }
                });
            }
        });
        super::remove(&target).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn replacing_swaps_the_whole_folder() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("old"), "x").unwrap();
    assert_eq!(
        Staged::folder(&target).unwrap().commit(false).unwrap_err().code(),
        Code::OutputExists
    );
    let staged = Staged::folder(&target).unwrap();
    fs::write(staged.path().join("new"), "y").unwrap();
    staged.commit(true).unwrap();
    assert!(!exists(&target.join("old")) && exists(&target.join("new")));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_takes_the_place_of_anything_and_of_strays() {
    let fifo = |path: &std::path::Path| {
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).unwrap();
    };
    let link = |path: &std::path::Path| std::os::unix::fs::symlink("nowhere", path).unwrap();
    for there in [&fifo as &dyn Fn(&std::path::Path), &link] {
        let dir = tempfile::tempdir().unwrap();
        there(&dir.path().join("out"));
        there(&dir.path().join(".out.partial"));
        Staged::folder(&dir.path().join("out")).unwrap().commit(true).unwrap();
        assert!(dir.path().join("out").symlink_metadata().unwrap().is_dir());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn links_and_folders_are_no_regular_files() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    assert_eq!(open_regular(&link).unwrap_err().code(), Code::SymlinkInRelease);
    assert_eq!(open_regular(dir.path()).unwrap_err().code(), Code::SpecialFile);
}
