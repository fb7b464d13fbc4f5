//! The whole question: is this the publisher's release, byte for byte?

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Checked, Loaded, Origin, Scope};
use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::folder;
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::model::kind::{Kind, Selector};
use crate::model::release::{Evidence, GitSource, Owner};
use crate::openness::adopter::{Adopter, Answer};
use crate::plugin::Asked;
use crate::policy::{self, Decision, Policy};
use crate::report::packed;
use crate::signatures::{self, SignatureReport, Signatures};
use crate::trust::judge::Judge;

mod against;
mod facts;
mod foreign;
mod plugins;
mod require;
mod terms;

pub use against::Compared;
pub use plugins::Plugins;
pub use require::{Required, TestResult};

/// What to verify, and against what.
#[derive(Debug)]
pub struct VerifyRequest {
    /// Bundle, archive, reference to a registry, or unpacked folder.
    pub target: PathBuf,
    /// Says whose signatures count; one of them must have signed.
    pub judge: Judge,
    /// Digest the release must have.
    pub digest: Option<Digest>,
    /// What is to be checked.
    pub scope: Scope,
    /// How a folder that is not ours is looked at.
    pub folder: folder::Options,
    /// What is demanded beyond that.
    pub policy: Option<Policy>,
    /// Who asks what the terms mean.
    pub adopter: Option<Adopter>,
    /// Plugins that look at the release; those that the policy names do as well.
    pub plugins: Option<Plugins>,
    /// Results that somebody must have attested.
    pub results: Vec<TestResult>,
    /// Repository that the code must be from.
    pub against: Option<PathBuf>,
    /// List of those who may sign tags and commits of that repository.
    pub git_signers: Option<PathBuf>,
}

impl VerifyRequest {
    /// Asks whether all of a target is what somebody signed whom the judge accepts, and
    /// nothing else.
    pub fn new(target: PathBuf, judge: Judge) -> Self {
        Self {
            target,
            judge,
            digest: None,
            scope: Scope::default(),
            folder: folder::Options::default(),
            policy: None,
            adopter: None,
            plugins: None,
            results: Vec::new(),
            against: None,
            git_signers: None,
        }
    }
}

/// A component, as verified.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentReport {
    /// Its kind.
    pub kind: Kind,
    /// How well its presence is known now; none when it is absent.
    pub evidence: Option<Evidence>,
    /// Number of its files.
    pub files: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Licence, as declared.
    pub licence: Option<String>,
    /// Whether the licence text is in the release.
    pub licence_text: Option<Digest>,
    /// Commit of its code.
    pub commit: Option<String>,
    /// What the release says about that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
    /// Where it is, when it is only linked.
    pub url: Option<String>,
    /// Why it is absent.
    pub absent: Option<String>,
}

/// What was found out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What was checked: `layout`, `archive`, `registry`, `folder` or `model-signature`.
    pub form: &'static str,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Publisher, as declared.
    pub publisher: Option<String>,
    /// Digest of the release.
    pub digest: Digest,
    /// Signatures.
    pub signatures: Vec<SignatureReport>,
    /// Components.
    pub components: Vec<ComponentReport>,
    /// Files whose content is right.
    pub files_verified: usize,
    /// Files of the release.
    pub files_total: usize,
    /// Bytes that were read for it.
    pub bytes_read: u64,
    /// Paths that were not checked, as asked.
    pub not_checked: Vec<String>,
    /// What the policy says, when one was given.
    pub decision: Option<Decision>,
    /// What the terms mean for who asks, when somebody did.
    pub answer: Option<Answer>,
    /// Plugins that were run.
    pub plugins: Vec<Asked>,
    /// Results that were required.
    pub required: Vec<Required>,
    /// Code that was held against a repository.
    pub compared: Vec<Compared>,
}

/// Verifies a target. Problems with the target are findings, all of them.
pub fn verify(request: &VerifyRequest, meter: &Meter) -> Result<(Verdict, Vec<Finding>)> {
    request.judge.prepare()?;
    if let Some(result) = foreign::verify(request, meter) {
        let (mut verdict, mut findings) = result?;
        plugins::run_over_folder(request, &mut verdict, &mut findings, meter)?;
        return Ok((verdict, findings));
    }
    let loaded = bundle::load(&request.target)?;
    assess(request, &loaded, None, meter)
}

