//! Makes a mutation on disk, asks the library, and puts everything back.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;

use pkg_core::blob::{self, Named};
use pkg_core::exit::Exit;
use pkg_core::finding::{Finding, Severity};
use pkg_core::hash::Meter;
use pkg_core::trust::judge::Judge;
use pkg_core::verify::{Verdict, VerifyRequest, exit_of, verify};
use serde_json::{Value, json};

use super::material::{Case, Target};
use super::{Edit, Mutation};

/// What the verifier said.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It panicked; the message.
    Panicked(String),
    /// It refused, with these errors.
    Refused {
        /// Codes of the errors, the first first.
        codes: Vec<String>,
        /// What the program would exit with.
        exit: u8,
        /// What it says.
        message: String,
    },
    /// It accepted, and said this.
    Accepted(Box<Said>),
}

/// What an accepted target was said to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Everything but the signatures.
    pub facts: Value,
    /// The signatures, each with its name.
    pub signatures: Vec<Value>,
    /// Codes of notes and warnings.
    pub codes: Vec<String>,
}

/// A private copy of a case.
pub struct Bench<'a> {
    case: &'a Case,
    root: PathBuf,
    request: Request,
}

enum Request {
    Release(Box<VerifyRequest>),
    Blob(PathBuf, Named, Box<Judge>),
}

impl<'a> Bench<'a> {
    /// Writes a copy of the case into `root`.
    pub fn new(case: &'a Case, root: &Path) -> Self {
        for (path, bytes) in &case.files {
            write(&root.join(path), bytes);
        }
        // What a link to the outside leads to.
        write(&root.with_extension("outside"), b"outside\n");
        let judge = (case.judge)();
        let request = match &case.target {
            Target::Release { path, digest, signature } => {
                let mut request = VerifyRequest::new(root.join(path), judge);
                request.digest = *digest;
                request.folder.signature = signature.as_ref().map(|name| root.join(name));
                Request::Release(Box::new(request))
            }
            Target::Blob { bundle, artifact } => {
                let artifact = Named::File(root.join(artifact));
                Request::Blob(root.join(bundle), artifact, Box::new(judge))
            }
        };
        Self { case, root: root.to_owned(), request }
    }

    /// Asks about the target as it is.
    pub fn ask(&self) -> Answer {
        quietly();
        let asked = catch_unwind(AssertUnwindSafe(|| match &self.request {
            Request::Release(request) => verify(request, &Meter::default())
                .map(|(verdict, findings)| (said(verdict), findings)),
            Request::Blob(bundle, artifact, judge) => {
                blob::verify(bundle, artifact, judge).map(|(blob, findings)| {
                    let mut value = serde_json::to_value(&blob).expect("a blob in JSON");
                    let signature = json!({
                        "name": self.bundle_name(),
                        "about": "other",
                        "predicateType": "",
                        "standing": "verified",
                        "who": value["who"].take(),
                        "times": value["times"].take(),
                        "logged": value["logged"].take(),
                    });
                    (
                        Said {
                            facts: json!({ "digest": value["digest"] }),
                            signatures: vec![signature],
                            codes: Vec::new(),
                        },
                        findings,
                    )
                })
            }
        }));
        match asked {
            Err(_) => Answer::Panicked(MESSAGE.with_borrow(Clone::clone)),
            Ok(Err(problem)) => {
                let finding = problem.into_finding();
                refused(&[finding])
            }
            Ok(Ok((_, findings))) if exit_of(&findings) != Exit::Ok => refused(&findings),
            Ok(Ok((mut said, findings))) => {
                said.codes = findings.iter().map(|finding| finding.code.to_string()).collect();
                Answer::Accepted(Box::new(said))
            }
        }
    }

    fn bundle_name(&self) -> &str {
        match &self.case.target {
            Target::Blob { bundle, .. } => bundle,
            Target::Release { .. } => "",
        }
    }

    /// Asks about the target with a mutation.
    pub fn try_out(&self, mutation: &Mutation) -> Answer {
        for edit in &mutation.edits {
            self.edit(edit);
        }
        let answer = self.ask();
        for edit in &mutation.edits {
            self.restore(edit.path());
        }
        answer
    }

    fn edit(&self, edit: &Edit) {
        let path = self.root.join(edit.path());
        match edit {
            Edit::Write(_, bytes) => write(&path, bytes),
            Edit::Remove(_) => remove(&path),
            Edit::Mode(_, mode) => {
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).expect("a mode");
            }
            Edit::Link(_, to) => {
                remove(&path);
                symlink(to, &path).expect("a link");
            }
            Edit::Folder(_) => {
                remove(&path);
                fs::create_dir_all(&path).expect("a folder");
            }
        }
    }

    fn restore(&self, path: &str) {
        let full = self.root.join(path);
        remove(&full);
        if let Some(bytes) = self.case.files.get(path) {
            write(&full, bytes);
            return;
        }
        // Folders that were made for a file that is gone again.
        let mut folder = Path::new(path).parent();
        while let Some(at) = folder.filter(|at| !at.as_os_str().is_empty()) {
            if fs::remove_dir(self.root.join(at)).is_err() {
                break;
            }
            folder = at.parent();
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    if fs::write(path, bytes).is_err() {
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path).expect("a folder"),
        Ok(_) => fs::remove_file(path).expect("a file"),
        Err(_) => {}
    }
}

fn refused(findings: &[Finding]) -> Answer {
    let errors = || findings.iter().filter(|finding| finding.severity == Severity::Error);
    let message = errors().map(|finding| format!("{}: {}", finding.subject, finding.message));
    Answer::Refused {
        codes: errors().map(|finding| finding.code.to_string()).collect(),
        exit: exit_of(findings).code(),
        message: message.collect::<Vec<_>>().join("; "),
    }
}

fn said(verdict: Verdict) -> Said {
    let mut facts = serde_json::to_value(verdict).expect("a verdict in JSON");
    let members = facts.as_object_mut().expect("an object");
    let signatures = members.remove("signatures").unwrap_or_default();
    // How much was read is not what was found.
    members.remove("bytesRead");
    let signatures = signatures.as_array().cloned().unwrap_or_default();
    Said { facts, signatures, codes: Vec::new() }
}

thread_local! {
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps messages of panics instead of printing them, in threads that try mutations.
fn quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() == Some(THREAD) {
                MESSAGE.with_borrow_mut(|message| *message = info.to_string());
            } else {
                before(info);
            }
        }));
    });
}

/// Name of the threads that try mutations.
pub const THREAD: &str = "mutations";
