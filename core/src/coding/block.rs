//! One block of a coded stream: up to [`MAX_BLOCK`] raw bytes, self-describing.
//!
//! A head of 8 bytes (width, mask of compressed planes, two zeros, raw length), the stored
//! length of every plane, then the planes. Numbers are little-endian. Nothing that a head
//! says is believed before it is held against the limits here.

use std::io::{self, Read};

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

use super::{Failure, planes};

/// Most raw bytes of a block: a multiple of every width.
pub const MAX_BLOCK: usize = 1 << 20;

/// Bytes of the head of a block.
const HEAD: usize = 8;

/// zstd level: higher ones are slower and no better on exponents, which only entropy
/// coding makes smaller.
const LEVEL: i32 = 1;

/// Bytes of an element, and so the number of planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// No elements are told apart: one plane.
    One,
    /// bf16 and f16.
    Two,
    /// f32, and pairs of it.
    Four,
    /// f64.
    Eight,
}

impl Width {
    /// Bytes of an element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::One, Self::Two, Self::Four, Self::Eight]
            .into_iter()
            .find(|width| width.bytes() == usize::from(byte))
    }
}

/// Whether so many stored bytes are worth decoding: at most 97 % of the raw ones.
pub const fn pays(stored: u64, raw: u64) -> bool {
    (stored as u128) * 100 <= (raw as u128) * 97
}

/// Raw bytes to be coded.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) width: Width,
    pub(super) bytes: Vec<u8>,
}

/// Encodes blocks, one after the other.
pub(super) struct Coder {
    zstd: Compressor<'static>,
    planes: Vec<u8>,
    packed: Vec<u8>,
}

impl Coder {
    pub(super) fn new() -> io::Result<Self> {
        let packed = vec![0; zstd_safe::compress_bound(MAX_BLOCK)];
        Ok(Self { zstd: Compressor::new(LEVEL)?, planes: vec![0; MAX_BLOCK], packed })
    }

    /// One block. Its length is a multiple of the width, and not 0.
    pub(super) fn encode(&mut self, raw: &Raw) -> io::Result<Vec<u8>> {
        let width = raw.width.bytes();
        let (len, count) = (raw.bytes.len(), raw.bytes.len() / width);
        let planes = &mut self.planes[..len];
        match raw.width {
            Width::One => planes.copy_from_slice(&raw.bytes),
            Width::Two => {
                let (a, b) = planes.split_at_mut(count);
                planes::split2(&raw.bytes, [a, b]);
            }
            Width::Four => {
                let (ab, cd) = planes.split_at_mut(2 * count);
                let ((a, b), (c, d)) = (ab.split_at_mut(count), cd.split_at_mut(count));
                planes::split4(&raw.bytes, [a, b, c, d]);
            }
            Width::Eight => planes::split8(&raw.bytes, planes),
        }
        let too_long = |_| io::Error::other("a block is longer than its length can say");
        let body = HEAD + 4 * width;
        let mut out = Vec::with_capacity(body + len);
        out.resize(body, 0);
        out[0] = u8::try_from(width).map_err(too_long)?;
        out[4..8].copy_from_slice(&u32::try_from(len).map_err(too_long)?.to_le_bytes());
        for (number, plane) in self.planes[..len].chunks_exact(count).enumerate() {
            let packed = self.zstd.compress_to_buffer(plane, &mut self.packed[..])?;
            let stored = if pays(packed as u64, plane.len() as u64) {
                out[1] |= 1 << number;
                &self.packed[..packed]
            } else {
                plane
            };
            let at = HEAD + 4 * number;
            let stored_len = u32::try_from(stored.len()).map_err(too_long)?;
            out[at..at + 4].copy_from_slice(&stored_len.to_le_bytes());
            out.extend_from_slice(stored);
        }
        Ok(out)
    }
}

/// A block as it was stored, its lengths within the limits.
#[derive(Debug)]
pub(super) struct Stored {
    width: Width,
    packed: u8,
    /// Raw bytes.
    pub(super) len: usize,
    lens: [usize; 8],
    body: Vec<u8>,
}

