//! Folders of others: plain folders, or single files, with a model signature.
//!
//! Source: OpenSSF model signing, see [`crate::trust::oms`]. Nothing here asks
//! who signed: [`check`] compares a folder with what was signed, [`sign`] makes a
//! signature.

mod check;
mod digests;
mod list;
mod sign;

use std::path::{Component, Path, PathBuf};

use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::model::path::META_DIR;
use crate::trust::oms::{IgnoreSet, SINGLE_FILE};

pub use check::{Checked, check};
pub use sign::{SignRequest, SignedFolder, sign};

/// Which symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// None: a link is refused.
    #[default]
    Refuse,
    /// Those that lead to files in the folder.
    Inside,
    /// Those that lead to files anywhere, as model-signing does when it is allowed.
    Anywhere,
}

/// How a folder is looked at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The signature; `model.sig` in the folder unless given.
    pub signature: Option<PathBuf>,
    /// Paths to be left out, from the current folder.
    pub ignore_paths: Vec<PathBuf>,
    /// Whether files of git count like others, instead of being left out.
    pub with_git_paths: bool,
    /// Which symbolic links are followed.
    pub symlinks: Symlinks,
    /// Whether files that the signature does not list are left alone.
    pub ignore_unsigned: bool,
}

impl Options {
    /// Whether anything was asked that only a folder of others understands.
    pub fn asked(&self) -> bool {
        self.signature.is_some()
            || !self.ignore_paths.is_empty()
            || self.with_git_paths
            || self.symlinks != Symlinks::Refuse
            || self.ignore_unsigned
    }

    /// The paths to be left out, from `target` on, and what is to be said about
    /// those that are not in it.
    fn ignored(&self, target: &Path) -> Result<(IgnoreSet, Vec<Finding>)> {
        let mut ignored = IgnoreSet::default();
        let mut findings = Vec::new();
        for path in &self.ignore_paths {
            match place_in(path, target) {
                Place::Inside(path) => ignored.insert(&path),
                Place::Itself => {
                    return Err(Problem::new(Code::UsageError, path.display())
                        .detail("leaving out the whole folder would prove nothing"));
                }
                Place::NotUtf8 => {
                    return Err(Problem::new(Code::NonUtf8Name, path.display())
                        .detail("a path that is not UTF-8 cannot be written into a signature"));
                }
                Place::Outside => {
                    let finding = Problem::new(Code::OmsIgnoreOutside, path.display());
                    findings.push(finding.into_finding());
                }
            }
        }
        Ok((ignored, findings))
    }
}

/// Where a path lies, seen from a folder.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// In it, by this name.
    Inside(String),
    /// It is the folder.
    Itself,
    /// Elsewhere.
    Outside,
    /// In it, by a name that is no text.
    NotUtf8,
}

/// Where `path`, which may not exist, lies as seen from `folder`. Links on the way
/// are followed; what the last part leads to is not asked, so that a link itself
/// can be named.
fn place_in(path: &Path, folder: &Path) -> Place {
    let Ok(folder) = folder.canonicalize() else { return Place::Outside };
    let Some(path) = real_place(path) else { return Place::Outside };
    let Ok(inside) = path.strip_prefix(&folder) else { return Place::Outside };
    match inside.to_str() {
        None => Place::NotUtf8,
        Some("") => Place::Itself,
        Some(inside) => Place::Inside(inside.to_owned()),
    }
}

fn real_place(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let parts: Vec<Component<'_>> = absolute.components().collect();
    // Only the last part may be left as it is: `x/..` is not `x`.
    let Some((Component::Normal(last), above)) = parts.split_last() else {
        return absolute.canonicalize().ok();
    };
    let above: PathBuf = above.iter().collect();
    if let Ok(real) = above.canonicalize() {
        return Some(real.join(last));
    }
    real_place(&above).map(|real| real.join(last))
}

/// Whether this is a folder with nothing of ours: no bundle, no unpacked release.
pub fn is_plain(target: &Path) -> bool {
    let ours = [META_DIR, "oci-layout", "index.json"];
    target.is_dir() && !ours.into_iter().any(|name| fsx::exists(&target.join(name)))
}

/// The name of a folder or file, for people.
fn name_of(target: &Path) -> String {
    let real = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let name = target.file_name().or_else(|| real.file_name()).unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    if name.is_empty() { "model".to_owned() } else { name }
}

/// The path on disk of a file of the model.
fn on_disk(target: &Path, name: &str) -> PathBuf {
    if name == SINGLE_FILE { target.to_owned() } else { target.join(name) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Options, Place, name_of, place_in};
    use crate::finding::Code;

    #[test]
    fn paths_are_found_in_the_folder_by_whatever_name() {
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("model");
        fs::create_dir_all(model.join("sub")).unwrap();
        symlink("/etc", model.join("link")).unwrap();
        symlink(&model, dir.path().join("alias")).unwrap();
        let inside = |name: &str| Place::Inside(name.to_owned());
        for (path, place) in [
            ("model/sub", inside("sub")),
            ("model/sub/../new/file", inside("new/file")),
            ("model/gone/../file", Place::Outside),
            ("model/sub/../new", inside("new")),
            ("alias/sub/x", inside("sub/x")),
            ("model/new/deep/x", inside("new/deep/x")),
            ("model/link", inside("link")),
            ("model/link/hostname", Place::Outside),
            ("model", Place::Itself),
            ("model/.", Place::Itself),
            ("model/sub/..", Place::Itself),
            ("other", Place::Outside),
            ("model/../other", Place::Outside),
        ] {
            assert_eq!(place_in(&dir.path().join(path), &model), place, "{path}");
        }
    }

    #[test]
    fn the_whole_folder_cannot_be_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let paths =
            |path: &Path| Options { ignore_paths: vec![path.to_owned()], ..Options::default() };
        let whole = paths(dir.path()).ignored(dir.path()).unwrap_err();
        assert_eq!(whole.code(), Code::UsageError);
        let (set, findings) = paths(Path::new("/etc")).ignored(dir.path()).unwrap();
        assert_eq!(set.iter().count(), 0);
        assert_eq!(findings[0].code, Code::OmsIgnoreOutside);
    }

    #[test]
    fn every_folder_has_a_name() {
        assert_eq!(name_of(Path::new("/etc")), "etc");
        assert_eq!(name_of(Path::new("/")), "model");
        let here = std::env::current_dir().unwrap();
        assert_eq!(name_of(Path::new(".")), here.file_name().unwrap().to_str().unwrap());
    }
}
