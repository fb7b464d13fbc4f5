//! Changing inputs without forgetting what they are, the same way for the same seed.

use serde_json::Value;

/// What an input is, which says how it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON document.
    Json,
    /// Lines of text.
    Text,
    /// Bytes with numbers in them.
    Bytes,
}

/// Longest input that is made, in bytes.
const MAX_LEN: usize = 256 << 10;

/// Numbers at which readers err.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "2147483648",
    "4294967296",
    "9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e309",
    "-0.0",
    "1e-400",
];

/// Texts at which readers err.
const TEXTS: [&str; 18] = [
    "",
    " ",
    "\0",
    "../../etc/passwd",
    "/",
    "a//b",
    ".",
    "\u{feff}",
    "\u{202e}x",
    "\u{1f600}",
    "A\u{300}",
    "%00",
    "sha256:",
    "null",
    "\\",
    "\"",
    "${x}",
    "-----BEGIN ",
];

/// Numbers of a fixed sequence (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        pkg_formats::samples::splitmix64(&mut self.0)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        if end == 0 { 0 } else { usize::try_from(self.roll() % end).unwrap_or_default() }
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// A changed input: one to four changes of `seed`, with pieces of `other`.
pub fn mutate(dice: &mut Dice, form: Form, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        // A third of the changes knows nothing of the form.
        bytes = match (form, dice.below(3)) {
            (Form::Json, 1 | 2) => json(dice, &bytes).unwrap_or_else(|| plain(dice, bytes, other)),
            (Form::Text, 1 | 2) => text(dice, &bytes, other),
            _ => plain(dice, bytes, other),
        };
        bytes.truncate(MAX_LEN);
    }
    bytes
}

fn plain(dice: &mut Dice, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let at = dice.below(bytes.len());
    match dice.below(9) {
        0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
        2 if !bytes.is_empty() => {
            bytes[at] = [0, 0x7f, 0x80, 0xff, b'"', b'\n'][dice.below(6)];
        }
        3 => bytes.truncate(at),
        4 => {
            let end = (at + dice.below(64)).min(bytes.len());
            bytes.drain(at..end);
        }
        5 => {
            let end = (at + dice.below(256)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = dice.below(bytes.len());
            let times = if dice.below(8) == 0 { 200 } else { 1 };
            bytes.splice(to..to, piece.repeat(times));
        }
        6 => {
            let from = dice.below(other.len());
            let end = (from + dice.below(512)).min(other.len());
            let until = (at + dice.below(64)).min(bytes.len());
            bytes.splice(at..until, other[from..end].iter().copied());
        }
        7 => {
            let numbers = [
                0,
                1,
                0x7f,
                0xff,
                0xffff,
                0x7fff_ffff,
                0xffff_ffff,
                1 << 32,
                u64::MAX >> 1,
                u64::MAX,
            ];
            let number = numbers[dice.below(numbers.len())];
            let width = [2, 4, 8][dice.below(3)];
            let mut raw = number.to_le_bytes()[..width].to_vec();
            if dice.below(4) == 0 {
                raw.reverse();
            }
            let until = (at + width).min(bytes.len());
            bytes.splice(at..until, raw);
        }
        _ => {
            let word = dice.one(&TEXTS).as_bytes();
            bytes.splice(at..at, word.iter().copied());
        }
    }
    bytes
}

fn text(dice: &mut Dice, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (at, to) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(9) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(to, lines[at].clone()),
        2 => lines.swap(at, to),
        3 => {
            let others: Vec<&[u8]> = other.split(|byte| *byte == b'\n').collect();
            lines.insert(to, others[dice.below(others.len())].to_vec());
        }
        // What stands behind `=` or `:` becomes something else.
        4 | 5 => {
            let line = &mut lines[at];
            if let Some(sign) = line.iter().position(|byte| matches!(byte, b'=' | b':' | b' ')) {
                line.truncate(sign + 1);
                let quoted = format!("\"{}\"", dice.one(&TEXTS));
                let deep = "[".repeat(4000);
                let value = match dice.below(4) {
                    0 => dice.one(&NUMBERS),
                    1 => quoted.as_str(),
                    2 => dice.one(&TEXTS),
                    _ => dice.one(&[
                        "[]",
                        "{}",
                        "true",
                        "[[1]]",
                        "{ a = 1 }",
                        "*a",
                        "&a [*a]",
                        "!!x",
                        "''",
                        deep.as_str(),
                    ]),
                };
                line.extend(value.as_bytes());
            }
        }
        6 => {
            let long = dice.one(&["x", "\u{e4}", "[", "(", "{", "\"", "a.", "- ", "  "]);
            let piece = long.repeat(1 << dice.below(15));
            let place = dice.below(lines[at].len());
            lines[at].splice(place..place, piece.bytes());
        }
        7 => lines[at].extend(b"\r"),
        _ => {
            let words: Vec<Vec<u8>> =
                lines[at].split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
            let mut words = words;
            let (one, two) = (dice.below(words.len()), dice.below(words.len()));
            words.swap(one, two);
            lines[at] = words.join(&b' ');
        }
    }
    lines.join(&b'\n')
}

