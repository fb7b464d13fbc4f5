//! Before a push: a release tag needs a signed bundle whose code is that commit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository, TreeWalkMode, TreeWalkResult};

use super::settings::Settings;
use crate::bundle;
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::git;
use crate::hash::Meter;
use crate::model::spec::FILE_NAME;
use crate::signatures::{About, Standing};
use crate::spec;
use crate::verify::{self, VerifyRequest};

/// Most entries of a tree among which `pkg.toml` is looked for.
const MAX_ENTRIES: usize = 200_000;

/// Most bundles that are opened for one tag.
const MAX_BUNDLES: usize = 50;

/// A tag that is about to be pushed.
struct Tag<'a> {
    name: &'a str,
    commit: Oid,
}

/// Checks the refs that git says will be pushed. Says which tags were looked at.
pub(super) fn check(
    repository: &Repository,
    settings: &Settings,
    input: &[u8],
    findings: &mut Vec<Finding>,
) -> Result<Vec<String>> {
    let text = String::from_utf8_lossy(input);
    let mut looked = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, remote, _] = fields[..] else {
            return Err(Problem::new(Code::UsageError, "pre-push")
                .detail(format!("git says {line:?}, which is not as githooks(5) has it")));
        };
        let Some(name) = remote.strip_prefix("refs/tags/") else { continue };
        if !settings.is_release(name) || local.bytes().all(|byte| byte == b'0') {
            continue;
        }
        let commit = repository.revparse_single(local).and_then(|object| object.peel_to_commit());
        let commit = commit.map_err(|error| git::unreadable(name, error))?.id();
        looked.push(name.to_owned());
        tag(repository, settings, &Tag { name, commit }, findings)?;
    }
    Ok(looked)
}

fn tag(
    repository: &Repository,
    settings: &Settings,
    tag: &Tag<'_>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let folders = model_folders(repository, tag)?;
    if folders.is_empty() {
        let note = Problem::new(Code::ReleaseTagNoModel, tag.name);
        findings.push(note.into_finding());
        return Ok(());
    }
    let candidates = bundles(super::workdir(repository)?, settings, &folders)?;
    let mut reasons = Vec::new();
    for path in &candidates {
        match of_commit(path, tag) {
            Ok(None) => {
                let mut found = verify(repository, settings, path)?;
                if found.iter().any(|finding| finding.severity == Severity::Error) {
                    findings.append(&mut found);
                    let detail = format!("{} is of that commit, and does not hold", path.display());
                    findings.push(refused(tag).detail(detail).into_finding());
                } else {
                    findings.append(&mut found);
                }
                return Ok(());
            }
            Ok(Some(why)) => reasons.push(format!("{}: {why}", path.display())),
            Err(problem) => reasons.push(problem.to_string()),
        }
    }
    let commit = tag.commit;
    let detail = if reasons.is_empty() {
        format!("there is no bundle for commit {commit}")
    } else {
        format!("no bundle is of commit {commit}: {}", reasons.join("; "))
    };
    findings.push(refused(tag).detail(detail).into_finding());
    Ok(())
}

fn refused(tag: &Tag<'_>) -> Problem {
    Problem::new(Code::ReleaseTagRefused, tag.name)
}

/// Folders of the commit that have a `pkg.toml`; empty text for the top.
fn model_folders(repository: &Repository, tag: &Tag<'_>) -> Result<BTreeSet<String>> {
    let unreadable = |error| git::unreadable(tag.name, error);
    let tree = repository.find_commit(tag.commit).and_then(|commit| commit.tree());
    let mut folders = BTreeSet::new();
    let mut entries = 0;
    let walked = tree.map_err(unreadable)?.walk(TreeWalkMode::PreOrder, |folder, entry| {
        entries += 1;
        if entry.kind() == Some(ObjectType::Blob) && entry.name_bytes() == FILE_NAME.as_bytes() {
            folders.insert(folder.trim_end_matches('/').to_owned());
        }
        if entries > MAX_ENTRIES { TreeWalkResult::Abort } else { TreeWalkResult::Ok }
    });
    match walked {
        Ok(()) => Ok(folders),
        // What was not looked at may hold a model: that is no reason to let it pass.
        Err(_) if entries > MAX_ENTRIES && folders.is_empty() => {
            Ok(BTreeSet::from([String::new()]))
        }
        Err(_) if entries > MAX_ENTRIES => Ok(folders),
        Err(error) => Err(unreadable(error)),
    }
}

