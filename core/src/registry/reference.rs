//! References: `oci://HOST/REPOSITORY[:TAG][@sha256:HEX]`.
//!
//! Names and tags are those of the OCI distribution specification ("Pulling
//! manifests"); hosts are those of container tools, without their default host:
//! a release is never looked for where nobody named it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// What a reference begins with.
pub const SCHEME: &str = "oci://";

/// The tag when neither a tag nor a digest is given.
const LATEST: &str = "latest";

/// Longest host and repository together, in bytes (as registries have it).
const MAX_NAME: usize = 255;

/// Longest tag, in bytes (distribution specification).
const MAX_TAG: usize = 128;

/// Where a release is in a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Whether a target names a registry rather than a file.
pub fn is_reference(target: &Path) -> bool {
    target.to_str().is_some_and(|text| text.starts_with(SCHEME))
}

impl Reference {
    /// Reads the target of a command.
    pub fn of(target: &Path) -> Result<Self> {
        let text = target.to_str().ok_or_else(|| {
            Problem::new(Code::RegistryReference, target.display()).detail("it is no UTF-8")
        })?;
        text.parse()
    }

    /// Host, with the port if there is one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Tag, as given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Digest, as given.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What is asked for: the digest, else the tag, else `latest`.
    pub fn name(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => LATEST.to_owned(),
        }
    }

    /// The same repository, by digest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }
}

impl FromStr for Reference {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| Problem::new(Code::RegistryReference, text).detail(why.to_owned());
        let rest =
            text.strip_prefix(SCHEME).ok_or_else(|| wrong("it does not begin with oci://"))?;
        let (rest, digest) = match rest.split_once('@') {
            None => (rest, None),
            Some((_, digest)) if !digest.starts_with("sha256:") => {
                return Err(wrong(
                    "after `@` comes sha256: and 64 hex digits; credentials have no place in it",
                ));
            }
            Some((rest, digest)) => {
                let digest = digest
                    .parse()
                    .map_err(|_| wrong("the digest is not sha256: and 64 lower-case hex digits"))?;
                (rest, Some(digest))
            }
        };
        let (host, rest) =
            rest.split_once('/').ok_or_else(|| wrong("there is no repository behind the host"))?;
        let (repository, tag) = match rest.split_once(':') {
            None => (rest, None),
            Some((repository, tag)) => (repository, Some(tag)),
        };
        if !is_host(host) {
            return Err(wrong("the host is no name or address with an optional port"));
        }
        if !is_repository(repository) || host.len() + repository.len() > MAX_NAME {
            return Err(wrong(
                "a repository is lower-case letters, digits and single separators (. _ __ -), in parts between slashes",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("a tag is up to 128 letters, digits, `_`, `.` and `-`"));
        }
        Ok(Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address, port.strip_prefix(':').or(Some(port))),
            None => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let port = port.filter(|port| !(host.ends_with(']') && port.is_empty()));
    let named = if host.starts_with('[') {
        name.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    named && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`
fn is_repository(name: &str) -> bool {
    name.split('/').all(|part| {
        let bytes = part.as_bytes();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
        plain(*first)
            && plain(*last)
            && bytes.split(|byte| plain(*byte)).filter(|separator| !separator.is_empty()).all(
                |separator| {
                    matches!(separator, b"." | b"_" | b"__")
                        || separator.iter().all(|byte| *byte == b'-')
                },
            )
    })
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
pub(super) fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Reference;
    use crate::finding::Code;

    #[test]
    fn parts_are_told_apart() {
        let hex = "a".repeat(64);
        for (text, host, repository, tag, digest) in [
            ("oci://h/r".to_owned(), "h", "r", None, false),
            (
                "oci://127.0.0.1:5000/a/b__c-d:v1.0".to_owned(),
                "127.0.0.1:5000",
                "a/b__c-d",
                Some("v1.0"),
                false,
            ),
            ("oci://[::1]:5000/a:_x".to_owned(), "[::1]:5000", "a", Some("_x"), false),
            ("oci://[::1]/a".to_owned(), "[::1]", "a", None, false),
            (format!("oci://example.org/m@sha256:{hex}"), "example.org", "m", None, true),
            (format!("oci://example.org/m:1@sha256:{hex}"), "example.org", "m", Some("1"), true),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.host(), reference.repository()), (host, repository), "{text}");
            assert_eq!((reference.tag(), reference.digest().is_some()), (tag, digest), "{text}");
            assert_eq!(reference.to_string(), text);
        }
        let latest: Reference = "oci://h/r".parse().unwrap();
        assert_eq!(latest.name(), "latest");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let long = format!("oci://h/r:{}", "t".repeat(129));
        for bad in [
            "h/r",
            "oci://",
            "oci://h",
            "oci:///r",
            "oci://h/",
            "oci://h/R",
            "oci://h/a//b",
            "oci://h/a..b",
            "oci://h/a___b",
            "oci://h/-a",
            "oci://h/../x",
            "oci://h/r:",
            "oci://h/r:-x",
            "oci://h/r:a:b",
            "oci://h:0/r",
            "oci://h:99999/r",
            "oci://-h/r",
            "oci://h..x/r",
            "oci://me:pw@h/r",
            "oci://h/r@sha512:00",
            "oci://h/r@sha256:00",
            "oci://[::1/r",
            "oci://[x]/r",
            "oci://h/r?x",
            "oci://h/r#x",
            "oci://h/r:t%2f",
            "oci://h\\x/r",
            long.as_str(),
        ] {
            let problem = bad.parse::<Reference>().unwrap_err();
            assert_eq!(problem.code(), Code::RegistryReference, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_printed_as_it_was(text in "oci://[a-z0-9.:/@_-]{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }
    }
}
