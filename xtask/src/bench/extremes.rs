//! One very large file, very many small ones, and the coding of weights.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use pkg_core::coding;
use walkdir::WalkDir;

use super::data::{make_many, make_single};
use super::field::{Row, Tools, in_rounds, of};
use super::{Bench, Cost, free_bytes, judged};

/// Bytes of a small file: one page.
const SMALL: usize = 4096;

/// What came of it.
pub(super) struct Extremes {
    /// Rows of the large file.
    pub(super) large: Vec<Row>,
    /// Rows of the small files.
    pub(super) small: Vec<Row>,
    /// What the data was.
    pub(super) about: String,
}

/// The largest file that may be made: as large as asked, if the disk has twice that.
fn fitting(root: &Path, asked: f64) -> Result<f64> {
    let own = fs::metadata(root.join("large/model.safetensors")).map_or(0.0, |m| m.len() as f64);
    Ok(asked.min((free_bytes(root)? + own) / 2.0))
}

/// Measures one file of `asked` bytes, or the largest that fits, and `count` small files.
pub(super) fn measure(
    bench: &Bench,
    tools: &Tools,
    (asked, count): (f64, usize),
    rounds: usize,
) -> Result<Extremes> {
    let bytes = fitting(&bench.root, asked)?;
    println!("one file of {:.1} GB", bytes / 1e9);
    make_single(&bench.root.join("large"), "large", bytes, 1.0)?;
    bench.sign_folder("large", "large.sig", true)?;
    bench.remove("large.pkg")?;
    let link = ["--store", "hardlink", "--no-cache", "--shards", "always"];
    let digest = bench.pack("large", "large.pkg", &link)?.1;
    bench.warm_only(&["large"])?;
    let cost = |step: Result<Cost>| step.map(Some);
    let floor = "cat large/model.safetensors > /dev/null";
    let large = in_rounds(
        &[
            ("cat, one large file", Box::new(|| cost(bench.shell(floor)))),
            ("openssl dgst, one large file", Box::new(|| cost(bench.openssl("large")))),
            (
                "pkg verify, shards, one large file",
                Box::new(|| cost(bench.verify_folder("large", "large.sig"))),
            ),
            (
                "pkg verify, packed, one large file",
                Box::new(|| cost(bench.pkg(&["verify", "large.pkg", "--digest", &digest]))),
            ),
        ],
        rounds,
    )?;
    for name in ["large", "large.pkg"] {
        bench.remove(name)?;
    }
    println!("{count} small files");
    make_many(&bench.root.join("small"), count, SMALL)?;
    bench.sign_folder("small", "small.sig", false)?;
    bench.warm_only(&["small"])?;
    let small = in_rounds(
        &[
            (
                "open and read, plain loop",
                Box::new(|| {
                    let mut command = Command::new(std::env::current_exe()?);
                    Ok(Some(bench.cost(command.args(["read-files", "small"]))?.0))
                }),
            ),
            (
                "pkg verify, small files",
                Box::new(|| cost(bench.verify_folder("small", "small.sig"))),
            ),
            (
                "model_signing verify key, small files",
                Box::new(|| cost(bench.their_verify(tools, "small", "small.sig"))),
            ),
        ],
        rounds,
    )?;
    bench.remove("small")?;
    let less = if bytes < asked { ", the largest that the disk has twice" } else { "" };
    let about = format!(
        "one file of {:.1} GB{less}, no page of it a hole; {count} files of {SMALL} bytes",
        bytes / 1e9
    );
    Ok(Extremes { large, small, about })
}

impl Extremes {
    /// Measures that have a target.
    pub(super) fn targets(&self) -> Result<String> {
        let large = |name| of(&self.large, name).context("no row");
        let small = |name| of(&self.small, name).context("no row");
        let openssl = large("openssl dgst, one large file")?.wall;
        let mut text = String::new();
        for name in ["pkg verify, shards, one large file", "pkg verify, packed, one large file"] {
            let measure = format!("{name} / openssl dgst, wall");
            text.push_str(&judged(&measure, 0.3, large(name)?.wall / openssl, true));
        }
        let (ours, floor) =
            (small("pkg verify, small files")?.cpu, small("open and read, plain loop")?.cpu);
        text.push_str(&judged(
            "verify small files / open and read them, CPU",
            1.3,
            ours / floor,
            true,
        ));
        Ok(text)
    }
}

/// The coding of weights for transport, when this program has it: on the release of one
/// weight file, `big.pkg`.
pub(super) fn coding_row(bench: &Bench) -> Result<String> {
    let help = bench.cost(Command::new(&bench.pkg).arg("--help"))?.1;
    let has = |name: &str| help.lines().any(|line| line.split_whitespace().next() == Some(name));
    if !has("encode") || !has("decode") {
        return Ok("| coding of bf16 weights | <= 0.69 of the size | not built | |\n".to_owned());
    }
    for name in ["coded.pkg", "decoded.pkg"] {
        bench.remove(name)?;
    }
    let raw = size_of(&bench.root.join("big.pkg"))?;
    let encode = bench.pkg(&["encode", "big.pkg", "coded.pkg"])?;
    let coded = size_of(&bench.root.join("coded.pkg"))?;
    let decode = bench.pkg(&["decode", "coded.pkg", "decoded.pkg"])?;
    for name in ["coded.pkg", "decoded.pkg"] {
        bench.remove(name)?;
    }
    let rate = |cost: Cost| raw / 1e6 / cost.cpu;
    let (encoded, decoded) = coding_alone(&bench.root.join("big"))?;
    Ok([
        judged("coding of bf16 weights: coded / raw bytes", 0.69, coded / raw, true),
        judged("coding of bf16 weights in memory, MB/s per core in", 500.0, encoded, false),
        judged("decoding of bf16 weights in memory, MB/s per core out", 2000.0, decoded, false),
        format!(
            "| pkg encode, pkg decode, MB/s of CPU with reading, hashing and writing | | {:.0}, {:.0} | |\n",
            rate(encode),
            rate(decode)
        ),
    ]
    .concat())
}

/// What coding alone does per second of CPU time, in and out, in MB: the beginning of the
/// weights of the release of one file.
fn coding_alone(folder: &Path) -> Result<(f64, f64)> {
    const MOST: u64 = 1 << 30;
    let weights = WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.path().extension().is_some_and(|it| it == "safetensors"))
        .context("no weights")?
        .into_path();
    let size = fs::metadata(&weights)?.len();
    let len = size.min(MOST);
    let mut raw = vec![0; usize::try_from(len)?];
    File::open(&weights)?.read_exact(&mut raw)?;
    // The header is at the beginning, so the part that was read is enough.
    let ranges = coding::ranges(|| io::Cursor::new(raw.as_slice()), size);
    let mut coded = Vec::with_capacity(raw.len());
    let failed = |failure: coding::Failure| anyhow::anyhow!("{failure:?}");
    let start = cpu_seconds();
    coding::encode(&mut raw.as_slice(), len, &coding::cut(&ranges, 0, len), &mut coded)
        .map_err(failed)?;
    let middle = cpu_seconds();
    coding::decode(&mut coded.as_slice(), len, &mut io::sink()).map_err(failed)?;
    let end = cpu_seconds();
    let mb = raw.len() as f64 / 1e6;
    Ok((mb / (middle - start), mb / (end - middle)))
}

/// CPU time of this process so far, on all cores.
fn cpu_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Bytes of the files in a folder.
fn size_of(folder: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in WalkDir::new(folder) {
        let meta = entry?.metadata()?;
        bytes += if meta.is_file() { meta.len() } else { 0 };
    }
    Ok(bytes as f64)
}
