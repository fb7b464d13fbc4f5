//! Element types: what they are called, and how their values are looked at.
//!
//! Sources: the `Dtype` list of the safetensors README; `ggml-common.h` of ggml for the
//! layout of quantised blocks, and `ggml_validate_row_data` there for which fields of a
//! block must be finite.

/// An element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    /// Its name in the format.
    pub(crate) name: &'static str,
    /// How its values are looked at.
    pub(crate) look: Look,
}

/// How values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Real numbers.
    Real(Real),
    /// Blocks with real scales.
    Blocks(Block),
    /// Whole numbers and truth values: every pattern is a number.
    Whole,
    /// Real numbers of a type without infinities and NaN.
    AlwaysFinite,
    /// Not known how.
    Unknown,
}

/// A type of real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Real {
    /// IEEE 754 binary64.
    F64,
    /// IEEE 754 binary32; complex numbers are pairs of it.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of binary32.
    Bf16,
    /// Four bits of exponent, no infinities, NaN is all ones.
    E4m3,
    /// Five bits of exponent, with infinities.
    E5m2,
    /// Either of the 8-bit types without infinities and negative zero; NaN is `0x80`.
    Fnuz,
    /// An exponent alone; NaN is `0xff`.
    E8m0,
}

impl Real {
    /// Bytes of one value.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::E4m3 | Self::E5m2 | Self::Fnuz | Self::E8m0 => 1,
        }
    }
}

/// A quantised block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its elements.
    pub(crate) elements: usize,
    /// Its bytes.
    pub(crate) bytes: usize,
    /// Type of its scales.
    pub(crate) scale: Real,
    /// Where its first scale is.
    pub(crate) first: usize,
    /// Where its second scale or minimum is; the first again when it has one only.
    pub(crate) second: usize,
}

const fn real(name: &'static str, real: Real) -> Dtype {
    Dtype { name, look: Look::Real(real) }
}

const fn whole(name: &'static str) -> Dtype {
    Dtype { name, look: Look::Whole }
}

/// Blocks of `elements` in `bytes` with half-precision scales at these places.
const fn half(
    name: &'static str,
    elements: usize,
    bytes: usize,
    first: usize,
    second: usize,
) -> Dtype {
    let block = Block { elements, bytes, scale: Real::F16, first, second };
    Dtype { name, look: Look::Blocks(block) }
}

/// Types of safetensors files.
const SAFETENSORS: &[Dtype] = &[
    real("F64", Real::F64),
    real("F32", Real::F32),
    real("C64", Real::F32),
    real("F16", Real::F16),
    real("BF16", Real::Bf16),
    real("F8_E4M3", Real::E4m3),
    real("F8_E5M2", Real::E5m2),
    real("F8_E4M3FNUZ", Real::Fnuz),
    real("F8_E5M2FNUZ", Real::Fnuz),
    real("F8_E8M0", Real::E8m0),
    Dtype { name: "F4", look: Look::AlwaysFinite },
    Dtype { name: "F6_E2M3", look: Look::AlwaysFinite },
    Dtype { name: "F6_E3M2", look: Look::AlwaysFinite },
    whole("BOOL"),
    whole("U8"),
    whole("I8"),
    whole("U16"),
    whole("I16"),
    whole("U32"),
    whole("I32"),
    whole("U64"),
    whole("I64"),
];

