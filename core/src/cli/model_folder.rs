//! Arguments and replies about folders of others, with a model signature.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;

use super::args::{ModelSignatureArg, SignArgs};
use super::output::{Printer, Render, Reply, human_size, printable};
use crate::exit::Exit;
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::folder::{self, Options, SignRequest, SignedFolder, Symlinks};
use crate::hash::SHARD_SIZE;
use crate::model::content::ContentHash;
use crate::sign::Signed;
use crate::trust::oms::Method;
use crate::trust::sealer::Sealer;

/// Which symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SymlinksArg {
    /// Links to files in the folder
    Inside,
    /// Links to files anywhere
    Anywhere,
}

/// How a folder that is no bundle is looked at.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Folders and files with a model signature")]
pub struct FolderArgs {
    /// The model signature [default: model.sig in the folder]; with it, the target may be one file
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// Path to leave out, with everything below it, from the current folder; may be repeated
    #[arg(long, value_name = "PATH")]
    pub ignore_paths: Vec<PathBuf>,
    /// Count .git, .gitattributes, .github and .gitignore like other files
    #[arg(long)]
    pub no_ignore_git_paths: bool,
    /// Follow symbolic links to files, those that stay in the folder unless said otherwise
    #[arg(
        long,
        alias = "allow_symlinks",
        value_enum,
        value_name = "WHERE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "inside"
    )]
    pub allow_symlinks: Option<SymlinksArg>,
}

impl FolderArgs {
    fn options(&self) -> Options {
        Options {
            signature: self.signature.clone(),
            ignore_paths: self.ignore_paths.clone(),
            with_git_paths: self.no_ignore_git_paths,
            symlinks: match self.allow_symlinks {
                None => Symlinks::Refuse,
                Some(SymlinksArg::Inside) => Symlinks::Inside,
                Some(SymlinksArg::Anywhere) => Symlinks::Anywhere,
            },
            ignore_unsigned: false,
        }
    }
}

/// How such a folder is verified.
#[derive(Debug, Clone, Default, Args)]
pub struct VerifyFolderArgs {
    /// How it is looked at
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Leave files alone that the signature does not list
    #[arg(
        long,
        alias = "ignore_unsigned_files",
        help_heading = "Folders and files with a model signature"
    )]
    pub ignore_unsigned_files: bool,
}

impl VerifyFolderArgs {
    /// What was asked.
    pub(super) fn options(&self) -> Options {
        Options { ignore_unsigned: self.ignore_unsigned_files, ..self.folder.options() }
    }
}

/// Hashes of model signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum HashArg {
    /// SHA-256; the command line of every tool of the format accepts it
    #[default]
    Sha256,
    /// `BLAKE2b`, 64 bytes
    Blake2b,
    /// BLAKE3
    Blake3,
}

/// How such a folder is signed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Folders and files with a model signature")]
pub struct SignFolderArgs {
    /// How it is looked at
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Hash of the content
    #[arg(long, value_enum, default_value_t)]
    pub hash: HashArg,
    /// Do not read files again that did not change since they were signed last
    #[arg(long)]
    pub trust_cache: bool,
    /// Write the signature over whatever is there
    #[arg(long)]
    pub force: bool,
}

impl SignFolderArgs {
    fn asked(&self) -> bool {
        self.folder.options().asked()
            || self.hash != HashArg::Sha256
            || self.trust_cache
            || self.force
    }
}

/// What was signed: a bundle, or a folder that is none.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum SignResult {
    /// A bundle.
    Bundle(Signed),
    /// A plain folder, or a single file.
    Folder(SignedFolder),
}

impl Render for SignResult {
    fn render(&self, page: &mut String) {
        match self {
            Self::Bundle(signed) => signed.render(page),
            Self::Folder(signed) => signed.render(page),
        }
    }
}

impl Render for SignedFolder {
    fn render(&self, page: &mut String) {
        let files = if self.files == 1 { "file" } else { "files" };
        let (all, read) = (human_size(self.bytes), human_size(self.bytes_read));
        let _ = writeln!(page, "signed {}: {} {files}, {all}", printable(&self.name), self.files);
        let _ = writeln!(page, "digest {}", self.digest);
        let _ = writeln!(page, "by     {}", printable(&self.who.to_string()));
        for proven in &self.times {
            let logged = if self.logged { ", logged" } else { "" };
            let _ = writeln!(page, "time   {}{logged}", proven.time);
        }
        let _ = match self.files_trusted {
            0 => writeln!(page, "read   {read}"),
            count => writeln!(
                page,
                "read   {read}; {count} files not read, their digests are from an earlier run"
            ),
        };
        let _ = writeln!(page, "wrote  {}", printable(&self.signature.display().to_string()));
    }
}

/// Signs the target if it is a folder or file without a bundle in it; gives the
/// reply then.
pub(super) fn sign(
    args: &SignArgs,
    sealer: &dyn Sealer,
    mut findings: Vec<Finding>,
    printer: Printer,
) -> Result<Result<Reply, Vec<Finding>>> {
    let single = args.bundle.is_file() && args.folder.folder.signature.is_some();
    if !single && !folder::is_plain(&args.bundle) {
        if args.folder.asked() {
            return Err(Problem::new(Code::UsageError, args.bundle.display())
                .detail("options for folders that are no bundle were given")
                .hint("Leave them away: the signatures of a bundle are kept in it."));
        }
        return Ok(Err(findings));
    }
    let method = match args.model_signature {
        ModelSignatureArg::Files => Method::Files,
        ModelSignatureArg::Shards if args.folder.hash == HashArg::Blake3 => {
            return Err(Problem::new(Code::UsageError, "--model-signature shards")
                .detail("tools of the format take no shards of BLAKE3, which needs none"));
        }
        ModelSignatureArg::Shards => Method::Shards { size: SHARD_SIZE },
        ModelSignatureArg::None => {
            return Err(Problem::new(Code::UsageError, "--model-signature none")
                .detail("a folder that is no bundle has no other signature"));
        }
    };
    let request = SignRequest {
        target: args.bundle.clone(),
        options: args.folder.folder.options(),
        method,
        hash: match args.folder.hash {
            HashArg::Sha256 => ContentHash::Sha256,
            HashArg::Blake2b => ContentHash::Blake2b,
            HashArg::Blake3 => ContentHash::Blake3,
        },
        trust_cache: args.folder.trust_cache,
        force: args.folder.force,
    };
    let (signed, more) =
        printer.with_progress("signing", |meter| folder::sign(&request, sealer, meter))?;
    findings.extend(more);
    if let Some(signed) = signed {
        return Reply::new("sign", Exit::Ok, findings, &SignResult::Folder(signed)).map(Ok);
    }
    // It is the caller's own folder: what is wrong with it is no failed check.
    let error = findings.iter().find(|finding| finding.severity == Severity::Error);
    let exit = error.map_or(Exit::Unexpected, |error| error.code.exit());
    Ok(Ok(Reply::without_result("sign", exit, findings)))
}
