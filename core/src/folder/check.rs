//! Whether a folder is what a model signature lists: no more, no less, and the
//! same bytes.

use std::collections::HashSet;
use std::path::Path;

use super::digests::{Hashed, Job, hash_each};
use super::list::{Listing, Located, list};
use super::{Options, Place, on_disk, place_in};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::trust::oms::{Files, GIT_PATHS, IgnoreSet, Method, Model, Resource};

/// What came of comparing a folder with a signature.
#[derive(Debug, Default)]
pub struct Checked {
    /// Files whose content is right.
    pub good: usize,
    /// Files that are listed.
    pub total: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// Paths that were not checked, as the caller asked.
    pub not_checked: Vec<String>,
    /// Everything that is wrong, and notes.
    pub findings: Vec<Finding>,
}

/// Compares `target`, a folder or a file, with what a signature says. The
/// signature itself is no part of the model.
pub fn check(
    target: &Path,
    model: &Model,
    signature: &Path,
    options: &Options,
    meter: &Meter,
) -> Result<Checked> {
    let single = model.is_single_file();
    // An empty list fits both.
    if target.is_dir() == single && !model.resources.is_empty() {
        let signed = if single { "a single file" } else { "the files of a folder" };
        return Err(Problem::new(Code::OmsTarget, target.display())
            .detail(format!("the signature is about {signed}")));
    }
    let (asked, findings) = options.ignored(target)?;
    let mut checked = Checked { findings, ..Checked::default() };
    let files = model.files();
    checked.total = files.iter().count();
    let ignored = Ignored::new(model, &asked, place_in(signature, target), options, &files);
    let listing = list(target, &ignored.all, options.symlinks);
    let compare = Compare { target, model, options, asked: &asked, ignored: &ignored, files };
    compare.all(&listing, meter, &mut checked);
    Ok(checked)
}

/// What is left out, and by whom.
struct Ignored {
    /// By the signature or the caller: such a path must not be listed.
    said: IgnoreSet,
    /// What is left out unless it is listed, too.
    all: IgnoreSet,
    /// Where the signature is, when it is in the folder.
    signature: Option<String>,
}

impl Ignored {
    fn new(
        model: &Model,
        asked: &IgnoreSet,
        signature: Place,
        options: &Options,
        files: &Files<'_>,
    ) -> Self {
        let mut said = IgnoreSet::new(&model.ignore_paths);
        for path in asked.iter() {
            said.insert(path);
        }
        let signature = match signature {
            Place::Inside(path) => Some(path),
            _ => None,
        };
        if let Some(path) = &signature {
            said.insert(path);
        }
        let mut all = said.clone();
        // A signature over files of git says by its list that they count.
        for path in GIT_PATHS.iter().filter(|path| !options.with_git_paths && !files.has_in(path)) {
            all.insert(path);
        }
        Self { said, all, signature }
    }
}

/// A listed file: its name and its resources.
type Listed<'a> = (&'a str, &'a [&'a Resource]);

struct Compare<'a> {
    target: &'a Path,
    model: &'a Model,
    options: &'a Options,
    asked: &'a IgnoreSet,
    ignored: &'a Ignored,
    files: Files<'a>,
}

