//! Which lines the tests run: of the library, of plugins, and of the `pkg` that black-box tests
//! start.
//!
//! Only packages of this repository are instrumented. A process that is killed writes nothing,
//! so lines that only such a process ran count as not run; so do those of a confined plugin,
//! which may not write files. Files of tests are left out; tests inside other files count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{TARGET, cargo};
use crate::run;

/// Options of `cargo xtask coverage`.
#[derive(clap::Args)]
pub struct Args {
    /// What `cargo test` is given; everything in the workspace unless said
    #[arg(last = true, value_name = "ARGUMENT")]
    tests: Vec<String>,
    /// Write the figures for each file here as well, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Lines that were run, and lines there are.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
struct Lines {
    run: u64,
    all: u64,
}

impl Lines {
    fn add(&mut self, other: Self) {
        self.run += other.run;
        self.all += other.all;
    }

    /// In hundredths; of nothing, all.
    fn percent(self) -> f64 {
        if self.all == 0 {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 lines")]
        let (run, all) = (self.run as f64, self.all as f64);
        run * 100.0 / all
    }
}

/// Runs the tests and prints the table.
pub fn run(args: &Args) -> Result<()> {
    let (profdata, cov) = tools()?;
    let folder = run::root().join("target/coverage");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("raw"))?;
    let wrapper = folder.join("rustc");
    fs::write(&wrapper, "#!/bin/sh\nexec \"$@\" -Cinstrument-coverage\n")?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    let prepared = |command: &mut Command| {
        // Numbers are added up in a few files for each program, not in one for each process.
        command.env("LLVM_PROFILE_FILE", folder.join("raw/%8m.profraw"));
        command.env("RUSTC_WORKSPACE_WRAPPER", &wrapper).env("CARGO_INCREMENTAL", "0");
    };
    let all = ["--workspace".to_owned()];
    let what = if args.tests.is_empty() { all.as_slice() } else { &args.tests };
    let mut build = cargo();
    // What `--` gives to the test programs has no place here.
    let for_cargo = what.iter().take_while(|word| *word != "--");
    build.args(["test", "--locked", "--no-run", "--message-format", "json"]).args(for_cargo);
    prepared(&mut build);
    let mut programs = programs(&run::succeed(&mut build)?);
    let mut test = cargo();
    test.args(["test", "--locked", "--no-fail-fast"]).args(what);
    prepared(&mut test);
    let passed = test.status().context("cargo does not start")?.success();
    programs.extend(started(&programs));
    let data = merge(&profdata, &folder)?;
    let report = export(&cov, &data, &programs)?;
    let files = lines(&report, &run::root())?;
    ensure!(!files.is_empty(), "no line of this repository is in the report");
    if let Some(path) = &args.json {
        let list: BTreeMap<_, _> = files
            .iter()
            .map(|(name, lines)| (name, serde_json::json!({"run": lines.run, "all": lines.all})))
            .collect();
        fs::write(path, format!("{:#}\n", serde_json::json!(list)))?;
    }
    print(&files);
    fs::remove_dir_all(&folder)?;
    ensure!(passed, "some tests failed: the figures are of a run that did not pass");
    Ok(())
}

/// `llvm-profdata` and `llvm-cov` of this toolchain, or of another with the same LLVM.
fn tools() -> Result<(PathBuf, PathBuf)> {
    let says = |args: &[&str]| run::succeed(Command::new("rustc").args(args));
    let sysroot = PathBuf::from(says(&["--print", "sysroot"])?.trim());
    let version = says(&["-vV"])?;
    let llvm = version.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    let major = llvm.and_then(|text| text.split('.').next()).context("rustc says no LLVM")?;
    let mut roots = vec![sysroot.clone()];
    if let Some(others) = sysroot.parent().and_then(|folder| fs::read_dir(folder).ok()) {
        let mut others: Vec<PathBuf> =
            others.filter_map(|entry| Some(entry.ok()?.path())).collect();
        others.sort();
        roots.extend(others);
    }
    for root in roots {
        let folder = root.join("lib/rustlib").join(TARGET).join("bin");
        let (profdata, cov) = (folder.join("llvm-profdata"), folder.join("llvm-cov"));
        if !(profdata.exists() && cov.exists()) {
            continue;
        }
        let version = run::succeed(Command::new(&cov).arg("--version"))?;
        if version.contains(&format!("LLVM version {major}.")) {
            return Ok((profdata, cov));
        }
    }
    bail!("no llvm-cov of LLVM {major}: rustup component add llvm-tools")
}

/// The test programs that cargo says it built.
fn programs(messages: &str) -> BTreeSet<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect()
}

/// What the black-box tests start: the program and the plugins, beside the folder of the tests.
fn started(programs: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let profile = programs.iter().find_map(|path| {
        path.parent().filter(|folder| folder.ends_with("deps")).and_then(Path::parent)
    });
    let Some(entries) = profile.and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "pkg" || (name.starts_with("libpkg_") && name.ends_with(".so"))
        })
        .collect()
}

