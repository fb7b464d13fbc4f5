//! The argument tree. No logic.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use super::model_folder::{SignFolderArgs, VerifyFolderArgs};
use super::sign_args::SignerArgs;
use super::sigstore::SigstoreCommand;
use super::trust::TrustCommand;
use super::trust_args::TrustArgs;
use crate::model::digest::Digest;
use crate::model::kind::Selector;

const MAIN_HELP: &str = "\
Examples:
  pkg demo                                   see all of it on a small model
  pkg init model/                            write pkg.toml for a model folder
  pkg pack model/ -o model.pkg               make the bundle
  pkg keygen -o release                      make release.key and release.pub
  pkg sign model.pkg --key release.key
  pkg verify model.pkg --key release.pub

Exit codes: 0 ok, 1 unexpected, 2 usage, 10 verification failed, 11 policy
refused, 12 unsigned, 13 inconclusive, 14 trust root, 20 plugin failed,
21 plugin skipped. `pkg explain CODE` explains a finding.";

/// Signed, checkable releases of open models.
#[derive(Debug, Parser)]
#[command(name = "pkg", version, about, after_help = MAIN_HELP, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten)]
    pub output: OutputArgs,
    /// How registries are spoken to.
    #[command(flatten)]
    pub registry: super::registry_args::RegistryArgs,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only what went wrong
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at a model folder and write its pkg.toml
    #[command(after_help = "Example:\n  pkg init model/ --dry-run")]
    Init(InitArgs),
    /// Make a bundle from a folder with a pkg.toml
    #[command(after_help = "Example:\n  pkg pack model/ -o model.pkg")]
    Pack(PackArgs),
    /// Check a model repository: pkg.toml, licences, LFS pointers, pickles, secrets
    #[command(
        after_help = "Examples:\n  pkg check model/\n  pkg check model/ --strict --sarif\n  pkg check --staged"
    )]
    Check(super::check::CheckArgs),
    /// Install hooks of git that check commits, release tags and what arrives
    #[command(subcommand)]
    Hook(super::hook::HookCommand),
    /// Make a signing key pair
    #[command(after_help = "Example:\n  pkg keygen -o release")]
    Keygen(KeygenArgs),
    /// Sign a bundle, or a plain folder
    #[command(
        after_help = "Examples:\n  pkg sign model.pkg --key release.key\n  pkg sign model.pkg --keyless\n  pkg sign model/ --key release.key"
    )]
    Sign(SignArgs),
    /// Check a bundle, an archive, an unpacked folder or one with a model signature
    #[command(
        after_help = "Examples:\n  pkg verify model.pkg --key release.pub\n  pkg verify out/ --key release.pub --only weights\n  pkg verify model.pkg --digest sha256:<64 hex digits>"
    )]
    Verify(Box<VerifyArgs>),
    /// Say what a bundle is, without checking its content
    #[command(after_help = "Example:\n  pkg show model.pkg")]
    Show(ShowArgs),
    /// Write the files of a bundle into a folder, checking them on the way
    #[command(after_help = "Example:\n  pkg unpack model.pkg out/ --only weights")]
    Unpack(UnpackArgs),
    /// Verify a bundle and copy it, with the trusted root, into one folder
    #[command(after_help = "Example:\n  pkg export model.pkg usb/ --with-root --key release.pub")]
    Export(ExportArgs),
    /// Put a bundle into a registry
    #[command(
        after_help = "Examples:\n  pkg push model.pkg oci://registry.example/models/mine:1.0\n  pkg push model.pkg oci://registry.example/models/tuned:1.0 --mount-from models/mine"
    )]
    Push(super::push::PushArgs),
    /// Get a release out of a registry: the terms first, each byte checked on the way
    #[command(
        after_help = "Examples:\n  pkg pull oci://registry.example/models/mine:1.0 --key release.pub\n  pkg pull oci://registry.example/models/mine:1.0 -o mine.pkg --only weights"
    )]
    Pull(Box<super::pull::PullArgs>),
    /// Hold the weights of a bundle in coded form, which takes less room
    #[command(after_help = "Example:\n  pkg encode model.pkg coded.tar")]
    Encode(super::coding::EncodeArgs),
    /// Restore the bundle that a coded layout was made from
    #[command(after_help = "Example:\n  pkg decode coded.tar restored.pkg")]
    Decode(super::coding::DecodeArgs),
    /// Say how open a release is, and what is missing
    #[command(
        after_help = "Examples:\n  pkg report model.pkg\n  pkg report model.pkg --adopter mau=2e6,use=commercial\n  pkg report model.pkg --format html -o report.html\n  pkg report model.yml --mot-compat"
    )]
    Report(super::report::ReportArgs),
    /// Release a folder or a commit to a registry: check, pack, sign, attest, push, verify, tag
    #[command(
        after_help = "Examples:\n  pkg release model/ --to oci://example.org/m:v1 --key release.key --dry-run\n  pkg release --from-git v1 --to oci://example.org/m:v1 --keyless --yes"
    )]
    Release(Box<super::release::ReleaseArgs>),
    /// Write the files that the licences ask to be passed on
    #[command(after_help = "Example:\n  pkg notice model.pkg -o notices/")]
    Notice(super::notice::NoticeArgs),
    /// Say what differs between two releases: terms, data, files, tensors
    #[command(after_help = "Example:\n  pkg diff model.pkg model/")]
    Diff(super::compare::DiffArgs),
    /// Say how much of a model is another one's, tensor by tensor
    #[command(after_help = "Example:\n  pkg lineage model.pkg model.pkg")]
    Lineage(super::compare::LineageArgs),
    /// Attest something about a release, or look at what was attested
    #[command(
        after_help = "Examples:\n  pkg attest model.pkg --type test-result --predicate tests.json --key release.key\n  pkg attest model.pkg --provenance --keyless\n  pkg attest model.pkg --import claims.jsonl\n  pkg attest list model.pkg"
    )]
    Attest(Box<super::attest::AttestArgs>),
    /// Run a plugin over a release, print what it measured, and attest the result
    #[command(
        after_help = "Examples:\n  pkg bench model.pkg --plugin cuda-smoke\n  pkg bench model.pkg --plugin cuda-smoke --device cpu --key lab.key"
    )]
    Bench(Box<super::bench::BenchArgs>),
    /// Record what a model puts out, for comparison wherever it runs
    #[command(subcommand)]
    Golden(super::bench::GoldenCommand),
    /// List, install and trust plugins, or begin one
    #[command(subcommand)]
    Plugin(super::plugin::PluginCommand),
    /// Serve as the process of a plugin
    #[command(name = super::plugin_args::HOST_COMMAND, hide = true)]
    PluginHost,
    /// Sign and verify single artifacts as other Sigstore clients do
    #[command(subcommand)]
    Sigstore(SigstoreCommand),
    /// Fetch and look at trusted roots
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Run the whole round on a small generated model, with a word on each step
    #[command(after_help = "Example:\n  pkg demo")]
    Demo(DemoArgs),
    /// Check a policy file, decide with it over facts, or say what it demands
    #[command(
        after_help = "Examples:\n  pkg policy check policy.toml\n  pkg policy explain policy.toml"
    )]
    Policy(super::policy::PolicyArgs),
    /// Explain a finding code, or list them
    #[command(after_help = "Example:\n  pkg explain digest-mismatch")]
    Explain(ExplainArgs),
    /// Print a JSON Schema, or list them
    #[command(after_help = "Example:\n  pkg schema pkg-toml")]
    Schema(SchemaArgs),
    /// Print a shell completion script
    #[command(after_help = "Example:\n  pkg completions bash")]
    Completions(CompletionsArgs),
}

