//! Where blobs are read from: a layout folder, one archive of it, or a registry.
//!
//! An archive is not unpacked: its tar headers are walked once by seeking, and
//! every blob is then a span of the archive, checked like a file of its own. What a
//! registry has is fetched when it is asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::oci;
use super::remote::Remote;
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Failure, SpanError};
use crate::hash::Span;
use crate::model::digest::Digest;
use crate::registry;

/// A layout, archive or release in a registry, opened.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder,
    Archive { file: Arc<File>, entries: BTreeMap<String, (u64, u64)> },
    Remote(Box<Remote>),
}

impl Source {
    /// Opens a layout folder or an archive and checks the layout version, or asks a
    /// registry for the manifest that a reference names. A coded layout is refused: what
    /// it holds can be checked when it was decoded.
    pub fn open(path: &Path) -> Result<Self> {
        let source = Self::open_coded(path)?;
        match source.named(super::coded::INDEX)? {
            None => Ok(source),
            Some(_) => Err(Problem::new(Code::CodedLayout, path.display())
                .hint(format!("pkg decode {} model.pkg", path.display()))),
        }
    }

    /// Opens a layout that may be a coded one.
    pub(super) fn open_coded(path: &Path) -> Result<Self> {
        if registry::is_reference(path) {
            let place = Place::Remote(Box::new(Remote::open(path)?));
            return Ok(Self { path: path.to_owned(), place });
        }
        let meta = std::fs::metadata(path).map_err(|error| Problem::reading(path, error))?;
        let source = if meta.is_dir() {
            if !path.join("oci-layout").exists() && !path.join("index.json").exists() {
                return Err(Problem::new(Code::NotABundle, path.display()));
            }
            Self { path: path.to_owned(), place: Place::Folder }
        } else {
            // Asked before opening: a named pipe would wait for a writer.
            if !meta.is_file() {
                return Err(Problem::new(Code::NotABundle, path.display())
                    .detail("an archive must be a regular file, so that it can be read by offset")
                    .hint("Save the stream to a file first."));
            }
            // Asked again of what is open: it may be another one by now.
            let failed = |error| Problem::reading(path, error);
            let file = fsx::open_regular(&path.canonicalize().map_err(failed)?)?;
            let meta = file.metadata().map_err(failed)?;
            let entries = scan_archive(path, &file, meta.len())?;
            Self { path: path.to_owned(), place: Place::Archive { file: Arc::new(file), entries } }
        };
        source.check_version()?;
        Ok(source)
    }

    /// Path of the layout or archive; the reference of a release in a registry.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is an archive.
    pub fn is_archive(&self) -> bool {
        matches!(self.place, Place::Archive { .. })
    }

    /// What is in a registry, if this is.
    pub(super) fn remote(&self) -> Option<&Remote> {
        match &self.place {
            Place::Remote(remote) => Some(remote),
            _ => None,
        }
    }

    /// Whether this is in a registry.
    pub fn is_remote(&self) -> bool {
        self.remote().is_some()
    }

    fn check_version(&self) -> Result<()> {
        let bytes = self.document("oci-layout", super::limits::INDEX)?;
        let invalid = |why: String| Problem::new(Code::LayoutVersion, "oci-layout").detail(why);
        let layout: oci::Layout =
            serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        if layout.image_layout_version == oci::LAYOUT_VERSION {
            Ok(())
        } else {
            Err(invalid(format!("version {:?} is not known", layout.image_layout_version)))
        }
    }

    /// Reads a named document of the layout.
    pub fn document(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        match &self.place {
            Place::Folder => {
                let path = self.path.join(name);
                if !path.exists() {
                    return Err(Problem::new(Code::NotABundle, self.path.display())
                        .detail(format!("there is no {name} in it")));
                }
                fsx::read_limited(&path, limit)
            }
            Place::Archive { .. } => match self.named(name)? {
                Some(span) => read_all(&span, name, limit),
                None => Err(Problem::new(Code::NotABundle, self.path.display())
                    .detail(format!("there is no {name} in it"))),
            },
            Place::Remote(remote) => remote.document(name),
        }
    }

