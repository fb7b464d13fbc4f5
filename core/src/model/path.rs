//! Paths inside a release: relative, portable, safe to create anywhere.

use std::collections::HashMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Folder in an unpacked release that holds pkg's own documents.
pub const META_DIR: &str = ".pkg";

/// Longest path in bytes: what a ustar header holds with its prefix field.
pub const MAX_PATH: usize = 255;

/// A path inside a release, with `/` between its parts.
///
/// Refused: absolute paths, empty parts, `.` and `..`, control characters,
/// backslashes, and whatever Windows cannot create (reserved device names,
/// `<>:"|?*`, trailing dots and spaces), so that a bundle unpacks the same
/// everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ReleasePath(String);

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// Empty, or an empty part (`a//b`, `/a`, `a/`).
    EmptyPart,
    /// A part is `.` or `..`.
    DotPart,
    /// A character that some systems cannot store.
    Character(char),
    /// A name that Windows reserves, or one ending in a dot or space.
    Reserved,
    /// Longer than [`MAX_PATH`].
    TooLong,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPart => f.write_str("it is absolute or has an empty part"),
            Self::DotPart => f.write_str("it has a `.` or `..` part"),
            Self::Character(c) => write!(f, "it has the character {c:?}"),
            Self::Reserved => f.write_str("a part is a name that some systems reserve"),
            Self::TooLong => write!(f, "it is longer than {MAX_PATH} bytes"),
        }
    }
}

impl std::error::Error for PathError {}

impl ReleasePath {
    /// Checks and takes a path.
    pub fn new(path: impl Into<String>) -> Result<Self, PathError> {
        let path = path.into();
        if path.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        path.split('/').try_for_each(check_part)?;
        Ok(Self(path))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lies in pkg's own folder, or is the model signature.
    pub fn is_reserved_for_pkg(&self) -> bool {
        let first = self.0.split('/').next().unwrap_or_default();
        first.eq_ignore_ascii_case(META_DIR) || self.0.eq_ignore_ascii_case("model.sig")
    }

    /// The form in which two paths clash on case-insensitive file systems.
    pub fn folded(&self) -> String {
        self.0.chars().flat_map(char::to_lowercase).collect()
    }
}

fn check_part(part: &str) -> Result<(), PathError> {
    if part.is_empty() {
        return Err(PathError::EmptyPart);
    }
    if part == "." || part == ".." {
        return Err(PathError::DotPart);
    }
    let refused =
        |c: char| c.is_control() || matches!(c, '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*');
    if let Some(c) = part.chars().find(|c| refused(*c)) {
        return Err(PathError::Character(c));
    }
    let stem = part.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered("COM")
        || numbered("LPT");
    if device || part.ends_with('.') || part.ends_with(' ') {
        return Err(PathError::Reserved);
    }
    Ok(())
}

impl fmt::Display for ReleasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ReleasePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// How two paths of one release collide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// The same path twice.
    Same(ReleasePath),
    /// Two paths that are one on a case-insensitive file system.
    Case(ReleasePath, ReleasePath),
    /// One path is a folder of the other.
    Folder(ReleasePath, ReleasePath),
}

/// Finds the first collision among the paths of a release.
pub fn find_clash<'a>(paths: impl IntoIterator<Item = &'a ReleasePath>) -> Option<Clash> {
    let paths: Vec<&ReleasePath> = paths.into_iter().collect();
    let mut files: HashMap<String, &ReleasePath> = HashMap::with_capacity(paths.len());
    for path in &paths {
        if let Some(other) = files.insert(path.folded(), path) {
            return Some(if other == *path {
                Clash::Same(other.clone())
            } else {
                Clash::Case(other.clone(), (*path).clone())
            });
        }
    }
    let mut folders: HashMap<String, &str> = HashMap::new();
    for path in &paths {
        let text = path.as_str();
        for (end, _) in text.match_indices('/') {
            let folder = &text[..end];
            let folded: String = folder.chars().flat_map(char::to_lowercase).collect();
            if let Some(file) = files.get(&folded) {
                return Some(Clash::Folder((*file).clone(), (*path).clone()));
            }
            match folders.insert(folded, folder) {
                Some(other) if other != folder => {
                    let named = |name: &str| ReleasePath(name.to_owned());
                    return Some(Clash::Case(named(other), named(folder)));
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Clash, ReleasePath, find_clash};

    fn path(text: &str) -> ReleasePath {
        ReleasePath::new(text).unwrap()
    }

    #[test]
    fn unsafe_paths_are_refused() {
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            "..",
            "a/../b",
            "./a",
            "a/.",
            "a\\b",
            "c:x",
            "a\0b",
            "NUL",
            "a/con.txt",
            "LPT1",
            "x.",
            "x ",
            "a\nb",
            "a\u{7f}",
        ] {
            assert!(ReleasePath::new(bad).is_err(), "{bad:?}");
        }
        for good in
            ["a", ".gitattributes", "a/b.c", "console", "com10", "\u{e4}/\u{4e2d}.txt", "..."]
        {
            assert_eq!(ReleasePath::new(good).is_ok(), good != "...", "{good:?}");
        }
    }

    #[test]
    fn clashes_are_found() {
        assert_eq!(find_clash([&path("a"), &path("b/a"), &path("b/c")]), None);
        assert!(matches!(find_clash([&path("a"), &path("a")]), Some(Clash::Same(_))));
        assert!(matches!(find_clash([&path("a/B"), &path("a/b")]), Some(Clash::Case(..))));
        assert!(matches!(find_clash([&path("A/x"), &path("a/y")]), Some(Clash::Case(..))));
        assert!(matches!(find_clash([&path("a"), &path("a/b")]), Some(Clash::Folder(..))));
    }

    proptest! {
        #[test]
        fn accepted_paths_stay_inside(text in "\\PC{0,40}") {
            if let Ok(path) = ReleasePath::new(text) {
                let joined = std::path::Path::new("/base").join(path.as_str());
                prop_assert!(joined.starts_with("/base"));
                prop_assert!(joined.components().all(|part| part != std::path::Component::ParentDir));
            }
        }
    }
}
