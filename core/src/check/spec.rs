//! `pkg.toml`, the licence texts that it names, and what it says they are.

use std::collections::BTreeMap;

use super::Collector;
use super::source::{Item, Source};
use crate::finding::{Code, Problem, Result, Severity};
use crate::licence::text::{self, Concluded};
use crate::model::digest::Digest;
use crate::model::release::Evidence;
use crate::model::spec::{ComponentSpec, FILE_NAME, Spec};
use crate::openness::subject::{BoundText, Part, Subject};
use crate::openness::terms;
use crate::spec::{self, MAX_SPEC};

/// Checks every `pkg.toml` that governs a changed file. Says which those were.
pub(super) fn check(source: &Source, items: &[Item], all: &mut Collector) -> Vec<String> {
    let mut specs: BTreeMap<String, Vec<&Item>> = BTreeMap::new();
    for item in items {
        if let Some(spec) = governing(source, &item.path) {
            specs.entry(spec).or_default().push(item);
        }
    }
    for (path, changed) in &specs {
        if let Err(problem) = one(source, path, changed, all) {
            all.add(path, None, problem);
        }
    }
    specs.into_keys().collect()
}

/// The nearest `pkg.toml` in a folder of the file or above.
fn governing(source: &Source, path: &str) -> Option<String> {
    let mut folder = path;
    loop {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        let candidate = inside(folder, FILE_NAME);
        // What is there and cannot be used is told when it is read.
        if !matches!(source.spec(&candidate), Ok(None)) {
            return Some(candidate);
        }
        if folder.is_empty() {
            return None;
        }
    }
}

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn one(source: &Source, path: &str, changed: &[&Item], all: &mut Collector) -> Result<()> {
    let Some(item) = source.spec(path)? else { return Ok(()) };
    if item.size > MAX_SPEC {
        return Err(crate::fsx::too_large(path, item.size, MAX_SPEC));
    }
    let text = String::from_utf8(source.read(&item, MAX_SPEC)?)
        .map_err(|_| Problem::new(Code::SpecSyntax, path).detail("it is not UTF-8"))?;
    let spec = spec::parse(&text, path)?;
    for mut finding in spec::check(&spec) {
        path.clone_into(&mut finding.subject);
        all.finding(path, None, finding);
    }
    let folder = path.strip_suffix(FILE_NAME).unwrap_or_default().trim_end_matches('/');
    let itself = changed.iter().any(|item| item.path == path);
    let mut texts: BTreeMap<&str, Option<BoundText>> = BTreeMap::new();
    for name in licence_files(&spec) {
        let place = inside(folder, name);
        let touched = changed.iter().any(|item| item.path == place);
        if itself || touched || !source.is_staged() {
            texts.insert(name, licence_text(source, &place, name, path, all)?);
        }
    }
    terms_of(&spec, &texts, path, all);
    if source.is_staged() {
        named_files(source, &spec, folder, path, all);
    } else if let Err(problem) = spec::resolve(&source.root().join(folder), &spec) {
        let mut finding = problem.into_finding();
        // A pointer in a clone without the content is told of the file itself.
        if finding.code == Code::LfsPointer {
            finding.severity = Severity::Warning;
        }
        all.finding(path, None, finding);
    }
    Ok(())
}

fn licence_files(spec: &Spec) -> impl Iterator<Item = &str> {
    let components = spec.components.iter().filter_map(|it| it.licence_file.as_deref());
    components.chain(spec.release.licence_file.as_deref())
}

fn licence_text(
    source: &Source,
    place: &str,
    name: &str,
    spec: &str,
    all: &mut Collector,
) -> Result<Option<BoundText>> {
    let Some(item) = source.lookup(place) else {
        // On disk, `resolve` says the same.
        if source.is_staged() {
            let problem = Problem::new(Code::LicenceFileMissing, spec)
                .detail(format!("{name} is named as a licence text, and is not in the commit"))
                .hint(format!("`git add {place}`, or correct `licence-file`."));
            all.add(spec, None, problem);
        }
        return Ok(None);
    };
    let bytes = source.read(&item, text::MAX_TEXT as u64 + 1)?;
    let decoded = text::decode(&bytes);
    let encoding = decoded.as_ref().and_then(|decoded| decoded.encoding);
    let concluded = decoded.map_or(Concluded::Unknown { reason: "it is no text" }, |decoded| {
        text::conclude(&decoded.text)
    });
    let (path, digest) = (name.to_owned(), Digest::of(&bytes));
    Ok(Some(BoundText { path, digest, concluded: Some(concluded), encoding }))
}

/// What is wrong between declared licences and texts.
fn terms_of(
    spec: &Spec,
    texts: &BTreeMap<&str, Option<BoundText>>,
    path: &str,
    all: &mut Collector,
) {
    let part = |component: &ComponentSpec| {
        let mut part = Part::claimed(component.kind);
        part.evidence = component.absent.is_none().then_some(Evidence::Claimed);
        part.absent.clone_from(&component.absent);
        let declared = component.licence.as_ref().or(spec.release.licence.as_ref());
        part.declared = declared.filter(|_| component.absent.is_none()).cloned();
        let file = component.licence_file.as_deref().or(spec.release.licence_file.as_deref());
        part.text = file.and_then(|file| texts.get(file).cloned().flatten());
        part
    };
    let parts = spec.components.iter().map(part).collect();
    let subject = Subject { parts, ..Subject::default() };
    for mut finding in terms::findings(&subject) {
        finding.message = format!("{}: {}", finding.subject, finding.message);
        path.clone_into(&mut finding.subject);
        all.finding(path, None, finding);
    }
}

/// Files that are named as such, and are neither in the commit nor left out of git.
fn named_files(source: &Source, spec: &Spec, folder: &str, path: &str, all: &mut Collector) {
    let plain = |pattern: &&String| !pattern.contains(['*', '?', '[', '{']);
    let mut missing = Vec::new();
    for name in spec.components.iter().flat_map(|it| &it.paths).filter(plain) {
        let place = inside(folder, name);
        let on_disk = source.root().join(&place).is_file();
        if source.lookup(&place).is_none() && !on_disk {
            missing.push(name.as_str());
        }
    }
    if let Some(first) = missing.first() {
        let dots = if missing.len() > 1 { ", ..." } else { "" };
        let detail = format!("{} files of `paths` are not there: {first}{dots}", missing.len());
        all.add(path, None, Problem::new(Code::PathNotFound, path).detail(detail));
    }
}
