//! What a later run has to know of an upload to go on with it.
//!
//! One small file for each blob and repository, replaced after each chunk. It holds the
//! hash of what was sent too, so nothing is hashed again but what was sent since then.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags};
use serde::{Deserialize, Serialize};

use crate::finding::{Problem, Result};
use crate::fsx;
use crate::hash::Hasher;
use crate::model::digest::{Digest, hex_of};
use crate::registry::journal;
use crate::registry::parts::Upload;

/// Largest file of this kind, in bytes.
const LIMIT: u64 = 32 << 10;

/// What is known of an upload that was begun.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) location: String,
    pub(super) offset: u64,
    pub(super) hasher: Hasher,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    registry: String,
    digest: Digest,
    size: u64,
    location: String,
    offset: u64,
    state: String,
}

/// Where one upload is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    lock_path: PathBuf,
    registry: String,
    digest: Digest,
    size: u64,
    /// Held as long as this run has the upload.
    _lock: File,
}

impl Memory {
    /// The memory of an upload to `registry` (with the repository); none when another run
    /// that sends the same blob has it.
    pub(super) fn open(folder: &Path, registry: &str, upload: &Upload) -> Result<Option<Self>> {
        let wrong = |path: &Path, error| Problem::writing(path, error);
        // Locations may carry what lets others write: for this user alone.
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(|e| wrong(folder, e))?;
        let name = Digest::of(format!("{registry}\0{}", upload.digest).as_bytes()).hex();
        let lock_path = folder.join(format!("{name}.lock"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
        let lock = options.open(&lock_path).map_err(|error| wrong(&lock_path, error))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(wrong(&lock_path, error.into())),
        }
        Ok(Some(Self {
            path: folder.join(format!("{name}.json")),
            lock_path,
            registry: registry.to_owned(),
            digest: upload.digest,
            size: upload.size,
            _lock: lock,
        }))
    }

    /// What an earlier run left, if it is about this blob.
    pub(super) fn load(&self) -> Option<Kept> {
        let bytes = fsx::read_limited(&self.path, LIMIT).ok()?;
        let document: Document = serde_json::from_slice(&bytes).ok()?;
        let Document { registry, digest, size, location, offset, state } = document;
        let same = registry == self.registry && digest == self.digest && size == self.size;
        if !same || offset > size {
            return None;
        }
        Some(Kept { location, offset, hasher: Hasher::restore(&journal::bytes_of(&state)?)? })
    }

    /// Remembers how far it is.
    pub(super) fn store(&self, location: &str, offset: u64, state: &[u8]) -> Result<()> {
        let document = Document {
            registry: self.registry.clone(),
            digest: self.digest,
            size: self.size,
            location: location.to_owned(),
            offset,
            state: hex_of(state),
        };
        let text = serde_json::to_vec(&document)
            .map_err(|error| Problem::writing(&self.path, error.into()))?;
        fsx::replace_file(&self.path, &text)
    }

    /// There is nothing more to go on with.
    pub(super) fn forget(&self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Problem::writing(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // An empty file that stays is used by the next run.
        let _ = std::fs::remove_file(&self.lock_path);
    }
}
