//! Plain folders with a model signature: what is left out, what is more, what is
//! no file, and signatures that somebody changed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_tests::{Place, flip, mkfifo};
use serde_json::{Value, json};

const SIGN: [&str; 4] = ["sign", "m", "--key", "k.key"];
const VERIFY: [&str; 4] = ["verify", "m", "--key", "k.pub"];

fn place() -> Place {
    let place = Place::new();
    for (name, content) in
        [("weights.bin", "0123"), ("code/run.py", "x = 1\n"), ("cache/tmp", "later")]
    {
        let path = place.path("m").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place
}

fn signed() -> Place {
    let place = place();
    place.ok(&SIGN);
    place
}

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let place = signed();
    flip(&place.path("m/weights.bin"));
    fs::remove_file(place.path("m/code/run.py")).unwrap();
    fs::write(place.path("m/more"), "x").unwrap();
    symlink("weights.bin", place.path("m/link")).unwrap();
    mkfifo(&place.path("m/pipe"));
    fs::write(place.path("m").join(OsStr::from_bytes(b"odd\xff")), "x").unwrap();
    let out = place.finds(&VERIFY, "digest-mismatch", 10);
    let mut codes = out.codes();
    codes.sort_unstable();
    let expected = [
        "digest-mismatch",
        "extra-file",
        "missing-file",
        "non-utf8-name",
        "oms-symlink",
        "special-file",
        "time-not-proven",
    ];
    assert_eq!(codes, expected);
    assert_eq!(out.json()["result"]["filesVerified"], 1);
    // Left alone when asked; what is signed is still checked.
    let out = place.finds(&with(&VERIFY, &["--ignore-unsigned-files"]), "missing-file", 10);
    let codes = out.codes();
    assert!(codes.contains(&"digest-mismatch".to_owned()), "{codes:?}");
    assert!(codes.contains(&"oms-unsigned-files".to_owned()), "{codes:?}");
    assert!(!codes.contains(&"extra-file".to_owned()), "{codes:?}");
    assert!(!codes.contains(&"special-file".to_owned()), "{codes:?}");
}

#[test]
fn unsigned_files_are_left_alone_when_asked() {
    let place = signed();
    fs::write(place.path("m/more"), "x").unwrap();
    mkfifo(&place.path("m/pipe"));
    for flag in ["--ignore-unsigned-files", "--ignore_unsigned_files"] {
        let out = place.ok(&with(&VERIFY, &[flag, "--json"]));
        assert_eq!(out.json()["result"]["notChecked"], json!(["pipe", "more"]));
    }
    assert!(
        place.ok(&with(&VERIFY, &["--ignore-unsigned-files"])).stdout.starts_with("OK in part")
    );
    // Not what stands in the place of a signed file.
    fs::remove_file(place.path("m/weights.bin")).unwrap();
    symlink("more", place.path("m/weights.bin")).unwrap();
    place.finds(&with(&VERIFY, &["--ignore-unsigned-files"]), "oms-symlink", 10);
}

#[test]
fn paths_are_left_out_by_signer_and_by_verifier() {
    let place = place();
    place.ok(&with(&SIGN, &["--ignore-paths", "m/cache", "--ignore-paths", "m/not-there"]));
    // The signature says so: nobody needs to be told.
    fs::write(place.path("m/cache/tmp"), "changed").unwrap();
    fs::write(place.path("m/not-there"), "new").unwrap();
    let out = place.ok(&with(&VERIFY, &["--json"]));
    assert!(out.codes().contains(&"oms-paths-left-out".to_owned()), "{out:?}");
    assert_eq!(out.json()["result"]["notChecked"], json!([]));
    fs::write(place.path("m/log"), "x").unwrap();
    place.finds(&VERIFY, "extra-file", 10);
    let out = place.ok(&with(&VERIFY, &["--ignore-paths", "m/log", "--json"]));
    assert_eq!(out.json()["result"]["notChecked"], json!(["log"]));
    // Also by the name of the folder itself, and from inside it.
    let absolute = place.path("m/log").to_str().unwrap().to_owned();
    place.ok(&with(&VERIFY, &["--ignore-paths", &absolute]));
    let mut inside = place.command(&["verify", ".", "--key", "../k.pub", "--ignore-paths", "log"]);
    assert_eq!(place.finish(inside.current_dir(place.path("m"))).code, Some(0));
    // What has no effect is said, and what is signed cannot be left out.
    let elsewhere = place.finds(&with(&VERIFY, &["--ignore-paths", "log"]), "extra-file", 10);
    assert!(elsewhere.codes().contains(&"oms-ignore-outside".to_owned()));
    for listed in ["m/weights.bin", "m/code"] {
        let args = with(&VERIFY, &["--ignore-paths", "m/log", "--ignore-paths", listed]);
        place.finds(&args, "oms-ignored-file-listed", 10);
    }
    place.finds(&with(&VERIFY, &["--ignore-paths", "m"]), "usage", 2);
}

