//! Credentials: where `docker login` and `podman login` put them, and helpers.
//!
//! Formats: `containers-auth.json(5)`, the configuration file of Docker, and the protocol
//! of `docker-credential-helpers`. Nothing is written here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::helper;
use crate::finding::{Code, Problem, Result};

/// Gives a variable of the environment.
pub type Environment = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Largest file of credentials, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// User name that says that the password is an identity token.
const TOKEN_USER: &str = "<token>";

/// Base 64 with or without padding: both are in use.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// Who asks.
pub enum Credential {
    /// A user and a password.
    Basic {
        /// User.
        username: String,
        /// Password.
        password: Zeroizing<String>,
    },
    /// A token that stands for a user, for the token service.
    Identity(Zeroizing<String>),
    /// A token for the registry itself.
    Bearer(Zeroizing<String>),
}

impl Credential {
    fn pair(username: String, password: Zeroizing<String>) -> Self {
        if username == TOKEN_USER {
            return Self::Identity(password);
        }
        Self::Basic { username, password }
    }

    /// Takes the secret out of a text.
    pub(super) fn scrub(&self, text: &mut String) {
        let (secret, encoded) = match self {
            Self::Basic { username, password } => {
                let pair = Zeroizing::new(format!("{username}:{}", **password));
                (password, Some(STANDARD.encode(pair.as_bytes())))
            }
            Self::Identity(token) | Self::Bearer(token) => (token, None),
        };
        for secret in [Some(secret.as_str()), encoded.as_deref()].into_iter().flatten() {
            if !secret.is_empty() && text.contains(secret) {
                *text = text.replace(secret, "***");
            }
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Identity(_) => "Identity",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// The credentials for a repository, from the first place that has any: the environment,
/// then `file` alone if one is given, else the files of the container tools.
pub fn find(
    host: &str,
    repository: &str,
    file: Option<&Path>,
    environment: &Environment,
) -> Result<Option<Credential>> {
    if let Some(found) = from_environment(host, environment)? {
        return Ok(Some(found));
    }
    if let Some(file) = file {
        let config = Config::read(file)?.ok_or_else(|| {
            Problem::new(Code::RegistryCredentials, file.display()).detail("there is no such file")
        })?;
        return config.find(file, host, repository, environment);
    }
    for file in files(environment) {
        if let Some(config) = Config::read(&file)?
            && let Some(found) = config.find(&file, host, repository, environment)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn from_environment(host: &str, environment: &Environment) -> Result<Option<Credential>> {
    let text = |name: &str| match environment(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => value.into_string().map(Some).map_err(|_| {
            Problem::new(Code::RegistryCredentials, name).detail("the variable is no UTF-8")
        }),
    };
    let token = text("PKG_REGISTRY_TOKEN")?;
    let (username, password) = (text("PKG_REGISTRY_USERNAME")?, text("PKG_REGISTRY_PASSWORD")?);
    if token.is_none() && username.is_none() && password.is_none() {
        return Ok(None);
    }
    match text("PKG_REGISTRY_HOST")? {
        Some(only) if only.eq_ignore_ascii_case(host) => {}
        Some(_) => return Ok(None),
        // A reference may name any host; whoever runs that would get them.
        None => {
            return Err(Problem::new(Code::RegistryCredentials, "PKG_REGISTRY_HOST")
                .detail("the environment has credentials and does not say for which registry")
                .hint(format!("PKG_REGISTRY_HOST={host}, if they are for that one.")));
        }
    }
    match (token, username, password) {
        (Some(token), ..) => Ok(Some(Credential::Bearer(token.into()))),
        (None, Some(username), Some(password)) => {
            Ok(Some(Credential::pair(username, password.into())))
        }
        _ => Err(Problem::new(Code::RegistryCredentials, "PKG_REGISTRY_USERNAME")
            .detail(
                "PKG_REGISTRY_USERNAME and PKG_REGISTRY_PASSWORD are set together or not at all",
            )
            .hint("Set both variables, or neither.")),
    }
}

/// Where the container tools keep credentials, in the order in which Podman looks.
fn files(environment: &Environment) -> Vec<PathBuf> {
    let path = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = path("HOME");
    let under_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
    let containers = Path::new("containers").join("auth.json");
    [
        path("REGISTRY_AUTH_FILE"),
        path("XDG_RUNTIME_DIR").map(|folder| folder.join(&containers)),
        path("XDG_CONFIG_HOME").or_else(|| under_home(".config")).map(|f| f.join(&containers)),
        path("DOCKER_CONFIG").or_else(|| under_home(".docker")).map(|f| f.join("config.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    auths: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(default, rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl Config {
    /// A file, if it is there.
    fn read(path: &Path) -> Result<Option<Self>> {
        let wrong =
            |why: String| Problem::new(Code::RegistryCredentials, path.display()).detail(why);
        // Links are followed: orchestrators mount such files as links.
        // A pipe would be waited for.
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = match OpenOptions::new().read(true).custom_flags(nonblock).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(format!("cannot read: {error}")).source(error)),
        };
        let failed = |error: std::io::Error| wrong(format!("cannot read: {error}")).source(error);
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(wrong("it is no file".to_owned()));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(wrong(format!("it has over {MAX_FILE} bytes")));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Some(Self::default()));
        }
        // The text of the reader's error may quote a password.
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            wrong(format!("it cannot be read: line {}, column {}", error.line(), error.column()))
        })
    }

    fn find(
        &self,
        path: &Path,
        host: &str,
        repository: &str,
        environment: &Environment,
    ) -> Result<Option<Credential>> {
        let helpers = self.helpers.iter().flatten();
        let own = helpers.filter(|(key, _)| key.eq_ignore_ascii_case(host)).map(|(_, name)| name);
        let store = self.store.iter().filter(|name| !name.is_empty());
        if let Some(name) = own.chain(store).next()
            && let Some(found) = helper::get(name, host, path, environment)?
        {
            let (username, secret) = found;
            return Ok(Some(Credential::pair(username, secret)));
        }
        for wanted in candidates(host, repository) {
            let matching = |key: &String| normal(key) == wanted;
            let entries = self.auths.iter().flatten().filter(|(key, _)| matching(key));
            for (key, entry) in entries {
                let wrong = |why: &str| {
                    Problem::new(Code::RegistryCredentials, path.display())
                        .detail(format!("the entry {:?}: {why}", super::address::printable(key)))
                };
                let found = entry.as_ref().map(Entry::credential).transpose().map_err(wrong)?;
                if let Some(found) = found.flatten() {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

/// `host/a/b`, `host/a`, `host`: what an entry may be for, the most specific first.
fn candidates(host: &str, repository: &str) -> Vec<String> {
    let whole = format!("{}/{repository}", host.to_ascii_lowercase());
    let ends = whole.match_indices('/').map(|(at, _)| at).chain([whole.len()]);
    let mut found: Vec<String> = ends.map(|end| whole[..end].to_owned()).collect();
    found.reverse();
    found
}

/// The key of an entry without what older tools put around the host.
fn normal(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let mut text = bare.unwrap_or(key).trim_end_matches('/').to_ascii_lowercase();
    if bare.is_some() {
        for version in ["/v1", "/v2"] {
            if let Some(host) = text.strip_suffix(version) {
                text.truncate(host.len());
            }
        }
    }
    text
}

impl Entry {
    fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Ok(Some(Credential::Bearer(token.into())));
        }
        if let Some(token) = given(&self.identitytoken) {
            return Ok(Some(Credential::Identity(token.into())));
        }
        if let Some(auth) = given(&self.auth) {
            let bytes = LENIENT.decode(auth.trim()).map_err(|_| "`auth` is no base 64")?;
            let bytes = Zeroizing::new(bytes);
            let text = std::str::from_utf8(&bytes).map_err(|_| "`auth` is no UTF-8")?;
            let (username, password) =
                text.split_once(':').ok_or("`auth` has no colon between user and password")?;
            // Docker pads with zeros.
            let password = password.trim_matches('\0').to_owned();
            return Ok(Some(Credential::pair(username.to_owned(), password.into())));
        }
        match (given(&self.username), given(&self.password)) {
            (Some(username), Some(password)) => {
                Ok(Some(Credential::pair(username, password.into())))
            }
            (None, Some(_)) => Err("there is a password and no user"),
            (_, None) => Ok(None),
        }
    }
}
