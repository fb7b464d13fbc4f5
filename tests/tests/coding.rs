//! Weights in coded form: archives of it, and on the way through registries.

use std::fs;
use std::path::{Path, PathBuf};

use pkg_rig::registry::{Failure, Fault, Registry};
use pkg_tests::registry::{both, oci, traffic};
use pkg_tests::{Layout, Place, safetensors, wait_until};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Bytes of weights: several blocks, and a tail.
const WEIGHTS: usize = (3 << 20) + 4;

/// A signed bundle whose weights are as weights are: exponents close to each other,
/// mantissas all over.
fn place() -> Place {
    let place = Place::with_model();
    let mut state = 7_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    let content: Vec<u8> = (0..WEIGHTS / 4)
        .flat_map(|_| ((next() & 0x807f_ffff) | (118 + next() % 8) << 23).to_le_bytes())
        .collect();
    fs::write(place.path("model/model-1.safetensors"), safetensors(&content)).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    place
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn size_of(folder: &Path) -> u64 {
    let blobs = fs::read_dir(folder.join("blobs/sha256")).unwrap();
    blobs.map(|blob| blob.unwrap().metadata().unwrap().len()).sum()
}

/// The blob that stands for the largest weights of a coded layout.
fn largest(place: &Place, layout: &str) -> (Value, PathBuf) {
    let text = fs::read(place.path(layout).join("coded.json")).unwrap();
    let index: Value = serde_json::from_slice(&text).unwrap();
    let blobs = index["blobs"].as_array().unwrap();
    let blob = blobs.iter().max_by_key(|blob| blob["size"].as_u64()).unwrap().clone();
    let name = blob["coded"].as_str().unwrap()["sha256:".len()..].to_owned();
    (blob, place.path(layout).join("blobs/sha256").join(name))
}

#[test]
fn a_coded_layout_is_smaller_and_comes_back_byte_for_byte() {
    let place = place();
    place.ok(&["pack", "model", "-o", "m.tar"]);
    for (from, coded, back) in [
        ("m.pkg", "c.pkg", "back.pkg"),
        ("m.pkg", "c.tar", "back2.pkg"),
        ("m.tar", "c2.tar", "back3.tar"),
    ] {
        let out = place.ok(&["encode", from, coded, "--json"]).json();
        let result = &out["result"];
        assert_eq!(result["digest"], place.digest("m.pkg").as_str());
        let (bytes, stored) =
            (result["bytes"].as_u64().unwrap(), result["stored"].as_u64().unwrap());
        assert!(stored * 100 < bytes * 92, "{stored} of {bytes}");
        let out = place.ok(&["decode", coded, back, "--json"]).json();
        assert_eq!(out["result"]["bytes"], bytes);
        assert_eq!(out["result"]["decoded"], result["coded"].as_array().unwrap().len());
        if back == "back3.tar" {
            place.ok(&["verify", back, "--digest", &place.digest("m.pkg")]);
        } else {
            place.same_layouts("m.pkg", back);
            place.ok(&["verify", back, "--key", "k.pub"]);
        }
    }
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    assert!(read("m.pkg/index.json") == read("back.pkg/index.json"));
    assert!(size_of(&place.path("c.pkg")) < size_of(&place.path("m.pkg")));
    // The same bundle gives the same coded layout.
    place.ok(&["encode", "m.pkg", "again.tar"]);
    assert!(read("again.tar") == read("c.tar"));
    assert!(!place.names().iter().any(|name| name.contains(".partial")));
}

#[test]
fn a_coded_layout_is_no_bundle_to_other_commands() {
    let place = place();
    for coded in ["c.pkg", "c.tar"] {
        place.ok(&["encode", "m.pkg", coded]);
        for args in [
            vec!["verify", coded, "--key", "k.pub"],
            vec!["unpack", coded, "out"],
            vec!["show", coded],
            vec!["sign", coded, "--key", "k.key"],
            vec!["export", coded, "usb", "--key", "k.pub"],
            vec!["encode", coded, "twice.pkg"],
        ] {
            let out = place.finds(&args, "coded-layout", 2);
            assert!(out.stderr.contains("pkg decode") || out.stdout.contains("pkg decode"));
        }
    }
    place.finds(&["decode", "m.pkg", "out.pkg"], "coded-index", 10);
    place.finds(&["encode", "m.pkg", "c.pkg"], "output-exists", 2);
    for name in ["out", "usb", "twice.pkg", "out.pkg"] {
        assert!(!place.path(name).exists(), "{name}");
    }
}

#[test]
fn damage_is_found_before_and_after_coding() {
    let place = place();
    place.ok(&["encode", "m.pkg", "c.pkg"]);
    let (blob, path) = largest(&place, "c.pkg");
    let good = fs::read(&path).unwrap();
    let refuses = |bytes: &[u8], code: &str| {
        fs::write(&path, bytes).unwrap();
        place.finds(&["decode", "c.pkg", "d.pkg"], code, 10);
        assert!(!place.path("d.pkg").exists());
    };
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    refuses(&flipped(3), "coded-invalid");
    refuses(&flipped(9), "coded-invalid");
    refuses(&flipped(16), "coded-invalid");
    // In a plane that is stored as it is: only the digest tells.
    refuses(&flipped(good.len() - 100), "digest-mismatch");
    refuses(&good[..good.len() - 1], "wrong-size");
    let mut longer = good.clone();
    longer.push(0);
    refuses(&longer, "wrong-size");

    // A list that fits damaged bytes is of no help to them.
    let list = place.path("c.pkg/coded.json");
    let text = fs::read(&list).unwrap();
    let listed = |change: &dyn Fn(&mut Value)| {
        let mut index: Value = serde_json::from_slice(&text).unwrap();
        let blobs = index["blobs"].as_array_mut().unwrap();
        change(blobs.iter_mut().find(|it| it["digest"] == blob["digest"]).unwrap());
        fs::write(&list, index.to_string()).unwrap();
    };
    listed(&|it| it["codedSize"] = json!(good.len() - 1));
    refuses(&good[..good.len() - 1], "coded-invalid");
    listed(&|it| it["codedSize"] = json!(good.len() + 1));
    refuses(&longer, "coded-invalid");
    // A claim of more than the release has is refused before anything is decoded.
    listed(&|it| it["size"] = json!(1_u64 << 60));
    refuses(&good, "coded-index");
    listed(&|it| it["digest"] = json!(format!("sha256:{}", "0".repeat(64))));
    refuses(&good, "coded-index");
    fs::write(&list, &text).unwrap();
    fs::remove_file(&path).unwrap();
    place.finds(&["decode", "c.pkg", "d.pkg"], "missing-blob", 10);

    // A bundle with a damaged blob is not encoded.
    let weights = place.weights();
    let raw = place.path("m.pkg/blobs/sha256").join(&weights["sha256:".len()..]);
    let mut bytes = fs::read(&raw).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::remove_file(&raw).unwrap();
    fs::write(&raw, bytes).unwrap();
    place.finds(&["encode", "m.pkg", "e.pkg"], "digest-mismatch", 10);
    assert!(!place.path("e.pkg").exists());
}

/// A stream that unfolds a thousandfold stops at the size that the release has.
#[test]
fn a_bomb_does_not_unfold() {
    let place = place();
    place.ok(&["encode", "m.pkg", "c.pkg"]);
    let (blob, path) = largest(&place, "c.pkg");
    let size = blob["size"].as_u64().unwrap();
    let packed = zstd::bulk::compress(&vec![0; 1 << 20], 1).unwrap();
    let mut bomb = b"pkgcode\x01".to_vec();
    bomb.extend(size.to_le_bytes());
    for _ in 0..1000 {
        bomb.extend([1, 1, 0, 0]);
        bomb.extend((1_u32 << 20).to_le_bytes());
        bomb.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        bomb.extend(&packed);
    }
    bomb.extend([0; 8]);
    fs::write(&path, &bomb).unwrap();
    let list = place.path("c.pkg/coded.json");
    let text = fs::read_to_string(&list).unwrap();
    let old = format!("\"codedSize\":{}", blob["codedSize"]);
    assert!(text.contains(&old));
    fs::write(&list, text.replace(&old, &format!("\"codedSize\":{}", bomb.len()))).unwrap();
    let out = place.finds(&["decode", "c.pkg", "d.pkg"], "coded-invalid", 10);
    assert!(format!("{out:?}").contains("more bytes than it says"), "{out:?}");
}

#[test]
fn coded_weights_go_through_registries_and_fewer_bytes_come_back() {
    let place = place();
    let weights = place.weights();
    both(|host, rig| {
        let to = oci(host, "lab/tiny:v1");
        let out = place.ok(&["push", "m.pkg", &to, "--coded", "--json"]).json();
        assert!(out["result"]["coded"].as_u64().unwrap() >= 1, "{out:#}");
        let digest = place.digest("m.pkg");
        assert_eq!(out["result"]["digest"], digest.as_str());
        // Who does not ask for it sees the release as it was.
        place.ok(&["verify", &to, "--key", "k.pub"]);

        let name = if rig.is_some() { "rig" } else { "docker" };
        let (coded, raw) = (format!("{name}-coded.pkg"), format!("{name}-raw.pkg"));
        let before = rig.map_or(0, |rig| rig.log().len());
        let pulled = place.ok(&["pull", &to, "-o", &coded, "--key", "k.pub", "--json"]).json();
        assert!(pulled["result"]["coded"].as_u64().unwrap() > 0, "{pulled:#}");
        assert_eq!(pulled["result"]["verdict"]["digest"], digest.as_str());
        place.same_layouts("m.pkg", &coded);
        place.ok(&["verify", &coded, "--key", "k.pub"]);
        let between = rig.map_or(0, |rig| rig.log().len());
        let args = ["pull", &to, "-o", &raw, "--key", "k.pub", "--no-coded", "--json"];
        assert_eq!(place.ok(&args).json()["result"]["coded"], 0);
        place.same_layouts("m.pkg", &raw);
        if let Some(rig) = rig {
            let log = rig.log();
            let (with, without) = (traffic(&log[before..between]).1, traffic(&log[between..]).1);
            assert!(with * 100 < without * 93, "{with} and {without} bytes");
            assert!(!log[before..between].iter().any(|it| it.is("GET", &weights)));
        }
        assert!(!place.names().iter().any(|name| name.contains(".partial")));
    });
}

/// Digest of the coded form of the weights, in the rig.
fn coded_in(rig: &Registry, place: &Place, repository: &str) -> String {
    let found = rig.manifests(repository).into_iter().find_map(|digest| {
        let manifest: Value = serde_json::from_slice(&rig.manifest(repository, &digest)?).ok()?;
        let layers = manifest["layers"].as_array()?.clone();
        let of = |it: &Value| it["annotations"]["x-pkg.coded.digest"] == place.weights().as_str();
        layers.into_iter().find(of)
    });
    found.expect("a coded blob")["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_coded_blob_that_is_missing_or_wrong_is_made_up_for_by_the_raw_one() {
    let place = place();
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.ok(&["push", "m.pkg", &to, "--coded"]);
    let coded = coded_in(&rig, &place, "a");
    let path = rig.blob_path(&coded);
    let good = fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    for (name, bytes) in [
        ("flipped", Some(flipped)),
        ("short", Some(good[..good.len() / 2].to_vec())),
        ("empty", Some(Vec::new())),
        ("gone", None),
    ] {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let output = format!("{name}.pkg");
        let before = rig.log().len();
        let args = ["pull", &to, "-o", &output, "--key", "k.pub", "--json"];
        let out = place.ok(&args);
        assert!(out.codes().contains(&"coded-not-used".to_owned()), "{name}: {out:?}");
        assert!(rig.log_after(before).iter().any(|it| it.is("GET", &place.weights())), "{name}");
        place.same_layouts("m.pkg", &output);
        assert!(!place.path(&output).join(".coded").exists());
    }
}

#[test]
fn a_killed_pull_of_coded_weights_goes_on() {
    let place = place();
    let rig = Registry::start();
    let to = oci(&rig.host(), "a:v1");
    place.ok(&["push", "m.pkg", &to, "--coded"]);
    let coded = coded_in(&rig, &place, "a");
    rig.fail(Failure::new(Fault::Hold(1 << 20)).at(&coded));
    let mut child = place.start(&["pull", &to, "-o", "p.pkg", "--key", "k.pub"]);
    assert!(wait_until(|| rig.held() > 0), "nothing was held: {:#?}", rig.log());
    child.kill().unwrap();
    child.wait().unwrap();
    rig.heal();
    assert!(!place.path("p.pkg").exists());
    let out = place.ok(&["pull", &to, "-o", "p.pkg", "--key", "k.pub", "--json"]).json();
    assert!(out["result"]["coded"].as_u64().unwrap() > 0, "{out:#}");
    place.same_layouts("m.pkg", "p.pkg");
    assert!(!place.names().iter().any(|name| name.contains(".partial")));
}

#[test]
fn weights_without_an_exponent_are_left_as_they_are() {
    let place = Place::with_model();
    let content: Vec<u8> =
        (0..200_000_u32).flat_map(|n| hex(&n.to_le_bytes()).into_bytes()).collect();
    let header =
        format!(r#"{{"w":{{"dtype":"U8","shape":[{0}],"data_offsets":[0,{0}]}}}}"#, content.len());
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &content].concat();
    for name in ["model-1.safetensors", "model-2.safetensors"] {
        fs::write(place.path("model").join(name), &file).unwrap();
    }
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    let out = place.ok(&["encode", "m.pkg", "c.pkg", "--json"]);
    assert!(out.codes().contains(&"coding-pays-not".to_owned()), "{out:?}");
    let layers = Layout::at(&place.path("m.pkg")).manifest()["layers"].as_array().unwrap().len();
    assert!(layers > 2);
    place.ok(&["decode", "c.pkg", "d.pkg"]);
    place.same_layouts("m.pkg", "d.pkg");
}
