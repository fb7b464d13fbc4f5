//! The innermost loops, for the instruction sets there are.
//!
//! Every version sums a product in the same sixteen lanes and adds these in the same
//! order, so that the result of a row depends on nothing but the row and what it is
//! multiplied with: not on how many threads there are, which rows are taken together, or
//! on the width of registers. Only processors without fused multiply-add round more often.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use crate::quant::WeightType;

/// Lanes of a sum.
const LANES: usize = 16;

/// Which instructions are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What every processor of this architecture has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512F, beside AVX2 and FMA.
    Avx512,
}

/// The levels that this processor has, worst first.
pub fn available() -> &'static [Level] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return if is_x86_feature_detected!("avx512f") {
            &[Level::Portable, Level::Avx2, Level::Avx512]
        } else {
            &[Level::Portable, Level::Avx2]
        };
    }
    &[Level::Portable]
}

/// Calls the version of a loop for a level.
macro_rules! at_level {
    ($level:expr, $portable:expr, $avx2:expr, $avx512:expr) => {
        match $level {
            Level::Portable => $portable,
            // SAFETY: a `Kernels` holds only levels that the processor was asked about.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { $avx2 },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { $avx512 },
            #[cfg(not(target_arch = "x86_64"))]
            _ => $portable,
        }
    };
}

/// The loops at a level that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels(Level);

impl Kernels {
    /// The best that there are.
    pub fn best() -> Self {
        Self(*available().last().unwrap_or(&Level::Portable))
    }

    /// Those of a level; none if the processor lacks it.
    pub fn of(level: Level) -> Option<Self> {
        available().contains(&level).then_some(Self(level))
    }

    /// Their level.
    pub fn level(self) -> Level {
        self.0
    }

    /// Values of rows of weights; see [`WeightType::dequantise`].
    pub fn dequantise(self, kind: WeightType, row: &[u8], out: &mut [f32]) {
        at_level!(
            self.0,
            kind.dequantise(row, out),
            dequantise_avx2(kind, row, out),
            dequantise_avx512(kind, row, out)
        );
    }

    /// Products of rows with inputs: `out[t * stride + r] = sum of w[r][c] * x[t][c]`.
    ///
    /// `w` and `x` hold whole rows of `columns` values. Results beyond `out` are dropped.
    pub fn products(self, w: &[f32], x: &[f32], columns: usize, stride: usize, out: &mut [f32]) {
        if columns == 0 {
            return;
        }
        let call = Products { w, x, columns, stride };
        at_level!(self.0, portable(&call, out), avx2(&call, out), avx512(&call, out));
    }

    /// Adds a multiple: `out[i] += factor * x[i]`.
    pub fn add_multiple(self, out: &mut [f32], factor: f32, x: &[f32]) {
        at_level!(
            self.0,
            add_multiple::<FUSED>(out, factor, x),
            add_multiple_avx2(out, factor, x),
            add_multiple_avx2(out, factor, x)
        );
    }

    /// `values[i] = exp(values[i] - shift)`.
    pub fn exponentials(self, values: &mut [f32], shift: f32) {
        at_level!(
            self.0,
            exponentials(values, shift),
            exponentials_avx2(values, shift),
            exponentials_avx2(values, shift)
        );
    }

    /// `gate[i] = silu(gate[i]) * up[i]`.
    pub fn silu_times(self, gate: &mut [f32], up: &[f32]) {
        at_level!(
            self.0,
            silu_times(gate, up),
            silu_times_avx2(gate, up),
            silu_times_avx2(gate, up)
        );
    }
}

/// Whether multiply-add is one instruction without asking.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

struct Products<'a> {
    w: &'a [f32],
    x: &'a [f32],
    columns: usize,
    stride: usize,
}

impl<'a> Products<'a> {
    fn rows(&self) -> usize {
        self.w.len() / self.columns
    }

    fn inputs(&self) -> usize {
        self.x.len() / self.columns
    }

