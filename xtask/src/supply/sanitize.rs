//! The parts with `unsafe`, and the code in C, under programs that see wrong memory accesses:
//! Miri, and the sanitizers of address and threads.
//!
//! All of it needs a nightly compiler. What cannot be run is said to be skipped, and the task
//! fails unless that was allowed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::TARGET;
use crate::run;

/// Options of `cargo xtask sanitize`.
#[derive(clap::Args)]
pub struct Args {
    /// Run the steps whose name contains this; all of them unless given
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Succeed though something could not be run
    #[arg(long)]
    allow_skip: bool,
    /// Folder to build in
    #[arg(long, value_name = "FOLDER")]
    target_dir: Option<PathBuf>,
    /// Show the steps and run none
    #[arg(long)]
    list: bool,
}

/// The program that watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Watcher {
    /// An interpreter: sees every undefined behaviour, runs no code in C and no vector instructions
    /// it does not know.
    Miri,
    /// Sees reads and writes outside what was allocated. Code in C is not instrumented: of it,
    /// what goes through the allocator and the functions of libc is seen, and leaks.
    Address,
    /// Sees data races.
    Thread,
}

/// One run of tests.
struct Step {
    name: &'static str,
    watcher: Watcher,
    /// Folder of the package; a package that is not there is not run.
    folder: &'static str,
    /// What `cargo test` is given.
    args: &'static [&'static str],
}

const STEPS: [Step; 8] = [
    Step {
        name: "miri: both sides of the plugin interface",
        watcher: Watcher::Miri,
        folder: "plugins/host",
        args: &["--package", "pkg-plugin-host", "--lib", "load::"],
    },
    Step {
        name: "miri: kernels, paths without instructions of their own",
        watcher: Watcher::Miri,
        folder: "core/kernels",
        args: &["--package", "pkg-kernels", "--lib"],
    },
    Step {
        name: "address: kernels",
        watcher: Watcher::Address,
        folder: "core/kernels",
        args: &["--package", "pkg-kernels"],
    },
    Step {
        name: "address: both sides of the plugin interface, headers and frames",
        watcher: Watcher::Address,
        folder: "plugins/host",
        args: &["--package", "pkg-plugin-host", "--package", "pkg-plugin-sdk", "--lib"],
    },
    Step {
        name: "address: vector code of cuda-smoke",
        watcher: Watcher::Address,
        folder: "plugins/cuda-smoke",
        args: &["--package", "pkg-plugin-cuda-smoke", "--lib"],
    },
    Step {
        name: "address: zstd, through tars and parts",
        watcher: Watcher::Address,
        folder: "core",
        args: &["--package", "pkg", "--lib", "bundle::"],
    },
    Step {
        name: "address: libgit2, through repositories",
        watcher: Watcher::Address,
        folder: "core",
        args: &["--package", "pkg", "--lib", "git::"],
    },
    Step {
        name: "thread: hashing on several threads",
        watcher: Watcher::Thread,
        folder: "core",
        args: &["--package", "pkg", "--lib", "hash::"],
    },
];

/// The entry of a plugin leaves the payload of a panic alone on purpose: dropping it could
/// panic again.
const KNOWN_LEAKS: &str = "leak:pkg_plugin_sdk::entry::run_entry\n";

/// How a step ended.
#[derive(PartialEq, Eq, Debug)]
enum End {
    Clean(u64),
    Failed,
    Skipped(String),
}

/// Runs the steps.
pub fn run(args: &Args) -> Result<()> {
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|step| args.only.as_ref().is_none_or(|text| step.name.contains(text.as_str())))
        .collect();
    ensure!(!chosen.is_empty(), "no step has this in its name; see --list");
    if args.list {
        for step in chosen {
            println!("{}: {}", step.name, step.args.join(" "));
        }
        return Ok(());
    }
    let target = args.target_dir.clone().unwrap_or_else(|| run::root().join("target/sanitize"));
    let (mut failed, mut skipped) = (Vec::new(), 0);
    for step in &chosen {
        let end = run_step(step, &target)?;
        match &end {
            End::Clean(count) => println!("clean {} ({count} tests)", step.name),
            End::Failed => println!("FAIL {}", step.name),
            End::Skipped(why) => println!("SKIPPED {}: {why}", step.name),
        }
        match end {
            End::Clean(_) => {}
            End::Failed => failed.push(step.name),
            End::Skipped(_) => skipped += 1,
        }
    }
    println!("{} steps, {} failed, {skipped} skipped", chosen.len(), failed.len());
    ensure!(failed.is_empty(), "failed: {}", failed.join("; "));
    if skipped > 0 && !args.allow_skip {
        bail!("{skipped} steps were skipped; --allow-skip accepts that");
    }
    Ok(())
}

