//! Trusted roots: the keys and certificates of logs and authorities.
//!
//! A root is the caller's choice and never comes with a bundle. The ones of the
//! public instances are built in, as `sigstore-trust-root` ships them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::TimeRange;

use super::{cached, json};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;

/// Largest root that is read, in bytes; the public one has 7 kB.
pub(super) const MAX_SIZE: u64 = 4 << 20;

/// When the built-in roots were released (sigstore-trust-root 0.15.1).
const BUILT_IN: &str = "2026-10-23T00:00:00Z";

/// Which root to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootChoice {
    /// What `pkg trust update` fetched for an instance, otherwise what is built in.
    Newest(Instance),
    /// A root that is built in.
    BuiltIn(Instance),
    /// A `trusted_root.json`.
    File(PathBuf),
    /// One that is part of another document, as of a `ClientTrustConfig`.
    Text {
        /// The root in JSON.
        text: Vec<u8>,
        /// The document.
        origin: String,
    },
}

impl Default for RootChoice {
    fn default() -> Self {
        Self::Newest(Instance::PublicGood)
    }
}

/// Public instances of Sigstore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Instance {
    /// The public-good instance.
    #[default]
    PublicGood,
    /// Its staging instance, for tests only.
    Staging,
    /// GitHub's own, for attestations of private repositories.
    GitHub,
}

impl Instance {
    /// Address of its TUF repository.
    pub fn repository(self) -> &'static str {
        match self {
            Self::PublicGood => "https://tuf-repo-cdn.sigstore.dev",
            Self::Staging => "https://tuf-repo-cdn.sigstage.dev",
            Self::GitHub => "https://tuf-repo.github.com",
        }
    }

    /// What the library calls it.
    pub(super) fn library(self) -> SigstoreInstance {
        match self {
            Self::PublicGood => SigstoreInstance::PublicGood,
            Self::Staging => SigstoreInstance::Staging,
            Self::GitHub => SigstoreInstance::GitHub,
        }
    }
}

/// How to work with one instance (`ClientTrustConfig`, `sigstore_trustroot.proto`).
#[derive(Debug)]
pub struct ClientTrustConfig {
    /// By which root to judge.
    pub root: RootChoice,
    /// The signing config in JSON.
    pub signing_config: Vec<u8>,
}

impl ClientTrustConfig {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Wire {
            media_type: String,
            trusted_root: serde_json::Value,
            signing_config: serde_json::Value,
        }

