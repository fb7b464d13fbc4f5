//! `pkg pull`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::output::{Printer, Render, Reply, human_size, printable};
use super::plugin_args::VerifyPluginArgs;
use super::report::{AdopterArgs, terms_box};
use super::trust_args::TrustArgs;
use crate::finding::Result;
use crate::model::digest::Digest;
use crate::model::kind::Selector;
use crate::pull::{self, PullRequest, Pulled};
use crate::registry::Reference;
use crate::verify::exit_of;

/// Arguments of `pkg pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// What to pull
    #[arg(value_name = "oci://HOST/REPOSITORY[:TAG][@sha256:HEX]")]
    pub from: Reference,
    /// Folder to make; named after the repository unless given
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Pull only these components: weights, config, code, docs, data, or a kind
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub only: Vec<Selector>,
    /// Bundle on this machine that may hold some of its blobs, such as an older version
    #[arg(long, value_name = "BUNDLE")]
    pub reuse: Vec<PathBuf>,
    /// Replace what is at the output
    #[arg(long)]
    pub force: bool,
    /// Fetch no weights in coded form
    #[arg(long)]
    pub no_coded: bool,
    /// Digest that the release must have
    #[arg(long, value_name = "sha256:HEX")]
    pub digest: Option<Digest>,
    /// Policy that the release must meet, asked before its content is fetched
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Who asks what the terms mean
    #[command(flatten)]
    pub adopter: AdopterArgs,
    /// Plugins that look at it before it appears
    #[command(flatten)]
    pub plugins: VerifyPluginArgs,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Runs the command.
pub(super) fn run(args: &PullArgs, printer: Printer) -> Result<Reply> {
    let policy = args.policy.as_deref().map(super::policy::load).transpose()?;
    let (plugins, results) = args.plugins.read(policy.is_some(), &args.trust.root())?;
    let request = PullRequest {
        from: args.from.clone(),
        output: args.output.clone(),
        only: args.only.clone(),
        judge: args.trust.judge_with(policy.as_ref())?,
        digest: args.digest,
        policy,
        adopter: args.adopter.read()?,
        plugins,
        results,
        reuse: args.reuse.clone(),
        force: args.force,
        coded: !args.no_coded,
    };
    let announce = |report: &_| printer.announce(&terms_box(report));
    let (pulled, findings) =
        printer.with_progress("pulling", |meter| pull::pull(request, announce, meter))?;
    let exit = exit_of(&findings);
    match pulled {
        Some(pulled) => Reply::new("pull", exit, findings, &pulled),
        None => Ok(Reply::without_result("pull", exit, findings)),
    }
}

impl Render for Pulled {
    fn render(&self, page: &mut String) {
        let verdict = &self.verdict;
        let (name, version) = (printable(&verdict.name), printable(&verdict.version));
        let _ = writeln!(page, "pulled {name} {version} into {}", self.output.display());
        let _ = writeln!(page, "from    {}", self.reference);
        for signature in &verdict.signatures {
            let _ = writeln!(page, "signed  {}", super::render::signature_line(signature));
        }
        let _ = writeln!(
            page,
            "content {} of {} files verified, {}, of which {} were on this machine",
            verdict.files_verified,
            verdict.files_total,
            human_size(self.bytes),
            human_size(self.reused),
        );
        if self.coded > 0 {
            let coded = human_size(self.coded);
            let _ = writeln!(page, "        {coded} were fetched in coded form, and decoded");
        }
        if self.left_out > 0 {
            let _ = writeln!(page, "        {} layers were left out, as asked", self.left_out);
        }
    }
}
