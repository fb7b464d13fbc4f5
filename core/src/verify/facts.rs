//! What was found out, as a policy sees it.

use crate::bundle::{self, Loaded};
use crate::finding::{Code, Finding, Problem, Result};
use crate::openness::report::Report;
use crate::policy::Facts;
use crate::policy::facts::{
    ComponentFacts, FindingFacts, ReleaseFacts, SignatureFacts, Standing as PolicyStanding,
};
use crate::signatures::{SignatureReport, Standing};

use super::{ComponentReport, Verdict};

/// The facts about a verified release.
pub(super) fn facts(
    loaded: &Loaded,
    verdict: &Verdict,
    findings: &[Finding],
    terms: Option<&Report>,
) -> Result<Facts> {
    let terms = terms.map(serde_json::to_value).transpose().map_err(|error| {
        Problem::new(Code::Internal, "the report").detail(error.to_string()).source(error)
    })?;
    Ok(Facts {
        release: ReleaseFacts {
            name: verdict.name.clone(),
            version: verdict.version.clone(),
            publisher: verdict.publisher.clone(),
            digest: verdict.digest,
            released: loaded.release.released.clone(),
        },
        signatures: Some(verdict.signatures.iter().map(signature).collect()),
        components: Some(verdict.components.iter().map(component).collect()),
        findings: Some(findings.iter().map(finding).collect()),
        // A decision can be repeated for the time it was made at.
        now: bundle::source_date()?.unwrap_or_else(|| jiff::Timestamp::now().to_string()),
        terms,
    })
}

fn signature(report: &SignatureReport) -> SignatureFacts {
    SignatureFacts {
        name: report.name.clone(),
        predicate_type: report.predicate_type.clone(),
        standing: match report.standing {
            Standing::Verified => PolicyStanding::Verified,
            Standing::NotChecked => PolicyStanding::NotChecked,
            Standing::Invalid => PolicyStanding::Invalid,
        },
        who: report.who.clone(),
        authority: report.authority,
        times: report.times.clone(),
        log: report.logged,
    }
}

fn component(report: &ComponentReport) -> ComponentFacts {
    ComponentFacts {
        kind: report.kind,
        evidence: report.evidence,
        files: report.files,
        bytes: report.bytes,
        licence: report.licence.clone(),
        licence_text: report.licence_text,
    }
}

fn finding(finding: &Finding) -> FindingFacts {
    FindingFacts {
        code: finding.code.to_string(),
        severity: finding.severity,
        subject: finding.subject.clone(),
    }
}
