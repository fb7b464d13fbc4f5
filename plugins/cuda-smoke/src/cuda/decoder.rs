//! Decoders of the llama family.

use super::Options;
use super::driver::{DeviceBuffer, Graph, HostBuffer, bytes_of};
use super::inputs::{Addresses, Inputs, Layout, Outputs};
use super::ops::{Heads, Ops, PARTS};
use super::weights::{Linear, Matrix, Weights};
use crate::engine::{EngineError, Result, Want};
use crate::model::{self, RopePairs};

/// Rows of logits that are on the device at a time.
const LOGIT_ROWS: usize = 32;
/// Bytes of the result of a step: the greatest logit, and its index.
const RESULT: usize = 8;

#[derive(Debug)]
struct Layer {
    attention_norm: u64,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    ffn_norm: u64,
    gate: Linear,
    up: Linear,
    down: Linear,
}

/// Keys and values of a layer, one row for each position.
#[derive(Debug)]
struct Cache {
    keys: DeviceBuffer,
    values: DeviceBuffer,
}

/// What layers hand on, for as many tokens as run together.
#[derive(Debug)]
struct Buffers {
    x: DeviceBuffer,
    normal: DeviceBuffer,
    q: DeviceBuffer,
    k: DeviceBuffer,
    v: DeviceBuffer,
    seen: DeviceBuffer,
    gate: DeviceBuffer,
    up: DeviceBuffer,
    logits: DeviceBuffer,
    parts: DeviceBuffer,
    result: DeviceBuffer,
}

/// How steps run.
#[derive(Debug)]
enum Steps {
    /// One kernel at a time, for this reason.
    Plain(&'static str),
    /// As a graph, once one step was run without: kernels are loaded then.
    Graph { warm: bool, graph: Option<Graph> },
}

/// A decoder with its weights, and what it remembers.
#[derive(Debug)]
pub(super) struct Decoder {
    shape: Heads,
    width: usize,
    hidden: usize,
    epsilon: f32,
    neighbours: bool,
    context: usize,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: u64,
    head: Linear,
    batch: Inputs,
    single: Inputs,
    outputs: Outputs,
    buffers: Buffers,
    caches: Vec<Cache>,
    room: usize,
    fed: usize,
    steps: Steps,
}

impl Decoder {
    pub(super) fn new(
        model: &model::Decoder,
        weights: &mut Weights,
        ops: &Ops,
        options: Options,
    ) -> Result<Self> {
        let shape = checked(model)?;
        let width = model.width;
        let hidden = model.layers.first().map_or(1, |layer| layer.up.weight.rows);
        let embedding = weights.shaped(ops, &model.embedding, width)?;
        let head = Linear { matrix: weights.shaped(ops, &model.head, width)?, bias: None };
        let layers =
            model.layers.iter().map(|layer| Layer::new(layer, weights, ops, width, hidden, shape));
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let norm = weights.vector(ops, &model.norm, width)?;
        let batch = options.batch.clamp(1, model.context);
        let logit_rows = batch.min(LOGIT_ROWS);
        let buffers = Buffers::new(ops, batch, width, hidden, shape, head.matrix.rows, logit_rows)?;
        let outputs = Outputs::new(&ops.stream, buffers.logits.bytes())?;
        let frequencies = &model.rope_frequencies;
        let steps = if !options.graphs {
            Steps::Plain("not wanted")
        } else if ops.context().driver().has_graphs() {
            Steps::Graph { warm: false, graph: None }
        } else {
            Steps::Plain("the driver has none")
        };
        let mut decoder = Self {
            shape,
            width,
            hidden,
            epsilon: model.epsilon,
            neighbours: model.rope_pairs == RopePairs::Neighbours,
            context: model.context,
            embedding,
            layers,
            norm,
            head,
            batch: Inputs::new(&ops.stream, Layout::new(batch, frequencies))?,
            single: Inputs::new(&ops.stream, Layout::new(1, frequencies))?,
            outputs,
            buffers,
            caches: Vec::new(),
            room: 0,
            fed: 0,
            steps,
        };
        decoder.make_room(ops, options.cache.clamp(1, model.context))?;
        Ok(decoder)
    }

    /// Size of the vocabulary.
    pub(super) fn vocabulary(&self) -> usize {
        self.head.matrix.rows
    }

    /// Tokens that can be fed: the rows of the embedding.
    pub(super) fn tokens(&self) -> usize {
        self.embedding.rows
    }

    /// Most positions.
    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// Tokens fed so far.
    pub(super) fn fed(&self) -> usize {
        self.fed
    }

    pub(super) fn reset(&mut self) {
        self.fed = 0;
    }

    /// How steps run, in words.
    pub(super) fn steps(&self) -> &'static str {
        match &self.steps {
            Steps::Graph { .. } => "graph",
            Steps::Plain(reason) => reason,
        }
    }

