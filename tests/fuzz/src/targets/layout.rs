//! Documents and archives of a bundle.

use std::io::Read as _;

use pkg_core::bundle::{self, oci};
use pkg_core::finding::{Code, Problem};
use pkg_core::model::digest::Digest;
use pkg_core::model::release::{FileIndex, Release};
use pkg_core::model::{canonical as jcs, path::ReleasePath};
use pkg_core::trust::json::{MAX_DEPTH, from_slice_strict};
use serde_json::{Value, json};

use super::{depth, round};
use crate::seeds;

pub(super) fn json_seeds() -> Vec<Vec<u8>> {
    let mut all = seeds::all(&[
        r#"{"b":[true,null,10],"a":"\u20ac$\u000f\nA'B\"\\/","c":{"d":{"e":[[[]]]}}}"#,
        r#"[1.5,-1,9007199254740992,1e300,"\ud83d\ude00"]"#,
    ]);
    all.push(seeds::packed().manifest());
    all
}

pub(super) fn canonical(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(once) = jcs::to_vec(&value) else { return };
    let read: Value = serde_json::from_slice(&once).expect("canonical JSON can be read");
    assert_eq!(read, value);
    assert_eq!(jcs::to_vec(&read).expect("canonical"), once);
    assert!(!once.contains(&b'\n'), "white space in canonical JSON");
}

pub(super) fn strict(data: &[u8]) {
    let strict = from_slice_strict::<Value>(data);
    if let Ok(value) = &strict {
        assert!(depth(value) <= MAX_DEPTH.into());
        assert_eq!(serde_json::from_slice::<Value>(data).expect("JSON"), *value);
        // Written again it has no repeated key either, and stays within the depth.
        let text = value.to_string();
        assert_eq!(from_slice_strict::<Value>(text.as_bytes()).expect("strict"), *value);
    }
}

pub(super) fn index(data: &[u8]) {
    super::json::<oci::Index>(data);
    super::json::<oci::Layout>(data);
}

pub(super) fn index_seeds() -> Vec<Vec<u8>> {
    vec![seeds::packed().index(), oci::LAYOUT_CONTENT.to_vec()]
}

pub(super) fn manifest(data: &[u8]) {
    super::json::<oci::Manifest>(data);
}

pub(super) fn manifest_seeds() -> Vec<Vec<u8>> {
    vec![seeds::packed().manifest()]
}

pub(super) fn config(data: &[u8]) {
    super::json::<oci::ModelConfig>(data);
}

pub(super) fn config_seeds() -> Vec<Vec<u8>> {
    let [config, ..] = seeds::packed().documents();
    vec![config]
}

pub(super) fn release(data: &[u8]) {
    super::json::<Release>(data);
}

pub(super) fn release_seeds() -> Vec<Vec<u8>> {
    let [_, release, _] = seeds::packed().documents();
    vec![release]
}

pub(super) fn files(data: &[u8]) {
    super::json::<FileIndex>(data);
}

pub(super) fn files_seeds() -> Vec<Vec<u8>> {
    let [.., files] = seeds::packed().documents();
    vec![files]
}

/// All documents of one release, with digests that fit whatever is in them: what a
/// hostile publisher can do.
pub(super) fn documents(data: &[u8]) {
    let Ok(mut all) = serde_json::from_slice::<Value>(data) else { return };
    let mut take = |name: &str| all.get_mut(name).map(Value::take).unwrap_or_default();
    let (mut manifest, config) = (take("manifest"), take("config").to_string());
    let (release, files) = (take("release").to_string(), take("files").to_string());
    let name = |path: &str| if path == bundle::names::RELEASE { &release } else { &files };
    if let Some(descriptor) = manifest.get_mut("config") {
        fit(descriptor, config.as_bytes());
    }
    for layer in manifest.get_mut("layers").and_then(Value::as_array_mut).into_iter().flatten() {
        let path = layer.pointer("/annotations/org.cncf.model.filepath").and_then(Value::as_str);
        if let Some(path @ (bundle::names::RELEASE | bundle::names::FILES)) = path {
            let text = name(path).clone();
            fit(layer, text.as_bytes());
        }
    }
    let folder = seeds::scratch().join("documents");
    for (name, text) in [
        (bundle::names::MANIFEST, &manifest.to_string()),
        (bundle::names::CONFIG, &config),
        (bundle::names::RELEASE, &release),
        (bundle::names::FILES, &files),
    ] {
        seeds::file(&format!("documents/{name}"), text.as_bytes());
    }
    let Ok(loaded) = bundle::load(&folder) else { return };
    round(&loaded.manifest);
    round(&loaded.release);
    round(&loaded.files);
    let mut seen = std::collections::BTreeSet::new();
    for file in &loaded.files.files {
        assert!(ReleasePath::new(file.path.as_str()).is_ok() && seen.insert(&file.path));
        assert!(file.layers().end <= loaded.manifest.layers.len(), "a layer that is not there");
    }
}

