//! TOML files written by people: reading them, with the place and the remedy of
//! what is wrong.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{Code, Problem, Result};
use crate::model::kind::{Kind, Selector};

/// A kind of file: its keys, and what its problems are called.
#[derive(Debug)]
pub struct Form {
    /// The usual name of the file.
    pub name: &'static str,
    /// Keys of the top level.
    pub root: &'static Shape,
    /// It is not TOML, or a value has the wrong type.
    pub syntax: Code,
    /// A key means nothing.
    pub unknown_key: Code,
    /// A key is set twice.
    pub repeated_key: Code,
    /// A value is none of those allowed.
    pub invalid: Code,
}

/// Keys that a table may have.
#[derive(Debug)]
pub struct Shape {
    /// Each key, and what it holds.
    pub keys: &'static [(&'static str, Value)],
}

/// What a key holds, as far as suggestions need to know.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// Anything whose type the reader itself checks.
    Plain,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A component kind.
    Kind,
    /// A component kind or a group of them.
    Selector,
    /// A table, or a list of tables.
    Table(&'static Shape),
}

/// Reads a text; `subject` names it in problems.
pub fn read<T: DeserializeOwned>(text: &str, subject: &str, form: &Form) -> Result<T> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table = DeTable::parse(text).map_err(|error| syntax(text, subject, form, error))?;
    let mut wrong = Wrong::default();
    wrong.table(table.get_ref(), form.root, form.name);
    wrong.report(text, subject, form)?;
    toml::from_str(text).map_err(|error| syntax(text, subject, form, error))
}

fn syntax(text: &str, subject: &str, form: &Form, error: toml::de::Error) -> Problem {
    let place = error.span().map(|span| place(text, &span));
    let message = error.message().trim_end().replace('\n', "; ");
    let at = place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    if message.starts_with("duplicate key") {
        let key = error.span().and_then(|span| text.get(span)).unwrap_or_default().trim();
        return Problem::new(form.repeated_key, subject)
            .detail(format!("{at}`{key}` is set a second time"))
            .source(error);
    }
    Problem::new(form.syntax, subject).detail(format!("{at}{message}")).source(error)
}

/// `line N, column M`, both from 1; columns count characters.
fn place(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

/// All component kinds, for messages.
pub fn kind_list() -> String {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    kinds.join(", ")
}

/// Most problems of one kind that are told at once.
const MAX_TOLD: usize = 20;

/// What the walk over the tables finds: where, and what is wrong there.
#[derive(Default)]
struct Wrong {
    unknown: Vec<(Range<usize>, String)>,
    values: Vec<(Range<usize>, String)>,
}

impl Wrong {
    fn table(&mut self, table: &DeTable<'_>, shape: &Shape, at: &str) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match shape.keys.iter().find(|(valid, _)| *valid == name) {
                Some((_, expected)) => self.value(value, *expected, name),
                None => self.unknown(key.span(), name, shape, at),
            }
        }
    }

    fn unknown(&mut self, span: Range<usize>, name: &str, shape: &Shape, at: &str) {
        let valid = || shape.keys.iter().map(|(key, _)| *key);
        let remedy = match meant(name, valid()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("valid are {}", valid().collect::<Vec<_>>().join(", ")),
        };
        self.unknown.push((span, format!("{at} has no key `{name}`; {remedy}")));
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, expected: Value, name: &str) {
        match (expected, value.get_ref()) {
            (Value::Table(shape), DeValue::Table(table)) => {
                self.table(table, shape, &format!("[{name}]"));
            }
            (Value::Table(shape), DeValue::Array(items)) => {
                for item in items {
                    if let DeValue::Table(table) = item.get_ref() {
                        self.table(table, shape, &format!("[[{name}]]"));
                    }
                }
            }
            (Value::Kind, DeValue::String(word)) if word.parse::<Kind>().is_err() => {
                let meant = meant_kind(word);
                let message = format!(
                    "there is no component kind `{word}`; did you mean `{meant}`? The kinds are {}",
                    kind_list()
                );
                self.values.push((value.span(), message));
            }
            (Value::Selector, DeValue::String(word)) => {
                if let Err(reason) = word.parse::<Selector>() {
                    self.values.push((value.span(), format!("`{word}` is {reason}")));
                }
            }
            (Value::Word(words), DeValue::String(word)) if !words.contains(&word.as_ref()) => {
                let message = format!("`{name}` cannot be `{word}`; use {}", words.join(", "));
                self.values.push((value.span(), message));
            }
            _ => {}
        }
    }

    fn report(self, text: &str, subject: &str, form: &Form) -> Result<()> {
        for (code, mut found) in [(form.unknown_key, self.unknown), (form.invalid, self.values)] {
            found.sort_by_key(|(span, _)| span.start);
            let told = found.iter().take(MAX_TOLD);
            let mut messages: Vec<String> =
                told.map(|(span, message)| format!("{}: {message}", place(text, span))).collect();
            if found.len() > MAX_TOLD {
                messages.push(format!("and {} more", found.len() - MAX_TOLD));
            }
            if !messages.is_empty() {
                return Err(Problem::new(code, subject).detail(messages.join("\n")));
            }
        }
        Ok(())
    }
}

