//! Content of Git LFS pointers, from the object store beside a repository.
//!
//! Source: the Git LFS specification (`docs/spec.md`) and `git lfs` itself: objects are
//! in `lfs/objects/AA/BB/OID` of the repository's common folder, or of `lfs.storage`.
//! Nothing is fetched from here, and no filter is run.

use std::path::{Path, PathBuf};

use git2::Repository;

use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::hash::{Meter, Sink, ingest};
use crate::model::digest::Digest;
use crate::scan::lfs::{self, Pointer};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;

/// A pointer whose object can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    /// Digest of the content.
    pub oid: Digest,
    /// Size of the content in bytes.
    pub size: u64,
}

/// Reads a pointer; none if the bytes are anything else.
///
/// A pointer whose digest is no SHA-256, or whose content was changed by an extension
/// before it was stored, is refused: what it stands for cannot be told.
pub fn pointer(bytes: &[u8], path: &str) -> Result<Option<Object>> {
    let Some(Pointer { oid, size }) = lfs::parse(bytes) else { return Ok(None) };
    let refused = |why: String| Err(Problem::new(Code::LfsPointer, path).detail(why));
    let extended = std::str::from_utf8(bytes)
        .is_ok_and(|text| text.lines().any(|line| line.starts_with("ext-")));
    if extended {
        return refused("a Git LFS pointer with an extension, which is not supported".to_owned());
    }
    match oid.parse::<Digest>() {
        Ok(oid) => Ok(Some(Object { oid, size })),
        Err(_) => refused(format!("a Git LFS pointer to {oid:?}, which is no SHA-256 digest")),
    }
}

/// The objects of a repository that are here.
#[derive(Debug, Clone)]
pub struct Store {
    objects: PathBuf,
}

impl Store {
    /// The store of a repository; whether it is there is not looked at.
    pub fn of(repository: &Repository) -> Self {
        let common = repository.commondir();
        let storage = repository.config().and_then(|config| config.get_path("lfs.storage"));
        let base = match storage {
            Ok(storage) if !storage.as_os_str().is_empty() => common.join(storage),
            _ => common.join("lfs"),
        };
        Self { objects: base.join("objects") }
    }

    /// Where an object is, if it is here with the right size. Its content is not looked at.
    pub fn find(&self, object: &Object) -> Option<PathBuf> {
        let hex = object.oid.hex();
        let path = self.objects.join(hex.get(..2)?).join(hex.get(2..4)?).join(&hex);
        let there = path.symlink_metadata().ok()?;
        (there.is_file() && there.len() == object.size).then_some(path)
    }

    /// The same, with a problem that says how to get the object.
    pub fn require(&self, object: &Object, subject: &str) -> Result<PathBuf> {
        self.find(object).ok_or_else(|| {
            Problem::new(Code::LfsObjectMissing, subject).detail(format!(
                "its Git LFS object {} ({} bytes) is not in this repository",
                object.oid, object.size
            ))
        })
    }

    /// Copies an object into a file that must not exist yet, and checks its digest on the way.
    pub(super) fn copy(&self, object: &Object, subject: &str, target: &Path) -> Result<()> {
        let path = self.require(object, subject)?;
        let source = fsx::open_regular(&path)?;
        let file = fsx::create_new(target).map_err(|error| Problem::writing(target, error))?;
        let sink = Sink { file: &file, offset: 0 };
        let mut buffer = vec![0; BUFFER];
        let meter = Meter::default();
        let copied = ingest(&source, object.size, Some(sink), None, &mut buffer, &meter)
            .map_err(|error| Problem::writing(target, error))?;
        if copied.digest == object.oid {
            Ok(())
        } else {
            Err(wrong(object, subject, copied.digest))
        }
    }
}

/// The problem of an object that is not what its name says.
pub fn wrong(object: &Object, subject: &str, actual: Digest) -> Problem {
    Problem::new(Code::LfsObjectWrong, subject)
        .detail(format!("the pointer says {}, but the object here is {actual}", object.oid))
}
