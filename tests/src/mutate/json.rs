//! Changes to one place of a JSON document, in its text: what a parser makes of a key that is
//! there twice, of another order or spelling, is part of what is tested.

use serde_json::Value;

use super::Rng;

/// What is done to a value or to the member that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// The member or element is not there.
    Removed,
    /// It is there twice.
    Repeated,
    /// It is there twice, the first time with another value.
    RepeatedOther,
    /// The value is null, a number, a text, true, a list, an object, or alone in a list.
    Retyped(u8),
    /// Members or elements in reverse order.
    Reordered,
    /// One character is written as `\uXXXX`.
    Escaped,
    /// One character of the key is written as `\uXXXX`.
    KeyEscaped,
    /// The key is spelled another way.
    KeyChanged,
    /// A number is written another way, or in a text, or a text of digits as a number.
    Number(u8),
    /// White space before the value.
    Spaced,
    /// A member or element more.
    Extended,
    /// Another value of the same type.
    Changed,
    /// A text has a character more.
    Lengthened(u8),
    /// An empty text, list or object.
    Emptied,
    /// Another case of a letter.
    Case,
}

/// All of them.
pub const OPS: &[Op] = &[
    Op::Removed,
    Op::Changed,
    Op::Repeated,
    Op::RepeatedOther,
    Op::Retyped(0),
    Op::Retyped(1),
    Op::Retyped(2),
    Op::Retyped(3),
    Op::Retyped(4),
    Op::Retyped(5),
    Op::Retyped(6),
    Op::Reordered,
    Op::Escaped,
    Op::KeyEscaped,
    Op::KeyChanged,
    Op::Number(0),
    Op::Number(1),
    Op::Number(2),
    Op::Number(3),
    Op::Number(4),
    Op::Number(5),
    Op::Spaced,
    Op::Extended,
    Op::Lengthened(0),
    Op::Lengthened(1),
    Op::Lengthened(2),
    Op::Emptied,
    Op::Case,
];

impl Op {
    /// Row of the table.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Removed => "JSON: removed",
            Self::Repeated | Self::RepeatedOther => "JSON: repeated",
            Self::Retyped(_) => "JSON: other type",
            Self::Reordered => "JSON: other order",
            Self::Escaped | Self::KeyEscaped => "JSON: escaped",
            Self::KeyChanged => "JSON: other key",
            Self::Number(_) => "JSON: other form of a number",
            Self::Spaced => "JSON: white space",
            Self::Extended => "JSON: something added",
            Self::Changed | Self::Lengthened(_) | Self::Case => "JSON: other value",
            Self::Emptied => "JSON: emptied",
        }
    }
}

