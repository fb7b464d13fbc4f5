//! The same program twice: built from copies of the tracked files in two folders, and compared
//! byte by byte.
//!
//! What could differ between two builds is taken away (paths of sources, of the target folder and
//! of cargo's own sources, in Rust, C and assembly) or differs on purpose (folder, length of its
//! name, time zone, language, name of the user), so that a program that keeps it is found out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use object::read::{Object as _, ObjectSection as _};
use sha2::{Digest as _, Sha256};

use super::{TARGET, cargo, cargo_home, commit};
use crate::run;

/// Options of `cargo xtask reproduce`.
#[derive(clap::Args)]
pub struct Args {
    /// Build the small verifier only, without optimisation: shows paths, times and build scripts
    /// that leak, but says nothing about the bytes of a release
    #[arg(long)]
    quick: bool,
    /// Put the programs here when both builds agree, with their SHA-256
    #[arg(long, value_name = "FOLDER", conflicts_with = "quick")]
    output: Option<PathBuf>,
    /// Folder to build in; emptied before and after
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Leave both builds where they are
    #[arg(long)]
    keep: bool,
    /// Jobs of cargo at the same time
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<u16>,
}

/// One thing that is shipped: its name there, how cargo makes it, and where.
struct Shipped {
    name: &'static str,
    args: &'static [&'static str],
    made: &'static str,
}

const VERIFIER: Shipped = Shipped {
    name: "pkg-verifier",
    args: &["--package", "pkg", "--bin", "pkg", "--no-default-features"],
    made: "pkg",
};

const SHIPPED: [Shipped; 6] = [
    Shipped { name: "pkg", args: &["--package", "pkg", "--bin", "pkg"], made: "pkg" },
    VERIFIER,
    Shipped {
        name: "libpkg_cuda_smoke.so",
        args: &["--package", "pkg-plugin-cuda-smoke", "--lib"],
        made: "libpkg_cuda_smoke.so",
    },
    Shipped {
        name: "libpkg_weights.so",
        args: &["--package", "pkg-plugin-weights", "--lib"],
        made: "libpkg_weights.so",
    },
    Shipped {
        name: "libpkg_pickle.so",
        args: &["--package", "pkg-plugin-pickle", "--lib"],
        made: "libpkg_pickle.so",
    },
    Shipped {
        name: "libpkg_tokenizer.so",
        args: &["--package", "pkg-plugin-tokenizer", "--lib"],
        made: "libpkg_tokenizer.so",
    },
];

/// What the second build has that the first has not: nothing of it may end up in a program.
const OTHER: [(&str, &str); 5] = [
    ("TZ", "Pacific/Kiritimati"),
    ("LANG", "tr_TR.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("USER", "somebody-else"),
    ("HOSTNAME", "another-machine"),
];

/// Builds twice and compares.
pub fn run(args: &Args) -> Result<()> {
    let work = args.work.clone().unwrap_or_else(|| run::root().join("target/reproduce"));
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let work = work.canonicalize()?;
    let (id, time, changed) = commit()?;
    println!("commit {id}{}", if changed { ", and changes that are not committed" } else { "" });
    let shipped: &[Shipped] = if args.quick { &[VERIFIER] } else { &SHIPPED };
    let folders = [work.join("one/pkg"), work.join("the-second-with-a-longer-name/of/pkg")];
    let mut builds = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        copy_tracked(folder)?;
        let begun = Instant::now();
        let mut environment = settings(folder, &time)?;
        if number > 0 {
            environment.extend(OTHER.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        builds.push(build(folder, shipped, &environment, args)?);
        println!("build {}: {:.0} s", number + 1, begun.elapsed().as_secs_f64());
    }
    let [first, second] = builds.as_slice() else { bail!("two builds were made") };
    let mut wrong = Vec::new();
    for (thing, (one, two)) in shipped.iter().zip(first.iter().zip(second)) {
        let same = one == two;
        println!(
            "{:22} {} {:>10} bytes  {}",
            thing.name,
            hex(one),
            one.len(),
            if same { "identical" } else { "DIFFERENT" }
        );
        if !same {
            println!("{:22} {} {:>10} bytes", "", hex(two), two.len());
            wrong.extend(
                differences(one, two)?.into_iter().map(|line| format!("{}: {line}", thing.name)),
            );
        }
        for (number, program) in [(1, one), (2, two)] {
            for kept in private(program, &folders)? {
                wrong.push(format!("{}, build {number}: has {kept} in it", thing.name));
            }
        }
    }
    if let Some(output) = args.output.as_ref().filter(|_| wrong.is_empty()) {
        keep(output, shipped, first)?;
    }
    if !args.keep {
        fs::remove_dir_all(&work)?;
    }
    ensure!(wrong.is_empty(), "not reproducible\n{}", wrong.join("\n"));
    println!("{} programs, each built twice, byte for byte the same", shipped.len());
    Ok(())
}

/// Copies the files that git tracks, as they are now.
fn copy_tracked(to: &Path) -> Result<()> {
    let root = run::root();
    let mut list = Command::new("git");
    let listed = run::succeed(list.args(["ls-files", "-z"]).current_dir(&root))?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), to.join(name));
        // What was deleted and not committed yet is not there.
        if !from.is_file() {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&from, &to).with_context(|| from.display().to_string())?;
    }
    Ok(())
}

