//! The log of a release: one JSON document a line, only ever added to.
//!
//! A line is written at once and flushed, so that a run that is killed leaves whole
//! lines; what an interrupted system left of a last line is cut away by the next run.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::Step;
use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::digest::Digest;

/// Longest line that is taken for one of this log, in bytes.
const MAX_LINE: u64 = 1 << 20;

/// Most codes of findings in a line; how many there were is said beside them.
const MAX_CODES: usize = 100;

/// What every line begins with.
const BEGIN: &[u8] = b"{\"schema\":\"urn:x-pkg:release-log:v1\"";

/// What [`Line::schema`] is.
const SCHEMA: &str = "urn:x-pkg:release-log:v1";

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It began.
    Started,
    /// It was done.
    Done,
    /// There was nothing left to do.
    Skipped,
    /// It failed; no further step was begun.
    Failed,
}

impl State {
    /// Whether what the step is for is so now.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }

    /// The word used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// What is said about a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The step.
    pub step: Step,
    /// How far it is.
    pub state: State,
    /// Digest of the release, once it is known.
    pub digest: Option<Digest>,
    /// The exit code that follows from it; none while it runs.
    pub exit: Option<u8>,
    /// Number of findings.
    pub findings: usize,
    /// Their codes, each once, at most 100.
    pub codes: Vec<Code>,
    /// Files and references that it made.
    pub made: Vec<String>,
    /// What was done, or why nothing was.
    pub note: String,
}

impl Entry {
    /// A step begins.
    pub fn started(step: Step, digest: Option<Digest>) -> Self {
        Self {
            step,
            state: State::Started,
            digest,
            exit: None,
            findings: 0,
            codes: Vec::new(),
            made: Vec::new(),
            note: String::new(),
        }
    }

    /// A step ended.
    pub fn ended(step: Step, state: State, exit: Exit, findings: &[Finding]) -> Self {
        let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
        codes.sort();
        codes.dedup();
        codes.truncate(MAX_CODES);
        let exit = Some(exit.code());
        Self { state, exit, findings: findings.len(), codes, ..Self::started(step, None) }
    }
}

/// A line of the file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Always `urn:x-pkg:release-log:v1`.
    pub schema: &'static str,
    /// By the clock of the machine: RFC 3339, in UTC. Nothing is decided by it.
    pub time: String,
    /// Tells runs apart.
    pub run: String,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A log that is open.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
    run: String,
}

impl Log {
    /// Opens a log, or begins one. A file that holds something else is refused.
    pub fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o644);
        // A pipe without a reader would be waited for.
        options.custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0));
        let mut file = options.open(path).map_err(|error| Problem::writing(path, error))?;
        let reading = |error| Problem::reading(path, error);
        let there = file.metadata().map_err(reading)?;
        if !there.is_file() {
            return Err(Problem::new(Code::ReleaseLog, path.display()).detail("it is no file"));
        }
        let size = there.len();
        let from = size.saturating_sub(MAX_LINE);
        file.seek(SeekFrom::Start(from)).map_err(reading)?;
        let mut tail = Vec::new();
        (&file).take(MAX_LINE).read_to_end(&mut tail).map_err(reading)?;
        let whole = whole_lines(&tail, from == 0)
            .ok_or_else(|| Problem::new(Code::ReleaseLog, path.display()))?;
        let keep = from + whole as u64;
        if keep < size {
            file.set_len(keep).map_err(|error| Problem::writing(path, error))?;
        }
        let now = jiff::Timestamp::now();
        let run = format!("{}-{}", now.as_nanosecond(), std::process::id());
        Ok(Self { file, path: path.to_owned(), run })
    }

    /// Adds a line.
    pub fn add(&mut self, entry: &Entry) -> Result<()> {
        let time = jiff::Timestamp::now().to_string();
        let line = Line { schema: SCHEMA, time, run: self.run.clone(), entry: entry.clone() };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| {
            Problem::new(Code::Internal, "the log").detail(error.to_string()).source(error)
        })?;
        bytes.push(b'\n');
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|error| Problem::writing(&self.path, error))
    }
}

/// How many bytes of the end of a file are whole lines of a log; none when the file is
/// something else. `from_start`: whether this is all of the file.
fn whole_lines(tail: &[u8], from_start: bool) -> Option<usize> {
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
    let rest = &tail[whole..];
    let ours = |line: &[u8]| {
        let length = line.len().min(BEGIN.len());
        line[..length] == BEGIN[..length]
    };
    let last = tail[..whole].strip_suffix(b"\n").map(|lines| {
        let start = lines.iter().rposition(|byte| *byte == b'\n');
        // A line that begins before what was read cannot be judged by its beginning.
        match start {
            Some(position) => Some(&lines[position + 1..]),
            None => from_start.then_some(lines),
        }
    });
    let last_is_ours = match last {
        None => from_start,
        Some(None) => false,
        Some(Some(line)) => line.len() >= BEGIN.len() && ours(line),
    };
    (last_is_ours && ours(rest)).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, Entry, Log, SCHEMA, State, whole_lines};
    use crate::exit::Exit;
    use crate::finding::Code;
    use crate::pipeline::Step;

    #[test]
    fn every_line_begins_as_the_log_is_known_by() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut log = Log::open(&path).unwrap();
        log.add(&Entry::started(Step::Pack, None)).unwrap();
        log.add(&Entry::ended(Step::Pack, State::Done, Exit::Ok, &[])).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        for line in text.lines() {
            assert!(line.as_bytes().starts_with(BEGIN), "{line}");
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["schema"], SCHEMA);
            assert_eq!(value["step"], "pack");
        }
        assert!(text.contains("\"exit\":0"), "{text}");
    }

    #[test]
    fn what_is_left_of_a_line_is_cut_and_what_is_whole_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        Log::open(&path).unwrap().add(&Entry::started(Step::Pack, None)).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        for cut in [1, 5, whole.len() - 1] {
            std::fs::write(&path, format!("{whole}{}", &whole[..cut])).unwrap();
            Log::open(&path).unwrap().add(&Entry::started(Step::Sign, None)).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(&whole) && text.lines().count() == 2, "{cut}: {text}");
            assert!(text.lines().all(|line| line.ends_with('}')), "{cut}: {text}");
        }
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        for text in ["notes\n", "notes", "{\"a\":1}\n", "\n", "{\"schema\":\"urn:x\"}\n"] {
            std::fs::write(&path, text).unwrap();
            let problem = Log::open(&path).unwrap_err();
            assert_eq!(problem.code(), Code::ReleaseLog, "{text:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        assert!(Log::open(&dir.path().join("folder")).is_err());
    }

    #[test]
    fn a_line_that_is_too_long_to_be_judged_is_refused() {
        assert_eq!(whole_lines(b"xxxx\n", false), None);
        assert_eq!(whole_lines(b"", true), Some(0));
        assert_eq!(whole_lines(b"", false), None);
    }
}
