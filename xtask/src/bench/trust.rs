//! What it costs to verify by identity, and how small a verifier can be.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use pkg_rig::{Rig, TokenSpec};

use super::data::make_single;
use super::{Bench, judged};
use crate::run;

const ADA: &str = "ada@example.com";

/// Runs of each command; the median counts.
const RUNS: usize = 31;

/// Rows about signatures, and about the binary.
pub fn table(bench: &Bench) -> Result<String> {
    let mut text = String::new();
    let rig = Rig::start();
    rig.write_to(&bench.root)?;
    make_single(&bench.root.join("tiny"), "tiny", 1e3, 1.0)?;
    // What starting and reading the bundle cost anyway.
    let digest = pack(bench)?;
    let bare = median_cpu(bench, &["verify", "tiny.pkg", "--digest", &digest])?;
    for rekor in [1, 2] {
        pack(bench)?;
        let token = rig.token(&TokenSpec::email(ADA));
        let config = format!("trust_config.v{rekor}.json");
        let sign = ["sign", "tiny.pkg", "--model-signature", "none", "--trust-config", &config];
        bench.pkg(&[&sign[..], &["--identity-token", &token]].concat())?;
        let root = ["--trusted-root", "trusted_root.json"];
        let who = ["--identity", ADA, "--issuer", rig.url()];
        let cpu = median_cpu(bench, &[&["verify", "tiny.pkg"], &who[..], &root].concat())?;
        let measure = format!("keyless signature, Rekor v{rekor}: CPU ms after start");
        text.push_str(&judged(&measure, 15.0, (cpu - bare) * 1000.0, true));
    }
    text.push_str("\n| binary | MiB | packages |\n|---|---|---|\n");
    let small = bench.root.join("small");
    let build = ["build", "--release", "--package", "pkg", "--no-default-features"];
    run::succeed(cargo().args(build).arg("--target-dir").arg(&small))?;
    let verifier = small.join("release/pkg");
    for (name, binary, features) in [
        ("all features", bench.pkg.as_path(), &[][..]),
        ("verifier (`--no-default-features`)", &verifier, &["--no-default-features"]),
    ] {
        let _ = writeln!(text, "| {name} | {:.1} | {} |", mib(binary)?, packages(features)?);
    }
    Ok(text)
}

fn pack(bench: &Bench) -> Result<String> {
    bench.remove("tiny.pkg")?;
    Ok(bench.pack("tiny", "tiny.pkg", &[])?.1)
}

fn median_cpu(bench: &Bench, args: &[&str]) -> Result<f64> {
    let mut costs = Vec::new();
    for _ in 0..RUNS {
        costs.push(bench.pkg(args)?.cpu);
    }
    costs.sort_by(f64::total_cmp);
    Ok(costs[RUNS / 2])
}

fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(run::root());
    command
}

fn mib(binary: &Path) -> Result<f64> {
    Ok(fs::metadata(binary)?.len() as f64 / f64::from(1 << 20))
}

/// How many packages are compiled into it, its own included.
fn packages(features: &[&str]) -> Result<usize> {
    let tree = ["tree", "--package", "pkg", "--edges", "normal", "--prefix", "none"];
    let text = run::succeed(cargo().args(tree).args(features))?;
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| line.split(" (").next()).map(str::trim).collect();
    names.sort_unstable();
    names.dedup();
    names.len().checked_sub(usize::from(names.first() == Some(&""))).context("no packages")
}
