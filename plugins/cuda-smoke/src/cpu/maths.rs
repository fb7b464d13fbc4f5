//! Norms, rotation, activation.

use std::sync::OnceLock;

use super::simd::Kernels;
use crate::model::RopePairs;

/// RMS norm of each row: `x / sqrt(mean(x^2) + epsilon) * scale`.
pub(crate) fn rms_norm(kernels: Kernels, x: &[f32], scale: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(scale.len().max(1)) {
        let mut squares = [0.0];
        kernels.products(row, row, row.len(), 1, &mut squares);
        let factor = 1.0 / (squares[0] / row.len() as f32 + epsilon).sqrt();
        out.extend(row.iter().zip(scale).map(|(x, scale)| x * factor * scale));
    }
    out
}

/// Layer norm of each row, in place: `(x - mean) / sqrt(variance + epsilon) * scale + shift`.
pub(crate) fn layer_norm(x: &mut [f32], scale: &[f32], shift: &[f32], epsilon: f32) {
    for row in x.chunks_exact_mut(scale.len().max(1)) {
        let count = row.len() as f64;
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
        let squares = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>();
        let factor = 1.0 / (squares / count + f64::from(epsilon)).sqrt();
        for ((x, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
            *x = ((f64::from(*x) - mean) * factor) as f32 * scale + shift;
        }
    }
}

/// Cosine and sine of each pair's angle at a position.
///
/// The angle is the f32 product of position and frequency, as transformers takes it.
pub(crate) fn angles(frequencies: &[f32], position: usize) -> Vec<(f32, f32)> {
    let turn = |frequency: &f32| {
        let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
        (cos as f32, sin as f32)
    };
    frequencies.iter().map(turn).collect()
}

/// Turns the pairs of each head.
pub(crate) fn rotate(x: &mut [f32], angles: &[(f32, f32)], pairs: RopePairs) {
    let half = angles.len();
    if half == 0 {
        return;
    }
    for head in x.chunks_exact_mut(2 * half) {
        for (i, (cos, sin)) in angles.iter().enumerate() {
            let (first, second) = match pairs {
                RopePairs::Neighbours => (2 * i, 2 * i + 1),
                RopePairs::Halves => (i, i + half),
            };
            let (a, b) = (head[first], head[second]);
            head[first] = a * cos - b * sin;
            head[second] = a * sin + b * cos;
        }
    }
}

/// Adds the bias to each row.
pub(crate) fn add_bias(x: &mut [f32], bias: &[f32]) {
    for row in x.chunks_exact_mut(bias.len().max(1)) {
        row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias);
    }
}

/// Adds, element by element.
pub(crate) fn add(x: &mut [f32], other: &[f32]) {
    x.iter_mut().zip(other).for_each(|(x, other)| *x += other);
}

/// The exact GELU: `x / 2 * (1 + erf(x / sqrt 2))`.
pub(crate) fn gelu(x: &mut [f32]) {
    for x in x {
        let exact = f64::from(*x);
        *x = (exact * 0.5 * (1.0 + erf(exact * std::f64::consts::FRAC_1_SQRT_2))) as f32;
    }
}

/// Steps of the table to one.
const STEPS: f64 = 64.0;
/// Beyond this the error function is one, to the last bit.
const END: f64 = 6.0;
/// The last step, `END * STEPS`.
const LAST: u32 = 384;

/// The error function, within 1e-11: a Taylor series about the nearest point of a table.
pub(crate) fn erf(x: f64) -> f64 {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    let table =
        TABLE.get_or_init(|| (0..=LAST).map(|step| erf_slowly(f64::from(step) / STEPS)).collect());
    let at = x.abs();
    if at.is_nan() || at >= END {
        // The product is a NaN where x is one.
        return if x.is_nan() { x } else { x.signum() };
    }
    let step = (at * STEPS).round();
    let base = step / STEPS;
    let (h, square) = (at - base, base * base);
    let slope = std::f64::consts::FRAC_2_SQRT_PI * (-square).exp();
    // Derivatives of erf are the slope times Hermite polynomials.
    let series = 1.0
        + h * (-base + h * ((2.0 * square - 1.0) / 3.0 + h * base * (3.0 - 2.0 * square) / 6.0));
    // The step is whole and below the length of the table.
    #[allow(clippy::cast_sign_loss)]
    let known = table.get(step as usize).copied().unwrap_or(1.0);
    (known + slope * h * series).copysign(x)
}

/// The error function for 0 to 6 by a series of positive terms:
/// `2/sqrt(pi) exp(-x^2) (x + 2x^3/3 + 4x^5/15 + ...)`.
fn erf_slowly(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term > sum * 1e-17 {
        n += 2.0;
        term *= 2.0 * x * x / n;
        sum += term;
    }
    (std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum).min(1.0)
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::{angles, erf, erf_slowly, gelu, rms_norm, rotate};
    use crate::cpu::simd::Kernels;
    use crate::model::RopePairs;

    #[test]
    fn the_error_function_is_right() {
        // Abramowitz and Stegun, table 7.1.
        for (x, value) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (1.5, 0.966_105_146_5),
            (2.0, 0.995_322_265_0),
            (3.0, 0.999_977_909_5),
        ] {
            assert!((erf(x) - value).abs() < 1e-10, "{x}");
            assert!((erf(-x) + value).abs() < 1e-10, "-{x}");
        }
        for step in 0..7000 {
            let x = f64::from(step) / 1001.3;
            let slow = if x < 6.0 { erf_slowly(x) } else { 1.0 };
            assert!((erf(x) - slow).abs() < 2e-11, "{x}: {} {slow}", erf(x));
        }
        assert!(erf(f64::NAN).is_nan());
        assert_eq!((erf(f64::INFINITY), erf(f64::NEG_INFINITY)), (1.0, -1.0));
        let mut x = [f32::NAN, 1.0, f32::INFINITY];
        gelu(&mut x);
        assert!(x[0].is_nan() && (x[1] - 0.841_344_8).abs() < 1e-7 && x[2].is_infinite());
    }

    #[test]
    fn rotation_keeps_lengths_and_pairs() {
        let turns = angles(&[1.0, 0.5], 3);
        assert!((turns[0].0 - 3.0_f32.cos()).abs() < 1e-7);
        let mut x = [1.0, 0.0, 0.0, 1.0];
        rotate(&mut x, &turns, RopePairs::Neighbours);
        assert_eq!(x, [turns[0].0, turns[0].1, -turns[1].1, turns[1].0]);
        let mut x = [1.0, 0.0, 0.0, 1.0];
        rotate(&mut x, &turns, RopePairs::Halves);
        assert_eq!(x, [turns[0].0, -turns[1].1, turns[0].1, turns[1].0]);
    }

    #[test]
    fn a_norm_of_zeros_is_zero() {
        let out = rms_norm(Kernels::best(), &[0.0; 8], &[1.0; 4], 1e-5);
        assert_eq!(out, [0.0; 8]);
        let out = rms_norm(Kernels::best(), &[3.0, 4.0], &[1.0, 2.0], 0.0);
        assert!((out[0] - 3.0 / 12.5_f32.sqrt()).abs() < 1e-6);
    }
}
