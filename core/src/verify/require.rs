//! Test results that somebody must have attested.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::Loaded;
use crate::finding::{Code, Finding, Problem, Severity};
use crate::plugin::result;
use crate::predicate::Kind;
use crate::signatures::{self, Signatures};
use crate::trust::judge::Judge;

/// A test result that is required.
#[derive(Debug)]
pub struct TestResult {
    /// The plugin: its id, with `:cpu` behind it for runs on the processor of a plugin
    /// that is made for GPUs.
    pub plugin: String,
    /// Who must have attested it; whoever may sign the release unless given.
    pub judge: Option<Judge>,
}

/// What became of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Required {
    /// The plugin.
    pub plugin: String,
    /// Whether it is met.
    pub met: bool,
    /// Results by whom they were asked of: who, and what it says.
    pub results: Vec<Attested>,
}

/// A result, by somebody who was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attested {
    /// Who attests it.
    pub who: String,
    /// `PASSED`, `WARNED` or `FAILED`.
    pub result: String,
    /// When it is proven to have existed.
    pub times: Vec<String>,
}

/// Looks whether a required result is there. One that failed is not outweighed by others.
pub(super) fn check(
    loaded: &Loaded,
    wanted: &TestResult,
    by_default: &Signatures,
    known: &[Finding],
) -> (Required, Vec<Finding>) {
    let mut findings = Vec::new();
    let own;
    let judged = match &wanted.judge {
        None => by_default,
        Some(judge) => {
            own = signatures::check(loaded, judge);
            // What is wrong with their attestations counts; that others signed too does not.
            let wrong = own.findings.iter().filter(|it| it.severity == Severity::Error);
            findings.extend(wrong.filter(|it| !known.contains(it)).cloned());
            &own
        }
    };
    let fits = judged.attested.iter().filter(|(_, attested)| {
        Kind::of(&attested.predicate_type) == Some(Kind::TestResult)
            && attested.about.iter().any(|about| about == "release")
            && result::plugins(&attested.predicate).contains(&wanted.plugin)
    });
    let results: Vec<Attested> = fits
        .filter_map(|(position, attested)| {
            let report = judged.reports.get(*position)?;
            Some(Attested {
                who: report.who.as_ref()?.to_string(),
                result: attested.predicate.get("result")?.as_str()?.to_owned(),
                times: report.times.iter().map(|proven| proven.time.clone()).collect(),
            })
        })
        .collect();
    let subject = format!("test-result:{}", wanted.plugin);
    let failed: Vec<&str> = results
        .iter()
        .filter(|attested| !matches!(attested.result.as_str(), "PASSED" | "WARNED"))
        .map(|attested| attested.who.as_str())
        .collect();
    let met = !results.is_empty() && failed.is_empty();
    if results.is_empty() {
        findings.push(Problem::new(Code::RequirementMissing, subject).into_finding());
    } else if !failed.is_empty() {
        let detail = format!("attested to have failed by {}", failed.join("; "));
        findings.push(Problem::new(Code::RequirementFailed, subject).detail(detail).into_finding());
    }
    (Required { plugin: wanted.plugin.clone(), met, results }, findings)
}
