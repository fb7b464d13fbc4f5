//! Inputs to begin with: the fixtures, and small releases that the library makes.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pkg_core::bundle::{self, GitRequest, PackRequest, ShardPolicy, StoreMode, oci};
use pkg_core::hash::Meter;
use serde_json::Value;

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fixture, by its path below `fixtures`.
pub fn fixture(path: &str) -> Vec<u8> {
    let path = repository().join("fixtures").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture of text.
pub fn text(path: &str) -> String {
    String::from_utf8(fixture(path)).expect("text")
}

/// The fixtures below a folder whose names end so, of at most 64 KiB each.
pub fn fixtures(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    let mut folders = vec![repository().join("fixtures").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of fixtures") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path| std::fs::read(path).expect("a fixture");
    paths.into_iter().map(read).filter(|bytes| bytes.len() <= 64 << 10).collect()
}

/// Texts as inputs.
pub fn all(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A `pkg.toml` that uses most keys.
pub const SPEC: &str = r#"[release]
name = "tiny"
version = "1.0"
publisher = "Example Lab"
description = "A model."
released = "2026-01-31"
licence = "Apache-2.0"
licence-file = "LICENSE"

[[component]]
kind = "model-parameters-final"
paths = ["*.safetensors"]

[[component]]
kind = "model-metadata"
paths = ["config.json"]

[[component]]
kind = "model-card"
paths = ["README.md"]
licence = "CC-BY-4.0"

[[component]]
kind = "inference-code"
paths = ["code/**"]

[[component]]
kind = "training-code"
url = "https://example.org/train.tar.gz"
digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

[[component]]
kind = "research-paper"
absent = "not written yet"

[[data]]
name = "Tiny corpus"
class = "public"
role = "pretrain"
licence = "CC-BY-4.0"

[[base-model]]
name = "example/base"
relation = "finetune"
"#;

/// A safetensors file with one tensor.
pub fn safetensors() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;
    pkg_formats::samples::safetensors(header, 16)
}

/// The card of a model.
pub const CARD: &str = "---\nlicense: apache-2.0\nlanguage: [en, 'de']\nbase_model:\n- org/base\n- \"org/other\"\nbase_model_relation: quantized\ndatasets:\n  - a/b\n\n  - c/d\nlibrary_name: transformers\npipeline_tag: text-generation\nextra_gated_fields:\n  Name: text\n---\n# Tiny\n\nA model.\n";

/// A release that the library packed.
#[derive(Debug)]
pub struct Packed {
    folder: tempfile::TempDir,
}

impl Packed {
    /// The layout.
    pub fn layout(&self) -> PathBuf {
        self.folder.path().join("m.pkg")
    }

    /// A blob of it.
    pub fn blob(&self, descriptor: &Value) -> Vec<u8> {
        let digest = descriptor["digest"].as_str().expect("a digest").trim_start_matches("sha256:");
        std::fs::read(self.layout().join("blobs/sha256").join(digest)).expect("a blob")
    }

    /// Its index.
    pub fn index(&self) -> Vec<u8> {
        std::fs::read(self.layout().join("index.json")).expect("the index")
    }

    /// Its manifest.
    pub fn manifest(&self) -> Vec<u8> {
        let index: Value = serde_json::from_slice(&self.index()).expect("JSON");
        self.blob(&index["manifests"][0])
    }

    /// Its own documents: configuration, description and list of files.
    pub fn documents(&self) -> [Vec<u8>; 3] {
        let manifest: Value = serde_json::from_slice(&self.manifest()).expect("JSON");
        let layer = |path: &str| {
            let mut layers = manifest["layers"].as_array().expect("layers").iter();
            let found = layers.find(|layer| layer["annotations"][oci::FILEPATH] == path);
            self.blob(found.unwrap_or_else(|| panic!("no layer of {path} in {manifest}")))
        };
        [self.blob(&manifest["config"]), layer(bundle::names::RELEASE), layer(bundle::names::FILES)]
    }

    /// Its layers that are archives.
    pub fn archives(&self) -> Vec<Vec<u8>> {
        let manifest: Value = serde_json::from_slice(&self.manifest()).expect("JSON");
        let layers = manifest["layers"].as_array().expect("layers").iter();
        let tars =
            layers.filter(|it| it["mediaType"].as_str().is_some_and(|it| it.ends_with("tar+zstd")));
        tars.map(|layer| self.blob(layer)).collect()
    }

    /// The layout as one archive.
    pub fn as_archive(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |name: String, bytes: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, bytes).expect("an entry");
        };
        let mut names: Vec<_> = std::fs::read_dir(self.layout().join("blobs/sha256"))
            .expect("blobs")
            .map(|entry| entry.expect("a blob").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        add("oci-layout".to_owned(), oci::LAYOUT_CONTENT);
        add("index.json".to_owned(), &self.index());
        for name in names {
            let path = self.layout().join("blobs/sha256").join(&name);
            add(format!("blobs/sha256/{name}"), &std::fs::read(path).expect("a blob"));
        }
        tar.into_inner().expect("an archive")
    }
}

/// The release; it is packed once for each process, and the same each time.
pub fn packed() -> &'static Packed {
    static PACKED: OnceLock<Packed> = OnceLock::new();
    PACKED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let model = folder.path().join("model");
        std::fs::create_dir_all(model.join("code/deep")).expect("folders");
        for (name, content) in [
            ("pkg.toml", SPEC.as_bytes()),
            ("model.safetensors", &safetensors()),
            ("config.json", br#"{"architectures":["TinyModel"],"model_type":"tiny"}"#),
            ("README.md", CARD.as_bytes()),
            ("LICENSE", b"The licence text.\n"),
            ("code/run.py", b"print('run')\n"),
            ("code/deep/__init__.py", b""),
        ] {
            std::fs::write(model.join(name), content).expect("a file");
        }
        let request = PackRequest {
            folder: model,
            output: folder.path().join("m.pkg"),
            mode: StoreMode::Copy,
            shards: ShardPolicy::Auto,
            part: None,
            cache: false,
            force: false,
            git: GitRequest::default(),
        };
        bundle::pack(&request, &Meter::default()).expect("the release can be packed");
        Packed { folder }
    })
}

thread_local! {
    static SCRATCH: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// A folder of this thread, for readers that take a path.
pub fn scratch() -> PathBuf {
    SCRATCH.with(|cell| {
        // In memory where there is such a place: nothing here needs to last.
        let make = || tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        cell.get_or_init(|| make().expect("a temporary folder")).path().to_owned()
    })
}

/// A file of this thread with this content; it replaces what was there.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = scratch().join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(&path, bytes).expect("a file");
    path
}
