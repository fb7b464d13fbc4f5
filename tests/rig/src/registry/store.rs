//! What a registry keeps: blobs as files, all else in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Value, json};

use crate::keys::{random, sha256};
use crate::text;

/// A manifest.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

impl Manifest {
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// Digest of what it is about.
    pub(crate) fn subject(&self) -> Option<String> {
        Some(self.value()["subject"]["digest"].as_str()?.to_owned())
    }

    /// Its descriptor, as the list of referrers has it.
    pub(crate) fn descriptor(&self, digest: &str) -> Value {
        let value = self.value();
        let mut descriptor = json!({
            "mediaType": self.media_type,
            "digest": digest,
            "size": self.bytes.len(),
        });
        let kind = [&value["artifactType"], &value["config"]["mediaType"]];
        let kind = kind.into_iter().filter_map(Value::as_str).find(|kind| !kind.is_empty());
        if let Some(kind) = kind {
            descriptor["artifactType"] = json!(kind);
        }
        if let Some(annotations) = value.get("annotations") {
            descriptor["annotations"] = annotations.clone();
        }
        descriptor
    }
}

/// A repository.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    pub(crate) blobs: BTreeSet<String>,
    pub(crate) manifests: BTreeMap<String, Manifest>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Repository {
    /// A manifest by tag or digest, with its digest.
    pub(crate) fn manifest(&self, reference: &str) -> Option<(String, Manifest)> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        Some((digest.to_owned(), self.manifests.get(digest)?.clone()))
    }
}

/// An upload that has begun.
pub(crate) struct Upload {
    pub(crate) repository: String,
    path: PathBuf,
    file: File,
    hash: Context,
    pub(crate) length: u64,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Upload").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Upload {
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// Everything that is kept.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    pub(crate) repositories: BTreeMap<String, Repository>,
    uploads: HashMap<String, Arc<Mutex<Upload>>>,
}

impl Store {
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        for folder in ["blobs", "uploads"] {
            fs::create_dir_all(root.join(folder))?;
        }
        let repositories = BTreeMap::new();
        Ok(Self { root: root.to_owned(), repositories, uploads: HashMap::new() })
    }

    /// Where the content of a blob is.
    pub(crate) fn path(&self, digest: &str) -> PathBuf {
        self.root.join("blobs").join(digest.replace(':', "-"))
    }

    pub(crate) fn has_blob(&self, repository: &str, digest: &str) -> bool {
        self.repositories.get(repository).is_some_and(|known| known.blobs.contains(digest))
    }

    /// Begins an upload and names it.
    pub(crate) fn begin(&mut self, repository: &str) -> io::Result<String> {
        let name = text::hex(&random::<16>());
        let path = self.root.join("uploads").join(&name);
        let upload = Upload {
            repository: repository.to_owned(),
            file: File::create_new(&path)?,
            path,
            hash: Context::new(&SHA256),
            length: 0,
        };
        self.uploads.insert(name.clone(), Arc::new(Mutex::new(upload)));
        Ok(name)
    }

    pub(crate) fn upload(&self, name: &str) -> Option<Arc<Mutex<Upload>>> {
        self.uploads.get(name).cloned()
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.uploads.remove(name);
    }

    pub(crate) fn forget_uploads(&mut self) {
        self.uploads.clear();
    }

    /// Makes an upload the blob `digest`; false if its content is another.
    pub(crate) fn finish(&mut self, name: &str, upload: &Upload, digest: &str) -> io::Result<bool> {
        self.uploads.remove(name);
        let found = format!("sha256:{}", text::hex(upload.hash.clone().finish().as_ref()));
        if found != digest {
            fs::remove_file(&upload.path)?;
            return Ok(false);
        }
        fs::rename(&upload.path, self.path(digest))?;
        let repository = self.repositories.entry(upload.repository.clone()).or_default();
        repository.blobs.insert(digest.to_owned());
        Ok(true)
    }

    /// Makes a blob of another repository known in this one; false if there is none.
    pub(crate) fn mount(&mut self, repository: &str, from: &str, digest: &str) -> bool {
        let known = self.has_blob(from, digest);
        if known {
            let repository = self.repositories.entry(repository.to_owned()).or_default();
            repository.blobs.insert(digest.to_owned());
        }
        known
    }
}

/// `sha256:` and hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", text::hex(&sha256(bytes)))
}

/// Whether it is a digest of the one kind that is supported here.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.split('/').all(|part| {
        part.starts_with(plain)
            && part.ends_with(plain)
            && part.split(plain).all(|separator| {
                matches!(separator, "" | "." | "_" | "__")
                    || separator.bytes().all(|byte| byte == b'-')
            })
    })
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
pub(crate) fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}
