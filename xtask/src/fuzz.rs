//! Fuzzing every parser: libFuzzer where it is, the stable driver where it is not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};

use crate::run;

/// Targets that run at the same time.
const AT_ONCE: usize = 2;

/// Longest input, in bytes.
const MAX_LEN: usize = 64 << 10;

/// Most memory of a target's process, in MiB: what its own counter does not see.
const MEMORY: usize = 2048;

/// Longest that one input may take, in seconds. A backstop: targets count their work.
const TIMEOUT: usize = 25;

/// Changed inputs of the stable driver for each second that was asked for.
const RUNS_PER_SECOND: u64 = 200;

/// How to fuzz.
#[derive(clap::Args)]
pub struct Args {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// This target only
    #[arg(long)]
    target: Option<String>,
    /// The stable driver, even where a nightly compiler and cargo-fuzz are
    #[arg(long)]
    stable: bool,
}

/// Runs the targets; an input that fails is an error that names it.
pub fn run(args: &Args) -> Result<()> {
    let nightly = !args.stable && has(&["+nightly", "--version"]) && has(&["fuzz", "--version"]);
    if nightly { libfuzzer(args) } else { stable(args) }
}

fn has(arguments: &[&str]) -> bool {
    // The plain name: the compiler is chosen by its first argument.
    Command::new("cargo").args(arguments).output().is_ok_and(|output| output.status.success())
}

fn stable(args: &Args) -> Result<()> {
    let runs = args.seconds.saturating_mul(RUNS_PER_SECOND);
    println!(
        "NO LIBFUZZER: cargo-fuzz or a nightly compiler is missing, or --stable was given.\n\
         The stable driver changes the corpus {runs} times for each target, without coverage."
    );
    let mut cargo = Command::new("cargo");
    cargo.current_dir(run::root()).env("PKG_FUZZ_RUNS", runs.to_string());
    if let Some(target) = &args.target {
        cargo.env("PKG_FUZZ_TARGET", target);
    }
    let status = cargo
        .args(["test", "--locked", "-p", "pkg-fuzz", "--tests", "--", "--nocapture"])
        .status()?;
    if !status.success() {
        bail!("an input fails; the lines above name it");
    }
    Ok(())
}

/// A target and the program that has it.
struct Target {
    program: String,
    name: String,
}

/// What libFuzzer says of a target at its end.
struct Ran {
    line: String,
    failed: bool,
}

fn libfuzzer(args: &Args) -> Result<()> {
    let root = run::root();
    let place = root.join("target/fuzz");
    fs::create_dir_all(place.join("logs"))?;
    let targets = targets(&root, &place.join("corpus"), args.target.as_deref())?;
    let build = root.join("target/fuzz-build");
    let shown = build.to_string_lossy().into_owned();
    run::succeed(Command::new("cargo").current_dir(root.join("tests/fuzz")).args([
        "+nightly",
        "fuzz",
        "build",
        "--fuzz-dir",
        "cargo",
        "--sanitizer",
        "none",
        "--target-dir",
        &shown,
    ]))?;
    let programs = programs(&build)?;
    let (next, lines) = (Mutex::new(targets.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let target = next.lock().ok().and_then(|mut next| next.next());
                let Some(target) = target else { return Ok(()) };
                let ran = one(&place, &programs, target, args.seconds)?;
                println!("{}", ran.line);
                if let Ok(mut lines) = lines.lock() {
                    lines.push(ran);
                }
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))?
        })
    })?;
    let lines = lines.into_inner().unwrap_or_default();
    let failed: Vec<&str> =
        lines.iter().filter(|ran| ran.failed).map(|ran| ran.line.as_str()).collect();
    println!("{} targets, {} of them with an input that fails", lines.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

/// The targets, with their corpus written.
fn targets(root: &Path, corpus: &Path, only: Option<&str>) -> Result<Vec<Target>> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root);
    cargo.args(["run", "--quiet", "--locked", "-p", "pkg-fuzz", "--example", "corpus", "--"]);
    let listed = run::succeed(cargo.arg(corpus))?;
    let targets: Vec<Target> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, name)| only.is_none_or(|only| only == *name))
        .map(|(program, name)| Target { program: program.to_owned(), name: name.to_owned() })
        .collect();
    if targets.is_empty() {
        bail!("there is no such target; there are:\n{listed}");
    }
    Ok(targets)
}

/// The folder with the programs that were built.
fn programs(build: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(build)? {
        let folder = entry?.path().join("release");
        if folder.join("core").is_file() {
            return Ok(folder);
        }
    }
    bail!("cargo-fuzz built no program in {}", build.display())
}

fn one(place: &Path, programs: &Path, target: &Target, seconds: u64) -> Result<Ran> {
    let Target { program, name } = target;
    let artifacts = place.join("artifacts").join(name);
    fs::create_dir_all(&artifacts)?;
    let log = place.join("logs").join(format!("{name}.txt"));
    let file = File::create(&log).with_context(|| log.display().to_string())?;
    let status = Command::new(programs.join(program))
        .env("PKG_FUZZ_TARGET", name)
        .arg(place.join("corpus").join(name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_LEN}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg(format!("-timeout={TIMEOUT}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let failed = !status.success();
    let mut line = summary(name, &said);
    if failed {
        let artifact = said.lines().find_map(|line| line.split_once("written to ")).map(|it| it.1);
        line.push_str(&format!(
            "  FAILS: {}, replay with PKG_FUZZ_TARGET={name} {} FILE; log {}",
            artifact.unwrap_or("no input was kept"),
            programs.join(program).display(),
            log.display()
        ));
    }
    Ok(Ran { line, failed })
}

/// Executions, coverage and corpus, out of what libFuzzer printed.
fn summary(name: &str, said: &str) -> String {
    let stat = |key: &str| {
        let line = said.lines().rev().find(|line| line.starts_with(key));
        line.and_then(|line| line.rsplit(' ').next()).unwrap_or("?").to_owned()
    };
    let last = said.lines().rev().find(|line| line.starts_with('#') && line.contains("cov: "));
    let word = |key: &str| {
        let mut words = last.unwrap_or_default().split_whitespace();
        words.find(|word| *word == key).and_then(|_| words.next()).unwrap_or("?").to_owned()
    };
    format!(
        "{name:<22} {:>9} runs  cov {:>6}  ft {:>6}  corpus {:>12}  rss {:>5} MiB",
        stat("stat::number_of_executed_units"),
        word("cov:"),
        word("ft:"),
        word("corp:"),
        stat("stat::peak_rss_mb")
    )
}
