//! Where nothing can be run, and what is said then.

use std::path::{Path, PathBuf};
use std::process::Command;

use pkg_cuda_smoke::cuda::driver::{Context, Device, Driver};
use pkg_cuda_smoke::cuda::kernels::Kernels;
use pkg_cuda_smoke::engine::EngineError;
use pkg_plugin_sdk::SkipReason;

use crate::shim;

fn stub(name: &str, macros: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    shim::build(folder, shim::Kind { name, macros, bare: true })
}

/// Opens the driver, the device, and the kernels.
fn attempt(library: &Path) -> Result<(), EngineError> {
    let driver = Driver::open_at(library)?;
    let device = Device::first(&driver)?;
    Kernels::load(&Context::new(&device)?).map(|_| ())
}

#[test]
fn every_reason_to_skip_is_told_apart() {
    let cases: [(&str, &[&str], SkipReason, &str); 9] = [
        ("none", &["SHIM_INIT=100"], SkipReason::NoDevice, "CUDA_ERROR_NO_DEVICE"),
        ("unknown", &["SHIM_INIT=999"], SkipReason::InitFailed, "CUDA_ERROR_UNKNOWN (999)"),
        ("unnamed", &["SHIM_INIT=803"], SkipReason::InitFailed, "error 803"),
        ("linking", &["SHIM_INIT=34"], SkipReason::NoDriver, "stub"),
        ("old", &["SHIM_VERSION=11040"], SkipReason::DriverTooOld, "CUDA 11.4, and 12.0"),
        ("lacking", &["SHIM_WITHOUT_LAUNCH"], SkipReason::DriverTooOld, "cuLaunchKernel"),
        ("empty", &["SHIM_COUNT=0"], SkipReason::NoDevice, "no GPU"),
        ("weak", &["SHIM_COUNT=2", "SHIM_CAPABILITY=75"], SkipReason::NoDevice, "7.5"),
        ("refusing", &["SHIM_MODULE=222"], SkipReason::DriverTooOld, "shim: the kernels are"),
    ];
    for (name, macros, reason, part) in cases {
        let Some(library) = stub(name, macros) else { return };
        match attempt(&library) {
            Err(EngineError::Skip(is, text)) => {
                assert_eq!(is, reason, "{name}: {text}");
                assert!(text.contains(part), "{name}: {text}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_file_that_is_no_driver_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let no_library = folder.path().join("libcuda.so.1");
    for content in [None, Some("no library at all")] {
        if let Some(content) = content {
            std::fs::write(&no_library, content).unwrap();
        }
        let error = attempt(&no_library).unwrap_err();
        assert!(matches!(error, EngineError::Skip(SkipReason::NoDriver, _)), "{error}");
    }
}

#[test]
fn refused_kernels_are_a_failure_unless_the_driver_is_too_old() {
    let Some(library) = stub("broken", &["SHIM_MODULE=218"]) else { return };
    let error = attempt(&library).unwrap_err();
    assert!(matches!(&error, EngineError::Failed(text) if text.contains("218")), "{error}");
}

/// What [`the_search_finds_a_driver_on_the_path_of_libraries`] starts again.
#[test]
fn search() {
    if std::env::var_os("PKG_TEST_SEARCH").is_some() {
        let name = Driver::open().and_then(|driver| Device::first(&driver));
        println!("found: {}", name.map_or_else(|e| e.to_string(), |d| d.facts().name.clone()));
    }
}

#[test]
fn the_search_finds_a_driver_on_the_path_of_libraries() {
    let Some(library) = stub("found", &[]) else { return };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "skips::search", "--nocapture"])
        .env("PKG_TEST_SEARCH", "1")
        .env("LD_LIBRARY_PATH", library.parent().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("found: CPU shim of pkg, no GPU"), "{said}");
}
