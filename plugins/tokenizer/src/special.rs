//! Special tokens: that all files mean the same ones, and that they exist.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::place::Known;
use pkg_plugin_sdk::section::{Section, quoted};

/// The tokens that several files name.
const ROLES: [&str; 4] = ["bos", "eos", "pad", "unk"];
/// Other tokens that tokenizers have.
const OTHERS: [&str; 3] = ["sep", "cls", "mask"];

/// Text of a token, as tokenizer files have it: as it is, or in an object.
pub(crate) fn token(value: Option<&Value>) -> Option<&str> {
    match value? {
        Value::String(text) => Some(text),
        Value::Object(object) => object.get("content")?.as_str(),
        _ => None,
    }
}

/// Numbers of a token, as configurations have them: one or a list.
fn numbers(value: Option<&Value>) -> Vec<i64> {
    match value {
        Some(Value::Number(number)) => number.as_i64().into_iter().collect(),
        Some(Value::Array(list)) => list.iter().take(1_000).filter_map(Value::as_i64).collect(),
        _ => Vec::new(),
    }
}

/// Whether a model writes text, so that it needs an end.
fn writes(known: &Known) -> bool {
    let architectures = known.value("config.json", "architectures").and_then(Value::as_array);
    architectures.into_iter().flatten().filter_map(Value::as_str).any(|name| {
        name.ends_with("ForCausalLM")
            || name.ends_with("LMHeadModel")
            || name.ends_with("ForConditionalGeneration")
    })
}

/// Looks at the special tokens of a folder.
pub(crate) fn look(known: &Known, section: &mut Section) {
    exist(known, section);
    ranges(known, section);
    for role in ROLES {
        agree(known, role, section);
    }
    let eos = ["config.json", "generation_config.json"]
        .iter()
        .any(|file| !numbers(known.value(file, "eos_token_id")).is_empty())
        || tokenizer_token(known, "eos").is_some();
    if writes(known) && !eos {
        section.warn("eos-missing", known.path("config.json"), "no file names a token for the end");
    }
}

/// The token of a role, with the file that names it.
fn tokenizer_token<'a>(known: &'a Known, role: &str) -> Option<(&'a str, &'a str)> {
    let name = format!("{role}_token");
    ["tokenizer_config.json", "special_tokens_map.json"]
        .iter()
        .find_map(|file| Some((token(known.value(file, &name))?, known.path(file))))
}

/// Tokens that are named are in the vocabulary.
fn exist(known: &Known, section: &mut Section) {
    let Some(vocabulary) = &known.vocabulary else { return };
    for file in ["tokenizer_config.json", "special_tokens_map.json"] {
        for role in ROLES.iter().chain(&OTHERS) {
            let Some(text) = token(known.value(file, &format!("{role}_token"))) else { continue };
            section.looked = true;
            if vocabulary.has(text) {
                continue;
            }
            let detail = format!("the {role} token {} is not in the vocabulary", quoted(text));
            // Texts cannot begin, end or be unknown without these.
            if matches!(*role, "bos" | "eos" | "unk") {
                section.error("special-token-missing", known.path(file), detail);
            } else {
                section.warn("special-token-missing", known.path(file), detail);
            }
        }
        let more = known.value(file, "additional_special_tokens").and_then(Value::as_array);
        for text in more.into_iter().flatten().filter_map(|value| token(Some(value))) {
            if !vocabulary.has(text) {
                let detail = format!("the special token {} is not in the vocabulary", quoted(text));
                section.warn("special-token-missing", known.path(file), detail);
            }
        }
    }
    if let Some(text) = known.unknown.as_deref().filter(|text| !vocabulary.has(text)) {
        let detail = format!("the unknown token {} is not in the vocabulary", quoted(text));
        section.error("special-token-missing", &known.source, detail);
    }
}

