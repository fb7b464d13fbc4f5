//! Descriptions as `mlcroissant` sees them; `cargo xtask interop` asks it about the
//! same ones.

use serde_json::{Value, json};

use super::{Version, is_croissant, licence_id, read};

fn fixture(name: &str) -> Vec<u8> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/croissant");
    std::fs::read(root.join(name)).unwrap()
}

fn names(folder: &str) -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/croissant");
    let all = std::fs::read_dir(root.join(folder)).unwrap();
    let mut all: Vec<String> =
        all.map(|it| format!("{folder}/{}", it.unwrap().file_name().to_string_lossy())).collect();
    all.sort();
    all
}

#[test]
fn valid_ones_have_no_error_and_invalid_ones_have_one() {
    let (valid, invalid) = (names("valid"), names("invalid"));
    assert!(valid.len() >= 3 && invalid.len() >= 15, "{valid:?} {invalid:?}");
    for name in valid {
        let data = read(&fixture(&name), &name).unwrap();
        assert_eq!(data.errors, [""; 0], "{name}");
    }
    for name in invalid {
        let errors = read(&fixture(&name), &name).map(|data| data.errors);
        assert!(errors.as_ref().map_or(true, |errors| !errors.is_empty()), "{name}");
    }
}

#[test]
fn what_a_release_needs_is_read() {
    let data = read(&fixture("valid/rai-1.1.json"), "x").unwrap();
    assert_eq!((data.croissant, data.name.as_str()), (Version::V11, "simple"));
    assert_eq!(data.licences, ["https://creativecommons.org/licenses/by/4.0/"]);
    assert_eq!(data.files[0].sha256.as_deref().map(str::len), Some(64));
    assert!(data.rai.contains(&"dataCollection".to_owned()), "{:?}", data.rai);
}

#[test]
fn licences_are_known_by_id_and_address() {
    for (text, id) in [
        ("CC-BY-4.0", Some("CC-BY-4.0")),
        ("https://creativecommons.org/licenses/by-sa/4.0/", Some("CC-BY-SA-4.0")),
        ("https://creativecommons.org/publicdomain/zero/1.0/", Some("CC0-1.0")),
        ("https://spdx.org/licenses/ODC-By-1.0.html", Some("ODC-By-1.0")),
        ("my own terms", None),
    ] {
        assert_eq!(licence_id(text).as_deref(), id, "{text}");
    }
}

#[test]
fn other_documents_are_told_apart_and_refused() {
    assert!(!is_croissant(&json!({ "@context": "https://schema.org/" })));
    assert!(is_croissant(
        &serde_json::from_slice::<Value>(&fixture("valid/rai-1.1.json")).unwrap()
    ));
    for bad in ["", "[]", "{}", r#"{"@context":"https://elsewhere.example/c.json"}"#] {
        assert!(read(bad.as_bytes(), "x").is_err(), "{bad}");
    }
}
