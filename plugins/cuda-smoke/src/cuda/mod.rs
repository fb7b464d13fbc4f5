//! A GPU as an engine: CUDA, in f32, without anything of CUDA but the driver.
//!
//! `driver` is the driver's interface, opened at run time; `kernels` the kernels that are
//! shipped as PTX and compiled by the driver; `weights` takes files to the device, `ops`
//! names what is done there, `decoder` and `encoder` put it together.

mod decoder;
pub mod driver;
mod encoder;
mod inputs;
pub mod kernels;
mod ops;
mod weights;

use std::time::Instant;

use pkg_plugin_sdk::{Material, SkipReason};
use serde_json::{Map, Value};

use self::decoder::Decoder;
use self::driver::{Context, Device, Driver, Energy, Stream};
use self::encoder::Encoder;
use self::kernels::Kernels;
use self::ops::{Heads, Ops};
use self::weights::Weights;
use crate::engine::{Engine, EngineError, LoadTimes, Result, Want};
use crate::model::{Model, Network};
use crate::source;

/// Most values of a head: what a lane of the attention kernel keeps, times 32.
const WIDEST_HEAD: usize = 256;

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Run steps as a graph, where the driver has them.
    pub graphs: bool,
    /// Most tokens of a decoder that run together.
    pub batch: usize,
    /// Positions that the cache of a decoder has room for at first.
    pub cache: usize,
    /// Bytes that are copied to measure the memory's bandwidth; less on a small GPU.
    pub probe: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { graphs: true, batch: 512, cache: 512, probe: 512 << 20 }
    }
}

#[derive(Debug)]
enum Loaded {
    Decoder(Box<Decoder>),
    Encoder(Box<Encoder>),
}

/// A model, ready to run on a GPU.
///
/// Parts are dropped in this order: what the kernels and the context belong to goes last.
#[derive(Debug)]
pub struct Cuda {
    loaded: Loaded,
    _weights: Weights,
    ops: Ops,
    energy: Option<Energy>,
    context: Context,
    options: Options,
    times: LoadTimes,
    /// Bytes of device memory that were free at first, and when fewest were.
    free: (u64, u64),
}

/// Loads a model on the first GPU that can run it.
pub fn open(model: &Model) -> Result<Box<dyn Engine>> {
    Ok(Box::new(open_with(&Driver::open()?, model, Options::default())?))
}

/// Loads a model by way of a certain driver.
pub fn open_with(driver: &Driver, model: &Model, options: Options) -> Result<Cuda> {
    let device = Device::first(driver)?;
    let context = Context::new(&device)?;
    let (free, _) = context.memory()?;
    let start = Instant::now();
    let kernels = Kernels::load(&context)?;
    let mut times = LoadTimes { module: start.elapsed().as_secs_f64(), ..LoadTimes::default() };
    let ops = Ops { stream: Stream::new(&context)?, kernels };
    let mut weights = Weights::load(model, &ops, &mut times)?;
    let loaded = match &model.network {
        Network::Decoder(model) => {
            Loaded::Decoder(Box::new(Decoder::new(model, &mut weights, &ops, options)?))
        }
        Network::Encoder(model) => {
            Loaded::Encoder(Box::new(Encoder::new(model, &mut weights, &ops)?))
        }
    };
    ops.stream.synchronize()?;
    let energy = device.facts().uuid.as_ref().and_then(Energy::of);
    let mut engine = Cuda {
        loaded,
        _weights: weights,
        ops,
        energy,
        context,
        options,
        times,
        free: (free, free),
    };
    engine.look_at_memory();
    Ok(engine)
}

/// The shape of heads, if the kernels can run it.
fn heads(heads: usize, kv_heads: usize, width: usize) -> Result<Heads> {
    if heads == 0 || kv_heads == 0 || width == 0 || !heads.is_multiple_of(kv_heads) {
        return Err(EngineError::Failed(format!(
            "{heads} heads of {width} values do not go with {kv_heads} of keys and values"
        )));
    }
    if width > WIDEST_HEAD {
        return Err(EngineError::Skip(
            SkipReason::UnsupportedArchitecture,
            format!("heads of {width} values cannot be run; at most {WIDEST_HEAD} can"),
        ));
    }
    Ok(Heads { query: heads, kv: kv_heads, width })
}