fn fit(descriptor: &mut Value, bytes: &[u8]) {
    if let Some(fields) = descriptor.as_object_mut() {
        fields.insert("digest".to_owned(), Value::String(Digest::of(bytes).to_string()));
        fields.insert("size".to_owned(), Value::from(bytes.len()));
    }
}

pub(super) fn documents_seeds() -> Vec<Vec<u8>> {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
    let [config, release, files] = seeds::packed().documents();
    let all = json!({
        "manifest": read(&seeds::packed().manifest()),
        "config": read(&config),
        "release": read(&release),
        "files": read(&files),
    });
    vec![all.to_string().into_bytes()]
}

/// Most bytes that the files of a layer may have here.
const LIMIT: u64 = 1 << 20;

/// A layer as it is stored.
pub(super) fn layer(data: &[u8]) {
    let (mut paths, mut bytes) = (Vec::new(), 0);
    let read = bundle::read_layer("layer", data, LIMIT, |head, content| {
        let mut rest = content.take(LIMIT + 1);
        let got = std::io::copy(&mut rest, &mut std::io::sink())
            .map_err(|error| Problem::new(Code::TarInvalid, "layer").detail(error.to_string()))?;
        assert!(got <= head.size, "more content than the header promises");
        bytes += got;
        paths.push(head.path);
        Ok(())
    });
    assert!(bytes <= LIMIT, "{bytes} bytes unfolded");
    for path in &paths {
        assert!(ReleasePath::new(path.as_str()).is_ok());
    }
    if read.is_ok() {
        // The same bytes, the same digest.
        let again = bundle::read_layer("layer", data, LIMIT, |_, content| {
            std::io::copy(content, &mut std::io::sink())
                .map(drop)
                .map_err(|error| Problem::new(Code::TarInvalid, "layer").detail(error.to_string()))
        });
        assert_eq!(read.ok(), again.ok());
    }
}

pub(super) fn layer_seeds() -> Vec<Vec<u8>> {
    let layers = seeds::packed().archives();
    assert!(!layers.is_empty());
    layers
}

/// The tar in a layer: what is behind the compression.
pub(super) fn layer_tar(data: &[u8]) {
    layer(&zstd::encode_all(data, 1).expect("bytes can be compressed"));
}

pub(super) fn layer_tar_seeds() -> Vec<Vec<u8>> {
    let unfold = |layer: Vec<u8>| zstd::decode_all(layer.as_slice()).expect("a layer");
    let mut all: Vec<Vec<u8>> = layer_seeds().into_iter().map(unfold).collect();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o755);
    tar.append_data(&mut header, format!("{}/x", "long/".repeat(30)), &b"abc"[..])
        .expect("an entry");
    all.push(tar.into_inner().expect("an archive"));
    all
}

/// A whole layout as one archive.
pub(super) fn archive(data: &[u8]) {
    let path = seeds::file("m.pkg.tar", data);
    let Ok(loaded) = bundle::load(&path) else { return };
    round(&loaded.release);
    bundle::extra_blobs(&loaded).expect("the names in an archive are known");
}

pub(super) fn archive_seeds() -> Vec<Vec<u8>> {
    vec![seeds::packed().as_archive()]
}
