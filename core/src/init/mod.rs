//! `pkg init`: from a model folder to a `pkg.toml` that a person can read and edit.

mod code;
mod existing;
mod origin;
mod sort;
mod terms;
mod text;

#[cfg(test)]
mod tests;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx;
use crate::model::kind::Kind;
use crate::model::path::ReleasePath;
use crate::model::spec::FILE_NAME;
use crate::scan::{self, Format, What};
use crate::spec::{self, FoundKind};
use sort::{Item, Place};

/// What `init` would write.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Text of the `pkg.toml`.
    pub spec_text: String,
    /// The components that were found and are not in the text of before.
    pub components: Vec<Summary>,
    /// What should be looked at.
    pub findings: Vec<Finding>,
    /// Whether there was a `pkg.toml`.
    pub existing: bool,
    before: Option<String>,
}

/// One component that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its kind.
    pub kind: Kind,
    /// Number of files.
    pub files: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// SPDX expression that was proposed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Most findings about single files; the rest are counted.
const MAX_FILE_FINDINGS: usize = 20;

/// Looks at a folder and plans its `pkg.toml`.
///
/// A text that is there already is kept byte for byte; entries for files that it
/// does not cover are added at its end.
pub fn plan(folder: &Path) -> Result<Plan> {
    let path = folder.join(FILE_NAME);
    let before = fsx::exists(&path).then(|| spec::read_text(&path)).transpose()?;
    let survey = Survey::new(folder)?;
    let plan = match before {
        Some(text) => existing::plan(folder, text, &survey)?,
        None => fresh(folder, &survey)?,
    };
    // What is written has to be what the next command accepts.
    let checked = spec::parse(&plan.spec_text, &path.display().to_string())?;
    if let Some(finding) =
        spec::check(&checked).into_iter().find(|finding| finding.severity == Severity::Error)
    {
        return Err(spec::problem(finding));
    }
    spec::resolve(folder, &checked)?;
    Ok(plan)
}

/// Writes a planned `pkg.toml`, in one step.
///
/// If the file changed since it was planned, it is left alone.
pub fn write(folder: &Path, plan: &Plan) -> Result<()> {
    let path = folder.join(FILE_NAME);
    let now = fsx::exists(&path).then(|| spec::read_text(&path)).transpose()?;
    if now != plan.before {
        return Err(Problem::new(Code::FileChanged, path.display())
            .detail("it was changed after the folder was looked at; nothing was written"));
    }
    fsx::replace_file(&path, plan.spec_text.as_bytes())
}

fn fresh(folder: &Path, survey: &Survey) -> Result<Plan> {
    if survey.paths.is_empty() {
        return Err(Problem::new(Code::EmptyFolder, folder.display()));
    }
    if !survey.items.iter().any(|item| item.place == Place::Kind(Kind::ModelParametersFinal)) {
        return Err(survey.no_weights(folder));
    }
    let origin = origin::Origin::read(&survey.items)?;
    let terms = terms::Texts::read(&survey.items, &origin)?;
    let items: Vec<&Item> = survey.items.iter().collect();
    let groups = terms.groups(&items);
    let mut findings = survey.findings(&items);
    findings.extend(terms::Texts::findings(&groups));
    let spec_text = text::fresh(folder, survey, &origin, &groups);
    let components = groups.iter().map(terms::Group::summary).collect();
    Ok(Plan { spec_text, components, findings, existing: false, before: None })
}

/// Everything in the folder, and what it was taken for.
struct Survey {
    /// The regular files, ordered by path.
    items: Vec<Item>,
    /// Every path of the folder, to see what a glob would match.
    paths: Vec<String>,
    /// Paths that cannot be released, and why.
    refused: Vec<(String, String)>,
}

