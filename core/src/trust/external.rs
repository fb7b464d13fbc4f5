//! Signing by a command: a key service of a cloud, a signing server, a token
//! with tools of its own.
//!
//! The command is run without a shell, once with `public-key` as its last
//! argument and then with `sign` for every signature. `docs/signers.md` is the
//! description of the protocol for those who write such a command.

use std::cell::OnceCell;
use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::hexadecimal;
use super::key::{Algorithm, PublicKey};
use super::signer::Signer;
use crate::finding::{Code, Problem, Result};

/// How long a command may take unless a caller says otherwise: long enough for
/// somebody to touch a token.
pub const TIME_LIMIT: Duration = Duration::from_mins(2);

/// Most that a command may print, in bytes.
pub const MAX_OUTPUT: usize = 64 << 10;

/// How much of its standard error is shown, in bytes.
const MAX_SHOWN: usize = 2048;

/// How often it is looked whether the command has ended.
const TICK: Duration = Duration::from_millis(10);

/// What an unquoted command line may not hold, because only a shell knows it.
const SHELL_ONLY: &str = "|&;<>()$`*?\n";

/// A command that signs.
#[derive(Debug)]
pub struct ExternalSigner {
    /// Program and arguments.
    command: Vec<String>,
    /// How long each run of it may take.
    time_limit: Duration,
    public: OnceCell<PublicKey>,
}

impl ExternalSigner {
    /// Takes a program and its arguments.
    pub fn new(command: Vec<String>, time_limit: Duration) -> Result<Self> {
        match command.first() {
            Some(program) if !program.is_empty() => {
                Ok(Self { command, time_limit, public: OnceCell::new() })
            }
            _ => Err(Problem::new(Code::SignerCommandInvalid, "the signing command")
                .detail("it is empty")),
        }
    }

    /// Takes a command line: words between spaces, where quotes and backslashes
    /// protect as in a shell, and nothing else of a shell is there.
    pub fn parse(line: &str) -> Result<Self> {
        let words = words(line)
            .map_err(|why| Problem::new(Code::SignerCommandInvalid, line).detail(why))?;
        Self::new(words, TIME_LIMIT)
    }

    fn problem(&self, code: Code) -> Problem {
        Problem::new(code, self.command.join(" "))
    }

    /// Runs the command and gives what it printed.
    fn run(&self, verb: &str, variables: &[(&str, String)], input: &[u8]) -> Result<String> {
        let started = Command::new(&self.command[0])
            .args(&self.command[1..])
            .arg(verb)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child = started.map_err(|error| {
            self.problem(Code::SignerCommandStart)
                .detail(format!("it cannot be started: {error}"))
                .source(error)
        })?;
        let ended = Running::new(child, input).wait(self.time_limit).ok_or_else(|| {
            let seconds = self.time_limit.as_secs_f64();
            self.problem(Code::SignerCommandTimeout)
                .detail(format!("`{verb}` took longer than {seconds} seconds"))
        })?;
        let errors = said(&ended.errors);
        let wrong = |what: &str| {
            self.problem(Code::SignerCommandOutput)
                .detail(format!("`{verb}` printed {what}{errors}"))
        };
        // Looked at first: nobody reads on, which can end the command by a signal.
        if ended.output.len() > MAX_OUTPUT {
            return Err(wrong(&format!("more than {MAX_OUTPUT} bytes")));
        }
        if !ended.status.success() {
            return Err(self
                .problem(Code::SignerCommandFailed)
                .detail(format!("`{verb}` ended with {}{errors}", ended.status)));
        }
        let text = String::from_utf8(ended.output)
            .map_err(|_| wrong("bytes that are no text; a signature is printed in base64"))?;
        if text.trim().is_empty() {
            return Err(wrong("nothing"));
        }
        Ok(text)
    }

    fn signature(&self, algorithm: Algorithm, text: &str) -> Result<Vec<u8>> {
        let wrong = |what: &str| {
            self.problem(Code::SignerCommandOutput).detail(format!("`sign` printed {what}"))
        };
        if text.contains("-----BEGIN") {
            return Err(wrong("PEM; the signature is printed in base64 alone"));
        }
        let digits: String = text.split_ascii_whitespace().collect();
        if digits.contains(['-', '_']) {
            return Err(wrong("the alphabet of URLs (`-`, `_`), not plain base64"));
        }
        let bytes =
            STANDARD.decode(&digits).map_err(|error| wrong("what is no base64").source(error))?;
        if let Some(scalar) = algorithm.scalar_len()
            && bytes.len() == 2 * scalar
            && !is_sequence(&bytes)
        {
            return Err(wrong("a signature as r and s side by side; ECDSA signatures are in DER"));
        }
        Ok(bytes)
    }
}

