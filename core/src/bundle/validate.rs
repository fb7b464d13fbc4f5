//! Whether the documents of a bundle are valid and agree with each other.

use std::collections::HashSet;

use super::oci::{self, Descriptor, Form, Manifest, ModelConfig};
use super::{names, parts};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::model::path::find_clash;
use crate::model::release::{
    FILES_SCHEMA, FileEntry, FileIndex, LicenceText, Owner, RELEASE_SCHEMA, Release,
};

/// Smallest shard that is accepted, so that an index cannot ask for endless work.
const MIN_SHARD: u64 = 1 << 20;

/// Parses and checks a release manifest.
pub(super) fn manifest(bytes: &[u8], digest: &Digest) -> Result<Manifest> {
    let subject = digest.to_string();
    let manifest: Manifest = super::load::parse(bytes, Code::ManifestInvalid, &subject)?;
    let invalid = |why: String| Problem::new(Code::ManifestInvalid, &subject).detail(why);
    if manifest.schema_version != 2 || manifest.media_type != oci::MANIFEST {
        return Err(invalid("it is no OCI image manifest of version 2".to_owned()));
    }
    if manifest.artifact_type.as_deref() != Some(oci::MODEL_MANIFEST) {
        return Err(invalid(format!("its artifact type is not {}", oci::MODEL_MANIFEST)));
    }
    if manifest.config.media_type != oci::MODEL_CONFIG {
        return Err(invalid(format!("its configuration is a {}", manifest.config.media_type)));
    }
    let named = manifest.layers.iter().chain([&manifest.config]).chain(&manifest.subject);
    if named.map(|descriptor| descriptor.digest).any(|named| named == *digest) {
        return Err(Problem::new(Code::SelfReference, &subject));
    }
    if manifest.subject.is_some() {
        return Err(invalid("a release refers to no other manifest".to_owned()));
    }
    for layer in &manifest.layers {
        if oci::layer_form(&layer.media_type).is_none() {
            return Err(Problem::new(Code::UnknownMediaType, layer.digest)
                .detail(format!("{} is no layer that pkg can check", layer.media_type)));
        }
    }
    Ok(manifest)
}

/// The two layers that carry the release description and the file index.
pub(super) fn own_layers(manifest: &Manifest) -> Result<[&Descriptor; 2]> {
    let is = |layer: &Descriptor, name: &str| {
        layer.media_type == oci::DOC_RAW && layer.annotation(oci::FILEPATH) == Some(name)
    };
    match manifest.layers.as_slice() {
        [release, files, ..] if is(release, names::RELEASE) && is(files, names::FILES) => {
            Ok([release, files])
        }
        _ => Err(Problem::new(Code::ReleaseInvalid, names::RELEASE)
            .detail("the first two layers are not the release description and the file index")
            .hint("This is a model artifact, but not one made by pkg.")),
    }
}

/// Checks the model configuration against the manifest.
pub(super) fn config(config: &ModelConfig, manifest: &Manifest) -> Result<()> {
    let invalid = |why: &str| Problem::new(Code::ConfigInvalid, manifest.config.digest).detail(why);
    let diff_ids = &config.modelfs.diff_ids;
    if config.modelfs.kind != "layers" || diff_ids.len() != manifest.layers.len() {
        return Err(invalid("it does not list one diffId for each layer"));
    }
    for (layer, diff_id) in manifest.layers.iter().zip(diff_ids) {
        if oci::layer_form(&layer.media_type) == Some(Form::Raw) && layer.digest != *diff_id {
            return Err(invalid("the diffId of a raw layer is not its digest"));
        }
    }
    Ok(())
}

/// Checks that a description is in a version that is known.
pub(super) fn schema(release: &Release) -> Result<()> {
    known(&[(names::RELEASE, &release.schema, RELEASE_SCHEMA)])
}

fn known(schemas: &[(&str, &str, &str)]) -> Result<()> {
    match schemas.iter().find(|(_, schema, known)| schema != known) {
        None => Ok(()),
        Some((name, schema, _)) => Err(Problem::new(Code::ReleaseInvalid, *name)
            .detail(format!("written in a version that this pkg does not know ({schema})"))),
    }
}

