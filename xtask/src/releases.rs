//! `docs/releases.md`: the releases of `fixtures/releases`, in one table.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use pkg_core::model::kind::Kind;
use pkg_core::model::release::Evidence;
use pkg_core::openness::report::{Report, short};
use pkg_core::report::{ReportRequest, run as report};
use pkg_core::trust::judge::{Accepted, Judge};
use pkg_core::trust::root::RootChoice;

use crate::run;

/// Folders of the described releases, by name.
pub fn folders() -> Result<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(run::root().join("fixtures/releases"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("pkg.toml").exists())
        .collect();
    all.sort();
    Ok(all)
}

/// The page.
pub fn page() -> Result<String> {
    let mut page = String::from(
        "# Releases people argue about\n\n\
         Made from `fixtures/releases` by `cargo xtask docs`; do not edit. Each release is described from public\n\
         facts, with its sources; no file of it was checked, so every answer is *as stated*: what would hold if\n\
         what its publisher links and says is so. Clauses are those of the licence of the weights.\n\
         `pkg report fixtures/releases/NAME/pkg.toml` has the whole report. Not legal advice.\n\n",
    );
    let mut limits = String::from(
        "\n## Limits, with their clauses\n\n\
         | release | who may not, or from when | outputs, uses |\n|---|---|---|\n",
    );
    page.push_str(
        "| release | G7 label | terms of the weights | training code | training data | MOF | OSAID | OSD | EU 53(2) | FSF | Debian ML |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for folder in folders()? {
        let request = ReportRequest {
            target: folder.join("pkg.toml"),
            judge: Judge::new(Accepted::default(), RootChoice::default()),
            adopter: None,
            mot_compat: false,
        };
        let report =
            report(&request).map_err(|problem| anyhow!("{}: {problem}", folder.display()))?;
        row(&report, &mut page);
        limit(&report, &mut limits);
    }
    page.push_str(&limits);
    Ok(page)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn component(report: &Report, kind: Kind) -> String {
    let row = report.components.iter().find(|row| row.kind == kind);
    match row {
        None => "not said".to_owned(),
        Some(row) => match (row.evidence, &row.absent) {
            (Some(Evidence::Linked), _) => short(&row.terms.shown).to_owned(),
            (Some(_), _) => row.terms.shown.clone(),
            (None, Some(why)) => why.clone(),
            (None, None) => "absent".to_owned(),
        },
    }
}

fn row(report: &Report, page: &mut String) {
    let data: Vec<String> = report
        .data
        .iter()
        .map(|data| {
            let gone = data.withdrawn.as_deref().map(|day| format!(", **withdrawn {day}**"));
            let class =
                data.class.map_or("class not said", pkg_core::openness::definitions::class_name);
            format!("{} ({class}{})", data.name, gone.unwrap_or_default())
        })
        .collect();
    let data = if data.is_empty() { component(report, Kind::Datasets) } else { data.join("; ") };
    let answer = |id: &str| {
        report.definition(id).map_or_else(String::new, |it| it.as_stated.as_str().to_owned())
    };
    let words = |id: &str| {
        report.definition(id).map_or_else(String::new, |it| it.answer.replace(" (as stated)", ""))
    };
    let label = words("g7");
    let _ = writeln!(
        page,
        "| [{0}](../fixtures/releases/{0}/pkg.toml) | {1} | {2} | {3} | {4} | {5} | {6} | {7} | {8} | {9} | {10} |",
        report.name,
        cell(&label),
        cell(&component(report, Kind::ModelParametersFinal)),
        cell(&component(report, Kind::TrainingCode)),
        cell(&data),
        cell(&words("mof")),
        answer("osaid"),
        answer("osd"),
        answer("eu-53-2"),
        answer("fsf"),
        cell(&words("debian")),
    );
}

fn limit(report: &Report, page: &mut String) {
    if report.depends.is_empty() && report.may_not.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "| {} | {} | {} |",
        report.name,
        cell(&report.depends.join("; ")),
        cell(&report.may_not.join("; "))
    );
}
