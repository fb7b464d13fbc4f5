//! One run of a plugin over a release, and what it found.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use pkg_plugin_host::{Access, Confinement, Ending, Job, Limits};
use pkg_plugin_sdk::{
    Artifact, Check, Description, Device, Finding as Found, Kind, Material, Metric, Operation,
    Outcome, Release, Severity as Weight, SkipReason,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::files::Exposed;
use super::find::{Place, Plugin, Search};
use super::manifest::Manifest;
use super::trust::{Config, Trust};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;

/// Runs plugins as this caller wants it.
#[derive(Debug, Clone)]
pub struct Runner {
    /// A program that serves as a plugin's process when it is given `arguments`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where plugins are looked for.
    pub search: Search,
    /// Which may run.
    pub config: Config,
    /// Seconds by the clock, instead of the plugin's own limit.
    pub seconds: Option<u64>,
    /// Bytes of memory, instead of the plugin's own limit.
    pub memory: Option<u64>,
    /// Whether a plugin runs only where it can be confined completely.
    pub demand_confinement: bool,
}

/// What is asked of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// Where to run.
    pub device: Device,
    /// Threads to use; 0: as many as there are processors.
    pub threads: usize,
    /// Settings of the plugin.
    pub settings: Map<String, Value>,
}

impl Request {
    /// A request without settings.
    pub fn new(operation: Operation) -> Self {
        Self { operation, device: Device::default(), threads: 0, settings: Map::new() }
    }
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was looked at, and it holds.
    Passed,
    /// It holds, but somebody should look.
    Warned,
    /// It could not be decided. No pass.
    Inconclusive,
    /// It does not hold.
    Failed,
    /// It was not looked at. No pass.
    Skipped,
    /// The plugin did not do its work. No pass.
    Broken,
}

impl Verdict {
    /// The word used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Inconclusive => "inconclusive",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Broken => "broken",
        }
    }

    /// Whether it was looked at, and holds.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Passed | Self::Warned)
    }
}

/// Which plugin ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its library.
    pub sha256: String,
    /// Version of the interface it was built for.
    pub abi: String,
    /// How it was found.
    pub place: Place,
    /// Why it may run.
    pub trust: Trust,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The plugin.
    pub plugin: Identity,
    /// What it was asked to do.
    pub operation: Operation,
    /// Where it was asked to run.
    pub device: Device,
    /// How it went.
    pub verdict: Verdict,
    /// Why nothing was looked at, when it was skipped.
    pub reason: Option<SkipReason>,
    /// Why the plugin did not do its work, when it is broken.
    pub ending: Option<Ending>,
    /// The result in one line.
    pub summary: String,
    /// What was looked at.
    pub checks: Vec<Check>,
    /// What was found.
    pub findings: Vec<Found>,
    /// What was measured, with every sample.
    pub metrics: Vec<Metric>,
    /// Where it ran, as the plugin says.
    pub environment: BTreeMap<String, Value>,
    /// What the result depends on, by digest.
    pub materials: Vec<Material>,
    /// How the plugin's process was confined.
    pub confinement: Option<Confinement>,
    /// What the plugin logged and printed.
    pub log: Vec<String>,
    /// Documents that it made.
    #[serde(skip)]
    pub artifacts: Vec<Artifact>,
}

impl Runner {
    /// The plugin with this id, which must do what is asked of it; and why it may run.
    pub fn admit(&self, id: &str, wanted: Option<Kind>) -> Result<(Plugin, Trust, Vec<Finding>)> {
        let plugin = self.search.find(id)?;
        if let Some(wanted) = wanted
            && !plugin.manifest.kinds.contains(&wanted)
        {
            return Err(Problem::new(Code::PluginKind, id)
                .detail(format!("it does {}", kinds(&plugin.manifest.kinds))));
        }
        let (trust, findings) = self.config.admit(&plugin)?;
        Ok((plugin, trust, findings))
    }

