//! Technical facts of a model, taken from the headers of its weights.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::classify::Format;
use super::{SourceFile, file_name, gguf, head, onnx, safetensors, small_text};
use crate::finding::{Code, Result};

/// What the headers say. Anything that is not clear is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// Weight format, when there is one only.
    pub format: Option<String>,
    /// Architecture, from `config.json` or the GGUF metadata.
    pub architecture: Option<String>,
    /// Number of parameters.
    pub parameters: Option<u64>,
    /// Type of the parameters, such as `bf16`, or `mixed`.
    pub precision: Option<String>,
    /// Quantization, such as `Q4_K_M`, when there is one only.
    pub quantization: Option<String>,
}

/// Largest `config.json` that is read, in bytes.
const MAX_CONFIG: u64 = 4 << 20;

/// Facts of the weights among `files`; a `config.json` among them is read too.
///
/// Files that are not what their names or first bytes say add nothing: what they hold is
/// checked elsewhere. One that cannot be read is an error: facts are part of what is
/// signed, and come from content alone.
pub fn facts(files: &[SourceFile]) -> Result<ModelFacts> {
    let mut seen = Seen::default();
    for file in files {
        seen.look_at(file)?;
    }
    Ok(seen.conclude())
}

#[derive(Default)]
struct Seen {
    formats: BTreeSet<Format>,
    architecture: Option<String>,
    family: Option<String>,
    /// Parameters per element type, of safetensors files.
    types: BTreeMap<String, u64>,
    /// Parameters of each GGUF file, and whether the file is one part of several.
    gguf: Vec<(u64, bool)>,
    quantizations: BTreeSet<&'static str>,
    overflow: bool,
}

impl Seen {
    fn look_at(&mut self, file: &SourceFile) -> Result<()> {
        if file_name(&file.path) == "config.json" {
            if self.architecture.is_none() {
                self.architecture = architecture(file)?;
            }
            return Ok(());
        }
        let (head, size) = head(&file.disk)?;
        if head.starts_with(gguf::MAGIC) {
            let Some(header) = well_formed(gguf::read(&file.disk))? else { return Ok(()) };
            self.formats.insert(Format::Gguf);
            let part = is_part(file);
            self.gguf.push((header.parameters, part));
            self.quantizations.extend(header.file_type());
            self.family = self.family.take().or(header.architecture().map(str::to_owned));
        } else if head.get(8) == Some(&b'{')
            && let Some(header) = well_formed(safetensors::read(&file.disk))?
        {
            self.formats.insert(Format::Safetensors);
            for tensor in &header.tensors {
                let sum = self.types.entry(tensor.dtype.clone()).or_default();
                match tensor.elements().and_then(|elements| sum.checked_add(elements)) {
                    Some(total) => *sum = total,
                    None => self.overflow = true,
                }
            }
        } else if onnx::recognise(&head, size).is_some() {
            self.formats.insert(Format::Onnx);
        } else if head.starts_with(b"PK\x03\x04") || head.first() == Some(&0x80) {
            self.formats.insert(Format::Pickle);
        }
        Ok(())
    }

    fn conclude(self) -> ModelFacts {
        let single = |formats: &BTreeSet<Format>| match formats.len() {
            1 => formats.first().copied(),
            _ => None,
        };
        let tensors = self
            .types
            .values()
            .try_fold(0_u64, |sum, count| sum.checked_add(*count))
            .filter(|_| !self.overflow && !self.types.is_empty());
        let quantization = match self.quantizations.len() {
            1 if self.types.is_empty() => self.quantizations.first().map(|&name| name.to_owned()),
            _ => None,
        };
        ModelFacts {
            format: single(&self.formats).map(|format| format.as_str().to_owned()),
            architecture: self.architecture.or(self.family),
            parameters: if self.types.is_empty() { gguf_total(&self.gguf) } else { tensors },
            precision: precision(&self.types),
            quantization,
        }
    }
}

/// GGUF repositories often hold one model in several quantizations: only parts of
/// one model are added up.
fn gguf_total(files: &[(u64, bool)]) -> Option<u64> {
    if files.iter().all(|(_, part)| *part) && !files.is_empty() {
        return files.iter().try_fold(0_u64, |sum, (count, _)| sum.checked_add(*count));
    }
    let (first, _) = files.first()?;
    files.iter().all(|(count, part)| count == first && !part).then_some(*first)
}

/// Whether a file is named `...-00001-of-00003.gguf`.
fn is_part(file: &SourceFile) -> bool {
    let stem = file_name(&file.path).trim_end_matches(".gguf");
    let Some((start, total)) = stem.rsplit_once("-of-") else { return false };
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(total) && start.rsplit_once('-').is_some_and(|(_, part)| digits(part))
}

