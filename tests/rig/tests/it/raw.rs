//! The plainest HTTP client: says what it is told, byte for byte, and hides nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use pkg_rig::registry::Registry;
use serde_json::Value;

/// A connection that is kept from one request to the next.
pub(crate) struct Raw {
    stream: BufReader<TcpStream>,
    host: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body was as long as announced.
    pub(crate) whole: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.find(name);
        assert!(found.is_some(), "no {name} in {self:?}");
        found.unwrap_or_default()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status, and the code of the only error.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let json = self.json();
        assert_eq!(json["errors"][0]["code"], code, "{json}");
        assert!(json["errors"][0]["message"].is_string(), "{json}");
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?} {}", String::from_utf8_lossy(&self.body));
        self
    }
}

impl Raw {
    pub(crate) fn to(registry: &Registry) -> Self {
        Self::at(&registry.host())
    }

    pub(crate) fn at(host: &str) -> Self {
        let stream = TcpStream::connect(host).unwrap();
        Self { stream: BufReader::new(stream), host: host.to_owned() }
    }

    /// A request without a body.
    pub(crate) fn ask(&mut self, method: &str, target: &str) -> Reply {
        self.send(method, target, &[], b"")
    }

    /// A request; `Content-Length` is added where there is a body or a method that has one.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut headers = headers.to_vec();
        let length = body.len().to_string();
        if !matches!(method, "GET" | "HEAD") {
            headers.push(("Content-Length", &length));
        }
        self.begin(method, target, &headers);
        self.write(body);
        self.reply(method == "HEAD")
    }

    /// A request with its body in chunks.
    pub(crate) fn chunked(&mut self, method: &str, target: &str, chunks: &[&[u8]]) -> Reply {
        self.begin(method, target, &[("Transfer-Encoding", "chunked")]);
        for chunk in chunks {
            self.write(format!("{:x};x=y\r\n", chunk.len()).as_bytes());
            self.write(chunk);
            self.write(b"\r\n");
        }
        self.write(b"0\r\n\r\n");
        self.reply(false)
    }

    pub(crate) fn begin(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in headers {
            head = format!("{head}{name}: {value}\r\n");
        }
        self.write(format!("{head}\r\n").as_bytes());
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Reads an answer; `bare` ones have no body whatever they announce.
    pub(crate) fn reply(&mut self, bare: bool) -> Reply {
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).unwrap_or("0").parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut reply = Reply { status, headers, body: Vec::new(), whole: true };
        let length = reply.find("content-length").map_or(0, |length| length.parse().unwrap());
        if !bare && status != 100 {
            (&mut self.stream).take(length).read_to_end(&mut reply.body).unwrap();
            reply.whole = reply.body.len() as u64 == length;
        }
        reply
    }

    /// Uploads a blob in one request and gives its digest.
    pub(crate) fn blob(&mut self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let target = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        self.send("POST", &target, &[], bytes).is(201);
        digest
    }

    /// Puts a manifest and gives its digest.
    pub(crate) fn manifest(&mut self, repository: &str, tag: &str, manifest: &Value) -> String {
        let bytes = manifest.to_string();
        let digest = digest(bytes.as_bytes());
        let kind = manifest["mediaType"].as_str().unwrap();
        let name = if tag.is_empty() { &digest } else { tag };
        let target = format!("/v2/{repository}/manifests/{name}");
        self.send("PUT", &target, &[("Content-Type", kind)], bytes.as_bytes()).is(201);
        digest
    }

    /// The next session of an upload: where its chunks go.
    pub(crate) fn session(&mut self, repository: &str) -> String {
        let reply = self.ask("POST", &format!("/v2/{repository}/blobs/uploads/")).is(202);
        reply.header("Location").to_owned()
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sigstore_verify::crypto::sha256(bytes).to_hex())
}

/// The manifest of a release with one layer.
pub(crate) fn release(config: &str, layer: &str) -> Value {
    let descriptor = |digest: &str| serde_json::json!({"mediaType": "application/octet-stream", "digest": digest, "size": 1});
    serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor(config),
        "layers": [descriptor(layer)],
    })
}

/// The manifest of something about `subject`.
pub(crate) fn about(subject: &str, config: &str, kind: &str, note: &str) -> Value {
    let mut manifest = release(config, config);
    manifest["artifactType"] = kind.into();
    manifest["subject"] = serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": subject,
        "size": 1,
    });
    manifest["annotations"] = serde_json::json!({"note": note});
    manifest
}
