//! Digest cache: lets a second `pack` skip files that did not change.
//!
//! Keyed by device, inode, size, modification and change time, as git's index
//! is. Used by `pack` only: `verify` always reads. One file per release folder,
//! rewritten by each pack with just what that pack saw, so it cannot grow.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::source::blob_name;
use super::tarball::Written;
use crate::finding::Result;
use crate::fsx::{self, FileState};
use crate::hash::Ingested;
use crate::model::digest::Digest;

const HEADER: &str = "pkg digest cache 2";
const LIMIT: u64 = 256 << 20;

/// A file changed this recently may change again within the same clock tick.
const RACY: Duration = Duration::from_millis(100);

/// What is known about files and layers from an earlier pack.
#[derive(Debug, Default)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    files: HashMap<FileState, Ingested>,
    layers: HashMap<Digest, Written>,
    blobs: HashMap<Digest, FileState>,
    next_files: Vec<(PathBuf, FileState, Ingested)>,
    next_layers: Vec<(Digest, Written)>,
}

impl Cache {
    /// The cache of a release folder. A missing or damaged cache is an empty one.
    pub(super) fn open(folder: &Path, shard_size: Option<u64>) -> Self {
        let Some(dir) = fsx::cache_folder() else { return Self::default() };
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let key = format!("{}\0{}", folder.display(), shard_size.unwrap_or(0));
        let path = dir.join(format!("{}.txt", Digest::of(key.as_bytes()).hex()));
        let text =
            fsx::read_limited(&path, LIMIT).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let mut cache = Self { path: Some(path), ..Self::default() };
        let lines = text.as_deref().unwrap_or_default();
        if let Some(rest) = lines.strip_prefix(HEADER) {
            for line in rest.lines().skip(1) {
                if cache.take_line(line).is_none() {
                    cache.files.clear();
                    cache.layers.clear();
                    cache.blobs.clear();
                    break;
                }
            }
        }
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
                self.files.insert(state, Ingested { digest, shards });
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
        let settled = read_at
            .checked_sub(RACY)
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|age| i128::try_from(age.as_nanos()).ok());
        if settled.is_some_and(|settled| state.mtime < settled) {
            self.next_files.push((disk.to_owned(), state, ingested.clone()));
        }
    }

    /// Keeps a layer for the next pack.
    pub(super) fn keep_layer(&mut self, key: Digest, written: Written) {
        self.next_layers.push((key, written));
    }

    /// Writes what was kept, with the state of the blobs of the bundle `output`.
    pub(super) fn save(&self, output: &Path) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut text = format!("{HEADER}\n");
        for (disk, state, known) in &self.next_files {
            // Making and renaming hard links moves the change time of the source.
            let now = FileState::at(disk);
            let Some(state) = now.ok().filter(|now| now.same_content(state)) else { continue };
            let _ = write!(text, "f {} {}", state_text(&state), known.digest.hex());
            for shard in &known.shards {
                let _ = write!(text, " {}", shard.hex());
            }
            text.push('\n');
        }
        let digests = self.next_files.iter().map(|(_, _, known)| known.digest);
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
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .map_err(|error| crate::finding::Problem::writing(dir, error))?;
        }
        fsx::replace_file(path, text.as_bytes())
    }
}

fn state_text(state: &FileState) -> String {
    let FileState { dev, inode, size, mtime, ctime } = state;
    format!("{dev} {inode} {size} {mtime} {ctime}")
}

fn state_from<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<FileState> {
    Some(FileState {
        dev: words.next()?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
        size: words.next()?.parse().ok()?,
        mtime: words.next()?.parse().ok()?,
        ctime: words.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Cache, HEADER, Written};
    use crate::fsx::FileState;
    use crate::hash::Ingested;
    use crate::model::digest::Digest;

    #[test]
    fn what_is_kept_is_found_again_and_a_fresh_file_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache.txt");
        let disk = dir.path().join("file");
        std::fs::write(&disk, "abc").unwrap();
        let state = FileState::of(&std::fs::File::open(&disk).unwrap()).unwrap();
        let now = SystemTime::now();
        let known = Ingested { digest: Digest::of(b"a"), shards: vec![Digest::of(b"b")] };
        let written = Written { digest: Digest::of(b"c"), size: 9, diff_id: Digest::of(b"d") };
        let mut cache = Cache { path: Some(path.clone()), ..Cache::default() };
        cache.keep_file(&disk, state, &known, now);
        assert_eq!(cache.next_files.len(), 0, "it changed just before it was read");
        cache.keep_file(&disk, state, &known, now + Duration::from_secs(2));
        let replaced = FileState { inode: 0, ..state };
        cache.keep_file(&disk, replaced, &known, now + Duration::from_secs(2));
        cache.keep_layer(Digest::of(b"k"), written);
        cache.save(dir.path()).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let mut again = Cache::default();
        for line in text.strip_prefix(HEADER).unwrap().lines().skip(1) {
            again.take_line(line).unwrap();
        }
        assert_eq!(again.file(&state), Some(&known));
        assert_eq!(again.file(&replaced), None);
        assert_eq!(again.layer(&Digest::of(b"k")).unwrap().digest, written.digest);
        assert_eq!(again.take_line("f 1 2 x"), None);
    }
}
