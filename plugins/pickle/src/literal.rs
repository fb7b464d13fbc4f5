//! Opcodes that bring values of their own: numbers, texts, bytes, empty containers.

use crate::input::Input;
use crate::machine::Machine;
use crate::opcodes::{Argument, opcode};
use crate::text::{maybe_float, maybe_number, quoted, raw_unicode};
use crate::values::{MAX_TEXT, Value};
use crate::walk::Fault;

/// The magic number of `torch/serialization.py`, as a number in decimal and as LONG1.
const MAGIC_TEXT: &[u8] = b"119547037146038801333356";
const MAGIC_BYTES: &[u8] = &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// Longest line of digits that is kept; a longer one is no number that matters.
const MAX_DIGITS: usize = 64;
/// Highest protocol.
const MAX_PROTOCOL: u8 = 5;

impl Machine<'_, '_> {
    /// The value that this opcode pushes; none if it is no literal.
    pub(crate) fn literal(&mut self, byte: u8) -> Result<Option<Value>, Fault> {
        Ok(Some(match byte {
            b'N' => Value::Nothing,
            0x88 | 0x89 | b']' | 0x8f => Value::Plain,
            b')' => Value::Shape(1),
            b'}' => self.dict(),
            b'K' => Value::Number(u32::from(self.read(Input::byte)?)),
            b'M' => number(self.read(|input| input.number(2))?),
            b'J' => match self.read(|input| input.number(4))? {
                small if small < 1 << 31 => number(small),
                _ => Value::Plain,
            },
            b'G' => {
                self.read(|input| input.number(8))?;
                Value::Plain
            }
            b'I' | b'L' => self.digits()?,
            b'F' => {
                self.line(MAX_DIGITS)?;
                if !maybe_float(&self.scratch) {
                    return Err(self.refused("FLOAT without a number".to_owned()));
                }
                Value::Plain
            }
            b'S' | b'V' => self.line_text(byte)?,
            0x8a | 0x8b => self.long(byte)?,
            b'T' | b'U' | 0x8c | b'X' | 0x8d => self.counted_text(byte)?,
            b'B' | b'C' | 0x8e | 0x96 => {
                let length = self.length(byte)?;
                self.payload(length, 0)?;
                Value::Plain
            }
            0x80 => {
                let protocol = self.read(Input::byte)?;
                if protocol > MAX_PROTOCOL {
                    return Err(self.refused(format!("protocol {protocol} is not known")));
                }
                return Ok(None);
            }
            _ => return Ok(None),
        }))
    }

    /// The length that an opcode with counted bytes gives.
    fn length(&mut self, byte: u8) -> Result<u64, Fault> {
        let (width, signed) = match opcode(byte).map(|opcode| opcode.argument) {
            Some(Argument::Counted(width)) => (width, width == 8),
            _ => (4, true),
        };
        let length = self.read(|input| input.number(width))?;
        let most = if width == 4 { i64::from(i32::MAX).unsigned_abs() } else { i64::MAX as u64 };
        if signed && length > most {
            return Err(self.refused(format!("a length of {length} bytes")));
        }
        Ok(length)
    }

    /// Passes over `length` bytes and keeps at most `keep` of them.
    fn payload(&mut self, length: u64, keep: usize) -> Result<(), Fault> {
        let mut kept = std::mem::take(&mut self.scratch);
        let taken = self.read(|input| input.take(length, keep, &mut kept));
        self.scratch = kept;
        taken
    }

    /// Reads a line, keeps at most `keep` bytes of it, and gives its length in bytes.
    pub(crate) fn line(&mut self, keep: usize) -> Result<u64, Fault> {
        let mut kept = std::mem::take(&mut self.scratch);
        let length = self.read(|input| input.line(keep, &mut kept));
        self.scratch = kept;
        length
    }

    fn counted_text(&mut self, byte: u8) -> Result<Value, Fault> {
        let length = self.length(byte)?;
        if length > MAX_TEXT as u64 {
            self.payload(length, 0)?;
            return Ok(Value::LostText);
        }
        self.payload(length, MAX_TEXT)?;
        Ok(self.texts.keep(&self.scratch))
    }

    fn line_text(&mut self, byte: u8) -> Result<Value, Fault> {
        if self.line(MAX_TEXT)? > MAX_TEXT as u64 {
            return Ok(Value::LostText);
        }
        let text = if byte == b'S' { quoted(&self.scratch) } else { raw_unicode(&self.scratch) };
        Ok(text.map_or(Value::LostText, |text| self.texts.keep(&text)))
    }

