//! Putting hooks into place and taking them away, with those of others kept.
//!
//! A hook that is there is renamed to `NAME.pkg-chained` and run first. What is not
//! exactly what pkg wrote is never written over and never removed.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, Repository};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Name, is_executable};
use crate::finding::{Code, Finding, Problem, Result};
use crate::{fsx, git};

/// What the script of a hook says about itself.
const MARK: &str = "# pkg hook: made by `pkg hook install`, taken away by `pkg hook uninstall`";

/// End of the name of a hook that was there before.
const CHAINED: &str = ".pkg-chained";

/// Largest hook that is read to see whether it is pkg's, in bytes.
const MAX_SCRIPT: u64 = 64 << 10;

/// How a hook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is none.
    None,
    /// It is pkg's.
    Installed,
    /// It is of others.
    Foreign,
    /// It was pkg's, and somebody changed it.
    Changed,
}

impl State {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Installed => "installed",
            Self::Foreign => "of others",
            Self::Changed => "changed by others",
        }
    }
}

/// A hook.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Hook {
    /// Its name.
    pub name: Name,
    /// How it stands.
    pub state: State,
    /// Whether one that was there before is kept and run first.
    pub chained: bool,
    /// Whether this run changed it.
    pub changed: bool,
}

/// The hooks of a repository.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Hooks {
    /// Folder in which they are.
    pub folder: PathBuf,
    /// Each of them.
    pub hooks: Vec<Hook>,
}

/// The hooks of the repository that a folder is in.
pub fn list(folder: &Path) -> Result<Hooks> {
    let repository = git::open(folder, &folder.display().to_string())?;
    let (place, _) = hooks_folder(&repository)?;
    let hooks = Name::ALL.iter().map(|name| look(&place, *name)).collect::<Result<_>>()?;
    Ok(Hooks { folder: place, hooks })
}

/// Installs hooks. Running it twice is the same as once.
pub fn install(folder: &Path, names: &[Name]) -> Result<(Hooks, Vec<Finding>)> {
    let repository = git::open(folder, &folder.display().to_string())?;
    let (place, shared) = hooks_folder(&repository)?;
    let mut findings = Vec::new();
    if shared {
        findings.push(Problem::new(Code::HooksShared, place.display()).into_finding());
    }
    fs::create_dir_all(&place).map_err(|error| Problem::writing(&place, error))?;
    let _lock = fsx::lock_folder(&place)?;
    // All of them first: a half-done installation would be the worst of both.
    let before: Vec<Hook> = names.iter().map(|name| look(&place, *name)).collect::<Result<_>>()?;
    if let Some(hook) = before
        .iter()
        .find(|hook| hook.state == State::Changed || (hook.state == State::Foreign && hook.chained))
    {
        return Err(conflict(&place, hook));
    }
    let mut hooks = Vec::new();
    for hook in before {
        let path = place.join(hook.name.as_str());
        if hook.state == State::Foreign {
            rename(&path, &chained_path(&place, hook.name))?;
        }
        if hook.state != State::Installed {
            write_script(&path, hook.name)?;
        }
        let changed = hook.state != State::Installed;
        hooks.push(Hook { changed, ..look(&place, hook.name)? });
    }
    Ok((Hooks { folder: place, hooks }, findings))
}

/// Takes hooks away, and puts those that were there before back.
pub fn uninstall(folder: &Path, names: &[Name]) -> Result<(Hooks, Vec<Finding>)> {
    let repository = git::open(folder, &folder.display().to_string())?;
    let (place, _) = hooks_folder(&repository)?;
    let (mut hooks, mut findings) = (Vec::new(), Vec::new());
    let _lock = if place.is_dir() { Some(fsx::lock_folder(&place)?) } else { None };
    for name in names {
        let hook = look(&place, *name)?;
        let path = place.join(name.as_str());
        let mut changed = false;
        match hook.state {
            State::Installed => {
                let chained = chained_path(&place, *name);
                if hook.chained {
                    // In one step: at no moment is there no hook.
                    fs::rename(&chained, &path).map_err(|error| Problem::writing(&path, error))?;
                } else {
                    fs::remove_file(&path).map_err(|error| Problem::writing(&path, error))?;
                }
                changed = true;
            }
            State::None if hook.chained => {
                rename(&chained_path(&place, *name), &path)?;
                changed = true;
            }
            State::Changed => findings.push(conflict(&place, &hook).into_finding()),
            State::Foreign if hook.chained => {
                findings.push(conflict(&place, &hook).into_finding());
            }
            State::None | State::Foreign => {}
        }
        hooks.push(Hook { changed, ..look(&place, *name)? });
    }
    if place.is_dir() {
        fsx::sync_dir(&place).map_err(|error| Problem::writing(&place, error))?;
    }
    Ok((Hooks { folder: place, hooks }, findings))
}

