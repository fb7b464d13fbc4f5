//! Encoders of the BERT family (`modeling_bert.py` in transformers).

use super::config::Config;
use super::tensors::Tensors;
use super::{failed, unsupported};
use crate::engine::Result;
use crate::model::{Encoder, EncoderLayer, LayerNorm};

pub(super) fn encoder(config: &Config, tensors: &mut Tensors) -> Result<Encoder> {
    let absolute = config.text("position_embedding_type").is_none_or(|kind| kind == "absolute");
    if config.text("hidden_act").is_some_and(|name| name != "gelu") {
        return Err(unsupported("encoders with another activation than gelu cannot be run"));
    }
    if !absolute || config.is_true("is_decoder") {
        return Err(unsupported("encoders with other positions, or as decoders, cannot be run"));
    }
    // Inside a larger model the encoder has a name.
    let prefix = if tensors.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
    let width = config.need("hidden_size")?;
    let heads = config.need("num_attention_heads")?;
    if !width.is_multiple_of(heads) {
        return Err(failed(format!("{heads} heads cannot share a width of {width}")));
    }
    let inner = config.need("intermediate_size")?;
    let context = config.need("max_position_embeddings")?;
    let embedding = |part: &str| format!("{prefix}embeddings.{part}");
    let words = config.need("vocab_size")?;
    let types = config.number("type_vocab_size")?.unwrap_or(2);
    let words = tensors.matrix(&embedding("word_embeddings.weight"), words, width)?;
    let positions = tensors.matrix(&embedding("position_embeddings.weight"), context, width)?;
    let types = tensors.matrix(&embedding("token_type_embeddings.weight"), types, width)?;
    let norm = norm(tensors, &embedding("LayerNorm"), width)?;
    let count = config.need("num_hidden_layers")?;
    let layers = (0..count)
        .map(|number| layer(tensors, &format!("{prefix}encoder.layer.{number}"), width, inner));
    let layers = layers.collect::<Result<_>>()?;
    let ours = |name: &&str| {
        let name = name.strip_prefix(prefix).unwrap_or(name);
        name.starts_with("encoder.")
            || name.starts_with("embeddings.") && !name.ends_with(".position_ids")
    };
    if let Some(name) = tensors.rest().find(ours) {
        return Err(unsupported(format!("bert with a tensor {name} cannot be run")));
    }
    let epsilon = config.real("layer_norm_eps")?.unwrap_or(1e-12) as f32;
    Ok(Encoder { width, heads, context, epsilon, words, positions, types, norm, layers })
}

fn layer(tensors: &mut Tensors, stem: &str, width: usize, inner: usize) -> Result<EncoderLayer> {
    let mut square = |part: &str| tensors.linear(&format!("{stem}.{part}"), width, width);
    let query = square("attention.self.query")?;
    let key = square("attention.self.key")?;
    let value = square("attention.self.value")?;
    let output = square("attention.output.dense")?;
    Ok(EncoderLayer {
        query,
        key,
        value,
        output,
        attention_norm: norm(tensors, &format!("{stem}.attention.output.LayerNorm"), width)?,
        up: tensors.linear(&format!("{stem}.intermediate.dense"), inner, width)?,
        down: tensors.linear(&format!("{stem}.output.dense"), width, inner)?,
        norm: norm(tensors, &format!("{stem}.output.LayerNorm"), width)?,
    })
}

/// Scale and shift; checkpoints made by TensorFlow call them gamma and beta.
fn norm(tensors: &mut Tensors, stem: &str, width: usize) -> Result<LayerNorm> {
    let old = tensors.has(&format!("{stem}.gamma"));
    let (scale, shift) = if old { ("gamma", "beta") } else { ("weight", "bias") };
    Ok(LayerNorm {
        scale: tensors.vector(&format!("{stem}.{scale}"), width)?,
        shift: tensors.vector(&format!("{stem}.{shift}"), width)?,
    })
}
