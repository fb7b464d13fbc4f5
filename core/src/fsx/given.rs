//! Files that the caller named.

use std::path::Path;

use super::read_limited;
use crate::finding::{Code, Problem, Result};

/// Reads a whole file of at most `limit` bytes that the caller named: a link there is the
/// caller's own, and what is wrong is told under the name that the caller knows. Where the
/// caller also wrote the document, [`Problem::given`] says so of one that is too large.
pub fn read_given(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let real = path.canonicalize().map_err(|error| Problem::reading(path, error).given())?;
    read_limited(&real, limit).map_err(|problem| {
        let problem = match problem.code() {
            Code::SpecialFile => {
                let linked = path.symlink_metadata().is_ok_and(|there| there.is_symlink());
                let leads = format!("it leads to {}, which", real.display());
                let it = if linked { &leads } else { "it" };
                problem
                    .detail(format!("{it} is no regular file but a folder, device, pipe or socket"))
                    .hint("Name a regular file; what a pipe gives can be saved to one first.")
            }
            Code::MetadataTooLarge => {
                problem.hint("Check that it is the file you meant; docs/limits.md has the limits.")
            }
            _ => problem,
        };
        // How large a document is is up to who wrote it, who need not be the caller.
        let given = problem.code() != Code::MetadataTooLarge;
        let problem = problem.about(path.display());
        if given { problem.given() } else { problem }
    })
}
