//! `pkg notice`: arguments, function and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::output::{Render, Reply, printable};
use super::report::AdopterArgs;
use super::trust_args::TrustArgs;
use crate::finding::Result;
use crate::notice::{self, Notice, NoticeRequest};
use crate::verify::exit_of;

/// Arguments of `pkg notice`.
#[derive(Debug, Args)]
pub struct NoticeArgs {
    /// Bundle, folder or pkg.toml that is passed on
    pub target: PathBuf,
    /// Folder to make
    #[arg(long, short)]
    pub output: PathBuf,
    /// Replace the folder
    #[arg(long)]
    pub force: bool,
    /// Who passes it on
    #[command(flatten)]
    pub adopter: AdopterArgs,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Runs the command.
pub(super) fn run(args: &NoticeArgs) -> Result<Reply> {
    let request = NoticeRequest {
        target: args.target.clone(),
        output: args.output.clone(),
        adopter: args.adopter.read()?,
        force: args.force,
        judge: args.trust.judge()?,
    };
    let (notice, findings) = notice::write(&request)?;
    Reply::new("notice", exit_of(&findings), findings, &notice)
}

impl Render for Notice {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "wrote {}:", self.output.display());
        for file in &self.files {
            let _ = writeln!(page, "  {}", printable(file));
        }
        if !self.obligations.is_empty() {
            page.push_str("due:\n");
        }
        for obligation in &self.obligations {
            let _ = writeln!(page, "  {}", printable(obligation));
        }
        page.push_str("not legal advice\n");
    }
}
