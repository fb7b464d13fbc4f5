//! What a plugin gets to see of a release: its files, where they lie, and no more.

use std::path::{Path, PathBuf};

use pkg_plugin_sdk::{File, Release};
use tempfile::TempDir;

use crate::bundle::{self, Loaded};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::hash::{Meter, Span, hash_spans};
use crate::model::release::{FileEntry, Owner};

/// Most files that are shown to a plugin.
const MAX_FILES: usize = 1_000_000;
/// Most files that are named one by one to the kernel.
const MAX_PLACES: usize = 1000;
/// Files that are open at a time.
const BATCH: usize = 256;

/// What a plugin is told of a release beside its files.
pub fn told(loaded: &Loaded) -> Release {
    Release {
        digest: loaded.digest.to_string(),
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
    }
}

/// Files of a release, for a plugin.
#[derive(Debug)]
pub struct Exposed {
    /// The files.
    pub files: Vec<File>,
    /// Where files of compressed layers were written to; gone with this.
    folder: Option<TempDir>,
}

impl Exposed {
    /// The files of a bundle or an unpacked release.
    pub fn release(loaded: &Loaded) -> Result<Self> {
        Self::part(loaded, |_| true)
    }

    /// Some files of a bundle or an unpacked release.
    pub fn part(loaded: &Loaded, wanted: impl Fn(&FileEntry) -> bool) -> Result<Self> {
        let mut folder: Option<TempDir> = None;
        let located = bundle::locate(loaded, wanted, || {
            if let Some(made) = &folder {
                return Ok(made.path().to_owned());
            }
            let made = tempfile::Builder::new().prefix("pkg-plugin-").tempdir();
            let made = made.map_err(|error| Problem::writing(&std::env::temp_dir(), error))?;
            Ok(folder.insert(made).path().to_owned())
        })?;
        let files = located.into_iter().map(|located| {
            let entry = &loaded.files.files[located.file];
            let kind = match entry.owner {
                Owner::Component(position) => loaded.release.components.get(position),
                Owner::Data(_) | Owner::Licence => None,
            };
            File {
                path: entry.path.to_string(),
                disk: located.disk,
                offset: located.offset,
                bytes: entry.size,
                digest: entry.digest.to_string(),
                kind: kind.map(|component| component.kind.to_string()),
            }
        });
        Ok(Self { files: files.collect(), folder })
    }

    /// The regular files of a plain folder, hashed; hidden ones and links are left out.
    pub fn plain(root: &Path, meter: &Meter) -> Result<Self> {
        let root = root.canonicalize().map_err(|error| Problem::reading(root, error))?;
        let mut found: Vec<(String, PathBuf)> = Vec::new();
        let walk = walkdir::WalkDir::new(&root).min_depth(1).sort_by_file_name().into_iter();
        let shown = |entry: &walkdir::DirEntry| {
            !entry.file_name().to_str().is_some_and(|name| name.starts_with('.'))
        };
        for entry in walk.filter_entry(shown) {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(&root).display().to_string();
                Problem::new(Code::UnreadableFile, path).detail(error.to_string())
            })?;
            if !entry.file_type().is_file() {
                continue;
            }
            let relative = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            let name = relative
                .to_str()
                .ok_or_else(|| Problem::new(Code::NonUtf8Name, relative.display()))?;
            found.push((name.to_owned(), entry.path().to_owned()));
            if found.len() > MAX_FILES {
                return Err(Problem::new(Code::UsageError, root.display())
                    .detail(format!("it holds more than {MAX_FILES} files")));
            }
        }
        let mut files = Vec::new();
        for batch in found.chunks(BATCH) {
            let mut spans = Vec::new();
            for (_, disk) in batch {
                let file = fsx::open_regular(disk)?;
                let len = file.metadata().map_err(|error| Problem::reading(disk, error))?.len();
                meter.expect(len);
                spans.push(Span { file: file.into(), offset: 0, len });
            }
            let digests = hash_spans(&spans, meter);
            for (((path, disk), span), digest) in batch.iter().zip(&spans).zip(digests) {
                let digest = digest.map_err(|error| Problem::reading(disk, error))?.to_string();
                let (path, disk) = (path.clone(), disk.clone());
                files.push(File { path, disk, offset: 0, bytes: span.len, digest, kind: None });
            }
        }
        Ok(Self { files, folder: None })
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What the plugin must be able to read: the files, or where there are very many, the
    /// folders that they are in.
    pub fn places(&self) -> Vec<PathBuf> {
        let own = self.folder.as_ref().map(|folder| folder.path().to_owned());
        let inside = |path: &Path| own.as_ref().is_some_and(|own| path.starts_with(own));
        let mut places: Vec<PathBuf> =
            self.files.iter().map(|file| file.disk.clone()).filter(|disk| !inside(disk)).collect();
        places.sort();
        places.dedup();
        if places.len() > MAX_PLACES {
            let folders = places.iter().filter_map(|place| place.parent().map(Path::to_owned));
            places = folders.collect();
            places.dedup();
        }
        places.extend(own);
        places
    }
}
