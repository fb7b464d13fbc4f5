//! Loading a library and calling it: the only `unsafe` of the host.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::offset_of;
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use pkg_plugin_abi::{ABI_MAJOR, ABI_MINOR, Bytes, ENTRY, EntryFn, HostV1, PluginV1};

use crate::Ending;
use crate::order::Call;

/// Takes what a plugin tells during a call.
pub(crate) trait Listener {
    /// A message.
    fn log(&mut self, level: u32, text: &[u8]);
    /// How far it is.
    fn progress(&mut self, done: u64, total: u64);
    /// A piece of the reply.
    fn emit(&mut self, json: &[u8]);
}

/// Longest text of a message that is handed on, in bytes.
const MAX_LOG: usize = 64 << 10;

/// Loads the library and calls it; the answer is what it returned.
///
/// The library is never unloaded: threads and thread-local data of it may outlive the
/// call, and the process ends soon.
pub(crate) fn call(
    library: &Path,
    call: Call,
    request: &[u8],
    listener: &mut dyn Listener,
) -> Result<i32, Ending> {
    // SAFETY: loading runs the constructors of the library. That is what the process was
    // confined for; what they do to it ends this process and nothing else.
    let loaded = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_LOCAL) };
    let loaded = loaded.map_err(|error| Ending::NotLoadable { detail: error.to_string() })?;
    let loaded = Box::leak(Box::new(loaded));
    // SAFETY: by its name the symbol is the entry function of version 1.
    let entry: Result<Symbol<EntryFn>, _> = unsafe { loaded.get(ENTRY.to_bytes_with_nul()) };
    let entry = entry.map_err(|_| Ending::MissingSymbol {
        detail: format!("it does not export {}", ENTRY.to_string_lossy()),
    })?;
    // SAFETY: the entry function takes two numbers.
    let table = unsafe { entry(ABI_MAJOR, ABI_MINOR) };
    let function = checked(table)?;
    let mut context = Context { listener };
    let host = HostV1 {
        size: size_of::<HostV1>(),
        ctx: (&raw mut context).cast(),
        log: Some(log),
        progress: Some(progress),
        emit: Some(emit),
        cancelled: Some(cancelled),
    };
    let request = Bytes { ptr: request.as_ptr(), len: request.len() };
    // SAFETY: the tables and the request live until the call returns.
    unsafe {
        match (call, function) {
            (Call::Describe, (describe, _)) => Ok(describe(&raw const host)),
            (Call::Run, (_, run)) => Ok(run(&raw const host, request)),
        }
    }
}

type Describe = unsafe extern "C" fn(*const HostV1) -> i32;
type Run = unsafe extern "C" fn(*const HostV1, Bytes) -> i32;

/// The functions of a table, if it is one of this version.
fn checked(table: *const PluginV1) -> Result<(Describe, Run), Ending> {
    let wrong = |detail: String| Ending::WrongAbi { detail };
    if table.is_null() {
        return Err(wrong(format!("it does not support version {ABI_MAJOR}.{ABI_MINOR}")));
    }
    // SAFETY: not null; a plugin's table begins with its size.
    let size = unsafe { (&raw const (*table).size).read_unaligned() };
    let least = offset_of!(PluginV1, run) + size_of::<usize>();
    if size < least {
        return Err(wrong(format!("its table has {size} bytes; {least} are needed")));
    }
    // SAFETY: the table is as long as what is read.
    let table = unsafe { table.read_unaligned() };
    let (major, minor) = (table.abi_major, table.abi_minor);
    if major != ABI_MAJOR || minor > ABI_MINOR {
        return Err(wrong(format!(
            "it wants version {major}.{minor}; this is version {ABI_MAJOR}.{ABI_MINOR}"
        )));
    }
    match (table.describe, table.run) {
        (Some(describe), Some(run)) => Ok((describe, run)),
        _ => Err(wrong("its table lacks a function".to_owned())),
    }
}

struct Context<'a> {
    listener: &'a mut dyn Listener,
}

/// The bytes, and whoever listens; nothing when the plugin hands over nothing.
///
/// # Safety
/// `ctx` is what [`call`] put into the table, and `bytes` are valid during the call.
unsafe fn listening<'a>(ctx: *mut c_void, bytes: Bytes) -> Option<(&'a mut Context<'a>, &'a [u8])> {
    if ctx.is_null() {
        return None;
    }
    let text = if bytes.ptr.is_null() || bytes.len > isize::MAX.unsigned_abs() {
        &[][..]
    } else {
        // SAFETY: not null, and valid as the caller says.
        unsafe { std::slice::from_raw_parts(bytes.ptr, bytes.len) }
    };
    // SAFETY: the context lives as long as the call, and calls come one at a time.
    Some((unsafe { &mut *ctx.cast::<Context<'a>>() }, text))
}

unsafe extern "C" fn log(ctx: *mut c_void, level: u32, text: Bytes) {
    // SAFETY: as the interface asks of plugins.
    if let Some((context, text)) = unsafe { listening(ctx, text) } {
        context.listener.log(level, &text[..text.len().min(MAX_LOG)]);
    }
}

unsafe extern "C" fn progress(ctx: *mut c_void, done: u64, total: u64) {
    let nothing = Bytes { ptr: std::ptr::null(), len: 0 };
    // SAFETY: as the interface asks of plugins.
    if let Some((context, _)) = unsafe { listening(ctx, nothing) } {
        context.listener.progress(done, total);
    }
}

unsafe extern "C" fn emit(ctx: *mut c_void, json: Bytes) {
    // SAFETY: as the interface asks of plugins.
    if let Some((context, json)) = unsafe { listening(ctx, json) } {
        context.listener.emit(json);
    }
}

unsafe extern "C" fn cancelled(_: *mut c_void) -> u32 {
    // The parent ends the process; there is no polite way of asking yet.
    0
}
