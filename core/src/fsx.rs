//! File-system helpers: staged output, links, exact reads.
//!
//! Output is written aside under `.NAME.partial`, flushed, and renamed into
//! place, so that a name either does not exist or is complete.

mod given;
mod link;
mod noted;
mod pipe;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, OFlags, RenameFlags};

use crate::finding::{Code, Problem, Result};

pub mod beneath;

pub use beneath::{Dir, FileRef, Readable};
pub use given::read_given;
pub use link::{linking, reflink};
pub use noted::{Failure, Noted};
pub use pipe::Patient;

/// Suffix of everything that is not finished.
pub const PARTIAL: &str = ".partial";

/// Open flag: a symbolic link is an error.
const NOFOLLOW: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// What identifies a state of a file on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileState {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub mtime: i128,
    /// Change time of the inode, nanoseconds since 1970.
    pub ctime: i128,
}

impl FileState {
    /// State of an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from_metadata(&file.metadata()?))
    }

    /// State of what is at a path; a link is not followed.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::from_metadata(&path.symlink_metadata()?))
    }

    fn from_metadata(meta: &fs::Metadata) -> Self {
        let nanos = |secs: i64, nanos: i64| i128::from(secs) * 1_000_000_000 + i128::from(nanos);
        Self {
            dev: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            mtime: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime: nanos(meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// The same but for the change time, which making a hard link moves.
    pub fn same_content(&self, other: &Self) -> bool {
        Self { ctime: 0, ..*self } == Self { ctime: 0, ..*other }
    }
}

/// Opens a regular file for reading; symbolic links and special files are refused.
pub fn open_regular<F: Readable + ?Sized>(file: &F) -> Result<File> {
    file.open_regular()
}

/// Reads a whole file of at most `limit` bytes.
pub fn read_limited<F: Readable + ?Sized>(file: &F, limit: u64) -> Result<Vec<u8>> {
    let path = file.named();
    let file = file.open_regular()?;
    let size = file.metadata().map_err(|error| Problem::reading(path, error))?.len();
    read_span(&file, 0, size, limit).map_err(|error| match error {
        SpanError::TooLarge => too_large(path.display(), size, limit),
        SpanError::Io(error) => Problem::reading(path, error),
    })
}

/// The problem of a document that is larger than pkg reads.
pub fn too_large(subject: impl std::fmt::Display, size: u64, limit: u64) -> Problem {
    Problem::new(Code::MetadataTooLarge, subject)
        .detail(format!("{size} bytes; at most {limit} are read for a document of this kind"))
}

/// Why a span could not be read into memory.
#[derive(Debug)]
pub enum SpanError {
    /// It is larger than allowed.
    TooLarge,
    /// Reading failed.
    Io(io::Error),
}

/// Reads `size` bytes at `offset`, if that is at most `limit`.
pub fn read_span(file: &File, offset: u64, size: u64, limit: u64) -> Result<Vec<u8>, SpanError> {
    if size > limit {
        return Err(SpanError::TooLarge);
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| SpanError::TooLarge)?];
    file.read_exact_at(&mut bytes, offset).map_err(SpanError::Io)?;
    Ok(bytes)
}

/// Writes a small file and flushes it to disk.
pub fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| Problem::writing(path, error))
}

/// Creates a file that must not exist yet, readable by all.
pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o644).open(path)
}

/// Opens a file for reading and writing, made if it is not there; its content stays.
/// A link is not followed.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o644);
    options.custom_flags(NOFOLLOW).open(path)
}

/// Replaces `path` by a file with these bytes, in one step.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let (parent, staged) = staging_path(path)?;
    let write = || -> io::Result<()> {
        clear(&staged)?;
        // Created anew: a link that waits under this name is not written through.
        let mut file = create_new(&staged)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&staged, path)?;
        sync_dir(&parent)
    };
    write().map_err(|error| {
        // Nothing more can be done about a leftover than has been tried.
        let _ = remove(&staged);
        Problem::writing(path, error)
    })
}

/// Flushes a folder, so that names made in it survive a power cut.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Flushes everything in a folder: one flush of its file system instead of one for each
/// file and folder.
pub fn sync_below(path: &Path) -> io::Result<()> {
    rustix::fs::syncfs(&File::open(path)?).map_err(io::Error::from)
}

/// Number of worker threads for work bound by hashing. The system is asked once: the
/// answer takes files of the control group to be read.
pub fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// The folder of an output, and the name under which it is made.
pub fn staging_path(target: &Path) -> Result<(PathBuf, PathBuf)> {
    let name = target.file_name().ok_or_else(|| {
        Problem::new(Code::UsageError, target.display())
            .detail("the output needs a name of its own")
            .hint("Name it, for example `out`; it is made beside its final place and renamed.")
    })?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut staged = std::ffi::OsString::from(".");
    staged.push(name);
    staged.push(PARTIAL);
    let staged = parent.join(staged);
    Ok((parent, staged))
}

