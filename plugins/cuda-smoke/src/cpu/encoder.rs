//! Encoders of the BERT family.

use std::sync::Arc;

use super::attention::{Cache, Shape, attend, store};
use super::maths::{add, gelu};
use super::pool::Pool;
use super::simd::Kernels;
use super::weights::{Affine, Files, Matrix, Norm, apply, vector};
use crate::engine::{EngineError, Result};
use crate::model;

#[derive(Debug)]
struct Layer {
    query: Affine,
    key: Affine,
    value: Affine,
    output: Affine,
    attention_norm: Norm,
    up: Affine,
    down: Affine,
    norm: Norm,
}

/// An encoder with its weights.
#[derive(Debug)]
pub(crate) struct Encoder {
    heads: usize,
    epsilon: f32,
    words: Matrix,
    positions: Matrix,
    token_type: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl Encoder {
    pub(crate) fn new(model: &model::Encoder, files: &Files, kernels: Kernels) -> Result<Self> {
        let layers = model.layers.iter().map(|layer| Layer::new(layer, files, kernels));
        Ok(Self {
            heads: model.heads,
            epsilon: model.epsilon,
            words: Matrix::new(files, &model.words)?,
            positions: Matrix::new(files, &model.positions)?,
            token_type: vector(files, &model.types, kernels)?,
            norm: Norm::new(files, &model.norm, kernels)?,
            layers: layers.collect::<Result<_>>()?,
        })
    }

    /// Width of a hidden state.
    pub(crate) fn width(&self) -> usize {
        self.words.columns
    }

    /// Size of the vocabulary.
    pub(crate) fn vocabulary(&self) -> usize {
        self.words.rows
    }

    /// Hidden states of tokens, which the caller found in the vocabulary.
    pub(crate) fn forward(
        &self,
        pool: &Pool,
        kernels: Kernels,
        tokens: &[u32],
    ) -> Result<Vec<f32>> {
        let width = self.width();
        let mut x = Vec::with_capacity(tokens.len() * width);
        for (position, token) in tokens.iter().enumerate() {
            let mut row = self.words.row(kernels, *token as usize);
            add(&mut row, &self.positions.row(kernels, position));
            add(&mut row, &self.token_type);
            x.extend(row);
        }
        self.norm.apply(&mut x, self.epsilon);
        for layer in &self.layers {
            x = layer.forward(pool, kernels, x, self.heads, self.epsilon)?;
        }
        Ok(x)
    }
}

impl Layer {
    fn new(layer: &model::EncoderLayer, files: &Files, kernels: Kernels) -> Result<Self> {
        let affine = |linear| Affine::new(files, linear, kernels);
        Ok(Self {
            query: affine(&layer.query)?,
            key: affine(&layer.key)?,
            value: affine(&layer.value)?,
            output: affine(&layer.output)?,
            attention_norm: Norm::new(files, &layer.attention_norm, kernels)?,
            up: affine(&layer.up)?,
            down: affine(&layer.down)?,
            norm: Norm::new(files, &layer.norm, kernels)?,
        })
    }

    fn forward(
        &self,
        pool: &Pool,
        kernels: Kernels,
        x: Vec<f32>,
        heads: usize,
        epsilon: f32,
    ) -> Result<Vec<f32>> {
        let one = |part: &Affine, x: &Arc<Vec<f32>>| -> Result<Vec<f32>> {
            Ok(apply(pool, kernels, &[part], x)?.pop().unwrap_or_default())
        };
        let mut x = Arc::new(x);
        let parts = apply(pool, kernels, &[&self.query, &self.key, &self.value], &x)?;
        let [queries, keys, values] = <[Vec<f32>; 3]>::try_from(parts)
            .map_err(|_| EngineError::Failed("a product has no result".to_owned()))?;
        let head_width = self.query.matrix.rows / heads.max(1);
        let cached = |rows: &[f32]| {
            let mut cache: Cache = vec![Vec::new(); heads];
            store(&mut cache, rows, head_width);
            Arc::new(cache)
        };
        let shape = Shape { heads, kv_heads: heads, head_width, past: None };
        let seen = attend(pool, kernels, shape, queries, &cached(&keys), &cached(&values))?;
        let out = one(&self.output, &Arc::new(seen))?;
        let sum = Arc::make_mut(&mut x);
        add(sum, &out);
        self.attention_norm.apply(sum, epsilon);
        let mut inner = one(&self.up, &x)?;
        gelu(&mut inner);
        let out = one(&self.down, &Arc::new(inner))?;
        let mut x = Arc::unwrap_or_clone(x);
        add(&mut x, &out);
        self.norm.apply(&mut x, epsilon);
        Ok(x)
    }
}
