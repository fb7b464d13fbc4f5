//! Measuring: only after the results were found to be right.

use std::fmt::Write as _;
use std::time::Instant;

use pkg_plugin_sdk::{Check, Host, Metric, Outcome, Request};

use crate::engine::{Engine, EngineError, LoadTimes, Result, Want};
use crate::model::{Decoder, Encoder, Model, Network};

/// Tokens of the prompt that is processed, unless the setting says otherwise.
const PROMPT: u64 = 512;
/// Tokens that are generated.
const GENERATED: u64 = 128;
/// Times that each is repeated.
const REPETITIONS: u64 = 5;
/// Tokens of an encoder's input.
const INPUT: usize = 128;
/// Inputs of an encoder that make one sample.
const INPUTS: usize = 8;
/// Greatest settings.
const MAX_TOKENS: u64 = 1 << 20;
const MAX_REPETITIONS: u64 = 1000;

/// What was measured, and a check that says how.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// The figures.
    pub metrics: Vec<Metric>,
    /// That it was measured, and with what sizes.
    pub checks: Vec<Check>,
}

/// Measures an engine that answers rightly.
pub fn measure(
    engine: &mut dyn Engine,
    model: &Model,
    request: &Request,
    host: &Host<'_>,
) -> Result<Measured> {
    let mut measured = Measured::default();
    loading(engine.load_times(), &mut measured);
    let repetitions = setting(request, "repetitions", REPETITIONS, MAX_REPETITIONS);
    let mut run = Run { engine, host, repetitions };
    match &model.network {
        Network::Decoder(decoder) => run.decoder(decoder, model, request, &mut measured)?,
        Network::Encoder(encoder) => run.encoder(encoder, &mut measured)?,
    }
    if let Some(bytes) = run.engine.peak_memory() {
        measured.metrics.push(Metric::new("peak-memory", "bytes", bytes as f64));
    }
    Ok(measured)
}

/// A setting from 1 to a limit.
fn setting(request: &Request, name: &str, default: u64, most: u64) -> usize {
    // From the command line it may come as a text.
    let text = request.text(name).and_then(|text| text.parse().ok());
    let number = text.unwrap_or_else(|| request.number(name, default)).clamp(1, most);
    usize::try_from(number).unwrap_or(1)
}

fn loading(times: LoadTimes, measured: &mut Measured) {
    let mut add = |name: &str, seconds: f64, speed: &str| {
        if seconds > 0.0 {
            measured.metrics.push(Metric::new(name, "s", seconds));
            let gigabytes = times.bytes as f64 / 1e9;
            measured.metrics.push(Metric::new(speed, "GB/s", gigabytes / seconds));
        }
    };
    add("load-read-and-hash", times.read_and_hash, "load-read-and-hash-speed");
    add("load-copy", times.copy, "load-copy-speed");
    if times.module > 0.0 {
        measured.metrics.push(Metric::new("load-module", "s", times.module));
    }
    measured.metrics.push(Metric::new("weights", "bytes", times.bytes as f64));
}

struct Run<'a> {
    engine: &'a mut dyn Engine,
    host: &'a Host<'a>,
    repetitions: usize,
}

