//! What a folder of the release says about its tokenizer.

use std::collections::{BTreeMap, BTreeSet};

use pkg_formats::safetensors;
use pkg_plugin_sdk::File;
use serde_json::{Map, Value};

use crate::text;
use crate::vocabulary::{self, Added, Merges, TokenizerJson, Vocabulary};
use pkg_plugin_sdk::section::{Section, quoted};

/// Longest tokenizer file that is read, in bytes.
pub(crate) const MAX_TOKENIZER: u64 = 64 << 20;
/// Longest configuration that is read, in bytes.
const MAX_CONFIG: u64 = 8 << 20;
/// Most weight files of a folder whose headers are read for the embedding.
const MAX_SHARDS: usize = 2_000;

/// Files that are looked at, by their names.
const NAMES: [&str; 11] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "config.json",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
];

/// Ends of the names of embeddings.
const EMBEDDINGS: [&str; 8] = [
    "embed_tokens.weight",
    "word_embeddings.weight",
    "wte.weight",
    "tok_embeddings.weight",
    "shared.weight",
    "embed_in.weight",
    "word_embedding.weight",
    "token_embedding.weight",
];

/// A folder.
#[derive(Debug, Default)]
pub(crate) struct Place<'a> {
    /// Its path, without a slash at its end.
    pub(crate) folder: &'a str,
    /// Its files of known names.
    pub(crate) files: BTreeMap<&'a str, &'a File>,
    /// Its safetensors files.
    pub(crate) weights: Vec<&'a File>,
}

impl Place<'_> {
    /// Whether it has a tokenizer, or a part of one.
    pub(crate) fn has_tokenizer(&self) -> bool {
        self.files.keys().any(|name| !matches!(*name, "config.json" | "generation_config.json"))
    }
}

/// The folders of a release that have files of known names.
pub(crate) fn places(files: &[File]) -> Vec<Place<'_>> {
    let mut places: BTreeMap<&str, Place<'_>> = BTreeMap::new();
    for file in files {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let known = NAMES.iter().find(|name| **name == file.name());
        let weights = text::has_extension(file.name(), "safetensors");
        if known.is_none() && !weights {
            continue;
        }
        let place = places.entry(folder).or_default();
        place.folder = folder;
        if let Some(name) = known {
            place.files.insert(name, file);
        }
        if weights {
            place.weights.push(file);
        }
    }
    places.into_values().filter(Place::has_tokenizer).collect()
}

/// What the files of a folder say.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Tokens, with those that were added.
    pub(crate) vocabulary: Option<Vocabulary>,
    /// Path of the file that the tokens come from.
    pub(crate) source: String,
    /// Merges, the file they come from, and the prefix within words.
    pub(crate) merges: Option<(Merges, String, String)>,
    /// Added tokens, by the file that has them.
    pub(crate) added: Vec<(String, Vec<Added>)>,
    /// Objects of JSON, by the names of their files.
    pub(crate) objects: BTreeMap<&'static str, (String, Map<String, Value>)>,
    /// Chat templates: file, name and text.
    pub(crate) templates: Vec<(String, String, String)>,
    /// Rows of the embedding.
    pub(crate) rows: Option<u64>,
    /// Special tokens that templates are given.
    pub(crate) tokens: crate::template::Tokens,
    /// Token for what is unknown, as the model of `tokenizer.json` has it.
    pub(crate) unknown: Option<String>,
}

impl Known {
    /// A value of one of the objects.
    pub(crate) fn value(&self, file: &str, name: &str) -> Option<&Value> {
        self.objects.get(file)?.1.get(name)
    }

    /// Path of one of the objects.
    pub(crate) fn path(&self, file: &str) -> &str {
        self.objects.get(file).map_or("", |(path, _)| path)
    }
}

/// Reads the files of a folder.
pub(crate) fn read(place: &Place<'_>, section: &mut Section) -> Known {
    let mut known = Known::default();
    for name in NAMES {
        let Some(file) = place.files.get(name) else { continue };
        let most = match name {
            "tokenizer.json" | "vocab.json" | "merges.txt" | "vocab.txt" => MAX_TOKENIZER,
            "chat_template.jinja" => crate::template::MAX_TEMPLATE,
            _ => MAX_CONFIG,
        };
        section.looked = true;
        let result = file.read(most).and_then(|bytes| take(&mut known, name, file, bytes, section));
        if let Err(reason) = result {
            let code =
                if file.bytes > most { "tokenizer-file-too-large" } else { "tokenizer-file" };
            section.error(code, &file.path, reason);
        }
    }
    known.rows = rows(place);
    add_added(&mut known);
    known
}

