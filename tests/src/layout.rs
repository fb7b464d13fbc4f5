//! Surgery on a bundle, with every digest above the cut made to fit again: what
//! a hostile publisher can do, as opposed to somebody on the way.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// `sha256:` and hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
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

    /// Digest of the release, as the index has it.
    pub fn digest(&self) -> String {
        text(&self.index()["manifests"][0]["digest"])
    }

    /// The manifest of the release.
    pub fn manifest(&self) -> Value {
        read(&self.blob(&self.digest()))
    }

    /// Path of the blob of a layer.
    pub fn layer_blob(&self, position: usize) -> PathBuf {
        self.blob(&text(&self.manifest()["layers"][position]["digest"]))
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
        read(&self.layer_blob(position))
    }

    /// Edits the file index, and makes description, configuration and manifest fit.
    pub fn edit_files(&self, edit: impl FnOnce(&mut Value)) {
        let mut files = self.document(1);
        edit(&mut files);
        let (digest, size) = self.put(files.to_string().as_bytes());
        self.claim_layer_only(1, &digest, size, &digest);
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
        self.claim_layer_only(0, &digest, size, &digest);
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
        let (digest, size) = self.put(bytes);
        self.claim_layer(position, &digest, size, diff_id);
    }

    /// The same for a layer whose blob may be there or not.
    pub fn claim_layer(&self, position: usize, digest: &str, size: usize, diff_id: &str) {
        let old = self.manifest()["layers"][position]["digest"].clone();
        self.claim_layer_only(position, digest, size, diff_id);
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

    /// The same, with the description left as it is.
    pub fn claim_layer_only(&self, position: usize, digest: &str, size: usize, diff_id: &str) {
        let mut manifest = self.manifest();
        let mut config = read(&self.blob(&text(&manifest["config"]["digest"])));
        config["modelfs"]["diffIds"][position] = json!(diff_id);
        let (config_digest, config_size) = self.put(config.to_string().as_bytes());
        manifest["config"]["digest"] = json!(config_digest);
        manifest["config"]["size"] = json!(config_size);
        manifest["layers"][position]["digest"] = json!(digest);
        manifest["layers"][position]["size"] = json!(size);
        self.set_manifest(&manifest);
    }

    /// Position in the index of the signature whose statement has this predicate.
    pub fn signature(&self, predicate: &str) -> usize {
        let index = self.index();
        let fits =
            |entry: &Value| entry["annotations"]["dev.sigstore.bundle.predicateType"] == predicate;
        let entries = index["manifests"].as_array().expect("manifests");
        entries.iter().position(fits).unwrap_or_else(|| panic!("no {predicate} in {index}"))
    }

    /// Path of the blob of a signature.
    pub fn signature_blob(&self, position: usize) -> PathBuf {
        let manifest = self.blob(&text(&self.index()["manifests"][position]["digest"]));
        self.blob(&text(&read(&manifest)["layers"][0]["digest"]))
    }

    /// Edits the manifest of a signature, and makes the index fit.
    pub fn edit_referrer(&self, position: usize, edit: impl FnOnce(&mut Value)) {
        let mut index = self.index();
        let entry = &mut index["manifests"][position];
        let mut manifest = read(&self.blob(&text(&entry["digest"])));
        edit(&mut manifest);
        let (digest, size) = self.put(manifest.to_string().as_bytes());
        entry["digest"] = json!(digest);
        entry["size"] = json!(size);
        self.set_index(&index);
    }

    /// Replaces a signature, and makes its manifest and the index fit.
    pub fn replace_signature(&self, position: usize, bytes: &[u8]) {
        let (digest, size) = self.put(bytes);
        self.edit_referrer(position, |manifest| {
            manifest["layers"][0]["digest"] = json!(digest);
            manifest["layers"][0]["size"] = json!(size);
        });
    }

    /// Edits a signature, and makes its manifest and the index fit.
    pub fn edit_signature(&self, position: usize, edit: impl FnOnce(&mut Value)) {
        let mut bundle = read(&self.signature_blob(position));
        edit(&mut bundle);
        self.replace_signature(position, bundle.to_string().as_bytes());
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn read(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}
