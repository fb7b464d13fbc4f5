//! The loops over values.
//!
//! A page of 4 KiB is looked at without branches: the greatest magnitude, and whether a
//! bit differs from the first value. NaN and infinities are the greatest magnitudes of
//! their type, so only pages that have one are looked at again, value by value.

use super::tally::Tally;
use crate::dtype::{Block, Real};

/// Bytes that are looked at in one go.
pub(crate) const PAGE: usize = 4096;

/// How the bits of a type are read.
trait Kind {
    /// Magnitudes from here on are not finite.
    const LIMIT: u64;
    /// The only infinite magnitude, if there is one.
    const INFINITE: Option<u64>;
    /// Bytes of a value.
    const SIZE: usize;

    /// Greatest magnitude, and all bits that differ from `first`.
    fn page(bytes: &[u8], first: u64) -> (u64, u64);
    /// Bits of one value.
    fn bits(bytes: &[u8]) -> u64;
    /// Its magnitude.
    fn magnitude(bits: u64) -> u64;
}

macro_rules! kind {
    ($name:ident, $unsigned:ty, $signed:ty, $size:literal, $limit:expr, $infinite:expr) => {
        struct $name;

        impl Kind for $name {
            const LIMIT: u64 = $limit;
            const INFINITE: Option<u64> = $infinite;
            const SIZE: usize = $size;

            // Magnitudes fit the signed type, whose comparison every processor has.
            #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]
            #[allow(clippy::cast_possible_truncation)]
            #[inline]
            fn page(bytes: &[u8], first: u64) -> (u64, u64) {
                let first = first as $unsigned;
                let (mut greatest, mut differ): ($signed, $unsigned) = (0, 0);
                let (values, _) = bytes.as_chunks::<$size>();
                for value in values {
                    let bits = <$unsigned>::from_le_bytes(*value);
                    greatest = greatest.max((bits & (<$unsigned>::MAX >> 1)) as $signed);
                    differ |= bits ^ first;
                }
                (greatest as u64, u64::from(differ))
            }

            #[inline]
            fn bits(bytes: &[u8]) -> u64 {
                bytes
                    .first_chunk::<$size>()
                    .map_or(0, |bytes| u64::from(<$unsigned>::from_le_bytes(*bytes)))
            }

            #[inline]
            fn magnitude(bits: u64) -> u64 {
                bits & u64::from(<$unsigned>::MAX >> 1)
            }
        }
    };
}

kind!(F64, u64, i64, 8, 0x7ff0 << 48, Some(0x7ff0 << 48));
kind!(F32, u32, i32, 4, 0x7f80_0000, Some(0x7f80_0000));
kind!(F16, u16, i16, 2, 0x7c00, Some(0x7c00));
kind!(Bf16, u16, i16, 2, 0x7f80, Some(0x7f80));
kind!(E4m3, u8, i8, 1, 0x7f, None);
kind!(E5m2, u8, i8, 1, 0x7c, Some(0x7c));

macro_rules! byte_kind {
    ($name:ident, $limit:expr, $magnitude:expr) => {
        struct $name;

        impl Kind for $name {
            const LIMIT: u64 = $limit;
            const INFINITE: Option<u64> = None;
            const SIZE: usize = 1;

            #[allow(clippy::cast_possible_truncation)]
            #[inline]
            fn page(bytes: &[u8], first: u64) -> (u64, u64) {
                let magnitude: fn(u8) -> u8 = $magnitude;
                let (mut greatest, mut differ) = (0, 0);
                for byte in bytes {
                    greatest = greatest.max(magnitude(*byte));
                    differ |= byte ^ (first as u8);
                }
                (u64::from(greatest), u64::from(differ))
            }

            #[inline]
            fn bits(bytes: &[u8]) -> u64 {
                bytes.first().copied().map_or(0, u64::from)
            }

            #[allow(clippy::cast_possible_truncation)]
            #[inline]
            fn magnitude(bits: u64) -> u64 {
                let magnitude: fn(u8) -> u8 = $magnitude;
                u64::from(magnitude(bits as u8))
            }
        }
    };
}

// Without the sign, `0x80` is nought; here it becomes the greatest of all.
byte_kind!(Fnuz, 0xff, |byte| if byte == 0x80 { 0xff } else { byte & 0x7f });
byte_kind!(E8m0, 0xff, |byte| byte);
byte_kind!(Bytes, 0x100, |byte| byte);

