//! A server on loopback that does what a test says, one request for each connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::credentials::Environment;
use super::http::Session;
use super::pace::Pace;
use super::{Options, Reference, Repository};

/// The repository that tests ask for.
pub(super) const NAME: &str = "team/model";

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Number of the request, from 0.
    pub(super) number: usize,
    pub(super) method: String,
    /// Path and query.
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The method, and the path behind the repository.
    pub(super) fn line(&self) -> String {
        let path = self.path.strip_prefix(&format!("/v2/{NAME}/")).unwrap_or(&self.path);
        format!("{} {path}", self.method)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// `Content-Length`, where it is not that of the body.
    claimed: Option<u64>,
    /// The body again and again, until the other side has enough.
    endless: bool,
    /// Whether the connection is kept open, in silence, at the end.
    hangs: bool,
    /// No answer at all.
    nothing: bool,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            claimed: None,
            endless: false,
            hangs: false,
            nothing: false,
        }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Claims another length than it sends.
    pub(super) fn claims(mut self, len: u64) -> Self {
        self.claimed = Some(len);
        self
    }

    /// Sends its body for ever.
    pub(super) fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    /// Says nothing more at the end and keeps the connection.
    pub(super) fn hangs(mut self) -> Self {
        self.hangs = true;
        self
    }

    /// Closes the connection without an answer.
    pub(super) fn nothing() -> Self {
        Self { nothing: true, ..Self::new(0) }
    }
}

type Script = dyn Fn(&Request) -> Reply + Send + Sync;

/// The server; ends when dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
}

impl Server {
    pub(super) fn new(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            ended: Arc::default(),
        };
        let (seen, ended) = (Arc::clone(&server.seen), Arc::clone(&server.ended));
        let script: Arc<Script> = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                let ended = Arc::clone(&ended);
                // A client that goes away is no failure of the server.
                std::thread::spawn(move || {
                    let _ = serve(stream, &*script, &seen, &ended);
                });
            }
        });
        server
    }

    /// What was asked so far.
    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Method and path of what was asked so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Request::line).collect()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn reference(&self) -> Reference {
        format!("oci://{}/{NAME}:v1", self.address).parse().unwrap()
    }

    /// A session that waits for nothing and knows no credentials.
    pub(super) fn session(&self) -> Arc<Session> {
        self.session_with(|_| None, quick())
    }

    /// A session with variables of the environment.
    pub(super) fn session_with(
        &self,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        pace: Pace,
    ) -> Arc<Session> {
        // What is given is given for this server, unless another host is.
        let host = self.reference().host().to_owned();
        let environment: Environment = Box::new(move |name| {
            let given = environment(name);
            let host = || (name == "PKG_REGISTRY_HOST").then(|| host.clone());
            given.or_else(host).map(Into::into)
        });
        Session::with(&self.reference(), &Options::default(), environment, pace).unwrap()
    }

    pub(super) fn repository(&self) -> Repository {
        Repository::over(self.session())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the one that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

/// A pace at which no test waits.
pub(super) fn quick() -> Pace {
    Pace {
        base: Duration::from_millis(1),
        cap: Duration::from_millis(4),
        second: Duration::from_millis(1),
        head: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        answer: Duration::from_secs(20),
        retries: 3,
    }
}

fn serve(
    stream: TcpStream,
    script: &Script,
    seen: &Mutex<Vec<Request>>,
    ended: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let len = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; len.map_or(0, |(_, len)| len.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let mut request = Request { number: 0, method, path, headers, body };
    {
        let mut seen = seen.lock().unwrap();
        request.number = seen.len();
        seen.push(request.clone());
    }
    let reply = script(&request);
    if reply.nothing {
        return Ok(());
    }
    answer(stream, &request, &reply, ended)
}

fn answer(
    mut stream: TcpStream,
    request: &Request,
    reply: &Reply,
    ended: &AtomicBool,
) -> std::io::Result<()> {
    let mut head = vec![format!("HTTP/1.1 {} X", reply.status), "Connection: close".to_owned()];
    head.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if !reply.endless || reply.claimed.is_some() {
        let len = reply.claimed.unwrap_or(reply.body.len() as u64);
        head.push(format!("Content-Length: {len}"));
    }
    stream.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes())?;
    let has_body = request.method != "HEAD";
    if has_body {
        stream.write_all(&reply.body)?;
    }
    if has_body && reply.endless {
        // Until the other side goes away.
        loop {
            stream.write_all(&reply.body)?;
        }
    }
    stream.flush()?;
    while reply.hangs && !ended.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
