//! `pkg sigstore`: the command line that Sigstore's conformance suite speaks
//! (`docs/cli_protocol.md` of sigstore-conformance).

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::{Render, Reply, printable};
use super::sign_args::ServiceArgs;
use super::trust_args::TrustArgs;
use crate::blob::{self, Blob, Named};
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result};
use crate::trust::judge::Judge;
use crate::trust::root::{Instance, RootChoice};

/// Commands over single artifacts.
#[derive(Debug, Subcommand)]
pub enum SigstoreCommand {
    /// Sign a file by identity into a Sigstore bundle
    #[command(
        after_help = "Example:\n  pkg sigstore sign-bundle --identity-token TOKEN --bundle a.sigstore.json a.txt"
    )]
    SignBundle(SignBundleArgs),
    /// Verify a Sigstore bundle over a file or digest
    #[command(
        after_help = "Example:\n  pkg sigstore verify-bundle --bundle a.sigstore.json --certificate-identity me@example.org --certificate-oidc-issuer https://accounts.example.org a.txt"
    )]
    VerifyBundle(VerifyBundleArgs),
}

/// Arguments of `pkg sigstore sign-bundle`.
#[derive(Debug, Args)]
pub struct SignBundleArgs {
    /// Services to sign with
    #[command(flatten)]
    pub services: ServiceArgs,
    /// The file is an in-toto statement; sign it in a DSSE envelope
    #[arg(long)]
    pub in_toto: bool,
    /// Bundle to write
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,
    /// File to sign
    pub file: PathBuf,
}

/// Arguments of `pkg sigstore verify-bundle`.
#[derive(Debug, Args)]
pub struct VerifyBundleArgs {
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Use the root of Sigstore's staging instance
    #[arg(long, conflicts_with = "trusted_root")]
    pub staging: bool,
    /// Bundle to verify
    #[arg(long, value_name = "FILE")]
    pub bundle: PathBuf,
    /// The artifact: a file, or sha256:HEX
    pub file_or_digest: String,
}

/// Runs a command.
pub(super) fn run(command: &SigstoreCommand) -> Result<Reply> {
    match command {
        SigstoreCommand::SignBundle(args) => sign_bundle(args),
        SigstoreCommand::VerifyBundle(args) => verify_bundle(args),
    }
}

fn verify_bundle(args: &VerifyBundleArgs) -> Result<Reply> {
    let verified = args.trust.accepted().and_then(|accepted| {
        if accepted.is_empty() {
            return Err(Problem::new(Code::KeyNeeded, "the command line"));
        }
        let root =
            if args.staging { RootChoice::BuiltIn(Instance::Staging) } else { args.trust.root() };
        let artifact = Named::from(args.file_or_digest.as_str());
        blob::verify(&args.bundle, &artifact, &Judge::new(accepted, root))
    });
    let (blob, findings) = match verified {
        Ok(verified) => verified,
        Err(problem) => return Ok(refused(problem)),
    };
    Reply::new("sigstore-verify-bundle", Exit::Ok, findings, &blob)
}

/// Nothing about a bundle, a key or a root is the caller's mistake here: the
/// protocol knows accepted and refused.
fn refused(problem: Problem) -> Reply {
    let exit = match problem.code() {
        Code::Internal => Exit::Unexpected,
        Code::KeyNeeded
        | Code::IdentityNeeded
        | Code::UsageError
        | Code::PatternInvalid
        | Code::PathNotFound => Exit::Usage,
        _ => Exit::VerificationFailed,
    };
    Reply::failed("sigstore-verify-bundle", exit, problem)
}

#[cfg(feature = "network")]
fn sign_bundle(args: &SignBundleArgs) -> Result<Reply> {
    use crate::trust::judge::Accepted;

    let (keyless, root) = args.services.keyless()?;
    let judge = Judge::new(Accepted { any_identity: true, ..Accepted::default() }, root);
    let how = if args.in_toto { blob::As::Statement } else { blob::As::Message };
    let (blob, findings) = blob::sign(&keyless, &judge, &args.file, how, &args.bundle)?;
    Reply::new("sigstore-sign-bundle", Exit::Ok, findings, &blob)
}

#[cfg(not(feature = "network"))]
fn sign_bundle(args: &SignBundleArgs) -> Result<Reply> {
    args.services.sealer().map(|_| ())?;
    Err(Problem::new(Code::NetworkLeftOut, args.file.display()))
}

impl Render for Blob {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "OK: {} over {}", self.bundle.display(), self.digest);
        let _ = writeln!(page, "by     {}", printable(&self.who.to_string()));
        for proven in &self.times {
            let logged = if self.logged { ", logged" } else { "" };
            let _ = writeln!(page, "time   {}{logged}", proven.time);
        }
    }
}
