//! Tensors of one model against its sizes.

use std::collections::{BTreeMap, BTreeSet};

use super::families::{Family, Side};
use super::sizes::Sizes;
use crate::files::{Tensor, WeightFile, told};
use pkg_plugin_sdk::section::{Section, quoted};

/// Greatest number of a layer that is believed.
const MAX_LAYERS: u64 = 100_000;

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Tensors whose shape was compared.
    pub(crate) shapes: u64,
    /// Tensors that the family's table does not have.
    pub(crate) others: u64,
    /// Layers that were found.
    pub(crate) layers: u64,
    /// Whether the embedding of tokens was found.
    pub(crate) embedding: bool,
    /// Whether a head was found.
    pub(crate) head: bool,
}

/// Compares the tensors of `files` with `sizes`; `complete`: all files of the model are there.
pub(crate) fn compare(
    files: &[&WeightFile<'_>],
    family: &Family,
    sizes: &Sizes,
    complete: bool,
    section: &mut Section,
) -> Compared {
    let mut compared = Compared::default();
    let mut layers: BTreeMap<u64, BTreeSet<&'static str>> = BTreeMap::new();
    let mut too_far = 0_u64;
    for file in files {
        for tensor in &file.tensors {
            let place = place(family, &tensor.name);
            if let Some(layer) = place.layer {
                if layer >= MAX_LAYERS {
                    too_far += 1;
                } else {
                    layers.entry(layer).or_default().extend(place.known.map(|(name, _)| name));
                }
            }
            let Some((name, sides)) = place.known else {
                compared.others += 1;
                continue;
            };
            compared.embedding |= name == family.embedding;
            compared.head |= name == "lm_head.weight";
            // Packed numbers have shapes of their own; blocks of GGUF have not.
            if tensor.dtype.is_plain() || file.gguf.is_some() {
                compared.shapes += 1;
                shape(file, tensor, sides, sizes, section);
            }
        }
    }
    let first = files.first().map_or("", |file| file.path());
    if too_far > 0 {
        let detail = format!("{too_far} tensors have the number of a layer of 100,000 or more");
        section.error("layer-count", first, detail);
    }
    compared.layers = layers.len() as u64;
    // A file without the embedding is a part, an adapter or another model.
    if complete && compared.embedding {
        count(first, &layers, sizes, section);
        alike(first, &layers, section);
    }
    compared
}

/// Where a tensor belongs.
struct Place {
    layer: Option<u64>,
    known: Option<(&'static str, &'static [Side])>,
}

fn place(family: &Family, name: &str) -> Place {
    for prefix in family.prefixes {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        if let Some(numbered) = rest.strip_prefix(family.layer)
            && let Some((number, rest)) = numbered.split_once('.')
            && let Ok(layer) = number.parse::<u64>()
        {
            let known = family.layers.iter().find(|(suffix, _)| *suffix == rest);
            return Place { layer: Some(layer), known: known.copied() };
        }
        if let Some(known) = family.others.iter().find(|(suffix, _)| *suffix == rest) {
            return Place { layer: None, known: Some(*known) };
        }
    }
    Place { layer: None, known: None }
}

fn shape(
    file: &WeightFile<'_>,
    tensor: &Tensor,
    sides: &[Side],
    sizes: &Sizes,
    section: &mut Section,
) {
    section.looked = true;
    let known: Vec<Option<u64>> = sides.iter().map(|side| sizes.side(*side)).collect();
    let right = known.len() == tensor.shape.len()
        && known.iter().zip(&tensor.shape).all(|(known, real)| known.is_none_or(|n| n == *real));
    if right {
        return;
    }
    let expected: Vec<String> = known
        .iter()
        .map(|side| side.map_or_else(|| "any".to_owned(), |length| length.to_string()))
        .collect();
    let sides: Vec<String> = sides.iter().map(|side| format!("{side:?}").to_lowercase()).collect();
    let detail =
        format!("{} should be [{}] ({})", told(tensor), expected.join(", "), sides.join(" x "));
    section.error("shape-disagrees", file.path(), detail);
}

/// Layers are those from 0 to the number that the configuration says.
fn count(
    path: &str,
    layers: &BTreeMap<u64, BTreeSet<&'static str>>,
    sizes: &Sizes,
    section: &mut Section,
) {
    let Some(expected) = sizes.layers else { return };
    section.looked = true;
    let within = layers.range(..expected).count() as u64;
    if within < expected {
        let first = (0..expected).find(|layer| !layers.contains_key(layer)).unwrap_or_default();
        let detail = format!(
            "the configuration has {expected} layers, the weights {within} of them; \
             the first that is missing is layer {first}"
        );
        section.error("layer-count", path, detail);
    }
    let more = layers.range(expected..).count();
    if more > 0 {
        let detail = format!("the configuration has {expected} layers, the weights {more} more");
        section.error("layer-count", path, detail);
    }
}

/// What one layer has, all have.
fn alike(path: &str, layers: &BTreeMap<u64, BTreeSet<&'static str>>, section: &mut Section) {
    let all: BTreeSet<&'static str> = layers.values().flatten().copied().collect();
    for name in all {
        let without: Vec<u64> =
            layers.iter().filter(|(_, names)| !names.contains(name)).map(|(n, _)| *n).collect();
        if let Some(first) = without.first() {
            let detail = format!(
                "{} of {} layers have no {}, the first of them layer {first}",
                without.len(),
                layers.len(),
                quoted(name)
            );
            section.error("tensor-missing", path, detail);
        }
    }
}