/// Whether `path`, which may not exist yet, is `folder` or lies in it.
pub fn lies_in(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let real = path.ancestors().find_map(|ancestor| {
        let ancestor = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        ancestor.canonicalize().ok()
    });
    real.is_some_and(|real| real.starts_with(&folder))
}

/// Whether `path` is a folder with nothing in it.
pub fn is_empty_folder(path: &Path) -> bool {
    path.is_dir() && fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Waits for the lock of a folder that is changed in place; dropping it unlocks.
pub fn lock_folder(path: &Path) -> Result<File> {
    lock(path).map_err(|error| Problem::writing(path, error))
}

fn lock(path: &Path) -> io::Result<File> {
    let folder = File::open(path)?;
    rustix::fs::flock(&folder, FlockOperation::LockExclusive)?;
    Ok(folder)
}

/// Where this user's caches are; nothing when the environment does not say.
pub fn cache_folder() -> Option<PathBuf> {
    user_folder("PKG_CACHE_DIR", "XDG_CACHE_HOME", ".cache")
}

/// Where this user's settings are.
pub fn config_folder() -> Option<PathBuf> {
    user_folder("PKG_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")
}

/// Where what this user installed is.
pub fn data_folder() -> Option<PathBuf> {
    user_folder("PKG_DATA_DIR", "XDG_DATA_HOME", ".local/share")
}

/// A folder of this user: named itself, or `pkg` in the base folder for such things
/// (XDG base directory specification), or in the usual place under the home folder.
fn user_folder(own: &str, base: &str, usual: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set(own) {
        return Some(PathBuf::from(folder));
    }
    let base = set(base)
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(usual)))?;
    Some(base.join("pkg"))
}

/// Whether something is at `path`, also a dangling link.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Output being made aside. Dropped without [`Staged::commit`], it is removed, unless it
/// was begun to be resumed.
#[derive(Debug)]
pub struct Staged {
    target: PathBuf,
    parent: PathBuf,
    path: PathBuf,
    lock: File,
    /// Whether it stays where it is when it is dropped: renamed, or for a later run.
    stays: bool,
}

impl Staged {
    /// Starts a folder that will become `target`.
    pub fn folder(target: &Path) -> Result<Self> {
        Self::begin(target, true).and_then(|staged| staged.emptied().map(|()| staged))
    }

    /// Starts a folder that will become `target`, or goes on with what a run for the
    /// same `token` left of it. Dropped, it stays for a later run.
    pub fn folder_to_resume(target: &Path, token: &str) -> Result<Self> {
        let mut staged = Self::begin(target, true)?;
        let marker = staged.path.join(RESUME);
        let same = read_limited(&marker, 4096).is_ok_and(|bytes| bytes == token.as_bytes());
        if !same {
            staged.emptied()?;
            write_synced(&marker, token.as_bytes())?;
        }
        staged.stays = true;
        Ok(staged)
    }

    /// Removes it; nobody will go on with it.
    pub fn discard(mut self) {
        self.stays = false;
    }

    /// Removes the mark of a folder of [`Staged::folder_to_resume`], before it is committed.
    pub fn unmark(&self) -> Result<()> {
        let marker = self.path.join(RESUME);
        clear(&marker).map_err(|error| Problem::writing(&marker, error))
    }

    fn emptied(&self) -> Result<()> {
        let cleared = self.open_dir()?.clear();
        cleared.map_err(|error| Problem::writing(&self.path, error))
    }

    /// Starts a file that will become `target`.
    pub fn file(target: &Path) -> Result<Self> {
        Self::begin(target, false).and_then(|staged| {
            staged.lock.set_len(0).map_err(|error| Problem::writing(&staged.path, error))?;
            Ok(staged)
        })
    }

