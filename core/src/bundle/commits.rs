//! The commits that components of a release are packed from.

use std::path::{Path, PathBuf};

use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::git::{self, Commit, Unfinished};
use crate::model::git::GitAllow;
use crate::model::spec::{GitSpec, Spec};

/// What is asked of the repositories that code comes from, beside what pkg.toml says.
#[derive(Debug, Clone, Default)]
pub struct GitRequest {
    /// List of those who may sign tags and commits; it stands in for those of pkg.toml.
    pub signers: Option<PathBuf>,
    /// Whether changes that are not committed are let pass, and recorded.
    pub allow_dirty: bool,
    /// Whether a commit that was not pushed is let pass, and recorded.
    pub allow_unpushed: bool,
}

/// Opens the commit of every component that names one, and refuses what is unfinished
/// or wrongly signed.
pub(super) fn open(
    folder: &Path,
    spec: &Spec,
    request: &GitRequest,
) -> Result<(Vec<Option<Commit>>, Vec<Finding>)> {
    let (mut commits, mut findings) = (Vec::new(), Vec::new());
    for component in &spec.components {
        let Some(git) = &component.git else {
            commits.push(None);
            continue;
        };
        let signers = git::signers(folder, git, request.signers.as_deref())?;
        let mut commit = Commit::open(folder, git, signers.as_ref())?;
        let (bad, notes): (Vec<Finding>, Vec<Finding>) = std::mem::take(&mut commit.findings)
            .into_iter()
            .partition(|finding| finding.severity == Severity::Error);
        if let Some(bad) = bad.into_iter().next() {
            return Err(Problem::new(bad.code, bad.subject).detail(bad.message).hint(bad.hint));
        }
        findings.extend(notes);
        commit.require_objects()?;
        let subject = format!("{} at {}", component.kind, git.rev);
        findings.extend(unfinished(&mut commit, git, request, &subject)?);
        commits.push(Some(commit));
    }
    Ok((commits, findings))
}

fn unfinished(
    commit: &mut Commit,
    spec: &GitSpec,
    request: &GitRequest,
    subject: &str,
) -> Result<Vec<Finding>> {
    let state = commit.unfinished(spec)?;
    let mut findings = Vec::new();
    if state.unknown {
        findings.push(Problem::new(Code::GitPushUnknown, subject).into_finding());
    }
    let mut allow = |is: bool, asked: bool, code: Code, detail: String| {
        if !is {
            return Ok(false);
        }
        if !asked {
            return Err(Problem::new(code, subject).detail(detail));
        }
        findings.push(Problem::new(Code::GitUnfinished, subject).detail(detail).into_finding());
        Ok(true)
    };
    let may = |what| spec.allow.contains(&what);
    commit.source.dirty = allow(
        state.changes > 0,
        request.allow_dirty || may(GitAllow::Dirty),
        Code::GitDirty,
        changes(&state),
    )?;
    commit.source.unpushed = allow(
        state.unpushed,
        request.allow_unpushed || may(GitAllow::Unpushed),
        Code::GitUnpushed,
        format!("no branch of a remote has commit {}", commit.source.commit),
    )?;
    Ok(findings)
}

fn changes(state: &Unfinished) -> String {
    let dots = if state.changes > state.changed.len() { ", ..." } else { "" };
    format!("{} files differ from the commit: {}{dots}", state.changes, state.changed.join(", "))
}
