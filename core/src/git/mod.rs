//! Code components from a git commit, read with libgit2.
//!
//! Repositories are input of others: names, sizes and depths are bounded, no filter, hook
//! or attribute of theirs is run, and git itself is never started.

mod checkout;
pub mod lfs;
mod place;

use std::path::Path;

pub use checkout::{CheckedOut, checkout};
pub use place::directory;

use git2::{ObjectType, Oid, Repository, Tree};

use crate::finding::{Code, Problem, Result};
use crate::model::path::ReleasePath;
use crate::model::release::GitSource;
use crate::model::spec::GitSpec;

/// Largest file taken from a commit; larger ones belong into Git LFS.
const MAX_BLOB: usize = 64 << 20;

/// Deepest folder nesting of a tree.
const MAX_DEPTH: usize = 64;

/// Most files that are taken from one commit.
const MAX_FILES: usize = 1_000_000;

/// Finds the repository that a folder is in.
fn open(place: &Path, subject: &str) -> Result<Repository> {
    Repository::discover(place).map_err(|error| unreadable(subject, error))
}

/// The commit that a revision leads to.
fn peel<'r>(repository: &'r Repository, rev: &str, subject: &str) -> Result<git2::Commit<'r>> {
    repository
        .revparse_single(rev)
        .and_then(|object| object.peel_to_commit())
        .map_err(|error| unreadable(subject, error))
}

fn unreadable(subject: &str, error: git2::Error) -> Problem {
    Problem::new(Code::GitRepository, subject)
        .detail(error.message().trim().to_owned())
        .source(error)
}

/// One file of a commit.
#[derive(Debug, Clone)]
pub struct GitFile {
    /// Path in the release.
    pub path: ReleasePath,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is executable.
    pub executable: bool,
    id: Oid,
}

/// The files of one commit.
pub struct Commit {
    repository: Repository,
    /// Where they come from.
    pub source: GitSource,
    /// The files, ordered by path.
    pub files: Vec<GitFile>,
}

impl std::fmt::Debug for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commit")
            .field("source", &self.source)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Commit {
    /// Finds the revision of `spec` and lists its files.
    pub fn open(folder: &Path, spec: &GitSpec) -> Result<Self> {
        let place = folder.join(&spec.repo);
        let subject = format!("{} at {}", place.display(), spec.rev);
        let unreadable = |error: git2::Error| {
            Problem::new(Code::GitRepository, &subject)
                .detail(error.message().trim().to_owned())
                .source(error)
        };
        let repository = Repository::discover(&place).map_err(unreadable)?;
        let (source, files) = {
            let commit = repository
                .revparse_single(&spec.rev)
                .and_then(|object| object.peel_to_commit())
                .map_err(unreadable)?;
            let root = commit.tree().map_err(unreadable)?;
            let remote = repository.find_remote("origin").ok();
            let source = GitSource {
                rev: spec.rev.clone(),
                commit: commit.id().to_string(),
                tree: root.id().to_string(),
                path: spec.path.clone(),
                remote: remote.and_then(|r| r.url().ok().map(without_credentials)),
                authored: u64::try_from(commit.author().when().seconds()).unwrap_or(0),
                committed: u64::try_from(commit.committer().when().seconds()).unwrap_or(0),
            };
            let mut walk = Walk { repository: &repository, subject: &subject, files: Vec::new() };
            let base = spec.into.clone().unwrap_or_default();
            walk.start(&root, spec.path.as_deref(), &base)?;
            let mut files = walk.files;
            files.sort_by(|a, b| a.path.cmp(&b.path));
            (source, files)
        };
        if files.is_empty() {
            return Err(
                Problem::new(Code::PathNotFound, &subject).detail("there are no files there")
            );
        }
        Ok(Self { repository, source, files })
    }

    /// Content of one of the files.
    pub fn content(&self, file: &GitFile) -> Result<Vec<u8>> {
        let blob = self.repository.find_blob(file.id).map_err(|error| {
            Problem::new(Code::GitRepository, &file.path).detail(error.message().to_owned())
        })?;
        Ok(blob.content().to_vec())
    }
}

/// The commit that a revision names in a repository now; none if it names none.
pub fn resolve(repository: &Path, rev: &str) -> Option<String> {
    let repository = Repository::discover(repository).ok()?;
    let commit = repository.revparse_single(rev).ok()?.peel_to_commit().ok()?;
    Some(commit.id().to_string())
}

fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}

struct Walk<'r> {
    repository: &'r Repository,
    subject: &'r str,
    files: Vec<GitFile>,
}

