//! What the child gives up before it loads anything.

use std::collections::BTreeMap;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use schemars::JsonSchema;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use serde::{Deserialize, Serialize};

use crate::order::{Access, Limits};

/// How much of a confinement the system enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All of it.
    Full,
    /// Part of it: the kernel is older.
    Partial,
    /// Nothing.
    None,
}

/// How a process was confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confinement {
    /// Files and network, by Landlock.
    pub landlock: Level,
    /// System calls, by a seccomp filter.
    pub seccomp: Level,
    /// No program can gain privileges.
    pub no_new_privileges: bool,
}

impl Confinement {
    /// Whether everything is enforced.
    pub const fn is_full(self) -> bool {
        matches!(self.landlock, Level::Full)
            && matches!(self.seccomp, Level::Full)
            && self.no_new_privileges
    }
}

/// What every plugin may read: the libraries of the system, and what describes the
/// processor.
const READ: [&str; 16] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
];

/// What the driver of a GPU reads, besides.
const GPU_READ: [&str; 9] = [
    "/usr/local/nvidia",
    "/usr/lib/wsl",
    "/usr/share/nvidia",
    "/etc/nvidia",
    "/proc",
    "/sys/bus/pci",
    "/sys/devices",
    "/sys/module",
    "/run/nvidia-persistenced",
];

/// Devices and files that the driver of a GPU writes to. Thread names are written under
/// `/proc/self/task`.
const GPU_WRITE: [&str; 8] = [
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia-uvm-tools",
    "/dev/nvidia-modeset",
    "/dev/nvidia-caps",
    "/dev/dxg",
    "/dev/shm",
    "/proc/self/task",
];

/// Limits that hold for the whole process, before anything else is done.
pub(crate) fn limit(limits: Limits, gpu: bool) -> Result<(), String> {
    let set = |resource, most: u64| {
        // A limit that is lower already stays: it cannot be raised.
        let now = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let most = Some(most.min(now));
        setrlimit(resource, Rlimit { current: most, maximum: most })
            .map_err(|error| format!("the process cannot be limited: {error}"))
    };
    set(Resource::Core, 0)?;
    set(Resource::Nofile, 4096)?;
    if !gpu {
        // The driver of a GPU reserves addresses by the terabyte; there the parent's watch
        // over resident memory has to do. Elsewhere this is the second line behind it.
        let room = limits.memory.saturating_mul(2).saturating_add(1 << 30);
        set(Resource::As, room)?;
    }
    Ok(())
}

/// Gives up what the plugin does not need, for good.
pub(crate) fn confine(access: &Access) -> Confinement {
    // Should the parent die, nobody holds the clock any more.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let no_new_privileges = rustix::thread::set_no_new_privs(true).is_ok();
    let landlock = restrict_files(access).map_or(Level::None, |status| match status {
        RulesetStatus::FullyEnforced => Level::Full,
        RulesetStatus::PartiallyEnforced => Level::Partial,
        RulesetStatus::NotEnforced => Level::None,
    });
    let seccomp = if restrict_calls().is_ok() { Level::Full } else { Level::None };
    Confinement { landlock, seccomp, no_new_privileges }
}

fn restrict_files(access: &Access) -> Result<RulesetStatus, landlock::RulesetError> {
    let abi = ABI::V5;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    let read = AccessFs::from_read(abi);
    // Some system folders are missing on some systems, which must not undo the rest.
    for path in READ {
        ruleset = allow(ruleset, Path::new(path), read)?;
    }
    for path in &access.read {
        ruleset = allow(ruleset, path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    if access.gpu {
        for path in GPU_READ {
            ruleset = allow(ruleset, Path::new(path), read)?;
        }
        let write = AccessFs::from_all(abi);
        for path in GPU_WRITE {
            ruleset = allow(ruleset, Path::new(path), write)?;
        }
        for number in 0..64 {
            ruleset = allow(ruleset, Path::new(&format!("/dev/nvidia{number}")), write)?;
        }
    }
    Ok(ruleset.restrict_self()?.ruleset)
}

/// Lets one path be used, if it is there.
fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, landlock::RulesetError> {
    let Ok(descriptor) = PathFd::new(path) else { return Ok(ruleset) };
    // A rule for a file may not name rights that only folders have.
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V5) };
    ruleset.add_rule(PathBeneath::new(descriptor, access))
}

/// System calls that no plugin needs. A list of what is refused, not of what is allowed:
/// drivers change what they call, and a list of that would break with each.
const REFUSED: [libc::c_long; 41] = [
    // Other programs, and other processes.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // The network.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    // The kernel's wider surface.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn restrict_calls() -> Result<(), seccompiler::Error> {
    let equals = |argument, operator, value| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value)
            .and_then(|condition| SeccompRule::new(vec![condition]))
    };
    let own = u64::from(std::process::id());
    let mut refused: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    // A thread may be started, a process not.
    #[allow(clippy::cast_sign_loss)]
    let thread = libc::CLONE_THREAD as u64;
    let process = equals(0, SeccompCmpOp::MaskedEq(thread), 0)?;
    refused.insert(libc::SYS_clone, vec![process]);
    #[cfg(target_arch = "x86_64")]
    {
        refused.insert(libc::SYS_fork, Vec::new());
        refused.insert(libc::SYS_vfork, Vec::new());
    }
    // Signals and limits of itself only: `abort` sends one.
    refused.insert(libc::SYS_tgkill, vec![equals(0, SeccompCmpOp::Ne, own)?]);
    let other = SeccompRule::new(vec![
        SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?,
        SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, own)?,
    ])?;
    refused.insert(libc::SYS_prlimit64, vec![other]);
    install(refused, libc::EPERM)?;
    // Its flags lie in memory, where a filter cannot look; without it the C library
    // falls back to `clone`.
    install(Rules::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

fn install(rules: Rules, errno: i32) -> Result<(), seccompiler::Error> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)
}
