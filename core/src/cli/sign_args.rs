//! Arguments that say who signs, and with which services.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::PassphraseArgs;
use super::passphrase;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::trust::cached;
use crate::trust::certificate::Certificate;
use crate::trust::chain::MAX_CERTIFICATES;
use crate::trust::external::ExternalSigner;
use crate::trust::keyfile;
use crate::trust::pkcs11;
use crate::trust::root::{ClientTrustConfig, Instance, RootChoice};
use crate::trust::sealer::{KeySealer, Sealer};
use crate::trust::signer::Signer;

/// Who signs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who signs")]
pub struct SignerArgs {
    /// Private key: a PEM file, or a `pkcs11:` URI (RFC 7512)
    #[arg(long, value_name = "FILE|URI")]
    pub key: Option<PathBuf>,
    /// Command that signs, for keys in key services; see docs/signers.md
    #[arg(long, value_name = "COMMAND", conflicts_with = "key")]
    pub signer_command: Option<String>,
    /// Certificate of the key, PEM, with the intermediates above it; may be repeated
    #[arg(long, value_name = "FILE")]
    pub certificate: Vec<PathBuf>,
    /// Passphrase of the key
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// Sign by identity: the pipeline's own where there is one, otherwise yours, by browser
    #[arg(long, conflicts_with_all = ["key", "signer_command", "certificate"])]
    pub keyless: bool,
    /// Put the signature of the key into the transparency log of the instance
    #[arg(long, conflicts_with = "keyless")]
    pub log: bool,
    /// Have the signature of the key timestamped by the authority of the instance
    #[arg(long, conflicts_with = "keyless")]
    pub timestamp: bool,
    /// Services to sign with
    #[command(flatten)]
    pub services: ServiceArgs,
}

/// Services of a Sigstore instance.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Services of a Sigstore instance")]
pub struct ServiceArgs {
    /// OIDC token that says who you are (also `PKG_IDENTITY_TOKEN`)
    #[arg(long, value_name = "TOKEN", hide_env_values = true, env = "PKG_IDENTITY_TOKEN")]
    pub identity_token: Option<String>,
    /// Show an address and ask for a code, instead of opening a browser
    #[arg(long)]
    pub oob: bool,
    /// Signing config of the instance (`signing_config.json`)
    #[arg(long, value_name = "FILE")]
    pub signing_config: Option<PathBuf>,
    /// Client trust config of the instance: signing config and trusted root in one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signing_config", "trusted_root"])]
    pub trust_config: Option<PathBuf>,
    /// Trusted root of the instance, to check new signatures with (`trusted_root.json`)
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Use the staging instance of Sigstore, for tests
    #[arg(long, conflicts_with_all = ["signing_config", "trust_config"])]
    pub staging: bool,
    /// Open no socket at all, whatever else is asked for
    #[arg(long)]
    pub offline: bool,
}

/// A root, and the text and name of a signing config if one was given.
#[cfg_attr(not(feature = "network"), expect(dead_code, reason = "only read to be checked"))]
struct Configuration {
    root: RootChoice,
    services: Option<(Vec<u8>, String)>,
}

impl SignerArgs {
    /// Whether the command line says that somebody signs.
    pub(super) fn signs(&self) -> bool {
        self.keyless
            || self.key.is_some()
            || self.signer_command.is_some()
            || self.services.identity_token.is_some()
    }

    /// What signs, and what there is to say about it.
    pub(super) fn sealer(&self) -> Result<(Box<dyn Sealer>, Vec<Finding>)> {
        let by_identity = self.keyless || self.services.identity_token.is_some();
        match (&self.key, &self.signer_command) {
            (Some(path), _) => self.key_sealer(path),
            (None, Some(command)) => {
                Ok((self.sealer_of(Box::new(ExternalSigner::parse(command)?))?, Vec::new()))
            }
            (None, None) if by_identity => Ok((self.services.sealer()?, Vec::new())),
            (None, None) => Err(Problem::new(Code::UsageError, "the command line")
                .detail("nothing says who signs")
                .hint("Give a key with `--key FILE`, or sign by identity with `--keyless`.")),
        }
    }

    fn key_sealer(&self, path: &Path) -> Result<(Box<dyn Sealer>, Vec<Finding>)> {
        if let Some(uri) = path.to_str().filter(|text| pkcs11::is_uri(text)) {
            let signer = pkcs11::open(uri, passphrase::pin())?;
            return Ok((self.sealer_of(signer)?, Vec::new()));
        }
        let source = passphrase::for_existing_key(&self.passphrase)?;
        let (key, findings) = keyfile::load_signing_key(path, source)?;
        Ok((self.sealer_of(Box::new(key))?, findings))
    }

