/*
 * Runs a program and stands at every system call by which it touches files or sockets:
 * writes each down, and at a given one kills the program, or lets the call fail, or cuts
 * it short. Built with the C compiler by the tests (tests/src/trace.rs); Linux on x86-64.
 *
 *   trace -l LOG [-u PREFIX]... [-c CLASSES] [-n N [-p P]] [-a ACTION] -- PROGRAM ARGS...
 *
 *   -u PREFIX   only calls on paths that begin so are counted (sockets always are)
 *   -c CLASSES  letters of the classes that are counted: r read, w write, s flush, n names
 *               made, moved and removed, o open, m modes and times, t network
 *   -n N        the counted call at which something happens, from 1; none: only writes down
 *   -p P        and at every P-th after it
 *   -a ACTION   kill, short, or the number of an error
 *
 * A line of LOG: counted number or 0, moment of entry, moment of return, class, name,
 * result, path, second path, whether something was done to it; parted by tabs. The last
 * line is `end`, and how the program ended. It must be followed into threads and children.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "x86-64 only"
#endif

#define FICLONE 0x40049409
#define NONE (-1)

/* How the path of a call is found: by its arguments. */
enum shape { FD, PATH, ATPATH, TWO, TWOAT, LINK, LINKAT, OUT3, OUT1, SOCK };

struct call {
    long nr;
    const char *name;
    char class;
    enum shape shape;
    int length; /* argument with the number of bytes, or NONE */
};

static const struct call CALLS[] = {
    {SYS_read, "read", 'r', FD, 2},
    {SYS_pread64, "pread", 'r', FD, 2},
    {SYS_readv, "readv", 'r', FD, NONE},
    {SYS_preadv, "preadv", 'r', FD, NONE},
    {SYS_getdents64, "getdents", 'r', FD, NONE},
    {SYS_write, "write", 'w', FD, 2},
    {SYS_pwrite64, "pwrite", 'w', FD, 2},
    {SYS_writev, "writev", 'w', FD, NONE},
    {SYS_pwritev, "pwritev", 'w', FD, NONE},
    {SYS_ftruncate, "ftruncate", 'w', FD, NONE},
    {SYS_fallocate, "fallocate", 'w', FD, NONE},
    {SYS_copy_file_range, "copy_file_range", 'w', OUT3, 4},
    {SYS_sendfile, "sendfile", 'w', OUT1, 3},
    {SYS_splice, "splice", 'w', OUT3, NONE},
    {SYS_ioctl, "ficlone", 'w', FD, NONE},
    {SYS_fsync, "fsync", 's', FD, NONE},
    {SYS_fdatasync, "fdatasync", 's', FD, NONE},
    {SYS_syncfs, "syncfs", 's', FD, NONE},
    {SYS_sync_file_range, "sync_file_range", 's', FD, NONE},
    {SYS_rename, "rename", 'n', TWO, NONE},
    {SYS_renameat, "rename", 'n', TWOAT, NONE},
    {SYS_renameat2, "rename", 'n', TWOAT, NONE},
    {SYS_link, "link", 'n', TWO, NONE},
    {SYS_linkat, "link", 'n', TWOAT, NONE},
    {SYS_symlink, "symlink", 'n', LINK, NONE},
    {SYS_symlinkat, "symlink", 'n', LINKAT, NONE},
    {SYS_unlink, "unlink", 'n', PATH, NONE},
    {SYS_unlinkat, "unlink", 'n', ATPATH, NONE},
    {SYS_rmdir, "rmdir", 'n', PATH, NONE},
    {SYS_mkdir, "mkdir", 'n', PATH, NONE},
    {SYS_mkdirat, "mkdir", 'n', ATPATH, NONE},
    {SYS_creat, "create", 'n', PATH, NONE},
    {SYS_open, "open", 'o', PATH, NONE},
    {SYS_openat, "open", 'o', ATPATH, NONE},
    {SYS_openat2, "open", 'o', ATPATH, NONE},
    {SYS_chmod, "chmod", 'm', PATH, NONE},
    {SYS_fchmod, "chmod", 'm', FD, NONE},
    {SYS_fchmodat, "chmod", 'm', ATPATH, NONE},
    {SYS_utimensat, "utimens", 'm', ATPATH, NONE},
    {SYS_flock, "flock", 'm', FD, NONE},
    {SYS_sendto, "send", 't', SOCK, 2},
    {SYS_sendmsg, "send", 't', SOCK, NONE},
    {SYS_recvfrom, "receive", 't', SOCK, 2},
    {SYS_recvmsg, "receive", 't', SOCK, NONE},
    {SYS_connect, "connect", 't', SOCK, NONE},
};
#define COUNT (sizeof CALLS / sizeof *CALLS)
#define PATHS 4096

struct task {
    pid_t tid;
    const struct call *call; /* the one it is in, or none */
    char class;
    const char *name;
    long number, entered;
    char done;
    long result; /* what was put in place of the call's own */
    char first[PATHS], second[PATHS];
};

