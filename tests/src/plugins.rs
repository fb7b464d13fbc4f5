//! Plugins for tests: where the built ones are, and ones in C.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Place, binary, repository};

/// Packages of plugins that are built with the program. Not linked: each exports the one
/// symbol that all of them have.
pub(crate) const PACKAGES: [&str; 5] = [
    "pkg-plugin-cuda-smoke",
    "pkg-plugin-misbehaving",
    "pkg-plugin-pickle",
    "pkg-plugin-tokenizer",
    "pkg-plugin-weights",
];

/// The library of a plugin that was built with the program.
pub fn library(name: &str) -> PathBuf {
    let path = binary().with_file_name(format!("libpkg_{}.so", name.replace('-', "_")));
    assert!(path.exists(), "{} was not built", path.display());
    path
}

/// Compiles a C file of `tests/plugins` into a library in `folder`.
pub fn c_library(folder: &Path, source: &str, variant: &str) -> PathBuf {
    let output = folder.join(format!("lib{variant}.so"));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fPIC", "-shared"]);
    command.args(["-fvisibility=hidden", "-O1"]).arg(format!("-D{variant}"));
    command.arg("-I").arg(repository().join("plugins/abi/include"));
    if variant == "RUNPATH" {
        command.arg("-Wl,--enable-new-dtags,-rpath,/nowhere");
    }
    command.arg("-o").arg(&output).arg(repository().join("tests/plugins").join(source));
    assert!(command.status().expect("a C compiler").success(), "{command:?}");
    output
}

impl Place {
    /// Installs a plugin that cargo built, and lets it run.
    pub fn install(&self, name: &str) {
        let library = library(name);
        let library = library.to_str().expect("a UTF-8 path");
        let mut args = vec!["plugin", "install", "--quiet", library];
        if name == "cuda-smoke" {
            args.push("--gpu");
        }
        self.ok(&args);
    }
}

/// Builds the stand-in for a GPU driver, which runs the kernels on the processor, and says
/// in which folder it is; none, said loudly, where there is no C++ compiler.
pub fn cuda_shim(folder: &Path) -> Option<PathBuf> {
    let library = pkg_cuda_smoke::samples::shim::whole(folder)?;
    library.parent().map(Path::to_owned)
}
