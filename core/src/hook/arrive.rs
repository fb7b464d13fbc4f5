//! After a checkout or merge: signed folders that changed are verified.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{DiffOptions, Oid, Repository, Tree};

use super::settings::Settings;
use super::{Name, RunRequest};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::model::path::META_DIR;
use crate::verify::{self, VerifyRequest};
use crate::{fsx, git};

/// Checks what changed. Says which folders were looked at.
pub(super) fn check(
    repository: &Repository,
    settings: &Settings,
    request: &RunRequest,
    findings: &mut Vec<Finding>,
) -> Result<Vec<String>> {
    let workdir = super::workdir(repository)?;
    let mut looked = Vec::new();
    for place in changed(repository, request)? {
        let target = workdir.join(&place);
        let shown = if place.as_os_str().is_empty() { Path::new(".") } else { &place };
        looked.push(shown.display().to_string());
        if !settings.names_somebody() {
            let warning = Problem::new(Code::ArrivedNotChecked, shown.display());
            findings.push(warning.into_finding());
            continue;
        }
        let request = VerifyRequest::new(target, settings.judge()?);
        let found = match verify::verify(&request, &Meter::default()) {
            Ok((_, found)) => found,
            Err(problem) => vec![problem.into_finding()],
        };
        let wrong = found.iter().any(|finding| finding.severity == Severity::Error);
        findings.extend(found);
        if wrong {
            let problem = Problem::new(Code::ArrivedUnverified, shown.display());
            findings.push(problem.into_finding());
        }
    }
    Ok(looked)
}

/// Folders with a signature, in or below which something changed.
fn changed(repository: &Repository, request: &RunRequest) -> Result<BTreeSet<PathBuf>> {
    let subject = repository.path().display().to_string();
    let unreadable = |error| git::unreadable(&subject, error);
    let Some((before, after)) = commits(repository, request)? else {
        return Ok(BTreeSet::new());
    };
    let tree = |id: Option<Oid>| -> Result<Option<Tree<'_>>> {
        let commit = id.map(|id| repository.find_commit(id)).transpose().map_err(unreadable)?;
        commit.map(|commit| commit.tree()).transpose().map_err(unreadable)
    };
    let (before, after) = (tree(before)?, tree(Some(after))?);
    let mut options = DiffOptions::new();
    options.skip_binary_check(true).ignore_submodules(true);
    let diff = repository
        .diff_tree_to_tree(before.as_ref(), after.as_ref(), Some(&mut options))
        .map_err(unreadable)?;
    let workdir = super::workdir(repository)?;
    let (mut seen, mut places) = (BTreeSet::new(), BTreeSet::new());
    for delta in diff.deltas() {
        let path = delta.new_file().path().or(delta.old_file().path());
        // The last of the folders above is the empty path: the work tree itself.
        for above in path.into_iter().flat_map(Path::ancestors).skip(1) {
            if !seen.insert(above.to_owned()) {
                break;
            }
            let place = workdir.join(above);
            let inside = above.file_name().is_some_and(|name| name == META_DIR);
            let signed = place.join("model.sig").is_file();
            if !inside && (signed || fsx::exists(&place.join(META_DIR).join("release.json"))) {
                places.insert(above.to_owned());
            }
        }
    }
    Ok(places)
}

/// The commits before and after; none when nothing was changed by it.
fn commits(repository: &Repository, request: &RunRequest) -> Result<Option<(Option<Oid>, Oid)>> {
    let wrong = || {
        Problem::new(Code::UsageError, request.name.as_str())
            .detail(format!("{:?} are not its arguments in githooks(5)", request.args))
    };
    if request.name == Name::PostMerge {
        let id = |rev: &str| {
            let object = repository.revparse_single(rev).and_then(|it| it.peel_to_commit());
            object.map(|commit| commit.id()).map_err(|error| git::unreadable(rev, error))
        };
        return Ok(Some((Some(id("ORIG_HEAD")?), id("HEAD")?)));
    }
    let [before, after, flag] = request.args.as_slice() else { return Err(wrong()) };
    let id = |text: &str| Oid::from_str(text).map_err(|_| wrong());
    let (before, after) = (id(before)?, id(after)?);
    // Of single files that were checked out, git does not say which.
    if flag != "1" || before == after {
        return Ok(None);
    }
    Ok(Some(((!before.is_zero()).then_some(before), after)))
}
