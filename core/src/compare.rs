//! Two releases side by side: what was added, taken away and changed, down to
//! tensors and clauses; and how much of one is in the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Loaded};
use crate::finding::{Code, Finding, Problem, Result};
use crate::hash::{Chain, Meter};
use crate::model::digest::Digest;
use crate::model::kind::Group;
use crate::model::release::{FileEntry, Owner};
use crate::openness::adopter::{self, Adopter};
use crate::openness::report::{self, Report};
use crate::openness::subject::Subject;
use crate::report as reports;
use crate::tensors::{self, Tensor, Tensors};
use crate::trust::judge::Judge;

/// What to compare.
#[derive(Debug)]
pub struct CompareRequest {
    /// The one.
    pub from: PathBuf,
    /// The other.
    pub to: PathBuf,
    /// Whose signatures count.
    pub judge: Judge,
}

/// Something that is there in one of them only, or differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// In the second only.
    pub added: Vec<String>,
    /// In the first only.
    pub removed: Vec<String>,
    /// In both, and not the same.
    pub changed: Vec<String>,
    /// In both, and the same.
    pub same: usize,
}

impl Changes {
    /// Whether nothing differs.
    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Two releases side by side.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// Name, version and digest of the first.
    pub from: String,
    /// Name, version and digest of the second.
    pub to: String,
    /// Components.
    pub components: Changes,
    /// Files, where both have an index of them.
    pub files: Option<Changes>,
    /// Tensors, where both have weights here.
    pub tensors: Option<Changes>,
    /// Data sets.
    pub data: Changes,
    /// Base models.
    pub base_models: Changes,
    /// Terms, with licence and clause.
    pub terms: Changes,
    /// Definitions whose answer is another.
    pub definitions: Changes,
}

fn changes<T: PartialEq>(
    from: &BTreeMap<String, T>,
    to: &BTreeMap<String, T>,
    words: impl Fn(&str, &T, &T) -> String,
) -> Changes {
    let mut all = Changes { added: Vec::new(), removed: Vec::new(), changed: Vec::new(), same: 0 };
    for (key, old) in from {
        match to.get(key) {
            None => all.removed.push(key.clone()),
            Some(new) if new == old => all.same += 1,
            Some(new) => all.changed.push(words(key, old, new)),
        }
    }
    all.added = to.keys().filter(|key| !from.contains_key(*key)).cloned().collect();
    all
}

/// A release with what can be compared of it.
struct Side {
    subject: Subject,
    report: Report,
    loaded: Option<Loaded>,
}

fn open(path: &Path, judge: &Judge) -> Result<Side> {
    let read = reports::read(path, judge)?;
    let report = report::report(&read.subject, None, read.findings);
    // What has no digest was not packed.
    let packed = read.subject.digest;
    let loaded = packed.map(|digest| bundle::load(&bundle::pinned(path, digest)?)).transpose()?;
    Ok(Side { subject: read.subject, report, loaded })
}

impl Side {
    fn title(&self) -> String {
        let digest = self.subject.digest.map_or_else(String::new, |digest| format!(" {digest}"));
        format!("{} {}{digest}", self.subject.name, self.subject.version)
    }

    fn files(&self) -> Option<BTreeMap<String, Digest>> {
        let loaded = self.loaded.as_ref()?;
        Some(loaded.files.files.iter().map(|it| (it.path.to_string(), it.digest)).collect())
    }

    /// Weights that are stored as they are.
    fn weights(&self) -> Result<Vec<(String, Chain<'_>)>> {
        let Some(loaded) = &self.loaded else { return Ok(Vec::new()) };
        let of_weights = |file: &&FileEntry| match file.owner {
            Owner::Component(position) => loaded
                .release
                .components
                .get(position)
                .is_some_and(|component| component.kind.group() == Group::Weights),
            _ => false,
        };
        let mut all = Vec::new();
        for file in loaded.files.files.iter().filter(of_weights) {
            if let Some(chain) = bundle::open_file(loaded, file)? {
                all.push((file.path.to_string(), chain));
            }
        }
        Ok(all)
    }

