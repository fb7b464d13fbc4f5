//! Registries beside a place: the stand-in of the rig, and Debian's `docker-registry`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkg_rig::registry::{DEBIAN, Debian, Logged, Registry};
use serde_json::{Value, json};

use crate::{Layout, Out, Place, safetensors};

/// User of registries that ask for one.
pub const USER: &str = "ada";
/// Their password.
pub const PASSWORD: &str = "secret";

/// [`PASSWORD`] as `htpasswd -B` keeps it.
const HTPASSWD: &str = "ada:$2b$05$uaggCMvC.HLPYm/bLLFDle879JxjBPvT65CNQqR24u7aonsAseVrG\n";

/// Starts Debian's registry, open to all; none, said loudly, where it is not installed.
pub fn debian() -> Option<Debian> {
    or_skipped(Debian::start(None))
}

/// The same, for [`USER`] with [`PASSWORD`] only.
pub fn debian_with_password() -> Option<Debian> {
    or_skipped(Debian::start(Some(HTPASSWD)))
}

/// Says, past the capture of the test runner, that a program is missing and a test with it.
///
/// With `PKG_TEST_REQUIRE_REGISTRY` set, as in CI, that is a failure.
fn or_skipped(started: std::io::Result<Debian>) -> Option<Debian> {
    let why = match started {
        Ok(started) => return Some(started),
        Err(error) => {
            format!("`{DEBIAN}` cannot be run ({error}): install the package of this name")
        }
    };
    assert!(std::env::var_os("PKG_TEST_REQUIRE_REGISTRY").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "\nSKIPPED, NOT PASSED: {why}\n");
    None
}

/// Status and body of a GET without authentication; none if nobody answers.
pub fn get(host: &str, target: &str) -> Option<(u16, Vec<u8>)> {
    ask(host, "GET", target, b"")
}

/// Puts an index under a tag, past all that a client would check.
#[track_caller]
pub fn put_index(host: &str, repository: &str, tag: &str, index: &Value) {
    let target = format!("/v2/{repository}/manifests/{tag}");
    let answer = ask(host, "PUT", &target, index.to_string().as_bytes());
    assert!(matches!(answer, Some((201, _))), "{answer:?}");
}

fn ask(host: &str, method: &str, target: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    let mut stream = TcpStream::connect(host).ok()?;
    let accept = format!("Accept: application/vnd.oci.image.manifest.v1+json, {INDEX}\r\n");
    let length = format!("Content-Type: {INDEX}\r\nContent-Length: {}\r\n", body.len());
    let length = if body.is_empty() { "" } else { &length };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{accept}{length}Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        let value = line.strip_prefix("content-length: ").map(str::to_owned);
        length = value.or(length);
    }
    let mut body = Vec::new();
    match length.and_then(|length| length.parse().ok()) {
        Some(length) => reader.take(length).read_to_end(&mut body).ok()?,
        None => reader.read_to_end(&mut body).ok()?,
    };
    Some((status, body))
}

/// A reference.
pub fn oci(host: &str, name: &str) -> String {
    format!("oci://{host}/{name}")
}

/// Runs a test against both registries; the rig comes first, and is given.
pub fn both(test: impl Fn(&str, Option<&Registry>)) {
    let rig = Registry::start();
    test(&rig.host(), Some(&rig));
    if let Some(debian) = debian() {
        test(debian.host(), None);
    }
}

/// Bytes of bodies that were received and sent by requests.
pub fn traffic(log: &[Logged]) -> (u64, u64) {
    log.iter().fold((0, 0), |(up, down), it| (up + it.received, down + it.sent))
}

impl Place {
    /// A folder with a model of `size` bytes of weights, its signed bundle `m.pkg`, and
    /// the keys. Weights of over 64 MiB are in shards of 32 MiB.
    pub fn signed_with_weights(size: u32) -> Self {
        let place = Self::with_model();
        let content: Vec<u8> = (0..size).map(|n| (n >> 8) as u8 ^ (n as u8)).collect();
        fs::write(place.path("model/model-1.safetensors"), safetensors(&content))
            .expect("a large file");
        place.ok(&["pack", "model", "-o", "m.pkg"]);
        place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
        place.ok(&["sign", "m.pkg", "--key", "k.key"]);
        place
    }

    /// Digest of the layer with `model-1.safetensors`, the largest one.
    pub fn weights(&self) -> String {
        let manifest = Layout::at(&self.path("m.pkg")).manifest();
        let layers = manifest["layers"].as_array().expect("layers").iter();
        let largest = layers.max_by_key(|layer| layer["size"].as_u64()).expect("a layer");
        largest["digest"].as_str().expect("a digest").to_owned()
    }

    /// Pushes `m.pkg`, which must succeed, and gives the result.
    pub fn pushed(&self, to: &str) -> Value {
        self.ok(&["push", "m.pkg", to, "--json"]).json()["result"].clone()
    }

    /// Starts the program without waiting for it.
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// Writes a file of credentials, as `docker login` does.
    pub fn credentials(&self, name: &str, host: &str, user: &str, password: &str) -> PathBuf {
        let auth = STANDARD.encode(format!("{user}:{password}"));
        self.write_json(name, &json!({"auths": {host: {"auth": auth}}}))
    }

    /// Writes a file of JSON and gives its path.
    pub fn write_json(&self, name: &str, value: &Value) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, value.to_string()).expect("a file");
        path
    }

    /// Two layouts hold the same blobs and the same entries of the index.
    #[track_caller]
    pub fn same_layouts(&self, one: &str, other: &str) {
        let entries = |name: &str| {
            let index = Layout::at(&self.path(name)).index();
            let mut entries: Vec<String> = index["manifests"]
                .as_array()
                .expect("manifests")
                .iter()
                .map(|entry| entry.to_string())
                .collect();
            entries[1..].sort();
            entries
        };
        assert_eq!(entries(one), entries(other));
        let blobs = |name: &str| {
            let folder = self.path(name).join("blobs/sha256");
            let mut names: Vec<_> = fs::read_dir(folder)
                .expect("blobs")
                .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
                .collect();
            names.sort();
            names
        };
        assert_eq!(blobs(one), blobs(other));
        for blob in blobs(one) {
            let read = |name: &str| fs::read(self.path(name).join("blobs/sha256").join(&blob));
            assert!(read(one).expect("a blob") == read(other).expect("a blob"), "{blob}");
        }
    }

    /// Pulls into `name` with the key; gives what came of it, with `--json`.
    pub fn pull(&self, from: &str, name: &str) -> Out {
        self.run(&["pull", from, "-o", name, "--key", "k.pub", "--json"])
    }
}
