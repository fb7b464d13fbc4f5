//! HTTP/1.1 as registries need it: connections that are kept, bodies of any
//! length that are never in memory as a whole, in both framings.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::tls::Tls;
use crate::text;

/// A client that does nothing for this long is given up.
const IDLE: Duration = Duration::from_secs(30);
/// The longest head of a request.
const MAX_HEAD: usize = 1 << 16;
/// What is read and written at a time.
pub(crate) const BLOCK: usize = 1 << 16;

/// A connection, in the clear or not.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

impl Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes),
        }
    }
}

/// A connection with what was read ahead of need.
pub(crate) struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
}

impl Connection {
    pub(crate) fn new(socket: &TcpStream, stream: Stream) -> io::Result<Self> {
        socket.set_read_timeout(Some(IDLE))?;
        socket.set_write_timeout(Some(IDLE))?;
        socket.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BLOCK], from: 0, to: 0 })
    }

    /// Reads into `into` what has come; 0 at the end of the connection.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.from == self.to {
            if into.len() >= self.buffer.len() {
                return self.stream.read(into);
            }
            self.from = 0;
            self.to = self.stream.read(&mut self.buffer)?;
        }
        let count = into.len().min(self.to - self.from);
        into[..count].copy_from_slice(&self.buffer[self.from..self.from + count]);
        self.from += count;
        Ok(count)
    }

    /// One line without its end; none at the end of the connection.
    fn line(&mut self, budget: &mut usize) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            if self.read(&mut byte)? == 0 {
                return Ok(None);
            }
            *budget = budget.checked_sub(1).ok_or(io::ErrorKind::InvalidData)?;
            if byte[0] == b'\n' {
                let line = String::from_utf8_lossy(&line);
                return Ok(Some(line.trim_end_matches('\r').to_owned()));
            }
            line.push(byte[0]);
        }
    }

    /// The head of the next request; none if the client is done or talks nonsense.
    pub(crate) fn head(&mut self) -> io::Result<Option<Head>> {
        let mut budget = MAX_HEAD;
        let Some(first) = self.line(&mut budget)? else { return Ok(None) };
        let mut headers = Vec::new();
        loop {
            let Some(line) = self.line(&mut budget)? else { return Ok(None) };
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else { return Ok(None) };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut first = first.split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else { return Ok(None) };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Ok(Some(Head {
            method: method.to_owned(),
            target: target.to_owned(),
            path: path.to_owned(),
            query: text::from_form(query),
            headers,
        }))
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Ends the connection so that what was sent is still read.
    pub(crate) fn finish(&mut self, socket: &TcpStream) {
        if let Stream::Tls(stream) = &mut self.stream {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let _ = socket.shutdown(Shutdown::Write);
        let mut block = vec![0; BLOCK];
        // A client that sends for ever is cut off.
        for _ in 0..1 << 12 {
            if !self.stream.read(&mut block).is_ok_and(|count| count > 0) {
                break;
            }
        }
    }
}

/// What a request says before its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query as they were sent.
    pub(crate) target: String,
    pub(crate) path: String,
    query: Vec<(String, String)>,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// All values of a name in the query.
    pub(crate) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.query.iter().filter(move |(known, _)| known == name);
        pairs.map(|(_, value)| value.as_str())
    }

    pub(crate) fn is(&self, methods: &[&str]) -> bool {
        methods.contains(&self.method.as_str())
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// How much of a body is still to come.
#[derive(Debug)]
enum Left {
    Length(u64),
    /// Bytes of the chunk that is being read; none before the first.
    Chunk(Option<u64>),
    Nothing,
}

/// The body of a request, while it arrives.
#[derive(Debug)]
pub(crate) struct Body {
    left: Left,
    /// The client waits to be told to go on.
    expected: bool,
}

impl Body {
    /// None if the head announces it in a way that cannot be.
    pub(crate) fn announced(head: &Head) -> Option<Self> {
        let chunked = head.header("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let left = match (chunked, head.header("content-length")) {
            (true, None) => Left::Chunk(None),
            (true, Some(_)) => return None,
            (false, Some(length)) => Left::Length(length.parse().ok()?),
            (false, None) => Left::Nothing,
        };
        let expected = head.header("expect").is_some_and(|what| what == "100-continue");
        Some(Self { left, expected })
    }

    /// The length that was announced.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.left {
            Left::Length(length) => Some(length),
            Left::Chunk(_) => None,
            Left::Nothing => Some(0),
        }
    }

    /// Whether reading what is left of it costs less than another connection.
    pub(crate) fn is_worth_reading(&self) -> bool {
        !self.expected && self.length().is_some_and(|length| length <= 1 << 20)
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.left, Left::Nothing | Left::Length(0))
    }

    /// Reads into `into`; 0 at the end, an error when the client went away before it.
    pub(crate) fn read(
        &mut self,
        connection: &mut Connection,
        into: &mut [u8],
    ) -> io::Result<usize> {
        if std::mem::take(&mut self.expected) {
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if let Left::Chunk(left @ (None | Some(0))) = self.left {
            self.next_chunk(connection, left.is_some())?;
        }
        let (Left::Length(left) | Left::Chunk(Some(left))) = &mut self.left else { return Ok(0) };
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(into.len());
        if most == 0 {
            return Ok(0);
        }
        let count = connection.read(&mut into[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *left -= count as u64;
        Ok(count)
    }

    fn next_chunk(&mut self, connection: &mut Connection, follows: bool) -> io::Result<()> {
        let mut budget = MAX_HEAD;
        let mut line = || -> io::Result<String> {
            Ok(connection.line(&mut budget)?.ok_or(io::ErrorKind::UnexpectedEof)?)
        };
        if follows && !line()?.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let size = line()?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if size == 0 {
            while !line()?.is_empty() {}
            self.left = Left::Nothing;
        } else {
            self.left = Left::Chunk(Some(size));
        }
        Ok(())
    }
}

pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Internal Server Error",
    }
}