impl Compare<'_> {
    fn all(&self, listing: &Listing, meter: &Meter, checked: &mut Checked) {
        let (listed, extra) = self.paired(listing);
        self.others(listing, checked);
        self.extra(&extra, checked);
        self.left_out(listing, checked);
        let refused: HashSet<&str> = listing
            .others
            .iter()
            .filter(|(_, problem)| problem.finding().severity == Severity::Error)
            .map(|(name, _)| name.as_str())
            .collect();
        let (mut jobs, mut wanted) = (Vec::new(), Vec::new());
        for ((name, resources), file) in listed {
            if self.ignored.said.covers(name) {
                checked.findings.push(Problem::new(Code::OmsIgnoredListed, name).into());
            } else if let Some(file) = file {
                let size =
                    resources.iter().filter_map(|resource| resource.range).map(|r| r.1).max();
                jobs.push(Job { file, size });
                wanted.push(resources);
            } else if !refused.contains(name) {
                checked.findings.push(Problem::new(Code::MissingFile, name).into());
            }
        }
        let mut bad: Vec<(usize, Problem)> = Vec::new();
        hash_each(&jobs, self.model.hash, self.model.method, meter, |index, result| {
            checked.bytes += result.as_ref().map_or(0, |hashed| hashed.state.size);
            match result.and_then(|hashed| compare(jobs[index].file.name, wanted[index], &hashed)) {
                Ok(()) => checked.good += 1,
                Err(problem) => bad.push((index, problem)),
            }
        });
        // Said in the order of the names.
        bad.sort_by_key(|(index, _)| *index);
        checked.findings.extend(bad.into_iter().map(|(_, problem)| problem.into()));
    }

    /// The files that are listed, each with what is there by its name, and the files that are
    /// there and not listed. Both lists are in the order of names.
    fn paired<'l>(
        &self,
        listing: &'l Listing,
    ) -> (Vec<(Listed<'_>, Option<Located<'l>>)>, Vec<Located<'l>>) {
        let (mut listed, mut extra) = (Vec::new(), Vec::new());
        let mut there = listing.files().peekable();
        for file in self.files.iter() {
            while let Some(before) = there.next_if(|it| it.name < file.0) {
                extra.push(before);
            }
            listed.push((file, there.next_if(|it| it.name == file.0)));
        }
        extra.extend(there);
        (listed, extra)
    }

    /// What is in the folder and is no file.
    fn others(&self, listing: &Listing, checked: &mut Checked) {
        for (name, problem) in &listing.others {
            // Left alone, unless it stands in the place of a listed file.
            if self.options.ignore_unsigned && !self.files.has(name) {
                checked.not_checked.push(name.clone());
            } else {
                checked.findings.push(problem.finding().clone());
            }
        }
    }

    /// Files that the signature does not list.
    fn extra(&self, extra: &[Located<'_>], checked: &mut Checked) {
        // With shards, an empty file has nothing to list and cannot be told from none.
        let shards = matches!(self.model.method, Method::Shards { .. });
        let nothing = |name: &str| {
            shards && on_disk(self.target, name).metadata().is_ok_and(|m| m.len() == 0)
        };
        let mut unsigned = 0_usize;
        for name in extra.iter().map(|file| file.name).filter(|name| !nothing(name)) {
            if self.options.ignore_unsigned {
                checked.not_checked.push(name.to_owned());
                unsigned += 1;
            } else {
                checked.findings.push(Problem::new(Code::ExtraFile, name).into());
            }
        }
        if unsigned > 0 {
            let note = Problem::new(Code::OmsUnsignedFiles, self.target.display())
                .detail(format!("{unsigned} files are not signed and were left alone, as asked"));
            checked.findings.push(note.into());
        }
    }

    /// What is there and was left out; files of git and the signature go without
    /// saying.
    fn left_out(&self, listing: &Listing, checked: &mut Checked) {
        let asked = listing.ignored.iter().filter(|name| self.asked.has(name));
        checked.not_checked.extend(asked.cloned());
        let expected = |name: &str| {
            GIT_PATHS.contains(&name) || self.ignored.signature.as_deref() == Some(name)
        };
        let named: Vec<&str> =
            listing.ignored.iter().map(String::as_str).filter(|name| !expected(name)).collect();
        if let Some(first) = named.first() {
            let count = named.len();
            let note = Problem::new(Code::OmsIgnored, self.target.display()).detail(format!(
                "{count} paths are left out, and may hold anything; first: {first}"
            ));
            checked.findings.push(note.into());
        }
    }
}

/// Compares a file with what was signed.
fn compare(name: &str, signed: &[&Resource], hashed: &Hashed) -> Result<()> {
    if signed.len() != hashed.digests.len() {
        return Err(Problem::new(Code::WrongSize, name).detail(format!(
            "signed in {} pieces, but it has {}",
            signed.len(),
            hashed.digests.len()
        )));
    }
    let mut wrong = signed.iter().zip(&hashed.digests).filter(|(one, is)| one.digest != **is);
    let Some((resource, actual)) = wrong.next() else { return Ok(()) };
    let more = match wrong.count() {
        0 => String::new(),
        more => format!("; {more} more shards are wrong"),
    };
    let place = resource
        .range
        .map_or_else(String::new, |(start, end)| format!("bytes {start} to {end} were "));
    Err(Problem::new(Code::DigestMismatch, name)
        .detail(format!("{place}signed as {}, but the content is {actual}{more}", resource.digest)))
}
