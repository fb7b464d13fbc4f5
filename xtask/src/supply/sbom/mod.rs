//! What is in the program: a bill of materials from what cargo resolves, as CycloneDX and SPDX.
//!
//! Nothing in it is written by hand but the libraries in C inside packages (`bundled`), and those
//! are read again from the sources each time.

mod bundled;
mod cyclonedx;
mod graph;
mod spdx23;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use self::bundled::Bundled;
use self::graph::{Graph, Id, Package};
use super::{TARGET, commit};
use crate::run;

/// Options of `cargo xtask sbom`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder to write into
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// A built program: every package that it names in itself must be in the list
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// The small verifier instead: built without features
    #[arg(long)]
    verifier: bool,
}

/// All that the two forms are made from.
pub struct Listed {
    root: Id,
    packages: Vec<(Id, Package, Vec<Bundled>)>,
}

impl Listed {
    /// The list of the program with all features, or of the small verifier.
    pub fn of(verifier: bool) -> Result<Self> {
        let graph = Graph::of(verifier)?;
        let forgotten = bundled::forgotten(&graph);
        ensure!(verifier || forgotten.is_empty(), "no longer linked: {}", forgotten.join(", "));
        let mut packages = Vec::new();
        for (id, package) in graph.packages {
            let inside = bundled::inside(&id, &package)?;
            packages.push((id, package, inside));
        }
        Ok(Self { root: graph.root, packages })
    }

    fn root_package(&self) -> Result<&Package> {
        let mut all = self.packages.iter();
        all.find(|(id, ..)| *id == self.root).map(|(_, package, _)| package).context("no program")
    }

    fn linked(&self) -> impl Iterator<Item = &Id> {
        self.packages.iter().filter(|(_, package, _)| package.linked).map(|(id, ..)| id)
    }
}

/// What is said about the program as a whole.
pub struct About {
    name: &'static str,
    rust: String,
    rust_commit: String,
    commit: String,
    time: String,
}

impl About {
    fn of(verifier: bool) -> Result<Self> {
        let says = run::succeed(Command::new("rustc").arg("-vV").current_dir(run::root()))?;
        let field = |name: &str| {
            let found = says.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.map(str::to_owned).with_context(|| format!("rustc says no {name}"))
        };
        let (commit, time, _) = commit()?;
        let name = if verifier { "pkg-verifier" } else { "pkg" };
        Ok(Self { name, rust: field("release")?, rust_commit: field("commit-hash")?, commit, time })
    }

    fn properties(&self) -> Vec<(&'static str, String)> {
        vec![
            ("pkg:target", TARGET.to_owned()),
            ("pkg:profile", "release".to_owned()),
            ("pkg:commit", self.commit.clone()),
        ]
    }
}

/// Writes both forms of the list into a folder; says whose they are, and where they are.
pub fn write(output: &Path, verifier: bool) -> Result<(&'static str, [PathBuf; 2])> {
    let (listed, about) = (Listed::of(verifier)?, About::of(verifier)?);
    Ok((about.name, write_forms(&listed, &about, output)?))
}

fn write_forms(listed: &Listed, about: &About, output: &Path) -> Result<[PathBuf; 2]> {
    fs::create_dir_all(output)?;
    let place = |ending: &str| output.join(format!("{}.{ending}", about.name));
    let forms = [place("cdx.json"), place("spdx.json")];
    let documents = [cyclonedx::write(listed, about)?, spdx23::write(listed, about)?];
    for (path, document) in forms.iter().zip(documents) {
        let aside = path.with_extension("json.partial");
        fs::write(&aside, format!("{document:#}\n"))?;
        fs::rename(&aside, path)?;
    }
    Ok(forms)
}

/// Writes both forms, and compares with a program.
pub fn run(args: &Args) -> Result<()> {
    let output = args.output.clone().unwrap_or_else(|| run::root().join("target/sbom"));
    let listed = Listed::of(args.verifier)?;
    let about = About::of(args.verifier)?;
    for path in write_forms(&listed, &about, &output)? {
        println!("{}", path.display());
    }
    let inside: usize = listed.packages.iter().map(|(.., inside)| inside.len()).sum();
    let linked = listed.linked().count();
    println!(
        "{linked} packages are linked, with {inside} libraries in C inside them; {} more build it",
        listed.packages.len() - linked
    );
    if let Some(binary) = &args.binary {
        let count = check_binary(&listed, binary)?;
        println!("{} names {count} packages in itself; all are listed", binary.display());
    }
    Ok(())
}

/// Whether every package that a program names (in the places of its panics) is listed as linked.
/// Gives how many it names. Packages that cannot panic are not named: this finds what is missing
/// from the list, not what is too much.
fn check_binary(listed: &Listed, binary: &Path) -> Result<usize> {
    let bytes = fs::read(binary).with_context(|| binary.display().to_string())?;
    let named = named(&bytes);
    let linked: BTreeSet<String> =
        listed.linked().map(|(name, version)| format!("{name}-{version}")).collect();
    let missing: Vec<&String> = named.difference(&linked).collect();
    ensure!(
        missing.is_empty(),
        "{} has packages that are not listed: {missing:?}",
        binary.display()
    );
    ensure!(!named.is_empty(), "{} names no package: nothing was checked", binary.display());
    Ok(named.len())
}

