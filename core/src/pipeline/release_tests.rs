//! Real bundles, keys and repositories; a shelf in place of a registry.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::{
    Course, Entry, Expected, Pages, Ran, Release, ReleaseRequest, Remote, Sent, Signing, State,
    Step, Watch, plan, run,
};
use crate::bundle::{self, GitRequest, Source};
use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::sign::ModelSignature;
use crate::trust::judge::Accepted;
use crate::trust::key::{Algorithm, PublicKey, SigningKey};
use crate::trust::sealer::KeySealer;
use crate::trust::signer::Signer;

/// Bundles by digest, and one tag.
struct Shelf {
    folder: PathBuf,
    tag: RefCell<Option<Digest>>,
    /// What the shelf does to a bundle that is pushed.
    breaks: Cell<Option<Fault>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The push is cut.
    Cut,
    /// Signatures get lost.
    DropsSignatures,
    /// A byte of a blob is changed.
    ChangesContent,
    /// Somebody else moves the tag at the same moment.
    MovesTag,
}

impl Shelf {
    fn place(&self, digest: Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }
}

impl Remote for Shelf {
    fn name(&self) -> String {
        "oci://shelf.example.org/m:1".to_owned()
    }

    fn tagged(&self) -> Result<Option<Digest>> {
        Ok(*self.tag.borrow())
    }

    fn push(&self, bundle: &Path, _: &Meter) -> Result<(Option<Sent>, Vec<Finding>)> {
        if self.breaks.get() == Some(Fault::Cut) {
            return Err(Problem::new(Code::TransferInterrupted, "shelf"));
        }
        let digest = bundle::load(bundle)?.digest;
        let place = self.place(digest);
        let index = |folder: &Path| std::fs::read(folder.join("index.json")).ok();
        if index(bundle) == index(&place) {
            return Ok((Some(Sent { digest, bytes: 0 }), Vec::new()));
        }
        if place.exists() {
            std::fs::remove_dir_all(&place).unwrap();
        }
        bundle::copy(&Source::open(bundle)?, &place)?;
        match self.breaks.get() {
            Some(Fault::DropsSignatures) => {
                let text = String::from_utf8(index(&place).unwrap()).unwrap();
                let mut index: serde_json::Value = serde_json::from_str(&text).unwrap();
                index["manifests"].as_array_mut().unwrap().truncate(1);
                std::fs::write(place.join("index.json"), index.to_string()).unwrap();
            }
            Some(Fault::ChangesContent) => {
                let weights = Digest::of(&weights()).hex();
                let blob = place.join("blobs/sha256").join(weights);
                let mut bytes = std::fs::read(&blob).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                std::fs::remove_file(&blob).unwrap();
                std::fs::write(&blob, bytes).unwrap();
            }
            _ => {}
        }
        Ok((Some(Sent { digest, bytes: 7 }), Vec::new()))
    }

    fn target(&self, digest: Digest) -> PathBuf {
        self.place(digest)
    }

    fn tag(&self, digest: Digest, move_tag: bool) -> Result<Vec<Finding>> {
        let mut tag = self.tag.borrow_mut();
        if tag.is_some_and(|there| there != digest) && !move_tag {
            return Err(Problem::new(Code::TagTaken, "shelf"));
        }
        let lost = self.breaks.get() == Some(Fault::MovesTag);
        *tag = Some(if lost { Digest::of(b"somebody else's") } else { digest });
        Ok(Vec::new())
    }
}

/// Watches nothing.
struct Nobody;

impl Watch for Nobody {
    fn entry(&mut self, _: &Entry) -> Result<()> {
        Ok(())
    }

    fn during(&mut self, _: Step, work: &mut dyn FnMut(&Meter) -> Result<Ran>) -> Result<Ran> {
        work(&Meter::default())
    }
}

fn weights() -> Vec<u8> {
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&[0, 0, 128, 63, 0, 0, 0, 64]);
    bytes
}

const SPEC: &str = "[release]\nname = \"m\"\nversion = \"1\"\nlicence = \"MIT\"\n\n\
    [[component]]\nkind = \"model-parameters-final\"\npaths = [\"*.safetensors\"]\n";

/// The same key in every run.
#[derive(Debug)]
struct Shared(Arc<SigningKey>);

impl Signer for Shared {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.0.sign(message)
    }

    fn public(&self) -> Result<PublicKey> {
        self.0.public()
    }
}

struct Bench {
    dir: tempfile::TempDir,
    shelf: Shelf,
    key: Arc<SigningKey>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shelf_folder = dir.path().join("shelf");
        for folder in ["model", "work", "shelf"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        std::fs::write(dir.path().join("model/pkg.toml"), SPEC).unwrap();
        std::fs::write(dir.path().join("model/m.safetensors"), weights()).unwrap();
        let key = Arc::new(SigningKey::generate(Algorithm::EcdsaP256).unwrap());
        let shelf =
            Shelf { folder: shelf_folder, tag: RefCell::new(None), breaks: Cell::new(None) };
        Self { dir, shelf, key }
    }