    fn w(&self, row: usize) -> &'a [f32] {
        &self.w[row * self.columns..]
    }

    fn x(&self, input: usize) -> &'a [f32] {
        &self.x[input * self.columns..]
    }

    fn put<const R: usize, const T: usize>(
        &self,
        out: &mut [f32],
        row: usize,
        input: usize,
        tile: [[f32; T]; R],
    ) {
        for (r, sums) in tile.into_iter().enumerate() {
            for (t, sum) in sums.into_iter().enumerate() {
                if let Some(place) = out.get_mut((input + t) * self.stride + row + r) {
                    *place = sum;
                }
            }
        }
    }
}

/// Walks over all rows and inputs in tiles of R x T, then R x 1, then 1 x 1.
macro_rules! walk {
    ($call:expr, $out:expr, $tile:ident, $r:literal, $t:literal) => {{
        let (rows, inputs) = ($call.rows(), $call.inputs());
        let whole_tiles = inputs / $t * $t;
        let mut row = 0;
        while row + $r <= rows {
            let mut input = 0;
            while input < whole_tiles {
                let sums = $tile::<$r, $t>($call.w(row), $call.x(input), $call.columns);
                $call.put($out, row, input, sums);
                input += $t;
            }
            while input < inputs {
                let sums = $tile::<$r, 1>($call.w(row), $call.x(input), $call.columns);
                $call.put($out, row, input, sums);
                input += 1;
            }
            row += $r;
        }
        while row < rows {
            for input in 0..inputs {
                let sums = $tile::<1, 1>($call.w(row), $call.x(input), $call.columns);
                $call.put($out, row, input, sums);
            }
            row += 1;
        }
    }};
}

