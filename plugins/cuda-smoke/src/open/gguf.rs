//! Models in GGUF.
//!
//! Names of metadata: the GGUF specification in the ggml repository; names of tensors:
//! `llama-arch.cpp` of llama.cpp.

use std::io::{BufReader, Read as _, Seek as _, SeekFrom};

use pkg_formats::gguf::{Header, Value};
use pkg_plugin_sdk::File;

use super::tensors::{Entry, Tensors};
use super::{failed, rope, unsupported};
use crate::engine::Result;
use crate::model::{Decoder, DecoderLayer, Model, Network, RopePairs, Tensor};
use crate::quant::WeightType;
use crate::source::reading;

/// Greatest whole number of the metadata that is believed.
const MAX_NUMBER: u64 = 1 << 31;
/// Most bytes of the tensor that scales frequencies.
const MAX_FREQUENCIES: u64 = 64 << 10;
/// Tensor that divides frequencies.
const FREQUENCIES: &str = "rope_freqs.weight";

pub(super) fn open(file: &File) -> Result<Model> {
    let header = header(file)?;
    let architecture = header
        .architecture()
        .ok_or_else(|| failed(format!("{} does not say its architecture", file.path)))?;
    let rope_pairs = match architecture {
        "llama" => RopePairs::Neighbours,
        "qwen2" => RopePairs::Halves,
        other => {
            return Err(unsupported(format!("models of the architecture {other:?} cannot be run")));
        }
    };
    if let Some(key) = header.repeated.first() {
        return Err(failed(format!("{}: the metadata key {key} is there twice", file.path)));
    }
    if header.number("split.count").is_some_and(|count| count > 1) {
        return Err(unsupported("GGUF models of several files cannot be run"));
    }
    let mut tensors = Tensors::of(&[file]);
    for tensor in &header.list {
        let offset = header.data_start.checked_add(tensor.offset);
        let offset = offset.ok_or_else(|| failed(format!("{}: bad offset", tensor.name)))?;
        let shape = tensor.shape.iter().rev().copied().collect();
        let entry = Entry { dtype: tensor.dtype.clone(), shape, file: 0, offset };
        tensors.insert(tensor.name.clone(), entry)?;
    }
    let keys = Keys { header: &header, architecture };
    let decoder = decoder(&keys, &mut tensors, file, rope_pairs)?;
    if let Some(name) = tensors.rest().next() {
        return Err(unsupported(format!("{architecture:?} with a tensor {name} cannot be run")));
    }
    Ok(Model {
        architecture: architecture.to_owned(),
        network: Network::Decoder(decoder),
        files: vec![file.clone()],
    })
}

fn header(file: &File) -> Result<Header> {
    // The reader moves only forwards and within the bytes of the file, wherever that
    // begins on disk.
    let mut disk = std::fs::File::open(&file.disk).map_err(|error| reading(file, &error))?;
    disk.seek(SeekFrom::Start(file.offset)).map_err(|error| reading(file, &error))?;
    pkg_formats::gguf::parse(BufReader::new(disk), file.bytes)
        .map_err(|reason| failed(format!("{}: {reason}", file.path)))
}

struct Keys<'a> {
    header: &'a Header,
    architecture: &'a str,
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    /// A whole number from 1.
    fn number(&self, name: &str) -> Result<Option<usize>> {
        let key = self.key(name);
        if !self.header.metadata.contains_key(&key) {
            return Ok(None);
        }
        let number = self.header.number(&key).filter(|n| (1..=MAX_NUMBER).contains(n));
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.map(Some).ok_or_else(|| failed(format!("{key} is no number that can be")))
    }

    fn need(&self, name: &str) -> Result<usize> {
        self.number(name)?.ok_or_else(|| failed(format!("{} is missing", self.key(name))))
    }

    /// A positive finite number.
    fn real(&self, name: &str) -> Result<Option<f64>> {
        let key = self.key(name);
        if !self.header.metadata.contains_key(&key) {
            return Ok(None);
        }
        let number = self.header.float(&key).filter(|n| n.is_finite() && *n > 0.0);
        number.map(Some).ok_or_else(|| failed(format!("{key} is no number that can be")))
    }
}

fn decoder(
    keys: &Keys<'_>,
    tensors: &mut Tensors,
    file: &File,
    rope_pairs: RopePairs,
) -> Result<Decoder> {
    let width = keys.need("embedding_length")?;
    let heads = keys.need("attention.head_count")?;
    let kv_heads = keys.number("attention.head_count_kv")?.unwrap_or(heads);
    let head_width = keys.number("attention.key_length")?.unwrap_or(width / heads);
    let sizes = Sizes::new(width, heads, kv_heads, head_width, keys.need("feed_forward_length")?)?;
    if keys.number("attention.value_length")?.is_some_and(|value| value != head_width) {
        return Err(unsupported("heads whose keys and values differ in width cannot be run"));
    }
    if keys.header.number(&keys.key("expert_count")).is_some_and(|count| count > 0) {
        return Err(unsupported(format!("{} with experts cannot be run", keys.architecture)));
    }
    let context = keys.need("context_length")?;
    let window = keys.number("attention.sliding_window").ok().flatten().unwrap_or(context);
    let epsilon = keys
        .real("attention.layer_norm_rms_epsilon")?
        .ok_or_else(|| failed("the epsilon of the norms is missing"))?;
    let layers = keys.need("block_count")?;
    let vocabulary = tensors.rows("token_embd.weight")?;
    let embedding = tensors.matrix("token_embd.weight", vocabulary, width)?;
    let head = if tensors.has("output.weight") {
        tensors.matrix("output.weight", vocabulary, width)?
    } else {
        embedding.clone()
    };
    // Shapes confirm the sizes before anything of such a size is made.
    let layers = (0..layers).map(|i| layer(tensors, i, &sizes)).collect::<Result<_>>()?;
    Ok(Decoder {
        width,
        heads,
        kv_heads,
        head_width,
        context: context.min(window),
        epsilon: epsilon as f32,
        rope_frequencies: frequencies(keys, tensors, file, head_width)?,
        rope_pairs,
        embedding,
        layers,
        norm: tensors.vector("output_norm.weight", width)?,
        head,
    })
}