/// Numbers are within what the model has.
fn ranges(known: &Known, section: &mut Section) {
    let size = known.value("config.json", "vocab_size").and_then(Value::as_u64);
    let Some(rows) = known.rows.or(size) else { return };
    for file in ["config.json", "generation_config.json"] {
        let Some((path, object)) = known.objects.get(file) else { continue };
        for (name, value) in object {
            if !name.ends_with("_token_id") {
                continue;
            }
            section.looked = true;
            for number in numbers(Some(value)) {
                let name = quoted(name);
                if number < 0 {
                    let detail = format!("{name} is {number}, no token");
                    section.note("special-id-negative", path, detail);
                } else if number.unsigned_abs() >= rows {
                    let detail = format!("{name} is {number}, but the model has {rows} tokens");
                    section.error("special-id-out-of-range", path, detail);
                }
            }
        }
    }
}

/// Configurations and tokenizer mean the same token.
fn agree(known: &Known, role: &str, section: &mut Section) {
    let name = format!("{role}_token_id");
    let mut said: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for file in ["config.json", "generation_config.json"] {
        let numbers: BTreeSet<i64> =
            numbers(known.value(file, &name)).into_iter().filter(|number| *number >= 0).collect();
        if !numbers.is_empty() {
            said.insert(known.path(file), numbers);
        }
    }
    let (config, generation) = (known.path("config.json"), known.path("generation_config.json"));
    if let (Some(a), Some(b)) = (said.get(config), said.get(generation))
        && config != generation
    {
        section.looked = true;
        if a.is_disjoint(b) {
            let detail = format!("{name} is {b:?}, but {a:?} in {}", quoted(config));
            section.warn("special-token-disagrees", generation, detail);
        }
    }
    let Some((text, path)) = tokenizer_token(known, role) else { return };
    let id = known.vocabulary.as_ref().and_then(|vocabulary| vocabulary.ids.get(text));
    let Some(id) = id.and_then(|id| i64::try_from(*id).ok()) else { return };
    if said.is_empty() {
        return;
    }
    section.looked = true;
    // Models for chats end with one token and texts with another; any file may know it.
    if !said.values().any(|numbers| numbers.contains(&id)) {
        let detail = format!(
            "the {role} token {} is {id}, but configurations say {:?}",
            quoted(text),
            said.values().flatten().collect::<BTreeSet<_>>()
        );
        section.warn("special-token-disagrees", path, detail);
    }
}

/// Added tokens: that a number has one token, and a token one number.
pub(crate) fn added(known: &Known, section: &mut Section) {
    let mut by_id: BTreeMap<u64, (&str, &str)> = BTreeMap::new();
    let mut by_text: BTreeMap<&str, (u64, Option<bool>, &str)> = BTreeMap::new();
    let mut count = 0_u64;
    for (path, tokens) in &known.added {
        // This older file does not say what is special.
        let says = !path.ends_with("added_tokens.json");
        for token in tokens {
            count += 1;
            section.looked = true;
            if let Some((text, other)) = by_id.get(&token.id)
                && *text != token.content
            {
                let detail = format!(
                    "{} and {} (in {}) both have the number {}",
                    quoted(&token.content),
                    quoted(text),
                    quoted(other),
                    token.id
                );
                section.error("added-token-repeated", path, detail);
            }
            by_id.entry(token.id).or_insert((&token.content, path));
            let special = says.then_some(token.special);
            match by_text.get_mut(&*token.content) {
                Some((id, before, other)) => {
                    if *id != token.id {
                        let detail = format!(
                            "{} has the number {}, but {id} in {}",
                            quoted(&token.content),
                            token.id,
                            quoted(other)
                        );
                        section.error("added-token-disagrees", path, detail);
                    }
                    if let (Some(before), Some(special)) = (*before, special)
                        && before != special
                    {
                        let detail = format!(
                            "{} is {}special, other than in {}",
                            quoted(&token.content),
                            if special { "" } else { "not " },
                            quoted(other)
                        );
                        section.warn("special-flag-disagrees", path, detail);
                    }
                    *before = before.or(special);
                }
                None => {
                    by_text.insert(&token.content, (token.id, special, path));
                }
            }
            let id = known.vocabulary.as_ref().and_then(|all| all.ids.get(&token.content));
            if let Some(id) = id.filter(|id| **id != token.id && *id != &by_text[&*token.content].0)
            {
                let detail = format!(
                    "{} has the number {}, but {id} in the vocabulary",
                    quoted(&token.content),
                    token.id
                );
                section.error("added-token-disagrees", path, detail);
            }
        }
    }
    section.say(format!("{count} added token(s)"));
}
