//! The order of steps, and what stops them.

use super::{Course, Entry, Expected, Planned, Ran, State, Step, Steps, Watch, plan, run};
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result, Severity};
use crate::hash::Meter;
use crate::model::digest::Digest;

/// A release in memory: what is there, and what goes wrong.
#[derive(Default)]
struct Fake {
    /// What was done, by the runs so far.
    there: Vec<Step>,
    /// What each run called.
    called: Vec<Step>,
    /// A step that is stopped by a problem of this code.
    problem: Option<(Step, Code)>,
    /// A step that finds this, with this weight.
    finds: Option<(Step, Code, Severity)>,
    /// What the report was told.
    told: Option<Course>,
}

impl Steps for Fake {
    fn order(&self) -> Vec<Step> {
        Step::ALL.into_iter().filter(|step| *step != Step::Report).collect()
    }

    fn plan(&mut self, step: Step) -> Result<Planned> {
        let done = self.there.contains(&step);
        let expected = if done { Expected::Done } else { Expected::Do };
        Ok(Planned::new(step, expected, "because"))
    }

    fn run(&mut self, step: Step, _: &Meter) -> Result<Ran> {
        self.called.push(step);
        if let Some((_, code)) = self.problem.filter(|(at, _)| *at == step) {
            return Err(Problem::new(code, "here"));
        }
        if self.there.contains(&step) {
            return Ok(Ran::nothing("there already"));
        }
        let mut ran = Ran::done("made");
        if let Some((_, code, severity)) = self.finds.filter(|(at, ..)| *at == step) {
            let mut finding = Problem::new(code, "here").into_finding();
            finding.severity = severity;
            ran.findings.push(finding);
            if severity == Severity::Error {
                return Ok(ran);
            }
        }
        if step == Step::Pack {
            ran.digest = Some(Digest::of(b"release"));
        }
        self.there.push(step);
        Ok(ran)
    }

    fn report(&mut self, so_far: &Course) -> Result<Ran> {
        self.called.push(Step::Report);
        self.told = Some(so_far.clone());
        match self.problem {
            Some((Step::Report, code)) => Err(Problem::new(code, "report.md")),
            _ => Ok(Ran::done("wrote it")),
        }
    }
}

/// Keeps what it sees; full after so many entries.
struct Seen {
    entries: Vec<Entry>,
    room: usize,
}

impl Seen {
    fn new() -> Self {
        Self { entries: Vec::new(), room: usize::MAX }
    }
}

impl Watch for Seen {
    fn entry(&mut self, entry: &Entry) -> Result<()> {
        if self.entries.len() == self.room {
            return Err(Problem::new(Code::DiskFull, "log"));
        }
        self.entries.push(entry.clone());
        Ok(())
    }

    fn during(&mut self, _: Step, work: &mut dyn FnMut(&Meter) -> Result<Ran>) -> Result<Ran> {
        work(&Meter::default())
    }
}

fn position(steps: &[Step], step: Step) -> Option<usize> {
    steps.iter().position(|there| *there == step)
}

#[test]
fn steps_run_in_order_and_the_digest_goes_along() {
    let (mut fake, mut seen) = (Fake::default(), Seen::new());
    let course = run(&mut fake, &mut seen).unwrap();
    assert_eq!(fake.called, Step::ALL);
    assert_eq!((course.exit, course.stopped), (Exit::Ok, None));
    assert_eq!(course.digest, Some(Digest::of(b"release")));
    assert_eq!(course.entries.len(), Step::ALL.len());
    assert!(course.entries.iter().all(|entry| entry.state == State::Done));
    // Begun, then done: for each step, in order.
    let expected: Vec<(Step, State)> =
        Step::ALL.iter().flat_map(|step| [(*step, State::Started), (*step, State::Done)]).collect();
    let logged: Vec<(Step, State)> = seen.entries.iter().map(|e| (e.step, e.state)).collect();
    assert_eq!(logged, expected);
    let push = seen.entries.iter().rfind(|entry| entry.step == Step::Push).unwrap();
    assert_eq!(push.digest, Some(Digest::of(b"release")));
}

#[test]
fn the_tag_comes_after_everything_that_can_refuse() {
    let tag = position(&Step::ALL, Step::Tag).unwrap();
    for before in Step::ALL.into_iter().filter(|step| !matches!(step, Step::Tag | Step::Report)) {
        assert!(position(&Step::ALL, before).unwrap() < tag, "{before:?}");
        let mut fake = Fake { problem: Some((before, Code::Internal)), ..Fake::default() };
        let course = run(&mut fake, &mut Seen::new()).unwrap();
        assert_eq!(course.stopped, Some(before));
        assert!(!fake.called.contains(&Step::Tag), "{before:?}");
        assert_eq!(fake.called.last(), Some(&Step::Report), "{before:?}");
        assert_eq!(fake.told.unwrap().stopped, Some(before));
        assert!(!course.reached(Step::Tag) && !course.reached(before));
    }
}

