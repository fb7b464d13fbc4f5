//! Weights in memory, and products with them.

use std::ops::Range;
use std::sync::Arc;

use super::maths;
use super::pool::{Pool, share};
use super::simd::Kernels;
use crate::engine::{EngineError, Result};
use crate::model::{LayerNorm, Linear, Tensor};
use crate::quant::WeightType;

/// Rows that are dequantised at a time.
const TILE_ROWS: usize = 4;

/// The files of a model, each as its bytes.
pub(crate) type Files = Vec<Arc<Vec<u8>>>;

/// A matrix, left as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    file: Arc<Vec<u8>>,
    bytes: Range<usize>,
    kind: WeightType,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Matrix {
    pub(crate) fn new(files: &Files, tensor: &Tensor) -> Result<Self> {
        let bad = || EngineError::Failed(format!("tensor {} is not inside its file", tensor.name));
        let file = files.get(tensor.file).ok_or_else(bad)?;
        let start = usize::try_from(tensor.offset).map_err(|_| bad())?;
        let row = tensor.kind.row_bytes(tensor.columns);
        let length = row.checked_mul(tensor.rows).ok_or_else(bad)?;
        let end = start.checked_add(length).filter(|end| *end <= file.len()).ok_or_else(bad)?;
        if !tensor.columns.is_multiple_of(tensor.kind.block().0) || length as u64 != tensor.bytes {
            return Err(bad());
        }
        Ok(Self {
            file: Arc::clone(file),
            bytes: start..end,
            kind: tensor.kind,
            rows: tensor.rows,
            columns: tensor.columns,
        })
    }

    /// The stored bytes of some rows.
    fn rows(&self, rows: Range<usize>) -> &[u8] {
        let row = self.kind.row_bytes(self.columns);
        let all = self.file.get(self.bytes.clone()).unwrap_or_default();
        all.get(rows.start * row..rows.end * row).unwrap_or_default()
    }

    /// The values of one row.
    pub(crate) fn row(&self, kernels: Kernels, row: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.columns];
        kernels.dequantise(self.kind, self.rows(row..row + 1), &mut out);
        out
    }

    /// Products of some rows with inputs: for each input the results of these rows.
    ///
    /// Each row is dequantised once, whatever the number of inputs.
    fn products(&self, kernels: Kernels, rows: Range<usize>, x: &[f32]) -> Vec<f32> {
        let (count, inputs) = (rows.len(), x.len() / self.columns.max(1));
        let mut out = vec![0.0; count * inputs];
        let mut values = vec![0.0; TILE_ROWS * self.columns];
        let mut row = rows.start;
        while row < rows.end {
            let taken = TILE_ROWS.min(rows.end - row);
            let values = &mut values[..taken * self.columns];
            kernels.dequantise(self.kind, self.rows(row..row + taken), values);
            let place = &mut out[row - rows.start..];
            kernels.products(values, x, self.columns, count, place);
            row += taken;
        }
        out
    }
}

/// A matrix and its bias.
#[derive(Debug, Clone)]
pub(crate) struct Affine {
    pub(crate) matrix: Matrix,
    bias: Option<Vec<f32>>,
}

impl Affine {
    pub(crate) fn new(files: &Files, linear: &Linear, kernels: Kernels) -> Result<Self> {
        let matrix = Matrix::new(files, &linear.weight)?;
        let bias = linear.bias.as_ref().map(|bias| vector(files, bias, kernels)).transpose()?;
        if bias.as_ref().is_some_and(|bias| bias.len() != matrix.rows) {
            return Err(EngineError::Failed(format!(
                "the bias of {} does not fit",
                linear.weight.name
            )));
        }
        Ok(Self { matrix, bias })
    }
}

/// Scale and shift of a layer norm.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Norm {
    pub(crate) fn new(files: &Files, norm: &LayerNorm, kernels: Kernels) -> Result<Self> {
        let scale = vector(files, &norm.scale, kernels)?;
        Ok(Self { scale, shift: vector(files, &norm.shift, kernels)? })
    }

    pub(crate) fn apply(&self, x: &mut [f32], epsilon: f32) {
        maths::layer_norm(x, &self.scale, &self.shift, epsilon);
    }
}

/// A vector's values.
pub(crate) fn vector(files: &Files, tensor: &Tensor, kernels: Kernels) -> Result<Vec<f32>> {
    Ok(Matrix::new(files, tensor)?.row(kernels, 0))
}

/// Products of matrices with the same inputs, biases added: one result for each matrix,
/// input after input.
pub(crate) fn apply(
    pool: &Pool,
    kernels: Kernels,
    parts: &[&Affine],
    x: &Arc<Vec<f32>>,
) -> Result<Vec<Vec<f32>>> {
    let matrices: Vec<Matrix> = parts.iter().map(|part| part.matrix.clone()).collect();
    let mut results = products(pool, kernels, matrices, x)?;
    for (result, part) in results.iter_mut().zip(parts) {
        if let Some(bias) = &part.bias {
            maths::add_bias(result, bias);
        }
    }
    Ok(results)
}

/// Products of matrices with the same inputs.
pub(crate) fn products(
    pool: &Pool,
    kernels: Kernels,
    matrices: Vec<Matrix>,
    x: &Arc<Vec<f32>>,
) -> Result<Vec<Vec<f32>>> {
    let shapes: Vec<(usize, usize)> =
        matrices.iter().map(|matrix| (matrix.rows, x.len() / matrix.columns.max(1))).collect();
    let input = Arc::clone(x);
    let shares = pool.run(move |part, parts| {
        let results = matrices.iter().map(|matrix| {
            let rows = share(matrix.rows, TILE_ROWS, part, parts);
            matrix.products(kernels, rows, &input)
        });
        let results: Vec<Vec<f32>> = results.collect();
        results.concat()
    })?;
    let mut out: Vec<Vec<f32>> =
        shapes.iter().map(|(rows, inputs)| vec![0.0; rows * inputs]).collect();
    for (part, values) in shares.iter().enumerate() {
        let mut values = values.as_slice();
        for (out, (rows, inputs)) in out.iter_mut().zip(&shapes) {
            let range = share(*rows, TILE_ROWS, part, shares.len());
            for input in 0..*inputs {
                let (these, rest) = values.split_at(range.len());
                out[input * rows..][range.clone()].copy_from_slice(these);
                values = rest;
            }
        }
    }
    Ok(out)
}
