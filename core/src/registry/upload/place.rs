//! Where an upload goes on, as a registry's answers say.

use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::registry::address::{self, Origin};
use crate::registry::http::{Answer, Session};

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Address of the next request.
    pub(super) location: String,
    /// Bytes that the registry has.
    pub(super) offset: u64,
    /// Fewest bytes that it takes at once, but for the last ones.
    pub(super) min_chunk: u64,
}

/// Checks that an address belongs to the registry: nobody else gets the bytes.
pub(super) fn checked(session: &Session, location: &str) -> Result<String> {
    let url = address::check(location, session.options())?;
    if Origin::of(&url) != *session.origin() {
        let detail = format!("an upload is to be sent to {}", address::shown(&url));
        return Err(invalid(session, detail));
    }
    Ok(url.into())
}

/// The `Location` of an answer, which may be relative to what was asked.
pub(super) fn location(session: &Session, answer: &Answer<'_>) -> Result<Option<String>> {
    let Some(location) = answer.header("location") else { return Ok(None) };
    let url = answer.url().join(location).map_err(|error| {
        invalid(session, "the place of an upload is no address".to_owned()).source(error)
    })?;
    checked(session, url.as_str()).map(Some)
}

/// The same address, to complete the upload under a digest.
pub(super) fn completion(location: &str, digest: Digest) -> String {
    let joint = if location.contains('?') { '&' } else { '?' };
    format!("{location}{joint}digest={digest}")
}

/// How many bytes a registry has, from the `Range` of an answer: `0-<last>`, with the
/// unit before it in some. `0-0` stands for none, as registries do not tell that from one.
pub(super) fn offset(range: &str) -> Option<u64> {
    let range = range.trim();
    let range =
        range.strip_prefix("bytes=").or_else(|| range.strip_prefix("bytes ")).unwrap_or(range);
    let last: u64 = range.strip_prefix("0-")?.parse().ok()?;
    if last == 0 { Some(0) } else { last.checked_add(1) }
}

pub(super) fn invalid(session: &Session, detail: String) -> Problem {
    Problem::new(Code::RegistryInvalid, session.reference()).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::{completion, offset};
    use crate::model::digest::Digest;

    #[test]
    fn ranges_say_how_much_is_there() {
        for (range, have) in [
            ("0-0", Some(0)),
            ("0-1", Some(2)),
            ("bytes=0-99", Some(100)),
            ("bytes 0-99", Some(100)),
            ("1-9", None),
            ("0-", None),
            ("0-x", None),
            ("0-18446744073709551615", None),
            ("", None),
        ] {
            assert_eq!(offset(range), have, "{range}");
        }
    }

    #[test]
    fn the_digest_is_added_to_what_is_there() {
        let digest = Digest::of(b"");
        assert!(completion("http://h/u", digest).starts_with("http://h/u?digest=sha256:"));
        assert!(completion("http://h/u?a=b", digest).starts_with("http://h/u?a=b&digest=sha256:"));
    }
}
