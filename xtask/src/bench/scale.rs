//! What verification costs against size and against the number of files.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::data::{make_many, make_single};
use super::field::{Row, in_rounds, make_key, of};
use super::{Bench, free_bytes, judged};

/// Bytes of each of many files.
const SMALL: usize = 4096;
/// Sizes of one file, in bytes.
const SIZES: [f64; 7] = [1e7, 3e7, 1e8, 3e8, 1e9, 3e9, 1e10];
/// Numbers of files.
const COUNTS: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// What is left of the memory for other things when a file should stay in the cache.
const CACHED: f64 = 0.6;

/// One step on the way up.
struct Point {
    /// Bytes, or files.
    amount: f64,
    rows: Vec<Row>,
}

const FLOOR: &str = "read";
const OPENSSL: &str = "openssl";
const OURS: &str = "verify";
const START: &str = "start";

/// Both tables, and what they say.
pub(super) fn tables(bench: &Bench, rounds: usize) -> Result<String> {
    make_key(bench)?;
    let fits = (free_bytes(&bench.root)? / 2.0).min(available_memory()? * CACHED);
    let sizes = SIZES.into_iter().filter(|size| *size <= fits);
    let sized = sizes.map(|size| by_size(bench, size, rounds)).collect::<Result<Vec<_>>>()?;
    let counted =
        COUNTS.iter().map(|count| by_count(bench, *count, rounds)).collect::<Result<Vec<_>>>()?;
    let mut text = table("one file, MB", 1e6, &sized)?;
    text.push('\n');
    text.push_str(&table(&format!("files of {SMALL} bytes"), 1.0, &counted)?);
    text.push_str("\n| measure | target | measured | |\n|---|---|---|---|\n");
    for (what, points) in [("size", &sized), ("number of files", &counted)] {
        let slope = slope(points)?;
        let measure = format!("verify: growth of CPU with the {what} (1: linear)");
        text.push_str(&judged(&measure, 1.1, slope, true));
        let peaks: Vec<f64> =
            points.iter().filter_map(|at| of(&at.rows, OURS)).map(|c| c.peak_mib).collect();
        let most = peaks.iter().copied().fold(0.0, f64::max);
        text.push_str(&judged(
            &format!("verify: peak memory at any {what}, MiB"),
            64.0,
            most,
            true,
        ));
    }
    Ok(text)
}

fn available_memory() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).context("MemAvailable")?;
    Ok(kib.parse::<f64>()? * 1024.0)
}

fn by_size(bench: &Bench, size: f64, rounds: usize) -> Result<Point> {
    println!("one file of {:.0} MB", size / 1e6);
    bench.remove("scale")?;
    make_single(&bench.root.join("scale"), "scale", size, 1.0)?;
    let rows = point(bench, rounds, true)?;
    Ok(Point { amount: size, rows })
}

fn by_count(bench: &Bench, count: usize, rounds: usize) -> Result<Point> {
    println!("{count} files");
    bench.remove("scale")?;
    make_many(&bench.root.join("scale"), count, SMALL)?;
    let rows = point(bench, rounds, false)?;
    Ok(Point { amount: count as f64, rows })
}

fn point(bench: &Bench, rounds: usize, shards: bool) -> Result<Vec<Row>> {
    bench.sign_folder("scale", "scale.sig", shards)?;
    bench.warm_only(&["scale"])?;
    let rows = in_rounds(
        &[
            (
                START,
                Box::new(|| Ok(Some(bench.cost(Command::new(&bench.pkg).arg("--version"))?.0))),
            ),
            (
                FLOOR,
                Box::new(|| {
                    let mut command = Command::new(std::env::current_exe()?);
                    Ok(Some(bench.cost(command.args(["read-files", "scale"]))?.0))
                }),
            ),
            (OPENSSL, Box::new(|| bench.openssl("scale").map(Some))),
            (OURS, Box::new(|| bench.verify_folder("scale", "scale.sig").map(Some))),
        ],
        rounds,
    )?;
    bench.remove("scale")?;
    Ok(rows)
}

fn table(what: &str, unit: f64, points: &[Point]) -> Result<String> {
    let mut text = format!(
        "| {what} | read, CPU s | openssl, CPU s | verify, CPU s | verify, wall s | verify / read, CPU \
         | verify / openssl, CPU | peak MiB |\n|---|---|---|---|---|---|---|---|\n"
    );
    for Point { amount, rows } in points {
        let row = |name| of(rows, name).context("no row");
        let (read, openssl, ours) = (row(FLOOR)?, row(OPENSSL)?, row(OURS)?);
        let _ = writeln!(
            text,
            "| {:.0} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} | {:.2} | {:.0} |",
            amount / unit,
            read.cpu,
            openssl.cpu,
            ours.cpu,
            ours.wall,
            ours.cpu / read.cpu,
            ours.cpu / openssl.cpu,
            ours.peak_mib
        );
    }
    Ok(text)
}

/// The exponent of the growth of CPU time with the amount, starting the program taken off:
/// the least-squares line through the logarithms of the points that take long enough to
/// be told from the grain of the clock.
fn slope(points: &[Point]) -> Result<f64> {
    let mut logs = Vec::new();
    for Point { amount, rows } in points {
        let ours = of(rows, OURS).context("no row")?.cpu;
        let cpu = ours - of(rows, START).context("no row")?.cpu;
        if cpu >= GRAIN {
            logs.push((amount.ln(), cpu.ln()));
        }
    }
    fit(&logs).context("too few sizes take long enough to be measured")
}

/// Seconds of CPU time below which a point says nothing.
const GRAIN: f64 = 0.01;

fn fit(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let both: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (points.len() >= 2 && spread > 0.0).then(|| both / spread)
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn the_exponent_of_a_power_is_found() {
        for power in [0.5, 1.0, 2.0] {
            let points: Vec<(f64, f64)> =
                (1..6).map(|n| (f64::from(n), 3.0 + power * f64::from(n))).collect();
            assert!((fit(&points).unwrap() - power).abs() < 1e-9);
        }
        assert_eq!(fit(&[(1.0, 1.0)]), None);
        assert_eq!(fit(&[(1.0, 1.0), (1.0, 2.0)]), None);
    }
}
