//! Code from git on the command line: options of `pack` and `verify`, and what is said of it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::output::printable;
use crate::bundle::GitRequest;
use crate::model::git::GitSignature;
use crate::model::release::GitSource;
use crate::verify::{Compared, ComponentReport};

/// What is asked of repositories when code is packed from them.
#[derive(Debug, Args)]
pub struct GitArgs {
    /// Who may sign tags and commits that code comes from (ssh-keygen(1), ALLOWED SIGNERS)
    #[arg(long, value_name = "FILE")]
    pub git_signers: Option<PathBuf>,
    /// Pack code although the work tree has uncommitted changes; the release says so
    #[arg(long)]
    pub allow_dirty: bool,
    /// Pack code from a commit that no remote branch has; the release says so
    #[arg(long)]
    pub allow_unpushed: bool,
}

impl GitArgs {
    pub(super) fn request(&self) -> GitRequest {
        GitRequest {
            signers: self.git_signers.clone(),
            allow_dirty: self.allow_dirty,
            allow_unpushed: self.allow_unpushed,
        }
    }
}

/// One line for each component from a commit. All of it is what the publisher says.
pub(super) fn recorded(components: &[ComponentReport], page: &mut String) {
    for component in components {
        if let Some(git) = &component.git {
            let _ = writeln!(page, "git     {} from {}", component.kind, line(git));
        }
    }
}

fn line(git: &GitSource) -> String {
    let mut text = format!("commit {}", short(&git.commit));
    if let Some(remote) = &git.remote {
        let _ = write!(text, " of {}", printable(remote));
    }
    if let Some(tag) = &git.tag {
        let _ = write!(text, ", tag {}", printable(&tag.name));
        let _ = write!(text, " ({})", signature(tag.signature.as_ref()));
    }
    let _ = write!(text, ", commit {}", signature(git.signature.as_ref()));
    for (count, what) in [(git.submodules.len(), "submodules linked"), (git.lfs.len(), "LFS files")]
    {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    if git.dirty {
        text.push_str(", WITHOUT uncommitted changes");
    }
    if git.unpushed {
        text.push_str(", NOT PUSHED");
    }
    text.push_str("; as the publisher says");
    text
}

/// What was found in the repository that a release was held against.
pub(super) fn compared(compared: &Compared, page: &mut String) {
    let is = if compared.same { "is" } else { "is NOT" };
    let (kind, files) = (compared.kind, compared.files);
    let commit = short(&compared.commit);
    let _ = writeln!(page, "code    {kind} {is} commit {commit} ({files} files)");
    if let Some(tag) = &compared.tag {
        let name = printable(&tag.name);
        let _ = writeln!(page, "tag     {name}: {}", signature(tag.signature.as_ref()));
    }
    if compared.same {
        let _ = writeln!(page, "commit  {commit}: {}", signature(compared.signature.as_ref()));
    }
}

fn signature(signature: Option<&GitSignature>) -> String {
    let Some(signature) = signature else { return "not signed".to_owned() };
    let mut text = signature.level.words().to_owned();
    if let Some(who) = signature.signer.as_ref().or(signature.key.as_ref()) {
        let _ = write!(text, ", {}", printable(who));
    }
    text
}

fn short(commit: &str) -> String {
    let commit: String = commit.chars().take(12).collect();
    printable(&commit)
}
