//! `cargo xtask sigstore-up` and `registry`: stand-ins for services in the foreground.

use std::path::PathBuf;

use anyhow::Result;
use pkg_rig::registry::{Registry, Settings};
use pkg_rig::{Options, Rig};

use crate::run;

#[derive(clap::Args)]
pub struct Args {
    /// Port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder for trusted root, signing configurations, TUF root and tokens
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Witnesses that cosign the checkpoints of Rekor v2
    #[arg(long, default_value_t = 0)]
    witnesses: usize,
}

#[derive(clap::Args)]
pub struct RegistryArgs {
    /// Port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder that gets the blobs; a temporary one unless given
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Serves a registry until interrupted; its host is the only line of output.
pub fn registry(args: &RegistryArgs) -> Result<()> {
    let (port, folder) = (args.port, args.folder.clone());
    let registry = Registry::start_with(Settings { port, folder, ..Settings::default() })?;
    println!("{}", registry.host());
    eprintln!("everything is forgotten at the end; stop with Ctrl-C");
    registry.wait();
    Ok(())
}

/// Runs until it is interrupted.
pub fn up(args: &Args) -> Result<()> {
    let options = Options { port: args.port, witnesses: args.witnesses, ..Options::default() };
    let rig = Rig::start_with(&options)?;
    let out = args.out.clone().unwrap_or_else(|| run::root().join("target/sigstore-rig"));
    rig.write_to(&out)?;
    println!("{}", rig.url());
    eprintln!("files for clients are in {}; stop with Ctrl-C", out.display());
    rig.wait();
    Ok(())
}
