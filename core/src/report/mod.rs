//! Reading a release, wherever it is, and reporting on what is open about it.

mod card;
mod data;
pub(crate) mod describe;
pub(crate) mod packed;
mod tags;

use std::path::{Path, PathBuf};

use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::model::spec::FILE_NAME;
use crate::openness::adopter::{self, Adopter};
use crate::openness::mof::{self, Description};
use crate::openness::report::{self, Report};
use crate::openness::subject::Subject;
use crate::registry;
use crate::trust::judge::Judge;

/// Largest file that describes an adopter, in bytes.
const MAX_ADOPTER: u64 = 64 << 10;

/// Reads what an adopter says: a TOML file if there is one of that name, otherwise
/// `key=value` pairs.
pub fn read_adopter(text: &str) -> Result<Adopter> {
    let path = Path::new(text);
    if text.contains('=') && !path.exists() {
        return adopter::parse(text, "--adopter", true);
    }
    let bytes = fsx::read_given(path, MAX_ADOPTER).map_err(Problem::given)?;
    let content = String::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::AdopterInvalid, text).detail("it is not UTF-8").source(error)
    })?;
    adopter::parse(&content, text, false)
}

/// A release as it was read.
#[derive(Debug)]
pub struct Read {
    /// What is known of it.
    pub subject: Subject,
    /// What reading it found.
    pub findings: Vec<Finding>,
    /// The description, where it is in the framework's YAML.
    pub mof: Option<Description>,
}

/// Reads a bundle, an archive, a release in a registry, an unpacked folder, a folder with a `pkg.toml`, a
/// `pkg.toml`, a description in YAML, a model card, or a description of a data
/// set (Croissant).
pub fn read(target: &Path, judge: &Judge) -> Result<Read> {
    let name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if registry::is_reference(target) {
        return packed::read(target, judge);
    }
    let ending = target.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_folder = target.is_dir();
    if is_folder && !is_bundle(target) && target.join(FILE_NAME).exists() {
        return describe::folder(target);
    }
    match (is_folder, name, ending) {
        (false, FILE_NAME, _) | (false, _, "toml") => describe::spec(target),
        (false, _, "yml" | "yaml") => describe::mof(target),
        (false, _, "md" | "markdown") => card::read(target),
        (false, _, "json" | "jsonld") => describe::data_set(target),
        _ => packed::read(target, judge),
    }
}

/// Whether a folder is a layout, or was unpacked from one.
fn is_bundle(folder: &Path) -> bool {
    folder.join("oci-layout").exists() || folder.join(crate::bundle::names::MANIFEST).exists()
}

/// What to report on, and for whom.
#[derive(Debug)]
pub struct ReportRequest {
    /// What is reported on.
    pub target: PathBuf,
    /// Whose signatures count.
    pub judge: Judge,
    /// Who asks.
    pub adopter: Option<Adopter>,
    /// Whether to answer exactly as the Model Openness Tool.
    pub mot_compat: bool,
}

/// Reports on a release.
pub fn run(request: &ReportRequest) -> Result<Report> {
    request.judge.prepare()?;
    let read = read(&request.target, &request.judge)?;
    let mut report = report::report(&read.subject, request.adopter.as_ref(), read.findings);
    match (&read.mof, request.mot_compat) {
        (Some(description), true) => report.mof = mof::rate(description, &mof::Mot),
        (Some(description), false) => report.mof = mof::rate(description, &mof::Own),
        (None, true) => {
            return Err(Problem::new(Code::UsageError, request.target.display())
                .detail("only descriptions in the framework's YAML are rated by its tool")
                .hint(
                    "Write one with `pkg report TARGET --format mof`, or leave `--mot-compat` out.",
                ));
        }
        (None, false) => {}
    }
    report.findings.extend(answer_findings(&report, &request.target));
    Ok(report)
}

/// What the answer to the adopter means for the exit code.
pub fn answer_findings(report: &Report, target: &Path) -> Option<Finding> {
    let answer = report.answer.as_ref()?;
    let code = match answer.outcome {
        adopter::Outcome::Permitted => return None,
        adopter::Outcome::Denied => Code::AdopterDenied,
        adopter::Outcome::Unknown => Code::AdopterUnknown,
    };
    let detail = format!("{} ({})", answer.sentence, answer.caveat);
    Some(Problem::new(code, target.display()).detail(detail).into_finding())
}
