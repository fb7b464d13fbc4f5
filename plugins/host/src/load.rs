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
    Ok(ask(checked(table)?, call, request, listener))
}

/// Calls one of the functions with a table of the host that lives as long as the call.
fn ask(
    (describe, run): (Describe, Run),
    call: Call,
    request: &[u8],
    listener: &mut dyn Listener,
) -> i32 {
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
        match call {
            Call::Describe => describe(&raw const host),
            Call::Run => run(&raw const host, request),
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

/// Both sides of the interface in one process, without a library: what Miri can run.
#[cfg(test)]
mod tests {
    use pkg_plugin_abi::{FAILED, OK, PANICKED};
    use pkg_plugin_sdk::{
        Check, Description, Failure, Host, Kind, Plugin, Reply, Request, describe_entry, run_entry,
    };

    use super::*;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Listener for Heard {
        fn log(&mut self, level: u32, text: &[u8]) {
            self.0.push(format!("log {level} {}", text.len()));
        }
        fn progress(&mut self, done: u64, total: u64) {
            self.0.push(format!("progress {done} {total}"));
        }
        fn emit(&mut self, json: &[u8]) {
            self.0.push(format!("emit {}", String::from_utf8_lossy(json)));
        }
    }

    struct Echo;

    impl Plugin for Echo {
        fn describe() -> Description {
            Description::new("echo", "1.0.0", &[Kind::Verify], "Says what it was asked.")
        }

        fn run(request: &Request, host: &Host<'_>) -> Result<Reply, Failure> {
            assert!(request.release.name != "panic", "asked to");
            host.log(&"x".repeat(request.threads));
            host.progress(1, 2);
            Ok(Reply::new([Check::when("cancelled", !host.cancelled(), "not yet")]))
        }
    }

    unsafe extern "C" fn describe(host: *const HostV1) -> i32 {
        // SAFETY: the host keeps its table valid during the call.
        unsafe { describe_entry::<Echo>(host) }
    }

    unsafe extern "C" fn run(host: *const HostV1, request: Bytes) -> i32 {
        // SAFETY: the host keeps its table and the request valid during the call.
        unsafe { run_entry::<Echo>(host, request) }
    }

    fn request(name: &str, threads: usize) -> String {
        format!(
            r#"{{"operation":"verify","threads":{threads},"files":[],
                "release":{{"digest":"sha256:0","name":"{name}","version":"1"}}}}"#
        )
    }

    fn asked(call: Call, request: &str) -> (i32, Vec<String>) {
        let mut heard = Heard::default();
        let code = ask((describe, run), call, request.as_bytes(), &mut heard);
        (code, heard.0)
    }

    #[test]
    fn a_plugin_hears_and_is_heard_through_the_tables() {
        let (code, heard) = asked(Call::Describe, "");
        assert_eq!((code, heard.len()), (OK, 1));
        assert!(heard[0].contains(r#""id":"echo""#), "{heard:?}");
        let (code, heard) = asked(Call::Run, &request("m", 7));
        assert_eq!(code, OK, "{heard:?}");
        assert_eq!(heard[..2], ["log 1 7", "progress 1 2"]);
        assert!(heard[2].contains("passed"), "{heard:?}");
        let (code, heard) = asked(Call::Run, &request("m", MAX_LOG + 1));
        assert_eq!((code, heard[0].as_str()), (OK, "log 1 65536"));
    }

    #[test]
    fn no_panic_and_no_broken_request_leaves_the_plugin() {
        let (code, heard) = asked(Call::Run, &request("panic", 0));
        assert_eq!((code, heard), (PANICKED, vec![r#"emit {"error":"asked to"}"#.to_owned()]));
        for broken in ["", "{", "[]"] {
            let (code, heard) = asked(Call::Run, broken);
            assert_eq!(code, FAILED);
            assert!(heard[0].contains("the request cannot be read"), "{heard:?}");
        }
    }

    #[test]
    fn a_table_is_read_no_further_than_it_says() {
        let whole = PluginV1 {
            size: size_of::<PluginV1>(),
            abi_major: ABI_MAJOR,
            abi_minor: ABI_MINOR,
            describe: Some(describe),
            run: Some(run),
        };
        assert!(checked(&raw const whole).is_ok());
        // Nothing lies behind this one: reading on would be an access outside.
        let short = Box::new(size_of::<usize>());
        let wrong = |table: *const PluginV1| match checked(table) {
            Err(Ending::WrongAbi { detail }) => detail,
            _ => panic!("a wrong table was taken"),
        };
        assert!(wrong((&raw const *short).cast()).contains("8 bytes"));
        assert!(wrong(std::ptr::null()).contains("does not support"));
        for table in [
            PluginV1 { abi_major: ABI_MAJOR + 1, ..whole },
            PluginV1 { abi_minor: ABI_MINOR + 1, ..whole },
            PluginV1 { describe: None, ..whole },
            PluginV1 { run: None, ..whole },
        ] {
            wrong(&raw const table);
        }
    }

    #[test]
    fn a_host_with_a_shorter_table_is_read_no_further_than_it_says() {
        // An older host: a size, a context, and nothing behind them.
        let older = Box::new([2 * size_of::<usize>(), 0]);
        let table = (&raw const *older).cast::<HostV1>();
        let text = request("m", 3);
        let given = Bytes { ptr: text.as_ptr(), len: text.len() };
        // SAFETY: the table is as long as it says, and the request lives on.
        let codes = unsafe { (describe(table), run(table, given)) };
        assert_eq!(codes, (FAILED, FAILED), "there is no way to answer");
        // SAFETY: a table may be null.
        assert_eq!(unsafe { describe(std::ptr::null()) }, FAILED);
    }

    #[test]
    fn bytes_that_are_none_are_nothing() {
        let mut heard = Heard::default();
        let mut context = Context { listener: &mut heard };
        let ctx: *mut c_void = (&raw mut context).cast();
        let nothing = Bytes { ptr: std::ptr::null(), len: usize::MAX };
        // SAFETY: the context lives; null and impossible lengths are allowed.
        unsafe {
            log(ctx, 1, nothing);
            emit(ctx, Bytes { ptr: [1_u8].as_ptr(), len: usize::MAX });
            emit(std::ptr::null_mut(), nothing);
            progress(std::ptr::null_mut(), 1, 1);
        }
        assert_eq!(heard.0, ["log 1 0", "emit "]);
    }
}
