//! Every architecture once more: plain, slow, in f64, and written from the papers and the
//! layouts rather than from the engine.
#![allow(dead_code, unreachable_pub)]

use std::fs;

use pkg_cuda_smoke::model::{
    Decoder, Encoder, LayerNorm, Linear, Model, Network, RopePairs, Tensor,
};

pub mod blocks;

/// The weights of a model, as its files hold them.
pub struct Naive {
    files: Vec<Vec<u8>>,
    model: Model,
}

type Row = Vec<f64>;

impl Naive {
    pub fn new(model: &Model) -> Self {
        let read = |file: &pkg_plugin_sdk::File| fs::read(&file.disk).unwrap();
        Self { files: model.files.iter().map(read).collect(), model: model.clone() }
    }

    /// A row of outputs for each token.
    pub fn forward(&self, tokens: &[u32]) -> Vec<Row> {
        match &self.model.network {
            Network::Decoder(decoder) => self.decoder(decoder, tokens),
            Network::Encoder(encoder) => self.encoder(encoder, tokens),
        }
    }

    fn row(&self, tensor: &Tensor, row: usize) -> Row {
        let file = &self.files[tensor.file][tensor.offset as usize..][..tensor.bytes as usize];
        let length = file.len() / tensor.rows;
        blocks::values(tensor.kind, &file[row * length..][..length])
    }

    fn matrix(&self, tensor: &Tensor) -> Vec<Row> {
        (0..tensor.rows).map(|row| self.row(tensor, row)).collect()
    }

    fn linear(&self, linear: &Linear, x: &[Row]) -> Vec<Row> {
        let weight = self.matrix(&linear.weight);
        let bias = linear.bias.as_ref().map(|bias| self.row(bias, 0));
        let bias = bias.unwrap_or_else(|| vec![0.0; weight.len()]);
        x.iter().map(|x| weight.iter().zip(&bias).map(|(w, b)| dot(w, x) + b).collect()).collect()
    }

    fn rms(&self, tensor: &Tensor, x: &[Row], epsilon: f32) -> Vec<Row> {
        let scale = self.row(tensor, 0);
        let norm = |x: &Row| {
            let mean = dot(x, x) / x.len() as f64;
            let root = (mean + f64::from(epsilon)).sqrt();
            x.iter().zip(&scale).map(|(x, s)| x / root * s).collect()
        };
        x.iter().map(norm).collect()
    }

    fn layer_norm(&self, norm: &LayerNorm, x: &[Row], epsilon: f32) -> Vec<Row> {
        let (scale, shift) = (self.row(&norm.scale, 0), self.row(&norm.shift, 0));
        let norm = |x: &Row| {
            let count = x.len() as f64;
            let mean = x.iter().sum::<f64>() / count;
            let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
            let root = (variance + f64::from(epsilon)).sqrt();
            (0..x.len()).map(|i| (x[i] - mean) / root * scale[i] + shift[i]).collect()
        };
        x.iter().map(norm).collect()
    }

    fn decoder(&self, model: &Decoder, tokens: &[u32]) -> Vec<Row> {
        let mut x: Vec<Row> =
            tokens.iter().map(|token| self.row(&model.embedding, *token as usize)).collect();
        for layer in &model.layers {
            let normal = self.rms(&layer.attention_norm, &x, model.epsilon);
            let mut q = self.linear(&layer.query, &normal);
            let mut k = self.linear(&layer.key, &normal);
            let v = self.linear(&layer.value, &normal);
            for position in 0..tokens.len() {
                turn(&mut q[position], position, model);
                turn(&mut k[position], position, model);
            }
            let group = model.heads / model.kv_heads;
            let seen = attention(&q, &k, &v, model.heads, group, model.head_width, true);
            add(&mut x, &self.linear(&layer.output, &seen));
            let normal = self.rms(&layer.ffn_norm, &x, model.epsilon);
            let mut gate = self.linear(&layer.gate, &normal);
            let up = self.linear(&layer.up, &normal);
            for (gate, up) in gate.iter_mut().zip(&up) {
                for (gate, up) in gate.iter_mut().zip(up) {
                    *gate = *gate / (1.0 + (-*gate).exp()) * up;
                }
            }
            add(&mut x, &self.linear(&layer.down, &gate));
        }
        let x = self.rms(&model.norm, &x, model.epsilon);
        self.linear(&Linear { weight: model.head.clone(), bias: None }, &x)
    }

