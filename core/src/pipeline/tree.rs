//! The files of a commit, in a folder of their own in the cache.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Ran;
use crate::cache::state_text;
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileState};
use crate::git;
use crate::hash::Hasher;
use crate::model::digest::Digest;

/// Largest note about a tree that is read, in bytes.
const MAX_NOTE: u64 = 64 << 10;

/// What is known of a tree that was checked out.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    commit: String,
    /// Over the names and states of all files: a tree that was touched since is made anew.
    state: Digest,
}

/// Where the tree is.
pub(super) fn path(work: &Path) -> PathBuf {
    work.join("tree")
}

/// Checks a commit out, unless that was done before and nothing was touched since.
pub(super) fn checkout(repository: &Path, rev: &str, work: &Path) -> Result<Ran> {
    let (tree, note_path) = (path(work), work.join("tree.json"));
    let named = git::resolve(repository, rev).ok_or_else(|| {
        Problem::new(Code::GitRepository, format!("{} at {rev}", repository.display()))
            .detail("it names no commit")
    })?;
    let commit = named.commit;
    if let Some(note) = read_note(&note_path)
        && note.commit == commit
        && state(&tree).is_ok_and(|state| state == note.state)
    {
        return Ok(Ran::nothing(format!("{commit} is checked out")));
    }
    for old in [&note_path, &tree] {
        if fsx::exists(old) {
            fsx::remove(old).map_err(|error| Problem::writing(old, error))?;
        }
    }
    let out = git::checkout(repository, rev, &tree)?;
    // Code components say `repo = "."`: the tree leads to the repository it is from.
    let link = tree.join(".git");
    let directory = git::directory(repository)?;
    let mut text = b"gitdir: ".to_vec();
    text.extend_from_slice(directory.as_os_str().as_encoded_bytes());
    text.push(b'\n');
    fsx::write_synced(&link, &text)?;
    let note = Note { commit: out.commit.clone(), state: state(&tree)? };
    let bytes = serde_json::to_vec(&note).map_err(|error| {
        Problem::new(Code::Internal, "tree.json").detail(error.to_string()).source(error)
    })?;
    fsx::replace_file(&note_path, &bytes)?;
    let text = format!("{}: {} files, {} of them from LFS", out.commit, out.files, out.lfs);
    Ok(Ran { findings: out.findings, ..Ran::done(text) })
}

fn read_note(path: &Path) -> Option<Note> {
    serde_json::from_slice(&fsx::read_limited(path, MAX_NOTE).ok()?).ok()
}

/// Names and states of everything in a folder, in one digest.
fn state(folder: &Path) -> Result<Digest> {
    let mut hasher = Hasher::default();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            Problem::new(Code::UnreadableFile, folder.display()).detail(error.to_string())
        })?;
        let state = FileState::at(entry.path());
        let state = state.map_err(|error| Problem::reading(entry.path(), error))?;
        // A folder changes when something in it comes or goes; its size says nothing.
        hasher.update(entry.path().as_os_str().as_encoded_bytes());
        hasher.update(format!("\0{}\n", state_text(&state)).as_bytes());
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::state;

    #[test]
    fn whatever_is_done_to_a_tree_shows() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a/b");
        std::fs::create_dir(dir.path().join("a")).unwrap();
        std::fs::write(&file, "1").unwrap();
        let before = state(dir.path()).unwrap();
        assert_eq!(state(dir.path()).unwrap(), before);
        std::fs::write(&file, "22").unwrap();
        let changed = state(dir.path()).unwrap();
        assert_ne!(changed, before);
        std::fs::write(dir.path().join("a/c"), "").unwrap();
        assert_ne!(state(dir.path()).unwrap(), changed);
        assert!(state(&dir.path().join("nowhere")).is_err());
    }
}
