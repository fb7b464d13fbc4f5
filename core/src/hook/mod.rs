//! Hooks of git: installed beside those of others, and what each of them does.
//!
//! - `pre-commit`: [`crate::check`] of what is staged.
//! - `pre-push`: a release tag needs a signed bundle whose code is that commit.
//! - `post-checkout`, `post-merge`: signed folders that arrived are verified.
//!
//! There is no `commit-msg`: a message says nothing that could be checked against a
//! release. Hooks help whoever installed them; they protect nobody from somebody who
//! leaves them out, so whoever receives a release still verifies it.

mod arrive;
mod framework;
mod install;
mod push;
mod settings;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git2::Repository;
use schemars::JsonSchema;
use serde::Serialize;

pub use install::{Hook, Hooks, State, install, list, uninstall};

use crate::check::{self, CheckRequest, Scope};
use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result};
use crate::verify::exit_of;
use crate::{fsx, git};
use settings::Settings;

/// A hook that pkg has something to do in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// Before a commit is made.
    PreCommit,
    /// Before refs are pushed.
    PrePush,
    /// After another commit was checked out.
    PostCheckout,
    /// After a merge or pull.
    PostMerge,
}

impl Name {
    /// Every hook.
    pub const ALL: [Self; 4] =
        [Self::PreCommit, Self::PrePush, Self::PostCheckout, Self::PostMerge];

    /// The name that git calls it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::PostCheckout => "post-checkout",
            Self::PostMerge => "post-merge",
        }
    }

    /// Whether it can stop what git is about to do.
    pub const fn stops(self) -> bool {
        matches!(self, Self::PreCommit | Self::PrePush)
    }
}

/// What git says to a hook.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// Folder in which it runs.
    pub folder: PathBuf,
    /// Which hook.
    pub name: Name,
    /// Its arguments.
    pub args: Vec<String>,
    /// What git writes to it.
    pub input: Vec<u8>,
}

/// What a hook did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ran {
    /// Which hook.
    pub name: Name,
    /// Whether a hook that was there before pkg's was run first.
    pub chained: bool,
    /// What was looked at: files, tags, folders.
    pub looked_at: Vec<String>,
}

/// Runs a hook: the one that was there before, then what pkg does.
pub fn run(request: &RunRequest) -> Result<(Ran, Vec<Finding>, Exit)> {
    let mut ran = Ran { name: request.name, chained: false, looked_at: Vec::new() };
    let subject = request.folder.display().to_string();
    let repository = git::discover(&request.folder);
    let repository = repository.map_err(|error| git::unreadable(&subject, error))?;
    if let Some(chained) = install::chained(&repository, request.name)? {
        ran.chained = true;
        chain(&chained, request)?;
    }
    let request = &framework::fill(request, |name| std::env::var(name).ok());
    let mut findings = Vec::new();
    let exit = match request.name {
        Name::PreCommit => {
            let folder = workdir(&repository)?.to_owned();
            let scope = Scope::Staged;
            let (checked, found) = check::check(&CheckRequest { folder, scope, strict: false })?;
            ran.looked_at.push(format!("{} staged files", checked.files));
            findings.extend(found);
            check::exit(&findings)
        }
        Name::PrePush => {
            let settings = Settings::of(&repository)?;
            ran.looked_at = push::check(&repository, &settings, &request.input, &mut findings)?;
            exit_of(&findings)
        }
        Name::PostCheckout | Name::PostMerge => {
            let settings = Settings::of(&repository)?;
            let looked = arrive::check(&repository, &settings, request, &mut findings)?;
            ran.looked_at = looked;
            // It is there already: nothing that git does can be stopped any more.
            if exit_of(&findings) == Exit::Ok { Exit::Ok } else { Exit::Unexpected }
        }
    };
    Ok((ran, findings, exit))
}

/// Runs the hook of others; its failure is that of the whole.
fn chain(path: &Path, request: &RunRequest) -> Result<()> {
    let failed = |detail: String| {
        let problem = Problem::new(Code::ChainedHookFailed, path.display()).detail(detail);
        problem.hint("It was there before pkg's own hook; see what it printed.")
    };
    let mut child = Command::new(path)
        .args(&request.args)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("it cannot be started: {error}")).source(error))?;
    if let Some(mut input) = child.stdin.take() {
        // A hook that does not read what git says to it is within its rights.
        let _ = input.write_all(&request.input);
    }
    let status = child.wait().map_err(|error| failed(error.to_string()).source(error))?;
    if status.success() { Ok(()) } else { Err(failed(format!("it ended with {status}"))) }
}

fn workdir(repository: &Repository) -> Result<&Path> {
    repository.workdir().ok_or_else(|| {
        Problem::new(Code::GitRepository, repository.path().display())
            .detail("it is bare: it has no work tree")
    })
}

/// Whether there is a regular file that may be executed.
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fsx::exists(path)
        && path
            .metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