/// Bundles where they are configured to be, or beside `pkg.toml` and in `dist/`.
fn bundles(
    workdir: &Path,
    settings: &Settings,
    folders: &BTreeSet<String>,
) -> Result<Vec<PathBuf>> {
    let mut found = BTreeSet::new();
    if let Some(pattern) = &settings.bundles {
        let glob = pattern.glob().glob();
        // Only the folder below which the pattern begins is listed.
        let fixed = glob.find(['*', '?', '[', '{']).map_or(glob, |at| &glob[..at]);
        let below = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
        for path in listed(&workdir.join(below), usize::from(glob.contains('/')) * 4)? {
            let relative = path.strip_prefix(workdir).unwrap_or(&path);
            if pattern.is_match(relative) || pattern.is_match(&path) {
                found.insert(path);
            }
        }
    } else {
        let pattern = spec::matcher("*.pkg")?;
        let top = BTreeSet::from([String::new()]);
        for folder in folders.iter().chain(&top) {
            for place in [workdir.join(folder), workdir.join(folder).join("dist")] {
                let paths = listed(&place, 0)?;
                let named = paths.into_iter().filter(|path| {
                    path.file_name().is_some_and(|name| pattern.is_match(Path::new(name)))
                });
                found.extend(named);
            }
        }
    }
    let mut found: Vec<PathBuf> = found.into_iter().collect();
    found.truncate(MAX_BUNDLES);
    Ok(found)
}

/// Entries of a folder, and of those below it down to `deeper`.
fn listed(folder: &Path, deeper: usize) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let walk = walkdir::WalkDir::new(folder).min_depth(1).max_depth(deeper + 1).into_iter();
    let walk = walk.filter_entry(|entry| entry.file_name() != ".git").take(MAX_ENTRIES);
    walk.map(|entry| {
        entry.map(walkdir::DirEntry::into_path).map_err(|error| {
            Problem::new(Code::UnreadableFile, folder.display()).detail(error.to_string())
        })
    })
    .collect()
}

/// Why a bundle is not of that commit; none if it is.
fn of_commit(path: &Path, tag: &Tag<'_>) -> Result<Option<String>> {
    let loaded = bundle::load(path)?;
    let commits: BTreeSet<&str> = loaded
        .release
        .components
        .iter()
        .filter_map(|component| component.git.as_ref())
        .map(|git| git.commit.as_str())
        .collect();
    if commits.contains(tag.commit.to_string().as_str()) {
        return Ok(None);
    }
    Ok(Some(match commits.first() {
        None => "it names no commit".to_owned(),
        Some(commit) => format!("it is of commit {commit}"),
    }))
}

/// Verifies a bundle, its content and its code.
fn verify(repository: &Repository, settings: &Settings, path: &Path) -> Result<Vec<Finding>> {
    let named = settings.names_somebody();
    // Without anybody named, the digest stands in: that proves it consistent, and not whose.
    let digest = if named { None } else { Some(bundle::load(path)?.digest) };
    let request = VerifyRequest {
        digest,
        against: Some(repository.path().to_owned()),
        git_signers: settings.git_signers.clone(),
        ..VerifyRequest::new(path.to_owned(), settings.judge()?)
    };
    let (verdict, mut findings) = verify::verify(&request, &Meter::default())?;
    if !named {
        let there = verdict
            .signatures
            .iter()
            .any(|report| report.about == About::Release && report.standing != Standing::Invalid);
        let problem = if there {
            Problem::new(Code::ReleaseSignerUnknown, path.display())
        } else {
            Problem::new(Code::Unsigned, path.display())
        };
        findings.push(problem.into_finding());
    }
    Ok(findings)
}