#[test]
fn a_failing_step_ends_with_its_own_exit_code() {
    for (step, code, exit) in [
        (Step::Check, Code::SpecInvalid, Exit::Usage),
        (Step::Pack, Code::UnsafePath, Code::UnsafePath.exit()),
        (Step::Verify, Code::UnsafePath, Exit::VerificationFailed),
        (Step::Verify, Code::PluginFailed, Exit::PluginFailed),
        (Step::Reverify, Code::PolicyRefused, Exit::PolicyRefused),
        (Step::Reverify, Code::Unsigned, Exit::Unsigned),
        (Step::Target, Code::TagTaken, Exit::Usage),
        // Mild elsewhere; as the reason of a stop it is no success.
        (Step::Push, Code::TagMoved, Exit::Unexpected),
    ] {
        let mut fake = Fake { problem: Some((step, code)), ..Fake::default() };
        let course = run(&mut fake, &mut Seen::new()).unwrap();
        assert_eq!((course.stopped, course.exit), (Some(step), exit), "{code}");
        let entry = course.entries.iter().find(|entry| entry.step == step).unwrap();
        assert_eq!((entry.state, entry.exit), (State::Failed, Some(exit.code())));
        assert_eq!(entry.codes, [code]);
        assert_eq!(course.findings[0].severity, Severity::Error);
    }
}

#[test]
fn an_error_that_is_found_stops_and_a_warning_does_not() {
    for (severity, stopped) in
        [(Severity::Error, Some(Step::Verify)), (Severity::Warning, None), (Severity::Note, None)]
    {
        let finds = Some((Step::Verify, Code::DigestMismatch, severity));
        let mut fake = Fake { finds, ..Fake::default() };
        let course = run(&mut fake, &mut Seen::new()).unwrap();
        assert_eq!(course.stopped, stopped, "{severity:?}");
        assert_eq!(fake.called.contains(&Step::Tag), stopped.is_none());
        assert!(course.findings.iter().any(|finding| finding.code == Code::DigestMismatch));
    }
}

#[test]
fn a_second_run_finds_nothing_left_to_do() {
    let mut fake = Fake::default();
    run(&mut fake, &mut Seen::new()).unwrap();
    let before = fake.there.clone();
    let course = run(&mut fake, &mut Seen::new()).unwrap();
    assert_eq!((course.exit, fake.there.clone()), (Exit::Ok, before));
    let open = |entry: &&Entry| entry.state != State::Skipped;
    let open: Vec<Step> = course.entries.iter().filter(open).map(|entry| entry.step).collect();
    assert_eq!(open, [Step::Report]);
    let expected = plan(&mut fake).unwrap();
    assert!(expected.iter().all(|it| it.step == Step::Report || it.expected == Expected::Done));
}

#[test]
fn a_run_goes_on_where_an_earlier_one_was_stopped() {
    for at in Step::ALL.into_iter().filter(|step| *step != Step::Report) {
        let mut fake = Fake { problem: Some((at, Code::Internal)), ..Fake::default() };
        run(&mut fake, &mut Seen::new()).unwrap();
        fake.problem = None;
        let course = run(&mut fake, &mut Seen::new()).unwrap();
        assert_eq!(course.exit, Exit::Ok);
        for entry in course.entries.iter().filter(|entry| entry.step != Step::Report) {
            let expected = if entry.step < at { State::Skipped } else { State::Done };
            assert_eq!(entry.state, expected, "{at:?}: {:?}", entry.step);
        }
    }
}

#[test]
fn a_plan_does_nothing() {
    let mut fake = Fake::default();
    let planned = plan(&mut fake).unwrap();
    assert_eq!(planned.iter().map(|it| it.step).collect::<Vec<_>>(), Step::ALL);
    assert!(fake.called.is_empty() && fake.there.is_empty());
}

#[test]
fn nothing_is_done_that_cannot_be_logged() {
    for room in 0..2 * Step::ALL.len() {
        let (mut fake, mut seen) = (Fake::default(), Seen { entries: Vec::new(), room });
        let problem = run(&mut fake, &mut seen).unwrap_err();
        assert_eq!(problem.code(), Code::DiskFull);
        assert_eq!(fake.called.len(), room.div_ceil(2), "{room}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure_but_not_the_first_one() {
    let mut fake = Fake { problem: Some((Step::Report, Code::DiskFull)), ..Fake::default() };
    let course = run(&mut fake, &mut Seen::new()).unwrap();
    assert_eq!(course.stopped, Some(Step::Report));
    assert!(course.reached(Step::Tag));
    assert_ne!(course.exit, Exit::Ok);
}
