//! `pkg plugin`: arguments, functions and rendering.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Render, Reply, printable, table};
use super::plugin_args::RunnerArgs;
use crate::exit::Exit;
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;
use crate::plugin::ask::kinds;
use crate::plugin::install::{self, InstallRequest, Installed};
use crate::plugin::scaffold::{self, Begun, Language};
use crate::plugin::trust::Signer;
use crate::plugin::{Config, Manifest, Mode, Place, Plugin, Trust};

/// Commands over plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// List the plugins there are, and which of them may run
    #[command(after_help = "Example:\n  pkg plugin list")]
    List(ListArgs),
    /// Say what a plugin is and which settings it knows
    #[command(after_help = "Example:\n  pkg plugin info weights")]
    Info(InfoArgs),
    /// Install a plugin for this user, and let it run
    #[command(
        after_help = "Examples:\n  pkg plugin install licence-there.pkgplugin.json\n  pkg plugin install target/release/liblicence_there.so --sha256 sha256:<64 hex digits>"
    )]
    Install(InstallArgs),
    /// Remove a plugin of this user
    #[command(after_help = "Example:\n  pkg plugin remove licence-there")]
    Remove(RemoveArgs),
    /// Say which plugins may run, or take that back
    #[command(
        after_help = "Examples:\n  pkg plugin trust licence-there\n  pkg plugin trust licence-there --revoke\n  pkg plugin trust --identity maker@example.com --issuer https://accounts.example.com\n  pkg plugin trust --mode warn"
    )]
    Trust(TrustPluginArgs),
    /// Write the manifest of a library, to be signed and shipped beside it
    #[command(
        after_help = "Example:\n  pkg plugin manifest target/release/liblicence_there.so --key maker.key"
    )]
    Manifest(Box<ManifestArgs>),
    /// Begin a plugin: a folder that compiles
    #[command(after_help = "Example:\n  pkg plugin new licence-there")]
    New(NewArgs),
}

/// Arguments of `pkg plugin list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Where to look
    #[command(flatten)]
    pub runner: RunnerArgs,
}

/// Arguments of `pkg plugin info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// Id of the plugin, or path of its manifest
    pub id: String,
    /// Where to look
    #[command(flatten)]
    pub runner: RunnerArgs,
}

/// Arguments of `pkg plugin install`.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Manifest (NAME.pkgplugin.json), or the library of a plugin
    pub file: PathBuf,
    /// Digest that the library must have
    #[arg(long, value_name = "sha256:HEX")]
    pub sha256: Option<Digest>,
    /// The library, which has no manifest, needs a GPU
    #[arg(long)]
    pub gpu: bool,
    /// Replace an installed plugin of the same id
    #[arg(long)]
    pub force: bool,
    /// Do not let it run yet
    #[arg(long)]
    pub no_trust: bool,
    /// How it is asked what it is
    #[command(flatten)]
    pub runner: RunnerArgs,
}

/// Arguments of `pkg plugin remove`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Id of the plugin
    pub id: String,
}

/// How much trust matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// Every plugin runs
    Off,
    /// Plugins that are not trusted run with a warning
    Warn,
    /// Only trusted plugins run
    Enforce,
}

/// Arguments of `pkg plugin trust`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true)
    .args(["id", "signer_key", "identity", "mode"]))]
pub struct TrustPluginArgs {
    /// Id of the plugin whose library may run as it is now, or path of its manifest
    pub id: Option<String>,
    /// Take trust back instead
    #[arg(long)]
    pub revoke: bool,
    /// Public key of somebody whose signed plugins may run
    #[arg(long = "key", value_name = "FILE")]
    pub signer_key: Option<PathBuf>,
    /// Identity of somebody whose signed plugins may run
    #[arg(long, value_name = "IDENTITY", requires = "issuer")]
    pub identity: Option<String>,
    /// Who vouches for the identity
    #[arg(long, value_name = "URL", requires = "identity")]
    pub issuer: Option<String>,
    /// Trusted root of the instance that the identity is of, unless it is the public one
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub trusted_root: Option<PathBuf>,
    /// How much trust matters from now on
    #[arg(long, value_enum)]
    pub mode: Option<ModeArg>,
    /// Where to look
    #[command(flatten)]
    pub runner: RunnerArgs,
}

