//! Surgery on a bundle, with every digest above the cut made to fit again: what
//! a hostile publisher can do, as opposed to somebody on the way.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// `sha256:` and hex.
fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A layout folder.
#[derive(Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout at `root`.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Path of a blob.
    pub fn blob(&self, digest: &str) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.trim_start_matches("sha256:"))
    }

    /// `index.json`.
    pub fn index(&self) -> Value {
        read(&self.root.join("index.json"))
    }

    /// Writes `index.json`.
    pub fn set_index(&self, index: &Value) {
        fs::write(self.root.join("index.json"), index.to_string()).expect("index.json");
    }

    /// The manifest of the release.
    pub fn manifest(&self) -> Value {
        let index = self.index();
        read(&self.blob(index["manifests"][0]["digest"].as_str().expect("a digest")))
    }

    /// Stores bytes and gives digest and size.
    pub fn put(&self, bytes: &[u8]) -> (String, usize) {
        let digest = digest(bytes);
        fs::write(self.blob(&digest), bytes).expect("a blob");
        (digest, bytes.len())
    }

    /// Makes `manifest` the release; signatures are gone.
    pub fn set_manifest(&self, manifest: &Value) {
        self.set_manifest_bytes(manifest.to_string().as_bytes());
    }

    /// The same, byte for byte.
    pub fn set_manifest_bytes(&self, bytes: &[u8]) {
        let (digest, size) = self.put(bytes);
        let mut index = self.index();
        let mut entry = index["manifests"][0].clone();
        entry["digest"] = json!(digest);
        entry["size"] = json!(size);
        index["manifests"] = json!([entry]);
        self.set_index(&index);
    }

    /// Edits the manifest.
    pub fn edit_manifest(&self, edit: impl FnOnce(&mut Value)) {
        let mut manifest = self.manifest();
        edit(&mut manifest);
        self.set_manifest(&manifest);
    }

    /// The document with this path among the layers.
    pub fn document(&self, position: usize) -> Value {
        let manifest = self.manifest();
        read(&self.blob(manifest["layers"][position]["digest"].as_str().expect("a digest")))
    }

    /// Edits the file index, and makes description, configuration and manifest fit.
    pub fn edit_files(&self, edit: impl FnOnce(&mut Value)) {
        let mut files = self.document(1);
        edit(&mut files);
        let (digest, size) = self.put(files.to_string().as_bytes());
        self.set_layer(1, &digest, size, &digest);
        self.edit_release(|release| {
            release["fileIndex"]["digest"] = json!(digest);
            release["fileIndex"]["size"] = json!(size);
        });
    }

    /// Edits the release description, and makes configuration and manifest fit.
    pub fn edit_release(&self, edit: impl FnOnce(&mut Value)) {
        let mut release = self.document(0);
        edit(&mut release);
        let (digest, size) = self.put(release.to_string().as_bytes());
        self.set_layer(0, &digest, size, &digest);
    }

    /// Position of the first layer whose media type ends so.
    pub fn layer_ending(&self, suffix: &str) -> usize {
        let manifest = self.manifest();
        let layers = manifest["layers"].as_array().expect("layers");
        let ends = |layer: &Value| layer["mediaType"].as_str().is_some_and(|t| t.ends_with(suffix));
        layers.iter().position(ends).unwrap_or_else(|| panic!("no {suffix}"))
    }

    /// Replaces a layer, and makes description, configuration and manifest fit.
    pub fn replace_layer(&self, position: usize, bytes: &[u8], diff_id: &str) {
        let old = self.manifest()["layers"][position]["digest"].clone();
        let (digest, size) = self.put(bytes);
        self.set_layer(position, &digest, size, diff_id);
        self.edit_release(|release| {
            for component in release["components"].as_array_mut().expect("components") {
                let layers = component.get_mut("layers").and_then(Value::as_array_mut);
                for layer in layers.into_iter().flatten() {
                    if layer["digest"] == old {
                        layer["digest"] = json!(digest);
                        layer["size"] = json!(size);
                    }
                }
            }
        });
    }

    fn set_layer(&self, position: usize, digest: &str, size: usize, diff_id: &str) {
        let mut manifest = self.manifest();
        let mut config = read(&self.blob(manifest["config"]["digest"].as_str().expect("a digest")));
        config["modelfs"]["diffIds"][position] = json!(diff_id);
        let (config_digest, config_size) = self.put(config.to_string().as_bytes());
        manifest["config"]["digest"] = json!(config_digest);
        manifest["config"]["size"] = json!(config_size);
        manifest["layers"][position]["digest"] = json!(digest);
        manifest["layers"][position]["size"] = json!(size);
        self.set_manifest(&manifest);
    }
}

fn read(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

/// An entry of a tar made by hand.
#[derive(Debug, Clone)]
pub struct TarEntry {
    /// Name, byte for byte, at most 100 bytes.
    pub name: &'static str,
    /// Type flag: `0` file, `1` hard link, `2` symbolic link, `3` device, ...
    pub kind: u8,
    /// Content.
    pub content: &'static [u8],
}

impl TarEntry {
    /// A plain file.
    pub fn file(name: &'static str, content: &'static [u8]) -> Self {
        Self { name, kind: b'0', content }
    }
}

/// A tar + zstd layer with these entries; gives its bytes and its diffId.
pub fn tar_zstd(entries: &[TarEntry]) -> (Vec<u8>, String) {
    let mut tar = Vec::new();
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        header.set_entry_type(tar::EntryType::new(entry.kind));
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        if matches!(entry.kind, b'1' | b'2') {
            header.set_link_name_literal("/etc/passwd").expect("a link name");
        }
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(entry.content);
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.resize(tar.len() + 1024, 0);
    (zstd::encode_all(tar.as_slice(), 3).expect("zstd"), digest(&tar))
}
