//! Releases that are packed: bundles, archives and folders unpacked from them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::tags::{HEAD, MAX_FILES, Tags};
use super::{Read, card, data, describe};
use crate::bundle::oci::Descriptor;
use crate::bundle::{self, Loaded};
use crate::croissant;
use crate::finding::Result;
use crate::licence::text;
use crate::model::kind::{Group, Kind};
use crate::model::path::ReleasePath;
use crate::model::release::{Evidence, FileEntry, Owner};
use crate::openness::subject::{BoundText, Claim, DataPart, Form, Part, SignedBy, Subject};
use crate::predicate;
use crate::signatures::{self, Signatures};
use crate::trust::judge::Judge;

/// Reads a release and what refers to it.
pub(super) fn read(target: &Path, judge: &Judge) -> Result<Read> {
    let loaded = bundle::load(target)?;
    let signatures = signatures::check(&loaded, judge);
    let mut findings = loaded.findings.clone();
    let (subject, more) = subject(&loaded, &signatures)?;
    findings.extend(signatures.findings);
    findings.extend(more);
    Ok(Read { subject, findings, mof: None })
}

/// What is known of a loaded release.
pub(crate) fn subject(
    loaded: &Loaded,
    signatures: &Signatures,
) -> Result<(Subject, Vec<crate::finding::Finding>)> {
    let contents = Contents::read(loaded)?;
    let release = &loaded.release;
    let tested = tested(signatures);
    let components = release.components.iter().enumerate();
    let parts = components.map(|(position, component)| {
        let text = component.licence.text.as_ref();
        let of_layer = component.layers.first().map(|layer| layer.digest).map(|first| {
            // The first part of a file is its header, which says little about it.
            let begins = |file: &&FileEntry| {
                file.in_parts() && loaded.manifest.layers[file.layer].digest == first
            };
            loaded.files.files.iter().find(begins).map_or(first, |file| file.digest)
        });
        let mut evidence = component.evidence_when_packed();
        if tested
            && component.kind == Kind::ModelParametersFinal
            && evidence == Some(Evidence::Packed)
        {
            evidence = Some(Evidence::Tested);
        }
        Part {
            kind: component.kind,
            evidence,
            files: component.files,
            bytes: component.bytes,
            digest: of_layer.or(component.digest),
            url: component.url.clone(),
            absent: component.absent.clone(),
            note: component.note.clone(),
            declared: component.licence.declared.clone(),
            text: text.and_then(|text| contents.texts.get(text.path.as_str()).cloned()),
            inside: contents.inside.get(&position).cloned().unwrap_or_default(),
            commit: component.git.as_ref().map(|git| git.commit.clone()),
        }
    });
    let data = release.data.iter().map(|data| DataPart {
        name: data.name.clone(),
        evidence: data.evidence_when_packed(),
        class: data.class,
        role: data.role,
        licence: data.licence.clone(),
        url: data.url.clone(),
        digest: data.digest,
        manifest: data.manifest.as_ref().map(|manifest| manifest.path.to_string()),
        synthetic_from: data.synthetic_from.clone(),
        withdrawn: data.withdrawn.clone(),
        note: data.note.clone(),
    });
    let subject = Subject {
        form: Form::Bundle,
        name: release.name.clone(),
        version: release.version.clone(),
        publisher: release.publisher.clone(),
        released: release.released.clone(),
        terms_effective_from: release.terms_effective_from.clone(),
        digest: Some(loaded.digest),
        signed_by: signed_by(signatures),
        signatures: signatures.reports.len(),
        parts: parts.collect(),
        data: data.collect(),
        base_models: release.base_models.clone(),
        disclosure: release.disclosure.clone(),
        claims: claims(signatures),
        paths: loaded.files.files.iter().map(|file| file.path.to_string()).collect(),
    };
    let mut findings = Vec::new();
    let mut subject = subject;
    for (position, path, bytes) in &contents.manifests {
        data::take(&mut subject, *position, path, bytes, &mut findings);
    }
    for (path, content) in &contents.cards {
        findings.extend(card::contradictions(content, path, &subject));
    }
    Ok((subject, findings))
}

