//! Which tensors models of a family have, and how long their sides are.
//!
//! Sources: `modeling_*.py` and `configuration_*.py` of transformers for safetensors;
//! `llama-arch.cpp` and the `create_tensor` calls of llama.cpp for GGUF.

use Side::{Hidden, Hidden3, Inner, Inner2, Keys, Out, Positions, Qkv, Queries, Types, Values};
use Side::{Vocabulary, Wide};

/// A side of a tensor, in terms of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Hidden size.
    Hidden,
    /// Three times the hidden size.
    Hidden3,
    /// Intermediate size.
    Inner,
    /// Twice the intermediate size.
    Inner2,
    /// Heads times their length.
    Queries,
    /// Key heads times their length.
    Keys,
    /// Value heads times their length.
    Values,
    /// Heads times the length of values.
    Out,
    /// Queries, keys and values.
    Qkv,
    /// Number of tokens.
    Vocabulary,
    /// Number of positions.
    Positions,
    /// Number of token types.
    Types,
    /// Anything.
    Wide,
}

/// Tensors by the end of their names, with the sides they have, outermost first.
type Shapes = &'static [(&'static str, &'static [Side])];

/// Models that are built alike.
#[derive(Debug)]
pub(crate) struct Family {
    /// Names of the kinds of models, as `model_type` or `general.architecture` has them.
    pub(crate) models: &'static [&'static str],
    /// What the names of tensors may begin with.
    pub(crate) prefixes: &'static [&'static str],
    /// What comes before the number of a layer.
    pub(crate) layer: &'static str,
    /// Tensors of a layer, by what follows its number and a dot.
    pub(crate) layers: Shapes,
    /// Other tensors, by what follows the prefix.
    pub(crate) others: Shapes,
    /// The embedding of tokens, without which it is no such model.
    pub(crate) embedding: &'static str,
    /// Whether the head is the embedding unless the configuration says otherwise.
    pub(crate) tied: bool,
}

const LLAMA_LAYER: Shapes = &[
    ("self_attn.q_proj.weight", &[Queries, Hidden]),
    ("self_attn.k_proj.weight", &[Keys, Hidden]),
    ("self_attn.v_proj.weight", &[Values, Hidden]),
    ("self_attn.o_proj.weight", &[Hidden, Out]),
    ("self_attn.q_proj.bias", &[Queries]),
    ("self_attn.k_proj.bias", &[Keys]),
    ("self_attn.v_proj.bias", &[Values]),
    ("mlp.gate_proj.weight", &[Inner, Hidden]),
    ("mlp.up_proj.weight", &[Inner, Hidden]),
    ("mlp.down_proj.weight", &[Hidden, Inner]),
    ("input_layernorm.weight", &[Hidden]),
    ("post_attention_layernorm.weight", &[Hidden]),
];

const LLAMA_OTHERS: Shapes = &[
    ("embed_tokens.weight", &[Vocabulary, Hidden]),
    ("norm.weight", &[Hidden]),
    ("lm_head.weight", &[Vocabulary, Hidden]),
];

const PHI3_LAYER: Shapes = &[
    ("self_attn.qkv_proj.weight", &[Qkv, Hidden]),
    ("self_attn.o_proj.weight", &[Hidden, Out]),
    ("mlp.gate_up_proj.weight", &[Inner2, Hidden]),
    ("mlp.down_proj.weight", &[Hidden, Inner]),
    ("input_layernorm.weight", &[Hidden]),
    ("post_attention_layernorm.weight", &[Hidden]),
];

const PHI_LAYER: Shapes = &[
    ("self_attn.q_proj.weight", &[Queries, Hidden]),
    ("self_attn.k_proj.weight", &[Keys, Hidden]),
    ("self_attn.v_proj.weight", &[Values, Hidden]),
    ("self_attn.dense.weight", &[Hidden, Out]),
    ("mlp.fc1.weight", &[Inner, Hidden]),
    ("mlp.fc2.weight", &[Hidden, Inner]),
    ("input_layernorm.weight", &[Hidden]),
];

const MIXTRAL_LAYER: Shapes = &[
    ("self_attn.q_proj.weight", &[Queries, Hidden]),
    ("self_attn.k_proj.weight", &[Keys, Hidden]),
    ("self_attn.v_proj.weight", &[Values, Hidden]),
    ("self_attn.o_proj.weight", &[Hidden, Out]),
    ("block_sparse_moe.gate.weight", &[Wide, Hidden]),
    ("block_sparse_moe.experts.0.w1.weight", &[Inner, Hidden]),
    ("block_sparse_moe.experts.0.w2.weight", &[Hidden, Inner]),
    ("block_sparse_moe.experts.0.w3.weight", &[Inner, Hidden]),
    ("input_layernorm.weight", &[Hidden]),
    ("post_attention_layernorm.weight", &[Hidden]),
];

const BERT_LAYER: Shapes = &[
    ("attention.self.query.weight", &[Hidden, Hidden]),
    ("attention.self.key.weight", &[Hidden, Hidden]),
    ("attention.self.value.weight", &[Hidden, Hidden]),
    ("attention.self.query.bias", &[Hidden]),
    ("attention.self.key.bias", &[Hidden]),
    ("attention.self.value.bias", &[Hidden]),
    ("attention.output.dense.weight", &[Hidden, Hidden]),
    ("attention.output.dense.bias", &[Hidden]),
    ("attention.output.LayerNorm.weight", &[Hidden]),
    ("attention.output.LayerNorm.bias", &[Hidden]),
    ("intermediate.dense.weight", &[Inner, Hidden]),
    ("intermediate.dense.bias", &[Inner]),
    ("output.dense.weight", &[Hidden, Inner]),
    ("output.dense.bias", &[Hidden]),
    ("output.LayerNorm.weight", &[Hidden]),
    ("output.LayerNorm.bias", &[Hidden]),
];

