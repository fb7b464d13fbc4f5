//! What the steps of a release would do. Reads what is there and changes nothing.

use std::path::Path;

use super::release::ReleaseRequest;
use super::remote::Remote;
use super::{Expected, Planned, Step};
use crate::bundle;
use crate::finding::{Code, Problem, Result};
use crate::git;
use crate::policy::Policy;
use crate::spec;

/// The line of a plan for one step.
pub(super) fn step(
    step: Step,
    request: &ReleaseRequest,
    bundle: &Path,
    remote: &dyn Remote,
) -> Result<Planned> {
    let (expected, why) = match step {
        Step::Checkout => (Expected::Do, checkout(request)?),
        Step::Check => (Expected::Do, check(request)?),
        Step::Pack => pack(bundle),
        Step::Target => target(request, bundle, remote)?,
        Step::Verify => (Expected::Do, plugins(request)),
        Step::Sign => sign(bundle),
        Step::Attest => attest(request),
        Step::Push => {
            let why = format!("what {} lacks, under the digest", remote.name());
            (Expected::Depends, why)
        }
        Step::Reverify => (Expected::Do, reverify(request)),
        Step::Tag => {
            let why = format!("{}, once everything else passed", remote.name());
            (Expected::Depends, why)
        }
        Step::Report => (Expected::Do, request.pages.names()),
    };
    Ok(Planned::new(step, expected, why))
}

fn checkout(request: &ReleaseRequest) -> Result<String> {
    let rev = request.rev.as_deref().unwrap_or_default();
    let named = git::resolve(&request.folder, rev).ok_or_else(|| {
        let subject = format!("{} at {rev}", request.folder.display());
        Problem::new(Code::GitRepository, subject).detail("it names no commit")
    })?;
    Ok(format!("commit {}, which {rev} names now", named.commit))
}

fn check(request: &ReleaseRequest) -> Result<String> {
    if request.rev.is_some() {
        return Ok("the pkg.toml of the commit, and the files that it lists".to_owned());
    }
    let release = spec::load(&request.folder)?.release;
    Ok(format!("{} {} in {}", release.name, release.version, request.folder.display()))
}

fn pack(bundle: &Path) -> (Expected, String) {
    match bundle::load(bundle) {
        Ok(loaded) => (
            Expected::Depends,
            format!("{} has {}; what did not change is not read", bundle.display(), loaded.digest),
        ),
        Err(_) => (Expected::Do, format!("into {}", bundle.display())),
    }
}

fn target(
    request: &ReleaseRequest,
    bundle: &Path,
    remote: &dyn Remote,
) -> Result<(Expected, String)> {
    let name = remote.name();
    let Some(there) = remote.tagged()? else {
        return Ok((Expected::Do, format!("{name} is free")));
    };
    let known = bundle::load(bundle).is_ok_and(|loaded| loaded.digest == there);
    Ok(match (known, request.move_tag) {
        (true, _) => (Expected::Depends, format!("{name} names the bundle that is there")),
        (false, true) => (Expected::Do, format!("{name} names {there} and will be moved")),
        (false, false) => {
            (Expected::Depends, format!("{name} names {there}; another release is refused"))
        }
    })
}

fn plugins(request: &ReleaseRequest) -> String {
    let named = request.plugins.iter().flat_map(|plugins| &plugins.ids).map(|(id, _)| id.as_str());
    let by_policy = request.policy.iter().flat_map(Policy::plugins).map(|(id, _)| id);
    let mut ids: Vec<&str> = named.chain(by_policy).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return "the content, by its digest; no plugin was asked for".to_owned();
    }
    format!("the content, by its digest; plugins {}", ids.join(", "))
}

fn sign(bundle: &Path) -> (Expected, String) {
    match bundle::load(bundle) {
        Ok(loaded) if !loaded.signatures.is_empty() => (
            Expected::Depends,
            "unless one of the signatures in the bundle is by the same signer".to_owned(),
        ),
        _ => (Expected::Do, "the release, and the model signature".to_owned()),
    }
}

fn attest(request: &ReleaseRequest) -> (Expected, String) {
    let mut what = Vec::new();
    if request.plugins.iter().any(|plugins| !plugins.ids.is_empty())
        || request.policy.iter().any(|policy| !policy.plugins().is_empty())
    {
        what.push("what the plugins find");
    }
    if request.provenance {
        what.push("provenance of this pipeline");
    }
    if what.is_empty() {
        return (Expected::Done, "there is nothing to attest".to_owned());
    }
    (Expected::Depends, format!("{}, unless that is attested already", what.join(" and ")))
}

fn reverify(request: &ReleaseRequest) -> String {
    let mut by = vec!["digest", "signer"];
    if request.policy.is_some() {
        by.push("policy");
    }
    if request.adopter.is_some() {
        by.push("terms for the adopter");
    }
    if !request.results.is_empty() {
        by.push("required results");
    }
    format!("all of it, out of the registry, by {}", by.join(", "))
}
