//! Reading transparency logs.
//!
//! Sources: the interface of Rekor v1 (`openapi.yaml` of sigstore/rekor) and
//! c2sp.org/tlog-tiles for Rekor v2. Answers are read up to a limit. Nothing that
//! a log says is believed here.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::check_url;
use super::http::{Body, Http};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::trust::json;
use crate::trust::merkle::{Hash, Subtree, node, prove};
use crate::trust::watch::{Interface, Log};

/// Largest answer that is read, in bytes: ten entries of Rekor v1, or 256 of v2.
const MAX_ANSWER: usize = 64 << 20;

/// Largest head, proof or tile.
const MAX_SMALL: usize = 1 << 20;

/// Entries that Rekor v1 gives at once.
const PAGE: u64 = 10;

/// Hashes or entries of a full tile.
const TILE: u64 = 256;

/// An entry, as a log gives it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its body, which the tree is over.
    pub(super) body: Vec<u8>,
    /// When the log took it, as it says; seconds since 1970.
    pub(super) time: Option<i64>,
}

/// The newest head of a log, as it gives it.
#[derive(Debug)]
pub(super) struct Newest {
    /// The signed note.
    pub(super) note: String,
    /// Number of the tree, of logs that are split.
    pub(super) tree_id: Option<String>,
    /// Entries of earlier trees: indexes count them.
    pub(super) offset: u64,
}

