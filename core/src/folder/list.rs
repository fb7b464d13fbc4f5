//! The files of a plain folder, and what in it is none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::Symlinks;
use crate::finding::{Code, Problem};
use crate::fsx::{Dir, FileRef};
use crate::trust::oms::{IgnoreSet, SINGLE_FILE};

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The folder.
    open: Option<Arc<Dir>>,
    /// Files in the order of their names, and where those are that are not there by that
    /// name: names are held once, for there may be a hundred thousand.
    files: Vec<(Box<str>, Option<Box<FileRef>>)>,
    /// Ignored paths that are there.
    pub(super) ignored: Vec<String>,
    /// What cannot be part of a model, or is worth a word, by name.
    pub(super) others: Vec<(String, Problem)>,
}

/// A file of a listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<'a> {
    /// Its name in the model.
    pub(super) name: &'a str,
    place: At<'a>,
}

#[derive(Debug, Clone, Copy)]
enum At<'a> {
    /// In the folder, by its name.
    Beneath(&'a Arc<Dir>),
    /// Here, whatever it is called.
    Own(&'a FileRef),
}

impl Located<'_> {
    /// What opens it.
    pub(super) fn file(&self) -> FileRef {
        match self.place {
            At::Beneath(folder) => FileRef::beneath(folder, self.name),
            At::Own(file) => file.clone(),
        }
    }
}

#[cfg(test)]
impl<'a> Located<'a> {
    /// A file that is at a place of its own.
    pub(super) fn at(name: &'a str, file: &'a FileRef) -> Self {
        Self { name, place: At::Own(file) }
    }
}

impl Listing {
    /// The files, in the order of their names.
    pub(super) fn files(&self) -> impl Iterator<Item = Located<'_>> {
        self.files.iter().filter_map(|(name, elsewhere)| {
            let place = match elsewhere {
                Some(file) => At::Own(file),
                None => At::Beneath(self.open.as_ref()?),
            };
            Some(Located { name, place })
        })
    }

    /// Their number.
    pub(super) fn count(&self) -> usize {
        self.files.len()
    }
}

/// Lists a folder, or the one file that is the model.
///
/// Ignored paths are not looked at or into; empty folders are nothing.
pub(super) fn list(target: &Path, ignored: &IgnoreSet, symlinks: Symlinks) -> Listing {
    let mut walk = Walk { target, ignored, symlinks, real: None, found: Listing::default() };
    if target.is_dir() {
        match Dir::open(target).map(Arc::new) {
            Ok(open) => {
                let real = target.canonicalize();
                walk.real = real.ok().map(|real| (real, Arc::clone(&open)));
                walk.folder();
                walk.found.open = Some(open);
                // Sorted here, not on the way.
                walk.found.files.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
                walk.found.ignored.sort_unstable();
                walk.found.others.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
            Err(error) => {
                let problem = Problem::reading(target, error);
                walk.found.others.push((String::new(), problem));
            }
        }
    } else {
        walk.single();
    }
    walk.found
}

struct Walk<'a> {
    target: &'a Path,
    ignored: &'a IgnoreSet,
    symlinks: Symlinks,
    real: Option<(PathBuf, Arc<Dir>)>,
    found: Listing,
}

impl Walk<'_> {
    fn single(&mut self) {
        let name = SINGLE_FILE.to_owned();
        if self.target.is_symlink() {
            self.link(name, self.target);
        } else {
            // What it is shows when it is opened.
            self.file(&name, Some(self.target.into()));
        }
    }

    fn file(&mut self, name: &str, elsewhere: Option<FileRef>) {
        self.found.files.push((name.into(), elsewhere.map(Box::new)));
    }

    fn folder(&mut self) {
        let mut entries = WalkDir::new(self.target).min_depth(1).into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unreadable(error);
                    continue;
                }
            };
            if self.entry(&entry) == Below::Skip && entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
        }
    }

    fn unreadable(&mut self, error: walkdir::Error) {
        let path = error.path().unwrap_or(self.target);
        let name = self.relative(path).display().to_string();
        let problem = Problem::new(Code::UnreadableFile, path.display())
            .detail(error.to_string())
            .source(error);
        self.found.others.push((name, problem));
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.target).unwrap_or(path)
    }

    fn entry(&mut self, entry: &DirEntry) -> Below {
        let relative = self.relative(entry.path());
        let Some(name) = relative.to_str() else {
            let shown = relative.display().to_string();
            let problem = Problem::new(Code::NonUtf8Name, &shown);
            self.found.others.push((shown, problem));
            return Below::Skip;
        };
        // What lies below an ignored path is not reached.
        if self.ignored.has(name) {
            self.found.ignored.push(name.to_owned());
            return Below::Skip;
        }
        let kind = entry.file_type();
        if kind.is_symlink() {
            self.link(name.to_owned(), entry.path());
        } else if kind.is_file() {
            self.file(name, None);
        } else if !kind.is_dir() {
            self.refuse(name.to_owned(), Code::SpecialFile);
        }
        Below::Look
    }

    fn refuse(&mut self, name: String, code: Code) {
        let problem = Problem::new(code, &name);
        self.found.others.push((name, problem));
    }

    fn link(&mut self, name: String, path: &Path) {
        if self.symlinks == Symlinks::Refuse {
            return self.refuse(name, Code::OmsSymlink);
        }
        let real = path.canonicalize().and_then(|real| Ok((real.metadata()?, real)));
        let (meta, real) = match real {
            Ok(found) => found,
            Err(error) => {
                let problem = Problem::new(Code::OmsSymlinkBroken, &name)
                    .detail(format!("the link cannot be followed: {error}"))
                    .source(error);
                self.found.others.push((name, problem));
                return;
            }
        };
        let inside = self.real.as_ref().and_then(|(folder, open)| {
            let below = real.strip_prefix(folder).ok()?;
            Some(FileRef::beneath(open, below))
        });
        if inside.is_none() && self.symlinks != Symlinks::Anywhere {
            return self.refuse(name, Code::OmsSymlinkOutside);
        }
        if meta.is_file() {
            self.file(&name, Some(inside.unwrap_or_else(|| real.into())));
        } else if meta.is_dir() {
            self.refuse(name, Code::OmsSymlinkFolder);
        } else {
            self.refuse(name, Code::SpecialFile);
        }
    }
}

