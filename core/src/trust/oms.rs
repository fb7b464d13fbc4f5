//! Model signatures of the OpenSSF: which files a model is made of.
//!
//! Sources: the model signing specification v1.0 (ossf/model-signing-spec) and
//! the behaviour of its reference implementation, model-signing 1.1.1. Where
//! the two order resources differently this module writes the order of the
//! specification, and reads any: the root digest covers the order listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::statement::{self, Statement, predicate};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::model::path::ReleasePath;

/// Paths that the reference implementation never looks at.
pub const ALWAYS_IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// Most resources and most ignored paths in one signature.
pub const MAX_RESOURCES: usize = 1_000_000;
/// See [`MAX_RESOURCES`].
pub const MAX_IGNORED: usize = 10_000;

const HASH: &str = "sha256";
/// How resources of the shards method name their algorithm; the size follows.
const SHARDED_HASH: &str = "sha256-sharded-";
const FILES: &str = "files";
const SHARDS: &str = "shards";

/// How a model is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Each file is a resource.
    Files,
    /// Each piece of `size` bytes of a file is a resource.
    Shards {
        /// Bytes in a shard; the last one of a file may be shorter.
        size: u64,
    },
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => FILES,
            Self::Shards { .. } => SHARDS,
        })
    }
}

/// A file, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Path of the file in the model.
    pub path: String,
    /// First byte and the byte after the last, with the shards method.
    pub range: Option<(u64, u64)>,
    /// SHA-256 of its content.
    pub digest: Digest,
}

impl Resource {
    fn name(&self) -> String {
        match self.range {
            None => self.path.clone(),
            Some((start, end)) => format!("{}:{start}:{end}", self.path),
        }
    }
}

/// What a model signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name of the model; for people only.
    pub name: String,
    /// SHA-256 over the digests of all resources, in the order listed.
    pub root: Digest,
    /// How the model is taken apart.
    pub method: Method,
    /// Paths that were left out, with everything below them.
    pub ignore_paths: Vec<String>,
    /// Whether symbolic links were followed.
    pub allow_symlinks: bool,
    /// The resources, in the order listed.
    pub resources: Vec<Resource>,
}

/// Readers ignore fields of the predicate that v1.0 does not name.
#[derive(Serialize, Deserialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    allow_symlinks: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard_size: Option<serde_json::Number>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ignore_paths: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Listed {
    name: String,
    algorithm: String,
    digest: String,
}

/// Writes the statement of a model signature.
///
/// With the shards method an empty file has no resource. Callers leave out what
/// is ignored, [`ALWAYS_IGNORED`] among it.
pub fn build(
    model_name: &str,
    method: Method,
    mut resources: Vec<Resource>,
    ignore_paths: &[&str],
) -> Result<Vec<u8>> {
    check(method, &resources, model_name)?;
    // UTF-8 sorts in the order of code points.
    resources.sort_by_cached_key(Resource::name);
    let root = root_of(&resources);
    let ignored: BTreeSet<&str> = ignore_paths.iter().copied().collect();
    let (shard_size, algorithm) = match method {
        Method::Files => (None, HASH.to_owned()),
        Method::Shards { size } => (Some(size.into()), format!("{SHARDED_HASH}{size}")),
    };
    let listed = |resource: &Resource| Listed {
        name: resource.name(),
        algorithm: algorithm.clone(),
        digest: resource.digest.hex(),
    };
    let predicate = Predicate {
        serialization: Serialization {
            method: method.to_string(),
            hash_type: HASH.to_owned(),
            allow_symlinks: false,
            shard_size,
            ignore_paths: ignored.into_iter().map(str::to_owned).collect(),
        },
        resources: resources.iter().map(listed).collect(),
    };
    statement::build(model_name, root, predicate::MODEL_SIGNATURE, &predicate)
}

/// Reads the statement of a model signature and checks that it agrees with
/// itself. Nothing on disk is looked at.
pub fn parse(payload: &[u8], subject: &str) -> Result<Model> {
    let invalid = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    let unsupported = |detail: String| Problem::new(Code::OmsUnsupported, subject).detail(detail);
    match statement::peek_predicate_type(payload)?.as_str() {
        predicate::MODEL_SIGNATURE => {}
        predicate::MODEL_SIGNATURE_OLD => {
            let detail = "it is a model signature from before v1.0, which has no root digest";
            return Err(unsupported(detail.to_owned()));
        }
        other => return Err(invalid(format!("its predicate {other:?} is no model signature"))),
    }
    let statement: Statement<Predicate> = statement::parse(payload, subject)?;
    let [about] = statement.subject.as_slice() else {
        return Err(invalid("a model signature is about one model".to_owned()));
    };
    let Predicate { serialization, resources: listed } = statement.predicate;
    if serialization.hash_type != HASH {
        return Err(unsupported(format!("its hash {:?} is not SHA-256", serialization.hash_type)));
    }
    if listed.len() > MAX_RESOURCES || serialization.ignore_paths.len() > MAX_IGNORED {
        return Err(invalid(format!(
            "it lists more than {MAX_RESOURCES} files or {MAX_IGNORED} ignored paths"
        )));
    }
    let method = match (serialization.method.as_str(), &serialization.shard_size) {
        (FILES, _) => Method::Files,
        (SHARDS, Some(size)) => {
            let size =
                whole(size).ok_or_else(|| invalid(format!("its shard size {size} is no size")))?;
            Method::Shards { size }
        }
        (SHARDS, None) => return Err(invalid("it has shards without a size".to_owned())),
        (other, _) => return Err(unsupported(format!("its method {other:?} is not known"))),
    };
    let resources =
        listed.iter().map(|listed| read(listed, method, subject)).collect::<Result<Vec<_>>>()?;
    check(method, &resources, subject)?;
    let root = root_of(&resources);
    if root.hex() != about.digest.sha256 {
        return Err(Problem::new(Code::StatementMismatch, subject).detail(format!(
            "its root digest is sha256:{}, but its files make {root}",
            about.digest.sha256
        )));
    }
    Ok(Model {
        name: about.name.clone(),
        root,
        method,
        ignore_paths: serialization.ignore_paths,
        allow_symlinks: serialization.allow_symlinks,
        resources,
    })
}

