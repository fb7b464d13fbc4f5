//! The parent's side: start, watch, end, and say how it went.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use pkg_plugin_abi::{OK, PANICKED};
use pkg_plugin_sdk::{Description, Reply, Request};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Ending;
use crate::child::{Hello, Stopped};
use crate::confine::Confinement;
use crate::frame::{self, Kind, MAX_FRAME};
use crate::order::{Access, Call, Limits, Order, hex};

/// How often the clock and the memory are looked at.
const TICK: Duration = Duration::from_millis(10);
/// Longest time that can be given, a year: clocks have an end.
const MAX_SECONDS: u64 = 365 * 24 * 3600;
/// How long what a dead child left in its pipes is waited for.
const DRAIN: Duration = Duration::from_secs(2);
/// Most bytes of a child's output that are kept, of each stream.
const MAX_OUTPUT: u64 = 64 << 10;
/// Most messages that are kept.
const MAX_MESSAGES: usize = 1000;
/// Most findings, checks, metrics or materials of a reply.
const MAX_PARTS: usize = 10_000;

/// Variables that are handed on to plugins that use a GPU: where its driver is, and
/// which of several GPUs to use.
const GPU_VARIABLES: [&str; 5] = [
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
];

/// What to run.
#[derive(Debug, Clone)]
pub struct Job {
    /// A program that calls [`crate::serve`] when it is given `arguments`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The library.
    pub library: PathBuf,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// What it may touch.
    pub access: Access,
    /// How much it may use.
    pub limits: Limits,
    /// Whether it is run only if it can be confined completely.
    pub demand_confinement: bool,
}

/// Is told how far a plugin is: units done, units in all (0: not known).
pub type Watch<'a> = dyn Fn(u64, u64) + Sync + 'a;

/// What came of a run.
#[derive(Debug)]
pub struct Ran<T> {
    /// The reply, or why there is none.
    pub outcome: Result<T, Ending>,
    /// How the process was confined; none if it did not come so far.
    pub confinement: Option<Confinement>,
    /// What the plugin logged and printed.
    pub log: Vec<String>,
}

/// Asks a plugin what it is.
pub fn describe(job: &Job) -> Ran<Description> {
    start(job, Call::Describe, &[], &|_, _| ()).map(|json| parse(&json))
}

/// Asks a plugin to do something.
pub fn run(job: &Job, request: &Request, watch: &Watch<'_>) -> Ran<Reply> {
    let request = match serde_json::to_vec(request) {
        Ok(request) => request,
        Err(error) => return Ran::without(Ending::NotStarted { detail: error.to_string() }),
    };
    start(job, Call::Run, &request, watch).map(|json| read_reply(&json))
}

