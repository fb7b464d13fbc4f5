//! Getting a release out of a registry: the terms first, the bytes then, each checked
//! while it arrives.
//!
//! What signer, policy and adopter refuse whatever the content is, is refused before any
//! content is fetched: the decision is made once as if all of it were right, and again
//! when it is.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Checked, Download, Loaded, Scope};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::model::kind::Selector;
use crate::openness::adopter::Adopter;
use crate::openness::report::{self, Report};
use crate::policy::Policy;
use crate::registry::Reference;
use crate::report::packed;
use crate::signatures;
use crate::trust::judge::Judge;
use crate::verify::{self, Plugins, TestResult, Verdict, VerifyRequest};

/// What to pull, on which conditions.
#[derive(Debug)]
pub struct PullRequest {
    /// The release.
    pub from: Reference,
    /// Folder to make; named after the repository when not given.
    pub output: Option<PathBuf>,
    /// Components to pull; all when empty.
    pub only: Vec<Selector>,
    /// Says whose signatures count. When it accepts nobody, nobody is asked for.
    pub judge: Judge,
    /// Digest that the release must have, beside that of the reference.
    pub digest: Option<Digest>,
    /// What is demanded of it.
    pub policy: Option<Policy>,
    /// Who asks what the terms mean.
    pub adopter: Option<Adopter>,
    /// Plugins that look at it before it appears.
    pub plugins: Option<Plugins>,
    /// Results that somebody must have attested.
    pub results: Vec<TestResult>,
    /// Bundles on this machine that may hold some of its blobs.
    pub reuse: Vec<PathBuf>,
    /// Whether something else at the output is replaced.
    pub force: bool,
    /// Whether weights may be fetched in coded form.
    pub coded: bool,
}

/// What was pulled.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pulled {
    /// The release by its digest.
    pub reference: String,
    /// The folder.
    pub output: PathBuf,
    /// Bytes of layers that were fetched or taken from bundles here, and checked.
    pub bytes: u64,
    /// Bytes of them that bundles on this machine had.
    pub reused: u64,
    /// Bytes that were fetched in coded form, for more of them.
    pub coded: u64,
    /// Layers that were left out, as asked.
    pub left_out: usize,
    /// What was verified.
    pub verdict: Verdict,
}

/// Pulls a release. `announce` gets the report before any content is fetched. There is no
/// outcome when the findings hold an error, and nothing at the output then.
pub fn pull(
    request: PullRequest,
    announce: impl FnOnce(&Report),
    meter: &Meter,
) -> Result<(Option<Pulled>, Vec<Finding>)> {
    request.judge.prepare()?;
    let target = PathBuf::from(request.from.to_string());
    let loaded = bundle::load(&target)?;
    let output = request.output.clone().unwrap_or_else(|| default_output(&request.from));
    let scope = Scope { only: request.only.clone(), whole_files: false };
    let mut notes = Vec::new();
    announce(&terms(&request, &loaded)?);
    let (accepts, digest) = (!request.judge.accepted().is_empty(), request.digest);
    if !accepts && digest.is_none() && request.from.digest().is_none() {
        notes.push(Problem::new(Code::SignerNotAsked, &request.from).into_finding());
    }
    // Without anybody to ask for, the bytes are still those that the registry named.
    let asked = digest.or(request.from.digest()).or((!accepts).then_some(loaded.digest));
    let mut verifying = VerifyRequest {
        digest: asked,
        scope: Scope { only: request.only.clone(), whole_files: false },
        policy: request.policy,
        adopter: request.adopter,
        results: request.results,
        ..VerifyRequest::new(target.clone(), request.judge)
    };
    // Plugins need the content; a policy that asks for them is decided on when it is there.
    let plugins = verifying.policy.as_ref().is_some_and(|it| !it.plugins().is_empty());
    let held = if plugins { verifying.policy.take() } else { None };
    let assumed = Checked::assumed(&loaded, &scope);
    let (_, findings) = verify::assess(&verifying, &loaded, Some(assumed), meter)?;
    if has_error(&findings) {
        return Ok((None, findings));
    }
    if held.is_some() {
        verifying.policy = held;
    }
    verifying.plugins = request.plugins;

    let mut download = Download::begin(&loaded, &output, request.force)?;
    let reused = download.reuse(&request.reuse, &scope, meter)?;
    let mut coded = 0;
    if request.coded {
        let (fetched, findings) = download.fetch_coded(&scope, meter)?;
        coded = fetched;
        notes.extend(findings);
    }
    let mut checked = download.fetch(&scope, meter)?;
    if has_error(&checked.findings) {
        checked.findings.extend(notes);
        return Ok((None, checked.findings));
    }
    download.write_documents()?;
    let bytes = checked.bytes;
    let here = bundle::load(download.path())?;
    let (verdict, mut findings) = verify::assess(&verifying, &here, Some(checked), meter)?;
    findings.extend(notes);
    if has_error(&findings) {
        download.discard();
        return Ok((None, findings));
    }
    let left_out = download.left_out(&scope);
    if left_out > 0 {
        let detail = format!("{left_out} layers were left out");
        findings
            .push(Problem::new(Code::NotPulled, output.display()).detail(detail).into_finding());
    }
    download.commit()?;
    let pulled = Pulled {
        reference: request.from.with_digest(loaded.digest).to_string(),
        output,
        bytes,
        reused,
        coded,
        left_out,
        verdict,
    };
    Ok((Some(pulled), findings))
}

/// What the terms are, by documents and licence texts alone.
fn terms(request: &PullRequest, loaded: &Loaded) -> Result<Report> {
    let signatures = signatures::check(loaded, &request.judge);
    let (subject, findings) = packed::subject(loaded, &signatures)?;
    Ok(report::report(&subject, request.adopter.as_ref(), findings))
}

fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// A folder named after the repository, in the current folder.
fn default_output(from: &Reference) -> PathBuf {
    let name = from.repository().rsplit('/').next().unwrap_or_default();
    PathBuf::from(format!("{name}.pkg"))
}
