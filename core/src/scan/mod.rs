//! What the files of a model folder are: content first, names last.
//!
//! Readers here take bytes from strangers. Each reads a bounded part of a file,
//! checks every length against the size of the file before it uses it, and
//! answers a damaged header with [`crate::finding::Code::BadWeightHeader`].

pub mod card;
pub mod classify;
pub mod facts;
pub mod gguf;
pub mod lfs;
pub mod licence;
pub mod licence_ids;
pub mod onnx;
pub mod safetensors;
pub mod shards;

use std::io::Read as _;
use std::path::Path;

pub use classify::{Classified, Format, What, classify};
pub use facts::{ModelFacts, facts};

use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileRef, Readable};
use crate::model::path::ReleasePath;

/// Bytes of a file that are read to find out what it is.
pub const HEAD: u64 = 64 << 10;

/// A regular file of the release folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path in the release.
    pub path: ReleasePath,
    /// Where it is.
    pub disk: FileRef,
    /// Size in bytes.
    pub size: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// The first [`HEAD`] bytes of a file, and its size in bytes.
pub fn head<F: Readable + ?Sized>(file: &F) -> Result<(Vec<u8>, u64)> {
    let path = file.named();
    let file = fsx::open_regular(file)?;
    let size = file.metadata().map_err(|error| Problem::reading(path, error))?.len();
    let mut bytes = Vec::new();
    file.take(HEAD).read_to_end(&mut bytes).map_err(|error| Problem::reading(path, error))?;
    Ok((bytes, size))
}

/// Text of at most `limit` bytes; none if the file is larger or no UTF-8.
pub(crate) fn small_text<F: Readable + ?Sized>(path: &F, limit: u64) -> Result<Option<String>> {
    match fsx::read_limited(path, limit) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(problem) if problem.code() == Code::MetadataTooLarge => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The last part of a path in the release.
pub(crate) fn file_name(path: &ReleasePath) -> &str {
    path.as_str().rsplit('/').next().unwrap_or_default()
}

/// The folder part of a path in the release; empty at the top.
pub(crate) fn folder_of(path: &ReleasePath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn bad_header(path: &Path, reason: impl std::fmt::Display) -> Problem {
    Problem::new(Code::BadWeightHeader, path.display()).detail(reason.to_string())
}
