//! Chat templates: what they contain, and what they do to a conversation.
//!
//! Templates are programs of strangers in the language of Jinja2. They are run here by an
//! interpreter of our own, in which every step and every byte has an end. What it cannot
//! run it says; such a template is undecided, not passed.

mod ast;
mod call;
mod expr;
mod filters;
mod inspect;
mod lex;
mod math;
mod methods;
mod parse;
mod print;
mod run;
#[cfg(test)]
mod tests;
mod value;

use serde_json::{Value as Json, json};

/// Longest template, in bytes.
pub(crate) const MAX_TEMPLATE: u64 = 1 << 20;
/// Longest text that a template may make of a sample, in bytes.
const MAX_OUTPUT: usize = 1 << 20;
/// Stack of the thread that runs templates, in bytes: nesting has a limit, frames have a size.
const STACK: usize = 64 << 20;

/// Functions that every template has.
const FUNCTIONS: [&str; 8] =
    ["range", "namespace", "dict", "raise_exception", "strftime_now", "cycler", "joiner", "lipsum"];

/// Why a template cannot be read or run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no template.
    Syntax(String),
    /// It asks for another file, by this tag.
    Include(String),
    /// It reaches for what is beneath the sandbox.
    Escape(String),
    /// It does not end, or makes more than anybody could need.
    Runaway(String),
    /// It uses what no template has.
    Unknown(String),
    /// It uses what is not run here.
    Unsupported(String),
    /// It refuses the conversation by itself.
    Raised(String),
    /// It fails on the conversation.
    Failed(String),
}

/// What is known about a template.
#[derive(Debug, Clone, Default)]
pub(crate) struct Study {
    /// What is wrong with it.
    pub(crate) faults: Vec<Fault>,
    /// Variables that no caller gives it, and that it does not ask after.
    pub(crate) strange: Vec<String>,
    /// What it made of the samples.
    pub(crate) outputs: Vec<String>,
    /// Samples that it was given.
    pub(crate) samples: usize,
}

/// The special tokens that a template is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tokens {
    /// Begin of a sequence.
    pub(crate) bos: Option<String>,
    /// End of a sequence.
    pub(crate) eos: Option<String>,
    /// Unknown token.
    pub(crate) unk: Option<String>,
    /// Padding.
    pub(crate) pad: Option<String>,
}

/// Reads a template, looks at what it contains, and runs it on samples.
pub(crate) fn study(source: &str, tokens: &Tokens) -> Study {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("template".to_owned()).stack_size(STACK);
        let thread = builder.spawn_scoped(scope, || study_here(source, tokens));
        let lost = || Study {
            faults: vec![Fault::Unsupported("anything: no thread could be made".to_owned())],
            ..Study::default()
        };
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(study)) => study,
            Ok(Err(payload)) => std::panic::resume_unwind(payload),
            Err(_) => lost(),
        }
    })
}

fn study_here(source: &str, tokens: &Tokens) -> Study {
    let mut study = Study::default();
    let template = match parse::parse(source) {
        Ok(template) => template,
        Err(fault) => {
            study.faults.push(fault);
            return study;
        }
    };
    let inspection = inspect::inspect(&template);
    study.faults = inspection.faults;
    study.strange = inspection.strange;
    let mut failures = Vec::new();
    for sample in samples(tokens, inspection.tools) {
        run_sample(&template, &sample, &mut study, &mut failures);
    }
    if study.outputs.is_empty() {
        // Some are for tools or documents only, others take the parts of a message.
        for sample in samples(tokens, true) {
            let mut sample = sample;
            run_sample(&template, &in_parts(sample.clone()), &mut study, &mut failures);
            sample["documents"] = json!([{"title": "France", "text": "Its capital is Paris."}]);
            sample["tools"] = json!([tool()]);
            run_sample(&template, &sample, &mut study, &mut failures);
        }
    }
    if study.outputs.is_empty() {
        study.faults.extend(failures.into_iter().next());
    }
    study
}

fn run_sample(
    template: &ast::Template,
    sample: &Json,
    study: &mut Study,
    failures: &mut Vec<Fault>,
) {
    study.samples += 1;
    match run::render(template, sample) {
        Ok(text) if text.len() > MAX_OUTPUT => {
            let what = format!("it makes {} bytes of a short conversation", text.len());
            push(&mut study.faults, Fault::Runaway(what));
        }
        Ok(text) => study.outputs.push(text),
        Err(fault @ (Fault::Raised(_) | Fault::Failed(_))) => failures.push(fault),
        Err(fault) => push(&mut study.faults, fault),
    }
}

fn push(faults: &mut Vec<Fault>, fault: Fault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// Conversations to try a template with.
fn samples(tokens: &Tokens, tools: bool) -> Vec<Json> {
    let message = |role: &str, text: &str| json!({"role": role, "content": text});
    let user = message("user", "What is the capital of France?");
    let answer = message("assistant", "It is Paris.");
    let system = message("system", "You answer briefly.");
    let short = vec![user.clone()];
    let usual = vec![system.clone(), user.clone(), answer.clone(), message("user", "And of Peru?")];
    let plain = vec![user.clone(), answer.clone(), user.clone()];
    let mut long = vec![system];
    for _ in 0..40 {
        long.extend([user.clone(), answer.clone()]);
    }
    let mut samples = Vec::new();
    for (messages, prompt) in
        [(&short, true), (&usual, true), (&usual, false), (&plain, true), (&long, false)]
    {
        samples.push(variables(tokens, messages, prompt));
    }
    if tools {
        let mut sample = variables(tokens, &usual, true);
        sample["tools"] = json!([tool()]);
        samples.push(sample);
    }
    samples
}

/// A tool that a conversation may use.
fn tool() -> Json {
    json!({"type": "function", "function": {
        "name": "weather", "description": "Weather of a place.",
        "parameters": {"type": "object", "properties": {"place": {
            "type": "string", "description": "Name of the place."}}, "required": ["place"]},
    }})
}

fn variables(tokens: &Tokens, messages: &[Json], prompt: bool) -> Json {
    let mut variables = json!({
        "messages": messages, "add_generation_prompt": prompt, "tools": null, "documents": null,
    });
    for (name, token) in [
        ("bos_token", &tokens.bos),
        ("eos_token", &tokens.eos),
        ("unk_token", &tokens.unk),
        ("pad_token", &tokens.pad),
    ] {
        if let Some(token) = token {
            variables[name] = token.as_str().into();
        }
    }
    variables
}

/// The same conversation, with every text as a list of one part.
fn in_parts(mut sample: Json) -> Json {
    for message in sample["messages"].as_array_mut().into_iter().flatten() {
        let text = message["content"].take();
        message["content"] = json!([{"type": "text", "text": text}]);
    }
    sample
}