    /// INT and LONG.
    fn digits(&mut self) -> Result<Value, Fault> {
        let length = self.line(MAX_DIGITS)?;
        let line = self.scratch.trim_ascii();
        if !maybe_number(line) {
            return Err(self.refused("a line without a number".to_owned()));
        }
        if length > MAX_DIGITS as u64 || matches!(line, b"00" | b"01") {
            return Ok(Value::Plain);
        }
        let digits = line.strip_suffix(b"L").unwrap_or(line);
        if digits == MAGIC_TEXT {
            return Ok(Value::Magic);
        }
        let plain = digits.iter().all(u8::is_ascii_digit);
        let parsed = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        Ok(parsed.filter(|_| plain).map_or(Value::Plain, Value::Number))
    }

    /// LONG1 and LONG4.
    fn long(&mut self, byte: u8) -> Result<Value, Fault> {
        let length = self.length(byte)?;
        self.payload(length, MAGIC_BYTES.len())?;
        if length > MAGIC_BYTES.len() as u64 {
            return Ok(Value::Plain);
        }
        if self.scratch == MAGIC_BYTES {
            return Ok(Value::Magic);
        }
        // Two's complement, so the highest bit must be off.
        let negative = self.scratch.last().is_some_and(|last| last & 0x80 != 0);
        let value = self.scratch.iter().rev().try_fold(0_u64, |value, byte| {
            value.checked_mul(256).map(|value| value | u64::from(*byte))
        });
        Ok(value.filter(|_| !negative).map_or(Value::Plain, number))
    }

    /// The number that GET or PUT has as a line.
    pub(crate) fn line_number(&mut self) -> Result<u64, Fault> {
        let length = self.line(MAX_DIGITS)?;
        let long = length > MAX_DIGITS as u64 && !self.scratch.contains(&0);
        match whole_number(&self.scratch) {
            Some(number) if !long => Ok(number),
            _ if is_digits(&self.scratch, if long { 0 } else { 20 }) => {
                Err(self.unsure("the number of a memo entry is too long".to_owned()))
            }
            _ => Err(self.refused("the number of a memo entry cannot be read".to_owned())),
        }
    }
}

/// A line as `int()` and `PyLong_FromString` read it; none too where it does not fit.
fn whole_number(line: &[u8]) -> Option<u64> {
    let mut digits = String::new();
    let line = number_text(line);
    let mut before = None;
    for byte in line.strip_prefix(b"+").unwrap_or(line) {
        match byte {
            b'0'..=b'9' => digits.push(char::from(*byte)),
            b'_' if before.is_some_and(|before: u8| before != b'_') => {}
            _ => return None,
        }
        before = Some(*byte);
    }
    if before == Some(b'_') {
        return None;
    }
    digits.parse().ok()
}

/// Whether a line is nothing but digits, `least` or more, and so may be a number that is
/// too long for [`whole_number`].
fn is_digits(line: &[u8], least: usize) -> bool {
    let line = number_text(line);
    line.len() >= least
        && line.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'+'))
}

/// Without spaces around, and up to a zero byte, at which C ends it.
fn number_text(line: &[u8]) -> &[u8] {
    let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let from = line.iter().position(|byte| !space(byte)).unwrap_or(line.len());
    let to = line.iter().rposition(|byte| !space(byte)).map_or(from, |last| last + 1);
    &line[from..to]
}

fn number(value: u64) -> Value {
    u32::try_from(value).map_or(Value::Plain, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::{is_digits, whole_number};

    #[test]
    fn numbers_of_the_memo_are_read_as_python_reads_them() {
        for (line, number) in [
            (&b"12"[..], Some(12)),
            (b" +1_0\r", Some(10)),
            (b"007", Some(7)),
            (b"1\0junk", Some(1)),
            (b"1__0", None),
            (b"_1", None),
            (b"1_", None),
            (b"-1", None),
            (b"11-kit", None),
            (b"", None),
        ] {
            assert_eq!(whole_number(line), number, "{line:?}");
            assert!(!is_digits(line, 20));
        }
        assert!(is_digits(&[b'9'; 30], 20) && is_digits(b"  ", 0));
    }
}
