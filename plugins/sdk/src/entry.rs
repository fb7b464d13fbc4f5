//! Where the C interface becomes Rust, and panics end.
#![allow(unsafe_code)]

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pkg_plugin_abi::{Bytes, FAILED, HostV1, OK, PANICKED, level};
use serde::Serialize;

use crate::{Failure, Plugin, Reply, Request};

/// What the host offers during a call.
#[derive(Debug)]
pub struct Host<'a> {
    table: *const HostV1,
    call: PhantomData<&'a HostV1>,
}

macro_rules! offered {
    ($host:expr, $field:ident) => {{
        let table = $host.table;
        let end = std::mem::offset_of!(HostV1, $field) + size_of::<usize>();
        // SAFETY: the host keeps the table alive during the call; `size` is its first
        // field, and a field is read only if the table is long enough to have it.
        unsafe {
            if table.is_null() || (*table).size < end {
                None
            } else {
                (*table).$field.map(|function| (function, (*table).ctx))
            }
        }
    }};
}

impl Host<'_> {
    /// # Safety
    /// `table` is null, or valid during the call.
    unsafe fn new(table: *const HostV1) -> Self {
        Self { table, call: PhantomData }
    }

    /// A host that takes nothing, for tests.
    pub fn none() -> Host<'static> {
        Host { table: std::ptr::null(), call: PhantomData }
    }

    /// Tells something of interest; it goes into the log of the run.
    pub fn log(&self, text: &str) {
        if let Some((log, ctx)) = offered!(self, log) {
            // SAFETY: the text is valid during the call, as the interface asks.
            unsafe { log(ctx, level::INFO, bytes_of(text.as_bytes())) }
        }
    }

    /// Tells how far the work is; 0 in all: not known.
    pub fn progress(&self, done: u64, total: u64) {
        if let Some((progress, ctx)) = offered!(self, progress) {
            // SAFETY: nothing but numbers is handed over.
            unsafe { progress(ctx, done, total) }
        }
    }

    /// Whether the plugin should stop soon.
    pub fn cancelled(&self) -> bool {
        // SAFETY: nothing is handed over.
        offered!(self, cancelled).is_some_and(|(cancelled, ctx)| unsafe { cancelled(ctx) != 0 })
    }

    fn emit(&self, value: &impl Serialize) -> bool {
        let (Some((emit, ctx)), Ok(json)) = (offered!(self, emit), serde_json::to_vec(value))
        else {
            return false;
        };
        // SAFETY: the bytes are valid during the call.
        unsafe { emit(ctx, bytes_of(&json)) };
        true
    }
}

fn bytes_of(bytes: &[u8]) -> Bytes {
    Bytes { ptr: bytes.as_ptr(), len: bytes.len() }
}

/// What a reply that is no [`Reply`] looks like: why the plugin could not look.
#[derive(Debug, Serialize)]
struct Refusal<'a> {
    error: &'a str,
}

/// Runs `body` so that no panic leaves it, not even one while formatting another.
fn guarded(host: &Host<'_>, body: impl FnOnce() -> Result<bool, Failure>) -> i32 {
    let told = |text: &str| {
        let _ = catch_unwind(AssertUnwindSafe(|| host.emit(&Refusal { error: text })));
    };
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(true)) => OK,
        Ok(Ok(false)) => FAILED,
        Ok(Err(Failure(reason))) => {
            told(&reason);
            FAILED
        }
        Err(payload) => {
            told(panic_text(payload.as_ref()));
            // Dropping a payload may panic again; it is left alone.
            std::mem::forget(payload);
            PANICKED
        }
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text")
}

/// The `describe` of a plugin. Called by [`export_plugin!`](crate::export_plugin).
///
/// # Safety
/// `host` is null, or valid during the call.
pub unsafe fn describe_entry<P: Plugin>(host: *const HostV1) -> i32 {
    // SAFETY: as above.
    let host = unsafe { Host::new(host) };
    guarded(&host, || Ok(host.emit(&P::describe())))
}

/// The `run` of a plugin. Called by [`export_plugin!`](crate::export_plugin).
///
/// # Safety
/// `host` is null or valid, and so are the bytes of `request`, during the call.
pub unsafe fn run_entry<P: Plugin>(host: *const HostV1, request: Bytes) -> i32 {
    // SAFETY: as above.
    let host = unsafe { Host::new(host) };
    guarded(&host, || {
        let json = if request.ptr.is_null() {
            &[][..]
        } else {
            // SAFETY: not null, and valid for `len` bytes during the call.
            unsafe { std::slice::from_raw_parts(request.ptr, request.len) }
        };
        let request: Request = serde_json::from_slice(json)
            .map_err(|error| Failure::new(format!("the request cannot be read: {error}")))?;
        let reply: Reply = P::run(&request, &host)?;
        if let Some(contradiction) = reply.contradiction() {
            return Err(Failure::new(format!("the reply contradicts itself: {contradiction}")));
        }
        Ok(host.emit(&reply))
    })
}

/// Exports a [`Plugin`] as the library's one symbol.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        const _: () = {
            unsafe extern "C" fn describe(host: *const $crate::abi::HostV1) -> i32 {
                // SAFETY: the host keeps its table valid during the call.
                unsafe { $crate::describe_entry::<$plugin>(host) }
            }
            unsafe extern "C" fn run(
                host: *const $crate::abi::HostV1,
                request: $crate::abi::Bytes,
            ) -> i32 {
                // SAFETY: the host keeps its table and the request valid during the call.
                unsafe { $crate::run_entry::<$plugin>(host, request) }
            }
            static TABLE: $crate::abi::PluginV1 = $crate::abi::PluginV1 {
                size: size_of::<$crate::abi::PluginV1>(),
                abi_major: $crate::abi::ABI_MAJOR,
                abi_minor: $crate::abi::ABI_MINOR,
                describe: Some(describe),
                run: Some(run),
            };
            #[unsafe(no_mangle)]
            extern "C" fn pkg_plugin_v1(
                host_major: u32,
                _host_minor: u32,
            ) -> *const $crate::abi::PluginV1 {
                if host_major == $crate::abi::ABI_MAJOR { &TABLE } else { std::ptr::null() }
            }
        };
    };
}
