//! Names that are resolved beneath an open folder, and never lead out of it.
//!
//! A path is resolved anew each time it is used, so whoever may write in a folder can
//! put a symbolic link in the place of a folder between two uses. Here a folder is
//! opened once, and what is below it is reached from that handle only: `openat2` with
//! `RESOLVE_BENEATH`, `RESOLVE_NO_SYMLINKS` and `RESOLVE_NO_MAGICLINKS` (openat2(2)), or
//! one component after the other with `O_NOFOLLOW` where a kernel or a sandbox has no
//! `openat2`. Symbolic links are refused in every component, also those that would stay
//! inside. Mount points are crossed: who may mount may do anything.
//!
//! Nothing here may fall back to a path.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::FileState;
use crate::finding::{Code, Problem, Result};

/// How names are resolved.
const RESOLVE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// How files are opened for reading: a named pipe does not wait for a writer.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// How often a name is tried again that was renamed while it was resolved.
const TRIES: usize = 8;

/// A folder that is open, from which names are resolved.
#[derive(Debug)]
pub struct Dir {
    handle: OwnedFd,
    shown: PathBuf,
}

impl Dir {
    /// Opens a folder by a path that the caller was given; links in it are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { handle, shown: path.to_owned() })
    }

    /// The folder that is open already; `shown` is how it is named in messages.
    pub fn of(folder: &File, shown: &Path) -> io::Result<Self> {
        let handle = folder.as_fd().try_clone_to_owned()?;
        Ok(Self { handle, shown: shown.to_owned() })
    }

    /// How a name below it is shown. Nothing is opened by this path.
    pub fn shown(&self, name: impl AsRef<Path>) -> PathBuf {
        self.shown.join(name)
    }

    /// Opens a regular file for reading. Links and special files are refused.
    pub fn open_regular(&self, name: impl AsRef<Path>) -> Result<File> {
        let name = name.as_ref();
        self.open_with_state(name, &self.shown(name)).map(|(file, _)| file)
    }

    fn open_with_state(&self, name: &Path, shown: &Path) -> Result<(File, FileState)> {
        regular(self.open_at(name, READ, Mode::empty()).map(File::from), shown)
    }

    /// Opens a file for writing that is there already.
    pub fn open_to_write(&self, name: impl AsRef<Path>) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK;
        let file = File::from(self.open_at(name.as_ref(), flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::other("it is no regular file"))
        }
    }

    /// Creates a file that must not exist yet, readable by all.
    pub fn create_new(&self, name: impl AsRef<Path>, executable: bool) -> io::Result<File> {
        let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        Ok(File::from(self.open_at(name.as_ref(), flags, mode)?))
    }

    /// Writes a small file that must not exist yet, and flushes it to disk.
    pub fn write_synced(&self, name: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = self.create_new(name.as_ref(), false)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| Problem::writing(&self.shown(name.as_ref()), error))
    }

    /// Makes a folder and those above it, where they are not there.
    pub fn make_folders(&self, name: impl AsRef<Path>) -> io::Result<()> {
        let mut above = self.handle.as_fd().try_clone_to_owned()?;
        for part in parts(name.as_ref())? {
            match rustix::fs::mkdirat(&above, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            above = step(above.as_fd(), part)?;
        }
        Ok(())
    }

    /// Opens a folder below it.
    pub fn folder(&self, name: impl AsRef<Path>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let handle = self.open_at(name.as_ref(), flags, Mode::empty())?;
        Ok(Self { handle, shown: self.shown(name) })
    }

    /// Names in it, in order, and whether each is a folder; links are no folders.
    pub fn list(&self) -> io::Result<Vec<(OsString, bool)>> {
        list(&self.handle)
    }

    /// Removes everything in it.
    pub fn clear(&self) -> io::Result<()> {
        clear(&self.handle, MAX_DEPTH)
    }

    /// Puts a hard link to the file at `from` under a name that is free.
    pub fn hard_link(&self, from: &Path, name: impl AsRef<Path>) -> io::Result<()> {
        let (above, last) = self.above(name.as_ref())?;
        Ok(rustix::fs::linkat(CWD, from, above, last, AtFlags::empty())?)
    }

    /// Moves what is in it under this name into another folder, under the same name.
    fn hand_over(&self, name: &OsStr, to: &Self) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.handle, name, &to.handle, name)?)
    }

    /// Moves everything in it into another folder: each file in one step, folders made
    /// where there are none. What is no folder is in the way of a folder.
    pub fn move_into(&self, to: &Self) -> Result<()> {
        let failed = |name: &Path| {
            let shown = to.shown(name);
            move |error| Problem::writing(&shown, error)
        };
        // Not by recursion: each folder is opened anew from the two that were given.
        let mut waiting = vec![PathBuf::new()];
        while let Some(below) = waiting.pop() {
            let (own_from, own_to);
            let (from, into) = if below.as_os_str().is_empty() {
                (self, to)
            } else {
                to.make_folders(&below).map_err(failed(&below))?;
                own_from = self.folder(&below).map_err(failed(&below))?;
                own_to = to.folder(&below).map_err(failed(&below))?;
                (&own_from, &own_to)
            };
            for (name, folder) in from.list().map_err(failed(&below))? {
                let path = below.join(&name);
                if folder {
                    waiting.push(path);
                } else {
                    from.hand_over(&name, into).map_err(failed(&path))?;
                }
            }
        }
        rustix::fs::fsync(&to.handle).map_err(|error| failed(Path::new(""))(error.into()))
    }

    /// The folder of a name, and the last part of the name.
    fn above<'n>(&self, name: &'n Path) -> io::Result<(OwnedFd, &'n OsStr)> {
        let mut parts = parts(name)?;
        let last = parts.pop().ok_or_else(no_name)?;
        let mut above = self.handle.as_fd().try_clone_to_owned()?;
        for part in parts {
            above = step(above.as_fd(), part)?;
        }
        Ok((above, last))
    }

    fn open_at(&self, name: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        // Checked here also for kernels that would do it: one rule for both ways.
        parts(name)?;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        for _ in 0..TRIES {
            match rustix::fs::openat2(&self.handle, name, flags, mode, RESOLVE) {
                // Something was renamed meanwhile, and the kernel asks for another try.
                Err(Errno::AGAIN | Errno::INTR) => {}
                // No such call in this kernel, or a sandbox that does not know it.
                Err(Errno::NOSYS | Errno::PERM) => break,
                other => return Ok(other?),
            }
        }
        self.open_in_steps(name, flags, mode)
    }

    /// The same without `openat2`: one component after the other.
    fn open_in_steps(&self, name: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let (above, last) = self.above(name)?;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        match rustix::fs::openat(&above, last, flags, mode) {
            // What `O_DIRECTORY` says of a link.
            Err(Errno::NOTDIR) if is_link(above.as_fd(), last) => Err(Errno::LOOP.into()),
            other => Ok(other?),
        }
    }
}

