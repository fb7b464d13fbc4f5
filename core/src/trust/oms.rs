//! OpenSSF model signing v1.0: a statement over the files of a folder.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::statement::{self, predicate};
use crate::finding::{Code, Problem, Result};
use crate::hash::Hasher;
use crate::model::digest::Digest;
use crate::model::path::ReleasePath;

/// Paths at the top of a folder that the reference implementation never reads.
pub const ALWAYS_IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// Most resources that a signature may list.
const MAX_RESOURCES: usize = 10_000_000;

/// How files become resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One resource for each file.
    Files,
    /// One resource for each shard of each file.
    Shards {
        /// Bytes per shard.
        size: u64,
    },
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files => f.write_str("files"),
            Self::Shards { size } => write!(f, "shards of {} MiB", size >> 20),
        }
    }
}

/// One file, or one shard of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Path of the file.
    pub path: String,
    /// First byte, and the byte behind the last, of a shard.
    pub range: Option<(u64, u64)>,
    /// SHA-256 of the bytes.
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

/// A model signature's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name of the model.
    pub name: String,
    /// SHA-256 over the digests of all resources, in the order listed.
    pub root: Digest,
    /// How files became resources.
    pub method: Method,
    /// Paths that were left out.
    pub ignore_paths: Vec<String>,
    /// The resources.
    pub resources: Vec<Resource>,
}

