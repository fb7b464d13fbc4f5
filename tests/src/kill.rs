//! Commands that are killed and run again, and what must hold after each.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use pkg_rig::registry::Registry;

use crate::{Out, Place, safetensors};

pub use cases::{CASES, READERS};

/// A command and what it makes of what.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Name in tables.
    pub name: &'static str,
    /// What must be there before, beside a model in `model/` and the keys `k.key`, `k.pub`.
    pub before: &'static [&'static [&'static str]],
    /// The command; `HOST` is a registry of its own.
    pub run: &'static [&'static str],
    /// What it reads and must not touch.
    pub sources: &'static [&'static str],
    /// What it makes here, which is there and complete or not there at all.
    pub makes: Option<&'static str>,
    /// What must succeed when it is complete.
    pub proof: &'static [&'static [&'static str]],
    /// What must succeed at any moment: what was there before is still good.
    pub always: &'static [&'static [&'static str]],
}

/// A place in which a case is run again and again from the same start.
#[derive(Debug)]
pub struct Bench {
    case: Case,
    place: Place,
    start: tempfile::TempDir,
    before: BTreeSet<PathBuf>,
    after: BTreeSet<PathBuf>,
    sources: Files,
    digest: Option<String>,
    reference: Files,
}

/// Content, mode and time of files and links, by path.
type Files = BTreeMap<PathBuf, (Vec<u8>, u32, i128)>;

/// A run of a case in its place, with a registry if it needs one.
#[derive(Debug)]
pub struct Run<'a> {
    bench: &'a Bench,
    rig: Option<Registry>,
}

impl Bench {
    /// Prepares a case and runs it once to its end, to know what it makes.
    pub fn new(case: Case) -> Self {
        let place = Place::with_model();
        place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
        fs::write(place.path("p.json"), r#"{"loss":1.5}"#).expect("a predicate");
        if case.run.contains(&"--shard") {
            let weights: Vec<u8> = (0..2_500_000_u32).map(|n| (n >> 6) as u8 ^ n as u8).collect();
            let file = place.path("model/model-1.safetensors");
            fs::write(file, safetensors(&weights)).expect("weights to cut up");
        }
        let start = tempfile::tempdir().expect("a folder");
        let mut bench = Self {
            case,
            place,
            start,
            before: BTreeSet::new(),
            after: BTreeSet::new(),
            sources: Files::new(),
            digest: None,
            reference: Files::new(),
        };
        for args in case.before.iter().filter(|args| !needs_registry(args)) {
            bench.place.ok(args);
        }
        copy(bench.place.root(), bench.start.path());
        bench.before = names(bench.place.root());
        bench.sources = bench.read_sources();
        let run = bench.begin();
        run.must(case.run);
        let digest = run.digest();
        let proof = run.proof(&digest);
        assert!(proof.is_ok(), "{}: {proof:?}", case.name);
        drop(run);
        bench.digest = digest;
        bench.after = names(bench.place.root());
        bench.reference = case.makes.map(|made| read(&bench.place.path(made))).unwrap_or_default();
        bench
    }

    /// The case.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// The place.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the place holds besides caches is as it was before the case was run.
    pub fn begin(&self) -> Run<'_> {
        for entry in fs::read_dir(self.place.root()).expect("the place") {
            let path = entry.expect("an entry").path();
            let folder = path.symlink_metadata().expect("what is there").is_dir();
            let removed = if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.expect("an empty place");
        }
        copy(self.start.path(), self.place.root());
        let all = [self.case.run].into_iter().chain(self.case.before.iter().copied());
        let rig = all.into_iter().any(needs_registry).then(Registry::start);
        let run = Run { bench: self, rig };
        for args in self.case.before.iter().filter(|args| needs_registry(args)) {
            run.must(args);
        }
        run
    }

