//! Indexes of sharded weights (`*.safetensors.index.json`, `*.bin.index.json`).

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::{SourceFile, file_name, folder_of};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::path::ReleasePath;

/// Largest index that is read, in bytes. The largest models have some megabytes.
const MAX_INDEX: u64 = 64 << 20;

#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::BTreeMap<String, String>,
}

/// Whether a file is an index of shards, by its name.
pub fn is_index(path: &ReleasePath) -> bool {
    let name = file_name(path);
    name.ends_with(".safetensors.index.json") || name.ends_with(".bin.index.json")
}

/// The shards that the text of an index names, each once. The error is the reason.
pub fn parse(text: &[u8]) -> std::result::Result<BTreeSet<String>, String> {
    let index: Index = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    Ok(index.weight_map.into_values().collect())
}

/// The shards of an index file, as paths in the release.
pub fn shards(index: &SourceFile) -> Result<Vec<ReleasePath>> {
    let bad = |detail: String| Problem::new(Code::BadWeightHeader, &index.path).detail(detail);
    let names = parse(&fsx::read_limited(&index.disk, MAX_INDEX)?)
        .map_err(|reason| bad(format!("the index of shards cannot be read: {reason}")))?;
    let folder = folder_of(&index.path);
    let within = |name: String| {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        ReleasePath::new(path)
            .map_err(|reason| bad(format!("the index names the shard {name:?}: {reason}")))
    };
    names.into_iter().map(within).collect()
}

/// The problem of a shard that is not there.
pub fn missing(index: &ReleasePath, shard: &ReleasePath, on_disk: &Path) -> Problem {
    let problem = Problem::new(Code::MissingShard, shard);
    if on_disk.join(shard.as_str()).exists() {
        problem
            .detail(format!("{index} names it, and it is in the folder, but no component lists it"))
            .hint("Add it to the `paths` of the weights in pkg.toml.")
    } else {
        problem.detail(format!("{index} names it, but it is not in the folder"))
    }
}

#[cfg(test)]
mod tests {
    use super::{is_index, parse, shards};
    use crate::finding::Code;
    use crate::model::path::ReleasePath;
    use crate::scan::SourceFile;

    #[test]
    fn shards_are_listed_once_and_damage_is_said() {
        let text = br#"{"metadata":{},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors","c":"m-1.safetensors"}}"#;
        let names: Vec<String> = parse(text).unwrap().into_iter().collect();
        assert_eq!(names, ["m-1.safetensors", "m-2.safetensors"]);
        assert!(parse(b"{}").unwrap_err().contains("weight_map"));
        assert!(is_index(&ReleasePath::new("a/model.safetensors.index.json").unwrap()));
        assert!(!is_index(&ReleasePath::new("index.json").unwrap()));
    }

    #[test]
    fn shards_lie_beside_the_index_and_not_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("x.bin.index.json");
        let index = SourceFile {
            path: ReleasePath::new("sub/x.bin.index.json").unwrap(),
            disk: disk.clone().into(),
            size: 0,
            executable: false,
        };
        std::fs::write(&disk, r#"{"weight_map":{"a":"x-1.bin"}}"#).unwrap();
        assert_eq!(shards(&index).unwrap(), [ReleasePath::new("sub/x-1.bin").unwrap()]);
        std::fs::write(&disk, r#"{"weight_map":{"a":"../../etc/x.bin"}}"#).unwrap();
        assert_eq!(shards(&index).unwrap_err().code(), Code::BadWeightHeader);
    }
}
