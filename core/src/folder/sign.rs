//! Signing a plain folder, or a single file.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;

use super::digests::{Hashed, Job, digest_count, hash_files, resources};
use super::list::{Listing, list};
use super::{Options, Place, Symlinks, name_of, place_in};
use crate::bundle::{limits, names};
use crate::cache::{CacheFile, settled, state_from, state_text};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx::{self, FileState, Staged};
use crate::hash::Meter;
use crate::model::content::{ContentDigest, ContentHash};
use crate::model::digest::Digest;
use crate::trust::bundle;
use crate::trust::oms::{self, Described, GIT_PATHS, IgnoreSet, Method, Resource};
use crate::trust::sealer::{Sealer, sealed};
use crate::trust::who::{ProvenTime, Who};

/// What to sign, and how.
#[derive(Debug, Clone)]
pub struct SignRequest {
    /// Folder or file.
    pub target: PathBuf,
    /// How it is looked at, and where the signature goes.
    pub options: Options,
    /// How it is taken apart.
    pub method: Method,
    /// The hash.
    pub hash: ContentHash,
    /// Takes over digests of files that did not change since an earlier run.
    pub trust_cache: bool,
    /// Replaces whatever is where the signature goes.
    pub force: bool,
}

/// What was signed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedFolder {
    /// The signature.
    pub signature: PathBuf,
    /// Name of the model.
    pub name: String,
    /// Root digest of the model.
    pub digest: Digest,
    /// `files` or `shards`.
    pub method: String,
    /// The hash of the content.
    pub hash: ContentHash,
    /// Files that are covered.
    pub files: usize,
    /// Bytes of these files.
    pub bytes: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Files that were not read, because their digests are known from an earlier run.
    pub files_trusted: usize,
    /// Paths that are left out, as the signature says.
    pub ignored: Vec<String>,
    /// Who signed, as a verifier will see it.
    pub who: Who,
    /// Times that were proven for the signature.
    pub times: Vec<ProvenTime>,
    /// Whether a transparency log has the signature.
    pub logged: bool,
}

/// Signs a folder or a file; nothing is signed when anything in it cannot be.
pub fn sign(
    request: &SignRequest,
    sealer: &dyn Sealer,
    meter: &Meter,
) -> Result<(Option<SignedFolder>, Vec<Finding>)> {
    if !sealer.signs_models() {
        return Err(Problem::new(Code::OmsKeyKind, request.target.display()));
    }
    let signature = signature_path(request)?;
    check_replaceable(&signature, request.force)?;
    let (ignored, mut findings) = ignored_paths(request, &signature)?;
    let listing = look(request, &signature, &ignored);
    findings.extend(listing.others.iter().map(|(_, problem)| problem.finding().clone()));
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Ok((None, findings));
    }
    if listing.count() == 0 {
        return Err(Problem::new(Code::EmptyFolder, request.target.display()));
    }
    let content = match content(request, &listing, meter) {
        Ok(content) => content,
        Err(problems) => {
            findings.extend(problems.into_iter().map(Problem::into_finding));
            return Ok((None, findings));
        }
    };
    if content.trusted > 0 {
        let note = Problem::new(Code::DigestsTrusted, request.target.display()).detail(format!(
            "{} of {} files were not read: their digests are those of an earlier run, and they look unchanged",
            content.trusted,
            listing.count()
        ));
        findings.push(note.into_finding());
    }
    let name = name_of(&request.target);
    let ignore_paths: Vec<&str> = ignored.iter().collect();
    let about = Described {
        name: &name,
        method: request.method,
        hash: request.hash,
        ignore_paths: &ignore_paths,
        allow_symlinks: request.options.symlinks != Symlinks::Refuse,
    };
    let payload = oms::build(about, content.resources)?;
    let (bytes, proof) = sealed(sealer, &sealer.judge(), &payload)?;
    findings.extend(proof.findings);
    let digest = oms::parse(&payload, names::MODEL_SIGNATURE)?.root;
    write(&signature, &bytes, request.force)?;
    let signed = SignedFolder {
        signature,
        name: name.clone(),
        digest,
        method: request.method.to_string(),
        hash: request.hash,
        files: listing.count(),
        bytes: content.bytes,
        bytes_read: content.read,
        files_trusted: content.trusted,
        ignored: listing.ignored,
        who: proof.who,
        times: proof.times,
        logged: proof.logged,
    };
    Ok((Some(signed), findings))
}

/// Where the signature goes.
fn signature_path(request: &SignRequest) -> Result<PathBuf> {
    match &request.options.signature {
        Some(path) => Ok(path.clone()),
        None if request.target.is_dir() => Ok(request.target.join(names::MODEL_SIGNATURE)),
        None => Err(Problem::new(Code::UsageError, request.target.display())
            .detail("nothing says where the signature of a single file goes")
            .hint("Name it with `--signature FILE`.")),
    }
}

/// Only a model signature may be replaced, unless told otherwise.
fn check_replaceable(signature: &Path, force: bool) -> Result<()> {
    if force || !fsx::exists(signature) || is_model_signature(signature) {
        return Ok(());
    }
    Err(Problem::new(Code::OutputExists, signature.display())
        .detail("it is there and is no model signature; it was left as it is"))
}

fn is_model_signature(path: &Path) -> bool {
    let name = path.display().to_string();
    let payload = fsx::read_limited(path, limits::SIGNATURE)
        .and_then(|bytes| bundle::parse(&bytes, &name))
        .and_then(|bundle| Ok(bundle.statement(&name)?.payload.clone()));
    payload.is_ok_and(|payload| oms::is_model_signature(&payload))
}

