//! Checking content against the file index: layers of a bundle, or a folder.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::load::Loaded;
use super::oci::{self, Form};
use super::remote::Keep;
use super::source::{Source, mismatch, wrong_size};
use super::tarball::{self, EntryHead, Tee};
use super::{names, parts};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::Dir;
use crate::hash::{self, Meter, Span, SpanReader, run_largest_first};
use crate::model::digest::Digest;
use crate::model::kind::Selector;
use crate::model::path::{META_DIR, ReleasePath};
use crate::model::release::{FileEntry, Owner};

/// What is to be checked.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Components to check; all, and everything else, when empty.
    pub only: Vec<Selector>,
    /// Check whole-file digests even where shard digests are recorded.
    pub whole_files: bool,
}

impl Scope {
    /// Whether a file is to be checked.
    pub fn covers(&self, loaded: &Loaded, file: &FileEntry) -> bool {
        self.only.is_empty()
            || match file.owner {
                Owner::Component(position) => {
                    let kind = loaded.release.components[position].kind;
                    self.only.iter().any(|selector| selector.matches(kind))
                }
                Owner::Data(_) => {
                    self.only.contains(&Selector::Group(crate::model::kind::Group::Data))
                }
                // Terms belong to whatever they are the terms of.
                Owner::Licence => true,
            }
    }
}

/// What was checked, and what is wrong.
#[derive(Debug, Default)]
pub struct Checked {
    /// Files whose content is right, by their position in the file index.
    pub good: HashSet<usize>,
    /// Bytes that were read.
    pub bytes: u64,
    /// Problems, in the order of the paths.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// What checking `scope` would give if all of its content were right.
    pub fn assumed(loaded: &Loaded, scope: &Scope) -> Self {
        let files = loaded.files.files.iter().enumerate();
        let good = files.filter(|(_, file)| scope.covers(loaded, file)).map(|(at, _)| at);
        Self { good: good.collect(), ..Self::default() }
    }
}

/// A range of a file that is to be hashed, and the digest it must have.
struct Probe {
    offset: u64,
    len: u64,
    expected: Digest,
    whole: bool,
}

/// Ranges that together prove a file. With shards: all of them, in parallel.
fn probes(loaded: &Loaded, position: usize, scope: &Scope) -> Vec<Probe> {
    let file = &loaded.files.files[position];
    let mut probes = Vec::new();
    let shard = |((offset, len), expected)| Probe { offset, len, expected, whole: false };
    if file.in_parts() {
        // Where the file is whole, as in a folder, its parts are ranges of it.
        probes.extend(parts::ranges(&loaded.manifest, file).map(shard));
    } else if let Some(size) = loaded.files.shard_size.filter(|_| !file.shards.is_empty()) {
        let shards = hash::shards(file.size, size).zip(file.shards.iter().copied());
        probes.extend(shards.map(shard));
    }
    if probes.is_empty() || scope.whole_files {
        probes.push(Probe { offset: 0, len: file.size, expected: file.digest, whole: true });
    }
    probes
}

/// Hashes the files at these positions, each opened once by `open`, and keeps which of them
/// are good. Gives back why files could not be opened.
fn run_probes(
    loaded: &Loaded,
    positions: &[usize],
    scope: &Scope,
    open: impl Fn(usize) -> Result<Span> + Sync,
    (meter, checked): (&Meter, &mut Checked),
) -> Vec<(usize, Problem)> {
    let results = hash::hash_pieces(
        positions,
        |position| {
            let probes = probes(loaded, *position, scope);
            probes.iter().map(|probe| (probe.offset, probe.len)).collect()
        },
        |position| open(*position).map(|span| (span, ())).map_err(Err),
        |position, (), digests| {
            let path = &loaded.files.files[*position].path;
            let probes = probes(loaded, *position, scope);
            let bytes: u64 = probes.iter().map(|probe| probe.len).sum();
            let wrong = probes.iter().zip(digests);
            Ok((bytes, wrong.filter_map(|(probe, got)| wrong_range(path, probe, got)).collect()))
        },
        meter,
    );
    let (mut bad, mut seen, mut unopened) = (Bad::new(), Vec::new(), Vec::new());
    for (position, result) in positions.iter().zip(results) {
        let problems: Vec<Problem> = match result {
            Ok((bytes, problems)) => {
                checked.bytes += bytes;
                problems
            }
            Err(problem) => {
                unopened.push((*position, problem));
                continue;
            }
        };
        seen.push(*position);
        if !problems.is_empty() {
            bad.insert(*position, problems);
        }
    }
    conclude(checked, seen, bad);
    unopened
}

