//! Whether configuration and weights speak of the same model.

mod families;
mod shapes;
mod sizes;

use std::collections::BTreeMap;

use pkg_plugin_sdk::File;
use serde_json::{Map, Value};

use self::shapes::Compared;
use self::sizes::Sizes;
use crate::files::{Format, WeightFile, folder};
use crate::shards::Group;
use pkg_plugin_sdk::section::{Section, quoted};

/// Longest configuration that is read, in bytes.
const MAX_CONFIG: u64 = 16 << 20;

/// Compares every model of the release with its configuration.
pub(crate) fn look(
    files: &[File],
    weights: &[WeightFile<'_>],
    groups: &[Group],
    section: &mut Section,
) {
    let files: BTreeMap<&str, &File> = files
        .iter()
        .filter(|file| file.name() == "config.json")
        .map(|file| (folder(&file.path), file))
        .collect();
    let mut configs = BTreeMap::new();
    for group in groups {
        let members: Vec<&WeightFile<'_>> =
            group.files.iter().map(|index| &weights[*index]).collect();
        match group.format {
            Format::Gguf => gguf(group, &members, section),
            Format::Safetensors => {
                let folder = members.first().map_or("", |file| file.folder());
                let file = files.get(folder).copied();
                let config = configs
                    .entry(folder)
                    .or_insert_with(|| file.and_then(|file| config(file, section)));
                safetensors(group, &members, config.as_ref(), section);
            }
        }
    }
}

/// A configuration that was read.
struct Config<'a> {
    path: &'a str,
    map: Map<String, Value>,
}

fn config<'a>(file: &'a File, section: &mut Section) -> Option<Config<'a>> {
    let read = file.read(MAX_CONFIG).and_then(|bytes| {
        serde_json::from_slice(&bytes).map_err(|error| format!("it is no JSON object: {error}"))
    });
    match read {
        Ok(map) => Some(Config { path: &file.path, map }),
        Err(reason) => {
            section.error("config-unreadable", &file.path, reason);
            None
        }
    }
}

fn safetensors(
    group: &Group,
    members: &[&WeightFile<'_>],
    config: Option<&Config<'_>>,
    section: &mut Section,
) {
    let name = quoted(&group.name);
    let Some(config) = config else {
        section.say(format!("{name}: not checked, there is no config.json beside it"));
        return;
    };
    let model = config.map.get("model_type").and_then(Value::as_str);
    let Some(family) = model.and_then(families::safetensors) else {
        let model = model.map_or_else(|| "none".to_owned(), quoted);
        section.say(format!("{name}: not checked, model_type {model} is not known here"));
        return;
    };
    let sizes = Sizes::of_config(&config.map, model.unwrap_or_default(), config.path, section);
    let compared = shapes::compare(members, family, &sizes, group.complete, section);
    if compared.shapes == 0 {
        section.say(format!("{name}: not checked, none of its tensors has a known name"));
        return;
    }
    told(&name, model.unwrap_or_default(), &compared, section);
    if group.complete && compared.embedding {
        head(family, config, &compared, section);
        dtype(members, config, section);
    }
}

fn told(name: &str, model: &str, compared: &Compared, section: &mut Section) {
    section.say(format!(
        "{name}: {} tensors of {model} compared, {} layers, {} tensors not in the table",
        compared.shapes, compared.layers, compared.others
    ));
}

/// Whether there is a head where one is needed.
fn head(
    family: &families::Family,
    config: &Config<'_>,
    compared: &Compared,
    section: &mut Section,
) {
    let architectures = config.map.get("architectures").and_then(Value::as_array);
    let causal = architectures.into_iter().flatten().filter_map(Value::as_str);
    if !causal
        .into_iter()
        .any(|name| name.ends_with("ForCausalLM") || name.ends_with("LMHeadModel"))
        || family.embedding.starts_with("embeddings.")
    {
        return;
    }
    let said = config.map.get("tie_word_embeddings").and_then(Value::as_bool);
    match (said.unwrap_or(family.tied), compared.head) {
        (false, false) => section.error(
            "head-missing",
            config.path,
            "tie_word_embeddings is not true, but there is no lm_head.weight",
        ),
        (true, true) => section.note(
            "head-beside-tie",
            config.path,
            "tie_word_embeddings is true; readers ignore the lm_head.weight that is there",
        ),
        _ => {}
    }
}

/// Whether most parameters have the type that the configuration names.
fn dtype(members: &[&WeightFile<'_>], config: &Config<'_>, section: &mut Section) {
    let said = config.map.get("torch_dtype").or_else(|| config.map.get("dtype"));
    let Some(said) = said.and_then(Value::as_str) else { return };
    if config.map.contains_key("quantization_config") {
        return;
    }
    let expected = match said.strip_prefix("torch.").unwrap_or(said) {
        "float32" | "float" => "F32",
        "float16" | "half" => "F16",
        "bfloat16" => "BF16",
        "float64" | "double" => "F64",
        _ => return,
    };
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in members.iter().flat_map(|file| &file.tensors) {
        if tensor.dtype.is_plain() {
            let count = counts.entry(tensor.dtype.name).or_default();
            *count = count.saturating_add(tensor.elements());
        }
    }
    let Some((most, count)) = counts.iter().max_by_key(|(_, count)| **count) else { return };
    if *most != expected {
        let detail = format!(
            "the configuration says {}, but {count} parameters, more than of any other type, are {most}",
            quoted(said)
        );
        section.warn("dtype-disagrees", config.path, detail);
    }
}

fn gguf(group: &Group, members: &[&WeightFile<'_>], section: &mut Section) {
    let name = quoted(&group.name);
    // The metadata is in the first part.
    let head = members.iter().find_map(|file| {
        let header = file.gguf.as_ref()?;
        Some((file, header, header.architecture()?))
    });
    let Some((file, header, model)) = head else {
        section.say(format!("{name}: not checked, it names no architecture"));
        return;
    };
    let kind = header.text("general.type").unwrap_or("model");
    if kind != "model" {
        section.say(format!("{name}: not checked, it is {}", quoted(kind)));
        return;
    }
    let Some(family) = families::gguf(model) else {
        section
            .say(format!("{name}: not checked, architecture {} is not known here", quoted(model)));
        return;
    };
    let sizes = Sizes::of_gguf(header, model, file.path(), section);
    let compared = shapes::compare(members, family, &sizes, group.complete, section);
    if compared.shapes == 0 {
        section.say(format!("{name}: not checked, none of its tensors has a known name"));
        return;
    }
    if group.complete && !compared.embedding {
        section.error("tensor-missing", file.path(), "there is no token_embd.weight");
    }
    told(&name, model, &compared, section);
}