/// Arguments of `pkg init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder with the model
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Ask nothing; write what was found
    #[arg(long, short)]
    pub yes: bool,
    /// Print what would be written, write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How blobs and files get to their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum StoreArg {
    /// Reflink where the file system can, otherwise copy
    #[default]
    Auto,
    /// Reflink or fail
    Reflink,
    /// Hard link or fail; later edits in place of either file change both
    Hardlink,
    /// Always copy
    Copy,
}

/// Whether large files get one digest per shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ShardsArg {
    /// Shards when one file is large enough to keep a core busy alone
    #[default]
    Auto,
    /// Always shards
    Always,
    /// Never shards
    Never,
}

/// Arguments of `pkg pack`.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// Folder with the model and its pkg.toml
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Bundle to write; a name that ends in .tar makes one archive
    #[arg(long, short)]
    pub output: PathBuf,
    /// How files get into the bundle
    #[arg(long, value_enum, default_value_t)]
    pub store: StoreArg,
    /// Whether large files get one digest per shard
    #[arg(long, value_enum, default_value_t)]
    pub shards: ShardsArg,
    /// Store weights and configuration files larger than this as several layers, cut along
    /// their tensors
    #[arg(long, value_name = "SIZE", value_parser = super::plugin_args::size)]
    pub shard: Option<u64>,
    /// Read every file again, also those known from an earlier pack
    #[arg(long)]
    pub no_cache: bool,
    /// Replace the output even if it is no bundle
    #[arg(long)]
    pub force: bool,
    /// Code from git
    #[command(flatten)]
    pub git: super::code::GitArgs,
}

