//! `*.safetensors.index.json` against the files it names.
//!
//! Source: `get_checkpoint_shard_files` and `load_sharded_checkpoint` of transformers,
//! `split_torch_state_dict_into_shards` of `huggingface_hub`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use pkg_plugin_sdk::File;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::files::{Format, WeightFile, folder};
use pkg_plugin_sdk::section::{Section, quoted};

/// Longest index that is read, in bytes.
const MAX_INDEX: u64 = 64 << 20;
/// Most indices that are read; each may name every tensor of the release.
const MAX_INDICES: u64 = 64;

/// What an index says.
#[derive(Debug, Deserialize)]
struct Index {
    #[serde(default)]
    metadata: Option<Metadata>,
    weight_map: Names,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    total_size: Option<serde_json::Number>,
}

/// Shards by tensor, and names that are there more than once.
#[derive(Debug, Default)]
struct Names {
    map: HashMap<String, String>,
    repeated: Vec<String>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of file names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Names::default();
                while let Some((tensor, shard)) = map.next_entry::<String, String>()? {
                    match names.map.entry(tensor) {
                        Entry::Occupied(there) => names.repeated.push(there.key().clone()),
                        Entry::Vacant(place) => {
                            place.insert(shard);
                        }
                    }
                }
                Ok(names)
            }
        }
        deserializer.deserialize_map(NamesVisitor)
    }
}

/// Looks at every index of the release. The answer is which files are in one.
pub(crate) fn look<'a>(
    files: &'a [File],
    weights: &'a [WeightFile<'a>],
    section: &mut Section,
) -> BTreeSet<&'a str> {
    let mut covered = BTreeSet::new();
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let by_path: BTreeMap<&str, &WeightFile<'_>> =
        weights.iter().map(|file| (file.path(), file)).collect();
    let mut indices = 0;
    for file in files.iter().filter(|file| file.name().ends_with(".safetensors.index.json")) {
        section.looked = true;
        indices += 1;
        if indices > MAX_INDICES {
            let detail = format!("not looked at: more than {MAX_INDICES} indices in one release");
            section.error("too-many-indices", &file.path, detail);
            continue;
        }
        let read = file.read(MAX_INDEX).and_then(|bytes| {
            serde_json::from_slice::<Index>(&bytes)
                .map_err(|error| format!("it is no index: {error}"))
        });
        match read {
            Ok(index) => {
                covered.extend(one(file, &index, &paths, &by_path, section));
            }
            Err(reason) => section.error("index-unreadable", &file.path, reason),
        }
    }
    if indices > 0 {
        section.say(format!("{indices} index(es), {} shard(s) in them", covered.len()));
    } else {
        section.say("there is no index of shards");
    }
    covered
}

/// Looks at one index; the answer is the shards that it names.
fn one<'a>(
    file: &File,
    index: &Index,
    paths: &BTreeSet<&'a str>,
    weights: &BTreeMap<&'a str, &'a WeightFile<'a>>,
    section: &mut Section,
) -> BTreeSet<&'a str> {
    let path = &file.path;
    for name in &index.weight_map.repeated {
        let detail = format!("tensor {} is in the map twice", quoted(name));
        section.error("index-repeated", path, detail);
    }
    let shards: BTreeSet<&str> = index.weight_map.map.values().map(String::as_str).collect();
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for shard in shards {
        if !safe(shard) {
            let detail = format!("{} is no plain file name", quoted(shard));
            section.error("index-shard-unsafe", path, detail);
            continue;
        }
        let folder = folder(path);
        let full = if folder.is_empty() { shard.to_owned() } else { format!("{folder}/{shard}") };
        if let Some(full) = paths.get(full.as_str()) {
            found.insert(shard, full);
        } else {
            let detail = format!("the shard {} is not in the release", quoted(shard));
            section.error("index-shard-missing", path, detail);
        }
    }
    let complete = tensors(path, index, &found, weights, section);
    total_size(path, index, &found, weights, complete, section);
    found.into_values().collect()
}

