//! Front matter of Hugging Face model cards.
//!
//! Cards start with a YAML block between two `---` lines. Only the flat subset
//! that these keys use is read: `key: value`, `key: [a, b]`, and a block list of
//! `- value` lines. Nested mappings, such as evaluation results, are passed over.
//! Source of the keys: the model card metadata reference of the Hugging Face hub.

use std::collections::BTreeMap;

/// The keys that `pkg` has a use for. A list key given as one value is a list of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Licence id of the hub.
    pub license: Option<String>,
    /// Name of the licence when the id is `other`.
    pub license_name: Option<String>,
    /// Where the licence is when the id is `other`.
    pub license_link: Option<String>,
    /// Models it was made from.
    pub base_model: Vec<String>,
    /// How: `finetune`, `adapter`, `quantized` or `merge`.
    pub base_model_relation: Option<String>,
    /// Data sets it was trained with.
    pub datasets: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Languages.
    pub language: Vec<String>,
    /// Library that loads it.
    pub library_name: Option<String>,
    /// Task.
    pub pipeline_tag: Option<String>,
    /// Whether something has to be accepted or filled in first (`extra_gated_...`).
    pub gated: bool,
}

/// Most lines and most values per list that are read.
const MAX_LINES: usize = 4000;

/// Reads the front matter of a card; none if there is none.
pub fn parse(text: &str) -> Option<Card> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines();
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    let mut block = Vec::new();
    for line in lines.take(MAX_LINES) {
        if matches!(line.trim_end(), "---" | "...") {
            let mut card = Card::from_values(values(&block));
            card.gated = block.iter().any(|line| line.starts_with("extra_gated_"));
            return Some(card);
        }
        block.push(line);
    }
    None
}

impl Card {
    fn from_values(mut values: BTreeMap<String, Vec<String>>) -> Self {
        let mut list = |key: &str| values.remove(key).unwrap_or_default();
        // The hub takes one value in place of a list, and a list of one in place
        // of a value. Of two licences neither may be dropped: that is no value.
        let one = |list: Vec<String>| match <[String; 1]>::try_from(list) {
            Ok([value]) => Some(value),
            Err(_) => None,
        };
        Self {
            license: one(list("license")),
            license_name: one(list("license_name")),
            license_link: one(list("license_link")),
            base_model: list("base_model"),
            base_model_relation: one(list("base_model_relation")),
            datasets: list("datasets"),
            tags: list("tags"),
            language: list("language"),
            library_name: one(list("library_name")),
            pipeline_tag: one(list("pipeline_tag")),
            gated: false,
        }
    }
}

fn values(block: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut key: Option<String> = None;
    for line in block {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let nested = line.starts_with([' ', '\t']);
        if let Some(item) = trimmed.strip_prefix("- ") {
            // An item that is itself a mapping says nothing that is looked for.
            let item = item.trim();
            if let (Some(key), Some(value)) = (&key, scalar(item)) {
                let mapping = !item.starts_with(['"', '\'']) && is_mapping(item);
                if !mapping {
                    values.entry(key.clone()).or_default().push(value);
                }
            }
        } else if let Some((name, rest)) = line.split_once(':').filter(|_| !nested) {
            let name = unquoted(name.trim());
            let rest = rest.trim();
            if rest.is_empty() || rest.starts_with('#') {
                key = Some(name);
            } else {
                values.insert(name, inline(rest));
                key = None;
            }
        } else if !nested {
            key = None;
        }
    }
    values
}

fn is_mapping(item: &str) -> bool {
    item.ends_with(':') || item.contains(": ")
}

fn inline(text: &str) -> Vec<String> {
    match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((items, _)) => items.split(',').filter_map(|item| scalar(item.trim())).collect(),
        None => scalar(text).into_iter().collect(),
    }
}

/// A plain or quoted value; none for null, block text, anchors and flow mappings.
fn scalar(text: &str) -> Option<String> {
    if text.starts_with(['"', '\'']) {
        return Some(unquoted(text));
    }
    let text = text.split(" #").next().unwrap_or_default().trim();
    let refused = text.is_empty()
        || matches!(text, "~" | "null" | "Null" | "NULL")
        || text.starts_with(['|', '>', '&', '*', '{', '!', '[']);
    (!refused).then(|| text.to_owned())
}

fn unquoted(text: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote)
            && let Some(end) = rest.find(quote)
        {
            return rest[..end].to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    #[test]
    fn values_inline_lists_and_block_lists_are_read() {
        let card = parse(
            "---\nlicense: apache-2.0   # checked\nlanguage: [en, 'de']\nbase_model:\n- org/base\n\
             - \"org/other\"\nbase_model_relation: quantized\ndatasets:\n  - a/b\n\n  - c/d\n\
             library_name: transformers\npipeline_tag: text-generation\ntags:\n  # none\n  - x\n---\n# Title\n",
        )
        .unwrap();
        assert_eq!(card.license.as_deref(), Some("apache-2.0"));
        assert_eq!(card.language, ["en", "de"]);
        assert_eq!(card.base_model, ["org/base", "org/other"]);
        assert_eq!(card.base_model_relation.as_deref(), Some("quantized"));
        assert_eq!(card.datasets, ["a/b", "c/d"]);
        assert_eq!(card.tags, ["x"]);
        assert_eq!(card.pipeline_tag.as_deref(), Some("text-generation"));
    }

    #[test]
    fn nested_mappings_do_not_leak_into_the_keys() {
        let card = parse(
            "---\nmodel-index:\n- name: x\n  results:\n  - task:\n      license: mit\n\
             license: other\nlicense_name: my-terms\nlicense_link: LICENSE\n---\n",
        )
        .unwrap();
        assert_eq!(card.license.as_deref(), Some("other"));
        assert_eq!(card.license_name.as_deref(), Some("my-terms"));
        assert_eq!(card.license_link.as_deref(), Some("LICENSE"));
    }

    #[test]
    fn gates_are_seen() {
        let gated = "---\nlicense: mit\nextra_gated_fields:\n  Name: text\n---\n";
        assert!(parse(gated).unwrap().gated);
        assert!(!parse("---\nlicense: mit\n---\n").unwrap().gated);
    }

    #[test]
    fn two_licences_are_no_single_licence() {
        let card = parse("---\nlicense: [mit, apache-2.0]\n---\n").unwrap();
        assert_eq!(card.license, None);
        assert_eq!(parse("---\nlicense:\n- mit\n---\n").unwrap().license.as_deref(), Some("mit"));
    }

    #[test]
    fn text_without_a_closed_block_has_no_front_matter() {
        for text in ["", "# Title\n---\nlicense: mit\n---\n", "---\nlicense: mit\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert!(parse("\u{feff}---\r\nlicense: mit\r\n---\r\n").unwrap().license.is_some());
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_an_answer(text in "(?s)(---\n)?([-a-z:#'\"\\[\\], \n]|\\PC){0,200}(\n---\n)?") {
            let _ = parse(&text);
        }
    }
}
