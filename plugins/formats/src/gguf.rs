//! Headers of GGUF files, versions 1 to 3.
//!
//! Source: the GGUF specification in the ggml repository. Version 1 has 32-bit
//! counts and lengths. Every count is held against the bytes that are left, so
//! that a hostile header costs no more memory than its file has bytes.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::{bad_header, gguf_types};
use crate::finding::{Problem, Result};
use crate::fsx;

/// First bytes of every file.
pub const MAGIC: &[u8; 4] = b"GGUF";
/// Longest key, and longest value that is kept, in bytes.
const MAX_KEPT: u64 = 64 << 10;
/// How deep arrays may be nested.
const MAX_DEPTH: u8 = 4;
/// Most dimensions of a tensor; ggml itself has four.
const MAX_RANK: u32 = 8;
/// Most kept metadata entries.
const MAX_ENTRIES: usize = 256;

type Outcome<T> = std::result::Result<T, String>;

/// What a header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Version of the format.
    pub version: u32,
    /// Text values whose key starts with `general.`.
    pub strings: BTreeMap<String, String>,
    /// Whole numbers whose key starts with `general.`.
    pub numbers: BTreeMap<String, u64>,
    /// Whether it carries a tokenizer.
    pub tokenizer: bool,
    /// Number of tensors.
    pub tensors: u64,
    /// The tensors, in the order of the file.
    pub list: Vec<Tensor>,
    /// Where the data of the tensors begins, in bytes.
    pub data_start: u64,
    /// Number of parameters.
    pub parameters: u64,
    /// Parameters per tensor type.
    pub types: BTreeMap<String, u64>,
}

/// A tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Type of its elements.
    pub dtype: String,
    /// Its shape, innermost dimension first.
    pub shape: Vec<u64>,
    /// Where it begins, from the start of the data.
    pub offset: u64,
    /// Its bytes; 0 when the type is not known.
    pub bytes: u64,
}

impl Header {
    /// Family of the model, `general.architecture`.
    pub fn architecture(&self) -> Option<&str> {
        self.strings.get("general.architecture").map(String::as_str)
    }

    /// Name of `general.file_type`, such as `Q4_K_M`.
    pub fn file_type(&self) -> Option<&'static str> {
        gguf_types::file_type(*self.numbers.get("general.file_type")?)
    }
}

/// Reads the header of a file.
pub fn read(path: &Path) -> Result<Header> {
    let file = fsx::open_regular(path)?;
    let size = file.metadata().map_err(|error| Problem::reading(path, error))?.len();
    parse(BufReader::new(file), size).map_err(|reason| bad_header(path, reason))
}

/// Reads a header from the start of a file of `size` bytes.
///
/// The error is the reason, for people.
pub fn parse<R: Read + Seek>(input: BufReader<R>, size: u64) -> Outcome<Header> {
    let mut reader = Reader { input, size, left: size, wide: true };
    if &reader.bytes::<4>("the magic")? != MAGIC {
        return Err("the file does not start with `GGUF`".to_owned());
    }
    let version = reader.u32("the version")?;
    if !(1..=3).contains(&version) {
        let swapped = (1..=3).contains(&version.swap_bytes());
        let what = if swapped { "is big-endian" } else { "has an unknown version" };
        return Err(format!("the file {what} ({version:#x}); little-endian 1 to 3 are read"));
    }
    reader.wide = version > 1;
    let tensors = reader.length("the number of tensors")?;
    let entries = reader.length("the number of metadata entries")?;
    // A name and a type at least, each.
    reader.plausible(tensors, 20, "tensors")?;
    reader.plausible(entries, 9, "metadata entries")?;
    let mut header = Header { version, tensors, ..Header::default() };
    for _ in 0..entries {
        reader.entry(&mut header)?;
    }
    let mut data_end = 0;
    for _ in 0..tensors {
        data_end = reader.tensor(&mut header)?.max(data_end);
    }
    let alignment = header.numbers.get("general.alignment").copied().unwrap_or(32);
    let header_end = size - reader.left;
    let start = header_end.checked_next_multiple_of(alignment);
    header.data_start = start.unwrap_or_default();
    let end = start
        .and_then(|start| start.checked_add(data_end))
        .ok_or("the alignment or a tensor offset overflows 64 bits")?;
    if tensors > 0 && end > size {
        return Err(format!("the tensors need {end} bytes, but the file has {size}"));
    }
    Ok(header)
}

