//! Digest cache: lets a second `pack` skip files that did not change.
//!
//! One file per release folder, rewritten by each pack with just what that pack
//! saw, so it cannot grow.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::source::blob_name;
use super::tarball::Written;
use crate::cache::{CacheFile, settled, state_from, state_text};
use crate::finding::Result;
use crate::fsx::FileState;
use crate::hash::{Ingested, Part};
use crate::model::digest::Digest;

const HEADER: &str = "pkg digest cache 2";

/// What is known about files and layers from an earlier pack.
#[derive(Debug, Default)]
pub(super) struct Cache {
    store: CacheFile,
    files: HashMap<FileState, Ingested>,
    layers: HashMap<Digest, Written>,
    blobs: HashMap<Digest, FileState>,
    next_files: Vec<(PathBuf, FileState, Ingested)>,
    next_layers: Vec<(Digest, Written)>,
}

impl Cache {
    /// The cache of a release folder. A missing or damaged cache is an empty one.
    ///
    /// `part` is the size of parts that larger files are cut into.
    pub(super) fn open(folder: &Path, shard_size: Option<u64>, part: Option<u64>) -> Self {
        let mut purpose = shard_size.unwrap_or(0).to_string();
        if let Some(part) = part {
            // The second number is that of the rule by which files are cut.
            let _ = write!(purpose, " parts 1 {part}");
        }
        let store = CacheFile::of(folder, &purpose, HEADER);
        let mut cache = Self::default();
        if !store.read(|line| cache.take_line(line)) {
            cache = Self::default();
        }
        cache.store = store;
        cache
    }

    fn take_line(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        match words.next()? {
            "b" => {
                let state = state_from(&mut words)?;
                self.blobs.insert(Digest::from_hex(words.next()?).ok()?, state);
            }
            "f" => {
                let state = state_from(&mut words)?;
                let digest = Digest::from_hex(words.next()?).ok()?;
                let shards = words.map(Digest::from_hex).collect::<Result<_, _>>().ok()?;
                self.files.insert(state, Ingested { digest, shards, parts: Vec::new() });
            }
            "p" => {
                let state = state_from(&mut words)?;
                let digest = Digest::from_hex(words.next()?).ok()?;
                let parts = parts_from(&mut words)?;
                let total = parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.len));
                if total != Some(state.size) {
                    return None;
                }
                self.files.insert(state, Ingested { digest, shards: Vec::new(), parts });
            }
            "l" => {
                let key = Digest::from_hex(words.next()?).ok()?;
                let digest = Digest::from_hex(words.next()?).ok()?;
                let diff_id = Digest::from_hex(words.next()?).ok()?;
                let size = words.next()?.parse().ok()?;
                self.layers.insert(key, Written { digest, size, diff_id });
            }
            _ => return None,
        }
        Some(())
    }

    /// States in which the blobs of the last bundle were left.
    pub(super) fn blobs(&self) -> HashMap<Digest, FileState> {
        self.blobs.clone()
    }

    /// What is known about a file in this state.
    pub(super) fn file(&self, state: &FileState) -> Option<&Ingested> {
        self.files.get(state)
    }

    /// What is known about a layer made of files in these states.
    pub(super) fn layer(&self, key: &Digest) -> Option<&Written> {
        self.layers.get(key)
    }

    /// Keeps a file for the next pack, unless it changed a moment before `read_at`.
    pub(super) fn keep_file(
        &mut self,
        disk: &Path,
        state: FileState,
        ingested: &Ingested,
        read_at: SystemTime,
    ) {
        if settled(state.mtime, read_at) {
            self.next_files.push((disk.to_owned(), state, ingested.clone()));
        }
    }

    /// Keeps a layer for the next pack.
    pub(super) fn keep_layer(&mut self, key: Digest, written: Written) {
        self.next_layers.push((key, written));
    }

    /// Writes what was kept, with the state of the blobs of the bundle `output`.
    pub(super) fn save(&self, output: &Path) -> Result<()> {
        self.store.write(&self.lines(output))
    }

    fn lines(&self, output: &Path) -> String {
        let mut text = String::new();
        for (disk, state, known) in &self.next_files {
            // Making and renaming hard links moves the change time of the source.
            let now = FileState::at(disk);
            let Some(state) = now.ok().filter(|now| now.same_content(state)) else { continue };
            let kind = if known.parts.is_empty() { "f" } else { "p" };
            let _ = write!(text, "{kind} {} {}", state_text(&state), known.digest.hex());
            for part in &known.parts {
                let _ = write!(text, " {} {}", part.len, part.digest.hex());
            }
            for shard in &known.shards {
                let _ = write!(text, " {}", shard.hex());
            }
            text.push('\n');
        }
        let digests = self.next_files.iter().flat_map(|(_, _, known)| {
            known.parts.iter().map(|part| part.digest).chain([known.digest])
        });
        for digest in digests.chain(self.next_layers.iter().map(|(_, written)| written.digest)) {
            // Files inside tar layers, and archives, have no blobs of their own.
            if let Ok(state) = FileState::at(&output.join(blob_name(&digest))) {
                let _ = writeln!(text, "b {} {}", state_text(&state), digest.hex());
            }
        }
        for (key, written) in &self.next_layers {
            let (digest, diff_id) = (written.digest.hex(), written.diff_id.hex());
            let _ = writeln!(text, "l {} {digest} {diff_id} {}", key.hex(), written.size);
        }
        text
    }
}

