//! What was found out, as a policy sees it.

use crate::bundle::{self, Loaded};
use crate::finding::{Code, Finding, Problem, Result};
use crate::openness::report::Report;
use crate::plugin::{Asked, result};
use crate::policy::Facts;
use crate::policy::facts::{
    ComponentFacts, FindingFacts, PluginFacts, ReleaseFacts, SignatureFacts,
    Standing as PolicyStanding, TestFacts,
};
use crate::predicate::Kind;
use crate::signatures::{SignatureReport, Signatures, Standing};

use super::{ComponentReport, Verdict};

/// The facts about a verified release.
pub(super) fn facts(
    loaded: &Loaded,
    verdict: &Verdict,
    signatures: &Signatures,
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
        signatures: Some(
            verdict
                .signatures
                .iter()
                .enumerate()
                .map(|(at, it)| signature(it, test(signatures, at)))
                .collect(),
        ),
        components: Some(verdict.components.iter().map(component).collect()),
        findings: Some(findings.iter().map(finding).collect()),
        plugins: (!verdict.plugins.is_empty())
            .then(|| verdict.plugins.iter().map(plugin).collect()),
        // A decision can be repeated for the time it was made at.
        now: bundle::source_date()?.unwrap_or_else(|| jiff::Timestamp::now().to_string()),
        terms,
    })
}

/// What the document at this position says, if it is a test result about the release.
fn test(signatures: &Signatures, at: usize) -> Option<TestFacts> {
    let (_, attested) = signatures.attested.iter().find(|(position, _)| *position == at)?;
    let is_result = Kind::of(&attested.predicate_type) == Some(Kind::TestResult);
    if !is_result || !attested.about.iter().any(|about| about == "release") {
        return None;
    }
    let result = attested.predicate.get("result")?.as_str()?.to_owned();
    Some(TestFacts { result, plugins: result::plugins(&attested.predicate) })
}

fn plugin(asked: &Asked) -> PluginFacts {
    PluginFacts {
        id: asked.plugin.id.clone(),
        version: asked.plugin.version.clone(),
        sha256: asked.plugin.sha256.clone(),
        verdict: asked.verdict.as_str().to_owned(),
        holds: asked.verdict.holds(),
    }
}

fn signature(report: &SignatureReport, test: Option<TestFacts>) -> SignatureFacts {
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
        test,
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
