//! A transparency log: a growing tree with signed checkpoints (C2SP tlog-checkpoint).

use crate::fault::Fault;
use crate::keys::{Hash, Key, sha256};
use crate::text;
use crate::tree;

/// A key with the id by which the log is known.
#[derive(Debug)]
pub(crate) struct LogKey {
    pub(crate) key: Key,
    pub(crate) id: Hash,
}

impl LogKey {
    /// ECDSA, known by the hash of its public key, as Rekor v1 is.
    pub(crate) fn p256() -> Self {
        let key = Key::p256();
        Self { id: sha256(key.spki()), key }
    }

    /// Ed25519, known by its C2SP signed-note id, as Rekor v2 is.
    pub(crate) fn ed25519(name: &str) -> Self {
        let key = Key::ed25519();
        Self { id: note_id(name, 0x01, &key), key }
    }

    /// The line of a signed note with this key's signature.
    fn line(&self, name: &str, hint: &[u8], message: &[u8]) -> String {
        let signature = [hint, &self.key.sign(message)].concat();
        format!("\u{2014} {name} {}\n", text::base64(&signature))
    }
}

fn note_id(name: &str, kind: u8, key: &Key) -> Hash {
    sha256(&[name.as_bytes(), &[0x0a, kind], key.raw_public()].concat())
}

/// Someone who signs checkpoints besides the log (C2SP tlog-cosignature, v1).
#[derive(Debug)]
pub(crate) struct Witness {
    name: String,
    key: Key,
}

impl Witness {
    pub(crate) fn new(number: usize) -> Self {
        Self { name: format!("witness-{number}.example"), key: Key::ed25519() }
    }

    /// Name, and public key as `SubjectPublicKeyInfo`.
    pub(crate) fn public(&self) -> (String, Vec<u8>) {
        (self.name.clone(), self.key.spki().to_vec())
    }

    fn line(&self, body: &str, now: i64) -> String {
        let signature = self.key.sign(format!("cosignature/v1\ntime {now}\n{body}").as_bytes());
        let id = note_id(&self.name, 0x04, &self.key);
        let line = [&id[..4], &now.to_be_bytes(), &signature].concat();
        format!("\u{2014} {} {}\n", self.name, text::base64(&line))
    }
}

/// That an entry is in the log.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) index: usize,
    pub(crate) size: usize,
    pub(crate) root: Hash,
    pub(crate) hashes: Vec<Hash>,
    pub(crate) checkpoint: String,
}

/// The log.
#[derive(Debug)]
pub(crate) struct Log {
    /// First line of its checkpoints.
    origin: String,
    /// Name on its signature lines.
    name: String,
    key: LogKey,
    foreign: LogKey,
    witnesses: Vec<Witness>,
    entries: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
}

impl Log {
    pub(crate) fn new(origin: String, name: String, key: LogKey, foreign: LogKey) -> Self {
        let (witnesses, entries, leaves) = (Vec::new(), Vec::new(), Vec::new());
        Self { origin, name, key, foreign, witnesses, entries, leaves }
    }

    pub(crate) fn with_witnesses(mut self, count: usize) -> Self {
        self.witnesses = (1..=count).map(Witness::new).collect();
        self
    }

    pub(crate) fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The genuine key.
    pub(crate) fn key(&self) -> &LogKey {
        &self.key
    }

    /// The key that signs entries under this fault.
    pub(crate) fn signer(&self, fault: Option<Fault>) -> &LogKey {
        match fault {
            Some(Fault::LogUnknown) => &self.foreign,
            _ => &self.key,
        }
    }

    /// The key that inclusion promises are signed with under this fault.
    pub(crate) fn promise_signer(&self, fault: Option<Fault>) -> &LogKey {
        match fault {
            Some(Fault::SetWrong) => &self.foreign,
            _ => self.signer(fault),
        }
    }

    /// The id that entries name under this fault.
    pub(crate) fn id(&self, fault: Option<Fault>) -> &Hash {
        match fault {
            Some(Fault::LogIdUnknown | Fault::LogUnknown) => &self.foreign.id,
            _ => &self.key.id,
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.leaves.len()
    }

    pub(crate) fn entry(&self, index: usize) -> Option<&[u8]> {
        self.entries.get(index).map(Vec::as_slice)
    }

    pub(crate) fn leaf_hash(&self, index: usize) -> Option<&Hash> {
        self.leaves.get(index)
    }

    /// Appends an entry and says its index.
    pub(crate) fn append(&mut self, entry: Vec<u8>) -> usize {
        self.leaves.push(tree::leaf_hash(&entry));
        self.entries.push(entry);
        self.leaves.len() - 1
    }

    pub(crate) fn root(&self) -> Hash {
        tree::root(&self.leaves)
    }

    /// The proof that the tree of `old` leaves is a part of the one of `new`.
    pub(crate) fn consistency(&self, old: usize, new: usize) -> Option<Vec<Hash>> {
        let leaves = self.leaves.get(..new).filter(|_| (1..=new).contains(&old))?;
        Some(tree::consistency(old, leaves))
    }

    pub(crate) fn root_at(&self, size: usize) -> Option<Hash> {
        self.leaves.get(..size).map(tree::root)
    }

    pub(crate) fn tile(&self, level: u32, index: usize) -> Vec<Hash> {
        tree::tile(level, index, &self.leaves)
    }

    /// The proof for the entry at `index` in the log as it is now.
    pub(crate) fn prove(&self, index: usize, now: i64, fault: Option<Fault>) -> Proof {
        let mut proof = Proof {
            index,
            size: self.size(),
            root: self.root(),
            hashes: tree::inclusion(index, &self.leaves),
            checkpoint: self.checkpoint(now, fault),
        };
        match fault {
            Some(Fault::ProofHashFlipped) => {
                if let Some(hash) = proof.hashes.first_mut() {
                    hash[0] ^= 1;
                }
            }
            Some(Fault::ProofHashMissing) => {
                proof.hashes.pop();
            }
            Some(Fault::ProofWrongIndex) => proof.index = index.checked_sub(1).unwrap_or(1),
            Some(Fault::ProofRootWrong) => proof.root[0] ^= 1,
            _ => {}
        }
        proof
    }

    /// The signed checkpoint of the log as it is now.
    pub(crate) fn checkpoint(&self, now: i64, fault: Option<Fault>) -> String {
        let (mut size, mut root) = (self.size(), self.root());
        if fault == Some(Fault::HeadOlder)
            && let Some(earlier) = size.checked_sub(1)
        {
            (size, root) = (earlier, self.root_at(earlier).unwrap_or(root));
        }
        if fault == Some(Fault::CheckpointOtherRoot) {
            root[0] ^= 1;
        }
        let body = format!("{}\n{}\n{}\n", self.origin, size, text::base64(&root));
        let (signer, hint) = match fault {
            Some(Fault::CheckpointUnsigned) => return format!("{body}\n"),
            Some(Fault::CheckpointForged) => (&self.foreign, &self.key.id[..4]),
            Some(Fault::CheckpointOtherKey | Fault::LogUnknown) => {
                (&self.foreign, &self.foreign.id[..4])
            }
            _ => (&self.key, &self.key.id[..4]),
        };
        let mut note = format!("{body}\n{}", signer.line(&self.name, hint, body.as_bytes()));
        note.extend(self.witnesses.iter().map(|witness| witness.line(&body, now)));
        note
    }
}