    fn components(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for row in &self.report.components {
            let evidence = row.evidence.map_or("absent", |it| it.as_str());
            let digest = row.digest.map_or_else(String::new, |digest| format!(" {digest}"));
            let value = format!("{evidence}{digest}, {}", row.terms.shown);
            let mut name = row.kind.to_string();
            if all.contains_key(&name) {
                name = format!("{name} ({})", all.len());
            }
            all.insert(name, value);
        }
        all
    }

    fn data(&self) -> BTreeMap<String, String> {
        let words = |data: &crate::openness::subject::DataPart| {
            format!(
                "{}, {}{}",
                data.class.map_or("class not said", crate::openness::definitions::class_name),
                data.licence.as_deref().unwrap_or("terms not said"),
                data.withdrawn
                    .as_deref()
                    .map_or_else(String::new, |day| format!(", withdrawn {day}"))
            )
        };
        self.subject.data.iter().map(|data| (data.name.clone(), words(data))).collect()
    }

    fn bases(&self) -> BTreeMap<String, String> {
        let words = |base: &crate::model::spec::BaseModelSpec| {
            let digest = base.digest.as_deref().unwrap_or("no digest");
            format!("{}, {digest}", base.licence.as_deref().unwrap_or("terms not said"))
        };
        self.subject.base_models.iter().map(|base| (base.name.clone(), words(base))).collect()
    }

    /// Every term that holds, with its clause: what a person asks about first.
    fn terms(&self) -> BTreeMap<String, String> {
        let answer = adopter::answer(&self.subject, &Adopter::default());
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for it in answer.terms {
            let entry = all.entry(it.term.to_owned()).or_default();
            if !entry.is_empty() {
                entry.push_str("; ");
            }
            entry.push_str(&format_term(&it.words, &it.licence, &it.clause));
        }
        all
    }

    fn definitions(&self) -> BTreeMap<String, String> {
        let all = self.report.definitions.iter();
        all.map(|it| (it.title.to_owned(), it.answer.clone())).collect()
    }
}

fn format_term(words: &str, licence: &str, clause: &str) -> String {
    format!("{words} ({} {clause})", report::short(licence))
}

fn tensor_words(name: &str, old: &Tensor, new: &Tensor) -> String {
    if (&old.dtype, &old.shape) == (&new.dtype, &new.shape) {
        format!("{name}: other values ({} {:?})", new.dtype, new.shape)
    } else {
        format!("{name}: {} {:?} -> {} {:?}", old.dtype, old.shape, new.dtype, new.shape)
    }
}

/// Compares two releases.
pub fn diff(request: &CompareRequest, meter: &Meter) -> Result<(Diff, Vec<Finding>)> {
    request.judge.prepare()?;
    let from = open(&request.from, &request.judge)?;
    let to = open(&request.to, &request.judge)?;
    let arrow = |key: &str, old: &String, new: &String| format!("{key}: {old} -> {new}");
    let files = match (from.files(), to.files()) {
        (Some(old), Some(new)) => {
            Some(changes(&old, &new, |path, old, new| format!("{path}: {old} -> {new}")))
        }
        _ => None,
    };
    let (old, new) = (from.weights()?, to.weights()?);
    let tensors = if old.is_empty() || new.is_empty() {
        None
    } else {
        let (old, new) = (tensors::read(&old, meter)?, tensors::read(&new, meter)?);
        Some(changes(&old, &new, tensor_words))
    };
    let terms = changes(&from.terms(), &to.terms(), arrow);
    let findings = lost_and_found(&from, &to, &terms, &request.to);
    let diff = Diff {
        from: from.title(),
        to: to.title(),
        components: changes(&from.components(), &to.components(), arrow),
        files,
        tensors,
        data: changes(&from.data(), &to.data(), arrow),
        base_models: changes(&from.bases(), &to.bases(), arrow),
        terms,
        definitions: changes(&from.definitions(), &to.definitions(), arrow),
    };
    Ok((diff, findings))
}