    /// Runs a plugin over the files of a release.
    pub fn ask(
        &self,
        (plugin, trust): (&Plugin, Trust),
        request: &Request,
        release: Release,
        exposed: &Exposed,
        meter: &Meter,
    ) -> Asked {
        let manifest = &plugin.manifest;
        let limits = manifest.limits(exposed.bytes(), self.seconds, self.memory);
        let gpu = manifest.needs.gpu && request.device == Device::Gpu;
        let mut job = self.job(plugin.library(), &manifest.sha256, gpu, limits);
        job.access.read = exposed.places();
        let asked = pkg_plugin_sdk::Request {
            operation: request.operation,
            device: request.device,
            threads: request.threads,
            release,
            files: exposed.files.clone(),
            settings: request.settings.clone(),
        };
        // A plugin counts what it likes; what is shown is which part of the release that is.
        let bytes = exposed.bytes();
        meter.expect(bytes);
        let shown = std::sync::Mutex::new(0);
        let ran = pkg_plugin_host::run(&job, &asked, &|done, total| {
            let part = u128::from(bytes) * u128::from(done.min(total)) / u128::from(total.max(1));
            let part = u64::try_from(part).unwrap_or(bytes);
            if let Ok(mut shown) = shown.lock() {
                meter.add(part.saturating_sub(*shown));
                *shown = part.max(*shown);
            }
        });
        let shown = shown.into_inner().unwrap_or(bytes);
        meter.add(bytes - shown.min(bytes));
        let mut report = Asked {
            plugin: Identity {
                id: manifest.id.clone(),
                version: manifest.version.clone(),
                sha256: manifest.sha256.clone(),
                abi: format!("{}.{}", manifest.abi.major, manifest.abi.minor),
                place: plugin.place,
                trust,
            },
            operation: request.operation,
            device: request.device,
            verdict: Verdict::Broken,
            reason: None,
            ending: None,
            summary: String::new(),
            checks: Vec::new(),
            findings: Vec::new(),
            metrics: Vec::new(),
            environment: BTreeMap::new(),
            materials: Vec::new(),
            confinement: ran.confinement,
            log: ran.log,
            artifacts: Vec::new(),
        };
        match ran.outcome {
            Err(ending) => {
                report.summary = ending.to_string();
                report.ending = Some(ending);
            }
            Ok(reply) => {
                report.verdict = match reply.outcome {
                    Outcome::Passed => Verdict::Passed,
                    Outcome::Warned => Verdict::Warned,
                    Outcome::Inconclusive => Verdict::Inconclusive,
                    Outcome::Failed => Verdict::Failed,
                    Outcome::Skipped => Verdict::Skipped,
                };
                report.reason = reply.reason;
                report.summary = reply.summary;
                report.checks = reply.checks;
                report.findings = reply.findings;
                report.metrics = reply.metrics;
                report.environment = reply.environment;
                report.materials = reply.materials;
                report.artifacts = reply.artifacts;
            }
        }
        report
    }

    /// Asks a plugin what it is.
    pub fn describe(&self, plugin: &Plugin) -> Result<Description> {
        let Manifest { id, sha256, needs, .. } = &plugin.manifest;
        self.describe_library(id, plugin.library(), sha256, needs.gpu)
    }

    /// Asks a library what it is; `name` stands for it in problems.
    pub(super) fn describe_library(
        &self,
        name: &str,
        library: PathBuf,
        sha256: &str,
        gpu: bool,
    ) -> Result<Description> {
        let limits = Limits { seconds: 30, memory: 1 << 30 };
        let ran = pkg_plugin_host::describe(&self.job(library, sha256, gpu, limits));
        ran.outcome.map_err(|ending| broken(name, &ending))
    }

    fn job(&self, library: PathBuf, sha256: &str, gpu: bool, limits: Limits) -> Job {
        Job {
            program: self.program.clone(),
            arguments: self.arguments.clone(),
            library,
            sha256: sha256.to_ascii_lowercase(),
            access: Access { read: Vec::new(), gpu },
            limits,
            demand_confinement: self.demand_confinement,
        }
    }
}

/// What plugins do, in words.
pub fn kinds(kinds: &[Kind]) -> String {
    let names: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            Kind::Verify => "verify",
            Kind::Benchmark => "benchmark",
        })
        .collect();
    names.join(" and ")
}

