//! Folders, `pkg.toml` files and keys that are not what they should be, beyond
//! what a person gets wrong by mistake.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use pkg_tests::{Place, SPEC, mkfifo};

/// Packing must be refused so, and leave nothing.
fn refused(place: &Place, code: &str, exit: i32) -> pkg_tests::Out {
    let before = place.names();
    let out = place.finds(&["pack", "model", "-o", "m.pkg"], code, exit);
    assert_eq!(place.names(), before, "{code} left something behind");
    out
}

fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_with_nothing_but_a_pkg_toml_is_empty() {
    let place = Place::new();
    fs::create_dir(place.path("model")).unwrap();
    fs::write(place.path("model/pkg.toml"), SPEC).unwrap();
    refused(&place, "empty-folder", 2);
}

#[test]
fn what_cannot_be_read_is_named() {
    for name in ["README.md", "code", "model-1.safetensors", "LICENSE", "pkg.toml"] {
        let place = Place::with_model();
        fs::create_dir(place.path("open")).unwrap();
        chmod(&place.path("open"), 0o777);
        let path = place.path("model").join(name);
        chmod(&path, 0o000);
        let args = ["pack", "model", "-o", "open/m.pkg"];
        let out = place.finds_unprivileged(&args, "unreadable-file", 1);
        chmod(&path, 0o755);
        assert!(out.stdout.contains(name), "{out:?}");
        assert_eq!(fs::read_dir(place.path("open")).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn a_pkg_toml_has_to_be_a_text_file_of_some_size() {
    let replaced = |make: &dyn Fn(&std::path::Path), code: &str| {
        let place = Place::with_model();
        fs::remove_file(place.path("model/pkg.toml")).unwrap();
        make(&place.path("model/pkg.toml"));
        refused(&place, code, 2);
        place.finds(&["init", "model", "--yes"], code, 2);
    };
    replaced(&mkfifo, "special-file");
    replaced(&|path| fs::create_dir(path).unwrap(), "special-file");
    replaced(&|path| symlink("/etc/hostname", path).unwrap(), "symlink-in-release");
    replaced(&|path| fs::write(path, b"\xff\xfe").unwrap(), "spec-syntax");
    replaced(
        &|path| fs::write(path, "a = ".to_owned() + &"[".repeat(500_000)).unwrap(),
        "spec-syntax",
    );
    replaced(&|path| fs::write(path, "a.".repeat(200_000) + "b = 1").unwrap(), "spec-syntax");
    // It is the caller's own file, so it is no verdict about somebody's bundle.
    replaced(
        &|path| fs::write(path, SPEC.to_owned() + &"\n".repeat(2 << 20)).unwrap(),
        "metadata-too-large",
    );
}

#[test]
fn a_component_says_once_where_it_is() {
    let paths = "paths = [\"README.md\"]";
    for (more, says) in [
        ("git = { repo = \".\", rev = \"HEAD\" }", "paths and git"),
        ("url = \"https://example.org\"", "paths and url"),
        ("absent = \"why\"", "paths and absent"),
        (
            "git = { repo = \".\", rev = \"HEAD\" }\nurl = \"https://e.org\"\nabsent = \"x\"",
            "absent",
        ),
    ] {
        let place = Place::with_model();
        let spec = SPEC.replace(paths, &format!("{paths}\n{more}"));
        fs::write(place.path("model/pkg.toml"), spec).unwrap();
        let out = refused(&place, "spec-invalid", 2);
        assert!(out.stdout.contains(says), "{out:?}");
    }
    let place = Place::with_model();
    fs::write(place.path("model/pkg.toml"), SPEC.replace(paths, "")).unwrap();
    refused(&place, "spec-invalid", 2);
}

#[test]
fn links_are_refused_wherever_they_are_listed() {
    for name in ["code/deep", "LICENSE", "data/croissant.json", "config.json"] {
        let place = Place::with_model();
        let path = place.path("model").join(name);
        fs::rename(&path, place.path("moved")).unwrap();
        symlink(place.path("moved"), &path).unwrap();
        refused(&place, "symlink-in-release", 2);
    }
    let place = Place::with_model();
    fs::rename(place.path("model"), place.path("real")).unwrap();
    symlink("real", place.path("model")).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
}

#[test]
fn special_files_are_refused_wherever_they_are_listed_and_nothing_waits_for_them() {
    for name in ["LICENSE", "model-2.safetensors", "data/croissant.json", "README.md"] {
        let place = Place::with_model();
        let path = place.path("model").join(name);
        fs::remove_file(&path).unwrap();
        mkfifo(&path);
        refused(&place, "special-file", 2);
        fs::remove_file(&path).unwrap();
        let _socket = UnixListener::bind(&path).unwrap();
        refused(&place, "special-file", 2);
    }
    // What nobody lists does not matter.
    let place = Place::with_model();
    mkfifo(&place.path("model/unlisted"));
    place.ok(&["pack", "model", "-o", "m.pkg"]);
}

#[test]
fn names_that_do_not_work_everywhere_are_refused() {
    let long = "n".repeat(250);
    for name in
        ["code/a\u{1b}[2J.py", "code/CON.py", "code/dot.", "code/a\\b", &format!("code/{long}x")]
    {
        let place = Place::with_model();
        fs::write(place.path("model").join(name), "x").unwrap();
        refused(&place, "unsafe-path", 2);
        let text = place.run(&["pack", "model", "-o", "m.pkg"]);
        assert!(!text.stderr.contains('\u{1b}'), "{text:?}");
    }
    let place = Place::with_model();
    fs::create_dir(place.path("model/code/DEEP")).unwrap();
    fs::write(place.path("model/code/DEEP/other.py"), "x").unwrap();
    refused(&place, "path-case-clash", 2);
}

#[test]
fn an_index_of_shards_cannot_lead_out_of_the_folder() {
    let spec = SPEC.replace("\"config.json\"", "\"config.json\", \"*.index.json\"");
    for text in [
        r#"{"weight_map":{"w":"../../etc/passwd"}}"#,
        r#"{"weight_map":{"w":"/etc/passwd"}}"#,
        r#"{"weight_map":{"w":7}}"#,
        "not json",
        &"[".repeat(300_000),
    ] {
        let place = Place::with_model();
        fs::write(place.path("model/pkg.toml"), &spec).unwrap();
        fs::write(place.path("model/model.safetensors.index.json"), text).unwrap();
        refused(&place, "bad-weight-header", 2);
    }
}

/// Headers that claim more than is there: `init` reads them, so it has to answer.
#[test]
fn headers_of_weights_that_lie_are_refused() {
    let gguf = |tensors: u64, keys: u64, more: &[u8]| {
        [b"GGUF\x03\0\0\0", &tensors.to_le_bytes()[..], &keys.to_le_bytes(), more].concat()
    };
    let safetensors = |len: u64, header: &[u8]| [&len.to_le_bytes()[..], header].concat();
    let deep = "[".repeat(100_000);
    let overlap = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let outside = br#"{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#;
    let product =
        br#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}"#;
    let cases: [(&str, Vec<u8>); 10] = [
        ("m.safetensors", safetensors(u64::MAX, b"{}")),
        ("m.safetensors", safetensors(1 << 40, b"{}")),
        ("m.safetensors", safetensors(100_000, deep.as_bytes())),
        ("m.safetensors", [safetensors(overlap.len() as u64, overlap), vec![0; 4]].concat()),
        ("m.safetensors", safetensors(outside.len() as u64, outside)),
        ("m.safetensors", safetensors(product.len() as u64, product)),
        ("m.gguf", gguf(u64::MAX, 0, b"")),
        ("m.gguf", gguf(0, u64::MAX, b"")),
        ("m.gguf", gguf(1, 1, &u64::MAX.to_le_bytes())),
        (
            "m.gguf",
            gguf(
                0,
                1,
                &[
                    1, 0, 0, 0, 0, 0, 0, 0, b'k', 9, 0, 0, 0, 9, 0, 0, 0, 255, 255, 255, 255, 255,
                    255, 255, 127,
                ],
            ),
        ),
    ];
    for (name, content) in cases {
        let place = Place::new();
        fs::create_dir(place.path("model")).unwrap();
        fs::write(place.path("model").join(name), &content).unwrap();
        let out = place.finds(&["init", "model", "--yes"], "bad-weight-header", 2);
        assert!(!place.path("model/pkg.toml").exists(), "{out:?}");
    }
}

#[test]
fn keys_of_other_kinds_are_named_with_a_way_out() {
    let place = Place::packed();
    let openssl = |args: &[&str]| {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(args).current_dir(place.path(".")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sec1.pem"]);
    openssl(&["genrsa", "-out", "rsa.pem", "2048"]);
    openssl(&["rsa", "-in", "rsa.pem", "-pubout", "-out", "rsa.pub"]);
    openssl(&["ec", "-in", "sec1.pem", "-aes128", "-passout", "pass:x", "-out", "locked.pem"]);
    openssl(&["req", "-x509", "-new", "-key", "sec1.pem", "-subj", "/CN=x", "-out", "cert.pem"]);
    fs::write(
        place.path("garbage"),
        "-----BEGIN PRIVATE KEY-----\n****\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    fs::write(place.path("noise"), [0xff; 100]).unwrap();
    fs::write(place.path("empty"), "").unwrap();
    fs::write(place.path("large"), "x".repeat(100_000)).unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    for name in [
        "locked.pem",
        "rsa.pem",
        "rsa.pub",
        "cert.pem",
        "garbage",
        "noise",
        "empty",
        "large",
        "folder",
    ] {
        let out = place.finds(&["sign", "m.pkg", "--key", name], "key-invalid", 2);
        assert_eq!(name == "locked.pem", out.stdout.contains("openssl pkcs8 -topk8"), "{out:?}");
        let out = place.finds(&["verify", "m.pkg", "--key", name], "key-invalid", 2);
        assert_eq!(name == "cert.pem", out.stdout.contains("openssl x509 -pubkey"), "{out:?}");
    }
    place.finds(&["verify", "m.pkg"], "unsigned", 12);
    // The hint is a command that works.
    openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-out", "good.pem"]);
    openssl(&["pkey", "-pubout", "-in", "sec1.pem", "-out", "good.pub"]);
    chmod(&place.path("good.pem"), 0o600);
    place.ok(&["sign", "m.pkg", "--key", "good.pem"]);
    place.ok(&["verify", "m.pkg", "--key", "good.pub"]);
}
