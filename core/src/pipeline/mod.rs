//! A release from start to end: steps in order, each of which can be run again.
//!
//! Here is the order and what follows from how a step went; what a step does is
//! behind [`Steps`]. Nothing here reads a bundle, signs, or speaks to a registry. The
//! state is what is there (the bundle, its signatures, the tag), never the log alone.

mod log;
mod own;
mod pages;
mod plan;
mod registry;
mod release;
mod remote;
mod tree;

use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::verify::exit_of;

pub use log::{Entry, Line, Log, State};
pub use pages::Wanted as Pages;
pub use registry::InRegistry;
pub use release::{Release, ReleaseRequest, Signing};
pub use remote::{Remote, Sent};

#[cfg(test)]
mod release_tests;
#[cfg(test)]
mod tests;

/// A step of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The files of a commit are put into a folder of their own.
    Checkout,
    /// The folder and its `pkg.toml` are looked at.
    Check,
    /// The bundle is made.
    Pack,
    /// The tag is looked at: it must be free, or name this release.
    Target,
    /// The content is checked against the digest, and plugins look at it.
    Verify,
    /// The release is signed.
    Sign,
    /// Results of plugins, and provenance, are attested.
    Attest,
    /// Everything is sent, under the digest.
    Push,
    /// What is in the registry is verified, as somebody else would.
    Reverify,
    /// The tag is set.
    Tag,
    /// Reports are written.
    Report,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 11] = [
        Self::Checkout,
        Self::Check,
        Self::Pack,
        Self::Target,
        Self::Verify,
        Self::Sign,
        Self::Attest,
        Self::Push,
        Self::Reverify,
        Self::Tag,
        Self::Report,
    ];

    /// The word used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Check => "check",
            Self::Pack => "pack",
            Self::Target => "target",
            Self::Verify => "verify",
            Self::Sign => "sign",
            Self::Attest => "attest",
            Self::Push => "push",
            Self::Reverify => "reverify",
            Self::Tag => "tag",
            Self::Report => "report",
        }
    }

    /// What is going on, for a line of progress.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Checkout => "checking out",
            Self::Check => "checking",
            Self::Pack => "packing",
            Self::Target => "asking the registry",
            Self::Verify | Self::Reverify => "verifying",
            Self::Sign => "signing",
            Self::Attest => "attesting",
            Self::Push => "pushing",
            Self::Tag => "tagging",
            Self::Report => "reporting",
        }
    }

    /// The exit code of a code found in this step: what is found out about the
    /// caller's own folder is not what is found out about a release.
    const fn exit(self, code: Code) -> Exit {
        match self {
            Self::Checkout | Self::Check | Self::Pack => code.exit(),
            _ => code.exit_about_bundle(),
        }
    }
}

/// What a plan expects of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It will be done.
    Do,
    /// There is nothing left to do.
    Done,
    /// What is to be done follows from the steps before it.
    Depends,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// The step.
    pub step: Step,
    /// What is expected of it.
    pub expected: Expected,
    /// What it will do, or why not.
    pub why: String,
}

impl Planned {
    /// A line of a plan.
    pub fn new(step: Step, expected: Expected, why: impl Into<String>) -> Self {
        Self { step, expected, why: why.into() }
    }
}

/// How a step went that was not stopped by a problem.
#[derive(Debug, Clone, Default)]
pub struct Ran {
    /// Whether there was nothing left to do.
    pub nothing_to_do: bool,
    /// What was done, or why nothing was.
    pub note: String,
    /// Digest of the release, once it is known.
    pub digest: Option<Digest>,
    /// Files and references that it made.
    pub made: Vec<String>,
    /// What it found. One error stops the release.
    pub findings: Vec<Finding>,
}

impl Ran {
    /// Something was done.
    pub fn done(note: impl Into<String>) -> Self {
        Self { note: note.into(), ..Self::default() }
    }

    /// Nothing was left to do.
    pub fn nothing(note: impl Into<String>) -> Self {
        Self { nothing_to_do: true, ..Self::done(note) }
    }
}

/// What the steps do. Each looks at what is there and does what is missing, so that
/// all can be run again after a run that was stopped, however it was.
pub trait Steps {
    /// The steps of this release, in order. [`Step::Report`] is not among them: it is
    /// always last.
    fn order(&self) -> Vec<Step>;

    /// What a step would do, as far as that can be said without doing anything.
    fn plan(&mut self, step: Step) -> Result<Planned>;

    /// Runs a step.
    fn run(&mut self, step: Step, meter: &Meter) -> Result<Ran>;

