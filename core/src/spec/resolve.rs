//! From the paths of a spec to the files of its folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::walk::{Found, FoundKind, walk};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::kind::Group;
use crate::model::path::{Clash, ReleasePath, find_clash};
use crate::model::spec::{ComponentSpec, FILE_NAME, Spec};
use crate::scan::{self, SourceFile, lfs, shards};

/// The files that a spec speaks of; every list is ordered by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The files of each component, parallel to the spec; empty where its content
    /// is in git, at a URL or absent.
    pub components: Vec<Vec<SourceFile>>,
    /// Licence texts and named documents that no component lists, each once.
    pub licences: Vec<SourceFile>,
    /// The manifest of each data set, parallel to the spec.
    pub manifests: Vec<Option<SourceFile>>,
    /// Regular files of the folder that belong to nothing.
    pub unpacked: Vec<ReleasePath>,
}

/// Finds the files of a spec in its folder and checks that they can be packed.
pub fn resolve(folder: &Path, spec: &Spec) -> Result<Resolved> {
    let tree = Tree::read(folder, spec)?;
    let mut owners: HashMap<String, usize> = HashMap::new();
    let mut components = Vec::with_capacity(spec.components.len());
    for (index, component) in spec.components.iter().enumerate() {
        let files = tree.matching(component)?;
        for file in &files {
            if let Some(other) = owners.insert(file.path.as_str().to_owned(), index) {
                let other = spec.components.get(other).map_or("", |other| other.kind.as_str());
                return Err(Problem::new(Code::DuplicatePath, &file.path).detail(format!(
                    "component {} ({}) and an earlier one ({other}) both list it",
                    index + 1,
                    component.kind,
                )));
            }
        }
        check_contents(component, &files)?;
        components.push(files);
    }
    let licences = licences(&tree, spec, &owners)?;
    let manifests = spec
        .data
        .iter()
        .map(|data| {
            let manifest = data.manifest.as_deref();
            manifest.map(|path| tree.named(path, Code::PathNotFound)).transpose()
        })
        .collect::<Result<Vec<_>>>()?;

    let listed = components.iter().flatten().chain(&licences).chain(manifests.iter().flatten());
    let packed: BTreeSet<&ReleasePath> = listed.map(|file| &file.path).collect();
    refuse_clashes(&packed)?;
    let unpacked = tree.others(&packed);
    check_shards(folder, &tree, spec, &components)?;
    Ok(Resolved { components, licences, manifests, unpacked })
}

/// The folder's entries by path.
struct Tree {
    folder: PathBuf,
    found: Vec<Found>,
}

impl Tree {
    fn read(folder: &Path, spec: &Spec) -> Result<Self> {
        let found = walk(folder)?;
        // A release may come from git alone; the folder then holds only its spec.
        let from_git = spec.components.iter().any(|component| component.git.is_some());
        let from_here = spec.components.iter().any(|component| !component.paths.is_empty());
        if found.is_empty() && (from_here || !from_git) {
            return Err(Problem::new(Code::EmptyFolder, folder.display()));
        }
        Ok(Self { folder: folder.to_owned(), found })
    }

