//! Transport coding of weights: planes of bytes, the exponents compressed.
//!
//! A coded stream stands for raw bytes on the way and in archives; digests and signatures
//! are those of the raw bytes. The format is in docs/transport-coding.md. Streams may be
//! hostile: a decoder holds a bounded number of blocks of bounded size, whatever is claimed.
//!
//! Knows no bundles and no crypto: whoever decodes hashes what comes out.

mod block;
mod ordered;
pub mod planes;
mod ranges;

use std::fmt::Display;
use std::io::{self, Read, Write};

pub use block::{MAX_BLOCK, Width, pays};
pub use ranges::{Range, cut, ranges, width_of};

use self::block::{Coder, Raw, Stored, Uncoder, exactly};
use crate::finding::{Code, Problem};
use crate::fsx;

/// First bytes of a coded stream: a name, and the version of the format.
pub const MAGIC: [u8; 8] = *b"pkgcode\x01";

/// Name and version of the coding, where a document names it.
pub const NAME: &str = "planes-zstd-v1";

/// Why a stream could not be coded or decoded.
#[derive(Debug)]
pub enum Failure {
    /// The input could not be read.
    Reading(io::Error),
    /// The output could not be written.
    Writing(io::Error),
    /// The compressor failed.
    Codec(io::Error),
    /// The stream is against the format.
    Invalid(String),
}

impl Failure {
    /// The problem of `subject`, a blob.
    pub fn problem(self, subject: impl Display) -> Problem {
        match self {
            Self::Reading(error) => Problem::new(Code::UnreadableFile, subject)
                .detail(format!("cannot read: {error}"))
                .source(error),
            Self::Writing(error) => {
                let subject = subject.to_string();
                Problem::writing(std::path::Path::new(&subject), error)
            }
            Self::Codec(error) => {
                Problem::new(Code::Internal, subject).detail(error.to_string()).source(error)
            }
            Self::Invalid(why) => Problem::new(Code::CodedInvalid, subject).detail(why),
        }
    }
}

/// Threads for so many bytes.
fn threads(size: u64) -> usize {
    let blocks = usize::try_from(size.div_ceil(MAX_BLOCK as u64)).unwrap_or(usize::MAX);
    fsx::threads().min(blocks)
}

/// Encodes `size` bytes of `input`; gives the number of coded bytes. `ranges` say where
/// elements are ([`ranges()`], [`cut`]); the rest is coded as bytes.
///
/// The same bytes and ranges give the same stream, with the same release of zstd.
pub fn encode(
    input: &mut dyn Read,
    size: u64,
    ranges: &[Range],
    output: &mut dyn Write,
) -> Result<u64, Failure> {
    let mut written = 16;
    output.write_all(&MAGIC).map_err(Failure::Writing)?;
    output.write_all(&size.to_le_bytes()).map_err(Failure::Writing)?;
    let mut at = 0;
    let mut ranges = ranges.iter().peekable();
    let next = || {
        while ranges.next_if(|range| range.offset.saturating_add(range.len) <= at).is_some() {}
        let (width, end) = match ranges.peek() {
            Some(range) if range.offset <= at => (range.width, range.offset + range.len),
            Some(range) => (Width::One, range.offset),
            None => (Width::One, size),
        };
        let left = usize::try_from(end.min(size) - at).unwrap_or(usize::MAX).min(MAX_BLOCK);
        if left == 0 {
            return Ok(None);
        }
        // A range that ends within an element, or was cut by the end of the input.
        let whole = left - left % width.bytes();
        let (width, len) = if whole == 0 { (Width::One, left) } else { (width, whole) };
        let mut bytes = vec![0; len];
        input.read_exact(&mut bytes).map_err(Failure::Reading)?;
        at += len as u64;
        Ok(Some(Raw { width, bytes }))
    };
    let work = |coder: &mut Coder, raw: Raw| coder.encode(&raw).map_err(Failure::Codec);
    ordered::run(threads(size), Coder::new, next, work, |block: Vec<u8>| {
        written += block.len() as u64;
        output.write_all(&block).map_err(Failure::Writing)
    })?;
    output.write_all(&[0; 8]).map_err(Failure::Writing)?;
    Ok(written + 8)
}

/// Decodes a stream that stands for exactly `size` bytes.
///
/// Never more than `size` bytes are written; bytes behind the end mark are refused.
/// Whether they are the right ones shows in their digest.
pub fn decode(input: &mut dyn Read, size: u64, output: &mut dyn Write) -> Result<(), Failure> {
    let mut head = [0; 16];
    exactly(input, &mut head)?;
    let (magic, said) = head.split_at(8);
    if magic != MAGIC {
        return Err(Failure::Invalid("it is no coded stream that pkg can read".to_owned()));
    }
    if said != size.to_le_bytes() {
        return Err(Failure::Invalid(format!("it does not stand for {size} bytes")));
    }
    let mut left = size;
    let next = || {
        let block = Stored::read(input, left)?;
        match &block {
            Some(block) => left -= block.len as u64,
            None if left > 0 => {
                return Err(Failure::Invalid(format!("{left} bytes are missing at its end")));
            }
            None => {
                let mut byte = [0];
                if input.read(&mut byte).map_err(Failure::Reading)? != 0 {
                    return Err(Failure::Invalid("there are bytes behind its end".to_owned()));
                }
            }
        }
        Ok(block)
    };
    let work = |uncoder: &mut Uncoder, block: Stored| uncoder.decode(&block);
    ordered::run(threads(size), Uncoder::new, next, work, |raw: Vec<u8>| {
        output.write_all(&raw).map_err(Failure::Writing)
    })
}

#[cfg(test)]
mod tests;
