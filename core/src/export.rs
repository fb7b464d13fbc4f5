//! One folder for a site without a network: the bundle, the trusted root, and
//! how to check one by the other.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Source};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx::{self, Staged};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::trust::judge::Judge;
use crate::trust::root::RootChoice;
use crate::verify::{VerifyRequest, verify};

/// What to export.
#[derive(Debug)]
pub struct ExportRequest {
    /// The bundle.
    pub bundle: PathBuf,
    /// Folder to make.
    pub output: PathBuf,
    /// Says whose signatures count; the copy is verified by it.
    pub judge: Judge,
    /// Digest the release must have.
    pub digest: Option<Digest>,
    /// Whether the trusted root goes with it.
    pub with_root: bool,
}

/// What was exported.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// The folder.
    pub output: PathBuf,
    /// Name of the bundle in it.
    pub bundle: String,
    /// Digest of the release.
    pub digest: Digest,
    /// SHA-256 of the trusted root, when it went along.
    pub trusted_root: Option<Digest>,
}

/// Name of the trusted root in the folder.
const ROOT: &str = "trusted_root.json";

/// Copies a bundle, verifies the copy, and lays the root beside it. The folder
/// appears when all of that is done, or not at all.
pub fn export(request: &ExportRequest, meter: &Meter) -> Result<(Option<Exported>, Vec<Finding>)> {
    let source = Source::open(&request.bundle)?;
    if source.is_remote() {
        return Err(Problem::new(Code::UsageError, request.bundle.display())
            .detail("only what is on this machine is exported")
            .hint(format!(
                "pkg pull {} -o model.pkg, then export that.",
                request.bundle.display()
            )));
    }
    if fsx::lies_in(&request.output, &request.bundle) {
        return Err(Problem::new(Code::OutputExists, request.output.display())
            .detail("the bundle itself is there")
            .hint("Choose a folder outside of it."));
    }
    let name = if source.is_archive() { "release.tar" } else { "release.pkg" };
    let staged = Staged::folder(&request.output)?;
    let copy = staged.path().join(name);
    bundle::copy(&source, &copy)?;
    let root = if request.with_root { Some(request.judge.root()?) } else { None };
    if let Some(root) = root {
        fsx::write_synced(&staged.path().join(ROOT), &root.text)?;
    }
    let root_choice = RootChoice::File(staged.path().join(ROOT));
    let judge = match root {
        Some(_) => Judge::new(request.judge.accepted().clone(), root_choice),
        None => Judge::new(request.judge.accepted().clone(), request.judge.choice().clone()),
    };
    let check = VerifyRequest { digest: request.digest, ..VerifyRequest::new(copy, judge) };
    let (verdict, findings) = verify(&check, meter)?;
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok((None, findings));
    }
    let text = instructions(name, verdict.digest, request.with_root);
    fsx::write_synced(&staged.path().join("README.txt"), text.as_bytes())?;
    staged.commit(false)?;
    let exported = Exported {
        output: request.output.clone(),
        bundle: name.to_owned(),
        digest: verdict.digest,
        trusted_root: root.map(|root| root.digest),
    };
    Ok((Some(exported), findings))
}

fn instructions(bundle: &str, digest: Digest, with_root: bool) -> String {
    let root = if with_root { format!(" --trusted-root {ROOT}") } else { String::new() };
    format!(
        "A signed release of a model. Check it without a network, in this folder.\n\n\
         Get the digest, or whom to expect, from the publisher by another way than this\n\
         folder; then run one of:\n\n\
         pkg verify {bundle} --digest {digest}\n\
         pkg verify {bundle} --key PUBLISHERS_KEY.pub{root}\n\
         pkg verify {bundle} --identity WHO --issuer WHERE{root}\n\n\
         The trusted root says which certificate authorities and logs count. It came with\n\
         this folder: compare its SHA-256 with one you know before you rely on it.\n"
    )
}