impl Cuda {
    /// How steps run: `graph`, or why not as one.
    pub fn steps(&self) -> &'static str {
        match &self.loaded {
            Loaded::Decoder(decoder) => decoder.steps(),
            Loaded::Encoder(_) => "an encoder has none",
        }
    }

    fn look_at_memory(&mut self) {
        if let Ok((free, _)) = self.context.memory() {
            self.free.1 = self.free.1.min(free);
        }
    }

    fn check(&self, tokens: &[u32]) -> Result<()> {
        let (vocabulary, fed, context) = match &self.loaded {
            Loaded::Decoder(decoder) => (decoder.tokens(), decoder.fed(), decoder.context()),
            Loaded::Encoder(encoder) => (encoder.vocabulary(), 0, encoder.context()),
        };
        if let Some(token) = tokens.iter().find(|token| **token as usize >= vocabulary) {
            return Err(EngineError::Failed(format!(
                "token {token} is not in the vocabulary of {vocabulary}"
            )));
        }
        let length = fed.saturating_add(tokens.len());
        if length > context {
            return Err(EngineError::Failed(format!(
                "{length} tokens are more than the context of {context}"
            )));
        }
        Ok(())
    }
}

impl Engine for Cuda {
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
        self.context.enter()?;
        let rows = match &mut self.loaded {
            Loaded::Decoder(decoder) => decoder.forward(&self.ops, tokens, want),
            Loaded::Encoder(encoder) => encoder.forward(&self.ops, tokens, want),
        }?;
        self.look_at_memory();
        Ok(rows)
    }

    fn step(&mut self, token: u32) -> Result<u32> {
        self.check(&[token])?;
        self.context.enter()?;
        match &mut self.loaded {
            Loaded::Decoder(decoder) => decoder.step(&self.ops, token),
            Loaded::Encoder(encoder) => {
                let row = encoder.forward(&self.ops, &[token], Want::Last)?;
                let index = crate::cpu::argmax(&row);
                u32::try_from(index).map_err(|error| EngineError::Failed(error.to_string()))
            }
        }
    }

    fn environment(&self) -> Map<String, Value> {
        let facts = self.context.device().facts();
        let (major, minor) = facts.capability;
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                all.insert(name.to_owned(), value);
            }
        };
        put("engine", "cuda".into());
        put("device", facts.name.chars().filter(|c| !c.is_control()).collect::<String>().into());
        // The UUID itself would tell one machine from all others.
        let uuid = facts.uuid.map(|uuid| source::sha256(&uuid));
        put("deviceUuidSha256", uuid.into());
        put("computeCapability", format!("{major}.{minor}").into());
        put("driverCudaVersion", self.context.driver().version().into());
        put("deviceMemoryBytes", facts.memory.into());
        put("multiprocessors", facts.multiprocessors.into());
        put("ecc", facts.ecc.into());
        put("memoryClockKhz", facts.memory_clock.into());
        put("memoryBusBits", facts.bus_width.into());
        put("ptxVersion", kernels::instruction_set().into());
        put("steps", self.steps().into());
        all
    }

    fn materials(&self) -> Vec<Material> {
        vec![kernels::material()]
    }

    fn load_times(&self) -> LoadTimes {
        self.times
    }

    fn peak_memory(&self) -> Option<u64> {
        Some(self.free.0.saturating_sub(self.free.1))
    }

    fn bandwidth(&mut self) -> Result<(Option<f64>, f64)> {
        self.context.enter()?;
        let facts = self.context.device().facts();
        let blocks = facts.multiprocessors.unwrap_or(64) as usize * 8;
        let (free, _) = self.context.memory()?;
        let most = usize::try_from(free / 4).unwrap_or(self.options.probe);
        let measured = self.ops.copy_speed(self.options.probe.min(most), blocks)?;
        Ok((facts.bandwidth(), measured))
    }

    fn energy(&self) -> Option<f64> {
        self.energy.as_ref().and_then(Energy::joules)
    }
}
