//! The same again in f64, as plainly as can be: what results are held against.

use pkg_cuda_smoke::model::{Decoder, Encoder, LayerNorm, Linear, Model, RopePairs, Tensor};
use pkg_cuda_smoke::quant::WeightType;

use crate::generated;

/// A half, by the definition of IEEE 754.
pub fn half(bytes: &[u8]) -> f64 {
    let bits = u16::from_le_bytes([bytes[0], bytes[1]]);
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    match exponent {
        0 => sign * mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1.0 + mantissa / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

/// Values as stored, by the `dequantize_row` functions of `ggml-quants.c`.
pub fn values(kind: WeightType, bytes: &[u8]) -> Vec<f64> {
    let (_, size) = kind.block();
    bytes.chunks_exact(size).flat_map(|block| of_block(kind, block)).collect()
}

fn of_block(kind: WeightType, block: &[u8]) -> Vec<f64> {
    let low = |byte: u8| f64::from(byte & 15);
    let high = |byte: u8| f64::from(byte >> 4);
    match kind {
        WeightType::F32 => vec![f64::from(f32::from_le_bytes(block.try_into().unwrap()))],
        WeightType::F16 => vec![half(block)],
        WeightType::Bf16 => {
            vec![f64::from(f32::from_le_bytes([0, 0, block[0], block[1]]))]
        }
        WeightType::Q8_0 => {
            block[2..].iter().map(|byte| half(block) * f64::from(byte.cast_signed())).collect()
        }
        WeightType::Q4_0 => {
            let bytes = &block[2..];
            let numbers = bytes.iter().map(|b| low(*b)).chain(bytes.iter().map(|b| high(*b)));
            numbers.map(|number| half(block) * (number - 8.0)).collect()
        }
        WeightType::Q4_1 => {
            let bytes = &block[4..];
            let numbers = bytes.iter().map(|b| low(*b)).chain(bytes.iter().map(|b| high(*b)));
            numbers.map(|number| half(block) * number + half(&block[2..])).collect()
        }
        WeightType::Q4K => of_q4k(block),
        WeightType::Q6K => of_q6k(block),
    }
}

fn of_q4k(block: &[u8]) -> Vec<f64> {
    let (d, least, scales, bytes) = (half(block), half(&block[2..]), &block[4..16], &block[16..]);
    let pair = |j: usize| {
        let (scale, minimum) = if j < 4 {
            (scales[j] & 63, scales[j + 4] & 63)
        } else {
            let (a, b, c) = (scales[j + 4], scales[j - 4], scales[j]);
            ((a & 15) | (b >> 6 << 4), (a >> 4) | (c >> 6 << 4))
        };
        (d * f64::from(scale), least * f64::from(minimum))
    };
    let mut all = Vec::new();
    for j in 0..4 {
        let bytes = &bytes[32 * j..32 * (j + 1)];
        for (part, shift) in [(2 * j, 0), (2 * j + 1, 4)] {
            let (scale, minimum) = pair(part);
            all.extend(bytes.iter().map(|byte| scale * f64::from(byte >> shift & 15) - minimum));
        }
    }
    all
}

fn of_q6k(block: &[u8]) -> Vec<f64> {
    let (scales, d) = (&block[192..208], half(&block[208..]));
    let mut all = vec![0.0; 256];
    for part in 0..2 {
        let (ql, qh) = (&block[64 * part..], &block[128 + 32 * part..]);
        for l in 0..32 {
            let numbers = [
                (ql[l] & 15) | ((qh[l] & 3) << 4),
                (ql[l + 32] & 15) | ((qh[l] >> 2 & 3) << 4),
                (ql[l] >> 4) | ((qh[l] >> 4 & 3) << 4),
                (ql[l + 32] >> 4) | ((qh[l] >> 6) << 4),
            ];
            for (i, number) in numbers.into_iter().enumerate() {
                let scale = f64::from(scales[8 * part + l / 16 + 2 * i].cast_signed());
                all[128 * part + l + 32 * i] = d * scale * (f64::from(number) - 32.0);
            }
        }
    }
    all
}

pub fn rms_norm(x: &[f64], scale: &[f64], epsilon: f32) -> Vec<f64> {
    let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
    let factor = 1.0 / (mean + f64::from(epsilon)).sqrt();
    x.iter().zip(scale).map(|(v, s)| v * factor * s).collect()
}

pub fn layer_norm(x: &[f64], scale: &[f64], shift: &[f64], epsilon: f32) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / x.len() as f64;
    let factor = 1.0 / (variance + f64::from(epsilon)).sqrt();
    x.iter().zip(scale.iter().zip(shift)).map(|(v, (a, b))| (v - mean) * factor * a + b).collect()
}

/// Attention of one query to some keys.
pub fn attention(query: &[f64], keys: &[&[f64]], values: &[&[f64]]) -> Vec<f64> {
    let dot = |key: &[f64]| query.iter().zip(key).map(|(a, b)| a * b).sum::<f64>();
    let root = (query.len() as f64).sqrt();
    let scores: Vec<f64> = keys.iter().map(|key| dot(key) / root).collect();
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let total: f64 = weights.iter().sum();
    let of = |i: usize| weights.iter().zip(values).map(|(w, v)| w * v[i]).sum::<f64>() / total;
    (0..query.len()).map(of).collect()
}

pub fn turn(head: &mut [f64], position: usize, frequencies: &[f32], pairs: RopePairs) {
    let half = head.len() / 2;
    for (i, frequency) in frequencies.iter().enumerate() {
        let (a, b) = match pairs {
            RopePairs::Neighbours => (2 * i, 2 * i + 1),
            RopePairs::Halves => (i, i + half),
        };
        let (sine, cosine) = (position as f64 * f64::from(*frequency)).sin_cos();
        let (x, y) = (head[a], head[b]);
        (head[a], head[b]) = (x * cosine - y * sine, x * sine + y * cosine);
    }
}

/// The error function, by its series, and its continued fraction where that is slow.
pub fn erf(x: f64) -> f64 {
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-18 {
            n += 1.0;
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return sum * 2.0 / std::f64::consts::PI.sqrt();
    }
    let mut fraction = 0.0;
    for k in (1..200).rev() {
        fraction = f64::from(k) / 2.0 / (x.abs() + fraction);
    }
    let rest = (-x * x).exp() / std::f64::consts::PI.sqrt() / (x.abs() + fraction);
    (1.0 - rest).copysign(x)
}

pub fn gelu(x: f64) -> f64 {
    x / 2.0 * (1.0 + erf(x / 2_f64.sqrt()))
}

/// A model whose tensors are looked up.
struct Of<'a>(&'a Model);