/// Verifies a release that was loaded. `checked` says what came of its content, where that
/// was looked at before.
pub(crate) fn assess(
    request: &VerifyRequest,
    loaded: &Loaded,
    checked: Option<Checked>,
    meter: &Meter,
) -> Result<(Verdict, Vec<Finding>)> {
    check_selection(loaded, &request.scope.only, &request.target)?;
    if request.judge.accepted().is_empty()
        && request.digest.is_none()
        && !loaded.signatures.is_empty()
    {
        return Err(Problem::new(signatures::needed(loaded), request.target.display()));
    }
    let mut signatures = signatures::check(loaded, &request.judge);
    let checked = checked.unwrap_or_else(|| match &loaded.origin {
        Origin::Bundle(source) if plugins::any(request) => {
            bundle::check_and_keep_layers(loaded, source, &request.scope, meter)
        }
        Origin::Bundle(source) => bundle::check_layers(loaded, source, &request.scope, meter),
        Origin::Folder(root) => bundle::check_folder(loaded, root, &request.scope, meter),
    });
    let mut findings = loaded.findings.clone();
    findings.extend(identity(request, loaded, &mut signatures));
    findings.extend(checked.findings.clone());
    if request.scope.only.is_empty() {
        findings.extend(bundle::check_evidence(loaded, meter));
    }
    findings.extend(bundle::extra_blobs(loaded)?);
    let judged = signatures.reports.clone();
    let mut verdict = verdict(request, loaded, judged, signatures.release_verified(), &checked);
    if !verdict.not_checked.is_empty() {
        let left = verdict.not_checked.len();
        let note = Problem::new(Code::NotChecked, request.target.display())
            .detail(format!("{left} of {} files were not checked", verdict.files_total));
        findings.push(note.into_finding());
    }
    if packed::tested(&signatures) {
        for component in &mut verdict.components {
            let weights = component.kind == Kind::ModelParametersFinal;
            if weights && component.evidence == Some(Evidence::Verified) {
                component.evidence = Some(Evidence::Tested);
            }
        }
    }
    if let Some(repository) = &request.against {
        let (compared, more) = against::check(loaded, repository, request.git_signers.as_deref())?;
        verdict.compared = compared;
        findings.extend(more);
    }
    for result in &request.results {
        let (required, more) = require::check(loaded, result, &signatures, &findings);
        verdict.required.push(required);
        findings.extend(more);
    }
    plugins::run(request, loaded, &mut verdict, &mut findings, meter)?;
    let mut terms = None;
    if request.adopter.is_some() || request.policy.is_some() {
        let (adopter, target) = (request.adopter.as_ref(), &request.target);
        let report = terms::report(loaded, &signatures, &verdict.components, adopter, target)?;
        verdict.answer.clone_from(&report.answer);
        findings.extend(report.findings.iter().cloned());
        terms = Some(report);
    }
    if let Some(policy) = &request.policy {
        let facts = facts::facts(loaded, &verdict, &signatures, &findings, terms.as_ref())?;
        let decision = policy::decide(policy, &facts);
        findings.extend(decision.findings());
        verdict.decision = Some(decision);
    }
    Ok((verdict, findings))
}

/// Findings about who and which release.
fn identity(request: &VerifyRequest, loaded: &Loaded, signatures: &mut Signatures) -> Vec<Finding> {
    let mut findings = signatures.findings.clone();
    if let Some(expected) = request.digest
        && expected != loaded.digest
    {
        let problem = Problem::new(Code::DigestExpected, request.target.display());
        let detail = format!("expected {expected}, but this is {}", loaded.digest);
        findings.push(problem.detail(detail).into_finding());
    }
    if signatures.release_verified() {
        if signatures.releases().all(|report| report.times.is_empty()) {
            findings.push(Problem::new(Code::TimeNotProven, "release statement").into_finding());
        }
        if request.judge.accepted().any_identity {
            let who = signatures.releases().filter_map(|report| report.who.as_ref());
            let who: Vec<String> = who.map(ToString::to_string).collect();
            let detail =
                format!("any identity was accepted, as asked; signed by {}", who.join("; "));
            let warning = Problem::new(Code::AnyIdentity, "release statement").detail(detail);
            findings.push(warning.into_finding());
        }
    } else if request.digest.is_none() || !request.judge.accepted().is_empty() {
        // A digest that came by a trusted way stands in for a signature.
        let missing = signatures.missing(loaded, &request.judge, &request.target);
        findings.extend(missing.map(Problem::into_finding));
    }
    findings
}