    /// The blob of this descriptor, if it is there. Its content is not checked, unless
    /// it had to be fetched for this.
    pub fn blob(&self, blob: &oci::Descriptor) -> Result<Option<Span>> {
        match &self.place {
            Place::Remote(remote) => remote.spooled(blob).map(|spooled| Some(spooled.span)),
            _ => self.named(&blob_name(&blob.digest)),
        }
    }

    /// The file on disk that holds this blob, and where in it the blob begins.
    pub(super) fn place(&self, blob: &oci::Descriptor) -> Result<Option<(PathBuf, u64)>> {
        let digest = &blob.digest;
        let real = |path: &Path| path.canonicalize().map_err(|error| Problem::reading(path, error));
        Ok(match &self.place {
            Place::Folder => {
                let path = self.path.join(blob_name(digest));
                if fsx::exists(&path) { Some((real(&path)?, 0)) } else { None }
            }
            Place::Archive { entries, .. } => match entries.get(&blob_name(digest)) {
                Some((offset, _)) => Some((real(&self.path)?, *offset)),
                None => None,
            },
            Place::Remote(remote) => Some((real(&remote.spooled(blob)?.path)?, 0)),
        })
    }

    /// The named file of the layout, if it is there. Its content is not checked.
    pub(super) fn named(&self, name: &str) -> Result<Option<Span>> {
        match &self.place {
            Place::Folder => {
                let path = self.path.join(name);
                if !fsx::exists(&path) {
                    return Ok(None);
                }
                let file = fsx::open_regular(&path)?;
                let len = file.metadata().map_err(|error| Problem::reading(&path, error))?.len();
                Ok(Some(Span { file: Arc::new(file), offset: 0, len }))
            }
            Place::Archive { file, entries } => Ok(entries.get(name).map(|&(offset, len)| Span {
                file: Arc::clone(file),
                offset,
                len,
            })),
            // What is fetched has no name but its digest.
            Place::Remote(_) => Ok(None),
        }
    }

    /// Reads a small blob and checks its size and digest.
    pub fn checked_blob(&self, expected: &oci::Descriptor, limit: u64) -> Result<Vec<u8>> {
        let digest = expected.digest;
        if expected.size > limit {
            return Err(fsx::too_large(digest, expected.size, limit));
        }
        if let Place::Remote(remote) = &self.place {
            return remote.small(expected, limit);
        }
        let span = self.blob(expected)?.ok_or_else(|| Problem::new(Code::MissingBlob, digest))?;
        if span.len != expected.size {
            return Err(wrong_size(digest, expected.size, span.len));
        }
        let bytes = read_all(&span, &digest.to_string(), limit)?;
        let actual = Digest::of(&bytes);
        if actual == digest { Ok(bytes) } else { Err(mismatch(digest, digest, actual)) }
    }

    /// Digests of all blobs that are there, whether referred to or not.
    pub fn blobs(&self) -> Result<Vec<String>> {
        match &self.place {
            Place::Folder => {
                let folder = self.path.join("blobs/sha256");
                let mut names = Vec::new();
                if folder.is_dir() {
                    for entry in
                        std::fs::read_dir(&folder).map_err(|e| Problem::reading(&folder, e))?
                    {
                        let entry = entry.map_err(|e| Problem::reading(&folder, e))?;
                        names.push(entry.file_name().to_string_lossy().into_owned());
                    }
                }
                names.sort();
                Ok(names)
            }
            Place::Archive { entries, .. } => Ok(entries
                .keys()
                .filter_map(|name| name.strip_prefix("blobs/sha256/").map(str::to_owned))
                .collect()),
            // A repository may hold other releases; they are no part of this one.
            Place::Remote(_) => Ok(Vec::new()),
        }
    }
}

/// Name of a blob inside a layout.
pub(super) fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Problem: a digest that differs from the recorded one.
pub(super) fn mismatch(
    subject: impl std::fmt::Display,
    expected: Digest,
    actual: Digest,
) -> Problem {
    Problem::new(Code::DigestMismatch, subject)
        .detail(format!("recorded as {expected}, but its content is {actual}"))
}

