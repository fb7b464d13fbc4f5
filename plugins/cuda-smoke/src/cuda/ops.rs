//! What is done on the device, one kernel each.

use super::driver::{Argument, Context, DeviceBuffer, Event, Stream};
use super::kernels::Kernels;
use super::weights::{Linear, Matrix};
use crate::engine::{EngineError, Result};
use Argument::{Address, Float, Long, Number};

/// Threads of a block, where the kernel does not say otherwise.
const THREADS: u32 = 256;
/// Rows of a block of `gemv`: four warps of two.
const GEMV_ROWS: usize = 8;
/// Rows, and tokens, of a block of `gemm`.
const GEMM_TILE: usize = 64;
/// Parts that the greatest value is looked for in.
pub(super) const PARTS: usize = 64;
/// Most blocks in the second direction.
pub(super) const MOST_DOWN: usize = 65_535;

/// A stream and the kernels.
#[derive(Debug)]
pub(super) struct Ops {
    pub(super) stream: Stream,
    pub(super) kernels: Kernels,
}

/// Heads of attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    /// Of queries.
    pub(super) query: usize,
    /// Of keys, and of values; divides those of queries.
    pub(super) kv: usize,
    /// Values of each.
    pub(super) width: usize,
}

/// A whole number as kernels take it.
fn number(value: usize) -> Result<Argument> {
    let value = u32::try_from(value);
    value.map(Number).map_err(|_| EngineError::Failed("a number is too great".to_owned()))
}

impl Ops {
    pub(super) fn context(&self) -> &Context {
        self.stream.context()
    }

    fn launch(&self, name: &str, blocks: [usize; 2], arguments: &[Argument]) -> Result<()> {
        self.kernels.launch(&self.stream, name, blocks, THREADS, arguments)
    }

    /// Rows of a matrix, by the ids of so many tokens; added to what is there, or not.
    pub(super) fn embed(
        &self,
        matrix: &Matrix,
        ids: u64,
        to: u64,
        tokens: usize,
        add: bool,
    ) -> Result<()> {
        let threads = 64;
        let blocks = matrix.columns.div_ceil(8).div_ceil(threads as usize);
        let arguments = [
            Address(matrix.address),
            Address(ids),
            Address(to),
            number(matrix.columns)?,
            Number(u32::from(add)),
        ];
        let kernel = ("embed", matrix.kind);
        self.kernels.launch_of(&self.stream, kernel, [blocks, tokens], threads, &arguments)
    }

    /// Product with each of so many rows, plus the bias, plus a residual.
    pub(super) fn linear(
        &self,
        linear: &Linear,
        from: u64,
        residual: Option<u64>,
        to: u64,
        tokens: usize,
    ) -> Result<()> {
        let Matrix { address, kind, rows, columns } = linear.matrix;
        let mut arguments = vec![
            Address(address),
            Address(from),
            Address(linear.bias.unwrap_or(0)),
            Address(residual.unwrap_or(0)),
            Address(to),
            number(rows)?,
            number(columns)?,
        ];
        let stream = &self.stream;
        if tokens == 1 {
            let blocks = [rows.div_ceil(GEMV_ROWS), 1];
            return self.kernels.launch_of(stream, ("gemv", kind), blocks, 128, &arguments);
        }
        arguments.push(number(tokens)?);
        let blocks = [rows.div_ceil(GEMM_TILE), tokens.div_ceil(GEMM_TILE)];
        self.kernels.launch_of(stream, ("gemm", kind), blocks, THREADS, &arguments)
    }

    /// RMS norm of so many rows.
    pub(super) fn rms_norm(
        &self,
        from: u64,
        scale: u64,
        to: u64,
        (rows, width): (usize, usize),
        epsilon: f32,
    ) -> Result<()> {
        let arguments =
            [Address(from), Address(scale), Address(to), number(width)?, Float(epsilon)];
        self.launch("rms_norm", [rows, 1], &arguments)
    }

    /// Layer norm of so many rows.
    pub(super) fn layer_norm(
        &self,
        from: u64,
        (scale, shift): (u64, u64),
        to: u64,
        (rows, width): (usize, usize),
        epsilon: f32,
    ) -> Result<()> {
        let arguments = [
            Address(from),
            Address(scale),
            Address(shift),
            Address(to),
            number(width)?,
            Float(epsilon),
        ];
        self.launch("layer_norm", [rows, 1], &arguments)
    }