/// The exit code that follows from findings; the gravest wins.
pub fn exit_of(findings: &[Finding]) -> Exit {
    worst(findings, Code::exit_about_bundle)
}

/// The same, with the exit code of each finding by `exit`.
pub(crate) fn worst(findings: &[Finding], exit: fn(Code) -> Exit) -> Exit {
    const ORDER: [Exit; 9] = [
        Exit::VerificationFailed,
        Exit::PolicyRefused,
        Exit::TrustRoot,
        Exit::Unsigned,
        Exit::PluginFailed,
        Exit::PluginSkipped,
        Exit::Inconclusive,
        Exit::Usage,
        Exit::Unexpected,
    ];
    let errors = || findings.iter().filter(|finding| finding.severity == Severity::Error);
    ORDER
        .into_iter()
        .find(|one| errors().any(|finding| exit(finding.code) == *one))
        // Code::exit of an error is never Ok; should it be, it is still no pass.
        .unwrap_or(if errors().next().is_some() { Exit::Unexpected } else { Exit::Ok })
}

fn verdict(
    request: &VerifyRequest,
    loaded: &Loaded,
    signatures: Vec<SignatureReport>,
    signed: bool,
    checked: &Checked,
) -> Verdict {
    let trusted = signed || request.digest == Some(loaded.digest);
    let files = &loaded.files.files;
    let components = component_reports(loaded, |position| {
        let mut owned = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.owner == Owner::Component(position))
            .map(|(index, _)| index);
        trusted && owned.all(|index| checked.good.contains(&index))
    });
    let not_checked = files
        .iter()
        .filter(|file| !request.scope.covers(loaded, file))
        .map(|file| file.path.to_string())
        .collect();
    Verdict {
        form: form(loaded),
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        publisher: loaded.release.publisher.clone(),
        digest: loaded.digest,
        signatures,
        components,
        files_verified: checked.good.len(),
        files_total: files.len(),
        bytes_read: checked.bytes,
        not_checked,
        decision: None,
        answer: None,
        plugins: Vec::new(),
        required: Vec::new(),
        compared: Vec::new(),
    }
}

/// What kind of place a release was read from.
pub fn form(loaded: &Loaded) -> &'static str {
    match &loaded.origin {
        Origin::Bundle(source) if source.is_archive() => "archive",
        Origin::Bundle(source) if source.is_remote() => "registry",
        Origin::Bundle(_) => "layout",
        Origin::Folder(_) => "folder",
    }
}

/// Reports of all components; `verified` says whether one's content was proved.
pub fn component_reports(
    loaded: &Loaded,
    verified: impl Fn(usize) -> bool,
) -> Vec<ComponentReport> {
    let components = loaded.release.components.iter().enumerate();
    components
        .map(|(position, component)| {
            // The level is worked out from what is there, not taken from what is said.
            let evidence = match component.evidence_when_packed() {
                Some(Evidence::Packed) if verified(position) => Some(Evidence::Verified),
                other => other,
            };
            ComponentReport {
                kind: component.kind,
                evidence,
                files: component.files,
                bytes: component.bytes,
                licence: component.licence.declared.clone(),
                licence_text: component.licence.text.as_ref().map(|text| text.digest),
                commit: component.git.as_ref().map(|git| git.commit.clone()),
                git: component.git.clone(),
                url: component.url.clone(),
                absent: component.absent.clone(),
            }
        })
        .collect()
}

/// Refuses a selection that fits nothing in the release.
pub fn check_selection(loaded: &Loaded, only: &[Selector], target: &Path) -> Result<()> {
    let fits = |selector: &Selector| {
        loaded.release.components.iter().any(|component| selector.matches(component.kind))
    };
    if only.iter().all(fits) {
        return Ok(());
    }
    let kinds: Vec<&str> =
        loaded.release.components.iter().map(|component| component.kind.as_str()).collect();
    Err(Problem::new(Code::UsageError, target.display())
        .detail(format!("`--only` fits nothing; the release has {}", kinds.join(", "))))
}
