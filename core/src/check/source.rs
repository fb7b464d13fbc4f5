//! Where the files to be checked are: in an index, or on disk.

use std::io::{ErrorKind as Kind, Read as _};
use std::path::{Path, PathBuf};

use git2::{DiffOptions, Index, Oid, Repository};

use super::Scope;
use crate::finding::{Code, Problem, Result};
use crate::fsx::FileRef;
use crate::git::lfs::Store;
use crate::model::spec::FILE_NAME;
use crate::scan::lfs::MAX_POINTER;
use crate::{fsx, git, spec};

/// Largest blob that is taken out of a repository, in bytes.
const MAX_BLOB: usize = 64 << 20;

/// A file to be checked.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Path relative to the root, with `/` between its parts.
    pub(super) path: String,
    /// Size in bytes.
    pub(super) size: u64,
    /// Whether it is no longer there, which may concern what names it.
    pub(super) deleted: bool,
    /// Whether it is, or becomes, part of a commit.
    pub(super) committed: bool,
    at: At,
}

#[derive(Debug, Clone)]
enum At {
    Disk(FileRef),
    Blob(Oid),
    Nowhere,
}

/// Whether a path is that of a `pkg.toml`.
fn is_spec(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE_NAME)
}

/// Where files are looked up.
pub(super) struct Source {
    root: PathBuf,
    /// The root, from the work tree on; none where it is not in one.
    within: Option<PathBuf>,
    scope: Scope,
    repository: Option<Repository>,
    index: Option<Index>,
}

impl Source {
    pub(super) fn open(folder: &Path, scope: &Scope) -> Result<Self> {
        if !folder.is_dir() {
            let problem = Problem::not_there(folder);
            return Err(problem.detail("there is no such folder"));
        }
        let subject = folder.display().to_string();
        let repository = git::discover(folder);
        let staged = *scope == Scope::Staged;
        let repository = match repository {
            Ok(repository) if !repository.is_bare() => Some(repository),
            Ok(_) if staged => {
                let problem = Problem::new(Code::GitRepository, subject);
                return Err(problem.detail("it is bare, so nothing is staged in it"));
            }
            Err(error) if staged => return Err(git::unreadable(&subject, error)),
            // Without a repository, there is nothing to be said about commits.
            _ => None,
        };
        let workdir = repository.as_ref().and_then(Repository::workdir).map(Path::to_owned);
        let real = |path: &Path| path.canonicalize().map_err(|error| Problem::reading(path, error));
        let workdir = workdir.as_deref().map(real).transpose()?;
        let root = match (scope, &workdir) {
            (Scope::All, _) | (_, None) => real(folder)?,
            (_, Some(workdir)) => workdir.clone(),
        };
        let within = workdir.and_then(|it| root.strip_prefix(it).ok().map(Path::to_owned));
        let index = repository.as_ref().map(Repository::index).transpose();
        let index = index.map_err(|error| git::unreadable(&subject, error))?;
        Ok(Self { root, within, scope: scope.clone(), repository, index })
    }

    /// Folder that paths are relative to.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The Git LFS objects beside the repository.
    pub(super) fn objects(&self) -> Option<Store> {
        self.repository.as_ref().map(Store::of)
    }

    /// Whether only what is about to be committed counts.
    pub(super) fn is_staged(&self) -> bool {
        self.scope == Scope::Staged
    }

    /// The files to be checked, ordered by path.
    pub(super) fn items(&self) -> Result<Vec<Item>> {
        let mut items = match &self.scope {
            Scope::Staged => self.staged()?,
            Scope::Files(files) => self.named(files)?,
            Scope::All => self.all()?,
        };
        items.sort_by(|a, b| a.path.cmp(&b.path));
        items.dedup_by(|a, b| a.path == b.path);
        Ok(items)
    }

