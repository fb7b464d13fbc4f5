//! Weights, pointers to them, and large files that should be pointers.

use super::Collector;
use super::source::{Item, Source};
use crate::finding::{Code, Problem, Result, Severity};
use crate::git::lfs;
use crate::model::path::ReleasePath;
use crate::scan::{Format, What, classify};

/// Size from which a file that is no text belongs into Git LFS, in bytes: model hubs
/// refuse larger ones.
const LARGE: u64 = 10_000_000;

/// Looks at a Git LFS pointer: whether its content is here, and sane. Says whether the
/// file is one.
pub(super) fn pointer(
    source: &Source,
    item: &Item,
    head: &[u8],
    all: &mut Collector,
) -> Result<bool> {
    if item.size >= crate::scan::lfs::MAX_POINTER {
        return Ok(false);
    }
    let Some(object) = lfs::pointer(head, &item.path)? else { return Ok(false) };
    let Some(objects) = source.objects() else {
        let problem = Problem::new(Code::LfsPointer, &item.path);
        all.add(&item.path, None, problem.detail("a Git LFS pointer in a folder without git"));
        return Ok(true);
    };
    match objects.require(&object, &item.path) {
        Ok(disk) => {
            let rel = release_path(item)?;
            report(item, classify(&disk, &rel).map(|it| it.what), all);
        }
        Err(problem) => {
            let mut finding = problem.into_finding();
            // A clone without the content is fine to work in; a new pointer to nothing
            // would be a commit that nobody can use.
            if !source.is_staged() {
                finding.severity = Severity::Warning;
            }
            all.finding(&item.path, None, finding);
        }
    }
    Ok(true)
}

/// Looks at any other file.
pub(super) fn look(
    source: &Source,
    item: &Item,
    head: &[u8],
    binary: bool,
    all: &mut Collector,
) -> Result<()> {
    // A blob that is too large to be taken out of the repository; no text is that large.
    let unread = head.is_empty() && item.size > 0;
    if item.size > LARGE && (binary || unread) && item.committed {
        let what = if unread { "that were not looked at" } else { "that are no text" };
        let detail = format!("{} MB {what}, committed without Git LFS", item.size / 1_000_000);
        let problem = Problem::new(Code::LargeNotInLfs, &item.path).detail(detail);
        all.add(&item.path, None, problem);
    }
    if unread {
        return Ok(());
    }
    let rel = release_path(item)?;
    // Only what may be weights is worth a file of its own.
    let pickle = head.first() == Some(&0x80) || head.starts_with(b"PK\x03\x04");
    let header = head.starts_with(b"GGUF") || head.get(8) == Some(&b'{');
    if crate::scan::classify::named_like_weights(&rel) || pickle || header {
        report(item, source.with_file(item, |disk| classify(disk, &rel)).map(|it| it.what), all);
    }
    Ok(())
}

fn report(item: &Item, what: Result<What>, all: &mut Collector) {
    match what {
        Ok(What::Weights(Format::Pickle)) => {
            let problem = Problem::new(Code::PickleWeights, &item.path).hint(
                "Release safetensors if you can; `pkg verify BUNDLE --plugin pickle` says what \
                 loading it would run.",
            );
            all.add(&item.path, None, problem);
        }
        Ok(_) => {}
        Err(problem) => {
            let mut finding = problem.into_finding();
            // The place on disk may be that of an object, or of a copy.
            finding.subject.clone_from(&item.path);
            all.finding(&item.path, None, finding);
        }
    }
}

fn release_path(item: &Item) -> Result<ReleasePath> {
    ReleasePath::new(item.path.as_str()).map_err(|error| {
        Problem::new(Code::UnsafePath, &item.path).detail(format!("in a release: {error}"))
    })
}
