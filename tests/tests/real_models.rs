//! The main job, on two real models (`cargo xtask fetch-models`).

use std::fs;
use std::path::PathBuf;

use pkg_tests::{Place, repository, skipped};

fn model(name: &str) -> Option<PathBuf> {
    let folder = repository().join("target/models").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(&format!("{} is not there; `cargo xtask fetch-models` fetches it", folder.display()));
    None
}

/// Copies the model, so that the test does not write into it.
fn copy(place: &Place, name: &str) -> bool {
    let Some(folder) = model(name) else { return false };
    let mut copy = std::process::Command::new("cp");
    copy.args(["-r", "--reflink=auto"]).arg(folder).arg(place.path(name));
    assert!(copy.status().unwrap().success());
    let _ = fs::remove_file(place.path(name).join("pkg.toml"));
    true
}

fn round(name: &str, weights: &str, facts: &[&str], licence: &str) {
    let place = Place::new();
    if !copy(&place, name) {
        return;
    }
    place.ok(&["init", name, "--yes"]);
    let first = fs::read_to_string(place.path(name).join("pkg.toml")).unwrap();
    place.ok(&["init", name, "--yes"]);
    assert_eq!(fs::read_to_string(place.path(name).join("pkg.toml")).unwrap(), first);
    assert!(first.contains(&format!("licence = \"{licence}\"")), "{first}");
    place.ok(&["keygen", "--no-passphrase", "-o", "release"]);
    for bundle in ["m.pkg", "m.tar"] {
        place.ok(&["pack", name, "-o", bundle]);
        place.ok(&["sign", bundle, "--key", "release.key"]);
        place.ok(&["verify", bundle, "--key", "release.pub"]);
    }
    assert_eq!(place.digest("m.pkg"), place.digest("m.tar"));
    let shown = place.ok(&["show", "m.pkg"]).stdout;
    assert!(shown.lines().count() < 24, "{shown}");
    for fact in facts {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    place.ok(&["unpack", "m.pkg", "out"]);
    place.ok(&["verify", "out", "--key", "release.pub"]);
    place.ok(&["unpack", "m.pkg", "weights-only", "--only", "weights"]);
    let path = place.path("out").join(weights);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    place.finds(&["verify", "out", "--key", "release.pub"], "digest-mismatch", 10);
}

#[test]
fn smollm2() {
    let facts = ["llama", "135M", "gguf", "Apache-2.0"];
    round("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", &facts, "Apache-2.0");
}

#[test]
fn minilm() {
    let facts = ["23M", "safetensors", "Apache-2.0"];
    round("minilm", "model.safetensors", &facts, "Apache-2.0");
}
