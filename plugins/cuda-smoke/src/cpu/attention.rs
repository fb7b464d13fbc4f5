//! Attention, one head of one token at a time.

use std::sync::Arc;

use super::pool::Pool;
use super::simd::Kernels;
use crate::engine::Result;

/// Keys or values that were computed, for each of the heads: position after position.
pub(crate) type Cache = Vec<Vec<f32>>;

/// What is attended to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Query heads.
    pub(crate) heads: usize,
    /// Key and value heads.
    pub(crate) kv_heads: usize,
    /// Values of a head.
    pub(crate) head_width: usize,
    /// Positions before the first query; none where all look at all.
    pub(crate) past: Option<usize>,
}

/// Attention of all queries; the result has the shape of the queries.
pub(crate) fn attend(
    pool: &Pool,
    kernels: Kernels,
    shape: Shape,
    queries: Vec<f32>,
    keys: &Arc<Cache>,
    values: &Arc<Cache>,
) -> Result<Vec<f32>> {
    let width = shape.heads * shape.head_width;
    let tokens = queries.len() / width.max(1);
    let (keys, values) = (Arc::clone(keys), Arc::clone(values));
    let shares = pool.run(move |part, parts| {
        let mut out = Vec::new();
        for unit in (part..tokens * shape.heads).step_by(parts) {
            let (token, head) = (unit / shape.heads, unit % shape.heads);
            let query = &queries[token * width + head * shape.head_width..][..shape.head_width];
            let kv_head = head / (shape.heads / shape.kv_heads.max(1)).max(1);
            let (Some(keys), Some(values)) = (keys.get(kv_head), values.get(kv_head)) else {
                return out;
            };
            let seen = shape.past.map_or(usize::MAX, |past| past + token + 1);
            one(kernels, query, keys, values, seen, &mut out);
        }
        out
    })?;
    let mut out = vec![0.0; tokens * width];
    let parts = shares.len();
    for (unit, out) in out.chunks_exact_mut(shape.head_width.max(1)).enumerate() {
        let from = unit / parts * shape.head_width;
        if let Some(values) = shares[unit % parts].get(from..from + shape.head_width) {
            out.copy_from_slice(values);
        }
    }
    Ok(out)
}

/// One query against the first `seen` positions; appends the weighted values.
fn one(
    kernels: Kernels,
    query: &[f32],
    keys: &[f32],
    values: &[f32],
    seen: usize,
    out: &mut Vec<f32>,
) {
    let width = query.len();
    let seen = seen.min(keys.len() / width.max(1));
    let mut scores = vec![0.0; seen];
    kernels.products(&keys[..seen * width], query, width, seen, &mut scores);
    let scale = 1.0 / (width as f32).sqrt();
    for score in &mut scores {
        *score *= scale;
    }
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    kernels.exponentials(&mut scores, greatest);
    let sum: f64 = scores.iter().map(|score| f64::from(*score)).sum();
    let start = out.len();
    out.resize(start + width, 0.0);
    for (score, values) in scores.iter().zip(values.chunks_exact(width.max(1))) {
        kernels.add_multiple(&mut out[start..], (f64::from(*score) / sum) as f32, values);
    }
}

/// Splits rows of all heads into the cache of each.
pub(crate) fn store(cache: &mut Cache, rows: &[f32], head_width: usize) {
    let width = (cache.len() * head_width).max(1);
    for row in rows.chunks_exact(width) {
        for (head, values) in cache.iter_mut().zip(row.chunks_exact(head_width.max(1))) {
            head.extend_from_slice(values);
        }
    }
}
