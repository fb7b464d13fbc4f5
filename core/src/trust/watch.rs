//! Watching a transparency log: what is known of it, and which entries count.
//!
//! The state keeps the log's tree up to the last entry read, so the next run proves
//! that nothing before it changed. No socket is opened here; see [`super::net::monitor`].

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::TransparencyLog;
use sigstore_verify::types::Checkpoint;

use super::certificate::Certificate;
use super::chain::Authority;
use super::judge::Accepted;
use super::key::{Algorithm, PublicKey};
use super::logged::{self, Logged, Verifier};
use super::merkle::{Hash, Range};
use super::root::Root;
use super::who::Who;
use super::{compare, json};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::digest::{Digest, hex_of};

/// Value of [`State::schema`].
const SCHEMA: &str = "urn:x-pkg:log-state:v1";

/// Largest state file that is read, in bytes.
const MAX_STATE: u64 = 1 << 20;

/// Interface of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// Rekor v1: entries and proofs by request.
    V1,
    /// Rekor v2: tiles (c2sp.org/tlog-tiles).
    V2,
}

/// A log that the root trusts.
pub struct Log {
    /// Its address.
    pub url: String,
    /// Its id in base64, as bundles name it.
    pub id: String,
    /// How it is asked.
    pub interface: Interface,
    key_id: Vec<u8>,
    key: VerificationKey,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("url", &self.url).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Log {
    /// The log of a root with this address or id; the only one that is in use, when
    /// none is named.
    pub fn choose(root: &Root, name: Option<&str>) -> Result<Self> {
        let now = jiff::Timestamp::now();
        let logs = &root.trusted.tlogs;
        let bare = |url: &str| url.trim_end_matches('/').to_owned();
        let fits = |log: &&TransparencyLog| match name {
            Some(name) => bare(&log.base_url) == bare(name) || id_of(log) == name,
            None => log
                .public_key
                .valid_for
                .is_none_or(|time| time.start <= now && time.end.is_none_or(|end| now <= end)),
        };
        let listed = |logs: &[&TransparencyLog]| -> String {
            let one = |log: &&TransparencyLog| format!("{} ({})", log.base_url, id_of(log));
            logs.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let found: Vec<&TransparencyLog> = logs.iter().filter(fits).collect();
        match found.as_slice() {
            [log] => Self::of(log, &root.origin),
            [] => Err(Problem::new(Code::LogUnknown, name.unwrap_or(&root.origin))
                .detail(format!("the root trusts {}", listed(&logs.iter().collect::<Vec<_>>())))),
            several => Err(Problem::new(Code::UsageError, "--log")
                .detail(format!("several logs fit: {}", listed(several)))
                .hint("Name one by its address or, where that is shared, by its id.")),
        }
    }

    fn of(log: &TransparencyLog, origin: &str) -> Result<Self> {
        let unusable = |detail: String| Problem::new(Code::TrustRootInvalid, origin).detail(detail);
        let spki = &log.public_key.raw_bytes;
        let key = VerificationKey::from_spki(spki)
            .map_err(|error| unusable(format!("the key of a log cannot be used: {error}")))?;
        let algorithm = PublicKey::from_spki(spki.as_bytes(), origin)?.algorithm();
        Ok(Self {
            url: log.base_url.trim_end_matches('/').to_owned(),
            id: id_of(log),
            // Rekor v2 signs its checkpoints with Ed25519 only, Rekor v1 never.
            interface: if algorithm == Algorithm::Ed25519 { Interface::V2 } else { Interface::V1 },
            key_id: log.log_id.key_id.as_bytes().to_vec(),
            key,
        })
    }

    /// Size and root of a signed head of this log.
    pub fn head(&self, note: &str) -> Result<Head> {
        let invalid =
            |detail: &str| Problem::new(Code::CheckpointInvalid, &self.url).detail(detail);
        if !compare::is_signed_note(note) {
            return Err(invalid("it is not written as a signed note"));
        }
        let checkpoint = Checkpoint::from_text(note)
            .map_err(|error| invalid(&error.to_string()).source(error))?;
        let hint = self.key_id.get(..4).unwrap_or_default();
        let by_log = |key_id: &[u8]| key_id == hint;
        let mut lines = checkpoint.signatures().iter();
        let signed = lines.any(|line| {
            by_log(line.key_id.as_slice())
                && self.key.verify(checkpoint.signed_data(), &line.signature).is_ok()
        });
        if !signed {
            return Err(invalid("it is not signed by the log"));
        }
        let root = *checkpoint.root_hash().as_bytes();
        Ok(Head { size: checkpoint.tree_size(), root, note: note.to_owned() })
    }
}

fn id_of(log: &TransparencyLog) -> String {
    STANDARD.encode(log.log_id.key_id.as_bytes())
}

/// A signed head of a log (checkpoint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// The signed note.
    pub note: String,
}

/// What is known of a log, kept from run to run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    schema: String,
    /// Address of the log.
    pub log: String,
    /// Id of the log, base64.
    pub log_id: String,
    /// Number of its tree, for logs that are split into several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_id: Option<String>,
    /// Entries that were read, or skipped by the first run.
    pub size: u64,
    /// Roots of the complete subtrees over them, hex, largest first.
    peaks: Vec<String>,
    /// The last signed head that was seen. It may be beyond what was read.
    pub checkpoint: String,
}

