//! Canonical JSON after RFC 8785 (JCS), for everything that is digested.
//!
//! The documents here hold strings, booleans, whole numbers below 2^53, arrays
//! and objects with ASCII keys. Over that subset RFC 8785 says: no white space,
//! keys in code-point order, shortest string escapes; all of which `serde_json`
//! does once the keys are sorted. Anything outside the subset is refused.

use serde::Serialize;
use serde_json::Value;

/// Largest integer that RFC 8785 readers keep exactly.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a value cannot be written canonically.
#[derive(Debug)]
pub enum NotCanonical {
    /// It cannot be turned into JSON at all.
    Json(serde_json::Error),
    /// A number is not a whole number that all readers keep.
    Number(String),
    /// An object key is not ASCII.
    Key(String),
}

impl std::fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(error) => write!(f, "{error}"),
            Self::Number(number) => write!(f, "the number {number} is not exact in JSON"),
            Self::Key(key) => write!(f, "the key {key:?} is not ASCII"),
        }
    }
}

impl std::error::Error for NotCanonical {}

/// Writes `value` as canonical JSON.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    let mut value = serde_json::to_value(value).map_err(NotCanonical::Json)?;
    normalise(&mut value)?;
    serde_json::to_vec(&value).map_err(NotCanonical::Json)
}

fn normalise(value: &mut Value) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(0..=MAX_INTEGER) => Ok(()),
            _ => Err(NotCanonical::Number(number.to_string())),
        },
        Value::Array(items) => items.iter_mut().try_for_each(normalise),
        Value::Object(map) => {
            if let Some(key) = map.keys().find(|key| !key.is_ascii()) {
                return Err(NotCanonical::Key(key.clone()));
            }
            map.sort_keys();
            map.values_mut().try_for_each(normalise)
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::to_vec;

    #[test]
    fn keys_are_sorted_and_strings_keep_the_shortest_form() {
        let value = json!({ "b": [true, null, 10], "a": "\u{20ac}$\u{f}\nA'B\"\\\"/" });
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        assert_eq!(text, "{\"a\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\",\"b\":[true,null,10]}");
    }

    #[test]
    fn what_readers_would_not_agree_on_is_refused() {
        for value in [json!(1.5), json!(-1), json!(1_u64 << 53), json!({ "\u{e4}": 1 })] {
            assert!(to_vec(&value).is_err(), "{value}");
        }
    }
}
