//! The processor as an engine: the reference, in f32.
//!
//! It is written to be right and repeatable first: results do not depend on the number of
//! threads, nor on whether tokens are fed one by one or together. It records goldens, and
//! stands in where there is no GPU.

mod attention;
mod decoder;
mod encoder;
mod maths;
mod pool;
mod simd;
mod weights;

use std::sync::Arc;
use std::time::Instant;

use pkg_plugin_sdk::Material;
use serde_json::{Map, Value};

pub use simd::{Kernels, Level, available};

use self::decoder::Decoder;
use self::encoder::Encoder;
use self::pool::Pool;
use crate::engine::{Engine, EngineError, LoadTimes, Result, Want};
use crate::model::{Model, Network};
use crate::source;

/// Tokens that run through the layers together.
const BATCH: usize = 256;
/// Bytes that each thread copies to measure the memory's bandwidth.
const PROBE: usize = 64 << 20;
/// Times that they are copied; the best counts.
const PROBES: usize = 5;

#[derive(Debug)]
enum Loaded {
    Decoder(Decoder),
    Encoder(Encoder),
}

/// A model, ready to run on the processor.
#[derive(Debug)]
pub struct Cpu {
    pool: Pool,
    kernels: Kernels,
    context: usize,
    loaded: Loaded,
    times: LoadTimes,
}

/// Loads a model with so many threads (0: as many as there are processors), with the best
/// instructions that there are.
pub fn open(model: &Model, threads: usize) -> Result<Cpu> {
    open_with(model, threads, Kernels::best())
}

/// Loads a model with certain instructions.
pub fn open_with(model: &Model, threads: usize, kernels: Kernels) -> Result<Cpu> {
    let start = Instant::now();
    let files = model.files.iter().map(|file| source::load(file).map(Arc::new));
    let files = files.collect::<Result<Vec<_>>>()?;
    let read_and_hash = start.elapsed().as_secs_f64();
    let bytes = files.iter().map(|file| file.len() as u64).sum();
    let (context, loaded) = match &model.network {
        Network::Decoder(model) => {
            (model.context, Loaded::Decoder(Decoder::new(model, &files, kernels)?))
        }
        Network::Encoder(model) => {
            (model.context, Loaded::Encoder(Encoder::new(model, &files, kernels)?))
        }
    };
    let times = LoadTimes { read_and_hash, bytes, ..LoadTimes::default() };
    Ok(Cpu { pool: Pool::new(threads), kernels, context, loaded, times })
}

/// Index of the greatest value, the first of equals; a NaN is never the greatest.
pub fn argmax(row: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, value) in row.iter().enumerate() {
        if *value > best.1 {
            best = (index, *value);
        }
    }
    best.0
}

impl Cpu {
    fn check(&self, tokens: &[u32]) -> Result<()> {
        let (vocabulary, fed) = match &self.loaded {
            Loaded::Decoder(decoder) => (decoder.vocabulary(), decoder.fed()),
            Loaded::Encoder(encoder) => (encoder.vocabulary(), 0),
        };
        if let Some(token) = tokens.iter().find(|token| **token as usize >= vocabulary) {
            return Err(EngineError::Failed(format!(
                "token {token} is not in the vocabulary of {vocabulary}"
            )));
        }
        let length = fed.saturating_add(tokens.len());
        if length > self.context {
            return Err(EngineError::Failed(format!(
                "{length} tokens are more than the context of {}",
                self.context
            )));
        }
        Ok(())
    }
}

impl Engine for Cpu {
    fn width(&self) -> usize {
        match &self.loaded {
            Loaded::Decoder(decoder) => decoder.vocabulary(),
            Loaded::Encoder(encoder) => encoder.width(),
        }
    }

    fn reset(&mut self) -> Result<()> {
        if let Loaded::Decoder(decoder) = &mut self.loaded {
            decoder.reset();
        }
        Ok(())
    }

    fn forward(&mut self, tokens: &[u32], want: Want) -> Result<Vec<f32>> {
        self.check(tokens)?;
        let width = self.width();
        match &mut self.loaded {
            Loaded::Encoder(encoder) => {
                let mut rows = encoder.forward(&self.pool, self.kernels, tokens)?;
                if want == Want::Last {
                    rows.drain(..rows.len().saturating_sub(width));
                }
                Ok(rows)
            }
            Loaded::Decoder(decoder) => {
                let mut rows = Vec::new();
                for batch in tokens.chunks(BATCH) {
                    if want == Want::Last {
                        rows.clear();
                    }
                    rows.extend(decoder.forward(&self.pool, self.kernels, batch, want)?);
                }
                Ok(rows)
            }
        }
    }

    fn step(&mut self, token: u32) -> Result<u32> {
        let row = self.forward(&[token], Want::Last)?;
        u32::try_from(argmax(&row)).map_err(|error| EngineError::Failed(error.to_string()))
    }

    fn environment(&self) -> Map<String, Value> {
        let mut facts = Map::new();
        let instructions = match self.kernels.level() {
            Level::Portable => "portable",
            Level::Avx2 => "avx2+fma",
            Level::Avx512 => "avx512f",
        };
        facts.insert("engine".to_owned(), "cpu".into());
        facts.insert("threads".to_owned(), self.pool.threads().into());
        facts.insert("instructions".to_owned(), instructions.into());
        facts.insert("machine".to_owned(), std::env::consts::ARCH.into());
        if let Some(name) = processor() {
            facts.insert("processor".to_owned(), name.into());
        }
        facts
    }

    fn materials(&self) -> Vec<Material> {
        Vec::new()
    }

    fn load_times(&self) -> LoadTimes {
        self.times
    }

    fn peak_memory(&self) -> Option<u64> {
        let text = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    fn bandwidth(&mut self) -> Result<(Option<f64>, f64)> {
        // Read and written, by every thread.
        let moved = (2 * PROBE * self.pool.threads()) as f64;
        let buffers = (0..self.pool.threads())
            .map(|_| std::sync::Mutex::new((vec![1.0_f32; PROBE / 4], vec![0.0_f32; PROBE / 4])));
        let buffers: Arc<Vec<_>> = Arc::new(buffers.collect());
        let mut best = f64::INFINITY;
        for _ in 0..PROBES {
            let shared = Arc::clone(&buffers);
            let start = Instant::now();
            self.pool.run_parts(buffers.len(), move |part, _| {
                if let Some(Ok(mut pair)) = shared.get(part).map(|pair| pair.lock()) {
                    let (from, to) = &mut *pair;
                    to.copy_from_slice(from);
                    std::hint::black_box(to);
                }
                Vec::new()
            })?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok((None, moved / best.max(1e-9)))
    }

    fn energy(&self) -> Option<f64> {
        None
    }
}

/// Name of the processor, where the system tells.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    let name = line.trim_start_matches([' ', '\t', ':']).trim();
    (!name.is_empty()).then(|| name.chars().filter(|c| !c.is_control()).take(200).collect())
}