/// What is wrong with a range, if anything.
fn wrong_range(path: &ReleasePath, probe: &Probe, got: io::Result<Digest>) -> Option<Problem> {
    match got {
        Ok(digest) if digest == probe.expected => None,
        Ok(digest) if probe.whole => Some(mismatch(path, probe.expected, digest)),
        Ok(digest) => {
            let (start, end) = (probe.offset, probe.offset + probe.len);
            Some(Problem::new(Code::DigestMismatch, path).detail(format!(
                "bytes {start} to {end} were recorded as {}, but they are {digest}",
                probe.expected
            )))
        }
        Err(error) => Some(unread(path, error)),
    }
}

/// Problems of files, by their position in the file index.
pub(super) type Bad = BTreeMap<usize, Vec<Problem>>;

/// Keeps which files are good, and one finding about each that is not.
pub(super) fn conclude(checked: &mut Checked, seen: impl IntoIterator<Item = usize>, bad: Bad) {
    checked.good.extend(seen.into_iter().filter(|file| !bad.contains_key(file)));
    for problems in bad.into_values() {
        let more = problems.len() - 1;
        let mut problems = problems.into_iter();
        if let Some(first) = problems.next() {
            let mut finding = first.into_finding();
            if more > 0 {
                finding.message = format!("{} (and {more} more such ranges)", finding.message);
            }
            checked.findings.push(finding);
        }
    }
}

/// A file that was there and could not be read to its end.
pub(super) fn unread(path: &ReleasePath, error: io::Error) -> Problem {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Problem::new(Code::FileChanged, path).detail("it became shorter while it was read")
    } else {
        Problem::reading(Path::new(path.as_str()), error)
    }
}

/// The same for who reads the content afterwards: what comes from a registry is kept
/// until the release is dropped, so that nothing is fetched twice.
pub fn check_and_keep_layers(
    loaded: &Loaded,
    source: &Source,
    scope: &Scope,
    meter: &Meter,
) -> Checked {
    match source.remote() {
        Some(remote) => remote.check_layers(loaded, scope, Keep::Here, meter),
        None => check_layers(loaded, source, scope, meter),
    }
}

/// Checks the layers of a bundle that hold files in `scope`. Those in a registry are
/// checked while they arrive, and not stored.
pub fn check_layers(loaded: &Loaded, source: &Source, scope: &Scope, meter: &Meter) -> Checked {
    if let Some(remote) = source.remote() {
        // The digest of a file in parts is over bytes that arrive in any order.
        let whole = scope.whole_files && loaded.files.files.iter().any(FileEntry::in_parts);
        let keep = if whole { Keep::Here } else { Keep::No };
        let mut checked = remote.check_layers(loaded, scope, keep, meter);
        if whole {
            parts::check_whole(loaded, source, scope, &mut checked);
        }
        return checked;
    }
    let mut checked = Checked::default();
    let mut by_layer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (position, file) in loaded.files.files.iter().enumerate() {
        if scope.covers(loaded, file) && !file.in_parts() {
            by_layer.entry(file.layer).or_default().push(position);
        }
    }
    let descriptor = |layer: usize| &loaded.manifest.layers[layer];
    meter.expect(by_layer.keys().map(|layer| descriptor(*layer).size).sum());
    let is_raw = |layer: &usize| oci::layer_form(&descriptor(*layer).media_type) == Some(Form::Raw);
    let (raw, tars): (Vec<usize>, Vec<usize>) = by_layer.keys().copied().partition(is_raw);
    let positions: Vec<usize> = raw.iter().flat_map(|layer| by_layer[layer].clone()).collect();
    let layer_of = |position: usize| loaded.files.files[position].layer;
    let open = |position: usize| open_layer(source, descriptor(layer_of(position)));
    let unopened = run_probes(loaded, &positions, scope, open, (meter, &mut checked));
    let mut named = HashSet::new();
    for (position, problem) in unopened {
        let layer = layer_of(position);
        // Files of one layer share its problem.
        if named.insert(layer) {
            checked.findings.push(naming_files(loaded, &by_layer[&layer], problem));
        }
    }
    parts::check(loaded, source, scope, meter, &mut checked);
    let results = run_largest_first(
        &tars,
        |layer| descriptor(*layer).size,
        |layer, _| {
            let check = |span| check_tar(loaded, *layer, &span, meter, |_, _| Ok(()));
            (*layer, open_layer(source, descriptor(*layer)).and_then(check))
        },
    );
    for (layer, result) in results {
        match result {
            Ok(()) => {
                checked.bytes += descriptor(layer).size;
                checked.good.extend(files_of(loaded, layer));
            }
            Err(problem) => {
                checked.findings.push(naming_files(loaded, &by_layer[&layer], problem));
            }
        }
    }
    checked
}

