//! Stand-ins for Sigstore's services on loopback, for tests: a certificate
//! authority with its transparency log, an OIDC issuer, Rekor in both
//! versions, a timestamp authority and a TUF repository.
//!
//! ```no_run
//! use pkg_rig::{Fault, Rig, TokenSpec};
//!
//! let rig = Rig::start();
//! let token = rig.token(&TokenSpec::email("ada@example.com"));
//! rig.fail(Some(Fault::CheckpointForged));
//! // Sign with `rig.signing_config(1)`; verifying with `rig.trusted_root()` must fail.
//! ```
//!
//! A [`registry`] is beside them.
//!
//! All keys are made anew by each rig. What comes out is as genuine as the
//! formats allow; what the real services do is not tested by this.

mod certificates;
mod ct;
mod der;
mod entries;
mod fault;
mod fulcio;
mod http;
mod keys;
mod log;
mod oidc;
pub mod registry;
mod rekor1;
mod rekor2;
mod server;
mod text;
mod tree;
mod trust;
mod tsa;
mod tuf;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use serde_json::{Value, json};

pub use fault::{Failure, Fault, Service};
pub use oidc::{Ambient, GITHUB_ISSUER, GOOGLE_ISSUER, TokenSpec};
pub use tuf::{TufRelease, TufRole};

use server::{Server, lock};

/// How a rig is built.
#[derive(Debug, Clone)]
pub struct Options {
    /// Loopback port; 0 for any that is free.
    pub port: u16,
    /// Whether leaves are issued by an intermediate authority, as in
    /// production, or by the root itself.
    pub intermediate: bool,
    /// Witnesses that cosign the checkpoints of Rekor v2.
    pub witnesses: usize,
    /// Entries of others that both logs have from the start, so that the first
    /// inclusion proof already has hashes.
    pub seed: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, intermediate: true, witnesses: 0, seed: 3 }
    }
}

/// A running rig; dropping it stops it.
#[derive(Debug)]
pub struct Rig {
    server: Arc<Server>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Rig {
    /// Starts a rig on a free loopback port.
    ///
    /// # Panics
    ///
    /// If no port can be had, as nothing can then be tested.
    #[allow(clippy::expect_used)]
    pub fn start() -> Self {
        Self::start_with(&Options::default()).expect("a free port on 127.0.0.1")
    }

    /// Starts a rig as told.
    pub fn start_with(options: &Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        let address = listener.local_addr()?;
        let server = Arc::new(Server::new(address.to_string(), options));
        let serving = Arc::clone(&server);
        let thread = std::thread::Builder::new()
            .name("rig".to_owned())
            .spawn(move || serving.serve(&listener))?;
        Ok(Self { server, address, thread: Some(thread) })
    }

    /// Waits until the rig stops, which it does not by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// `http://127.0.0.1:PORT`: the base URL of Fulcio, of both Rekors and of
    /// the issuer.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// The URL of the timestamp authority.
    pub fn tsa_url(&self) -> String {
        format!("{}/api/v1/timestamp", self.url())
    }

    /// The base URL of the TUF repository.
    pub fn tuf_url(&self) -> String {
        format!("{}/tuf/", self.url())
    }

    /// A token for Fulcio, or for whom the spec says, signed by the rig's issuer.
    pub fn token(&self, spec: &TokenSpec) -> String {
        lock(&self.server.oidc).token(spec, self.server.now())
    }

    /// Sets who is known where a client gets its token by itself.
    pub fn set_identity(&self, place: Ambient, spec: TokenSpec) {
        lock(&self.server.oidc).set_identity(place, spec);
    }

    /// Values for `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub fn github_request(&self) -> (String, String) {
        let url = format!("{}/github/token?api-version=2.0", self.url());
        (url, lock(&self.server.oidc).request_token.clone())
    }

    /// Host and port that stand in for Google's metadata server.
    pub fn google_host(&self) -> &str {
        &self.server.host
    }

    /// Moves the clock of the rig: certificates, log times, timestamps, tokens
    /// and TUF metadata are made as if it were this many seconds later (or
    /// earlier, if negative).
    pub fn set_time_offset(&self, seconds: i64) {
        self.server.time_offset.store(seconds, Ordering::Relaxed);
    }

    /// Puts `count` entries that nobody signed into the log of an interface of Rekor.
    pub fn fill(&self, rekor: u32, count: usize) {
        for number in 0..count {
            let entry = format!("{{\"number\":{number}}}").into_bytes();
            match rekor {
                1 => lock(&self.server.rekor1).log.append(entry),
                _ => lock(&self.server.rekor2).log.append(entry),
            };
        }
    }

    /// Does one thing wrong from now on, or nothing with `None`.
    pub fn fail(&self, fault: Option<Fault>) {
        self.fail_with(fault.map(Failure::new));
    }

