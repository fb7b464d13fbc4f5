//! Headers of safetensors files on disk.

use std::io::BufReader;

pub use pkg_formats::safetensors::{Header, Tensor, dtype_bits, parse};

use super::bad_header;
use crate::finding::{Problem, Result};
use crate::fsx::{self, Failure, Readable};

/// Reads the header of a file.
pub fn read<F: Readable + ?Sized>(file: &F) -> Result<Header> {
    let path = file.named();
    let file = fsx::open_regular(file)?;
    let size = file.metadata().map_err(|error| Problem::reading(path, error))?.len();
    let failure = Failure::default();
    let parsed = parse(&mut BufReader::new(failure.of(file)), size);
    failure.or(path, parsed)?.map_err(|reason| bad_header(path, reason))
}
