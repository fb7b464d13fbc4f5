//! Debian's `docker-registry` on loopback: version 2.8 of the distribution project,
//! which has no list of referrers.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

/// The program, and the package that it is in.
pub const PROGRAM: &str = "docker-registry";

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// How often another port is tried when the chosen one was taken by somebody else.
const TRIES: usize = 3;

/// A running `docker-registry` with a storage of its own; dropping it stops it.
#[derive(Debug)]
pub struct Debian {
    child: Child,
    host: String,
    _folder: tempfile::TempDir,
}

impl Debian {
    /// Starts one. `passwords` is the content of a file as `htpasswd -B` makes it, whose
    /// users alone get in.
    pub fn start(passwords: Option<&str>) -> io::Result<Self> {
        let mut started = Self::start_once(passwords);
        for _ in 1..TRIES {
            if started.is_ok() {
                break;
            }
            started = Self::start_once(passwords);
        }
        started
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    fn start_once(passwords: Option<&str>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let host = listener.local_addr()?.to_string();
        drop(listener);
        let settings = folder.path().join("config.yml");
        std::fs::write(&settings, configuration(folder.path(), &host, passwords)?)?;
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg(&settings).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn()?;
        let mut started = Self { child, host, _folder: folder };
        let deadline = Instant::now() + START;
        while !answers(&started.host) {
            if started.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(io::Error::other("it does not start"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Somebody else may be who answers.
        match started.child.try_wait()? {
            None => Ok(started),
            Some(_) => Err(io::ErrorKind::AddrInUse.into()),
        }
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Its configuration; YAML reads JSON.
fn configuration(folder: &Path, host: &str, passwords: Option<&str>) -> io::Result<String> {
    let mut settings = json!({
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": true}},
        "storage": {
            "filesystem": {"rootdirectory": folder.join("storage")},
            "delete": {"enabled": true},
            "maintenance": {"uploadpurging": {"enabled": false}},
        },
        "http": {"addr": host},
    });
    if let Some(passwords) = passwords {
        let file = folder.join("htpasswd");
        std::fs::write(&file, passwords)?;
        settings["auth"] = json!({"htpasswd": {"realm": "tests", "path": file}});
    }
    Ok(settings.to_string())
}

/// Whether a registry answers, be it that one has to log in.
fn answers(host: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(host) else { return false };
    let asked = format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let read = stream
        .set_read_timeout(Some(START))
        .and_then(|()| stream.write_all(asked.as_bytes()))
        .and_then(|()| stream.take(1 << 16).read_to_string(&mut answer));
    read.is_ok()
        && ["200", "401"].iter().any(|status| answer.starts_with(&format!("HTTP/1.1 {status}")))
}
