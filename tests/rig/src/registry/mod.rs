//! A registry on loopback, for tests: the OCI distribution specification 1.1, with
//! the list of referrers, and with faults that can be switched on while it runs.
//!
//! ```no_run
//! use pkg_rig::registry::{Failure, Fault, Registry};
//!
//! let registry = Registry::start();
//! registry.fail(Failure::new(Fault::Busy(1)).at("/blobs/").times(2));
//! // A client pushes to `registry.host()`; then:
//! assert!(registry.log().iter().any(|request| request.status == Some(429)));
//! ```
//!
//! Bodies go through in blocks, so that blobs may be larger than memory. It does
//! not defend itself, and forgets everything when dropped.

mod answer;
mod auth;
mod blobs;
mod debian;
mod fault;
mod log;
mod manifests;
mod routes;
mod serve;
mod store;
mod tls;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

pub use auth::Auth;
pub use debian::{Debian, PROGRAM as DEBIAN};
pub use fault::{Failure, Fault, Lie};
pub use log::Logged;

use crate::server::lock;
use auth::Tokens;
use serve::Shared;
use store::Store;
use tls::Identity;

/// How a registry is built.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Loopback port; 0 for any that is free.
    pub port: u16,
    /// Who may do what.
    pub auth: Auth,
    /// Entries in one page of referrers.
    pub page: usize,
    /// Whether it is spoken to encrypted, with a certificate for `localhost` and
    /// `127.0.0.1` by an authority of this run.
    pub encrypted: bool,
    /// Folder for blobs, which is kept; a temporary one if none.
    pub folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { port: 0, auth: Auth::None, page: 100, encrypted: false, folder: None }
    }
}

/// A running registry; dropping it stops it.
#[derive(Debug)]
pub struct Registry {
    shared: Arc<Shared>,
    address: SocketAddr,
    elsewhere: SocketAddr,
    threads: Vec<JoinHandle<()>>,
    _folder: Option<tempfile::TempDir>,
}

impl Registry {
    /// Starts a registry on a free loopback port, open to all.
    ///
    /// # Panics
    ///
    /// If no port can be had, as nothing can then be tested.
    pub fn start() -> Self {
        Self::with(Settings::default())
    }

    /// Starts a registry as told.
    ///
    /// # Panics
    ///
    /// If no port or no folder can be had, as nothing can then be tested.
    #[allow(clippy::expect_used)]
    pub fn with(settings: Settings) -> Self {
        Self::start_with(settings).expect("a free port on 127.0.0.1 and a temporary folder")
    }

    /// Starts a registry as told.
    pub fn start_with(settings: Settings) -> io::Result<Self> {
        let folder = settings.folder.is_none().then(tempfile::tempdir).transpose()?;
        let root = folder.as_ref().map(|folder| folder.path().to_owned());
        let root = settings.folder.or(root).unwrap_or_default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, elsewhere) = (listener.local_addr()?, other.local_addr()?);
        let scheme = if settings.encrypted { "https" } else { "http" };
        let shared = Arc::new(Shared {
            url: format!("{scheme}://{address}"),
            elsewhere: format!("{scheme}://{elsewhere}"),
            auth: settings.auth,
            page: settings.page.max(1),
            identity: settings.encrypted.then(Identity::new).transpose()?,
            store: Mutex::new(Store::new(&root)?),
            tokens: Mutex::new(Tokens::default()),
            failures: Mutex::new(Vec::new()),
            log: log::Log::default(),
            stopped: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            releases: Mutex::new(0),
            released: Condvar::new(),
        });
        let mut threads = Vec::new();
        for (listener, elsewhere) in [(listener, false), (other, true)] {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("registry".to_owned());
            threads.push(thread.spawn(move || accept(&shared, &listener, elsewhere))?);
        }
        Ok(Self { shared, address, elsewhere, threads, _folder: folder })
    }

    /// Waits until the registry stops, which it does not by itself.
    pub fn wait(mut self) {
        for thread in std::mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }

    /// `127.0.0.1:PORT`, as references to it begin.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Base URL.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The certificate of the authority, in PEM, of an encrypted registry.
    pub fn authority(&self) -> Option<&str> {
        self.shared.identity.as_ref().map(|identity| identity.authority.as_str())
    }

    /// Does one more thing wrong from now on.
    pub fn fail(&self, failure: Failure) {
        lock(&self.shared.failures).push(failure);
    }

    /// Does nothing wrong any more, and lets held bodies go on.
    pub fn heal(&self) {
        lock(&self.shared.failures).clear();
        self.release();
    }

    /// Bodies that are held now by [`Fault::Hold`].
    pub fn held(&self) -> usize {
        self.shared.held.load(Ordering::SeqCst)
    }

    /// Lets held bodies go on.
    pub fn release(&self) {
        *lock(&self.shared.releases) += 1;
        self.shared.released.notify_all();
    }

    /// What was asked since the start.
    pub fn log(&self) -> Vec<Logged> {
        self.shared.log.all()
    }

    /// What was asked after the first `count` requests.
    pub fn log_after(&self, count: usize) -> Vec<Logged> {
        self.log().split_off(count)
    }

    /// What a tag names.
    pub fn tag(&self, repository: &str, tag: &str) -> Option<String> {
        lock(&self.shared.store).repositories.get(repository)?.tags.get(tag).cloned()
    }

    /// The bytes of a manifest, by tag or digest.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Vec<u8>> {
        let store = lock(&self.shared.store);
        Some(store.repositories.get(repository)?.manifest(reference)?.1.bytes)
    }

    /// Digests of the manifests of a repository.
    pub fn manifests(&self, repository: &str) -> Vec<String> {
        let store = lock(&self.shared.store);
        let found = store.repositories.get(repository);
        found.map(|known| known.manifests.keys().cloned().collect()).unwrap_or_default()
    }

    /// Digests of the blobs of a repository.
    pub fn blobs(&self, repository: &str) -> Vec<String> {
        let store = lock(&self.shared.store);
        let found = store.repositories.get(repository);
        found.map(|known| known.blobs.iter().cloned().collect()).unwrap_or_default()
    }

    /// Where the content of a blob is, to be changed as by a broken disk.
    pub fn blob_path(&self, digest: &str) -> PathBuf {
        lock(&self.shared.store).path(digest)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        self.release();
        // Connections wake the threads that wait for one; without them they are
        // left behind rather than the test kept waiting.
        let woken =
            [self.address, self.elsewhere].map(|address| TcpStream::connect(address).is_ok());
        for (thread, woken) in std::mem::take(&mut self.threads).into_iter().zip(woken) {
            if woken {
                let _ = thread.join();
            }
        }
    }
}

/// Accepts connections until told to stop.
fn accept(shared: &Arc<Shared>, listener: &TcpListener, elsewhere: bool) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // Clients that go away are no concern of the registry.
            let _ = shared.handle(&stream, elsewhere);
        });
    }
}