    /// Lets the cache hold so many positions: twice as many as before, or more.
    fn make_room(&mut self, ops: &Ops, positions: usize) -> Result<()> {
        if positions <= self.room {
            return Ok(());
        }
        let room = positions.max(self.room.saturating_mul(2)).min(self.context);
        // The graph knows where the old cache is.
        if let Steps::Graph { graph, .. } = &mut self.steps {
            *graph = None;
        }
        let row = self.shape.kv * self.shape.width;
        let used = bytes_of(self.fed.saturating_mul(row))?;
        for index in 0..self.layers.len() {
            let mut sides = Vec::with_capacity(2);
            for side in 0..2 {
                let buffer = DeviceBuffer::words(ops.context(), room.saturating_mul(row))?;
                if let Some(old) = self.caches.get(index) {
                    let old = if side == 0 { &old.keys } else { &old.values };
                    buffer.copy_from(&ops.stream, 0, old.part(0, used)?, used)?;
                }
                sides.push(buffer);
            }
            ops.stream.synchronize()?;
            let (Some(values), Some(keys)) = (sides.pop(), sides.pop()) else { continue };
            let cache = Cache { keys, values };
            match self.caches.get_mut(index) {
                Some(old) => *old = cache,
                None => self.caches.push(cache),
            }
        }
        self.room = room;
        Ok(())
    }

    /// Enqueues all layers for so many tokens; `x` holds what comes out.
    fn enqueue_layers(&self, ops: &Ops, at: Addresses, tokens: usize) -> Result<()> {
        let buffers = &self.buffers;
        let x = buffers.x.address();
        ops.embed(&self.embedding, at.tokens, x, tokens, false)?;
        for (layer, cache) in self.layers.iter().zip(&self.caches) {
            self.enqueue_layer(ops, layer, cache, at, tokens)?;
        }
        Ok(())
    }

    fn enqueue_layer(
        &self,
        ops: &Ops,
        layer: &Layer,
        cache: &Cache,
        at: Addresses,
        tokens: usize,
    ) -> Result<()> {
        let buffers = &self.buffers;
        let (x, normal) = (buffers.x.address(), buffers.normal.address());
        let [q, k, v] = [&buffers.q, &buffers.k, &buffers.v].map(DeviceBuffer::address);
        let (seen, gate) = (buffers.seen.address(), buffers.gate.address());
        let (up, kept) = (buffers.up.address(), (cache.keys.address(), cache.values.address()));
        let rows = (tokens, self.width);
        ops.rms_norm(x, layer.attention_norm, normal, rows, self.epsilon)?;
        ops.linear(&layer.query, normal, None, q, tokens)?;
        ops.linear(&layer.key, normal, None, k, tokens)?;
        ops.linear(&layer.value, normal, None, v, tokens)?;
        let turn = (at.table, at.state);
        ops.rope_store([q, k, v], kept, turn, self.shape, self.neighbours, tokens)?;
        ops.attention(q, kept, seen, Some(at.state), self.shape, tokens)?;
        ops.linear(&layer.output, seen, Some(x), x, tokens)?;
        ops.rms_norm(x, layer.ffn_norm, normal, rows, self.epsilon)?;
        ops.linear(&layer.gate, normal, None, gate, tokens)?;
        ops.linear(&layer.up, normal, None, up, tokens)?;
        ops.silu_mul(gate, up, tokens * self.hidden)?;
        ops.linear(&layer.down, gate, Some(x), x, tokens)
    }

    /// Enqueues logits of so many rows of `x`, from one on.
    fn enqueue_logits(&self, ops: &Ops, first: usize, rows: usize) -> Result<()> {
        let from = self.buffers.x.address() + (first * self.width * 4) as u64;
        let normal = self.buffers.normal.address();
        ops.rms_norm(from, self.norm, normal, (rows, self.width), self.epsilon)?;
        ops.linear(&self.head, normal, None, self.buffers.logits.address(), rows)
    }

    /// Enqueues a step: layers, logits, and the greatest of them.
    fn enqueue_step(&self, ops: &Ops, at: Addresses) -> Result<()> {
        self.enqueue_layers(ops, at, 1)?;
        self.enqueue_logits(ops, 0, 1)?;
        let Buffers { logits, parts, result, .. } = &self.buffers;
        ops.argmax(logits.address(), self.vocabulary(), parts.address(), result.address())
    }

    /// Feeds tokens, which the caller found to be in the vocabulary and the context.
    pub(super) fn forward(&mut self, ops: &Ops, tokens: &[u32], want: Want) -> Result<Vec<f32>> {
        self.make_room(ops, self.fed + tokens.len())?;
        let mut rows = Vec::new();
        let (size, vocabulary) = (self.batch.layout.tokens(), self.vocabulary());
        let chunks = tokens.len().div_ceil(size);
        for (index, chunk) in tokens.chunks(size).enumerate() {
            let at = self.batch.set(&ops.stream, chunk, self.fed)?;
            self.enqueue_layers(ops, at, chunk.len())?;
            let mut first = match want {
                Want::All => 0,
                Want::Last if index + 1 == chunks => chunk.len() - 1,
                Want::Last => chunk.len(),
            };
            while first < chunk.len() {
                let count = (chunk.len() - first).min(LOGIT_ROWS);
                self.enqueue_logits(ops, first, count)?;
                let logits = &self.buffers.logits;
                self.outputs.append(&ops.stream, logits, count * vocabulary, &mut rows)?;
                first += count;
            }
            ops.stream.synchronize()?;
            self.fed += chunk.len();
        }
        Ok(rows)
    }

