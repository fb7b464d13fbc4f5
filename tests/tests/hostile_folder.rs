//! Folders and `pkg.toml` files that cannot be packed: each refused by name,
//! with nothing left behind.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use pkg_tests::{Place, SPEC};

/// Packing must be refused so, and leave nothing.
fn refused(place: &Place, code: &str, exit: i32) -> pkg_tests::Out {
    let before = place.names();
    let out = place.finds(&["pack", "model", "-o", "m.pkg"], code, exit);
    assert_eq!(place.names(), before, "{code} left something behind");
    out
}

fn with_spec(from: &str, to: &str) -> Place {
    let place = Place::with_model();
    let spec = SPEC.replacen(from, to, 1);
    assert_ne!(spec, SPEC, "{from} is not in the spec");
    fs::write(place.path("model/pkg.toml"), spec).unwrap();
    place
}

#[test]
fn folders_without_a_release_are_refused() {
    let place = Place::new();
    fs::create_dir(place.path("model")).unwrap();
    place.finds(&["init", "model", "--yes"], "empty-folder", 2);
    refused(&place, "spec-missing", 2);
    fs::write(place.path("model/README.md"), "only words").unwrap();
    place.finds(&["init", "model", "--yes"], "no-weights", 2);
    place.finds(&["init", "nowhere", "--yes"], "path-not-found", 2);
    place.finds(&["pack", "nowhere", "-o", "m.pkg"], "path-not-found", 2);
}

#[test]
fn mistakes_in_pkg_toml_are_named_with_a_way_out() {
    for (from, to, code, says) in [
        ("publisher =", "publsher =", "spec-unknown-key", "publisher"),
        (
            "licence = \"CC-BY-4.0\"\n\n[[component]]",
            "license = \"MIT\"\n\n[[component]]",
            "spec-unknown-key",
            "licence",
        ),
        ("version = \"1.0\"", "version = \"1.0\"\nversion = \"2\"", "spec-repeated-key", "version"),
        ("kind = \"model-card\"", "kind = \"model-crad\"", "spec-invalid", "model-card"),
        ("name = \"tiny\"", "name = tiny", "spec-syntax", ""),
        ("name = \"tiny\"", "name = \"Tiny Model\"", "spec-invalid", ""),
        ("released = \"2026-01-31\"", "released = \"2026-02-31\"", "spec-invalid", ""),
        (
            "absent = \"not written yet\"",
            "absent = \"x\"\nurl = \"https://example.org\"",
            "spec-invalid",
            "",
        ),
        ("\"code/**\"", "\"../**\"", "unsafe-path", ""),
        ("\"code/**\"", "\"/etc/*\"", "unsafe-path", ""),
        ("\"code/**\"", "\"kode/**\"", "path-not-found", "kode"),
        (
            "licence-file = \"LICENSE\"",
            "licence-file = \"LICENCE\"",
            "licence-file-missing",
            "LICENCE",
        ),
        ("licence = \"Apache-2.0\"", "licence = \"Apache 2.0\"", "licence-invalid", "Apache"),
        (
            "paths = [\"README.md\"]",
            "paths = [\"README.md\", \"code/run.py\"]",
            "duplicate-path",
            "run.py",
        ),
        ("paths = [\"*.safetensors\"]", "absent = \"x\"\nexclude = [\"a\"]", "spec-invalid", ""),
        (
            "kind = \"model-parameters-final\"",
            "kind = \"model-parameters-intermediate\"",
            "no-weights",
            "",
        ),
    ] {
        let place = with_spec(from, to);
        let out = refused(&place, code, 2);
        assert!(out.stdout.contains(says), "{to}: {}", out.stdout);
    }
}

#[test]
fn files_that_cannot_be_released_are_named() {
    let link = Place::with_model();
    std::os::unix::fs::symlink("/etc/passwd", link.path("model/code/link.py")).unwrap();
    refused(&link, "symlink-in-release", 2);

    let pipe = Place::with_model();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        pipe.path("model/code/pipe.py"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    refused(&pipe, "special-file", 2);

    let name = Place::with_model();
    let bad = std::ffi::OsString::from_vec(b"bad-\xff.py".to_vec());
    fs::write(name.path("model/code").join(bad), "x").unwrap();
    refused(&name, "non-utf8-name", 2);

    let clash = Place::with_model();
    fs::write(clash.path("model/code/Run.py"), "x").unwrap();
    refused(&clash, "path-case-clash", 2);

    let portable = Place::with_model();
    fs::write(portable.path("model/code/a:b.py"), "x").unwrap();
    refused(&portable, "unsafe-path", 2);
}

#[test]
fn weights_that_are_no_weights_are_named() {
    let empty = Place::with_model();
    fs::write(empty.path("model/model-2.safetensors"), "").unwrap();
    refused(&empty, "empty-weights", 2);

    let pointer = Place::with_model();
    let text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    fs::write(pointer.path("model/model-2.safetensors"), text).unwrap();
    let out = refused(&pointer, "lfs-pointer", 2);
    assert!(out.stdout.contains("git lfs pull"), "{out:?}");
    pointer.finds(&["init", "model", "--yes"], "lfs-pointer", 2);

    let shard = Place::with_model();
    let index = r#"{"weight_map":{"w":"model-1.safetensors","v":"model-9.safetensors"}}"#;
    fs::write(shard.path("model/model.safetensors.index.json"), index).unwrap();
    let spec = SPEC.replace("\"config.json\"", "\"config.json\", \"*.index.json\"");
    fs::write(shard.path("model/pkg.toml"), spec).unwrap();
    let out = refused(&shard, "missing-shard", 2);
    assert!(out.stdout.contains("model-9.safetensors"), "{out:?}");
}