    fn read_sources(&self) -> Files {
        let all = self.case.sources.iter().flat_map(|name| read(&self.place.path(name)));
        let made = self.case.makes.map(|made| self.place.path(made));
        all.filter(|(path, _)| {
            Some(path) != made.as_ref() && !path.to_string_lossy().ends_with(".partial")
        })
        .collect()
    }
}

impl Run<'_> {
    /// Arguments with the registry and the digest in them.
    pub fn args(&self, args: &[&str]) -> Vec<String> {
        let host = self.rig.as_ref().map(Registry::host).unwrap_or_default();
        let digest = self.bench.digest.clone().unwrap_or_default();
        args.iter().map(|arg| arg.replace("HOST", &host).replace("DIGEST", &digest)).collect()
    }

    /// The command of the case.
    pub fn command(&self) -> Vec<String> {
        self.args(self.bench.case.run)
    }

    fn run(&self, args: &[&str]) -> Out {
        let args = self.args(args);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.bench.place.run(&args)
    }

    fn must(&self, args: &[&str]) -> Out {
        let out = self.run(args);
        assert_eq!(out.code, Some(0), "{args:?}: {out:?}");
        out
    }

    /// Digest of what the case makes or works on; none when it is not there.
    fn digest(&self) -> Option<String> {
        let args = self.bench.case.run;
        let bundle = args.iter().find(|arg| arg.ends_with(".pkg") || arg.ends_with(".tar"));
        if let Some(bundle) = bundle.filter(|bundle| self.bench.place.path(bundle).exists()) {
            return Some(self.bench.place.digest(bundle));
        }
        self.rig.as_ref().and_then(|rig| rig.tag("lab/m", "v1"))
    }

    /// Every proof succeeds, with the digest that the first run gave.
    fn proof(&self, digest: &Option<String>) -> Result<(), String> {
        for args in self.bench.case.proof {
            let digest = digest.clone().unwrap_or_default();
            let args: Vec<String> = args.iter().map(|arg| arg.replace("DIGEST", &digest)).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let out = self.run(&args);
            if out.code != Some(0) {
                return Err(format!("{args:?}: {out:?}"));
            }
        }
        Ok(())
    }

    fn complete(&self) -> Result<(), String> {
        let digest = self.digest();
        if digest != self.bench.digest {
            return Err(format!("digest {digest:?} instead of {:?}", self.bench.digest));
        }
        self.proof(&digest)
    }

    /// What must hold after a run that ended too early, or that failed. Gives the names
    /// of leftovers.
    pub fn after_the_fall(&self) -> Result<Vec<PathBuf>, String> {
        let (bench, case, place) = (self.bench, self.bench.case, &self.bench.place);
        if bench.read_sources() != bench.sources {
            return Err("a source was touched".to_owned());
        }
        for args in case.always {
            let out = self.run(args);
            if out.code != Some(0) {
                return Err(format!("what was good is not: {args:?}: {out:?}"));
            }
        }
        if let Some(made) = case.makes.filter(|made| place.path(made).exists()) {
            self.complete().map_err(|why| format!("{made} is there, but not complete: {why}"))?;
        }
        if let Some(rig) = self.rig.as_ref()
            && let Some(tagged) = rig.tag("lab/m", "v1")
            && bench.digest.as_ref().is_some_and(|digest| *digest != tagged)
        {
            return Err(format!("the tag is at {tagged}"));
        }
        let left = self.left();
        for path in &left {
            self.half_made(path)?;
        }
        Ok(left)
    }

    /// What is neither there before the run nor after a whole one.
    fn left(&self) -> Vec<PathBuf> {
        let now = names(self.bench.place.root());
        let known = |path: &PathBuf| {
            let root = self.bench.place.root();
            let all = [&self.bench.before, &self.bench.after];
            let bundle = path.components().any(|part| part.as_os_str() == "blobs");
            let hex = path.file_name().is_some_and(|name| name.len() == 64);
            let signature = path.to_string_lossy().contains("/.pkg/signatures/");
            path == root
                || all.iter().any(|all| all.contains(path))
                || (signature || bundle && hex) && !path.to_string_lossy().contains(".partial")
        };
        let names: Vec<PathBuf> = now.into_iter().filter(|path| !known(path)).collect();
        let tops = names.iter().filter(|path| {
            !path.parent().is_some_and(|parent| names.iter().any(|one| one == parent))
        });
        tops.cloned().collect()
    }

    /// A leftover has a name that says so, and does not verify unless it is complete.
    fn half_made(&self, path: &Path) -> Result<(), String> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let staged =
            name.starts_with('.') && (name.ends_with(".partial") || name.ends_with(".partial.old"));
        if !staged {
            return Err(format!("{} is a leftover without a name that says so", path.display()));
        }
        let text = path.to_string_lossy();
        let digest = self.bench.digest.as_deref().unwrap_or("sha256:0");
        let pinned = ["verify", &*text, "--digest", digest];
        let keyed = ["verify", &*text, "--key", "k.pub"];
        for args in [&pinned[..], &keyed[..]] {
            if self.run(args).code == Some(0) && !self.whole(path) {
                return Err(format!("{args:?} succeeds, and it is not complete"));
            }
        }
        Ok(())
    }

    /// Every file of the whole output is in it, with the same content; but for signatures,
    /// which are written last, and missing there give no wrong answer.
    fn whole(&self, path: &Path) -> bool {
        let Some(made) = self.bench.case.makes.map(|made| self.bench.place.path(made)) else {
            // What was replaced: it was whole before, or its successor is.
            return true;
        };
        let found = read(path);
        self.bench.reference.iter().all(|(file, (content, ..))| {
            let rest = file.strip_prefix(&made).expect("a file of it");
            if rest == Path::new("model.sig") || rest.starts_with(".pkg/signatures") {
                return true;
            }
            let there = if rest.as_os_str().is_empty() { path.to_owned() } else { path.join(rest) };
            found.get(&there).is_some_and(|(other, ..)| other == content)
        })
    }

    /// The same command once more: it completes, or says that it had, and nothing of the
    /// broken run is left.
    pub fn again(&self) -> Result<(), String> {
        let case = self.bench.case;
        let there = case.makes.is_some_and(|made| self.bench.place.path(made).exists());
        let args = self.command();
        let args: Vec<&str> = args.iter().map(String::as_str).chain(["--json"]).collect();
        let out = self.bench.place.run(&args);
        let said_so = || there && out.codes().iter().any(|code| code == "output-exists");
        if out.code != Some(0) && !said_so() {
            return Err(format!("the second run does not complete: {out:?}"));
        }
        self.complete().map_err(|why| format!("after the second run: {why}"))?;
        if self.bench.read_sources() != self.bench.sources {
            return Err("the second run touched a source".to_owned());
        }
        let left = self.left();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?} stay")) }
    }
}

fn needs_registry(args: &[&str]) -> bool {
    args.iter().any(|arg| arg.contains("HOST"))
}

fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.arg("-a").arg(from.join(".")).arg(to);
    assert!(command.status().expect("cp starts").success(), "{command:?}");
}

/// Every path below a folder but caches.
fn names(root: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::from([root.to_owned()]);
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.strip_prefix(root).is_ok_and(|rest| rest == Path::new(".cache")) {
                continue;
            }
            if path.symlink_metadata().expect("what is there").is_dir() {
                folders.push(path.clone());
            }
            all.insert(path);
        }
    }
    all
}

fn read(root: &Path) -> Files {
    let Ok(meta) = root.symlink_metadata() else { return Files::new() };
    let all = if meta.is_dir() { names(root) } else { BTreeSet::from([root.to_owned()]) };
    let files = all.into_iter().filter_map(|path| {
        let meta = path.symlink_metadata().expect("what is there");
        let content = if meta.is_dir() {
            return None;
        } else if meta.is_symlink() {
            fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).expect("a file")
        };
        let time = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        Some((path, (content, meta.permissions().mode(), time)))
    });
    files.collect()
}
