//! A GPU, and what is known about it.

use std::ffi::{CStr, c_char, c_int};

use pkg_plugin_sdk::SkipReason;

use super::{Driver, skip};
use crate::engine::Result;

/// Lowest compute capability that the kernels are made for.
const LOWEST_CAPABILITY: (i32, i32) = (8, 0);

/// `CU_DEVICE_ATTRIBUTE_*`, of `cuda.h`.
const MULTIPROCESSORS: c_int = 16;
const ECC: c_int = 32;
const MEMORY_CLOCK: c_int = 36;
const BUS_WIDTH: c_int = 37;
const CAPABILITY_MAJOR: c_int = 75;
const CAPABILITY_MINOR: c_int = 76;

/// A GPU that can run the kernels.
#[derive(Debug, Clone)]
pub struct Device {
    driver: Driver,
    id: c_int,
    facts: Facts,
}

/// What is known about a GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// What tells it from every other.
    pub uuid: Option<[u8; 16]>,
    /// Compute capability: major, minor.
    pub capability: (i32, i32),
    /// Bytes of its memory.
    pub memory: u64,
    /// Number of its multiprocessors.
    pub multiprocessors: Option<u32>,
    /// Whether its memory corrects errors.
    pub ecc: Option<bool>,
    /// Clock of its memory, in kHz.
    pub memory_clock: Option<u32>,
    /// Width of the bus to its memory, in bits.
    pub bus_width: Option<u32>,
}

impl Facts {
    /// Bandwidth of the memory that clock and width promise, in bytes per second: two
    /// transfers a clock.
    pub fn bandwidth(&self) -> Option<f64> {
        let (clock, width) = (self.memory_clock?, self.bus_width?);
        let both = clock > 0 && width > 0;
        both.then(|| 2.0 * f64::from(clock) * 1000.0 * f64::from(width) / 8.0)
    }
}

impl Device {
    /// The first GPU that can run the kernels. Which are shown, and in which order, the
    /// environment decides (`CUDA_VISIBLE_DEVICES`).
    pub fn first(driver: &Driver) -> Result<Self> {
        let count = driver.device_count()?;
        if count < 1 {
            return skip(SkipReason::NoDevice, "the CUDA driver shows no GPU");
        }
        let mut weak = Vec::new();
        for ordinal in 0..count {
            let device = Self::at(driver, ordinal)?;
            if device.facts.capability >= LOWEST_CAPABILITY {
                return Ok(device);
            }
            let (major, minor) = device.facts.capability;
            weak.push(format!("{} has {major}.{minor}", device.facts.name));
        }
        let (major, minor) = LOWEST_CAPABILITY;
        let text = weak.join(", ");
        skip(
            SkipReason::NoDevice,
            format!("no GPU has compute capability {major}.{minor} or more: {text}"),
        )
    }

    fn at(driver: &Driver, ordinal: c_int) -> Result<Self> {
        let mut id: c_int = 0;
        // SAFETY: the driver is started, and writes one number.
        let code = unsafe { (driver.api().device_get)(&raw mut id, ordinal) };
        driver.check("cuDeviceGet", code)?;
        let attribute = |which| attribute(driver, id, which);
        let positive = |which| attribute(which).and_then(|value| u32::try_from(value).ok());
        let facts = Facts {
            name: name(driver, id)?,
            uuid: uuid(driver, id),
            capability: (
                attribute(CAPABILITY_MAJOR).unwrap_or(0),
                attribute(CAPABILITY_MINOR).unwrap_or(0),
            ),
            memory: memory(driver, id)?,
            multiprocessors: positive(MULTIPROCESSORS),
            ecc: attribute(ECC).map(|value| value != 0),
            memory_clock: positive(MEMORY_CLOCK),
            bus_width: positive(BUS_WIDTH),
        };
        Ok(Self { driver: driver.clone(), id, facts })
    }

    /// What is known about it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The driver that it is reached through.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    pub(super) fn id(&self) -> c_int {
        self.id
    }
}

fn attribute(driver: &Driver, id: c_int, which: c_int) -> Option<c_int> {
    let mut value: c_int = 0;
    // SAFETY: the driver writes one number; it refuses attributes it does not know.
    let code = unsafe { (driver.api().device_get_attribute)(&raw mut value, which, id) };
    (code == 0).then_some(value)
}

fn name(driver: &Driver, id: c_int) -> Result<String> {
    let mut text = [0_u8; 256];
    // SAFETY: the driver writes a text of at most 255 bytes and a zero behind it.
    let code =
        unsafe { (driver.api().device_get_name)(text.as_mut_ptr().cast::<c_char>(), 255, id) };
    driver.check("cuDeviceGetName", code)?;
    let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
    Ok(text.to_string_lossy().into_owned())
}

fn uuid(driver: &Driver, id: c_int) -> Option<[u8; 16]> {
    let mut uuid = [0_u8; 16];
    // SAFETY: the driver writes 16 bytes.
    let code = unsafe { (driver.api().device_get_uuid)(&raw mut uuid, id) };
    (code == 0).then_some(uuid)
}

fn memory(driver: &Driver, id: c_int) -> Result<u64> {
    let mut bytes = 0_usize;
    // SAFETY: the driver writes one number.
    let code = unsafe { (driver.api().device_total_mem)(&raw mut bytes, id) };
    driver.check("cuDeviceTotalMem", code)?;
    Ok(bytes as u64)
}
