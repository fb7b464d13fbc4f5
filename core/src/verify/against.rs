//! Whether the code of a release is that of the commit it names, by the repository.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::Loaded;
use crate::finding::{Code, Finding, Problem, Result};
use crate::git::{Commit, resolve};
use crate::model::digest::Digest;
use crate::model::kind::{Group, Kind};
use crate::model::release::{Component, FileEntry, GitSource, Owner};
use crate::model::spec::GitSpec;

/// A component, held against the commit that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The component.
    pub kind: Kind,
    /// The commit, hex.
    pub commit: String,
    /// Number of files that were compared.
    pub files: usize,
    /// Whether its files are those of the commit, all of them and no others.
    pub same: bool,
}

/// Files of the commit by which it is found out where they were put.
const SAMPLE: usize = 20;
/// Most differing files that are told one by one.
const MAX_TOLD: usize = 10;

/// Compares every component that names a commit with the repository.
pub(super) fn check(loaded: &Loaded, repository: &Path) -> Result<(Vec<Compared>, Vec<Finding>)> {
    let (mut compared, mut findings) = (Vec::new(), Vec::new());
    for (position, component) in loaded.release.components.iter().enumerate() {
        let Some(git) = &component.git else {
            if component.kind.group() == Group::Code && component.files > 0 {
                let note = Problem::new(Code::CodeWithoutCommit, component.kind);
                findings.push(note.into_finding());
            }
            continue;
        };
        let files: Vec<&FileEntry> = loaded
            .files
            .files
            .iter()
            .filter(|file| file.owner == Owner::Component(position))
            .collect();
        let (report, more) = one(component, git, &files, repository)?;
        compared.push(report);
        findings.extend(more);
    }
    if compared.is_empty() {
        findings.push(Problem::new(Code::NoCommitNamed, repository.display()).into_finding());
    }
    Ok((compared, findings))
}

fn one(
    component: &Component,
    git: &GitSource,
    files: &[&FileEntry],
    repository: &Path,
) -> Result<(Compared, Vec<Finding>)> {
    let subject = format!("{} at {}", component.kind, git.commit);
    let mut report =
        Compared { kind: component.kind, commit: git.commit.clone(), files: 0, same: false };
    let missing = |detail: String| Problem::new(Code::CommitNotFound, &subject).detail(detail);
    let hex = git.commit.chars().all(|c| c.is_ascii_hexdigit());
    if !hex || ![40, 64].contains(&git.commit.len()) {
        let problem = missing("the release names no commit id".to_owned());
        return Ok((report, vec![problem.into_finding()]));
    }
    let spec = GitSpec {
        repo: ".".to_owned(),
        rev: git.commit.clone(),
        path: git.path.clone(),
        into: None,
    };
    let commit = match Commit::open(repository, &spec) {
        Ok(commit) => commit,
        Err(problem) if problem.code() == Code::GitRepository => {
            let problem = missing(problem.finding().message.clone());
            return Ok((report, vec![problem.into_finding()]));
        }
        Err(problem) => return Err(problem),
    };
    let mut wrong = differences(&commit, git, files)?;
    report.files = commit.files.len();
    report.same = wrong.is_empty();
    let mut findings = Vec::new();
    let more = wrong.len().saturating_sub(MAX_TOLD);
    wrong.truncate(MAX_TOLD);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    if !wrong.is_empty() {
        let detail = wrong.join("; ");
        findings.push(Problem::new(Code::NotThatCommit, &subject).detail(detail).into_finding());
    }
    // A tag or branch may be put elsewhere after the release.
    if let Some(now) = resolve(repository, &git.rev)
        && now != git.commit
    {
        let detail = format!("{} is {now} in the repository now", git.rev);
        findings.push(Problem::new(Code::RevisionMoved, &subject).detail(detail).into_finding());
    }
    Ok((report, findings))
}

/// What is not as in the commit, in words.
fn differences(commit: &Commit, git: &GitSource, files: &[&FileEntry]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let source = &commit.source;
    if source.tree != git.tree {
        wrong.push(format!("the tree is {}, not {}", source.tree, git.tree));
    }
    if (source.authored, source.committed) != (git.authored, git.committed) {
        wrong.push("its dates are others".to_owned());
    }
    let mut left: BTreeMap<&str, &FileEntry> =
        files.iter().map(|file| (file.path.as_str(), *file)).collect();
    let base = base(commit, files);
    for file in &commit.files {
        let path = format!("{base}{}", file.path);
        let Some(entry) = left.remove(path.as_str()) else {
            wrong.push(format!("{path} is missing"));
            continue;
        };
        if entry.executable != file.executable {
            wrong.push(format!("{path} differs in its executable bit"));
        }
        if entry.size != file.size || entry.digest != Digest::of(&commit.content(file)?) {
            wrong.push(format!("{path} has other content"));
        }
    }
    wrong.extend(left.into_keys().map(|path| format!("{path} is not in the commit")));
    Ok(wrong)
}

/// The folder of the release that the files were put under, which the release does not
/// say: the one that fits most of them.
fn base(commit: &Commit, files: &[&FileEntry]) -> String {
    let sample = || commit.files.iter().take(SAMPLE).map(|file| file.path.as_str());
    let bases = sample().flat_map(|path| {
        files.iter().filter_map(move |file| {
            let base = file.path.as_str().strip_suffix(path)?;
            (base.is_empty() || base.ends_with('/')).then_some(base)
        })
    });
    let bases: BTreeSet<&str> = bases.collect();
    let there: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let fits = |base: &&str| {
        sample().filter(|path| there.contains(format!("{base}{path}").as_str())).count()
    };
    bases.into_iter().max_by_key(fits).unwrap_or_default().to_owned()
}
