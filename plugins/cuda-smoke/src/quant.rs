//! How weights are stored, and their values.

/// How the values of a tensor are stored.
///
/// Block layouts are those of ggml (`ggml-common.h`), little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightType {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of a single.
    Bf16,
    /// 32 values: half scale, 32 signed bytes.
    Q8_0,
    /// 32 values: half scale, 16 bytes of two 4-bit numbers.
    Q4_0,
    /// 32 values: half scale and minimum, 16 bytes of two 4-bit numbers.
    Q4_1,
    /// 256 values: half scale and minimum, 12 bytes of 6-bit scales, 128 bytes.
    Q4K,
    /// 256 values: 128 + 64 bytes of 6-bit numbers, 16 scales, half scale.
    Q6K,
}

impl WeightType {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q8_0,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q4K,
        Self::Q6K,
    ];

    /// The type by its name in GGUF or safetensors.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::Bf16,
            "Q8_0" => Self::Q8_0,
            "Q4_0" => Self::Q4_0,
            "Q4_1" => Self::Q4_1,
            "Q4_K" => Self::Q4K,
            "Q6_K" => Self::Q6K,
            _ => return None,
        })
    }

    /// Values of a block, and bytes of a block.
    pub const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q8_0 => (32, 34),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q4K => (256, 144),
            Self::Q6K => (256, 210),
        }
    }

    /// Bytes of a row of `columns` values, a multiple of the block's.
    pub const fn row_bytes(self, columns: usize) -> usize {
        let (values, bytes) = self.block();
        columns / values * bytes
    }
}

/// A half as a single; exact.
#[inline]
pub const fn from_f16(bits: u16) -> f32 {
    let magnitude = ((bits & 0x7fff) as u32) << 13;
    let sign = ((bits & 0x8000) as u32) << 16;
    // Infinity and NaN keep their fraction; the rest is scaled from bias 15 to 127,
    // which is exact, for subnormal halves too.
    let value = if magnitude >= 0x0f80_0000 {
        f32::from_bits(magnitude | 0x7f80_0000)
    } else {
        f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)
    };
    f32::from_bits(value.to_bits() | sign)
}

/// A bfloat16 as a single; exact.
#[inline]
pub const fn from_bf16(bits: u16) -> f32 {
    f32::from_bits((bits as u32) << 16)
}

impl WeightType {
    /// The values of a row, or of a part of it that is whole blocks.
    ///
    /// `row` has [`row_bytes`](Self::row_bytes) bytes for the values of `out`; what is
    /// beyond the shorter of the two is left alone. Products and sums are rounded as in
    /// ggml's `dequantize_row_*` (`ggml-quants.c`): at most one rounding for each value,
    /// so that a fused multiply-add gives the same.
    // Inlined so that it is compiled for each instruction set that calls it.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub fn dequantise(self, row: &[u8], out: &mut [f32]) {
        match self {
            Self::F32 => {
                for (value, bytes) in out.iter_mut().zip(row.as_chunks::<4>().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => {
                for (value, bytes) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                    *value = from_f16(u16::from_le_bytes(*bytes));
                }
            }
            Self::Bf16 => {
                for (value, bytes) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                    *value = from_bf16(u16::from_le_bytes(*bytes));
                }
            }
            Self::Q8_0 => each::<34, 32>(row, out, q8_0),
            Self::Q4_0 => each::<18, 32>(row, out, q4_0),
            Self::Q4_1 => each::<20, 32>(row, out, q4_1),
            Self::Q4K => each::<144, 256>(row, out, q4_k),
            Self::Q6K => each::<210, 256>(row, out, q6_k),
        }
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn each<const BYTES: usize, const VALUES: usize>(
    row: &[u8],
    out: &mut [f32],
    block: impl Fn(&[u8; BYTES], &mut [f32; VALUES]),
) {
    let blocks = row.as_chunks::<BYTES>().0;
    blocks.iter().zip(out.as_chunks_mut::<VALUES>().0).for_each(|(from, to)| block(from, to));
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn half(bytes: &[u8], at: usize) -> f32 {
    from_f16(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let scale = half(block, 0);
    for (value, byte) in out.iter_mut().zip(&block[2..]) {
        *value = f32::from(byte.cast_signed()) * scale;
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half(block, 0);
    for i in 0..16 {
        let byte = block[2 + i];
        out[i] = (f32::from(byte & 15) - 8.0) * scale;
        out[16 + i] = (f32::from(byte >> 4) - 8.0) * scale;
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (scale, least) = (half(block, 0), half(block, 2));
    for i in 0..16 {
        let byte = block[4 + i];
        out[i] = f32::from(byte & 15) * scale + least;
        out[16 + i] = f32::from(byte >> 4) * scale + least;
    }
}

/// Scale and minimum number `i` of 8, packed in 12 bytes (`get_scale_min_k4`).
#[inline]
pub const fn scale_min_k4(packed: &[u8], i: usize) -> (u8, u8) {
    if i < 4 {
        (packed[i] & 63, packed[i + 4] & 63)
    } else {
        let low = packed[i + 4];
        ((low & 15) | (packed[i - 4] >> 6) << 4, (low >> 4) | (packed[i] >> 6) << 4)
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (scale, least) = (half(block, 0), half(block, 2));
    let (packed, numbers) = block[4..].split_at(12);
    for (pair, (bytes, out)) in numbers.chunks_exact(32).zip(out.chunks_exact_mut(64)).enumerate() {
        let (first, second) = out.split_at_mut(32);
        let (s, m) = scale_min_k4(packed, 2 * pair);
        let (s, m) = (scale * f32::from(s), least * f32::from(m));
        for (value, byte) in first.iter_mut().zip(bytes) {
            *value = s * f32::from(byte & 15) - m;
        }
        let (s, m) = scale_min_k4(packed, 2 * pair + 1);
        let (s, m) = (scale * f32::from(s), least * f32::from(m));
        for (value, byte) in second.iter_mut().zip(bytes) {
            *value = s * f32::from(byte >> 4) - m;
        }
    }
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let scale = half(block, 208);
    for (part, out) in out.chunks_exact_mut(128).enumerate() {
        let low = &block[part * 64..part * 64 + 64];
        let high = &block[128 + part * 32..128 + part * 32 + 32];
        let scales = &block[192 + part * 8..192 + part * 8 + 8];
        for quarter in 0..4 {
            let low = &low[quarter % 2 * 32..quarter % 2 * 32 + 32];
            for i in 0..32 {
                let nibble = if quarter < 2 { low[i] & 15 } else { low[i] >> 4 };
                let number = nibble | (high[i] >> (2 * quarter) & 3) << 4;
                let scaled = scale * f32::from(scales[quarter * 2 + i / 16].cast_signed());
                out[quarter * 32 + i] = scaled * (f32::from(number) - 32.0);
            }
        }
    }
}
