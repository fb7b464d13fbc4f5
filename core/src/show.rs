//! What a bundle says it is, without reading its content.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Loaded};
use crate::finding::{Finding, Problem, Result};
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
    /// What was read: `layout`, `archive` or `folder`.
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
    pub files: usize,
    /// Bytes of the files.
    pub bytes: u64,
    /// What the terms mean for who asks, when somebody did.
    pub answer: Option<Answer>,
}

/// Reads the documents of a bundle and sums them up.
pub fn show(
    target: &Path,
    judge: &Judge,
    adopter: Option<&Adopter>,
) -> Result<(Overview, Vec<Finding>)> {
    judge.prepare()?;
    let loaded = bundle::load(target)?;
    let mut signatures = signatures::check(&loaded, judge);
    let mut findings = loaded.findings.clone();
    if !judge.accepted().is_empty() {
        findings.extend(signatures.missing(&loaded, judge, target).map(Problem::into_finding));
    }
    let mut answer = None;
    if let Some(adopter) = adopter {
        let (subject, found) = packed::subject(&loaded, &signatures)?;
        let report = report::report(&subject, Some(adopter), found);
        findings.extend(answer_findings(&report, target));
        findings.extend(report.findings);
        answer = report.answer;
    }
    findings.extend(signatures.findings);
    let mut overview = overview(&loaded, signatures.reports);
    overview.answer = answer;
    Ok((overview, findings))
}

fn overview(loaded: &Loaded, signatures: Vec<SignatureReport>) -> Overview {
    let facts = loaded.config.config.clone();
    let quantization = facts.quantization.filter(|text| Some(text) != facts.precision.as_ref());
    let model = [facts.architecture, facts.param_size, facts.format, facts.precision, quantization];
    let release = &loaded.release;
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
        files: loaded.files.files.len(),
        bytes: loaded.files.files.iter().map(|file| file.size).sum(),
        answer: None,
    }
}
