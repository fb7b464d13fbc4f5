//! Building the plugins, and putting them where pkg finds them without being told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run;

/// The plugins that are shipped: id, package, library, and whether it needs a GPU.
const SHIPPED: [(&str, &str, &str, bool); 4] = [
    ("cuda-smoke", "pkg-plugin-cuda-smoke", "libpkg_cuda_smoke.so", true),
    ("pickle", "pkg-plugin-pickle", "libpkg_pickle.so", false),
    ("tokenizer", "pkg-plugin-tokenizer", "libpkg_tokenizer.so", false),
    ("weights", "pkg-plugin-weights", "libpkg_weights.so", false),
];

fn done(command: &mut Command) -> Result<()> {
    let status = command.current_dir(run::root()).status();
    let status = status.with_context(|| format!("{command:?} does not start"))?;
    if status.success() { Ok(()) } else { bail!("{command:?} failed: {status}") }
}

/// Builds program and plugins, and puts the plugins beside the program.
pub fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--package", "pkg"]);
    cargo.args(SHIPPED.iter().flat_map(|(_, package, ..)| ["--package", package]));
    done(&mut cargo)?;
    let built = run::root().join("target/release");
    let folder = built.join("plugins");
    place(&built, &built.join("pkg"), &folder)?;
    println!("{} plugins in {}", SHIPPED.len(), folder.display());
    Ok(built)
}

/// Copies every library into a folder, with its manifest.
fn place(built: &Path, program: &Path, folder: &Path) -> Result<()> {
    for (id, _, library, gpu) in SHIPPED {
        let home = folder.join(id);
        fs::create_dir_all(&home)?;
        let target = home.join(library);
        // A program that has the old library open keeps the old one.
        let aside = home.join(format!(".{library}.new"));
        fs::copy(built.join(library), &aside)
            .with_context(|| format!("{library} was not built"))?;
        fs::rename(&aside, &target)?;
        let mut make = Command::new(program);
        make.args(["plugin", "manifest", "--quiet"]).arg(&target);
        make.arg("--output").arg(home.join(format!("{id}.pkgplugin.json")));
        if gpu {
            make.arg("--gpu");
        }
        done(&mut make)?;
    }
    Ok(())
}

/// Builds everything and installs it: `bin/pkg`, and the plugins in `lib/pkg/plugins`.
pub fn install(prefix: Option<PathBuf>) -> Result<()> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
    let prefix = prefix.or(cargo_home).context("say where: --prefix FOLDER")?;
    let built = build()?;
    let bin = prefix.join("bin");
    fs::create_dir_all(&bin)?;
    let aside = bin.join(".pkg.new");
    fs::copy(built.join("pkg"), &aside)?;
    fs::rename(&aside, bin.join("pkg"))?;
    place(&built, &bin.join("pkg"), &prefix.join("lib/pkg/plugins"))?;
    println!("installed {}", bin.join("pkg").display());
    Ok(())
}
