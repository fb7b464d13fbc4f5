//! Where rules in Rego are evaluated.
//!
//! The Rego engine limits its time, but not its memory, nor how deep functions
//! call each other. A process of its own bounds both: what exceeds them ends
//! that process, which is an error of the rule and nothing else.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rego::{Answer, Program};
use crate::finding::{Code, Problem, Result};

/// Most memory that a worker may map, in bytes.
const MAX_MEMORY: u64 = 1 << 30;

/// Most seconds of processor time. The engine stops an evaluation before, but
/// reading a text of deep brackets takes it for ever.
const MAX_SECONDS: u64 = 5;

/// A command that passes its standard input to [`serve`] and prints the outcome
/// as `pkg policy evaluate --json` does.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// What a worker is asked.
#[derive(Serialize)]
struct Task<'p> {
    program: &'p Program,
    input: Option<&'p str>,
}

/// The same, read.
#[derive(Deserialize)]
struct OwnedTask {
    program: Program,
    input: Option<String>,
}

/// Runs a program, in the worker if there is one.
pub(super) fn run(
    worker: Option<&Worker>,
    program: &Program,
    input: Option<&str>,
) -> Result<Answer, String> {
    match worker {
        None => program.run(input),
        Some(worker) => worker.ask(&Task { program, input }),
    }
}

impl Worker {
    fn ask(&self, task: &Task<'_>) -> Result<Answer, String> {
        let task = serde_json::to_vec(task).map_err(|error| error.to_string())?;
        let failed = |error: std::io::Error| format!("no process to evaluate it in: {error}");
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A worker that ended before it read everything is noticed below.
            let _ = stdin.write_all(&task);
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.signal().is_some() {
            return Err("it needs more memory, time or depth than a rule may".to_owned());
        }
        let said: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("the process that evaluates it said nothing: {error}"))?;
        match said["findings"][0]["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None => Answer::deserialize(&said["result"]).map_err(|error| error.to_string()),
        }
    }
}

/// The worker's side: takes a task and runs it.
///
/// Limits memory and processor time of the whole process first, and for good.
pub fn serve(task: &[u8]) -> Result<Answer> {
    let wrong = |detail: String| Problem::new(Code::PolicyRuleError, "").detail(detail);
    for (resource, most) in
        [(Resource::As, MAX_MEMORY), (Resource::Cpu, MAX_SECONDS), (Resource::Core, 0)]
    {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .map_err(|error| wrong(format!("the process cannot be limited: {error}")))?;
    }
    let task: OwnedTask = serde_json::from_slice(task).map_err(|error| wrong(error.to_string()))?;
    task.program.run(task.input.as_deref()).map_err(wrong)
}
