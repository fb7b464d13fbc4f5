//! Packing: from a folder and its pkg.toml to a bundle.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::cache::Cache;
use super::commits::{self, GitRequest};
use super::make::{Made, Maker};
use super::oci::{self, Descriptor, Form};
use super::plan::{Plan, plan_layers};
use super::remote::local_output;
use super::source::Source;
use super::store::{Store, StoreMode};
use super::{describe, load, names, refer};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::git::Commit;
use crate::hash::{Meter, SHARD_SIZE};
use crate::model::digest::Digest;
use crate::model::kind::Kind;
use crate::model::path::ReleasePath;
use crate::model::release::{
    BlobRef, Component, DataSet, Evidence, FILES_SCHEMA, FileEntry, FileIndex, Licence,
    LicenceText, Owner, RELEASE_SCHEMA, Release,
};
use crate::model::spec::Spec;
use crate::spec::{self, Resolved, SourceFile};

/// When large files get one digest per shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShardPolicy {
    /// When one file would keep one core busy while the others have nothing to do.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A file this large gets shards in any company.
const LARGE_ALONE: u64 = 2 << 30;
/// A file this large gets shards when it outweighs all others together.
const LARGE_AMONG: u64 = 64 << 20;

impl ShardPolicy {
    /// Bytes per shard for files of these sizes; none for whole files only.
    fn shard_size(self, sizes: &[u64]) -> Option<u64> {
        let total: u64 = sizes.iter().fold(0, |sum, size| sum.saturating_add(*size));
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let dominates = largest >= LARGE_AMONG && largest > total - largest;
        let wanted = match self {
            Self::Auto => largest >= LARGE_ALONE || dominates,
            Self::Always => true,
            Self::Never => false,
        };
        wanted.then_some(SHARD_SIZE)
    }
}

/// What to pack, and how.
#[derive(Debug, Clone)]
pub struct PackRequest {
    /// Folder with the model and its pkg.toml.
    pub folder: PathBuf,
    /// Bundle to write; an archive if the name ends in `.tar`.
    pub output: PathBuf,
    /// How files get into the bundle.
    pub mode: StoreMode,
    /// When large files get shard digests.
    pub shards: ShardPolicy,
    /// Largest layer in bytes: larger weights and configuration files are stored in
    /// parts, cut along their tensors. None for one layer a file.
    pub part: Option<u64>,
    /// Whether digests known from an earlier pack are used.
    pub cache: bool,
    /// Whether an output that is no bundle is replaced.
    pub force: bool,
    /// What is asked of the repositories that code comes from.
    pub git: GitRequest,
}

/// What was packed.
#[derive(Debug)]
pub struct PackOutcome {
    /// Digest of the manifest: the name of the release.
    pub digest: Digest,
    /// The release description.
    pub release: Release,
    /// Number of files.
    pub files: usize,
    /// Bytes of the files.
    pub bytes: u64,
    /// Bytes that had to be read.
    pub read: u64,
    /// Bytes per shard, when large files got shard digests.
    pub shard_size: Option<u64>,
    /// Layers that hold parts of files.
    pub parts: usize,
    /// Signatures of the output that still fit and were kept.
    pub signatures_kept: usize,
    /// What should be known about it.
    pub findings: Vec<Finding>,
}