/// What happens with what lies below an entry.
#[derive(PartialEq, Eq)]
enum Below {
    Look,
    Skip,
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Listing, list};
    use crate::finding::Code;
    use crate::folder::Symlinks;
    use crate::fsx::FileRef;
    use crate::trust::oms::IgnoreSet;

    fn listed(folder: &Path, ignored: &[&str], symlinks: Symlinks) -> Listing {
        list(folder, &IgnoreSet::new(ignored), symlinks)
    }

    fn found(listing: &Listing, name: &str) -> FileRef {
        listing.files().find(|file| file.name == name).unwrap().file()
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files().map(|file| file.name).collect()
    }

    fn others(listing: &Listing) -> Vec<(&str, Code)> {
        listing.others.iter().map(|(name, problem)| (&**name, problem.code())).collect()
    }

    #[test]
    fn files_are_listed_and_empty_folders_are_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/empty")).unwrap();
        fs::create_dir_all(dir.path().join("left/out")).unwrap();
        for name in ["a/x", "a!", "left/out/y", "left/z", "\u{fc}"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let listing = listed(dir.path(), &["left/out", "a!", "gone"], Symlinks::Refuse);
        assert_eq!(names(&listing), ["a/x", "left/z", "\u{fc}"]);
        assert_eq!(listing.ignored, ["a!", "left/out"]);
        assert!(listing.others.is_empty());
    }

    #[test]
    fn links_are_refused_or_followed_as_asked() {
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("model");
        fs::create_dir_all(model.join("sub")).unwrap();
        fs::write(model.join("sub/file"), "x").unwrap();
        fs::write(dir.path().join("outside"), "y").unwrap();
        for (to, name) in [
            ("sub/file", "in"),
            ("../outside", "out"),
            ("sub", "folder"),
            ("..", "up"),
            ("gone", "broken"),
            ("loop", "loop"),
            ("/dev/null", "zero"),
        ] {
            symlink(to, model.join(name)).unwrap();
        }
        let refused = listed(&model, &["broken"], Symlinks::Refuse);
        assert_eq!(names(&refused), ["sub/file"]);
        assert_eq!(refused.ignored, ["broken"]);
        assert_eq!(refused.others.len(), 6);
        assert!(refused.others.iter().all(|(_, problem)| problem.code() == Code::OmsSymlink));
        let inside = listed(&model, &[], Symlinks::Inside);
        assert_eq!(names(&inside), ["in", "sub/file"]);
        assert_eq!(
            others(&inside),
            [
                ("broken", Code::OmsSymlinkBroken),
                ("folder", Code::OmsSymlinkFolder),
                ("loop", Code::OmsSymlinkBroken),
                ("out", Code::OmsSymlinkOutside),
                ("up", Code::OmsSymlinkOutside),
                ("zero", Code::OmsSymlinkOutside),
            ]
        );
        let anywhere = listed(&model, &["broken", "loop"], Symlinks::Anywhere);
        assert_eq!(names(&anywhere), ["in", "out", "sub/file"]);
        assert_eq!(
            others(&anywhere),
            [
                ("folder", Code::OmsSymlinkFolder),
                ("up", Code::OmsSymlinkFolder),
                ("zero", Code::SpecialFile),
            ]
        );
    }

    #[test]
    fn what_is_no_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        let odd = dir.path().join(OsStr::from_bytes(b"odd\xff"));
        fs::create_dir(&odd).unwrap();
        fs::write(odd.join("below"), "").unwrap();
        let listing = listed(dir.path(), &[], Symlinks::Refuse);
        assert!(listing.files.is_empty());
        assert_eq!(
            others(&listing),
            [("odd\u{fffd}", Code::NonUtf8Name), ("socket", Code::SpecialFile)]
        );
    }

    #[test]
    fn a_single_file_is_a_model_too() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(found(&listed(&file, &[], Symlinks::Refuse), "."), file.clone().into());
        let link = dir.path().join("link");
        symlink("file", &link).unwrap();
        assert_eq!(others(&listed(&link, &[], Symlinks::Refuse)), [(".", Code::OmsSymlink)]);
        assert_eq!(others(&listed(&link, &[], Symlinks::Inside)), [(".", Code::OmsSymlinkOutside)]);
        let real = file.canonicalize().unwrap();
        assert_eq!(found(&listed(&link, &[], Symlinks::Anywhere), "."), real.into());
    }
}