#[derive(Serialize, Deserialize)]
struct Predicate {
    resources: Vec<ListedResource>,
    serialization: Serialization,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedResource {
    algorithm: String,
    digest: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Serialization {
    allow_symlinks: bool,
    hash_type: String,
    #[serde(default)]
    ignore_paths: Vec<String>,
    method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard_size: Option<u64>,
}

/// Whether `path` is one of the ignored paths, or below one.
pub fn is_ignored(path: &str, ignored: &[impl AsRef<str>]) -> bool {
    ignored.iter().any(|ignored| {
        path.strip_prefix(ignored.as_ref())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn root_of<'a>(resources: impl Iterator<Item = &'a Digest>) -> Digest {
    let mut hasher = Hasher::default();
    for digest in resources {
        hasher.update(digest.as_bytes());
    }
    hasher.finish()
}

/// Writes the statement. Resources are listed in code-point order of their
/// names, as the specification says; readers must go by the order listed.
pub fn build(
    name: &str,
    method: Method,
    resources: Vec<Resource>,
    ignore_paths: &[&str],
) -> Result<Vec<u8>> {
    let mut named: Vec<(String, Digest)> =
        resources.into_iter().map(|resource| (resource.name(), resource.digest)).collect();
    named.sort();
    let root = root_of(named.iter().map(|(_, digest)| digest));
    let (method, shard_size) = match method {
        Method::Files => ("files", None),
        Method::Shards { size } => ("shards", Some(size)),
    };
    let listed = named.into_iter().map(|(name, digest)| ListedResource {
        algorithm: "sha256".to_owned(),
        digest: digest.hex(),
        name,
    });
    let predicate = Predicate {
        resources: listed.collect(),
        serialization: Serialization {
            allow_symlinks: false,
            hash_type: "sha256".to_owned(),
            ignore_paths: ignore_paths.iter().map(ToString::to_string).collect(),
            method: method.to_owned(),
            shard_size,
        },
    };
    statement::build(name, root, predicate::MODEL_SIGNATURE, &predicate)
}

/// Reads a statement and checks that it agrees with itself.
pub fn parse(payload: &[u8], subject: &str) -> Result<Model> {
    let predicate_type = statement::peek_predicate_type(payload)?;
    let unsupported = |why: String| Problem::new(Code::OmsUnsupported, subject).detail(why);
    if predicate_type == predicate::MODEL_SIGNATURE_OLD {
        return Err(unsupported("it is of a version before 1.0".to_owned()));
    }
    if predicate_type != predicate::MODEL_SIGNATURE {
        return Err(unsupported(format!("its predicate is {predicate_type}")));
    }
    let statement: statement::Statement<Predicate> = statement::parse(payload, subject)?;
    let wrong = |why: &str| Problem::new(Code::StatementMismatch, subject).detail(why.to_owned());
    let [about] = statement.subject.as_slice() else {
        return Err(wrong("it does not have one subject"));
    };
    let Predicate { resources, serialization } = statement.predicate;
    if serialization.hash_type != "sha256" {
        return Err(unsupported(format!("its hash is {}", serialization.hash_type)));
    }
    if serialization.allow_symlinks {
        return Err(unsupported("it allows symbolic links, which pkg does not follow".to_owned()));
    }
    let method = match (serialization.method.as_str(), serialization.shard_size) {
        ("files", None) => Method::Files,
        ("shards", Some(size)) if size > 0 => Method::Shards { size },
        (method, _) => return Err(unsupported(format!("its method is {method}"))),
    };
    if resources.len() > MAX_RESOURCES {
        return Err(wrong("it lists too many resources"));
    }
    let resources = resources
        .into_iter()
        .map(|listed| resource(listed, method, subject))
        .collect::<Result<Vec<_>>>()?;
    check_resources(&resources, method).map_err(|why| wrong(&why))?;
    let root = root_of(resources.iter().map(|resource| &resource.digest));
    if about.digest.sha256 != root.hex() {
        return Err(wrong("its root digest does not follow from the resources it lists"));
    }
    Ok(Model {
        name: about.name.clone(),
        root,
        method,
        ignore_paths: serialization.ignore_paths,
        resources,
    })
}

fn resource(listed: ListedResource, method: Method, subject: &str) -> Result<Resource> {
    let wrong = |why: String| Problem::new(Code::StatementMismatch, subject).detail(why);
    if listed.algorithm != "sha256" {
        return Err(Problem::new(Code::OmsUnsupported, subject)
            .detail(format!("{} is hashed with {}", listed.name, listed.algorithm)));
    }
    let digest = Digest::from_hex(&listed.digest).map_err(|error| wrong(error.to_string()))?;
    let (path, range) = match method {
        Method::Files => (listed.name, None),
        Method::Shards { .. } => {
            let mut parts = listed.name.rsplitn(3, ':');
            let (end, start, path) = (parts.next(), parts.next(), parts.next());
            let number = |text: Option<&str>| text.and_then(plain_number);
            match (number(start), number(end), path) {
                (Some(start), Some(end), Some(path)) if start < end => {
                    (path.to_owned(), Some((start, end)))
                }
                _ => return Err(wrong(format!("{:?} names no shard", listed.name))),
            }
        }
    };
    ReleasePath::new(&path).map_err(|error| {
        Problem::new(Code::UnsafePath, subject).detail(format!("{path:?}: {error}"))
    })?;
    Ok(Resource { path, range, digest })
}

/// A number as this format writes it: no sign, no leading zeros.
fn plain_number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

fn check_resources(resources: &[Resource], method: Method) -> Result<(), String> {
    let mut files: HashMap<&str, Vec<(u64, u64)>> = HashMap::new();
    for resource in resources {
        let ranges = files.entry(&resource.path).or_default();
        match resource.range {
            Some(range) => ranges.push(range),
            None if ranges.is_empty() => ranges.push((0, 0)),
            None => return Err(format!("{} is there twice", resource.path)),
        }
    }
    let Method::Shards { size } = method else { return Ok(()) };
    for (path, mut ranges) in files {
        ranges.sort_unstable();
        let mut expected = 0;
        let last = ranges.len() - 1;
        for (position, (start, end)) in ranges.into_iter().enumerate() {
            let full = end - start == size || (position == last && end - start < size);
            if start != expected || !full {
                return Err(format!("the shards of {path} do not cover it"));
            }
            expected = end;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Method, Resource, build, is_ignored, parse};
    use crate::finding::Code;
    use crate::model::digest::Digest;

    fn file(path: &str, range: Option<(u64, u64)>) -> Resource {
        Resource { path: path.to_owned(), range, digest: Digest::of(path.as_bytes()) }
    }

    #[test]
    fn statements_round_trip_in_code_point_order() {
        let files = vec![file("a/b", None), file("a!", None), file("a-b", None)];
        let model = parse(&build("m", Method::Files, files, &["x"]).unwrap(), "s").unwrap();
        let order: Vec<&str> = model.resources.iter().map(|r| r.path.as_str()).collect();
        assert_eq!(order, ["a!", "a-b", "a/b"]);
        assert_eq!((model.name.as_str(), model.ignore_paths), ("m", vec!["x".to_owned()]));
        let shards =
            vec![file("w", Some((0, 10))), file("w", Some((10, 13))), file("v", Some((0, 1)))];
        let method = Method::Shards { size: 10 };
        let model = parse(&build("m", method, shards, &[]).unwrap(), "s").unwrap();
        assert_eq!((model.method, model.resources.len()), (method, 3));
    }

    #[test]
    fn gaps_overlaps_repeats_and_escapes_are_refused() {
        let shards = Method::Shards { size: 10 };
        let code = |method, resources| {
            parse(&build("m", method, resources, &[]).unwrap(), "s").unwrap_err().code()
        };
        for ranges in [
            vec![(1, 10)],
            vec![(0, 9), (9, 10)],
            vec![(0, 10), (0, 10)],
            vec![(0, 10), (11, 12)],
            vec![(0, 20)],
        ] {
            let resources = ranges.into_iter().map(|range| file("w", Some(range))).collect();
            assert_eq!(code(shards, resources), Code::StatementMismatch);
        }
        assert_eq!(
            code(Method::Files, vec![file("a", None), file("a", None)]),
            Code::StatementMismatch
        );
        for path in ["../a", "/a", "a/../b"] {
            assert_eq!(code(Method::Files, vec![file(path, None)]), Code::UnsafePath);
        }
    }

    #[test]
    fn changed_statements_are_refused() {
        let payload = build("m", Method::Files, vec![file("a", None)], &[]).unwrap();
        let text = String::from_utf8(payload).unwrap();
        let digest = Digest::of(b"a").hex();
        let last = text.rfind(&digest).map(|_| digest.replace(&digest[..1], "0")).unwrap();
        for (from, to, code) in [
            ("\"hash_type\":\"sha256\"", "\"hash_type\":\"blake3\"", Code::OmsUnsupported),
            ("\"method\":\"files\"", "\"method\":\"trees\"", Code::OmsUnsupported),
            ("\"allow_symlinks\":false", "\"allow_symlinks\":true", Code::OmsUnsupported),
            (digest.as_str(), last.as_str(), Code::StatementMismatch),
            ("signature/v1.0", "signature/v9", Code::OmsUnsupported),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_eq!(parse(changed.as_bytes(), "s").unwrap_err().code(), code, "{to}");
        }
    }

    #[test]
    fn ignored_paths_cover_what_is_below_them_only() {
        assert!(is_ignored(".git/config", &[".git"]) && is_ignored(".git", &[".git"]));
        assert!(!is_ignored(".gitignore", &[".git"]) && !is_ignored("a/.git", &[".git"]));
    }

    proptest! {
        #[test]
        fn arbitrary_statements_never_panic(text in "\\PC{0,200}") {
            let _ = parse(text.as_bytes(), "s");
        }
    }
}
