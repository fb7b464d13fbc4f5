//! Finds the pickles of a release, and walks them without executing them.
//!
//! A pickle is a program. This plugin says of each what it would import and call, and
//! holds that against a list of what is harmless ([`allow`]); everything else, and all
//! that it cannot follow, counts as an error.

pub mod allow;
pub mod blob;
pub mod claim;
pub mod content;
pub mod danger;
pub mod find;
pub mod input;
mod literal;
pub mod machine;
pub mod npy;
pub mod opcodes;
mod reach;
pub mod report;
pub mod tar;
pub mod text;
pub mod values;
pub mod walk;
pub mod zip;

use pkg_plugin_sdk::{
    Check, Description, Failure, File, Host, Kind, Outcome, Plugin, Reply, Request, export_plugin,
};

/// The plugin.
#[derive(Debug)]
pub struct Pickles;

impl Plugin for Pickles {
    fn describe() -> Description {
        let about = "Walks the pickles of a release without executing them.";
        Description::new("pickle", env!("CARGO_PKG_VERSION"), &[Kind::Verify], about)
    }

    fn run(request: &Request, host: &Host<'_>) -> Result<Reply, Failure> {
        let total = request.files.len() as u64;
        let (mut checks, mut findings) = (Vec::new(), Vec::new());
        for (done, file) in (0_u64..).zip(&request.files) {
            if host.cancelled() {
                return Err(Failure::new("it was cancelled"));
            }
            host.progress(done, total);
            let (check, found) = report::of_file(&file.path, &find::find(&open(file)?, &file.path));
            checks.extend(check);
            findings.extend(found);
        }
        let count = checks.len();
        let worst = checks.iter().map(|check| check.outcome).max();
        let looked = format!("{total} files were looked at");
        let summary = match worst {
            None => format!("{looked}; none is or holds a pickle"),
            Some(Outcome::Failed) => format!("{looked}; pickles execute code on load"),
            Some(Outcome::Inconclusive) => {
                format!("{looked}; not every pickle could be followed to its end")
            }
            Some(_) => format!("{looked}; {count} with pickles that name only what is allowed"),
        };
        let outcome = if count == 0 { Outcome::Passed } else { Outcome::Warned };
        let detail = format!("{looked}; pickles in {count} of them");
        checks.push(Check::new("no-pickle", outcome, detail));
        Ok(Reply::new(checks).findings(findings).summary(summary))
    }
}

fn open(file: &File) -> Result<blob::Blob, Failure> {
    let cannot = |why: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be read: {why}", report::shown(&file.path)))
    };
    let opened = std::fs::File::open(&file.disk).map_err(|error| cannot(&error))?;
    let blob = blob::Blob::of_file(opened, file.offset, file.bytes).map_err(|e| cannot(&e))?;
    if blob.len() < file.bytes {
        return Err(cannot(&format!("it has {} of {} bytes", blob.len(), file.bytes)));
    }
    Ok(blob)
}

export_plugin!(Pickles);
