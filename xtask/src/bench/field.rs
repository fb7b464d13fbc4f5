//! The same work done by pkg and by the field's own programs, in pairs in one run: the
//! same folder, the same key, and for verification the same signature.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Bench, Cost, judged, median};
use crate::{interop, interop_oms, run};

/// What a row may take: nothing when its program is not here.
pub(super) type Row = (&'static str, Option<Cost>);

type Step<'a> = (&'static str, Box<dyn Fn() -> Result<Option<Cost>> + 'a>);

const THEIR_SHARDS: &str = "model_signing, its library, verify by shards";

/// The programs of the field that are here.
pub(super) struct Tools {
    /// `model_signing`, in an environment of its own.
    pub(super) model_signing: PathBuf,
    found: BTreeMap<&'static str, bool>,
}

impl Tools {
    /// Looks for them, and says loudly what is missing.
    pub(super) fn find() -> Result<Self> {
        let model_signing = interop::model_signing(&run::root().join("target/interop"))?;
        let mut found = BTreeMap::new();
        for (name, package) in
            [("openssl", "openssl"), ("b3sum", "b3sum"), ("skopeo", "skopeo"), ("zstd", "zstd")]
        {
            let asked = if name == "openssl" { "version" } else { "--version" };
            let here = Command::new(name).arg(asked).output().is_ok_and(|it| it.status.success());
            if !here {
                println!("NOT INSTALLED: {name} (Debian's package {package}); its row is empty");
            }
            found.insert(name, here);
        }
        Ok(Self { model_signing, found })
    }

    fn has(&self, name: &str) -> bool {
        self.found.get(name).copied().unwrap_or(false)
    }

    /// The names and versions, for the preamble.
    pub(super) fn versions(&self) -> String {
        let said = |program: &Path, arg: &str| {
            let text = run::succeed(Command::new(program).arg(arg)).unwrap_or_default();
            let line = text.lines().next().unwrap_or_default();
            let line = line.trim_start_matches(['*', ' ']);
            line.split(" (").next().unwrap_or_default().replace(", version", "").replace(',', "")
        };
        let mut all = vec![said(&self.model_signing, "--version")];
        for (name, _) in self.found.iter().filter(|(_, here)| **here) {
            let asked = if *name == "openssl" { "version" } else { "--version" };
            all.push(said(Path::new(name), asked));
        }
        all.retain(|line| !line.is_empty());
        all.join("; ")
    }
}

/// Makes the key pair that both programs use.
pub(super) fn make_key(bench: &Bench) -> Result<()> {
    if bench.root.join("bench.pem").exists() && bench.root.join("bench.pub").exists() {
        return Ok(());
    }
    let pair = [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out bench.pem",
        "pkey -in bench.pem -pubout -out bench.pub",
    ];
    for args in pair {
        run::succeed(
            Command::new("openssl").current_dir(&bench.root).args(args.split_whitespace()),
        )?;
    }
    Ok(())
}

impl Bench {
    /// `pkg sign` of a plain folder.
    pub(super) fn sign_folder(&self, folder: &str, signature: &str, shards: bool) -> Result<Cost> {
        let method = if shards { "shards" } else { "files" };
        let key = ["sign", folder, "--key", "bench.pem", "--signature", signature];
        self.pkg(&[&key[..], &["--model-signature", method, "--force"]].concat())
    }

    /// `pkg verify` of a plain folder.
    pub(super) fn verify_folder(&self, folder: &str, signature: &str) -> Result<Cost> {
        self.pkg(&["verify", folder, "--key", "bench.pub", "--signature", signature])
    }

    /// `model_signing sign key`.
    pub(super) fn their_sign(&self, tools: &Tools, folder: &str, signature: &str) -> Result<Cost> {
        let mut command = Command::new(&tools.model_signing);
        command.args(["sign", "key", folder, "--private_key", "bench.pem"]);
        Ok(self.cost(command.args(["--signature", signature]))?.0)
    }

    /// `model_signing verify key`.
    pub(super) fn their_verify(
        &self,
        tools: &Tools,
        folder: &str,
        signature: &str,
    ) -> Result<Cost> {
        let mut command = Command::new(&tools.model_signing);
        command.args(["verify", "key", folder, "--public_key", "bench.pub"]);
        Ok(self.cost(command.args(["--signature", signature]))?.0)
    }

    /// The library of `model_signing`, whose command line refuses signatures over shards.
    fn their_library(&self, tools: &Tools, folder: &str, signature: &str) -> Result<Cost> {
        let mut command = Command::new(tools.model_signing.with_file_name("python"));
        let what = ["-c", interop_oms::LIBRARY, "verify", folder, signature, "bench.pub"];
        command.args(what).args(["sha256", "shards", interop_oms::OUR_SHARDS, "plain"]);
        Ok(self.cost(&mut command)?.0)
    }

    pub(super) fn shell(&self, script: &str) -> Result<Cost> {
        Ok(self.cost(Command::new("sh").args(["-c", script]))?.0)
    }

    fn fresh_pack(&self, output: &str, more: &[&str]) -> Result<(Cost, String)> {
        self.remove(output)?;
        self.pack("release", output, &[&["--no-cache"], more].concat())
    }
}

/// Runs all steps in `rounds` rounds, every second one from the last step to the first.
pub(super) fn in_rounds(steps: &[Step<'_>], rounds: usize) -> Result<Vec<Row>> {
    let mut costs: Vec<Option<Vec<Cost>>> = vec![Some(Vec::new()); steps.len()];
    for round in 0..rounds.max(1) {
        let mut order: Vec<usize> = (0..steps.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            match (steps[at].1()?, &mut costs[at]) {
                (Some(cost), Some(all)) => all.push(cost),
                (_, all) => *all = None,
            }
        }
    }
    Ok(steps.iter().zip(costs).map(|(step, all)| (step.0, all.map(median))).collect())
}

/// Measures; gives the rows.
pub(super) fn rows(bench: &Bench, tools: &Tools, rounds: usize) -> Result<Vec<Row>> {
    let cost = |step: Result<Cost>| step.map(Some);
    // What the steps need of each other, whichever order they come in.
    bench.their_sign(tools, "release", "theirs.sig")?;
    bench.sign_folder("release", "files.sig", false)?;
    bench.sign_folder("release", "shards.sig", true)?;
    let whole = bench.fresh_pack("whole.pkg", &["--store", "hardlink", "--shards", "never"])?.1;
    let shards = bench.fresh_pack("shards.pkg", &["--store", "hardlink", "--shards", "always"])?.1;
    let skopeo = tools.has("skopeo");
    bench.remove("release.dir")?;
    if skopeo {
        bench.shell("skopeo copy -q oci:whole.pkg:1 dir:release.dir")?;
    }
    bench.warm_only(&["release", "release.dir"])?;
    let all = "find release -type f -print0 | xargs -0";
    let steps: Vec<Step<'_>> = vec![
        ("cat (read floor)", Box::new(|| cost(bench.shell(&format!("{all} cat > /dev/null"))))),
        ("openssl dgst -sha256", Box::new(|| cost(bench.openssl("release")))),
        (
            "b3sum --no-mmap",
            Box::new(|| {
                let run = || bench.shell(&format!("{all} b3sum --no-mmap"));
                tools.has("b3sum").then(run).transpose()
            }),
        ),
        (
            "model_signing sign key",
            Box::new(|| cost(bench.their_sign(tools, "release", "theirs.sig"))),
        ),
        ("pkg sign", Box::new(|| cost(bench.sign_folder("release", "files.sig", false)))),
        (
            "pkg pack, hard link",
            Box::new(|| Ok(Some(bench.fresh_pack("field.pkg", &["--store", "hardlink"])?.0))),
        ),
        (
            "model_signing verify key",
            Box::new(|| cost(bench.their_verify(tools, "release", "theirs.sig"))),
        ),
        (
            "pkg verify, the same signature",
            Box::new(|| cost(bench.verify_folder("release", "theirs.sig"))),
        ),
        (
            "pkg verify, packed, whole files",
            Box::new(|| cost(bench.pkg(&["verify", "whole.pkg", "--digest", &whole]))),
        ),
        ("pkg sign, shards", Box::new(|| cost(bench.sign_folder("release", "shards.sig", true)))),
        (THEIR_SHARDS, Box::new(|| cost(bench.their_library(tools, "release", "shards.sig")))),
        (
            "pkg verify, shards, the same signature",
            Box::new(|| cost(bench.verify_folder("release", "shards.sig"))),
        ),
        (
            "pkg verify, packed, shards",
            Box::new(|| cost(bench.pkg(&["verify", "shards.pkg", "--digest", &shards]))),
        ),
        (
            "pkg pack, copy",
            Box::new(|| Ok(Some(bench.fresh_pack("field.pkg", &["--store", "copy"])?.0))),
        ),
        (
            "skopeo copy dir: oci:",
            Box::new(|| {
                bench.remove("copied.oci")?;
                let copy = "skopeo copy -q --dest-oci-accept-uncompressed-layers dir:release.dir \
                            oci:copied.oci:1";
                skopeo.then(|| bench.shell(copy)).transpose()
            }),
        ),
        (
            "tar c, zstd -T0 -3",
            Box::new(|| {
                let run = || bench.shell("tar c release | zstd -q -T0 -3 > /dev/null");
                tools.has("zstd").then(run).transpose()
            }),
        ),
    ];
    let rows = in_rounds(&steps, rounds)?;
    for name in ["release.dir", "copied.oci", "field.pkg", "whole.pkg", "shards.pkg"] {
        bench.remove(name)?;
    }
    Ok(rows)
}

/// The cost of a row, if it was run.
pub(super) fn of(rows: &[Row], name: &str) -> Option<Cost> {
    rows.iter().find(|row| row.0 == name).and_then(|row| row.1)
}

/// The table of the rows, each as CPU time over that of `model_signing verify key`.
pub(super) fn render(rows: &[Row]) -> String {
    let mut text = String::from(
        "| run | CPU s | wall s | peak MiB | CPU / `model_signing verify key` |\n|---|---|---|---|---|\n",
    );
    let base = of(rows, "model_signing verify key").map_or(f64::NAN, |cost| cost.cpu);
    for (name, row) in rows {
        let _ = match row {
            Some(Cost { cpu, wall, peak_mib }) => writeln!(
                text,
                "| {name} | {cpu:.2} | {wall:.2} | {peak_mib:.0} | {:.2} |",
                cpu / base
            ),
            None => writeln!(text, "| {name} | not installed | | | |"),
        };
    }
    text
}

/// Measures of these rows that have a target.
pub(super) fn targets(rows: &[Row]) -> Result<String> {
    let mut text = String::new();
    for (measure, target, ours, theirs) in [
        (
            "verify by shard digests / `model_signing verify key`, the same signature, CPU",
            0.36,
            "pkg verify, shards, the same signature",
            THEIR_SHARDS,
        ),
        (
            "verify by whole files / `model_signing verify key`, the same signature, CPU",
            0.65,
            "pkg verify, the same signature",
            "model_signing verify key",
        ),
        (
            "pack by hard link / `model_signing sign key`, CPU",
            0.9,
            "pkg pack, hard link",
            "model_signing sign key",
        ),
    ] {
        let (ours, theirs) = (of(rows, ours), of(rows, theirs));
        ensure!(ours.is_some() && theirs.is_some(), "{measure}: a row is missing");
        let ratio = ours.unwrap_or_default().cpu / theirs.unwrap_or_default().cpu;
        text.push_str(&judged(measure, target, ratio, true));
    }
    Ok(text)
}
