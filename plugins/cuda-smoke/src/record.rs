//! Recording golden outputs.

use pkg_plugin_sdk::{Host, Request};
use serde_json::Value;

use crate::cpu::argmax;
use crate::engine::{Engine, EngineError, Result, Want};
use crate::golden::{
    ARITHMETIC, Embedding, Golden, Position, SCHEMA, Tolerance, Transcript, Weights,
};
use crate::model::{Model, Network};
use crate::source;

/// Positions that are recorded behind each prompt.
const POSITIONS: usize = 16;
/// Logits that are kept of a position.
const TOP: usize = 32;
/// Values that are kept of a hidden state.
const TOP_HIDDEN: usize = 16;
/// Lengths of the prompts that are made up for decoders.
const DECODER_LENGTHS: [usize; 3] = [8, 13, 21];
/// Lengths of the prompts that are made up for encoders.
const ENCODER_LENGTHS: [usize; 4] = [5, 16, 33, 64];
/// "The capital of France is" for the tokenizer of `SmolLM2`; some five words for others.
const FIRST: [u32; 5] = [504, 3575, 282, 4649, 314];
/// Most prompts, and most tokens of one, that the setting may give.
const MAX_PROMPTS: usize = 64;
const MAX_PROMPT: usize = 1024;

/// Prompts for a model with such a vocabulary and context.
///
/// The setting `prompts` gives them, as lists of token ids. Without it they are made up:
/// for decoders the five ids 504, 3575, 282, 4649, 314 where the vocabulary has them, and
/// lists of 8, 13 and 21 ids; for encoders lists of 5, 16, 33 and 64. Number i of all made
/// up ids is output i of `SplitMix64`, begun with 1, modulo the vocabulary. Lists are cut
/// to half the context.
pub fn prompts(request: &Request, model: &Model) -> Result<Vec<Vec<u32>>> {
    let (vocabulary, context, decoder) = match &model.network {
        Network::Decoder(decoder) => (decoder.head.rows, decoder.context, true),
        Network::Encoder(encoder) => (encoder.words.rows, encoder.context, false),
    };
    if let Some(given) = request.settings.get("prompts") {
        return given_prompts(given, vocabulary, context);
    }
    let room = (context / 2).max(1);
    let mut state = 1;
    let mut made = |length: usize| -> Vec<u32> {
        let ids = std::iter::repeat_with(|| (split_mix(&mut state) % vocabulary as u64) as u32);
        ids.take(length.min(room)).collect()
    };
    let known = FIRST.iter().all(|id| (*id as usize) < vocabulary) && FIRST.len() <= room;
    if !decoder {
        return Ok(ENCODER_LENGTHS.map(made).to_vec());
    }
    let first = if known { FIRST.to_vec() } else { made(FIRST.len()) };
    Ok(std::iter::once(first).chain(DECODER_LENGTHS.map(made)).collect())
}

/// The next output of `SplitMix64` (Steele, Lea and Flood, 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn given_prompts(given: &Value, vocabulary: usize, context: usize) -> Result<Vec<Vec<u32>>> {
    let failed = |text: String| EngineError::Failed(format!("the setting `prompts`: {text}"));
    // From the command line it comes as a text.
    let prompts: Vec<Vec<u32>> = match given {
        Value::String(text) => serde_json::from_str(text),
        other => serde_json::from_value(other.clone()),
    }
    .map_err(|error| failed(format!("no list of lists of token ids: {error}")))?;
    if !(1..=MAX_PROMPTS).contains(&prompts.len()) {
        return Err(failed(format!("{} prompts; 1 to {MAX_PROMPTS} can be", prompts.len())));
    }
    for prompt in &prompts {
        if !(1..=MAX_PROMPT.min(context)).contains(&prompt.len()) {
            return Err(failed(format!(
                "a prompt of {} tokens; 1 to {} can be",
                prompt.len(),
                MAX_PROMPT.min(context)
            )));
        }
        if let Some(id) = prompt.iter().find(|id| **id as usize >= vocabulary) {
            return Err(failed(format!("token {id} is not in the vocabulary of {vocabulary}")));
        }
    }
    Ok(prompts)
}

