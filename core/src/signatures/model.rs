//! The OpenSSF model signature of a release, over its files as they are unpacked.

use crate::finding::{Code, Problem, Result};
use crate::model::content::ContentHash;
use crate::model::release::FileIndex;
use crate::trust::bundle::Envelope;
use crate::trust::oms::{self, IgnoreSet, Method, Resource};

/// Paths of an unpacked folder that the model signature leaves to others.
pub const IGNORE_PATHS: [&str; 6] =
    [".git", ".gitattributes", ".github", ".gitignore", ".pkg", "model.sig"];

/// Whether a model signature lists the files of the release.
pub(super) fn check(files: &FileIndex, envelope: &Envelope, name: &str) -> Result<()> {
    let model = oms::parse(&envelope.payload, name)?;
    if model.hash != ContentHash::Sha256 {
        return Err(Problem::new(Code::OmsUnsupported, name)
            .detail(format!("its hash is {}, and the file index has SHA-256", model.hash)));
    }
    if let Method::Shards { size } = model.method
        && files.shard_size != Some(size)
    {
        return Err(Problem::new(Code::OmsUnsupported, name)
            .detail(format!("its shards of {size} bytes are not those of the file index")));
    }
    if let Method::Shards { size } = model.method
        && let Some(file) = files.without_shards(size)
    {
        return Err(Problem::new(Code::OmsUnsupported, name)
            .detail(format!("it lists shards, and {} is stored in parts", file.path)));
    }
    let mut expected = resources(files, model.method, &IgnoreSet::new(&model.ignore_paths));
    let mut actual = model.resources;
    let key = |resource: &Resource| (resource.path.clone(), resource.range);
    expected.sort_by_key(key);
    actual.sort_by_key(key);
    if expected == actual {
        return Ok(());
    }
    let differs = expected.iter().zip(&actual).find(|(one, other)| one != other);
    let first = differs.map_or_else(
        || "the number of resources".to_owned(),
        |(expected, _)| expected.path.clone(),
    );
    Err(Problem::new(Code::StatementMismatch, name)
        .detail(format!("the model signature lists other files than the release; first: {first}")))
}

/// What a model signature over these files lists.
pub fn resources(files: &FileIndex, method: Method, ignored: &IgnoreSet) -> Vec<Resource> {
    let mut resources = Vec::new();
    let covered = files.files.iter().filter(|file| !ignored.covers(file.path.as_str()));
    for file in covered {
        let path = file.path.as_str().to_owned();
        match method {
            Method::Files => {
                resources.push(Resource { path, range: None, digest: file.digest.into() });
            }
            // The reference implementation lists no shard for an empty file.
            Method::Shards { .. } if file.size == 0 => {}
            Method::Shards { size } if file.size > size => {
                for ((offset, len), digest) in
                    crate::hash::shards(file.size, size).zip(&file.shards)
                {
                    let range = Some((offset, offset + len));
                    let digest = (*digest).into();
                    resources.push(Resource { path: path.clone(), range, digest });
                }
            }
            Method::Shards { .. } => {
                let (range, digest) = (Some((0, file.size)), file.digest.into());
                resources.push(Resource { path, range, digest });
            }
        }
    }
    resources
}
