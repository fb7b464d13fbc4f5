//! Headers of safetensors files.
//!
//! A file is an 8-byte little-endian length, a JSON object of that length, and
//! the tensor data. Source: the format section of the safetensors README. This
//! reader holds files to all of it: known types, sizes that follow from shape
//! and type, tensors that cover the data without overlap or gap.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::Read;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// Longest header in bytes, the limit of the reference implementation.
pub const MAX_HEADER: u64 = 100_000_000;
/// Most dimensions a tensor may have.
const MAX_RANK: usize = 64;

/// A header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The tensors, in the order of their data.
    pub tensors: Vec<Tensor>,
    /// The `__metadata__` entry.
    pub metadata: BTreeMap<String, String>,
}

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Name.
    pub name: String,
    /// Element type as written, such as `BF16`.
    pub dtype: String,
    /// Length of each dimension, in elements.
    pub shape: Vec<u64>,
    /// First byte and byte after the last, counted from the start of the data.
    pub offsets: (u64, u64),
}

impl Tensor {
    /// Number of elements; none if it does not fit 64 bits.
    pub fn elements(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |product, length| product.checked_mul(*length))
    }
}

/// Bits per element; none for a type that the format does not know.
pub fn dtype_bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "F64" | "I64" | "U64" | "C64" => 64,
        _ => return None,
    })
}

/// Reads a header from the start of `input`, a file of `size` bytes.
///
/// The error is the reason, for people.
pub fn parse(input: &mut impl Read, size: u64) -> std::result::Result<Header, String> {
    let mut length = [0; 8];
    input.read_exact(&mut length).map_err(|_| {
        format!("the file has {size} bytes; a safetensors file starts with an 8-byte length")
    })?;
    let length = u64::from_le_bytes(length);
    let rest = size.saturating_sub(8);
    if length > rest {
        return Err(format!("the header says it has {length} bytes, but only {rest} follow"));
    }
    if length > MAX_HEADER {
        return Err(format!(
            "the header says it has {length} bytes; at most {MAX_HEADER} are read"
        ));
    }
    // The buffer grows with what is really there, not with what was promised.
    let mut json = Vec::new();
    input.take(length).read_to_end(&mut json).map_err(|error| error.to_string())?;
    if json.len() as u64 != length {
        return Err(format!("the header ends after {} of {length} bytes", json.len()));
    }
    if json.first() != Some(&b'{') {
        return Err("the header does not start with `{`".to_owned());
    }
    let entries: Entries = serde_json::from_slice(&json)
        .map_err(|error| format!("the header is not the JSON it should be: {error}"))?;
    drop(json);
    let mut header = Header { tensors: entries.tensors, metadata: entries.metadata };
    header.tensors.sort_by(|a, b| (a.offsets, &a.name).cmp(&(b.offsets, &b.name)));
    check_layout(&header.tensors, rest - length)?;
    Ok(header)
}

fn check_layout(tensors: &[Tensor], data: u64) -> std::result::Result<(), String> {
    let mut end = 0;
    for tensor in tensors {
        let name = &tensor.name;
        let (from, to) = tensor.offsets;
        if to < from {
            return Err(format!("tensor {name:?} ends at {to}, before it starts at {from}"));
        }
        if to > data {
            return Err(format!("tensor {name:?} ends at byte {to} of {data} bytes of data"));
        }
        let bits = dtype_bits(&tensor.dtype)
            .ok_or_else(|| format!("tensor {name:?} has the unknown type {:?}", tensor.dtype))?;
        let expected = tensor
            .elements()
            .and_then(|elements| elements.checked_mul(bits))
            .ok_or_else(|| format!("the shape of tensor {name:?} overflows 64 bits"))?;
        if !expected.is_multiple_of(8) || expected / 8 != to - from {
            return Err(format!(
                "tensor {name:?} has {} bytes, but its shape and type need {expected} bits",
                to - from
            ));
        }
        if from < end {
            return Err(format!("tensor {name:?} overlaps the tensor before it"));
        }
        if from > end {
            return Err(format!("{} bytes before tensor {name:?} belong to none", from - end));
        }
        end = to;
    }
    if end < data {
        return Err(format!("the last {} bytes of the file belong to no tensor", data - end));
    }
    Ok(())
}

