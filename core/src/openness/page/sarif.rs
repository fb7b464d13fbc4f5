//! Findings as SARIF 2.1.0 (OASIS), for code scanning.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::super::report::Report;
use crate::finding::{Code, Problem, Result};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes the findings.
pub fn sarif(report: &Report, target: &Path) -> Result<String> {
    let used: BTreeSet<Code> = report.findings.iter().map(|finding| finding.code).collect();
    let uri = target.to_string_lossy().replace('\\', "/");
    let results: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code.as_str(),
                "ruleIndex": used.iter().position(|code| *code == finding.code),
                "level": finding.severity.as_str(),
                "message": { "text": format!("{}: {}\n{}", finding.subject, finding.message, finding.hint) },
                "locations": [{
                    "physicalLocation": { "artifactLocation": { "uri": uri } },
                    "logicalLocations": [{ "name": finding.subject }],
                }],
            })
        })
        .collect();
    let properties = json!({ "label": report.label, "digest": report.digest });
    document("report", &used, &results, Some(properties))
}

/// A run of `command` with its results; `used` are the codes that they name.
pub fn document(
    command: &str,
    used: &BTreeSet<Code>,
    results: &[Value],
    properties: Option<Value>,
) -> Result<String> {
    let rules: Vec<_> = used
        .iter()
        .map(|code| {
            json!({
                "id": code.as_str(),
                "shortDescription": { "text": code.meaning() },
                "help": { "text": code.remedy() },
                "defaultConfiguration": { "level": code.severity().as_str() },
            })
        })
        .collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": "pkg",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let Some(properties) = properties {
        run["properties"] = properties;
    }
    let document = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    let text = serde_json::to_string_pretty(&document).map_err(|error| {
        Problem::new(Code::Internal, command).detail(error.to_string()).source(error)
    })?;
    Ok(format!("{text}\n"))
}