/// A problem with a layer, with the names of some files that are in it.
pub(super) fn naming_files(loaded: &Loaded, files: &[usize], problem: Problem) -> Finding {
    let named: Vec<&str> =
        files.iter().take(3).map(|file| loaded.files.files[*file].path.as_str()).collect();
    let dots = if files.len() > 3 { ", ..." } else { "" };
    let mut finding = problem.into_finding();
    finding.message = format!("{} (holds {}{dots})", finding.message, named.join(", "));
    finding
}

pub(super) fn files_of(loaded: &Loaded, layer: usize) -> impl Iterator<Item = usize> {
    loaded
        .files
        .files
        .iter()
        .enumerate()
        .filter(move |(_, f)| f.layer == layer)
        .map(|(index, _)| index)
}

/// The blob of a layer, with the size the manifest says.
pub(super) fn open_layer(source: &Source, layer: &oci::Descriptor) -> Result<Span> {
    let span = source.blob(layer)?;
    let span = span.ok_or_else(|| Problem::new(Code::MissingBlob, layer.digest))?;
    if span.len == layer.size {
        Ok(span)
    } else {
        Err(wrong_size(layer.digest, layer.size, span.len))
    }
}

/// Reads a tar + zstd layer and checks blob digest, diffId and every file in it.
///
/// `keep` receives each file's bytes as they pass, before they are proved: what
/// it stores must not be used unless this function succeeds.
pub(super) fn check_tar(
    loaded: &Loaded,
    layer: usize,
    span: &Span,
    meter: &Meter,
    mut keep: impl FnMut(&FileEntry, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let descriptor = &loaded.manifest.layers[layer];
    let subject = descriptor.digest.to_string();
    let expected: HashMap<&str, &FileEntry> = files_of(loaded, layer)
        .map(|position| &loaded.files.files[position])
        .map(|file| (file.path.as_str(), file))
        .collect();
    let limit = tarball::size_limit(expected.values().map(|file| (&file.path, file.size)));
    let mut seen: HashSet<ReleasePath> = HashSet::new();
    let mut blob = Tee::new(SpanReader::new(span.clone()));
    let outcome = tarball::read(&subject, &mut blob, limit, |head: EntryHead, content| {
        let file = expected.get(head.path.as_str()).ok_or_else(|| {
            Problem::new(Code::TarInvalid, &subject)
                .detail(format!("it holds {}, which the file index does not have", head.path))
        })?;
        if !seen.insert(head.path.clone()) {
            return Err(Problem::new(Code::DuplicatePath, &subject)
                .detail(format!("{} is there twice", head.path)));
        }
        if head.size != file.size {
            return Err(wrong_size(&file.path, file.size, head.size));
        }
        if head.executable != file.executable {
            return Err(Problem::new(Code::TarInvalid, &subject)
                .detail(format!("{} differs in its executable bit", head.path)));
        }
        let mut content = Tee::new(content);
        keep(file, &mut content)?;
        io::copy(&mut content, &mut io::sink()).map_err(|error| {
            Problem::new(Code::TarInvalid, &subject).detail(format!("{}: {error}", head.path))
        })?;
        let (_, actual, count) = content.finish();
        if count != head.size {
            let detail = format!("{} is cut short: {count} of {} bytes", head.path, head.size);
            return Err(Problem::new(Code::TarInvalid, &subject).detail(detail));
        }
        if actual == file.digest { Ok(()) } else { Err(mismatch(&file.path, file.digest, actual)) }
    });
    // The blob as a whole is hashed in any case: if it is not what was
    // recorded, that is the finding, and not what a parser tripped over.
    let mut hashed = io::copy(&mut blob, &mut io::sink()).map(|_| ());
    let (_, actual, count) = blob.finish();
    meter.add(count);
    if count != descriptor.size && hashed.is_ok() {
        hashed = Err(io::ErrorKind::UnexpectedEof.into());
    }
    hashed.map_err(|error| Problem::reading(Path::new(&subject), error))?;
    if actual != descriptor.digest {
        return Err(mismatch(&subject, descriptor.digest, actual));
    }
    let diff_id = outcome?;
    let recorded = loaded.config.modelfs.diff_ids[layer];
    if diff_id != recorded {
        return Err(Problem::new(Code::ConfigInvalid, &subject)
            .detail(format!("diffId recorded as {recorded}, but it unfolds to {diff_id}")));
    }
    if let Some(missing) = expected.values().find(|file| !seen.contains(&file.path)) {
        let detail = format!("{} is not in it", missing.path);
        return Err(Problem::new(Code::TarInvalid, &subject).detail(detail));
    }
    Ok(())
}

/// Checks an unpacked folder: every file in `scope`, and that nothing is extra.
pub fn check_folder(loaded: &Loaded, root: &Path, scope: &Scope, meter: &Meter) -> Checked {
    let mut checked = Checked::default();
    let open = match Dir::open(root) {
        Ok(open) => open,
        Err(error) => {
            checked.findings.push(Problem::reading(root, error).into_finding());
            return checked;
        }
    };
    let present = walk(loaded, root, &mut checked);
    let mut there = Vec::new();
    for (position, file) in loaded.files.files.iter().enumerate() {
        if !scope.covers(loaded, file) {
            continue;
        }
        if present.contains(file.path.as_str()) {
            meter.expect(file.size);
            there.push(position);
        } else {
            checked.findings.push(Problem::new(Code::MissingFile, &file.path).into_finding());
        }
    }
    let read = |position: usize| open_file(&open, &loaded.files.files[position]);
    let unopened = run_probes(loaded, &there, scope, read, (meter, &mut checked));
    checked.findings.extend(unopened.into_iter().map(|(_, problem)| problem.into_finding()));
    checked
}

fn open_file(root: &Dir, file: &FileEntry) -> Result<Span> {
    let path = root.shown(file.path.as_str());
    let opened = root.open_regular(file.path.as_str())?;
    let meta = opened.metadata().map_err(|error| Problem::reading(&path, error))?;
    if meta.len() != file.size {
        return Err(wrong_size(&file.path, file.size, meta.len()));
    }
    let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0;
    if executable && !file.executable {
        return Err(Problem::new(Code::StatementMismatch, &file.path)
            .detail("it is executable, but was not when it was signed")
            .hint(format!("chmod a-x {}", path.display())));
    }
    Ok(Span { file: Arc::new(opened), offset: 0, len: meta.len() })
}

/// Paths of the regular files in the folder; everything else is reported.
fn walk(loaded: &Loaded, root: &Path, checked: &mut Checked) -> HashSet<String> {
    let known: HashSet<&str> = loaded.files.files.iter().map(|file| file.path.as_str()).collect();
    let own: HashSet<&str> = [names::MANIFEST, names::CONFIG, names::RELEASE, names::FILES]
        .into_iter()
        .chain(loaded.signatures.iter().map(|signature| signature.name.as_str()))
        .chain(loaded.evidence.iter().map(|blob| blob.name.as_str()))
        .collect();
    let mut present = HashSet::new();
    let walker = walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    // A clone of a repository has its history in it; it is not part of a release.
    for entry in walker.filter_entry(|entry| entry.depth() != 1 || entry.file_name() != ".git") {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).display().to_string();
                let why = error.to_string();
                checked
                    .findings
                    .push(Problem::new(Code::UnreadableFile, path).detail(why).into_finding());
                continue;
            }
        };
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if entry.file_type().is_dir() {
            continue;
        }
        let Some(name) = relative.to_str() else {
            let shown = String::from_utf8_lossy(relative.as_os_str().as_bytes()).into_owned();
            checked.findings.push(Problem::new(Code::ExtraFile, shown).into_finding());
            continue;
        };
        if known.contains(name) {
            present.insert(name.to_owned());
        } else if !own.contains(name) {
            let mut problem = Problem::new(Code::ExtraFile, name);
            if name.starts_with(META_DIR) {
                problem = problem.detail("a document that this pkg does not know is there");
            }
            checked.findings.push(problem.into_finding());
        }
    }
    present
}
