//! Making layers: every file is read once, hashed and stored in the same pass.

use std::io::{self, Read};
use std::path::Path;

use super::cache::Cache;
use super::oci::{self, Descriptor, Form};
use super::plan::{From, Plan, PlannedFile};
use super::store::{Store, Take, read_or_write, state_of};
use super::tarball::{Tee, Written};
use super::{parts, split};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, FileRef, FileState};
use crate::git::{Commit, Content};
use crate::hash::{Hasher, Ingested, Meter, ShardHasher};
use crate::model::digest::Digest;

/// A layer that was made, with its diffId; several for a file in parts.
pub(super) struct Made {
    pub(super) layers: Vec<(Descriptor, Digest)>,
    pub(super) files: Vec<Ingested>,
}

pub(super) struct Maker<'m> {
    pub(super) store: &'m mut Store,
    pub(super) cache: &'m mut Cache,
    pub(super) shard_size: Option<u64>,
    /// Raw files larger than this are stored in parts.
    pub(super) part: Option<u64>,
    pub(super) findings: Vec<Finding>,
    pub(super) meter: &'m Meter,
    pub(super) read: u64,
}

impl Maker<'_> {
    pub(super) fn make_all(&mut self, plans: &[Plan<'_>]) -> Result<Vec<Made>> {
        let mut made: Vec<Option<Made>> = Vec::new();
        for plan in plans {
            made.push(match plan.form {
                Form::TarZstd => Some(self.make_tar(plan)?),
                Form::Raw => None,
            });
        }
        let raw: Vec<usize> = (0..plans.len()).filter(|index| made[*index].is_none()).collect();
        let takes = raw
            .iter()
            .map(|index| self.take_of(&plans[*index].files[0]))
            .collect::<Result<Vec<_>>>()?;
        let mut results = self.store.take_files(&takes, self.meter).into_iter();
        for (index, take) in raw.iter().zip(&takes) {
            let taken =
                results.next().unwrap_or_else(|| Err(Problem::new(Code::Internal, "pack")))?;
            if taken.read {
                self.read += take.size;
            }
            self.cache.keep_file(&take.disk, taken.state, &taken.ingested, taken.read_at);
            let plan = &plans[*index];
            let ingested = taken.ingested;
            let whole = [describe_layer(plan, ingested.digest, take.size)];
            let layers = if ingested.parts.is_empty() {
                whole.into()
            } else {
                parts::describe(&whole[0], plan.files[0].path, &ingested.parts)
            };
            let with_diff_id = |layer: Descriptor| {
                let digest = layer.digest;
                (layer, digest)
            };
            let layers = layers.into_iter().map(with_diff_id).collect();
            made[*index] = Some(Made { layers, files: vec![ingested] });
        }
        Ok(made.into_iter().flatten().collect())
    }

    fn take_of(&mut self, file: &PlannedFile<'_>) -> Result<Take> {
        let From::Disk(disk) = file.from else {
            return Err(
                Problem::new(Code::Internal, file.path).detail("a commit has no raw layers")
            );
        };
        let state = FileState::at(disk).map_err(|error| Problem::reading(disk, error))?;
        let known = self.cache.file(&state).map(|known| (state, known.clone()));
        let part = self.part.filter(|part| file.size > *part);
        let parts = match (part, &known) {
            (None, _) => None,
            (Some(_), Some((_, known))) if !known.parts.is_empty() => {
                Some((state, known.parts.iter().map(|part| part.len).collect()))
            }
            (Some(part), _) => {
                let cuts = split::cuts(disk, file.size, part)?;
                self.findings.extend(cuts.note);
                Some((state, cuts.lens))
            }
        };
        let shard_size = self.shard_size.filter(|_| parts.is_none());
        Ok(Take { disk: disk.clone(), size: file.size, shard_size, parts, known })
    }

    fn make_tar(&mut self, plan: &Plan<'_>) -> Result<Made> {
        let read_at = std::time::SystemTime::now();
        let states = disk_states(plan)?;
        let key = states.as_ref().map(|states| layer_key(plan, states));
        if let (Some(key), Some(states)) = (key, &states)
            && let Some(made) = self.known_tar(plan, key, states)
        {
            self.keep_all(plan, states.iter().copied().map(Some), &made.files, read_at);
            self.meter.add(states.iter().map(|state| state.size).sum());
            return Ok(made);
        }
        let (shard_size, meter) = (self.shard_size, self.meter);
        let target = self.store.target().to_owned();
        let mut files = Vec::with_capacity(plan.files.len());
        let written = self.store.layer(|writer| {
            for file in &plan.files {
                let sharded = shard_size.filter(|size| file.size > *size);
                let (state, ingested) = match file.from {
                    From::Disk(disk) => add_from_disk(writer, file, disk, &target, sharded)?,
                    From::Git(commit, index) => {
                        (None, add_from_git(writer, file, (commit, index), &target, sharded)?)
                    }
                };
                meter.add(file.size);
                files.push((state, ingested));
            }
            Ok(())
        })?;
        let (states, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        self.keep_all(plan, states.into_iter(), &files, read_at);
        self.read += plan.files.iter().map(|file| file.size).sum::<u64>();
        if let Some(key) = key {
            self.cache.keep_layer(key, written);
        }
        Ok(made_tar(plan, written, files))
    }

    /// Keeps the files of a layer that come from the disk.
    fn keep_all(
        &mut self,
        plan: &Plan<'_>,
        states: impl Iterator<Item = Option<FileState>>,
        files: &[Ingested],
        read_at: std::time::SystemTime,
    ) {
        for ((file, state), ingested) in plan.files.iter().zip(states).zip(files) {
            if let (From::Disk(disk), Some(state)) = (file.from, state) {
                self.cache.keep_file(disk, state, ingested, read_at);
            }
        }
    }

    fn known_tar(&mut self, plan: &Plan<'_>, key: Digest, states: &[FileState]) -> Option<Made> {
        let written = *self.cache.layer(&key)?;
        let files: Vec<Ingested> =
            states.iter().map(|state| self.cache.file(state).cloned()).collect::<Option<_>>()?;
        if !self.store.reuse(&written.digest, written.size) {
            return None;
        }
        self.cache.keep_layer(key, written);
        Some(made_tar(plan, written, files))
    }
}

fn made_tar(plan: &Plan<'_>, written: Written, files: Vec<Ingested>) -> Made {
    let descriptor = describe_layer(plan, written.digest, written.size);
    Made { layers: vec![(descriptor, written.diff_id)], files }
}

/// States of a layer's files; none when they do not come from the disk.
fn disk_states(plan: &Plan<'_>) -> Result<Option<Vec<FileState>>> {
    plan.files
        .iter()
        .map(|file| match file.from {
            From::Disk(disk) => {
                FileState::at(disk).map(Some).map_err(|error| Problem::reading(disk, error))
            }
            From::Git(..) => Ok(None),
        })
        .collect()
}

fn layer_key(plan: &Plan<'_>, states: &[FileState]) -> Digest {
    let mut hasher = Hasher::default();
    for (file, state) in plan.files.iter().zip(states) {
        hasher.update(format!("{}\0{}\0{state:?}\n", file.path, file.executable).as_bytes());
    }
    hasher.finish()
}

fn add_from_disk<W: io::Write>(
    writer: &mut super::tarball::Writer<W>,
    file: &PlannedFile<'_>,
    disk: &FileRef,
    target: &Path,
    shard_size: Option<u64>,
) -> Result<(Option<FileState>, Ingested)> {
    let source = fsx::open_regular(disk)?;
    let state = state_of(disk, &source, file.size)?;
    let ingested = add(writer, file, (&source).take(file.size), target, shard_size)?;
    let after = FileState::of(&source).map_err(|error| Problem::reading(disk, error))?;
    if state != after {
        return Err(Problem::new(Code::FileChanged, disk.display()));
    }
    Ok((Some(state), ingested))
}

/// A file of a commit; the object that a pointer stands for is checked while it is read.
fn add_from_git<W: io::Write>(
    writer: &mut super::tarball::Writer<W>,
    file: &PlannedFile<'_>,
    (commit, index): (&Commit, usize),
    target: &Path,
    shard_size: Option<u64>,
) -> Result<Ingested> {
    let source = &commit.files[index];
    let ingested = match commit.content(source)? {
        Content::Bytes(bytes) => add(writer, file, bytes.as_slice(), target, shard_size)?,
        Content::Object(_, object) => {
            add(writer, file, object.take(file.size), target, shard_size)?
        }
    };
    match source.lfs {
        Some(object) if object.oid != ingested.digest => {
            Err(crate::git::lfs::wrong(&object, file.path.as_str(), ingested.digest))
        }
        _ => Ok(ingested),
    }
}

fn add<W: io::Write>(
    writer: &mut super::tarball::Writer<W>,
    file: &PlannedFile<'_>,
    content: impl Read,
    target: &Path,
    shard_size: Option<u64>,
) -> Result<Ingested> {
    let mut content = Both { whole: Tee::new(content), shards: ShardHasher::new(shard_size) };
    writer
        .add(file.path, file.size, file.executable, &mut content)
        .map_err(|error| read_or_write(Path::new(file.path.as_str()), target, error))?;
    let (_, digest, count) = content.whole.finish();
    if count != file.size {
        return Err(Problem::new(Code::FileChanged, file.path));
    }
    Ok(Ingested { digest, shards: content.shards.finish(), parts: Vec::new() })
}

/// Hashes what is read through it, as a whole and in shards.
struct Both<R> {
    whole: Tee<R>,
    shards: ShardHasher,
}

impl<R: Read> Read for Both<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.whole.read(buffer)?;
        self.shards.update(&buffer[..got]);
        Ok(got)
    }
}

fn describe_layer(plan: &Plan<'_>, digest: Digest, size: u64) -> Descriptor {
    let mut layer = Descriptor::new(&oci::layer_type(plan.group, plan.form), digest, size);
    layer.annotations.insert(oci::FILEPATH.to_owned(), plan.filepath.clone());
    layer.annotations.insert(oci::UNTESTED.to_owned(), "true".to_owned());
    if let Some(label) = plan.label {
        layer.annotations.insert(oci::COMPONENT.to_owned(), label.to_owned());
    }
    layer
}
