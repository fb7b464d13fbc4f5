//! Tensors of weight files, by name, type, shape and digest.

use std::collections::BTreeMap;
use std::io::{BufReader, Read as _};

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Code, Problem, Result};
use crate::hash::{Meter, Span, SpanReader, hash_spans};
use crate::model::digest::Digest;
use crate::scan::{gguf, safetensors};

/// A tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tensor {
    /// Type of its elements.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its bytes.
    pub bytes: u64,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// Tensors of a release, by name. Names that several files use carry the file.
pub type Tensors = BTreeMap<String, Tensor>;

struct Found {
    name: String,
    dtype: String,
    shape: Vec<u64>,
    span: Span,
}

/// Whether the beginning of a file is that of a weight file with named tensors.
fn listed(path: &str, span: &Span) -> Result<Vec<Found>> {
    let wrong = |why: String| Problem::new(Code::BadWeightHeader, path).detail(why);
    let mut magic = [0; 9];
    let mut reader = SpanReader::new(span.clone());
    if reader.read_exact(&mut magic).is_err() {
        return Ok(Vec::new());
    }
    let part = |offset: u64, bytes: u64| Span {
        file: span.file.clone(),
        offset: span.offset + offset,
        len: bytes,
    };
    if magic.starts_with(gguf::MAGIC) {
        let input = BufReader::new(SpanReader::new(span.clone()));
        let header = gguf::parse(input, span.len).map_err(wrong)?;
        let start = header.data_start;
        let found = header.list.into_iter().map(|tensor| Found {
            span: part(start + tensor.offset, tensor.bytes),
            name: tensor.name,
            dtype: tensor.dtype,
            shape: tensor.shape,
        });
        return Ok(found.collect());
    }
    if magic[8] != b'{' {
        return Ok(Vec::new());
    }
    let mut input = BufReader::new(SpanReader::new(span.clone()));
    let header = safetensors::parse(&mut input, span.len).map_err(wrong)?;
    let length = magic.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let start = 8 + length;
    let found = header.tensors.into_iter().map(|tensor| Found {
        span: part(start + tensor.offsets.0, tensor.offsets.1 - tensor.offsets.0),
        name: tensor.name,
        dtype: tensor.dtype,
        shape: tensor.shape,
    });
    Ok(found.collect())
}

/// Reads the tensors of files, each a path and where it is.
pub fn read(files: &[(String, Span)], meter: &Meter) -> Result<Tensors> {
    let mut all: Vec<(String, Found)> = Vec::new();
    for (path, span) in files {
        all.extend(listed(path, span)?.into_iter().map(|found| (path.clone(), found)));
    }
    let spans: Vec<Span> = all.iter().map(|(_, found)| found.span.clone()).collect();
    let mut tensors = Tensors::new();
    for ((path, found), digest) in all.into_iter().zip(hash_spans(&spans, meter)) {
        let digest =
            digest.map_err(|error| Problem::reading(std::path::Path::new(&path), error))?;
        let tensor =
            Tensor { dtype: found.dtype, shape: found.shape, bytes: found.span.len, digest };
        let name = if tensors.contains_key(&found.name) {
            format!("{path}: {}", found.name)
        } else {
            found.name
        };
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}