struct Reader<R> {
    input: BufReader<R>,
    size: u64,
    left: u64,
    wide: bool,
}

impl<R: Read + Seek> Reader<R> {
    fn claim(&mut self, bytes: u64, what: &str) -> Outcome<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            format!("{what} at byte {} needs {bytes} bytes; {} are left", self.at(), self.left)
        })?;
        Ok(())
    }

    fn at(&self) -> u64 {
        self.size - self.left
    }

    fn bytes<const N: usize>(&mut self, what: &str) -> Outcome<[u8; N]> {
        self.claim(N as u64, what)?;
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|error| format!("reading {what}: {error}"))?;
        Ok(bytes)
    }

    fn u32(&mut self, what: &str) -> Outcome<u32> {
        self.bytes(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Outcome<u64> {
        self.bytes(what).map(u64::from_le_bytes)
    }

    /// A count or length: 64 bits wide, 32 in version 1.
    fn length(&mut self, what: &str) -> Outcome<u64> {
        if self.wide { self.u64(what) } else { self.u32(what).map(u64::from) }
    }

    fn plausible(&self, count: u64, least: u64, what: &str) -> Outcome<()> {
        if count > self.left / least {
            return Err(format!("{count} {what} do not fit the {} bytes left", self.left));
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Outcome<()> {
        self.claim(bytes, what)?;
        let distance = i64::try_from(bytes).map_err(|_| format!("{what} is too long"))?;
        self.input.seek_relative(distance).map_err(|error| format!("reading {what}: {error}"))
    }

    fn string(&mut self, what: &str) -> Outcome<String> {
        let length = self.length(what)?;
        if length > MAX_KEPT {
            return Err(format!("{what} is {length} bytes long; at most {MAX_KEPT} are read"));
        }
        self.claim(length, what)?;
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(length).read_to_end(&mut bytes);
        if read.map_err(|error| format!("reading {what}: {error}"))? as u64 != length {
            return Err(format!("{what} is cut short"));
        }
        String::from_utf8(bytes).map_err(|_| format!("{what} is not UTF-8"))
    }

    fn entry(&mut self, header: &mut Header) -> Outcome<()> {
        let key = self.string("a metadata key")?;
        let kind = self.u32("the type of a metadata entry")?;
        header.tokenizer |= key == "tokenizer.ggml.model";
        let kept = key.starts_with("general.")
            && header.strings.len() + header.numbers.len() < MAX_ENTRIES;
        if !kept {
            return self.skip_value(kind, 0);
        }
        match kind {
            8 => {
                let text = self.string(&format!("the value of {key}"))?;
                header.strings.insert(key, text);
            }
            0 => {
                let [byte] = self.bytes(&key)?;
                header.numbers.insert(key, byte.into());
            }
            2 => {
                let bytes = self.bytes(&key)?;
                header.numbers.insert(key, u16::from_le_bytes(bytes).into());
            }
            4 => {
                let number = self.u32(&key)?;
                header.numbers.insert(key, number.into());
            }
            10 => {
                let number = self.u64(&key)?;
                header.numbers.insert(key, number);
            }
            _ => self.skip_value(kind, 0)?,
        }
        Ok(())
    }

    fn skip_value(&mut self, kind: u32, depth: u8) -> Outcome<()> {
        match (kind, fixed_size(kind)) {
            (_, Some(size)) => self.skip(size, "a metadata value"),
            (8, _) => {
                let length = self.length("a metadata text")?;
                self.skip(length, "a metadata text")
            }
            (9, _) if depth < MAX_DEPTH => {
                let element = self.u32("the type of an array")?;
                let count = self.length("the length of an array")?;
                if let Some(size) = fixed_size(element) {
                    let bytes = count
                        .checked_mul(size)
                        .ok_or("the length of an array overflows 64 bits")?;
                    return self.skip(bytes, "an array");
                }
                let least = if self.wide { 8 } else { 4 };
                self.plausible(count, least, "array elements")?;
                (0..count).try_for_each(|_| self.skip_value(element, depth + 1))
            }
            (9, _) => Err(format!("arrays are nested more than {MAX_DEPTH} deep")),
            _ => Err(format!("a metadata entry has the unknown type {kind}")),
        }
    }

    /// Reads a tensor's description; the answer is where its data ends.
    fn tensor(&mut self, header: &mut Header) -> Outcome<u64> {
        let mut shape = Vec::new();
        let name = self.string("the name of a tensor")?;
        let rank = self.u32("the rank of a tensor")?;
        if rank > MAX_RANK {
            return Err(format!("tensor {name:?} has {rank} dimensions; at most {MAX_RANK}"));
        }
        let overflow = || format!("the shape of tensor {name:?} overflows 64 bits");
        let mut elements = 1_u64;
        for _ in 0..rank {
            let length = self.length("the shape of a tensor")?;
            elements = elements.checked_mul(length).ok_or_else(overflow)?;
            shape.push(length);
        }
        let kind = self.u32("the type of a tensor")?;
        let offset = self.u64("the offset of a tensor")?;
        let known = gguf_types::tensor_type(kind);
        let label = known.map_or_else(|| format!("type {kind}"), |(label, ..)| label.to_owned());
        header.parameters = header.parameters.checked_add(elements).ok_or_else(overflow)?;
        *header.types.entry(label.clone()).or_default() += elements;
        let bytes = match known {
            Some((label, block, size)) => {
                if !elements.is_multiple_of(block) {
                    return Err(format!(
                        "tensor {name:?} has {elements} elements, no multiple of {block} as {label} needs"
                    ));
                }
                (elements / block).checked_mul(size).ok_or_else(overflow)?
            }
            None => 0,
        };
        let end = offset.checked_add(bytes).ok_or_else(overflow)?;
        header.list.push(Tensor { name, dtype: label, shape, offset, bytes });
        Ok(end)
    }
}

const fn fixed_size(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{BufReader, Cursor};

    use proptest::prelude::*;

    use super::{Header, parse};

    fn text(value: &str) -> Vec<u8> {
        let mut bytes = (value.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(value.as_bytes());
        bytes
    }

    fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
        [text(key), kind.to_le_bytes().to_vec(), value.to_vec()].concat()
    }

    fn tensor(name: &str, shape: &[u64], kind: u32, offset: u64) -> Vec<u8> {
        let mut bytes = text(name);
        bytes.extend(u32::try_from(shape.len()).unwrap().to_le_bytes());
        for length in shape {
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(kind.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes
    }

    fn file(entries: &[Vec<u8>], tensors: &[Vec<u8>], data: usize) -> Vec<u8> {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend((tensors.len() as u64).to_le_bytes());
        bytes.extend((entries.len() as u64).to_le_bytes());
        entries.iter().chain(tensors).for_each(|part| bytes.extend(part));
        bytes.resize(bytes.len().next_multiple_of(32) + data, 0);
        bytes
    }

    /// A small but complete file: 64 parameters in `Q4_1`, with a licence.
    pub(crate) fn sample() -> Vec<u8> {
        let words =
            [8_u32.to_le_bytes().to_vec(), 2_u64.to_le_bytes().to_vec(), text("a"), text("b")];
        let entries = [
            entry("general.architecture", 8, &text("llama")),
            entry("general.license", 8, &text("apache-2.0")),
            entry("general.file_type", 4, &3_u32.to_le_bytes()),
            entry("tokenizer.ggml.model", 8, &text("gpt2")),
            entry("tokenizer.ggml.tokens", 9, &words.concat()),
            entry("llama.rope.freq_base", 6, &1_f32.to_le_bytes()),
        ];
        file(&entries, &[tensor("w", &[32, 2], 3, 0)], 40)
    }

    fn read(bytes: &[u8]) -> Result<Header, String> {
        parse(BufReader::new(Cursor::new(bytes)), bytes.len() as u64)
    }

    #[test]
    fn a_correct_header_is_read() {
        let header = read(&sample()).unwrap();
        assert_eq!((header.architecture(), header.file_type()), (Some("llama"), Some("Q4_1")));
        assert_eq!((header.parameters, header.types["Q4_1"]), (64, 64));
        assert!(header.tokenizer);
        assert_eq!(header.strings["general.license"], "apache-2.0");
    }

    #[test]
    fn version_one_has_short_lengths() {
        let mut bytes = b"GGUF\x01\0\0\0".to_vec();
        for word in [0_u32, 1, 9] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(b"general.x");
        bytes.extend([4, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(read(&bytes).unwrap().numbers["general.x"], 7);
    }

    #[test]
    fn each_lie_is_named() {
        let deep: Vec<u8> = (0..9)
            .flat_map(|_| [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat())
            .collect();
        let huge = [0_u32.to_le_bytes().to_vec(), u64::MAX.to_le_bytes().to_vec()].concat();
        let wide = [12_u32.to_le_bytes().to_vec(), u64::MAX.to_le_bytes().to_vec()].concat();
        let texts = [8_u32.to_le_bytes().to_vec(), (1_u64 << 40).to_le_bytes().to_vec()].concat();
        let many = |tensors: u64, entries: u64| {
            [&b"GGUF\x03\0\0\0"[..], &tensors.to_le_bytes(), &entries.to_le_bytes()].concat()
        };
        let long = (1_u64 << 60).to_le_bytes();
        let cases = [
            (b"GGUF\0\0\0\x03".to_vec(), "big-endian"),
            (b"GGUF\x09\0\0\0".to_vec(), "unknown version"),
            (b"GGUF\x03".to_vec(), "needs 4 bytes"),
            (many(u64::MAX, 0), "tensors do not fit"),
            (many(0, u64::MAX), "entries do not fit"),
            (file(&[entry("a", 9, &deep)], &[], 0), "nested"),
            (file(&[entry("a", 9, &huge)], &[], 0), "needs"),
            (file(&[entry("a", 9, &wide)], &[], 0), "overflows"),
            (file(&[entry("a", 9, &texts)], &[], 0), "do not fit"),
            (file(&[entry("a", 8, &long)], &[], 0), "needs"),
            (file(&[entry("general.a", 8, &long)], &[], 0), "at most"),
            (file(&[entry("a", 77, &[])], &[], 0), "unknown type 77"),
            (file(&[], &[tensor("w", &[1; 9], 0, 0)], 64), "9 dimensions"),
            (file(&[], &[tensor("w", &[u64::MAX, 2], 0, 0)], 64), "overflows"),
            (file(&[], &[tensor("w", &[33], 3, 0)], 64), "no multiple"),
            (file(&[], &[tensor("w", &[64], 0, 0)], 128), "the file has"),
            (file(&[], &[tensor("w", &[8], 0, u64::MAX)], 128), "overflows"),
            (file(&[entry("general.alignment", 4, &[0; 4])], &[], 0), "alignment"),
        ];
        for (bytes, expected) in cases {
            let reason = read(&bytes).unwrap_err();
            assert!(reason.contains(expected), "{reason:?} lacks {expected:?}");
        }
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end} of {} bytes", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>, version in 1_u32..4, size: u64) {
            let mut file = b"GGUF".to_vec();
            file.extend(version.to_le_bytes());
            file.extend(&bytes);
            let _ = read(&bytes);
            let _ = read(&file);
            let _ = parse(BufReader::new(Cursor::new(&file)), size);
        }

        #[test]
        fn a_changed_byte_never_panics(at in 0_usize..300, value: u8) {
            let mut bytes = sample();
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
}