fn signed_by(signatures: &Signatures) -> Vec<SignedBy> {
    let mut all: Vec<SignedBy> = Vec::new();
    for report in signatures.releases() {
        let Some(who) = &report.who else { continue };
        let one = SignedBy {
            who: who.to_string(),
            time: report.times.first().map(|proven| proven.time.clone()),
        };
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// Whether an accepted signer attests that the release was run and gave what was
/// recorded.
pub(crate) fn tested(signatures: &Signatures) -> bool {
    signatures.attested.iter().any(|(_, attested)| {
        predicate::Kind::of(&attested.predicate_type) == Some(predicate::Kind::TestResult)
            && attested.about.iter().any(|about| about == "release")
            && attested.predicate.get("result").and_then(|it| it.as_str()) == Some("PASSED")
    })
}

fn claims(signatures: &Signatures) -> Vec<Claim> {
    let of_people = signatures.attested.iter().filter(|(_, attested)| {
        predicate::Kind::of(&attested.predicate_type) == Some(predicate::Kind::Claim)
            && attested.about.iter().any(|about| about == "release")
    });
    of_people
        .filter_map(|(position, attested)| {
            let text = |key: &str| {
                attested.predicate.get(key).and_then(|it| it.as_str()).map(str::to_owned)
            };
            let who = signatures.reports.get(*position).and_then(|report| report.who.as_ref());
            Some(Claim {
                claim: text("claim")?,
                by: text("by")?,
                role: text("role"),
                date: text("date")?,
                scope: text("scope"),
                signed_by: who.map(ToString::to_string),
            })
        })
        .collect()
}

/// What has to be read of the files.
#[derive(Default)]
struct Contents {
    texts: HashMap<String, BoundText>,
    cards: Vec<(String, String)>,
    manifests: Vec<(usize, String, Vec<u8>)>,
    inside: HashMap<usize, Vec<crate::openness::subject::FileTerms>>,
}

/// Layers that have to be read to say what the terms are.
pub(crate) fn layers(loaded: &Loaded) -> Vec<&Descriptor> {
    let wanted = Wanted::of(loaded);
    let files = loaded.files.files.iter().filter(|file| wanted.bytes(file) > 0);
    let layers: BTreeSet<usize> = files.map(|file| file.layer).collect();
    layers.into_iter().filter_map(|layer| loaded.manifest.layers.get(layer)).collect()
}

/// How much of which file is read.
struct Wanted<'a> {
    loaded: &'a Loaded,
    texts: HashSet<&'a str>,
    /// Positions of data sets, by the paths of their manifests.
    manifests: HashMap<&'a str, usize>,
    /// Of a component with very many files, the first ones speak for it.
    last: Option<&'a ReleasePath>,
}

impl<'a> Wanted<'a> {
    fn of(loaded: &'a Loaded) -> Self {
        let texts = loaded
            .release
            .components
            .iter()
            .filter_map(|component| component.licence.text.as_ref())
            .map(|text| text.path.as_str())
            .collect();
        let data = loaded.release.data.iter().enumerate();
        let manifests = data
            .filter_map(|(position, data)| Some((data.manifest.as_ref()?.path.as_str(), position)))
            .collect();
        let mut wanted = Self { loaded, texts, manifests, last: None };
        let mut tagged = loaded.files.files.iter().filter(|file| wanted.tagged(file).is_some());
        wanted.last = tagged.nth(MAX_FILES).map(|file| &file.path);
        wanted
    }

    fn owner(&self, file: &FileEntry) -> Option<(usize, Kind)> {
        let Owner::Component(position) = file.owner else { return None };
        self.loaded.release.components.get(position).map(|it| (position, it.kind))
    }

    fn is_card(&self, file: &FileEntry) -> bool {
        let name = file.path.as_str().rsplit('/').next().unwrap_or_default();
        self.owner(file).is_some_and(|(_, kind)| kind == Kind::ModelCard)
            && name.eq_ignore_ascii_case("README.md")
    }

    /// The component whose terms the head of a file may name.
    fn tagged(&self, file: &FileEntry) -> Option<usize> {
        let (position, kind) = self.owner(file)?;
        matches!(kind.group(), Group::Code | Group::Docs).then_some(position)
    }

    fn bytes(&self, file: &FileEntry) -> u64 {
        let path = file.path.as_str();
        if self.manifests.contains_key(path) {
            croissant::MAX_FILE
        } else if self.texts.contains(path) {
            text::MAX_TEXT as u64 + 1
        } else if self.is_card(file) {
            card::MAX_CARD
        } else if self.tagged(file).is_some() && self.last.is_none_or(|last| file.path < *last) {
            HEAD
        } else {
            0
        }
    }
}

impl Contents {
    fn read(loaded: &Loaded) -> Result<Self> {
        let wanted = Wanted::of(loaded);
        let mut contents = Self::default();
        let mut found: HashMap<usize, Tags> = HashMap::new();
        bundle::read_files(
            loaded,
            |file| wanted.bytes(file),
            |file, bytes| {
                let path = file.path.as_str();
                if let Some(position) = wanted.manifests.get(path) {
                    contents.manifests.push((*position, path.to_owned(), bytes.clone()));
                }
                if wanted.texts.contains(path) {
                    let mut bound = describe::bound(path, &bytes);
                    bound.digest = file.digest;
                    contents.texts.insert(path.to_owned(), bound);
                } else if wanted.is_card(file)
                    && let Ok(text) = String::from_utf8(bytes.clone())
                {
                    contents.cards.push((path.to_owned(), text));
                }
                if let Some(position) = wanted.tagged(file) {
                    let length = bytes.len().min(usize::try_from(HEAD).unwrap_or(usize::MAX));
                    found.entry(position).or_default().look_at(path, &bytes[..length]);
                }
            },
        )?;
        let finished = found.into_iter().map(|(position, tags)| (position, tags.finish()));
        contents.inside = finished.filter(|(_, terms)| !terms.is_empty()).collect();
        Ok(contents)
    }
}