    /// Does one thing wrong at one service, or a number of times.
    pub fn fail_with(&self, failure: Option<Failure>) {
        *lock(&self.server.failure) = failure;
    }

    /// What was asked since the start: method, path and status code, such as
    /// `POST /api/v1/log/entries 201`, or `-` before the answer. Paths that begin
    /// with `/elsewhere` were asked by a client that followed [`Fault::Redirect`].
    pub fn requests(&self) -> Vec<String> {
        let requests = lock(&self.server.requests);
        let shown = requests.iter().map(|(request, status)| {
            let status = status.map_or("-".to_owned(), |status| status.to_string());
            format!("{request} {status}")
        });
        shown.collect()
    }

    /// The `TrustedRoot`.
    pub fn trusted_root(&self) -> Value {
        trust::trusted_root(&self.server)
    }

    /// The `SigningConfig` (v0.2) with Rekor's interface `rekor`, 1 or 2.
    pub fn signing_config(&self, rekor: u32) -> Value {
        trust::signing_config(self.url(), rekor)
    }

    /// The `ClientTrustConfig`: both of the above.
    pub fn client_trust_config(&self, rekor: u32) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": self.signing_config(rekor),
        })
    }

    /// Names and public keys (`SubjectPublicKeyInfo`, DER) of the witnesses of Rekor v2.
    pub fn witnesses(&self) -> Vec<(String, Vec<u8>)> {
        lock(&self.server.rekor2).log.witnesses().iter().map(log::Witness::public).collect()
    }

    /// The first version of the TUF root, from which clients start.
    pub fn tuf_root(&self) -> Vec<u8> {
        lock(&self.server.tuf).as_ref().map(tuf::Tuf::first_root).unwrap_or_default()
    }

    /// The version of the TUF metadata below the root.
    pub fn tuf_version(&self) -> u64 {
        lock(&self.server.tuf).as_ref().map(tuf::Tuf::version).unwrap_or_default()
    }

    /// Publishes the next version of the TUF repository, good or bad.
    pub fn tuf_publish(&self, release: TufRelease) {
        let now = self.server.now();
        if let Some(tuf) = lock(&self.server.tuf).as_mut() {
            tuf.publish(release, now);
        }
    }

    /// Publishes a version whose timestamp has expired.
    pub fn tuf_expire_timestamp(&self) {
        let expired = Some(TufRole::Timestamp);
        self.tuf_publish(TufRelease { expired, ..TufRelease::default() });
    }

    /// Publishes a version in which `role` is signed with a wrong key.
    pub fn tuf_forge(&self, role: TufRole) {
        let rotate_root = role == TufRole::Root;
        self.tuf_publish(TufRelease { forged: Some(role), rotate_root, ..TufRelease::default() });
    }

    /// Serves the timestamp of an earlier version again, counted from 1.
    pub fn tuf_roll_back(&self, version: u64) {
        if let Some(tuf) = lock(&self.server.tuf).as_mut() {
            tuf.roll_back(version);
        }
    }

    /// Writes what clients need into `dir`: `trusted_root.json`,
    /// `signing_config.v1.json` and `.v2.json`, `trust_config.v1.json` and
    /// `.v2.json`, `root.json` (of TUF), the tokens `token.email` and
    /// `token.github`, valid for a day, and `github.env` with the variables of
    /// GitHub's token service.
    pub fn write_to(&self, dir: &Path) -> io::Result<()> {
        const DAY: i64 = 86_400;
        std::fs::create_dir_all(dir)?;
        let write = |name: &str, content: &[u8]| std::fs::write(dir.join(name), content);
        let pretty = |value: &Value| format!("{value:#}\n").into_bytes();
        write("trusted_root.json", &pretty(&self.trusted_root()))?;
        for rekor in [1, 2] {
            let config = pretty(&self.signing_config(rekor));
            write(&format!("signing_config.v{rekor}.json"), &config)?;
            let config = pretty(&self.client_trust_config(rekor));
            write(&format!("trust_config.v{rekor}.json"), &config)?;
        }
        write("root.json", &self.tuf_root())?;
        let email = TokenSpec::email("signer@example.com").expires_in(DAY);
        write("token.email", self.token(&email).as_bytes())?;
        let github = TokenSpec::github("octo/model", "release.yml", "refs/heads/main");
        write("token.github", self.token(&github.expires_in(DAY)).as_bytes())?;
        let (url, token) = self.github_request();
        let variables = format!(
            "GITHUB_ACTIONS=true\nACTIONS_ID_TOKEN_REQUEST_URL={url}\nACTIONS_ID_TOKEN_REQUEST_TOKEN={token}\n"
        );
        write("github.env", variables.as_bytes())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.server.stopped.store(true, Ordering::Relaxed);
        // A connection wakes the thread that waits for one; without it the
        // thread is left behind rather than the test kept waiting.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}