/// Packs a folder.
pub fn pack(request: &PackRequest, meter: &Meter) -> Result<PackOutcome> {
    local_output(&request.output, "pack and sign it, then `pkg push model.pkg REFERENCE`")?;
    let spec = spec::load(&request.folder)?;
    let resolved = spec::resolve(&request.folder, &spec)?;
    let created = describe::source_date()?;
    let (commits, notes) = commits::open(&request.folder, &spec, &request.git)?;
    let plans = plan_layers(&spec, &resolved, &commits)?;
    let part = usable_part(request.part)?;
    let all = || plans.iter().flat_map(|plan| plan.files.iter().map(|file| (plan.form, file.size)));
    // Parts are digested each, and so need no shards besides.
    let in_parts = |form, size| form == Form::Raw && part.is_some_and(|part| size > part);
    let sizes = all().filter(|(form, size)| !in_parts(*form, *size)).map(|(_, size)| size);
    let shard_size = request.shards.shard_size(&sizes.collect::<Vec<_>>());
    meter.expect(all().map(|(_, size)| size).sum());

    let previous = previous_output(request)?;
    let mut cache = if request.cache {
        Cache::open(&request.folder, shard_size, part)
    } else {
        Cache::default()
    };
    let archive = request.output.extension().is_some_and(|extension| extension == "tar");
    let mut store = if archive {
        Store::archive(&request.output)?
    } else {
        let linkable = previous.as_ref().filter(|source| !source.is_archive());
        let linkable = linkable.map(|source| source.path().to_owned());
        Store::folder(&request.output, request.mode, linkable, cache.blobs())?
    };
    let mut maker = Maker {
        store: &mut store,
        cache: &mut cache,
        shard_size,
        part,
        findings: Vec::new(),
        meter,
        read: 0,
    };
    let made = maker.make_all(&plans)?;
    let (read, cut) = (maker.read, maker.findings);

    let mut outcome = describe_and_finish(
        &Described { request, spec: &spec, resolved: &resolved, commits: &commits, plans: &plans },
        store,
        made,
        shard_size,
        created.as_deref(),
        previous.as_ref(),
    )?;
    outcome.read = read;
    outcome.findings.extend(cut);
    if request.cache
        && let Err(problem) = cache.save(&request.output)
    {
        let mut finding = problem.into_finding();
        finding.severity = crate::finding::Severity::Note;
        outcome.findings.push(finding);
    }
    outcome.findings.extend(notes);
    outcome.findings.extend(left_out(&request.folder, &resolved.unpacked));
    Ok(outcome)
}

/// Smallest size of parts, so that a manifest can list them.
const MIN_PART: u64 = 1 << 20;

fn usable_part(part: Option<u64>) -> Result<Option<u64>> {
    match part {
        Some(part) if part < MIN_PART => Err(Problem::new(Code::UsageError, "--shard")
            .detail(format!("{part} bytes are too few; a layer should have 1MiB at least"))
            .hint("Try `--shard 256MiB`.")),
        part => Ok(part),
    }
}

/// One note about the files that belong to no component.
fn left_out(folder: &Path, paths: &[ReleasePath]) -> Option<Finding> {
    let named: Vec<&str> = paths.iter().take(3).map(ReleasePath::as_str).collect();
    let dots = if paths.len() > named.len() { ", ..." } else { "" };
    (!paths.is_empty()).then(|| {
        Problem::new(Code::UnpackedFile, folder.display())
            .detail(format!(
                "{} files belong to no component: {}{dots}",
                paths.len(),
                named.join(", ")
            ))
            .into_finding()
    })
}

/// The bundle that is in the way, if it is one.
fn previous_output(request: &PackRequest) -> Result<Option<Source>> {
    let output = &request.output;
    if !fsx::exists(output) {
        return Ok(None);
    }
    let refused = |why: &str| Problem::new(Code::OutputExists, output.display()).detail(why);
    let model = || refused("the model itself is there").hint("Choose another name.");
    if fsx::lies_in(&request.folder, output) {
        return Err(model());
    }
    match Source::open(output) {
        Ok(source) => Ok(Some(source)),
        Err(_) if fsx::is_empty_folder(output) => Ok(None),
        Err(_) if !request.force => Err(refused("something that is no bundle is there")),
        // Not even by force: that would replace what is to be packed.
        Err(_) if fsx::lies_in(output, &request.folder) => Err(model()),
        Err(_) => Ok(None),
    }
}

struct Described<'a> {
    request: &'a PackRequest,
    spec: &'a Spec,
    resolved: &'a Resolved,
    commits: &'a [Option<Commit>],
    plans: &'a [Plan<'a>],
}

/// Layers that carry pkg's own documents come first.
const OWN_LAYERS: usize = 2;

