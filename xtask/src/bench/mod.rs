//! Speed, as ratios of CPU time in one run on one machine.

mod data;
mod extremes;
mod field;
mod floor;
mod registry;
mod report;
mod scale;
mod sections;
mod trust;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use wait4::Wait4 as _;

use crate::run;

pub use data::copy_hash;
use data::{make_release, make_single};
use field::Tools;
pub use floor::read_files;
pub use registry::{receive_hash, send_hash};

/// How the bench runs.
#[derive(clap::Args)]
pub struct Args {
    /// Part of the full data (4.3 GB, and one file of 4 GB) to use
    #[arg(long, default_value_t = 1.0)]
    size: f64,
    /// Rounds; medians are reported
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Do not write docs/performance.md
    #[arg(long)]
    dry_run: bool,
    /// Measure beside the field's programs only
    #[arg(long, conflicts_with_all = ["registry", "scale"])]
    field: bool,
    /// Measure registries only
    #[arg(long, conflicts_with = "scale")]
    registry: bool,
    /// Measure cost against size and against the number of files only
    #[arg(long)]
    scale: bool,
    /// Bytes of the one large file; less when the disk has not twice that
    #[arg(long, default_value_t = 20e9)]
    large: f64,
    /// Program to measure, instead of building it: to compare with one of before
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Number of small files
    #[arg(long, default_value_t = 100_000)]
    small: usize,
}

/// What one run of a program took.
#[derive(Clone, Copy, Default)]
struct Cost {
    cpu: f64,
    wall: f64,
    peak_mib: f64,
}

struct Bench {
    root: PathBuf,
    pkg: PathBuf,
    digest: String,
    big_digest: String,
}

/// Runs what was asked for, prints the tables and writes them into their sections.
pub fn run(args: &Args) -> Result<()> {
    let root = run::root().join("target/bench");
    fs::create_dir_all(&root)?;
    let mut bench = Bench {
        pkg: match &args.program {
            Some(program) => program.canonicalize()?,
            None => run::release_binary()?,
        },
        root,
        digest: String::new(),
        big_digest: String::new(),
    };
    let keep = |name: &str, command: String, table: &str| -> Result<()> {
        println!("{table}");
        let body = format!("{}\n{table}", preamble(&command, args)?);
        if args.dry_run { Ok(()) } else { sections::write(name, &body) }
    };
    if args.scale {
        return keep("scale", " --scale".to_owned(), &scale::tables(&bench, args.rounds)?);
    }
    enough_space(&bench.root, args.size)?;
    println!("making data under {}", bench.root.display());
    make_release(&bench.root.join("release"), args.size)?;
    let size = format!(" --size {}", args.size);
    if !args.registry {
        make_single(&bench.root.join("big"), "big", 4e9, args.size)?;
        keep("field", format!("{size} --field"), &beside_the_field(&mut bench, args)?)?;
    }
    if !args.registry && !args.field {
        let table = alone(&mut bench, args)?;
        keep("own", size.clone(), &table)?;
    }
    if !args.field {
        bench.remove("release.pkg")?;
        bench.digest = bench.pack("release", "release.pkg", &["--store", "hardlink"])?.1;
        let table = registry::table(&bench, args.size, args.rounds)?;
        keep("registry", format!("{size} --registry"), &table)?;
    }
    Ok(())
}

/// Beside the field's programs, and the targets.
fn beside_the_field(bench: &mut Bench, args: &Args) -> Result<String> {
    let tools = Tools::find()?;
    field::make_key(bench)?;
    let rows = field::rows(bench, &tools, args.rounds)?;
    let extremes = extremes::measure(bench, &tools, (args.large, args.small), args.rounds)?;
    bench.remove("big.pkg")?;
    bench.pack("big", "big.pkg", &["--store", "hardlink", "--no-cache"])?;
    let all: Vec<field::Row> = [rows, extremes.large.clone(), extremes.small.clone()].concat();
    let ours = |row: &&field::Row| row.0.starts_with("pkg ");
    let peak = all.iter().filter(ours).filter_map(|row| row.1).map(|cost| cost.peak_mib);
    let mut text = format!("{}; {}.\n\n", tools.versions(), extremes.about);
    text.push_str(&field::render(&all));
    text.push_str("\n| measure | target | measured | |\n|---|---|---|---|\n");
    text.push_str(&field::targets(&all)?);
    text.push_str(&extremes.targets()?);
    text.push_str(&judged("peak memory, MiB", 64.0, peak.fold(0.0, f64::max), true));
    text.push_str(&extremes::coding_row(bench)?);
    Ok(text)
}

