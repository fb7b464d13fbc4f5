//! A TUF repository (specification 1.0) with consistent snapshots.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::der;
use crate::keys::{Key, sha256};
use crate::text;

const DAY: i64 = 86_400;

/// A top-level role of a TUF repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TufRole {
    /// Names the keys of all roles.
    Root,
    /// Names the current snapshot; short-lived.
    Timestamp,
    /// Names the current version of the targets.
    Snapshot,
    /// Names the files to fetch.
    Targets,
}

impl TufRole {
    fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }

    /// How long its metadata lives, in days.
    fn days(self) -> i64 {
        match self {
            Self::Root | Self::Targets => 365,
            Self::Snapshot => 21,
            Self::Timestamp => 7,
        }
    }
}

/// What is different in the next version of the repository; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct TufRelease {
    /// Files to add or to replace, by name.
    pub targets: Vec<(String, Vec<u8>)>,
    /// Also a new version of the root, with new keys for it.
    pub rotate_root: bool,
    /// The role whose metadata is expired from the start.
    pub expired: Option<TufRole>,
    /// The role whose metadata is signed by another key, under the genuine key's id.
    pub forged: Option<TufRole>,
    /// Files are served with one bit flipped.
    pub damaged_targets: bool,
}

/// A key under the id that TUF gives it: the hash of its canonical description.
#[derive(Debug)]
struct TufKey {
    key: Key,
    id: String,
    description: Value,
}

impl TufKey {
    fn new(key: Key, keytype: &str, scheme: &str, public: &str) -> Self {
        let description =
            json!({"keytype": keytype, "scheme": scheme, "keyval": {"public": public}});
        let id = text::hex(&sha256(text::tuf_json(&description).as_bytes()));
        Self { key, id, description }
    }

    fn p256() -> Self {
        let key = Key::p256();
        let public = der::to_pem("PUBLIC KEY", key.spki());
        Self::new(key, "ecdsa", "ecdsa-sha2-nistp256", &public)
    }

    fn ed25519() -> Self {
        let key = Key::ed25519();
        let public = text::hex(key.raw_public());
        Self::new(key, "ed25519", "ed25519", &public)
    }
}

/// The repository: two root keys of which both have to sign, one key for each
/// other role, ECDSA and Ed25519 mixed.
#[derive(Debug)]
pub(crate) struct Tuf {
    root_keys: Vec<TufKey>,
    timestamp: TufKey,
    snapshot: TufKey,
    targets: TufKey,
    foreign: Key,
    roots: Vec<Vec<u8>>,
    /// One version for the three roles below the root.
    version: u64,
    timestamps: Vec<Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    contents: BTreeMap<String, Vec<u8>>,
}

impl Tuf {
    pub(crate) fn new(targets: Vec<(String, Vec<u8>)>, now: i64) -> Self {
        let mut tuf = Self {
            root_keys: vec![TufKey::p256(), TufKey::ed25519()],
            timestamp: TufKey::ed25519(),
            snapshot: TufKey::ed25519(),
            targets: TufKey::p256(),
            foreign: Key::p256(),
            roots: Vec::new(),
            version: 0,
            timestamps: Vec::new(),
            files: BTreeMap::new(),
            contents: BTreeMap::new(),
        };
        tuf.publish_root(&[], &TufRelease::default(), now);
        tuf.publish(TufRelease { targets, ..TufRelease::default() }, now);
        tuf
    }

    /// The first root, from which clients start.
    pub(crate) fn first_root(&self) -> Vec<u8> {
        self.roots.first().cloned().unwrap_or_default()
    }