/// Asks one log.
pub(super) struct Reader<'l> {
    log: &'l Log,
    http: Http,
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInfo {
    signed_tree_head: String,
    #[serde(rename = "treeID")]
    tree_id: String,
    #[serde(default)]
    inactive_shards: Vec<Shard>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shard {
    tree_size: u64,
}

#[derive(Deserialize)]
struct Proof {
    hashes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    body: String,
    log_index: u64,
    integrated_time: Option<i64>,
}

impl<'l> Reader<'l> {
    pub(super) fn new(log: &'l Log) -> Result<Self> {
        check_url(&log.url).map_err(|why| Problem::new(Code::UsageError, &log.url).detail(why))?;
        let http = Http::new(Code::LogUnreachable, &log.url)?;
        Ok(Self { log, http, tiles: HashMap::new() })
    }

    fn wrong(&self, detail: impl Into<String>) -> Problem {
        self.http.wrong(detail)
    }

    fn get(&self, path: &str, limit: usize) -> Result<Vec<u8>> {
        self.http.ask(&format!("{}{path}", self.log.url), Body::None, limit)
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        json::from_slice_strict(bytes)
            .map_err(|error| self.wrong(format!("an answer cannot be read: {error}")).source(error))
    }

    pub(super) fn newest(&self) -> Result<Newest> {
        if self.log.interface == Interface::V2 {
            let note = String::from_utf8(self.get("/api/v2/checkpoint", MAX_SMALL)?)
                .map_err(|error| self.wrong("its checkpoint is no text").source(error))?;
            return Ok(Newest { note, tree_id: None, offset: 0 });
        }
        let info: LogInfo = self.parsed(&self.get("/api/v1/log", MAX_SMALL)?)?;
        let offset = info.inactive_shards.iter().try_fold(0_u64, |sum, shard| {
            sum.checked_add(shard.tree_size).ok_or_else(|| self.wrong("its sizes overflow"))
        })?;
        Ok(Newest { note: info.signed_tree_head, tree_id: Some(info.tree_id), offset })
    }

    /// The consistency proof between two sizes; what it is worth is seen by using it.
    pub(super) fn proof(&mut self, first: u64, newest: &Newest, size: u64) -> Result<Vec<Hash>> {
        if self.log.interface == Interface::V2 {
            return prove(first, size, &mut |subtree| self.subtree(subtree, size));
        }
        let tree = newest.tree_id.as_deref().unwrap_or_default();
        // The number is one of the log's own; it is not put into an address unread.
        if !tree.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong("the number of its tree is none"));
        }
        let path = format!("/api/v1/log/proof?firstSize={first}&lastSize={size}&treeID={tree}");
        let proof: Proof = self.parsed(&self.get(&path, MAX_SMALL)?)?;
        let hash = |text: &String| {
            let digest = Digest::from_hex(text)
                .map_err(|error| self.wrong("a hash of its proof is none").source(error))?;
            Ok(*digest.as_bytes())
        };
        proof.hashes.iter().map(hash).collect()
    }

    /// Entries from `from` on, at least one and not beyond `to`.
    pub(super) fn entries(
        &self,
        from: u64,
        to: u64,
        newest: &Newest,
        size: u64,
    ) -> Result<Vec<Entry>> {
        match self.log.interface {
            Interface::V1 => self.page(from, to.min(from + PAGE), newest.offset),
            Interface::V2 => self.bundle(from, to, size),
        }
    }

    fn page(&self, from: u64, to: u64, offset: u64) -> Result<Vec<Entry>> {
        // The log says the offset, and nobody signs it.
        let shifted =
            |index: u64| index.checked_add(offset).ok_or_else(|| self.wrong("its sizes overflow"));
        let indexes: Vec<u64> = (shifted(from)?..shifted(to)?).collect();
        let url = format!("{}/api/v1/log/entries/retrieve", self.log.url);
        let request = Body::Json(json!({ "logIndexes": indexes }));
        let answer = self.http.ask(&url, request, MAX_ANSWER)?;
        let found: Vec<HashMap<String, WireEntry>> = self.parsed(&answer)?;
        let mut by_index: HashMap<u64, WireEntry> = HashMap::new();
        for entry in found.into_iter().flat_map(HashMap::into_values) {
            by_index.insert(entry.log_index, entry);
        }
        let mut take = |index: &u64| {
            let entry = by_index
                .remove(index)
                .ok_or_else(|| self.wrong(format!("it does not give entry {index}")))?;
            let body = STANDARD.decode(&entry.body).map_err(|error| {
                self.wrong(format!("the body of entry {index} is not base64")).source(error)
            })?;
            Ok(Entry { body, time: entry.integrated_time })
        };
        indexes.iter().map(&mut take).collect()
    }

    /// The rest of the bundle of entries that `from` is in.
    fn bundle(&self, from: u64, to: u64, size: u64) -> Result<Vec<Entry>> {
        let (tile, skipped) = (from / TILE, from % TILE);
        let width = (size - tile * TILE).min(TILE);
        let bytes = self.get(&tile_path("entries", tile, width), MAX_ANSWER)?;
        let mut rest = bytes.as_slice();
        let mut entries = Vec::new();
        for index in 0..width {
            let cut = || self.wrong("a bundle of entries is cut short");
            let (length, more) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (body, more) = more.split_at_checked(length).ok_or_else(cut)?;
            rest = more;
            if index >= skipped && tile * TILE + index < to {
                entries.push(Entry { body: body.to_vec(), time: None });
            }
        }
        if rest.is_empty() {
            Ok(entries)
        } else {
            Err(self.wrong("a bundle of entries is too long"))
        }
    }

    /// The root of a complete subtree, from the tile that it is in.
    fn subtree(&mut self, (level, index): Subtree, size: u64) -> Result<Hash> {
        let (row, above) = (level / 8, level % 8);
        let first = index << above;
        let hashes = self.tile(row, first / TILE, size)?;
        let begin = usize::try_from(first % TILE).unwrap_or(usize::MAX);
        let part = hashes.get(begin..begin + (1 << above));
        let mut hashes = part.ok_or_else(|| self.wrong("a tile is too short"))?.to_vec();
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| node(&pair[0], &pair[pair.len() - 1])).collect();
        }
        hashes.first().copied().ok_or_else(|| self.wrong("a tile is empty"))
    }

    fn tile(&mut self, row: u8, tile: u64, size: u64) -> Result<Vec<Hash>> {
        if let Some(known) = self.tiles.get(&(row, tile)) {
            return Ok(known.clone());
        }
        let there = (size >> (8 * u32::from(row))).saturating_sub(tile * TILE);
        let width = there.min(TILE);
        let bytes = self.get(&tile_path(&row.to_string(), tile, width), MAX_SMALL)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() as u64 != width {
            return Err(self.wrong("a tile has another size than asked for"));
        }
        self.tiles.insert((row, tile), hashes.to_vec());
        Ok(hashes.to_vec())
    }
}

/// `x001/x234/067`, and the width when it is not full.
fn tile_path(row: &str, tile: u64, width: u64) -> String {
    let mut path = format!("{:03}", tile % 1000);
    let mut rest = tile / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    let partial = if width == TILE { String::new() } else { format!(".p/{width}") };
    format!("/api/v2/tile/{row}/{path}{partial}")
}

#[cfg(test)]
mod tests {
    use super::tile_path;

    #[test]
    fn tiles_are_named_as_specified() {
        assert_eq!(tile_path("0", 1_234_067, 256), "/api/v2/tile/0/x001/x234/067");
        assert_eq!(tile_path("entries", 5, 3), "/api/v2/tile/entries/005.p/3");
        assert_eq!(tile_path("2", 1000, 256), "/api/v2/tile/2/x001/000");
    }
}