    /// Writes the reports that were asked for, also about a run that was stopped.
    fn report(&mut self, so_far: &Course) -> Result<Ran>;
}

/// Sees a run as it goes.
pub trait Watch {
    /// A step began or ended. An error stops the run.
    fn entry(&mut self, entry: &Entry) -> Result<()>;

    /// Runs the work of a step; there may be a bar beside it.
    fn during(&mut self, step: Step, work: &mut dyn FnMut(&Meter) -> Result<Ran>) -> Result<Ran>;
}

/// How a run went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Course {
    /// How each step that was begun ended.
    pub entries: Vec<Entry>,
    /// The step that stopped the run.
    pub stopped: Option<Step>,
    /// Digest of the release, once it was known.
    pub digest: Option<Digest>,
    /// How it ended.
    pub exit: Exit,
    /// What was found.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

impl Course {
    /// Whether a step was done, now or before.
    pub fn reached(&self, step: Step) -> bool {
        self.entries.iter().any(|entry| entry.step == step && entry.state.is_good())
    }
}

/// The plan. Nothing is done for it.
pub fn plan(steps: &mut dyn Steps) -> Result<Vec<Planned>> {
    let mut order = steps.order();
    order.push(Step::Report);
    order.into_iter().map(|step| steps.plan(step)).collect()
}

/// Runs the steps until one fails; the reports come last, in either case.
///
/// An error is only given when the run could not be watched any more: what happens
/// must be in the log.
pub fn run(steps: &mut dyn Steps, watch: &mut dyn Watch) -> Result<Course> {
    let mut course = Course {
        entries: Vec::new(),
        stopped: None,
        digest: None,
        exit: Exit::Ok,
        findings: Vec::new(),
    };
    for step in steps.order() {
        let went = one(step, course.digest, watch, &mut |meter| steps.run(step, meter))?;
        course.take(went);
        if course.stopped.is_some() {
            break;
        }
    }
    let so_far = course.clone();
    let went = one(Step::Report, course.digest, watch, &mut |_: &Meter| steps.report(&so_far))?;
    course.take(went);
    Ok(course)
}

/// What one step came to.
struct Went {
    entry: Entry,
    findings: Vec<Finding>,
    exit: Exit,
}

impl Course {
    fn take(&mut self, went: Went) {
        let Went { entry, findings, exit } = went;
        self.digest = entry.digest.or(self.digest);
        if exit != Exit::Ok && self.stopped.is_none() {
            (self.stopped, self.exit) = (Some(entry.step), exit);
        }
        self.entries.push(entry);
        for finding in findings {
            // Two steps look at the same bundle.
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }
}

fn one(
    step: Step,
    known: Option<Digest>,
    watch: &mut dyn Watch,
    work: &mut dyn FnMut(&Meter) -> Result<Ran>,
) -> Result<Went> {
    watch.entry(&Entry::started(step, known))?;
    let went = match watch.during(step, work) {
        Ok(ran) => {
            let exit = exit_of_step(step, &ran.findings);
            let state = match (exit, ran.nothing_to_do) {
                (Exit::Ok, false) => State::Done,
                (Exit::Ok, true) => State::Skipped,
                _ => State::Failed,
            };
            let entry = Entry {
                digest: ran.digest.or(known),
                made: ran.made,
                note: ran.note,
                ..Entry::ended(step, state, exit, &ran.findings)
            };
            Went { entry, findings: ran.findings, exit }
        }
        Err(problem) => {
            let exit = match step.exit(problem.code()) {
                // A problem ended the step; a code that is mild as a finding is not so here.
                Exit::Ok => Exit::Unexpected,
                exit => exit,
            };
            let finding = stopping(problem);
            let note = format!("{}: {}", finding.subject, finding.message);
            let findings = vec![finding];
            let entry =
                Entry { digest: known, note, ..Entry::ended(step, State::Failed, exit, &findings) };
            Went { entry, findings, exit }
        }
    };
    watch.entry(&went.entry)?;
    Ok(went)
}

/// A problem as a finding that counts, however mild its code is elsewhere.
fn stopping(problem: Problem) -> Finding {
    let mut finding = problem.into_finding();
    finding.severity = Severity::Error;
    finding
}

fn exit_of_step(step: Step, findings: &[Finding]) -> Exit {
    if matches!(step, Step::Checkout | Step::Check | Step::Pack) {
        let error = findings.iter().find(|finding| finding.severity == Severity::Error);
        return match error.map(|finding| step.exit(finding.code)) {
            None => Exit::Ok,
            Some(Exit::Ok) => Exit::Unexpected,
            Some(exit) => exit,
        };
    }
    exit_of(findings)
}
