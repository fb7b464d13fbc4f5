//! `pkg push`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::output::{Printer, Render, Reply, human_size, printable};
use crate::finding::Result;
use crate::push::{self, How, PushRequest, Pushed};
use crate::registry::Reference;
use crate::verify::exit_of;

/// Arguments of `pkg push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// Bundle or archive
    pub bundle: PathBuf,
    /// Where to; the version of the release is the tag when none is given
    #[arg(value_name = "oci://HOST/REPOSITORY[:TAG]")]
    pub to: Reference,
    /// Repository of the same registry that may hold blobs of it already
    #[arg(long, value_name = "REPOSITORY")]
    pub mount_from: Vec<String>,
    /// Refuse if the tag names another release
    #[arg(long, conflicts_with = "no_tag")]
    pub new_tag: bool,
    /// Push by digest only, and leave tags alone
    #[arg(long)]
    pub no_tag: bool,
    /// Send weights in coded form as well, where that makes them smaller
    #[arg(long)]
    pub coded: bool,
}

/// Runs the command.
pub(super) fn run(args: &PushArgs, printer: Printer) -> Result<Reply> {
    let request = PushRequest {
        bundle: args.bundle.clone(),
        to: args.to.clone(),
        mount_from: args.mount_from.clone(),
        tag: !args.no_tag,
        move_tag: !args.new_tag,
        coded: args.coded,
    };
    let (pushed, findings) =
        printer.with_progress("pushing", |meter| push::push(&request, meter))?;
    let exit = exit_of(&findings);
    match pushed {
        Some(pushed) => Reply::new("push", exit, findings, &pushed),
        None => Ok(Reply::without_result("push", exit, findings)),
    }
}

impl Render for Pushed {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "pushed {} {}", printable(&self.name), printable(&self.version));
        let _ = writeln!(page, "digest  {}", self.digest);
        let _ = writeln!(page, "at      {}", self.reference);
        match &self.tag {
            Some(tag) => {
                let _ = writeln!(page, "tag     {tag}");
            }
            None => page.push_str("tag     none; it is there by its digest\n"),
        }
        let count = |how| self.blobs.iter().filter(|blob| blob.how == how).count();
        let _ = writeln!(
            page,
            "blobs   {} sent ({}), {} mounted, {} were there",
            count(How::Sent),
            human_size(self.sent),
            count(How::Mounted),
            count(How::Present),
        );
        if self.coded > 0 {
            let _ = writeln!(page, "coded   {} blobs are there in coded form as well", self.coded);
        }
        let _ = writeln!(page, "with    {} signatures, attestations and evidence", self.referrers);
    }
}