/// A positive whole number; the reference implementation writes `10.0` for 10.
fn whole(number: &serde_json::Number) -> Option<u64> {
    let exact = number.as_u64().or_else(|| {
        let text = number.to_string();
        text.strip_suffix(".0").and_then(|digits| digits.parse().ok())
    });
    exact.filter(|size| *size > 0)
}

fn read(listed: &Listed, method: Method, subject: &str) -> Result<Resource> {
    let invalid = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    let name = &listed.name;
    let plain = listed.algorithm == HASH;
    let (path, range) = match method {
        Method::Files => (name.as_str(), None),
        Method::Shards { .. } => {
            let parts = split_shard(name);
            let (path, range) = parts.ok_or_else(|| invalid(format!("{name:?} names no shard")))?;
            (path, Some(range))
        }
    };
    if path == "." {
        // So the reference implementation lists a model that is one file.
        let detail = "it signs a single file, not a folder".to_owned();
        return Err(Problem::new(Code::OmsUnsupported, subject).detail(detail));
    }
    let sharded = match (method, listed.algorithm.strip_prefix(SHARDED_HASH)) {
        (Method::Shards { size }, Some(digits)) => digits == size.to_string(),
        _ => false,
    };
    if !plain && !sharded {
        let detail = format!("{name:?} has a digest of the kind {:?}", listed.algorithm);
        return Err(Problem::new(Code::OmsUnsupported, subject).detail(detail));
    }
    let digest = Digest::from_hex(&listed.digest).map_err(|error| {
        invalid(format!("the digest of {name:?} is not SHA-256 in hex")).source(error)
    })?;
    Ok(Resource { path: path.to_owned(), range, digest })
}

/// `path:start:end`, with numbers in their only form.
fn split_shard(name: &str) -> Option<(&str, (u64, u64))> {
    let (rest, end) = name.rsplit_once(':')?;
    let (path, start) = rest.rsplit_once(':')?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    Some((path, (number(start)?, number(end)?)))
}

fn root_of(resources: &[Resource]) -> Digest {
    let digests: Vec<u8> =
        resources.iter().flat_map(|resource| *resource.digest.as_bytes()).collect();
    Digest::of(&digests)
}

/// Paths are safe, nothing is listed twice, and shards make up whole files.
fn check(method: Method, resources: &[Resource], subject: &str) -> Result<()> {
    let mut files: BTreeMap<&str, Vec<Option<(u64, u64)>>> = BTreeMap::new();
    for resource in resources {
        files.entry(&resource.path).or_default().push(resource.range);
    }
    let mismatch = |detail: String| Problem::new(Code::StatementMismatch, subject).detail(detail);
    for (path, mut ranges) in files {
        ReleasePath::new(path).map_err(|error| {
            Problem::new(Code::UnsafePath, subject)
                .detail(format!("it lists the path {path:?}, which is refused: {error}"))
                .source(error)
        })?;
        ranges.sort_unstable();
        match (method, ranges.as_slice()) {
            (Method::Files, [None]) => {}
            (Method::Files, _) => {
                return Err(mismatch(format!("it lists {path:?} more than once")));
            }
            (Method::Shards { size }, ranges) if make_up_a_file(ranges, size) => {}
            (Method::Shards { size }, _) => {
                let detail = format!(
                    "the shards of {path:?} are not those of a file in pieces of {size} bytes"
                );
                return Err(mismatch(detail));
            }
        }
    }
    Ok(())
}

/// Whether sorted ranges follow each other from 0 on, all full but the last.
fn make_up_a_file(ranges: &[Option<(u64, u64)>], size: u64) -> bool {
    let mut expected = 0;
    let mut full = true;
    for range in ranges {
        let Some((start, end)) = *range else { return false };
        let length = end.saturating_sub(start);
        if !full || start != expected || length == 0 || length > size {
            return false;
        }
        full = length == size;
        expected = end;
    }
    true
}

/// Whether `path` is one of `ignore_paths`, or lies below one of them.
pub fn is_ignored(path: &str, ignore_paths: &[impl AsRef<str>]) -> bool {
    ignore_paths.iter().any(|ignored| {
        path.strip_prefix(ignored.as_ref())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
#[path = "oms_tests.rs"]
mod tests;