#[derive(Default)]
struct Entries {
    tensors: Vec<Tensor>,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TensorEntry {
    dtype: String,
    shape: Shape,
    data_offsets: (u64, u64),
}

struct Shape(Vec<u64>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct ShapeVisitor;
        impl<'de> Visitor<'de> for ShapeVisitor {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX_RANK} whole numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> std::result::Result<Shape, A::Error> {
                let mut shape = Vec::new();
                while let Some(length) = items.next_element()? {
                    if shape.len() == MAX_RANK {
                        return Err(de::Error::invalid_length(MAX_RANK + 1, &self));
                    }
                    shape.push(length);
                }
                Ok(Shape(shape))
            }
        }
        deserializer.deserialize_seq(ShapeVisitor)
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Entries, A::Error> {
                let mut entries = Entries::default();
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        let _: IgnoredAny = map.next_value()?;
                        return Err(de::Error::custom(format!("{name:?} is there twice")));
                    }
                    if name == "__metadata__" {
                        entries.metadata = map.next_value()?;
                        continue;
                    }
                    let entry: TensorEntry = map.next_value()?;
                    entries.tensors.push(Tensor {
                        name,
                        dtype: entry.dtype,
                        shape: entry.shape.0,
                        offsets: entry.data_offsets,
                    });
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Header, parse};
    use crate::samples::safetensors as file;

    fn read(bytes: &[u8]) -> Result<Header, String> {
        parse(&mut &bytes[..], bytes.len() as u64)
    }

    const ONE: &str = r#""a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}"#;

    #[test]
    fn a_correct_header_is_read() {
        let text = format!(
            r#"{{"__metadata__":{{"format":"pt"}},"b":{{"dtype":"BF16","shape":[],"data_offsets":[24,26]}},{ONE}}}  "#
        );
        let header = read(&file(&text, 26)).unwrap();
        assert_eq!(header.metadata["format"], "pt");
        let names: Vec<&str> = header.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names, ["a", "b"], "in the order of the data");
        assert_eq!(header.tensors[0].elements(), Some(6));
        assert_eq!(read(&file("{}", 0)).unwrap().tensors, []);
    }

    #[test]
    fn each_lie_is_named() {
        let tensor = |name: &str, dtype: &str, shape: &str, from: u64, to: u64| {
            format!(
                r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#
            )
        };
        let max = u64::MAX;
        let cases = [
            (format!("{{{ONE}}}"), 20, "ends at byte 24 of 20"),
            (format!("{{{ONE}}}"), 25, "last 1 bytes"),
            (format!("{{{}}}", tensor("a", "F32", "[1]", 4, 8)), 8, "4 bytes before"),
            (format!("{{{ONE},{}}}", tensor("b", "F32", "[1]", 20, 24)), 24, "overlaps"),
            (format!("{{{}}}", tensor("a", "F32", "[2]", 0, 4)), 4, "need 64 bits"),
            (format!("{{{}}}", tensor("a", "F4", "[3]", 0, 1)), 1, "need 12 bits"),
            (format!("{{{}}}", tensor("a", "F99", "[1]", 0, 4)), 4, "unknown type"),
            (format!("{{{}}}", tensor("a", "F32", &format!("[{max},2]"), 0, 4)), 4, "overflows"),
            (format!("{{{}}}", tensor("a", "F32", "[1]", 4, 0)), 4, "before it starts"),
            (format!("{{{}}}", tensor("a", "F32", "[-1]", 0, 4)), 4, "not the JSON"),
            (format!("{{{ONE},{ONE}}}"), 24, "there twice"),
            (format!("[{{{ONE}}}]"), 24, "start with `{`"),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#.into(), 4, "x"),
            (r#"{"__metadata__":{"a":1}}"#.into(), 0, "not the JSON"),
            (
                format!("{{{}}}", tensor("a", "U8", &format!("[{}1]", "1,".repeat(64)), 0, 1)),
                1,
                "at most 64",
            ),
            ("{\"a\":".repeat(4000), 0, "not the JSON"),
        ];
        for (header, data, expected) in cases {
            let reason = read(&file(&header, data)).unwrap_err();
            assert!(reason.contains(expected), "{reason:?} lacks {expected:?}");
        }
    }

    #[test]
    fn a_promised_length_is_not_believed() {
        let mut bytes = file("{}", 0);
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read(&bytes).unwrap_err().contains("only 2 follow"));
        // The size on disk may lie too (sparse files): the cap holds then.
        assert!(parse(&mut &bytes[..], u64::MAX).unwrap_err().contains("bytes"));
        bytes[..8].copy_from_slice(&(super::MAX_HEADER).to_le_bytes());
        assert!(parse(&mut &bytes[..], u64::MAX).unwrap_err().contains("ends after 2"));
        assert!(read(b"short").unwrap_err().contains("8-byte"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>, size: u64) {
            let _ = read(&bytes);
            let _ = parse(&mut &bytes[..], size);
        }

        #[test]
        fn accepted_tensors_cover_the_data(
            lengths in proptest::collection::vec(0_u64..5, 1..5), slack in 0_usize..2,
        ) {
            let mut end = 0;
            let parts: Vec<String> = lengths.iter().enumerate().map(|(i, n)| {
                let from = end;
                end += n;
                format!(r#""t{i}":{{"dtype":"U8","shape":[{n}],"data_offsets":[{from},{end}]}}"#)
            }).collect();
            let bytes = file(&format!("{{{}}}", parts.join(",")), usize::try_from(end).unwrap() + slack);
            prop_assert_eq!(read(&bytes).is_ok(), slack == 0);
        }
    }
}
