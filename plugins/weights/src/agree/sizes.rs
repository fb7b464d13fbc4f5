//! What a configuration says about the sizes of a model.

use pkg_formats::gguf::Header;
use serde_json::{Map, Value};

use super::families::Side;
use pkg_plugin_sdk::section::Section;

/// Sizes of a model; none where the configuration does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Number of layers.
    pub(crate) layers: Option<u64>,
    /// Hidden size.
    pub(crate) hidden: Option<u64>,
    /// Intermediate size.
    pub(crate) inner: Option<u64>,
    /// Attention heads.
    pub(crate) heads: Option<u64>,
    /// Heads of keys and values.
    pub(crate) kv_heads: Option<u64>,
    /// Length of a head's keys.
    pub(crate) key: Option<u64>,
    /// Length of a head's values.
    pub(crate) value: Option<u64>,
    /// Number of tokens.
    pub(crate) vocabulary: Option<u64>,
    /// Number of positions.
    pub(crate) positions: Option<u64>,
    /// Number of token types.
    pub(crate) types: Option<u64>,
}

impl Sizes {
    /// Length of a side; none if it is not known. Overflows are not known either.
    pub(crate) fn side(&self, side: Side) -> Option<u64> {
        let keys = || self.kv_heads?.checked_mul(self.key?);
        let values = || self.kv_heads?.checked_mul(self.value?);
        let queries = || self.heads?.checked_mul(self.key?);
        match side {
            Side::Hidden => self.hidden,
            Side::Hidden3 => self.hidden?.checked_mul(3),
            Side::Inner => self.inner,
            Side::Inner2 => self.inner?.checked_mul(2),
            Side::Queries => queries(),
            Side::Keys => keys(),
            Side::Values => values(),
            Side::Out => self.heads?.checked_mul(self.value?),
            Side::Qkv => queries()?.checked_add(keys()?)?.checked_add(values()?),
            Side::Vocabulary => self.vocabulary,
            Side::Positions => self.positions,
            Side::Types => self.types,
            Side::Wide => None,
        }
    }

    /// From `config.json`. A value of the wrong kind is an error, and then not known.
    pub(crate) fn of_config(
        config: &Map<String, Value>,
        model: &str,
        path: &str,
        section: &mut Section,
    ) -> Self {
        let mut take = |names: &[&str]| number(config, names, path, section);
        let mut sizes = Self {
            layers: take(&["num_hidden_layers", "n_layer"]),
            hidden: take(&["hidden_size", "n_embd"]),
            inner: take(&["intermediate_size", "n_inner"]),
            heads: take(&["num_attention_heads", "n_head"]),
            kv_heads: take(&["num_key_value_heads"]),
            key: take(&["head_dim"]),
            value: None,
            vocabulary: take(&["vocab_size"]),
            positions: take(&["max_position_embeddings", "n_positions"]),
            types: take(&["type_vocab_size"]),
        };
        if model == "gpt2" && sizes.inner.is_none() {
            sizes.inner = sizes.hidden.and_then(|hidden| hidden.checked_mul(4));
        }
        // These families have lengths of heads of their own where none is said.
        let own = matches!(model, "qwen3" | "gemma" | "gemma2" | "gemma3_text");
        sizes.complete(!own, path, section);
        sizes
    }

    /// From the metadata of a GGUF file. Values per layer are not known as one.
    pub(crate) fn of_gguf(
        header: &Header,
        family: &str,
        path: &str,
        section: &mut Section,
    ) -> Self {
        let number = |key: &str| header.number(&format!("{family}.{key}"));
        let tokens = header.array("tokenizer.ggml.tokens").map(|array| array.len);
        let per_layer = |key: &str| header.array(&format!("{family}.{key}")).is_some();
        let mut sizes = Self {
            layers: number("block_count"),
            hidden: number("embedding_length"),
            inner: number("feed_forward_length"),
            heads: number("attention.head_count"),
            kv_heads: number("attention.head_count_kv"),
            key: number("attention.key_length"),
            value: number("attention.value_length"),
            vocabulary: tokens.or_else(|| number("vocab_size")),
            positions: number("context_length"),
            types: header.number("tokenizer.ggml.token_type_count"),
        };
        let heads_differ =
            per_layer("attention.head_count_kv") || per_layer("attention.head_count");
        sizes.complete(!heads_differ, path, section);
        if heads_differ {
            sizes.kv_heads = None;
        }
        sizes
    }

    /// Fills in what follows from the rest, and says where it does not divide.
    fn complete(&mut self, derive: bool, path: &str, section: &mut Section) {
        if let (Some(heads), Some(kv)) = (self.heads, self.kv_heads)
            && (kv == 0 || heads < kv || !heads.is_multiple_of(kv))
        {
            let detail = format!("{heads} attention heads cannot share {kv} heads of keys");
            section.error("config-heads", path, detail);
        }
        if derive {
            self.kv_heads = self.kv_heads.or(self.heads);
        }
        if let (None, Some(hidden), Some(heads), true) = (self.key, self.hidden, self.heads, derive)
        {
            if heads == 0 || !hidden.is_multiple_of(heads) {
                let detail = format!("the hidden size {hidden} is no multiple of {heads} heads");
                section.error("config-heads", path, detail);
            } else {
                self.key = Some(hidden / heads);
            }
        }
        self.value = self.value.or(self.key);
    }
}

/// The first of these values that is there.
fn number(
    config: &Map<String, Value>,
    names: &[&str],
    path: &str,
    section: &mut Section,
) -> Option<u64> {
    let (name, value) = names.iter().find_map(|name| Some((name, config.get(*name)?)))?;
    if value.is_null() {
        return None;
    }
    let number = value.as_u64().filter(|number| (1..=1 << 40).contains(number));
    if number.is_none() && !(*name == "type_vocab_size" && value.as_u64() == Some(0)) {
        let value = pkg_plugin_sdk::section::short(&value.to_string(), 60);
        section.error("config-value", path, format!("{name} is {value}, no count"));
    }
    number
}
