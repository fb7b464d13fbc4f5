/* Plugins in C: a good one, and ones that are wrong in one way each. */

#include "pkg_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GNUC__
#define UNUSED __attribute__((unused))
#else
#define UNUSED
#endif

static void emit(const pkg_host_v1 *host, const char *text)
{
    pkg_bytes bytes = {(const uint8_t *)text, strlen(text)};
    if (host->emit)
        host->emit(host->ctx, bytes);
}

static int32_t describe(const pkg_host_v1 *host)
{
    emit(host, "{\"id\":\"c-plugin\",\"version\":\"1.0.0\",\"kinds\":[\"verify\",\"benchmark\"],"
               "\"about\":\"A plugin in C.\"}");
    return PKG_PLUGIN_OK;
}

static int32_t UNUSED run(const pkg_host_v1 *host, pkg_bytes request)
{
#if defined(NO_JSON)
    (void)request;
    emit(host, "this is no JSON");
#elif defined(NOTHING)
    (void)request;
    (void)host;
#elif defined(CUT)
    (void)request;
    emit(host, "{\"outcome\":\"passed\",\"checks\":[{\"name\":\"c\",\"outcome\":\"passed\"}]");
#elif defined(CLAIMS)
    (void)request;
    emit(host, "{\"outcome\":\"passed\"}");
#elif defined(CODE_7)
    (void)request;
    emit(host, "{\"outcome\":\"passed\",\"checks\":[{\"name\":\"c\",\"outcome\":\"passed\"}]}");
    return 7;
#else
    char text[256];
    pkg_bytes log = {(const uint8_t *)"hello from C", 12};
    if (host->log)
        host->log(host->ctx, PKG_PLUGIN_LOG_INFO, log);
    if (host->progress)
        host->progress(host->ctx, 1, 2);
    /* In pieces, which are joined. */
    emit(host, "{\"outcome\":\"passed\",\"summary\":\"");
    snprintf(text, sizeof text, "a request of %s bytes",
             request.len > 100 && host->cancelled && !host->cancelled(host->ctx) ? "many" : "few");
    emit(host, text);
    emit(host, "\",\"checks\":[{\"name\":\"c\",\"outcome\":\"passed\"}]}");
#endif
    return PKG_PLUGIN_OK;
}

#if defined(CONSTRUCTOR_EXITS)
__attribute__((constructor)) static void early(void) { _Exit(0); }
#elif defined(CONSTRUCTOR_CRASHES)
__attribute__((constructor)) static void early(void) { abort(); }
#elif defined(CONSTRUCTOR_WRITES)
__attribute__((constructor)) static void early(void)
{
    FILE *file = fopen("/tmp/pkg-plugin-constructor-was-here", "w");
    if (file)
        fclose(file);
}
#endif

static const pkg_plugin_v1_table TABLE UNUSED = {
#if defined(SHORT_TABLE)
    sizeof(size_t) + 8,
#else
    sizeof TABLE,
#endif
#if defined(MAJOR_2)
    2,
#else
    PKG_PLUGIN_ABI_MAJOR,
#endif
#if defined(MINOR_9)
    9,
#else
    PKG_PLUGIN_ABI_MINOR,
#endif
    describe,
#if defined(NO_RUN)
    NULL,
#else
    run,
#endif
};

#if !defined(NO_SYMBOL)
const pkg_plugin_v1_table *pkg_plugin_v1(uint32_t host_major, uint32_t host_minor)
{
    (void)host_minor;
#if defined(NULL_TABLE)
    (void)host_major;
    return NULL;
#else
    return host_major == PKG_PLUGIN_ABI_MAJOR ? &TABLE : NULL;
#endif
}
#else
/* Something has to be there. */
__attribute__((visibility("default"))) int32_t (*const other_symbol)(const pkg_host_v1 *,
                                                                      pkg_bytes) = run;
__attribute__((visibility("default"))) int32_t (*const another)(const pkg_host_v1 *) = describe;
#endif
