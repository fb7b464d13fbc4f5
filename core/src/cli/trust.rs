//! `pkg trust`: the trusted root, where it comes from and how old it is.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use super::monitor::{self, MonitorArgs};
use super::output::{Printer, Render, Reply, printable};
use crate::exit::Exit;
use crate::finding::Result;
use crate::model::digest::Digest;
use crate::trust::root::{Authority, Instance, Root, RootChoice};

/// Commands about the trusted root.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Fetch the newest trusted root of an instance into the cache, by TUF
    #[command(after_help = "Example:\n  pkg trust update")]
    Update(UpdateArgs),
    /// Say which trusted root would be used, and whom it trusts
    #[command(after_help = "Example:\n  pkg trust show")]
    Show(ShowRootArgs),
    /// List new entries of an identity in a transparency log, and check that the log kept what it had
    #[command(
        after_help = "Example:\n  pkg trust monitor --identity me@example.org --issuer https://accounts.example.org --state log.json"
    )]
    Monitor(Box<MonitorArgs>),
}

/// Arguments of `pkg trust update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// TUF repository of another instance
    #[arg(long, value_name = "URL", requires = "root")]
    pub mirror: Option<String>,
    /// First TUF root of that repository (`root.json`), which you trust
    #[arg(long, value_name = "FILE", requires = "mirror")]
    pub root: Option<PathBuf>,
    /// Use Sigstore's staging instance
    #[arg(long, conflicts_with = "mirror")]
    pub staging: bool,
}

/// Arguments of `pkg trust show`.
#[derive(Debug, Args)]
pub struct ShowRootArgs {
    /// Trusted root to look at (`trusted_root.json`)
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Look at the root of Sigstore's staging instance
    #[arg(long, conflicts_with = "trusted_root")]
    pub staging: bool,
}

/// Runs a command.
pub(super) fn run(command: &TrustCommand, printer: Printer) -> Result<Reply> {
    match command {
        TrustCommand::Update(args) => update(args),
        TrustCommand::Show(args) => show(args),
        TrustCommand::Monitor(args) => monitor::run(args, printer),
    }
}

fn instance(staging: bool) -> Instance {
    if staging { Instance::Staging } else { Instance::PublicGood }
}

#[cfg(feature = "network")]
fn update(args: &UpdateArgs) -> Result<Reply> {
    use crate::finding::{Code, Problem};
    use crate::trust::cached;
    use crate::trust::net::tuf::{self, Repository};

    let repository = match (&args.mirror, &args.root) {
        (Some(url), Some(root)) => {
            Repository { url: url.clone(), root: crate::fsx::read_given(root, 1 << 20)? }
        }
        _ => Repository::of(instance(args.staging)),
    };
    let folder = cached::folder(&repository.url).ok_or_else(|| {
        Problem::new(Code::UsageError, "the cache")
            .detail("there is no folder for it")
            .hint("Set PKG_CACHE_DIR or HOME.")
    })?;
    let updated = tuf::update(&repository, &folder)?;
    Reply::new("trust-update", Exit::Ok, Vec::new(), &updated)
}

#[cfg(not(feature = "network"))]
fn update(_: &UpdateArgs) -> Result<Reply> {
    use crate::finding::{Code, Problem};
    Err(Problem::new(Code::NetworkLeftOut, "pkg trust update"))
}

#[cfg(feature = "network")]
impl Render for crate::trust::net::tuf::Updated {
    fn render(&self, page: &mut String) {
        let what = if self.changed { "a new trusted root" } else { "no change" };
        let _ = writeln!(page, "{what} from {}", printable(&self.url));
        let _ = writeln!(page, "root   {}", self.digest);
        let _ = writeln!(page, "file   {}", self.path.display());
    }
}

/// A trusted root at a glance.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RootReport {
    /// Where it comes from.
    pub origin: String,
    /// SHA-256 of its text.
    pub digest: Digest,
    /// When it was fetched or built in; nothing for one that was given.
    pub since: Option<String>,
    /// Its age in days.
    pub age_days: Option<i64>,
    /// Whom it trusts.
    pub authorities: Vec<Authority>,
}

fn show(args: &ShowRootArgs) -> Result<Reply> {
    let choice = match &args.trusted_root {
        Some(path) => RootChoice::File(path.clone()),
        None => RootChoice::Newest(instance(args.staging)),
    };
    let root = Root::load(&choice)?;
    let age = root.since.map(|since| jiff::Timestamp::now().duration_since(since));
    let report = RootReport {
        origin: root.origin.clone(),
        digest: root.digest,
        since: root.since.map(|since| since.to_string()),
        age_days: age.map(|age| age.as_hours() / 24),
        authorities: root.authorities(),
    };
    Reply::new("trust-show", Exit::Ok, Vec::new(), &report)
}

impl Render for RootReport {
    fn render(&self, page: &mut String) {
        let age = self.age_days.map_or_else(String::new, |days| format!(", {days} days old"));
        let _ = writeln!(page, "from   {}{age}", printable(&self.origin));
        let _ = writeln!(page, "root   {}", self.digest);
        let rows: Vec<Vec<String>> = self
            .authorities
            .iter()
            .map(|authority| {
                let until = authority.until.as_deref().unwrap_or("now and later");
                let from = authority.from.as_deref().unwrap_or("ever");
                let window = format!("{from} until {until}");
                vec![authority.role.to_owned(), printable(&authority.name), window]
            })
            .collect();
        super::output::table(&rows, page);
    }
}