/// Looks at values; `index` is that of the first one.
pub(crate) fn real(kind: Real, bytes: &[u8], index: u64) -> Tally {
    match kind {
        Real::F64 => values::<F64>(bytes, index),
        Real::F32 => values::<F32>(bytes, index),
        Real::F16 => values::<F16>(bytes, index),
        Real::Bf16 => values::<Bf16>(bytes, index),
        Real::E4m3 => values::<E4m3>(bytes, index),
        Real::E5m2 => values::<E5m2>(bytes, index),
        Real::Fnuz => values::<Fnuz>(bytes, index),
        Real::E8m0 => values::<E8m0>(bytes, index),
    }
}

/// Looks whether there is anything but noughts.
pub(crate) fn opaque(bytes: &[u8]) -> Tally {
    values::<Bytes>(bytes, 0)
}

fn values<K: Kind>(bytes: &[u8], index: u64) -> Tally {
    let mut tally = Tally::new(K::bits(bytes));
    for (number, page) in bytes.chunks(PAGE).enumerate() {
        let (greatest, differ) = K::page(page, tally.first);
        tally.constant &= differ == 0;
        let zero = greatest == 0;
        tally.zero &= zero;
        tally.zero_pages += u64::from(zero && page.len() == PAGE);
        if greatest < K::LIMIT {
            tally.greatest = tally.greatest.max(greatest);
        } else {
            let at = index + (number * (PAGE / K::SIZE)) as u64;
            each::<K>(page.chunks_exact(K::SIZE).map(K::bits), at, &mut tally);
        }
    }
    tally
}

/// Counts what is not finite, value by value.
fn each<K: Kind>(values: impl Iterator<Item = u64>, index: u64, tally: &mut Tally) {
    for (number, bits) in values.enumerate() {
        let magnitude = K::magnitude(bits);
        if magnitude < K::LIMIT {
            tally.greatest = tally.greatest.max(magnitude);
            continue;
        }
        if K::INFINITE == Some(magnitude) {
            tally.infinite += 1;
        } else {
            tally.nan += 1;
        }
        let at = index + number as u64;
        tally.first_bad = Some(tally.first_bad.map_or(at, |first| first.min(at)));
    }
}

/// Looks at the scales of blocks; `index` is that of the first block.
pub(crate) fn blocks(block: &Block, bytes: &[u8], index: u64) -> Tally {
    match block.scale {
        Real::F32 => scales::<F32>(block, bytes, index),
        Real::E8m0 => scales::<E8m0>(block, bytes, index),
        // Every other block has scales of half precision.
        _ => scales::<F16>(block, bytes, index),
    }
}

fn scales<K: Kind>(block: &Block, bytes: &[u8], index: u64) -> Tally {
    let mut tally = Tally::new(0);
    tally.constant = false;
    let mut number = index;
    // As many blocks as a page or so, so that the first bad one is found soon.
    for part in bytes.chunks(block.bytes * 64) {
        let mut greatest = 0;
        let mut count = 0;
        for one in part.chunks_exact(block.bytes) {
            let first = K::magnitude(K::bits(&one[block.first..]));
            let second = K::magnitude(K::bits(&one[block.second..]));
            greatest = first.max(second).max(greatest);
            count += 1;
        }
        tally.zero &= greatest == 0;
        if greatest < K::LIMIT {
            tally.greatest = tally.greatest.max(greatest);
        } else {
            bad::<K>(block, part, number, &mut tally);
        }
        number += count;
    }
    tally
}

/// Counts blocks of which a scale is not finite.
fn bad<K: Kind>(block: &Block, bytes: &[u8], index: u64, tally: &mut Tally) {
    for (number, one) in bytes.chunks_exact(block.bytes).enumerate() {
        let first = K::bits(&one[block.first..]);
        let second = K::bits(&one[block.second..]);
        // A block with both counts as not a number.
        let worst = if K::magnitude(first) >= K::magnitude(second) { first } else { second };
        each::<K>(std::iter::once(worst), index + number as u64, tally);
    }
}

/// The magnitude with these bits, as a number.
pub(crate) fn magnitude(kind: Real, bits: u64) -> f64 {
    // Bits of a type have no more than its width.
    #[allow(clippy::cast_possible_truncation)]
    match kind {
        Real::F64 => f64::from_bits(bits),
        Real::F32 => f64::from(f32::from_bits(bits as u32)),
        Real::Bf16 => f64::from(f32::from_bits((bits as u32) << 16)),
        Real::F16 => half(bits as u16),
        // Types of a byte reach 57,344 at most; an exponent alone is a scale.
        Real::E4m3 | Real::E5m2 | Real::Fnuz | Real::E8m0 => 0.0,
    }
}

/// A half-precision magnitude.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
    if exponent == 0 {
        fraction * 2_f64.powi(-14)
    } else {
        (1.0 + fraction) * 2_f64.powi(exponent - 15)
    }
}
