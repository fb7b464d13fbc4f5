//! Where a large file is cut into layers: along its tensors and blocks, so that a
//! change of few tensors is a change of few layers.
//!
//! The cuts follow from the content of the file and the wanted size alone. Knows
//! nothing about manifests, stores nothing.

use std::io::{BufReader, Read, Seek};
use std::path::Path;

use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::fsx::{self, Failure, Readable};
use crate::scan::{gguf, safetensors};

/// Most parts of one file: more do not fit a manifest.
const MAX_PARTS: u64 = 10_000;

/// Part of the wanted size from which on a block gets layers of its own.
const OWN: u64 = 16;

/// A piece of a file that is not cut unless it is too large: a tensor, with what
/// follows it up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    start: u64,
    end: u64,
    /// The block it belongs to, as its name says; empty when it says none.
    block: String,
}

/// How a file is cut.
#[derive(Debug)]
pub(super) struct Cuts {
    /// Bytes of each part, in order; none is empty.
    pub(super) lens: Vec<u64>,
    /// Why the file is cut without regard to its tensors, when that is a surprise.
    pub(super) note: Option<Finding>,
}

/// Cuts a file of `size` bytes into parts of at most `part` bytes, which is less than
/// `size`. Tensors larger than that are cut at multiples of `part` from their start.
pub(super) fn cuts<F: Readable + ?Sized>(file: &F, size: u64, part: u64) -> Result<Cuts> {
    let path = file.named();
    let refused = || {
        Problem::new(Code::UsageError, path.display())
            .detail(format!("it would become more than {MAX_PARTS} layers"))
            .hint("Choose a larger `--shard`.")
    };
    if part == 0 || size / part > MAX_PARTS {
        return Err(refused());
    }
    let (lens, note) = match pieces(file, size)? {
        Ok(Some(pieces)) => (along(&pieces, part), None),
        Ok(None) => (every(size, part), None),
        Err(reason) => (every(size, part), Some(unreadable(path, &reason))),
    };
    if lens.len() as u64 > MAX_PARTS {
        return Err(refused());
    }
    Ok(Cuts { lens, note })
}

fn unreadable(path: &Path, reason: &str) -> Finding {
    let mut finding = Problem::new(Code::BadWeightHeader, path.display())
        .detail(format!("it is cut without regard to its tensors: {reason}"))
        .into_finding();
    finding.severity = Severity::Note;
    finding
}

fn every(size: u64, part: u64) -> Vec<u64> {
    crate::hash::shards(size, part).map(|(_, len)| len).collect()
}

/// The pieces of a weight file; none for another file. The inner error is the reason
/// why a weight file has none, for people.
fn pieces<F: Readable + ?Sized>(file: &F, size: u64) -> Result<Result<Option<Vec<Piece>>, String>> {
    let path = file.named();
    let mut file = fsx::open_regular(file)?;
    let reading = |error| Problem::reading(path, error);
    let mut head = [0; 9];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(Ok(None)),
        read => read.map_err(reading)?,
    }
    file.rewind().map_err(reading)?;
    let named = path.extension().is_some_and(|extension| extension == "safetensors");
    let failure = Failure::default();
    let input = BufReader::new(failure.of(&file));
    let starts = if head.starts_with(gguf::MAGIC) {
        failure.or(path, gguf_starts(input, size))?
    } else if head[8] == b'{' || named {
        match failure.or(path, safetensors_starts(input, size))? {
            // Many a text has a bracket there.
            Err(_) if !named => return Ok(Ok(None)),
            starts => starts,
        }
    } else {
        return Ok(Ok(None));
    };
    Ok(starts.and_then(|starts| in_order(starts, size)).map(Some))
}

/// Where the data begins, and where each tensor does.
type Starts = (u64, Vec<(u64, String)>);

fn gguf_starts(input: BufReader<impl Read + Seek>, size: u64) -> Result<Starts, String> {
    let header = gguf::parse(input, size)?;
    let start = header.data_start;
    let place = |tensor: gguf::Tensor| {
        let place = start.checked_add(tensor.offset).ok_or("a tensor offset overflows 64 bits")?;
        Ok((place, block(&tensor.name).to_owned()))
    };
    let tensors = header.list.into_iter().map(place).collect::<Result<_, String>>()?;
    Ok((start, tensors))
}

fn safetensors_starts(mut input: BufReader<impl Read + Seek>, size: u64) -> Result<Starts, String> {
    let header = safetensors::parse(&mut input, size)?;
    // The header is read to its end, and no further.
    let start = input.stream_position().map_err(|error| error.to_string())?;
    let tensors = header
        .tensors
        .into_iter()
        .filter(|tensor| tensor.offsets.1 > tensor.offsets.0)
        .map(|tensor| (start.saturating_add(tensor.offsets.0), block(&tensor.name).to_owned()));
    Ok((start, tensors.collect()))
}

/// Pieces without gap or overlap from the header to the end of the file.
fn in_order((data, mut tensors): Starts, size: u64) -> Result<Vec<Piece>, String> {
    tensors.sort();
    if data > size || tensors.iter().any(|(start, _)| *start < data || *start > size) {
        return Err("its tensors lie outside of it".to_owned());
    }
    // Where two begin at the same place, one of them has no bytes.
    tensors.dedup_by_key(|(start, _)| *start);
    let first = tensors.first().map_or(size, |(start, _)| *start);
    // A name that no tensor has: the header shares a layer with nothing.
    let header = Piece { start: 0, end: first, block: "\0".to_owned() };
    let ends = tensors.iter().skip(1).map(|(start, _)| *start).chain([size]).collect::<Vec<_>>();
    let rest =
        tensors.into_iter().zip(ends).map(|((start, block), end)| Piece { start, end, block });
    Ok([header].into_iter().chain(rest).filter(|piece| piece.end > piece.start).collect())
}

/// The name of a tensor up to its first part that is a number: `model.layers.12`.
fn block(name: &str) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        end += part.len();
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return &name[..end];
        }
        end += 1;
    }
    ""
}

/// Lengths of the parts. The header and every block of a sixteenth of `part` or more
/// are cut off from what is around them; smaller ones are put together until they are
/// that large. What is larger than `part` is cut between tensors, and at multiples of
/// `part` within a tensor.
fn along(pieces: &[Piece], part: u64) -> Vec<u64> {
    let least = (part / OWN).max(1);
    let mut lens = Vec::new();
    // The pieces that are put together, and their bytes.
    let (mut group, mut together) = (0..0, 0);
    for (number, run) in pieces.chunk_by(|one, next| one.block == next.block).enumerate() {
        let bytes: u64 = run.iter().map(|piece| piece.end - piece.start).sum();
        let alone = number == 0 || bytes >= least;
        if alone || together >= least {
            cut_group(&pieces[group.clone()], part, &mut lens);
            (group, together) = (group.end..group.end, 0);
        }
        group.end += run.len();
        together += bytes;
        if alone {
            cut_group(&pieces[group.clone()], part, &mut lens);
            (group, together) = (group.end..group.end, 0);
        }
    }
    cut_group(&pieces[group], part, &mut lens);
    lens
}

/// Cuts pieces that follow each other and share layers with no others.
fn cut_group(pieces: &[Piece], part: u64, lens: &mut Vec<u64>) {
    let mut now = 0;
    for piece in pieces {
        let mut len = piece.end - piece.start;
        if now > 0 && now + len > part {
            lens.push(now);
            now = 0;
        }
        while len > part {
            lens.push(part);
            len -= part;
        }
        now += len;
    }
    if now > 0 {
        lens.push(now);
    }
}

#[cfg(test)]
mod tests;