/// The problem that stands for an ending.
fn broken(id: &str, ending: &Ending) -> Problem {
    let code = match ending {
        Ending::Refused { .. } => Code::PluginRefused,
        Ending::Panicked { .. } => Code::PluginPanicked,
        Ending::Crashed { .. } => Code::PluginCrashed,
        Ending::TimedOut { .. } => Code::PluginTimedOut,
        Ending::MemoryLimit { .. } => Code::PluginMemory,
        Ending::NoReply { .. } => Code::PluginNoReply,
        Ending::WrongAbi { .. } => Code::PluginWrongAbi,
        Ending::MissingSymbol { .. } => Code::PluginMissingSymbol,
        Ending::NotLoadable { .. } => Code::PluginNotLoadable,
        Ending::OtherLibrary { .. } => Code::PluginOtherLibrary,
        Ending::BadReply { .. } => Code::PluginBadReply,
        Ending::NotConfined { .. } => Code::PluginNotConfined,
        Ending::NotStarted { .. } => Code::PluginNotStarted,
    };
    Problem::new(code, id).detail(ending.to_string())
}

/// Most findings of a plugin that are told one by one.
const MAX_TOLD: usize = 100;

impl Asked {
    /// What the run means for the caller; `required` says whether a skip counts.
    pub fn findings(&self, required: bool) -> Vec<Finding> {
        let id = &self.plugin.id;
        let mut told = Vec::new();
        if let Some(confinement) = self.confinement.filter(|confinement| !confinement.is_full()) {
            let detail = format!(
                "files: {:?}, system calls: {:?}",
                confinement.landlock, confinement.seccomp
            );
            told.push(Problem::new(Code::PluginConfinement, id).detail(detail).into_finding());
        }
        for found in self.findings.iter().take(MAX_TOLD) {
            told.push(self.finding(found));
        }
        if let Some(ending) = &self.ending {
            told.push(broken(id, ending).into_finding());
        }
        let (code, outcome) = match self.verdict {
            Verdict::Passed | Verdict::Broken => return told,
            Verdict::Warned => (Code::PluginWarned, Outcome::Warned),
            Verdict::Inconclusive => (Code::PluginInconclusive, Outcome::Inconclusive),
            Verdict::Failed => (Code::PluginFailed, Outcome::Failed),
            Verdict::Skipped => {
                let code = if required { Code::PluginSkippedRequired } else { Code::PluginSkipped };
                let reason = self.reason.map(reason_name).unwrap_or_default();
                let detail = format!("skipped: {reason}: {}", self.summary);
                told.push(Problem::new(code, id).detail(detail).into_finding());
                return told;
            }
        };
        let checks = self.checks.iter().filter(|check| check.outcome == outcome);
        let checks: Vec<String> = checks
            .map(|check| match &check.detail {
                Some(detail) => format!("{}: {detail}", check.name),
                None => check.name.clone(),
            })
            .take(MAX_TOLD)
            .collect();
        // What was found says it already; the checks say it where nothing was found.
        let weight = code.severity();
        if checks.is_empty() && told.iter().any(|finding| finding.severity == weight) {
            return told;
        }
        let detail = if checks.is_empty() { self.summary.clone() } else { checks.join("; ") };
        told.push(Problem::new(code, id).detail(detail).into_finding());
        told
    }

    fn finding(&self, found: &Found) -> Finding {
        let code = match found.severity {
            Weight::Note => Code::PluginNoted,
            Weight::Warning => Code::PluginWarned,
            Weight::Error if self.verdict == Verdict::Inconclusive => Code::PluginInconclusive,
            Weight::Error => Code::PluginFailed,
        };
        let subject = match &found.file {
            Some(file) => format!("{}: {file}", self.plugin.id),
            None => self.plugin.id.clone(),
        };
        let mut finding = Problem::new(code, subject)
            .detail(format!("{}: {}", found.code, found.detail))
            .into_finding();
        finding.severity = match found.severity {
            Weight::Note => Severity::Note,
            Weight::Warning => Severity::Warning,
            Weight::Error => Severity::Error,
        };
        finding
    }
}

/// The name of a reason, as it is written.
pub fn reason_name(reason: SkipReason) -> String {
    let name = serde_json::to_value(reason).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Reads settings written as NAME=VALUE; what reads as JSON is that, the rest is text.
pub fn settings(given: &[String]) -> Result<Map<String, Value>> {
    let mut settings = Map::new();
    for text in given {
        let (name, value) =
            text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                Problem::new(Code::PluginSetting, text).detail("it is not NAME=VALUE")
            })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        if settings.insert(name.to_owned(), value).is_some() {
            return Err(Problem::new(Code::PluginSetting, name).detail("it is set twice"));
        }
    }
    Ok(settings)
}
