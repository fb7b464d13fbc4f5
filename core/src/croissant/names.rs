//! Names in JSON-LD: what a key or a value means by the context of its document
//! (JSON-LD 1.1, section 4.1), as far as data set descriptions use it.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Schema.org.
pub(super) const SC: &str = "https://schema.org/";
/// Croissant.
pub(super) const CR: &str = "http://mlcommons.org/croissant/";
/// Dublin Core terms.
pub(super) const DCT: &str = "http://purl.org/dc/terms/";

/// Longest chain of prefixes that is followed.
const DEPTH: usize = 4;

/// A context.
#[derive(Debug, Default)]
pub(super) struct Names {
    terms: HashMap<String, String>,
    vocabulary: Option<String>,
}

impl Names {
    /// Reads the context of a document. A context elsewhere is not fetched.
    pub(super) fn of(document: &Value) -> Result<Self, String> {
        let mut names = Self::default();
        match document.get("@context") {
            None => return Err("it has no `@context`".to_owned()),
            Some(Value::Array(list)) => {
                for one in list {
                    names.add(one)?;
                }
            }
            Some(one) => names.add(one)?,
        }
        Ok(names)
    }

    fn add(&mut self, context: &Value) -> Result<(), String> {
        match context {
            Value::Object(terms) => {
                for (term, meaning) in terms {
                    let meaning = match meaning {
                        Value::String(text) => Some(text.as_str()),
                        Value::Object(more) => more.get("@id").and_then(Value::as_str),
                        _ => None,
                    };
                    match (term.as_str(), meaning) {
                        ("@vocab", Some(text)) => self.vocabulary = Some(text.to_owned()),
                        (term, Some(text)) if !term.starts_with('@') => {
                            self.terms.insert(term.to_owned(), text.to_owned());
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Value::String(at) if is_schema(at) => {
                self.vocabulary.get_or_insert_with(|| SC.to_owned());
                Ok(())
            }
            Value::String(at) => Err(format!("its context is at {at}, which is not fetched")),
            _ => Err("its `@context` is neither a map nor an address".to_owned()),
        }
    }

    /// The full name of a key, a type or a data type.
    pub(super) fn full(&self, name: &str) -> String {
        let mut name = name.to_owned();
        for _ in 0..DEPTH {
            if let Some(meaning) = self.terms.get(&name) {
                if *meaning == name {
                    break;
                }
                name.clone_from(meaning);
                continue;
            }
            match name.split_once(':') {
                Some((prefix, rest)) if !rest.starts_with("//") => match self.terms.get(prefix) {
                    Some(meaning) => name = format!("{meaning}{rest}"),
                    None => break,
                },
                Some(_) => break,
                None => {
                    if let Some(vocabulary) = &self.vocabulary {
                        name = format!("{vocabulary}{name}");
                    }
                    break;
                }
            }
        }
        // Both spellings of the address are in use.
        match name.strip_prefix("http://schema.org/") {
            Some(rest) => format!("{SC}{rest}"),
            None => name,
        }
    }

    /// The members of an object, by full name.
    pub(super) fn members<'a>(&self, object: &'a Map<String, Value>) -> Members<'a> {
        let named = object.iter().filter(|(key, value)| !key.starts_with('@') && !value.is_null());
        Members {
            by_name: named.map(|(key, value)| (self.full(key), value)).collect(),
            id: object.get("@id").and_then(Value::as_str),
            types: list(object.get("@type"))
                .filter_map(Value::as_str)
                .map(|name| self.full(name))
                .collect(),
        }
    }
}

fn is_schema(at: &str) -> bool {
    matches!(
        at.trim_end_matches('/'),
        "https://schema.org" | "http://schema.org" | "https://schema.org/docs/jsonldcontext.jsonld"
    )
}

/// Members of an object, by full name.
#[derive(Debug)]
pub(super) struct Members<'a> {
    by_name: HashMap<String, &'a Value>,
    pub(super) id: Option<&'a str>,
    pub(super) types: Vec<String>,
}

impl<'a> Members<'a> {
    /// A member; an empty list or text is none.
    pub(super) fn get(&self, space: &str, name: &str) -> Option<&'a Value> {
        let value = self.by_name.get(&format!("{space}{name}")).copied()?;
        let empty = match value {
            Value::Array(list) => list.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        (!empty).then_some(value)
    }

    /// Whether it is of a type.
    pub(super) fn is(&self, space: &str, name: &str) -> bool {
        self.types.iter().any(|one| *one == format!("{space}{name}"))
    }
}

/// One value, or all of a list.
pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let many = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = value.filter(|value| !value.is_array());
    many.iter().chain(one)
}

/// The ids that a value refers to.
pub(super) fn references(value: Option<&Value>) -> Vec<&str> {
    list(value)
        .filter_map(|one| one.get("@id").and_then(Value::as_str).or_else(|| one.as_str()))
        .collect()
}
