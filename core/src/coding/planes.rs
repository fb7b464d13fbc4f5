//! Splitting elements into planes of bytes, and joining them again.
//!
//! An element is read as a little-endian number and rotated left by one bit, so that the
//! sign goes behind the mantissa and the exponent fills the first byte. Plane 0 has the
//! first byte of every element, plane 1 the second, and so on. Nothing is lost and nothing
//! is interpreted: every bit pattern comes back as it was.
//!
//! Plain loops over slices, for the compiler to vectorise; nothing here allocates.

/// Splits elements of 2 bytes. The planes have one byte for each element.
pub fn split2(raw: &[u8], planes: [&mut [u8]; 2]) {
    let [a, b] = planes;
    for ((element, a), b) in raw.as_chunks::<2>().0.iter().zip(a).zip(b) {
        let rotated = u16::from_le_bytes(*element).rotate_left(1);
        [*a, *b] = rotated.to_be_bytes();
    }
}

/// Joins what [`split2`] split.
pub fn join2(raw: &mut [u8], planes: [&[u8]; 2]) {
    let [a, b] = planes;
    for ((element, a), b) in raw.as_chunks_mut::<2>().0.iter_mut().zip(a).zip(b) {
        *element = u16::from_be_bytes([*a, *b]).rotate_right(1).to_le_bytes();
    }
}

/// Splits elements of 4 bytes. The planes have one byte for each element.
pub fn split4(raw: &[u8], planes: [&mut [u8]; 4]) {
    let [a, b, c, d] = planes;
    let elements = raw.as_chunks::<4>().0.iter();
    for ((((element, a), b), c), d) in elements.zip(a).zip(b).zip(c).zip(d) {
        let rotated = u32::from_le_bytes(*element).rotate_left(1);
        [*a, *b, *c, *d] = rotated.to_be_bytes();
    }
}

/// Joins what [`split4`] split.
pub fn join4(raw: &mut [u8], planes: [&[u8]; 4]) {
    let [a, b, c, d] = planes;
    let elements = raw.as_chunks_mut::<4>().0.iter_mut();
    for ((((element, a), b), c), d) in elements.zip(a).zip(b).zip(c).zip(d) {
        *element = u32::from_be_bytes([*a, *b, *c, *d]).rotate_right(1).to_le_bytes();
    }
}

/// Splits elements of 8 bytes. The planes lie one behind the other.
pub fn split8(raw: &[u8], planes: &mut [u8]) {
    let count = raw.len() / 8;
    for (at, element) in raw.as_chunks::<8>().0.iter().enumerate() {
        let rotated = u64::from_le_bytes(*element).rotate_left(1).to_be_bytes();
        for (plane, byte) in planes.chunks_exact_mut(count).zip(rotated) {
            plane[at] = byte;
        }
    }
}

/// Joins what [`split8`] split.
pub fn join8(raw: &mut [u8], planes: &[&[u8]; 8]) {
    for (at, element) in raw.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let bytes = planes.map(|plane| plane[at]);
        *element = u64::from_be_bytes(bytes).rotate_right(1).to_le_bytes();
    }
}
