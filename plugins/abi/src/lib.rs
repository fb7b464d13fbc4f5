//! The C interface between `pkg` and its plugins, version 1. Frozen.
//!
//! `include/pkg_plugin.h` says the same in C, with the rules written out; a test
//! compiles it and compares every size and offset.
//!
//! Rules:
//! - A library exports one symbol, [`ENTRY`]; the major version is in its name.
//! - Tables only ever grow at their end. A field is there if `size` covers it.
//! - Every pointer may be null. Nothing crosses but integers and (pointer, length).
//! - What is handed over belongs to its maker and is valid during the call only.

#![no_std]

use core::ffi::{CStr, c_void};

/// Major version: what does not match is not called.
pub const ABI_MAJOR: u32 = 1;
/// Minor version: a plugin may ask for at most what the host has.
pub const ABI_MINOR: u32 = 0;

/// Name of the one exported function.
pub const ENTRY: &CStr = c"pkg_plugin_v1";

/// The call did what was asked; the reply was emitted.
pub const OK: i32 = 0;
/// The plugin could not do it; the emitted reply, if any, says why.
pub const FAILED: i32 = 1;
/// The plugin panicked, and caught it.
pub const PANICKED: i32 = 70;

/// Log levels, as numbers: an enumeration would not survive an unknown value.
pub mod level {
    /// Only of use to who looks for a fault.
    pub const DEBUG: u32 = 0;
    /// Of interest.
    pub const INFO: u32 = 1;
    /// Something is odd.
    pub const WARNING: u32 = 2;
    /// Something is wrong.
    pub const ERROR: u32 = 3;
}

/// Bytes of the caller, valid during the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    /// First byte; may be null when `len` is 0.
    pub ptr: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// What the host offers during a call. All functions may be called from one
/// thread at a time, the one that was called.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct HostV1 {
    /// Bytes of this table.
    pub size: usize,
    /// Handed back with every call.
    pub ctx: *mut c_void,
    /// Takes a message: level, UTF-8 text.
    pub log: Option<unsafe extern "C" fn(ctx: *mut c_void, level: u32, text: Bytes)>,
    /// Takes the progress: units done, units in all (0: not known).
    pub progress: Option<unsafe extern "C" fn(ctx: *mut c_void, done: u64, total: u64)>,
    /// Takes the reply, UTF-8 JSON. Pieces are joined in the order they come.
    pub emit: Option<unsafe extern "C" fn(ctx: *mut c_void, json: Bytes)>,
    /// Not 0 once the plugin should stop soon.
    pub cancelled: Option<unsafe extern "C" fn(ctx: *mut c_void) -> u32>,
}

/// What a plugin offers.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct PluginV1 {
    /// Bytes of this table.
    pub size: usize,
    /// Major version it was built for.
    pub abi_major: u32,
    /// Minor version it needs.
    pub abi_minor: u32,
    /// Emits what the plugin is (`plugin-description.schema.json`). Touches no file.
    pub describe: Option<unsafe extern "C" fn(host: *const HostV1) -> i32>,
    /// Takes a request (`plugin-request.schema.json`) and emits a reply
    /// (`plugin-reply.schema.json`).
    pub run: Option<unsafe extern "C" fn(host: *const HostV1, request: Bytes) -> i32>,
}

/// Type of the function under [`ENTRY`]. Null: the host's version is not supported.
pub type EntryFn = unsafe extern "C" fn(host_major: u32, host_minor: u32) -> *const PluginV1;
