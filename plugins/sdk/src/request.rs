//! What a plugin is, and what it is asked.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a plugin can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Looks whether something holds.
    Verify,
    /// Measures, after it looked whether the results are right.
    Benchmark,
}

/// What a plugin says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Its id: lower-case letters, digits, `-` and `.`.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it can do.
    pub kinds: Vec<Kind>,
    /// What it looks at, in one line.
    pub about: String,
    /// Whether it can record golden outputs ([`Operation::Record`]).
    #[serde(default)]
    pub records: bool,
    /// Settings it knows: name, and what it does with its default.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

impl Description {
    /// A description without settings.
    pub fn new(id: &str, version: &str, kinds: &[Kind], about: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: version.to_owned(),
            kinds: kinds.to_vec(),
            about: about.to_owned(),
            records: false,
            settings: Map::new(),
        }
    }

    /// Adds a setting: what it does, and its default.
    #[must_use]
    pub fn setting(mut self, name: &str, about: &str) -> Self {
        self.settings.insert(name.to_owned(), Value::String(about.to_owned()));
        self
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Look whether it holds.
    Verify,
    /// Look whether it holds, then measure.
    Benchmark,
    /// Record what the outputs are, for later comparison.
    Record,
}

/// Where to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// A GPU; without one the answer is a skip.
    #[default]
    Gpu,
    /// The processor.
    Cpu,
}

/// The release that is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// Its digest, `sha256:HEX`.
    pub digest: String,
    /// Its name, as declared.
    pub name: String,
    /// Its version, as declared.
    pub version: String,
}

/// A file of the release. Only these can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// Its path in the release.
    pub path: String,
    /// The file on disk that holds its bytes.
    pub disk: PathBuf,
    /// Where its bytes begin in that file.
    pub offset: u64,
    /// Number of its bytes.
    pub bytes: u64,
    /// What they must hash to, `sha256:HEX`.
    pub digest: String,
    /// Kind of the component it belongs to, such as `model-parameters-final`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl File {
    /// Last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it belongs to the weights of the release, final or intermediate.
    pub fn is_weights(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.starts_with("model-parameters"))
    }

    /// All of its bytes, if they are at most `most`; the error is the reason, for people.
    pub fn read(&self, most: u64) -> Result<Vec<u8>, String> {
        use std::io::Read as _;
        if self.bytes > most {
            return Err(format!("it has {} bytes; at most {most} are read", self.bytes));
        }
        let mut bytes = Vec::new();
        let opened = self.open().map_err(|error| format!("cannot be read: {error}"))?;
        opened
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be read: {error}"))?;
        if bytes.len() as u64 != self.bytes {
            return Err(format!("it ends after {} of {} bytes", bytes.len(), self.bytes));
        }
        Ok(bytes)
    }

    /// A reader of exactly its bytes.
    pub fn open(&self) -> std::io::Result<std::io::Take<std::fs::File>> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = std::fs::File::open(&self.disk)?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file.take(self.bytes))
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What is to be done.
    pub operation: Operation,
    /// Where to run.
    #[serde(default)]
    pub device: Device,
    /// Threads to use; 0: as many as there are processors.
    #[serde(default)]
    pub threads: usize,
    /// The release.
    pub release: Release,
    /// Its files.
    pub files: Vec<File>,
    /// Settings, as in the description.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

impl Request {
    /// A setting that is a whole number, or its default.
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.settings.get(name).and_then(Value::as_u64).unwrap_or(default)
    }

    /// A setting that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(Value::as_str)
    }

    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}