/// Folders within each other that are removed: each holds a handle while it is.
const MAX_DEPTH: usize = 256;

fn clear(folder: &OwnedFd, depth: usize) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("it has too many folders within each other"));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = |name: &OsStr| rustix::fs::openat(folder, name, flags, Mode::empty());
    for (name, is_folder) in list(folder)? {
        if is_folder {
            clear(&open(&name)?, depth - 1)?;
            rustix::fs::unlinkat(folder, &name, AtFlags::REMOVEDIR)?;
        } else {
            rustix::fs::unlinkat(folder, &name, AtFlags::empty())?;
        }
    }
    Ok(())
}

fn list(folder: &OwnedFd) -> io::Result<Vec<(OsString, bool)>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let is_folder = match entry.file_type() {
            // Some file systems do not say.
            FileType::Unknown => kind_of(folder.as_fd(), name)? == FileType::Directory,
            kind => kind == FileType::Directory,
        };
        names.push((name.to_owned(), is_folder));
    }
    names.sort();
    Ok(names)
}

fn kind_of(above: BorrowedFd<'_>, name: &OsStr) -> io::Result<FileType> {
    let there = rustix::fs::statat(above, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(there.st_mode))
}

/// Opens the folder of this name, which must be one.
fn step(above: BorrowedFd<'_>, part: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(above, part, flags, Mode::empty()) {
        Err(Errno::NOTDIR) if is_link(above, part) => Err(Errno::LOOP.into()),
        other => Ok(other?),
    }
}

