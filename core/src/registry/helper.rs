//! Credential helpers: programs of others that know passwords (the protocol of
//! `docker-credential-helpers`). One is run only when a file of credentials names it.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::credentials::Environment;
use crate::finding::{Code, Problem, Result};

/// Largest output, in bytes.
const MAX_OUTPUT: u64 = 256 << 10;

/// Time that a helper has; it may ask for a PIN.
const TIME: Duration = Duration::from_mins(1);

/// What helpers say when they have nothing (`docker-credential-helpers`).
const NOT_FOUND: &str = "credentials not found";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    username: String,
    secret: String,
}

/// User and secret that the helper `name` has for a host; `config` names the helper.
pub(super) fn get(
    name: &str,
    host: &str,
    config: &Path,
    environment: &Environment,
) -> Result<Option<(String, Zeroizing<String>)>> {
    ask(name, host, config, environment, TIME)
}

pub(super) fn ask(
    name: &str,
    host: &str,
    config: &Path,
    environment: &Environment,
    time: Duration,
) -> Result<Option<(String, Zeroizing<String>)>> {
    let wrong = |why: String| {
        Problem::new(Code::RegistryCredentials, config.display())
            .detail(format!("the helper {:?}: {why}", super::address::printable(name)))
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(wrong("its name has characters that no helper has".to_owned()));
    }
    let program = format!("docker-credential-{name}");
    let path = on_path(&program, environment)
        .ok_or_else(|| wrong(format!("there is no program {program} on PATH")))?;
    let (status, output) =
        run(&path, host, time).map_err(|error| wrong(error.to_string()).source(error))?;
    if output.len() as u64 > MAX_OUTPUT {
        return Err(wrong(format!("it prints over {MAX_OUTPUT} bytes")));
    }
    if !status.success() {
        let text = String::from_utf8_lossy(&output);
        if text.to_ascii_lowercase().contains(NOT_FOUND) {
            return Ok(None);
        }
        // What it printed may hold a secret.
        return Err(wrong(format!("it ends with {status}")));
    }
    let output: Output = serde_json::from_slice(&output)
        .map_err(|_| wrong("it prints something else than a user and a secret".to_owned()))?;
    let secret = Zeroizing::new(output.secret);
    if secret.is_empty() {
        return Ok(None);
    }
    Ok(Some((output.username, secret)))
}

/// A program in the folders of `PATH`; only absolute ones are looked into.
fn on_path(program: &str, environment: &Environment) -> Option<PathBuf> {
    let folders = environment("PATH")?;
    std::env::split_paths(&folders).filter(|folder| folder.is_absolute()).find_map(|folder| {
        let path = folder.join(program);
        let meta = path.metadata().ok()?;
        (meta.is_file() && meta.permissions().mode() & 0o111 != 0).then_some(path)
    })
}

/// Runs `PROGRAM get`, with the host on its input.
fn run(
    program: &Path,
    host: &str,
    time: Duration,
) -> std::io::Result<(ExitStatus, Zeroizing<Vec<u8>>)> {
    let until = Instant::now() + time;
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    if let Some(mut stdin) = stdin {
        // One that does not want to know answers for itself.
        let _ = stdin.write_all(host.as_bytes());
    }
    let (sender, receiver) = mpsc::channel();
    // Not waited for: whoever inherited the output may keep it open for good.
    std::thread::spawn(move || {
        let mut output = Zeroizing::new(Vec::new());
        let read = match stdout {
            Some(stdout) => stdout.take(MAX_OUTPUT + 1).read_to_end(&mut output),
            None => Ok(0),
        };
        // Nobody listens after the time is over.
        let _ = sender.send(read.map(|_| output));
    });
    let Ok(output) = receiver.recv_timeout(time) else {
        end(&mut child)?;
        return Err(std::io::Error::other(format!("no answer in {} seconds", time.as_secs())));
    };
    // It has said everything, or too much.
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, output?));
        }
        let too_much = output.as_ref().is_ok_and(|output| output.len() as u64 > MAX_OUTPUT);
        if too_much || Instant::now() >= until {
            return Ok((end(&mut child)?, output?));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    child.kill()?;
    child.wait()
}