/// The element type of nearly all parameters; buffers of other types beside the
/// parameters are too few to count.
fn precision(types: &BTreeMap<String, u64>) -> Option<String> {
    let total: u128 = types.values().map(|count| u128::from(*count)).sum();
    let (name, most) = types.iter().max_by_key(|(_, count)| **count)?;
    if total == 0 {
        return None;
    }
    if u128::from(*most) * 100 < total * 99 {
        return Some("mixed".to_owned());
    }
    Some(match name.as_str() {
        "F64" => "fp64".to_owned(),
        "F32" => "fp32".to_owned(),
        "F16" => "fp16".to_owned(),
        "I8" => "int8".to_owned(),
        other => other.to_ascii_lowercase(),
    })
}

fn architecture(file: &SourceFile) -> Result<Option<String>> {
    let Some(text) = small_text(&file.disk, MAX_CONFIG)? else { return Ok(None) };
    let Ok(config) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
    let first = config.get("architectures").and_then(|list| list.get(0));
    let name = first.or_else(|| config.get("model_type")).and_then(Value::as_str);
    Ok(name.map(str::to_owned))
}

/// A header; none of a file that has another form.
fn well_formed<T>(header: Result<T>) -> Result<Option<T>> {
    match header {
        Err(problem) if problem.code() == Code::BadWeightHeader => Ok(None),
        header => header.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::facts;
    use crate::finding::Code;
    use crate::model::path::ReleasePath;
    use crate::scan::{ModelFacts, SourceFile};

    fn files(parts: &[(&str, &[u8])]) -> (tempfile::TempDir, Vec<SourceFile>) {
        let folder = tempfile::tempdir().unwrap();
        let files = parts
            .iter()
            .map(|(name, bytes)| {
                let disk = folder.path().join(name);
                std::fs::write(&disk, bytes).unwrap();
                let size = bytes.len() as u64;
                let disk = disk.into();
                SourceFile { path: ReleasePath::new(*name).unwrap(), disk, size, executable: false }
            })
            .collect();
        (folder, files)
    }

    fn tensors(dtype: &str, count: usize) -> Vec<u8> {
        let bytes = count * 4;
        let header = format!(
            r#"{{"a":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[0,{bytes}]}}}}"#
        );
        pkg_formats::samples::safetensors(&header, bytes)
    }

    #[test]
    fn shards_are_added_up_and_small_buffers_do_not_mix() {
        let (_folder, files) = files(&[
            ("m-1.safetensors", &tensors("F32", 1000)),
            ("m-2.safetensors", &tensors("I32", 5)),
            ("config.json", br#"{"architectures":["BertModel"],"model_type":"bert"}"#),
        ]);
        let expected = ModelFacts {
            format: Some("safetensors".to_owned()),
            architecture: Some("BertModel".to_owned()),
            parameters: Some(1005),
            precision: Some("fp32".to_owned()),
            quantization: None,
        };
        assert_eq!(facts(&files).unwrap(), expected);
    }

    #[test]
    fn types_in_equal_parts_are_mixed() {
        let (_folder, files) = files(&[
            ("m-1.safetensors", &tensors("F32", 10)),
            ("m-2.safetensors", &tensors("I32", 10)),
        ]);
        assert_eq!(facts(&files).unwrap().precision.as_deref(), Some("mixed"));
    }

    #[test]
    fn quantizations_of_one_model_are_not_added_up() {
        let sample = pkg_formats::samples::gguf();
        let (_folder, one) = files(&[("m.gguf", &sample)]);
        let found = facts(&one).unwrap();
        assert_eq!(found.quantization.as_deref(), Some("Q4_1"));
        assert_eq!(found.architecture.as_deref(), Some("llama"));
        let (_folder, two) = files(&[("a.gguf", &sample), ("b.gguf", &sample)]);
        assert_eq!(facts(&two).unwrap().parameters, Some(64));
        let (_folder, parts) =
            files(&[("m-00001-of-00002.gguf", &sample), ("m-00002-of-00002.gguf", &sample)]);
        assert_eq!(facts(&parts).unwrap().parameters, Some(128));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_what_is_malformed_is_not() {
        let (folder, mut all) = files(&[("a.safetensors", b"xxxxxxxx{"), ("b.gguf", b"GGUFx")]);
        assert_eq!(facts(&all).unwrap(), ModelFacts::default());
        all[1].disk = folder.path().to_owned().into();
        assert_eq!(facts(&all).unwrap_err().code(), Code::SpecialFile);
        all[1].disk = "/nonexistent/file".into();
        assert_eq!(facts(&all).unwrap_err().code(), Code::PathNotFound);
    }
}
