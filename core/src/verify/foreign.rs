//! Folders that carry a model signature and nothing of ours.
//!
//! OpenSSF model signing v1.0: the signature lists every file of the folder, or
//! every shard of every file, and names the paths it leaves out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Verdict, VerifyRequest};
use crate::bundle::names;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::hash::{Meter, Span, hash_spans};
use crate::signatures::{About, SignatureReport, Standing};
use crate::trust::bundle;
use crate::trust::judge::Judgement;
use crate::trust::oms::{self, Model, Resource};
use crate::trust::statement::predicate;

/// Verifies such a folder; none when the target is something else.
pub(super) fn verify(
    request: &VerifyRequest,
    meter: &Meter,
) -> Option<Result<(Verdict, Vec<Finding>)>> {
    let root = &request.target;
    let ours = [names::MANIFEST, "oci-layout", "index.json"];
    let here = |name: &str| fsx::exists(&root.join(name));
    if ours.into_iter().any(here) || !here(names::MODEL_SIGNATURE) {
        return None;
    }
    Some(check(request, root, meter))
}

fn check(request: &VerifyRequest, root: &Path, meter: &Meter) -> Result<(Verdict, Vec<Finding>)> {
    if request.judge.accepted().is_empty() {
        return Err(Problem::new(Code::KeyNeeded, root.display()));
    }
    if request.policy.is_some() {
        return Err(Problem::new(Code::UsageError, root.display())
            .detail("a policy is about a release, and a model signature alone is none"));
    }
    if !request.scope.only.is_empty() {
        return Err(Problem::new(Code::UsageError, root.display())
            .detail("a model signature knows no components, so `--only` has no meaning here"));
    }
    let name = names::MODEL_SIGNATURE;
    let bytes = fsx::read_limited(&root.join(name), crate::bundle::limits::SIGNATURE)?;
    let bundle = bundle::parse(&bytes, name)?;
    let envelope = bundle.statement(name)?;
    let model = oms::parse(&envelope.payload, name)?;
    let mut findings = Vec::new();
    let mut report = SignatureReport {
        name: name.to_owned(),
        about: About::Model,
        predicate_type: predicate::MODEL_SIGNATURE.to_owned(),
        standing: Standing::Invalid,
        who: None,
        claimed: bundle.hint().map(str::to_owned),
        times: Vec::new(),
        logged: false,
        authority: None,
    };
    match request.judge.statement(&bundle, name)? {
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
    if let Some(expected) = request.digest
        && expected != model.root
    {
        let detail = format!("expected {expected}, but this is {}", model.root);
        findings
            .push(Problem::new(Code::DigestExpected, root.display()).detail(detail).into_finding());
    }
    let contents = check_content(root, &model, meter, &mut findings);
    let verdict = Verdict {
        form: "model-signature",
        name: model.name.clone(),
        version: String::new(),
        publisher: None,
        digest: model.root,
        signatures: vec![report],
        components: Vec::new(),
        files_verified: contents.good,
        files_total: contents.total,
        bytes_read: contents.bytes,
        not_checked: Vec::new(),
        decision: None,
    };
    Ok((verdict, findings))
}

struct Contents {
    good: usize,
    total: usize,
    bytes: u64,
}

fn check_content(
    root: &Path,
    model: &Model,
    meter: &Meter,
    findings: &mut Vec<Finding>,
) -> Contents {
    let mut files: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in &model.resources {
        files.entry(&resource.path).or_default().push(resource);
    }
    report_extra(root, model, &files, findings);
    let mut contents = Contents { good: 0, total: files.len(), bytes: 0 };
    for (path, resources) in files {
        let (problems, bytes) = check_file(root, path, &resources, meter);
        contents.bytes += bytes;
        if problems.is_empty() {
            contents.good += 1;
        }
        findings.extend(problems.into_iter().map(Problem::into_finding));
    }
    contents
}

fn check_file(
    root: &Path,
    path: &str,
    resources: &[&Resource],
    meter: &Meter,
) -> (Vec<Problem>, u64) {
    let disk = root.join(path);
    if !fsx::exists(&disk) {
        return (vec![Problem::new(Code::MissingFile, path)], 0);
    }
    let opened = fsx::open_regular(&disk).and_then(|file| {
        Ok((file.metadata().map_err(|e| Problem::reading(&disk, e))?.len(), file))
    });
    let (size, file) = match opened {
        Ok((size, file)) => (size, Arc::new(file)),
        Err(problem) => return (vec![problem], 0),
    };
    let end = resources.iter().filter_map(|resource| resource.range).map(|(_, end)| end).max();
    if let Some(end) = end
        && end != size
    {
        let detail = format!("signed as {end} bytes, but it has {size}");
        return (vec![Problem::new(Code::WrongSize, path).detail(detail)], 0);
    }
    let spans: Vec<Span> = resources
        .iter()
        .map(|resource| resource.range.unwrap_or((0, size)))
        .map(|(start, end)| Span { file: Arc::clone(&file), offset: start, len: end - start })
        .collect();
    meter.expect(size);
    let mut problems = Vec::new();
    for (resource, digest) in resources.iter().zip(hash_spans(&spans, meter)) {
        match digest {
            Ok(digest) if digest == resource.digest => {}
            Ok(digest) => problems.push(
                Problem::new(Code::DigestMismatch, path)
                    .detail(format!("signed as {}, but its content is {digest}", resource.digest)),
            ),
            Err(error) => problems.push(Problem::reading(&disk, error)),
        }
    }
    (problems, size)
}

/// Files that the signature neither lists nor leaves out by name.
fn report_extra(
    root: &Path,
    model: &Model,
    files: &BTreeMap<&str, Vec<&Resource>>,
    findings: &mut Vec<Finding>,
) {
    let mut ignored: BTreeSet<String> = model.ignore_paths.iter().cloned().collect();
    ignored.extend(oms::ALWAYS_IGNORED.map(str::to_owned));
    ignored.insert(names::MODEL_SIGNATURE.to_owned());
    let ignored: Vec<String> = ignored.into_iter().collect();
    // With shards, an empty file has nothing to list and cannot be told from none.
    let shards = matches!(model.method, oms::Method::Shards { .. });
    for entry in walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(error) => {
                let detail = error.to_string();
                findings.push(
                    Problem::new(Code::UnreadableFile, root.display())
                        .detail(detail)
                        .into_finding(),
                );
                continue;
            }
        };
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let name = relative.to_string_lossy();
        if files.contains_key(name.as_ref()) || oms::is_ignored(&name, &ignored) {
            continue;
        }
        let empty =
            entry.file_type().is_file() && entry.metadata().is_ok_and(|meta| meta.len() == 0);
        if !(shards && empty) {
            findings.push(Problem::new(Code::ExtraFile, &name).into_finding());
        }
    }
}
