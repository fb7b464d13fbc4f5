//! Descriptions of releases in the YAML of the Model Openness Tool.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::type_of;
use crate::finding::{Code, Problem, Result};
use crate::model::kind::Kind;
use crate::tables;

/// Largest file that is read, in bytes.
pub const MAX_FILE: u64 = 1 << 20;

/// What a file says about a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// Name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub producer: String,
    /// Terms of all components of a type (`code`, `data`, `document`), and of the
    /// whole (`distribution`).
    pub licences: BTreeMap<String, String>,
    /// Its components.
    pub components: Vec<Component>,
}

/// Terms of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terms {
    /// Those of its type, or of the whole.
    Inherited,
    /// None: it is said to be unlicensed, or the place is empty.
    None,
    /// These.
    Named(String),
}

/// A component, as described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its kind.
    pub kind: Kind,
    /// Its terms.
    pub terms: Terms,
}

impl Description {
    /// The terms that a component is under.
    pub fn licence_of(&self, component: &Component) -> Option<String> {
        match &component.terms {
            Terms::Named(name) => Some(name.clone()),
            Terms::None => None,
            Terms::Inherited => self
                .licences
                .get(type_of(component.kind))
                .or_else(|| self.licences.get("distribution"))
                .cloned(),
        }
    }
}

/// Reads a file. Unknown components are refused: the tool itself would take them for
/// data sets.
pub fn read(text: &str, subject: &str) -> Result<Description> {
    let invalid = |detail: String| Problem::new(Code::MofInvalid, subject).detail(detail);
    let document: Value = serde_saphyr::from_str(text)
        .map_err(|error| invalid(format!("it cannot be read: {error}")))?;
    let release = document
        .get("release")
        .filter(|release| release.is_object())
        .ok_or_else(|| invalid("it describes no `release`".to_owned()))?;
    let word = |name: &str| release.get(name).map(written).unwrap_or_default();
    let mut licences = BTreeMap::new();
    for name in ["code", "data", "document", "distribution"] {
        let place = format!("/license/{name}/name");
        let value = release.pointer(&place).map(written).unwrap_or_default();
        if !value.is_empty() {
            licences.insert(name.to_owned(), value);
        }
    }
    let list = match release.get("components") {
        None | Some(Value::Null) => &Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(invalid("`release.components` is no list".to_owned())),
    };
    let components = list.iter().map(|value| component(value, subject)).collect::<Result<_>>()?;
    Ok(Description {
        name: word("name"),
        version: word("version"),
        producer: word("producer"),
        licences,
        components,
    })
}

fn component(value: &Value, subject: &str) -> Result<Component> {
    let invalid = |detail: String| Problem::new(Code::MofInvalid, subject).detail(detail);
    let name = value.get("name").map(written).unwrap_or_default();
    let known = |kind: &&Kind| kind.title().eq_ignore_ascii_case(&name);
    let Some(kind) = Kind::ALL.iter().find(known) else {
        let titles = Kind::ALL.iter().map(|kind| kind.title());
        let hint = tables::meant(&name, titles)
            .map_or_else(String::new, |best| format!("; did you mean {best:?}?"));
        return Err(invalid(format!("{name:?} is no component of the framework{hint}")));
    };
    let terms = match value.get("license") {
        None => Terms::Inherited,
        Some(value) => match written(value).as_str() {
            "" | "unlicensed" => Terms::None,
            name => Terms::Named(name.to_owned()),
        },
    };
    Ok(Component { kind: *kind, terms })
}

/// A scalar as it is written; what is empty, or no scalar, is an empty text.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "true".to_owned(),
        // Lists and maps are no licence; one with something in it is none that is
        // known.
        Value::Array(list) if !list.is_empty() => value.to_string(),
        Value::Object(map) if !map.is_empty() => value.to_string(),
        Value::Null | Value::Bool(false) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// Writes a file that the tool reads.
pub fn write(description: &Description) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut page = String::from(
        "framework:\n  name: 'Model Openness Framework'\n  version: '1.0'\n  date: '2024-12-15'\n",
    );
    let _ = writeln!(page, "release:");
    for (name, value) in [
        ("name", &description.name),
        ("version", &description.version),
        ("producer", &description.producer),
    ] {
        let _ = writeln!(page, "  {name}: {}", quoted(value));
    }
    if description.licences.is_empty() {
        page.push_str("  license: {}\n");
    } else {
        page.push_str("  license:\n");
        for (name, licence) in &description.licences {
            let _ = writeln!(page, "    {name}:\n      name: {}\n      path: ''", quoted(licence));
        }
    }
    page.push_str(if description.components.is_empty() {
        "  components: []\n"
    } else {
        "  components:\n"
    });
    for component in &description.components {
        let _ = writeln!(page, "    -\n      name: {}", quoted(mot_name(component.kind)));
        match &component.terms {
            Terms::Inherited => {}
            Terms::None => page.push_str("      license: unlicensed\n"),
            Terms::Named(name) => {
                let _ = writeln!(page, "      license: {}", quoted(name));
            }
        }
    }
    page
}

/// The name that the tool has for a component; it compares by letter.
const fn mot_name(kind: Kind) -> &'static str {
    match kind {
        Kind::ModelParametersFinal => "Model parameters (Final)",
        Kind::ModelParametersIntermediate => "Model parameters (Intermediate)",
        other => other.title(),
    }
}
