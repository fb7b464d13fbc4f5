//! Strict JSON for signed documents.
//!
//! Readers differ in which of two equal keys they take, so a signed document
//! that repeats a key could mean different things to different programs. It is
//! refused here, as are documents nested deeper than any of ours.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess};

/// Deepest nesting of arrays and objects that is read.
pub const MAX_DEPTH: u8 = 32;

/// Reads `bytes` as one JSON document without repeated keys.
pub fn from_slice_strict<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Check { depth: MAX_DEPTH }.deserialize(&mut reader)?;
    reader.end()?;
    serde_json::from_slice(bytes)
}

/// Walks a value and keeps nothing of it.
#[derive(Clone, Copy)]
struct Check {
    depth: u8,
}

impl Check {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        depth.map(|depth| Self { depth }).ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = Seen::default();
        while let Some(Key(key)) = entries.next_key()? {
            if seen.has(&key) {
                return Err(de::Error::custom(format!("the key {key:?} is repeated")));
            }
            seen.insert(key);
            entries.next_value_seed(inner)?;
        }
        Ok(())
    }
}

/// An object key: a part of the document, where it was written without escapes.
#[derive(Deserialize)]
struct Key<'k>(#[serde(borrow)] Cow<'k, str>);

/// Keys of one object: most have a few, but some have as many as there is room for.
#[derive(Default)]
struct Seen<'k> {
    few: Vec<Cow<'k, str>>,
    more: HashSet<Cow<'k, str>>,
}

impl<'k> Seen<'k> {
    /// Keys that are compared one by one.
    const FEW: usize = 8;

    fn has(&self, key: &str) -> bool {
        self.few.iter().any(|it| it == key) || self.more.contains(key)
    }

    fn insert(&mut self, key: Cow<'k, str>) {
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.more.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{MAX_DEPTH, from_slice_strict};

    fn refused(text: &str) -> bool {
        from_slice_strict::<Value>(text.as_bytes()).is_err()
    }

    #[test]
    fn repeated_keys_are_found_at_any_depth_and_however_written() {
        assert!(refused(r#"{"a":1,"a":1}"#));
        assert!(refused(r#"[{"b":{"a":1,"c":[],"a":2}}]"#));
        assert!(refused(r#"{"a":1,"\u0061":1}"#));
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":0")).collect();
        assert!(!refused(&format!("{{{}}}", many.join(","))));
        for key in ["k0", "k7", "k8", "k99", "\\u006b42"] {
            assert!(refused(&format!("{{{},\"{key}\":0}}", many.join(","))), "{key}");
        }
        assert!(!refused(r#"{"a":{"a":[{"a":null},{"a":-1.5e3}]},"b":true}"#));
    }

    #[test]
    fn nesting_is_bounded_and_nothing_may_follow() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!refused(&nested(MAX_DEPTH.into())));
        assert!(refused(&nested(usize::from(MAX_DEPTH) + 1)));
        assert!(refused(&nested(100_000)));
        assert!(refused("{} {}") && refused("") && refused("\u{feff}{}"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = from_slice_strict::<Value>(&bytes);
        }

        #[test]
        fn what_is_accepted_is_read_as_plain_json(text in "[\\[\\]{},:\"a0 ]{0,24}") {
            if let Ok(value) = from_slice_strict::<Value>(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
