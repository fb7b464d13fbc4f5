//! Folders and files of others, which carry a model signature and nothing of ours.
//!
//! Who signed is decided here and by [`crate::trust::judge`]; whether the content
//! is what was signed, by [`crate::folder`].

use std::path::{Path, PathBuf};

use super::{Verdict, VerifyRequest};
use crate::bundle::{is_unpacked, limits, names};
use crate::finding::{Code, Finding, Problem, Result};
use crate::folder::{self, Symlinks};
use crate::fsx;
use crate::hash::Meter;
use crate::registry;
use crate::signatures::{About, SignatureReport, Standing};
use crate::trust::bundle::{self, Material, SignedBundle};
use crate::trust::judge::{Judge, Judgement};
use crate::trust::oms::{self, Form};

/// Verifies such a folder or file; none when the target is something else.
pub(super) fn verify(
    request: &VerifyRequest,
    meter: &Meter,
) -> Option<Result<(Verdict, Vec<Finding>)>> {
    if registry::is_reference(&request.target) {
        return request.folder.asked().then(|| {
            Err(Problem::new(Code::UsageError, request.target.display())
                .detail(
                    "options for model signatures of folders were given, and this names a registry",
                )
                .hint("Leave them away: what signs a release is beside it in the registry."))
        });
    }
    if let Some(signature) = signature_of(request) {
        return Some(check(request, &signature, meter));
    }
    request.folder.asked().then(|| {
        Err(Problem::new(Code::UsageError, request.target.display())
            .detail("options for model signatures were given, and there is none")
            .hint("Name the signature with `--signature FILE`."))
    })
}

/// The model signature to verify by.
fn signature_of(request: &VerifyRequest) -> Option<PathBuf> {
    if let Some(path) = &request.folder.signature {
        return Some(path.clone());
    }
    let root = &request.target;
    let here = |name: &str| fsx::exists(&root.join(name));
    let ours = is_unpacked(root) || here("oci-layout") || here("index.json");
    let plain = !ours && here(names::MODEL_SIGNATURE);
    plain.then(|| root.join(names::MODEL_SIGNATURE))
}

fn check(
    request: &VerifyRequest,
    signature: &Path,
    meter: &Meter,
) -> Result<(Verdict, Vec<Finding>)> {
    let target = &request.target;
    if request.policy.is_some() {
        return Err(Problem::new(Code::UsageError, target.display())
            .detail("a policy is about a release, and a model signature alone is none"));
    }
    if request.against.is_some() {
        return Err(Problem::new(Code::UsageError, target.display())
            .detail("a model signature names no commit, so `--against` has no meaning here"));
    }
    if !request.results.is_empty() {
        return Err(Problem::new(Code::UsageError, target.display())
            .detail("attestations travel in bundles, and a model signature alone is none"));
    }
    if !request.scope.only.is_empty() {
        return Err(Problem::new(Code::UsageError, target.display())
            .detail("a model signature knows no components, so `--only` has no meaning here"));
    }
    if !fsx::exists(target) {
        return Err(Problem::not_there(target));
    }
    let name = match &request.folder.signature {
        Some(path) => path.display().to_string(),
        None => names::MODEL_SIGNATURE.to_owned(),
    };
    let bundle = bundle::parse(&read(request, signature)?, &name)?;
    if request.judge.accepted().is_empty() {
        let needed = match bundle.material {
            Material::Key { .. } => Code::KeyNeeded,
            Material::Certificates(_) => Code::IdentityNeeded,
        };
        return Err(Problem::new(needed, target.display()));
    }
    let model = oms::parse(&bundle.statement(&name)?.payload, &name)?;
    let (report, mut findings) = who_signed(&request.judge, &bundle, model.form, &name)?;
    if let Some(expected) = request.digest
        && expected != model.root
    {
        let detail = format!("expected {expected}, but this is {}", model.root);
        let problem = Problem::new(Code::DigestExpected, target.display()).detail(detail);
        findings.push(problem.into_finding());
    }
    // The list of a large model is megabytes, and `model` has what counts of it.
    drop(bundle);
    let checked = folder::check(target, &model, signature, &request.folder, meter)?;
    findings.extend(checked.findings);
    let verdict = Verdict {
        form: "model-signature",
        name: model.name.clone(),
        version: String::new(),
        publisher: None,
        digest: model.root,
        signatures: vec![report],
        components: Vec::new(),
        files_verified: checked.good,
        files_total: checked.total,
        bytes_read: checked.bytes,
        not_checked: checked.not_checked,
        decision: None,
        answer: None,
        plugins: Vec::new(),
        required: Vec::new(),
        compared: Vec::new(),
    };
    Ok((verdict, findings))
}

/// Reads the signature. A link is followed when the caller named it, or follows
/// links anyway.
fn read(request: &VerifyRequest, signature: &Path) -> Result<Vec<u8>> {
    let folder = &request.folder;
    if folder.signature.is_some() || folder.symlinks != Symlinks::Refuse {
        fsx::read_given(signature, limits::SIGNATURE)
    } else {
        fsx::read_limited(signature, limits::SIGNATURE)
    }
}

/// Asks the judge, and reports what it said.
fn who_signed(
    judge: &Judge,
    bundle: &SignedBundle,
    form: Form,
    name: &str,
) -> Result<(SignatureReport, Vec<Finding>)> {
    let mut report = SignatureReport {
        name: name.to_owned(),
        about: About::Model,
        predicate_type: form.predicate_type().to_owned(),
        standing: Standing::Invalid,
        who: None,
        claimed: bundle.hint().map(str::to_owned),
        times: Vec::new(),
        logged: false,
        authority: None,
    };
    let mut findings = Vec::new();
    if form == Form::Digests {
        findings.push(Problem::new(Code::OmsOldEnvelope, name).into_finding());
    }
    match judged(judge, bundle, form, name)? {
        Judgement::Accepted(proof) => {
            if proof.times.is_empty() {
                findings.push(Problem::new(Code::TimeNotProven, name).into_finding());
            }
            report.standing = Standing::Verified;
            findings.extend(proof.findings);
            (report.who, report.times) = (Some(proof.who), proof.times);
            (report.logged, report.authority) = (proof.logged, proof.authority);
        }
        Judgement::Other { claimed, why } => {
            let claimed = claimed.unwrap_or_else(|| "nobody".to_owned());
            let problem = why.unwrap_or_else(|| {
                Problem::new(Code::WrongKey, name)
                    .detail(format!("not signed by a given key; it names {claimed}"))
            });
            findings.push(problem.into_finding());
        }
    }
    Ok((report, findings))
}

/// The one place where the envelope is judged. Statements of model-signing 0.2
/// are signed in the usual way by identities, and in their own by keys.
fn judged(judge: &Judge, bundle: &SignedBundle, form: Form, name: &str) -> Result<Judgement> {
    let usual = judge.statement(bundle, name);
    if form == Form::V1 || matches!(usual, Ok(Judgement::Accepted(_))) {
        return usual;
    }
    match judge.old_model_signature(bundle, name) {
        Ok(Judgement::Accepted(proof)) => Ok(Judgement::Accepted(proof)),
        _ => usual,
    }
}
