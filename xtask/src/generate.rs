//! Files made from code: schemas, man pages, completions, tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum as _;
use pkg_core::exit::Exit;
use pkg_core::finding::{Code, Severity};
use schemars::schema_for;

use crate::run;

/// Writes the files of one folder, or checks that they are what would be written.
///
/// `owned` says which other files of the folder are stale if they are there.
fn write(
    folder: &str,
    files: &BTreeMap<String, Vec<u8>>,
    owned: impl Fn(&str) -> bool,
    check: bool,
) -> Result<()> {
    let folder = run::root().join(folder);
    let mut wrong = Vec::new();
    if !check {
        fs::create_dir_all(&folder)?;
    }
    for (name, content) in files {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|there| there == *content) {
            continue;
        }
        wrong.push(path.display().to_string());
        if !check {
            fs::write(&path, content)?;
        }
    }
    for name in stale(&folder, files, owned)? {
        wrong.push(folder.join(&name).display().to_string());
        if !check {
            fs::remove_file(folder.join(&name))?;
        }
    }
    match (check, wrong.is_empty()) {
        (_, true) => println!("{}: up to date", folder.display()),
        (false, false) => println!("changed {}", wrong.join(", ")),
        (true, false) => {
            bail!("not up to date: {}; run this task without --check", wrong.join(", "))
        }
    }
    Ok(())
}

fn stale(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    owned: impl Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if owned(&name) && !files.contains_key(&name) {
                stale.push(name);
            }
        }
    }
    Ok(stale)
}

/// `schemas/*.schema.json`.
pub fn schemas(check: bool) -> Result<()> {
    let mut files = BTreeMap::new();
    for (name, schema) in pkg_core::cli::schemas() {
        let text = serde_json::to_string_pretty(&schema)?;
        files.insert(format!("{name}.schema.json"), format!("{text}\n").into_bytes());
    }
    // What a plugin reads and writes is no document of pkg itself.
    let golden = serde_json::to_string_pretty(&schema_for!(pkg_cuda_smoke::golden::Golden))?;
    files.insert("golden.schema.json".to_owned(), format!("{golden}\n").into_bytes());
    write("schemas", &files, |name| name.ends_with(".schema.json"), check)
}

/// `docs/man/*.1`.
pub fn man(check: bool) -> Result<()> {
    let mut files = BTreeMap::new();
    let mut root = pkg_core::cli::command();
    root.build();
    render_man(&root, "pkg", &mut files)?;
    write("docs/man", &files, |name| name.ends_with(".1"), check)
}

/// The page of a command, and those of the commands below it.
fn render_man(
    command: &clap::Command,
    title: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(title.to_uppercase()).render(&mut page)?;
    files.insert(format!("{title}.1"), page);
    let shown = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    for below in command.get_subcommands().filter(shown) {
        render_man(below, &format!("{title}-{}", below.get_name()), files)?;
    }
    Ok(())
}

/// `docs/completions/*`.
pub fn completions(check: bool) -> Result<()> {
    let mut files = BTreeMap::new();
    for shell in clap_complete::Shell::value_variants() {
        let mut text = Vec::new();
        clap_complete::generate(*shell, &mut pkg_core::cli::command(), "pkg", &mut text);
        files.insert(format!("pkg.{shell}"), text);
    }
    write("docs/completions", &files, |name| name.starts_with("pkg."), check)
}

/// `docs/exit-codes.md`, `docs/findings.md` and `docs/releases.md`.
pub fn docs(check: bool) -> Result<()> {
    let made = "Made from the code by `cargo xtask docs`; do not edit.";
    let mut exits = format!("# Exit codes\n\n{made}\n\n| code | meaning |\n|---|---|\n");
    for exit in Exit::ALL {
        let _ = writeln!(exits, "| {} | {} |", exit.code(), exit.meaning());
    }
    let mut findings = format!(
        "# Findings\n\n{made}\n\nThe exit code is that of a run which the finding ends. About somebody's\n\
         bundle (`sign`, `verify`, `show`, `unpack`) it can differ, given after the slash.\n\n\
         | code | severity | exit | meaning | next |\n|---|---|---|---|---|\n"
    );
    for code in Code::ALL {
        let severity = match code.severity() {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let (own, bundle) = (code.exit().code(), code.exit_about_bundle().code());
        let exit = if own == bundle { own.to_string() } else { format!("{own} / {bundle}") };
        let (meaning, remedy) = (code.meaning(), code.remedy());
        let _ = writeln!(findings, "| `{code}` | {severity} | {exit} | {meaning} | {remedy} |");
    }
    let files = BTreeMap::from([
        ("exit-codes.md".to_owned(), exits.into_bytes()),
        ("findings.md".to_owned(), findings.into_bytes()),
        ("releases.md".to_owned(), crate::releases::page()?.into_bytes()),
    ]);
    write("docs", &files, |_| false, check)
}
