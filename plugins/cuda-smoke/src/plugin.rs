//! From a request to a reply.

use std::collections::BTreeMap;

use pkg_plugin_sdk::{
    Artifact, Check, Description, Device, Failure, Finding, Host, Kind, Material, Operation,
    Outcome, Plugin, Reply, Request, Severity, SkipReason,
};
use serde_json::{Value, json};

use crate::engine::{Engine, EngineError, Result};
use crate::golden::{Golden, Tolerance, find};
use crate::model::{Model, Network};
use crate::{bench, compare, cpu, cuda, open, record, source};

/// The plugin `cuda-smoke`.
#[derive(Debug)]
pub struct CudaSmoke;

impl Plugin for CudaSmoke {
    fn describe() -> Description {
        let about = "Runs a model, compares its outputs with golden ones, and measures";
        let mut description = Description::new(
            "cuda-smoke",
            env!("CARGO_PKG_VERSION"),
            &[Kind::Verify, Kind::Benchmark],
            about,
        );
        description.records = true;
        description
            .setting("model", "path of the weights to run; default: the only ones there are")
            .setting(
                "prompts",
                "token ids to record golden outputs of, a list of lists; default: four made up",
            )
            .setting("pp", "tokens of the prompt that is measured; default: 512")
            .setting("tg", "tokens that are generated to measure; default: 128")
            .setting("repetitions", "how often is measured; default: 5")
    }

    fn run(request: &Request, host: &Host<'_>) -> std::result::Result<Reply, Failure> {
        match run(request, host) {
            Ok(reply) => Ok(reply),
            Err(EngineError::Skip(reason, text)) => Ok(Reply::skipped(reason, text)),
            Err(EngineError::Failed(text)) => Err(Failure::new(text)),
        }
    }
}

fn run(request: &Request, host: &Host<'_>) -> Result<Reply> {
    let model = open::model(request)?;
    if request.operation == Operation::Record {
        return recorded(request, &model, host);
    }
    let Some((golden, file, digest)) = find(&request.files, &model)? else {
        return Err(EngineError::Skip(
            SkipReason::NothingToCheck,
            "the release has no golden outputs; `pkg golden record` makes them".to_owned(),
        ));
    };
    let (decoder, width, context) = match &model.network {
        Network::Decoder(decoder) => (true, decoder.head.rows, decoder.context),
        Network::Encoder(encoder) => (false, encoder.width, encoder.context),
    };
    let fits = match (&model.network, golden.fits(decoder, width, context)) {
        (Network::Encoder(encoder), Ok(())) => fits_vocabulary(&golden, encoder.words.rows),
        (_, fits) => fits,
    };
    if let Err(reason) = fits {
        let check = Check::when("golden", false, format!("{} does not fit: {reason}", file.path));
        return Ok(finish(Reply::new([check]), None, &model, &golden, digest));
    }
    host.log("loading the model");
    let mut engine = load(request, &model)?;
    let verdict = compare::compare(engine.as_mut(), &golden, host)?;
    let other = golden.other_weights(&model);
    let detail = other.as_deref().unwrap_or("the golden outputs are of these very weights");
    let weights = Check::when("weights", other.is_none(), detail);
    let holds = verdict.holds() && other.is_none();
    let mut checks = vec![weights];
    checks.extend(verdict.checks);
    let mut metrics = verdict.metrics;
    if request.operation == Operation::Benchmark {
        if holds {
            host.log("measuring");
            let measured = bench::measure(engine.as_mut(), &model, request, host)?;
            metrics.extend(measured.metrics);
            checks.extend(measured.checks);
        } else {
            let text = "nothing was measured, as the results are not right";
            checks.push(Check::new("measured", Outcome::Skipped, text));
        }
    }
    let mut findings = verdict.findings;
    findings.extend(other.map(|detail| Finding {
        code: "weights-differ".to_owned(),
        severity: Severity::Error,
        file: Some(file.path.clone()),
        detail,
    }));
    let mut reply = Reply::new(checks).findings(findings);
    reply.metrics = metrics;
    Ok(finish(reply, Some(engine.as_ref()), &model, &golden, digest))
}

fn fits_vocabulary(golden: &Golden, vocabulary: usize) -> std::result::Result<(), String> {
    let mut ids = golden.embeddings.iter().flat_map(|embedding| &embedding.tokens);
    match ids.find(|id| **id as usize >= vocabulary) {
        Some(id) => Err(format!("token {id} is not in the vocabulary of {vocabulary}")),
        None => Ok(()),
    }
}

/// The engine that the request asks for, with the model loaded.
fn load(request: &Request, model: &Model) -> Result<Box<dyn Engine>> {
    match request.device {
        Device::Cpu => Ok(Box::new(cpu::open(model, request.threads)?)),
        Device::Gpu => cuda::open(model),
    }
}

/// Says the result in one line, where it ran and what it depends on.
fn finish(
    mut reply: Reply,
    engine: Option<&dyn Engine>,
    model: &Model,
    golden: &Golden,
    digest: String,
) -> Reply {
    reply.materials = vec![Material { name: "golden.json".to_owned(), sha256: digest }];
    reply.materials.extend(engine.map(Engine::materials).into_iter().flatten());
    reply.environment = environment(engine, model);
    let Tolerance { max_abs, kl } = Tolerance::F32.stricter(golden.tolerance);
    reply.environment.insert("tolerance".to_owned(), json!({ "maxAbs": max_abs, "kl": kl }));
    let bad: Vec<&str> = reply
        .checks
        .iter()
        .filter(|check| !matches!(check.outcome, Outcome::Passed | Outcome::Skipped))
        .map(|check| check.name.as_str())
        .collect();
    let positions = golden.transcripts.iter().map(|one| one.positions.len()).sum::<usize>()
        + golden.embeddings.iter().map(|one| one.tokens.len()).sum::<usize>();
    let summary = if bad.is_empty() {
        format!("{} answers as recorded at {positions} positions", model.architecture)
    } else {
        format!("{} does not answer as recorded: {}", model.architecture, bad.join(", "))
    };
    reply.summary(summary)
}

fn environment(engine: Option<&dyn Engine>, model: &Model) -> BTreeMap<String, Value> {
    let mut facts: BTreeMap<String, Value> =
        engine.map(Engine::environment).unwrap_or_default().into_iter().collect();
    let weights = model.files.iter().map(
        |file| json!({ "path": file.path, "sha256": source::promised(file).to_ascii_lowercase() }),
    );
    facts.insert("weights".to_owned(), weights.collect());
    facts.insert("architecture".to_owned(), model.architecture.clone().into());
    facts
}

/// Records golden outputs; always on the processor, whose results repeat.
fn recorded(request: &Request, model: &Model, host: &Host<'_>) -> Result<Reply> {
    let prompts = record::prompts(request, model)?;
    let mut engine = cpu::open(model, request.threads)?;
    let golden = record::record(&mut engine, model, &prompts, host)?;
    // What was recorded must hold, here at least.
    let verdict = compare::compare(&mut engine, &golden, host)?;
    let text = golden.text()?;
    let digest = source::sha256(text.as_bytes());
    let asked = prompts.len();
    let mut reply = Reply::new(verdict.checks).findings(verdict.findings);
    reply.metrics = verdict.metrics;
    reply.artifacts = vec![Artifact { name: "golden.json".to_owned(), text }];
    let mut reply = finish(reply, Some(&engine), model, &golden, digest);
    if reply.outcome <= Outcome::Warned {
        reply.summary = format!("recorded what {} answers to {asked} prompts", model.architecture);
    }
    Ok(reply)
}