impl State {
    /// The state after reading up to `range` under `head`.
    pub fn of(log: &Log, tree_id: Option<String>, range: &Range, head: &Head) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            log: log.url.clone(),
            log_id: log.id.clone(),
            tree_id,
            size: range.size(),
            peaks: range.peaks().iter().map(|peak| hex_of(peak)).collect(),
            checkpoint: head.note.clone(),
        }
    }

    /// Reads a state file; nothing when there is none yet.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let bytes = match fsx::read_given(path, MAX_STATE) {
            Ok(bytes) => bytes,
            Err(problem) if problem.code() == Code::PathNotFound => return Ok(None),
            Err(problem) => return Err(problem),
        };
        let invalid =
            |detail: String| Problem::new(Code::LogStateInvalid, path.display()).detail(detail);
        let state: Self = json::from_slice_strict(&bytes)
            .map_err(|error| invalid(format!("it cannot be read: {error}")).source(error))?;
        if state.schema != SCHEMA {
            return Err(invalid(format!("it is a {:?}", state.schema)));
        }
        Ok(Some(state))
    }

    /// What was read, and the last head; both must be those of `log`.
    pub fn resume(&self, log: &Log, path: &Path) -> Result<(Range, Head)> {
        let invalid =
            |detail: &str| Problem::new(Code::LogStateInvalid, path.display()).detail(detail);
        if self.log_id != log.id {
            return Err(invalid("it is about another log"));
        }
        let hash = |text: &String| Digest::from_hex(text).ok().map(|digest| *digest.as_bytes());
        let peaks: Option<Vec<Hash>> = self.peaks.iter().map(hash).collect();
        let range = peaks.and_then(|peaks| Range::new(self.size, peaks));
        let range = range.ok_or_else(|| invalid("its tree is damaged"))?;
        let head = log
            .head(&self.checkpoint)
            .map_err(|problem| invalid("the log did not sign its checkpoint").source(problem))?;
        if range.size() > head.size || (range.size() == head.size && range.root() != head.root) {
            return Err(invalid("its tree is not that of its checkpoint"));
        }
        Ok((range, head))
    }

    /// Writes the state file, in one step.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            Problem::new(Code::Internal, path.display()).detail(error.to_string()).source(error)
        })?;
        fsx::replace_file(path, &text)
    }
}

/// An entry of somebody who is watched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// Its index in the log.
    pub index: u64,
    /// When the log took it, as the log says; Rekor v2 does not.
    pub time: Option<String>,
    /// Kind and version.
    pub kind: String,
    /// Who signed.
    pub who: Who,
    /// Whether the certificate is by an authority of the root, now or formerly. A
    /// log takes any certificate; one that is not is somebody's imitation.
    pub issued: Option<bool>,
    /// Digests of what was signed.
    pub digests: Vec<String>,
}

/// What was seen in an entry.
#[derive(Debug, Default)]
pub struct Seen {
    /// Those who are watched for.
    pub found: Vec<Sighting>,
    /// Whether everybody who signed it could be told.
    pub whole: bool,
}

/// Whom to look for.
#[derive(Debug)]
pub struct Watched<'a> {
    accepted: &'a Accepted,
    authority: Authority,
}

impl<'a> Watched<'a> {
    /// Looks for those whom the caller names.
    pub fn new(accepted: &'a Accepted, root: &Root) -> Result<Self> {
        let chains = root.trusted.certificate_authorities.iter();
        let authorities = chains
            .flat_map(|authority| &authority.cert_chain.certificates)
            .map(|known| Certificate::from_der(known.raw_bytes.as_bytes(), &root.origin))
            .collect::<Result<_>>()?;
        Ok(Self { accepted, authority: Authority::of_all(authorities) })
    }

    /// Looks at an entry.
    pub fn look(&self, index: u64, time: Option<i64>, body: &[u8]) -> Seen {
        let Some(logged) = logged::read(body) else { return Seen::default() };
        let time = time.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let found = logged.verifiers.iter().filter_map(|verifier| self.recognise(verifier));
        let found = found.map(|(who, issued)| sighting(index, time, &logged, who, issued));
        let readable = |verifier: &Verifier| match verifier {
            Verifier::Key(_) => true,
            Verifier::Certificate(der) => Certificate::from_der(der, "a log entry").is_ok(),
        };
        let whole = logged.whole && logged.verifiers.iter().all(readable);
        Seen { found: found.collect(), whole }
    }

    fn recognise(&self, verifier: &Verifier) -> Option<(Who, Option<bool>)> {
        match verifier {
            Verifier::Key(key) => self.by_key(key).map(|who| (who, None)),
            Verifier::Certificate(der) => {
                let certificate = Certificate::from_der(der, "a log entry").ok();
                let issued = || {
                    let chain: Vec<Certificate> = certificate.iter().cloned().collect();
                    self.authority.verify(&chain, None).is_ok()
                };
                if let Some(who) = verifier
                    .who()
                    .filter(|who| self.accepted.identity() && self.accepted.accepts(who))
                {
                    return Some((who, Some(issued())));
                }
                let key = certificate.as_ref()?.public_key().ok()?;
                self.by_key(key).map(|who| (who, Some(issued())))
            }
        }
    }

    fn by_key(&self, key: &PublicKey) -> Option<Who> {
        let known = self.accepted.keys.iter().find(|known| known.spki() == key.spki())?;
        Some(Who::Key { hint: known.hint(), algorithm: known.algorithm().to_string() })
    }
}

fn sighting(
    index: u64,
    time: Option<jiff::Timestamp>,
    logged: &Logged,
    who: Who,
    issued: Option<bool>,
) -> Sighting {
    Sighting {
        index,
        time: time.map(|time| time.to_string()),
        kind: logged.kind.clone(),
        who,
        issued,
        digests: logged.digests.clone(),
    }
}
