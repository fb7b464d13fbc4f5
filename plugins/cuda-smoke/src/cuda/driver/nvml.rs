//! Energy, from NVIDIA's management library; where that is missing, nothing is known.

use std::ffi::{CString, c_char, c_int, c_void};

use libloading::Library;

/// Where the library may lie.
const PLACES: [&str; 3] = [
    "libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
];

type Init = unsafe extern "C" fn() -> c_int;
type ByUuid = unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> c_int;
type Total = unsafe extern "C" fn(*mut c_void, *mut u64) -> c_int;

/// What tells the energy that a GPU took.
#[derive(Debug)]
pub struct Energy {
    device: *mut c_void,
    total: Total,
}

impl Energy {
    /// For the GPU with this UUID; none where the library, its functions, or the counter
    /// are missing (before Volta; parts of a GPU).
    pub fn of(uuid: &[u8; 16]) -> Option<Self> {
        // SAFETY: opening the library runs its initialisers; that is what it is opened for.
        let library = PLACES.iter().find_map(|place| unsafe { Library::new(*place) }.ok())?;
        // It stays loaded: it keeps threads and state.
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the types are those of `nvml.h`.
        let (init, by_uuid, total) = unsafe {
            (
                *library.get::<Init>("nvmlInit_v2").ok()?,
                *library.get::<ByUuid>("nvmlDeviceGetHandleByUUID").ok()?,
                *library.get::<Total>("nvmlDeviceGetTotalEnergyConsumption").ok()?,
            )
        };
        let name = CString::new(written(uuid)).ok()?;
        let mut device = std::ptr::null_mut();
        // SAFETY: the name ends in a zero; the library writes one pointer.
        let found = unsafe { init() == 0 && by_uuid(name.as_ptr(), &raw mut device) == 0 };
        let energy = Self { device, total };
        (found && energy.joules().is_some()).then_some(energy)
    }

    /// Joules since the driver was loaded.
    pub fn joules(&self) -> Option<f64> {
        let mut millijoules = 0_u64;
        // SAFETY: the device is one that the library gave; it writes one number.
        let code = unsafe { (self.total)(self.device, &raw mut millijoules) };
        (code == 0).then(|| millijoules as f64 / 1000.0)
    }
}

/// A UUID as the library writes it.
fn written(uuid: &[u8; 16]) -> String {
    let hex: Vec<String> = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [0..4, 4..6, 6..8, 8..10, 10..16].map(|range| hex[range].concat());
    format!("GPU-{}", groups.join("-"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_is_written_as_the_library_does() {
        let uuid = std::array::from_fn(|i| i as u8 * 0x11);
        assert_eq!(super::written(&uuid), "GPU-00112233-4455-6677-8899-aabbccddeeff");
    }
}