/// Checks description, index and manifest against each other.
pub(super) fn release(release: &Release, index: &FileIndex, manifest: &Manifest) -> Result<()> {
    let invalid = |why: String| Problem::new(Code::ReleaseInvalid, names::RELEASE).detail(why);
    known(&[
        (names::RELEASE, &release.schema, RELEASE_SCHEMA),
        (names::FILES, &index.schema, FILES_SCHEMA),
    ])?;
    if release.file_index.digest != manifest.layers[1].digest {
        return Err(invalid("it names another file index than the manifest".to_owned()));
    }
    files(index, release, manifest)?;
    // Sorted out once: components times files is more than a description may cost.
    let mut owners = vec![Vec::new(); release.components.len()];
    for file in &index.files {
        if let Owner::Component(position) = file.owner {
            owners[position].push(file);
        }
    }
    for (component, owned) in release.components.iter().zip(&owners) {
        let owned = || owned.iter().copied();
        let (count, bytes) =
            owned().fold((0, 0_u64), |(count, bytes), file| (count + 1, bytes + file.size));
        if (count, bytes) != (component.files, component.bytes) {
            return Err(invalid(format!(
                "component {} claims {} files and {} bytes; the index has {count} and {bytes}",
                component.kind, component.files, component.bytes
            )));
        }
        let named: HashSet<Digest> = component.layers.iter().map(|layer| layer.digest).collect();
        let layers = || owned().flat_map(|file| &manifest.layers[file.layers()]);
        if layers().any(|layer| !named.contains(&layer.digest)) {
            return Err(invalid(format!("component {} leaves out a layer", component.kind)));
        }
        let used: HashSet<Digest> = layers().map(|layer| layer.digest).collect();
        if named.iter().any(|digest| !used.contains(digest)) {
            return Err(invalid(format!("component {} names a foreign layer", component.kind)));
        }
        if let Some(text) = &component.licence.text {
            referenced(text, index)?;
        }
        if component.evidence != component.evidence_when_packed() {
            return Err(invalid(format!(
                "component {} claims other evidence than its content gives",
                component.kind
            )));
        }
    }
    if release.data.iter().any(|data| data.evidence != data.evidence_when_packed()) {
        return Err(invalid("a data set claims other evidence than it has".to_owned()));
    }
    let named: HashSet<&str> = release.disclosure.files().collect();
    let documents: HashSet<&str> = release.documents.iter().map(|it| it.path.as_str()).collect();
    for path in release.disclosure.files() {
        if !documents.contains(path) {
            return Err(invalid(format!("it names {path:?}, which is not in the release")));
        }
    }
    if let Some(extra) = release.documents.iter().find(|it| !named.contains(it.path.as_str())) {
        return Err(invalid(format!("nothing refers to the document {}", extra.path)));
    }
    release
        .data
        .iter()
        .filter_map(|data| data.manifest.as_ref())
        .chain(&release.documents)
        .try_for_each(|m| referenced(m, index))
}

fn referenced(text: &LicenceText, index: &FileIndex) -> Result<()> {
    // The paths are in order; that was seen to before.
    let found = index.files.binary_search_by(|file| file.path.cmp(&text.path)).ok();
    let there = found
        .and_then(|at| index.files.get(at))
        .is_some_and(|file| file.digest == text.digest && file.size == text.size);
    if there {
        Ok(())
    } else {
        Err(Problem::new(Code::ReleaseInvalid, &text.path)
            .detail("the release description refers to it, but the file index does not have it so"))
    }
}

fn files(index: &FileIndex, release: &Release, manifest: &Manifest) -> Result<()> {
    let invalid = |why: String| Problem::new(Code::ReleaseInvalid, names::FILES).detail(why);
    if !index.files.is_sorted_by(|a, b| a.path < b.path) {
        return Err(Problem::new(Code::DuplicatePath, names::FILES)
            .detail("the paths are not in order, or one is there twice"));
    }
    if let Some(clash) = find_clash(index.files.iter().map(|file| &file.path)) {
        return Err(Problem::new(Code::CaseClash, names::FILES).detail(format!("{clash:?}")));
    }
    if index.shard_size.is_some_and(|size| size < MIN_SHARD) {
        return Err(invalid("its shards are smaller than 1 MiB".to_owned()));
    }
    let mut total = 0_u64;
    let mut per_layer = vec![0_usize; manifest.layers.len()];
    for file in &index.files {
        if file.path.is_reserved_for_pkg() {
            return Err(Problem::new(Code::UnsafePath, &file.path)
                .detail("the name is used by pkg itself in an unpacked release"));
        }
        total = total.checked_add(file.size).ok_or_else(|| invalid("sizes overflow".to_owned()))?;
        let owner_exists = match file.owner {
            Owner::Component(position) => position < release.components.len(),
            Owner::Data(position) => position < release.data.len(),
            Owner::Licence => true,
        };
        if !owner_exists {
            return Err(invalid(format!("{} belongs to nothing", file.path)));
        }
        match per_layer.get_mut(file.layers()) {
            Some(counts) if file.layer >= 2 && !counts.is_empty() => {
                for count in counts {
                    *count += 1;
                }
            }
            _ => return Err(invalid(format!("{} is in no layer", file.path))),
        }
        if file.in_parts() {
            parts::validate(file, &manifest.layers[file.layers()])?;
        } else {
            in_layer(file, &manifest.layers[file.layer])?;
        }
        let shards = match index.shard_size {
            Some(size) if file.size > size && !file.in_parts() => file.size.div_ceil(size),
            _ => 0,
        };
        if file.shards.len() as u64 != shards {
            return Err(invalid(format!("{} does not have {shards} shard digests", file.path)));
        }
    }
    for (position, layer) in manifest.layers.iter().enumerate().skip(2) {
        let raw = oci::layer_form(&layer.media_type) == Some(Form::Raw);
        if per_layer[position] == 0 || (raw && per_layer[position] != 1) {
            return Err(invalid(format!(
                "layer {} does not hold the files it should",
                layer.digest
            )));
        }
    }
    Ok(())
}

fn in_layer(file: &FileEntry, layer: &Descriptor) -> Result<()> {
    let raw = oci::layer_form(&layer.media_type) == Some(Form::Raw);
    let same = layer.digest == file.digest
        && layer.size == file.size
        && layer.annotation(oci::FILEPATH) == Some(file.path.as_str());
    if raw && !same || parts::is_part(layer) {
        return Err(Problem::new(Code::ReleaseInvalid, &file.path)
            .detail("the file index and the manifest disagree about it"));
    }
    Ok(())
}
