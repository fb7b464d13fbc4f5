//! Model signatures of the OpenSSF: which files a model is made of.
//!
//! Sources: the model signing specification v1.0 (ossf/model-signing-spec) and
//! the behaviour of its reference implementation, model-signing 0.2 to 1.1.
//! Where the two order resources differently this module writes the order of the
//! specification, and reads any: the root digest covers the order listed.

mod ignore;
mod old;
mod read;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statement::{self, predicate};
use crate::finding::{Code, Problem, Result};
use crate::model::content::{ContentDigest, ContentHash};
use crate::model::digest::Digest;

pub use ignore::IgnoreSet;
pub use old::{compat_pae, is_old};
pub use read::{is_model_signature, parse};

/// Paths that the reference implementation does not look at unless told to.
pub const GIT_PATHS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// Name of the only resource of a model that is a single file.
pub const SINGLE_FILE: &str = ".";

/// Most resources and most ignored paths in one signature.
pub const MAX_RESOURCES: usize = 1_000_000;
/// See [`MAX_RESOURCES`].
pub const MAX_IGNORED: usize = 10_000;

/// Longest path of a resource in bytes; that of Linux.
const MAX_PATH: usize = 4096;

const FILES: &str = "files";
const SHARDS: &str = "shards";

/// How a model is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl Method {
    /// How resources name their algorithm.
    fn algorithm(self, hash: ContentHash) -> String {
        match self {
            Self::Files => hash.to_string(),
            Self::Shards { size } => format!("{hash}-sharded-{size}"),
        }
    }
}

/// A file, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Path of the file in the model; [`SINGLE_FILE`] when the file is the model.
    pub path: String,
    /// First byte and the byte after the last, with the shards method.
    pub range: Option<(u64, u64)>,
    /// Digest of its content.
    pub digest: ContentDigest,
}

impl Resource {
    fn name(&self) -> Cow<'_, str> {
        match self.range {
            None => Cow::Borrowed(&self.path),
            Some((start, end)) => Cow::Owned(format!("{}:{start}:{end}", self.path)),
        }
    }
}

/// Which statement a model signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Form {
    /// `https://model_signing/signature/v1.0`.
    #[serde(rename = "signature/v1.0")]
    V1,
    /// `https://model_signing/Digests/v0.1`, of model-signing 0.2: one subject for
    /// each file, and no root digest.
    #[serde(rename = "Digests/v0.1")]
    Digests,
}

impl Form {
    /// Its predicate type.
    pub const fn predicate_type(self) -> &'static str {
        match self {
            Self::V1 => predicate::MODEL_SIGNATURE,
            Self::Digests => predicate::MODEL_SIGNATURE_OLD,
        }
    }
}

/// What a model signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Which statement said it.
    pub form: Form,
    /// Name of the model; for people only. [`Form::Digests`] has none.
    pub name: String,
    /// SHA-256 over the digests of all resources, in the order listed.
    /// [`Form::Digests`] does not state it: there it is worked out.
    pub root: Digest,
    /// How the model is taken apart.
    pub method: Method,
    /// The hash of all resources.
    pub hash: ContentHash,
    /// Paths that were left out, with everything below them.
    pub ignore_paths: Vec<String>,
    /// Whether symbolic links were followed.
    pub allow_symlinks: bool,
    /// The resources, in the order listed.
    pub resources: Vec<Resource>,
}

impl Model {
    /// Whether the model is one file, not a folder.
    pub fn is_single_file(&self) -> bool {
        self.resources.first().is_some_and(|resource| resource.path == SINGLE_FILE)
    }

    /// The resources file by file.
    pub fn files(&self) -> Files<'_> {
        let mut sorted: Vec<&Resource> = self.resources.iter().collect();
        sorted
            .sort_unstable_by(|one, other| (&one.path, one.range).cmp(&(&other.path, other.range)));
        Files { sorted }
    }
}

/// The resources of a model, sorted by file.
#[derive(Debug, Clone)]
pub struct Files<'m> {
    sorted: Vec<&'m Resource>,
}

impl<'m> Files<'m> {
    /// Name and resources of each file, in the order of the names; shards in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'m str, &[&'m Resource])> {
        let files = self.sorted.chunk_by(|one, other| one.path == other.path);
        files.filter_map(|resources| Some((resources.first()?.path.as_str(), resources)))
    }

    /// Whether a file has this name.
    pub fn has(&self, name: &str) -> bool {
        self.from(name).is_some_and(|resource| resource.path == name)
    }

    /// Whether a file has this name, or is below it.
    pub fn has_in(&self, name: &str) -> bool {
        let below = format!("{name}/");
        self.has(name) || self.from(&below).is_some_and(|it| it.path.starts_with(&below))
    }

    /// The first resource whose file is `name` or comes after it.
    fn from(&self, name: &str) -> Option<&'m Resource> {
        let at = self.sorted.partition_point(|resource| resource.path.as_str() < name);
        self.sorted.get(at).copied()
    }
}