impl Survey {
    fn new(folder: &Path) -> Result<Self> {
        let found = spec::walk(folder)?;
        let paths = found.iter().map(|found| found.path.clone()).collect();
        let mut survey = Self { items: Vec::new(), paths, refused: Vec::new() };
        let mut classified = Vec::new();
        for found in found {
            let refused = match (found.kind, ReleasePath::new(found.path.as_str())) {
                (FoundKind::Symlink, _) => "a symbolic link, which is not followed".to_owned(),
                (FoundKind::Special, _) => "a device, socket or pipe".to_owned(),
                (FoundKind::File, Err(reason)) => format!("the name cannot be used: {reason}"),
                (FoundKind::File, Ok(path)) if path.is_reserved_for_pkg() => {
                    "the name is used by pkg itself".to_owned()
                }
                (FoundKind::File, Ok(path)) => {
                    let what = scan::classify(&found.disk, &path)?;
                    let (disk, size, executable) = (found.disk, found.size, found.executable);
                    let file = scan::SourceFile { path, disk, size, executable };
                    classified.push((file, what));
                    continue;
                }
            };
            survey.refused.push((found.path, refused));
        }
        for (file, found) in &classified {
            if let What::LfsPointer { oid, size } = &found.what {
                let pointer = scan::lfs::Pointer { oid: oid.clone(), size: *size };
                return Err(spec::lfs_problem(&file.path, &pointer));
            }
        }
        survey.items = sort::sort(classified)?;
        survey.check_shards(folder)?;
        Ok(survey)
    }

    fn check_shards(&self, folder: &Path) -> Result<()> {
        for item in self.items.iter().filter(|item| scan::shards::is_index(&item.file.path)) {
            for shard in scan::shards::shards(&item.file)? {
                if self.items.binary_search_by(|item| item.file.path.cmp(&shard)).is_err() {
                    return Err(scan::shards::missing(&item.file.path, &shard, folder));
                }
            }
        }
        Ok(())
    }

    fn no_weights(&self, folder: &Path) -> Problem {
        let named = |path: &str| {
            ReleasePath::new(path).is_ok_and(|path| scan::classify::named_like_weights(&path))
        };
        if let Some((path, why)) = self.refused.iter().find(|(path, _)| named(path)) {
            return Problem::new(Code::SymlinkInRelease, path)
                .detail(format!("it is named like weights, but is {why}"))
                .hint("Copy the folder with its links resolved: `cp -rL`.");
        }
        let intermediate = Place::Kind(Kind::ModelParametersIntermediate);
        let problem = Problem::new(Code::NoWeights, folder.display());
        match self.items.iter().find(|item| item.place == intermediate) {
            Some(item) => problem
                .detail(format!("only checkpoints were found, such as {}", item.file.path))
                .hint("Name the folder of the checkpoint that is the release, or copy it here."),
            None => problem.detail(format!(
                "none of the {} files is in a known weight format (safetensors, GGUF, ONNX, PyTorch, HDF5, TensorFlow Lite)",
                self.items.len()
            )),
        }
    }

    /// Findings about single files among `items`.
    fn findings(&self, items: &[&Item]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for item in items {
            if item.what == What::Weights(Format::Pickle) {
                let problem = Problem::new(Code::PickleWeights, &item.file.path);
                findings.push(problem.detail(item.reason.clone()).into());
            }
        }
        let undecided = items.iter().filter(|item| item.unsure || item.place == Place::Undecided);
        let undecided = undecided.map(|item| (item.file.path.as_str(), item.reason.as_str()));
        let refused = self.refused.iter().map(|(path, why)| (path.as_str(), why.as_str()));
        let all: Vec<(&str, &str)> = undecided.chain(refused).collect();
        for (path, reason) in all.iter().take(MAX_FILE_FINDINGS) {
            let problem = Problem::new(Code::UndecidedFile, path);
            findings.push(problem.detail((*reason).to_owned()).into());
        }
        if let Some(rest) = all.len().checked_sub(MAX_FILE_FINDINGS).filter(|rest| *rest > 0) {
            let problem = Problem::new(Code::UndecidedFile, "");
            findings.push(problem.detail(format!("{rest} more files were not decided")).into());
        }
        findings
    }
}
