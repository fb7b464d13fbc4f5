//! `cargo xtask`: the project's own scripts, and the only ones.

mod arch;
mod arch_plugins;
mod bench;
mod fuzz;
mod generate;
mod golden;
mod interop;
mod interop_git;
mod interop_hsm;
mod interop_oms;
mod interop_pickle;
mod interop_pipelines;
mod interop_registry;
mod interop_reports;
mod interop_sbom;
mod interop_sigstore;
mod interop_slurm;
mod kernels;
mod licence_texts;
mod models;
mod plugins;
mod releases;
mod rig;
mod run;
mod supply;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own scripts")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Args)]
struct Check {
    /// Change nothing; fail if something would change
    #[arg(long)]
    check: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Fetch the two real models the tests use into target/models
    FetchModels,
    /// Make the fingerprints of licence texts anew, in core/data
    LicenceTexts,
    /// Write the JSON Schemas into schemas/
    Schemas(Check),
    /// Write the man pages into docs/man/
    Man(Check),
    /// Write the shell completions into docs/completions/
    Completions(Check),
    /// Write the tables of exit codes and findings into docs/
    Docs(Check),
    /// Make the PTX of cuda-smoke's kernels anew, and assemble it
    Kernels(Check),
    /// Build the program and its plugins, and put the plugins beside it
    Plugins,
    /// Build everything and install it: bin/pkg, and the plugins in lib/pkg/plugins
    Install {
        /// Folder to install into; cargo's own unless given
        #[arg(long)]
        prefix: Option<PathBuf>,
    },
    /// Check the module layers and other rules of the house
    Arch,
    /// Check with the field's own programs what pkg writes
    Interop,
    /// Measure, print a table of ratios, write docs/performance.md
    Bench(bench::Args),
    /// Build what is shipped twice, in two folders, and compare byte by byte
    Reproduce(supply::reproduce::Args),
    /// List what the program is made of, as CycloneDX and SPDX
    Sbom(supply::sbom::Args),
    /// Run the tests and say which lines they ran
    Coverage(supply::coverage::Args),
    /// Run the parts with unsafe code under Miri and sanitizers (needs a nightly compiler)
    Sanitize(supply::sanitize::Args),
    /// Fuzz every parser: libFuzzer where it is, else the stable driver
    Fuzz(fuzz::Args),
    /// Run stand-ins for Sigstore's services on loopback until interrupted
    SigstoreUp(rig::Args),
    /// Run a registry on loopback until interrupted
    Registry(rig::RegistryArgs),
    /// Make the kept bundles of every generation anew, in fixtures/sigstore
    SigstoreGolden,
    /// Read, hash and write a folder: the reference of `bench`
    #[command(hide = true)]
    CopyHash {
        /// Folder to read
        from: PathBuf,
        /// Folder to write
        to: PathBuf,
    },
    /// Find, open and read the files of a folder: the reference of `bench` for many files
    #[command(hide = true)]
    ReadFiles {
        /// Folder to read
        from: PathBuf,
    },
    /// Read, hash and send a folder: the reference of `bench` over registries
    #[command(hide = true)]
    SendHash {
        /// Folder to read
        from: PathBuf,
        /// Address that takes it
        to: String,
    },
    /// Receive, hash and write: the reference of `bench` for what comes from registries
    #[command(hide = true)]
    ReceiveHash {
        /// Address that gives it
        from: String,
        /// File to write
        to: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::FetchModels => models::fetch(),
        Task::LicenceTexts => licence_texts::write(),
        Task::Schemas(args) => generate::schemas(args.check),
        Task::Man(args) => generate::man(args.check),
        Task::Completions(args) => generate::completions(args.check),
        Task::Docs(args) => generate::docs(args.check),
        Task::Kernels(args) if args.check => kernels::check(),
        Task::Kernels(_) => kernels::write(),
        Task::Plugins => plugins::build().map(drop),
        Task::Install { prefix } => plugins::install(prefix),
        Task::Arch => arch::check(),
        Task::Interop => interop::run(),
        Task::Bench(args) => bench::run(&args),
        Task::Reproduce(args) => supply::reproduce::run(&args),
        Task::Sbom(args) => supply::sbom::run(&args),
        Task::Coverage(args) => supply::coverage::run(&args),
        Task::Sanitize(args) => supply::sanitize::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::SigstoreUp(args) => rig::up(&args),
        Task::Registry(args) => rig::registry(&args),
        Task::SigstoreGolden => golden::make(),
        Task::CopyHash { from, to } => bench::copy_hash(&from, &to),
        Task::ReadFiles { from } => bench::read_files(&from),
        Task::SendHash { from, to } => bench::send_hash(&from, &to),
        Task::ReceiveHash { from, to } => bench::receive_hash(&from, &to),
    }
}
