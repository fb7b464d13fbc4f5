//! Paths that a model signature leaves to others.

use std::collections::BTreeSet;

/// Ignored paths: each stands for itself and for everything below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreSet(BTreeSet<String>);

impl IgnoreSet {
    /// Takes paths as signatures write them.
    ///
    /// As with the reference implementation, `./a/` means `a`, and what is
    /// absolute or has a `..` part fits nothing. So does the folder itself: a
    /// signature that leaves out everything would prove nothing.
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(paths.into_iter().filter_map(|path| normal(path.as_ref())).collect())
    }

    /// Adds a path.
    pub fn insert(&mut self, path: &str) {
        self.0.extend(normal(path));
    }

    /// Whether it is one of the paths.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    /// Whether `path` is one of the paths, or lies below one.
    pub fn covers(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(end, _)| &path[..end]);
        !self.0.is_empty() && above.chain([path]).any(|path| self.has(path))
    }

    /// The paths, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn normal(path: &str) -> Option<String> {
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let outside = path.starts_with('/') || parts.contains(&"..") || parts.is_empty();
    (!outside).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::IgnoreSet;
    use crate::trust::oms::GIT_PATHS;

    #[test]
    fn paths_cover_what_lies_below_them_only() {
        let git = IgnoreSet::new(GIT_PATHS);
        for path in [".git", ".git/config", ".github/workflows/x", ".gitignore"] {
            assert!(git.covers(path), "{path}");
        }
        for path in ["a/.git", ".gitx", ".gi", ".GIT", "model.sig"] {
            assert!(!git.covers(path), "{path}");
        }
    }

    #[test]
    fn forms_of_a_path_are_one_and_what_leaves_the_folder_fits_nothing() {
        let set = IgnoreSet::new(["./a//b/", "/etc", "../x", "c/../d", ".", "", "/"]);
        assert_eq!(set.iter().collect::<Vec<_>>(), ["a/b"]);
        assert!(set.covers("a/b/c") && !set.covers("a") && !set.covers("d") && !set.covers("x"));
        assert!(!IgnoreSet::default().covers("a"));
    }
}
