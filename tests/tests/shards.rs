//! Bundles in which large files are stored in parts (`pkg pack --shard`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use pkg_tests::{Layout, Place, flip, refused};
use serde_json::{Value, json};

const SPEC: &str = r#"[release]
name = "parts"
version = "1.0"
licence = "Apache-2.0"

[[component]]
kind = "model-parameters-final"
paths = ["weights/*"]

[[component]]
kind = "model-metadata"
paths = ["*.json"]
"#;

const BLOCKS: usize = 30;
const PACK: [&str; 7] = ["pack", "model", "-o", "m.pkg", "--shard", "1MiB", "--json"];

/// Bytes that look like weights, other ones for each seed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Name and content of the tensors; those of the changed blocks are others.
fn tensors(changed: &[usize]) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("lm_head.weight".to_owned(), noise(1, 300_000))];
    for block in 0..BLOCKS {
        let salt = if changed.contains(&block) { 1000 } else { 0 };
        for (number, (name, len)) in
            [("attn.weight", 40_000), ("mlp.weight", 50_001), ("norm.weight", 64)]
                .into_iter()
                .enumerate()
        {
            let content = noise((block * 10 + number + salt + 2) as u64, len);
            all.push((format!("model.layers.{block}.{name}"), content));
        }
    }
    all.push(("model.norm.weight".to_owned(), noise(9, 1000)));
    all
}