impl Of<'_> {
    fn values(&self, tensor: &Tensor) -> Vec<f64> {
        generated::values(self.0, tensor)
    }

    fn product(&self, weight: &Tensor, bias: Option<&Tensor>, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (values, bias) = (self.values(weight), bias.map(|bias| self.values(bias)));
        let one = |x: &Vec<f64>| {
            let rows = values.chunks_exact(weight.columns).enumerate();
            rows.map(|(r, row)| {
                let sum: f64 = row.iter().zip(x).map(|(a, b)| a * b).sum();
                sum + bias.as_ref().map_or(0.0, |bias| bias[r])
            })
            .collect()
        };
        rows.iter().map(one).collect()
    }

    fn linear(&self, linear: &Linear, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        self.product(&linear.weight, linear.bias.as_ref(), rows)
    }

    fn normal(&self, norm: &LayerNorm, rows: &[Vec<f64>], epsilon: f32) -> Vec<Vec<f64>> {
        let (scale, shift) = (self.values(&norm.scale), self.values(&norm.shift));
        rows.iter().map(|row| layer_norm(row, &scale, &shift, epsilon)).collect()
    }
}

fn sum(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = a.iter().zip(b);
    rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

/// Logits of every token.
pub fn decode(model: &Model, decoder: &Decoder, tokens: &[u32]) -> Vec<Vec<f64>> {
    let of = Of(model);
    let embedding = of.values(&decoder.embedding);
    let row = |token: &u32| {
        let start = *token as usize * decoder.width;
        embedding[start..start + decoder.width].to_vec()
    };
    let mut x: Vec<Vec<f64>> = tokens.iter().map(row).collect();
    let (width, epsilon) = (decoder.head_width, decoder.epsilon);
    let group = decoder.heads / decoder.kv_heads;
    for layer in &decoder.layers {
        let scale = of.values(&layer.attention_norm);
        let normal: Vec<_> = x.iter().map(|row| rms_norm(row, &scale, epsilon)).collect();
        let [mut q, mut k, v] =
            [&layer.query, &layer.key, &layer.value].map(|linear| of.linear(linear, &normal));
        for rows in [&mut q, &mut k] {
            for (position, row) in rows.iter_mut().enumerate() {
                for head in row.chunks_exact_mut(width) {
                    turn(head, position, &decoder.rope_frequencies, decoder.rope_pairs);
                }
            }
        }
        let mut seen = Vec::new();
        for (t, row) in q.iter().enumerate() {
            let heads = row.chunks_exact(width).enumerate();
            let all = heads.flat_map(|(h, query)| {
                let start = h / group * width;
                let part = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
                    rows[..=t].iter().map(|row| row[start..start + width].to_vec()).collect()
                };
                let (keys, values) = (part(&k), part(&v));
                let keys: Vec<&[f64]> = keys.iter().map(Vec::as_slice).collect();
                let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
                attention(query, &keys, &values)
            });
            seen.push(all.collect());
        }
        x = sum(&x, &of.linear(&layer.output, &seen));
        let scale = of.values(&layer.ffn_norm);
        let normal: Vec<_> = x.iter().map(|row| rms_norm(row, &scale, epsilon)).collect();
        let (mut gate, up) = (of.linear(&layer.gate, &normal), of.linear(&layer.up, &normal));
        for (gate, up) in gate.iter_mut().flatten().zip(up.iter().flatten()) {
            *gate = *gate / (1.0 + (-*gate).exp()) * up;
        }
        x = sum(&x, &of.linear(&layer.down, &gate));
    }
    let scale = of.values(&decoder.norm);
    let normal: Vec<_> = x.iter().map(|row| rms_norm(row, &scale, epsilon)).collect();
    of.product(&decoder.head, None, &normal)
}

