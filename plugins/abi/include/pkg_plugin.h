/* The C interface between pkg and its plugins, version 1. Frozen.
 *
 * A plugin is a shared library that exports one function, pkg_plugin_v1, and lies
 * beside a manifest NAME.pkgplugin.json (docs/plugins.md). pkg loads it in a process
 * of its own that has confined itself before: the library's constructors run confined.
 *
 * Call order: pkg_plugin_v1 once; then either describe or run, once. The library is
 * never unloaded: the process ends.
 *
 * Rules:
 *  - Tables only ever grow at their end: read a field only if `size` covers it.
 *  - Every pointer may be null. A function that is null is not offered.
 *  - What is handed over belongs to its maker and is valid during the call only, so
 *    nothing is ever freed by the other side.
 *  - Host functions are called by the thread that was called, and only until it returns.
 *  - No C++ exception, Rust panic or longjmp may leave a function.
 *  - A reply that was not emitted whole counts as a failure, whatever is returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PKG_PLUGIN_H
#define PKG_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PKG_PLUGIN_ABI_MAJOR 1u
#define PKG_PLUGIN_ABI_MINOR 0u

/* What describe and run return. Anything else is a failure too. */
#define PKG_PLUGIN_OK 0
#define PKG_PLUGIN_FAILED 1
#define PKG_PLUGIN_PANICKED 70

#define PKG_PLUGIN_LOG_DEBUG 0u
#define PKG_PLUGIN_LOG_INFO 1u
#define PKG_PLUGIN_LOG_WARNING 2u
#define PKG_PLUGIN_LOG_ERROR 3u

/* ptr may be null when len is 0. Text is UTF-8 and has no terminating zero. */
typedef struct pkg_bytes {
    const uint8_t *ptr;
    size_t len;
} pkg_bytes;

typedef struct pkg_host_v1 {
    size_t size; /* of this table, in bytes */
    void *ctx;   /* handed back with every call */
    void (*log)(void *ctx, uint32_t level, pkg_bytes text);
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* total 0: not known */
    void (*emit)(void *ctx, pkg_bytes json); /* pieces are joined in order */
    uint32_t (*cancelled)(void *ctx);        /* not 0: stop soon */
} pkg_host_v1;

typedef struct pkg_plugin_v1_table {
    size_t size; /* of this table, in bytes */
    uint32_t abi_major;
    uint32_t abi_minor; /* at most the host's */
    /* Emits schemas/plugin-description.schema.json. Touches no file. */
    int32_t (*describe)(const pkg_host_v1 *host);
    /* Takes schemas/plugin-request.schema.json, emits schemas/plugin-reply.schema.json. */
    int32_t (*run)(const pkg_host_v1 *host, pkg_bytes request);
} pkg_plugin_v1_table;

/* Null: the host's version is not supported. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const pkg_plugin_v1_table *pkg_plugin_v1(uint32_t host_major, uint32_t host_minor);

#ifdef __cplusplus
}
#endif

#endif