    /// The files that a component's `paths` name, without those it excludes.
    fn matching(&self, component: &ComponentSpec) -> Result<Vec<SourceFile>> {
        let excluded: Vec<GlobMatcher> =
            component.exclude.iter().map(|pattern| matcher(pattern)).collect::<Result<_>>()?;
        let mut files: Vec<SourceFile> = Vec::new();
        for pattern in &component.paths {
            let wanted = matcher(pattern)?;
            let mut any = false;
            for found in self.found.iter().filter(|found| wanted.is_match(&found.path)) {
                any = true;
                if !excluded.iter().any(|excluded| excluded.is_match(&found.path)) {
                    files.push(source(found)?);
                }
            }
            if !any {
                return Err(self.nothing(pattern, component));
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        if files.is_empty() && !component.paths.is_empty() {
            return Err(Problem::new(Code::PathNotFound, FILE_NAME)
                .detail(format!("`exclude` takes every file away from {}", component.kind)));
        }
        Ok(files)
    }

    fn nothing(&self, pattern: &str, component: &ComponentSpec) -> Problem {
        let link = self.found.iter().find(|found| {
            let below = pattern.strip_prefix(&found.path);
            found.kind == FoundKind::Symlink && below.is_some_and(|rest| rest.starts_with('/'))
        });
        if let Some(link) = link {
            return Problem::new(Code::SymlinkInRelease, &link.path)
                .detail(format!("{pattern:?} leads through this link, which is not followed"));
        }
        let problem = Problem::new(Code::PathNotFound, pattern)
            .detail(format!("{:?} of component {} matches nothing", pattern, component.kind));
        if self.folder.join(pattern).is_dir() {
            problem.hint(format!("It is a folder: write \"{pattern}/**\"."))
        } else {
            problem
        }
    }

    /// One file by its exact path.
    fn named(&self, path: &str, missing: Code) -> Result<SourceFile> {
        match self.found.binary_search_by(|found| found.path.as_str().cmp(path)) {
            Ok(at) => source(&self.found[at]),
            Err(_) => Err(Problem::new(missing, path).detail(format!(
                "pkg.toml names it, but {} has no such file",
                self.folder.display()
            ))),
        }
    }

    fn others(&self, packed: &BTreeSet<&ReleasePath>) -> Vec<ReleasePath> {
        let files = self.found.iter().filter(|found| found.kind == FoundKind::File);
        let paths = files.filter_map(|found| ReleasePath::new(found.path.as_str()).ok());
        paths.filter(|path| !packed.contains(path)).collect()
    }
}

/// A glob in which `*` stops at `/`, so that `**` alone crosses folders.
pub(crate) fn matcher(pattern: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| {
        Problem::new(Code::SpecInvalid, pattern).detail(error.to_string()).source(error)
    })
}

/// Takes a found entry as a file of the release, if it can be one.
fn source(found: &Found) -> Result<SourceFile> {
    match found.kind {
        FoundKind::File => {}
        FoundKind::Symlink => return Err(Problem::new(Code::SymlinkInRelease, &found.path)),
        FoundKind::Special => return Err(Problem::new(Code::SpecialFile, &found.path)),
    }
    let path = ReleasePath::new(found.path.as_str()).map_err(|reason| {
        Problem::new(Code::UnsafePath, &found.path)
            .detail(format!("the name cannot be used everywhere: {reason}"))
            .hint("Rename the file.")
    })?;
    if path.is_reserved_for_pkg() {
        return Err(Problem::new(Code::SpecInvalid, path)
            .detail("the name is used by pkg itself in an unpacked release")
            .hint("Rename the file, or leave it out."));
    }
    let disk = found.disk.clone();
    Ok(SourceFile { path, disk, size: found.size, executable: found.executable })
}

/// Opens every file, which also proves that it can be read, and refuses content
/// that stands for something else.
fn check_contents(component: &ComponentSpec, files: &[SourceFile]) -> Result<()> {
    for file in files {
        if file.size == 0 && component.kind.group() == Group::Weights {
            return Err(Problem::new(Code::EmptyWeights, &file.path));
        }
        if file.size >= lfs::MAX_POINTER {
            fsx::open_regular(&file.disk)?;
        } else if let Some(pointer) = lfs::parse(&scan::head(&file.disk)?.0) {
            return Err(lfs_problem(&file.path, &pointer));
        }
    }
    Ok(())
}

/// The problem of a pointer in place of content.
pub(crate) fn lfs_problem(path: &ReleasePath, pointer: &lfs::Pointer) -> Problem {
    Problem::new(Code::LfsPointer, path).detail(format!(
        "a Git LFS pointer to {} ({} bytes), not the content itself",
        pointer.oid, pointer.size
    ))
}

fn licences(tree: &Tree, spec: &Spec, owners: &HashMap<String, usize>) -> Result<Vec<SourceFile>> {
    let named = spec.components.iter().filter_map(|component| component.licence_file.as_deref());
    let texts: BTreeSet<&str> = named.chain(spec.release.licence_file.as_deref()).collect();
    let disclosure = spec.disclosure();
    let documents = disclosure.files().map(|path| (path, Code::PathNotFound));
    // A document that is also a licence text is looked for as such.
    let mut all: BTreeMap<&str, Code> = documents.collect();
    all.extend(texts.into_iter().map(|path| (path, Code::LicenceFileMissing)));
    let mut files = Vec::new();
    for (path, missing) in all {
        let file = tree.named(path, missing)?;
        fsx::open_regular(&file.disk)?;
        if !owners.contains_key(path) {
            files.push(file);
        }
    }
    Ok(files)
}

fn refuse_clashes(packed: &BTreeSet<&ReleasePath>) -> Result<()> {
    match find_clash(packed.iter().copied()) {
        None => Ok(()),
        Some(Clash::Same(path)) => Err(Problem::new(Code::DuplicatePath, path)),
        Some(Clash::Case(one, other)) => Err(Problem::new(Code::CaseClash, &one)
            .detail(format!("{one} and {other} differ only in letter case"))),
        Some(Clash::Folder(file, below)) => Err(Problem::new(Code::CaseClash, &file).detail(
            format!("{file} is a file and, in another letter case, the folder of {below}"),
        )),
    }
}

/// Every shard that an index of the release names has to be in it, unless the
/// weights are elsewhere altogether.
fn check_shards(
    folder: &Path,
    tree: &Tree,
    spec: &Spec,
    components: &[Vec<SourceFile>],
) -> Result<()> {
    let parts = spec.components.iter().zip(components);
    let weights = parts.filter(|(component, _)| component.kind.group() == Group::Weights);
    let weights: BTreeSet<&ReleasePath> =
        weights.flat_map(|(_, files)| files).map(|file| &file.path).collect();
    if weights.is_empty() {
        return Ok(());
    }
    let listed: BTreeSet<&ReleasePath> =
        components.iter().flatten().map(|file| &file.path).collect();
    for found in tree.found.iter().filter(|found| found.kind == FoundKind::File) {
        let Ok(path) = ReleasePath::new(found.path.as_str()) else { continue };
        if !shards::is_index(&path) {
            continue;
        }
        let index = source(found)?;
        let named = shards::shards(&index)?;
        let concerned =
            listed.contains(&index.path) || named.iter().any(|shard| weights.contains(shard));
        if let Some(shard) = named.iter().find(|shard| !listed.contains(shard))
            && concerned
        {
            return Err(shards::missing(&index.path, shard, folder));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