/// Parts from the rest of a line: length and digest of each.
fn parts_from<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    while let Some(len) = words.next() {
        let len = len.parse().ok().filter(|len| *len > 0)?;
        parts.push(Part { len, digest: Digest::from_hex(words.next()?).ok()? });
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Cache, Written};
    use crate::fsx::FileState;
    use crate::hash::{Ingested, Part};
    use crate::model::digest::Digest;

    #[test]
    fn what_is_kept_is_found_again_and_a_fresh_file_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("file");
        std::fs::write(&disk, "abc").unwrap();
        let state = FileState::of(&std::fs::File::open(&disk).unwrap()).unwrap();
        let now = SystemTime::now();
        let shards = vec![Digest::of(b"b")];
        let known = Ingested { digest: Digest::of(b"a"), shards, parts: Vec::new() };
        let part = |len| Part { len, digest: Digest::of(b"p") };
        let parted = Ingested { shards: Vec::new(), parts: vec![part(1), part(2)], ..known };
        let written = Written { digest: Digest::of(b"c"), size: 9, diff_id: Digest::of(b"d") };
        let mut cache = Cache::default();
        cache.keep_file(&disk, state, &known, now);
        assert_eq!(cache.next_files.len(), 0, "it changed just before it was read");
        cache.keep_file(&disk, state, &known, now + Duration::from_secs(2));
        let replaced = FileState { inode: 0, ..state };
        cache.keep_file(&disk, replaced, &known, now + Duration::from_secs(2));
        cache.keep_layer(Digest::of(b"k"), written);
        let text = cache.lines(dir.path());
        let mut again = Cache::default();
        for line in text.lines() {
            again.take_line(line).unwrap();
        }
        assert_eq!(again.file(&state), Some(&known));
        assert_eq!(again.file(&replaced), None);
        assert_eq!(again.layer(&Digest::of(b"k")).unwrap().digest, written.digest);
        assert_eq!(again.take_line("f 1 2 x"), None);
        let mut cache = Cache::default();
        cache.keep_file(&disk, state, &parted, now + Duration::from_secs(2));
        let text = cache.lines(dir.path());
        again.take_line(text.trim_end()).unwrap();
        assert_eq!(again.file(&state), Some(&parted));
        let hex = Digest::of(b"p").hex();
        for line in [format!("{} 1 {hex}", text.trim_end()), text.replace(" 2 ", " 0 ")] {
            assert_eq!(again.take_line(line.trim_end()), None, "the lengths do not fit");
        }
    }
}
