/*
 * A clock that is wrong, to be loaded before a program: the time of day is shifted by
 * PKG_CLOCK_SHIFT seconds, and with PKG_CLOCK_JUMP by that much more at every other reading.
 * The file of PKG_CLOCK_READ gets one byte for each reading, so that a test can tell that
 * the clock was asked at all. Built by the tests (tests/tests/clocks.rs).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_long readings;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (failed || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return failed;
    time->tv_sec += number("PKG_CLOCK_SHIFT");
    if (atomic_fetch_add(&readings, 1) % 2) time->tv_sec += number("PKG_CLOCK_JUMP");
    const char *path = getenv("PKG_CLOCK_READ");
    int file = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (file >= 0) {
        if (write(file, "x", 1) != 1) abort();
        close(file);
    }
    return 0;
}
