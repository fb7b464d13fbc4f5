//! What is no file in the place of a file, and names that are no names.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use pkg_tests::{Place, mkfifo};

use crate::{bounded, refused};

/// Puts something that is no file at a path; the socket has to live on.
fn special(kind: &str, path: &Path) -> Option<UnixListener> {
    match kind {
        "pipe" => mkfifo(path),
        "zero" => symlink("/dev/zero", path).unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        "socket" => return Some(UnixListener::bind(path).unwrap()),
        "nowhere" => symlink("nowhere-at-all", path).unwrap(),
        _ => panic!("{kind}"),
    }
    None
}

/// Every argument that is a file, as `strange`.
const ARGUMENTS: [&[&str]; 30] = [
    &["verify", "m.pkg", "--key", "strange"],
    &["verify", "m.pkg", "--key", "k.pub", "--policy", "strange"],
    &["verify", "m.pkg", "--certificate-chain", "strange"],
    &[
        "verify",
        "m.pkg",
        "--identity",
        "a",
        "--issuer",
        "https://e.org",
        "--trusted-root",
        "strange",
    ],
    &["verify", "m.pkg", "--key", "k.pub", "--adopter", "strange"],
    &["verify", "m.pkg", "--key", "k.pub", "--against", ".", "--git-signers", "strange"],
    &["verify", "plain", "--key", "k.pub", "--signature", "strange"],
    &["verify", "strange", "--key", "k.pub"],
    &["show", "strange"],
    &["unpack", "strange", "out"],
    &["export", "strange", "out"],
    &["diff", "strange", "m.pkg"],
    &["diff", "m.pkg", "strange"],
    &["lineage", "m.pkg", "strange"],
    &["report", "strange"],
    &["notice", "strange", "--output", "out"],
    &["sign", "strange", "--key", "k.key"],
    &["sign", "m.pkg", "--key", "strange"],
    &["sign", "m.pkg", "--key", "k.key", "--passphrase-file", "strange"],
    &["sign", "m.pkg", "--key", "k.key", "--certificate", "strange"],
    &["sign", "m.pkg", "--key", "k.key", "--log", "--signing-config", "strange"],
    &["sign", "m.pkg", "--key", "k.key", "--log", "--trust-config", "strange"],
    &["attest", "m.pkg", "--predicate", "strange", "--type", "https://e.org/p", "--key", "k.key"],
    &["attest", "m.pkg", "--import", "strange", "--signed-by", "k.pub"],
    &["policy", "check", "strange"],
    &["policy", "check", "policy.toml", "--facts", "strange"],
    &["policy", "explain", "strange"],
    &["trust", "show", "--trusted-root", "strange"],
    &["plugin", "install", "strange"],
    &["pull", "oci://127.0.0.1:1/a/b:1", "--registry-ca", "strange"],
];

#[test]
fn what_is_no_file_is_refused_as_every_argument() {
    for kind in ["pipe", "zero", "folder", "socket", "nowhere"] {
        let place = Place::signed();
        place.example_files();
        fs::create_dir(place.path("plain")).unwrap();
        fs::write(place.path("plain/a.txt"), "a").unwrap();
        let _kept = special(kind, &place.path("strange"));
        for args in ARGUMENTS {
            let out = bounded(&place, args);
            let shown = format!("{kind} {args:?}: {out:?}");
            println!("{kind} {} -> {:?} {:?}", args.join(" "), out.code, out.codes());
            assert_ne!(out.code, Some(0), "{shown}");
            // By the name that was given, not by what is behind the link.
            assert!(out.stdout.contains("strange"), "{shown}");
            // What the caller named is the caller's to correct; it says nothing about the
            // bundle. A key that is none, and a root, have codes of their own.
            assert!(matches!(out.code, Some(1 | 2 | 14)), "{shown}");
            let root = args.contains(&"--policy") || args.contains(&"--trusted-root");
            if root && kind != "nowhere" {
                assert_eq!((out.code, &*out.codes()[0]), (Some(2), "special-file"), "{shown}");
            }
            // And what to do about it is about that file.
            for finding in out.json()["findings"].as_array().unwrap() {
                let hint = finding["hint"].as_str().unwrap();
                assert!(!hint.contains("pkg.toml") && !hint.contains("released"), "{shown}");
            }
            assert!(!place.path("out").exists(), "{shown}");
            // Of what is not as it should be, only reading itself is "unexpected".
            if out.code == Some(1) {
                assert!(out.codes().contains(&"unreadable-file".to_owned()), "{shown}");
            }
        }
    }
}

