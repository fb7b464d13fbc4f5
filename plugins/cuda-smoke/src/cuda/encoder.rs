//! Encoders of the BERT family.

use super::driver::DeviceBuffer;
use super::inputs::{Inputs, Layout, Outputs};
use super::ops::{Heads, MOST_DOWN, Ops};
use super::weights::{Linear, Matrix, Weights};
use crate::engine::{EngineError, Result, Want};
use crate::model;

/// Tokens that there is room for at first.
const FIRST_ROOM: usize = 128;

/// Scale and shift of a layer norm.
type Norm = (u64, u64);

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

/// What layers hand on, for as many tokens as there is room for.
#[derive(Debug)]
struct Buffers {
    inputs: Inputs,
    x: DeviceBuffer,
    q: DeviceBuffer,
    k: DeviceBuffer,
    v: DeviceBuffer,
    seen: DeviceBuffer,
    hidden: DeviceBuffer,
    outputs: Outputs,
}

/// An encoder with its weights.
#[derive(Debug)]
pub(super) struct Encoder {
    shape: Heads,
    width: usize,
    hidden: usize,
    context: usize,
    epsilon: f32,
    words: Matrix,
    positions: Matrix,
    kind: u64,
    norm: Norm,
    layers: Vec<Layer>,
    room: usize,
    buffers: Buffers,
}

impl Encoder {
    pub(super) fn new(model: &model::Encoder, weights: &mut Weights, ops: &Ops) -> Result<Self> {
        let width = model.width;
        let head_width = width.checked_div(model.heads).unwrap_or(0);
        let shape = super::heads(model.heads, model.heads, head_width)?;
        let positions = weights.shaped(ops, &model.positions, width)?;
        if head_width * model.heads != width || model.context == 0 {
            return Err(EngineError::Failed(format!(
                "{} heads and {} positions do not fit a width of {width}",
                model.heads, model.context
            )));
        }
        let hidden = model.layers.first().map_or(1, |layer| layer.up.weight.rows);
        let norm = |weights: &mut Weights, norm: &model::LayerNorm| -> Result<Norm> {
            let scale = weights.vector(ops, &norm.scale, width)?;
            Ok((scale, weights.vector(ops, &norm.shift, width)?))
        };
        let square = (width, width);
        let layers = model.layers.iter().map(|layer| {
            Ok(Layer {
                query: weights.linear(ops, &layer.query, square)?,
                key: weights.linear(ops, &layer.key, square)?,
                value: weights.linear(ops, &layer.value, square)?,
                output: weights.linear(ops, &layer.output, square)?,
                attention_norm: norm(weights, &layer.attention_norm)?,
                up: weights.linear(ops, &layer.up, (hidden, width))?,
                down: weights.linear(ops, &layer.down, (width, hidden))?,
                norm: norm(weights, &layer.norm)?,
            })
        });
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let context = model.context.min(positions.rows).min(MOST_DOWN);
        let room = FIRST_ROOM.min(context);
        Ok(Self {
            shape,
            width,
            hidden,
            context,
            epsilon: model.epsilon,
            words: weights.shaped(ops, &model.words, width)?,
            positions,
            kind: weights.vector(ops, &model.types, width)?,
            norm: norm(weights, &model.norm)?,
            layers,
            room,
            buffers: Buffers::new(ops, room, width, hidden)?,
        })
    }

    /// Values of a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Size of the vocabulary.
    pub(super) fn vocabulary(&self) -> usize {
        self.words.rows
    }

    /// Most tokens that can be looked at together.
    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// Looks at tokens, which the caller found to be in the vocabulary and the context.
    pub(super) fn forward(&mut self, ops: &Ops, tokens: &[u32], want: Want) -> Result<Vec<f32>> {
        let count = tokens.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        if count > self.room {
            let room = count.next_power_of_two().min(self.context);
            self.buffers = Buffers::new(ops, room, self.width, self.hidden)?;
            self.room = room;
        }
        let at = self.buffers.inputs.set(&ops.stream, tokens, 0)?;
        let (x, other) = (self.buffers.x.address(), self.buffers.q.address());
        let rows = (count, self.width);
        ops.embed(&self.words, at.tokens, other, count, false)?;
        ops.embed(&self.positions, at.positions, other, count, true)?;
        ops.add_bias(other, self.kind, rows)?;
        ops.layer_norm(other, self.norm, x, rows, self.epsilon)?;
        for layer in &self.layers {
            self.enqueue_layer(ops, layer, count)?;
        }
        let mut out = Vec::new();
        let Buffers { x, outputs, .. } = &mut self.buffers;
        outputs.append(&ops.stream, x, count * self.width, &mut out)?;
        if want == Want::Last {
            out.drain(..out.len() - self.width);
        }
        Ok(out)
    }

    fn enqueue_layer(&self, ops: &Ops, layer: &Layer, count: usize) -> Result<()> {
        let Buffers { x, q, k, v, seen, hidden, .. } = &self.buffers;
        let [x, q, k, v, seen, hidden] = [x, q, k, v, seen, hidden].map(DeviceBuffer::address);
        let rows = (count, self.width);
        ops.linear(&layer.query, x, None, q, count)?;
        ops.linear(&layer.key, x, None, k, count)?;
        ops.linear(&layer.value, x, None, v, count)?;
        ops.attention(q, (k, v), seen, None, self.shape, count)?;
        ops.linear(&layer.output, seen, Some(x), q, count)?;
        ops.layer_norm(q, layer.attention_norm, x, rows, self.epsilon)?;
        ops.linear(&layer.up, x, None, hidden, count)?;
        ops.gelu(hidden, count * self.hidden)?;
        ops.linear(&layer.down, hidden, Some(x), q, count)?;
        ops.layer_norm(q, layer.norm, x, rows, self.epsilon)
    }
}

impl Buffers {
    fn new(ops: &Ops, tokens: usize, width: usize, hidden: usize) -> Result<Self> {
        let rows =
            |columns: usize| DeviceBuffer::words(ops.context(), tokens.saturating_mul(columns));
        let x = rows(width)?;
        Ok(Self {
            inputs: Inputs::new(&ops.stream, Layout::new(tokens, &[]))?,
            outputs: Outputs::new(&ops.stream, x.bytes())?,
            x,
            q: rows(width)?,
            k: rows(width)?,
            v: rows(width)?,
            seen: rows(width)?,
            hidden: rows(hidden)?,
        })
    }
}