fn take(
    known: &mut Known,
    name: &'static str,
    file: &File,
    bytes: Vec<u8>,
    section: &mut Section,
) -> Result<(), String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
    match name {
        "tokenizer.json" => {
            let read: TokenizerJson = serde_json::from_slice(&bytes)
                .map_err(|error| format!("it cannot be read: {error}"))?;
            tokenizer(known, file, read);
        }
        "vocab.json" if known.vocabulary.is_none() => {
            let read = serde_json::from_slice(&bytes)
                .map_err(|error| format!("it cannot be read: {error}"))?;
            (known.vocabulary, known.source) = (Some(read), file.path.clone());
        }
        "vocab.txt" if known.vocabulary.is_none() => {
            let read = vocabulary::lines(&text(bytes)?)?;
            (known.vocabulary, known.source) = (Some(read), file.path.clone());
        }
        "merges.txt" if known.merges.is_none() => {
            let read = vocabulary::merges(&text(bytes)?)?;
            known.merges = Some((read, file.path.clone(), String::new()));
        }
        // What `tokenizer.json` says comes first; these are older forms of it.
        "vocab.json" | "vocab.txt" | "merges.txt" => {
            text(bytes)?;
        }
        "chat_template.jinja" => {
            known.templates.push((file.path.clone(), "default".to_owned(), text(bytes)?));
        }
        _ => {
            let (object, repeated) = vocabulary::object(&bytes)
                .map_err(|error| format!("it cannot be read: {error}"))?;
            for name in repeated {
                let detail = format!("{} is there twice", quoted(&name));
                section.error("tokenizer-file", &file.path, detail);
            }
            objects(known, name, file, object);
        }
    }
    Ok(())
}

fn tokenizer(known: &mut Known, file: &File, read: TokenizerJson) {
    let model = read.model;
    known.unknown = model.unk_token.clone().or_else(|| {
        let id = model.unk_id?;
        model.vocab.ids.iter().find(|(_, number)| **number == id).map(|(token, _)| token.clone())
    });
    let bpe = model.kind.as_deref().map_or(!model.merges.0.is_empty(), |kind| kind == "BPE");
    if bpe {
        let prefix = model.continuing_subword_prefix.unwrap_or_default();
        known.merges = Some((model.merges, file.path.clone(), prefix));
    }
    (known.vocabulary, known.source) = (Some(model.vocab), file.path.clone());
    known.added.push((file.path.clone(), read.added_tokens));
}

fn objects(known: &mut Known, name: &'static str, file: &File, object: Map<String, Value>) {
    let template = object.get("chat_template");
    match template {
        Some(Value::String(text)) => {
            known.templates.push((file.path.clone(), "default".to_owned(), text.clone()));
        }
        Some(Value::Array(list)) => {
            for one in list.iter().take(16) {
                let text = |name: &str| one.get(name).and_then(Value::as_str);
                if let (Some(name), Some(template)) = (text("name"), text("template")) {
                    known.templates.push((file.path.clone(), name.to_owned(), template.to_owned()));
                }
            }
        }
        _ => {}
    }
    let mut added = Vec::new();
    if name == "added_tokens.json" {
        for (content, id) in &object {
            let Some(id) = id.as_u64() else { continue };
            added.push(Added { id, content: content.clone(), special: false });
        }
    }
    if let Some(Value::Object(decoder)) = object.get("added_tokens_decoder") {
        for (id, token) in decoder {
            let (Ok(id), Some(content)) =
                (id.parse(), token.get("content").and_then(Value::as_str))
            else {
                continue;
            };
            let special = token.get("special").and_then(Value::as_bool).unwrap_or(false);
            added.push(Added { id, content: content.to_owned(), special });
        }
    }
    if !added.is_empty() {
        known.added.push((file.path.clone(), added));
    }
    known.objects.insert(name, (file.path.clone(), object));
}

/// Puts the added tokens to the others.
fn add_added(known: &mut Known) {
    let Some(vocabulary) = &mut known.vocabulary else { return };
    for (_, tokens) in &known.added {
        for token in tokens {
            vocabulary.ids.entry(token.content.clone()).or_insert(token.id);
        }
    }
}

/// Rows of the embedding of tokens, from the headers of the weights.
fn rows(place: &Place<'_>) -> Option<u64> {
    let mut rows = BTreeSet::new();
    for file in place.weights.iter().take(MAX_SHARDS) {
        let Ok(mut input) = file.open() else { continue };
        // What is wrong with weights is told by the plugin that checks them.
        let Ok(header) = safetensors::parse(&mut input, file.bytes) else { continue };
        for tensor in header.tensors {
            let embedding = EMBEDDINGS.iter().any(|end| {
                tensor
                    .name
                    .strip_suffix(end)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            });
            if embedding && tensor.shape.len() == 2 {
                rows.extend(tensor.shape.first().copied());
            }
        }
    }
    // Encoder and decoder may have one each; the smaller one is what ids must fit.
    rows.into_iter().next()
}
