//! Recording what a model puts out, for later comparison.
//!
//! The engine is a plugin's: pkg itself runs no model.

use std::path::PathBuf;

use pkg_plugin_sdk::Release;
use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, names};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx;
use crate::hash::Meter;
use crate::plugin::{Asked, Exposed, Request, Runner, told};

/// What to record.
#[derive(Debug, Clone)]
pub struct RecordRequest {
    /// Model folder, bundle or archive.
    pub target: PathBuf,
    /// Id of the plugin whose engine runs the model.
    pub plugin: String,
    /// What to ask of it.
    pub request: Request,
    /// File to write; `golden.json` in the folder unless given.
    pub output: Option<PathBuf>,
    /// Whether an existing file is replaced.
    pub force: bool,
}

/// What was recorded.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The file; none when nothing was recorded.
    pub output: Option<PathBuf>,
    /// The run.
    pub run: Asked,
}

/// Records golden outputs into a file.
pub fn record(
    request: &RecordRequest,
    runner: &Runner,
    meter: &Meter,
) -> Result<(Recorded, Vec<Finding>)> {
    let target = &request.target;
    let (plugin, trust, mut findings) = runner.admit(&request.plugin, None)?;
    if !runner.describe(&plugin)?.records {
        return Err(Problem::new(Code::PluginKind, &request.plugin).detail("it records nothing"));
    }
    let here = |name: &str| fsx::exists(&target.join(name));
    let plain =
        target.is_dir() && ![names::MANIFEST, "oci-layout", "index.json"].iter().any(|n| here(n));
    let (exposed, release) = if plain {
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let release = Release { name, ..Release::default() };
        (Exposed::plain(target, meter)?, release)
    } else {
        let loaded = bundle::load(target)?;
        (Exposed::release(&loaded)?, told(&loaded))
    };
    let output = match &request.output {
        Some(output) => output.clone(),
        None if plain => target.join("golden.json"),
        None => {
            return Err(Problem::new(Code::UsageError, target.display())
                .detail("a bundle does not change; say where the recording goes")
                .hint("Give `-o golden.json`, add it to the model folder and pack again."));
        }
    };
    if fsx::exists(&output) && !request.force {
        return Err(Problem::new(Code::OutputExists, output.display()));
    }
    let run = runner.ask((&plugin, trust), &request.request, release, &exposed, meter);
    findings.extend(run.findings(true));
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    if failed {
        return Ok((Recorded { output: None, run }, findings));
    }
    let [artifact] = run.artifacts.as_slice() else {
        return Err(Problem::new(Code::PluginNothingRecorded, &request.plugin)
            .detail(format!("it made {} documents, where one was expected", run.artifacts.len())));
    };
    fsx::replace_file(&output, artifact.text.as_bytes())?;
    Ok((Recorded { output: Some(output), run }, findings))
}