/// Whether a shard's name is a file name and nothing more.
fn safe(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':');
    !name.is_empty() && name != "." && name != ".." && name.chars().all(plain)
}

/// Tensors of the map against those of the shards; the answer is whether all were compared.
fn tensors<'a>(
    path: &str,
    index: &Index,
    found: &BTreeMap<&str, &'a str>,
    weights: &BTreeMap<&'a str, &'a WeightFile<'a>>,
    section: &mut Section,
) -> bool {
    let mut places: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut complete = found.len() == index.weight_map.map.values().collect::<BTreeSet<_>>().len();
    for (shard, full) in found {
        match weights.get(full).filter(|file| file.format == Format::Safetensors) {
            Some(file) => {
                for tensor in &file.tensors {
                    places.entry(&tensor.name).or_default().push(shard);
                }
            }
            None => complete = false,
        }
    }
    let mut listed: Vec<_> = index.weight_map.map.iter().collect();
    listed.sort_unstable();
    for (name, shard) in listed {
        let readable = found.get(shard.as_str()).is_some_and(|full| weights.contains_key(full));
        let there = places.get(name.as_str()).is_some_and(|all| all.contains(&shard.as_str()));
        if readable && !there {
            let detail = format!("tensor {} is not in {}", quoted(name), quoted(shard));
            section.error("index-tensor-missing", path, detail);
        }
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_unstable();
    for (name, shards) in places {
        if shards.len() > 1 {
            let detail = format!("tensor {} is in {} shards", quoted(name), shards.len());
            section.error("index-tensor-twice", path, detail);
        }
        if !index.weight_map.map.contains_key(name) {
            let shard = quoted(shards[0]);
            let detail = format!("tensor {} of {shard} is not in the map", quoted(name));
            section.error("index-tensor-unlisted", path, detail);
        }
    }
    complete
}

/// `total_size` is the sum of the bytes of all tensors. Readers do not use it, so a wrong
/// one is a warning.
fn total_size<'a>(
    path: &str,
    index: &Index,
    found: &BTreeMap<&str, &'a str>,
    weights: &BTreeMap<&'a str, &'a WeightFile<'a>>,
    complete: bool,
    section: &mut Section,
) {
    let claimed = index.metadata.as_ref().and_then(|metadata| metadata.total_size.as_ref());
    let Some(claimed) = claimed else {
        section.note("index-total-size", path, "metadata.total_size is not there");
        return;
    };
    if !complete {
        return;
    }
    let files = found.values().filter_map(|full| weights.get(full));
    let sum = files
        .flat_map(|file| &file.tensors)
        .fold(0_u64, |sum, tensor| sum.saturating_add(tensor.bytes));
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
    let equal = claimed.as_u64() == Some(sum)
        || (!claimed.is_u64() && claimed.as_f64() == Some(sum as f64) && sum < 1 << 53);
    if !equal {
        let detail = format!("metadata.total_size is {claimed}, but the tensors have {sum} bytes");
        section.warn("index-total-size", path, detail);
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, safe};

    #[test]
    fn only_plain_names_are_safe() {
        assert!(safe("model-00001-of-00002.safetensors") && safe("..a") && safe("ä b"));
        for name in ["", ".", "..", "a/b", "/a", "..\\a", "a\0b", "C:x", "a\nb"] {
            assert!(!safe(name), "{name:?}");
        }
    }

    #[test]
    fn repeated_names_are_seen() {
        let index: Index =
            serde_json::from_str(r#"{"weight_map":{"a":"x","a":"y","b":"x"}}"#).unwrap();
        assert_eq!(index.weight_map.repeated, ["a"]);
        assert_eq!(index.weight_map.map["a"], "x");
        assert!(serde_json::from_str::<Index>(&"{\"weight_map\":".repeat(10_000)).is_err());
    }
}
