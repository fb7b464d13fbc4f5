//! Findings as SARIF 2.1.0 (OASIS), for code scanning.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::super::report::Report;
use crate::finding::{Code, Problem, Result, Severity};

/// Writes the findings.
pub fn sarif(report: &Report, target: &Path) -> Result<String> {
    let used: BTreeSet<Code> = report.findings.iter().map(|finding| finding.code).collect();
    let rules: Vec<_> = used
        .iter()
        .map(|code| {
            json!({
                "id": code.as_str(),
                "shortDescription": { "text": code.meaning() },
                "help": { "text": code.remedy() },
                "defaultConfiguration": { "level": level(code.severity()) },
            })
        })
        .collect();
    let uri = target.to_string_lossy().replace('\\', "/");
    let results: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code.as_str(),
                "ruleIndex": used.iter().position(|code| *code == finding.code),
                "level": level(finding.severity),
                "message": { "text": format!("{}: {}\n{}", finding.subject, finding.message, finding.hint) },
                "locations": [{
                    "physicalLocation": { "artifactLocation": { "uri": uri } },
                    "logicalLocations": [{ "name": finding.subject }],
                }],
            })
        })
        .collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pkg",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "label": report.label, "digest": report.digest },
        }],
    });
    let text = serde_json::to_string_pretty(&document).map_err(|error| {
        Problem::new(Code::Internal, "report").detail(error.to_string()).source(error)
    })?;
    Ok(format!("{text}\n"))
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
