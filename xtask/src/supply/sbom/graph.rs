//! What is linked into a program and what only builds it, as cargo resolves it for one platform
//! and set of features.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::super::{TARGET, cargo};
use crate::run;

/// Name and version of a package.
pub type Id = (String, String);

/// A package, and why it is there.
pub struct Package {
    /// Whether its code is in the program; it only builds or generates otherwise.
    pub linked: bool,
    /// Features of the code that is linked, or of the code that builds.
    pub features: BTreeSet<String>,
    /// Packages it uses, in the same room: of a linked one, those that are linked.
    pub uses: BTreeSet<Id>,
    /// Whether a build script of it compiles C, C++ or assembly.
    pub compiles: bool,
    /// SPDX expression of its licence.
    pub licence: String,
    /// SHA-256 of the archive that `Cargo.lock` pins; none for packages of this repository.
    pub checksum: Option<String>,
    /// Where its sources are published, if it says so.
    pub repository: Option<String>,
    /// What it says it is.
    pub description: Option<String>,
    /// Name of a system library that it stands for (`links` in its manifest).
    pub links: Option<String>,
    /// Its sources on this machine.
    pub folder: PathBuf,
}

/// All packages of a program, and the package that has the program.
pub struct Graph {
    /// The package with the program.
    pub root: Id,
    /// Every package, the root among them.
    pub packages: BTreeMap<Id, Package>,
}

/// One package of `cargo tree`: what it is, its features, what it uses.
type Tree = BTreeMap<Id, (BTreeSet<String>, BTreeSet<Id>)>;

impl Graph {
    /// Asks cargo for the packages of `pkg`; `verifier` is the build without features.
    pub fn of(verifier: bool) -> Result<Self> {
        let (root, linked) = tree(verifier, "normal,no-proc-macro")?;
        let (_, all) = tree(verifier, "normal,build")?;
        let (lock, facts) = (checksums()?, facts()?);
        let mut packages = BTreeMap::new();
        for (id, (features, uses)) in &all {
            let mine = linked.get(id);
            let fact = facts.get(id).with_context(|| format!("cargo metadata lacks {id:?}"))?;
            let (features, uses_here) = mine.map_or((features, uses), |(f, u)| (f, u));
            let package = Package {
                linked: mine.is_some(),
                features: features.clone(),
                uses: uses_here.clone(),
                compiles: uses.iter().any(|(name, _)| name == "cc" || name == "cmake"),
                licence: licence(id, fact)?,
                checksum: lock.get(id).cloned(),
                repository: text(fact, "repository"),
                description: text(fact, "description").map(|text| text.trim().to_owned()),
                links: text(fact, "links"),
                folder: folder(fact)?,
            };
            ensure!(
                package.checksum.is_some() || fact["source"].is_null(),
                "{id:?} comes from elsewhere, and Cargo.lock pins no digest of it"
            );
            packages.insert(id.clone(), package);
        }
        for id in linked.keys() {
            ensure!(packages.contains_key(id), "{id:?} is linked and does not build");
        }
        Ok(Self { root, packages })
    }
}

fn tree(verifier: bool, edges: &str) -> Result<(Id, Tree)> {
    let mut command = cargo();
    command.args(["tree", "--locked", "--package", "pkg", "--edges", edges]);
    command.args(["--target", TARGET, "--prefix", "depth", "--format", "|{p}|{f}|"]);
    if verifier {
        command.arg("--no-default-features");
    }
    parse(&run::succeed(&mut command)?)
}

