//! Runs targets on stable Rust: seeded changes of a corpus, a fixed number of them.
//!
//! `PKG_FUZZ_RUNS` is the number of inputs for each target, `PKG_FUZZ_TARGET` one target
//! alone, `PKG_FUZZ_INPUT` one file alone, `PKG_FUZZ_SEED` another sequence.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::mutate::{Dice, mutate};
use crate::{Target, heap};

/// Inputs for each target unless said otherwise.
const RUNS: u64 = 400;

/// What running a target came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ran {
    /// Inputs of the corpus, regressions among them.
    pub kept: u64,
    /// Changed inputs.
    pub changed: u64,
    /// The highest cost of an input.
    pub most: heap::Cost,
}

/// Folder of the kept inputs of a target.
pub fn regressions(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target)
}

/// Every kept input of a target.
///
/// # Panics
/// If the folder is there and cannot be read.
pub fn kept(target: &Target) -> Vec<Vec<u8>> {
    let folder = regressions(target.name);
    if !folder.is_dir() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(&folder).expect("the folder of regressions");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).expect("a kept input")).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Runs every target and prints what came of it.
///
/// # Panics
/// If an assertion of a target fails, or an input costs too much. The input is written
/// to a file first, and the command that replays it is told.
#[allow(clippy::print_stdout)]
pub fn drive(program: &str, targets: &[Target]) {
    let only = variable("PKG_FUZZ_TARGET");
    let input = variable("PKG_FUZZ_INPUT").map(PathBuf::from);
    let runs = number("PKG_FUZZ_RUNS").unwrap_or(RUNS);
    let (mut failed, mut table, mut all) = (Vec::new(), String::new(), 0);
    for target in
        targets.iter().filter(|target| only.as_deref().is_none_or(|name| name == target.name))
    {
        if let Some(path) = &input {
            let bytes = std::fs::read(path).expect("the input to replay");
            println!("{}: {:?}", target.name, target.check(&bytes));
            continue;
        }
        match run(target, runs, number("PKG_FUZZ_SEED").unwrap_or_default()) {
            Ok(ran) => {
                all += ran.kept + ran.changed;
                let _ = writeln!(
                    table,
                    "{:<24} {:>6} kept {:>9} changed  peak {:>9} B  {:>8} allocations",
                    target.name, ran.kept, ran.changed, ran.most.peak, ran.most.calls
                );
            }
            Err(path) => failed.push(format!(
                "{}: PKG_FUZZ_TARGET={} PKG_FUZZ_INPUT={} cargo test -p pkg-fuzz --test {program} -- --nocapture",
                target.name, target.name, path.display()
            )),
        }
    }
    println!("{table}{program}: {all} inputs in all");
    assert!(failed.is_empty(), "inputs that fail, and what replays them:\n{}", failed.join("\n"));
}

/// Runs the corpus of a target and `runs` changes of it. The error is the file with the
/// input that fails.
fn run(target: &Target, runs: u64, seed: u64) -> Result<Ran, PathBuf> {
    let mut corpus = (target.seeds)();
    assert!(!corpus.is_empty(), "{} has no seeds", target.name);
    corpus.extend(kept(target));
    corpus.push(Vec::new());
    // Tables that are made once are no cost of an input.
    let _ = catch_unwind(|| (target.run)(&corpus[0]));
    let at_work = failures().join(format!("{}-at-work-{}", target.name, std::process::id()));
    let mut ran = Ran::default();
    for bytes in &corpus {
        ran.most = most(ran.most, attempt(target, bytes, &at_work)?);
        ran.kept += 1;
    }
    // Each target has a sequence of its own.
    let name = target.name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(257) + u64::from(byte));
    let mut dice = Dice::new(name);
    while ran.changed < runs {
        let (one, two) = (dice.below(corpus.len()), dice.below(corpus.len()));
        let bytes = mutate(&mut dice, target.form, &corpus[one], &corpus[two]);
        ran.most = most(ran.most, attempt(target, &bytes, &at_work)?);
        ran.changed += 1;
    }
    std::fs::remove_file(&at_work).expect("the input at work can be removed");
    Ok(ran)
}

fn most(one: heap::Cost, two: heap::Cost) -> heap::Cost {
    heap::Cost { peak: one.peak.max(two.peak), calls: one.calls.max(two.calls) }
}

/// Runs one input. It is in a file meanwhile: what ends the whole process, as a stack that
/// overflows does, leaves it there.
fn attempt(target: &Target, bytes: &[u8], at_work: &Path) -> Result<heap::Cost, PathBuf> {
    std::fs::write(at_work, bytes).expect("the input at work");
    catch_unwind(AssertUnwindSafe(|| target.check(bytes))).map_err(|_| keep(target, bytes))
}

/// Where inputs that fail are written: in `target/` of the repository.
fn failures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz-failures");
    std::fs::create_dir_all(&folder).expect("a folder for inputs that fail");
    folder
}

/// Writes an input that fails.
fn keep(target: &Target, bytes: &[u8]) -> PathBuf {
    let name = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let path = failures().join(format!("{}-{name:016x}", target.name));
    std::fs::write(&path, bytes).expect("the input that fails");
    path
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::{Form, Target};

    #[test]
    fn an_input_that_fails_is_kept_and_told() {
        let target = Target {
            name: "test-of-the-driver",
            form: Form::Bytes,
            run: |data| assert!(data.len() < 3 || data[1] == b'b', "found"),
            seeds: || vec![b"abc".to_vec()],
        };
        let path = run(&target, 10_000, 0).expect_err("it fails");
        let bytes = std::fs::read(&path).expect("the input");
        assert!(bytes.len() >= 3 && bytes[1] != b'b');
        std::fs::remove_file(path).expect("removed");
    }
}
