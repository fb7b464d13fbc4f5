//! Fetching the trusted root of an instance by TUF (The Update Framework, v1.0).
//!
//! `sigstore-tuf` follows the chain of roots, checks signatures, versions and
//! expiry, and bounds what it downloads. What it accepted is written aside and
//! put into the cache as one; what it refuses leaves the cache as it was.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use sigstore_tuf::{Error, FileStore, HttpRepository, Updater, UpdaterConfig};
use sigstore_verify::trust_root::SigningConfig;

use super::check_url;
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Staged};
use crate::model::digest::Digest;
use crate::trust::cached::{self, Meta};
use crate::trust::json;
use crate::trust::root::{self, Instance, Root};

/// Name of the target with the trusted root.
const ROOT_TARGET: &str = "trusted_root.json";
/// Name of the target with the signing config.
const SIGNING_TARGET: &str = "signing_config.v0.2.json";

/// A TUF repository and the root to start from.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Its address.
    pub url: String,
    /// The first TUF root, which the caller trusts.
    pub root: Vec<u8>,
}

impl Repository {
    /// That of a public instance; its first root is built in.
    pub fn of(instance: Instance) -> Self {
        let root = instance.library().tuf_root().to_vec();
        Self { url: instance.repository().to_owned(), root }
    }
}

/// What came of an update.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    /// Where it was fetched from.
    pub url: String,
    /// The trusted root on disk.
    pub path: std::path::PathBuf,
    /// Its SHA-256.
    pub digest: Digest,
    /// Whether it is another one than before.
    pub changed: bool,
    /// Version of the TUF root that vouches for it.
    pub root_version: u64,
    /// The signing config on disk, if the repository has one.
    pub signing_config: Option<std::path::PathBuf>,
}

/// Fetches the newest root of a repository into `folder`.
pub fn update(repository: &Repository, folder: &Path) -> Result<Updated> {
    let url = &repository.url;
    check_url(url).map_err(|why| Problem::new(Code::UsageError, url).detail(why))?;
    let before = cached::load(folder)?;
    let parent = folder.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).map_err(|error| Problem::writing(parent, error))?;
    // What was seen before is the floor for what is accepted now.
    let metadata = parent.join(format!("{}.tuf", Digest::of(url.as_bytes()).short()));
    let now = jiff::Timestamp::now();
    let runtime = super::runtime()?;
    let fetched = runtime.block_on(fetch(repository, &metadata, now));
    let (root, signing, root_version) = fetched.map_err(|error| refused(url, error))?;
    let parsed = Root::parse(&root, url)?;
    if let Some(signing) = &signing {
        json::from_slice_strict::<SigningConfig>(signing).map_err(|error| {
            Problem::new(Code::TufRefused, url)
                .detail(format!("its signing config cannot be read: {error}"))
                .source(error)
        })?;
    }
    let meta = Meta { url: url.clone(), fetched: now, root_version, digest: parsed.digest };
    let text = serde_json::to_vec_pretty(&meta).map_err(|error| {
        Problem::new(Code::Internal, url).detail(error.to_string()).source(error)
    })?;
    let staged = Staged::folder(folder)?;
    fsx::write_synced(&staged.path().join(cached::ROOT), &root)?;
    if let Some(signing) = &signing {
        fsx::write_synced(&staged.path().join(cached::SIGNING_CONFIG), signing)?;
    }
    fsx::write_synced(&staged.path().join(cached::META), &text)?;
    staged.commit(true)?;
    Ok(Updated {
        url: url.clone(),
        path: folder.join(cached::ROOT),
        digest: parsed.digest,
        changed: before.is_none_or(|before| before.meta.digest != parsed.digest),
        root_version,
        signing_config: signing.map(|_| folder.join(cached::SIGNING_CONFIG)),
    })
}

type Fetched = (Vec<u8>, Option<Vec<u8>>, u64);

async fn fetch(
    repository: &Repository,
    metadata: &Path,
    now: jiff::Timestamp,
) -> Result<Fetched, Error> {
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Error::transport_with_source("no HTTP client", error))?;
    let source = HttpRepository::new(&repository.url)?.with_http_client(client);
    let store = FileStore::new(metadata);
    let mut updater =
        Updater::new(source, &repository.root)?.with_config(limits()).with_store(store);
    updater.refresh(now).await?;
    let root = updater.get_target(ROOT_TARGET, now).await?;
    let signing = match updater.get_target(SIGNING_TARGET, now).await {
        Ok(bytes) => Some(bytes),
        Err(Error::TargetNotFound(_)) => None,
        Err(error) => return Err(error),
    };
    Ok((root, signing, updater.trusted().root().version))
}

/// The limits of the library; but what is larger than a root in the cache may be could not be
/// read from there.
fn limits() -> UpdaterConfig {
    let mut limits = UpdaterConfig::default();
    limits.target_max_length = root::MAX_SIZE;
    limits
}

fn refused(url: &str, error: Error) -> Problem {
    let code = match &error {
        Error::Transport { .. } => Code::TufUnreachable,
        Error::Expired { .. } => Code::TufExpired,
        Error::Rollback { .. } | Error::BadRootVersion { .. } => Code::TufRollback,
        Error::ThresholdNotMet { .. } | Error::DuplicateSignature { .. } | Error::Crypto(_) => {
            Code::TufSignature
        }
        Error::Io { .. } => Code::WriteFailed,
        _ => Code::TufRefused,
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Problem::new(code, url).detail(message).source(error)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_limits_are_those_of_the_documentation() {
        let text = include_str!("../../../../docs/limits.md");
        let limits = super::limits();
        for (row, limit) in [
            ("| `root.json`", limits.root_max_length),
            ("| `timestamp.json`", limits.timestamp_max_length),
            ("| `snapshot.json`", limits.snapshot_max_length),
            ("| `targets.json`", limits.targets_max_length),
            ("| root versions", u64::from(limits.max_root_rotations)),
            ("| target roles", u64::from(limits.max_delegations)),
        ] {
            let line = text.lines().find(|line| line.starts_with(row)).unwrap();
            let said = line.split('|').nth(2).unwrap().replace(',', "");
            assert_eq!(said.trim().parse(), Ok(limit), "{line}");
        }
        assert_eq!(limits.target_max_length, 4 << 20, "as docs/limits.md says");
    }
}