/// Readers ignore fields of the predicate that v1.0 does not name.
#[derive(Serialize, Deserialize)]
struct Predicate<'a> {
    serialization: Serialization,
    #[serde(borrow)]
    resources: Vec<Listed<'a>>,
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

/// Borrowed where it can be: a large model has a hundred thousand of them.
#[derive(Serialize, Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
}

/// What is to be signed, besides the resources.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// Name of the model; for people only.
    pub name: &'a str,
    /// How it was taken apart.
    pub method: Method,
    /// The hash of all resources.
    pub hash: ContentHash,
    /// Paths that were left out.
    pub ignore_paths: &'a [&'a str],
    /// Whether symbolic links were followed.
    pub allow_symlinks: bool,
}

/// Writes the statement of a model signature.
///
/// With the shards method an empty file has no resource. Callers leave out what
/// is ignored, and say so in `ignore_paths`.
pub fn build(about: Described<'_>, mut resources: Vec<Resource>) -> Result<Vec<u8>> {
    let Described { name, method, hash, .. } = about;
    check(method, &resources, name)?;
    for resource in &resources {
        // The reference implementation takes the name apart at every colon.
        if resource.range.is_some() && resource.path.contains(':') {
            return Err(Problem::new(Code::UnsafePath, &resource.path)
                .detail("a path with a colon cannot be signed in shards"));
        }
        if resource.digest.hash() != hash {
            return Err(Problem::new(Code::Internal, &resource.path)
                .detail(format!("its digest is not of the kind {hash}")));
        }
    }
    // UTF-8 sorts in the order of code points.
    resources.sort_by_cached_key(|resource| resource.name().into_owned());
    let root = root_of(&resources);
    let ignored: BTreeSet<&str> = about.ignore_paths.iter().copied().collect();
    let shard_size = match method {
        Method::Files => None,
        Method::Shards { size } => Some(size.into()),
    };
    let algorithm = method.algorithm(hash);
    let listed = resources.iter().map(|resource| Listed {
        name: resource.name(),
        algorithm: Cow::Borrowed(algorithm.as_str()),
        digest: Cow::Owned(resource.digest.hex()),
    });
    let predicate = Predicate {
        serialization: Serialization {
            method: method.to_string(),
            hash_type: hash.to_string(),
            allow_symlinks: about.allow_symlinks,
            shard_size,
            ignore_paths: ignored.into_iter().map(str::to_owned).collect(),
        },
        resources: listed.collect(),
    };
    statement::build(name, root, predicate::MODEL_SIGNATURE, &predicate)
}

fn root_of(resources: &[Resource]) -> Digest {
    let digests: Vec<u8> =
        resources.iter().flat_map(|resource| resource.digest.as_bytes()).copied().collect();
    Digest::of(&digests)
}

/// Paths stay in the folder, nothing is listed twice, and shards make up whole files.
fn check(method: Method, resources: &[Resource], subject: &str) -> Result<()> {
    let mut sorted: Vec<(&str, Option<(u64, u64)>)> =
        resources.iter().map(|resource| (resource.path.as_str(), resource.range)).collect();
    sorted.sort_unstable();
    let single = |(path, _): &(&str, _)| *path == SINGLE_FILE;
    if sorted.iter().any(single) && !sorted.iter().all(single) {
        return Err(Problem::new(Code::StatementMismatch, subject)
            .detail("it lists both the model as one file and files in it"));
    }
    let mut ranges = Vec::new();
    for file in sorted.chunk_by(|one, other| one.0 == other.0) {
        let Some((path, _)) = file.first() else { continue };
        ranges.clear();
        ranges.extend(file.iter().map(|(_, range)| *range));
        check_path(path).map_err(|why| {
            Problem::new(Code::UnsafePath, subject)
                .detail(format!("it lists the path {path:?}, which is refused: {why}"))
        })?;
        match (method, ranges.as_slice()) {
            (Method::Files, [None]) => {}
            (Method::Files, _) => {
                return Err(Problem::new(Code::StatementMismatch, subject)
                    .detail(format!("it lists {path:?} more than once")));
            }
            (Method::Shards { size }, ranges) if make_up_a_file(ranges, size) => {}
            (Method::Shards { size }, _) => {
                return Err(Problem::new(Code::OmsShards, subject).detail(format!(
                    "the shards of {path:?} are not those of a file in pieces of {size} bytes"
                )));
            }
        }
    }
    Ok(())
}

/// Whether a path, joined to a folder, names something in it and has one form.
/// Names that other systems cannot store are no harm: nothing is written here.
fn check_path(path: &str) -> Result<(), &'static str> {
    if path == SINGLE_FILE {
        return Ok(());
    }
    if path.len() > MAX_PATH {
        return Err("it is longer than any system allows");
    }
    if path.contains('\0') {
        return Err("it has a NUL character");
    }
    for part in path.split('/') {
        match part {
            "" => return Err("it is absolute or has an empty part"),
            "." | ".." => return Err("it has a `.` or `..` part"),
            _ => {}
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

#[cfg(test)]
mod tests;