        let origin = path.display().to_string();
        let invalid = |detail: String| Problem::new(Code::TrustRootInvalid, &origin).detail(detail);
        let bytes = read(path)?;
        let wire: Wire = json::from_slice_strict(&bytes).map_err(|error| {
            invalid(format!("it is no client trust config: {error}")).source(error)
        })?;
        if !wire.media_type.starts_with("application/vnd.dev.sigstore.clienttrustconfig") {
            return Err(invalid(format!("its media type is {:?}", wire.media_type)));
        }
        Ok(Self {
            root: RootChoice::Text { text: wire.trusted_root.to_string().into_bytes(), origin },
            signing_config: wire.signing_config.to_string().into_bytes(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fsx::read_given(path, MAX_SIZE).map_err(|problem| {
        let code = match problem.code() {
            Code::PathNotFound => Code::TrustRootMissing,
            Code::MetadataTooLarge => Code::TrustRootInvalid,
            _ => return problem,
        };
        let message = problem.finding().message.clone();
        Problem::new(code, path.display()).detail(message).source(problem)
    })
}

/// A root, ready to judge by.
pub struct Root {
    /// Where it came from, for people.
    pub origin: String,
    /// Since when it is known to be right: when it was fetched, or built in.
    /// Nothing is known of a root that the caller gave.
    pub since: Option<jiff::Timestamp>,
    /// SHA-256 of its text.
    pub digest: Digest,
    /// The root in JSON.
    pub text: Vec<u8>,
    pub(super) trusted: TrustedRoot,
    pub(super) verifier: Verifier,
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Root")
            .field("origin", &self.origin)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// A service that a root trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    /// What it does: `log`, `certificates`, `certificate-log` or `timestamps`.
    pub role: &'static str,
    /// Its address.
    pub name: String,
    /// Since when it is trusted, RFC 3339.
    pub from: Option<String>,
    /// Until when.
    pub until: Option<String>,
}

impl Root {
    /// Everybody it trusts.
    pub fn authorities(&self) -> Vec<Authority> {
        let one = |role, name: &str, window: Option<TimeRange>| Authority {
            role,
            name: name.to_owned(),
            from: window.map(|window| window.start.to_string()),
            until: window.and_then(|window| window.end).map(|end| end.to_string()),
        };
        let root = &self.trusted;
        let mut all = Vec::new();
        for log in &root.tlogs {
            all.push(one("log", &log.base_url, log.public_key.valid_for));
        }
        for authority in &root.certificate_authorities {
            all.push(one("certificates", &authority.uri, authority.valid_for));
        }
        for log in &root.ctlogs {
            all.push(one("certificate-log", &log.base_url, log.public_key.valid_for));
        }
        for authority in &root.timestamp_authorities {
            let name = authority.uri.as_deref().unwrap_or("not named");
            all.push(one("timestamps", name, authority.valid_for));
        }
        all
    }

    /// Reads the chosen root.
    pub fn load(choice: &RootChoice) -> Result<Self> {
        match choice {
            RootChoice::Newest(instance) => {
                let folder = cached::folder(instance.repository());
                let found = folder.map(|folder| cached::load(&folder)).transpose()?.flatten();
                let Some(found) = found else { return Self::load(&RootChoice::BuiltIn(*instance)) };
                let mut root = Self::parse(&read(&found.root)?, &found.root.display().to_string())?;
                if root.digest != found.meta.digest {
                    return Err(Problem::new(Code::TrustRootInvalid, found.root.display())
                        .detail("it is not what was fetched"));
                }
                root.since = Some(found.meta.fetched);
                Ok(root)
            }
            RootChoice::BuiltIn(instance) => {
                let text = instance.library().embedded_trusted_root_json();
                let mut root = Self::parse(text.as_bytes(), "the built-in root")?;
                root.since = BUILT_IN.parse().ok();
                Ok(root)
            }
            RootChoice::File(path) => Self::parse(&read(path)?, &path.display().to_string()),
            RootChoice::Text { text, origin } => Self::parse(text, origin),
        }
    }

    /// Refuses a root that is older than `days`. One that the caller gave has no
    /// age: whoever gives it knows why.
    pub fn check_age(&self, days: u32) -> Result<()> {
        let limit = Duration::from_hours(24 * u64::from(days));
        let age = self.since.map(|since| jiff::Timestamp::now().duration_since(since));
        match age {
            Some(age) if age.unsigned_abs() > limit && age.is_positive() => {
                Err(Problem::new(Code::TrustRootStale, &self.origin)
                    .detail(format!("it is {} days old, more than {days}", age.as_hours() / 24)))
            }
            _ => Ok(()),
        }
    }

    /// Reads a `trusted_root.json`; `origin` says where it is from.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self> {
        let invalid = |detail: String| Problem::new(Code::TrustRootInvalid, origin).detail(detail);
        let trusted: TrustedRoot = json::from_slice_strict(bytes)
            .map_err(|error| invalid(format!("it is no trusted root: {error}")).source(error))?;
        if !trusted.media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(invalid(format!("its media type is {:?}", trusted.media_type)));
        }
        let verifier =
            Verifier::new(&trusted).map_err(|error| invalid(error.to_string()).source(error))?;
        Ok(Self {
            origin: origin.to_owned(),
            since: None,
            digest: Digest::of(bytes),
            text: bytes.to_vec(),
            trusted,
            verifier,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Instance, Root, RootChoice};
    use crate::finding::Code;

    #[test]
    fn the_built_in_roots_can_be_judged_by() {
        for instance in [Instance::PublicGood, Instance::Staging, Instance::GitHub] {
            let root = Root::load(&RootChoice::BuiltIn(instance)).unwrap();
            assert!(!root.trusted.certificate_authorities.is_empty());
        }
    }

    #[test]
    fn a_missing_and_a_damaged_root_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.json");
        let code = || Root::load(&RootChoice::File(path.clone())).unwrap_err().code();
        assert_eq!(code(), Code::TrustRootMissing);
        let twice = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","mediaType":"x"}"#;
        let window = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs":[{"baseUrl":"","hashAlgorithm":"SHA2_256","publicKey":{"rawBytes":"AAAA","keyDetails":"x"},"logId":{"keyId":"AAAA"}}]}"#;
        for text in ["", "{}", "[]", r#"{"mediaType":"text/plain"}"#, twice, window] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(code(), Code::TrustRootInvalid, "{text}");
        }
        std::fs::write(&path, vec![b' '; 5 << 20]).unwrap();
        assert_eq!(code(), Code::TrustRootInvalid);
    }
}
