//! Hashing many files: whole, or shard by shard.

use std::io;
use std::sync::Arc;

use super::list::Located;
use crate::finding::{Code, Problem, Result};
use crate::fsx::{FileState, Readable as _};
use crate::hash::{
    Begun, Ingested, Intake, Meter, Span, hash_pieces, hash_spans_by, ingest_many, shards,
};
use crate::model::content::{ContentDigest, ContentHash};
use crate::trust::oms::{Method, Resource};

/// Files whose results are held at the same time.
const AT_ONCE: usize = 4096;

/// Files that are open at the same time, where the hash has no lanes.
const OPEN: usize = 256;

/// Most bytes of a small file: one that is read in a moment, so that its size need not be
/// known before its turn comes.
const SMALL: u64 = 256 << 10;

/// A file to hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job<'a> {
    /// The file.
    pub(super) file: Located<'a>,
    /// The size it must have; it is not read otherwise.
    pub(super) size: Option<u64>,
}

/// A file that was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hashed {
    /// Its state, before and after.
    pub(super) state: FileState,
    /// One digest for the whole, or one for each shard in order.
    pub(super) digests: Vec<ContentDigest>,
}

/// First byte and the byte after the last of each piece of a file; with the files
/// method there is one piece.
fn pieces(method: Method, size: u64) -> Vec<(u64, u64)> {
    match method {
        Method::Files => vec![(0, size)],
        Method::Shards { size: shard } => {
            shards(size, shard).map(|(offset, length)| (offset, offset + length)).collect()
        }
    }
}

/// The number of digests that a file of this size has.
pub(super) fn digest_count(method: Method, size: u64) -> u64 {
    match method {
        Method::Files => 1,
        Method::Shards { size: shard } => size.div_ceil(shard),
    }
}

/// The resources of a file.
pub(super) fn resources(name: &str, method: Method, hashed: &Hashed) -> Vec<Resource> {
    let range = |piece| (method != Method::Files).then_some(piece);
    pieces(method, hashed.state.size)
        .into_iter()
        .zip(&hashed.digests)
        .map(|(piece, digest)| Resource {
            path: name.to_owned(),
            range: range(piece),
            digest: *digest,
        })
        .collect()
}