fn layer(tensors: &mut Tensors, number: usize, sizes: &Sizes) -> Result<DecoderLayer> {
    let name = |part: &str| format!("blk.{number}.{part}");
    let Sizes { width, queries, keys, ffn } = *sizes;
    Ok(DecoderLayer {
        attention_norm: tensors.vector(&name("attn_norm.weight"), width)?,
        query: tensors.linear(&name("attn_q"), queries, width)?,
        key: tensors.linear(&name("attn_k"), keys, width)?,
        value: tensors.linear(&name("attn_v"), keys, width)?,
        output: tensors.linear(&name("attn_output"), width, queries)?,
        ffn_norm: tensors.vector(&name("ffn_norm.weight"), width)?,
        gate: tensors.linear(&name("ffn_gate"), ffn, width)?,
        up: tensors.linear(&name("ffn_up"), ffn, width)?,
        down: tensors.linear(&name("ffn_down"), width, ffn)?,
    })
}

/// Lengths of vectors inside a layer.
pub(super) struct Sizes {
    /// Width of the model.
    pub(super) width: usize,
    /// Values of all query heads.
    pub(super) queries: usize,
    /// Values of all key heads.
    pub(super) keys: usize,
    /// Width of the feed-forward part.
    pub(super) ffn: usize,
}

impl Sizes {
    /// Sizes that fit each other.
    pub(super) fn new(
        width: usize,
        heads: usize,
        kv_heads: usize,
        head_width: usize,
        ffn: usize,
    ) -> Result<Self> {
        let queries = heads.checked_mul(head_width);
        let (Some(queries), true) = (queries, head_width > 0 && head_width.is_multiple_of(2))
        else {
            return Err(failed(format!("heads of {head_width} values cannot be")));
        };
        if kv_heads > heads || !heads.is_multiple_of(kv_heads) {
            return Err(failed(format!("{heads} heads cannot share {kv_heads} keys and values")));
        }
        Ok(Self { width, queries, keys: kv_heads * head_width, ffn })
    }
}

/// Frequencies, with the model's scaling.
fn frequencies(
    keys: &Keys<'_>,
    tensors: &mut Tensors,
    file: &File,
    head_width: usize,
) -> Result<Vec<f32>> {
    let turned = keys.number("rope.dimension_count")?.unwrap_or(head_width);
    if turned != head_width {
        return Err(unsupported(format!(
            "turning {turned} of {head_width} values of a head cannot be run"
        )));
    }
    let mut all = rope::plain(keys.real("rope.freq_base")?.unwrap_or(1e4), head_width);
    let named = keys.header.text(&keys.key("rope.scaling.type"));
    match named {
        None | Some("none") => {}
        Some("linear") => {
            let factor = keys.real("rope.scaling.factor")?;
            rope::linear(&mut all, factor.ok_or_else(|| failed("the rope factor is missing"))?);
        }
        Some(other) => {
            return Err(unsupported(format!("rope scaling {other:?} cannot be run")));
        }
    }
    if named.is_none() {
        // As written before scaling had types.
        for name in ["rope.scaling.factor", "rope.scale_linear"] {
            if let Some(factor) = keys.real(name)? {
                rope::linear(&mut all, factor);
                break;
            }
        }
    }
    if let Some(Value::Float(factor)) =
        keys.header.metadata.get(&keys.key("rope.scaling.attn_factor"))
        && (factor - 1.0).abs() > f64::EPSILON
    {
        return Err(unsupported("rope scaling with an attention factor cannot be run"));
    }
    if tensors.has(FREQUENCIES) {
        let tensor = tensors.vector(FREQUENCIES, head_width / 2)?;
        for (frequency, divisor) in all.iter_mut().zip(read(file, &tensor)?) {
            *frequency /= f64::from(divisor);
        }
    }
    rope::finish(&all).ok_or_else(|| failed("a rope frequency is no positive finite number"))
}

/// Values of a small tensor, straight from the file; loading checks the digest later.
fn read(file: &File, tensor: &Tensor) -> Result<Vec<f32>> {
    if tensor.bytes > MAX_FREQUENCIES || tensor.kind != WeightType::F32 {
        return Err(failed(format!("tensor {} is no short list of F32", tensor.name)));
    }
    let mut bytes = Vec::new();
    let mut disk = std::fs::File::open(&file.disk).map_err(|error| reading(file, &error))?;
    let start = file.offset.checked_add(tensor.offset).ok_or_else(|| failed("bad offset"))?;
    disk.seek(SeekFrom::Start(start)).map_err(|error| reading(file, &error))?;
    disk.take(tensor.bytes).read_to_end(&mut bytes).map_err(|error| reading(file, &error))?;
    if bytes.len() as u64 != tensor.bytes {
        return Err(failed(format!("tensor {} is cut short", tensor.name)));
    }
    let mut out = vec![0.0; tensor.columns];
    tensor.kind.dequantise(&bytes, &mut out);
    Ok(out)
}