    fn staged(&self) -> Result<Vec<Item>> {
        let subject = self.root.display().to_string();
        let unreadable = |error| git::unreadable(&subject, error);
        let (Some(repository), Some(index)) = (&self.repository, &self.index) else {
            return Ok(Vec::new());
        };
        // Before the first commit there is nothing to compare with: all of it is new.
        let head = match repository.head() {
            Ok(head) => Some(head.peel_to_tree().map_err(unreadable)?),
            Err(error) if error.code() == git2::ErrorCode::UnbornBranch => None,
            Err(error) => return Err(unreadable(error)),
        };
        let mut options = DiffOptions::new();
        options.ignore_submodules(true).skip_binary_check(true).context_lines(0);
        let diff = repository.diff_tree_to_index(head.as_ref(), Some(index), Some(&mut options));
        let diff = diff.map_err(unreadable)?;
        let mut items = Vec::new();
        for delta in diff.deltas() {
            let file = match delta.status() {
                git2::Delta::Deleted => delta.old_file(),
                git2::Delta::Conflicted => {
                    let path = delta.new_file().path().or(delta.old_file().path());
                    let path = path.map_or_else(String::new, |path| path.display().to_string());
                    return Err(Problem::new(Code::GitRepository, path)
                        .detail("it has a conflict that is not resolved"));
                }
                _ => delta.new_file(),
            };
            let deleted = delta.status() == git2::Delta::Deleted;
            // Symbolic links and submodules hold no content of their own; as a `pkg.toml`
            // they are refused when it is looked up.
            let regular = !deleted
                && matches!(file.mode(), git2::FileMode::Blob | git2::FileMode::BlobExecutable);
            if let Some(path) = file.path_bytes().map(|bytes| String::from_utf8_lossy(bytes))
                && (regular || deleted || is_spec(&path))
            {
                let path = path.into_owned();
                let size = if regular { self.blob_size(file.id())? } else { 0 };
                let at = if regular { At::Blob(file.id()) } else { At::Nowhere };
                items.push(Item { path, size, deleted, committed: true, at });
            }
        }
        Ok(items)
    }

