//! Croissant: descriptions of data sets (`MLCommons` Croissant 1.0 and 1.1, with the
//! vocabulary for responsible AI, RAI 1.0).
//!
//! A description is judged as `mlcroissant validate` judges it; what is wrong makes
//! it no proof of anything. The data itself is never fetched.

mod check;
mod names;
mod rules;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::finding::{Code, Problem, Result};
use names::{CR, DCT, Names, SC, list};

/// Largest description that is read, in bytes.
pub const MAX_FILE: u64 = 32 << 20;

/// Most values in a description. A value of two bytes takes some hundred in memory.
pub const MAX_VALUES: usize = 1_000_000;

/// The vocabulary for responsible AI.
const RAI: &str = "http://mlcommons.org/croissant/RAI/";

/// Version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Version {
    /// 0.8: says no version.
    #[serde(rename = "0.8")]
    V08,
    /// 1.0.
    #[serde(rename = "1.0")]
    V10,
    /// 1.1.
    #[serde(rename = "1.1")]
    V11,
}

/// A file of a data set, by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataFile {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub url: Option<String>,
    /// SHA-256 of it, as described.
    pub sha256: Option<String>,
}

/// A description of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataSet {
    /// Version of the format.
    pub croissant: Version,
    /// Name of the data set.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its licences, as written: ids, addresses or names.
    pub licences: Vec<String>,
    /// Where it is described.
    pub url: Option<String>,
    /// Whether it changes.
    pub live: bool,
    /// Its files.
    pub files: Vec<DataFile>,
    /// Properties of the vocabulary for responsible AI that are filled in.
    pub rai: Vec<String>,
    /// What is wrong with it.
    pub errors: Vec<String>,
}

/// Properties that describe where data comes from and what was done to it, as the
/// Open Source AI Definition asks.
pub const DATA_INFORMATION: [(&str, &[&str]); 4] = [
    ("provenance", &["dataCollection", "dataCollectionType", "dataCollectionRawData"]),
    ("labelling", &["dataAnnotationProtocol", "dataAnnotationPlatform", "machineAnnotationTools"]),
    ("processing", &["dataPreprocessingProtocol", "dataManipulationProtocol"]),
    ("scope", &["dataLimitations", "dataBiases", "dataUseCases"]),
];

/// Whether a document says that it is such a description.
pub fn is_croissant(document: &Value) -> bool {
    let context = document.get("@context").map(Value::to_string).unwrap_or_default();
    context.contains("mlcommons.org/croissant")
}

/// Refuses a document of more than [`MAX_VALUES`] values, before it takes memory for each.
///
/// # Errors
/// [`Code::CroissantInvalid`].
pub fn bounded(bytes: &[u8], subject: &str) -> Result<()> {
    // Each value but the first comes behind one of these; those in texts count as well.
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values <= MAX_VALUES {
        return Ok(());
    }
    let detail = format!("it has {values} commas and brackets; at most {MAX_VALUES} are read");
    Err(Problem::new(Code::CroissantInvalid, subject).detail(detail))
}

/// Reads a description. Problems in it are in [`DataSet::errors`]; only what is no
/// JSON-LD at all is an error here.
pub fn read(bytes: &[u8], subject: &str) -> Result<DataSet> {
    let invalid = |detail: String| Problem::new(Code::CroissantInvalid, subject).detail(detail);
    bounded(bytes, subject)?;
    let document: Value = serde_json::from_slice(bytes)
        .map_err(|error| invalid(format!("it is no JSON: {error}")).source(error))?;
    let names = Names::of(&document).map_err(invalid)?;
    let Some(object) = document.as_object() else {
        return Err(invalid("it is no object".to_owned()));
    };
    let root = names.members(object);
    let mut errors = Vec::new();
    if !root.is(SC, "Dataset") {
        errors.push("it does not extend https://schema.org/Dataset".to_owned());
    }
    let croissant = version(root.get(DCT, "conformsTo"), &mut errors);
    check::check(&document, &names, &root, croissant, &mut errors);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let files = list(root.get(SC, "distribution")).filter_map(Value::as_object).map(|file| {
        let file = names.members(file);
        DataFile {
            id: file.id.unwrap_or_default().to_owned(),
            url: text(file.get(SC, "contentUrl")),
            sha256: text(file.get(SC, "sha256")),
        }
    });
    let licences = list(root.get(SC, "license")).filter_map(|one| match one {
        Value::String(text) => Some(text.clone()),
        Value::Object(work) => {
            let work = names.members(work);
            let named = work.get(SC, "url").or_else(|| work.get(SC, "name"));
            text(named).or_else(|| work.id.map(str::to_owned))
        }
        _ => None,
    });
    let rai = object.keys().filter_map(|key| names.full(key).strip_prefix(RAI).map(str::to_owned));
    Ok(DataSet {
        croissant,
        name: match root.get(SC, "name") {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Object(names)) => {
                names.values().find_map(Value::as_str).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        },
        version: root.get(SC, "version").map(|it| match it {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }),
        licences: licences.collect(),
        url: text(root.get(SC, "url")),
        live: root.get(CR, "isLiveDataset") == Some(&Value::Bool(true)),
        files: files.collect(),
        rai: rai.collect(),
        errors,
    })
}

fn version(conforms: Option<&Value>, errors: &mut Vec<String>) -> Version {
    let of = |at: &str| match at.strip_prefix(CR)? {
        "0.8" => Some(Version::V08),
        "1.0" => Some(Version::V10),
        "1.1" => Some(Version::V11),
        _ => None,
    };
    let Some(value) = conforms else { return Version::V08 };
    let named = list(Some(value));
    let at =
        named.filter_map(|one| one.as_str().or_else(|| one.get("@id").and_then(Value::as_str)));
    let mut at = at;
    at.find_map(of).unwrap_or_else(|| {
        errors.push(format!("`conformsTo` names no version of Croissant: {value}"));
        Version::V08
    })
}

/// The SPDX expression that a licence of a description stands for, if it does.
pub fn licence_id(text: &str) -> Option<String> {
    let known = |id: &str| spdx::license_id(id).map(|id| id.name.to_owned());
    let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or(text);
    let last = last.trim_end_matches(".html").trim_end_matches(".txt");
    if let Some(id) = known(text).or_else(|| known(last)) {
        return Some(id);
    }
    let parts: Vec<&str> = text.trim_end_matches('/').rsplitn(5, '/').collect();
    let creative = text.contains("creativecommons.org/");
    match parts.as_slice() {
        [version, name, "licenses", ..] if creative => {
            known(&format!("CC-{}-{version}", name.to_uppercase()))
        }
        [_, "zero", "publicdomain", ..] if creative => known("CC0-1.0"),
        ["deed.en" | "legalcode" | "deed", version, name, "licenses", ..] if creative => {
            known(&format!("CC-{}-{version}", name.to_uppercase()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