/// Hashes files on all cores, each byte once; results are in the order of the jobs.
pub(super) fn hash_files(
    jobs: &[Job<'_>],
    hash: ContentHash,
    method: Method,
    meter: &Meter,
) -> Vec<Result<Hashed>> {
    let mut results: Vec<(usize, Result<Hashed>)> = Vec::with_capacity(jobs.len());
    hash_each(jobs, hash, method, meter, |index, result| results.push((index, result)));
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The same for who looks at each result once: hands them on by their position among the
/// jobs, in whatever order they come, and keeps none.
pub(super) fn hash_each(
    jobs: &[Job<'_>],
    hash: ContentHash,
    method: Method,
    meter: &Meter,
    mut take: impl FnMut(usize, Result<Hashed>),
) {
    let mut order: Vec<(usize, u64)> = if hash == ContentHash::Sha256 && method == Method::Files {
        let mut rest = Vec::new();
        let mut indices = 0..;
        for some in jobs.chunks(AT_ONCE) {
            for (result, index) in hash_small(some, meter).into_iter().zip(indices.by_ref()) {
                match result {
                    Small::Hashed(result) => take(index, result),
                    Small::Large(size) => rest.push((index, size)),
                }
            }
        }
        rest
    } else {
        let on_disk = |job: &Job<'_>| job.file.file().metadata().map_or(0, |meta| meta.len());
        jobs.iter().map(|job| job.size.unwrap_or_else(|| on_disk(job))).enumerate().collect()
    };
    meter.expect(order.iter().fold(0, |sum: u64, (_, size)| sum.saturating_add(*size)));
    // Large files first, so that no core has to wait for one at the end.
    order.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    for some in order.chunks(AT_ONCE) {
        let batch: Vec<(&Job<'_>, u64)> =
            some.iter().map(|(index, size)| (&jobs[*index], *size)).collect();
        let results = if hash == ContentHash::Sha256 {
            hash_in_lanes(&batch, method, meter)
        } else {
            let each = |few: &[_]| hash_batch(few, hash, method, meter);
            batch.chunks(OPEN).flat_map(each).collect()
        };
        for ((index, _), result) in some.iter().zip(results) {
            take(*index, result);
        }
    }
}

/// What came of a file of unknown size.
enum Small {
    Hashed(Result<Hashed>),
    /// It has this many bytes, and was left for later.
    Large(u64),
}

/// Small files whole, in whatever order, and the sizes of the others.
///
/// Asking for the size of a file by its path costs a quarter of what opening and reading a
/// small one does; here it is known when the file is open.
fn hash_small(jobs: &[Job<'_>], meter: &Meter) -> Vec<Small> {
    ingest_many(
        jobs,
        |_| SMALL,
        |job| match open(job) {
            Err(problem) => Begun::Done(Small::Hashed(Err(problem))),
            Ok(open) if open.state.size > SMALL => Begun::Done(Small::Large(open.state.size)),
            Ok(open) => {
                meter.expect(open.state.size);
                Begun::Read(Intake::of(open.whole()), open)
            }
        },
        |job, open, ingested: io::Result<Ingested>| {
            let digest = ingested.map(|ingested| ContentDigest::Sha256(ingested.digest));
            Small::Hashed(finish(job, &open, std::iter::once(digest)))
        },
        meter,
    )
}

/// SHA-256, for which a core works on many files at once.
fn hash_in_lanes(batch: &[(&Job<'_>, u64)], method: Method, meter: &Meter) -> Vec<Result<Hashed>> {
    hash_pieces(
        batch,
        |(_, size)| {
            let ranges = pieces(method, *size).into_iter();
            ranges.map(|(start, end)| (start, end - start)).collect()
        },
        |(job, size)| {
            let open = open(job).map_err(Err)?;
            if open.state.size != *size {
                return Err(Err(Problem::new(Code::FileChanged, job.file.name)));
            }
            Ok((open.whole(), open))
        },
        |(job, _), open, digests| {
            let digests = digests.into_iter().map(|digest| digest.map(ContentDigest::Sha256));
            finish(job, &open, digests)
        },
        meter,
    )
}

/// The digests of a file, if it is still what was opened.
fn finish(
    job: &Job<'_>,
    file: &Open,
    digests: impl Iterator<Item = std::io::Result<ContentDigest>>,
) -> Result<Hashed> {
    // First: a file that shrank while it was read is a changed file.
    unchanged(job, file)?;
    let digests = digests.collect::<std::io::Result<Vec<_>>>();
    let digests = digests.map_err(|error| Problem::reading(&job.file.file(), error))?;
    Ok(Hashed { state: file.state, digests })
}

fn hash_batch(
    jobs: &[(&Job<'_>, u64)],
    hash: ContentHash,
    method: Method,
    meter: &Meter,
) -> Vec<Result<Hashed>> {
    let opened: Vec<(&Job<'_>, Result<Open>)> =
        jobs.iter().map(|(job, _)| (*job, open(job))).collect();
    let mut spans = Vec::new();
    for file in opened.iter().filter_map(|(_, file)| file.as_ref().ok()) {
        spans.extend(pieces(method, file.state.size).into_iter().map(|(start, end)| Span {
            file: Arc::clone(&file.file),
            offset: start,
            len: end - start,
        }));
    }
    let mut digests = hash_spans_by(hash, &spans, meter).into_iter();
    let close = |(job, file): (&Job<'_>, Result<Open>)| {
        let file = file?;
        let count = pieces(method, file.state.size).len();
        // All digests of a file are taken off, also after a failure.
        let own: Vec<_> = digests.by_ref().take(count).collect();
        finish(job, &file, own.into_iter())
    };
    opened.into_iter().map(close).collect()
}

struct Open {
    file: Arc<std::fs::File>,
    state: FileState,
}

impl Open {
    fn whole(&self) -> Span {
        Span { file: Arc::clone(&self.file), offset: 0, len: self.state.size }
    }
}

fn open(job: &Job<'_>) -> Result<Open> {
    let (file, state) = job.file.file().open_with_state()?;
    if let Some(size) = job.size.filter(|size| *size != state.size) {
        return Err(Problem::new(Code::WrongSize, job.file.name)
            .detail(format!("signed as {size} bytes, but it has {}", state.size)));
    }
    Ok(Open { file: Arc::new(file), state })
}

/// Whether the file is as it was when it was opened, and for one that takes a while to read
/// also whether it is still what is at its path.
///
/// One question answers both: what is at the path has the device and inode of the open
/// file only if it is that file, and then its state is that of the open file. A small file
/// is asked for by its handle, which costs half: between opening and reading it there is
/// no more time than between this question and the end of the run.
fn unchanged(job: &Job<'_>, file: &Open) -> Result<()> {
    let now = if file.state.size > SMALL {
        FileState::at(&job.file.file())
    } else {
        FileState::of(&file.file)
    };
    match now {
        Ok(now) if now == file.state => Ok(()),
        _ => Err(Problem::new(Code::FileChanged, job.file.name)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::{
        AT_ONCE, Job, Located, SMALL, digest_count, hash_files, open, resources, unchanged,
    };
    use crate::finding::Code;
    use crate::fsx::FileRef;
    use crate::hash::Meter;
    use crate::model::content::ContentHash;
    use crate::model::digest::Digest;
    use crate::trust::oms::Method;

    #[test]
    fn results_keep_the_order_of_the_jobs_beyond_one_batch() {
        let dir = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..AT_ONCE + 50).map(|n| format!("f{n}")).collect();
        let paths: Vec<_> = names.iter().map(|name| FileRef::from(dir.path().join(name))).collect();
        let content = |index: usize| match index {
            5 | 4100 => "y".repeat(300_000 + index),
            _ => "x".repeat(index * 37 % 501),
        };
        for (index, path) in paths.iter().enumerate().filter(|(index, _)| *index != 7) {
            fs::write(path.as_path(), content(index)).unwrap();
        }
        let jobs: Vec<Job<'_>> = names
            .iter()
            .zip(&paths)
            .map(|(name, disk)| Job {
                file: Located::at(name, disk),
                size: (name == "f9").then_some(1),
            })
            .collect();
        let meter = Meter::default();
        let results = hash_files(&jobs, ContentHash::Sha256, Method::Files, &meter);
        assert_eq!(results.len(), jobs.len());
        for (index, result) in results.into_iter().enumerate() {
            match (index, result) {
                (7, Err(problem)) => assert_eq!(problem.code(), Code::PathNotFound),
                (9, Err(problem)) => assert_eq!(problem.code(), Code::WrongSize),
                (_, result) => {
                    let digest = Digest::of(content(index).as_bytes());
                    assert_eq!(result.unwrap().digests, [digest.into()], "{index}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_was_written_to_or_replaced_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let disk = FileRef::from(dir.path().join("file"));
        let job = Job { file: Located::at("file", &disk), size: None };
        fs::write(disk.as_path(), "before").unwrap();
        let file = open(&job).unwrap();
        assert!(unchanged(&job, &file).is_ok());
        fs::write(disk.as_path(), "longer than before").unwrap();
        assert_eq!(unchanged(&job, &file).unwrap_err().code(), Code::FileChanged);
        // Content that takes a while to read must still be what is at the path.
        let large = vec![1; usize::try_from(SMALL).unwrap() + 1];
        fs::write(disk.as_path(), &large).unwrap();
        let file = open(&job).unwrap();
        fs::write(dir.path().join("other"), &large).unwrap();
        fs::rename(dir.path().join("other"), disk.as_path()).unwrap();
        assert_eq!(unchanged(&job, &file).unwrap_err().code(), Code::FileChanged);
        let file = open(&job).unwrap();
        fs::remove_file(&disk).unwrap();
        assert_eq!(unchanged(&job, &file).unwrap_err().code(), Code::FileChanged);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn shards_are_those_of_the_content(
            content in proptest::collection::vec(any::<u8>(), 0..600), size in 1_u64..250,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let disk = FileRef::from(dir.path().join("file"));
            fs::write(disk.as_path(), &content).unwrap();
            let job = Job { file: Located::at("file", &disk), size: None };
            let method = Method::Shards { size };
            let hashed =
                hash_files(&[job], ContentHash::Sha256, method, &Meter::default()).remove(0).unwrap();
            let resources = resources("file", method, &hashed);
            prop_assert_eq!(resources.len() as u64, digest_count(method, content.len() as u64));
            let mut end = 0;
            for resource in resources {
                let (start, stop) = resource.range.unwrap();
                prop_assert_eq!(start, end);
                let piece = &content[usize::try_from(start).unwrap()..usize::try_from(stop).unwrap()];
                prop_assert_eq!(resource.digest, Digest::of(piece).into());
                end = stop;
            }
            prop_assert_eq!(end, content.len() as u64);
        }
    }
}