/// Arguments of `pkg plugin new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Id of the plugin
    pub id: String,
    /// Folder to make; the id unless given
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Language
    #[arg(long, value_enum, default_value_t)]
    pub language: LanguageArg,
}

/// Arguments of `pkg plugin manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// The library
    pub library: PathBuf,
    /// File to write; ID.pkgplugin.json beside the library unless given
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// The plugin needs a GPU
    #[arg(long)]
    pub gpu: bool,
    /// How it is asked what it is
    #[command(flatten)]
    pub runner: RunnerArgs,
    /// Who signs the manifest; nobody unless given
    #[command(flatten)]
    pub signer: super::sign_args::SignerArgs,
}

/// The language of a new plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LanguageArg {
    /// Rust, with the SDK
    #[default]
    Rust,
    /// C, with the header alone
    C,
}

/// A plugin, as listed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PluginReport {
    /// What its manifest says.
    manifest: Manifest,
    /// Where the manifest is.
    path: PathBuf,
    /// How it was found.
    place: Place,
    /// Why it may run.
    trust: Trust,
}

/// Result of `pkg plugin list`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListResult {
    /// How much trust matters.
    mode: Mode,
    /// Where was looked, in this order.
    folders: Vec<PathBuf>,
    /// The plugins.
    plugins: Vec<PluginReport>,
}

/// Result of `pkg plugin info`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InfoResult {
    /// The plugin.
    #[serde(flatten)]
    plugin: PluginReport,
    /// What the plugin says it is; none when it may not run.
    says: Option<pkg_plugin_sdk::Description>,
}

/// Result of `pkg plugin manifest`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManifestResult {
    /// The file.
    output: PathBuf,
    /// The signature over it, if somebody signed.
    signature: Option<PathBuf>,
    /// What it says.
    manifest: Manifest,
}

/// Result of `pkg plugin remove`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoveResult {
    /// The folder that is gone.
    folder: PathBuf,
}

/// Result of `pkg plugin trust`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrustResult {
    /// The file that says so.
    file: PathBuf,
    /// What it says now.
    config: Config,
}

impl PluginCommand {
    /// Name of the command, as it stands in its result.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "plugin-list",
            Self::Info(_) => "plugin-info",
            Self::Install(_) => "plugin-install",
            Self::Remove(_) => "plugin-remove",
            Self::Trust(_) => "plugin-trust",
            Self::Manifest(_) => "plugin-manifest",
            Self::New(_) => "plugin-new",
        }
    }
}

/// Runs a command.
pub(super) fn run(command: &PluginCommand) -> Result<Reply> {
    let name = command.name();
    match command {
        PluginCommand::List(args) => list(name, args),
        PluginCommand::Info(args) => info(name, args),
        PluginCommand::Install(args) => {
            let request = InstallRequest {
                path: args.file.clone(),
                digest: args.sha256,
                gpu: args.gpu,
                force: args.force,
                trust: !args.no_trust,
            };
            let installed = install::install(&request, &mut args.runner.runner()?)?;
            Reply::new(name, Exit::Ok, Vec::new(), &installed)
        }
        PluginCommand::Remove(args) => {
            let mut runner = RunnerArgs::default().runner()?;
            let folder = install::remove(&args.id, &mut runner)?;
            Reply::new(name, Exit::Ok, Vec::new(), &RemoveResult { folder })
        }
        PluginCommand::Trust(args) => trust(name, args),
        PluginCommand::Manifest(args) => {
            let runner = args.runner.runner()?;
            let made = install::manifest_of(&args.library, args.gpu, &runner)?;
            let output = args.output.clone().unwrap_or_else(|| made.path.clone());
            let (mut signature, mut findings) = (None, Vec::new());
            if args.signer.signs() {
                let (sealer, more) = args.signer.sealer()?;
                findings = more;
                let bytes = crate::plugin::trust::sign(&made.manifest.id, &made.bytes, &*sealer)?;
                let beside = Plugin { path: output.clone(), ..made.clone() }.signature();
                crate::fsx::replace_file(&beside, &bytes)?;
                signature = Some(beside);
            }
            crate::fsx::replace_file(&output, &made.bytes)?;
            let result = ManifestResult { output, signature, manifest: made.manifest };
            Reply::new(name, Exit::Ok, findings, &result)
        }
        PluginCommand::New(args) => {
            let folder = args.output.clone().unwrap_or_else(|| PathBuf::from(&args.id));
            let language = match args.language {
                LanguageArg::Rust => Language::Rust,
                LanguageArg::C => Language::C,
            };
            let begun = scaffold::begin(&args.id, &folder, language)?;
            Reply::new(name, Exit::Ok, Vec::new(), &begun)
        }
    }
}