/// pkg beside plain loops: one release, reports, signatures by identity, the binary.
fn alone(bench: &mut Bench, args: &Args) -> Result<String> {
    let mut all: Vec<Vec<(&str, Cost)>> = Vec::new();
    for round in 0..args.rounds.max(1) {
        println!("round {}", round + 1);
        all.push(bench.round()?);
    }
    let rows: Vec<(&str, Cost)> = (0..all[0].len())
        .map(|index| (all[0][index].0, median(all.iter().map(|round| round[index].1).collect())))
        .collect();
    let mut table = table(&rows, bench.version_ms()?);
    table.push_str(&report::table(bench)?);
    table.push_str(&trust::table(bench)?);
    Ok(table)
}

impl Bench {
    fn cost(&self, command: &mut Command) -> Result<(Cost, String)> {
        let start = Instant::now();
        command.current_dir(&self.root).env("PKG_CACHE_DIR", self.root.join("cache"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut text = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            stdout.read_to_string(&mut text)?;
        }
        let used = child.wait4()?;
        let wall = start.elapsed().as_secs_f64();
        if !used.status.success() {
            let mut why = String::new();
            if let Some(stderr) = child.stderr.as_mut() {
                stderr.read_to_string(&mut why)?;
            }
            anyhow::bail!("{command:?} failed: {text}{why}");
        }
        let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
        // wait4 gives the largest resident set in bytes.
        let peak_mib = used.rusage.maxrss as f64 / f64::from(1 << 20);
        Ok((Cost { cpu, wall, peak_mib }, text))
    }

    fn pkg(&self, args: &[&str]) -> Result<Cost> {
        Ok(self.cost(Command::new(&self.pkg).args(args).arg("--quiet"))?.0)
    }

    fn pack(&self, folder: &str, output: &str, more: &[&str]) -> Result<(Cost, String)> {
        let mut command = Command::new(&self.pkg);
        command.args(["pack", folder, "-o", output, "--json"]).args(more);
        let (cost, text) = self.cost(&mut command)?;
        let reply: serde_json::Value = serde_json::from_str(&text)?;
        Ok((cost, reply["result"]["digest"].as_str().context("no digest")?.to_owned()))
    }

    fn round(&mut self) -> Result<Vec<(&'static str, Cost)>> {
        let mut rows = Vec::new();
        self.warm()?;
        rows.push(("openssl", self.openssl("release")?));
        self.remove("copied")?;
        let mut reference = Command::new(std::env::current_exe()?);
        rows.push((
            "read+hash+write",
            self.cost(reference.args(["copy-hash", "release", "copied"]))?.0,
        ));
        self.remove("copied")?;
        self.remove("release.pkg")?;
        let copy = self.pack("release", "release.pkg", &["--store", "copy", "--no-cache"])?.0;
        rows.push(("pack, copy", copy));
        self.remove("release.pkg")?;
        let link = self.pack("release", "release.pkg", &["--store", "hardlink", "--no-cache"])?.0;
        rows.push(("pack, hard link", link));
        self.remove("release.pkg")?;
        self.remove("cache")?;
        rows.push(("first pack", self.pack("release", "release.pkg", &["--store", "hardlink"])?.0));
        let mut readme =
            fs::OpenOptions::new().append(true).open(self.root.join("release/README.md"))?;
        readme.write_all(b"One more line.\n")?;
        drop(readme);
        std::thread::sleep(std::time::Duration::from_millis(200));
        let (again, digest) = self.pack("release", "release.pkg", &["--store", "hardlink"])?;
        rows.push(("pack after a README edit", again));
        self.digest = digest;
        rows.push(("verify", self.pkg(&["verify", "release.pkg", "--digest", &self.digest])?));
        self.remove("out")?;
        rows.push(("unpack", self.pkg(&["unpack", "release.pkg", "out"])?));
        self.remove("out")?;
        self.remove("big.pkg")?;
        let (pack_big, digest) =
            self.pack("big", "big.pkg", &["--store", "hardlink", "--no-cache"])?;
        self.big_digest = digest;
        rows.push(("openssl, one file", self.openssl("big")?));
        rows.push(("pack, one file", pack_big));
        rows.push((
            "verify, one file",
            self.pkg(&["verify", "big.pkg", "--digest", &self.big_digest])?,
        ));
        Ok(rows)
    }

    fn openssl(&self, folder: &str) -> Result<Cost> {
        let script = format!("find {folder} -type f -print0 | xargs -0 openssl dgst -sha256");
        Ok(self.cost(Command::new("sh").args(["-c", &script]))?.0)
    }

    /// Reads everything once, so that each row finds a warm cache.
    fn warm(&self) -> Result<()> {
        self.warm_only(&["."])
    }

    /// The same for some folders, those of them that are there.
    fn warm_only(&self, folders: &[&str]) -> Result<()> {
        let mut buffer = vec![0; 1 << 20];
        let there = folders.iter().map(|name| self.root.join(name)).filter(|path| path.exists());
        for entry in there.flat_map(walkdir::WalkDir::new) {
            let entry = entry?;
            if entry.file_type().is_file() {
                let mut file = File::open(entry.path())?;
                while file.read(&mut buffer)? > 0 {}
            }
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.root.join(name);
        if path.exists() { Ok(fs::remove_dir_all(path)?) } else { Ok(()) }
    }

    fn version_ms(&self) -> Result<f64> {
        let mut walls = Vec::new();
        for _ in 0..50 {
            walls.push(self.cost(Command::new(&self.pkg).arg("--version"))?.0.wall * 1000.0);
        }
        walls.sort_by(f64::total_cmp);
        Ok(walls[walls.len() / 2])
    }
}

/// Median of CPU time, largest peak, and the shortest wall time: on a shared
/// machine only the shortest says what the program needs.
fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let peak_mib = costs.iter().map(|cost| cost.peak_mib).fold(0.0, f64::max);
    let wall = costs.iter().map(|cost| cost.wall).fold(f64::INFINITY, f64::min);
    Cost { cpu: costs[costs.len() / 2].cpu, wall, peak_mib }
}

fn table(rows: &[(&str, Cost)], version_ms: f64) -> String {
    let cost =
        |name: &str| rows.iter().find(|(row, _)| *row == name).map_or(Cost::default(), |r| r.1);
    let mut text = String::from("| run | CPU s | wall s | peak MiB |\n|---|---|---|---|\n");
    for (name, Cost { cpu, wall, peak_mib }) in rows {
        let _ = writeln!(text, "| {name} | {cpu:.2} | {wall:.2} | {peak_mib:.0} |");
    }
    text.push_str("\n| measure | target | measured | |\n|---|---|---|---|\n");
    let ratio = |a: &str, b: &str| cost(a).cpu / cost(b).cpu;
    let ours = |name: &str| !name.starts_with("openssl") && !name.starts_with("read+");
    let peak =
        rows.iter().filter(|(name, _)| ours(name)).map(|row| row.1.peak_mib).fold(0.0, f64::max);
    let busy = cost("verify, one file");
    let alone = cost("openssl, one file");
    for (measure, target, value, below) in [
        ("verify / openssl dgst, CPU", 1.0, ratio("verify", "openssl"), true),
        (
            "pack by hard link / read+hash+write, CPU",
            0.4,
            ratio("pack, hard link", "read+hash+write"),
            true,
        ),
        (
            "pack after a README edit / first pack, CPU",
            0.05,
            ratio("pack after a README edit", "first pack"),
            true,
        ),
        ("verify one file / openssl dgst, wall", 0.7, busy.wall / alone.wall, true),
        ("verify one file: cores busy (CPU / wall)", 1.5, busy.cpu / busy.wall, false),
        ("peak memory, MiB", 64.0, peak, true),
        ("pkg --version, ms", 10.0, version_ms, true),
    ] {
        text.push_str(&judged(measure, target, value, below));
    }
    text
}

/// A row of the table of measures.
fn judged(measure: &str, target: f64, value: f64, below: bool) -> String {
    let met = if below { value <= target } else { value >= target };
    let (sign, word) = (if below { "<=" } else { ">=" }, if met { "met" } else { "MISSED" });
    format!("| {measure} | {sign} {target} | {value:.3} | {word} |\n")
}

fn preamble(command: &str, args: &Args) -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": "))
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let cores = std::thread::available_parallelism()?;
    let flags = field("flags");
    let has = |flag: &str| flags.split(' ').any(|known| known == flag);
    Ok(format!(
        "Measured with `cargo xtask bench{command} --rounds {}` on {cores} cores of \"{}\"; SHA-NI {}, AVX-512 {}.\n",
        args.rounds,
        field("model name"),
        if has("sha_ni") { "yes" } else { "no" },
        if has("avx512f") { "yes" } else { "no" },
    ))
}

/// Bytes that are free where the data goes.
fn free_bytes(root: &Path) -> Result<f64> {
    let text = run::succeed(Command::new("df").args(["--output=avail", "-B1"]).arg(root))?;
    text.lines().nth(1).unwrap_or_default().trim().parse().context("df")
}

fn enough_space(root: &Path, size: f64) -> Result<()> {
    let free = free_bytes(root)?;
    let needed = 22e9 * size;
    ensure!(
        free > needed,
        "{:.0} GB are needed under {}, {:.0} are free",
        needed / 1e9,
        root.display(),
        free / 1e9
    );
    Ok(())
}
