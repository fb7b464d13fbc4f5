//! Code components from a git commit, read with libgit2.
//!
//! Repositories are input of others: names, sizes and depths are bounded, no filter, hook
//! or attribute of theirs is run, and git itself is never started.

mod checkout;
pub mod lfs;
mod modules;
pub mod object;
mod place;
mod state;
mod tree;

use std::fs::File;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository};

pub use checkout::{CheckedOut, checkout};
pub use modules::{Urls, parse as parse_modules};
pub use object::{read_signers, signers};
pub use place::directory;
pub use state::Unfinished;

use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx;
use crate::model::digest::Digest;
use crate::model::git::{GitLfsFile, GitSignatureLevel, GitTag, inside};
use crate::model::path::ReleasePath;
use crate::model::release::GitSource;
use crate::model::spec::GitSpec;
use crate::sshsig::Signers;

/// Largest file taken from a commit; larger ones belong into Git LFS.
const MAX_BLOB: usize = 64 << 20;

/// Deepest folder nesting of a tree.
const MAX_DEPTH: usize = 64;

/// Most files that are taken from one commit.
const MAX_FILES: usize = 1_000_000;

/// Finds the repository that a folder is in.
pub(crate) fn open(place: &Path, subject: &str) -> Result<Repository> {
    Repository::discover(place).map_err(|error| unreadable(subject, error))
}

/// Finds the repository of a folder, as `git` itself does within a hook: where it says by
/// `GIT_DIR` and `GIT_INDEX_FILE` which one it works on, that one is taken, with the index
/// of the commit that is being made.
pub(crate) fn discover(folder: &Path) -> Result<Repository, git2::Error> {
    let said = |name: &str| std::env::var_os(name).is_some();
    if said("GIT_DIR") || said("GIT_INDEX_FILE") {
        let repository = Repository::open_from_env()?;
        let within = repository.workdir().is_some_and(|workdir| fsx::lies_in(folder, workdir));
        if within {
            return Ok(repository);
        }
    }
    Repository::discover(folder)
}

/// The commit that a revision leads to.
fn peel<'r>(repository: &'r Repository, rev: &str, subject: &str) -> Result<git2::Commit<'r>> {
    repository
        .revparse_single(rev)
        .and_then(|object| object.peel_to_commit())
        .map_err(|error| unreadable(subject, error))
}

pub(crate) fn unreadable(subject: &str, error: git2::Error) -> Problem {
    Problem::new(Code::GitRepository, subject)
        .detail(error.message().trim().to_owned())
        .source(error)
}

/// One file of a commit.
#[derive(Debug, Clone)]
pub struct GitFile {
    /// Path in the release.
    pub path: ReleasePath,
    /// Size in bytes; of the content, where a pointer stands for it.
    pub size: u64,
    /// Whether it is executable.
    pub executable: bool,
    /// The Git LFS object that the file in the tree stands for.
    pub lfs: Option<lfs::Object>,
    id: Oid,
}

/// Content of a file of a commit.
#[derive(Debug)]
pub enum Content {
    /// From the tree.
    Bytes(Vec<u8>),
    /// A Git LFS object. Whoever reads it checks its digest.
    Object(PathBuf, File),
}

/// The files of one commit.
pub struct Commit {
    repository: Repository,
    store: lfs::Store,
    subject: String,
    /// Where they come from.
    pub source: GitSource,
    /// The files, ordered by path.
    pub files: Vec<GitFile>,
    /// What should be known about it.
    pub findings: Vec<Finding>,
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
    ///
    /// Signatures of its tag and of itself are judged by `signers`. Whether Git LFS
    /// objects are here is not looked at: [`Self::require_objects`] does.
    pub fn open(folder: &Path, spec: &GitSpec, signers: Option<&Signers>) -> Result<Self> {
        let place = folder.join(&spec.repo);
        let subject = format!("{} at {}", place.display(), spec.rev);
        let repository = open(&place, &subject)?;
        let unreadable = |error| unreadable(&subject, error);
        let mut findings = Vec::new();
        let (source, files) = {
            let named = repository.revparse_single(&spec.rev).map_err(unreadable)?;
            let commit = named.peel_to_commit().map_err(unreadable)?;
            let root = commit.tree().map_err(unreadable)?;
            let remote = repository.find_remote("origin").ok();
            let mut walk = tree::Walk::new(&repository, &subject, &root);
            let base = spec.into.clone().unwrap_or_default();
            walk.start(&root, spec.path.as_deref().map(inside), &base)?;
            let (mut files, submodules) = (walk.files, walk.submodules);
            files.sort_by(|a, b| a.path.cmp(&b.path));
            findings.extend(submodules.iter().map(|module| {
                let detail = format!("commit {} of another repository", module.commit);
                let note = Problem::new(Code::GitSubmodule, &module.path).detail(detail);
                note.into_finding()
            }));
            let lfs = files.iter().filter_map(|file| {
                file.lfs.map(|object| GitLfsFile { path: file.path.clone(), oid: object.oid })
            });
            let source = GitSource {
                rev: spec.rev.clone(),
                commit: commit.id().to_string(),
                tree: root.id().to_string(),
                path: spec.path.clone(),
                remote: remote.and_then(|r| r.url().ok().map(without_credentials)),
                authored: u64::try_from(commit.author().when().seconds()).unwrap_or(0),
                committed: u64::try_from(commit.committer().when().seconds()).unwrap_or(0),
                signature: object::of_commit(&repository, &commit, signers)?,
                tag: object::tag(&repository, &named, signers)?,
                submodules,
                lfs: lfs.collect(),
                dirty: false,
                unpushed: false,
            };
            (source, files)
        };
        if files.is_empty() {
            return Err(
                Problem::new(Code::PathNotFound, &subject).detail("there are no files there")
            );
        }
        findings.extend(about_signatures(&source, &subject, signers.is_some()));
        let store = lfs::Store::of(&repository);
        Ok(Self { repository, store, subject, source, files, findings })
    }