    /// Turns queries and keys of so many tokens, and stores keys and values.
    pub(super) fn rope_store(
        &self,
        [q, k, v]: [u64; 3],
        (keys, values): (u64, u64),
        (table, state): (u64, u64),
        shape: Heads,
        neighbours: bool,
        tokens: usize,
    ) -> Result<()> {
        let arguments = [
            Address(q),
            Address(k),
            Address(v),
            Address(keys),
            Address(values),
            Address(table),
            Address(state),
            number(shape.query)?,
            number(shape.kv)?,
            number(shape.width)?,
            Number(u32::from(neighbours)),
        ];
        self.launch("rope_store", [tokens, 1], &arguments)
    }

    /// Attention of so many tokens to keys and values. With a state, a token sees what is
    /// before it; without, every one of these tokens.
    pub(super) fn attention(
        &self,
        q: u64,
        (keys, values): (u64, u64),
        to: u64,
        state: Option<u64>,
        shape: Heads,
        tokens: usize,
    ) -> Result<()> {
        let arguments = [
            Address(q),
            Address(keys),
            Address(values),
            Address(to),
            Address(state.unwrap_or(0)),
            number(shape.query)?,
            number(shape.kv)?,
            number(shape.width)?,
            Number(u32::from(state.is_some())),
            number(tokens)?,
            Float(1.0 / (shape.width as f32).sqrt()),
        ];
        self.launch("attention", [shape.query, tokens], &arguments)
    }

    fn each(&self, name: &str, count: usize, addresses: &[u64]) -> Result<()> {
        let mut arguments: Vec<Argument> = addresses.iter().copied().map(Address).collect();
        arguments.push(Long(count as u64));
        self.launch(name, [count.div_ceil(THREADS as usize), 1], &arguments)
    }

    /// `gate = silu(gate) * up`.
    pub(super) fn silu_mul(&self, gate: u64, up: u64, count: usize) -> Result<()> {
        self.each("silu_mul", count, &[gate, up])
    }

    /// GELU, in place.
    pub(super) fn gelu(&self, x: u64, count: usize) -> Result<()> {
        self.each("gelu", count, &[x])
    }

    /// Adds a row to each of so many.
    pub(super) fn add_bias(&self, x: u64, bias: u64, (rows, width): (usize, usize)) -> Result<()> {
        let count = rows.saturating_mul(width);
        let arguments = [Address(x), Address(bias), number(width)?, Long(count as u64)];
        self.launch("add_bias", [count.div_ceil(THREADS as usize), 1], &arguments)
    }

    /// The greatest value: `to` gets it, then its index. `parts` has room for twice
    /// [`PARTS`] words.
    pub(super) fn argmax(&self, x: u64, count: usize, parts: u64, to: u64) -> Result<()> {
        let indices = parts + 4 * PARTS as u64;
        let first = [Address(x), Address(parts), Address(indices), number(count)?];
        self.launch("argmax_parts", [PARTS, 1], &first)?;
        let second =
            [Address(parts), Address(indices), number(PARTS)?, Address(to), Address(to + 4)];
        self.launch("argmax_whole", [1, 1], &second)
    }

    /// Bytes per second that a copy within the device reads and writes, the best of
    /// several, of so many bytes.
    pub(super) fn copy_speed(&self, bytes: usize, blocks: usize) -> Result<f64> {
        const TIMES: usize = 6;
        let context = self.context();
        let bytes = (bytes / 16 * 16).max(16);
        let (from, to) = (DeviceBuffer::new(context, bytes)?, DeviceBuffer::new(context, bytes)?);
        let (before, after) = (Event::new(context)?, Event::new(context)?);
        let count = (bytes / 16) as u64;
        let arguments = [Address(from.address()), Address(to.address()), Long(count)];
        let mut best = f64::INFINITY;
        for _ in 0..TIMES {
            before.record(&self.stream)?;
            self.launch("copy_probe", [blocks, 1], &arguments)?;
            after.record(&self.stream)?;
            self.stream.synchronize()?;
            best = best.min(after.seconds_since(&before)?);
        }
        Ok(2.0 * bytes as f64 / best.max(1e-9))
    }
}
