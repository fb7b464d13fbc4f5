//! Plugins that look at a release while it is verified.

use pkg_plugin_sdk::{Kind, Operation, Release};

use super::{Verdict, VerifyRequest};
use crate::bundle::Loaded;
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::plugin::{Exposed, Request, Runner, told};

/// Which plugins to run, and how.
#[derive(Debug, Clone)]
pub struct Plugins {
    /// Runs them.
    pub runner: Runner,
    /// Their ids, each with whether a skip is a failure.
    pub ids: Vec<(String, bool)>,
    /// What to ask of each.
    pub request: Request,
}

/// Ids of plugins from the command line and the policy, each once.
fn wanted(request: &VerifyRequest) -> Vec<(String, bool)> {
    let named = request.plugins.iter().flat_map(|plugins| plugins.ids.clone());
    let policy = request.policy.iter().flat_map(|policy| policy.plugins());
    // Whether a rule is met, the policy decides: the skip alone is no failure there.
    let policy = policy.map(|(id, _)| (id.to_owned(), false));
    let mut all: Vec<(String, bool)> = Vec::new();
    for (id, required) in named.chain(policy) {
        match all.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known |= required,
            None => all.push((id, required)),
        }
    }
    all
}

/// Whether any plugin looks at the content.
pub(super) fn any(request: &VerifyRequest) -> bool {
    !wanted(request).is_empty()
}

/// Runs the plugins over a release. Content that is not the publisher's is not looked at.
pub(super) fn run(
    request: &VerifyRequest,
    loaded: &Loaded,
    verdict: &mut Verdict,
    findings: &mut Vec<Finding>,
    meter: &Meter,
) -> Result<()> {
    let scope = &request.scope;
    let expose = || Exposed::part(loaded, |file| scope.covers(loaded, file));
    all(request, &told(loaded), expose, verdict, findings, meter)
}

/// Runs the plugins over a plain folder with a model signature.
pub(super) fn run_over_folder(
    request: &VerifyRequest,
    verdict: &mut Verdict,
    findings: &mut Vec<Finding>,
    meter: &Meter,
) -> Result<()> {
    let release = Release {
        digest: verdict.digest.to_string(),
        name: verdict.name.clone(),
        version: verdict.version.clone(),
    };
    let expose = || {
        if request.target.is_dir() {
            return Exposed::plain(&request.target, meter);
        }
        Err(Problem::new(Code::UsageError, request.target.display())
            .detail("plugins look at releases and folders, not at a single file"))
    };
    all(request, &release, expose, verdict, findings, meter)
}

fn all(
    request: &VerifyRequest,
    release: &Release,
    expose: impl Fn() -> Result<Exposed>,
    verdict: &mut Verdict,
    findings: &mut Vec<Finding>,
    meter: &Meter,
) -> Result<()> {
    let wanted = wanted(request);
    if wanted.is_empty() {
        return Ok(());
    }
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        let ids: Vec<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
        let note = Problem::new(Code::PluginSkipped, ids.join(", "))
            .detail("not run: the release itself is not verified");
        findings.push(note.into_finding());
        return Ok(());
    }
    let Some(plugins) = &request.plugins else {
        return Err(Problem::new(Code::PluginNotFound, wanted[0].0.as_str())
            .detail("the policy asks for a plugin, and no way to run one was given"));
    };
    let exposed = expose()?;
    for (id, required) in wanted {
        let ask = Request { operation: Operation::Verify, ..plugins.request.clone() };
        let (plugin, trust, more) = match plugins.runner.admit(&id, Some(Kind::Verify)) {
            Ok(admitted) => admitted,
            Err(problem) => {
                findings.push(problem.into_finding());
                continue;
            }
        };
        findings.extend(more);
        let asked = plugins.runner.ask((&plugin, trust), &ask, release.clone(), &exposed, meter);
        findings.extend(asked.findings(required));
        verdict.plugins.push(asked);
    }
    Ok(())
}
