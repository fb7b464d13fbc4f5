#![allow(clippy::float_cmp)]

use super::{Kernels, available, exp};
use crate::quant::WeightType;

fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).unwrap()) / 32768.0 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn levels() -> impl Iterator<Item = Kernels> {
    available().iter().map(|level| Kernels::of(*level).unwrap())
}

#[test]
fn products_are_right_in_every_shape() {
    for columns in [1, 7, 15, 16, 17, 33, 64, 100, 576] {
        for (rows, inputs) in [(1, 1), (3, 2), (4, 4), (5, 1), (9, 7), (2, 3)] {
            let (w, x) = (noise(1, rows * columns), noise(2, inputs * columns));
            for kernels in levels() {
                let mut out = vec![f32::NAN; rows * inputs];
                kernels.products(&w, &x, columns, rows, &mut out);
                for t in 0..inputs {
                    for r in 0..rows {
                        let pairs = w[r * columns..].iter().zip(&x[t * columns..]);
                        let exact: f64 =
                            pairs.take(columns).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                        let off = (f64::from(out[t * rows + r]) - exact).abs();
                        assert!(off < 1e-5, "{kernels:?} {columns} {rows}x{inputs}: {off}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_grouping_changes_no_bit() {
    let (columns, rows, inputs) = (83, 9, 7);
    let (w, x) = (noise(3, rows * columns), noise(4, inputs * columns));
    let mut fused: Option<Vec<f32>> = None;
    for kernels in levels() {
        let mut whole = vec![0.0; rows * inputs];
        kernels.products(&w, &x, columns, rows, &mut whole);
        for t in 0..inputs {
            for r in 0..rows {
                let mut one = [0.0];
                let (w, x) = (&w[r * columns..][..columns], &x[t * columns..][..columns]);
                kernels.products(w, x, columns, 1, &mut one);
                assert_eq!(one[0].to_bits(), whole[t * rows + r].to_bits(), "{kernels:?}");
            }
        }
        if kernels.level() != super::Level::Portable || super::FUSED {
            let first = fused.get_or_insert_with(|| whole.clone());
            assert_eq!(*first, whole, "the width of registers changes no bit: {kernels:?}");
        }
    }
}

#[test]
fn nothing_is_read_or_written_beyond_the_ends() {
    for kernels in levels() {
        let mut out = [7.0; 3];
        kernels.products(&[1.0; 10], &[1.0; 4], 4, 2, &mut out);
        assert_eq!(out, [4.0, 4.0, 7.0], "two whole rows, one input");
        kernels.products(&[1.0; 8], &[1.0; 8], 4, 2, &mut out[..1]);
        kernels.products(&[], &[1.0; 8], 4, 2, &mut out);
        kernels.products(&[1.0], &[1.0], 0, 2, &mut out);
        assert_eq!(out, [4.0, 4.0, 7.0]);
        kernels.add_multiple(&mut out, 2.0, &[1.0]);
        assert_eq!(out, [6.0, 4.0, 7.0]);
    }
}

#[test]
fn every_level_dequantises_alike() {
    for kind in WeightType::ALL {
        let bytes: Vec<u8> =
            noise(5, kind.row_bytes(512)).iter().map(|v| v.to_bits() as u8).collect();
        let mut first = vec![0.0; 512];
        kind.dequantise(&bytes, &mut first);
        for kernels in levels() {
            let mut out = vec![0.0; 512];
            kernels.dequantise(kind, &bytes, &mut out);
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&out), bits(&first), "{kind:?} {kernels:?}");
        }
    }
}

#[test]
fn the_exponential_is_within_two_units() {
    let mut worst = 0.0_f64;
    for step in -86_000..88_000 {
        let x = step as f32 / 1000.0;
        let exact = f64::from(x).exp();
        worst = worst.max(((f64::from(exp(x)) - exact) / exact).abs());
    }
    assert!(worst < 2.4e-7, "{worst}");
    assert!(exp(f32::NAN).is_nan());
    assert!(exp(f32::NEG_INFINITY) < 2e-38);
    let values = noise(6, 100);
    for kernels in levels() {
        let mut out = values.clone();
        kernels.exponentials(&mut out, 0.5);
        assert!(out.iter().zip(&values).all(|(a, b)| a.to_bits() == exp(b - 0.5).to_bits()));
        let mut gate = values.clone();
        kernels.silu_times(&mut gate, &values);
        for (silu, x) in gate.iter().zip(&values) {
            let exact = f64::from(*x).powi(2) / (1.0 + (-f64::from(*x)).exp());
            assert!((f64::from(*silu) - exact).abs() < 2e-7);
        }
    }
}
