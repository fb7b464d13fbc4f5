//! `pkg attest`: arguments, functions and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::{Printer, Render, Reply, printable};
use super::render::signature_line;
use super::sign_args::SignerArgs;
use super::trust_args::TrustArgs;
use crate::attest::{
    self, AddRequest, Added, EvidenceReport, Exported, Imported, Listing, Predicate, Query,
    TypeName,
};
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::trust::keyfile;
use crate::verify::exit_of;

/// Arguments of `pkg attest`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct AttestArgs {
    /// What to do with the attestations that are there
    #[command(subcommand)]
    pub command: Option<AttestCommand>,
    /// Bundle to attest: a layout folder or an archive
    #[arg(required = true)]
    pub bundle: Option<PathBuf>,
    /// Predicate type: a URI, or slsa-provenance, test-result, svr, spdx, cyclonedx
    #[arg(long = "type", value_name = "TYPE", value_parser = type_name)]
    pub predicate_type: Option<TypeName>,
    /// The predicate, a JSON file
    #[arg(long, value_name = "FILE", requires = "predicate_type")]
    pub predicate: Option<PathBuf>,
    /// SLSA provenance of this pipeline, made from its environment
    #[arg(long, conflicts_with_all = ["predicate_type", "predicate"])]
    pub provenance: bool,
    /// File that goes along as evidence, named in the predicate; may be repeated
    #[arg(long, value_name = "FILE")]
    pub evidence: Vec<PathBuf>,
    /// Another subject besides the release; may be repeated
    #[arg(long, value_name = "NAME=sha256:HEX", value_parser = subject)]
    pub subject: Vec<(String, Digest)>,
    /// Attach what was signed elsewhere: Sigstore bundles or DSSE envelopes, one or one a line
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["predicate_type", "predicate", "provenance", "evidence", "subject"]
    )]
    pub import: Vec<PathBuf>,
    /// Public key that signed imported DSSE envelopes
    #[arg(long, value_name = "FILE", requires = "import")]
    pub signed_by: Option<PathBuf>,
    /// Who attests
    #[command(flatten)]
    pub signer: SignerArgs,
}

/// Commands over attestations.
#[derive(Debug, Subcommand)]
pub enum AttestCommand {
    /// List attestations: what they are about, who made them, how far that was checked
    #[command(after_help = "Example:\n  pkg attest list model.pkg --key release.pub")]
    List(QueryArgs),
    /// Show what attestations say
    #[command(after_help = "Example:\n  pkg attest show model.pkg --type test-result")]
    Show(QueryArgs),
    /// Verify that attestations are there, by somebody who is accepted
    #[command(
        after_help = "Example:\n  pkg attest verify model.pkg --type test-result --key release.pub\n\nThe content of the release is not read: `pkg verify` does that."
    )]
    Verify(QueryArgs),
    /// Write attestations to a file or folder
    #[command(
        after_help = "Examples:\n  pkg attest export model.pkg -o claims.jsonl\n  pkg attest export model.pkg --type test-result -o result.json"
    )]
    Export(ExportQueryArgs),
}

/// Which attestations.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Bundle, archive or unpacked folder
    pub target: PathBuf,
    /// Predicate type: a URI or short name; may be repeated [default: all]
    #[arg(long = "type", value_name = "TYPE", value_parser = type_name)]
    pub types: Vec<TypeName>,
    /// Whose attestations count
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Which attestations, and where to.
#[derive(Debug, Args)]
pub struct ExportQueryArgs {
    /// Bundle, archive or unpacked folder
    pub target: PathBuf,
    /// Predicate type: a URI or short name; may be repeated [default: all]
    #[arg(long = "type", value_name = "TYPE", value_parser = type_name)]
    pub types: Vec<TypeName>,
    /// Output: NAME.jsonl for one a line, NAME.json for the only one, otherwise a folder
    #[arg(short, long, value_name = "PATH")]
    pub output: PathBuf,
}

fn type_name(text: &str) -> std::result::Result<TypeName, String> {
    TypeName::parse(text).map_err(|problem| problem.to_string())
}

fn subject(text: &str) -> std::result::Result<(String, Digest), String> {
    let (name, digest) = text.rsplit_once('=').ok_or("write NAME=sha256:HEX")?;
    let digest = digest.parse().map_err(|error| format!("{error}"))?;
    if name.is_empty() {
        return Err("a subject has a name".to_owned());
    }
    Ok((name.to_owned(), digest))
}

impl AttestArgs {
    /// Name of the command, as it stands in its result.
    pub(super) fn name(&self) -> &'static str {
        match &self.command {
            Some(AttestCommand::List(_)) => "attest-list",
            Some(AttestCommand::Show(_)) => "attest-show",
            Some(AttestCommand::Verify(_)) => "attest-verify",
            Some(AttestCommand::Export(_)) => "attest-export",
            None if self.import.is_empty() => "attest",
            None => "attest-import",
        }
    }
}

