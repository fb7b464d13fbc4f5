//! Listing a release folder, the same way every time.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use crate::finding::{Code, Problem, Result};
use crate::fsx::{Dir, FileRef, PARTIAL};
use crate::model::path::META_DIR;
use crate::model::spec::FILE_NAME;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    /// A regular file.
    File,
    /// A symbolic link; never followed.
    Symlink,
    /// A device, socket, pipe or the like.
    Special,
}

/// One entry of the folder that is no folder itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Path relative to the folder, with `/` between its parts; not yet checked
    /// to be portable.
    pub path: String,
    /// Where it is.
    pub disk: FileRef,
    /// What it is.
    pub kind: FoundKind,
    /// Size in bytes.
    pub size: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// Lists the files of a folder, ordered by path.
///
/// Left out are `.git`, pkg's own `.pkg`, `pkg.toml` and `model.sig` at the top,
/// unfinished output (`.NAME.partial`), and folders that are OCI image layouts:
/// those are bundles made earlier, not part of what they bundle.
pub fn walk(folder: &Path) -> Result<Vec<Found>> {
    let meta = folder.metadata().map_err(|error| Problem::reading(folder, error))?;
    if !meta.is_dir() {
        return Err(Problem::not_there(folder)
            .detail("it is no folder")
            .hint("Name the folder that holds the model."));
    }
    // What is found is opened from here later, whatever the names lead to by then.
    let root = Arc::new(Dir::open(folder).map_err(|error| Problem::reading(folder, error))?);
    let mut found = Vec::new();
    let entries = WalkDir::new(folder).min_depth(1).follow_links(false).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(|entry| !is_left_out(entry)) {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let path = relative(folder, &entry)?;
        let kind = entry.file_type();
        if kind.is_dir() {
            continue;
        }
        let meta = entry.metadata().map_err(|error| unreadable(folder, error))?;
        found.push(Found {
            disk: FileRef::beneath(&root, path.as_str()),
            path,
            kind: match (kind.is_file(), kind.is_symlink()) {
                (true, _) => FoundKind::File,
                (_, true) => FoundKind::Symlink,
                _ => FoundKind::Special,
            },
            size: meta.len(),
            executable: meta.permissions().mode() & 0o100 != 0,
        });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn is_left_out(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str() else { return false };
    let top = entry.depth() == 1;
    name == ".git"
        || (top && matches!(name, META_DIR | FILE_NAME | "model.sig"))
        || (name.starts_with('.') && name.ends_with(PARTIAL))
        || (entry.file_type().is_dir() && entry.path().join("oci-layout").is_file())
}

fn relative(folder: &Path, entry: &DirEntry) -> Result<String> {
    let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| {
        Problem::new(Code::NonUtf8Name, path.to_string_lossy())
            .detail("the name is not valid UTF-8; the mark stands for what is not")
    })
}

fn unreadable(folder: &Path, error: walkdir::Error) -> Problem {
    let path = error.path().unwrap_or(folder).display().to_string();
    Problem::new(Code::UnreadableFile, path).detail(format!("cannot list: {error}")).source(error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{FoundKind, walk};
    use crate::finding::Code;

    #[test]
    fn files_are_listed_in_order_without_what_is_not_the_release() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "a-b",
            "a/c",
            "pkg.toml",
            "model.sig",
            ".git/HEAD",
            "sub/.git",
            ".pkg/x",
            ".out.partial/x",
            "sub/.o.tar.partial",
            "sub/pkg.toml",
            "sub/model.sig",
            ".hidden",
            "old/oci-layout",
            "old/index.json",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
        }
        fs::set_permissions(root.join("a/c"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("a", root.join("link")).unwrap();
        let found = walk(root).unwrap();
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, [".hidden", "a-b", "a/c", "link", "sub/model.sig", "sub/pkg.toml"]);
        assert_eq!((found[2].size, found[2].executable), (3, true));
        assert!(!found[1].executable);
        assert_eq!(found[3].kind, FoundKind::Symlink);
    }

    #[test]
    fn a_name_that_is_no_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"a\xff")), "").unwrap();
        let problem = walk(folder.path()).unwrap_err();
        assert_eq!(problem.code(), Code::NonUtf8Name);
        assert_eq!(problem.finding().subject, "a\u{fffd}");
    }

    #[test]
    fn what_is_no_folder_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [&file, &folder.path().join("nothing")] {
            assert_eq!(walk(path).unwrap_err().code(), Code::PathNotFound);
        }
    }
}