    fn sealer_of(&self, signer: Box<dyn Signer>) -> Result<Box<dyn Sealer>> {
        let mut certificates = Vec::new();
        for path in &self.certificate {
            let (text, name) = keyfile::load_certificates(path)?;
            certificates.extend(Certificate::all_from_pem(&text, MAX_CERTIFICATES, name)?);
        }
        let sealer = KeySealer::new(signer)?.with_certificates(certificates)?;
        if self.log || self.timestamp {
            return self.published(sealer);
        }
        Ok(Box::new(sealer))
    }

    #[cfg(feature = "network")]
    fn published(&self, inner: KeySealer) -> Result<Box<dyn Sealer>> {
        use crate::trust::net::publish::{Publisher, Wanted};
        use crate::trust::sealer::PublishedSealer;

        let (services, root) = self.services.services()?;
        let wanted = Wanted { log: self.log, timestamp: self.timestamp };
        let publisher = Publisher::new(&services, wanted)?;
        Ok(Box::new(PublishedSealer { inner, publisher, root }))
    }

    #[cfg(not(feature = "network"))]
    fn published(&self, _: KeySealer) -> Result<Box<dyn Sealer>> {
        self.services.configuration()?;
        Err(Problem::new(Code::NetworkLeftOut, "--log and --timestamp"))
    }
}

impl ServiceArgs {
    fn instance(&self) -> Instance {
        if self.staging { Instance::Staging } else { Instance::PublicGood }
    }

    fn configuration(&self) -> Result<Configuration> {
        if let Some(path) = &self.trust_config {
            let config = ClientTrustConfig::load(path)?;
            let services = Some((config.signing_config, path.display().to_string()));
            return Ok(Configuration { root: config.root, services });
        }
        let root = match &self.trusted_root {
            Some(path) => RootChoice::File(path.clone()),
            None => RootChoice::Newest(self.instance()),
        };
        let path = match &self.signing_config {
            Some(path) => Some(path.clone()),
            // What `pkg trust update` fetched is newer than what is built in.
            None => match cached::folder(self.instance().repository()) {
                Some(folder) => cached::load(&folder)?.and_then(|found| found.signing_config),
                None => None,
            },
        };
        let services = match path {
            None => None,
            Some(path) => Some((fsx::read_given(&path, 1 << 20)?, path.display().to_string())),
        };
        Ok(Configuration { root, services })
    }

    /// Signs by identity.
    #[cfg(feature = "network")]
    pub(super) fn sealer(&self) -> Result<Box<dyn Sealer>> {
        let (keyless, root) = self.keyless()?;
        Ok(Box::new(crate::trust::sealer::IdentitySealer { keyless, root }))
    }

    /// The services of the instance, and its root.
    #[cfg(feature = "network")]
    fn services(&self) -> Result<(crate::trust::net::keyless::Services, RootChoice)> {
        use crate::trust::net::keyless::Services;

        if self.offline {
            return Err(Problem::new(Code::NetworkLeftOut, "--offline"));
        }
        let Configuration { root, services } = self.configuration()?;
        let services = match services {
            Some((bytes, origin)) => Services::from_signing_config(&bytes, &origin)?,
            None => Services::built_in(self.instance())?,
        };
        Ok((services, root))
    }

    /// The identity that signs, and the root of its instance.
    #[cfg(feature = "network")]
    pub(super) fn keyless(&self) -> Result<(crate::trust::net::keyless::Keyless, RootChoice)> {
        use crate::trust::net::keyless::{Keyless, TokenSource};

        let (services, root) = self.services()?;
        let prompt = super::output::SignIn;
        let source = match &self.identity_token {
            Some(token) => TokenSource::Given(token.clone().into()),
            None if self.oob => TokenSource::ByHand(&prompt),
            None => TokenSource::Ambient(super::passphrase::interactive().then_some(&prompt as _)),
        };
        Ok((Keyless::new(&services, source)?, root))
    }

    /// Signs by identity: not in this build.
    #[cfg(not(feature = "network"))]
    pub(super) fn sealer(&self) -> Result<Box<dyn Sealer>> {
        self.configuration()?;
        Err(Problem::new(Code::NetworkLeftOut, "signing by identity"))
    }
}
