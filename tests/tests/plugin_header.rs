//! The C header says what the Rust declarations say.

use std::fmt::Write as _;
use std::mem::offset_of;
use std::process::Command;

use pkg_plugin_abi::{
    ABI_MAJOR, ABI_MINOR, Bytes, ENTRY, FAILED, HostV1, OK, PANICKED, PluginV1, level,
};

const PROGRAM: &str = r#"
#include "pkg_plugin.h"
#include <stdio.h>
#define SIZE(type) printf(#type " %zu\n", sizeof(type))
#define OFFSET(type, field) printf(#type "." #field " %zu\n", offsetof(type, field))
#define NUMBER(name) printf(#name " %ld\n", (long)(name))
const pkg_plugin_v1_table *pkg_plugin_v1(uint32_t a, uint32_t b) { (void)a; (void)b; return 0; }
int main(void) {
    SIZE(pkg_bytes); OFFSET(pkg_bytes, ptr); OFFSET(pkg_bytes, len);
    SIZE(pkg_host_v1); OFFSET(pkg_host_v1, size); OFFSET(pkg_host_v1, ctx);
    OFFSET(pkg_host_v1, log); OFFSET(pkg_host_v1, progress); OFFSET(pkg_host_v1, emit);
    OFFSET(pkg_host_v1, cancelled);
    SIZE(pkg_plugin_v1_table); OFFSET(pkg_plugin_v1_table, size);
    OFFSET(pkg_plugin_v1_table, abi_major); OFFSET(pkg_plugin_v1_table, abi_minor);
    OFFSET(pkg_plugin_v1_table, describe); OFFSET(pkg_plugin_v1_table, run);
    NUMBER(PKG_PLUGIN_ABI_MAJOR); NUMBER(PKG_PLUGIN_ABI_MINOR);
    NUMBER(PKG_PLUGIN_OK); NUMBER(PKG_PLUGIN_FAILED); NUMBER(PKG_PLUGIN_PANICKED);
    NUMBER(PKG_PLUGIN_LOG_DEBUG); NUMBER(PKG_PLUGIN_LOG_INFO);
    NUMBER(PKG_PLUGIN_LOG_WARNING); NUMBER(PKG_PLUGIN_LOG_ERROR);
    const pkg_plugin_v1_table *(*entry)(uint32_t, uint32_t) = pkg_plugin_v1;
    return entry(1, 0) != 0;
}
"#;

fn expected() -> String {
    let mut text = String::new();
    macro_rules! lines {
        ($($name:literal $value:expr),+ $(,)?) => {
            $(writeln!(text, "{} {}", $name, $value).unwrap();)+
        };
    }
    lines! {
        "pkg_bytes" size_of::<Bytes>(),
        "pkg_bytes.ptr" offset_of!(Bytes, ptr),
        "pkg_bytes.len" offset_of!(Bytes, len),
        "pkg_host_v1" size_of::<HostV1>(),
        "pkg_host_v1.size" offset_of!(HostV1, size),
        "pkg_host_v1.ctx" offset_of!(HostV1, ctx),
        "pkg_host_v1.log" offset_of!(HostV1, log),
        "pkg_host_v1.progress" offset_of!(HostV1, progress),
        "pkg_host_v1.emit" offset_of!(HostV1, emit),
        "pkg_host_v1.cancelled" offset_of!(HostV1, cancelled),
        "pkg_plugin_v1_table" size_of::<PluginV1>(),
        "pkg_plugin_v1_table.size" offset_of!(PluginV1, size),
        "pkg_plugin_v1_table.abi_major" offset_of!(PluginV1, abi_major),
        "pkg_plugin_v1_table.abi_minor" offset_of!(PluginV1, abi_minor),
        "pkg_plugin_v1_table.describe" offset_of!(PluginV1, describe),
        "pkg_plugin_v1_table.run" offset_of!(PluginV1, run),
        "PKG_PLUGIN_ABI_MAJOR" ABI_MAJOR,
        "PKG_PLUGIN_ABI_MINOR" ABI_MINOR,
        "PKG_PLUGIN_OK" OK,
        "PKG_PLUGIN_FAILED" FAILED,
        "PKG_PLUGIN_PANICKED" PANICKED,
        "PKG_PLUGIN_LOG_DEBUG" level::DEBUG,
        "PKG_PLUGIN_LOG_INFO" level::INFO,
        "PKG_PLUGIN_LOG_WARNING" level::WARNING,
        "PKG_PLUGIN_LOG_ERROR" level::ERROR,
    }
    text
}

#[test]
fn header_and_declarations_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("layout.c"), folder.path().join("layout"));
    std::fs::write(&source, PROGRAM).unwrap();
    let include = pkg_tests::repository().join("plugins/abi/include");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut compile = Command::new(compiler);
    compile.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"]);
    compile.arg(include).arg("-o");
    assert!(compile.arg(&program).arg(&source).status().unwrap().success());
    let output = Command::new(&program).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected());
    assert!(output.status.success() && ENTRY.to_str() == Ok("pkg_plugin_v1"));
}