/// The hook that is to be run before pkg's own, if pkg's is installed and there is one.
pub(super) fn chained(repository: &Repository, name: Name) -> Result<Option<PathBuf>> {
    let (place, _) = hooks_folder(repository)?;
    let hook = look(&place, name)?;
    let path = chained_path(&place, name);
    // Git runs no hook that may not be executed, and neither does pkg.
    Ok((hook.state == State::Installed && is_executable(&path)).then_some(path))
}

/// Where git looks for hooks, and whether other repositories have them there too.
///
/// `core.hooksPath` counts from where hooks are run: the work tree, or the repository
/// itself where there is none (githooks(5)).
fn hooks_folder(repository: &Repository) -> Result<(PathBuf, bool)> {
    let subject = repository.path().display().to_string();
    let unreadable = |error| git::unreadable(&subject, error);
    let config = repository.config().and_then(|mut it| it.snapshot()).map_err(unreadable)?;
    let configured = match config.get_path("core.hookspath") {
        Ok(path) => path,
        Err(error) if error.code() == git2::ErrorCode::NotFound => {
            return Ok((repository.commondir().join("hooks"), false));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let level = config.get_entry("core.hookspath").map_err(unreadable)?.level();
    let own = matches!(level, ConfigLevel::Local | ConfigLevel::Worktree | ConfigLevel::App);
    let base = repository.workdir().unwrap_or(repository.path());
    let shared = !own && configured.is_absolute();
    Ok((base.join(configured), shared))
}

fn chained_path(place: &Path, name: Name) -> PathBuf {
    place.join(format!("{}{CHAINED}", name.as_str()))
}

fn look(place: &Path, name: Name) -> Result<Hook> {
    let path = place.join(name.as_str());
    let state = match fsx::read_limited(&path, MAX_SCRIPT) {
        Ok(bytes) if bytes == script(name).as_bytes() => State::Installed,
        Ok(bytes) if has_mark(&bytes) => State::Changed,
        Ok(_) => State::Foreign,
        Err(problem) if problem.code() == Code::PathNotFound => State::None,
        // A link, or something large: whatever it is, it is not pkg's.
        Err(_) if fsx::exists(&path) => State::Foreign,
        Err(problem) => return Err(problem),
    };
    let chained = fsx::exists(&chained_path(place, name));
    Ok(Hook { name, state, chained, changed: false })
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| line == MARK.as_bytes())
}

fn conflict(place: &Path, hook: &Hook) -> Problem {
    let name = hook.name.as_str();
    let problem = Problem::new(Code::HookConflict, place.join(name).display());
    if hook.state == State::Changed {
        problem.detail("it was made by pkg and changed by somebody since")
    } else {
        problem.detail(format!(
            "it is of others, and {name}{CHAINED} keeps the one that was there before pkg's"
        ))
    }
}

/// The script of a hook: it says what to do when there is no pkg, and runs it.
fn script(name: Name) -> String {
    let hook = name.as_str();
    let missing = "pkg is not on the PATH, so nothing was checked; install it, or remove";
    let otherwise = if name.stops() {
        format!("{{ echo \"{hook}: {missing} $0\" >&2; exit 1; }}")
    } else {
        format!(
            "{{ echo \"{hook}: {missing} $0\" >&2; \
             [ ! -x \"$0{CHAINED}\" ] || exec \"$0{CHAINED}\" \"$@\"; exit 0; }}"
        )
    };
    format!(
        "#!/bin/sh\n{MARK}\ncommand -v pkg >/dev/null 2>&1 || {otherwise}\n\
         exec pkg hook run {hook} -- \"$@\"\n"
    )
}

fn write_script(path: &Path, name: Name) -> Result<()> {
    let (parent, staged) = fsx::staging_path(path)?;
    let write = || -> io::Result<()> {
        if fsx::exists(&staged) {
            fsx::remove(&staged)?;
        }
        let mut file = fsx::create_new(&staged)?;
        file.write_all(script(name).as_bytes())?;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
        file.sync_all()?;
        fs::rename(&staged, path)?;
        fsx::sync_dir(&parent)
    };
    write().map_err(|error| Problem::writing(path, error))
}

/// Renames, and never over something.
fn rename(from: &Path, to: &Path) -> Result<()> {
    if fsx::exists(to) {
        return Err(Problem::new(Code::HookConflict, to.display())
            .detail("something is there already, and would be written over"));
    }
    fs::rename(from, to).map_err(|error| Problem::writing(to, error))
}