/// Problem: a size that differs from the recorded one.
pub(super) fn wrong_size(subject: impl std::fmt::Display, expected: u64, actual: u64) -> Problem {
    Problem::new(Code::WrongSize, subject)
        .detail(format!("recorded as {expected} bytes, but it has {actual}"))
}

fn read_all(span: &Span, subject: &str, limit: u64) -> Result<Vec<u8>> {
    fsx::read_span(&span.file, span.offset, span.len, limit).map_err(|error| match error {
        SpanError::TooLarge => fsx::too_large(subject, span.len, limit),
        SpanError::Io(error) => Problem::new(Code::UnreadableFile, subject)
            .detail(format!("cannot read: {error}"))
            .source(error),
    })
}

/// Most entries an archive may have.
const MAX_ENTRIES: usize = 1_000_000;

/// Where the blobs of an archive are; what cannot be read is not called damaged.
fn scan_archive(path: &Path, file: &File, size: u64) -> Result<BTreeMap<String, (u64, u64)>> {
    let failure = Failure::default();
    let found = scan_entries(path, file, failure.of(file), size);
    failure.or(path, found)?
}

fn scan_entries(
    path: &Path,
    file: &File,
    reader: impl Read + Seek,
    size: u64,
) -> Result<BTreeMap<String, (u64, u64)>> {
    let invalid = |why: String| Problem::new(Code::ArchiveInvalid, path.display()).detail(why);
    let mut magic = [0; 5];
    if size >= 1024 {
        file.read_exact_at(&mut magic, 257).map_err(|error| Problem::reading(path, error))?;
    }
    if &magic != b"ustar" {
        return Err(Problem::new(Code::NotABundle, path.display()));
    }
    let mut archive = tar::Archive::new(reader);
    let entries = archive.entries_with_seek().map_err(|error| invalid(error.to_string()))?;
    let mut found = BTreeMap::new();
    let mut end = 0;
    for entry in entries.raw(true) {
        let entry = entry.map_err(|error| invalid(format!("damaged or cut short: {error}")))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let refused = |what: &str| {
            Problem::new(Code::TarEntryRefused, path.display()).detail(format!("{name}: {what}"))
        };
        let folder = match entry.header().entry_type() {
            tar::EntryType::Regular => false,
            tar::EntryType::Directory => true,
            other => return Err(refused(&format!("an entry of type {other:?}"))),
        };
        let short = name.strip_prefix("./").unwrap_or(&name).trim_end_matches('/');
        if folder {
            if !matches!(short, "" | "." | "blobs" | "blobs/sha256") {
                return Err(refused("no folder of an OCI layout"));
            }
            continue;
        }
        let blob = short.strip_prefix("blobs/sha256/").map(Digest::from_hex);
        if !matches!(short, "oci-layout" | "index.json" | super::coded::INDEX)
            && !matches!(blob, Some(Ok(_)))
        {
            return Err(refused("no file of an OCI layout"));
        }
        let len = entry.header().entry_size().map_err(|error| refused(&error.to_string()))?;
        let offset = entry.raw_file_position();
        end = offset.checked_add(len).filter(|end| *end <= size).ok_or_else(|| {
            invalid(format!(
                "cut short: {name} should reach to byte {}",
                offset.saturating_add(len)
            ))
        })?;
        if found.insert(short.to_owned(), (offset, len)).is_some() {
            return Err(Problem::new(Code::DuplicatePath, path.display())
                .detail(format!("{name} is there twice")));
        }
        if found.len() > MAX_ENTRIES {
            return Err(invalid("it has more entries than any release".to_owned()));
        }
    }
    // POSIX ustar: two blocks of zeros end an archive. Without them it was cut.
    let mut tail = [1; 1024];
    let blocks = end.div_ceil(512) * 512;
    let ended = match file.read_exact_at(&mut tail, blocks) {
        Ok(()) => tail.iter().all(|byte| *byte == 0),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(Problem::reading(path, error)),
    };
    if !ended {
        return Err(invalid("cut short: the end mark is missing".to_owned()));
    }
    Ok(found)
}
