//! From text to [`Spec`], with the place and the remedy of what is wrong.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Shape, Value};
use crate::finding::{Code, Problem, Result};
use crate::model::kind::Kind;
use crate::model::spec::Spec;

/// Reads the text of a `pkg.toml`; `subject` names it in problems.
pub fn parse(text: &str, subject: &str) -> Result<Spec> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table = DeTable::parse(text).map_err(|error| syntax(text, subject, error))?;
    let mut wrong = Wrong { text, unknown: Vec::new(), values: Vec::new() };
    wrong.table(table.get_ref(), &keys::ROOT, "pkg.toml");
    wrong.report(subject)?;
    toml::from_str(text).map_err(|error| syntax(text, subject, error))
}

fn syntax(text: &str, subject: &str, error: toml::de::Error) -> Problem {
    let place = error.span().map(|span| place(text, &span));
    let message = error.message().trim_end().replace('\n', "; ");
    let at = place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    if message.starts_with("duplicate key") {
        let key = error.span().and_then(|span| text.get(span)).unwrap_or_default().trim();
        return Problem::new(Code::SpecRepeatedKey, subject)
            .detail(format!("{at}`{key}` is set a second time"))
            .source(error);
    }
    let mut problem = Problem::new(Code::SpecSyntax, subject).detail(format!("{at}{message}"));
    if message == "missing field `release`" {
        problem = problem.hint("Add a [release] table with `name` and `version`.");
    } else if message.starts_with("missing field `kind`") {
        problem = problem.hint(format!("Say what the component is: {}.", kind_list()));
    }
    problem.source(error)
}

/// `line N, column M`, both from 1; columns count characters.
fn place(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

fn kind_list() -> String {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    kinds.join(", ")
}

/// What the walk over the tables finds, in the order of the text.
struct Wrong<'t> {
    text: &'t str,
    unknown: Vec<(usize, String)>,
    values: Vec<(usize, String)>,
}

impl Wrong<'_> {
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
        let place = place(self.text, &span);
        let valid = || shape.keys.iter().map(|(key, _)| *key);
        let remedy = match keys::meant(name, valid()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("valid are {}", valid().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("{place}: {at} has no key `{name}`; {remedy}");
        self.unknown.push((span.start, message));
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
                let meant = keys::meant_kind(word);
                let message = format!(
                    "there is no component kind `{word}`; did you mean `{meant}`? The kinds are {}",
                    kind_list()
                );
                self.wrong_value(&value.span(), &message);
            }
            (Value::Word(words), DeValue::String(word)) if !words.contains(&word.as_ref()) => {
                let message = format!("`{name}` cannot be `{word}`; use {}", words.join(", "));
                self.wrong_value(&value.span(), &message);
            }
            _ => {}
        }
    }

    fn wrong_value(&mut self, span: &Range<usize>, message: &str) {
        self.values.push((span.start, format!("{}: {message}", place(self.text, span))));
    }

    fn report(mut self, subject: &str) -> Result<()> {
        for (code, found) in
            [(Code::SpecUnknownKey, &mut self.unknown), (Code::SpecInvalid, &mut self.values)]
        {
            found.sort();
            let messages: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
            if !messages.is_empty() {
                return Err(Problem::new(code, subject).detail(messages.join("\n")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;
    use crate::finding::Code;
    use crate::model::spec::{DataClass, Relation};

    const GOOD: &str = r#"
[release]
name = "m"
version = "1"

[[component]]
kind = "model-parameters-final"
paths = ["*.safetensors"]

[[data]]
name = "d"
class = "public"

[[base-model]]
name = "b"
relation = "quantized"
"#;

    fn fails(text: &str) -> (Code, String) {
        let problem = parse(text, "pkg.toml").unwrap_err();
        (problem.code(), problem.finding().message.clone())
    }

    #[test]
    fn a_complete_text_is_read() {
        let spec = parse(GOOD, "pkg.toml").unwrap();
        assert_eq!(spec.components[0].paths, ["*.safetensors"]);
        assert_eq!(spec.data[0].class, Some(DataClass::Public));
        assert_eq!(spec.base_models[0].relation, Some(Relation::Quantized));
        assert_eq!(parse(&format!("\u{feff}{GOOD}"), "x").unwrap(), spec);
    }

    #[test]
    fn every_unknown_key_is_named_with_its_line_and_a_suggestion() {
        let text = GOOD.replace("version = \"1\"", "version = \"1\"\nlicense_file = \"L\"")
            + "[extra]\nx = 1\n";
        let (code, message) = fails(&text);
        assert_eq!(code, Code::SpecUnknownKey);
        assert!(
            message.contains("line 5, column 1: [release] has no key `license_file`"),
            "{message}"
        );
        assert!(message.contains("did you mean `licence-file`?"), "{message}");
        assert!(message.contains("line 18, column 2: pkg.toml has no key `extra`"), "{message}");
        let (_, message) = fails("[release]\nname = \"m\"\nlicense = \"MIT\"\n");
        assert!(message.contains("did you mean `licence`?"), "{message}");
    }

    #[test]
    fn unknown_keys_of_inline_tables_are_found() {
        let git = "git = { repo = \".\", revision = \"main\" }";
        let (code, message) = fails(&GOOD.replace("paths = [\"*.safetensors\"]", git));
        assert_eq!(code, Code::SpecUnknownKey);
        assert!(message.contains("[git] has no key `revision`"), "{message}");
    }

    #[test]
    fn a_repeated_key_is_named_with_its_line() {
        let (code, message) = fails("[release]\nname = \"a\"\nname = \"b\"\n");
        assert_eq!(code, Code::SpecRepeatedKey);
        assert!(message.contains("line 3") && message.contains("`name`"), "{message}");
    }

    #[test]
    fn wrong_words_are_answered_with_the_right_ones() {
        let (code, message) = fails(&GOOD.replace("model-parameters-final", "model-parameter"));
        assert_eq!(code, Code::SpecInvalid);
        assert!(message.contains("did you mean `model-parameters-final`?"), "{message}");
        assert!(message.contains("research-paper"), "{message}");
        let (code, message) = fails(&GOOD.replace("\"public\"", "\"free\""));
        assert_eq!(code, Code::SpecInvalid);
        assert!(message.contains("open, public, obtainable, unshareable"), "{message}");
    }

    #[test]
    fn syntax_and_type_errors_have_a_place_and_say_what_is_allowed() {
        let (code, message) = fails("[release]\nname = m\n");
        assert_eq!(code, Code::SpecSyntax);
        assert!(message.starts_with("line 2, column 8: "), "{message}");
        let (code, message) = fails("[release]\nname = \"m\"\nversion = 1\n");
        assert_eq!(code, Code::SpecSyntax);
        assert!(message.contains("line 3") && message.contains("expected a string"), "{message}");
        assert!(fails("").1.contains("release"));
        assert!(fails("[release]\nname = \"m\"\n").1.contains("`version`"));
        let spec = "[release]\nname = \"m\"\nversion = \"1\"\n[component]\nkind = \"model-card\"\n";
        assert_eq!(fails(spec).0, Code::SpecSyntax);
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_an_answer(text in "(\\PC|[\\[\\]{}=\".,\n])*") {
            let _ = parse(&text, "x");
        }
    }
}
