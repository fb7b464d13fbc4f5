//! Files that are stored in parts, each a raw layer of its own: what the manifest says
//! about them, checking them, and putting them together.
//!
//! Where a file is cut is said by `split`; here it is what the manifest says.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::content::{Bad, Checked, Scope, conclude, open_layer, unread};
use super::load::Loaded;
use super::oci::{self, Descriptor, Form, Manifest};
use super::source::{Source, mismatch};
use super::store::read_or_write;
use crate::finding::{Code, Problem, Result};
use crate::hash::{Chain, Meter, Part, Sink, Span, ingest_at, run_largest_first};
use crate::model::digest::Digest;
use crate::model::path::ReleasePath;
use crate::model::release::FileEntry;

/// Path that other tools give a part: no two layers may have the same, or the one would
/// be written over the other.
fn part_path(path: &ReleasePath, number: usize, count: usize) -> String {
    format!("{path}.part-{number:05}-of-{count:05}")
}

/// The annotations of a part: number, count and first byte.
fn annotations(
    path: &ReleasePath,
    (number, count): (usize, usize),
    offset: u64,
) -> [(&'static str, String); 4] {
    [
        (oci::FILEPATH, part_path(path, number, count)),
        (oci::PART_FILE, path.to_string()),
        (oci::PART_OFFSET, offset.to_string()),
        (oci::PART_NUMBER, format!("{number}/{count}")),
    ]
}

/// Whether a layer says that it is a part of a file.
pub(super) fn is_part(layer: &Descriptor) -> bool {
    [oci::PART_FILE, oci::PART_OFFSET, oci::PART_NUMBER]
        .into_iter()
        .any(|key| layer.annotation(key).is_some())
}

/// The layers of a file in parts; `whole` is what its layer would be if it had one.
pub(super) fn describe(whole: &Descriptor, path: &ReleasePath, parts: &[Part]) -> Vec<Descriptor> {
    let mut offset = 0;
    let mut layers = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let mut layer = whole.clone();
        (layer.digest, layer.size) = (part.digest, part.len);
        for (key, value) in annotations(path, (index + 1, parts.len()), offset) {
            layer.annotations.insert(key.to_owned(), value);
        }
        offset += part.len;
        layers.push(layer);
    }
    layers
}

/// Whether these layers are the parts of a file, in their order and without a gap.
pub(super) fn validate(file: &FileEntry, layers: &[Descriptor]) -> Result<()> {
    let invalid = |why: String| Problem::new(Code::ReleaseInvalid, &file.path).detail(why);
    let mut offset = 0_u64;
    for (index, layer) in layers.iter().enumerate() {
        let number = index + 1;
        let wrong = |what: &str| Err(invalid(format!("its part {number} {what}")));
        if oci::layer_form(&layer.media_type) != Some(Form::Raw)
            || layer.media_type != layers[0].media_type
        {
            return wrong("is no raw layer like the first one");
        }
        let expected = annotations(&file.path, (number, layers.len()), offset);
        if expected.iter().any(|(key, value)| layer.annotation(key) != Some(value)) {
            return wrong("is said to be another one by its annotations");
        }
        if layer.size == 0 {
            return wrong("is empty");
        }
        let end = offset.checked_add(layer.size).filter(|end| *end <= file.size);
        offset = end.ok_or_else(|| invalid(format!("its part {number} ends behind its end")))?;
    }
    if offset == file.size {
        Ok(())
    } else {
        Err(invalid(format!("its parts have {offset} bytes, but it has {}", file.size)))
    }
}

/// Place, length and digest of the parts of a file.
pub(super) fn ranges(
    manifest: &Manifest,
    file: &FileEntry,
) -> impl Iterator<Item = ((u64, u64), Digest)> {
    // What was loaded was validated: the sum is the size of the file.
    manifest.layers[file.layers()].iter().scan(0_u64, |offset, layer| {
        let at = *offset;
        *offset = offset.saturating_add(layer.size);
        Some(((at, layer.size), layer.digest))
    })
}

/// Where the part lies that is this layer, and its digest.
pub(super) fn part(manifest: &Manifest, file: &FileEntry, layer: usize) -> (u64, Digest) {
    let before = &manifest.layers[file.layer..layer];
    (before.iter().map(|layer| layer.size).sum(), manifest.layers[layer].digest)
}

/// The bytes of a file in parts.
pub(super) fn chain<'a>(
    loaded: &'a Loaded,
    source: &'a Source,
    file: &FileEntry,
) -> Result<Chain<'a>> {
    let layers = &loaded.manifest.layers[file.layers()];
    // Said at once, and not when a header turns out to be unreadable.
    layers.first().map(|first| open_layer(source, first)).transpose()?;
    let lens: Vec<u64> = layers.iter().map(|layer| layer.size).collect();
    Ok(Chain::new(lens, move |number| open_layer(source, &layers[number])))
}

/// The first bytes of a file in parts.
pub(super) fn head(
    loaded: &Loaded,
    source: &Source,
    file: &FileEntry,
    limit: u64,
) -> Result<Vec<u8>> {
    let chain = chain(loaded, source, file)?;
    let mut bytes = Vec::new();
    let read = chain.reader().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| Problem::reading(Path::new(file.path.as_str()), error))?;
    Ok(bytes)
}