#[test]
fn files_of_git_count_only_when_asked() {
    let place = place();
    fs::create_dir(place.path("m/.git")).unwrap();
    fs::write(place.path("m/.git/config"), "x").unwrap();
    place.ok(&SIGN);
    fs::write(place.path("m/.git/config"), "y").unwrap();
    fs::write(place.path("m/.gitignore"), "y").unwrap();
    place.ok(&VERIFY);
    place.ok(&with(&SIGN, &["--no-ignore-git-paths"]));
    place.ok(&VERIFY);
    // They are signed now, so they are checked without being asked for.
    fs::write(place.path("m/.git/more"), "y").unwrap();
    place.finds(&VERIFY, "extra-file", 10);
    fs::remove_file(place.path("m/.git/more")).unwrap();
    fs::write(place.path("m/.git/config"), "z").unwrap();
    place.finds(&VERIFY, "digest-mismatch", 10);
    fs::write(place.path("m/.git/config"), "y").unwrap();
    // Not signed, and of git: what is asked decides.
    fs::write(place.path("m/.gitattributes"), "x").unwrap();
    place.ok(&VERIFY);
    place.finds(&with(&VERIFY, &["--no-ignore-git-paths"]), "extra-file", 10);
}

#[test]
fn links_are_signed_and_verified_only_as_allowed() {
    let place = place();
    fs::write(place.path("outside"), "elsewhere").unwrap();
    symlink("../weights.bin", place.path("m/code/link")).unwrap();
    place.finds(&SIGN, "oms-symlink", 2);
    assert!(!place.path("m/model.sig").exists());
    let out = place.ok(&with(&SIGN, &["--allow-symlinks", "--json"])).json();
    assert_eq!(out["result"]["files"], 4);
    place.finds(&VERIFY, "oms-symlink", 10);
    let verify = with(&VERIFY, &["--allow-symlinks"]);
    place.ok(&verify);
    place.ok(&with(&VERIFY, &["--allow_symlinks"]));
    // What it leads to is what was signed, not the link.
    fs::remove_file(place.path("m/code/link")).unwrap();
    symlink("run.py", place.path("m/code/link")).unwrap();
    place.finds(&verify, "digest-mismatch", 10);
    fs::remove_file(place.path("m/code/link")).unwrap();
    symlink("gone", place.path("m/code/link")).unwrap();
    place.finds(&verify, "oms-symlink-broken", 10);
    place.finds(&with(&SIGN, &["--allow-symlinks"]), "oms-symlink-broken", 2);
    fs::remove_file(place.path("m/code/link")).unwrap();
    // Out of the folder: as the caches of model hubs are made.
    symlink("../../outside", place.path("m/code/link")).unwrap();
    place.finds(&with(&SIGN, &["--allow-symlinks"]), "oms-symlink-outside", 2);
    place.ok(&with(&SIGN, &["--allow-symlinks=anywhere"]));
    place.finds(&verify, "oms-symlink-outside", 10);
    place.ok(&with(&VERIFY, &["--allow-symlinks=anywhere"]));
    fs::write(place.path("outside"), "changed").unwrap();
    place.finds(&with(&VERIFY, &["--allow-symlinks=anywhere"]), "digest-mismatch", 10);
}

#[test]
fn a_signature_behind_a_link_is_read_when_links_are_followed() {
    // The caches of model hubs are folders of links.
    let place = signed();
    fs::rename(place.path("m/model.sig"), place.path("blob")).unwrap();
    symlink("../blob", place.path("m/model.sig")).unwrap();
    place.finds(&VERIFY, "symlink-in-release", 10);
    place.ok(&with(&VERIFY, &["--allow-symlinks=anywhere"]));
    place.ok(&with(&VERIFY, &["--signature", "m/model.sig"]));
    fs::rename(place.path("m/weights.bin"), place.path("blob2")).unwrap();
    symlink("../blob2", place.path("m/weights.bin")).unwrap();
    place.finds(&with(&VERIFY, &["--allow-symlinks"]), "oms-symlink-outside", 10);
    place.ok(&with(&VERIFY, &["--allow-symlinks=anywhere"]));
}

#[test]
fn links_to_folders_are_named_and_not_followed() {
    let place = place();
    symlink("code", place.path("m/alias")).unwrap();
    let out = place.finds(&with(&SIGN, &["--allow-symlinks"]), "oms-symlink-folder", 0);
    assert_eq!(out.json()["result"]["files"], 3);
    place.finds(&with(&VERIFY, &["--allow-symlinks"]), "oms-symlink-folder", 0);
    place.finds(&VERIFY, "oms-symlink", 10);
    // A signed file is not looked for behind a link.
    fs::remove_file(place.path("m/alias")).unwrap();
    fs::rename(place.path("m/code"), place.path("m/moved")).unwrap();
    symlink("moved", place.path("m/code")).unwrap();
    let out = place.finds(&with(&VERIFY, &["--allow-symlinks"]), "missing-file", 10);
    assert!(out.codes().contains(&"extra-file".to_owned()), "{out:?}");
    // Nor in a folder elsewhere.
    fs::remove_file(place.path("m/code")).unwrap();
    fs::rename(place.path("m/moved"), place.path("code")).unwrap();
    symlink("../code", place.path("m/code")).unwrap();
    place.finds(&with(&VERIFY, &["--allow-symlinks=anywhere"]), "missing-file", 10);
    let unsigned = ["--allow-symlinks=anywhere", "--ignore-unsigned-files"];
    place.finds(&with(&VERIFY, &unsigned), "missing-file", 10);
}

