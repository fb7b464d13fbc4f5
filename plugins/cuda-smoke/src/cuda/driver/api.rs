//! Functions of the driver, by hand: names and types are those of `cuda.h` of CUDA 12.0.

use std::ffi::{c_char, c_int, c_uint, c_void};

use libloading::Library;

/// `CUresult`.
pub(super) type Code = c_int;
/// `CUdevice`.
pub(super) type DeviceId = c_int;
/// `CUdeviceptr`.
pub(super) type Address = u64;
/// `CUcontext`, `CUmodule`, `CUfunction`, `CUstream`, `CUevent`, `CUgraph`, `CUgraphExec`.
pub(super) type Handle = *mut c_void;

/// The function with this name.
fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, String> {
    // SAFETY: the type is the one that `cuda.h` gives the function; the library is never
    // unloaded, so the copied pointer stays valid.
    unsafe { library.get::<T>(name) }
        .map(|found| *found)
        .map_err(|_| format!("it has no function {name}"))
}

macro_rules! table {
    ($(#[$about:meta])* $table:ident { $($field:ident: $symbol:literal($($argument:ty),*);)* }) => {
        $(#[$about])*
        pub(super) struct $table {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) -> Code,)*
        }

        impl $table {
            /// Every function of the table, or which one is missing.
            pub(super) fn resolve(library: &Library) -> Result<Self, String> {
                Ok(Self { $($field: symbol(library, $symbol)?,)* })
            }
        }

        impl std::fmt::Debug for $table {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($table)).finish_non_exhaustive()
            }
        }
    };
}

table! {
    /// What tells the version. Asked first: an old driver lacks others.
    Version {
        driver_get_version: "cuDriverGetVersion"(*mut c_int);
    }
}

table! {
    /// What is needed.
    Api {
        init: "cuInit"(c_uint);
        get_error_name: "cuGetErrorName"(Code, *mut *const c_char);
        device_get_count: "cuDeviceGetCount"(*mut c_int);
        device_get: "cuDeviceGet"(*mut DeviceId, c_int);
        device_get_name: "cuDeviceGetName"(*mut c_char, c_int, DeviceId);
        device_get_uuid: "cuDeviceGetUuid_v2"(*mut [u8; 16], DeviceId);
        device_total_mem: "cuDeviceTotalMem_v2"(*mut usize, DeviceId);
        device_get_attribute: "cuDeviceGetAttribute"(*mut c_int, c_int, DeviceId);
        primary_ctx_retain: "cuDevicePrimaryCtxRetain"(*mut Handle, DeviceId);
        primary_ctx_release: "cuDevicePrimaryCtxRelease_v2"(DeviceId);
        ctx_set_current: "cuCtxSetCurrent"(Handle);
        mem_get_info: "cuMemGetInfo_v2"(*mut usize, *mut usize);
        mem_alloc: "cuMemAlloc_v2"(*mut Address, usize);
        mem_free: "cuMemFree_v2"(Address);
        mem_host_alloc: "cuMemHostAlloc"(*mut *mut c_void, usize, c_uint);
        mem_free_host: "cuMemFreeHost"(*mut c_void);
        memcpy_htod_async: "cuMemcpyHtoDAsync_v2"(Address, *const c_void, usize, Handle);
        memcpy_dtoh_async: "cuMemcpyDtoHAsync_v2"(*mut c_void, Address, usize, Handle);
        memcpy_dtod_async: "cuMemcpyDtoDAsync_v2"(Address, Address, usize, Handle);
        module_load: "cuModuleLoadDataEx"(
            *mut Handle, *const c_void, c_uint, *mut c_int, *mut *mut c_void);
        module_unload: "cuModuleUnload"(Handle);
        module_get_function: "cuModuleGetFunction"(*mut Handle, Handle, *const c_char);
        launch_kernel: "cuLaunchKernel"(
            Handle, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, Handle,
            *mut *mut c_void, *mut *mut c_void);
        stream_create: "cuStreamCreate"(*mut Handle, c_uint);
        stream_destroy: "cuStreamDestroy_v2"(Handle);
        stream_synchronize: "cuStreamSynchronize"(Handle);
        event_create: "cuEventCreate"(*mut Handle, c_uint);
        event_destroy: "cuEventDestroy_v2"(Handle);
        event_record: "cuEventRecord"(Handle, Handle);
        event_synchronize: "cuEventSynchronize"(Handle);
        event_elapsed_time: "cuEventElapsedTime"(*mut f32, Handle, Handle);
    }
}

table! {
    /// What graphs need. Without it, every kernel is launched by itself.
    GraphApi {
        begin_capture: "cuStreamBeginCapture_v2"(Handle, c_int);
        end_capture: "cuStreamEndCapture"(Handle, *mut Handle);
        instantiate: "cuGraphInstantiateWithFlags"(*mut Handle, Handle, u64);
        launch: "cuGraphLaunch"(Handle, Handle);
        destroy: "cuGraphDestroy"(Handle);
        exec_destroy: "cuGraphExecDestroy"(Handle);
    }
}
