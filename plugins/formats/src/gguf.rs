//! Headers of GGUF files, versions 1 to 3.
//!
//! Source: the GGUF specification in the ggml repository. Version 1 has 32-bit
//! counts and lengths. Every count is held against the bytes that are left, so
//! that a hostile header costs no more memory than its file has bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::gguf_types;

/// First bytes of every file.
pub const MAGIC: &[u8; 4] = b"GGUF";
/// Longest key, and longest value that is kept, in bytes.
const MAX_KEPT: u64 = 64 << 10;
/// How deep arrays may be nested.
const MAX_DEPTH: u8 = 4;
/// Most dimensions of a tensor; ggml itself has four.
const MAX_RANK: u32 = 8;
/// Most kept metadata entries.
const MAX_ENTRIES: usize = 4096;
/// Most bytes of kept keys and texts.
const MAX_TEXT: u64 = 4 << 20;

type Outcome<T> = std::result::Result<T, String>;

/// What a header says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// Version of the format.
    pub version: u32,
    /// The metadata; at most 4,096 entries and 4 MiB of text are kept.
    pub metadata: BTreeMap<String, Value>,
    /// Keys that are there more than once.
    pub repeated: Vec<String>,
    /// Metadata entries that were not kept.
    pub dropped: u64,
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

/// A metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A whole number of a signed type.
    Signed(i64),
    /// A real number.
    Float(f64),
    /// A text.
    Text(String),
    /// A text of more than 64 KiB: where it is in the file.
    Long {
        /// Its first byte.
        offset: u64,
        /// Number of its bytes.
        len: u64,
    },
    /// An array: where it is in the file.
    Array(Array),
}

/// An array of the metadata, left in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array {
    /// Type of its elements, by its number in the format.
    pub element: u32,
    /// Number of its elements.
    pub len: u64,
    /// First byte of its first element.
    pub offset: u64,
    /// Whether lengths are 64 bits wide.
    wide: bool,
}

/// Type numbers of metadata values.
mod kind {
    pub(super) const U8: u32 = 0;
    pub(super) const I8: u32 = 1;
    pub(super) const U16: u32 = 2;
    pub(super) const I16: u32 = 3;
    pub(super) const U32: u32 = 4;
    pub(super) const I32: u32 = 5;
    pub(super) const F32: u32 = 6;
    pub(super) const BOOL: u32 = 7;
    pub(super) const TEXT: u32 = 8;
    pub(super) const ARRAY: u32 = 9;
    pub(super) const U64: u32 = 10;
    pub(super) const I64: u32 = 11;
    pub(super) const F64: u32 = 12;
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
    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number of the metadata that is not negative.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Unsigned(number) => Some(*number),
            Value::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A real number of the metadata.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.metadata.get(key)? {
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// An array of the metadata.
    pub fn array(&self, key: &str) -> Option<&Array> {
        match self.metadata.get(key)? {
            Value::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Family of the model, `general.architecture`.
    pub fn architecture(&self) -> Option<&str> {
        self.text("general.architecture")
    }

    /// Name of `general.file_type`, such as `Q4_K_M`.
    pub fn file_type(&self) -> Option<&'static str> {
        gguf_types::file_type(self.number("general.file_type")?)
    }
}

/// Reads a header from the start of a file of `size` bytes.
///
/// The error is the reason, for people.
pub fn parse<R: Read + Seek>(input: BufReader<R>, size: u64) -> Outcome<Header> {
    let mut reader = Reader { input, size, left: size, wide: true, kept: 0 };
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
    let alignment = header.number("general.alignment").unwrap_or(32);
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
    /// Bytes of kept keys and texts.
    kept: u64,
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
        self.text(length, what)
    }

    fn text(&mut self, length: u64, what: &str) -> Outcome<String> {
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
        let keep = header.metadata.len() < MAX_ENTRIES && self.kept < MAX_TEXT;
        let Some(value) = self.value(kind, keep, &key)? else {
            header.dropped += 1;
            return Ok(());
        };
        self.kept += key.len() as u64;
        match header.metadata.entry(key) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(first) => header.repeated.push(first.key().clone()),
        }
        Ok(())
    }