fn invalid(why: impl Into<String>) -> Failure {
    Failure::Invalid(why.into())
}

/// Fills `bytes`; an end before that makes the stream invalid.
pub(super) fn exactly(input: &mut dyn Read, bytes: &mut [u8]) -> Result<(), Failure> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => invalid("it is cut short"),
        _ => Failure::Reading(error),
    })
}

impl Stored {
    /// Reads the next block, of at most `left` raw bytes; none at the end mark.
    pub(super) fn read(input: &mut dyn Read, left: u64) -> Result<Option<Self>, Failure> {
        let mut head = [0; HEAD];
        exactly(input, &mut head)?;
        if head == [0; HEAD] {
            return Ok(None);
        }
        let [width, packed, 0, 0, a, b, c, d] = head else {
            return Err(invalid("a reserved byte is not 0"));
        };
        let width = Width::of(width)
            .ok_or_else(|| invalid(format!("a block has elements of {width} bytes")))?;
        if u32::from(packed) >= 1_u32 << width.bytes() {
            return Err(invalid("a plane is compressed that the block does not have"));
        }
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if len == 0 || len > MAX_BLOCK || len % width.bytes() != 0 {
            return Err(invalid(format!("a block of {len} bytes")));
        }
        if len as u64 > left {
            return Err(invalid("it unfolds to more bytes than it says"));
        }
        let plane = len / width.bytes();
        let mut lens = [0; 8];
        for (number, stored) in lens.iter_mut().enumerate().take(width.bytes()) {
            let mut bytes = [0; 4];
            exactly(input, &mut bytes)?;
            *stored = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
            let fits = if packed >> number & 1 == 1 {
                (1..plane).contains(stored)
            } else {
                *stored == plane
            };
            if !fits {
                return Err(invalid(format!("a plane of {plane} bytes is stored in {stored}")));
            }
        }
        let mut body = vec![0; lens.iter().sum()];
        exactly(input, &mut body)?;
        Ok(Some(Self { width, packed, len, lens, body }))
    }
}

/// Decodes blocks, one after the other.
pub(super) struct Uncoder {
    zstd: Decompressor<'static>,
    planes: Vec<u8>,
}

impl Uncoder {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { zstd: Decompressor::new()?, planes: vec![0; MAX_BLOCK] })
    }

    /// The raw bytes of a block.
    pub(super) fn decode(&mut self, block: &Stored) -> Result<Vec<u8>, Failure> {
        let plane = block.len / block.width.bytes();
        let mut found: [&[u8]; 8] = [&[]; 8];
        let (mut rest, mut room) = (block.body.as_slice(), self.planes.as_mut_slice());
        for (number, found) in found.iter_mut().enumerate().take(block.width.bytes()) {
            let (stored, later) = rest.split_at(block.lens[number]);
            rest = later;
            if block.packed >> number & 1 == 0 {
                *found = stored;
                continue;
            }
            let (here, later) = room.split_at_mut(plane);
            room = later;
            let frame = zstd_safe::find_frame_compressed_size(stored);
            if frame != Ok(stored.len()) {
                return Err(invalid("a plane is not one whole zstd frame"));
            }
            match self.zstd.decompress_to_buffer(stored, &mut *here) {
                Ok(got) if got == plane => {}
                Ok(got) => return Err(invalid(format!("a plane of {plane} bytes has {got}"))),
                Err(error) => {
                    return Err(invalid(format!("a plane cannot be decompressed: {error}")));
                }
            }
            *found = here;
        }
        let [a, b, c, d, ..] = found;
        if block.width == Width::One {
            return Ok(a.to_vec());
        }
        let mut raw = vec![0; block.len];
        match block.width {
            Width::One => {}
            Width::Two => planes::join2(&mut raw, [a, b]),
            Width::Four => planes::join4(&mut raw, [a, b, c, d]),
            Width::Eight => planes::join8(&mut raw, &found),
        }
        Ok(raw)
    }
}
