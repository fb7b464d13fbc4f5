//! Bounded work: whatever a stranger hands over, a run ends by itself, in the memory it
//! has, with an answer that has a name.
//!
//! Each run has an address space of 1 GiB: a document that unfolds into more ends it with
//! an abort, which no test here accepts. A run that does not end is killed and fails.

mod documents;
mod files;
mod weights;

use std::process::{Command, Stdio};

use pkg_tests::{Layout, Out, Place, binary};

/// Address space of a run, in KiB.
const MEMORY: u64 = 1 << 20;

/// Levels of what is nested.
const DEEP: usize = 100_000;

/// Runs the program in the memory it may have; it must end with a named answer.
fn bounded(place: &Place, args: &[&str]) -> Out {
    let like = place.command(&[]);
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\" --json"));
    command.arg(binary()).args(args).current_dir(place.root()).stdin(Stdio::null()).env_clear();
    for (name, value) in like.get_envs() {
        command.env(name, value.expect("a value"));
    }
    let out = place.finish(&mut command);
    let shown = || format!("{args:?}: {:?} {:.2000} {:.2000}", out.code, out.stdout, out.stderr);
    // 101 is a panic; without a code a signal ended it, such as that of an abort.
    assert!(matches!(out.code, Some(0 | 1 | 2 | 10..=14 | 20 | 21)), "{}", shown());
    assert!(!out.stderr.contains("memory allocation"), "{}", shown());
    let codes = out.codes();
    assert!(!codes.iter().any(|code| code == "internal"), "{}", shown());
    assert!(out.code == Some(0) || !codes.is_empty(), "{}", shown());
    out
}

/// It must end so, with that finding.
fn refused(place: &Place, args: &[&str], code: &str, exit: i32) -> Out {
    let out = bounded(place, args);
    let shown = format!("{args:?}: {:?} {:.3000}", out.code, out.stdout);
    assert!(out.codes().iter().any(|found| found == code), "no {code} in {shown}");
    assert_eq!(out.code, Some(exit), "{shown}");
    out
}

/// JSON that is well-formed and nested.
fn deep_json() -> Vec<u8> {
    [b"[".repeat(DEEP), b"]".repeat(DEEP)].concat()
}

/// The same, in a member of an object.
fn deep_member() -> Vec<u8> {
    [b"{\"x\":".repeat(DEEP), b"1".to_vec(), b"}".repeat(DEEP)].concat()
}

/// JSON of about this size, of as many values as fit.
fn huge_json(size: usize) -> Vec<u8> {
    [b"{\"x\":[0".to_vec(), b",0".repeat(size / 2), b"]}".to_vec()].concat()
}

/// A bundle after an edit with which all digests fit.
fn published(edit: impl FnOnce(&Layout)) -> (Place, String) {
    let place = Place::packed();
    let layout = Layout::at(&place.path("m.pkg"));
    edit(&layout);
    let digest = layout.digest();
    (place, digest)
}

/// Every command that reads a bundle must refuse it so.
fn readers(place: &Place, code: &str) {
    for args in [&["verify", "m.pkg"][..], &["show", "m.pkg"], &["unpack", "m.pkg", "out"]] {
        let out = bounded(place, args);
        let shown = format!("{args:?}: {:?} {:.3000}", out.code, out.stdout);
        assert!(out.codes().iter().any(|found| found == code), "no {code} in {shown}");
        assert!(!place.path("out").exists(), "{shown}");
    }
}