/// Adds up what the processes wrote.
fn merge(profdata: &Path, folder: &Path) -> Result<PathBuf> {
    let (raw, data) = (folder.join("raw"), folder.join("all.profdata"));
    let mut parts = Vec::new();
    for entry in fs::read_dir(&raw)? {
        let path = entry?.path();
        // One that was killed while it wrote leaves an empty file.
        if path.metadata()?.len() > 0 {
            parts.push(path);
        }
    }
    ensure!(!parts.is_empty(), "no test wrote what it ran");
    let list = folder.join("list");
    let names: Vec<String> = parts.iter().map(|path| path.display().to_string()).collect();
    fs::write(&list, names.join("\n"))?;
    let mut command = Command::new(profdata);
    command.args(["merge", "--sparse", "--failure-mode=all", "--input-files"]).arg(&list);
    run::succeed(command.arg("--output").arg(&data))?;
    Ok(data)
}

fn export(cov: &Path, data: &Path, programs: &BTreeSet<PathBuf>) -> Result<Value> {
    let mut command = Command::new(cov);
    command.args(["export", "--summary-only", "--instr-profile"]).arg(data);
    for program in programs {
        command.arg("--object").arg(program);
    }
    Ok(serde_json::from_str(&run::succeed(&mut command)?)?)
}

/// The lines of each file of the repository, without those of tests.
fn lines(report: &Value, root: &Path) -> Result<BTreeMap<String, Lines>> {
    let files = report["data"][0]["files"].as_array().context("llvm-cov lists no file")?;
    let mut found = BTreeMap::new();
    for file in files {
        let name = file["filename"].as_str().context("a file without a name")?;
        // Cargo names files from the root of the workspace.
        let name = name.strip_prefix(&format!("{}/", root.display())).unwrap_or(name);
        if name.starts_with('/') || is_test(name) {
            continue;
        }
        let count = |field: &str| {
            file["summary"]["lines"][field].as_u64().context("a file without its lines")
        };
        found.insert(name.to_owned(), Lines { run: count("covered")?, all: count("count")? });
    }
    Ok(found)
}

/// Whether a file is there for tests only.
fn is_test(name: &str) -> bool {
    let folder = name.split('/').any(|part| part == "tests" || part == "examples");
    folder || name.ends_with("tests.rs") || name.ends_with("_tests.rs") || name.starts_with("xtask")
}

/// What a file counts for: a module of `core`, or a package.
fn room(name: &str) -> String {
    let mut parts = name.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("core"), Some("src"), Some(module)) => {
            format!("core/src/{}", module.strip_suffix(".rs").unwrap_or(module))
        }
        (Some(first), Some(second), Some(_)) => format!("{first}/{second}"),
        _ => name.to_owned(),
    }
}

fn print(files: &BTreeMap<String, Lines>) {
    let mut rooms: BTreeMap<String, Lines> = BTreeMap::new();
    let mut total = Lines::default();
    for (name, lines) in files {
        rooms.entry(room(name)).or_default().add(*lines);
        total.add(*lines);
    }
    println!("| module | lines | run | % |\n|---|---|---|---|");
    for (name, lines) in rooms {
        println!("| {name} | {} | {} | {:.1} |", lines.all, lines.run, lines.percent());
    }
    println!("| **all** | {} | {} | {:.1} |", total.all, total.run, total.percent());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_module_without_tests() {
        let file = |name: &str, count: u64, covered: u64| {
            serde_json::json!({
                "filename": name,
                "summary": {"lines": {"count": count, "covered": covered}},
            })
        };
        let report = serde_json::json!({"data": [{"files": [
            file("/r/core/src/trust/key.rs", 10, 5),
            file("core/src/trust/mod.rs", 10, 10),
            file("/r/core/src/trust/tests.rs", 100, 100),
            file("/r/tests/src/lib.rs", 100, 100),
            file("/elsewhere/core/src/lib.rs", 100, 100),
            file("/r/plugins/sdk/src/entry.rs", 4, 3),
        ]}]});
        let found = lines(&report, Path::new("/r")).unwrap();
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        let expected =
            ["core/src/trust/key.rs", "core/src/trust/mod.rs", "plugins/sdk/src/entry.rs"];
        assert_eq!(names, expected);
        assert_eq!(room(names[0]), "core/src/trust");
        assert_eq!(room("core/src/push.rs"), "core/src/push");
        assert_eq!(room(names[2]), "plugins/sdk");
        assert!((found[names[0]].percent() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_report_of_another_form_is_refused() {
        for report in [serde_json::json!({}), serde_json::json!({"data": [{"files": [{}]}]})] {
            assert!(lines(&report, Path::new("/r")).is_err());
        }
        let one = serde_json::json!({"data": [{"files": [{"filename": "core/src/a.rs"}]}]});
        assert!(lines(&one, Path::new("/r")).is_err());
    }

    #[test]
    fn programs_are_read_from_what_cargo_says() {
        let text = "{\"reason\":\"x\"}\nnoise\n{\"executable\":\"/t/deps/a-1\"}\n\
                    {\"executable\":null}";
        assert_eq!(programs(text), BTreeSet::from([PathBuf::from("/t/deps/a-1")]));
    }
}
