//! Headers of numpy's files: whether objects follow, which are a pickle.
//!
//! Source: `numpy/lib/format.py`.

/// First bytes of a file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header that is read, in bytes; numpy itself refuses more than 10,000.
pub const MAX_HEADER: u64 = 64 << 10;

/// What follows a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// Numbers.
    Numbers,
    /// A pickle, from this byte on.
    Pickle(u64),
}

/// Reads the header at the start of `head`. The error is the reason, for people.
pub fn follows(head: &[u8]) -> Result<Follows, String> {
    let version = head.get(6).copied().unwrap_or(0);
    let field = match version {
        1 => head.get(8..10),
        2 | 3 => head.get(8..12),
        _ => return Err(format!("version {version} of numpy's format is not known")),
    };
    let field = field.ok_or("the header of numpy's format ends early")?;
    let length = field.iter().rev().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    let start = 8 + field.len() as u64;
    if length > MAX_HEADER {
        return Err(format!("a header of {length} bytes; at most {MAX_HEADER} are read"));
    }
    let range = usize::try_from(start).ok().zip(usize::try_from(start + length).ok());
    let text = range.and_then(|(start, end)| head.get(start..end));
    let text = text.ok_or("the header of numpy's format ends early")?;
    if may_hold_objects(text)? { Ok(Follows::Pickle(start + length)) } else { Ok(Follows::Numbers) }
}

/// Whether a text of the header names the type of objects. Names of fields count too if
/// they read like it: then the bytes are walked for nothing, but none is missed.
fn may_hold_objects(text: &[u8]) -> Result<bool, String> {
    if text.contains(&b'\\') {
        return Err("the header of numpy's format has escapes".to_owned());
    }
    let mut rest = text;
    while let Some(open) = rest.iter().position(|byte| matches!(byte, b'\'' | b'"')) {
        let quote = rest[open];
        rest = &rest[open + 1..];
        let Some(close) = rest.iter().position(|byte| *byte == quote) else {
            return Err("the header of numpy's format has an open quote".to_owned());
        };
        if rest[..close].split(|byte| *byte == b',').any(names_objects) {
            return Ok(true);
        }
        rest = &rest[close + 1..];
    }
    Ok(false)
}

fn names_objects(part: &[u8]) -> bool {
    let begin = part.iter().position(|byte| !b"()0123456789<>=| ".contains(byte));
    let code = begin.map_or(&[][..], |begin| &part[begin..]).trim_ascii_end();
    code.starts_with(b"object")
        || code
            .split_first()
            .is_some_and(|(first, rest)| *first == b'O' && rest.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::{Follows, follows};

    fn head(version: u8, text: &str) -> Vec<u8> {
        let mut head = [b"\x93NUMPY", &[version, 0][..]].concat();
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        head.extend_from_slice(if version == 1 { &length[..2] } else { &length });
        head.extend_from_slice(text.as_bytes());
        head
    }

    #[test]
    fn types_of_objects_are_seen_in_every_spelling() {
        for descr in [
            "'|O'",
            "'O'",
            "'O8'",
            "[('a', '<f8'), ('b', '|O')]",
            "('O', (2,))",
            "'f8,O'",
            "'object'",
            "\"|O\"",
            "'(2,)O'",
            "'object_'",
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}\n");
            for version in 1..=3 {
                let start = if version == 1 { 10 } else { 12 } + text.len() as u64;
                let seen = follows(&head(version, &text));
                assert_eq!(seen, Ok(Follows::Pickle(start)), "{descr}");
            }
        }
        for descr in ["'<f8'", "[('Open', '<f8')]", "'<U3'", "'V8'"] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}\n");
            assert_eq!(follows(&head(1, &text)), Ok(Follows::Numbers), "{descr}");
        }
    }

    #[test]
    fn headers_that_cannot_be_read_are_not_numbers() {
        assert!(follows(&head(4, "{}")).is_err());
        assert!(follows(&head(1, "{'descr': '\\x4f'}")).is_err());
        assert!(follows(&head(1, "{'descr': 'O")).is_err());
        let whole = head(1, "{'descr': '<f8'}");
        for end in 0..whole.len() {
            assert!(follows(&whole[..end]).is_err(), "{end}");
        }
    }
}
