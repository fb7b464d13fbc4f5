//! Whether the code of a release is that of the commit it names, by the repository.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::Loaded;
use crate::finding::{Code, Finding, Problem, Result};
use crate::git::{self, Commit, Resolved, resolve};
use crate::model::git::{GitSignature, GitTag};
use crate::model::kind::{Group, Kind};
use crate::model::release::{Component, FileEntry, GitSource, Owner};
use crate::model::spec::GitSpec;
use crate::sshsig::Signers;

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
    /// Signature of the commit, as judged here.
    pub signature: Option<GitSignature>,
    /// The tag object that the release names, if the repository has it, with its signature
    /// as judged here.
    pub tag: Option<GitTag>,
}

/// Files of the commit by which it is found out where they were put.
const SAMPLE: usize = 20;
/// Most differing files that are told one by one.
const MAX_TOLD: usize = 10;

/// Compares every component that names a commit with the repository.
pub(super) fn check(
    loaded: &Loaded,
    repository: &Path,
    signers: Option<&Path>,
) -> Result<(Vec<Compared>, Vec<Finding>)> {
    let signers = signers.map(git::read_signers).transpose()?;
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
        let (report, more) = one(component, git, &files, (repository, signers.as_ref()))?;
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
    (repository, signers): (&Path, Option<&Signers>),
) -> Result<(Compared, Vec<Finding>)> {
    let subject = format!("{} at {}", component.kind, git.commit);
    let mut report = Compared {
        kind: component.kind,
        commit: git.commit.clone(),
        files: 0,
        same: false,
        signature: None,
        tag: None,
    };
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
        allowed_signers: None,
        allow: Vec::new(),
    };
    let mut commit = match Commit::open(repository, &spec, signers) {
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
    let mut findings = judge_signatures(&mut commit, git, signers, &subject)?;
    report.signature.clone_from(&commit.source.signature);
    report.tag = commit.source.tag.take();
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
    let now = resolve(repository, &git.rev);
    if let Some(detail) = now.as_ref().and_then(|now| moved(git, now)) {
        findings.push(Problem::new(Code::RevisionMoved, &subject).detail(detail).into_finding());
    }
    Ok((report, findings))
}

/// Findings about the signatures of the commit and of the tag that the release names.
fn judge_signatures(
    commit: &mut Commit,
    git: &GitSource,
    signers: Option<&Signers>,
    subject: &str,
) -> Result<Vec<Finding>> {
    if let Some(tag) = &git.tag {
        // By its id: a tag of that name may be another object by now.
        commit.source.tag = commit.tag(&tag.id, signers)?;
    }
    Ok(git::about_signatures(&commit.source, subject, signers.is_some()))
}

/// How what the revision names now differs from what was recorded.
fn moved(git: &GitSource, now: &Resolved) -> Option<String> {
    if now.commit != git.commit {
        return Some(format!("{} is {} in the repository now", git.rev, now.commit));
    }
    match (&git.tag, &now.tag) {
        (Some(then), Some(now)) if then.id != *now => {
            Some(format!("the tag {} was the object {}, and is {now} now", git.rev, then.id))
        }
        (Some(then), None) => Some(format!("{} is no longer the tag object {}", git.rev, then.id)),
        _ => None,
    }
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
    if source.submodules != git.submodules {
        wrong.push("its submodules are others".to_owned());
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
        if entry.size != file.size || entry.digest != commit.digest(file)? {
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
