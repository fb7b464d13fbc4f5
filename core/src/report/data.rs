//! Descriptions of data sets that a release carries.

use serde_json::Value;

use crate::croissant::{self, DATA_INFORMATION};
use crate::finding::{Code, Finding, Problem};
use crate::licence::expression;
use crate::model::disclosure::DataInformation;
use crate::openness::subject::{DataPart, Subject};

/// Errors of one description that are shown.
const SHOWN: usize = 5;

/// Takes in what the manifest of a data set says.
pub(super) fn take(
    subject: &mut Subject,
    position: usize,
    path: &str,
    bytes: &[u8],
    findings: &mut Vec<Finding>,
) {
    if let Err(problem) = croissant::bounded(bytes, path) {
        findings.push(problem.into_finding());
        return;
    }
    let document: Option<Value> = serde_json::from_slice(bytes).ok();
    if !document.is_some_and(|document| croissant::is_croissant(&document)) {
        // Other kinds of manifests are kept, not judged.
        return;
    }
    let described = match croissant::read(bytes, path) {
        Ok(described) => described,
        Err(problem) => {
            findings.push(problem.into_finding());
            return;
        }
    };
    findings.extend(errors(&described, path));
    let Some(data) = subject.data.get_mut(position) else { return };
    findings.extend(terms(&described, data, path));
    if data.url.is_none() {
        data.url.clone_from(&described.url);
    }
    // What the vocabulary for responsible AI describes is data information.
    let information = subject.disclosure.data_information.get_or_insert_default();
    describe(&described, information, path);
}

/// What is wrong with a description, as one finding.
pub(super) fn errors(described: &croissant::DataSet, path: &str) -> Option<Finding> {
    if described.errors.is_empty() {
        return None;
    }
    let more = described.errors.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let shown: Vec<&str> = described.errors.iter().take(SHOWN).map(String::as_str).collect();
    let problem = Problem::new(Code::CroissantInvalid, path);
    Some(problem.detail(format!("{}{more}", shown.join("; "))).into_finding())
}

/// A licence in the description that the release does not declare.
fn terms(described: &croissant::DataSet, data: &mut DataPart, path: &str) -> Option<Finding> {
    let named: Vec<String> =
        described.licences.iter().filter_map(|it| croissant::licence_id(it)).collect();
    let Some(declared) = &data.licence else {
        if let [one] = named.as_slice() {
            data.licence = Some(one.clone());
        }
        return None;
    };
    let ids = expression::ids(declared);
    if named.is_empty() || named.iter().all(|id| ids.contains(id)) {
        return None;
    }
    let detail =
        format!("the description of {} says {}, pkg.toml {declared}", data.name, named.join(", "));
    Some(Problem::new(Code::DeclarationContradicts, path).detail(detail).into_finding())
}

fn describe(described: &croissant::DataSet, information: &mut DataInformation, path: &str) {
    for (part, properties) in DATA_INFORMATION {
        let there = properties.iter().any(|name| described.rai.iter().any(|it| it == name));
        let place = match part {
            "provenance" => &mut information.provenance,
            "labelling" => &mut information.labelling,
            "processing" => &mut information.processing,
            _ => &mut information.scope,
        };
        if there && place.is_none() {
            *place = Some(path.to_owned());
        }
    }
}
