//! Documents that are nested, large, or of more entries than anybody needs.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_tests::{Layout, Place, SPEC};
use serde_json::{Value, json};

use crate::{DEEP, bounded, deep_json, deep_member, huge_json, published, readers, refused};

/// Replaces the configuration, with a manifest that fits.
fn set_config(layout: &Layout, bytes: &[u8]) {
    let (digest, size) = layout.put(bytes);
    layout.edit_manifest(|manifest| {
        manifest["config"]["digest"] = json!(digest);
        manifest["config"]["size"] = json!(size);
    });
}

/// Replaces the release description, with everything above it that fits.
fn set_release(layout: &Layout, bytes: &[u8]) {
    let (digest, size) = layout.put(bytes);
    layout.claim_layer_only(0, &digest, size, &digest);
}

/// Replaces the file index, with everything above it that fits.
fn set_files(layout: &Layout, bytes: &[u8]) {
    let (digest, size) = layout.put(bytes);
    layout.claim_layer_only(1, &digest, size, &digest);
    layout.edit_release(|release| {
        release["fileIndex"]["digest"] = json!(digest);
        release["fileIndex"]["size"] = json!(size);
    });
}

#[test]
fn documents_of_a_bundle_that_are_deep_or_huge() {
    for (deep, huge) in [(deep_json(), 3 << 20), (deep_member(), 5 << 20)] {
        let large = if huge > 4 << 20 { "metadata-too-large" } else { "" };
        let or = |code: &'static str| if large.is_empty() { code } else { large };
        let place = Place::packed();
        fs::write(place.path("m.pkg/index.json"), &deep).unwrap();
        readers(&place, "index-invalid");
        fs::write(place.path("m.pkg/index.json"), huge_json(huge)).unwrap();
        readers(&place, or("index-invalid"));
        readers(&published(|it| it.set_manifest_bytes(&deep)).0, "manifest-invalid");
        readers(&published(|it| it.set_manifest_bytes(&huge_json(huge))).0, or("manifest-invalid"));
        readers(&published(|it| set_config(it, &deep)).0, "config-invalid");
        readers(&published(|it| set_config(it, &huge_json(huge))).0, or("config-invalid"));
        readers(&published(|it| set_release(it, &deep)).0, "release-invalid");
        readers(&published(|it| set_files(it, &deep)).0, "release-invalid");
    }
    readers(&published(|it| set_release(it, &huge_json(15 << 20))).0, "release-invalid");
    readers(&published(|it| set_release(it, &huge_json(17 << 20))).0, "metadata-too-large");
    readers(&published(|it| set_files(it, &huge_json(60 << 20))).0, "release-invalid");
    readers(&published(|it| set_files(it, &huge_json(65 << 20))).0, "metadata-too-large");
}

#[test]
fn manifests_and_file_indexes_with_a_million_entries() {
    // As many layers as fit into 4 MiB, and a million of them.
    for (count, code) in [(1_300_000, "manifest-invalid"), (2_000_000, "metadata-too-large")] {
        let (place, _) = published(|layout| {
            let manifest = layout.manifest().to_string();
            let at = manifest.find("\"layers\":[").unwrap() + "\"layers\":[".len();
            let text = [&manifest[..at], &"{},".repeat(count), &manifest[at..]].concat();
            layout.set_manifest_bytes(text.as_bytes());
        });
        readers(&place, code);
    }
    let (place, _) = published(|layout| {
        layout.edit_manifest(|manifest| {
            let layer = manifest["layers"][2].clone();
            let layers = manifest["layers"].as_array_mut().unwrap();
            layers.extend(vec![layer; 8000]);
        });
    });
    bounded(&place, &["verify", "m.pkg"]).code.filter(|code| *code == 10).expect("a refusal");
    // Entries that are right but for their number: as many as a file index may hold, and more.
    for (count, code) in [(200_000, "tar-invalid"), (1_000_000, "metadata-too-large")] {
        let (place, digest) = published(|layout| {
            let files = layout.document(1).to_string();
            let start = files.find("\"files\":[").unwrap() + "\"files\":[".len();
            let entry = layout.document(1)["files"][0].clone();
            let path = entry["path"].as_str().unwrap().to_owned();
            let entry = entry.to_string();
            let quoted = format!("\"{path}\"");
            let mut text = files[..start].to_owned();
            for n in 0..count {
                text += &entry.replace(&quoted, &format!("\"0/{n:09}\""));
                text.push(',');
            }
            text += &files[start..];
            set_files(layout, text.as_bytes());
        });
        refused(&place, &["verify", "m.pkg", "--digest", &digest], code, 10);
        bounded(&place, &["show", "m.pkg"]);
        assert_ne!(bounded(&place, &["unpack", "m.pkg", "out"]).code, Some(0));
        assert!(!place.path("out").exists());
    }
}