/// Pointers (RFC 6901) of every value in a document, the document first.
pub fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, all: &mut Vec<String>) {
        all.push(at.to_owned());
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    walk(value, &member(at, key), all);
                }
            }
            Value::Array(elements) => {
                for (position, value) in elements.iter().enumerate() {
                    walk(value, &format!("{at}/{position}"), all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}

/// Pointer of a member.
pub fn member(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The text of `document` with one place changed; none when that says nothing else.
pub fn mutate(document: &Value, target: &str, op: Op, rng: &mut Rng) -> Option<String> {
    let mut writer = Writer { target, op, rng, hit: false, out: String::new() };
    writer.value(document, "");
    let before = document.to_string();
    (writer.hit && writer.out != before).then_some(writer.out)
}

struct Writer<'a> {
    target: &'a str,
    op: Op,
    rng: &'a mut Rng,
    hit: bool,
    out: String,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, at: &str) {
        if at == self.target {
            self.hit = true;
            self.changed(value, at);
        } else {
            self.plain(value, at);
        }
    }

    /// As it is; the target may be below.
    fn plain(&mut self, value: &Value, at: &str) {
        match value {
            Value::Object(members) => self.object(members.iter().collect(), at, None),
            Value::Array(elements) => {
                let mut order: Vec<usize> = (0..elements.len()).collect();
                let here = order.iter().copied().find(|n| format!("{at}/{n}") == self.target);
                if let (Op::Reordered, Some(here)) = (self.op, here)
                    && !matches!(elements[here], Value::Object(_) | Value::Array(_))
                    && elements.len() > 1
                {
                    self.hit = true;
                    order.swap(here, (here + 1) % elements.len());
                }
                self.elements(elements, &order, at, None);
            }
            other => self.out.push_str(&other.to_string()),
        }
    }

    fn object(&mut self, members: Vec<(&String, &Value)>, at: &str, more: Option<&str>) {
        self.out.push('{');
        let mut first = true;
        for (key, value) in members {
            let below = member(at, key);
            let mut copies = vec![(encoded(key), None)];
            if below == self.target {
                match self.op {
                    Op::Removed => copies.clear(),
                    Op::Repeated => copies.push((encoded(key), None)),
                    Op::RepeatedOther => copies.insert(0, (encoded(key), Some(other(value)))),
                    Op::KeyEscaped => copies[0].0 = escaped(key, self.rng),
                    Op::KeyChanged => copies[0].0 = encoded(&respelled(key, self.rng)),
                    _ => {}
                }
                self.hit = true;
            }
            for (key, instead) in copies {
                if !std::mem::take(&mut first) {
                    self.out.push(',');
                }
                self.out.push_str(&key);
                self.out.push(':');
                match instead {
                    Some(text) => self.out.push_str(&text),
                    None => self.value(value, &below),
                }
            }
        }
        if let Some(more) = more {
            if !first {
                self.out.push(',');
            }
            self.out.push_str(more);
        }
        self.out.push('}');
    }

    fn elements(&mut self, elements: &[Value], order: &[usize], at: &str, more: Option<&str>) {
        self.out.push('[');
        let mut first = true;
        for &position in order {
            let below = format!("{at}/{position}");
            let mut copies = vec![None];
            if below == self.target {
                match self.op {
                    Op::Removed => copies.clear(),
                    Op::Repeated => copies.push(None),
                    Op::RepeatedOther => copies.insert(0, Some(other(&elements[position]))),
                    _ => {}
                }
                self.hit = true;
            }
            for instead in copies {
                if !std::mem::take(&mut first) {
                    self.out.push(',');
                }
                match instead {
                    Some(text) => self.out.push_str(&text),
                    None => self.value(&elements[position], &below),
                }
            }
        }
        if let Some(more) = more {
            if !first {
                self.out.push(',');
            }
            self.out.push_str(more);
        }
        self.out.push(']');
    }

    /// The target itself.
    fn changed(&mut self, value: &Value, at: &str) {
        let text = match (self.op, value) {
            (Op::Retyped(form), _) => match form {
                0 => "null".to_owned(),
                1 => "7".to_owned(),
                2 => "\"7\"".to_owned(),
                3 => "true".to_owned(),
                4 => "[]".to_owned(),
                5 => "{}".to_owned(),
                _ => format!("[{value}]"),
            },
            (Op::Changed, _) => other(value),
            (Op::Spaced, _) => format!("{}{value}", self.rng.pick(&[" ", "\n", "\t", "\r\n  "])),
            (Op::Escaped, Value::String(text)) if !text.is_empty() => escaped(text, self.rng),
            (Op::Case, Value::String(text)) => encoded(&other_case(text, self.rng)),
            (Op::Lengthened(form), Value::String(text)) => match form {
                0 => encoded(&format!("{text}x")),
                1 => encoded(&format!("{text} ")),
                _ => encoded(&format!("{text}\0")),
            },
            (Op::Emptied, Value::String(_)) => "\"\"".to_owned(),
            (Op::Emptied, Value::Array(_)) => "[]".to_owned(),
            (Op::Emptied, Value::Object(_)) => "{}".to_owned(),
            (Op::Number(form), Value::Number(number)) => match form {
                0 => format!("{number}.0"),
                1 => format!("{number}e0"),
                2 => format!("\"{number}\""),
                3 => format!("-{number}"),
                4 => format!("0{number}"),
                _ => format!("1844674407370955161{number}"),
            },
            (Op::Number(form), Value::String(text)) if text.parse::<u64>().is_ok() => match form {
                0 => text.clone(),
                1 => format!("\"{text}.0\""),
                2 => format!("\"+{text}\""),
                3 => format!("\"-{text}\""),
                4 => format!("\"0{text}\""),
                _ => format!("\"1844674407370955161{text}\""),
            },
            (Op::Reordered, Value::Object(members)) => {
                return self.object(members.iter().rev().collect(), at, None);
            }
            (Op::Reordered, Value::Array(elements)) => {
                let order: Vec<usize> = (0..elements.len()).rev().collect();
                return self.elements(elements, &order, at, None);
            }
            (Op::Extended, Value::Object(members)) => {
                return self.object(members.iter().collect(), at, Some("\"x-more\":\"x\""));
            }
            (Op::Extended, Value::Array(elements)) => {
                let order: Vec<usize> = (0..elements.len()).collect();
                let more = self.rng.pick(&["null", "{}", "\"x\"", "0"]);
                return self.elements(elements, &order, at, Some(more));
            }
            _ => return self.plain(value, at),
        };
        self.out.push_str(&text);
    }
}

fn encoded(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Another value of the same type.
fn other(value: &Value) -> String {
    match value {
        Value::Null => "false".to_owned(),
        Value::Bool(so) => (!so).to_string(),
        Value::Number(number) => match number.as_u64() {
            Some(number) => number.wrapping_add(1).to_string(),
            None => "1".to_owned(),
        },
        Value::String(text) => {
            // The middle is content; the ends are often padding or a prefix.
            let at = text.chars().count() / 2;
            let swapped = |c: char| match c {
                'A' => 'B',
                '0' => '1',
                'a' => 'b',
                c if c.is_ascii_digit() => '0',
                c if c.is_ascii_uppercase() => 'A',
                _ => 'a',
            };
            let changed =
                text.chars().enumerate().map(|(n, c)| if n == at { swapped(c) } else { c });
            let changed: String = changed.collect();
            encoded(if text.is_empty() { "x" } else { &changed })
        }
        Value::Array(elements) => match elements.split_first() {
            None => "[null]".to_owned(),
            Some((_, rest)) => Value::Array(rest.to_vec()).to_string(),
        },
        Value::Object(members) if members.is_empty() => "{\"x\":1}".to_owned(),
        Value::Object(members) => {
            Value::Object(members.clone().into_iter().skip(1).collect()).to_string()
        }
    }
}

/// A JSON text in which one character is escaped that need not be.
fn escaped(text: &str, rng: &mut Rng) -> String {
    let at = rng.below(text.chars().count().max(1));
    let mut out = String::from("\"");
    for (position, c) in text.chars().enumerate() {
        if position == at {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push_str(encoded(&c.to_string()).trim_matches('"'));
            if c == '"' {
                // Trimmed with the marks: `\"` lost its quote.
                out.push('"');
            }
        }
    }
    out.push('"');
    out
}

fn other_case(text: &str, rng: &mut Rng) -> String {
    let letters: Vec<usize> =
        text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()).map(|(at, _)| at).collect();
    if letters.is_empty() {
        return text.to_owned();
    }
    let at = *rng.pick(&letters);
    let swapped = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.char_indices().map(|(n, c)| if n == at { swapped(c) } else { c }).collect()
}

fn respelled(key: &str, rng: &mut Rng) -> String {
    match rng.below(3) {
        0 => other_case(key, rng),
        1 => format!("{key}x"),
        // As protobuf writes it: `log_index` for `logIndex`.
        _ => {
            let snake = |c: char| {
                if c.is_ascii_uppercase() {
                    format!("_{}", c.to_ascii_lowercase())
                } else {
                    c.to_string()
                }
            };
            let snaked: String = key.chars().map(snake).collect();
            if snaked == key { format!("_{key}") } else { snaked }
        }
    }
}

/// Where two documents differ: pointers, with the values before and after.
pub fn differences(before: &Value, after: &Value) -> Vec<(String, Option<Value>, Option<Value>)> {
    fn walk(
        before: &Value,
        after: &Value,
        at: &str,
        all: &mut Vec<(String, Option<Value>, Option<Value>)>,
    ) {
        match (before, after) {
            (Value::Object(one), Value::Object(other)) => {
                for (key, value) in one {
                    let below = member(at, key);
                    match other.get(key) {
                        Some(changed) => walk(value, changed, &below, all),
                        None => all.push((below, Some(value.clone()), None)),
                    }
                }
                let more = other.iter().filter(|(key, _)| !one.contains_key(*key));
                all.extend(more.map(|(key, new)| (member(at, key), None, Some(new.clone()))));
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (position, (value, changed)) in one.iter().zip(other).enumerate() {
                    walk(value, changed, &format!("{at}/{position}"), all);
                }
            }
            (one, other) if one == other => {}
            (one, other) => all.push((at.to_owned(), Some(one.clone()), Some(other.clone()))),
        }
    }
    let mut all = Vec::new();
    walk(before, after, "", &mut all);
    all
}
