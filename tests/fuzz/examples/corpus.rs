//! Writes the corpus of every target into a folder, and prints each target with the
//! program that has it. `cargo xtask fuzz` begins with this.

use std::path::Path;

use pkg_fuzz::plugins::{cuda_smoke, pickle, tokenizer, weights};
use pkg_fuzz::{TARGETS, Target, driver};

const fn nothing(_: &[u8]) {}

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).expect("a folder to write the corpus into");
    let plugins = [
        ("cuda_smoke", cuda_smoke::target(nothing)),
        ("pickle", pickle::target(nothing)),
        ("tokenizer", tokenizer::target(nothing)),
        ("weights", weights::target(nothing)),
    ];
    let core = TARGETS.iter().map(|target| ("core", *target));
    for (program, target) in core.chain(plugins) {
        write(&Path::new(&folder).join(target.name), &target)?;
        println!("{program} {}", target.name);
    }
    Ok(())
}

fn write(folder: &Path, target: &Target) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let all = (target.seeds)().into_iter().chain(driver::kept(target));
    for (number, bytes) in all.enumerate() {
        std::fs::write(folder.join(format!("seed-{number:03}")), bytes)?;
    }
    Ok(())
}