impl Walk<'_> {
    fn start(&mut self, root: &Tree<'_>, path: Option<&str>, base: &str) -> Result<()> {
        let base = base.trim_matches('/');
        let Some(path) = path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty())
        else {
            return self.tree(root, base, 0);
        };
        let missing = |error: git2::Error| {
            Problem::new(Code::PathNotFound, self.subject).detail(error.message().to_owned())
        };
        let entry = root.get_path(Path::new(path)).map_err(missing)?;
        if entry.kind() == Some(ObjectType::Tree) {
            let tree = self.repository.find_tree(entry.id()).map_err(missing)?;
            return self.tree(&tree, &join(base, path), 0);
        }
        self.blob(&join(base, path), entry.filemode(), entry.id())
    }

    fn tree(&mut self, tree: &Tree<'_>, base: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(self.refused(base, "folders are nested too deeply"));
        }
        for entry in tree {
            let Ok(name) = entry.name() else {
                return Err(Problem::new(Code::NonUtf8Name, format!("{}: {base}", self.subject)));
            };
            let path = join(base, name);
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let tree = self
                        .repository
                        .find_tree(entry.id())
                        .map_err(|error| self.refused(&path, error.message()))?;
                    self.tree(&tree, &path, depth + 1)?;
                }
                Some(ObjectType::Blob) => self.blob(&path, entry.filemode(), entry.id())?,
                _ => return Err(self.refused(&path, "it is a submodule")),
            }
        }
        Ok(())
    }

    fn blob(&mut self, path: &str, mode: i32, id: Oid) -> Result<()> {
        let executable = match mode {
            0o100_644 | 0o100_664 => false,
            0o100_755 => true,
            0o120_000 => return Err(self.refused(path, "it is a symbolic link")),
            other => return Err(self.refused(path, &format!("its mode is {other:o}"))),
        };
        let odb = self.repository.odb().map_err(|error| self.refused(path, error.message()))?;
        let (size, _) = odb.read_header(id).map_err(|error| self.refused(path, error.message()))?;
        if size > MAX_BLOB {
            return Err(self.refused(path, "it is larger than 64 MiB; keep such files out of git"));
        }
        let path = ReleasePath::new(path).map_err(|error| {
            Problem::new(Code::UnsafePath, format!("{}: {path}", self.subject))
                .detail(error.to_string())
        })?;
        self.files.push(GitFile { path, size: size as u64, executable, id });
        Ok(())
    }

    fn refused(&self, path: &str, why: &str) -> Problem {
        Problem::new(Code::GitEntry, format!("{}: {path}", self.subject)).detail(why.to_owned())
    }
}

fn join(base: &str, name: &str) -> String {
    match (base, name) {
        ("", name) => name.to_owned(),
        (base, "") => base.to_owned(),
        (base, name) => format!("{base}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use git2::{Repository, Signature, Time};

    use super::{Commit, without_credentials};
    use crate::finding::Code;
    use crate::model::spec::GitSpec;

    fn repository(dir: &Path, link: bool) {
        let repository = Repository::init(dir).unwrap();
        std::fs::create_dir_all(dir.join("train/deep")).unwrap();
        std::fs::write(dir.join("train/run.py"), "train()").unwrap();
        std::fs::write(dir.join("train/deep/x.py"), "x").unwrap();
        std::fs::write(dir.join("README"), "r").unwrap();
        if link {
            std::os::unix::fs::symlink("/etc/passwd", dir.join("train/link")).unwrap();
        }
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
        repository.commit(Some("HEAD"), &who, &who, "m", &tree, &[]).unwrap();
    }

    fn spec(path: Option<&str>) -> GitSpec {
        GitSpec {
            repo: ".".to_owned(),
            rev: "HEAD".to_owned(),
            path: path.map(str::to_owned),
            into: None,
        }
    }

    #[test]
    fn the_committed_tree_is_taken_and_not_the_work_tree() {
        let dir = tempfile::tempdir().unwrap();
        repository(dir.path(), false);
        std::fs::write(dir.path().join("train/run.py"), "changed").unwrap();
        let commit = Commit::open(dir.path(), &spec(Some("train/"))).unwrap();
        let paths: Vec<&str> = commit.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["train/deep/x.py", "train/run.py"]);
        assert_eq!(commit.content(&commit.files[1]).unwrap(), b"train()");
        assert_eq!(commit.source.committed, 1_700_000_000);
    }

    #[test]
    fn links_and_missing_paths_are_named() {
        let dir = tempfile::tempdir().unwrap();
        repository(dir.path(), true);
        assert_eq!(Commit::open(dir.path(), &spec(None)).unwrap_err().code(), Code::GitEntry);
        let nowhere = Commit::open(dir.path(), &spec(Some("nowhere"))).unwrap_err();
        assert_eq!(nowhere.code(), Code::PathNotFound);
        let mut rev = spec(None);
        rev.rev = "v9".to_owned();
        assert_eq!(Commit::open(dir.path(), &rev).unwrap_err().code(), Code::GitRepository);
    }

    #[test]
    fn credentials_do_not_get_into_a_release() {
        assert_eq!(without_credentials("https://me:pw@example.org/r"), "https://example.org/r");
        assert_eq!(without_credentials("git@example.org:r.git"), "git@example.org:r.git");
    }
}