/// A document with one value, key or text changed; none if it is no document.
fn json(dice: &mut Dice, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    let count = count(&document);
    if dice.below(8) == 0 {
        return repeated_key(dice, bytes);
    }
    let donor = nth(&mut document, &mut dice.below(count))?.clone();
    let mut place = dice.below(count);
    let what = dice.below(12);
    let value = nth(&mut document, &mut place)?;
    match (what, &mut *value) {
        (0, _) => *value = Value::Null,
        (1, _) => *value = donor,
        (2, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(dice.below(map.len()))?.clone();
            map.shift_remove(&key);
        }
        (3, Value::Object(map)) => drop(map.insert((*dice.one(&TEXTS)).to_owned(), donor)),
        (4, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(dice.below(map.len()))?.clone();
            let old = map.shift_remove(&key)?;
            map.insert(key.to_uppercase(), old);
        }
        (2..=4, Value::Array(list)) if !list.is_empty() => {
            drop(list.remove(dice.below(list.len())));
        }
        (5, Value::Array(list)) => {
            let times = if dice.below(6) == 0 { 2000 } else { 1 };
            list.extend(std::iter::repeat_n(donor, times).take(MAX_LEN / 64));
        }
        (6 | 7, Value::String(text)) => {
            let at = dice.below(text.chars().count() + 1);
            let piece = match dice.below(3) {
                0 => "x".repeat(1 << dice.below(14)),
                _ => (*dice.one(&TEXTS)).to_owned(),
            };
            *text = text.chars().take(at).chain(piece.chars()).collect();
        }
        (8, _) => *value = Value::String((*dice.one(&TEXTS)).to_owned()),
        (9, _) => *value = serde_json::from_str(dice.one(&NUMBERS)).unwrap_or(Value::Bool(true)),
        (10, _) => {
            let depth = [2, 30, 33, 100][dice.below(4)];
            *value = (0..depth).fold(Value::from(0), |inner, _| Value::Array(vec![inner]));
        }
        (_, _) => {
            // Another token of the document, by its text: keys are reached too.
            let text = document.to_string();
            let tokens: Vec<&str> = text.split('"').collect();
            let (from, to) = (dice.below(tokens.len()), dice.below(tokens.len()));
            let mut tokens = tokens.clone();
            tokens[to] = tokens[from];
            return Some(tokens.join("\"").into_bytes());
        }
    }
    Some(document.to_string().into_bytes())
}

/// The text of a document with one of its members written twice.
fn repeated_key(dice: &mut Dice, bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let opens: Vec<usize> = text.match_indices("{\"").map(|(at, _)| at).collect();
    let at = *opens.get(dice.below(opens.len()))? + 1;
    let key_end = at + 1 + text[at + 1..].find('"')?;
    let key = &text[at..=key_end];
    let value = dice.one(&["null", "0", "\"x\"", "[]", "{}"]);
    Some(format!("{}{key}:{value},{}", &text[..at], &text[at..]).into_bytes())
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|inner| nth(inner, left)),
        Value::Object(map) => map.values_mut().find_map(|inner| nth(inner, left)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, Form, mutate};

    #[test]
    fn a_seed_gives_the_same_inputs_and_most_of_them_differ() {
        let document = br#"{"a":[1,"x",{"b":null}],"c":{"d":"e"}}"#;
        for form in [Form::Json, Form::Text, Form::Bytes] {
            let inputs = |seed| {
                let mut dice = Dice::new(seed);
                (0..500).map(|_| mutate(&mut dice, form, document, b"q\nr")).collect::<Vec<_>>()
            };
            assert_eq!(inputs(7), inputs(7));
            assert_ne!(inputs(7), inputs(8));
            let different: std::collections::HashSet<_> = inputs(7).into_iter().collect();
            assert!(different.len() > 350, "{form:?}: {}", different.len());
        }
    }
}