/// Signature algorithms that `keygen` makes keys for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum AlgorithmArg {
    /// ECDSA on P-256 with SHA-256; tools of the OpenSSF model signing format accept it
    #[default]
    EcdsaP256,
    /// Ed25519
    Ed25519,
}

/// Where a passphrase comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct PassphraseArgs {
    /// File whose first line is the passphrase (otherwise `PKG_PASSPHRASE`, otherwise a prompt)
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Arguments of `pkg keygen`.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// Prefix of the two files: PREFIX.key and PREFIX.pub
    #[arg(long, short, value_name = "PREFIX")]
    pub output: PathBuf,
    /// Kind of key
    #[arg(long, value_enum, default_value_t)]
    pub algorithm: AlgorithmArg,
    /// Passphrase of the new key
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// Store the private key unencrypted, ask for no passphrase
    #[arg(long, conflicts_with = "passphrase_file")]
    pub no_passphrase: bool,
    /// Replace existing files
    #[arg(long)]
    pub force: bool,
}

/// Resources that a model signature lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ModelSignatureArg {
    /// One for each file; every tool of the format accepts it
    #[default]
    Files,
    /// One for each shard; some tools need to be told so
    Shards,
    /// No model signature
    None,
}

/// Arguments of `pkg sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Bundle to sign: a layout folder, an archive or an oci:// reference; or a folder that is none
    pub bundle: PathBuf,
    /// Who signs
    #[command(flatten)]
    pub signer: SignerArgs,
    /// Add to the signatures of others; what `sign` does anyway
    #[arg(long)]
    pub add: bool,
    /// What the OpenSSF model signature lists
    #[arg(long, value_enum, default_value_t)]
    pub model_signature: ModelSignatureArg,
    /// Folders that are no bundle
    #[command(flatten)]
    pub folder: SignFolderArgs,
}

/// Arguments of `pkg verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Bundle, archive, oci:// reference, unpacked folder, or folder or file with a model signature
    pub target: PathBuf,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Digest that the release must have
    #[arg(long, value_name = "sha256:HEX")]
    pub digest: Option<Digest>,
    /// Check only these components: weights, config, code, docs, data, or a kind
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub only: Vec<Selector>,
    /// Policy that the release must meet; see `pkg policy`
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Check whole-file digests as well where shard digests were recorded
    #[arg(long)]
    pub whole_files: bool,
    /// Repository whose commits the code of the release must be, file by file
    #[arg(long, value_name = "REPOSITORY")]
    pub against: Option<PathBuf>,
    /// Who must have signed the tag or the commit there (ssh-keygen(1), ALLOWED SIGNERS)
    #[arg(long, value_name = "FILE", requires = "against")]
    pub git_signers: Option<PathBuf>,
    /// Who asks what the terms mean
    #[command(flatten)]
    pub adopter: super::report::AdopterArgs,
    /// Plugins that look at it
    #[command(flatten)]
    pub plugins: super::plugin_args::VerifyPluginArgs,
    /// Folders that are no bundle
    #[command(flatten)]
    pub folder: VerifyFolderArgs,
}

/// Arguments of `pkg show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Bundle, archive, oci:// reference or unpacked folder
    pub target: PathBuf,
    /// Who asks what the terms mean
    #[command(flatten)]
    pub adopter: super::report::AdopterArgs,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `pkg unpack`.
#[derive(Debug, Args)]
pub struct UnpackArgs {
    /// Bundle, archive or oci:// reference
    pub bundle: PathBuf,
    /// Folder to make
    pub output: PathBuf,
    /// Unpack only these components: weights, config, code, docs, data, or a kind
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub only: Vec<Selector>,
    /// How files get out of the bundle
    #[arg(long, value_enum, default_value_t)]
    pub store: StoreArg,
    /// Put the files into an existing folder, over files of the same name
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `pkg export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Bundle or archive
    pub bundle: PathBuf,
    /// Folder to make
    pub output: PathBuf,
    /// Put the trusted root into the folder as well
    #[arg(long)]
    pub with_root: bool,
    /// Whose signature counts
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Digest that the release must have
    #[arg(long, value_name = "sha256:HEX")]
    pub digest: Option<Digest>,
}

/// Arguments of `pkg demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Keep the folder with everything that was made, here
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

/// Arguments of `pkg explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Code of the finding, such as digest-mismatch
    pub code: Option<String>,
}

/// Arguments of `pkg schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Name of the schema
    pub name: Option<String>,
}

/// Arguments of `pkg completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell
    pub shell: clap_complete::Shell,
}

/// The argument tree, for man pages and completion scripts.
pub fn command() -> clap::Command {
    Cli::command()
}