#[test]
fn what_is_not_there_is_looked_for_by_the_caller() {
    let place = Place::signed();
    place.example_files();
    let nowhere = "oci://127.0.0.1:1/a/b:1";
    let more: [&[&str]; 10] = [
        &["pack", "strange", "-o", "out"],
        &["init", "strange"],
        &["check", "strange"],
        &["push", "strange", nowhere],
        &["release", "strange", "--to", nowhere, "--key", "k.key", "--yes"],
        &["encode", "strange", "out"],
        &["decode", "strange", "out"],
        &["attest", "list", "strange"],
        &["report", "m.pkg", "--adopter", "strange"],
        &["verify", "m.pkg", "--key", "k.pub", "--policy", "strange"],
    ];
    for args in ARGUMENTS.iter().chain(&more) {
        let out = bounded(&place, args);
        let shown = format!("{args:?}: {out:?}");
        let findings = out.json()["findings"].clone();
        let hint = findings[0]["hint"].as_str().unwrap().to_owned();
        assert!(!hint.is_empty() && !hint.contains("pkg.toml"), "{shown}");
        assert!(matches!(out.code, Some(2 | 14)), "{shown}");
    }
    // Where pkg.toml names it, the hint is about pkg.toml.
    fs::remove_file(place.path("model/config.json")).unwrap();
    let out = place.finds(&["pack", "model", "-o", "n.pkg"], "path-not-found", 2).json();
    assert!(out["findings"][0]["hint"].as_str().unwrap().contains("pkg.toml"), "{out:#}");
}

#[test]
fn what_is_no_file_is_refused_in_every_folder() {
    for kind in ["pipe", "zero", "folder", "socket", "nowhere"] {
        for name in ["pkg.toml", "LICENSE", "model-1.safetensors", "config.json", "code/run.py"] {
            let place = Place::with_model();
            let path = place.path("model").join(name);
            fs::remove_file(&path).unwrap();
            let _kept = special(kind, &path);
            let out = bounded(&place, &["pack", "model", "-o", "m.pkg"]);
            if kind == "folder" && ["model-1.safetensors", "code/run.py"].contains(&name) {
                // A pattern lists files: an empty folder is nothing to it.
                assert_eq!(out.code, Some(0), "{out:?}");
                continue;
            }
            assert!(matches!(out.code, Some(2)), "{kind} {name}: {out:?}");
            assert!(out.stdout.contains(name), "{kind} {name}: {out:?}");
            let out = bounded(&place, &["check", "model"]);
            assert!(matches!(out.code, Some(2 | 10)), "{kind} {name}: {out:?}");
            bounded(&place, &["init", "model", "--yes"]);
        }
        for name in ["model.sig", "config.json", "code/run.py"] {
            let place = Place::with_model();
            fs::remove_file(place.path("model/pkg.toml")).unwrap();
            place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
            place.ok(&["sign", "model", "--key", "k.key"]);
            let path = place.path("model").join(name);
            fs::remove_file(&path).unwrap();
            let _kept = special(kind, &path);
            let out = bounded(&place, &["verify", "model", "--key", "k.pub"]);
            println!("{kind} {name} verify -> {:?} {:?}", out.code, out.codes());
            assert!(matches!(out.code, Some(2 | 10)), "{kind} {name}: {out:?}");
            assert!(out.stdout.contains(name), "{kind} {name}: {out:?}");
        }
        for name in ["index.json", "oci-layout", "blobs"] {
            let place = Place::signed();
            fs::rename(place.path("m.pkg").join(name), place.path("moved")).unwrap();
            let _kept = special(kind, &place.path("m.pkg").join(name));
            let out = bounded(&place, &["verify", "m.pkg", "--key", "k.pub"]);
            println!("{kind} {name} verify -> {:?} {:?}", out.code, out.codes());
            assert!(matches!(out.code, Some(2 | 10)), "{kind} {name}: {out:?}");
        }
    }
}