    fn encoder(&self, model: &Encoder, tokens: &[u32]) -> Vec<Row> {
        let kind = self.row(&model.types, 0);
        let embedded = |(position, token): (usize, &u32)| {
            let word = self.row(&model.words, *token as usize);
            let place = self.row(&model.positions, position);
            (0..word.len()).map(|i| word[i] + place[i] + kind[i]).collect()
        };
        let x: Vec<Row> = tokens.iter().enumerate().map(embedded).collect();
        let mut x = self.layer_norm(&model.norm, &x, model.epsilon);
        for layer in &model.layers {
            let q = self.linear(&layer.query, &x);
            let k = self.linear(&layer.key, &x);
            let v = self.linear(&layer.value, &x);
            let seen = attention(&q, &k, &v, model.heads, 1, model.width / model.heads, false);
            add(&mut x, &self.linear(&layer.output, &seen));
            x = self.layer_norm(&layer.attention_norm, &x, model.epsilon);
            let mut inner = self.linear(&layer.up, &x);
            inner.iter_mut().flatten().for_each(|x| *x = 0.5 * *x * (1.0 + erf(*x / 2_f64.sqrt())));
            add(&mut x, &self.linear(&layer.down, &inner));
            x = self.layer_norm(&layer.norm, &x, model.epsilon);
        }
        x
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(x: &mut [Row], other: &[Row]) {
    for (x, other) in x.iter_mut().zip(other) {
        x.iter_mut().zip(other).for_each(|(x, other)| *x += other);
    }
}

fn turn(row: &mut [f64], position: usize, model: &Decoder) {
    let width = model.head_width;
    for head in row.chunks_mut(width) {
        for (pair, frequency) in model.rope_frequencies.iter().enumerate() {
            // The angle is a product of singles, by definition.
            let angle = f64::from(position as f32 * frequency);
            let (a, b) = match model.rope_pairs {
                RopePairs::Neighbours => (pair * 2, pair * 2 + 1),
                RopePairs::Halves => (pair, pair + width / 2),
            };
            let (x, y) = (head[a], head[b]);
            head[a] = x * angle.cos() - y * angle.sin();
            head[b] = y * angle.cos() + x * angle.sin();
        }
    }
}

fn attention(
    q: &[Row],
    k: &[Row],
    v: &[Row],
    heads: usize,
    group: usize,
    width: usize,
    causal: bool,
) -> Vec<Row> {
    let mut out = vec![vec![0.0; heads * width]; q.len()];
    for (token, out) in out.iter_mut().enumerate() {
        for head in 0..heads {
            let kv = head / group * width;
            let query = &q[token][head * width..][..width];
            let end = if causal { token + 1 } else { k.len() };
            let scores: Vec<f64> = (0..end)
                .map(|at| (dot(query, &k[at][kv..][..width]) / (width as f64).sqrt()).exp())
                .collect();
            let sum: f64 = scores.iter().sum();
            for at in 0..end {
                for i in 0..width {
                    out[head * width + i] += scores[at] / sum * v[at][kv + i];
                }
            }
        }
    }
    out
}

/// By numeric integration (Simpson's rule), slowly.
fn erf(x: f64) -> f64 {
    let end = x.abs().min(7.0);
    let steps = 400;
    let width = end / f64::from(steps);
    let curve = |t: f64| (-t * t).exp();
    let mut sum = curve(0.0) + curve(end);
    for step in 1..steps {
        sum += curve(f64::from(step) * width) * if step % 2 == 1 { 4.0 } else { 2.0 };
    }
    (sum * width / 3.0 * 2.0 / std::f64::consts::PI.sqrt()).copysign(x)
}

/// Greatest difference between rows of an engine and those here.
pub fn furthest(found: &[f32], wanted: &[Row]) -> f64 {
    let wanted: Vec<f64> = wanted.iter().flatten().copied().collect();
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(&wanted).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

/// The folder of a real model; none, loudly, where it was not fetched.
pub fn real(name: &str) -> Option<std::path::PathBuf> {
    use std::io::Write as _;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("target/models").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    let why = format!("target/models/{name} is not there; `cargo xtask fetch-models` fetches it");
    assert!(
        std::env::var_os("PKG_TEST_REQUIRE_MODELS").is_none(),
        "skipped where it must not be: {why}"
    );
    let _ = writeln!(std::io::stderr(), "\nSKIPPED, NOT PASSED: {why}\n");
    None
}
