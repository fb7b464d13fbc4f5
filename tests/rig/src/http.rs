//! HTTP/1.1 on loopback: one request a connection, one thread each, time-outs
//! on every socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::text;

/// A client that does nothing for this long is given up.
const IDLE: Duration = Duration::from_secs(10);
/// The longest head and body of a request.
const MAX_HEAD: u64 = 1 << 16;
const MAX_BODY: usize = 1 << 26;
/// How much of a body without end is sent.
const ENDLESS: usize = 1 << 28;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as they were sent.
    pub(crate) target: String,
    /// Without the query.
    pub(crate) path: String,
    query: Vec<(String, String)>,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads one; `None` if the client sent nothing or nonsense.
    pub(crate) fn read(stream: &TcpStream) -> io::Result<Option<Self>> {
        stream.set_read_timeout(Some(IDLE))?;
        stream.set_write_timeout(Some(IDLE))?;
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        let mut head = (&mut reader).take(MAX_HEAD);
        loop {
            let mut line = String::new();
            if head.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            if line.trim_end().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let Some((first, headers)) = lines.split_first() else { return Ok(None) };
        let mut first = first.split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else { return Ok(None) };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = headers.iter().filter_map(|line| line.split_once(':'));
        let headers: Vec<(String, String)> = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            path: path.to_owned(),
            query: text::from_form(query),
            headers,
            body: Vec::new(),
        };
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        let length: usize = length.unwrap_or_default();
        if length > MAX_BODY {
            return Ok(None);
        }
        request.body = vec![0; length];
        reader.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The token of `Authorization: Bearer`, whose name may be in any case.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|_| Refusal::new(400, "body is not JSON"))
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Why a request is not answered with what it asks for.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn bytes(kind: &str, body: Vec<u8>) -> Self {
        Self { status: 200, headers: vec![("Content-Type", kind.to_owned())], body }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::bytes("application/json", value.to_string().into_bytes())
    }

    pub(crate) fn plain(text: &str) -> Self {
        Self::bytes("text/plain; charset=utf-8", text.as_bytes().to_vec())
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::plain("").status(status).header("Location", location)
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn code(&self) -> u16 {
        self.status
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Self::json(&json!({"code": refusal.status, "message": refusal.message}))
            .status(refusal.status)
    }
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// Half of the announced body.
    Cut,
    /// A body that goes on after the announced content.
    Endless,
}

/// Sends an answer and ends the connection. `stopped` ends a body without end.
pub(crate) fn send(
    mut stream: &TcpStream,
    response: &Response,
    delivery: Delivery,
    stopped: &dyn Fn() -> bool,
) -> io::Result<()> {
    let mut head = vec![format!("HTTP/1.1 {} {}", response.status, reason(response.status))];
    head.extend(response.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if delivery != Delivery::Endless {
        head.push(format!("Content-Length: {}", response.body.len()));
    }
    head.push("Connection: close\r\n\r\n".to_owned());
    stream.write_all(head.join("\r\n").as_bytes())?;
    match delivery {
        Delivery::Whole => stream.write_all(&response.body)?,
        Delivery::Cut => stream.write_all(&response.body[..response.body.len() / 2])?,
        Delivery::Endless => {
            let block = vec![b' '; 1 << 16];
            for _ in 0..ENDLESS / block.len() {
                if stopped() {
                    break;
                }
                stream.write_all(&block)?;
            }
        }
    }
    stream.flush()?;
    stream.shutdown(Shutdown::Write)?;
    // Closing with unread input would reset the connection before the client
    // has read the answer.
    let _ = io::copy(&mut stream.take(1 << 16), &mut io::sink());
    Ok(())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        _ => "Internal Server Error",
    }
}