    fn begin(target: &Path, folder: bool) -> Result<Self> {
        let open = if folder { make_folder } else { make_file };
        let (parent, path) = staging_path(target)?;
        if !parent.is_dir() {
            return Err(Problem::new(Code::PathNotFound, parent.display())
                .detail("the folder for the output is not there")
                .hint(format!("mkdir -p {}", parent.display())));
        }
        // Another run may remove or rename the name between opening and
        // locking it; then the lock is on something else, and we start over.
        let mut missing = None;
        for _ in 0..8 {
            let stray = |there: &fs::Metadata| !there.is_file() && !there.is_dir();
            if path.symlink_metadata().is_ok_and(|there| stray(&there)) {
                clear(&path).map_err(|error| Problem::writing(&path, error))?;
            }
            let lock = match open(&path) {
                // Taken away by another run, or nothing can be made there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing = Some(error);
                    continue;
                }
                other => other.map_err(|error| Problem::writing(&path, error))?,
            };
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(Problem::new(Code::OutputBusy, target.display()));
                }
                Err(error) => return Err(Problem::writing(&path, error.into())),
            }
            let ours = lock.metadata().map_err(|error| Problem::writing(&path, error))?;
            let same = fs::symlink_metadata(&path)
                .is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
            if same && ours.is_dir() != folder {
                // What a killed run left that made the output in another form; locked, it
                // is nobody's.
                clear(&path).map_err(|error| Problem::writing(&path, error))?;
            } else if same {
                let target = target.to_owned();
                return Ok(Self { target, parent, path, lock, stays: false });
            }
        }
        Err(match missing {
            Some(error) => Problem::writing(&path, error),
            None => Problem::new(Code::OutputBusy, target.display()),
        })
    }

    /// Where the output will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open staging folder, to write beneath.
    pub fn open_dir(&self) -> Result<Dir> {
        Dir::of(&self.lock, &self.path).map_err(|error| Problem::writing(&self.path, error))
    }

    /// The open staging file or folder.
    pub fn handle(&self) -> &File {
        &self.lock
    }

    /// Renames the finished output into place.
    ///
    /// Without `replace`, only an empty folder may be in the way.
    pub fn commit(mut self, replace: bool) -> Result<()> {
        let flushed = if self.path.is_dir() {
            // Files and folders below it: one flush instead of one for each.
            rustix::fs::syncfs(&self.lock).map_err(io::Error::from)
        } else {
            self.lock.sync_all()
        };
        flushed.map_err(|error| Problem::writing(&self.target, error))?;
        self.rename(replace).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
                Problem::new(Code::OutputExists, self.target.display())
            }
            _ => Problem::writing(&self.target, error),
        })?;
        self.stays = true;
        sync_dir(&self.parent).map_err(|error| Problem::writing(&self.parent, error))
    }

    fn rename(&self, replace: bool) -> io::Result<()> {
        let cwd = rustix::fs::CWD;
        let folder = |path: &Path| path.symlink_metadata().is_ok_and(|there| there.is_dir());
        if replace && exists(&self.target) {
            // A file takes the place of a file at once, without a moment in between.
            if !folder(&self.target) && !folder(&self.path) {
                return fs::rename(&self.path, &self.target);
            }
            // After the exchange the old folder has the staging name: without a lock
            // on it, another run would take it for one of its own and lose it below.
            let _old = folder(&self.target).then(|| lock(&self.target)).transpose()?;
            return match rustix::fs::renameat_with(
                cwd,
                &self.path,
                cwd,
                &self.target,
                RenameFlags::EXCHANGE,
            ) {
                Ok(()) => clear(&self.path),
                // File systems without the exchange (overlay, NFS) take two steps.
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                    self.rename_in_two_steps()
                }
                Err(error) => Err(error.into()),
            };
        }
        if is_empty_folder(&self.target) {
            return fs::rename(&self.path, &self.target);
        }
        rename_new(&self.path, &self.target)
    }

    fn rename_in_two_steps(&self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".old");
        let aside = PathBuf::from(aside);
        clear(&aside)?;
        fs::rename(&self.target, &aside)?;
        if let Err(error) = fs::rename(&self.path, &self.target) {
            fs::rename(&aside, &self.target)?;
            return Err(error);
        }
        clear(&aside)
    }
}

/// Renames to a name that must be free.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let cwd = rustix::fs::CWD;
    match rustix::fs::renameat_with(cwd, from, cwd, to, RenameFlags::NOREPLACE) {
        // File systems that cannot look and rename in one step.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            if exists(to) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        other => other.map_err(io::Error::from),
    }
}

/// Name of the mark in a folder that a later run may go on with.
const RESUME: &str = ".resume";

fn make_folder(path: &Path) -> io::Result<File> {
    match fs::create_dir(path) {
        Ok(()) => File::open(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => own(path),
        Err(error) => Err(error),
    }
}

fn make_file(path: &Path) -> io::Result<File> {
    match open_or_create(path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => own(path),
        other => other,
    }
}

/// Opens what has the name of something that is made aside.
fn own(path: &Path) -> io::Result<File> {
    // A pipe that came here meanwhile is not waited for.
    let flags = NOFOLLOW | OFlags::NONBLOCK.bits().cast_signed();
    let there = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    // Its owner could change what is checked after it was checked.
    if there.metadata()?.uid() == rustix::process::geteuid().as_raw() {
        Ok(there)
    } else {
        let why = "something of another user has the name of what is made aside";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.stays {
            // Nothing can be reported from here; a leftover is removed by the next run.
            let _ = remove(&self.path);
        }
    }
}

/// Removes a file or a folder with everything in it; links are not followed.
pub fn remove(path: &Path) -> io::Result<()> {
    if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// Removes what is at a path, unless another run has done so.
fn clear(path: &Path) -> io::Result<()> {
    match remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
