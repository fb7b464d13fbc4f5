//! Rules for the packages under `plugins`.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::run;

/// Which packages of this project each may use. A plugin knows the SDK and the formats,
/// and never `core`: it must build without `pkg`.
const MAY_USE: [(&str, &[&str]); 8] = [
    ("abi", &[]),
    ("sdk", &["pkg-plugin-abi"]),
    ("host", &["pkg-plugin-abi", "pkg-plugin-sdk"]),
    ("formats", &[]),
    ("weights", &["pkg-formats", "pkg-plugin-sdk"]),
    ("pickle", &["pkg-formats", "pkg-plugin-sdk"]),
    ("tokenizer", &["pkg-formats", "pkg-plugin-sdk"]),
    ("cuda-smoke", &["pkg-formats", "pkg-plugin-sdk"]),
];

/// Files and folders that may hold `unsafe`: where C begins, and where instructions or the
/// driver are called.
const UNSAFE: [&str; 4] = [
    "sdk/src/entry.rs",
    "host/src/load.rs",
    "cuda-smoke/src/cpu/simd.rs",
    "cuda-smoke/src/cuda/driver",
];

/// Longest file that needs no reason.
const MAX_LINES: usize = 520;

/// What is wrong with the packages under `plugins`, and how many files were read.
pub fn check() -> Result<(Vec<String>, usize)> {
    let root = run::root().join("plugins");
    let (mut wrong, mut files) = (Vec::new(), 0);
    for entry in std::fs::read_dir(&root)? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().and_then(|name| name.to_str()).context("a folder")?;
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))?;
        let Some((_, may)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            bail!("plugins/{name} is not in xtask/src/arch_plugins.rs");
        };
        wrong.extend(uses(name, &manifest, may));
    }
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let relative = entry.path().strip_prefix(&root)?;
            wrong.extend(check_file(relative, &std::fs::read_to_string(entry.path())?));
            files += 1;
        }
    }
    Ok((wrong, files))
}

fn uses(name: &str, manifest: &str, may: &[&str]) -> Vec<String> {
    let own = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let own = own.take_while(|line| !line.starts_with('['));
    let named = own.filter_map(|line| line.split(['.', ' ', '=']).next());
    let ours = named.filter(|used| used.starts_with("pkg-") || *used == "pkg");
    ours.filter(|used| !may.contains(used))
        .map(|used| format!("plugins/{name}: uses {used}, which it may not"))
        .collect()
}

fn check_file(path: &Path, text: &str) -> Vec<String> {
    let shown = path.display().to_string();
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        wrong.push(format!("plugins/{shown}: {lines} lines; split it"));
    }
    let test = shown.contains("/tests");
    let may = UNSAFE.iter().any(|place| shown.starts_with(place));
    let code = |line: &&str| !line.trim_start().starts_with("//");
    let has = |word: &str| text.lines().filter(code).any(|line| line.contains(word));
    if !may && !test && (has("unsafe {") || has("unsafe fn") || has("unsafe impl")) {
        wrong.push(format!("plugins/{shown}: unsafe code has its places; this is none"));
    }
    if has("todo!(") || has("unimplemented!(") {
        wrong.push(format!("plugins/{shown}: nothing is left half-made"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{check_file, uses};

    #[test]
    fn each_rule_refuses_a_bad_sample_and_lets_a_good_one_pass() {
        let wrong = |path: &str, text: &str| check_file(Path::new(path), text).len();
        assert_eq!(wrong("pickle/src/walk.rs", "fn a() {}"), 0);
        assert_eq!(wrong("pickle/src/walk.rs", "unsafe { a() }"), 1);
        assert_eq!(wrong("pickle/src/walk.rs", "// unsafe { a() }"), 0);
        assert_eq!(wrong("host/src/load.rs", "unsafe { a() }"), 0);
        assert_eq!(wrong("weights/src/lib.rs", "todo!()"), 1);
        assert_eq!(wrong("weights/src/lib.rs", &"x\n".repeat(600)), 1);
        let manifest = "[dependencies]\npkg = { path = \"x\" }\npkg-plugin-sdk.workspace = true\n\
            serde.workspace = true\n[dev-dependencies]\npkg-rig.workspace = true\n";
        assert_eq!(
            uses("pickle", manifest, &["pkg-plugin-sdk"]),
            ["plugins/pickle: uses pkg, which it may not"]
        );
    }
}