    fn named(&self, files: &[PathBuf]) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for file in files {
            let meta = file.symlink_metadata().map_err(|error| Problem::reading(file, error))?;
            if !meta.is_file() {
                // A link or a folder has no content to be searched; what else is no file
                // was not meant, and a `pkg.toml` must be one.
                let spec = file.file_name().is_some_and(|name| name == FILE_NAME);
                if spec || !(meta.is_symlink() || meta.is_dir()) {
                    fsx::open_regular(file)?;
                }
                continue;
            }
            let real = file.canonicalize().map_err(|error| Problem::reading(file, error))?;
            let inside = real.strip_prefix(&self.root).map_err(|_| {
                Problem::new(Code::UsageError, file.display())
                    .detail(format!("it is not below {}", self.root.display()))
                    .hint("Name files of the folder that is checked.")
            })?;
            let path = inside.to_string_lossy().into_owned();
            items.push(self.on_disk(path, real.clone(), meta.len()));
        }
        Ok(items)
    }

    fn all(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let own = self.root.join(FILE_NAME);
        if let Ok(meta) = own.symlink_metadata() {
            // Opened, for its name: without it there would be nothing to check, and no word of it.
            fsx::open_regular(&own)?;
            items.push(self.on_disk(FILE_NAME.to_owned(), own, meta.len()));
        }
        for found in spec::walk(&self.root)? {
            if found.kind == spec::FoundKind::File && !self.is_ignored(&found.path) {
                items.push(self.on_disk(found.path, found.disk, found.size));
            }
        }
        Ok(items)
    }

    /// What git is told not to take does not get into a commit; a release that lists it
    /// is still checked by `pkg.toml`.
    fn is_ignored(&self, path: &str) -> bool {
        let Some(repository) = &self.repository else { return false };
        let tracked = self.in_index(path).is_some();
        !tracked && repository.is_path_ignored(self.root.join(path)).unwrap_or(false)
    }

    fn on_disk(&self, path: String, disk: impl Into<FileRef>, size: u64) -> Item {
        // What git has of a large file may be the pointer to it.
        let itself = |id| size < MAX_POINTER || self.blob_size(id).unwrap_or(size) >= MAX_POINTER;
        let committed = self.in_index(&path).is_some_and(itself);
        Item { path, size, deleted: false, committed, at: At::Disk(disk.into()) }
    }

    fn in_index(&self, path: &str) -> Option<Oid> {
        let index = self.index.as_ref()?;
        index.get_path(&self.within.as_ref()?.join(path), 0).map(|entry| entry.id)
    }

    fn blob_size(&self, id: Oid) -> Result<u64> {
        let size = self.repository.as_ref().map(|repository| {
            repository.odb().and_then(|odb| odb.read_header(id)).map(|(size, _)| size as u64)
        });
        match size {
            Some(Ok(size)) => Ok(size),
            Some(Err(error)) => Err(git::unreadable(&id.to_string(), error)),
            None => Ok(0),
        }
    }

    /// A file of the same state as what is checked: from the index, or from disk.
    pub(super) fn lookup(&self, path: &str) -> Option<Item> {
        if self.is_staged() {
            let id = self.in_index(path)?;
            let size = self.blob_size(id).ok()?;
            let at = At::Blob(id);
            return Some(Item { path: path.to_owned(), size, deleted: false, committed: true, at });
        }
        let disk = self.root.join(path);
        let meta = disk.symlink_metadata().ok()?;
        meta.is_file().then(|| self.on_disk(path.to_owned(), disk, meta.len()))
    }

    /// The `pkg.toml` at a path, of the same state as what is checked. What is there and is
    /// no regular file is a problem, also on disk where the index has none.
    pub(super) fn spec(&self, path: &str) -> Result<Option<Item>> {
        if self.is_staged() {
            let entry = self.index.as_ref().zip(self.within.as_ref());
            let entry = entry.and_then(|(index, within)| index.get_path(&within.join(path), 0));
            match entry.map(|entry| entry.mode & 0o170_000) {
                Some(0o120_000) => return Err(Problem::new(Code::SymlinkInRelease, path)),
                Some(0o160_000) => {
                    return Err(Problem::new(Code::SpecialFile, path).detail("it is a submodule"));
                }
                Some(_) => return Ok(self.lookup(path)),
                None => {}
            }
        }
        let disk = self.root.join(path);
        match disk.symlink_metadata() {
            Ok(meta) if meta.is_file() => Ok(self.lookup(path)),
            Ok(meta) if meta.is_dir() => {
                Err(Problem::new(Code::SpecialFile, path).detail("it is a folder"))
            }
            // Opened, for its name.
            Ok(_) => fsx::open_regular(&disk).map(|_| None),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::NotADirectory) => Ok(None),
            Err(error) => Err(Problem::reading(&disk, error)),
        }
    }

    /// The first bytes of a file, at most `limit`.
    pub(super) fn read(&self, item: &Item, limit: u64) -> Result<Vec<u8>> {
        match &item.at {
            At::Nowhere => Ok(Vec::new()),
            At::Disk(path) => {
                let file = fsx::open_regular(path)?;
                let mut bytes = Vec::new();
                let read = file.take(limit).read_to_end(&mut bytes);
                read.map_err(|error| Problem::reading(path, error))?;
                Ok(bytes)
            }
            At::Blob(id) => {
                let Some(repository) = &self.repository else { return Ok(Vec::new()) };
                if item.size > MAX_BLOB as u64 {
                    return Ok(Vec::new());
                }
                let blob = repository.find_blob(*id);
                let blob = blob.map_err(|error| git::unreadable(&item.path, error))?;
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                let content = blob.content();
                Ok(content[..content.len().min(limit)].to_vec())
            }
        }
    }

    /// Runs `look` on a file on disk with the content of an item.
    pub(super) fn with_file<T>(
        &self,
        item: &Item,
        look: impl FnOnce(&FileRef) -> Result<T>,
    ) -> Result<T> {
        if let At::Disk(path) = &item.at {
            return look(path);
        }
        let content = self.read(item, MAX_BLOB as u64)?;
        let file = tempfile::NamedTempFile::new()
            .and_then(|mut file| std::io::Write::write_all(&mut file, &content).map(|()| file));
        let file = file.map_err(|error| Problem::writing(&std::env::temp_dir(), error))?;
        look(&file.path().into())
    }
}
