//! Digests known from earlier runs, on disk.
//!
//! A file counts as unchanged while its device, inode, size, modification and
//! change time are the same, as in git's index. Only what makes bundles and
//! signatures may use this: checking always reads.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::finding::{Problem, Result};
use crate::fsx::{self, FileState};
use crate::model::digest::Digest;

/// Largest cache that is read, in bytes.
const LIMIT: u64 = 256 << 20;

/// A file changed this recently may change again within the same clock tick.
const RACY: Duration = Duration::from_millis(100);

/// One cache: a line that names its format, and lines of that format.
#[derive(Debug, Default)]
pub struct CacheFile {
    path: Option<PathBuf>,
    header: &'static str,
}

impl CacheFile {
    /// The cache of what is done with a folder or file; `purpose` tells apart what
    /// must not be mixed. Without a place for caches it is always empty.
    pub fn of(target: &Path, purpose: &str, header: &'static str) -> Self {
        let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
        let key = format!("{}\0{purpose}", target.display());
        let name = format!("{}.txt", Digest::of(key.as_bytes()).hex());
        Self { path: fsx::cache_folder().map(|folder| folder.join(name)), header }
    }

    /// Hands over the lines. When `take` cannot use one the answer is false, and
    /// none of them should be: the cache is damaged. A missing cache is empty.
    pub fn read(&self, mut take: impl FnMut(&str) -> Option<()>) -> bool {
        let bytes = self.path.as_deref().and_then(|path| fsx::read_limited(path, LIMIT).ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(self.header) {
            return true;
        }
        lines.all(|line| take(line).is_some())
    }

    /// Replaces the lines; each ends in a line feed.
    pub fn write(&self, lines: &str) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(|error| Problem::writing(dir, error))?;
        }
        fsx::replace_file(path, format!("{}\n{lines}", self.header).as_bytes())
    }
}

/// Whether something that changed at `time` (nanoseconds since 1970) and was read
/// at `read_at` was old enough by then for another change to show.
pub fn settled(time: i128, read_at: SystemTime) -> bool {
    let limit = read_at
        .checked_sub(RACY)
        .and_then(|limit| limit.duration_since(UNIX_EPOCH).ok())
        .and_then(|age| i128::try_from(age.as_nanos()).ok());
    limit.is_some_and(|limit| time < limit)
}

/// A file state as words of a line.
pub fn state_text(state: &FileState) -> String {
    let FileState { dev, inode, size, mtime, ctime } = state;
    format!("{dev} {inode} {size} {mtime} {ctime}")
}

/// A file state from words of a line.
pub fn state_from<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<FileState> {
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
    use std::time::{Duration, UNIX_EPOCH};

    use super::{CacheFile, settled, state_from, state_text};
    use crate::fsx::FileState;

    const HEADER: &str = "test 1";

    fn lines(cache: &CacheFile) -> Vec<String> {
        let mut found = Vec::new();
        assert!(cache.read(|line| {
            found.push(line.to_owned());
            Some(())
        }));
        found
    }

    #[test]
    fn lines_come_back_and_other_formats_are_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/cache.txt");
        let cache = CacheFile { path: Some(path.clone()), header: HEADER };
        assert!(lines(&cache).is_empty());
        cache.write("a b\nc\n").unwrap();
        assert_eq!(lines(&cache), ["a b", "c"]);
        assert!(!cache.read(|line| (line != "c").then_some(())));
        for other in ["test 2\na\n", "", "\u{0}", "a\ntest 1\n"] {
            std::fs::write(&path, other).unwrap();
            assert!(lines(&cache).is_empty(), "{other:?}");
        }
        std::fs::write(&path, [0xff]).unwrap();
        assert!(lines(&cache).is_empty());
        assert!(lines(&CacheFile::default()).is_empty());
        CacheFile::default().write("a\n").unwrap();
    }

    #[test]
    fn a_change_just_before_reading_is_not_settled() {
        let read_at = UNIX_EPOCH + Duration::from_secs(10);
        assert!(settled(9_000_000_000, read_at));
        assert!(!settled(9_950_000_000, read_at) && !settled(11_000_000_000, read_at));
        assert!(!settled(0, UNIX_EPOCH));
    }

    #[test]
    fn states_are_read_again() {
        let state = FileState { dev: 1, inode: 2, size: 3, mtime: -4, ctime: 5 };
        let text = state_text(&state);
        assert_eq!(state_from(&mut text.split(' ')), Some(state));
        assert_eq!(state_from(&mut "1 2 3 4".split(' ')), None);
        assert_eq!(state_from(&mut "1 2 3 4 x".split(' ')), None);
    }
}