fn is_link(above: BorrowedFd<'_>, name: &OsStr) -> bool {
    kind_of(above, name).is_ok_and(|kind| kind == FileType::Symlink)
}

/// Parts of a name that stays beneath where it is resolved.
fn parts(name: &Path) -> io::Result<Vec<&OsStr>> {
    let part = |part| match part {
        Component::Normal(part) => Ok(part),
        _ => Err(no_name()),
    };
    let parts = name.components().map(part).collect::<io::Result<Vec<_>>>()?;
    if parts.is_empty() { Err(no_name()) } else { Ok(parts) }
}

fn no_name() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no name below a folder")
}

/// What was opened to be read, if it is a regular file.
fn regular(opened: io::Result<File>, shown: &Path) -> Result<(File, FileState)> {
    let file = opened.map_err(|error| {
        if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            Problem::new(Code::SymlinkInRelease, shown.display())
        } else if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) {
            // What opening a socket says.
            Problem::new(Code::SpecialFile, shown.display())
        } else {
            Problem::reading(shown, error)
        }
    })?;
    let meta = file.metadata().map_err(|error| Problem::reading(shown, error))?;
    if meta.is_file() {
        Ok((file, FileState::from_metadata(&meta)))
    } else {
        Err(Problem::new(Code::SpecialFile, shown.display()))
    }
}

/// A file to be read: one that a caller named, or one beneath an open folder.
///
/// The path is for messages, and to look at what is there; the content is opened with
/// [`Readable::open_regular`].
#[derive(Debug, Clone)]
pub struct FileRef {
    path: PathBuf,
    beneath: Option<(Arc<Dir>, PathBuf)>,
}

impl FileRef {
    /// A file beneath an open folder.
    pub fn beneath(folder: &Arc<Dir>, name: impl Into<PathBuf>) -> Self {
        let name = name.into();
        Self { path: folder.shown(&name), beneath: Some((Arc::clone(folder), name)) }
    }

    /// A file in a folder that is opened for this.
    pub fn in_folder(folder: &Path, name: impl Into<PathBuf>) -> Result<Self> {
        let open = Dir::open(folder).map_err(|error| Problem::reading(folder, error))?;
        Ok(Self::beneath(&Arc::new(open), name))
    }

    /// Where it is.
    pub fn as_path(&self) -> &Path {
        &self.path
    }
}

impl std::ops::Deref for FileRef {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for FileRef {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl<P: Into<PathBuf>> From<P> for FileRef {
    fn from(path: P) -> Self {
        Self { path: path.into(), beneath: None }
    }
}

impl PartialEq for FileRef {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for FileRef {}

/// What can be opened as a regular file.
pub trait Readable {
    /// Opens it for reading, and says the state that it is in, which has to be asked in any
    /// case; symbolic links and special files are refused.
    fn open_with_state(&self) -> Result<(File, FileState)>;
    /// Opens it for reading; symbolic links and special files are refused.
    fn open_regular(&self) -> Result<File> {
        self.open_with_state().map(|(file, _)| file)
    }
    /// How it is named in messages.
    fn named(&self) -> &Path;
}

impl Readable for Path {
    fn open_with_state(&self) -> Result<(File, FileState)> {
        let flags = READ | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(self, flags, Mode::empty());
        regular(opened.map(File::from).map_err(io::Error::from), self)
    }

    fn named(&self) -> &Path {
        self
    }
}

impl Readable for PathBuf {
    fn open_with_state(&self) -> Result<(File, FileState)> {
        self.as_path().open_with_state()
    }

    fn named(&self) -> &Path {
        self
    }
}

impl Readable for FileRef {
    fn open_with_state(&self) -> Result<(File, FileState)> {
        match &self.beneath {
            Some((folder, name)) => folder.open_with_state(name, &self.path),
            None => self.path.open_with_state(),
        }
    }

    fn named(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
#[path = "beneath_tests.rs"]
mod tests;