/// The environment of a build in this folder: every path that it knows is given a name that is the
/// same everywhere.
fn settings(folder: &Path, time: &str) -> Result<BTreeMap<String, String>> {
    let mut names = vec![(folder.to_owned(), "/pkg".to_owned())];
    let sources = cargo_home()?.canonicalize()?.join("registry/src");
    let entries = fs::read_dir(&sources).with_context(|| sources.display().to_string())?;
    for entry in entries {
        names.push((entry?.path(), "/crates".to_owned()));
    }
    let says = |args: &[&str]| run::succeed(Command::new("rustc").args(args).current_dir(folder));
    let library = PathBuf::from(says(&["--print", "sysroot"])?.trim()).join("lib/rustlib/src/rust");
    let version = says(&["-vV"])?;
    let hash = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    names.push((library, format!("/rustc/{}", hash.context("rustc names no commit")?)));
    let mut rust = vec!["-Cstrip=debuginfo".to_owned()];
    let mut c = vec!["-g0".to_owned()];
    for (path, name) in &names {
        let path = path.to_str().context("a path is not UTF-8")?;
        ensure!(!path.contains([' ', '\u{1f}']), "{path}: C flags cannot name it");
        rust.push(format!("--remap-path-prefix={path}={name}"));
        c.push(format!("-ffile-prefix-map={path}={name}"));
    }
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let fixed = [
        ("CARGO_INCREMENTAL", "0"),
        ("CARGO_TERM_COLOR", "never"),
        ("SOURCE_DATE_EPOCH", time),
        ("TZ", "UTC"),
        ("LANG", "C"),
        ("LC_ALL", "C"),
        // `ar` writes neither times nor owners.
        ("ZERO_AR_DATE", "1"),
    ];
    let mut settings: BTreeMap<_, _> = fixed.into_iter().map(text).collect();
    settings.insert("CARGO_ENCODED_RUSTFLAGS".to_owned(), rust.join("\u{1f}"));
    settings.insert("CFLAGS".to_owned(), c.join(" "));
    settings.insert("CXXFLAGS".to_owned(), c.join(" "));
    Ok(settings)
}