/// Asks an engine, and writes down what it answers.
pub fn record(
    engine: &mut dyn Engine,
    model: &Model,
    prompts: &[Vec<u32>],
    host: &Host<'_>,
) -> Result<Golden> {
    let weights = model.files.iter().map(|file| Weights {
        path: file.path.clone(),
        sha256: source::promised(file).to_ascii_lowercase(),
    });
    let mut golden = Golden {
        schema: SCHEMA.to_owned(),
        engine: format!("cuda-smoke {} cpu", env!("CARGO_PKG_VERSION")),
        arithmetic: ARITHMETIC.to_owned(),
        architecture: model.architecture.clone(),
        weights: weights.collect(),
        tolerance: Tolerance::F32,
        transcripts: Vec::new(),
        embeddings: Vec::new(),
    };
    for (number, prompt) in prompts.iter().enumerate() {
        host.progress(number as u64, prompts.len() as u64);
        if host.cancelled() {
            return Err(EngineError::Failed("cancelled".to_owned()));
        }
        match &model.network {
            Network::Decoder(decoder) => {
                golden.transcripts.push(transcript(engine, prompt, decoder.context)?);
            }
            Network::Encoder(_) => golden.embeddings.push(embedding(engine, prompt)?),
        }
    }
    Ok(golden)
}

fn transcript(engine: &mut dyn Engine, prompt: &[u32], context: usize) -> Result<Transcript> {
    engine.reset()?;
    let mut row = engine.forward(prompt, Want::Last)?;
    let (mut positions, mut ids) = (Vec::new(), Vec::new());
    loop {
        positions.push(position(&row)?);
        let best = u32::try_from(argmax(&row)).map_err(|_| not_finite())?;
        ids.push(best);
        if ids.len() == POSITIONS || prompt.len() + ids.len() > context {
            break;
        }
        row = engine.forward(&[best], Want::Last)?;
    }
    Ok(Transcript { prompt: prompt.to_vec(), forced: ids.clone(), positions, greedy: ids })
}

fn not_finite() -> EngineError {
    EngineError::Failed("the reference's outputs are not finite: the model is broken".to_owned())
}

fn position(row: &[f32]) -> Result<Position> {
    let top = top(row, TOP, |value| value)?;
    let margin = match top.as_slice() {
        [(_, first), (_, second), ..] => first - second,
        _ => return Err(EngineError::Failed("a vocabulary of one token".to_owned())),
    };
    Ok(Position { top, logsumexp: logsumexp(row), margin })
}

/// Logarithm of the sum of the exponentials, in f64.
pub(crate) fn logsumexp(row: &[f32]) -> f64 {
    let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    most + row.iter().map(|value| (f64::from(*value) - most).exp()).sum::<f64>().ln()
}

/// The values of a row with the greatest keys, and their places; lower places first where
/// keys are equal.
fn top(row: &[f32], count: usize, key: fn(f32) -> f32) -> Result<Vec<(u32, f32)>> {
    if !row.iter().all(|value| value.is_finite()) {
        return Err(not_finite());
    }
    let mut all: Vec<(u32, f32)> = (0..).zip(row.iter().copied()).collect();
    let order = |a: &(u32, f32), b: &(u32, f32)| key(b.1).total_cmp(&key(a.1)).then(a.0.cmp(&b.0));
    if count < all.len() {
        all.select_nth_unstable_by(count, order);
        all.truncate(count);
    }
    all.sort_by(order);
    Ok(all)
}

fn embedding(engine: &mut dyn Engine, tokens: &[u32]) -> Result<Embedding> {
    engine.reset()?;
    let rows = engine.forward(tokens, Want::All)?;
    let width = engine.width().max(1);
    let kept = rows.chunks_exact(width).map(|row| top(row, TOP_HIDDEN, f32::abs));
    Ok(Embedding {
        tokens: tokens.to_vec(),
        pooled: pooled(&rows, width),
        rows: kept.collect::<Result<_>>()?,
    })
}

/// Mean of rows, divided by its length; zeros where the mean is zero.
pub(crate) fn pooled(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; width];
    for row in rows.chunks_exact(width.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let length = sums.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    sums.iter().map(|sum| (sum * scale) as f32).collect()
}