/// Hidden state of every token.
pub fn encode(model: &Model, encoder: &Encoder, tokens: &[u32]) -> Vec<Vec<f64>> {
    let of = Of(model);
    let [words, positions, types] =
        [&encoder.words, &encoder.positions, &encoder.types].map(|tensor| of.values(tensor));
    let (width, head) = (encoder.width, encoder.width / encoder.heads);
    let row = |(t, token): (usize, &u32)| {
        let start = *token as usize * width;
        (0..width).map(|i| words[start + i] + positions[t * width + i] + types[i]).collect()
    };
    let x: Vec<Vec<f64>> = tokens.iter().enumerate().map(row).collect();
    let mut x = of.normal(&encoder.norm, &x, encoder.epsilon);
    for layer in &encoder.layers {
        let [q, k, v] = [&layer.query, &layer.key, &layer.value].map(|l| of.linear(l, &x));
        let mut seen = Vec::new();
        for row in &q {
            let mut all = Vec::new();
            for (h, query) in row.chunks_exact(head).enumerate() {
                let part = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
                    rows.iter().map(|row| row[h * head..(h + 1) * head].to_vec()).collect()
                };
                let (keys, values) = (part(&k), part(&v));
                let keys: Vec<&[f64]> = keys.iter().map(Vec::as_slice).collect();
                let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
                all.extend(attention(query, &keys, &values));
            }
            seen.push(all);
        }
        let x1 = sum(&x, &of.linear(&layer.output, &seen));
        let x1 = of.normal(&layer.attention_norm, &x1, encoder.epsilon);
        let mut hidden = of.linear(&layer.up, &x1);
        hidden.iter_mut().flatten().for_each(|v| *v = gelu(*v));
        let x2 = sum(&x1, &of.linear(&layer.down, &hidden));
        x = of.normal(&layer.norm, &x2, encoder.epsilon);
    }
    x
}
