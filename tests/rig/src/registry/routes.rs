//! Which request is for what.

use super::store::{is_digest, is_name, is_tag};

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    Base,
    Token,
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Manifest(&'a str, &'a str),
    Tags(&'a str),
    Referrers(&'a str, &'a str),
}

impl<'a> Place<'a> {
    /// None for what no registry has.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        if path == "/token" {
            return Some(Self::Token);
        }
        let rest = path.strip_prefix("/v2")?;
        if matches!(rest, "" | "/") {
            return Some(Self::Base);
        }
        let rest = rest.strip_prefix('/')?;
        for ending in ["/blobs/uploads", "/blobs/uploads/"] {
            if let Some(name) = rest.strip_suffix(ending) {
                return Some(Self::Uploads(name));
            }
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags(name));
        }
        let (rest, last) = rest.rsplit_once('/')?;
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload(name, last));
        }
        let (name, what) = rest.rsplit_once('/')?;
        match what {
            "blobs" => Some(Self::Blob(name, last)),
            "manifests" => Some(Self::Manifest(name, last)),
            "referrers" => Some(Self::Referrers(name, last)),
            _ => None,
        }
    }

    /// The repository.
    pub(crate) fn name(self) -> Option<&'a str> {
        match self {
            Self::Base | Self::Token => None,
            Self::Uploads(name)
            | Self::Upload(name, _)
            | Self::Blob(name, _)
            | Self::Manifest(name, _)
            | Self::Tags(name)
            | Self::Referrers(name, _) => Some(name),
        }
    }

    /// Whether names, tags and digests in it can be ones at all.
    pub(crate) fn problem(self) -> Option<super::answer::Error> {
        use super::answer::Error;
        if self.name().is_some_and(|name| !is_name(name)) {
            return Some(Error::name_invalid());
        }
        match self {
            Self::Blob(_, digest) | Self::Referrers(_, digest) if !is_digest(digest) => {
                Some(Error::digest_invalid())
            }
            Self::Manifest(_, reference) if reference.contains(':') => {
                (!is_digest(reference)).then(Error::digest_invalid)
            }
            Self::Manifest(_, reference) if !is_tag(reference) => Some(Error::manifest_unknown()),
            _ => None,
        }
    }

    /// What must be permitted for a method: repository and action.
    pub(crate) fn needs(self, method: &str) -> Vec<(String, &'static str)> {
        let Some(name) = self.name() else { return Vec::new() };
        let reads = matches!(method, "GET" | "HEAD") && !matches!(self, Self::Upload(..));
        let actions: &[&'static str] = match (reads, method) {
            (true, _) => &["pull"],
            (false, "DELETE") if !matches!(self, Self::Upload(..)) => &["delete"],
            _ => &["pull", "push"],
        };
        actions.iter().map(|action| (name.to_owned(), *action)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn paths_are_told_apart_whatever_repositories_are_called() {
        for (path, place) in [
            ("/v2/", Some(Place::Base)),
            ("/v2/a/b/blobs/uploads/", Some(Place::Uploads("a/b"))),
            ("/v2/blobs/blobs/uploads/x", Some(Place::Upload("blobs", "x"))),
            ("/v2/a/manifests/manifests/t", Some(Place::Manifest("a/manifests", "t"))),
            ("/v2/a/blobs/sha256:0", Some(Place::Blob("a", "sha256:0"))),
            ("/v2/a/tags/list", Some(Place::Tags("a"))),
            ("/v2/a/referrers/d", Some(Place::Referrers("a", "d"))),
            ("/v2/a", None),
            ("/v3/a/blobs/x", None),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }
}