impl Run<'_> {
    fn tell(&self, done: usize, all: usize) -> Result<()> {
        self.host.progress(done as u64, all as u64);
        if self.host.cancelled() {
            return Err(EngineError::Failed("cancelled".to_owned()));
        }
        Ok(())
    }

    /// Times a piece of work once to warm up, and then as often as is asked; the answer is
    /// in seconds.
    fn times(&mut self, mut work: impl FnMut(&mut dyn Engine) -> Result<f64>) -> Result<Vec<f64>> {
        work(self.engine)?;
        let mut samples = Vec::new();
        for number in 0..self.repetitions {
            self.tell(number, self.repetitions)?;
            samples.push(work(self.engine)?.max(1e-9));
        }
        Ok(samples)
    }

    fn decoder(
        &mut self,
        decoder: &Decoder,
        model: &Model,
        request: &Request,
        measured: &mut Measured,
    ) -> Result<()> {
        let context = decoder.context;
        let prompt = setting(request, "pp", PROMPT, MAX_TOKENS).min(context);
        // The first token that is fed is the prompt of the generation.
        let generated = setting(request, "tg", GENERATED, MAX_TOKENS).min(context);
        let tokens = ids(prompt, decoder.head.rows);
        let first = tokens.iter().copied().take(1).collect::<Vec<u32>>();
        let first_token = self.times(|engine| {
            engine.reset()?;
            let start = Instant::now();
            engine.forward(&tokens, Want::Last)?;
            Ok(start.elapsed().as_secs_f64())
        })?;
        let speeds = |count: usize, seconds: &[f64]| -> Vec<f64> {
            seconds.iter().map(|seconds| count as f64 / seconds).collect()
        };
        let milliseconds: Vec<f64> = first_token.iter().map(|seconds| seconds * 1e3).collect();
        let metrics = &mut measured.metrics;
        metrics.push(Metric::of_samples("time-to-first-token", "ms", &milliseconds));
        let name = format!("pp{prompt}");
        metrics.push(Metric::of_samples(&name, "tokens/s", &speeds(prompt, &first_token)));
        let mut between = Vec::new();
        let energy = self.engine.energy();
        let seconds = self.times(|engine| generate(engine, &first, generated, &mut between))?;
        let used = energy.zip(self.engine.energy()).map(|(before, after)| after - before);
        // The warm-up's are not counted.
        let between: Vec<f64> = between.split_off(generated.min(between.len()));
        let rate =
            Metric::of_samples(&format!("tg{generated}"), "tokens/s", &speeds(generated, &seconds));
        metrics.push(Metric::new("inter-token-p50", "ms", percentile(&between, 50)));
        metrics.push(Metric::new("inter-token-p99", "ms", percentile(&between, 99)));
        if let Some(joules) = used {
            let all = (generated * (self.repetitions + 1)) as f64;
            metrics.push(Metric::new("energy", "J/token", joules / all));
        }
        let read = bytes_of_token(decoder, model, generated);
        let speed = rate.value;
        metrics.push(rate);
        self.bandwidth(read, speed, measured)?;
        let mut detail = format!(
            "{} repetitions after one to warm up; {read:.0} bytes are read for a token",
            self.repetitions
        );
        let wanted = setting(request, "pp", PROMPT, MAX_TOKENS);
        if prompt < wanted || generated < setting(request, "tg", GENERATED, MAX_TOKENS) {
            let _ = write!(detail, "; cut to the context of {context} tokens");
        }
        measured.checks.push(Check::new("measured", Outcome::Passed, detail));
        Ok(())
    }

    fn bandwidth(&mut self, read: f64, speed: f64, measured: &mut Measured) -> Result<()> {
        let (promised, reached) = self.engine.bandwidth()?;
        let metrics = &mut measured.metrics;
        metrics.push(Metric::new("memory-bandwidth-measured", "GB/s", reached / 1e9));
        if reached > 0.0 {
            metrics.push(Metric::new("mbu-measured", "1", read * speed / reached));
        }
        if let Some(promised) = promised.filter(|promised| *promised > 0.0) {
            metrics.push(Metric::new("memory-bandwidth-theoretical", "GB/s", promised / 1e9));
            metrics.push(Metric::new("mbu-theoretical", "1", read * speed / promised));
        }
        Ok(())
    }

    fn encoder(&mut self, encoder: &Encoder, measured: &mut Measured) -> Result<()> {
        let length = INPUT.min(encoder.context);
        let tokens = ids(length, encoder.words.rows);
        let seconds = self.times(|engine| {
            let start = Instant::now();
            for _ in 0..INPUTS {
                engine.forward(&tokens, Want::All)?;
            }
            Ok(start.elapsed().as_secs_f64())
        })?;
        let speeds = |count: usize| -> Vec<f64> {
            seconds.iter().map(|seconds| count as f64 / seconds).collect()
        };
        let metrics = &mut measured.metrics;
        metrics.push(Metric::of_samples("sequences", "sequences/s", &speeds(INPUTS)));
        metrics.push(Metric::of_samples("tokens", "tokens/s", &speeds(INPUTS * length)));
        let detail = format!(
            "{} repetitions of {INPUTS} inputs of {length} tokens, after one to warm up",
            self.repetitions
        );
        measured.checks.push(Check::new("measured", Outcome::Passed, detail));
        Ok(())
    }
}

/// Generates tokens behind a prompt; notes the milliseconds of each, and answers with the
/// seconds of all.
fn generate(
    engine: &mut dyn Engine,
    prompt: &[u32],
    count: usize,
    between: &mut Vec<f64>,
) -> Result<f64> {
    engine.reset()?;
    let mut token = prompt.first().copied().unwrap_or_default();
    let mut sum = 0.0;
    for _ in 0..count {
        let start = Instant::now();
        token = engine.step(token)?;
        let seconds = start.elapsed().as_secs_f64();
        between.push(seconds * 1e3);
        sum += seconds;
    }
    Ok(sum)
}

/// Ids of a prompt: spread over the vocabulary, always the same.
fn ids(count: usize, vocabulary: usize) -> Vec<u32> {
    let ids = (0..count as u64).map(|i| i.wrapping_mul(2_654_435_761) % vocabulary.max(1) as u64);
    ids.map(|id| id as u32).collect()
}

/// Bytes that one generated token reads: every weight once (of an embedding that is not
/// also the output matrix one row), and the keys and values of half the run, in f32.
fn bytes_of_token(decoder: &Decoder, model: &Model, generated: usize) -> f64 {
    let all: u64 = model.network.tensors().iter().map(|tensor| tensor.bytes).sum();
    // The list has the embedding and the output matrix, also where both are one.
    let embedding = decoder.embedding.bytes;
    let row = embedding / decoder.embedding.rows.max(1) as u64;
    let weights = all.saturating_sub(embedding).saturating_add(row);
    let position = 2 * decoder.layers.len() * decoder.kv_heads * decoder.head_width * 4;
    weights as f64 + position as f64 * generated as f64 / 2.0
}

/// The value that so many hundredths of the samples do not exceed; by the nearest rank.
fn percentile(samples: &[f64], hundredths: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::{ids, percentile};

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((percentile(&samples, 50), percentile(&samples, 99)), (50.0, 99.0));
        assert_eq!(percentile(&[3.0], 99), 3.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn made_up_ids_are_in_the_vocabulary() {
        assert!(ids(1000, 7).iter().all(|id| *id < 7));
        assert_eq!(ids(3, 0), [0, 0, 0]);
    }
}