#[test]
fn names_that_are_long_or_not_text_end_in_an_answer() {
    let long = "n".repeat(255);
    let commands: [&[&str]; 4] = [
        &["pack", "model", "-o", "m.pkg"],
        &["check", "model"],
        &["init", "model", "--yes"],
        &["sign", "model", "--key", "k.key", "--signature", "m.sig", "--force"],
    ];
    for name in [
        long.as_bytes(),
        b"a\nb.py",
        b"a\rb.py",
        b"\x1b[2Jx.py",
        b"\xff\xfe.py",
        b"a\xc3",
        "\u{202e}yp.x".as_bytes(),
        b" ",
        b"-",
        b"--help",
    ] {
        let place = Place::with_model();
        place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
        fs::write(place.path("model/code").join(OsStr::from_bytes(name)), "x").unwrap();
        for args in commands {
            let out = bounded(&place, args);
            let shown = String::from_utf8_lossy(name);
            println!("{shown:?} {} -> {:?} {:?}", args[0], out.code, out.codes());
            assert!(matches!(out.code, Some(0 | 2 | 10)), "{shown:?} {args:?}: {out:?}");
            let text = place.run(args);
            assert!(!text.stderr.contains('\u{1b}') && !text.stdout.contains('\u{1b}'), "{text:?}");
        }
    }
    // As an argument: 4,000 bytes of folders that are not there, and a name that is too long.
    let place = Place::signed();
    let path = "d/".repeat(2000) + "f";
    for strange in [&path, &"n".repeat(256), &"x".repeat(5000), "a\nb", "\u{1b}[2J"] {
        for args in [
            &["verify", strange][..],
            &["show", strange],
            &["unpack", "m.pkg", strange],
            &["verify", "m.pkg", "--key", strange],
            &["pack", "model", "-o", strange],
            &["sign", "m.pkg", "--key", strange],
        ] {
            let out = bounded(&place, args);
            println!("{:.20?} {:.60?} -> {:?} {:?}", strange, args, out.code, out.codes());
        }
    }
}

/// Folders within each other, to a path of about 4,000 bytes.
#[test]
fn paths_of_four_thousand_bytes() {
    let place = Place::with_model();
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    // Made from within: the whole path may be longer than the system takes at once.
    let folders = vec!["d".repeat(199); 19].join("/");
    let script = format!("cd model/code && mkdir -p {folders} && cd {folders} && echo x > deep.py");
    assert_eq!(place.shell(&script).code, Some(0));
    for args in [
        &["pack", "model", "-o", "m.pkg"][..],
        &["check", "model"],
        &["sign", "model", "--key", "k.key", "--signature", "m.sig"],
    ] {
        let out = bounded(&place, args);
        println!("{} -> {:?} {:?}", args[0], out.code, out.codes());
    }
}

#[test]
fn five_thousand_files_in_one_folder() {
    let place = Place::with_model();
    for n in 0..5000 {
        fs::write(place.path(&format!("model/code/file{n:05}.py")), format!("{n}\n")).unwrap();
    }
    assert_eq!(bounded(&place, &["pack", "model", "-o", "m.pkg"]).code, Some(0));
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    assert_eq!(bounded(&place, &["sign", "m.pkg", "--key", "k.key"]).code, Some(0));
    assert_eq!(bounded(&place, &["verify", "m.pkg", "--key", "k.pub"]).code, Some(0));
    assert_eq!(bounded(&place, &["unpack", "m.pkg", "out"]).code, Some(0));
    assert_eq!(fs::read_dir(place.path("out/code")).unwrap().count(), 5003);
    assert_eq!(bounded(&place, &["verify", "out", "--key", "k.pub"]).code, Some(0));
    fs::write(place.path("out/code/file04999.py"), "9994\n").unwrap();
    refused(&place, &["verify", "out", "--key", "k.pub"], "digest-mismatch", 10);
    fs::remove_file(place.path("model/pkg.toml")).unwrap();
    assert_eq!(bounded(&place, &["sign", "model", "--key", "k.key"]).code, Some(0));
    assert_eq!(bounded(&place, &["verify", "model", "--key", "k.pub"]).code, Some(0));
}