impl Signer for ExternalSigner {
    fn public(&self) -> Result<PublicKey> {
        if let Some(key) = self.public.get() {
            return Ok(key.clone());
        }
        let text = self.run("public-key", &[], &[])?;
        let key = PublicKey::from_pem(&text, "the signing command").map_err(|problem| {
            let message = problem.finding().message.clone();
            self.problem(Code::SignerCommandOutput)
                .detail(format!("`public-key` printed no key that can be used: {message}"))
                .source(problem)
        })?;
        Ok(self.public.get_or_init(|| key).clone())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let public = self.public()?;
        let algorithm = public.algorithm();
        let mut variables = vec![("PKG_SIGN_ALGORITHM", algorithm.to_string())];
        if let Some((name, digest)) = algorithm.hash(message) {
            variables.push(("PKG_SIGN_HASH", name.to_owned()));
            variables.push(("PKG_SIGN_DIGEST", hexadecimal(&digest)));
            variables.push(("PKG_SIGN_DIGEST_BASE64", STANDARD.encode(&digest)));
        }
        let text = self.run("sign", &variables, message)?;
        let signature = self.signature(algorithm, &text)?;
        if !public.verify(message, &signature) {
            return Err(self.problem(Code::SignerWrong));
        }
        Ok(signature)
    }
}

/// Whether bytes begin as a DER sequence of their length does.
fn is_sequence(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x81, length, rest @ ..] | [0x30, length, rest @ ..] => {
            usize::from(*length) == rest.len()
        }
        _ => false,
    }
}

/// What a command wrote to its standard error, to be shown.
fn said(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("; it said: {text}") }
}

/// A command that was started, with a thread for each of its streams, so that it
/// never waits for somebody to read or write.
struct Running {
    child: Child,
    output: Receiver<Vec<u8>>,
    errors: Receiver<Vec<u8>>,
}

/// What a command left.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl Running {
    fn new(mut child: Child, input: &[u8]) -> Self {
        if let Some(mut stdin) = child.stdin.take() {
            let input = input.to_vec();
            // A command that takes the digest need not read the message.
            thread::spawn(move || stdin.write_all(&input));
        }
        let output = collect(child.stdout.take(), MAX_OUTPUT + 1, false);
        let errors = collect(child.stderr.take(), MAX_SHOWN, true);
        Self { child, output, errors }
    }

    /// Waits for the command; none when it had to be stopped.
    fn wait(mut self, limit: Duration) -> Option<Ended> {
        let deadline = Instant::now().checked_add(limit);
        let left =
            || deadline.map_or(TIME_LIMIT, |end| end.saturating_duration_since(Instant::now()));
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if !left().is_zero() => thread::sleep(TICK.min(left())),
                _ => {
                    // Whether it could be stopped or not, nobody waits for it.
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    return None;
                }
            }
        };
        // A process that the command left behind may hold its streams open.
        let output = self.output.recv_timeout(left()).ok()?;
        let errors = self.errors.recv_timeout(left()).unwrap_or_default();
        Some(Ended { status, output, errors })
    }
}

/// Reads the first `most` bytes of a stream in a thread; with `drain`, the rest is
/// read as well and dropped.
fn collect(
    stream: Option<impl Read + Send + 'static>,
    most: usize,
    drain: bool,
) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
        if let Some(mut stream) = stream {
            while drain || kept.len() < most {
                match stream.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => {
                        let room = most.saturating_sub(kept.len()).min(length);
                        kept.extend_from_slice(&buffer[..room]);
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
        }
        // Nobody listens any more when the time is over.
        let _ = sender.send(kept);
    });
    receiver
}

/// Splits a command line, or says why that cannot be done without a shell.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut characters, word.get_or_insert_default())?,
            '\\' => {
                let next = characters.next().ok_or("it ends with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            c if SHELL_ONLY.contains(c) || (c == '~' && word.is_none()) => {
                return Err(format!("`{}` means something to a shell only", c.escape_default()));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Reads up to the closing quote. Within double quotes a backslash protects a
/// double quote and a backslash.
fn quoted(
    quote: char,
    characters: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), String> {
    while let Some(c) = characters.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match characters.next() {
                Some(next @ ('"' | '\\')) => word.push(next),
                Some(next) => word.extend(['\\', next]),
                None => break,
            },
            '$' | '`' if quote == '"' => {
                return Err(format!("`{c}` means something to a shell only"));
            }
            c => word.push(c),
        }
    }
    Err(format!("a quote ({quote}) is not closed"))
}

#[cfg(test)]
#[path = "external_tests.rs"]
mod tests;