static struct task *tasks[4096];
static const char *prefixes[8];
static int prefix_count;
static const char *classes = "rwsnomt";
static long at = 0, period = 0, counted = 0, moment = 0;
static const char *action = "";
static FILE *logged;

static void fail(const char *what) {
    perror(what);
    _exit(99);
}

static struct task *task_of(pid_t tid) {
    int spare = -1;
    for (int i = 0; i < 4096; i++) {
        if (tasks[i] && tasks[i]->tid == tid) return tasks[i];
        if (!tasks[i] && spare < 0) spare = i;
    }
    if (spare < 0) { errno = ENOMEM; fail("too many threads"); }
    tasks[spare] = calloc(1, sizeof(struct task));
    if (!tasks[spare]) fail("calloc");
    tasks[spare]->tid = tid;
    return tasks[spare];
}

static void forget(pid_t tid) {
    for (int i = 0; i < 4096; i++)
        if (tasks[i] && tasks[i]->tid == tid) { free(tasks[i]); tasks[i] = NULL; }
}

static void of_fd(pid_t tid, int fd, char *out) {
    char link[64];
    if (fd == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", tid);
    else snprintf(link, sizeof link, "/proc/%d/fd/%d", tid, fd);
    ssize_t len = readlink(link, out, PATHS - 1);
    out[len < 0 ? 0 : len] = 0;
}

/* Reads a string of the program, page by page, so that an end of memory is no error. */
static void text_of(pid_t tid, unsigned long from, char *out) {
    size_t got = 0;
    out[0] = 0;
    while (got < PATHS - 1) {
        size_t step = 256 - (from + got) % 256;
        if (step > PATHS - 1 - got) step = PATHS - 1 - got;
        struct iovec here = {out + got, step}, there = {(void *)(from + got), step};
        ssize_t len = process_vm_readv(tid, &here, 1, &there, 1, 0);
        if (len <= 0) break;
        if (memchr(out + got, 0, len)) return;
        got += len;
    }
    out[got] = 0;
}

static void of_path(pid_t tid, int folder, unsigned long at_address, char *out) {
    static char name[PATHS], base[PATHS];
    text_of(tid, at_address, name);
    if (name[0] == '/') { strcpy(out, name); return; }
    of_fd(tid, folder, base);
    char *rest = name;
    while (rest[0] == '.' && rest[1] == '/') rest += 2;
    if (!strcmp(rest, ".") || !*rest) snprintf(out, PATHS, "%s", base);
    else if (snprintf(out, PATHS, "%s/%s", base, rest) >= PATHS) fail("a long path");
}

/* Takes `.` out of a path, and what would part the columns. */
static void plain(char *text) {
    for (char *dot; (dot = strstr(text, "/./"));) memmove(dot, dot + 2, strlen(dot + 2) + 1);
    for (; *text; text++)
        if (*text == '\t' || *text == '\n') *text = '?';
}

static int counts(const struct task *task) {
    if (!strchr(classes, task->class)) return 0;
    if (!strncmp(task->first, "socket:", 7) || task->class == 't') return strchr(classes, 't') != 0;
    if (!prefix_count) return 1;
    for (int i = 0; i < prefix_count; i++) {
        size_t len = strlen(prefixes[i]);
        if (!strncmp(task->first, prefixes[i], len) || !strncmp(task->second, prefixes[i], len))
            return 1;
    }
    return 0;
}

/* At the entry of a call; true if its return is to be waited for. */
static int enter(struct task *task, pid_t child) {
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, task->tid, 0, &regs)) return 0;
    unsigned long long *args[] = {&regs.rdi, &regs.rsi, &regs.rdx, &regs.r10, &regs.r8, &regs.r9};
    const struct call *call = NULL;
    for (size_t i = 0; i < COUNT; i++)
        if (CALLS[i].nr == (long)regs.orig_rax) call = &CALLS[i];
    if (!call || (call->nr == SYS_ioctl && (unsigned)regs.rsi != FICLONE)) return 0;
    pid_t tid = task->tid;
    char *first = task->first, *second = task->second;
    first[0] = second[0] = 0;
    switch (call->shape) {
    case FD: case OUT1: case SOCK: of_fd(tid, (int)regs.rdi, first); break;
    case OUT3: of_fd(tid, (int)regs.rdx, first); of_fd(tid, (int)regs.rdi, second); break;
    case PATH: of_path(tid, AT_FDCWD, regs.rdi, first); break;
    case ATPATH:
        if (regs.rsi) of_path(tid, (int)regs.rdi, regs.rsi, first);
        else of_fd(tid, (int)regs.rdi, first);
        break;
    case TWO: of_path(tid, AT_FDCWD, regs.rdi, first); of_path(tid, AT_FDCWD, regs.rsi, second); break;
    case TWOAT: of_path(tid, (int)regs.rdi, regs.rsi, first); of_path(tid, (int)regs.rdx, regs.r10, second); break;
    case LINK: of_path(tid, AT_FDCWD, regs.rsi, first); break;
    case LINKAT: of_path(tid, (int)regs.rsi, regs.rdx, first); break;
    }
    task->call = call;
    task->class = call->class;
    task->name = call->name;
    if (call->class == 'o') {
        unsigned long flags = call->nr == SYS_open ? regs.rsi : regs.rdx;
        if (call->nr == SYS_openat2) {
            struct iovec here = {&flags, 8}, there = {(void *)regs.rdx, 8};
            if (process_vm_readv(tid, &here, 1, &there, 1, 0) != 8) flags = 0;
        }
        if (flags & O_TRUNC) task->name = "truncate";
        if (flags & O_CREAT) task->name = "create";
        if (flags & (O_CREAT | O_TRUNC)) task->class = 'n';
    }
    if (!strncmp(first, "socket:", 7)) task->class = 't';
    plain(first);
    plain(second);
    task->entered = ++moment;
    task->done = 0;
    task->number = counts(task) ? ++counted : 0;
    long past = task->number - at;
    if (!at || !task->number || past < 0 || (past > 0 && (!period || past % period))) return 1;
    task->done = 1;
    if (!strcmp(action, "kill")) {
        fprintf(logged, "%ld\t%ld\t0\t%c\t%s\tkilled\t%s\t%s\t1\n", task->number, task->entered,
                task->class, task->name, first, second);
        kill(child, SIGKILL);
        return 0;
    }
    if (!strcmp(action, "short")) {
        if (call->length == NONE || *args[call->length] < 2) task->done = 0;
        else *args[call->length] /= 2;
    } else {
        task->result = -atol(action);
        regs.orig_rax = -1;
        regs.rax = task->result;
    }
    if (ptrace(PTRACE_SETREGS, tid, 0, &regs) && errno != ESRCH) fail("SETREGS");
    return 1;
}

