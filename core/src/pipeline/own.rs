//! What the signer of a release said, and what there is for it to say.

use std::path::PathBuf;

use serde_json::Value;

use crate::attest::{AddRequest, Predicate, TypeName};
use crate::bundle::NewEvidence;
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::plugin::{Asked, Verdict, result};
use crate::predicate::Kind;
use crate::signatures::Attested;
use crate::trust::judge::{Accepted, Judge};
use crate::trust::sealer::Sealer;
use crate::trust::who::{IdentityRule, Pattern, Who};
use crate::verify::Plugins;

/// Accepts `who`, as the sealer's own services vouch for it; before somebody signed,
/// whoever was named.
pub(super) fn judge(sealer: &dyn Sealer, named: &Accepted, who: Option<&Who>) -> Result<Judge> {
    let own = sealer.judge();
    if !named.is_empty() {
        return Ok(Judge::new(named.clone(), own.choice().clone()));
    }
    match who {
        // Who signs by identity is known afterwards; until then anybody could be meant.
        Some(Who::Identity { identity, issuer, .. }) => {
            let rule = IdentityRule {
                identity: Some(Pattern::Exact(identity.clone())),
                issuer: Some(Pattern::Exact(issuer.clone())),
                claims: std::collections::BTreeMap::new(),
            };
            let accepted = Accepted { identities: vec![rule], ..Accepted::default() };
            Ok(Judge::new(accepted, own.choice().clone()))
        }
        _ if own.accepted().any_identity => Err(Problem::new(Code::IdentityNeeded, "the signer")
            .detail("nobody has signed yet, and nobody was named who must have")),
        _ => Ok(own),
    }
}

/// Accepts signatures of earlier runs by the same signer; none when it cannot be told
/// whose they are.
pub(super) fn earlier(sealer: &dyn Sealer, named: &Accepted) -> Option<Judge> {
    judge(sealer, named, None).ok()
}

/// Something to be attested.
#[derive(Debug)]
pub(super) enum Statement {
    /// The result of a plugin, with its whole report.
    Result { name: String, predicate: Value, report: NewEvidence },
    /// Provenance, from the environment.
    Provenance,
}

/// What is to be attested, each with a name for people.
pub(super) fn wanted(
    asked: &[Asked],
    plugins: Option<&Plugins>,
    provenance: bool,
) -> Result<Vec<(String, Statement)>> {
    let mut all = Vec::new();
    for run in asked {
        let Some(plugins) = plugins else { continue };
        // No pass is attested for what was not looked at or not decided.
        if !matches!(run.verdict, Verdict::Passed | Verdict::Warned | Verdict::Failed) {
            continue;
        }
        let (plugin, _, _) = plugins.runner.admit(&run.plugin.id, None)?;
        let needs_gpu = plugin.manifest.needs.gpu;
        let Some(predicate) = result::predicate(run, needs_gpu, &plugins.request.settings)? else {
            continue;
        };
        let bytes = serde_json::to_vec_pretty(run).map_err(|error| {
            Problem::new(Code::Internal, &run.plugin.id).detail(error.to_string()).source(error)
        })?;
        let report = NewEvidence { name: format!("{}.report.json", run.plugin.id), bytes };
        let name = result::test_name(&run.plugin.id, needs_gpu, run.device);
        let shown = format!("test-result:{name}");
        all.push((shown, Statement::Result { name, predicate, report }));
    }
    if provenance {
        all.push(("slsa-provenance".to_owned(), Statement::Provenance));
    }
    Ok(all)
}

impl Statement {
    /// Whether an earlier statement says the same: the same plugin with the same
    /// library and settings had the same result, or there is provenance.
    pub(super) fn is_said_by(&self, attested: &Attested) -> bool {
        let kind = Kind::of(&attested.predicate_type);
        let about_release = attested.about.iter().any(|about| about == "release");
        match self {
            Self::Provenance => about_release && kind == Some(Kind::SlsaProvenance),
            Self::Result { name, predicate, .. } => {
                let same = |member: &str| attested.predicate.get(member) == predicate.get(member);
                about_release
                    && kind == Some(Kind::TestResult)
                    && result::plugins(&attested.predicate).contains(name)
                    && same("result")
                    && same("configuration")
            }
        }
    }

    /// What adds it to a bundle that is still this release.
    pub(super) fn request(self, bundle: PathBuf, digest: Digest) -> AddRequest {
        let (kind, predicate, made_evidence) = match self {
            Self::Provenance => (Kind::SlsaProvenance, Predicate::Pipeline, Vec::new()),
            Self::Result { predicate, report, .. } => {
                (Kind::TestResult, Predicate::Made(predicate), vec![report])
            }
        };
        AddRequest {
            bundle,
            digest: Some(digest),
            predicate_type: TypeName::Known(kind),
            predicate,
            subjects: Vec::new(),
            evidence: Vec::new(),
            made_evidence,
        }
    }
}
