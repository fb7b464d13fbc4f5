//! Stored values, read bit by bit from the descriptions of the layouts.

use pkg_cuda_smoke::quant::WeightType;

/// A half by its definition: sign, five bits of exponent, ten of fraction.
pub fn half(low: u8, high: u8) -> f64 {
    let bits = u32::from(low) + 256 * u32::from(high);
    let sign = if bits >= 0x8000 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (bits / 1024 % 32, f64::from(bits % 1024));
    match exponent {
        0 => sign * fraction * 2_f64.powi(-24),
        31 if bits % 1024 == 0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2_f64.powi(exponent as i32 - 25),
    }
}

/// The values of a row; each is exact in f64 but for the sums of Q4_1 and Q4_K, which
/// are exact too, as halves have few bits.
pub fn values(kind: WeightType, row: &[u8]) -> Vec<f64> {
    let (_, size) = kind.block();
    row.chunks(size).flat_map(|block| one(kind, block)).collect()
}

fn nibble(bytes: &[u8], i: usize) -> f64 {
    // The first half of the numbers are the lower bits.
    let half = bytes.len();
    f64::from(if i < half { bytes[i] % 16 } else { bytes[i - half] / 16 })
}

fn one(kind: WeightType, b: &[u8]) -> Vec<f64> {
    let signed = |byte: u8| f64::from(byte as i8);
    match kind {
        WeightType::F32 => vec![f64::from(f32::from_le_bytes(b.try_into().unwrap()))],
        WeightType::F16 => vec![half(b[0], b[1])],
        WeightType::Bf16 => vec![f64::from(f32::from_le_bytes([0, 0, b[0], b[1]]))],
        WeightType::Q8_0 => (0..32).map(|i| half(b[0], b[1]) * signed(b[2 + i])).collect(),
        WeightType::Q4_0 => {
            (0..32).map(|i| half(b[0], b[1]) * (nibble(&b[2..], i) - 8.0)).collect()
        }
        WeightType::Q4_1 => {
            (0..32).map(|i| half(b[0], b[1]) * nibble(&b[4..], i) + half(b[2], b[3])).collect()
        }
        WeightType::Q4K => (0..256).map(|i| q4_k(b, i)).collect(),
        WeightType::Q6K => (0..256).map(|i| q6_k(b, i)).collect(),
    }
}

/// Value `i` of a Q4_K block: eight parts of 32 with a scale and a minimum each. The first
/// four pairs are the lower six bits of bytes 0-3 and 4-7; of the others the lower four
/// bits are in bytes 8-11, and the upper two above the first four pairs.
fn q4_k(b: &[u8], i: usize) -> f64 {
    let (part, s) = (i / 32, &b[4..16]);
    let (scale, least) = if part < 4 {
        (s[part] % 64, s[part + 4] % 64)
    } else {
        (s[part + 4] % 16 + 16 * (s[part - 4] / 64), s[part + 4] / 16 + 16 * (s[part] / 64))
    };
    let numbers = &b[16 + i / 64 * 32..][..32];
    half(b[0], b[1]) * f64::from(scale) * nibble(numbers, i % 64)
        - half(b[2], b[3]) * f64::from(least)
}

/// Value `i` of a Q6_K block: of 128 values the four lower bits of the first 64 are the
/// lower bits of 64 bytes, those of the others the upper bits; the two upper bits of values
/// 32 apart share a byte.
fn q6_k(b: &[u8], i: usize) -> f64 {
    let (part, at) = (i / 128, i % 128);
    let low = nibble(&b[part * 64..][..64], at);
    let high = b[128 + part * 32 + at % 32] >> (at / 32 * 2) & 3;
    let scale = f64::from(b[192 + i / 16] as i8);
    half(b[208], b[209]) * scale * (low + 16.0 * f64::from(high) - 32.0)
}