static void leave(struct task *task) {
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, task->tid, 0, &regs)) return;
    if (task->done && strcmp(action, "short")) {
        regs.rax = task->result;
        if (ptrace(PTRACE_SETREGS, task->tid, 0, &regs) && errno != ESRCH) fail("SETREGS");
    }
    fprintf(logged, "%ld\t%ld\t%ld\t%c\t%s\t%lld\t%s\t%s\t%d\n", task->number, task->entered,
            ++moment, task->class, task->name, (long long)regs.rax, task->first, task->second,
            task->done);
    task->call = NULL;
}

/* Lets the kernel stop at the calls of the table, and at no other. */
static void filter(void) {
    struct sock_filter program[COUNT + 4];
    size_t len = 0;
    program[len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT; i++)
        program[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[i].nr, COUNT - i, 0);
    program[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog whole = {len, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole)) fail("seccomp");
}

int main(int argc, char **argv) {
    int option;
    const char *log = NULL;
    while ((option = getopt(argc, argv, "+l:u:c:n:p:a:")) != -1) {
        switch (option) {
        case 'l': log = optarg; break;
        case 'u':
            if (prefix_count == 8) return 98;
            prefixes[prefix_count++] = optarg;
            break;
        case 'c': classes = optarg; break;
        case 'n': at = atol(optarg); break;
        case 'p': period = atol(optarg); break;
        case 'a': action = optarg; break;
        default: return 98;
        }
    }
    if (!log || optind >= argc) return 98;
    logged = fopen(log, "we");
    if (!logged) fail(log);
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (!child) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0)) fail("TRACEME");
        raise(SIGSTOP);
        filter();
        execv(argv[optind], argv + optind);
        fail(argv[optind]);
    }
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) fail("the child");
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options)) fail("SETOPTIONS");
    if (ptrace(PTRACE_CONT, child, 0, 0)) fail("CONT");
    int ended = 0;
    for (;;) {
        pid_t tid = waitpid(-1, &status, __WALL);
        if (tid < 0) {
            if (errno == EINTR) continue;
            if (errno == ECHILD) break;
            fail("waitpid");
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (tid == child) ended = status;
            forget(tid);
            continue;
        }
        if (!WIFSTOPPED(status)) continue;
        int signal = WSTOPSIG(status), event = status >> 16, request = PTRACE_CONT;
        struct task *task = task_of(tid);
        if (signal == (SIGTRAP | 0x80)) {
            if (task->call) leave(task);
            signal = 0;
        } else if (event == PTRACE_EVENT_SECCOMP) {
            if (enter(task, child)) request = PTRACE_SYSCALL;
            signal = 0;
        } else if (event) {
            signal = 0;
        } else if (signal == SIGSTOP) {
            signal = 0; /* the first stop of a new thread */
        }
        /* A signal while its call goes on: its return is still waited for. */
        if (signal && task->call) request = PTRACE_SYSCALL;
        if (ptrace(request, tid, 0, signal) && errno != ESRCH) fail("to go on");
    }
    fprintf(logged, "end\t%ld\t%s\t%d\n", counted, WIFSIGNALED(ended) ? "signal" : "exit",
            WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended));
    if (fclose(logged)) fail(log);
    return WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
}