/// Longest word that is compared with others, in bytes: comparing takes time and memory by
/// the length of both.
pub(crate) const MAX_MEANT: usize = 128;

/// The valid word that an unknown one was probably meant to be; none for one that is longer
/// than any.
pub fn meant<'a>(text: &str, valid: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if text.len() > MAX_MEANT {
        return None;
    }
    let text = text.to_lowercase().replace(['_', ' '], "-").replace("license", "licence");
    let text = match text.as_str() {
        "components" => "component",
        "base-models" => "base-model",
        "path" | "files" => "paths",
        other => other,
    };
    let scored = valid.map(|valid| (strsim::normalized_damerau_levenshtein(text, valid), valid));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.5).then_some(best.1)
}

/// The component kind that an unknown one was probably meant to be. There is
/// always a nearest one, as any kind has to be of the list.
fn meant_kind(text: &str) -> &'static str {
    let text = text.to_lowercase().replace(['_', ' '], "-");
    let alias = match text.as_str() {
        "weights" | "parameters" | "model-parameters" | "model" => Kind::ModelParametersFinal,
        "checkpoints" => Kind::ModelParametersIntermediate,
        "config" | "tokenizer" | "configuration" => Kind::ModelMetadata,
        "readme" | "card" => Kind::ModelCard,
        "paper" => Kind::ResearchPaper,
        "data" => Kind::Datasets,
        "code" => Kind::InferenceCode,
        _ => {
            let text: String = text.chars().take(MAX_MEANT).collect();
            let score = |kind: &Kind| strsim::jaro_winkler(&text, kind.as_str());
            let best = Kind::ALL.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
            return best.map_or("", |kind| kind.as_str());
        }
    };
    alias.as_str()
}

/// That the keys of a form are those of the type it is read into.
#[cfg(test)]
pub(crate) mod same_keys {
    use serde_json::Value as Json;

    use super::{Form, Shape, Value};

    pub(crate) fn assert<T: schemars::JsonSchema>(form: &Form) {
        let schema = serde_json::to_value(schemars::schema_for!(T)).unwrap();
        compare(form.root, &schema, &schema["$defs"], form.name);
    }

    fn compare(shape: &Shape, schema: &Json, defs: &Json, at: &str) {
        let properties = schema["properties"].as_object().unwrap();
        let mut listed: Vec<&str> = shape.keys.iter().map(|(key, _)| *key).collect();
        let mut real: Vec<&str> = properties.keys().map(String::as_str).collect();
        listed.sort_unstable();
        real.sort_unstable();
        assert_eq!(listed, real, "keys of {at}");
        for (key, value) in shape.keys {
            let text = properties[*key].to_string();
            let name = text.split("#/$defs/").nth(1).and_then(|rest| rest.split('"').next());
            let def = name.map(|name| &defs[name]);
            match (value, def) {
                (Value::Table(inner), Some(def)) => compare(inner, def, defs, key),
                (Value::Word(words), Some(def)) => {
                    for word in *words {
                        assert!(def.to_string().contains(&format!("\"{word}\"")), "{key} {word}");
                    }
                    let count = def["oneOf"].as_array().map(Vec::len);
                    assert_eq!(count, Some(words.len()), "words of {key}");
                }
                (Value::Kind | Value::Selector, Some(_)) | (Value::Plain, None) => {}
                // A list of words: the reader of the file says what is wrong with one.
                (Value::Plain, Some(def)) if def["enum"].is_array() => {}
                (Value::Plain, Some(def)) if def["oneOf"].is_array() && text.contains("array") => {}
                _ => panic!("{at}.{key} is of another sort in the schema: {text}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{meant, meant_kind};

    #[test]
    fn suggestions_know_spelling_and_case() {
        let valid =
            || ["licence", "licence-file", "kind", "paths", "terms-effective-from"].into_iter();
        for (text, expected) in [
            ("license", Some("licence")),
            ("License_File", Some("licence-file")),
            ("licence_file", Some("licence-file")),
            ("knid", Some("kind")),
            ("path", Some("paths")),
            ("terms_effective", Some("terms-effective-from")),
            ("colour", None),
        ] {
            assert_eq!(meant(text, valid()), expected, "{text}");
        }
        assert_eq!(meant_kind("model_parameters_fnal"), "model-parameters-final");
        assert_eq!(meant_kind("weights"), "model-parameters-final");
        assert_eq!(meant_kind("training-cod"), "training-code");
    }

    #[test]
    fn long_words_are_compared_with_nothing() {
        // By lengths multiplied this would need gigabytes.
        let long = "x".repeat(1 << 22);
        assert_eq!(
            meant(&long, ["licence-that-is-as-long-as-any-word-of-a-form-may-be"].into_iter()),
            None
        );
        assert!(!meant_kind(&"training-code".repeat(1 << 16)).is_empty());
    }
}