    /// The file at this path under the repository.
    pub(crate) fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The number of the current version.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Serves the timestamp of an earlier version again.
    pub(crate) fn roll_back(&mut self, version: u64) {
        let index = usize::try_from(version.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(timestamp) = self.timestamps.get(index) {
            self.files.insert("timestamp.json".to_owned(), timestamp.clone());
        }
    }

    /// Publishes the next version.
    pub(crate) fn publish(&mut self, release: TufRelease, now: i64) {
        if release.rotate_root {
            let old =
                std::mem::replace(&mut self.root_keys, vec![TufKey::p256(), TufKey::ed25519()]);
            self.publish_root(&old, &release, now);
        }
        self.version += 1;
        let version = self.version;
        self.contents.extend(release.targets.iter().cloned());
        let mut listed = serde_json::Map::new();
        for (name, content) in &self.contents {
            let hash = text::hex(&sha256(content));
            let length = content.len();
            listed.insert(name.clone(), json!({"length": length, "hashes": {"sha256": hash}}));
            let mut served = content.clone();
            if let Some(first) = served.first_mut().filter(|_| release.damaged_targets) {
                *first ^= 1;
            }
            self.files.insert(format!("targets/{hash}.{name}"), served);
        }
        let role = TufRole::Targets;
        let targets = self.write(role, &[&self.targets], &release, now, json!({"targets": listed}));
        let meta = json!({"meta": {"targets.json": {"version": version}}});
        let role = TufRole::Snapshot;
        let snapshot = self.write(role, &[&self.snapshot], &release, now, meta);
        let meta = json!({"meta": {"snapshot.json": {
            "version": version, "length": snapshot.len(),
            "hashes": {"sha256": text::hex(&sha256(&snapshot))},
        }}});
        let role = TufRole::Timestamp;
        let timestamp = self.write(role, &[&self.timestamp], &release, now, meta);
        self.timestamps.push(timestamp.clone());
        self.files.insert(format!("{version}.targets.json"), targets);
        self.files.insert(format!("{version}.snapshot.json"), snapshot);
        self.files.insert("timestamp.json".to_owned(), timestamp);
    }

    /// Publishes a root with the present keys, signed by them and by the `old`.
    fn publish_root(&mut self, old: &[TufKey], release: &TufRelease, now: i64) {
        let roles = [
            (TufRole::Root, self.root_keys.iter().collect()),
            (TufRole::Timestamp, vec![&self.timestamp]),
            (TufRole::Snapshot, vec![&self.snapshot]),
            (TufRole::Targets, vec![&self.targets]),
        ];
        let (mut keys, mut named) = (serde_json::Map::new(), serde_json::Map::new());
        for (role, members) in roles {
            let ids: Vec<&str> = members.iter().map(|key| key.id.as_str()).collect();
            let threshold = ids.len();
            named.insert(role.name().into(), json!({"keyids": ids, "threshold": threshold}));
            keys.extend(members.iter().map(|key| (key.id.clone(), key.description.clone())));
        }
        let content = json!({"consistent_snapshot": true, "keys": keys, "roles": named});
        let signers: Vec<&TufKey> = old.iter().chain(&self.root_keys).collect();
        let root = self.write(TufRole::Root, &signers, release, now, content);
        self.roots.push(root.clone());
        self.files.insert(format!("{}.root.json", self.roots.len()), root.clone());
        self.files.insert("root.json".to_owned(), root);
    }

    /// The metadata of a role, signed.
    fn write(
        &self,
        role: TufRole,
        signers: &[&TufKey],
        release: &TufRelease,
        now: i64,
        content: Value,
    ) -> Vec<u8> {
        let expires = match release.expired {
            Some(expired) if expired == role => now - DAY,
            _ => now + role.days() * DAY,
        };
        let version = match role {
            TufRole::Root => self.roots.len() as u64 + 1,
            _ => self.version,
        };
        let mut signed = json!({
            "_type": role.name(),
            "spec_version": "1.0.31",
            "version": version,
            "expires": text::date(expires, "%Y-%m-%dT%H:%M:%SZ"),
        });
        if let (Value::Object(signed), Value::Object(content)) = (&mut signed, content) {
            signed.extend(content);
        }
        let message = text::tuf_json(&signed);
        let signatures: Vec<Value> = signers
            .iter()
            .map(|signer| {
                let key = match release.forged {
                    Some(forged) if forged == role => &self.foreign,
                    _ => &signer.key,
                };
                json!({"keyid": signer.id, "sig": text::hex(&key.sign(message.as_bytes()))})
            })
            .collect();
        json!({"signed": signed, "signatures": signatures}).to_string().into_bytes()
    }
}
