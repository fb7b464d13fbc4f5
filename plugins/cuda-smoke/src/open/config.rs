//! `config.json`, as transformers writes it.

use pkg_plugin_sdk::File;
use serde_json::{Map, Value};

use super::failed;
use crate::engine::Result;
use crate::source;

/// Most bytes of `config.json`.
const MAX_CONFIG: u64 = 1 << 20;
/// Greatest whole number that a configuration may hold.
const MAX_NUMBER: u64 = 1 << 31;

/// A configuration.
#[derive(Debug, Clone, Default)]
pub(super) struct Config(pub(super) Map<String, Value>);

impl Config {
    pub(super) fn read(file: &File) -> Result<Self> {
        let bytes = source::small(file, MAX_CONFIG)?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| failed(format!("{} is not the JSON it should be: {error}", file.path)))
    }

    /// A value; null counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A whole number from 1.
    pub(super) fn number(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (1..=MAX_NUMBER).contains(number));
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.map(Some).ok_or_else(|| bad(key, value))
    }

    /// A whole number from 1 that must be there.
    pub(super) fn need(&self, key: &str) -> Result<usize> {
        self.number(key)?.ok_or_else(|| failed(format!("the configuration lacks {key}")))
    }

    /// A positive finite number.
    pub(super) fn real(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
        number.map(Some).ok_or_else(|| bad(key, value))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// An object inside.
    pub(super) fn object(&self, key: &str) -> Result<Option<Self>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Self(object.clone()))),
            Some(value) => Err(bad(key, value)),
        }
    }

    /// First of the architectures, or the type of the model.
    pub(super) fn architecture(&self) -> Option<&str> {
        let listed = self.get("architectures").and_then(|list| list.get(0)).and_then(Value::as_str);
        listed.or_else(|| self.text("model_type"))
    }
}

fn bad(key: &str, value: &Value) -> crate::engine::EngineError {
    let text: String = value.to_string().chars().take(60).collect();
    failed(format!("the configuration says {key} is {text}"))
}