/// Types of GGUF files.
const GGUF: &[Dtype] = &[
    real("F64", Real::F64),
    real("F32", Real::F32),
    real("F16", Real::F16),
    real("BF16", Real::Bf16),
    half("Q4_0", 32, 18, 0, 0),
    half("Q4_1", 32, 20, 0, 2),
    half("Q5_0", 32, 22, 0, 0),
    half("Q5_1", 32, 24, 0, 2),
    half("Q8_0", 32, 34, 0, 0),
    half("Q8_1", 32, 36, 0, 2),
    half("Q2_K", 256, 84, 80, 82),
    half("Q3_K", 256, 110, 108, 108),
    half("Q4_K", 256, 144, 0, 2),
    half("Q5_K", 256, 176, 0, 2),
    half("Q6_K", 256, 210, 208, 208),
    Dtype {
        name: "Q8_K",
        look: Look::Blocks(Block {
            elements: 256,
            bytes: 292,
            scale: Real::F32,
            first: 0,
            second: 0,
        }),
    },
    half("IQ2_XXS", 256, 66, 0, 0),
    half("IQ2_XS", 256, 74, 0, 0),
    half("IQ3_XXS", 256, 98, 0, 0),
    half("IQ1_S", 256, 50, 0, 0),
    half("IQ4_NL", 32, 18, 0, 0),
    half("IQ3_S", 256, 110, 0, 0),
    half("IQ2_S", 256, 82, 0, 0),
    half("IQ4_XS", 256, 136, 0, 0),
    half("TQ1_0", 256, 54, 52, 52),
    half("TQ2_0", 256, 66, 64, 64),
    Dtype {
        name: "MXFP4",
        look: Look::Blocks(Block {
            elements: 32,
            bytes: 17,
            scale: Real::E8m0,
            first: 0,
            second: 0,
        }),
    },
    // Its scale is spread over four words.
    Dtype { name: "IQ1_M", look: Look::Unknown },
    whole("I8"),
    whole("I16"),
    whole("I32"),
    whole("I64"),
];

const UNKNOWN: Dtype = Dtype { name: "unknown", look: Look::Unknown };

impl Dtype {
    /// The type of this name in safetensors files.
    pub(crate) fn safetensors(name: &str) -> Self {
        SAFETENSORS.iter().find(|dtype| dtype.name == name).copied().unwrap_or(UNKNOWN)
    }

    /// The type of this name in GGUF files.
    pub(crate) fn gguf(name: &str) -> Self {
        GGUF.iter().find(|dtype| dtype.name == name).copied().unwrap_or(UNKNOWN)
    }

    /// Whether it is a type of real numbers of which each has an element of its own.
    pub(crate) const fn is_plain(self) -> bool {
        matches!(self.look, Look::Real(_))
    }
}

#[cfg(test)]
mod tests {
    use super::{Dtype, GGUF, Look, SAFETENSORS, UNKNOWN};

    #[test]
    fn sizes_agree_with_the_reader_of_headers() {
        for dtype in SAFETENSORS {
            let bits = pkg_formats::safetensors::dtype_bits(dtype.name).unwrap();
            if let (Look::Real(real), true) = (dtype.look, dtype.name != "C64") {
                assert_eq!(real.size() as u64 * 8, bits, "{}", dtype.name);
            }
        }
        assert_eq!(Dtype::safetensors("F99"), UNKNOWN);
    }

    #[test]
    fn scales_lie_in_their_blocks() {
        for dtype in GGUF {
            let Look::Blocks(block) = dtype.look else { continue };
            let end = block.first.max(block.second) + block.scale.size();
            assert!(end <= block.bytes, "{}", dtype.name);
        }
        assert_eq!(Dtype::gguf("type 77"), UNKNOWN);
    }

    #[test]
    fn blocks_agree_with_the_reader_of_headers() {
        use pkg_formats::samples::{gguf_file, tensor};
        for kind in 0..64 {
            let bytes = gguf_file(&[], &[tensor("w", &[256], kind, 0)], 4096);
            let size = bytes.len() as u64;
            let input = std::io::BufReader::new(std::io::Cursor::new(bytes));
            let header = pkg_formats::gguf::parse(input, size).unwrap();
            let [tensor] = &header.list[..] else { unreachable!() };
            let expected = match Dtype::gguf(&tensor.dtype).look {
                Look::Blocks(block) => 256 / block.elements * block.bytes,
                Look::Real(real) => 256 * real.size(),
                Look::Whole | Look::AlwaysFinite => continue,
                Look::Unknown => {
                    let known = tensor.dtype == "IQ1_M" || tensor.dtype.starts_with("type ");
                    assert!(known, "{}", tensor.dtype);
                    continue;
                }
            };
            assert_eq!(expected as u64, tensor.bytes, "{}", tensor.dtype);
        }
    }
}