/// The same as a safetensors file. The header is not padded: data begins anywhere.
fn safetensors(changed: &[usize], note: &str) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_owned(), json!({ "note": note }));
    let mut data = Vec::new();
    for (name, content) in tensors(changed) {
        let (from, to) = (data.len(), data.len() + content.len());
        let entry = json!({ "dtype": "U8", "shape": [content.len()], "data_offsets": [from, to] });
        header.insert(name, entry);
        data.extend(content);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

/// The same as a GGUF file, of elements of type I8.
fn gguf(changed: &[usize]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let tensors = tensors(changed);
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(text("general.architecture"));
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(text("llama"));
    let mut data = Vec::new();
    for (name, content) in tensors {
        bytes.extend(text(&name.replace("model.layers.", "blk.")));
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend((content.len() as u64).to_le_bytes());
        bytes.extend(24_u32.to_le_bytes());
        bytes.extend((data.len() as u64).to_le_bytes());
        data.extend(content);
        data.resize(data.len().next_multiple_of(32), 0);
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    [bytes, data].concat()
}

fn write(place: &Place, name: &str, content: &[u8]) {
    let path = place.path("model").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A model of one weight file in blocks, beside a small one.
fn model() -> Place {
    let place = Place::new();
    write(&place, "pkg.toml", SPEC.as_bytes());
    write(&place, "config.json", b"{}");
    static WEIGHTS: OnceLock<Vec<u8>> = OnceLock::new();
    let weights = WEIGHTS.get_or_init(|| safetensors(&[], ""));
    write(&place, "weights/model.safetensors", weights);
    place
}

/// The model and its bundle with parts.
fn packed() -> Place {
    let place = model();
    place.ok(&PACK);
    place
}

/// The layers of a bundle: path of the part, digest, size.
fn layers(place: &Place, bundle: &str) -> Vec<(String, String, u64)> {
    let manifest = Layout::at(&place.path(bundle)).manifest();
    let all = manifest["layers"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter()
        .map(|layer| {
            let path = text(&layer["annotations"]["org.cncf.model.filepath"]);
            (path, text(&layer["digest"]), layer["size"].as_u64().unwrap())
        })
        .collect()
}

/// Bytes of the layers that hold files and are in the second bundle only.
fn new_bytes(place: &Place, old: &str, new: &str) -> u64 {
    let old: Vec<String> = layers(place, old).into_iter().map(|(_, digest, _)| digest).collect();
    let new = layers(place, new).into_iter().skip(2);
    new.filter(|(_, digest, _)| !old.contains(digest)).map(|(.., size)| size).sum()
}

fn same_files(place: &Place, folder: &str) {
    for entry in fs::read_dir(place.path("model/weights")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        let unpacked = place.path(folder).join("weights").join(&name);
        assert!(fs::read(&path).unwrap() == fs::read(unpacked).unwrap(), "{name:?}");
    }
}

#[test]
fn every_kind_of_file_comes_back_from_a_folder_and_an_archive() {
    let place = model();
    write(&place, "weights/model.gguf", &gguf(&[]));
    write(&place, "weights/noise.bin", &noise(5, 3_500_001));
    // The same part three times, and one that is a byte long.
    write(&place, "weights/zeros.bin", &vec![0; (3 << 20) + 1]);
    write(&place, "weights/exact.bin", &noise(6, 2 << 20));
    write(&place, "weights/small.bin", &noise(7, 1 << 20));
    let out = place.ok(&PACK).json();
    assert_eq!(out["result"]["shardSize"], Value::Null);
    // 33 of each model: header, head, 30 blocks, norm.
    assert_eq!(out["result"]["parts"], 33 + 33 + 4 + 4 + 2);
    place.ok(&["pack", "model", "-o", "m.tar", "--shard", "1048576"]);
    assert_eq!(place.digest("m.pkg"), place.digest("m.tar"));
    let archive = fs::read(place.path("m.tar")).unwrap();
    place.ok(&["pack", "model", "-o", "again.tar", "--shard", "1MiB", "--no-cache"]);
    assert!(archive == fs::read(place.path("again.tar")).unwrap());
    for bundle in ["m.pkg", "m.tar"] {
        let digest = place.digest(bundle);
        let args = ["verify", bundle, "--digest", &digest];
        let out = place.ok(&[&args[..], &["--json"]].concat());
        assert_eq!(out.json()["result"]["filesVerified"], 7);
        let read = out.json()["result"]["bytesRead"].as_u64().unwrap();
        let out = place.ok(&[&args[..], &["--whole-files", "--json"]].concat()).json();
        assert!(out["result"]["bytesRead"].as_u64().unwrap() > read);
        let folder = format!("{bundle}.out");
        place.ok(&["unpack", bundle, &folder]);
        same_files(&place, &folder);
        place.ok(&["verify", &folder, "--digest", &digest]);
        place.ok(&["verify", &folder, "--digest", &digest, "--whole-files"]);
    }
    // All layers have paths of their own: other tools write them side by side.
    let mut paths: Vec<String> = layers(&place, "m.pkg").into_iter().map(|(it, ..)| it).collect();
    assert!(paths.contains(&"weights/zeros.bin.part-00004-of-00004".to_owned()), "{paths:?}");
    let count = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), count);
    // A zero is stored once, in the archive as well.
    let names: Vec<String> = tar::Archive::new(&archive[..])
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    // 76 parts, two of them zeros again and one a tensor that both formats have; two
    // whole files.
    let documents = ["oci-layout", "index.json", "manifest", "config", "release", "files"];
    assert_eq!(names.len(), 76 - 3 + 2 + documents.len());
}

#[test]
fn two_changed_blocks_of_thirty_change_two_layers() {
    let place = packed();
    for (file, old, new) in [
        ("model.safetensors", safetensors(&[], ""), safetensors(&[4, 21], "")),
        ("model.gguf", gguf(&[]), gguf(&[4, 21])),
    ] {
        let path = format!("weights/{file}");
        write(&place, &path, &old);
        place.ok(&PACK);
        write(&place, &path, &new);
        place.ok(&["pack", "model", "-o", "new.pkg", "--shard", "1MiB"]);
        // 40,000 + 50,001 + 64 bytes in each of the two blocks, not padded.
        let changed = 2 * 90_065;
        let sent = new_bytes(&place, "m.pkg", "new.pkg");
        assert!(changed <= sent && sent * 100 <= changed * 115, "{file}: {sent} of {changed}");
    }
    let place = packed();
    write(&place, "weights/model.safetensors", &safetensors(&[], "a longer header"));
    place.ok(&["pack", "model", "-o", "new.pkg", "--shard", "1MiB"]);
    let header = layers(&place, "new.pkg").into_iter().find(|(path, ..)| path.contains("00001"));
    assert_eq!(new_bytes(&place, "m.pkg", "new.pkg"), header.unwrap().2);
}

#[test]
fn what_is_known_is_not_read_again_and_old_parts_are_taken_over() {
    use std::os::unix::fs::MetadataExt as _;
    let inodes = |place: &Place| -> BTreeMap<String, u64> {
        let blobs = fs::read_dir(place.path("m.pkg/blobs/sha256")).unwrap().map(Result::unwrap);
        let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        blobs.map(|entry| (name(&entry), entry.metadata().unwrap().ino())).collect()
    };
    let place = model();
    // What changed a moment ago is not trusted to be settled.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let first = place.ok(&PACK).json();
    assert_eq!(first["result"]["bytes"], first["result"]["bytesRead"]);
    let before = inodes(&place);
    let again = place.ok(&PACK).json();
    assert_eq!(again["result"]["bytesRead"], 0);
    assert_eq!(again["result"]["digest"], first["result"]["digest"]);
    let parts: Vec<String> = layers(&place, "m.pkg")
        .into_iter()
        .filter(|(path, ..)| path.contains(".part-"))
        .map(|(_, digest, _)| digest.trim_start_matches("sha256:").to_owned())
        .collect();
    assert_eq!(parts.len(), 33);
    let after = inodes(&place);
    assert!(parts.iter().all(|part| before[part] == after[part]), "the parts are the old files");
    // Another size is another bundle, and not mixed up with what is known.
    let args = ["pack", "model", "-o", "m.pkg", "--shard", "2MiB", "--json"];
    let other = place.ok(&args).json();
    assert_eq!(other["result"]["bytesRead"], other["result"]["bytes"]);
    assert!(other["result"]["parts"].as_u64().unwrap() < 33);
    let plain = place.ok(&["pack", "model", "-o", "m.pkg", "--json"]).json();
    assert_eq!(plain["result"]["parts"], 0);
    // A part that somebody changed in the old bundle is not taken over.
    place.ok(&PACK);
    flip(&place.path("m.pkg/blobs/sha256").join(&parts[7]));
    let repaired = place.ok(&PACK).json();
    assert_eq!(repaired["result"]["digest"], first["result"]["digest"]);
    let digest = place.digest("m.pkg");
    place.ok(&["verify", "m.pkg", "--digest", &digest]);
    // Of a changed file the parts that are the same are the old ones.
    let before = inodes(&place);
    write(&place, "weights/model.safetensors", &safetensors(&[8], ""));
    place.ok(&PACK);
    let after = inodes(&place);
    let kept = parts.iter().filter(|part| after.get(*part) == before.get(*part)).count();
    assert_eq!(kept, 32);
}

#[test]
fn signed_parts_are_verified_in_every_form() {
    let place = packed();
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    let shards = ["sign", "m.pkg", "--key", "k.key", "--model-signature", "shards"];
    place.finds(&shards, "usage", 2);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    place.ok(&["verify", "m.pkg", "--key", "k.pub"]);
    let only = ["--only", "model-metadata"];
    let out = place.ok(&[&["verify", "m.pkg", "--key", "k.pub", "--json"], &only[..]].concat());
    assert_eq!(out.json()["result"]["filesVerified"], 1);
    place.ok(&[&["unpack", "m.pkg", "part"], &only[..]].concat());
    assert!(!place.path("part/weights/model.safetensors").exists());
    place.ok(&["unpack", "m.pkg", "out"]);
    place.ok(&["verify", "out", "--key", "k.pub", "--whole-files"]);
    // Other tools know the folder by its model signature, over whole files.
    fs::rename(place.path("out/.pkg"), place.path("kept")).unwrap();
    let out = place.ok(&["verify", "out", "--key", "k.pub", "--json"]);
    assert_eq!(out.json()["result"]["form"], "model-signature");
    fs::rename(place.path("kept"), place.path("out/.pkg")).unwrap();
    // A changed byte of the folder is found in its part.
    let path = place.path("out/weights/model.safetensors");
    let size = fs::metadata(&path).unwrap().len();
    flip(&path);
    let out = place.finds(&["verify", "out", "--key", "k.pub"], "digest-mismatch", 10);
    let found = out.json()["findings"].to_string();
    assert!(found.contains("bytes ") && !found.contains(&format!("to {size}")), "{found}");
    // Into a folder that is there.
    fs::write(place.path("part/mine"), "x").unwrap();
    place.ok(&["unpack", "m.pkg", "part", "--force"]);
    same_files(&place, "part");
    // A file that is shorter than a shard is whole for a signature over shards.
    place.ok(&["pack", "model", "-o", "s.pkg", "--shard", "1MiB", "--shards", "always"]);
    place.ok(&["sign", "s.pkg", "--key", "k.key", "--model-signature", "shards"]);
    place.ok(&["verify", "s.pkg", "--key", "k.pub"]);
    // The signature still fits after packing the same again.
    let out = place.ok(&PACK).json();
    assert_eq!(out["result"]["signaturesKept"], 2);
}

#[test]
fn what_reads_files_reads_parts() {
    let place = packed();
    write(&place, "weights/model.safetensors", &safetensors(&[2], ""));
    place.ok(&["pack", "model", "-o", "new.pkg", "--shard", "1MiB"]);
    place.ok(&["pack", "model", "-o", "whole.pkg"]);
    for new in ["new.pkg", "whole.pkg"] {
        let out = place.ok(&["diff", "m.pkg", new, "--json"]).json();
        let tensors = &out["result"]["tensors"];
        assert_eq!(
            (&tensors["same"], tensors["changed"].as_array().unwrap().len()),
            (&89.into(), 3)
        );
        let out = place.run(&["lineage", new, "m.pkg", "--json"]).json();
        assert_eq!((&out["result"]["tensors"], &out["result"]["shared"]), (&92.into(), &89.into()));
    }
    // How a file is stored says nothing about it.
    let out = place.ok(&["diff", "new.pkg", "whole.pkg", "--json"]).json();
    for what in ["files", "tensors", "components"] {
        assert_eq!(out["result"][what]["changed"], json!([]), "{what}");
    }
    place.install("weights");
    let digest = place.digest("new.pkg");
    let args = ["verify", "new.pkg", "--digest", &digest, "--plugin", "weights", "--json"];
    let out = place.ok(&args).json();
    let asked = out["result"]["plugins"][0].to_string();
    assert!(asked.contains("passed") && asked.contains("3002950 parameters"), "{asked}");
    // A plugin is not given what does not prove to be right.
    let (_, blob, _) = layers(&place, "new.pkg").into_iter().nth(5).unwrap();
    flip(&Layout::at(&place.path("new.pkg")).blob(&blob));
    place.finds(&args[..6], "digest-mismatch", 10);
}

#[test]
fn a_changed_bit_in_any_part_is_found_and_placed() {
    let place = packed();
    let digest = place.digest("m.pkg");
    let layout = Layout::at(&place.path("m.pkg"));
    let mut offset = 0;
    let mut seen = 0;
    for (path, blob, size) in layers(&place, "m.pkg") {
        if !path.contains(".part-") {
            continue;
        }
        let args = ["verify", "m.pkg", "--digest", &digest];
        flip(&layout.blob(&blob));
        let out = place.finds(&args, "digest-mismatch", 10);
        let finding = out.json()["findings"][0].clone();
        assert_eq!(finding["subject"], "weights/model.safetensors");
        let message = finding["message"].as_str().unwrap();
        let range = format!("bytes {offset} to {} ", offset + size);
        assert!(message.contains(&range) && message.contains(&blob), "{message}");
        if seen % 8 == 0 {
            refused(&place, &args[2..], "digest-mismatch");
        }
        flip(&layout.blob(&blob));
        offset += size;
        seen += 1;
    }
    assert_eq!(seen, 33);
    // A part that is not there, or too short.
    let (_, blob, size) = layers(&place, "m.pkg").into_iter().nth(9).unwrap();
    let path = layout.blob(&blob);
    let content = fs::read(&path).unwrap();
    fs::write(&path, &content[1..]).unwrap();
    let args = ["--digest", digest.as_str()];
    let out = refused(&place, &args, "wrong-size");
    assert!(out.stdout.contains(&format!("{size} bytes")), "{out:?}");
    fs::remove_file(&path).unwrap();
    let out = refused(&place, &args, "missing-blob");
    assert!(out.stdout.contains("weights/model.safetensors"), "{out:?}");
    refused(&place, &["--digest", &digest, "--whole-files"], "missing-blob");
}

/// A hostile publisher's change of a bundle with parts, which must be refused so.
fn publisher(code: &str, edit: impl FnOnce(&Layout, usize)) {
    let place = packed();
    let layout = Layout::at(&place.path("m.pkg"));
    edit(&layout, 2);
    refused(&place, &["--digest", &layout.digest()], code);
}

fn part(code: &str, number: usize, edit: impl FnOnce(&mut Value)) {
    publisher(code, |layout, first| {
        layout.edit_manifest(|manifest| edit(&mut manifest["layers"][first + number]));
    });
}

#[test]
fn parts_that_do_not_make_up_the_file_are_refused() {
    for key in ["x-pkg.file", "x-pkg.offset", "x-pkg.part", "org.cncf.model.filepath"] {
        for value in ["", "1", "weights/model", "-1", "../evil", "3/33"] {
            part("release-invalid", 1, |layer| layer["annotations"][key] = json!(value));
        }
        part("release-invalid", 1, |layer| {
            layer["annotations"].as_object_mut().unwrap().remove(key);
        });
    }
    let offset = |layer: &Value| -> u64 {
        layer["annotations"]["x-pkg.offset"].as_str().unwrap().parse().unwrap()
    };
    // Overlaps and gaps.
    for by in [-1_i64, 1] {
        part("release-invalid", 3, |layer| {
            let moved = offset(layer).checked_add_signed(by).unwrap();
            layer["annotations"]["x-pkg.offset"] = json!(moved.to_string());
        });
        part("release-invalid", 3, |layer| {
            layer["size"] = json!(layer["size"].as_u64().unwrap().checked_add_signed(by).unwrap());
        });
    }
    for size in [0, u64::MAX, u64::MAX - 300_000, 1 << 53] {
        part("release-invalid", 32, |layer| layer["size"] = json!(size));
    }
    part("release-invalid", 4, |layer| {
        layer["mediaType"] = json!("application/vnd.cncf.model.weight.config.v1.raw");
    });
    part("release-invalid", 4, |layer| {
        layer["mediaType"] = json!("application/vnd.cncf.model.weight.v1.tar+zstd");
    });
    // A byte more here and less there, with everything told to fit.
    publisher("wrong-size", |layout, first| {
        layout.edit_manifest(|manifest| {
            for (number, by) in [(3, 1), (4, -1)] {
                let layer = &mut manifest["layers"][first + number];
                let size = layer["size"].as_u64().unwrap();
                layer["size"] = json!(size.checked_add_signed(by).unwrap());
            }
            let layer = &mut manifest["layers"][first + 4];
            let moved = offset(layer) + 1;
            layer["annotations"]["x-pkg.offset"] = json!(moved.to_string());
        });
    });
    // A layer that is a whole file and says that it is a part.
    part("release-invalid", 33, |layer| {
        assert_eq!(layer["annotations"]["org.cncf.model.filepath"], "config.json");
        layer["annotations"]["x-pkg.part"] = json!("1/1");
    });
}

/// Changes the entry of the weight file in the index.
fn entry(layout: &Layout, edit: impl FnOnce(&mut Value)) {
    layout.edit_files(|index| {
        let files = index["files"].as_array_mut().unwrap();
        edit(files.iter_mut().find(|file| file["layerCount"] == 33).unwrap());
    });
}

#[test]
fn an_index_that_lies_about_parts_is_refused() {
    for count in [0, 1, 2, 32, 34, 35, usize::MAX, usize::MAX - 2] {
        publisher("release-invalid", |layout, _| {
            entry(layout, |file| file["layerCount"] = json!(count));
        });
    }
    for count in [json!(-1), json!("33"), json!(null), json!(1.5)] {
        publisher("release-invalid", |layout, _| entry(layout, |file| file["layerCount"] = count));
    }
    for layer in [0, 1, 3, 34, 35, usize::MAX] {
        publisher("release-invalid", |layout, _| {
            entry(layout, |file| file["layer"] = json!(layer));
        });
    }
    // Shards of a file that has parts.
    publisher("release-invalid", |layout, _| {
        layout.edit_files(|index| index["shardSize"] = json!(1 << 20));
        let digest = format!("sha256:{}", "1".repeat(64));
        entry(layout, |file| file["shards"] = json!([digest, digest, digest]));
    });
    // A file of a compressed layer that is said to reach over the next.
    publisher("release-invalid", |layout, _| {
        layout.edit_files(|index| {
            let files = index["files"].as_array_mut().unwrap();
            let config = files.iter_mut().find(|file| file["path"] == "config.json").unwrap();
            config["layerCount"] = json!(2);
        });
    });
}

#[test]
fn parts_in_another_order_are_another_file() {
    let digest_and_size = |layout: &Layout, layer: usize| {
        let layer = layout.manifest()["layers"][layer].clone();
        (layer["digest"].as_str().unwrap().to_owned(), layer["size"].as_u64().unwrap() as usize)
    };
    let swapped = |one: usize, other: usize| {
        let place = packed();
        let layout = Layout::at(&place.path("m.pkg"));
        let (first, second) = (digest_and_size(&layout, one), digest_and_size(&layout, other));
        layout.claim_layer_only(one, &second.0, second.1, &second.0);
        layout.claim_layer_only(other, &first.0, first.1, &first.0);
        (place, layout.digest())
    };
    // The header and the head differ in their sizes; two blocks do not, and then only
    // the digest of the whole file tells.
    let (place, digest) = swapped(2, 3);
    refused(&place, &["--digest", &digest], "release-invalid");
    let (place, digest) = swapped(4, 5);
    place.finds(&["verify", "m.pkg", "--digest", &digest, "--whole-files"], "digest-mismatch", 10);
    // With the annotations moved along, the manifest does not fit.
    publisher("release-invalid", |layout, first| {
        let (one, other) = (digest_and_size(layout, first), digest_and_size(layout, first + 1));
        layout.claim_layer_only(first, &other.0, other.1, &other.0);
        layout.claim_layer_only(first + 1, &one.0, one.1, &one.0);
        layout.edit_manifest(|manifest| {
            let annotations = manifest["layers"][first]["annotations"].take();
            manifest["layers"][first]["annotations"] =
                std::mem::replace(&mut manifest["layers"][first + 1]["annotations"], annotations);
        });
    });
}

#[test]
fn what_cannot_be_done_with_parts_is_said() {
    let place = model();
    for mode in ["hardlink", "reflink"] {
        let args = ["pack", "model", "-o", "m.pkg", "--shard", "1MiB", "--store", mode];
        place.finds(&args, "link-unsupported", 2);
    }
    for size in ["0", "1", "1048575", "1KiB"] {
        place.finds(&["pack", "model", "-o", "m.pkg", "--shard", size], "usage", 2);
    }
    for size in ["", "x", "1XiB", "-1", "99999999999999999999", "99999999999GiB"] {
        let out = place.run(&["pack", "model", "-o", "m.pkg", "--shard", size]);
        assert_eq!(out.code, Some(2), "{size}: {out:?}");
    }
    // A file that would become more layers than a manifest can list.
    write(&place, "weights/sparse.bin", b"");
    let sparse = fs::File::options().write(true).open(place.path("model/weights/sparse.bin"));
    sparse.unwrap().set_len(1 << 40).unwrap();
    place.finds(&PACK[..6], "usage", 2);
    fs::remove_file(place.path("model/weights/sparse.bin")).unwrap();
    assert_eq!(place.names(), ["model"], "nothing half-made is left");
    place.ok(&PACK);
    place.finds(&["unpack", "m.pkg", "out", "--store", "hardlink"], "link-unsupported", 2);
    assert_eq!(place.names(), ["m.pkg", "model"]);
    // The default is one layer a file.
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    assert_eq!(layers(&place, "m.pkg").len(), 4);
    let text = fs::read_to_string(Layout::at(&place.path("m.pkg")).layer_blob(1)).unwrap();
    assert!(!text.contains("layerCount"), "older programs read it: {text}");
    assert!(Path::new(&place.path("m.pkg")).is_dir());
}
