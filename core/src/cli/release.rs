//! `pkg release`: arguments, function and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::ModelSignatureArg;
use super::output::{Printer, Render, Reply, confirm, printable, table};
use super::plugin_args::VerifyPluginArgs;
use super::report::AdopterArgs;
use super::sign_args::SignerArgs;
use super::trust_args::TrustArgs;
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result};
use crate::hash::Meter;
use crate::model::digest::Digest;
use crate::pipeline::{
    self, Course, Entry, Expected, InRegistry, Log, Pages, Planned, Ran, Release, ReleaseRequest,
    Signing, State, Step, Watch,
};
use crate::registry::Reference;
use crate::sign::ModelSignature;
use crate::trust::judge::Accepted;

/// Arguments of `pkg release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Folder with the model and its pkg.toml; with `--from-git`, its repository
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Where the release goes, with the tag that it gets at the end
    #[arg(long, value_name = "oci://HOST/REPO:TAG")]
    pub to: String,
    /// Release the files of this revision, Git LFS objects included, instead of the folder's
    #[arg(long, value_name = "REV")]
    pub from_git: Option<String>,
    /// Bundle to make [default: one in the cache]
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Show the plan and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask whether the plan is right
    #[arg(long, short)]
    pub yes: bool,
    /// Let the tag name this release even if it names another one
    #[arg(long)]
    pub move_tag: bool,
    /// The model signature beside the release statement
    #[arg(long, value_enum, default_value_t)]
    pub model_signature: ModelSignatureArg,
    /// Store weights and configuration files larger than this as several layers
    #[arg(long, value_name = "SIZE", value_parser = super::plugin_args::size)]
    pub shard: Option<u64>,
    /// Who must be found to have signed [default: whoever signs now]
    #[arg(long, value_name = "IDENTITY")]
    pub identity: Option<String>,
    /// Regular expression that the whole identity must match
    #[arg(long, value_name = "REGEX", conflicts_with = "identity")]
    pub identity_regexp: Option<String>,
    /// OIDC issuer that must have vouched for the identity
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Policy that the release must meet in the registry; see `pkg policy`
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Attest SLSA provenance of this pipeline, from its environment
    #[arg(long)]
    pub attest_provenance: bool,
    /// Report to write, in Markdown
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Findings to write, in SARIF
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Badge to write, in SVG
    #[arg(long, value_name = "FILE")]
    pub badge: Option<PathBuf>,
    /// Log to add to, one JSON document a line [default: one in the cache]
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Repositories that code comes from
    #[command(flatten)]
    pub git: super::code::GitArgs,
    /// Who asks what the terms mean
    #[command(flatten)]
    pub adopter: AdopterArgs,
    /// Plugins that look at it, whose results are attested
    #[command(flatten)]
    pub plugins: VerifyPluginArgs,
    /// Who signs
    #[command(flatten)]
    pub signer: SignerArgs,
}

/// Result of `pkg release`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReleaseResult {
    /// The reference, as it was given.
    pub to: String,
    /// The release by its digest; none when it is not in the registry.
    pub reference: Option<String>,
    /// Digest of the release, once it was known.
    pub digest: Option<Digest>,
    /// Whether the tag names it now.
    pub released: bool,
    /// The plan.
    pub plan: Vec<Planned>,
    /// How each step that was begun ended.
    pub steps: Vec<Entry>,
    /// The step that stopped it.
    pub stopped: Option<Step>,
    /// The bundle.
    pub bundle: PathBuf,
    /// The log; none when only the plan was asked for.
    pub log: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: &ReleaseArgs, printer: Printer) -> Result<Reply> {
    let remote = InRegistry::new(args.to.parse::<Reference>()?)?;
    let mut release = Release::new(request(args)?, &remote)?;
    let plan = pipeline::plan(&mut release)?;
    let mut result = ReleaseResult {
        to: args.to.clone(),
        reference: None,
        digest: None,
        released: false,
        plan,
        steps: Vec::new(),
        stopped: None,
        bundle: release.bundle_path(),
        log: None,
    };
    if args.dry_run {
        return Reply::new("release", Exit::Ok, Vec::new(), &result);
    }
    let mut text = String::new();
    render_plan(&result.plan, &mut text);
    printer.announce(&text);
    if !args.yes && !confirm("Release?") {
        return Err(Problem::new(Code::ReleaseNotConfirmed, &result.to));
    }
    let (sealer, findings) = args.signer.sealer()?;
    let log = release.begin(Signing { sealer, findings })?;
    let Course { entries, stopped, digest, exit, findings } =
        pipeline::run(&mut release, &mut Watched { printer, log })?;
    let reached = |step| entries.iter().any(|it: &Entry| it.step == step && it.state.is_good());
    result.reference = digest.filter(|_| reached(Step::Push)).map(|it| remote.by_digest(it));
    result.released = reached(Step::Tag);
    (result.digest, result.stopped) = (digest, stopped);
    result.log = Some(release.log_path());
    result.steps = entries;
    Reply::new("release", exit, findings, &result)
}