    fn request(&self) -> ReleaseRequest {
        ReleaseRequest {
            folder: self.dir.path().join("model"),
            rev: None,
            bundle: None,
            log: None,
            move_tag: false,
            git: GitRequest::default(),
            model_signature: ModelSignature::Files,
            part: None,
            logged: false,
            timed: false,
            signer: Accepted::default(),
            plugins: None,
            results: Vec::new(),
            policy: None,
            policy_signers: Accepted::default(),
            adopter: None,
            provenance: false,
            pages: Pages::default(),
        }
    }

    fn run(&self, request: ReleaseRequest) -> Course {
        let work = self.dir.path().join("work");
        let mut release = Release::at(request, &self.shelf, work);
        let key = Shared(Arc::clone(&self.key));
        let sealer = Box::new(KeySealer::new(Box::new(key)).unwrap());
        let mut log = release.begin(Signing { sealer, findings: Vec::new() }).unwrap();
        log.add(&Entry::started(Step::Check, None)).unwrap();
        run(&mut release, &mut Nobody).unwrap()
    }

    fn signatures(&self) -> usize {
        bundle::load(&self.dir.path().join("work/bundle.pkg")).unwrap().signatures.len()
    }
}

fn states(course: &Course) -> Vec<(Step, State)> {
    course.entries.iter().map(|entry| (entry.step, entry.state)).collect()
}

#[test]
fn a_release_goes_all_the_way_and_a_second_run_changes_nothing() {
    let bench = Bench::new();
    let course = bench.run(bench.request());
    assert_eq!((course.exit, course.stopped), (Exit::Ok, None), "{:?}", course.findings);
    assert_eq!(*bench.shelf.tag.borrow(), course.digest);
    assert_eq!(bench.signatures(), 2);
    let again = bench.run(bench.request());
    assert_eq!((again.exit, again.digest), (Exit::Ok, course.digest));
    assert_eq!(bench.signatures(), 2);
    for step in [Step::Pack, Step::Target, Step::Sign, Step::Attest, Step::Push, Step::Tag] {
        assert!(states(&again).contains(&(step, State::Skipped)), "{step:?} in {again:?}");
    }
    for step in [Step::Check, Step::Verify, Step::Reverify] {
        // A check that was made before proves nothing about now.
        assert!(states(&again).contains(&(step, State::Done)), "{step:?} in {again:?}");
    }
}

#[test]
fn a_tag_that_names_another_release_is_refused_before_anybody_signs() {
    let bench = Bench::new();
    let other = Digest::of(b"another release");
    *bench.shelf.tag.borrow_mut() = Some(other);
    let course = bench.run(bench.request());
    assert_eq!((course.stopped, course.exit), (Some(Step::Target), Exit::Usage));
    assert_eq!(*bench.shelf.tag.borrow(), Some(other));
    assert_eq!(bench.signatures(), 0);
    let moved = bench.run(ReleaseRequest { move_tag: true, ..bench.request() });
    assert_eq!(moved.exit, Exit::Ok, "{:?}", moved.findings);
    assert_eq!(*bench.shelf.tag.borrow(), moved.digest);
}

#[test]
fn what_the_registry_made_of_it_is_found_out_before_the_tag_is_set() {
    for (fault, step, code) in [
        (Fault::Cut, Step::Push, Code::TransferInterrupted),
        (Fault::DropsSignatures, Step::Reverify, Code::Unsigned),
        (Fault::ChangesContent, Step::Reverify, Code::DigestMismatch),
    ] {
        let bench = Bench::new();
        bench.shelf.breaks.set(Some(fault));
        let course = bench.run(bench.request());
        assert_eq!(course.stopped, Some(step), "{:?}", course.findings);
        assert!(course.findings.iter().any(|found| found.code == code), "{:?}", course.findings);
        assert_eq!(*bench.shelf.tag.borrow(), None);
        // The same command again, once the registry works.
        bench.shelf.breaks.set(None);
        if fault != Fault::Cut {
            std::fs::remove_dir_all(bench.shelf.place(course.digest.unwrap())).unwrap();
        }
        let again = bench.run(bench.request());
        assert_eq!(again.exit, Exit::Ok, "{:?}", again.findings);
        assert!(states(&again).contains(&(Step::Sign, State::Skipped)));
        assert_eq!(*bench.shelf.tag.borrow(), again.digest);
    }
}

#[test]
fn a_tag_that_somebody_else_moved_is_no_release() {
    let bench = Bench::new();
    bench.shelf.breaks.set(Some(Fault::MovesTag));
    let course = bench.run(bench.request());
    assert_eq!((course.stopped, course.exit), (Some(Step::Tag), Exit::Unexpected));
    assert!(course.findings.iter().any(|found| found.code == Code::TagMoved));
}

#[test]
fn an_edit_makes_another_release_that_the_tag_does_not_name() {
    let bench = Bench::new();
    let first = bench.run(bench.request());
    let spec = bench.dir.path().join("model/pkg.toml");
    std::fs::write(&spec, SPEC.replace("\"1\"", "\"2\"")).unwrap();
    let second = bench.run(bench.request());
    assert_eq!(second.stopped, Some(Step::Target));
    assert_eq!(*bench.shelf.tag.borrow(), first.digest);
    assert_ne!(second.digest, first.digest);
}

