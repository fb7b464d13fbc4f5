//! Where a weight file has elements of which width, by its header.

use std::io::{BufReader, Read, Seek};

use pkg_formats::{gguf, safetensors};

use super::block::Width;

/// Bytes below which a range is not worth a block of its own.
const SMALLEST: u64 = 4096;

/// Bytes with elements of one width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub offset: u64,
    /// Number of bytes, a multiple of the width.
    pub len: u64,
    /// Width of the elements.
    pub width: Width,
}

/// How elements of a type are split; types without an exponent are not.
pub fn width_of(dtype: &str) -> Width {
    match dtype {
        "BF16" | "F16" => Width::Two,
        "F32" | "C64" => Width::Four,
        "F64" => Width::Eight,
        _ => Width::One,
    }
}

/// Ranges of a file of `size` bytes with planes worth telling apart; `open` opens it at its
/// beginning. None for a file of another kind, and for one whose header cannot be read: how
/// a file is coded is no judgement on it.
pub fn ranges<R: Read + Seek>(open: impl Fn() -> R, size: u64) -> Vec<Range> {
    let mut magic = [0; 9];
    if open().read_exact(&mut magic).is_err() {
        return Vec::new();
    }
    let mut found: Vec<Range> = Vec::new();
    if magic.starts_with(gguf::MAGIC) {
        let Ok(header) = gguf::parse(BufReader::new(open()), size) else { return found };
        for tensor in header.list {
            if let Some(offset) = header.data_start.checked_add(tensor.offset) {
                found.push(Range { offset, len: tensor.bytes, width: width_of(&tensor.dtype) });
            }
        }
    } else if magic[8] == b'{' {
        let Ok(header) = safetensors::parse(&mut BufReader::new(open()), size) else {
            return found;
        };
        let length = magic.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let start = length.saturating_add(8);
        for tensor in header.tensors {
            let (first, end) = tensor.offsets;
            if let (Some(offset), Some(len)) = (start.checked_add(first), end.checked_sub(first)) {
                found.push(Range { offset, len, width: width_of(&tensor.dtype) });
            }
        }
    }
    tidy(found, size)
}

/// Sorted, apart, within the file, neighbours joined, small ones left out.
fn tidy(mut found: Vec<Range>, size: u64) -> Vec<Range> {
    found.retain(|range| range.width != Width::One && range.len > 0);
    found.sort_by_key(|range| (range.offset, range.len));
    let mut tidy: Vec<Range> = Vec::new();
    for range in found {
        let Some(end) = range.offset.checked_add(range.len).filter(|end| *end <= size) else {
            continue;
        };
        match tidy.last_mut() {
            Some(last) if range.offset < last.offset + last.len => {}
            Some(last) if range.offset == last.offset + last.len && range.width == last.width => {
                last.len = end - last.offset;
            }
            _ => tidy.push(range),
        }
    }
    for range in &mut tidy {
        range.len -= range.len % range.width.bytes() as u64;
    }
    tidy.retain(|range| range.len >= SMALLEST);
    tidy
}

/// What lies in `len` bytes from `offset` on, in whole elements, counted from there.
pub fn cut(ranges: &[Range], offset: u64, len: u64) -> Vec<Range> {
    let end = offset.saturating_add(len);
    let cut = ranges.iter().filter_map(|range| {
        let width = range.width.bytes() as u64;
        let skip = offset.saturating_sub(range.offset).div_ceil(width).checked_mul(width)?;
        let first = range.offset.checked_add(skip)?;
        let last = range.offset.saturating_add(range.len).min(end);
        let len = last.checked_sub(first)?;
        let len = len - len % width;
        (len > 0).then(|| Range { offset: first - offset, len, width: range.width })
    });
    cut.collect()
}
