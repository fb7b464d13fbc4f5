//! What the owner of a repository configured for the hooks: keys `pkg.*` of git-config(1).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{Config, Repository};
use globset::GlobMatcher;

use crate::finding::{Code, Problem, Result};
use crate::git;
use crate::spec::matcher;
use crate::trust::judge::{Accepted, Judge};
use crate::trust::keyfile;
use crate::trust::root::RootChoice;
use crate::trust::who::{IdentityRule, Pattern};

/// Tags that are releases, unless configured.
const TAGS: &str = "v*";

/// Settings of a repository.
#[derive(Debug)]
pub(super) struct Settings {
    /// Which tags are releases: `pkg.releaseTags`.
    tags: Vec<GlobMatcher>,
    /// Where bundles are, relative to the work tree: `pkg.bundle`.
    pub(super) bundles: Option<GlobMatcher>,
    /// Public key of whoever signs releases: `pkg.key`.
    keys: Vec<PathBuf>,
    /// `pkg.identity`, with `pkg.issuer`.
    identity: Option<(String, Option<String>)>,
    /// `pkg.trustedRoot`.
    root: Option<PathBuf>,
    /// Who may sign tags: `pkg.gitSigners`.
    pub(super) git_signers: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings.
    pub(super) fn of(repository: &Repository) -> Result<Self> {
        let subject = repository.path().display().to_string();
        let unreadable = |error| git::unreadable(&subject, error);
        let config = repository.config().and_then(|mut it| it.snapshot()).map_err(unreadable)?;
        let base = repository.workdir().unwrap_or(repository.path());
        let patterns = text(&config, "pkg.releasetags")?.unwrap_or_else(|| TAGS.to_owned());
        let identity = text(&config, "pkg.identity")?;
        let issuer = text(&config, "pkg.issuer")?;
        if identity.is_none() && issuer.is_some() {
            return Err(Problem::new(Code::IdentityNeeded, "pkg.issuer")
                .detail("an issuer alone names nobody: everyone with an account there has it"));
        }
        Ok(Self {
            tags: patterns.split_whitespace().map(matcher).collect::<Result<_>>()?,
            bundles: text(&config, "pkg.bundle")?.map(|it| matcher(&it)).transpose()?,
            keys: path(&config, "pkg.key", base)?.into_iter().collect(),
            identity: identity.map(|identity| (identity, issuer)),
            root: path(&config, "pkg.trustedroot", base)?,
            git_signers: path(&config, "pkg.gitsigners", base)?,
        })
    }

    /// Whether a tag of this name is a release.
    pub(super) fn is_release(&self, tag: &str) -> bool {
        self.tags.iter().any(|pattern| pattern.is_match(tag))
    }

    /// Whether anybody is named whose signature counts.
    pub(super) fn names_somebody(&self) -> bool {
        !self.keys.is_empty() || self.identity.is_some()
    }

    /// A judge of releases.
    pub(super) fn judge(&self) -> Result<Judge> {
        let keys = self.keys.iter().map(|path| keyfile::load_public_key(path));
        let rule = self.identity.as_ref().map(|(identity, issuer)| IdentityRule {
            identity: Some(Pattern::Exact(identity.clone())),
            issuer: issuer.clone().map(Pattern::Exact),
            claims: BTreeMap::new(),
        });
        let accepted = Accepted {
            keys: keys.collect::<Result<_>>()?,
            identities: rule.into_iter().collect(),
            authority: None,
            any_identity: false,
        };
        let root = self.root.clone().map_or_else(RootChoice::default, RootChoice::File);
        Ok(Judge::new(accepted, root))
    }
}

fn text(config: &Config, name: &str) -> Result<Option<String>> {
    match config.get_string(name) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(git::unreadable(name, error)),
    }
}

/// A path; relative ones are from the work tree, as hooks run there.
fn path(config: &Config, name: &str, base: &Path) -> Result<Option<PathBuf>> {
    match config.get_path(name) {
        Ok(path) => Ok(Some(base.join(path))),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(git::unreadable(name, error)),
    }
}
