//! The tree of a commit: which files, submodules and pointers are in it.

use std::path::Path;

use git2::{ObjectType, Oid, Repository, Tree};

use super::{GitFile, MAX_BLOB, MAX_DEPTH, MAX_FILES, join, lfs, modules};
use crate::finding::{Code, Problem, Result};
use crate::model::git::GitSubmodule;
use crate::model::path::ReleasePath;
use crate::scan::lfs::MAX_POINTER;

/// Most submodules that a release names.
const MAX_SUBMODULES: usize = 1000;

/// A walk over a tree.
pub(super) struct Walk<'r> {
    repository: &'r Repository,
    subject: &'r str,
    urls: modules::Urls,
    pub(super) files: Vec<GitFile>,
    pub(super) submodules: Vec<GitSubmodule>,
}

impl<'r> Walk<'r> {
    /// A walk below `root`, the tree of a commit.
    pub(super) fn new(repository: &'r Repository, subject: &'r str, root: &Tree<'_>) -> Self {
        let urls = modules::urls(repository, root);
        Self { repository, subject, urls, files: Vec::new(), submodules: Vec::new() }
    }

    /// Lists the files below `path`, or all of them. They get the same path below `base`.
    pub(super) fn start(&mut self, root: &Tree<'_>, path: Option<&str>, base: &str) -> Result<()> {
        let base = base.trim_matches('/');
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return self.tree(root, "", base, 0);
        };
        let missing = |error: git2::Error| {
            Problem::new(Code::PathNotFound, self.subject).detail(error.message().to_owned())
        };
        let entry = root.get_path(Path::new(path)).map_err(missing)?;
        match entry.kind() {
            Some(ObjectType::Tree) => {
                let tree = self.repository.find_tree(entry.id()).map_err(missing)?;
                self.tree(&tree, path, &join(base, path), 0)
            }
            Some(ObjectType::Blob) => self.blob(&join(base, path), entry.filemode(), entry.id()),
            _ => Err(self.refused(path, "it is a submodule")),
        }
    }

    /// `at` is the path in the tree, `base` the one in the release.
    fn tree(&mut self, tree: &Tree<'_>, at: &str, base: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(self.refused(base, "folders are nested too deeply"));
        }
        for entry in tree {
            let Ok(name) = entry.name() else {
                return Err(Problem::new(Code::NonUtf8Name, format!("{}: {base}", self.subject)));
            };
            let (inside, path) = (join(at, name), join(base, name));
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let tree = self
                        .repository
                        .find_tree(entry.id())
                        .map_err(|error| self.refused(&path, error.message()))?;
                    self.tree(&tree, &inside, &path, depth + 1)?;
                }
                Some(ObjectType::Blob) => self.blob(&path, entry.filemode(), entry.id())?,
                Some(ObjectType::Commit) => {
                    if self.submodules.len() >= MAX_SUBMODULES {
                        return Err(self.refused(&path, "there are too many submodules"));
                    }
                    let url = self.urls.get(&inside).cloned();
                    let commit = entry.id().to_string();
                    self.submodules.push(GitSubmodule { path: inside, commit, url });
                }
                _ => return Err(self.refused(&path, "it is no file")),
            }
        }
        Ok(())
    }

    fn blob(&mut self, path: &str, mode: i32, id: Oid) -> Result<()> {
        let executable = match mode {
            0o100_644 | 0o100_664 => false,
            0o100_755 => true,
            0o120_000 => {
                let hint = "Name a `path` without it, or commit the file itself; a release holds \
                            no links.";
                return Err(self.refused(path, "it is a symbolic link").hint(hint));
            }
            other => return Err(self.refused(path, &format!("its mode is {other:o}"))),
        };
        let refused = |error: git2::Error| self.refused(path, error.message());
        let odb = self.repository.odb().map_err(refused)?;
        let (size, _) = odb.read_header(id).map_err(refused)?;
        if size > MAX_BLOB {
            return Err(self.refused(path, "it is larger than 64 MiB; keep such files out of git"));
        }
        let mut size = size as u64;
        let mut lfs = None;
        if size < MAX_POINTER {
            let blob = self.repository.find_blob(id).map_err(refused)?;
            lfs = lfs::pointer(blob.content(), path)?;
            size = lfs.map_or(size, |object| object.size);
        }
        if self.files.len() >= MAX_FILES {
            return Err(self.refused(path, "the commit has more files than any release"));
        }
        let path = ReleasePath::new(path).map_err(|error| {
            Problem::new(Code::UnsafePath, format!("{}: {path}", self.subject))
                .detail(error.to_string())
        })?;
        self.files.push(GitFile { path, size, executable, lfs, id });
        Ok(())
    }

    fn refused(&self, path: &str, why: &str) -> Problem {
        Problem::new(Code::GitEntry, format!("{}: {path}", self.subject)).detail(why.to_owned())
    }
}
