//! Texts of protocol 0, with their escapes resolved.
//!
//! Sources: `load_string` and `load_unicode` of `Lib/pickle.py`;
//! `codecs.escape_decode` and the codec `raw-unicode-escape` of `CPython`.

/// The text of a STRING opcode, quotes and escapes resolved; none if it is malformed
/// or not ASCII.
pub fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii_end();
    let (first, last) = (*line.first()?, *line.last()?);
    if line.len() < 2 || first != last || !matches!(first, b'\'' | b'"') {
        return None;
    }
    let mut rest = line[1..line.len() - 1].iter().copied().peekable();
    let mut text = Vec::new();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        match rest.next()? {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'a' => text.push(7),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'v' => text.push(11),
            b'x' => {
                let high = hex(rest.next()?)?;
                text.push((high << 4) | hex(rest.next()?)?);
            }
            digit @ b'0'..=b'7' => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    match rest.peek() {
                        Some(next @ b'0'..=b'7') => value = (value << 3) | u32::from(next - b'0'),
                        _ => break,
                    }
                    rest.next();
                }
                text.push(u8::try_from(value & 0xff).ok()?);
            }
            same @ (b'\\' | b'\'' | b'"') => text.push(same),
            other => text.extend([b'\\', other]),
        }
    }
    text.is_ascii().then_some(text)
}

/// The text of a UNICODE opcode in UTF-8; none if an escape is malformed.
pub fn raw_unicode(line: &[u8]) -> Option<Vec<u8>> {
    let mut text = String::new();
    let (mut at, mut slashes) = (0, 0_usize);
    while let Some(byte) = line.get(at) {
        let digits = match (byte, line.get(at + 1)) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => 0,
        };
        // A backslash is an escape only after an even number of backslashes.
        if digits == 0 || slashes % 2 == 1 {
            slashes = if *byte == b'\\' { slashes + 1 } else { 0 };
            text.push(char::from(*byte));
            at += 1;
            continue;
        }
        let mut value = 0_u32;
        for digit in line.get(at + 2..at + 2 + digits)? {
            value = (value << 4) | u32::from(hex(*digit)?);
        }
        text.push(char::from_u32(value)?);
        (at, slashes) = (at + 2 + digits, 0);
    }
    Some(text.into_bytes())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Whether `int()` might take this line; never no where it does.
pub fn maybe_number(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    matches!(line.first(), Some(b'0'..=b'9' | b'+' | b'-' | 0x0b))
}

/// Whether `float()` might take this line; never no where it does.
pub fn maybe_float(line: &[u8]) -> bool {
    let first = line.trim_ascii().first();
    matches!(first, Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'n' | b'N' | b'i' | b'I' | 0x0b))
}

#[cfg(test)]
mod tests {
    use super::{maybe_float, maybe_number, quoted, raw_unicode};

    #[test]
    fn escapes_of_strings_are_resolved() {
        for (line, text) in [
            (&b"'os'"[..], Some(&b"os"[..])),
            (b"\"o\\x73\"", Some(b"os")),
            (b"'\\157\\163'", Some(b"os")),
            (b"'a\\'b\\\\'", Some(b"a'b\\")),
            (b"'os' \t", Some(b"os")),
            (b"'os", None),
            (b"'", None),
            (b"", None),
            (b"'\\x7'", None),
            (b"'\\xff'", None),
        ] {
            assert_eq!(quoted(line).as_deref(), text, "{line:?}");
        }
    }

    #[test]
    fn escapes_of_unicode_texts_are_resolved() {
        for (line, text) in [
            (&b"os"[..], Some(&b"os"[..])),
            (b"\\u006fs", Some(b"os")),
            (b"\\U0000006fs", Some(b"os")),
            (b"\\\\u006f", Some(b"\\\\u006f")),
            (b"\xe9", Some("é".as_bytes())),
            (b"\\u00", None),
            (b"\\ud800", None),
        ] {
            assert_eq!(raw_unicode(line).as_deref(), text, "{line:?}");
        }
    }

    #[test]
    fn only_what_python_surely_refuses_is_no_number() {
        assert!([&b"0"[..], b" 12L", b"-1", b"01"].into_iter().all(maybe_number));
        assert!(!maybe_number(b"abc") && !maybe_number(b""));
        assert!([&b".5"[..], b"nan", b"-inf", b"1e9"].into_iter().all(maybe_float));
        assert!(!maybe_float(b"x"));
    }
}
