//! Values as text: as Python prints them, and as JSON.

use super::value::{Made, Purse, Value, unkey, wrong};

/// Text that pays for every byte.
pub(super) struct Sheet<'a> {
    pub(super) text: String,
    purse: &'a mut Purse,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(purse: &'a mut Purse) -> Self {
        Self { text: String::new(), purse }
    }

    fn push(&mut self, text: &str) -> Made<()> {
        self.purse.step(text.len())?;
        self.purse.bytes(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    /// As `str()` has it.
    pub(super) fn str(&mut self, value: &Value) -> Made<()> {
        match value {
            Value::Str(text) => self.push(text),
            Value::Undefined => Ok(()),
            other => self.repr(other),
        }
    }

    /// As `repr()` has it.
    fn repr(&mut self, value: &Value) -> Made<()> {
        match value {
            Value::Undefined => self.push("Undefined"),
            Value::None => self.push("None"),
            Value::Bool(true) => self.push("True"),
            Value::Bool(false) => self.push("False"),
            Value::Int(number) => self.push(&number.to_string()),
            Value::Float(number) => self.push(&float(*number)),
            Value::Str(text) => {
                let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
                let escaped = text
                    .replace('\\', "\\\\")
                    .replace('\n', "\\n")
                    .replace('\t', "\\t")
                    .replace('\r', "\\r");
                let escaped = if quote == '\'' { escaped.replace('\'', "\\'") } else { escaped };
                self.push(&format!("{quote}{escaped}{quote}"))
            }
            Value::List(list) => {
                self.push(if list.tuple { "(" } else { "[" })?;
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        self.push(", ")?;
                    }
                    self.repr(item)?;
                }
                if list.tuple && list.items.len() == 1 {
                    self.push(",")?;
                }
                self.push(if list.tuple { ")" } else { "]" })
            }
            Value::Dict(dict) => {
                self.push("{")?;
                for (index, (key, item)) in dict.items.iter().enumerate() {
                    if index > 0 {
                        self.push(", ")?;
                    }
                    self.repr(&unkey(key))?;
                    self.push(": ")?;
                    self.repr(item)?;
                }
                self.push("}")
            }
            Value::Namespace(_) => self.push("<Namespace>"),
            Value::Macro(_) => self.push("<Macro>"),
            Value::Function(name) => self.push(&format!("<function {name}>")),
            Value::Loop(_) => self.push("<LoopContext>"),
        }
    }

    /// As `json.dumps` has it, with `ensure_ascii=False`.
    pub(super) fn json(
        &mut self,
        value: &Value,
        indent: Option<usize>,
        separators: (&str, &str),
        level: usize,
    ) -> Made<()> {
        let (comma, colon) = separators;
        let line = |level: usize| {
            indent.map_or_else(String::new, |indent| format!("\n{}", " ".repeat(indent * level)))
        };
        match value {
            Value::None => self.push("null"),
            Value::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Value::Int(number) => self.push(&number.to_string()),
            Value::Float(number) => self.push(&float(*number)),
            Value::Str(text) => self.push(&serde_json::Value::from(&**text).to_string()),
            Value::List(list) if list.items.is_empty() => self.push("[]"),
            Value::List(list) => {
                self.push("[")?;
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        self.push(comma)?;
                    }
                    self.push(&line(level + 1))?;
                    self.json(item, indent, separators, level + 1)?;
                }
                self.push(&line(level))?;
                self.push("]")
            }
            Value::Dict(dict) if dict.items.is_empty() => self.push("{}"),
            Value::Dict(dict) => {
                self.push("{")?;
                for (index, (key, item)) in dict.items.iter().enumerate() {
                    if index > 0 {
                        self.push(comma)?;
                    }
                    self.push(&line(level + 1))?;
                    let key = match unkey(key) {
                        Value::Int(number) => format!("\"{number}\""),
                        _ => serde_json::Value::from(&**key).to_string(),
                    };
                    self.push(&key)?;
                    self.push(colon)?;
                    self.json(item, indent, separators, level + 1)?;
                }
                self.push(&line(level))?;
                self.push("}")
            }
            other => wrong(format!("{} is not JSON", other.kind())),
        }
    }
}

fn float(number: f64) -> String {
    if number.is_finite() && number.fract() == 0.0 && number.abs() < 1e16 {
        format!("{number:.1}")
    } else if number.is_nan() {
        "nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "inf".to_owned() } else { "-inf".to_owned() }
    } else {
        number.to_string()
    }
}

impl Purse {
    /// A value as text.
    pub(super) fn print(&mut self, value: &Value) -> Made<String> {
        let mut sheet = Sheet::new(self);
        sheet.str(value)?;
        Ok(sheet.text)
    }
}
