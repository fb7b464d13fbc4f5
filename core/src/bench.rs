//! Running one plugin over a release, and attesting what it found.

use std::path::PathBuf;

use pkg_plugin_sdk::{Kind, Operation};
use schemars::JsonSchema;
use serde::Serialize;

use crate::attest::{self, AddRequest, Added, Predicate, TypeName};
use crate::bundle::{self, NewEvidence, Origin, Scope};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::plugin::{Asked, Exposed, Request, Runner, result, told};
use crate::predicate;
use crate::trust::sealer::Sealer;

/// What to run, over what.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// Bundle, archive or unpacked folder.
    pub target: PathBuf,
    /// Id of the plugin.
    pub plugin: String,
    /// What to ask of it.
    pub request: Request,
    /// Whether a skip is a failure.
    pub required: bool,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bench {
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Digest of the release.
    pub digest: Digest,
    /// The run; none when the content is not that of the release.
    pub run: Option<Asked>,
    /// The attestation that was attached.
    pub attestation: Option<Added>,
}

/// Runs a plugin over a release whose content is checked first, and attests the result
/// if there is a sealer.
pub fn bench(
    request: &BenchRequest,
    runner: &Runner,
    sealer: Option<&dyn Sealer>,
    meter: &Meter,
) -> Result<(Bench, Vec<Finding>)> {
    let kind = match request.request.operation {
        Operation::Benchmark => Some(Kind::Benchmark),
        Operation::Verify => Some(Kind::Verify),
        Operation::Record => None,
    };
    let (plugin, trust, mut findings) = runner.admit(&request.plugin, kind)?;
    let loaded = bundle::load(&request.target)?;
    if sealer.is_some() {
        // Said now, not after minutes of measuring.
        bundle::attachable(&loaded)?;
    }
    let mut bench = Bench {
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        digest: loaded.digest,
        run: None,
        attestation: None,
    };
    let whole = Scope::default();
    let checked = match &loaded.origin {
        Origin::Bundle(source) => bundle::check_and_keep_layers(&loaded, source, &whole, meter),
        Origin::Folder(root) => bundle::check_folder(&loaded, root, &whole, meter),
    };
    findings.extend(loaded.findings.iter().cloned());
    findings.extend(checked.findings);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok((bench, findings));
    }
    let exposed = Exposed::release(&loaded)?;
    let asked = runner.ask((&plugin, trust), &request.request, told(&loaded), &exposed, meter);
    findings.extend(asked.findings(request.required));
    if let Some(sealer) = sealer {
        let needs_gpu = plugin.manifest.needs.gpu;
        if let Some((added, more)) = attest(request, loaded.digest, &asked, needs_gpu, sealer)? {
            bench.attestation = Some(added);
            findings.extend(more);
        } else {
            let detail = format!("{}: {}", asked.verdict.as_str(), asked.summary);
            let note = Problem::new(Code::TestResultNone, &request.plugin).detail(detail);
            findings.push(note.into_finding());
        }
    }
    bench.run = Some(asked);
    Ok((bench, findings))
}

/// Attaches the result, with the whole report as evidence; nothing when there is none.
fn attest(
    request: &BenchRequest,
    digest: Digest,
    asked: &Asked,
    needs_gpu: bool,
    sealer: &dyn Sealer,
) -> Result<Option<(Added, Vec<Finding>)>> {
    let settings = &request.request.settings;
    let Some(predicate) = result::predicate(asked, needs_gpu, settings)? else {
        return Ok(None);
    };
    let report = serde_json::to_vec_pretty(asked).map_err(|error| {
        Problem::new(Code::Internal, &request.plugin).detail(error.to_string()).source(error)
    })?;
    let name = format!("{}.report.json", asked.plugin.id);
    let add = AddRequest {
        bundle: request.target.clone(),
        // Measuring takes minutes, in which another release may have taken the place.
        digest: Some(digest),
        predicate_type: TypeName::Known(predicate::Kind::TestResult),
        predicate: Predicate::Made(predicate),
        subjects: Vec::new(),
        evidence: Vec::new(),
        made_evidence: vec![NewEvidence { name, bytes: report }],
    };
    attest::add(&add, sealer).map(Some)
}