/// A payload in a DSSE envelope of a genuine document, signed with `k.key`.
fn signed_payload(place: &Place, document: &Path, payload: &[u8]) -> Vec<u8> {
    let kind = "application/vnd.in-toto+json";
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    fs::write(place.path("pae"), [head.as_bytes(), payload].concat()).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-sign", "k.key", "pae"]).current_dir(place.root());
    let signature = openssl.output().unwrap();
    assert!(signature.status.success(), "{signature:?}");
    let mut document: Value = serde_json::from_slice(&fs::read(document).unwrap()).unwrap();
    document["dsseEnvelope"]["payload"] = json!(STANDARD.encode(payload));
    document["dsseEnvelope"]["signatures"][0]["sig"] = json!(STANDARD.encode(signature.stdout));
    document.to_string().into_bytes()
}

/// A folder with `model.sig`, and its keys.
fn signed_folder() -> Place {
    let place = Place::with_model();
    fs::remove_file(place.path("model/pkg.toml")).unwrap();
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "model", "--key", "k.key"]);
    place
}

#[test]
fn model_signatures_that_are_deep_or_huge_or_list_a_million_files() {
    let place = signed_folder();
    let path = place.path("model/model.sig");
    let genuine = place.path("genuine.sig");
    fs::rename(&path, &genuine).unwrap();
    let verify = ["verify", "model", "--key", "k.pub"];
    let check = |bytes: &[u8], code: &str| {
        fs::write(&path, bytes).unwrap();
        refused(&place, &verify, code, 10);
    };
    // The helper signs as the program does.
    let document: Value = serde_json::from_slice(&fs::read(&genuine).unwrap()).unwrap();
    let payload = STANDARD.decode(document["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    fs::write(&path, signed_payload(&place, &genuine, &payload)).unwrap();
    assert_eq!(bounded(&place, &verify).code, Some(0));

    check(&deep_json(), "signature-format");
    check(&deep_member(), "signature-format");
    check(&huge_json(60 << 20), "signature-format");
    check(&huge_json(65 << 20), "metadata-too-large");
    check(&signed_payload(&place, &genuine, &deep_json()), "signature-format");
    check(&signed_payload(&place, &genuine, &deep_member()), "signature-format");
    check(&signed_payload(&place, &genuine, &huge_json(40 << 20)), "signature-format");

    // Resources that are right but for their number.
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let resource = statement["predicate"]["resources"][0].clone();
    let name = resource["name"].as_str().unwrap().to_owned();
    let (quoted, resource) = (format!("\"{name}\""), resource.to_string());
    let text = statement.to_string();
    let at = text.find("\"resources\":[").unwrap() + "\"resources\":[".len();
    let with = |count: usize| {
        let mut payload = text[..at].to_owned();
        for n in 0..count {
            payload += &resource.replace(&quoted, &format!("\"0/{n:09}\""));
            payload.push(',');
        }
        payload + &text[at..]
    };
    check(&signed_payload(&place, &genuine, with(200_000).as_bytes()), "oms-root-mismatch");
    check(&signed_payload(&place, &genuine, with(1_000_001).as_bytes()), "metadata-too-large");
}

#[test]
fn signatures_of_a_bundle_that_are_deep_or_huge() {
    for (bytes, code) in [
        (deep_json(), "signature-format"),
        (deep_member(), "signature-format"),
        (huge_json(60 << 20), "signature-format"),
        (huge_json(65 << 20), "metadata-too-large"),
    ] {
        let place = Place::signed();
        let layout = Layout::at(&place.path("m.pkg"));
        let position = layout.signature("urn:x-pkg:release:v1");
        layout.replace_signature(position, &bytes);
        refused(&place, &["verify", "m.pkg", "--key", "k.pub"], code, 10);
        bounded(&place, &["show", "m.pkg"]);
        bounded(&place, &["attest", "list", "m.pkg"]);
    }
    for payload in [deep_json(), deep_member(), huge_json(40 << 20)] {
        let place = Place::signed();
        let layout = Layout::at(&place.path("m.pkg"));
        let position = layout.signature("urn:x-pkg:release:v1");
        let bytes = signed_payload(&place, &layout.signature_blob(position), &payload);
        layout.replace_signature(position, &bytes);
        refused(&place, &["verify", "m.pkg", "--key", "k.pub"], "signature-format", 10);
    }
}

/// Documents that a command is given: the arguments, the file, the finding, the exit code.
const DOCUMENTS: [(&[&str], &str, i32); 7] = [
    (&["trust", "show", "--trusted-root", "x"], "trust-root-invalid", 14),
    (
        &["verify", "m.pkg", "--identity", "a", "--issuer", "https://e.org", "--trusted-root", "x"],
        "trust-root-invalid",
        14,
    ),
    (&["policy", "check", "policy.toml", "--facts", "x"], "policy-facts-invalid", 2),
    (
        &["sign", "m.pkg", "--key", "k.key", "--log", "--signing-config", "x"],
        "signing-config-invalid",
        2,
    ),
    (
        &["sign", "m.pkg", "--key", "k.key", "--log", "--trust-config", "x"],
        "trust-root-invalid",
        14,
    ),
    (
        &["attest", "m.pkg", "--predicate", "x", "--type", "https://e.org/p", "--key", "k.key"],
        "predicate-invalid",
        10,
    ),
    (&["policy", "check", "x"], "policy-syntax", 2),
];

#[test]
fn documents_that_are_given_deep_or_huge() {
    let place = Place::signed();
    place.example_files();
    for (args, code, exit) in DOCUMENTS {
        for bytes in [deep_json(), deep_member()] {
            fs::write(place.path("x"), bytes).unwrap();
            refused(&place, args, code, exit);
        }
        // Below and above what any of them may have.
        for size in [900 << 10, 15 << 20, 70 << 20] {
            fs::write(place.path("x"), huge_json(size)).unwrap();
            let out = bounded(&place, args);
            // A predicate may be any JSON, up to its size.
            let fine = args[0] == "attest" && size < 16 << 20;
            assert_eq!(out.code == Some(0), fine, "{args:?}: {:.2000}", out.stdout);
        }
    }
    // What the caller wrote is the caller's to correct, also in commands about bundles.
    for argument in ["--policy", "--adopter"] {
        let args = ["verify", "m.pkg", "--key", "k.pub", argument, "x"];
        refused(&place, &args, "metadata-too-large", 2);
    }
}

/// TOML that is nested in every way it has.
fn deep_toml() -> Vec<String> {
    vec![
        format!("a = {}{}", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("a = {}1{}", "{ a = ".repeat(DEEP), " }".repeat(DEEP)),
        format!("{} = 1", vec!["a"; DEEP].join(".")),
        format!("[{}]\nb = 1", vec!["a"; DEEP].join(".")),
        format!("[[{}]]\nb = 1", vec!["a"; DEEP].join(".")),
    ]
}

#[test]
fn toml_that_is_deep_or_huge() {
    let place = Place::with_model();
    let spec = place.path("model/pkg.toml");
    for text in deep_toml() {
        fs::write(&spec, &text).unwrap();
        refused(&place, &["pack", "model", "-o", "m.pkg"], "spec-syntax", 2);
        refused(&place, &["init", "model", "--yes"], "spec-syntax", 2);
        fs::write(place.path("policy.toml"), &text).unwrap();
        refused(&place, &["policy", "check", "policy.toml"], "policy-syntax", 2);
    }
    let more = "[[component]]\nkind = \"model-card\"\npaths = [\"README.md\"]\n";
    for (text, code) in [
        (SPEC.to_owned() + &more.repeat(15_000), "duplicate-path"),
        (SPEC.to_owned() + &more.repeat(100_000), "metadata-too-large"),
    ] {
        fs::write(&spec, text).unwrap();
        refused(&place, &["pack", "model", "-o", "m.pkg"], code, 2);
    }
    fs::write(place.path("policy.toml"), "version = 1\n".repeat(100_000)).unwrap();
    refused(&place, &["policy", "check", "policy.toml"], "metadata-too-large", 2);
}

#[test]
fn cards_that_are_deep_or_huge_or_unfold() {
    let aliases: String = (1..40)
        .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(",")))
        .collect();
    let cards = [
        format!("a: {}{}", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("a: {}1{}", "{a: ".repeat(DEEP), "}".repeat(DEEP)),
        (0..5000).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
        "- ".repeat(DEEP),
        "? ".repeat(DEEP),
        format!("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{aliases}"),
        format!("license: {}", "x".repeat(5 << 20)),
        "a: 1\n".repeat(1 << 20),
        "!".repeat(1 << 20),
    ];
    for card in cards {
        let place = Place::with_model();
        fs::write(place.path("model/README.md"), format!("---\n{card}\n---\n# M\n")).unwrap();
        for args in [
            &["check", "model"][..],
            &["pack", "model", "-o", "m.pkg"],
            &["verify", "m.pkg"],
            &["report", "m.pkg"],
            &["show", "m.pkg"],
        ] {
            bounded(&place, args);
        }
        fs::remove_file(place.path("model/pkg.toml")).unwrap();
        bounded(&place, &["init", "model", "--yes"]);
    }
}

#[test]
fn documents_of_a_model_that_are_deep_or_huge() {
    let names = [
        "data/croissant.json",
        "config.json",
        "golden.json",
        "tokenizer/tokenizer.json",
        "model.safetensors.index.json",
    ];
    for name in names {
        for bytes in [deep_json(), deep_member(), huge_json(31 << 20), huge_json(63 << 20)] {
            let place = Place::with_model();
            let spec =
                SPEC.replace("\"config.json\"", "\"config.json\", \"g*.json\", \"*.index.json\"");
            if name.starts_with(['g', 'm']) {
                fs::write(place.path("model/pkg.toml"), spec).unwrap();
            }
            fs::write(place.path("model").join(name), bytes).unwrap();
            bounded(&place, &["check", "model"]);
            let out = bounded(&place, &["pack", "model", "-o", "m.pkg"]);
            if out.code == Some(0) {
                assert_eq!(bounded(&place, &["verify", "m.pkg"]).code, Some(12), "{name}");
                bounded(&place, &["report", "m.pkg"]);
            }
            fs::remove_file(place.path("model/pkg.toml")).unwrap();
            bounded(&place, &["init", "model", "--yes"]);
        }
    }
}
