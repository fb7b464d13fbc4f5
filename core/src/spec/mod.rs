//! Reading `pkg.toml`, checking it, and finding the files it speaks of.

mod check;
mod keys;
mod licences;
mod parse;
mod resolve;
mod walk;

use std::path::Path;

pub use check::check;
pub use parse::parse;
pub use resolve::{Resolved, resolve};
pub(crate) use resolve::{lfs_problem, matcher};
pub use walk::{Found, FoundKind, walk};

pub use crate::scan::SourceFile;

use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx;
use crate::model::spec::{FILE_NAME, Spec};

/// Largest `pkg.toml` that is read, in bytes.
pub const MAX_SPEC: u64 = 1 << 20;

/// Reads and checks `pkg.toml` of a release folder.
pub fn load(folder: &Path) -> Result<Spec> {
    if !folder.is_dir() {
        let problem = Problem::not_there(folder);
        return Err(problem.detail("there is no such folder"));
    }
    load_file(&folder.join(FILE_NAME))
}

/// Reads and checks one `pkg.toml`, without its folder.
pub fn load_file(path: &Path) -> Result<Spec> {
    let text = read_text(path)?;
    let spec = parse(&text, &path.display().to_string())?;
    match check(&spec).into_iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) => Err(problem(finding)),
        None => Ok(spec),
    }
}

/// Text of a `pkg.toml`.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let bytes = fsx::read_limited(path, MAX_SPEC).map_err(|problem| match problem.code() {
        Code::PathNotFound => Problem::new(Code::SpecMissing, path.display()),
        Code::MetadataTooLarge => problem.hint("List globs instead of single files."),
        _ => problem,
    })?;
    String::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::SpecSyntax, path.display()).detail("it is not UTF-8").source(error)
    })
}

/// A finding that stops the operation.
pub(crate) fn problem(finding: Finding) -> Problem {
    Problem::new(finding.code, finding.subject).detail(finding.message).hint(finding.hint)
}