fn report(plugin: Plugin, config: &Config) -> PluginReport {
    let trust = config.trust(&plugin);
    PluginReport { manifest: plugin.manifest, path: plugin.path, place: plugin.place, trust }
}

fn list(name: &'static str, args: &ListArgs) -> Result<Reply> {
    let runner = args.runner.runner()?;
    let (plugins, problems) = runner.search.all();
    let result = ListResult {
        mode: runner.config.mode,
        folders: runner.search.folders().into_iter().map(|(folder, _)| folder).collect(),
        plugins: plugins.into_iter().map(|plugin| report(plugin, &runner.config)).collect(),
    };
    let findings = problems.into_iter().map(Problem::into_finding).collect();
    Reply::new(name, Exit::Ok, findings, &result)
}

fn info(name: &'static str, args: &InfoArgs) -> Result<Reply> {
    let runner = args.runner.runner()?;
    let plugin = runner.search.find(&args.id)?;
    let (says, findings) = match runner.config.admit(&plugin) {
        Ok((_, findings)) => (Some(runner.describe(&plugin)?), findings),
        // What it is may be looked at; it is only not asked.
        Err(problem) => {
            let mut finding = problem.into_finding();
            finding.severity = crate::finding::Severity::Warning;
            (None, vec![finding])
        }
    };
    let result = InfoResult { plugin: report(plugin, &runner.config), says };
    Reply::new(name, Exit::Ok, findings, &result)
}

fn trust(name: &'static str, args: &TrustPluginArgs) -> Result<Reply> {
    let runner = args.runner.runner()?;
    let mut config = runner.config.clone();
    if let Some(id) = &args.id {
        if args.revoke {
            if !config.unpin(id) {
                return Err(Problem::new(Code::PluginNotFound, id)
                    .detail("no library of that id is trusted"));
            }
        } else {
            let plugin = runner.search.find(id)?;
            config.pin(&plugin.manifest.id, &plugin.manifest.sha256);
        }
    }
    // The file is read from anywhere later.
    let real = |path: &PathBuf| path.canonicalize().map_err(|error| Problem::reading(path, error));
    let key = args.signer_key.as_ref().map(|path| {
        let real = real(path)?;
        crate::trust::keyfile::load_public_key(&real).map(|_| real)
    });
    let key = key.transpose()?;
    let trusted_root = args.trusted_root.as_ref().map(real).transpose()?;
    for signer in [
        key.map(|key| Signer { key: Some(key), ..Signer::default() }),
        args.identity.clone().map(|identity| Signer {
            key: None,
            identity: Some(identity),
            issuer: args.issuer.clone(),
            trusted_root,
        }),
    ]
    .into_iter()
    .flatten()
    {
        config.signers.retain(|known| *known != signer);
        if !args.revoke {
            config.signers.push(signer);
        }
    }
    if let Some(mode) = args.mode {
        config.mode = match mode {
            ModeArg::Off => Mode::Off,
            ModeArg::Warn => Mode::Warn,
            ModeArg::Enforce => Mode::Enforce,
        };
    }
    let file = config.save()?;
    Reply::new(name, Exit::Ok, Vec::new(), &TrustResult { file, config })
}