fn request(args: &ReleaseArgs) -> Result<ReleaseRequest> {
    let policy = args.policy.as_deref().map(super::policy::load).transpose()?;
    let signer = TrustArgs {
        identity: args.identity.clone(),
        identity_regexp: args.identity_regexp.clone(),
        issuer: args.issuer.clone(),
        ..TrustArgs::default()
    };
    let root = args.signer.services.trusted_root.clone();
    let policy_signers = match &policy {
        Some(policy) => TrustArgs::default().judge_with(Some(policy))?.accepted().clone(),
        None => Accepted::default(),
    };
    let trust = TrustArgs { trusted_root: root, ..TrustArgs::default() };
    let (plugins, results) = args.plugins.read(policy.is_some(), &trust.root())?;
    Ok(ReleaseRequest {
        folder: args.folder.clone(),
        rev: args.from_git.clone(),
        bundle: args.output.clone(),
        log: args.log_file.clone(),
        move_tag: args.move_tag,
        git: args.git.request(),
        part: args.shard,
        model_signature: match args.model_signature {
            ModelSignatureArg::Files => ModelSignature::Files,
            ModelSignatureArg::Shards => ModelSignature::Shards,
            ModelSignatureArg::None => ModelSignature::None,
        },
        logged: args.signer.log,
        timed: args.signer.timestamp,
        signer: signer.accepted()?,
        plugins,
        results,
        policy,
        policy_signers,
        adopter: args.adopter.read()?,
        provenance: args.attest_provenance,
        pages: Pages {
            markdown: args.report.clone(),
            sarif: args.sarif.clone(),
            badge: args.badge.clone(),
        },
    })
}

/// Writes the log, and says what goes on.
struct Watched {
    printer: Printer,
    log: Log,
}

impl Watch for Watched {
    fn entry(&mut self, entry: &Entry) -> Result<()> {
        self.log.add(entry)?;
        if entry.state != State::Started {
            self.printer.announce(&format!("{}\n", line(entry)));
        }
        Ok(())
    }

    fn during(&mut self, step: Step, work: &mut dyn FnMut(&Meter) -> Result<Ran>) -> Result<Ran> {
        self.printer.with_progress(step.verb(), work)
    }
}

fn line(entry: &Entry) -> String {
    let state = match entry.state {
        State::Skipped => "nothing to do",
        state => state.as_str(),
    };
    format!("{:<9} {state}: {}", entry.step.as_str(), printable(&entry.note))
}

fn render_plan(plan: &[Planned], page: &mut String) {
    page.push_str("plan\n");
    let rows: Vec<Vec<String>> = plan
        .iter()
        .map(|planned| {
            let expected = match planned.expected {
                Expected::Do => "to do",
                Expected::Done => "done",
                Expected::Depends => "if needed",
            };
            let step = planned.step.as_str().to_owned();
            vec![step, expected.to_owned(), printable(&planned.why)]
        })
        .collect();
    table(&rows, page);
}

impl Render for ReleaseResult {
    fn render(&self, page: &mut String) {
        if self.steps.is_empty() {
            render_plan(&self.plan, page);
            page.push_str("nothing was done\n");
            return;
        }
        let to = printable(&self.to);
        match self.stopped {
            None => {
                let _ = writeln!(page, "RELEASED {to}");
            }
            Some(step) if self.released => {
                let _ = writeln!(page, "RELEASED {to}, but {} failed", step.as_str());
            }
            Some(step) => {
                let _ = writeln!(page, "NOT RELEASED: stopped at {}; {to} was left", step.as_str());
            }
        }
        if let Some(reference) = &self.reference {
            let _ = writeln!(page, "as       {}", printable(reference));
        }
        let _ = writeln!(page, "bundle   {}", printable(&self.bundle.display().to_string()));
        if let Some(log) = &self.log {
            let _ = writeln!(page, "log      {}", printable(&log.display().to_string()));
        }
    }
}