fn describe_and_finish(
    all: &Described<'_>,
    mut store: Store,
    made: Vec<Made>,
    shard_size: Option<u64>,
    created: Option<&str>,
    previous: Option<&Source>,
) -> Result<PackOutcome> {
    let mut files: Vec<FileEntry> = Vec::new();
    let mut layer = OWN_LAYERS;
    for (plan, made) in all.plans.iter().zip(&made) {
        files.extend(plan.files.iter().zip(&made.files).map(|(file, ingested)| FileEntry {
            path: file.path.clone(),
            digest: ingested.digest,
            size: file.size,
            executable: file.executable,
            layer,
            layer_count: made.layers.len(),
            owner: file.owner,
            shards: ingested.shards.clone(),
        }));
        layer += made.layers.len();
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let index = FileIndex { schema: FILES_SCHEMA.to_owned(), shard_size, files };
    let put_document = |store: &mut Store, name: &str, bytes: &[u8]| -> Result<Descriptor> {
        let mut layer = store.put(oci::DOC_RAW, bytes)?;
        layer.annotations.insert(oci::FILEPATH.to_owned(), name.to_owned());
        Ok(layer)
    };
    let files_layer =
        put_document(&mut store, names::FILES, &describe::canonical(names::FILES, &index)?)?;
    let release = build_release(all, &made, &index, blob_ref(&files_layer));
    let release_layer =
        put_document(&mut store, names::RELEASE, &describe::canonical(names::RELEASE, &release)?)?;

    let facts = crate::scan::facts(&weight_files(all))?;
    let own = [release_layer.digest, files_layer.digest];
    let of_layers = made.iter().flat_map(|made| made.layers.iter().map(|(_, diff_id)| *diff_id));
    let diff_ids = own.into_iter().chain(of_layers).collect();
    let config = describe::model_config(&release, facts, created, diff_ids);
    let config_blob = store.put(oci::MODEL_CONFIG, &describe::canonical("config", &config)?)?;
    let layers = [release_layer, files_layer]
        .into_iter()
        .chain(made.into_iter().flat_map(|made| made.layers).map(|(descriptor, _)| descriptor))
        .collect();
    let manifest =
        describe::manifest(&release, created, &config.descriptor.licenses, config_blob, layers);
    let manifest_bytes = describe::canonical("manifest", &manifest)?;
    if manifest_bytes.len() as u64 > super::limits::MANIFEST {
        return Err(fsx::too_large(
            "the manifest",
            manifest_bytes.len() as u64,
            super::limits::MANIFEST,
        )
        .hint(
            "Choose a larger `--shard`, or put small configuration files into fewer components; \
             each is a layer.",
        ));
    }
    let manifest = store.put(oci::MANIFEST, &manifest_bytes)?;

    let mut entries = vec![describe::index_entry(&manifest, &release.version)];
    let mut findings = Vec::new();
    let mut kept = 0;
    if let Some(previous) = previous {
        let (referrers, dropped) = load::referrers_of(previous, &manifest.digest);
        for (descriptor, referrer) in referrers {
            entries.push(refer::put(&mut store, &manifest, (previous, &descriptor), &referrer)?);
            kept += usize::from(matches!(referrer, load::Referrer::Signature(_)));
        }
        if dropped > 0 {
            let subject = all.request.output.display();
            findings.push(Problem::new(Code::SignaturesDropped, subject).into_finding());
        }
    }
    store.finish(&describe::index(entries)?, fsx::exists(&all.request.output))?;
    Ok(PackOutcome {
        digest: manifest.digest,
        files: index.files.len(),
        parts: index.files.iter().filter(|f| f.in_parts()).map(|f| f.layer_count).sum(),
        bytes: index.files.iter().map(|file| file.size).sum(),
        read: 0,
        shard_size,
        signatures_kept: kept,
        release,
        findings,
    })
}

fn weight_files(all: &Described<'_>) -> Vec<SourceFile> {
    let parts = all.spec.components.iter().zip(&all.resolved.components);
    parts
        .filter(|(component, _)| {
            // Checkpoints hold the same parameters again.
            matches!(component.kind, Kind::ModelParametersFinal | Kind::ModelMetadata)
        })
        .flat_map(|(_, files)| files.iter().cloned())
        .collect()
}

fn blob_ref(descriptor: &Descriptor) -> BlobRef {
    BlobRef {
        media_type: descriptor.media_type.clone(),
        digest: descriptor.digest,
        size: descriptor.size,
    }
}

fn build_release(
    all: &Described<'_>,
    made: &[Made],
    index: &FileIndex,
    file_index: BlobRef,
) -> Release {
    let by_path: HashMap<&str, &FileEntry> =
        index.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let text_at = |path: &str| {
        by_path.get(path.trim_start_matches("./")).map(|file| LicenceText {
            path: file.path.clone(),
            digest: file.digest,
            size: file.size,
        })
    };
    let spec = all.spec;
    let components = spec.components.iter().enumerate().map(|(position, component)| {
        let owned =
            || index.files.iter().filter(move |file| file.owner == Owner::Component(position));
        let plans = all.plans.iter().zip(made);
        let layers = plans
            .filter(|(plan, _)| {
                plan.files.iter().any(|file| file.owner == Owner::Component(position))
            })
            .flat_map(|(_, made)| made.layers.iter().map(|(descriptor, _)| blob_ref(descriptor)))
            .collect();
        let text = component.licence_file.as_ref().or(spec.release.licence_file.as_ref());
        let declared = component.licence.as_ref().or(spec.release.licence.as_ref());
        let has_terms = component.absent.is_none();
        let mut described = Component {
            kind: component.kind,
            evidence: None,
            layers,
            files: owned().count() as u64,
            bytes: owned().map(|file| file.size).sum(),
            licence: Licence {
                declared: declared.filter(|_| has_terms).cloned(),
                text: text.filter(|_| has_terms).and_then(|path| text_at(path)),
            },
            git: all.commits[position].as_ref().map(|commit| commit.source.clone()),
            url: component.url.clone(),
            digest: component.digest.as_deref().and_then(|digest| digest.parse().ok()),
            absent: component.absent.clone(),
            note: component.note.clone(),
        };
        described.evidence = described.evidence_when_packed();
        described
    });
    let data = spec.data.iter().map(|data| {
        let manifest = data.manifest.as_deref().and_then(text_at);
        let mut described = DataSet {
            name: data.name.clone(),
            manifest,
            url: data.url.clone(),
            digest: data.digest.as_deref().and_then(|digest| digest.parse().ok()),
            class: data.class,
            role: data.role,
            licence: data.licence.clone(),
            synthetic_from: data.synthetic_from.clone(),
            withdrawn: data.withdrawn.clone(),
            note: data.note.clone(),
            evidence: Evidence::Claimed,
        };
        described.evidence = described.evidence_when_packed();
        described
    });
    let disclosure = spec.disclosure();
    let mut documents: Vec<LicenceText> = disclosure.files().filter_map(text_at).collect();
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    documents.dedup();
    Release {
        schema: RELEASE_SCHEMA.to_owned(),
        name: spec.release.name.clone(),
        version: spec.release.version.clone(),
        publisher: spec.release.publisher.clone(),
        description: spec.release.description.clone(),
        released: spec.release.released.clone(),
        terms_effective_from: spec.release.terms_effective_from.clone(),
        components: components.collect(),
        data: data.collect(),
        base_models: spec.base_models.clone(),
        disclosure,
        documents,
        file_index,
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE_ALONE, LARGE_AMONG, ShardPolicy};

    #[test]
    fn shards_are_for_files_that_would_keep_one_core_busy_alone() {
        let auto = |sizes: &[u64]| ShardPolicy::Auto.shard_size(sizes).is_some();
        assert!(!auto(&[]));
        assert!(!auto(&[LARGE_AMONG - 1]));
        assert!(auto(&[LARGE_AMONG, 5]));
        assert!(!auto(&[LARGE_AMONG, LARGE_AMONG]));
        assert!(!auto(&[1_600_000_000, 1_600_000_000, 1_100_000_000]));
        assert!(auto(&[LARGE_ALONE, LARGE_ALONE, LARGE_ALONE]));
        assert!(ShardPolicy::Always.shard_size(&[1]).is_some());
        assert!(ShardPolicy::Never.shard_size(&[LARGE_ALONE]).is_none());
    }
}
