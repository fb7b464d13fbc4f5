//! What the walker knows of the values that a pickle would make.

use std::collections::HashMap;

/// Longest text that is kept, in bytes; a longer one cannot be a name.
pub const MAX_TEXT: usize = 1024;
/// Most bytes of kept texts.
const MAX_TEXTS: usize = 64 << 20;
/// Most values in the memo.
const MAX_MEMO: usize = 8 << 20;

/// A value, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A literal that nothing depends on; never something that can be called.
    Plain,
    /// `None`.
    Nothing,
    /// A text that was kept.
    Text(Text),
    /// A text that was not kept: too long, or one too many.
    LostText,
    /// A whole number from 0 to 2^32-1.
    Number(u32),
    /// A tuple of whole numbers: their product.
    Shape(u32),
    /// A tuple that begins with a text.
    TextTuple(Text),
    /// The tuple by which `PyTorch` names a storage.
    StorageTuple,
    /// A dictionary that the pickle fills, by its number.
    Dict(u32),
    /// A global, by its place in the list.
    Global(u32),
    /// What a call of a global gave.
    Made(u32),
    /// A `numpy.dtype` with so many bytes per element; 0: Python objects.
    Dtype(u32),
    /// The state of a `numpy.dtype` without fields, with these flags.
    DtypeState(u32),
    /// The magic number of old files of `PyTorch`.
    Magic,
    /// Something of which nothing is known, not even whether it can be called.
    Foreign,
}

/// A kept text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    at: u32,
    len: u16,
}

/// The kept texts.
#[derive(Debug, Default)]
pub struct Texts {
    bytes: Vec<u8>,
}

impl Texts {
    /// Keeps a text if it is not too long, and not one too many.
    pub fn keep(&mut self, text: &[u8]) -> Value {
        let room = text.len() <= MAX_TEXT && self.bytes.len() + text.len() <= MAX_TEXTS;
        match (room, u32::try_from(self.bytes.len()), u16::try_from(text.len())) {
            (true, Ok(at), Ok(len)) => {
                self.bytes.extend_from_slice(text);
                Value::Text(Text { at, len })
            }
            _ => Value::LostText,
        }
    }

    /// The bytes of a kept text.
    pub fn get(&self, text: Text) -> &[u8] {
        let at = text.at as usize;
        self.bytes.get(at..at + usize::from(text.len)).unwrap_or_default()
    }
}

/// The memo.
#[derive(Debug, Default)]
pub struct Memo {
    near: Vec<Option<Value>>,
    far: HashMap<u64, Value>,
    count: u64,
}

impl Memo {
    /// Number of values.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The value with this number.
    pub fn get(&self, number: u64) -> Option<Value> {
        let near = usize::try_from(number).ok().and_then(|number| self.near.get(number).copied());
        near.flatten().or_else(|| self.far.get(&number).copied())
    }

    /// Puts a value; false if there are too many.
    pub fn put(&mut self, number: u64, value: Value) -> bool {
        if let Some(near) = usize::try_from(number).ok().and_then(|n| self.near.get_mut(n)) {
            *near = Some(value);
            return true;
        }
        if self.near.len() + self.far.len() >= MAX_MEMO {
            return false;
        }
        if number == self.near.len() as u64 && !self.far.contains_key(&number) {
            self.near.push(Some(value));
            self.count += 1;
        } else if self.far.insert(number, value).is_none() {
            self.count += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT, Memo, Texts, Value};

    #[test]
    fn the_memo_takes_numbers_in_any_order() {
        let mut memo = Memo::default();
        for (number, value) in [(0, 5), (1, 6), (900_000_000, 7), (3, 8), (2, 9), (3, 10), (0, 11)]
        {
            assert!(memo.put(number, Value::Number(value)));
        }
        let seen = [0, 1, 2, 3, 4, 900_000_000].map(|number| memo.get(number));
        let number = |value| Some(Value::Number(value));
        assert_eq!(seen, [number(11), number(6), number(9), number(10), None, number(7)]);
        assert_eq!(memo.count(), 5);
    }

    #[test]
    fn long_texts_are_not_kept() {
        let mut texts = Texts::default();
        let Value::Text(short) = texts.keep(b"os") else { panic!("not kept") };
        assert_eq!(texts.get(short), b"os");
        assert!(matches!(texts.keep(&[b'x'; MAX_TEXT]), Value::Text(_)));
        assert_eq!(texts.keep(&[b'x'; MAX_TEXT + 1]), Value::LostText);
    }

    #[test]
    fn a_value_stays_small() {
        assert!(size_of::<Option<Value>>() <= 12);
    }
}