/// Reads what a plugin sent as its reply; one that contradicts itself is none.
pub fn read_reply(json: &[u8]) -> Result<Reply, Ending> {
    let reply: Reply = parse(json)?;
    let parts = [reply.checks.len(), reply.findings.len(), reply.metrics.len()];
    let parts = parts.into_iter().chain([reply.materials.len(), reply.artifacts.len()]);
    if parts.max() > Some(MAX_PARTS) {
        let detail = format!("it has more than {MAX_PARTS} parts of a kind");
        return Err(Ending::BadReply { detail });
    }
    match reply.contradiction() {
        Some(detail) => Err(Ending::BadReply { detail }),
        None => Ok(reply),
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Ending> {
    serde_json::from_slice(json).map_err(|error| Ending::BadReply { detail: error.to_string() })
}

impl<T> Ran<T> {
    fn without(ending: Ending) -> Self {
        Self { outcome: Err(ending), confinement: None, log: Vec::new() }
    }

    fn map<U>(self, convert: impl FnOnce(T) -> Result<U, Ending>) -> Ran<U> {
        Ran {
            outcome: self.outcome.and_then(convert),
            confinement: self.confinement,
            log: self.log,
        }
    }
}

/// What the threads that read from the child tell.
enum News {
    Frame(Kind, Vec<u8>),
    /// Nothing more comes over the socket.
    Closed,
    /// What came over it is no frame; nothing more is read.
    NoFrame(String),
    Printed(&'static str, Vec<u8>),
}

fn start(job: &Job, call: Call, request: &[u8], watch: &Watch<'_>) -> Ran<Vec<u8>> {
    if request.len() > MAX_FRAME as usize {
        let detail = format!("a request of {} bytes is more than {MAX_FRAME}", request.len());
        return Ran::without(Ending::NotStarted { detail });
    }
    let started = nonce().and_then(|nonce| Ok((spawn(job, &nonce, call, request)?, nonce)));
    match started {
        Ok(((child, news), nonce)) => {
            let mut run = Run {
                nonce,
                watch,
                confinement: None,
                log: Vec::new(),
                reply: None,
                stopped: None,
                closed: false,
                wrong: None,
                printed: 0,
            };
            let outcome = run.attend(child, &news, job.limits);
            Ran { outcome, confinement: run.confinement, log: run.log }
        }
        Err(error) => Ran::without(Ending::NotStarted { detail: error.to_string() }),
    }
}

/// 128 bits that the child has to repeat.
fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

fn spawn(
    job: &Job,
    nonce: &str,
    call: Call,
    request: &[u8],
) -> std::io::Result<(Child, Receiver<News>)> {
    let mut access = job.access.clone();
    let mut command = Command::new(&job.program);
    command.args(&job.arguments).env_clear().env("LC_ALL", "C.UTF-8").env("RUST_BACKTRACE", "0");
    if access.gpu {
        // The driver's cache of compiled kernels would be written outside.
        command.env("CUDA_CACHE_DISABLE", "1");
        for name in GPU_VARIABLES {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        let places = std::env::var_os("LD_LIBRARY_PATH");
        access.read.extend(places.iter().flat_map(std::env::split_paths));
    }
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut child = command
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    // The command still holds the child's end, which would keep the socket open.
    drop(command);
    // Bounded: a plugin that talks faster than it is listened to has to wait.
    let (sender, news) = sync_channel(256);
    if let Some(out) = child.stdout.take() {
        collect(out, "stdout", sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        collect(err, "stderr", sender.clone());
    }
    let input = ours.try_clone()?;
    std::thread::spawn(move || receive(input, &sender));
    let order = Order {
        nonce: nonce.to_owned(),
        library: job.library.clone(),
        sha256: job.sha256.clone(),
        call,
        access,
        limits: job.limits,
        demand_confinement: job.demand_confinement,
    };
    let request = request.to_vec();
    // A child that reads nothing must not keep the parent waiting either.
    std::thread::spawn(move || {
        let order = serde_json::to_vec(&order).unwrap_or_default();
        let sent = frame::write(&mut ours, Kind::Order, &order);
        let _ = sent.and_then(|()| frame::write(&mut ours, Kind::Request, &request));
        let _ = ours.flush();
    });
    Ok((child, news))
}

fn collect(from: impl Read + Send + 'static, name: &'static str, to: SyncSender<News>) {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut from = from;
        let _ = from.by_ref().take(MAX_OUTPUT).read_to_end(&mut kept);
        let _ = to.send(News::Printed(name, kept));
        // A full pipe would make the child wait.
        let _ = std::io::copy(&mut from, &mut std::io::sink());
    });
}

fn receive(mut from: UnixStream, to: &SyncSender<News>) {
    let last = loop {
        match frame::read(&mut from) {
            Ok(Some((kind, payload))) => {
                if to.send(News::Frame(kind, payload)).is_err() {
                    return;
                }
            }
            Ok(None) => break News::Closed,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                break News::Closed;
            }
            Err(error) => break News::NoFrame(error.to_string()),
        }
    };
    let _ = to.send(last);
}

/// A run, as far as it is.
struct Run<'a> {
    nonce: String,
    watch: &'a Watch<'a>,
    confinement: Option<Confinement>,
    log: Vec<String>,
    reply: Option<(i32, Vec<u8>)>,
    stopped: Option<Ending>,
    /// Whether the socket was read to its end.
    closed: bool,
    /// What was wrong with a frame.
    wrong: Option<String>,
    /// Streams that were read to their end.
    printed: usize,
}

impl Run<'_> {
    fn attend(
        &mut self,
        mut child: Child,
        news: &Receiver<News>,
        limits: Limits,
    ) -> Result<Vec<u8>, Ending> {
        let deadline = Instant::now() + Duration::from_secs(limits.seconds.min(MAX_SECONDS));
        let outcome = loop {
            match news.recv_timeout(TICK) {
                Ok(news) => self.take(news),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if ended(&child) {
                break Ok(());
            }
            if Instant::now() > deadline {
                break Err(Ending::TimedOut { seconds: limits.seconds });
            }
            if resident(&child).is_some_and(|bytes| bytes > limits.memory) {
                break Err(Ending::MemoryLimit { bytes: limits.memory });
            }
            if self.closed && self.printed == 2 {
                // Nothing is open any more, but the process has not been taken away yet.
                std::thread::sleep(TICK);
            }
        };
        let status = end(&mut child);
        outcome?;
        let status = status.map_err(|error| Ending::NotStarted { detail: error.to_string() })?;
        let patience = Instant::now() + DRAIN;
        while (!self.closed || self.printed < 2) && Instant::now() < patience {
            match news.recv_timeout(TICK) {
                Ok(news) => self.take(news),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.conclude(status)
    }

    fn take(&mut self, news: News) {
        match news {
            News::Closed => self.closed = true,
            News::NoFrame(why) => (self.closed, self.wrong) = (true, Some(why)),
            News::Printed(name, text) => {
                self.printed += 1;
                for line in String::from_utf8_lossy(&text).lines() {
                    self.message(format!("{name}: {line}"));
                }
            }
            News::Frame(Kind::Hello, payload) => {
                if let Ok(hello) = serde_json::from_slice::<Hello>(&payload)
                    && hello.nonce == self.nonce
                    && self.confinement.is_none()
                {
                    self.confinement = Some(hello.confinement);
                }
            }
            News::Frame(Kind::Stopped, payload) => {
                if let Ok(stopped) = serde_json::from_slice::<Stopped>(&payload)
                    && stopped.nonce == self.nonce
                {
                    self.stopped = Some(stopped.ending);
                }
            }
            News::Frame(Kind::Log, payload) => {
                if let Some((_, text)) = payload.split_first_chunk::<4>() {
                    self.message(String::from_utf8_lossy(text).into_owned());
                }
            }
            News::Frame(Kind::Progress, payload) => {
                if let Some((done, rest)) = payload.split_first_chunk::<8>()
                    && let Some((total, _)) = rest.split_first_chunk::<8>()
                {
                    (self.watch)(u64::from_le_bytes(*done), u64::from_le_bytes(*total));
                }
            }
            News::Frame(Kind::Reply, payload) => {
                if let Some(rest) = payload.strip_prefix(self.nonce.as_bytes())
                    && let Some((code, json)) = rest.split_first_chunk::<4>()
                {
                    self.reply = Some((i32::from_le_bytes(*code), json.to_vec()));
                }
            }
            News::Frame(Kind::Order | Kind::Request, _) => {}
        }
    }

    fn message(&mut self, text: String) {
        if self.log.len() < MAX_MESSAGES {
            self.log.push(text);
        }
    }

    fn conclude(&mut self, status: ExitStatus) -> Result<Vec<u8>, Ending> {
        if let Some(signal) = status.signal() {
            return Err(Ending::Crashed { signal });
        }
        if let Some(ending) = self.stopped.take() {
            return Err(ending);
        }
        let code = status.code().unwrap_or(-1);
        match (self.reply.take(), self.wrong.take()) {
            (Some((OK, json)), _) if code == 0 => Ok(json),
            (Some((returned, json)), _) if returned != OK => {
                let said = serde_json::from_slice::<Refusal>(&json).map(|refusal| refusal.error);
                let said = said.unwrap_or_else(|_| format!("it returned {returned}"));
                Err(match returned {
                    PANICKED => Ending::Panicked { message: said },
                    _ => Ending::Refused { reason: said },
                })
            }
            (None, Some(wrong)) => Err(Ending::BadReply { detail: wrong }),
            _ => Err(Ending::NoReply { code }),
        }
    }
}

/// What a plugin emits that could not look.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Whether the child has ended. It is not taken away yet, so that its number stays its own.
fn ended(child: &Child) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(child)), options).is_ok_and(|status| status.is_some())
}

/// Ends the child and all it may have started, and takes it away.
fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    let group = Pid::from_child(child);
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.kill();
    child.wait()
}

/// Bytes of memory that are resident, as the kernel counts them.
fn resident(child: &Child) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/statm", child.id())).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}
