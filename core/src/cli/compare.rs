//! `pkg diff` and `pkg lineage`: arguments, functions and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::output::{Printer, Render, Reply, human_size, printable};
use super::trust_args::TrustArgs;
use crate::compare::{self, Changes, CompareRequest, Diff, Lineage};
use crate::finding::Result;
use crate::verify::exit_of;

/// Arguments of `pkg diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Bundle, folder, pkg.toml or card
    pub from: PathBuf,
    /// The one to compare it with
    pub to: PathBuf,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `pkg lineage`.
#[derive(Debug, Args)]
pub struct LineageArgs {
    /// Bundle of the model in question
    pub child: PathBuf,
    /// Bundle of the model that it may be made from
    pub parent: PathBuf,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Compares.
pub(super) fn diff(args: &DiffArgs, printer: Printer) -> Result<Reply> {
    let judge = args.trust.judge()?;
    let request = CompareRequest { from: args.from.clone(), to: args.to.clone(), judge };
    let (diff, findings) =
        printer.with_progress("comparing", |meter| compare::diff(&request, meter))?;
    Reply::new("diff", exit_of(&findings), findings, &diff)
}

/// Looks for shared tensors.
pub(super) fn lineage(args: &LineageArgs, printer: Printer) -> Result<Reply> {
    let judge = args.trust.judge()?;
    let request = CompareRequest { from: args.child.clone(), to: args.parent.clone(), judge };
    let (found, findings) =
        printer.with_progress("comparing", |meter| compare::lineage(&request, meter))?;
    Reply::new("lineage", exit_of(&findings), findings, &found)
}

/// Most lines of one list.
const MOST: usize = 12;

fn list(page: &mut String, title: &str, changes: &Changes) {
    if changes.is_none() {
        return;
    }
    let _ = writeln!(
        page,
        "{title}: {} added, {} removed, {} changed, {} the same",
        changes.added.len(),
        changes.removed.len(),
        changes.changed.len(),
        changes.same
    );
    let marked = [("+", &changes.added), ("-", &changes.removed), ("~", &changes.changed)];
    for (mark, lines) in marked {
        for line in lines.iter().take(MOST) {
            let _ = writeln!(page, "  {mark} {}", printable(line));
        }
        if lines.len() > MOST {
            let _ = writeln!(page, "  {mark} and {} more; `--json` lists all", lines.len() - MOST);
        }
    }
}

impl Render for Diff {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "- {}", printable(&self.from));
        let _ = writeln!(page, "+ {}", printable(&self.to));
        let before = page.len();
        list(page, "terms", &self.terms);
        list(page, "definitions", &self.definitions);
        list(page, "components", &self.components);
        list(page, "base models", &self.base_models);
        list(page, "data", &self.data);
        for (title, changes) in [("tensors", &self.tensors), ("files", &self.files)] {
            if let Some(changes) = changes {
                list(page, title, changes);
            }
        }
        if page.len() == before {
            page.push_str("nothing that is compared differs\n");
        }
        if self.files.is_none() {
            page.push_str("files were not compared: not both are packed\n");
        }
    }
}

impl Render for Lineage {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "child  {}", printable(&self.child));
        let _ = writeln!(page, "parent {}", printable(&self.parent));
        let _ = writeln!(
            page,
            "{} of {} tensors are the parent's, byte for byte ({} of {}, {:.1} %)",
            self.shared,
            self.tensors,
            human_size(self.shared_bytes),
            human_size(self.bytes),
            self.share
        );
        if self.renamed > 0 {
            let _ = writeln!(page, "{} of them have another name there", self.renamed);
        }
        let declared = match self.declared {
            "by-digest" => "the child names the parent by digest",
            "by-name" => "the child names the parent, without its digest",
            _ => "the child does not name the parent",
        };
        let _ = writeln!(page, "{declared}");
    }
}