/// Reads lines like `3|name v1.2.3 (proc-macro)|feature,feature| (*)`: depth, package, features.
fn parse(lines: &str) -> Result<(Id, Tree)> {
    let mut found = Tree::new();
    let mut above: Vec<Id> = Vec::new();
    for line in lines.lines() {
        let mut parts = line.split('|');
        let (Some(depth), Some(package), Some(features)) =
            (parts.next(), parts.next(), parts.next())
        else {
            bail!("cargo tree wrote {line:?}");
        };
        let depth: usize = depth.parse().with_context(|| format!("cargo tree wrote {line:?}"))?;
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            bail!("cargo tree wrote {line:?}");
        };
        let version = version.strip_prefix('v').unwrap_or(version);
        let id = (name.to_owned(), version.to_owned());
        ensure!(depth <= above.len(), "cargo tree wrote {line:?} below nothing");
        above.truncate(depth);
        if let Some(user) = above.last() {
            found.entry(user.clone()).or_default().1.insert(id.clone());
        }
        let entry = found.entry(id.clone()).or_default();
        entry.0.extend(features.split(',').filter(|name| !name.is_empty()).map(str::to_owned));
        above.push(id);
    }
    let root = above.first().cloned().context("cargo tree wrote nothing")?;
    Ok((root, found))
}

/// The digests of `Cargo.lock`.
fn checksums() -> Result<BTreeMap<Id, String>> {
    let text = std::fs::read_to_string(run::root().join("Cargo.lock"))?;
    let lock: toml::Table = toml::from_str(&text)?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let mut found = BTreeMap::new();
    for package in packages.context("Cargo.lock lists no package")? {
        let field = |name: &str| package.get(name).and_then(toml::Value::as_str);
        if let (Some(name), Some(version), Some(checksum)) =
            (field("name"), field("version"), field("checksum"))
        {
            found.insert((name.to_owned(), version.to_owned()), checksum.to_owned());
        }
    }
    Ok(found)
}

/// What the manifests say, by package.
fn facts() -> Result<BTreeMap<Id, Value>> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]);
    let mut metadata: Value = serde_json::from_str(&run::succeed(&mut command)?)?;
    let Value::Array(packages) = metadata["packages"].take() else {
        bail!("cargo metadata lists no package");
    };
    let mut found = BTreeMap::new();
    for package in packages {
        let field = |name| text(&package, name).context("cargo metadata has a package without id");
        let id = (field("name")?, field("version")?);
        if let Some(before) = found.insert(id.clone(), package) {
            bail!("two packages are {id:?}; one is from {}", before["source"]);
        }
    }
    Ok(found)
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

fn folder(fact: &Value) -> Result<PathBuf> {
    let manifest = PathBuf::from(text(fact, "manifest_path").context("no manifest")?);
    Ok(manifest.parent().context("a manifest without a folder")?.to_owned())
}

/// The licence as an SPDX expression. Older manifests write `/` for `OR`.
fn licence(id: &Id, fact: &Value) -> Result<String> {
    let written = text(fact, "license").with_context(|| format!("{id:?} names no licence"))?;
    let parts: Vec<&str> = written.split('/').map(str::trim).collect();
    let expression = parts.join(" OR ");
    spdx::Expression::parse(&expression).with_context(|| format!("{id:?}: {written}"))?;
    Ok(expression)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> Id {
        (name.to_owned(), "1.0.0".to_owned())
    }

    #[test]
    fn a_tree_is_read_with_its_features_and_repetitions() {
        let lines = "0|a v1.0.0 (/x/a)|default|\n1|b v1.0.0|std,alloc|\n2|c v1.0.0 (proc-macro)||\n\
                     1|d v1.0.0||\n2|b v1.0.0|std| (*)\n";
        let (root, found) = parse(lines).unwrap();
        assert_eq!(root, id("a"));
        assert_eq!(found[&id("a")].1, BTreeSet::from([id("b"), id("d")]));
        assert_eq!(found[&id("b")].1, BTreeSet::from([id("c")]));
        assert_eq!(found[&id("d")].1, BTreeSet::from([id("b")]));
        assert_eq!(found[&id("b")].0.len(), 2);
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        for lines in ["", "a v1", "x|a v1.0.0||", "0|a|", "0|a||", "3|a v1.0.0||"] {
            assert!(parse(lines).is_err(), "{lines:?}");
        }
    }
}