/// Builds what is shipped in a folder and reads it.
fn build(
    folder: &Path,
    shipped: &[Shipped],
    environment: &BTreeMap<String, String>,
    args: &Args,
) -> Result<Vec<Vec<u8>>> {
    let mut made = Vec::new();
    for thing in shipped {
        let mut command = cargo();
        command.current_dir(folder).args(["build", "--release", "--locked", "--quiet"]);
        command.args(["--target", TARGET]).args(thing.args);
        if let Some(jobs) = args.jobs {
            command.arg("--jobs").arg(jobs.to_string());
        }
        // Settings of whoever calls this would make another program.
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            let other = ["CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_TARGET_", "RUSTFLAGS", "RUSTC_"];
            if other.iter().any(|prefix| shown.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.envs(environment).env("CARGO_TARGET_DIR", folder.join("target"));
        if args.quick {
            command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
            command.env("CARGO_PROFILE_RELEASE_LTO", "off");
            command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        }
        run::succeed(&mut command)?;
        let path = folder.join("target").join(TARGET).join("release").join(thing.made);
        made.push(fs::read(&path).with_context(|| path.display().to_string())?);
    }
    Ok(made)
}

/// The paths of this machine, and names that only the second build was told, that a program has in
/// it.
fn private(program: &[u8], folders: &[PathBuf]) -> Result<Vec<String>> {
    let mut names: Vec<String> =
        folders.iter().map(|folder| folder.display().to_string()).collect();
    names.push(cargo_home()?.canonicalize()?.display().to_string());
    names.push(run::root().display().to_string());
    names.extend(["somebody-else", "another-machine"].map(str::to_owned));
    names.retain(|name| {
        name.len() > 1 && program.windows(name.len()).any(|part| part == name.as_bytes())
    });
    Ok(names)
}

/// What two programs differ in: one line for each section, with the place of the first difference.
fn differences(one: &[u8], two: &[u8]) -> Result<Vec<String>> {
    let (first, second) = (sections(one)?, sections(two)?);
    let mut lines = Vec::new();
    for (name, bytes) in &first {
        match second.get(name) {
            None => lines.push(format!("section {name} is in the first only")),
            Some(other) if other != bytes => lines.push(difference(name, bytes, other)),
            Some(_) => {}
        }
    }
    for name in second.keys().filter(|name| !first.contains_key(*name)) {
        lines.push(format!("section {name} is in the second only"));
    }
    if lines.is_empty() {
        lines.push(difference("(no section)", one, two));
    }
    Ok(lines)
}

fn difference(name: &str, one: &[u8], two: &[u8]) -> String {
    let at = one.iter().zip(two).position(|(a, b)| a != b).unwrap_or(one.len().min(two.len()));
    let count = one.iter().zip(two).filter(|(a, b)| a != b).count() + one.len().abs_diff(two.len());
    let around = |bytes: &[u8]| {
        let part = bytes.get(at.saturating_sub(24)..bytes.len().min(at + 24)).unwrap_or_default();
        part.escape_ascii().to_string()
    };
    format!(
        "section {name}: {count} of {} bytes differ, first at {at}: \"{}\" and \"{}\"",
        one.len().max(two.len()),
        around(one),
        around(two)
    )
}

/// The sections of an ELF file by name; several of one name are counted.
fn sections(program: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let file = object::File::parse(program).context("this is no ELF file")?;
    let mut found = BTreeMap::new();
    for section in file.sections() {
        let mut name = section.name().unwrap_or("?").to_owned();
        while found.contains_key(&name) {
            name.push('\'');
        }
        found.insert(name, section.data().context("a section cannot be read")?.to_vec());
    }
    Ok(found)
}

/// Writes what was built, and a list that `sha256sum --check` reads.
fn keep(output: &Path, shipped: &[Shipped], programs: &[Vec<u8>]) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(output)?;
    let mut sums = String::new();
    for (thing, bytes) in shipped.iter().zip(programs) {
        let (path, aside) =
            (output.join(thing.name), output.join(format!(".{}.partial", thing.name)));
        fs::write(&aside, bytes)?;
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o755))?;
        fs::rename(&aside, &path)?;
        sums.push_str(&format!("{}  {}\n", hex(bytes), thing.name));
    }
    fs::write(output.join("SHA256SUMS"), sums)?;
    println!("written to {}", output.display());
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_named_with_its_section() {
        let mut program = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(difference("x", b"same", b"same").contains("0 of 4 bytes"));
        let other = program.clone();
        let range = {
            let file = object::File::parse(other.as_slice()).unwrap();
            file.section_by_name(".rodata").unwrap().file_range().unwrap()
        };
        let at = usize::try_from(range.0).unwrap() + 5;
        program[at] ^= 1;
        let lines = differences(&program, &other).unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("section .rodata: 1 of"), "{lines:?}");
        assert!(lines[0].contains("first at 5:"), "{lines:?}");
        let last = program.len() - 1;
        program[at] ^= 1;
        program[last] ^= 1;
        let lines = differences(&program, &other).unwrap();
        assert!(!lines.is_empty());
    }

    #[test]
    fn a_path_of_the_machine_is_found_in_a_program() {
        let folder = PathBuf::from("/somewhere/two/pkg");
        let program = b"abc/somewhere/two/pkg/core/src/main.rs".to_vec();
        let folders = [folder.clone(), PathBuf::from("/somewhere/three/pkg")];
        assert_eq!(private(&program, &folders).unwrap(), [folder.display().to_string()]);
        assert!(private(b"abc/pkg/core/src/main.rs", &folders).unwrap().is_empty());
    }

    #[test]
    fn every_path_gets_a_name_in_rust_and_c() {
        let folder = std::env::temp_dir();
        let settings = settings(&folder, "7").unwrap();
        let shown = folder.display();
        for (name, flag) in
            [("CARGO_ENCODED_RUSTFLAGS", "--remap-path-prefix="), ("CFLAGS", "-ffile-prefix-map=")]
        {
            let flags = settings.get(name).unwrap();
            assert!(flags.contains(&format!("{flag}{shown}=/pkg")), "{flags}");
            assert!(flags.contains("/registry/src/") && flags.contains("=/crates"), "{flags}");
        }
        assert_eq!(settings.get("SOURCE_DATE_EPOCH").map(String::as_str), Some("7"));
    }
}
