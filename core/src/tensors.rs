//! Tensors of weight files, by name, type, shape and digest.

use std::collections::BTreeMap;
use std::io::{BufReader, Read as _};

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Code, Problem, Result};
use crate::hash::{Chain, Meter, run_largest_first};
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
    /// Where its bytes are in the file.
    offset: u64,
    bytes: u64,
}

/// Tensors that the header of a file lists; none for a file of another kind.
fn listed(path: &str, file: &Chain<'_>) -> Result<Vec<Found>> {
    let wrong = |why: String| Problem::new(Code::BadWeightHeader, path).detail(why);
    let overflow = || wrong("a tensor offset overflows 64 bits".to_owned());
    let reading = |error| Problem::reading(std::path::Path::new(path), error);
    let mut magic = [0; 9];
    if file.len() < magic.len() as u64 {
        return Ok(Vec::new());
    }
    file.reader().read_exact(&mut magic).map_err(reading)?;
    let input = BufReader::new(file.reader());
    if magic.starts_with(gguf::MAGIC) {
        let header = gguf::parse(input, file.len()).map_err(wrong)?;
        let start = header.data_start;
        let found = header.list.into_iter().map(|tensor| {
            Ok(Found {
                offset: start.checked_add(tensor.offset).ok_or_else(overflow)?,
                bytes: tensor.bytes,
                name: tensor.name,
                dtype: tensor.dtype,
                shape: tensor.shape,
            })
        });
        return found.collect();
    }
    if magic[8] != b'{' {
        return Ok(Vec::new());
    }
    let mut input = input;
    let header = safetensors::parse(&mut input, file.len()).map_err(wrong)?;
    let length = magic.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let start = 8 + length;
    let found = header.tensors.into_iter().map(|tensor| Found {
        offset: start + tensor.offsets.0,
        bytes: tensor.offsets.1 - tensor.offsets.0,
        name: tensor.name,
        dtype: tensor.dtype,
        shape: tensor.shape,
    });
    Ok(found.collect())
}

/// Reads the tensors of files, each a path and its bytes.
pub fn read(files: &[(String, Chain<'_>)], meter: &Meter) -> Result<Tensors> {
    let mut all: Vec<(&(String, Chain<'_>), Found)> = Vec::new();
    for file in files {
        all.extend(listed(&file.0, &file.1)?.into_iter().map(|found| (file, found)));
    }
    let digests = run_largest_first(
        &all,
        |(_, found)| found.bytes,
        |((path, chain), found), buffer| {
            let digest = chain.digest((found.offset, found.bytes), buffer, meter)?;
            digest.map_err(|error| Problem::reading(std::path::Path::new(path), error))
        },
    );
    let mut tensors = Tensors::new();
    for (((path, _), found), digest) in all.into_iter().zip(digests) {
        let tensor =
            Tensor { dtype: found.dtype, shape: found.shape, bytes: found.bytes, digest: digest? };
        let name = if tensors.contains_key(&found.name) {
            format!("{path}: {}", found.name)
        } else {
            found.name
        };
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}
