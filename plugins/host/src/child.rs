//! The child's side: confine, load, call, reply.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, memfd_create};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::confine::{Confinement, confine, limit};
use crate::frame::{self, Kind, MAX_FRAME};
use crate::load::{self, Listener};
use crate::order::{Call, Order, hex};
use crate::{Ending, elf};

/// Longest library, in bytes.
const MAX_LIBRARY: u64 = 1 << 30;

/// First frame of the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) nonce: String,
    pub(crate) confinement: Confinement,
}

/// Last frame of the child, when it could not begin.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stopped {
    pub(crate) nonce: String,
    pub(crate) ending: Ending,
}

/// The child's whole life: takes an order from standard input, which is a socket, and
/// answers there. The answer is the exit code of the process.
///
/// Only 0 together with a complete reply is a success, so the code says little.
pub fn serve() -> u8 {
    match attempt() {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn attempt() -> io::Result<()> {
    let mut socket = File::from(take_stdin()?);
    let (kind, order) = frame::read(&mut socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let order: Order = match kind {
        Kind::Order => serde_json::from_slice(&order)?,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let request = match (order.call, frame::read(&mut socket)?) {
        (Call::Run, Some((Kind::Request, request))) => request,
        (Call::Describe, _) => Vec::new(),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    match answer(&order, &request, &mut socket) {
        Ok(()) => Ok(()),
        Err(ending) => {
            let stopped = Stopped { nonce: order.nonce, ending };
            frame::write(&mut socket, Kind::Stopped, &serde_json::to_vec(&stopped)?)
        }
    }
}

/// Moves the socket away from standard input, where a library could find it by chance.
fn take_stdin() -> io::Result<OwnedFd> {
    let stdin = rustix::stdio::stdin();
    let socket = rustix::io::fcntl_dupfd_cloexec(stdin, 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(socket)
}

fn answer(order: &Order, request: &[u8], socket: &mut File) -> Result<(), Ending> {
    let not_confined = |detail: String| Ending::NotConfined { detail };
    limit(order.limits, order.access.gpu).map_err(not_confined)?;
    let (bytes, actual) = read_library(&order.library)?;
    if actual != order.sha256 {
        return Err(Ending::OtherLibrary { expected: order.sha256.clone(), actual });
    }
    let pinned = Pinned::new(&bytes)?;
    let confinement = confine(&order.access);
    if order.demand_confinement && !confinement.is_full() {
        return Err(not_confined(format!(
            "files: {:?}, system calls: {:?}, privileges: {}",
            confinement.landlock, confinement.seccomp, confinement.no_new_privileges
        )));
    }
    // The library may be hostile: even its headers are read in confinement.
    elf::check(&bytes).map_err(|detail| Ending::NotLoadable { detail })?;
    drop(bytes);
    let lost = |error: io::Error| Ending::NotStarted { detail: error.to_string() };
    let hello = Hello { nonce: order.nonce.clone(), confinement };
    send(socket, Kind::Hello, &hello).map_err(lost)?;
    let mut listener = Talker { socket, reply: Vec::new(), too_long: false };
    let code = load::call(&pinned.path, order.call, request, &mut listener)?;
    let Talker { socket, reply, too_long } = listener;
    if too_long {
        return Err(Ending::BadReply { detail: "it is longer than a reply may be".to_owned() });
    }
    let mut payload = order.nonce.clone().into_bytes();
    payload.extend(code.to_le_bytes());
    payload.extend(reply);
    frame::write(socket, Kind::Reply, &payload).map_err(lost)
}

fn send(socket: &mut File, kind: Kind, value: &impl Serialize) -> io::Result<()> {
    frame::write(socket, kind, &serde_json::to_vec(value)?)
}

/// Reads a library once; the digest is that of the bytes that will be loaded.
fn read_library(path: &Path) -> Result<(Vec<u8>, String), Ending> {
    let failed = |error: io::Error| Ending::NotLoadable {
        detail: format!("{} cannot be read: {error}", path.display()),
    };
    // Asked before opening: a named pipe would wait for a writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Ending::NotLoadable { detail: format!("{} is no file", path.display()) });
    }
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_LIBRARY + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_LIBRARY {
        let detail = format!("{} is longer than {MAX_LIBRARY} bytes", path.display());
        return Err(Ending::NotLoadable { detail });
    }
    let digest = hex(&Sha256::digest(&bytes));
    Ok((bytes, digest))
}

/// A copy of the library that nobody can change any more.
struct Pinned {
    path: PathBuf,
    _memory: Option<OwnedFd>,
    _folder: Option<tempfile::TempDir>,
}

impl Pinned {
    fn new(bytes: &[u8]) -> Result<Self, Ending> {
        Self::in_memory(bytes).or_else(|_| Self::in_folder(bytes)).map_err(|error| {
            Ending::NotLoadable { detail: format!("no place to keep a copy: {error}") }
        })
    }

    fn in_memory(bytes: &[u8]) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let name = "pkg-plugin";
        // Where the system asks for it, memory that may hold code has to be called so.
        let memory =
            memfd_create(name, flags | MemfdFlags::EXEC).or_else(|_| memfd_create(name, flags))?;
        let mut file = File::from(memory);
        file.write_all(bytes)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_fd().as_raw_fd()));
        Ok(Self { path, _memory: Some(file.into()), _folder: None })
    }

    /// Where memory cannot hold code: a folder that only this user can look into.
    fn in_folder(bytes: &[u8]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("plugin.so");
        std::fs::write(&path, bytes)?;
        Ok(Self { path, _memory: None, _folder: Some(folder) })
    }
}

/// Passes on what a plugin tells.
struct Talker<'a> {
    socket: &'a mut File,
    reply: Vec<u8>,
    too_long: bool,
}

impl Listener for Talker<'_> {
    fn log(&mut self, level: u32, text: &[u8]) {
        let mut payload = level.to_le_bytes().to_vec();
        payload.extend(text);
        // A parent that is gone ends this process soon.
        let _ = frame::write(self.socket, Kind::Log, &payload);
    }

    fn progress(&mut self, done: u64, total: u64) {
        let mut payload = done.to_le_bytes().to_vec();
        payload.extend(total.to_le_bytes());
        let _ = frame::write(self.socket, Kind::Progress, &payload);
    }

    fn emit(&mut self, json: &[u8]) {
        if self.reply.len() + json.len() > MAX_FRAME as usize - 1024 {
            self.too_long = true;
        } else {
            self.reply.extend(json);
        }
    }
}