/// Whether the nightly toolchain has what a step needs; why not, otherwise.
fn missing(watcher: Watcher) -> Option<String> {
    let nightly = nightly("rustc").args(["--print", "sysroot"]).output();
    let sysroot = match nightly {
        Ok(output) if output.status.success() => {
            PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
        }
        _ => return Some("there is no nightly toolchain".to_owned()),
    };
    let needed = match watcher {
        Watcher::Miri => "bin/cargo-miri",
        // The standard library is built anew for it: a race with code that is not watched is not
        // seen, or seen where there is none.
        Watcher::Thread => "lib/rustlib/src/rust/library/std/Cargo.toml",
        Watcher::Address => return None,
    };
    let there = sysroot.join(needed).exists();
    (!there).then(|| format!("the nightly toolchain has no {needed}"))
}

/// A program of the nightly toolchain, by rustup's own stand-in.
fn nightly(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(run::root()).env("RUSTUP_TOOLCHAIN", "nightly");
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    // What calls this was started by the cargo of another toolchain, which is first in the path.
    let path = std::env::var("PATH").unwrap_or_default();
    let parts: Vec<&str> = path.split(':').filter(|part| !part.contains("/toolchains/")).collect();
    command.env("PATH", parts.join(":"));
    command
}

fn run_step(step: &Step, target: &std::path::Path) -> Result<End> {
    if !run::root().join(step.folder).join("Cargo.toml").exists() {
        return Ok(End::Skipped(format!("{} is not there", step.folder)));
    }
    if let Some(why) = missing(step.watcher) {
        return Ok(End::Skipped(why));
    }
    println!("== {}", step.name);
    let mut command = nightly("cargo");
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_TERM_COLOR", "never");
    match step.watcher {
        Watcher::Miri => {
            command.args(["miri", "test", "--locked"]);
            // Time and files of the machine, which tests ask for; leaks as in `KNOWN_LEAKS`.
            command.env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-ignore-leaks");
            command.env("PROPTEST_CASES", "8");
        }
        Watcher::Address | Watcher::Thread => {
            command.args(["test", "--locked", "--target", TARGET]);
            let name = if step.watcher == Watcher::Address { "address" } else { "thread" };
            command.env("RUSTFLAGS", format!("-Zsanitizer={name}"));
            if step.watcher == Watcher::Thread {
                command.arg("-Zbuild-std");
            } else {
                command.env("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1");
                fs::create_dir_all(target)?;
                let known = target.join("known-leaks");
                fs::write(&known, KNOWN_LEAKS)?;
                command.env("LSAN_OPTIONS", format!("suppressions={}", known.display()));
            }
        }
    }
    command.args(step.args).env("CARGO_TARGET_DIR", target.join(format!("{:?}", step.watcher)));
    let output = command.output().context("cargo of the nightly toolchain does not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        print!("{text}{errors}");
        return Ok(End::Failed);
    }
    match passed(&text) {
        0 => Ok(End::Skipped("it has no test".to_owned())),
        count => Ok(End::Clean(count)),
    }
}

/// How many tests passed, over all test programs.
fn passed(text: &str) -> u64 {
    let counts = text.lines().filter_map(|line| {
        line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u64>().ok()
    });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_passed_are_counted_over_programs() {
        let text = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\n\
                    test result: FAILED. 7 passed; 1 failed\ntest result: ok. 40 passed; 0 failed\n";
        assert_eq!(passed(text), 42);
        assert_eq!(passed("running 0 tests\ntest result: ok. 0 passed; 0 failed"), 0);
    }

    #[test]
    fn a_package_that_is_not_there_is_skipped_and_not_clean() {
        let step = Step {
            name: "none",
            watcher: Watcher::Address,
            folder: "plugins/no-such-plugin",
            args: &[],
        };
        let end = run_step(&step, std::path::Path::new("/nowhere")).unwrap();
        assert!(matches!(end, End::Skipped(why) if why.contains("no-such-plugin")));
    }

    #[test]
    fn names_of_steps_are_unique() {
        let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }
}