    /// Feeds one token; index of the greatest logit.
    pub(super) fn step(&mut self, ops: &Ops, token: u32) -> Result<u32> {
        self.make_room(ops, self.fed + 1)?;
        if let Steps::Graph { warm: true, graph: None } = self.steps {
            match self.record(ops) {
                Ok(graph) => self.steps = Steps::Graph { warm: true, graph: Some(graph) },
                Err(_) => self.steps = Steps::Plain("the driver refused to record one"),
            }
        }
        let mut result = [0; RESULT];
        if let Steps::Graph { graph: Some(graph), .. } = &mut self.steps {
            self.single.layout.write(graph.input()?, &[token], self.fed)?;
            let out = graph.run(&ops.stream)?.get(..RESULT).unwrap_or_default();
            result.copy_from_slice(out);
        } else {
            let at = self.single.set(&ops.stream, &[token], self.fed)?;
            self.enqueue_step(ops, at)?;
            self.buffers.result.read(&ops.stream, 0, &mut result)?;
            if let Steps::Graph { warm, .. } = &mut self.steps {
                *warm = true;
            }
        }
        self.fed += 1;
        let [_, _, _, _, a, b, c, d] = result;
        let index = u32::from_le_bytes([a, b, c, d]);
        // Where no logit is a number, the first is as good as any.
        Ok(if index == u32::MAX { 0 } else { index })
    }

    fn record(&self, ops: &Ops) -> Result<Graph> {
        let bytes = self.single.layout.bytes();
        let input = HostBuffer::new(ops.context(), bytes)?;
        let output = HostBuffer::new(ops.context(), RESULT)?;
        let (to, from) = (&self.single.device, &self.buffers.result);
        let at = self.single.addresses();
        Graph::record(&ops.stream, (input, to, bytes), (output, from, RESULT), || {
            self.enqueue_step(ops, at)
        })
    }
}

/// Shape of the heads, once the numbers of the model are found to fit the kernels.
fn checked(model: &model::Decoder) -> Result<Heads> {
    let wrong = |text: String| Err(EngineError::Failed(text));
    let shape = super::heads(model.heads, model.kv_heads, model.head_width)?;
    let width = shape.width;
    if !width.is_multiple_of(2) || model.rope_frequencies.len() != width / 2 {
        return wrong(format!(
            "{} frequencies do not fit heads of {width} values",
            model.rope_frequencies.len()
        ));
    }
    if model.context == 0 || u32::try_from(model.context).is_err() {
        return wrong(format!("a context of {} positions cannot be run", model.context));
    }
    Ok(shape)
}

impl Buffers {
    fn new(
        ops: &Ops,
        tokens: usize,
        width: usize,
        hidden: usize,
        shape: Heads,
        vocabulary: usize,
        logit_rows: usize,
    ) -> Result<Self> {
        let rows =
            |columns: usize| DeviceBuffer::words(ops.context(), tokens.saturating_mul(columns));
        let (wide, kv) = (shape.query * shape.width, shape.kv * shape.width);
        let words = |count: usize| DeviceBuffer::words(ops.context(), count);
        Ok(Self {
            x: rows(width)?,
            normal: rows(width)?,
            q: rows(wide)?,
            k: rows(kv)?,
            v: rows(kv)?,
            seen: rows(wide)?,
            gate: rows(hidden)?,
            up: rows(hidden)?,
            logits: words(vocabulary.saturating_mul(logit_rows))?,
            parts: words(2 * PARTS)?,
            result: DeviceBuffer::new(ops.context(), RESULT)?,
        })
    }
}

impl Layer {
    fn new(
        layer: &model::DecoderLayer,
        weights: &mut Weights,
        ops: &Ops,
        width: usize,
        hidden: usize,
        shape: Heads,
    ) -> Result<Self> {
        let (wide, kv) = (shape.query * shape.width, shape.kv * shape.width);
        Ok(Self {
            attention_norm: weights.vector(ops, &layer.attention_norm, width)?,
            query: weights.linear(ops, &layer.query, (wide, width))?,
            key: weights.linear(ops, &layer.key, (kv, width))?,
            value: weights.linear(ops, &layer.value, (kv, width))?,
            output: weights.linear(ops, &layer.output, (width, wide))?,
            ffn_norm: weights.vector(ops, &layer.ffn_norm, width)?,
            gate: weights.linear(ops, &layer.gate, (hidden, width))?,
            up: weights.linear(ops, &layer.up, (hidden, width))?,
            down: weights.linear(ops, &layer.down, (width, hidden))?,
        })
    }
}