#[test]
fn what_is_no_file_is_not_signed() {
    let place = place();
    mkfifo(&place.path("m/pipe"));
    fs::write(place.path("m").join(OsStr::from_bytes(b"odd\xff")), "x").unwrap();
    let out = place.finds(&SIGN, "special-file", 2);
    assert!(out.codes().contains(&"non-utf8-name".to_owned()), "{out:?}");
    assert!(!place.path("m/model.sig").exists());
    fs::remove_file(place.path("m/pipe")).unwrap();
    fs::remove_file(place.path("m").join(OsStr::from_bytes(b"odd\xff"))).unwrap();
    place.ok(&SIGN);
}

/// Changes the signed statement, which makes the signature wrong as well.
fn edited(edit: impl FnOnce(&mut Value)) -> Place {
    let place = signed();
    let path = place.path("m/model.sig");
    let mut bundle: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let payload = &mut bundle["dsseEnvelope"]["payload"];
    let text = STANDARD.decode(payload.as_str().unwrap()).unwrap();
    let mut statement: Value = serde_json::from_slice(&text).unwrap();
    edit(&mut statement);
    *payload = json!(STANDARD.encode(statement.to_string()));
    fs::write(path, bundle.to_string()).unwrap();
    place
}

#[test]
fn changed_statements_are_refused_by_name() {
    let set = |pointer: &'static str, value: Value| {
        move |statement: &mut Value| *statement.pointer_mut(pointer).unwrap() = value
    };
    let serialization = "/predicate/serialization";
    for (edit, code, exit) in [
        (set("/predicate/serialization/method", json!("tensors")), "oms-method-unknown", 13),
        (set("/predicate/serialization/hash_type", json!("md5")), "oms-hash-unknown", 13),
        (set("/predicate/resources/0/algorithm", json!("md5")), "oms-hash-unknown", 13),
        (set("/predicate/resources/0/digest", json!("0".repeat(64))), "oms-root-mismatch", 10),
        (set("/predicate/resources/0/name", json!("../k.pub")), "unsafe-path", 10),
        (set("/predicate/resources/0/name", json!("/etc/passwd")), "unsafe-path", 10),
        (set("/predicate/resources/0/name", json!("weights.bin")), "statement-mismatch", 10),
        (set("/predicate/resources/0/name", json!("other")), "signature-invalid", 10),
        (set("/predicate/serialization/ignore_paths", json!(["code"])), "signature-invalid", 10),
        (set("/predicate/serialization/allow_symlinks", json!(true)), "signature-invalid", 10),
        (set("/predicateType", json!("https://slsa.dev/provenance/v1")), "signature-format", 10),
    ] {
        edited(edit).finds(&VERIFY, code, exit);
    }
    let shards = edited(|statement| {
        let shards = json!({ "method": "shards", "hash_type": "sha256", "shard_size": 2, "allow_symlinks": false });
        *statement.pointer_mut(serialization).unwrap() = shards;
        for resource in statement["predicate"]["resources"].as_array_mut().unwrap() {
            resource["name"] = json!(format!("{}:0:4", resource["name"].as_str().unwrap()));
        }
    });
    shards.finds(&VERIFY, "oms-shards-invalid", 10);
    // Calling a new statement an old one does not help either.
    let old = edited(|statement| {
        statement["predicateType"] = json!("https://model_signing/Digests/v0.1");
    });
    old.finds(&VERIFY, "signature-invalid", 10);
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let place = signed();
    for (content, code) in [("", "signature-format"), ("{}", "signature-format")] {
        fs::write(place.path("m/model.sig"), content).unwrap();
        place.finds(&VERIFY, code, 10);
    }
    fs::remove_file(place.path("m/model.sig")).unwrap();
    mkfifo(&place.path("m/model.sig"));
    place.finds(&VERIFY, "special-file", 10);
    place.finds(&with(&VERIFY, &["--signature", "gone.sig"]), "path-not-found", 2);
    let place = signed();
    place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
    place.finds(&["verify", "m", "--key", "other.pub"], "wrong-key", 10);
    place.finds(&["verify", "m"], "key-needed", 2);
    place.finds(&with(&VERIFY, &["--only", "weights"]), "usage", 2);
}