    /// Reads a value; none when it is not to be kept.
    fn value(&mut self, kind: u32, keep: bool, key: &str) -> Outcome<Option<Value>> {
        if !keep {
            self.skip_value(kind, 0)?;
            return Ok(None);
        }
        Ok(Some(match kind {
            kind::U8 => Value::Unsigned(u8::from_le_bytes(self.bytes(key)?).into()),
            kind::U16 => Value::Unsigned(u16::from_le_bytes(self.bytes(key)?).into()),
            kind::U32 => Value::Unsigned(self.u32(key)?.into()),
            kind::U64 => Value::Unsigned(self.u64(key)?),
            kind::I8 => Value::Signed(i8::from_le_bytes(self.bytes(key)?).into()),
            kind::I16 => Value::Signed(i16::from_le_bytes(self.bytes(key)?).into()),
            kind::I32 => Value::Signed(i32::from_le_bytes(self.bytes(key)?).into()),
            kind::I64 => Value::Signed(i64::from_le_bytes(self.bytes(key)?)),
            kind::F32 => Value::Float(f32::from_le_bytes(self.bytes(key)?).into()),
            kind::F64 => Value::Float(f64::from_le_bytes(self.bytes(key)?)),
            kind::BOOL => {
                let [byte] = self.bytes(key)?;
                Value::Bool(byte != 0)
            }
            kind::TEXT => {
                let len = self.length(key)?;
                if len > MAX_KEPT {
                    let offset = self.at();
                    self.skip(len, key)?;
                    Value::Long { offset, len }
                } else {
                    self.kept += len;
                    Value::Text(self.text(len, &format!("the value of {key}"))?)
                }
            }
            kind::ARRAY => {
                let (element, len) = self.array_head()?;
                let offset = self.at();
                self.skip_elements(element, len, 0)?;
                Value::Array(Array { element, len, offset, wide: self.wide })
            }
            _ => return Err(format!("a metadata entry has the unknown type {kind}")),
        }))
    }

    fn array_head(&mut self) -> Outcome<(u32, u64)> {
        let element = self.u32("the type of an array")?;
        Ok((element, self.length("the length of an array")?))
    }

    fn skip_elements(&mut self, element: u32, count: u64, depth: u8) -> Outcome<()> {
        if let Some(size) = fixed_size(element) {
            let bytes =
                count.checked_mul(size).ok_or("the length of an array overflows 64 bits")?;
            return self.skip(bytes, "an array");
        }
        let least = if self.wide { 8 } else { 4 };
        self.plausible(count, least, "array elements")?;
        (0..count).try_for_each(|_| self.skip_value(element, depth + 1))
    }

    fn skip_value(&mut self, kind: u32, depth: u8) -> Outcome<()> {
        match (kind, fixed_size(kind)) {
            (_, Some(size)) => self.skip(size, "a metadata value"),
            (kind::TEXT, _) => {
                let length = self.length("a metadata text")?;
                self.skip(length, "a metadata text")
            }
            (kind::ARRAY, _) if depth < MAX_DEPTH => {
                let (element, count) = self.array_head()?;
                self.skip_elements(element, count, depth)
            }
            (kind::ARRAY, _) => Err(format!("arrays are nested more than {MAX_DEPTH} deep")),
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
        kind::U8 | kind::I8 | kind::BOOL => Some(1),
        kind::U16 | kind::I16 => Some(2),
        kind::U32 | kind::I32 | kind::F32 => Some(4),
        kind::U64 | kind::I64 | kind::F64 => Some(8),
        _ => None,
    }
}

/// Calls `each` with every text of an array, in order, with at most 64 KiB of each.
///
/// `input` is the whole file. Texts that are not UTF-8 come with replacement characters.
pub fn texts<R: Read + Seek>(
    input: &mut BufReader<R>,
    array: &Array,
    mut each: impl FnMut(u64, &str),
) -> Outcome<()> {
    if array.element != kind::TEXT {
        return Err(format!("the array holds values of type {}, not texts", array.element));
    }
    let failed = |error: std::io::Error| format!("reading an array: {error}");
    input.seek(SeekFrom::Start(array.offset)).map_err(failed)?;
    let mut bytes = Vec::new();
    for index in 0..array.len {
        let mut wide = [0; 8];
        let width = if array.wide { 8 } else { 4 };
        input.read_exact(&mut wide[..width]).map_err(failed)?;
        let length = u64::from_le_bytes(wide);
        let kept = length.min(MAX_KEPT);
        bytes.clear();
        let read = input.by_ref().take(kept).read_to_end(&mut bytes).map_err(failed)?;
        if read as u64 != kept {
            return Err("an array is cut short".to_owned());
        }
        let rest = i64::try_from(length - kept).map_err(|_| "a text is too long".to_owned())?;
        input.seek_relative(rest).map_err(failed)?;
        each(index, &String::from_utf8_lossy(&bytes));
    }
    Ok(())
}

/// Reads an array of whole numbers of 32 bits or less, at most `most` of them.
pub fn numbers<R: Read + Seek>(
    input: &mut BufReader<R>,
    array: &Array,
    most: u64,
) -> Outcome<Vec<i64>> {
    let failed = |error: std::io::Error| format!("reading an array: {error}");
    let size = match array.element {
        kind::U8 | kind::I8 => 1,
        kind::U16 | kind::I16 => 2,
        kind::U32 | kind::I32 => 4,
        other => return Err(format!("the array holds values of type {other}")),
    };
    input.seek(SeekFrom::Start(array.offset)).map_err(failed)?;
    let mut numbers = Vec::new();
    for _ in 0..array.len.min(most) {
        let mut bytes = [0; 4];
        input.read_exact(&mut bytes[..size]).map_err(failed)?;
        numbers.push(match array.element {
            kind::I8 => i8::from_le_bytes([bytes[0]]).into(),
            kind::I16 => i16::from_le_bytes([bytes[0], bytes[1]]).into(),
            kind::I32 => i32::from_le_bytes(bytes).into(),
            _ => u32::from_le_bytes(bytes).into(),
        });
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests;
