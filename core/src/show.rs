//! What a bundle says it is, without reading its content.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Loaded};
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::digest::Digest;
use crate::model::release::DataSet;
use crate::model::spec::BaseModelSpec;
use crate::openness::adopter::{Adopter, Answer};
use crate::openness::report;
use crate::report::{answer_findings, packed};
use crate::signatures::{self, SignatureReport};
use crate::trust::judge::Judge;
use crate::verify::{ComponentReport, component_reports, form};

/// A bundle at a glance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// What was read: `layout`, `archive`, `registry` or `folder`.
    pub form: &'static str,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Publisher, as declared.
    pub publisher: Option<String>,
    /// Description, as declared.
    pub description: Option<String>,
    /// Day of the release, as declared.
    pub released: Option<String>,
    /// Digest of the release.
    pub digest: Digest,
    /// Architecture, size and format of the model, as far as its files say.
    pub model: Vec<String>,
    /// Signatures.
    pub signatures: Vec<SignatureReport>,
    /// Components.
    pub components: Vec<ComponentReport>,
    /// Data sets.
    pub data: Vec<DataSet>,
    /// Base models, as declared.
    pub base_models: Vec<BaseModelSpec>,
    /// Number of files.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// What the terms are; none where the texts were not read to keep a transfer small.
    pub terms: Option<TermsOverview>,
    /// What the terms mean for who asks, when somebody did.
    pub answer: Option<Answer>,
}

/// The terms, as the report has them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TermsOverview {
    /// The headline: its label by the G7 paper.
    pub label: String,
    /// What one may, with clauses.
    pub may: Vec<String>,
    /// What one must, with clauses.
    pub must: Vec<String>,
    /// What one may not, with clauses.
    pub may_not: Vec<String>,
}

/// Bytes that are transferred at most to show a release that is in a registry, answers
/// to requests counted without their heads.
const BUDGET: u64 = 64 << 10;

/// Reads the documents of a bundle and sums them up.
pub fn show(
    target: &Path,
    judge: &Judge,
    adopter: Option<&Adopter>,
) -> Result<(Overview, Vec<Finding>)> {
    judge.prepare()?;
    let loaded = bundle::load_overview(target, BUDGET)?;
    let mut signatures = signatures::check(&loaded, judge);
    let mut findings = loaded.findings.clone();
    if !judge.accepted().is_empty() {
        findings.extend(signatures.missing(&loaded, judge, target).map(Problem::into_finding));
    }
    let unread = unread(&loaded);
    let mut report = None;
    // Who asks what the terms mean is answered, whatever has to be fetched for it.
    if unread.is_empty() || adopter.is_some() {
        let pinned;
        let whole = if loaded.left_out.is_empty() {
            &loaded
        } else {
            pinned = bundle::load(&bundle::pinned(target, loaded.digest)?)?;
            &pinned
        };
        let (subject, found) = packed::subject(whole, &signatures)?;
        report = Some(report::report(&subject, adopter, found));
    } else {
        let detail = format!("not fetched: {}", unread.join(", "));
        findings.push(
            Problem::new(Code::DocumentsLeftOut, target.display()).detail(detail).into_finding(),
        );
    }
    findings.extend(signatures.findings);
    let mut overview = overview(&loaded, signatures.reports);
    if let Some(report) = report {
        if adopter.is_some() {
            findings.extend(answer_findings(&report, target));
            findings.extend(report.findings.iter().cloned());
        }
        overview.terms = Some(TermsOverview {
            label: report.label,
            may: report.may,
            must: report.must,
            may_not: report.may_not,
        });
        overview.answer = report.answer;
    }
    Ok((overview, findings))
}

/// What would have to be fetched beyond the budget to say what the terms are.
fn unread(loaded: &Loaded) -> Vec<String> {
    let Some(budget) = loaded.budget else { return Vec::new() };
    if !loaded.left_out.is_empty() {
        return loaded.left_out.clone();
    }
    let layers = packed::layers(loaded);
    let size: u64 = layers.iter().map(|layer| layer.size).sum();
    if size <= budget {
        return Vec::new();
    }
    vec![format!("{} layers with licence texts, documents and code ({size} bytes)", layers.len())]
}

fn overview(loaded: &Loaded, signatures: Vec<SignatureReport>) -> Overview {
    let facts = loaded.config.config.clone();
    let quantization = facts.quantization.filter(|text| Some(text) != facts.precision.as_ref());
    let model = [facts.architecture, facts.param_size, facts.format, facts.precision, quantization];
    let release = &loaded.release;
    let (files, bytes) = counted(loaded);
    Overview {
        form: form(loaded),
        name: release.name.clone(),
        version: release.version.clone(),
        publisher: release.publisher.clone(),
        description: release.description.clone(),
        released: release.released.clone(),
        digest: loaded.digest,
        model: model.into_iter().flatten().collect(),
        signatures,
        components: component_reports(loaded, |_| false),
        data: release.data.clone(),
        base_models: release.base_models.clone(),
        files,
        bytes,
        terms: None,
        answer: None,
    }
}

/// Number and bytes of the files; those of the components where the file index was not
/// fetched.
fn counted(loaded: &Loaded) -> (u64, u64) {
    let add = |(count, sum): (u64, u64), (files, bytes): (u64, u64)| (count + files, sum + bytes);
    if loaded.files.files.is_empty() {
        let components = loaded.release.components.iter();
        return components.map(|it| (it.files, it.bytes)).fold((0, 0), add);
    }
    loaded.files.files.iter().map(|file| (1, file.size)).fold((0, 0), add)
}