/// Packages in paths such as `/crates/name-1.2.3/src/lib.rs`, or below `registry/src/INDEX/`.
fn named(bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let path = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+/".contains(byte);
    for text in bytes.split(|byte| !path(byte)) {
        let text = std::str::from_utf8(text).unwrap_or_default();
        // Paths lie one behind the other, without an end between them.
        for (at, marker) in
            text.match_indices("/crates/").chain(text.match_indices("/registry/src/"))
        {
            let rest = &text[at + marker.len()..];
            let mut parts = rest.split('/');
            if marker.contains("registry") {
                parts.next();
            }
            let (Some(package), Some(_)) = (parts.next(), parts.next()) else { continue };
            let version = package.match_indices('-').any(|(at, _)| {
                let rest = &package.as_bytes()[at + 1..];
                rest.first().is_some_and(u8::is_ascii_digit) && rest.contains(&b'.')
            });
            if version {
                found.insert(package.to_owned());
            }
        }
    }
    found
}

/// A package as a package URL.
fn purl(id: &Id) -> String {
    format!("pkg:cargo/{}@{}", id.0, id.1.replace('+', "%2B"))
}

/// A UUID (version 8 of RFC 9562) that follows from a text.
fn uuid(text: &str) -> String {
    let mut bytes = [0_u8; 16];
    for (byte, from) in bytes.iter_mut().zip(Sha256::digest(text)) {
        *byte = from;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_program_has_the_same_list() {
        let document = || {
            let (listed, about) = (Listed::of(false).unwrap(), About::of(false).unwrap());
            (cyclonedx::write(&listed, &about).unwrap(), spdx23::write(&listed, &about).unwrap())
        };
        let (first, second) = (document(), document());
        assert_eq!(first.0.to_string(), second.0.to_string());
        assert_eq!(first.1.to_string(), second.1.to_string());
        assert!(first.0["serialNumber"].as_str().unwrap().starts_with("urn:uuid:"));
    }

    #[test]
    fn what_is_linked_is_listed_and_what_tests_use_is_not() {
        let listed = Listed::of(false).unwrap();
        let find = |name: &str| listed.packages.iter().find(|(id, ..)| id.0 == name);
        for name in ["rustls", "git2", "zstd", "serde", "pkg-formats", "regorus"] {
            assert!(find(name).is_some_and(|(_, package, _)| package.linked), "{name}");
        }
        for name in ["cc", "serde_derive", "proc-macro2"] {
            assert!(find(name).is_some_and(|(_, package, _)| !package.linked), "{name}");
        }
        for name in ["proptest", "jsonschema", "xtask", "pkg-rig"] {
            assert!(find(name).is_none(), "{name}");
        }
        let inside = |name: &str| {
            let found = find(name).map(|(.., inside)| inside).unwrap();
            found.iter().map(|library| (library.name, library.version.clone())).collect::<Vec<_>>()
        };
        let version = |text: &str| Some(text.to_owned());
        assert_eq!(inside("zstd-sys"), [("zstd", version("1.5.7"))]);
        assert_eq!(inside("libgit2-sys")[0], ("libgit2", version("1.9.7")));
        assert_eq!(inside("libz-sys")[0].0, "zlib");
        let small = Listed::of(true).unwrap();
        assert!(small.linked().all(|(name, _)| !["reqwest", "regorus"].contains(&name.as_str())));
        assert!(small.linked().count() < listed.linked().count());
    }

    #[test]
    fn packages_that_a_program_names_are_read_out_of_it() {
        let bytes = b"\0/crates/tar-0.4.46/src/a.rs/crates/zstd-sys-2.1.3+zstd.1.5.7/src/lib.rs\
            \xff/home/x/registry/src/index-0/der-0.8.0/src/b.rs /crates/none/src /crates/";
        let found: Vec<String> = named(bytes).into_iter().collect();
        assert_eq!(found, ["der-0.8.0", "tar-0.4.46", "zstd-sys-2.1.3+zstd.1.5.7"]);
    }

    #[test]
    fn a_program_with_a_package_that_is_not_listed_is_refused() {
        let listed = Listed::of(true).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let known = listed.linked().find(|(name, _)| name == "tar").cloned().unwrap();
        let text = format!("/crates/tar-{}/src/lib.rs\0", known.1);
        fs::write(&program, &text).unwrap();
        assert_eq!(check_binary(&listed, &program).unwrap(), 1);
        fs::write(&program, format!("{text}/crates/other-1.0.0/src/lib.rs")).unwrap();
        let problem = check_binary(&listed, &program).unwrap_err().to_string();
        assert!(problem.contains("other-1.0.0"), "{problem}");
        fs::write(&program, "nothing").unwrap();
        assert!(check_binary(&listed, &program).is_err());
    }

    #[test]
    fn identifiers_follow_from_the_text() {
        assert_eq!(uuid("a"), uuid("a"));
        assert_ne!(uuid("a"), uuid("b"));
        assert_eq!(uuid("a").len(), 36);
        assert_eq!(uuid("a").as_bytes()[14], b'8');
    }
}
