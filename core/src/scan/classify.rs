//! Deciding what a file is.

use serde_json::Value;

use super::lfs::{self, Pointer};
use super::{card, file_name, gguf, head, licence, onnx, safetensors, shards, small_text};
use crate::finding::{Code, Problem, Result};
use crate::fsx::Readable;
use crate::model::path::ReleasePath;

/// A weight format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
    /// ONNX.
    Onnx,
    /// A Python pickle, alone or in the zip container of `PyTorch`.
    Pickle,
    /// HDF5, as `Keras` writes it.
    Hdf5,
    /// `TensorFlow` Lite.
    TfLite,
}

impl Format {
    /// The name in bundles and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Onnx => "onnx",
            Self::Pickle => "pickle",
            Self::Hdf5 => "hdf5",
            Self::TfLite => "tflite",
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Model parameters.
    Weights(Format),
    /// Configuration that a runtime reads beside the weights.
    Config,
    /// Tokenizer or vocabulary.
    Tokenizer,
    /// Source code.
    Code,
    /// Model card.
    Card,
    /// Licence text.
    Licence,
    /// Another document.
    Doc,
    /// Description of a data set (Croissant).
    DataManifest,
    /// Outputs of the model that were recorded for comparison.
    Outputs,
    /// Data.
    Data,
    /// A Git LFS pointer in place of the content.
    LfsPointer {
        /// Digest of the content with its algorithm.
        oid: String,
        /// Size of the content in bytes.
        size: u64,
    },
    /// None of these, as far as could be told.
    Unknown,
}

/// What a file is, and how that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// What it is.
    pub what: What,
    /// The grounds, for people.
    pub reason: String,
}

/// Schema of outputs recorded by `pkg golden record`.
const GOLDEN: &str = "urn:x-pkg:golden:v1";

/// Largest JSON document that is parsed to tell what it is, in bytes.
const MAX_JSON: u64 = 4 << 20;

/// Extensions under which weights are kept.
const WEIGHT_EXTENSIONS: &[&str] =
    &["safetensors", "gguf", "onnx", "bin", "pt", "pth", "ckpt", "h5", "tflite", "pkl"];
const PICKLE_EXTENSIONS: &[&str] = &["bin", "pt", "pth", "ckpt", "pkl", "pickle"];
const CODE_EXTENSIONS: &[&str] = &[
    "py", "ipynb", "sh", "c", "h", "cc", "cpp", "hpp", "cu", "cuh", "rs", "js", "mjs", "ts", "go",
    "java", "jl", "lua", "r", "swift", "kt", "scala", "m", "mm", "pyx", "pyi",
];
const DATA_EXTENSIONS: &[&str] =
    &["csv", "tsv", "jsonl", "ndjson", "parquet", "arrow", "feather", "npy", "npz", "zst", "gz"];
const TOKENIZER_NAMES: &[&str] = &[
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
];

fn is(what: What, reason: impl Into<String>) -> Classified {
    Classified { what, reason: reason.into() }
}

/// Lower-case extension of a file; empty if it has none.
pub(crate) fn extension(path: &ReleasePath) -> String {
    let name = file_name(path);
    name.rsplit_once('.').map_or(String::new(), |(_, end)| end.to_ascii_lowercase())
}

/// Whether a file is named like weights.
pub(crate) fn named_like_weights(path: &ReleasePath) -> bool {
    WEIGHT_EXTENSIONS.contains(&extension(path).as_str())
}

