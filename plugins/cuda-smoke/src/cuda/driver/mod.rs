//! The CUDA driver, opened when the plugin runs: nothing of CUDA is linked.
//!
//! Every function is looked up before the first is called, and every answer becomes a
//! [`Result`]. The library is never unloaded: a driver leaves threads behind. This folder,
//! and NVML beside it, hold all the `unsafe` of the CUDA engine.
#![allow(unsafe_code)]

mod api;
mod context;
mod device;
mod graph;
mod memory;
mod module;
mod nvml;

use std::ffi::{CStr, c_int, c_uint};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use libloading::Library;
use pkg_plugin_sdk::SkipReason;

pub use context::{Context, Event, Stream};
pub use device::{Device, Facts};
pub use graph::{Graph, Transfer};
pub use memory::{DeviceBuffer, HostBuffer, bytes_of};
pub use module::{Argument, Function, Module};
pub use nvml::Energy;

use crate::engine::{EngineError, Result};

/// Where a driver may lie, in order: where the linker finds it; some containers; WSL.
pub const PLACES: [&str; 3] =
    ["libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"];

/// Lowest version of the driver's interface, as `cuDriverGetVersion` counts: PTX ISA 8.0
/// came with CUDA 12.0.
pub const LOWEST_VERSION: i32 = 12_000;

/// `CUDA_ERROR_STUB_LIBRARY`: a library to link with, not a driver.
const STUB_LIBRARY: i32 = 34;
/// `CUDA_ERROR_NO_DEVICE`.
const NO_DEVICE: i32 = 100;

/// A driver that was started.
#[derive(Debug, Clone)]
pub struct Driver {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    api: api::Api,
    graphs: Option<api::GraphApi>,
    version: i32,
    place: PathBuf,
}

fn skip<T>(reason: SkipReason, text: impl Into<String>) -> Result<T> {
    Err(EngineError::Skip(reason, text.into()))
}

impl Driver {
    /// The first driver of [`PLACES`] that can be opened.
    pub fn open() -> Result<Self> {
        let mut reasons = Vec::new();
        for place in PLACES {
            match load(Path::new(place)) {
                Ok(library) => return Self::start(library, Path::new(place)),
                Err(reason) => reasons.push(reason),
            }
        }
        let reason = reasons.swap_remove(0);
        skip(SkipReason::NoDriver, format!("no CUDA driver can be opened: {reason}"))
    }

    /// The driver that is this file.
    pub fn open_at(place: &Path) -> Result<Self> {
        match load(place) {
            Ok(library) => Self::start(library, place),
            Err(reason) => {
                skip(SkipReason::NoDriver, format!("no CUDA driver can be opened: {reason}"))
            }
        }
    }

    fn start(library: Library, place: &Path) -> Result<Self> {
        // It stays loaded for ever, whatever is found about it.
        let library = Box::leak(Box::new(library));
        let old = |text: String| {
            let text = format!("the CUDA driver {} is too old: {text}", place.display());
            EngineError::Skip(SkipReason::DriverTooOld, text)
        };
        let version = version_of(library).map_err(old)?;
        if version < LOWEST_VERSION {
            let (is, needed) = (dotted(version), dotted(LOWEST_VERSION));
            return Err(old(format!("it offers CUDA {is}, and {needed} (release 525) is needed")));
        }
        let api = api::Api::resolve(library).map_err(old)?;
        let graphs = api::GraphApi::resolve(library).ok();
        let driver =
            Self { inner: Rc::new(Inner { api, graphs, version, place: place.to_owned() }) };
        // SAFETY: the function takes flags, which must be 0.
        match unsafe { (driver.api().init)(0) } {
            0 => Ok(driver),
            NO_DEVICE => skip(
                SkipReason::NoDevice,
                "there is a CUDA driver, but no GPU that it can use (cuInit: CUDA_ERROR_NO_DEVICE)",
            ),
            STUB_LIBRARY => skip(
                SkipReason::NoDriver,
                format!("{} is a stub to link with, and no driver", place.display()),
            ),
            code => skip(
                SkipReason::InitFailed,
                format!("the CUDA driver could not be started: cuInit: {}", driver.named(code)),
            ),
        }
    }

    fn api(&self) -> &api::Api {
        &self.inner.api
    }

    /// Version of the driver's interface, such as `12.0`.
    pub fn version(&self) -> String {
        dotted(self.inner.version)
    }

    /// The file that it was loaded from.
    pub fn place(&self) -> &Path {
        &self.inner.place
    }

    /// Whether it offers graphs.
    pub fn has_graphs(&self) -> bool {
        self.inner.graphs.is_some()
    }

    /// Number of GPUs that it shows.
    pub fn device_count(&self) -> Result<i32> {
        let mut count: c_int = 0;
        // SAFETY: the driver is started, and writes one number.
        let code = unsafe { (self.api().device_get_count)(&raw mut count) };
        self.check("cuDeviceGetCount", code)?;
        Ok(count)
    }

    /// Name and number of an answer.
    fn named(&self, code: i32) -> String {
        let mut text = std::ptr::null();
        // SAFETY: the function writes a pointer to a text that lives as long as the driver,
        // or none.
        let name = unsafe {
            let known = (self.api().get_error_name)(code, &raw mut text) == 0 && !text.is_null();
            known.then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        name.map_or_else(|| format!("error {code}"), |name| format!("{name} ({code})"))
    }

    /// An answer as a result.
    fn check(&self, function: &str, code: i32) -> Result<()> {
        if code == 0 {
            return Ok(());
        }
        Err(EngineError::Failed(format!("{function}: {}", self.named(code))))
    }
}

/// Opens a library; otherwise says why it cannot be.
fn load(place: &Path) -> std::result::Result<Library, String> {
    // SAFETY: opening the driver runs its initialisers; that is what it is opened for. The
    // places are fixed, and such as belong to the administrator of the machine.
    unsafe { Library::new(place) }.map_err(|error| {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        text
    })
}

fn version_of(library: &Library) -> std::result::Result<i32, String> {
    let table = api::Version::resolve(library)?;
    let mut version: c_int = 0;
    // SAFETY: the function writes one number, and may be called before all others.
    match unsafe { (table.driver_get_version)(&raw mut version) } {
        0 => Ok(version),
        code => Err(format!("cuDriverGetVersion: error {code}")),
    }
}

/// 12040 as 12.4.
fn dotted(version: i32) -> String {
    format!("{}.{}", version / 1000, version % 1000 / 10)
}

/// A length as the driver takes it.
fn length(value: usize) -> Result<c_uint> {
    c_uint::try_from(value).map_err(|_| EngineError::Failed(format!("{value} is too much")))
}
