//! `cargo xtask sigstore-up`: Sigstore's stand-ins in the foreground.

use std::path::PathBuf;

use anyhow::Result;
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
