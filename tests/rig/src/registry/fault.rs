//! What a registry can be told to do wrong.

/// How the list of referrers lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Nothing refers to the subject.
    Hides,
    /// Manifests that are about something else are listed too.
    Foreign,
    /// A manifest is listed that the registry does not have.
    Missing,
    /// Every manifest is listed with the digest of another one.
    OtherDigest,
    /// Each page leads to a next one, without end.
    EndlessPages,
}

/// One thing done wrong, while all else stays as the specification has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this status code and an error in JSON.
    Status(u16),
    /// HTTP 429 with `Retry-After` of so many seconds.
    Busy(u32),
    /// HTTP 307 to another port of loopback, where the genuine answer is had.
    Redirect,
    /// HTTP 307 to the same place again.
    RedirectLoop,
    /// HTTP 307 to this location.
    RedirectTo(String),
    /// One bit of the content is another one; of manifests too.
    WrongContent,
    /// The connection ends after so many bytes of the announced content.
    Truncated(u64),
    /// The whole blob is sent (200) though a range was asked for.
    IgnoreRange,
    /// The part that is sent is not the one that was asked for, and says so.
    WrongContentRange,
    /// No referrers API (404): clients have to use the tag scheme.
    NoReferrersApi,
    /// The list of referrers is not what it should be.
    Referrers(Lie),
    /// Another manifest than the one that was asked for.
    WrongManifest,
    /// The header with the digest names another one than the content has.
    WrongDigestHeader,
    /// No header with the digest, as the specification permits.
    NoDigestHeader,
    /// Upload sessions are gone before the request is answered.
    ForgetUploads,
    /// What is sent cannot be stored: it is read, and this status answered.
    FullDisk(u16),
    /// The body, of whichever side, stops after so many bytes until
    /// [`Registry::release`](super::Registry::release) is called.
    Hold(u64),
    /// All tokens are void from this request on.
    TokenExpired,
    /// Not permitted: 401 or 403, whoever asks.
    Denied(u16),
    /// HTTP 200 with something that begins like JSON.
    Garbage,
    /// An answer that does not end; given up after 1 GiB.
    Endless,
}

impl Fault {
    /// Whether it can show at all at such a request.
    fn concerns(&self, method: &str, path: &str) -> bool {
        let reads = matches!(method, "GET" | "HEAD");
        match self {
            Self::Truncated(_) | Self::WrongContent | Self::Endless | Self::Garbage => {
                method == "GET"
            }
            Self::IgnoreRange | Self::WrongContentRange => {
                method == "GET" && path.contains("/blobs/")
            }
            Self::NoReferrersApi => {
                path.contains("/referrers/") || (method == "PUT" && path.contains("/manifests/"))
            }
            Self::Referrers(_) => path.contains("/referrers/"),
            Self::WrongManifest | Self::WrongDigestHeader => reads && path.contains("/manifests/"),
            Self::NoDigestHeader => reads,
            Self::FullDisk(_) => matches!(method, "PUT" | "PATCH" | "POST"),
            _ => true,
        }
    }
}

/// A fault, where, from when on and how often it shows.
///
/// ```
/// use pkg_rig::registry::{Failure, Fault};
/// // The second and third answer with a blob is cut after 1000 bytes.
/// let failure = Failure::new(Fault::Truncated(1000)).at("/blobs/").skip(1).times(2);
/// ```
#[derive(Debug, Clone)]
pub struct Failure {
    fault: Fault,
    method: Option<String>,
    path: String,
    skip: u32,
    left: Option<u32>,
}

impl Failure {
    /// At every request that can show `fault`.
    pub fn new(fault: Fault) -> Self {
        Self { fault, method: None, path: String::new(), skip: 0, left: None }
    }

    /// Only at requests whose path, with its query, contains this.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Only at requests with this method.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Not at the first `count` requests it concerns.
    #[must_use]
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Only at `count` of the requests it concerns.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    /// The fault to show at this request, which is counted.
    pub(super) fn next(&mut self, method: &str, target: &str) -> Option<Fault> {
        let here = self.method.as_ref().is_none_or(|only| only == method)
            && target.contains(&self.path)
            && self.fault.concerns(method, target);
        if !here || self.left == Some(0) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Fault};

    #[test]
    fn a_failure_is_limited_in_place_method_and_count() {
        let mut failure = Failure::new(Fault::Status(500)).at("/blobs/").on("GET").skip(1).times(1);
        assert_eq!(failure.next("GET", "/v2/a/manifests/x"), None);
        assert_eq!(failure.next("PUT", "/v2/a/blobs/x"), None);
        assert_eq!(failure.next("GET", "/v2/a/blobs/x"), None, "skipped");
        assert_eq!(failure.next("GET", "/v2/a/blobs/x"), Some(Fault::Status(500)));
        assert_eq!(failure.next("GET", "/v2/a/blobs/x"), None, "over");
    }

    #[test]
    fn a_fault_shows_only_where_it_can() {
        let mut failure = Failure::new(Fault::IgnoreRange);
        assert_eq!(failure.next("GET", "/v2/a/manifests/x"), None);
        assert_eq!(failure.next("GET", "/v2/a/blobs/x"), Some(Fault::IgnoreRange));
    }
}
