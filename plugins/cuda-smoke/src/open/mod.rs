//! From the files of a release to a model: GGUF, or safetensors with `config.json`.
//!
//! Nothing is believed: every tensor's shape is held against the configuration, and a
//! tensor that would not be used is a reason not to run the model, for its results would
//! be others than its makers meant.

mod bert;
mod config;
mod gguf;
mod rope;
mod tensors;
mod transformers;

use std::io::Read as _;

use pkg_plugin_sdk::{File, Request, SkipReason};

use crate::engine::{EngineError, Result};
use crate::model::Model;
use crate::source::reading;

/// Name of the list of shards.
const INDEX: &str = "model.safetensors.index.json";
/// Kind of the weights that a release is about.
const FINAL: &str = "model-parameters-final";
/// Most candidates that a reason names.
const NAMED: usize = 4;

/// What may be the model of a release.
#[derive(Debug, Clone, Copy)]
enum Candidate<'a> {
    Gguf(&'a File),
    Safetensors(&'a File),
    Shards(&'a File),
}

impl<'a> Candidate<'a> {
    fn file(self) -> &'a File {
        match self {
            Self::Gguf(file) | Self::Safetensors(file) | Self::Shards(file) => file,
        }
    }
}

/// Opens the model of a release: the one that the setting `model` names by its path, or
/// the only one that there is.
pub fn model(request: &Request) -> Result<Model> {
    match choose(request)? {
        Candidate::Gguf(file) => gguf::open(file),
        Candidate::Safetensors(file) => {
            transformers::open(&request.files, folder(&file.path), vec![file])
        }
        Candidate::Shards(index) => {
            let shards = transformers::shards(&request.files, index)?;
            transformers::open(&request.files, folder(&index.path), shards)
        }
    }
}

fn choose(request: &Request) -> Result<Candidate<'_>> {
    if let Some(path) = request.text("model") {
        let file = request.file(path).ok_or_else(|| failed(format!("there is no file {path}")))?;
        if file.path.ends_with(".index.json") {
            return Ok(Candidate::Shards(file));
        }
        return candidate(file)?
            .ok_or_else(|| failed(format!("{path} is neither GGUF nor safetensors")));
    }
    // Shards are found by their list.
    let has_index = |file: &File| sibling(&request.files, folder(&file.path), INDEX).is_some();
    let mut found = Vec::new();
    for file in &request.files {
        if file.name() == INDEX {
            found.push(Candidate::Shards(file));
        } else if !(ends_with(file, "safetensors") && has_index(file)) {
            found.extend(candidate(file)?);
        }
    }
    let settled = |one: &&Candidate<'_>| one.file().kind.as_deref() == Some(FINAL);
    if found.iter().any(|one| settled(&one)) {
        // An index is no weights itself; its shards say what it is.
        found.retain(|one| settled(&one) || matches!(one, Candidate::Shards(_)));
    }
    match found.as_slice() {
        [] => Err(EngineError::Skip(
            SkipReason::NothingToCheck,
            "the release has no weights in GGUF or safetensors".to_owned(),
        )),
        [one] => Ok(*one),
        several => {
            let paths = several.iter().take(NAMED).map(|one| one.file().path.as_str());
            let paths: Vec<&str> = paths.collect();
            Err(failed(format!(
                "{} files may be the model ({}); the setting `model` says which",
                several.len(),
                paths.join(", ")
            )))
        }
    }
}

fn candidate(file: &File) -> Result<Option<Candidate<'_>>> {
    if ends_with(file, "safetensors") {
        return Ok(Some(Candidate::Safetensors(file)));
    }
    Ok(is_gguf(file)?.then_some(Candidate::Gguf(file)))
}

fn ends_with(file: &File, wanted: &str) -> bool {
    file.name().rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(wanted))
}

/// By content; only files that may be weights are opened.
fn is_gguf(file: &File) -> Result<bool> {
    if !(ends_with(file, "gguf") || file.is_weights()) {
        return Ok(false);
    }
    let mut magic = Vec::new();
    let reader = file.open().map_err(|error| reading(file, &error))?;
    reader.take(4).read_to_end(&mut magic).map_err(|error| reading(file, &error))?;
    Ok(magic == pkg_formats::gguf::MAGIC)
}

/// Folder part of a path, empty at the top.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The file of this name in a folder.
fn sibling<'a>(files: &'a [File], folder_of: &str, name: &str) -> Option<&'a File> {
    files.iter().find(|file| file.name() == name && folder(&file.path) == folder_of)
}

fn failed(text: impl Into<String>) -> EngineError {
    EngineError::Failed(text.into())
}

fn unsupported(text: impl Into<String>) -> EngineError {
    EngineError::Skip(SkipReason::UnsupportedArchitecture, text.into())
}
