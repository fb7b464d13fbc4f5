//! What is unfinished in a repository: changes that are not committed, and commits that
//! were not pushed.

use git2::{BranchType, Repository, StatusOptions};

use super::Commit;
use crate::finding::Result;
use crate::model::git::inside;
use crate::model::spec::GitSpec;

/// Most changed files that are named.
const MAX_NAMED: usize = 5;

/// What is unfinished where a commit was taken from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Changed files of the work tree that the commit is without; a few of them.
    pub changed: Vec<String>,
    /// How many there are.
    pub changes: usize,
    /// Whether no branch of any remote has the commit. Never said without a remote.
    pub unpushed: bool,
    /// Whether there is a remote, and nothing here says what it has.
    pub unknown: bool,
}

impl Commit {
    /// Looks for unfinished work around this commit.
    ///
    /// Changes of the work tree count when the revision is what is checked out (`HEAD` or
    /// the current branch): a tag or commit id says which state is meant. New files
    /// count where a path is named; elsewhere they may be anything.
    pub fn unfinished(&self, spec: &GitSpec) -> Result<Unfinished> {
        let unreadable = |error| super::unreadable(&self.subject, error);
        let mut found = Unfinished::default();
        if !self.repository.is_bare() && names_head(&self.repository, &spec.rev) {
            let path = spec.path.as_deref().map(inside).filter(|path| !path.is_empty());
            let mut options = StatusOptions::new();
            options
                .include_untracked(path.is_some())
                .recurse_untracked_dirs(true)
                .include_ignored(false)
                .exclude_submodules(true)
                .disable_pathspec_match(true);
            if let Some(path) = path {
                options.pathspec(path);
            }
            let statuses = self.repository.statuses(Some(&mut options)).map_err(unreadable)?;
            found.changes = statuses.len();
            let paths = statuses.iter().take(MAX_NAMED);
            found.changed = paths
                .map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned())
                .collect();
        }
        let remotes = self.repository.remotes().map_err(unreadable)?;
        if remotes.is_empty() {
            return Ok(found);
        }
        let mut branches = self
            .repository
            .branches(Some(BranchType::Remote))
            .map_err(unreadable)?
            .filter_map(std::result::Result::ok)
            .peekable();
        if branches.peek().is_none() {
            found.unknown = true;
            return Ok(found);
        }
        let mut walk = self.repository.revwalk().map_err(unreadable)?;
        for (branch, _) in branches {
            if let Some(target) = branch.get().target() {
                walk.hide(target).map_err(unreadable)?;
            }
        }
        let id = git2::Oid::from_str(&self.source.commit).map_err(unreadable)?;
        walk.push(id).map_err(unreadable)?;
        // What is left over is not reachable from any branch of a remote.
        found.unpushed = walk.next().is_some();
        Ok(found)
    }
}

/// Whether a revision is whatever is checked out.
fn names_head(repository: &Repository, rev: &str) -> bool {
    if matches!(rev, "HEAD" | "@") {
        return true;
    }
    // A tag of the same name comes first, as everywhere in git.
    if repository.find_reference(&format!("refs/tags/{rev}")).is_ok() {
        return false;
    }
    let short = rev.strip_prefix("refs/heads/").or(rev.strip_prefix("heads/")).unwrap_or(rev);
    let branch = repository.find_branch(short, BranchType::Local);
    branch.is_ok_and(|branch| branch.is_head())
}
