//! Findings of a check as SARIF 2.1.0 (OASIS), with files and lines, for code scanning.

use std::collections::BTreeSet;

use serde_json::json;

use super::Checked;
use crate::finding::{Code, Finding, Result};
use crate::openness::page::sarif_document;

/// Writes the findings.
pub fn sarif(checked: &Checked, findings: &[Finding]) -> Result<String> {
    let used: BTreeSet<Code> = findings.iter().map(|finding| finding.code).collect();
    let results: Vec<_> = checked
        .found
        .iter()
        .zip(findings)
        .map(|(found, finding)| {
            let uri = if found.path.is_empty() { "." } else { found.path.as_str() };
            let mut place = json!({ "artifactLocation": { "uri": uri_of(uri) } });
            if let Some(line) = found.line {
                place["region"] = json!({ "startLine": line });
            }
            json!({
                "ruleId": finding.code.as_str(),
                "ruleIndex": used.iter().position(|code| *code == finding.code),
                "level": finding.severity.as_str(),
                "message": { "text": format!("{}\n{}", finding.message, finding.hint) },
                "locations": [{ "physicalLocation": place }],
            })
        })
        .collect();
    sarif_document("check", &used, &results, None)
}

/// A path as a relative reference (RFC 3986): what is not plain is escaped.
fn uri_of(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
