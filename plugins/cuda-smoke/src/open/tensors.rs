//! The tensors of a model by name, each handed out with its shape checked.

use std::collections::{BTreeMap, BTreeSet};

use pkg_plugin_sdk::File;

use super::{failed, unsupported};
use crate::engine::Result;
use crate::model::{Linear, Tensor};
use crate::quant::WeightType;

/// What a file's header says of a tensor.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// How its values are stored, as the format calls it.
    pub(super) dtype: String,
    /// Its shape, outermost dimension first.
    pub(super) shape: Vec<u64>,
    /// Which file holds it.
    pub(super) file: usize,
    /// Its first byte in the file.
    pub(super) offset: u64,
}

/// The tensors of a model.
#[derive(Debug, Default)]
pub(super) struct Tensors {
    known: BTreeMap<String, Entry>,
    used: BTreeSet<String>,
    sizes: Vec<u64>,
}

impl Tensors {
    /// The tensors of these files, none yet.
    pub(super) fn of(files: &[&File]) -> Self {
        Self { sizes: files.iter().map(|file| file.bytes).collect(), ..Self::default() }
    }

    pub(super) fn insert(&mut self, name: String, entry: Entry) -> Result<()> {
        if self.known.contains_key(&name) {
            return Err(failed(format!("tensor {name} is there twice")));
        }
        self.known.insert(name, entry);
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// Which file holds a tensor.
    pub(super) fn file_of(&self, name: &str) -> Option<usize> {
        self.known.get(name).map(|entry| entry.file)
    }

    /// Names of the tensors that were not handed out.
    pub(super) fn rest(&self) -> impl Iterator<Item = &str> {
        self.known.keys().filter(|name| !self.used.contains(*name)).map(String::as_str)
    }

    /// Says that a tensor is known and needed by none.
    pub(super) fn pass(&mut self, name: &str) {
        self.used.insert(name.to_owned());
    }

    /// Number of rows that a matrix has in its file.
    pub(super) fn rows(&self, name: &str) -> Result<usize> {
        let entry = self.known.get(name).ok_or_else(|| missing(name))?;
        let rows = match entry.shape.as_slice() {
            [rows, _] => usize::try_from(*rows).ok(),
            _ => None,
        };
        rows.filter(|rows| *rows > 0)
            .ok_or_else(|| failed(format!("tensor {name} has the shape {:?}", entry.shape)))
    }

    pub(super) fn vector(&mut self, name: &str, length: usize) -> Result<Tensor> {
        self.take(name, &[length])
    }

    pub(super) fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Tensor> {
        self.take(name, &[rows, columns])
    }

    /// The matrix `STEM.weight` with `STEM.bias`, if that is there.
    pub(super) fn linear(&mut self, stem: &str, rows: usize, columns: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{stem}.weight"), rows, columns)?;
        let bias = format!("{stem}.bias");
        let bias = if self.has(&bias) { Some(self.vector(&bias, rows)?) } else { None };
        Ok(Linear { weight, bias })
    }

    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let entry = self.known.get(name).ok_or_else(|| missing(name))?;
        let wanted: Vec<u64> = shape.iter().map(|length| *length as u64).collect();
        if entry.shape != wanted {
            return Err(failed(format!(
                "tensor {name} has the shape {:?}, but the configuration needs {wanted:?}",
                entry.shape
            )));
        }
        let kind = WeightType::parse(&entry.dtype).ok_or_else(|| {
            unsupported(format!("tensor {name} is stored as {}, which cannot be run", entry.dtype))
        })?;
        let (rows, columns) = match shape {
            [rows, columns] => (*rows, *columns),
            _ => (1, shape.iter().product()),
        };
        let (block, block_bytes) = kind.block();
        if !columns.is_multiple_of(block) {
            return Err(failed(format!(
                "tensor {name} has rows of {columns} values, no multiple of {block} as {} needs",
                entry.dtype
            )));
        }
        let bytes = ((columns / block) as u64)
            .checked_mul(block_bytes as u64)
            .and_then(|row| row.checked_mul(rows as u64));
        let end = bytes.and_then(|bytes| entry.offset.checked_add(bytes));
        let size = self.sizes.get(entry.file).copied().unwrap_or_default();
        let (Some(bytes), true) = (bytes, end.is_some_and(|end| end <= size)) else {
            return Err(failed(format!("tensor {name} ends beyond its file of {size} bytes")));
        };
        let (file, offset) = (entry.file, entry.offset);
        self.used.insert(name.to_owned());
        Ok(Tensor { name: name.to_owned(), kind, rows, columns, file, offset, bytes })
    }
}

fn missing(name: &str) -> crate::engine::EngineError {
    failed(format!("tensor {name} is missing"))
}
