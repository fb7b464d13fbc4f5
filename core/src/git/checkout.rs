//! The files of a commit, written into a folder.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use git2::{ObjectType, Repository, Tree};

use super::lfs::{self, Store};
use super::{MAX_BLOB, MAX_DEPTH, MAX_FILES, join, open, peel};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::Staged;
use crate::model::path::ReleasePath;
use crate::scan::lfs::MAX_POINTER;

/// Most skipped entries that are told one by one.
const MAX_TOLD: usize = 20;

/// What was written.
#[derive(Debug)]
pub struct CheckedOut {
    /// The commit, hex.
    pub commit: String,
    /// Number of files.
    pub files: usize,
    /// How many of them are content of Git LFS objects.
    pub lfs: usize,
    /// What was left out, and why.
    pub findings: Vec<Finding>,
}

/// Writes the tree of a revision into a folder that does not exist yet or is empty.
///
/// Git LFS pointers are replaced by their objects, each checked while it is copied; one
/// that is not here is a problem, and nothing is fetched. Submodules and symbolic links
/// are left out with a finding. No filter, no hook and no attribute of the repository
/// has a say, so that the result depends on the commit alone.
pub fn checkout(repository: &Path, rev: &str, into: &Path) -> Result<CheckedOut> {
    let subject = format!("{} at {rev}", repository.display());
    let repository = open(repository, &subject)?;
    let staged = Staged::folder(into)?;
    let mut writer = {
        let commit = peel(&repository, rev, &subject)?;
        let tree = commit.tree().map_err(|error| super::unreadable(&subject, error))?;
        let out =
            CheckedOut { commit: commit.id().to_string(), files: 0, lfs: 0, findings: Vec::new() };
        let store = Store::of(&repository);
        let mut writer =
            Writer { repository: &repository, store, subject: &subject, out, skipped: 0 };
        writer.tree(&tree, "", staged.path(), 0)?;
        writer
    };
    if writer.skipped > MAX_TOLD {
        let more = writer.skipped - MAX_TOLD;
        let note = Problem::new(Code::GitSkipped, &subject)
            .detail(format!("{more} more entries are symbolic links or submodules"));
        writer.out.findings.push(note.into_finding());
    }
    staged.commit(false)?;
    Ok(writer.out)
}

struct Writer<'r> {
    repository: &'r Repository,
    store: Store,
    subject: &'r str,
    out: CheckedOut,
    skipped: usize,
}

impl Writer<'_> {
    fn tree(&mut self, tree: &Tree<'_>, base: &str, folder: &Path, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(self.refused(base, "folders are nested too deeply"));
        }
        for entry in tree {
            let Ok(name) = entry.name() else {
                return Err(Problem::new(Code::NonUtf8Name, format!("{}: {base}", self.subject)));
            };
            let path = join(base, name);
            self.check_name(name, &path)?;
            let disk = folder.join(name);
            match (entry.kind(), entry.filemode()) {
                (Some(ObjectType::Tree), _) => {
                    let tree = self
                        .repository
                        .find_tree(entry.id())
                        .map_err(|error| self.refused(&path, error.message()))?;
                    fs::create_dir(&disk).map_err(|error| Problem::writing(&disk, error))?;
                    self.tree(&tree, &path, &disk, depth + 1)?;
                }
                (Some(ObjectType::Blob), 0o120_000) => {
                    self.skip(Code::GitSkipped, &path, "it is a symbolic link");
                }
                (Some(ObjectType::Blob), mode) => self.blob(entry.id(), mode, &path, &disk)?,
                (Some(ObjectType::Commit), _) => {
                    let detail = format!("commit {} of another repository", entry.id());
                    self.skip(Code::GitSubmodule, &path, &detail);
                }
                _ => return Err(self.refused(&path, "it is no file")),
            }
        }
        Ok(())
    }

    /// Names come from others: each must be one plain part of a path, and none may make
    /// the folder a repository.
    fn check_name(&self, name: &str, path: &str) -> Result<()> {
        let subject = || format!("{}: {path}", self.subject);
        if name.contains('/') {
            return Err(Problem::new(Code::UnsafePath, subject()).detail("a name has a slash"));
        }
        if name.eq_ignore_ascii_case(".git") {
            return Err(
                Problem::new(Code::UnsafePath, subject()).detail("it would be a repository")
            );
        }
        match ReleasePath::new(path) {
            Ok(_) => Ok(()),
            Err(error) => Err(Problem::new(Code::UnsafePath, subject()).detail(error.to_string())),
        }
    }

    fn blob(&mut self, id: git2::Oid, mode: i32, path: &str, disk: &Path) -> Result<()> {
        let refused = |error: git2::Error| self.refused(path, error.message());
        let odb = self.repository.odb().map_err(refused)?;
        let (size, _) = odb.read_header(id).map_err(refused)?;
        if size > MAX_BLOB {
            return Err(self.refused(path, "it is larger than 64 MiB; keep such files in Git LFS"));
        }
        let blob = self.repository.find_blob(id).map_err(refused)?;
        let pointer =
            if (size as u64) < MAX_POINTER { lfs::pointer(blob.content(), path)? } else { None };
        if let Some(object) = pointer {
            self.store.copy(&object, path, disk)?;
            self.out.lfs += 1;
        } else {
            let write = || crate::fsx::create_new(disk)?.write_all(blob.content());
            write().map_err(|error| Problem::writing(disk, error))?;
        }
        if mode & 0o100 != 0 {
            fs::set_permissions(disk, fs::Permissions::from_mode(0o755))
                .map_err(|error| Problem::writing(disk, error))?;
        }
        self.out.files += 1;
        if self.out.files > MAX_FILES {
            return Err(self.refused(path, "the commit has more files than any release"));
        }
        Ok(())
    }

    fn skip(&mut self, code: Code, path: &str, detail: &str) {
        self.skipped += 1;
        if self.skipped <= MAX_TOLD {
            self.out.findings.push(Problem::new(code, path).detail(detail).into_finding());
        }
    }

    fn refused(&self, path: &str, why: &str) -> Problem {
        Problem::new(Code::GitEntry, format!("{}: {path}", self.subject)).detail(why.to_owned())
    }
}

#[cfg(test)]
#[path = "checkout_tests.rs"]
mod tests;