/// What the signature says it leaves out: files of git, what was asked for, and
/// itself.
fn ignored_paths(request: &SignRequest, signature: &Path) -> Result<(IgnoreSet, Vec<Finding>)> {
    let (mut ignored, findings) = request.options.ignored(&request.target)?;
    if !request.options.with_git_paths && request.target.is_dir() {
        for path in GIT_PATHS {
            ignored.insert(path);
        }
    }
    match place_in(signature, &request.target) {
        Place::Inside(path) => ignored.insert(&path),
        Place::Outside => {}
        Place::Itself | Place::NotUtf8 => {
            return Err(Problem::new(Code::UsageError, signature.display())
                .detail("the signature cannot have this name"));
        }
    }
    Ok((ignored, findings))
}

/// Lists the files. What a killed run left of the signature is none: it goes away
/// when the new one is written.
fn look(request: &SignRequest, signature: &Path, ignored: &IgnoreSet) -> Listing {
    let mut skipped = ignored.clone();
    let leftover = fsx::staging_path(signature).map(|(_, path)| path);
    if let Ok(Place::Inside(path)) = leftover.map(|path| place_in(&path, &request.target)) {
        skipped.insert(&path);
    }
    let mut listing = list(&request.target, &skipped, request.options.symlinks);
    listing.ignored.retain(|path| ignored.has(path));
    listing
}

/// The content of a folder, by digest.
struct Content {
    resources: Vec<Resource>,
    bytes: u64,
    read: u64,
    trusted: usize,
}

fn content(
    request: &SignRequest,
    listing: &Listing,
    meter: &Meter,
) -> Result<Content, Vec<Problem>> {
    let (method, hash) = (request.method, request.hash);
    let known = Known::open(request);
    let trusted: HashMap<&str, Hashed> = listing
        .files()
        .filter(|_| request.trust_cache)
        .filter_map(|file| Some((file.name, known.of(&file.file())?)))
        .collect();
    let jobs: Vec<Job<'_>> = listing
        .files()
        .filter(|file| !trusted.contains_key(file.name))
        .map(|file| Job { file, size: None })
        .collect();
    let read_at = SystemTime::now();
    let results = hash_files(&jobs, hash, method, meter);
    let (mut hashed, mut problems) = (Vec::new(), Vec::new());
    for (job, result) in jobs.iter().zip(results) {
        match result {
            Ok(file) => hashed.push((job.file.name, file)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let read = hashed.iter().map(|(_, file)| file.state.size).sum();
    let fresh = hashed.iter().filter(|(_, file)| {
        // Either time may be the one that the next change does not move.
        settled(file.state.mtime.max(file.state.ctime), read_at)
    });
    let kept = fresh.map(|(_, file)| file).chain(trusted.values());
    known.save(kept).map_err(|problem| vec![problem])?;
    let trusted_count = trusted.len();
    hashed.extend(trusted);
    Ok(Content {
        bytes: hashed.iter().map(|(_, file)| file.state.size).sum(),
        resources: hashed.iter().flat_map(|(name, file)| resources(name, method, file)).collect(),
        read,
        trusted: trusted_count,
    })
}

/// Digests that an earlier run left for this folder, hash and method.
struct Known {
    store: CacheFile,
    method: Method,
    files: HashMap<FileState, Vec<ContentDigest>>,
}

impl Known {
    const HEADER: &'static str = "pkg folder digests 1";

    fn open(request: &SignRequest) -> Self {
        let (hash, method) = (request.hash, request.method);
        let purpose = match method {
            Method::Files => format!("folder {hash}"),
            Method::Shards { size } => format!("folder {hash} {size}"),
        };
        let store = CacheFile::of(&request.target, &purpose, Self::HEADER);
        let mut files = HashMap::new();
        let mut take = |line: &str| {
            let mut words = line.split(' ');
            let state = state_from(&mut words)?;
            let digests: Option<Vec<ContentDigest>> =
                words.map(|hex| ContentDigest::from_hex(hash, hex).ok()).collect();
            let digests = digests?;
            // A line that was cut off has too few.
            (digests.len() as u64 == digest_count(method, state.size)).then_some(())?;
            files.insert(state, digests);
            Some(())
        };
        if request.trust_cache && !store.read(&mut take) {
            files.clear();
        }
        Self { store, method, files }
    }

    /// The digests of what is at a path, if it is in a known state.
    fn of(&self, disk: &Path) -> Option<Hashed> {
        let state = FileState::at(disk).ok()?;
        let digests = self.files.get(&state)?.clone();
        Some(Hashed { state, digests })
    }

    fn save<'h>(&self, files: impl Iterator<Item = &'h Hashed>) -> Result<()> {
        let mut lines = String::new();
        for file in files.filter(|file| digest_count(self.method, file.state.size) > 0) {
            lines.push_str(&state_text(&file.state));
            for digest in &file.digests {
                let _ = write!(lines, " {}", digest.hex());
            }
            lines.push('\n');
        }
        self.store.write(&lines)
    }
}

fn write(signature: &Path, bytes: &[u8], force: bool) -> Result<()> {
    let staged = Staged::file(signature)?;
    let mut file: &File = staged.handle();
    file.write_all(bytes).map_err(|error| Problem::writing(signature, error))?;
    // Once more: it may have come while the folder was read.
    check_replaceable(signature, force)?;
    staged.commit(fsx::exists(signature))
}
