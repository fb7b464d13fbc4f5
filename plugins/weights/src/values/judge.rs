//! What the values of one tensor are worth.

use super::Figures;
use super::kernels::magnitude;
use super::tally::Tally;
use crate::dtype::Look;
use crate::files::{Tensor, told};
use pkg_plugin_sdk::section::{Section, quoted};

/// Magnitudes above this are no weights. Trained ones rarely reach a thousand; what lies
/// beyond comes from masks, or from bytes of another type.
const ABSURD: f64 = 1e10;
/// Elements from which a tensor of one value is told of.
const MATRIX: u64 = 64;
/// Stretches of 4 KiB of noughts from which they are told of.
const ZERO_PAGES: u64 = 16;

/// What a tensor is for, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A row for each token.
    Embedding,
    /// A row of results for each token.
    Head,
    /// Scales of a norm.
    Norm,
    /// Added to something.
    Bias,
    /// Keeps something out; infinite or very large by design.
    Mask,
    /// Anything else.
    Other,
}

/// The role that a name tells of.
pub(super) fn role(name: &str) -> Role {
    const EMBEDDINGS: [&str; 5] = [
        "embed_tokens.weight",
        "wte.weight",
        "word_embeddings.weight",
        "token_embd.weight",
        "tok_embeddings.weight",
    ];
    let lower = name.to_ascii_lowercase();
    let last = |text: &str| lower.rsplit('.').next().is_some_and(|last| last == text);
    if lower.contains("mask") && !lower.contains("mask_token") {
        Role::Mask
    } else if last("bias") || last("beta") {
        Role::Bias
    } else if EMBEDDINGS.iter().any(|end| lower.ends_with(end)) {
        Role::Embedding
    } else if lower.ends_with("lm_head.weight") || lower == "output.weight" {
        Role::Head
    } else if lower.contains("norm") || lower.contains("ln_") || last("gamma") {
        Role::Norm
    } else {
        Role::Other
    }
}

/// Tells what is wrong with the values of a tensor.
pub(super) fn judge(
    path: &str,
    tensor: &Tensor,
    tally: &Tally,
    figures: &mut Figures,
    section: &mut Section,
) {
    let role = role(&tensor.name);
    not_finite(path, tensor, tally, role, section);
    if tally.zero {
        all_zero(path, tensor, role, figures, section);
    } else if tally.constant && tally.nan + tally.infinite == 0 {
        constant(path, tensor, role, figures, section);
    } else {
        zero_pages(path, tensor, tally, role, section);
    }
    absurd(path, tensor, tally, role, section);
}

fn not_finite(path: &str, tensor: &Tensor, tally: &Tally, role: Role, section: &mut Section) {
    let Some(first) = tally.first_bad else { return };
    let blocks = matches!(tensor.dtype.look, Look::Blocks(_));
    let (what, of) = if blocks { ("block", "scales") } else { ("element", "values") };
    let told = told(tensor);
    if tally.nan > 0 {
        let detail = format!(
            "{} {of} are NaN and {} infinite in {told} ({}), the first in {what} {first}",
            tally.nan, tally.infinite, tensor.dtype.name
        );
        section.error("nan-values", path, detail);
        return;
    }
    let detail = format!(
        "{} {of} are infinite in {told} ({}), the first in {what} {first}",
        tally.infinite, tensor.dtype.name
    );
    if role == Role::Mask {
        section.note("infinite-values", path, detail);
    } else {
        section.error("infinite-values", path, detail);
    }
}

fn all_zero(path: &str, tensor: &Tensor, role: Role, figures: &mut Figures, section: &mut Section) {
    let matrix = tensor.shape.len() > 1 && tensor.elements() >= MATRIX;
    let detail = format!("all values of {} are nought", told(tensor));
    match role {
        Role::Embedding if matrix => section.error("all-zero-tensor", path, detail),
        Role::Bias | Role::Mask => figures.zero_vectors += 1,
        Role::Norm => section.warn("all-zero-tensor", path, detail),
        _ if matrix => section.warn("all-zero-tensor", path, detail),
        _ => figures.zero_vectors += 1,
    }
}

fn constant(path: &str, tensor: &Tensor, role: Role, figures: &mut Figures, section: &mut Section) {
    let matrix = tensor.shape.iter().filter(|length| **length > 1).count() > 1;
    let real = matches!(tensor.dtype.look, Look::Real(_));
    if real && matrix && tensor.elements() >= MATRIX && !matches!(role, Role::Bias | Role::Mask) {
        let detail = format!("all {} values of {} are the same", tensor.elements(), told(tensor));
        section.warn("constant-tensor", path, detail);
    } else {
        figures.constant_vectors += 1;
    }
}

/// Long stretches of noughts: what a download leaves that was not finished.
fn zero_pages(path: &str, tensor: &Tensor, tally: &Tally, role: Role, section: &mut Section) {
    if tally.zero_pages < ZERO_PAGES || matches!(role, Role::Bias | Role::Mask) {
        return;
    }
    let detail = format!(
        "{} stretches of 4 KiB of {} are nought, of {} bytes in all",
        tally.zero_pages,
        told(tensor),
        tensor.bytes
    );
    // Rows of tokens that do not exist are often nought.
    if matches!(role, Role::Embedding | Role::Head) || tensor.name.contains("embed") {
        section.note("zero-stretches", path, detail);
    } else {
        section.warn("zero-stretches", path, detail);
    }
}

fn absurd(path: &str, tensor: &Tensor, tally: &Tally, role: Role, section: &mut Section) {
    let kind = match tensor.dtype.look {
        Look::Real(real) => real,
        Look::Blocks(block) => block.scale,
        Look::Whole | Look::AlwaysFinite | Look::Unknown => return,
    };
    let greatest = magnitude(kind, tally.greatest);
    if greatest > ABSURD && role != Role::Mask {
        let name = quoted(&tensor.name);
        let detail = format!("tensor {name} has a value of magnitude {greatest:.3e}");
        section.warn("absurd-magnitude", path, detail);
    }
}