#[test]
fn a_folder_that_cannot_be_packed_stops_at_the_check() {
    let bench = Bench::new();
    std::fs::write(bench.dir.path().join("model/pkg.toml"), "[release]\nname = 1\n").unwrap();
    let pages = Pages { markdown: Some(bench.dir.path().join("r.md")), ..Pages::default() };
    let course = bench.run(ReleaseRequest { pages, ..bench.request() });
    assert_eq!((course.stopped, course.exit), (Some(Step::Check), Exit::Usage));
    let page = std::fs::read_to_string(bench.dir.path().join("r.md")).unwrap();
    assert!(page.contains("Not released") && page.contains("check"), "{page}");
}

#[test]
fn reports_say_what_was_released() {
    let bench = Bench::new();
    let at = |name: &str| Some(bench.dir.path().join(name));
    let pages = Pages { markdown: at("r.md"), sarif: at("r.sarif"), badge: at("r.svg") };
    let course = bench.run(ReleaseRequest { pages, ..bench.request() });
    let read = |name: &str| std::fs::read_to_string(bench.dir.path().join(name)).unwrap();
    assert!(read("r.md").starts_with("## Released"), "{}", read("r.md"));
    assert!(read("r.md").contains(&course.digest.unwrap().to_string()));
    let sarif: serde_json::Value = serde_json::from_str(&read("r.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(read("r.svg").starts_with("<svg"));
}

#[test]
fn provenance_without_a_pipeline_stops_before_anything_is_sent() {
    // The tests themselves may run in a pipeline.
    if ["GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "BUILD_ID"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return;
    }
    let bench = Bench::new();
    let course = bench.run(ReleaseRequest { provenance: true, ..bench.request() });
    assert_eq!(course.stopped, Some(Step::Attest));
    assert!(course.findings.iter().any(|found| found.code == Code::PipelineUnknown));
    assert!(!bench.shelf.place(course.digest.unwrap()).exists());
}

#[test]
fn a_plan_changes_nothing() {
    let bench = Bench::new();
    let work = bench.dir.path().join("none");
    let mut release = Release::at(bench.request(), &bench.shelf, work.clone());
    let planned = plan(&mut release).unwrap();
    assert_eq!(planned.first().map(|it| it.step), Some(Step::Check));
    assert!(planned.iter().any(|it| it.step == Step::Pack && it.expected == Expected::Do));
    assert!(!work.exists());
    bench.run(bench.request());
    let mut release = Release::at(bench.request(), &bench.shelf, bench.dir.path().join("work"));
    let planned = plan(&mut release).unwrap();
    let target = planned.iter().find(|it| it.step == Step::Target).unwrap();
    assert!(target.why.contains("names the bundle that is there"), "{target:?}");
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
    for (name, value) in [("NAME", "t"), ("EMAIL", "t@example.org"), ("DATE", "1700000000 +0000")] {
        command.env(format!("GIT_AUTHOR_{name}"), value);
        command.env(format!("GIT_COMMITTER_{name}"), value);
    }
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_release_from_a_commit_is_that_of_the_commit_and_not_of_the_folder() {
    let bench = Bench::new();
    let model = bench.dir.path().join("model");
    std::fs::create_dir(model.join("train")).unwrap();
    std::fs::write(model.join("train/run.py"), "print()\n").unwrap();
    let code = "\n[[component]]\nkind = \"training-code\"\n\
                git = { repo = \".\", rev = \"v1\", path = \"train\" }\n";
    std::fs::write(model.join("pkg.toml"), format!("{SPEC}{code}")).unwrap();
    git(&model, &["init", "-q", "-b", "main"]);
    git(&model, &["add", "."]);
    git(&model, &["commit", "-qm", "one"]);
    git(&model, &["tag", "v1"]);
    // What is in the folder now is another release.
    std::fs::write(model.join("m.safetensors"), "no weights").unwrap();
    std::fs::write(model.join("pkg.toml"), "nonsense").unwrap();
    let request = || ReleaseRequest { rev: Some("v1".to_owned()), ..bench.request() };
    let course = bench.run(request());
    assert_eq!(course.exit, Exit::Ok, "{:?}", course.findings);
    let loaded = bundle::load(&bench.dir.path().join("work/bundle.pkg")).unwrap();
    let paths: Vec<&str> = loaded.files.files.iter().map(|file| file.path.as_str()).collect();
    assert!(paths.iter().any(|path| path.ends_with("run.py")), "{paths:?}");
    assert!(loaded.files.files.iter().any(|file| file.digest == Digest::of(&weights())));
    let again = bench.run(request());
    assert!(states(&again).contains(&(Step::Checkout, State::Skipped)), "{again:?}");
    // A tree that somebody touched is not what the commit has.
    std::fs::write(bench.dir.path().join("work/tree/m.safetensors"), "changed").unwrap();
    let third = bench.run(request());
    assert!(states(&third).contains(&(Step::Checkout, State::Done)), "{third:?}");
    assert_eq!((third.exit, third.digest), (Exit::Ok, course.digest));
}
