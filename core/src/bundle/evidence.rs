//! Evidence: blobs that attestations name by digest.
//!
//! A log or a table of measurements is too large for a statement. It is a blob of
//! its own, held by a manifest that refers to the release, as signatures are; in an
//! unpacked folder it is a file named by its digest. Which attestation names it is
//! not known here.

use std::path::Path;

use super::limits;
use super::load::{Loaded, Origin};
use super::names;
use super::oci::{self, Descriptor};
use super::source::mismatch;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, FileRef};
use crate::hash::Meter;
use crate::model::digest::Digest;

/// Evidence to attach.
#[derive(Debug, Clone)]
pub struct NewEvidence {
    /// Name of the file, for people.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl NewEvidence {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, bytes: fsx::read_given(path, limits::EVIDENCE)? })
    }

    /// Digest of the content.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Media type, by the ending of the name.
    pub fn media_type(&self) -> &'static str {
        match Path::new(&self.name).extension().and_then(|ending| ending.to_str()) {
            Some("json") => "application/json",
            Some("jsonl" | "ndjson") => "application/x-ndjson",
            Some("csv") => "text/csv",
            Some("txt" | "log") => "text/plain",
            Some("md") => "text/markdown",
            _ => "application/octet-stream",
        }
    }

    /// The layer that holds it.
    pub(super) fn layer(&self) -> Descriptor {
        let mut layer = Descriptor::of(self.media_type(), &self.bytes);
        layer.annotations.insert(oci::TITLE.to_owned(), self.name.clone());
        layer
    }
}

/// Evidence that is in a bundle; its content is not read before it is checked.
#[derive(Debug, Clone)]
pub struct EvidenceBlob {
    /// Name of the file it was made from; in an unpacked folder, its path.
    pub name: String,
    /// Where it is, and what it must be.
    pub(super) descriptor: Descriptor,
}

impl EvidenceBlob {
    pub(super) fn of_layer(layer: &Descriptor) -> Self {
        let name = layer.annotation(oci::TITLE).map(str::to_owned);
        let name = name.unwrap_or_else(|| layer.digest.to_string());
        Self { name, descriptor: layer.clone() }
    }

    /// Evidence in an unpacked folder; none when the file is not named by a digest.
    pub(super) fn of_file(root: &Path, path: &Path) -> Option<Self> {
        let digest = Digest::from_hex(path.file_name()?.to_str()?).ok()?;
        let size = path.symlink_metadata().ok()?.len();
        let name = path.strip_prefix(root).ok()?.to_str()?.to_owned();
        let descriptor = Descriptor::new("application/octet-stream", digest, size);
        Some(Self { name, descriptor })
    }

    /// What its content must hash to.
    pub fn digest(&self) -> Digest {
        self.descriptor.digest
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.descriptor.size
    }

    /// Its path in an unpacked folder.
    pub(super) fn unpacked(&self) -> String {
        format!("{}/{}", names::EVIDENCE, self.digest().hex())
    }

    /// Its content, checked.
    pub fn read(&self, loaded: &Loaded) -> Result<Vec<u8>> {
        match &loaded.origin {
            Origin::Bundle(source) => source.checked_blob(&self.descriptor, limits::EVIDENCE),
            Origin::Folder(root) => {
                let bytes = fsx::read_limited(
                    &FileRef::in_folder(root, self.name.as_str())?,
                    limits::EVIDENCE,
                )?;
                let actual = Digest::of(&bytes);
                if actual == self.digest() {
                    Ok(bytes)
                } else {
                    Err(mismatch(&self.name, self.digest(), actual))
                }
            }
        }
    }
}

/// Checks all evidence; gives what is wrong with it.
pub fn check_evidence(loaded: &Loaded, meter: &Meter) -> Vec<Finding> {
    meter.expect(loaded.evidence.iter().map(EvidenceBlob::size).sum());
    let check = |blob: &EvidenceBlob| {
        let wrong = blob.read(loaded).err().map(Problem::into_finding);
        meter.add(blob.size());
        wrong
    };
    loaded.evidence.iter().filter_map(check).collect()
}

/// Evidence whose name is none: in an unpacked folder it cannot be told from
/// anything else.
pub(super) fn misnamed(path: &str) -> Finding {
    Problem::new(Code::ExtraFile, path).detail("evidence is named by its digest").into_finding()
}