const GPT2_LAYER: Shapes = &[
    ("attn.c_attn.weight", &[Hidden, Hidden3]),
    ("attn.c_attn.bias", &[Hidden3]),
    ("attn.c_proj.weight", &[Hidden, Hidden]),
    ("mlp.c_fc.weight", &[Hidden, Inner]),
    ("mlp.c_fc.bias", &[Inner]),
    ("mlp.c_proj.weight", &[Inner, Hidden]),
    ("ln_1.weight", &[Hidden]),
    ("ln_2.weight", &[Hidden]),
];

const DECODER: &[&str] = &["model.", ""];

const fn decoder(models: &'static [&'static str], layers: Shapes, tied: bool) -> Family {
    Family {
        models,
        prefixes: DECODER,
        layer: "layers.",
        layers,
        others: LLAMA_OTHERS,
        embedding: "embed_tokens.weight",
        tied,
    }
}

/// Families of safetensors models.
static SAFETENSORS: [Family; 8] = [
    decoder(&["llama", "mistral", "qwen2", "qwen3", "smollm3", "granite"], LLAMA_LAYER, false),
    decoder(&["gemma", "gemma2", "gemma3_text"], LLAMA_LAYER, true),
    decoder(&["phi3"], PHI3_LAYER, false),
    decoder(&["mixtral"], MIXTRAL_LAYER, false),
    decoder(&["phi"], PHI_LAYER, false),
    Family {
        models: &["bert"],
        prefixes: &["bert.", ""],
        layer: "encoder.layer.",
        layers: BERT_LAYER,
        others: &[
            ("embeddings.word_embeddings.weight", &[Vocabulary, Hidden]),
            ("embeddings.position_embeddings.weight", &[Positions, Hidden]),
            ("embeddings.token_type_embeddings.weight", &[Types, Hidden]),
            ("embeddings.LayerNorm.weight", &[Hidden]),
        ],
        embedding: "embeddings.word_embeddings.weight",
        tied: true,
    },
    Family {
        models: &["roberta", "xlm-roberta", "camembert"],
        prefixes: &["roberta.", ""],
        layer: "encoder.layer.",
        layers: BERT_LAYER,
        others: &[
            ("embeddings.word_embeddings.weight", &[Vocabulary, Hidden]),
            ("embeddings.position_embeddings.weight", &[Positions, Hidden]),
            ("embeddings.token_type_embeddings.weight", &[Types, Hidden]),
            ("embeddings.LayerNorm.weight", &[Hidden]),
        ],
        embedding: "embeddings.word_embeddings.weight",
        tied: true,
    },
    Family {
        models: &["gpt2"],
        prefixes: &["transformer.", ""],
        layer: "h.",
        layers: GPT2_LAYER,
        others: &[
            ("wte.weight", &[Vocabulary, Hidden]),
            ("wpe.weight", &[Positions, Hidden]),
            ("ln_f.weight", &[Hidden]),
            ("lm_head.weight", &[Vocabulary, Hidden]),
        ],
        embedding: "wte.weight",
        tied: true,
    },
];

macro_rules! gguf_layer {
    ($up:expr) => {
        &[
            ("attn_q.weight", &[Queries, Hidden]),
            ("attn_k.weight", &[Keys, Hidden]),
            ("attn_v.weight", &[Values, Hidden]),
            ("attn_q.bias", &[Queries]),
            ("attn_k.bias", &[Keys]),
            ("attn_v.bias", &[Values]),
            ("attn_qkv.weight", &[Qkv, Hidden]),
            ("attn_qkv.bias", &[Qkv]),
            ("attn_output.weight", &[Hidden, Out]),
            ("attn_norm.weight", &[Hidden]),
            ("ffn_gate.weight", &[Inner, Hidden]),
            ("ffn_up.weight", &[$up, Hidden]),
            ("ffn_down.weight", &[Hidden, Inner]),
            ("ffn_gate_exps.weight", &[Wide, Inner, Hidden]),
            ("ffn_up_exps.weight", &[Wide, Inner, Hidden]),
            ("ffn_down_exps.weight", &[Wide, Hidden, Inner]),
            ("ffn_norm.weight", &[Hidden]),
        ]
    };
}

const GGUF_OTHERS: Shapes = &[
    ("token_embd.weight", &[Vocabulary, Hidden]),
    ("output.weight", &[Vocabulary, Hidden]),
    ("output_norm.weight", &[Hidden]),
    ("position_embd.weight", &[Positions, Hidden]),
    ("token_types.weight", &[Types, Hidden]),
];

const fn gguf_family(models: &'static [&'static str], layers: Shapes) -> Family {
    Family {
        models,
        prefixes: &[""],
        layer: "blk.",
        layers,
        others: GGUF_OTHERS,
        embedding: "token_embd.weight",
        tied: true,
    }
}

/// Families of GGUF models.
static GGUF: [Family; 2] = [
    gguf_family(
        &[
            "llama",
            "qwen2",
            "qwen3",
            "gemma",
            "gemma2",
            "gemma3",
            "phi2",
            "gpt2",
            "starcoder2",
            "bert",
            "nomic-bert",
        ],
        gguf_layer!(Inner),
    ),
    gguf_family(&["phi3"], gguf_layer!(Inner2)),
];

/// The family of a `model_type`.
pub(crate) fn safetensors(model: &str) -> Option<&'static Family> {
    SAFETENSORS.iter().find(|family| family.models.contains(&model))
}

/// The family of a `general.architecture`.
pub(crate) fn gguf(model: &str) -> Option<&'static Family> {
    GGUF.iter().find(|family| family.models.contains(&model))
}
