//! Releases that are described, not packed: `pkg.toml` with or without its folder,
//! and the YAML of the Model Openness Framework.

use std::collections::HashMap;
use std::path::Path;

use super::tags::Tags;
use super::{Read, card, data, tags};
use crate::croissant;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::licence::text;
use crate::model::digest::Digest;
use crate::model::kind::{Group, Kind};
use crate::model::release::Evidence;
use crate::model::spec::{DataSpec, FILE_NAME, Spec};
use crate::openness::mof::{self, Description};
use crate::openness::subject::{BoundText, DataPart, Form, Part, Subject};
use crate::scan;
use crate::spec;

/// Reads a description in YAML.
pub(super) fn mof(path: &Path) -> Result<Read> {
    let name = path.display().to_string();
    let bytes = fsx::read_given(path, mof::MAX_FILE)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::MofInvalid, &name).detail("it is not UTF-8").source(error)
    })?;
    let description = mof::read(&text, &name)?;
    let subject = subject_of(&description);
    Ok(Read { subject, findings: Vec::new(), mof: Some(description) })
}

fn subject_of(description: &Description) -> Subject {
    let mut parts: Vec<Part> = Vec::new();
    for component in &description.components {
        let mut part = Part::claimed(component.kind);
        part.declared = description.licence_of(component);
        // The last of two with one name counts.
        parts.retain(|known| known.kind != part.kind);
        parts.push(part);
    }
    Subject {
        form: Form::Mof,
        name: description.name.clone(),
        version: description.version.clone(),
        publisher: Some(description.producer.clone()).filter(|text| !text.is_empty()),
        parts,
        ..Subject::default()
    }
}

/// Reads the description of a data set alone.
pub(super) fn data_set(path: &Path) -> Result<Read> {
    let name = path.display().to_string();
    let bytes = fsx::read_given(path, croissant::MAX_FILE)?;
    let described = croissant::read(&bytes, &name)?;
    if let Some(finding) = data::errors(&described, &name) {
        return Err(Problem::new(Code::CroissantInvalid, &name).detail(finding.message));
    }
    let one = DataPart {
        name: described.name.clone(),
        evidence: Evidence::Packed,
        class: None,
        role: None,
        licence: None,
        url: described.url.clone(),
        digest: None,
        manifest: Some(name.clone()),
        synthetic_from: None,
        withdrawn: None,
        note: None,
    };
    let mut subject = Subject {
        form: Form::DataSet,
        name: described.name.clone(),
        version: described.version.clone().unwrap_or_default(),
        data: vec![one],
        ..Subject::default()
    };
    let mut findings = Vec::new();
    data::take(&mut subject, 0, &name, &bytes, &mut findings);
    Ok(Read { subject, findings, mof: None })
}

/// Reads a `pkg.toml`; files beside it that it names as texts are read too.
pub(super) fn spec(path: &Path) -> Result<Read> {
    let spec = spec::load_file(path)?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut texts = Texts::new(folder);
    let subject = base(&spec, Form::Spec, &mut texts);
    Ok(Read { subject, findings: texts.findings, mof: None })
}

/// Reads a folder with its `pkg.toml`.
pub(super) fn folder(folder: &Path) -> Result<Read> {
    let spec = spec::load(folder)?;
    let has_files = spec.components.iter().any(|it| !it.paths.is_empty() || it.git.is_some());
    if !has_files {
        return self::spec(&folder.join(FILE_NAME));
    }
    let resolved = spec::resolve(folder, &spec)?;
    let mut texts = Texts::new(folder);
    let mut subject = base(&spec, Form::Folder, &mut texts);
    let mut looked = 0;
    for (part, files) in subject.parts.iter_mut().zip(&resolved.components) {
        if files.is_empty() {
            continue;
        }
        part.evidence = Some(Evidence::Packed);
        part.files = files.len() as u64;
        part.bytes = files.iter().map(|file| file.size).sum();
        if matches!(part.kind.group(), Group::Code | Group::Docs) {
            let mut found = Tags::default();
            for file in files {
                looked += 1;
                if looked <= tags::MAX_FILES
                    && let Ok((head, _)) = scan::head(&file.disk)
                {
                    let length = head.len().min(usize::try_from(tags::HEAD).unwrap_or(usize::MAX));
                    found.look_at(file.path.as_str(), &head[..length]);
                }
            }
            part.inside = found.finish();
        }
    }
    let listed = resolved.components.iter().flatten().chain(&resolved.licences);
    subject.paths = listed.map(|file| file.path.to_string()).collect();
    let mut findings = texts.findings;
    for (position, manifest) in resolved.manifests.iter().enumerate() {
        let Some(file) = manifest else { continue };
        let bytes = fsx::read_limited(&file.disk, croissant::MAX_FILE)?;
        data::take(&mut subject, position, file.path.as_str(), &bytes, &mut findings);
    }
    let cards = spec.components.iter().zip(&resolved.components);
    for file in cards.filter(|(it, _)| it.kind == Kind::ModelCard).flat_map(|(_, files)| files) {
        if let Ok(Some(content)) = scan::small_text(&file.disk, card::MAX_CARD) {
            findings.extend(card::contradictions(&content, file.path.as_str(), &subject));
        }
    }
    Ok(Read { subject, findings, mof: None })
}

