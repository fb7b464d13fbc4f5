//! The verdict as a Simple Verification Result (in-toto attestation, SVR v0.2): the
//! predicate, for `pkg attest --type svr`.

use serde_json::json;

use super::text;
use crate::bundle;
use crate::finding::Result;
use crate::openness::definitions::Verdict;
use crate::openness::report::Report;

/// Writes the predicate. Only what is met by what is here is a property: a claim is
/// none.
pub fn svr(report: &Report) -> Result<String> {
    let mut properties: Vec<String> = Vec::new();
    for definition in &report.definitions {
        if definition.verdict != Verdict::Met {
            continue;
        }
        properties.push(match definition.id {
            "g7" => {
                let met = definition.points.iter().find(|point| point.verdict == Verdict::Met);
                let label = met.map_or("NONE", |point| point.title.as_str());
                format!("G7_{}", label.to_uppercase().replace(' ', "_"))
            }
            "mof" => format!("MOF_CLASS_{}", report.mof.class),
            "osaid" => "OSAID_1_0".to_owned(),
            "osd" => "OSD_TERMS".to_owned(),
            "eu-53-2" => "EU_AI_ACT_53_2".to_owned(),
            other => other.to_uppercase().replace('-', "_"),
        });
    }
    for finding in &report.findings {
        let code = format!("FINDING_{}", finding.code.as_str().to_uppercase().replace('-', "_"));
        if !properties.contains(&code) {
            properties.push(code);
        }
    }
    let created = bundle::source_date()?;
    let created = created.unwrap_or_else(|| jiff::Timestamp::now().to_string());
    text(&json!({
        "verifier": {
            "id": concat!("urn:x-pkg:verifier:", env!("CARGO_PKG_VERSION")),
        },
        "timeCreated": created,
        "properties": properties,
    }))
}
