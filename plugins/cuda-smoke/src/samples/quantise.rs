//! From values to stored rows: simple, for tests.
//!
//! The scales are those of ggml's `quantize_row_*_ref` where that is simple; the search
//! for better ones that ggml does for its K types is left out.
// Numbers are held in their ranges before they become bytes.
#![allow(clippy::cast_sign_loss)]

use crate::quant::{WeightType, from_f16};

/// A single as a half, rounded to nearest even.
pub fn to_f16(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    let half = if magnitude > 0x7f80_0000 {
        0x7e00
    } else if magnitude >= 0x4780_0000 {
        0x7c00
    } else if magnitude >= 0x3880_0000 {
        // Carries into the exponent where it has to, up to infinity.
        let moved = magnitude - (112 << 23);
        (moved + 0x0fff + (moved >> 13 & 1)) >> 13
    } else {
        // Subnormal: whole multiples of 2^-24, which adding rounds to.
        (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5_f32.to_bits()
    };
    half as u16 | sign
}

/// A single as a bfloat16, rounded to nearest even.
pub fn to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((u64::from(bits) + 0x7fff + u64::from(bits >> 16 & 1)) >> 16) as u16
}

/// A row as it is stored: whole blocks only, what is left over is dropped.
pub fn quantise(kind: WeightType, row: &[f32]) -> Vec<u8> {
    let (values, _) = kind.block();
    row.chunks_exact(values).flat_map(|block| one(kind, block)).collect()
}

fn one(kind: WeightType, block: &[f32]) -> Vec<u8> {
    match kind {
        WeightType::F32 => block[0].to_le_bytes().to_vec(),
        WeightType::F16 => to_f16(block[0]).to_le_bytes().to_vec(),
        WeightType::Bf16 => to_bf16(block[0]).to_le_bytes().to_vec(),
        WeightType::Q8_0 => q8_0(block),
        WeightType::Q4_0 => q4_0(block),
        WeightType::Q4_1 => q4_1(block),
        WeightType::Q4K => q4_k(block),
        WeightType::Q6K => q6_k(block),
    }
}

/// A scale as it will be read back, and its bytes.
fn stored(scale: f32) -> (f32, [u8; 2]) {
    let bits = to_f16(scale);
    (from_f16(bits), bits.to_le_bytes())
}

/// The nearest whole number of scales, held in a range.
fn steps(value: f32, scale: f32, least: i32, most: i32) -> i32 {
    let steps = if scale == 0.0 { 0.0 } else { value / scale };
    (steps.round() as i32).clamp(least, most)
}

fn greatest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |greatest: f32, value| greatest.max(value.abs()))
}

fn bounds(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), value| {
        (least.min(*value), most.max(*value))
    })
}

/// Numbers of four bits, the second half of them in the upper bits.
fn nibbles(numbers: &[i32]) -> Vec<u8> {
    let (low, high) = numbers.split_at(numbers.len() / 2);
    low.iter().zip(high).map(|(low, high)| (low | high << 4) as u8).collect()
}

fn q8_0(block: &[f32]) -> Vec<u8> {
    let (scale, bytes) = stored(greatest(block) / 127.0);
    let numbers = block.iter().map(|value| steps(*value, scale, -127, 127) as u8);
    bytes.into_iter().chain(numbers).collect()
}

fn q4_0(block: &[f32]) -> Vec<u8> {
    let extreme =
        block.iter().fold(
            0.0,
            |extreme: f32, value| {
                if value.abs() > extreme.abs() { *value } else { extreme }
            },
        );
    let (scale, bytes) = stored(extreme / -8.0);
    let numbers: Vec<i32> = block.iter().map(|value| steps(*value, scale, -8, 7) + 8).collect();
    [bytes.to_vec(), nibbles(&numbers)].concat()
}

fn q4_1(block: &[f32]) -> Vec<u8> {
    let (least, most) = bounds(block);
    let (scale, bytes) = stored((most - least) / 15.0);
    let (least, least_bytes) = stored(least);
    let numbers: Vec<i32> = block.iter().map(|value| steps(value - least, scale, 0, 15)).collect();
    [bytes.to_vec(), least_bytes.to_vec(), nibbles(&numbers)].concat()
}

/// Eight scales and minima of six bits, in the order that `scale_min_k4` reads.
fn pack_k4(scales: &[i32], minima: &[i32]) -> Vec<u8> {
    let mut packed = vec![0_u8; 12];
    for i in 0..4 {
        packed[i] = (scales[i] | scales[i + 4] >> 4 << 6) as u8;
        packed[i + 4] = (minima[i] | minima[i + 4] >> 4 << 6) as u8;
        packed[i + 8] = (scales[i + 4] & 15 | (minima[i + 4] & 15) << 4) as u8;
    }
    packed
}

fn q4_k(block: &[f32]) -> Vec<u8> {
    let wanted: Vec<(f32, f32)> = block
        .chunks_exact(32)
        .map(|part| {
            let (least, most) = bounds(part);
            let least = least.min(0.0);
            ((most - least).max(0.0) / 15.0, -least)
        })
        .collect();
    let most = |pick: fn(&(f32, f32)) -> f32| wanted.iter().map(pick).fold(0.0, f32::max);
    let (scale, scale_bytes) = stored(most(|part| part.0) / 63.0);
    let (least, least_bytes) = stored(most(|part| part.1) / 63.0);
    let scales: Vec<i32> = wanted.iter().map(|part| steps(part.0, scale, 0, 63)).collect();
    let minima: Vec<i32> = wanted.iter().map(|part| steps(part.1, least, 0, 63)).collect();
    let mut numbers = Vec::new();
    for (i, pair) in block.chunks_exact(64).enumerate() {
        let pair: Vec<i32> = pair
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let part = 2 * i + at / 32;
                let (scale, least) = (scale * scales[part] as f32, least * minima[part] as f32);
                steps(value + least, scale, 0, 15)
            })
            .collect();
        numbers.extend(nibbles(&pair));
    }
    [scale_bytes.to_vec(), least_bytes.to_vec(), pack_k4(&scales, &minima), numbers].concat()
}

fn q6_k(block: &[f32]) -> Vec<u8> {
    let wanted: Vec<f32> = block.chunks_exact(16).map(|part| greatest(part) / 31.0).collect();
    let (scale, bytes) = stored(greatest(&wanted) / 127.0);
    let scales: Vec<i32> = wanted.iter().map(|wanted| steps(*wanted, scale, -128, 127)).collect();
    let numbers: Vec<i32> = block
        .iter()
        .enumerate()
        .map(|(at, value)| steps(*value, scale * scales[at / 16] as f32, -32, 31) + 32)
        .collect();
    let (mut low, mut high) = (vec![0_u8; 128], vec![0_u8; 64]);
    for (at, number) in numbers.iter().enumerate() {
        let (part, quarter, i) = (at / 128, at % 128 / 32, at % 32);
        low[part * 64 + quarter % 2 * 32 + i] |= ((number & 15) << (quarter / 2 * 4)) as u8;
        high[part * 32 + i] |= (number >> 4 << (quarter * 2)) as u8;
    }
    let scales = scales.iter().map(|scale| *scale as u8).collect();
    [low, high, scales, bytes.to_vec()].concat()
}
