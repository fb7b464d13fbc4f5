//! Builds the driver that runs kernels on the processor, a `libcuda.so.1`.
//!
//! For tests: whatever goes wrong here ends them.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Where the sources are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/shim");

/// What a driver is like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kind<'a> {
    /// Name of the folder it is built into.
    pub name: &'a str,
    /// Macros of the build, such as `SHIM_INIT=100`; see `kernels/shim/driver.cpp`.
    pub macros: &'a [&'a str],
    /// Without kernels; quicker to build.
    pub bare: bool,
}

/// One build at a time: tests are threads.
static BUILDING: Mutex<()> = Mutex::new(());

/// Builds a driver into a folder below this one, and gives its file. `None`, said loudly,
/// where there is no `g++`; with `PKG_TEST_REQUIRE_SHIM=1` that is a failure.
pub fn build(folder: &Path, kind: Kind<'_>) -> Option<PathBuf> {
    let _one = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = folder.join(kind.name);
    std::fs::create_dir_all(&folder).expect("the folder of the shim can be made");
    let library = folder.join("libcuda.so.1");
    if newer_than_sources(&library) {
        return Some(library);
    }
    // Built aside: another process may have the old one open.
    let aside = folder.join(format!("libcuda.{}.partial", std::process::id()));
    let mut command = Command::new("g++");
    command.current_dir(SOURCES).args([
        "-std=c++17",
        "-O2",
        "-fPIC",
        "-shared",
        "-Wall",
        "-Wextra",
    ]);
    command.args(["-Werror", "-Wno-unknown-pragmas", "-fvisibility=hidden", "-fno-gnu-unique"]);
    command.args(kind.macros.iter().map(|name| format!("-D{name}")));
    if kind.bare {
        command.arg("-DSHIM_NO_KERNELS").arg("driver.cpp");
    } else {
        command.args(["driver.cpp", "fibers.cpp", "kernels.cpp"]);
    }
    let output = match command.arg("-lpthread").arg("-o").arg(&aside).output() {
        Ok(output) => output,
        Err(error) => {
            let required = std::env::var("PKG_TEST_REQUIRE_SHIM").is_ok_and(|value| value == "1");
            assert!(!required, "g++ cannot be started: {error}");
            eprintln!("SKIPPED: g++ cannot be started, so no kernel was run: {error}");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "g++ cannot build the shim:\n{said}");
    std::fs::rename(&aside, &library).expect("the shim can be renamed");
    Some(library)
}

/// The whole driver, with every kernel.
pub fn whole(folder: &Path) -> Option<PathBuf> {
    build(folder, Kind { name: "whole", ..Kind::default() })
}

fn newer_than_sources(library: &Path) -> bool {
    let age = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified());
    let Ok(built) = age(library) else { return false };
    let sources = Path::new(SOURCES);
    let mut files = vec![sources.join("../kernels.cu")];
    let entries = std::fs::read_dir(sources).expect("the sources of the shim are there");
    files.extend(entries.flatten().map(|entry| entry.path()));
    files.iter().all(|file| age(file).is_ok_and(|changed| changed < built))
}
