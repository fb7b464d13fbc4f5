//! An encrypted front, with a certificate by an authority of this run.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::{Certified, SERVER_AUTH};
use crate::der;

/// An encrypted connection.
pub(crate) type Tls = StreamOwned<ServerConnection, TcpStream>;

/// Who the server is, and who says so.
pub(crate) struct Identity {
    config: Arc<ServerConfig>,
    /// The certificate of the authority, in PEM.
    pub(crate) authority: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// For `localhost` and `127.0.0.1`.
    pub(crate) fn new() -> io::Result<Self> {
        let root = Certified::root("Registry rig authority");
        let leaf = root.server("localhost", [127, 0, 0, 1], SERVER_AUTH);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.key.pkcs8()));
        let chain = vec![CertificateDer::from(leaf.certificate)];
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(io::Error::other)?;
        let authority = der::to_pem("CERTIFICATE", &root.certificate);
        Ok(Self { config: Arc::new(config), authority })
    }

    /// The encrypted side of a connection.
    pub(crate) fn accept(&self, socket: TcpStream) -> io::Result<Tls> {
        let connection =
            ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, socket))
    }
}