fn portable(call: &Products<'_>, out: &mut [f32]) {
    walk!(call, out, tile_portable, 2, 2);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(call: &Products<'_>, out: &mut [f32]) {
    if call.inputs() == 1 {
        walk!(call, out, tile_avx2, 4, 1);
    } else {
        walk!(call, out, tile_avx2, 2, 2);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f")]
fn avx512(call: &Products<'_>, out: &mut [f32]) {
    walk!(call, out, tile_avx512, 4, 4);
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// The lanes' sum, as a tree: i and i + 8, then i and i + 4, and so on.
#[allow(clippy::inline_always)]
#[inline(always)]
fn add_lanes(mut lanes: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
    }
    lanes[0]
}

/// Adds what is left behind the last whole sixteen columns.
#[allow(clippy::inline_always)]
#[inline(always)]
fn add_rest<const FUSED: bool>(lanes: &mut [f32; LANES], w: &[f32], x: &[f32]) {
    for ((lane, w), x) in lanes.iter_mut().zip(w).zip(x) {
        *lane = multiply_add::<FUSED>(*w, *x, *lane);
    }
}

fn tile_portable<const R: usize, const T: usize>(
    w: &[f32],
    x: &[f32],
    columns: usize,
) -> [[f32; T]; R] {
    let whole = columns / LANES * LANES;
    std::array::from_fn(|r| {
        std::array::from_fn(|t| {
            let (w, x) = (&w[r * columns..(r + 1) * columns], &x[t * columns..(t + 1) * columns]);
            let mut lanes = [0.0; LANES];
            for (w, x) in w.as_chunks::<LANES>().0.iter().zip(x.as_chunks::<LANES>().0) {
                add_rest::<FUSED>(&mut lanes, w, x);
            }
            add_rest::<FUSED>(&mut lanes, &w[whole..], &x[whole..]);
            add_lanes(lanes)
        })
    })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[inline]
fn tile_avx2<const R: usize, const T: usize>(
    w: &[f32],
    x: &[f32],
    columns: usize,
) -> [[f32; T]; R] {
    let (w, x) = (&w[..R * columns], &x[..T * columns]);
    let whole = columns / LANES * LANES;
    let mut sums: [[[__m256; 2]; T]; R] = [[[_mm256_setzero_ps(); 2]; T]; R];
    for at in (0..whole).step_by(LANES) {
        // SAFETY: `at + 16 <= columns`, and the slices hold R and T times `columns`.
        let xs: [[__m256; 2]; T] = std::array::from_fn(|t| unsafe {
            let from = x.as_ptr().add(t * columns + at);
            [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))]
        });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let ws = unsafe {
                let from = w.as_ptr().add(r * columns + at);
                [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))]
            };
            for (sum, x) in sums.iter_mut().zip(&xs) {
                sum[0] = _mm256_fmadd_ps(ws[0], x[0], sum[0]);
                sum[1] = _mm256_fmadd_ps(ws[1], x[1], sum[1]);
            }
        }
    }
    let mut out = [[0.0; T]; R];
    for (r, (sums, out)) in sums.iter().zip(&mut out).enumerate() {
        for (t, (sum, out)) in sums.iter().zip(out).enumerate() {
            let mut lanes = [0.0; LANES];
            // SAFETY: there are sixteen lanes.
            unsafe {
                _mm256_storeu_ps(lanes.as_mut_ptr(), sum[0]);
                _mm256_storeu_ps(lanes.as_mut_ptr().add(8), sum[1]);
            }
            let w = &w[r * columns + whole..(r + 1) * columns];
            let x = &x[t * columns + whole..(t + 1) * columns];
            add_rest::<true>(&mut lanes, w, x);
            *out = add_lanes(lanes);
        }
    }
    out
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f")]
#[inline]
fn tile_avx512<const R: usize, const T: usize>(
    w: &[f32],
    x: &[f32],
    columns: usize,
) -> [[f32; T]; R] {
    let (w, x) = (&w[..R * columns], &x[..T * columns]);
    let whole = columns / LANES * LANES;
    let mut sums: [[__m512; T]; R] = [[_mm512_setzero_ps(); T]; R];
    for at in (0..whole).step_by(LANES) {
        // SAFETY: `at + 16 <= columns`, and the slices hold R and T times `columns`.
        let xs: [__m512; T] =
            std::array::from_fn(|t| unsafe { _mm512_loadu_ps(x.as_ptr().add(t * columns + at)) });
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let ws = unsafe { _mm512_loadu_ps(w.as_ptr().add(r * columns + at)) };
            for (sum, x) in sums.iter_mut().zip(&xs) {
                *sum = _mm512_fmadd_ps(ws, *x, *sum);
            }
        }
    }
    let mut out = [[0.0; T]; R];
    for (r, (sums, out)) in sums.iter().zip(&mut out).enumerate() {
        for (t, (sum, out)) in sums.iter().zip(out).enumerate() {
            let mut lanes = [0.0; LANES];
            // SAFETY: there are sixteen lanes.
            unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), *sum) };
            let w = &w[r * columns + whole..(r + 1) * columns];
            let x = &x[t * columns + whole..(t + 1) * columns];
            add_rest::<true>(&mut lanes, w, x);
            *out = add_lanes(lanes);
        }
    }
    out
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dequantise_avx2(kind: WeightType, row: &[u8], out: &mut [f32]) {
    kind.dequantise(row, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f")]
fn dequantise_avx512(kind: WeightType, row: &[u8], out: &mut [f32]) {
    kind.dequantise(row, out);
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn add_multiple<const FUSED: bool>(out: &mut [f32], factor: f32, x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = multiply_add::<FUSED>(factor, *x, *out);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_multiple_avx2(out: &mut [f32], factor: f32, x: &[f32]) {
    add_multiple::<true>(out, factor, x);
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn exponentials(values: &mut [f32], shift: f32) {
    for value in values {
        *value = exp(*value - shift);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn exponentials_avx2(values: &mut [f32], shift: f32) {
    exponentials(values, shift);
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn silu_times(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + exp(-*gate)) * up;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn silu_times_avx2(gate: &mut [f32], up: &[f32]) {
    silu_times(gate, up);
}

/// e to the power of x, within two units in the last place; the same everywhere.
///
/// `x = n ln 2 + r` with a whole n, and the series of `exp(r)` to the seventh power, whose
/// rest is below 6e-9. What is above 88 gives no infinity but 2e38; no sum here needs more.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding this rounds to a whole number: 1.5 * 2^23.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts; n times the first is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut series = 1.0 / 5040.0;
    for term in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * r + term;
    }
    series * f32::from_bits(((n as i32 + 127) << 23).cast_unsigned())
}

#[cfg(test)]
mod tests;