/// Runs a command.
pub(super) fn run(args: &AttestArgs, printer: Printer) -> Result<Reply> {
    match &args.command {
        Some(AttestCommand::List(query)) => look(args.name(), query, false),
        Some(AttestCommand::Show(query)) => look(args.name(), query, true),
        Some(AttestCommand::Verify(query)) => {
            let (listing, findings) = attest::verify(&query.query(true)?)?;
            let result = Shown { listing, with_predicates: false };
            Reply::new(args.name(), exit_of(&findings), findings, &result)
        }
        Some(AttestCommand::Export(export)) => {
            let query = Query {
                target: export.target.clone(),
                judge: TrustArgs::default().judge()?,
                types: export.types.clone(),
                with_predicates: false,
            };
            let exported = attest::export(&query, &export.output)?;
            Reply::new(args.name(), Exit::Ok, Vec::new(), &exported)
        }
        None if args.import.is_empty() => add(args, printer),
        None => {
            let key = args.signed_by.as_ref().map(|path| keyfile::load_public_key(path));
            let imported = attest::import(args.bundle()?, &args.import, key.transpose()?.as_ref())?;
            Reply::new(args.name(), Exit::Ok, Vec::new(), &imported)
        }
    }
}

impl QueryArgs {
    fn query(&self, with_predicates: bool) -> Result<Query> {
        Ok(Query {
            target: self.target.clone(),
            judge: self.trust.judge()?,
            types: self.types.clone(),
            with_predicates,
        })
    }
}

/// Looking is no check: what is wrong is said, and the run goes well.
fn look(name: &'static str, args: &QueryArgs, with_predicates: bool) -> Result<Reply> {
    let (listing, findings) = attest::list(&args.query(with_predicates)?)?;
    Reply::new(name, exit_of(&findings), findings, &Shown { listing, with_predicates })
}

impl AttestArgs {
    fn bundle(&self) -> Result<&PathBuf> {
        // clap sees to it.
        self.bundle.as_ref().ok_or_else(|| Problem::new(Code::UsageError, "BUNDLE"))
    }
}

fn add(args: &AttestArgs, printer: Printer) -> Result<Reply> {
    let (predicate_type, predicate) = match (&args.predicate_type, &args.predicate) {
        _ if args.provenance => {
            (TypeName::Known(crate::predicate::Kind::SlsaProvenance), Predicate::Pipeline)
        }
        (Some(name), Some(path)) => (name.clone(), Predicate::File(path.clone())),
        (Some(_), None) => {
            return Err(Problem::new(Code::UsageError, "the command line")
                .detail("nothing says what is attested")
                .hint("Give the predicate with `--predicate FILE`."));
        }
        (None, _) => {
            return Err(Problem::new(Code::UsageError, "the command line")
                .detail("nothing says what is attested")
                .hint("Give `--type` and `--predicate`, `--provenance`, or `--import FILE`."));
        }
    };
    let (sealer, mut findings) = args.signer.sealer()?;
    let request = AddRequest {
        bundle: args.bundle()?.clone(),
        digest: None,
        predicate_type,
        predicate,
        subjects: args.subject.clone(),
        evidence: args.evidence.clone(),
        made_evidence: Vec::new(),
    };
    let (added, more) = printer.with_progress("attesting", |_| attest::add(&request, &*sealer))?;
    findings.extend(more);
    Reply::new("attest", Exit::Ok, findings, &added)
}

impl Render for Added {
    fn render(&self, page: &mut String) {
        let title = format!("{} {}", printable(&self.name), printable(&self.version));
        let _ = writeln!(page, "attested {title}: {}", printable(&self.predicate_type));
        let _ = writeln!(page, "digest   {}", self.digest);
        let _ = writeln!(page, "by       {}", printable(&self.who.to_string()));
        for proven in &self.times {
            let logged = if self.logged { ", logged" } else { "" };
            let _ = writeln!(page, "time     {}{logged}", proven.time);
        }
        evidence(&self.evidence, page);
    }
}

fn evidence(pieces: &[EvidenceReport], page: &mut String) {
    for piece in pieces {
        let missing = if piece.present { "" } else { ", NOT IN THE BUNDLE" };
        let _ = writeln!(page, "evidence {} ({}{missing})", printable(&piece.name), piece.digest);
    }
}

impl Render for Imported {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "attached {} attestations", self.attached.len());
        for predicate_type in &self.attached {
            let _ = writeln!(page, "  {}", printable(predicate_type));
        }
        if self.present > 0 {
            let _ = writeln!(page, "{} were there already", self.present);
        }
    }
}

impl Render for Exported {
    fn render(&self, page: &mut String) {
        let output = printable(&self.output.display().to_string());
        let _ = writeln!(page, "wrote {} attestations to {output}", self.attestations);
    }
}

/// A listing, with or without what is said.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
struct Shown {
    listing: Listing,
    #[serde(skip)]
    with_predicates: bool,
}

impl Render for Shown {
    fn render(&self, page: &mut String) {
        let listing = &self.listing;
        let title = format!("{} {}", printable(&listing.name), printable(&listing.version));
        let _ = writeln!(page, "{title}");
        let _ = writeln!(page, "digest   {}", listing.digest);
        if listing.attestations.is_empty() {
            page.push_str("no attestations\n");
        }
        for report in &listing.attestations {
            let _ = writeln!(page, "{}", signature_line(&report.signature));
            if report.subjects.iter().any(|subject| subject != "release") {
                let _ = writeln!(page, "about    {}", printable(&report.subjects.join(", ")));
            }
            evidence(&report.evidence, page);
            if let Some(predicate) = report.predicate.as_ref().filter(|_| self.with_predicates) {
                for line in format!("{predicate:#}").lines() {
                    let _ = writeln!(page, "  {}", printable(line));
                }
            }
        }
    }
}
