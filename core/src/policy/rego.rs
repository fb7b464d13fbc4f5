//! Rules in Rego, evaluated by `regorus`.
//!
//! A program sees the facts as `input` and nothing else: no files, no network,
//! no clock, no randomness. Functions that make much out of a number are taken
//! away as well, time is limited, and whatever goes wrong is an error of the
//! rule, which refuses when the rule is enforced.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Problem, Result};
use crate::fsx;

/// Largest Rego file that is read, in bytes.
const MAX_REGO: u64 = 256 << 10;

/// A Rego file and the rule of it that decides.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Program {
    /// The file, for people.
    pub(super) file: String,
    /// Path of the Rego rule.
    pub(super) query: String,
    /// The text of the file.
    text: String,
}

/// What a program answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its decision; none when the query is undefined.
    pub allow: Option<bool>,
    /// Its reasons.
    pub reasons: Vec<String>,
}

impl Program {
    /// Reads a program; `name` is how the policy calls the file.
    pub(super) fn read(path: &Path, name: &str, query: String) -> Result<Self> {
        if !cfg!(feature = "rego") {
            return Err(Problem::new(Code::RegoUnsupported, name));
        }
        let bytes = fsx::read_limited(path, MAX_REGO)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            Problem::new(Code::RegoInvalid, name).detail("it is not UTF-8").source(error)
        })?;
        Ok(Self { file: name.to_owned(), query, text })
    }

    /// Compiles the program, and evaluates it if there is an input (the facts
    /// as JSON); or says what went wrong.
    pub(super) fn run(&self, input: Option<&str>) -> Result<Answer, String> {
        engine::run(self, input)
    }
}

#[cfg(not(feature = "rego"))]
mod engine {
    use super::{Answer, Program};
    use crate::finding::Code;

    pub(super) fn run(_: &Program, _: Option<&str>) -> Result<Answer, String> {
        Err(Code::RegoUnsupported.meaning().to_owned())
    }
}

#[cfg(feature = "rego")]
mod engine {
    use std::num::NonZeroU32;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use regorus::utils::limits::ExecutionTimerConfig;
    use regorus::{Engine, Value};

    use super::{Answer, Program};

    /// Longest evaluation. A rule over facts takes milliseconds.
    const LIMIT: Duration = Duration::from_secs(2);

    /// Evaluation steps between two looks at the time.
    const STEPS: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);

    /// Most reasons that are taken over, and most characters of each.
    const MAX_REASONS: usize = 20;
    const MAX_REASON: usize = 500;

    /// Functions that are taken away, with the number of their arguments.
    const REFUSED: [(&str, u8, &str); 5] = [
        ("time.now_ns", 0, "the time of the decision is `input.now`"),
        ("rand.intn", 2, "a decision is no game of chance"),
        ("numbers.range", 2, "it can make lists of any length"),
        ("numbers.range_step", 3, "it can make lists of any length"),
        ("bits.lsh", 2, "it can make numbers of any length"),
    ];

    fn engine(program: &Program) -> Result<Engine, String> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        // Otherwise `print` writes to standard error.
        engine.set_gather_prints(true);
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: LIMIT,
            check_interval: STEPS,
        });
        for (name, arguments, why) in REFUSED {
            let refuse = move |_: Vec<Value>| {
                let text = format!("`{name}` cannot be used in a policy: {why}");
                Err(std::io::Error::other(text).into())
            };
            engine.add_extension(name.to_owned(), arguments, Box::new(refuse)).map_err(tidy)?;
        }
        engine.add_policy(program.file.clone(), program.text.clone()).map_err(tidy)?;
        Ok(engine)
    }

    /// An error of the engine in one line, the same on every run.
    fn tidy(error: impl std::fmt::Display) -> String {
        let text = error.to_string();
        if text.starts_with("execution exceeded time limit") {
            return format!("it takes longer than {} seconds", LIMIT.as_secs());
        }
        let place = text.lines().find_map(|line| line.trim().strip_prefix("--> "));
        let message = text.split_once("error: ").map_or(text.as_str(), |(_, message)| message);
        let message = message.lines().next().unwrap_or_default().trim().trim_end_matches(':');
        match place {
            Some(place) => format!("{place}: {message}"),
            None => message.to_owned(),
        }
    }

    /// Runs the engine; a panic in it is an error like others.
    fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err("the Rego engine failed".to_owned()))
    }

    /// Compiles a program, looks for the rule that decides, and evaluates it.
    pub(super) fn run(program: &Program, input: Option<&str>) -> Result<Answer, String> {
        guarded(|| {
            let mut engine = engine(program)?;
            let query = program.query.as_str().into();
            engine.compile_with_entrypoint(&query).map_err(tidy)?;
            let Some(input) = input else { return Ok(Answer::default()) };
            engine.set_input_json(input).map_err(tidy)?;
            answer(&engine.eval_rule(program.query.clone()).map_err(tidy)?)
        })
    }

    fn answer(value: &Value) -> Result<Answer, String> {
        match value {
            Value::Undefined => Ok(Answer { allow: None, reasons: Vec::new() }),
            Value::Bool(allow) => Ok(Answer { allow: Some(*allow), reasons: Vec::new() }),
            Value::Object(_) => {
                let Value::Bool(allow) = &value["allow"] else {
                    return Err("the answer has no boolean `allow`".to_owned());
                };
                Ok(Answer { allow: Some(*allow), reasons: reasons(&value["reasons"])? })
            }
            _ => Err("the answer is neither a boolean nor an object with `allow`".to_owned()),
        }
    }

    fn reasons(value: &Value) -> Result<Vec<String>, String> {
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.chars().take(MAX_REASON).collect()),
            _ => Err("one of the `reasons` is no text".to_owned()),
        };
        match value {
            Value::Undefined => Ok(Vec::new()),
            Value::Array(list) => list.iter().take(MAX_REASONS).map(text).collect(),
            Value::Set(set) => set.iter().take(MAX_REASONS).map(text).collect(),
            _ => Err("`reasons` is no list of texts".to_owned()),
        }
    }
}