fn trusted(trust: &Trust) -> String {
    match trust {
        Trust::BuiltIn => "built in".to_owned(),
        Trust::Pin => "trusted: pinned".to_owned(),
        Trust::Signature { who } => format!("trusted: signed by {}", printable(who)),
        Trust::Nothing { why } => format!("NOT trusted: {}", printable(why)),
    }
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Warn => "warn",
        Mode::Enforce => "enforce",
    }
}

impl Render for ListResult {
    fn render(&self, page: &mut String) {
        let rows: Vec<Vec<String>> = self
            .plugins
            .iter()
            .map(|plugin| {
                let manifest = &plugin.manifest;
                vec![
                    manifest.id.clone(),
                    printable(&manifest.version),
                    kinds(&manifest.kinds),
                    trusted(&plugin.trust),
                    printable(&manifest.about),
                ]
            })
            .collect();
        table(&rows, page);
        if rows.is_empty() {
            page.push_str("no plugins; looked in\n");
            for folder in &self.folders {
                let _ = writeln!(page, "  {}", printable(&folder.display().to_string()));
            }
        }
        if self.mode != Mode::Enforce {
            let _ = writeln!(page, "trust is set to {:?}", mode_word(self.mode));
        }
    }
}

impl Render for InfoResult {
    fn render(&self, page: &mut String) {
        let manifest = &self.plugin.manifest;
        let _ = writeln!(page, "{} {}", manifest.id, printable(&manifest.version));
        let _ = writeln!(page, "about    {}", printable(&manifest.about));
        let _ = writeln!(page, "does     {}", kinds(&manifest.kinds));
        let _ = writeln!(page, "library  sha256:{}", manifest.sha256);
        let _ = writeln!(page, "manifest {}", printable(&self.plugin.path.display().to_string()));
        let _ = writeln!(page, "trust    {}", trusted(&self.plugin.trust));
        if manifest.needs.gpu {
            page.push_str("needs    a GPU, or `--device cpu`\n");
        }
        for (name, about) in self.says.iter().flat_map(|says| &says.settings) {
            let about = about.as_str().unwrap_or_default();
            let _ = writeln!(page, "setting  {}: {}", printable(name), printable(about));
        }
    }
}

impl Render for Installed {
    fn render(&self, page: &mut String) {
        let folder = printable(&self.folder.display().to_string());
        let manifest = &self.manifest;
        let _ = writeln!(page, "installed {} {}", manifest.id, printable(&manifest.version));
        let _ = writeln!(page, "library  sha256:{}", manifest.sha256);
        let _ = writeln!(page, "in       {folder}");
        let _ = writeln!(page, "trust    {}", trusted(&self.trust));
    }
}

impl Render for ManifestResult {
    fn render(&self, page: &mut String) {
        let output = printable(&self.output.display().to_string());
        let _ = writeln!(page, "wrote {output}: {} {}", self.manifest.id, self.manifest.version);
    }
}

impl Render for RemoveResult {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "removed {}", printable(&self.folder.display().to_string()));
    }
}

impl Render for TrustResult {
    fn render(&self, page: &mut String) {
        let _ = writeln!(page, "wrote {}", printable(&self.file.display().to_string()));
        let _ = writeln!(page, "mode    {}", mode_word(self.config.mode));
        for pin in &self.config.pins {
            let _ =
                writeln!(page, "pinned  {} sha256:{}", printable(&pin.id), printable(&pin.sha256));
        }
        for signer in &self.config.signers {
            let who = match (&signer.key, &signer.identity) {
                (Some(key), _) => format!("the key {}", key.display()),
                (None, Some(identity)) => {
                    format!("{identity} ({})", signer.issuer.as_deref().unwrap_or_default())
                }
                (None, None) => continue,
            };
            let _ = writeln!(page, "signer  {}", printable(&who));
        }
    }
}

impl Render for Begun {
    fn render(&self, page: &mut String) {
        let folder = printable(&self.folder.display().to_string());
        let _ = writeln!(page, "wrote {folder}: a plugin in {}", self.language);
        let build = if self.language == "c" { "make" } else { "cargo build --release" };
        let _ = writeln!(page, "next:   cd {folder} && {build}");
        let _ = writeln!(page, "then:   pkg plugin install {}", self.library.display());
    }
}