/// That the terms are others is said as a finding, so that nobody overlooks it.
fn lost_and_found(from: &Side, to: &Side, terms: &Changes, target: &Path) -> Vec<Finding> {
    if terms.is_none() {
        return Vec::new();
    }
    let shown = |side: &Side| {
        let ids: Vec<&str> = side.report.licences.iter().map(|it| it.id.as_str()).collect();
        if ids.is_empty() { "no known terms".to_owned() } else { ids.join(", ") }
    };
    let detail = format!(
        "{} -> {}: {} terms added, {} taken away, {} changed",
        shown(from),
        shown(to),
        terms.added.len(),
        terms.removed.len(),
        terms.changed.len()
    );
    vec![Problem::new(Code::TermsChanged, target.display()).detail(detail).into_finding()]
}

/// How much of a model is in another.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lineage {
    /// Name, version and digest of the model in question.
    pub child: String,
    /// Name, version and digest of the model it may be made from.
    pub parent: String,
    /// Whether the child names the parent: `by-digest`, `by-name` or `not`.
    pub declared: &'static str,
    /// Tensors of the child.
    pub tensors: usize,
    /// Those that are the same in the parent, byte for byte.
    pub shared: usize,
    /// Those of them that have another name there.
    pub renamed: usize,
    /// Bytes of the child's tensors.
    pub bytes: u64,
    /// Bytes of those that are shared.
    pub shared_bytes: u64,
    /// Part of the bytes that is shared, in per cent.
    pub share: f64,
    /// Tensors that are shared; at most a thousand.
    pub examples: Vec<String>,
}

/// Most shared tensors that are listed.
const LISTED: usize = 1000;
/// Tensors smaller than this are the same by chance too often.
const LEAST: u64 = 64;

/// Looks for the tensors of the child in the parent.
pub fn lineage(request: &CompareRequest, meter: &Meter) -> Result<(Lineage, Vec<Finding>)> {
    request.judge.prepare()?;
    let child = open(&request.from, &request.judge)?;
    let parent = open(&request.to, &request.judge)?;
    let read = |side: &Side, path: &Path| -> Result<Tensors> {
        let weights = side.weights()?;
        let tensors = tensors::read(&weights, meter)?;
        if tensors.is_empty() {
            return Err(Problem::new(Code::NoTensors, path.display()));
        }
        Ok(tensors)
    };
    let (own, others) = (read(&child, &request.from)?, read(&parent, &request.to)?);
    let by_digest: BTreeMap<Digest, &str> =
        others.iter().map(|(name, tensor)| (tensor.digest, name.as_str())).collect();
    let mut found = Lineage {
        child: child.title(),
        parent: parent.title(),
        declared: declared(&child.subject, &parent.subject),
        tensors: own.len(),
        shared: 0,
        renamed: 0,
        bytes: own.values().map(|tensor| tensor.bytes).sum(),
        shared_bytes: 0,
        share: 0.0,
        examples: Vec::new(),
    };
    for (name, tensor) in &own {
        let same = others.get(name).is_some_and(|other| other.digest == tensor.digest);
        let elsewhere = by_digest.get(&tensor.digest).filter(|_| tensor.bytes >= LEAST);
        if !same && elsewhere.is_none() {
            continue;
        }
        found.shared += 1;
        found.renamed += usize::from(!same);
        found.shared_bytes += tensor.bytes;
        if found.examples.len() < LISTED {
            found.examples.push(name.clone());
        }
    }
    found.share = percent(found.shared_bytes, found.bytes);
    let mut findings = Vec::new();
    let same = child.subject.digest == parent.subject.digest;
    if found.shared > 0 && found.declared == "not" && !same {
        let detail = format!(
            "{} of {} tensors are those of {}, which it does not name",
            found.shared, found.tensors, found.parent
        );
        let problem = Problem::new(Code::BaseModelUndeclared, request.from.display());
        findings.push(problem.detail(detail).into_finding());
    }
    Ok((found, findings))
}

#[allow(clippy::cast_precision_loss)] // A share of bytes, for people.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

fn declared(child: &Subject, parent: &Subject) -> &'static str {
    let digest = parent.digest.map(|digest| digest.to_string());
    let by_digest =
        |it: &crate::model::spec::BaseModelSpec| it.digest.is_some() && it.digest == digest;
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let by_name = |it: &crate::model::spec::BaseModelSpec| last(&it.name) == last(&parent.name);
    if child.base_models.iter().any(by_digest) {
        "by-digest"
    } else if child.base_models.iter().any(by_name) {
        "by-name"
    } else {
        "not"
    }
}