/// One job of checking: a layer, or the whole file.
struct Job<'a> {
    position: usize,
    file: &'a FileEntry,
    /// First byte and layer; none for the whole.
    part: Option<(u64, &'a Descriptor)>,
}

/// Checks files in parts that are in `scope`: each part by the digest of its layer, and
/// the whole as well when that was asked for.
pub(super) fn check(
    loaded: &Loaded,
    source: &Source,
    scope: &Scope,
    meter: &Meter,
    checked: &mut Checked,
) {
    let mut jobs = Vec::new();
    for (position, file) in loaded.files.files.iter().enumerate() {
        if !file.in_parts() || !scope.covers(loaded, file) {
            continue;
        }
        meter.expect(file.size);
        let layers = &loaded.manifest.layers[file.layers()];
        let starts = ranges(&loaded.manifest, file).map(|((offset, _), _)| offset);
        let parts = starts.zip(layers).map(Some);
        let whole = scope.whole_files.then_some(None);
        jobs.extend(parts.chain(whole).map(|part| Job { position, file, part }));
    }
    run(loaded, source, &jobs, meter, checked);
}

/// Checks the digests of files in parts as wholes, where their parts were checked before.
pub(super) fn check_whole(loaded: &Loaded, source: &Source, scope: &Scope, checked: &mut Checked) {
    let mut jobs = Vec::new();
    for (position, file) in loaded.files.files.iter().enumerate() {
        // Of a damaged file it is known already.
        if file.in_parts() && scope.covers(loaded, file) && checked.good.remove(&position) {
            jobs.push(Job { position, file, part: None });
        }
    }
    run(loaded, source, &jobs, &Meter::default(), checked);
}

fn run(loaded: &Loaded, source: &Source, jobs: &[Job<'_>], meter: &Meter, checked: &mut Checked) {
    let results = run_largest_first(
        jobs,
        |job| job.part.map_or(job.file.size, |(_, layer)| layer.size),
        |job, buffer| check_one(loaded, source, job, buffer, meter),
    );
    let seen: HashSet<usize> = jobs.iter().map(|job| job.position).collect();
    let mut bad = Bad::new();
    for (job, result) in jobs.iter().zip(results) {
        match result {
            Ok(bytes) => checked.bytes += bytes,
            Err(problem) => bad.entry(job.position).or_default().push(problem),
        }
    }
    conclude(checked, seen, bad);
}

fn check_one(
    loaded: &Loaded,
    source: &Source,
    job: &Job<'_>,
    buffer: &mut [u8],
    meter: &Meter,
) -> Result<u64> {
    let file = job.file;
    let Some((offset, layer)) = job.part else {
        let chain = chain(loaded, source, file)?;
        let digest = chain.digest((0, file.size), buffer, &Meter::default())?;
        let digest = digest.map_err(|error| unread(&file.path, error))?;
        return if digest == file.digest {
            Ok(file.size)
        } else {
            Err(mismatch(&file.path, file.digest, digest))
        };
    };
    let span =
        open_layer(source, layer).map_err(|problem| of_part(file, offset, layer, problem))?;
    let digest = Chain::from(span).digest((0, layer.size), buffer, meter)?;
    let digest = digest.map_err(|error| unread(&file.path, error))?;
    if digest == layer.digest {
        Ok(layer.size)
    } else {
        Err(damaged(file, (offset, layer.size), layer.digest, digest))
    }
}

/// A problem with the blob of a part, with the file that it is of.
fn of_part(file: &FileEntry, offset: u64, layer: &Descriptor, problem: Problem) -> Problem {
    let end = offset + layer.size;
    let message = &problem.finding().message;
    let detail = format!("{message} (holds bytes {offset} to {end} of {})", file.path);
    problem.detail(detail)
}

fn damaged(file: &FileEntry, (offset, len): (u64, u64), layer: Digest, is: Digest) -> Problem {
    Problem::new(Code::DigestMismatch, &file.path).detail(format!(
        "bytes {offset} to {} are the layer {layer}, but their content is {is}",
        offset + len
    ))
}

/// Writes a part at its place in `target`, a file at a path, and proves it.
pub(super) fn write(
    file: &FileEntry,
    (offset, expected): (u64, Digest),
    span: &Span,
    (target, path): (&File, &Path),
    buffer: &mut [u8],
    meter: &Meter,
) -> Result<()> {
    let sink = Some(Sink { file: target, offset });
    let ingested = ingest_at(span, sink, None, buffer, meter)
        .map_err(|error| read_or_write(Path::new(file.path.as_str()), path, error))?;
    if ingested.digest == expected {
        Ok(())
    } else {
        Err(damaged(file, (offset, span.len), expected, ingested.digest))
    }
}

/// Puts a file together in `target`, an empty file at a path; several parts at a time,
/// all of them proved.
pub(super) fn join(
    loaded: &Loaded,
    source: &Source,
    file: &FileEntry,
    (target, path): (&File, &Path),
    meter: &Meter,
) -> Result<()> {
    let layers: Vec<usize> = file.layers().collect();
    let results = run_largest_first(
        &layers,
        |layer| loaded.manifest.layers[*layer].size,
        |layer, buffer| {
            let span = open_layer(source, &loaded.manifest.layers[*layer])?;
            let part = part(&loaded.manifest, file, *layer);
            write(file, part, &span, (target, path), buffer, meter)
        },
    );
    results.into_iter().collect()
}