/// Tells what the file at `path` is; `rel` is its path in the release.
///
/// A file that is or claims to be safetensors or GGUF has its header checked; a
/// damaged one is a problem.
pub fn classify<F: Readable + ?Sized>(file: &F, rel: &ReleasePath) -> Result<Classified> {
    let path = file.named();
    let (head, size) = head(file)?;
    if let Some(Pointer { oid, size }) = lfs::parse(&head) {
        return Ok(is(What::LfsPointer { oid, size }, "a Git LFS pointer"));
    }
    if size == 0 && named_like_weights(rel) {
        return Err(Problem::new(Code::EmptyWeights, path.display()));
    }
    if let Some(found) = weights(file, rel, &head, size)? {
        return Ok(found);
    }
    match text_of(&head) {
        Some(text) => text_file(file, rel, text, size),
        None => Ok(binary_file(rel, &head)),
    }
}

fn weights<F: Readable + ?Sized>(
    path: &F,
    rel: &ReleasePath,
    head: &[u8],
    size: u64,
) -> Result<Option<Classified>> {
    let extension = extension(rel);
    let extension = extension.as_str();
    if head.starts_with(gguf::MAGIC) || extension == "gguf" {
        let header = gguf::read(path)?;
        let facts = [header.architecture(), header.file_type()].into_iter().flatten();
        let facts: Vec<&str> = facts.collect();
        let reason = format!("GGUF header of {} tensors ({})", header.tensors, facts.join(", "));
        return Ok(Some(is(What::Weights(Format::Gguf), reason)));
    }
    let like_safetensors = head.get(8) == Some(&b'{')
        && head.first_chunk().is_some_and(|length| u64::from_le_bytes(*length) <= size);
    if extension == "safetensors" || like_safetensors {
        match safetensors::read(path) {
            Ok(header) => {
                let reason = format!("safetensors header of {} tensors", header.tensors.len());
                return Ok(Some(is(What::Weights(Format::Safetensors), reason)));
            }
            Err(problem) if extension == "safetensors" => return Err(problem),
            Err(problem) if problem.code() != Code::BadWeightHeader => return Err(problem),
            Err(_) => {}
        }
    }
    let zip = head.starts_with(b"PK\x03\x04");
    let pickle_name = PICKLE_EXTENSIONS.contains(&extension);
    let pickled = head.first() == Some(&0x80) && head.get(1).is_some_and(|v| (2..=5).contains(v));
    let found = if zip && (pickle_name || contains(head, b"data.pkl")) {
        Some(is(
            What::Weights(Format::Pickle),
            "PyTorch zip with a pickle: loading it can execute code",
        ))
    } else if pickled && pickle_name {
        Some(is(What::Weights(Format::Pickle), "Python pickle: loading it executes code"))
    } else if head.starts_with(b"\x89HDF\r\n\x1a\n") {
        Some(is(What::Weights(Format::Hdf5), "HDF5 signature"))
    } else if head.get(4..8) == Some(b"TFL3") {
        Some(is(What::Weights(Format::TfLite), "TensorFlow Lite signature"))
    } else {
        onnx::recognise(head, size).map(|model| {
            let producer = model.producer.map(|name| format!(" by {name}")).unwrap_or_default();
            let reason = format!("ONNX model{producer}, IR version {}", model.ir_version);
            is(What::Weights(Format::Onnx), reason)
        })
    };
    Ok(found)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The head as text, without a character that the cut went through.
fn text_of(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

fn binary_file(rel: &ReleasePath, head: &[u8]) -> Classified {
    let name = file_name(rel).to_ascii_lowercase();
    let extension = extension(rel);
    if head.starts_with(b"%PDF-") {
        return is(What::Doc, "PDF document");
    }
    if head.starts_with(b"PAR1") || head.starts_with(b"ARROW1") {
        return is(What::Data, "columnar data file");
    }
    if TOKENIZER_NAMES.contains(&name.as_str()) {
        return is(What::Tokenizer, "known tokenizer file name");
    }
    if matches!(extension.as_str(), "png" | "jpg" | "jpeg" | "gif" | "webp") {
        return is(What::Doc, "picture");
    }
    if DATA_EXTENSIONS.contains(&extension.as_str()) {
        return is(What::Data, format!("named like data (.{extension})"));
    }
    is(What::Unknown, "a binary file of a kind that is not known")
}

fn text_file<F: Readable + ?Sized>(
    path: &F,
    rel: &ReleasePath,
    text: &str,
    size: u64,
) -> Result<Classified> {
    let name = file_name(rel).to_ascii_lowercase();
    let extension = extension(rel);
    let extension = extension.as_str();
    if matches!(extension, "json" | "jsonld") || text.trim_start().starts_with('{') {
        let whole = if size <= MAX_JSON { small_text(path, MAX_JSON)? } else { None };
        if let Some(value) = whole.and_then(|text| serde_json::from_str::<Value>(&text).ok())
            && let Some(found) = json_file(rel, &value)
        {
            return Ok(found);
        }
    }
    if TOKENIZER_NAMES.contains(&name.as_str()) || extension == "tiktoken" {
        return Ok(is(What::Tokenizer, "known tokenizer file name"));
    }
    if licence::looks_like_licence(rel, text) {
        return Ok(is(What::Licence, "a licence text by name or title"));
    }
    if matches!(extension, "md" | "markdown") && card::parse(text).is_some() {
        return Ok(is(What::Card, "model card front matter"));
    }
    if name == "readme" || name.starts_with("readme.") || name.starts_with("model_card") {
        return Ok(is(What::Card, "named like a model card"));
    }
    if text.starts_with("#!") || CODE_EXTENSIONS.contains(&extension) {
        return Ok(is(What::Code, "source code"));
    }
    if name == "metadata" && text.starts_with("Metadata-Version:") {
        return Ok(is(What::Doc, "description of a Python package"));
    }
    let setup = ["requirements.txt", "pyproject.toml", "setup.cfg", "dockerfile", "makefile"];
    if setup.contains(&name.as_str()) {
        return Ok(is(What::Code, "says what the code needs to run"));
    }
    if name.starts_with("notice") {
        return Ok(is(What::Doc, "a notice that goes with a licence"));
    }
    if DATA_EXTENSIONS.contains(&extension) {
        return Ok(is(What::Data, format!("named like data (.{extension})")));
    }
    if matches!(extension, "json" | "yaml" | "yml" | "toml" | "cfg" | "ini")
        && (name.contains("config") || name.contains("params"))
    {
        return Ok(is(What::Config, "named like a configuration"));
    }
    if matches!(extension, "md" | "markdown" | "rst" | "tex" | "svg" | "html") {
        return Ok(is(What::Doc, "a document"));
    }
    Ok(is(What::Unknown, "text of a kind that is not known"))
}

fn json_file(rel: &ReleasePath, value: &Value) -> Option<Classified> {
    if let Value::Array(items) = value {
        let module = items.first().is_some_and(|item| item.get("idx").is_some());
        return module.then(|| is(What::Config, "list of sentence-transformers modules"));
    }
    let has = |key: &str| value.get(key).is_some();
    let croissant = |text: &str| text.contains("mlcommons.org/croissant");
    if value.get("conformsTo").and_then(Value::as_str).is_some_and(croissant)
        || (has("@context") && has("recordSet"))
    {
        return Some(is(What::DataManifest, "Croissant description of a data set"));
    }
    if value.get("schema").and_then(Value::as_str) == Some(GOLDEN) {
        return Some(is(What::Outputs, "recorded by `pkg golden record`"));
    }
    if has("nbformat") && has("cells") {
        return Some(is(What::Code, "notebook"));
    }
    if has("weight_map") && shards::is_index(rel) {
        return Some(is(What::Config, "index of weight shards"));
    }
    if has("tokenizer_class") || has("added_tokens") || has("bos_token") || has("unk_token") {
        return Some(is(What::Tokenizer, "tokenizer keys"));
    }
    let config =
        ["architectures", "model_type", "_class_name", "transformers_version", "peft_type"];
    let key = config.into_iter().find(|key| has(key))?;
    Some(is(What::Config, format!("configuration with the key {key:?}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Format, What, classify};
    use crate::finding::{Code, Result};
    use crate::model::path::ReleasePath;

    fn what(name: &str, bytes: &[u8]) -> Result<What> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        classify(&path, &ReleasePath::new(name).unwrap()).map(|found| found.what)
    }

    #[test]
    fn content_decides_before_names() {
        let tensors = pkg_formats::samples::safetensors("{}", 0);
        let gguf = pkg_formats::samples::gguf();
        let onnx = [0x08, 9, 0x3a, 2, 0x0a, 0];
        let cases: [(&str, &[u8], What); 23] = [
            ("weights.dat", &tensors, What::Weights(Format::Safetensors)),
            ("weights.bin", &gguf, What::Weights(Format::Gguf)),
            ("model.onnx", &onnx, What::Weights(Format::Onnx)),
            ("model.bin", b"PK\x03\x04....", What::Weights(Format::Pickle)),
            ("a/x", b"PK\x03\x04..archive/data.pkl", What::Weights(Format::Pickle)),
            ("model.pkl", b"\x80\x04abc", What::Weights(Format::Pickle)),
            ("archive.zip", b"PK\x03\x04....", What::Unknown),
            ("x.h5", b"\x89HDF\r\n\x1a\n", What::Weights(Format::Hdf5)),
            ("x.tflite", b"\x1c\0\0\0TFL3\0\0\0\0", What::Weights(Format::TfLite)),
            ("a.json", br#"{"model_type":"bert"}"#, What::Config),
            ("a.json", br#"{"unk_token":"x"}"#, What::Tokenizer),
            (
                "x.json",
                br#"{"conformsTo":"http://mlcommons.org/croissant/1.0"}"#,
                What::DataManifest,
            ),
            ("x.json", br#"{"accuracy":1}"#, What::Unknown),
            ("card.md", b"---\nlicense: mit\n---\n", What::Card),
            ("golden.json", br#"{"schema":"urn:x-pkg:golden:v1"}"#, What::Outputs),
            ("README", b"hello", What::Card),
            ("run", b"#!/bin/sh\n", What::Code),
            ("paper", b"%PDF-1.7\xff", What::Doc),
            ("t.parquet", b"PAR1\xff", What::Data),
            ("vocab.txt", b"[PAD]\n", What::Tokenizer),
            ("LICENSE", b"anything", What::Licence),
            ("METADATA", b"Metadata-Version: 2.2\n", What::Doc),
            ("__init__.py", b"", What::Code),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(what(name, bytes).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn damaged_and_empty_weights_and_pointers_are_told() {
        assert_eq!(what("m.safetensors", b"").unwrap_err().code(), Code::EmptyWeights);
        assert_eq!(what("m.safetensors", b"{}").unwrap_err().code(), Code::BadWeightHeader);
        assert_eq!(what("m.gguf", b"GGUX....").unwrap_err().code(), Code::BadWeightHeader);
        let gguf = pkg_formats::samples::gguf();
        let cut = &gguf[..gguf.len() - 1];
        assert_eq!(what("m.bin", cut).unwrap_err().code(), Code::BadWeightHeader);
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n";
        let expected = What::LfsPointer { oid: "sha256:00".to_owned(), size: 7 };
        assert_eq!(what("m.safetensors", pointer).unwrap(), expected);
    }

    #[test]
    fn a_character_at_the_cut_does_not_make_text_binary() {
        let head = usize::try_from(crate::scan::HEAD).unwrap();
        let text = format!("# {}\u{e4}", "x".repeat(head - 3));
        assert_eq!(what("notes.md", text.as_bytes()).unwrap(), What::Doc);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>, at in 0_usize..5) {
            let name = ["a.safetensors", "a.gguf", "a.json", "README.md", "a.bin"][at];
            let _ = what(name, &bytes);
        }
    }
}
