//! `pkg encode` and `pkg decode`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::output::{Printer, Render, Reply, human_size};
use crate::bundle::{self, Decoded, Encoded};
use crate::exit::Exit;
use crate::finding::Result;
use crate::verify::exit_of;

/// Arguments of `pkg encode`.
#[derive(Debug, Args)]
pub struct EncodeArgs {
    /// Bundle or archive
    pub bundle: PathBuf,
    /// Coded layout to write; a name that ends in .tar makes one archive
    pub output: PathBuf,
}

/// Arguments of `pkg decode`.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    /// Coded layout, a folder or an archive
    pub coded: PathBuf,
    /// Bundle to write; a name that ends in .tar makes one archive
    pub output: PathBuf,
}

/// Runs `pkg encode`.
pub(super) fn encode(args: &EncodeArgs, printer: Printer) -> Result<Reply> {
    let (encoded, findings) = printer
        .with_progress("encoding", |meter| bundle::encode(&args.bundle, &args.output, meter))?;
    Reply::new("encode", exit_of(&findings), findings, &encoded)
}

/// Runs `pkg decode`.
pub(super) fn decode(args: &DecodeArgs, printer: Printer) -> Result<Reply> {
    let decoded = printer
        .with_progress("decoding", |meter| bundle::decode(&args.coded, &args.output, meter))?;
    Reply::new("decode", Exit::Ok, Vec::new(), &decoded)
}

impl Render for Encoded {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "encoded {}", self.output.display());
        let _ = writeln!(page, "digest  {}", self.digest);
        let _ = writeln!(
            page,
            "blobs   {} coded; {} are held in {}",
            self.coded.len(),
            human_size(self.bytes),
            human_size(self.stored),
        );
    }
}

impl Render for Decoded {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "decoded {}", self.output.display());
        let _ = writeln!(page, "digest  {}", self.digest);
        let _ = writeln!(page, "blobs   {} decoded, {}", self.decoded, human_size(self.bytes));
    }
}
