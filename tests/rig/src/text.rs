//! Text forms: base64, hexadecimal, canonical JSON, URL encoding, dates.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 of RFC 4648, section 5, without padding, as JWTs use it.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit.to_le_bytes()[0])).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Canonical JSON as Rekor signs it (RFC 8785), for text and integers.
pub(crate) fn canonical_json(value: &Value) -> String {
    write_sorted(value, &|text| Value::from(text).to_string())
}

/// Canonical JSON as TUF signs it (securesystemslib): sorted, and nothing in
/// text escaped but the quote and the backslash.
pub(crate) fn tuf_json(value: &Value) -> String {
    write_sorted(value, &|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn write_sorted(value: &Value, quote: &dyn Fn(&str) -> String) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", quote(name), write_sorted(value, quote)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| write_sorted(item, quote)).collect();
            format!("[{}]", items.join(","))
        }
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

/// The pairs of a query or of a form.
pub(crate) fn from_form(form: &str) -> Vec<(String, String)> {
    let pairs = form.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), percent_decode(value))
        })
        .collect()
}

fn percent_decode(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, escaped.and_then(from_hex)) {
            (b'%', Some(byte)) => {
                out.extend(byte);
                rest = &tail[2..];
                continue;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(*other),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Escapes all that is not unreserved (RFC 3986, section 2.3).
pub(crate) fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `seconds` since 1970 in a pattern of strftime, in UTC.
pub(crate) fn date(seconds: i64, pattern: &str) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_forms_sort_and_differ_in_escapes() {
        let value = json!({"b": [1, "x\n"], "a": {"d": true, "c": "\""}});
        assert_eq!(canonical_json(&value), r#"{"a":{"c":"\"","d":true},"b":[1,"x\n"]}"#);
        assert_eq!(tuf_json(&value), "{\"a\":{\"c\":\"\\\"\",\"d\":true},\"b\":[1,\"x\n\"]}");
    }

    #[test]
    fn forms_are_decoded_and_encoded() {
        let odd = "a b&c=d/é%";
        let form = format!("x={}&y=1+2&z", percent_encode(odd));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(from_form(&form), [pair("x", odd), pair("y", "1 2"), pair("z", "")]);
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(from_hex(&hex(&[0, 0xfe, 9])), Some(vec![0, 0xfe, 9]));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
    }
}