/// Licence texts of a folder, each read once.
struct Texts<'a> {
    folder: &'a Path,
    known: HashMap<String, Option<BoundText>>,
    findings: Vec<Finding>,
}

impl<'a> Texts<'a> {
    fn new(folder: &'a Path) -> Self {
        Self { folder, known: HashMap::new(), findings: Vec::new() }
    }

    fn get(&mut self, path: &str) -> Option<BoundText> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let bytes = fsx::read_limited(&self.folder.join(path), text::MAX_TEXT as u64);
        let bound = match bytes {
            Ok(bytes) => Some(bound(path, &bytes)),
            Err(problem) => {
                self.findings.push(problem.into_finding());
                None
            }
        };
        self.known.insert(path.to_owned(), bound.clone());
        bound
    }
}

/// A text of terms, with what it is.
pub(super) fn bound(path: &str, bytes: &[u8]) -> BoundText {
    let decoded = text::decode(bytes);
    let encoding = decoded.as_ref().and_then(|decoded| decoded.encoding);
    let concluded = decoded
        .map_or(text::Concluded::Unknown { reason: "it is no text" }, |decoded| {
            text::conclude(&decoded.text)
        });
    BoundText {
        path: path.to_owned(),
        digest: Digest::of(bytes),
        concluded: Some(concluded),
        encoding,
    }
}

/// What a spec says, without its files.
fn base(spec: &Spec, form: Form, texts: &mut Texts<'_>) -> Subject {
    let mut parts = Vec::new();
    for component in &spec.components {
        let mut part = Part::claimed(component.kind);
        let released = component.absent.is_none();
        part.evidence = match (&component.absent, &component.url) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(Evidence::Linked),
            (None, None) => Some(Evidence::Claimed),
        };
        part.url.clone_from(&component.url);
        part.absent.clone_from(&component.absent);
        part.note.clone_from(&component.note);
        part.digest = component.digest.as_deref().and_then(|digest| digest.parse().ok());
        if released {
            part.declared = component.licence.clone().or_else(|| spec.release.licence.clone());
            let file = component.licence_file.as_ref().or(spec.release.licence_file.as_ref());
            part.text = file.and_then(|file| texts.get(file));
        }
        parts.push(part);
    }
    Subject {
        form,
        name: spec.release.name.clone(),
        version: spec.release.version.clone(),
        publisher: spec.release.publisher.clone(),
        released: spec.release.released.clone(),
        terms_effective_from: spec.release.terms_effective_from.clone(),
        parts,
        data: spec.data.iter().map(data_part).collect(),
        base_models: spec.base_models.clone(),
        disclosure: spec.disclosure(),
        ..Subject::default()
    }
}

fn data_part(data: &DataSpec) -> DataPart {
    DataPart {
        name: data.name.clone(),
        evidence: match (&data.manifest, &data.url) {
            (Some(_), _) => Evidence::Packed,
            (None, Some(_)) => Evidence::Linked,
            (None, None) => Evidence::Claimed,
        },
        class: data.class,
        role: data.role,
        licence: data.licence.clone(),
        url: data.url.clone(),
        digest: data.digest.as_deref().and_then(|digest| digest.parse().ok()),
        manifest: data.manifest.clone(),
        synthetic_from: data.synthetic_from.clone(),
        withdrawn: data.withdrawn.clone(),
        note: data.note.clone(),
    }
}
