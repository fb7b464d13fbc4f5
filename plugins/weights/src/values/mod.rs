//! Values of tensors: what is not finite, what is nought, what is constant.
//!
//! How much something weighs depends on what the tensor is for:
//!
//! - a value that is not finite is an error, except an infinity in a mask;
//! - an embedding of noughts is an error: no token would mean anything;
//! - another matrix of noughts is a warning, because some are made on purpose (blocks
//!   added as in `LLaMA` Pro, adapters before training, zero convolutions);
//! - biases and other vectors of noughts or of one value are common and only counted.

mod judge;
mod kernels;
mod scan;
mod tally;
#[cfg(test)]
mod tests;

use pkg_plugin_sdk::{Failure, Host};

use crate::dtype::Look;
use crate::files::WeightFile;
use pkg_plugin_sdk::section::Section;
use scan::Stop;

/// Figures of the pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Tensors whose values were looked at.
    pub(crate) looked: u64,
    /// Tensors of whole numbers, of which every pattern is a number.
    pub(crate) whole: u64,
    /// Tensors that were not looked into.
    pub(crate) unknown: u64,
    /// Vectors of noughts.
    pub(crate) zero_vectors: u64,
    /// Small tensors and vectors of one value.
    pub(crate) constant_vectors: u64,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// Files of which tensors share bytes.
    pub(crate) overlapping: u64,
}

/// Looks at the values of all files.
pub(crate) fn look(
    files: &[WeightFile<'_>],
    threads: usize,
    host: &Host<'_>,
    section: &mut Section,
) -> Result<Figures, Failure> {
    let total = files.iter().map(|file| file.file.bytes).fold(0, u64::saturating_add);
    let mut figures = Figures::default();
    let mut done = 0_u64;
    host.progress(0, total);
    for file in files {
        if file.overlaps {
            // Bytes that belong to many tensors would be read as many times.
            figures.overlapping += 1;
            figures.unknown += file.tensors.len() as u64;
            continue;
        }
        let result = scan::scan(file.file, &file.tensors, threads, host, |bytes| {
            done = done.saturating_add(bytes);
            host.progress(done, total);
        });
        match result {
            Ok(scan) => {
                figures.bytes = figures.bytes.saturating_add(scan.bytes);
                judge_all(file, &scan, &mut figures, section);
            }
            Err(Stop::Cancelled) => return Err(Failure::new("the run was cancelled")),
            Err(Stop::Unreadable(reason)) => {
                section.error("file-unreadable", file.path(), reason);
            }
        }
    }
    host.progress(total, total);
    say(&figures, section);
    Ok(figures)
}

fn judge_all(
    file: &WeightFile<'_>,
    scan: &scan::Scan,
    figures: &mut Figures,
    section: &mut Section,
) {
    for (tensor, tally) in file.tensors.iter().zip(&scan.tallies) {
        match (tensor.dtype.look, tally) {
            (Look::Whole, _) => figures.whole += 1,
            (Look::Unknown, _) => figures.unknown += 1,
            (_, Some(tally)) => {
                section.looked = true;
                figures.looked += 1;
                judge::judge(file.path(), tensor, tally, figures, section);
            }
            // No elements: nothing can be wrong with them.
            (_, None) => figures.looked += 1,
        }
    }
}

fn say(figures: &Figures, section: &mut Section) {
    section.say(format!(
        "values of {} tensor(s), {} bytes; {} of whole numbers",
        figures.looked, figures.bytes, figures.whole
    ));
    if figures.zero_vectors + figures.constant_vectors > 0 {
        section.say(format!(
            "{} vector(s) of noughts and {} of one value",
            figures.zero_vectors, figures.constant_vectors
        ));
    }
    if figures.unknown > 0 {
        section.say(format!("{} tensor(s) not looked into", figures.unknown));
    }
    if figures.overlapping > 0 {
        section.say(format!("{} file(s) left out, their tensors overlap", figures.overlapping));
    }
}