    /// Makes sure that the Git LFS objects of all files are here.
    pub fn require_objects(&self) -> Result<()> {
        let named = self.files.iter().filter_map(|file| file.lfs.map(|object| (file, object)));
        let mut missing = named.filter(|(_, object)| self.store.find(object).is_none());
        let Some((first, object)) = missing.next() else { return Ok(()) };
        let Err(problem) = self.store.require(&object, first.path.as_str()) else {
            return Ok(());
        };
        let more = missing.count();
        if more == 0 {
            return Err(problem);
        }
        let detail = format!("{}; {more} more are missing", problem.finding().message);
        Err(problem.detail(detail))
    }

    /// Content of one of the files.
    pub fn content(&self, file: &GitFile) -> Result<Content> {
        if let Some(object) = &file.lfs {
            let path = self.store.require(object, file.path.as_str())?;
            let open = fsx::open_regular(&path)?;
            return Ok(Content::Object(path, open));
        }
        let blob = self.repository.find_blob(file.id).map_err(|error| {
            Problem::new(Code::GitRepository, &file.path).detail(error.message().to_owned())
        })?;
        Ok(Content::Bytes(blob.content().to_vec()))
    }

    /// The tag object with this id, if it is here and is about this commit.
    pub fn tag(&self, id: &str, signers: Option<&Signers>) -> Result<Option<GitTag>> {
        let Ok(object) =
            Oid::from_str(id).and_then(|id| self.repository.find_object(id, Some(ObjectType::Tag)))
        else {
            return Ok(None);
        };
        let about = object.peel_to_commit().map(|commit| commit.id().to_string());
        if about.is_ok_and(|commit| commit == self.source.commit) {
            object::tag(&self.repository, &object, signers)
        } else {
            Ok(None)
        }
    }

    /// Digest of the content of one of the files. That of a Git LFS object is what the
    /// tree says it is: nothing is read for it.
    pub fn digest(&self, file: &GitFile) -> Result<Digest> {
        if let Some(object) = file.lfs {
            return Ok(object.oid);
        }
        match self.content(file)? {
            Content::Bytes(bytes) => Ok(Digest::of(&bytes)),
            Content::Object(path, _) => {
                Err(Problem::new(Code::Internal, path.display()).detail("an object of no pointer"))
            }
        }
    }
}

/// Findings about the signatures of a commit and its tag; an error where a list was
/// given (`asked`) and nobody of it is proven to have signed either.
pub fn about_signatures(source: &GitSource, subject: &str, asked: bool) -> Vec<Finding> {
    let tag = source.tag.as_ref().and_then(|tag| tag.signature.as_ref());
    let both = [("the tag", tag), ("the commit", source.signature.as_ref())];
    let mut findings = Vec::new();
    let mut verified = false;
    for (what, signature) in both {
        let Some(signature) = signature else { continue };
        verified |= signature.level == GitSignatureLevel::VerifiedTimeNotProven;
        if signature.level == GitSignatureLevel::Bad {
            let why = signature.why.as_deref().unwrap_or("it was not made over this object");
            let problem = Problem::new(Code::GitSignatureBad, subject);
            findings.push(problem.detail(format!("of {what}: {why}")).into_finding());
        }
    }
    let bad = findings.iter().any(|finding| finding.severity == Severity::Error);
    if asked && !verified && !bad {
        let state = |signature: Option<&crate::model::git::GitSignature>| {
            signature.map_or("not signed", |signature| signature.level.words())
        };
        let detail = match &source.tag {
            Some(GitTag { name, .. }) => {
                format!("tag {name}: {}; commit: {}", state(tag), state(source.signature.as_ref()))
            }
            None => format!("commit: {}", state(source.signature.as_ref())),
        };
        let warning = Problem::new(Code::GitSignatureNotVerified, subject).detail(detail);
        findings.push(warning.into_finding());
    }
    findings
}

/// What a revision names in a repository now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The commit, hex.
    pub commit: String,
    /// The tag object, hex, if it names an annotated tag.
    pub tag: Option<String>,
}

/// What a revision names in a repository now; none if it names no commit.
pub fn resolve(repository: &Path, rev: &str) -> Option<Resolved> {
    let repository = Repository::discover(repository).ok()?;
    let named = repository.revparse_single(rev).ok()?;
    let commit = named.peel_to_commit().ok()?.id().to_string();
    let tag = (named.kind() == Some(ObjectType::Tag)).then(|| named.id().to_string());
    Some(Resolved { commit, tag })
}

/// A URL without what may be a secret in it: user, password and query.
pub(crate) fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}/{path}")
        }
        // No URL, so no password has its place in it; and what has the form is not told.
        None => match url.rsplit_once('@') {
            Some((user, place)) if user.contains(':') => place.to_owned(),
            _ => url.to_owned(),
        },
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
mod tests;
