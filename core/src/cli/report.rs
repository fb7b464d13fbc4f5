//! `pkg report`: arguments, function and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Render, Reply, printable, table};
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::openness::mof::{self, Mot, Own, Rating, State};

/// Arguments of `pkg report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Description of a release in the YAML of the Model Openness Framework
    pub target: PathBuf,
    /// Answer exactly as the Model Openness Tool does
    #[arg(long)]
    pub mot_compat: bool,
}

/// What is known of a release.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportResult {
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Who made it, as stated.
    pub producer: String,
    /// By the Model Openness Framework.
    pub mof: Rating,
}

/// Runs the command.
pub(super) fn run(args: &ReportArgs) -> Result<Reply> {
    let subject = args.target.display().to_string();
    let ending = args.target.extension().and_then(|ending| ending.to_str());
    if !matches!(ending, Some("yml" | "yaml")) {
        return Err(Problem::new(Code::UsageError, &subject)
            .detail("only descriptions in YAML (`.yml`, `.yaml`) can be reported on by now"));
    }
    let bytes = fsx::read_given(&args.target, mof::MAX_FILE)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::MofInvalid, &subject).detail("it is not UTF-8").source(error)
    })?;
    let description = mof::read(&text, &subject)?;
    let mof =
        if args.mot_compat { mof::rate(&description, &Mot) } else { mof::rate(&description, &Own) };
    let result = ReportResult {
        name: description.name,
        version: description.version,
        producer: description.producer,
        mof,
    };
    Ok(Reply::new("report", Exit::Ok, Vec::new(), &result)?.with_result_on_top())
}

impl Render for ReportResult {
    fn render(&self, page: &mut String) {
        let mof = &self.mof;
        let title = format!("{} {}", printable(&self.name), printable(&self.version));
        let _ = writeln!(page, "{} (as described, nothing was checked)", title.trim());
        let _ = writeln!(page, "MOF     {}", mof.label);
        let parts: Vec<String> = mof
            .progress
            .iter()
            .rev()
            .map(|(class, part)| format!("class {class}: {part:.0} %"))
            .collect();
        let _ = writeln!(page, "        {}", parts.join(", "));
        if let Some((class, lacking)) = mof.next() {
            let names: Vec<&str> = lacking.iter().map(|kind| kind.as_str()).collect();
            let _ = writeln!(page, "missing for class {class}: {}", names.join(", "));
        }
        let rows: Vec<Vec<String>> = mof
            .components
            .iter()
            .filter(|rated| rated.state != State::Missing)
            .map(|rated| {
                let state = match rated.state {
                    State::Included => "open terms",
                    State::NotOpen => "terms not open",
                    State::Unknown => "terms not known",
                    State::Unlicensed => "no terms",
                    State::Missing => "missing",
                };
                let licence = rated.licence.as_deref().map(printable).unwrap_or_default();
                vec![rated.kind.to_string(), state.to_owned(), licence]
            })
            .collect();
        table(&rows, page);
        if !mof.not_type_appropriate.is_empty() {
            let ids: Vec<String> = mof.not_type_appropriate.iter().map(u8::to_string).collect();
            let _ = writeln!(page, "open, but written for other things: {}", ids.join(", "));
        }
    }
}
