//! Reading what a model signature says.

use super::{
    FILES, Form, Listed, MAX_IGNORED, MAX_RESOURCES, Method, Model, Predicate, Resource, SHARDS,
    Serialization, check, old, root_of,
};
use crate::finding::{Code, Problem, Result};
use crate::model::content::{ContentDigest, ContentHash};
use crate::trust::statement::{self, Statement, predicate};

/// Reads the statement of a model signature and checks that it agrees with
/// itself. Nothing on disk is looked at.
pub fn parse(payload: &[u8], subject: &str) -> Result<Model> {
    match statement::peek_before_parsing(payload)?.as_str() {
        predicate::MODEL_SIGNATURE => parse_v1(payload, subject),
        predicate::MODEL_SIGNATURE_OLD => old::parse(payload, subject),
        other => Err(invalid(subject, format!("its predicate {other:?} is no model signature"))),
    }
}

/// Whether a payload is a statement of this kind; it may still contradict itself.
pub fn is_model_signature(payload: &[u8]) -> bool {
    statement::peek_predicate_type(payload).is_ok_and(|predicate_type| {
        [predicate::MODEL_SIGNATURE, predicate::MODEL_SIGNATURE_OLD].contains(&&*predicate_type)
    })
}

pub(super) fn invalid(subject: &str, detail: String) -> Problem {
    Problem::new(Code::SignatureFormat, subject).detail(detail)
}

pub(super) fn check_counts(resources: usize, ignored: usize, subject: &str) -> Result<()> {
    if resources <= MAX_RESOURCES && ignored <= MAX_IGNORED {
        return Ok(());
    }
    let detail = format!("it lists more than {MAX_RESOURCES} files or {MAX_IGNORED} ignored paths");
    Err(invalid(subject, detail))
}

pub(super) fn unknown_hash(name: &str, what: &str, subject: &str) -> Problem {
    let known = ContentHash::ALL.map(ContentHash::as_str).join(", ");
    Problem::new(Code::OmsHashUnknown, subject)
        .detail(format!("{what} has the hash {name:?}; pkg knows {known}"))
}

fn parse_v1(payload: &[u8], subject: &str) -> Result<Model> {
    let statement: Statement<Predicate<'_>> = statement::parse(payload, subject)?;
    let [about] = statement.subject.as_slice() else {
        return Err(invalid(subject, "a model signature is about one model".to_owned()));
    };
    let Predicate { serialization, resources: listed } = statement.predicate;
    check_counts(listed.len(), serialization.ignore_paths.len(), subject)?;
    let method = method(&serialization, subject)?;
    let hash = declared_hash(&serialization.hash_type, method)
        .ok_or_else(|| unknown_hash(&serialization.hash_type, "it", subject))?;
    let resources = listed
        .into_iter()
        .map(|listed| resource(listed, method, hash, subject))
        .collect::<Result<Vec<_>>>()?;
    check(method, &resources, subject)?;
    let root = root_of(&resources);
    if root.hex() != about.digest.sha256 {
        return Err(Problem::new(Code::OmsRoot, subject).detail(format!(
            "its root digest is sha256:{}, but its files make {root}",
            about.digest.sha256
        )));
    }
    Ok(Model {
        form: Form::V1,
        name: about.name.clone(),
        root,
        method,
        hash,
        ignore_paths: serialization.ignore_paths,
        allow_symlinks: serialization.allow_symlinks,
        resources,
    })
}

fn method(serialization: &Serialization, subject: &str) -> Result<Method> {
    match (serialization.method.as_str(), &serialization.shard_size) {
        (FILES, _) => Ok(Method::Files),
        (SHARDS, Some(size)) => {
            let whole = whole(size);
            let size = whole
                .ok_or_else(|| invalid(subject, format!("its shard size {size} is no size")))?;
            Ok(Method::Shards { size })
        }
        (SHARDS, None) => Err(invalid(subject, "it has shards without a size".to_owned())),
        (other, _) => Err(Problem::new(Code::OmsMethodUnknown, subject)
            .detail(format!("its method {other:?} is not known; pkg knows {FILES} and {SHARDS}"))),
    }
}

/// The hash that a signature says it uses. model-signing 0.3 wrote the name with
/// the shard size here as well.
fn declared_hash(name: &str, method: Method) -> Option<ContentHash> {
    let named = |hash: &ContentHash| name == hash.as_str() || name == method.algorithm(*hash);
    ContentHash::ALL.into_iter().find(named)
}

/// A positive whole number; the reference implementation writes `10.0` for 10.
fn whole(number: &serde_json::Number) -> Option<u64> {
    let exact = number.as_u64().or_else(|| {
        let text = number.to_string();
        text.strip_suffix(".0").and_then(|digits| digits.parse().ok())
    });
    exact.filter(|size| *size > 0)
}

fn resource(
    listed: Listed<'_>,
    method: Method,
    hash: ContentHash,
    subject: &str,
) -> Result<Resource> {
    let name = &listed.name;
    let shard = match method {
        Method::Files => None,
        Method::Shards { .. } => {
            let no_shard = || invalid(subject, format!("{name:?} names no shard"));
            Some(split_shard(name).ok_or_else(no_shard)?)
        }
    };
    check_algorithm(&listed, method, hash, subject)?;
    let digest = ContentDigest::from_hex(hash, &listed.digest).map_err(|error| {
        Problem::new(Code::SignatureFormat, subject)
            .detail(format!("the digest of {name:?} is not {hash} in hex"))
            .source(error)
    })?;
    let (path, range) = match shard {
        Some((path, range)) => (path.to_owned(), Some(range)),
        None => (listed.name.into_owned(), None),
    };
    Ok(Resource { path, range, digest })
}

/// The algorithm of a resource repeats hash and shard size; a shard may also
/// name the hash alone.
fn check_algorithm(
    listed: &Listed<'_>,
    method: Method,
    hash: ContentHash,
    subject: &str,
) -> Result<()> {
    let algorithm = &listed.algorithm;
    if algorithm == hash.as_str() || **algorithm == method.algorithm(hash) {
        return Ok(());
    }
    let base = algorithm.split_once("-sharded-").map_or(&**algorithm, |(base, _)| base);
    if ContentHash::named(base).is_none() {
        return Err(unknown_hash(algorithm, &format!("{:?}", listed.name), subject));
    }
    Err(Problem::new(Code::StatementMismatch, subject).detail(format!(
        "{:?} has a digest of the kind {algorithm:?}, where the whole says {}",
        listed.name,
        method.algorithm(hash)
    )))
}

/// `path:start:end`, with numbers in their only form.
fn split_shard(name: &str) -> Option<(&str, (u64, u64))> {
    let (rest, end) = name.rsplit_once(':')?;
    let (path, start) = rest.rsplit_once(':')?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    Some((path, (number(start)?, number(end)?)))
}
