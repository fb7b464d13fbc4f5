//! URLs of submodules, from the `.gitmodules` of a commit.

use std::collections::BTreeMap;

use git2::{Repository, Tree};

use super::without_credentials;
use crate::model::git::inside;

/// Largest `.gitmodules` that is read, in bytes.
const MAX_FILE: usize = 256 << 10;

/// URL of each submodule, by its path.
pub type Urls = BTreeMap<String, String>;

/// URLs in the `.gitmodules` of a tree; a file that cannot be read names none, and the
/// commits of submodules are in the tree itself.
pub(super) fn urls(repository: &Repository, root: &Tree<'_>) -> Urls {
    let read = || {
        let entry = root.get_name(".gitmodules")?;
        let (size, _) = repository.odb().ok()?.read_header(entry.id()).ok()?;
        if size > MAX_FILE {
            return None;
        }
        let blob = repository.find_blob(entry.id()).ok()?;
        Some(parse(std::str::from_utf8(blob.content()).ok()?))
    };
    read().unwrap_or_default()
}

/// The part of git-config(1) that such files use: sections, `key = value`, comments.
/// libgit2's own reader follows `include`, which a file of others must not make it do.
pub fn parse(text: &str) -> Urls {
    let mut urls = Urls::new();
    let (mut path, mut url): (Option<String>, Option<String>) = (None, None);
    let mut within = false;
    let mut keep = |path: &mut Option<String>, url: &mut Option<String>| {
        if let (Some(path), Some(url)) = (path.take(), url.take()) {
            urls.insert(inside(&path).to_owned(), without_credentials(&url));
        }
    };
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            keep(&mut path, &mut url);
            (path, url) = (None, None);
            within = line.starts_with("[submodule ");
        } else if within
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
        {
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => path = Some(value),
                "url" => url = Some(value),
                _ => {}
            }
        }
    }
    keep(&mut path, &mut url);
    urls
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn urls_are_found_by_path_and_hold_no_password() {
        let text = "[core]\n\tpath = no\n\turl = no\n[submodule \"a\"]\n\tpath = lib/a\n\
            \turl = https://me:secret@example.org/a.git\n# comment\n[submodule \"b\"]\n\
            url = \"../b\"\n\tpath=b/\n[include]\n\tpath = /etc/passwd\n";
        let urls = parse(text);
        let found: Vec<(&str, &str)> =
            urls.iter().map(|(path, url)| (path.as_str(), url.as_str())).collect();
        assert_eq!(found, [("b", "../b"), ("lib/a", "https://example.org/a.git")]);
    }
}
