//! Decoders of the llama family.

use std::sync::Arc;

use super::attention::{Cache, Shape, attend, store};
use super::maths::{add, angles, rms_norm, rotate};
use super::pool::Pool;
use super::simd::Kernels;
use super::weights::{Affine, Files, Matrix, apply, products, vector};
use crate::engine::{EngineError, Result, Want};
use crate::model::{self, RopePairs};

#[derive(Debug)]
struct Layer {
    attention_norm: Vec<f32>,
    query: Affine,
    key: Affine,
    value: Affine,
    output: Affine,
    ffn_norm: Vec<f32>,
    gate: Affine,
    up: Affine,
    down: Affine,
    keys: Arc<Cache>,
    values: Arc<Cache>,
}

/// A decoder with its weights, and what it remembers.
#[derive(Debug)]
pub(crate) struct Decoder {
    heads: usize,
    kv_heads: usize,
    head_width: usize,
    epsilon: f32,
    frequencies: Vec<f32>,
    pairs: RopePairs,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Matrix,
    /// Tokens fed so far.
    fed: usize,
}

impl Decoder {
    pub(crate) fn new(model: &model::Decoder, files: &Files, kernels: Kernels) -> Result<Self> {
        let layers = model.layers.iter().map(|layer| Layer::new(layer, model, files, kernels));
        Ok(Self {
            heads: model.heads,
            kv_heads: model.kv_heads,
            head_width: model.head_width,
            epsilon: model.epsilon,
            frequencies: model.rope_frequencies.clone(),
            pairs: model.rope_pairs,
            embedding: Matrix::new(files, &model.embedding)?,
            layers: layers.collect::<Result<_>>()?,
            norm: vector(files, &model.norm, kernels)?,
            head: Matrix::new(files, &model.head)?,
            fed: 0,
        })
    }

    /// Size of the vocabulary.
    pub(crate) fn vocabulary(&self) -> usize {
        self.head.rows
    }

    /// Tokens fed so far.
    pub(crate) fn fed(&self) -> usize {
        self.fed
    }

    pub(crate) fn reset(&mut self) {
        self.fed = 0;
        for layer in &mut self.layers {
            for cache in [&mut layer.keys, &mut layer.values] {
                *cache = Arc::new(vec![Vec::new(); self.kv_heads]);
            }
        }
    }

    /// Feeds tokens, which the caller found in the vocabulary.
    pub(crate) fn forward(
        &mut self,
        pool: &Pool,
        kernels: Kernels,
        tokens: &[u32],
        want: Want,
    ) -> Result<Vec<f32>> {
        let width = self.embedding.columns;
        let mut x = Vec::with_capacity(tokens.len() * width);
        for token in tokens {
            x.extend(self.embedding.row(kernels, *token as usize));
        }
        let turns: Vec<_> =
            (0..tokens.len()).map(|i| angles(&self.frequencies, self.fed + i)).collect();
        let shape = Shape {
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_width: self.head_width,
            past: Some(self.fed),
        };
        let run = Run { pool, kernels, epsilon: self.epsilon, shape };
        for layer in &mut self.layers {
            layer.forward(&run, &mut x, &turns, self.pairs)?;
        }
        self.fed += tokens.len();
        if want == Want::Last {
            x.drain(..x.len().saturating_sub(width));
        }
        let x = Arc::new(rms_norm(kernels, &x, &self.norm, self.epsilon));
        let mut rows = products(pool, kernels, vec![self.head.clone()], &x)?;
        Ok(rows.pop().unwrap_or_default())
    }
}

/// What a layer needs to run.
struct Run<'a> {
    pool: &'a Pool,
    kernels: Kernels,
    epsilon: f32,
    shape: Shape,
}

impl Run<'_> {
    fn apply<const N: usize>(
        &self,
        parts: [&Affine; N],
        x: &Arc<Vec<f32>>,
    ) -> Result<[Vec<f32>; N]> {
        let results = apply(self.pool, self.kernels, &parts, x)?;
        results.try_into().map_err(|_| EngineError::Failed("a product has no result".to_owned()))
    }
}

impl Layer {
    fn new(
        layer: &model::DecoderLayer,
        model: &model::Decoder,
        files: &Files,
        kernels: Kernels,
    ) -> Result<Self> {
        let affine = |linear| Affine::new(files, linear, kernels);
        let empty = || Arc::new(vec![Vec::new(); model.kv_heads]);
        Ok(Self {
            attention_norm: vector(files, &layer.attention_norm, kernels)?,
            query: affine(&layer.query)?,
            key: affine(&layer.key)?,
            value: affine(&layer.value)?,
            output: affine(&layer.output)?,
            ffn_norm: vector(files, &layer.ffn_norm, kernels)?,
            gate: affine(&layer.gate)?,
            up: affine(&layer.up)?,
            down: affine(&layer.down)?,
            keys: empty(),
            values: empty(),
        })
    }

    fn forward(
        &mut self,
        run: &Run<'_>,
        x: &mut [f32],
        turns: &[Vec<(f32, f32)>],
        pairs: RopePairs,
    ) -> Result<()> {
        let Run { pool, kernels, epsilon, shape } = *run;
        let normal = Arc::new(rms_norm(kernels, x, &self.attention_norm, epsilon));
        let [mut queries, mut keys, values] =
            run.apply([&self.query, &self.key, &self.value], &normal)?;
        for (rows, heads) in [(&mut queries, shape.heads), (&mut keys, shape.kv_heads)] {
            let width = (heads * shape.head_width).max(1);
            for (row, turns) in rows.chunks_exact_mut(width).zip(turns) {
                rotate(row, turns, pairs);
            }
        }
        store(Arc::make_mut(&mut self.keys), &keys, shape.head_width);
        store(Arc::make_mut(&mut self.values), &values, shape.head_width);
        let seen = attend(pool, kernels, shape, queries, &self.keys, &self.values)?;
        let [out] = run.apply([&self.output], &Arc::new(seen))?;
        add(x, &out);
        let normal = Arc::new(rms_norm(kernels, x, &self.ffn_norm, epsilon));
        let [mut gate, up] = run.apply([&self.gate, &self.up], &normal)?;
        kernels.silu_times(&mut gate, &up);
        let [out] = run.apply([&self.down], &Arc::new(gate))?;
        add(x, &out);
        Ok(())
    }
}
