//! Keys in tokens: smart cards, security keys, network HSMs, through PKCS#11.
//!
//! The module is code that is loaded into this process. It is named by whoever
//! runs pkg, in the URI or in [`MODULE_VARIABLE`], and by nobody else: nothing is
//! searched for, and nothing of a bundle has a say.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::pkcs11_uri::{self, Pkcs11Uri};
use super::signer::Signer;
use crate::finding::{Code, Problem, Result};
use crate::fsx::Patient;

/// Environment variable with the path of the module, for URIs without one.
pub const MODULE_VARIABLE: &str = "PKG_PKCS11_MODULE";

/// Environment variable with the PIN, for URIs without one.
pub const PIN_VARIABLE: &str = "PKG_PKCS11_PIN";

/// Longest PIN that is read from a file, in bytes.
const MAX_PIN: usize = 1024;

/// Where the PIN comes from when neither the URI nor [`PIN_VARIABLE`] says it.
pub enum PinSource {
    /// There is nobody to ask.
    None,
    /// Somebody is asked, with the label of the token, if one is needed.
    Ask(Box<AskForPin>),
}

/// Asks somebody for the PIN of the token with the given label.
pub type AskForPin = dyn FnMut(&str) -> Result<Zeroizing<String>>;

impl fmt::Debug for PinSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Ask(_) => "Ask(..)",
        })
    }
}

/// Whether a key is named by a URI and not by a path.
pub fn is_uri(text: &str) -> bool {
    text.starts_with(pkcs11_uri::SCHEME)
}

/// Opens the one key that fits a URI.
///
/// The session ends and the module is closed when the signer is dropped, so one
/// module serves one signer at a time.
#[cfg(feature = "pkcs11")]
pub fn open(uri: &str, pin: PinSource) -> Result<Box<dyn Signer>> {
    let parsed = Pkcs11Uri::parse(uri)?;
    let subject = pkcs11_uri::shown(uri);
    let module = module(&parsed, std::env::var_os(MODULE_VARIABLE).map(Into::into), subject)?;
    let pin = Pin { uri: &parsed, source: pin, subject };
    Ok(Box::new(super::pkcs11_token::TokenSigner::open(&parsed, &module, pin, subject)?))
}

/// Says that this build has no PKCS#11, once the URI is found to be one.
#[cfg(not(feature = "pkcs11"))]
pub fn open(uri: &str, _: PinSource) -> Result<Box<dyn Signer>> {
    Pkcs11Uri::parse(uri)?;
    Err(Problem::new(Code::Pkcs11NotBuilt, pkcs11_uri::shown(uri)))
}

/// The module that a URI, or else the environment, names.
#[cfg_attr(not(feature = "pkcs11"), allow(dead_code))]
fn module(uri: &Pkcs11Uri, from_environment: Option<PathBuf>, subject: &str) -> Result<PathBuf> {
    let refused = |why: String| Problem::new(Code::Pkcs11Module, subject).detail(why);
    let named = uri.module_path.as_ref().map(PathBuf::from).or(from_environment);
    let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) else {
        return Err(refused(format!(
            "no module is named, by `module-path` in the URI or by {MODULE_VARIABLE}"
        )));
    };
    if !path.is_absolute() {
        return Err(refused(format!("the path of the module is not absolute: {}", path.display())));
    }
    if let Some(name) = &uri.module_name
        && !is_named(&path, name)
    {
        return Err(refused(format!(
            "the module {} does not have the name {name:?}",
            path.display()
        )));
    }
    if !path.is_file() {
        return Err(refused(format!("there is no module at {}", path.display())));
    }
    Ok(path)
}

/// Whether a file is the library of that name: `NAME.so`, `libNAME.so.2`.
fn is_named(path: &Path, name: &str) -> bool {
    let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    stem == name || stem.strip_prefix("lib") == Some(name)
}

/// The PIN, which is looked for when it turns out to be needed.
#[cfg_attr(not(feature = "pkcs11"), allow(dead_code))]
pub(super) struct Pin<'u> {
    uri: &'u Pkcs11Uri,
    source: PinSource,
    subject: &'u str,
}

#[cfg_attr(not(feature = "pkcs11"), allow(dead_code))]
impl Pin<'_> {
    /// The PIN for the token with that label.
    pub(super) fn obtain(self, token: &str) -> Result<Zeroizing<String>> {
        if let Some(pin) = &self.uri.pin_value {
            return Ok(pin.clone());
        }
        if let Some(source) = &self.uri.pin_source {
            return read_pin(source, self.subject);
        }
        let given = std::env::var(PIN_VARIABLE).ok().map(Zeroizing::new);
        match (given.filter(|pin| !pin.is_empty()), self.source) {
            (Some(pin), _) => Ok(pin),
            (None, PinSource::Ask(mut ask)) => ask(token),
            (None, PinSource::None) => Err(Problem::new(Code::Pkcs11PinNeeded, self.subject)),
        }
    }
}

/// Reads the first line of a file: a path, or a `file:` URI of this machine.
fn read_pin(source: &str, subject: &str) -> Result<Zeroizing<String>> {
    let refused = |why: &str| Problem::new(Code::Pkcs11Uri, subject).detail(why);
    if source.starts_with('|') {
        return Err(refused("its `pin-source` is a command, which is not run"));
    }
    let path = match source.strip_prefix("file:") {
        Some(rest) => match rest.strip_prefix("//") {
            Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
            None => rest,
        },
        None => source,
    };
    if !path.starts_with('/') {
        return Err(refused("its `pin-source` is no absolute path"));
    }
    let path = Path::new(path);
    let failed = |error| Problem::reading(path, error);
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PIN + 1));
    let file = Patient::open(path).map_err(failed)?;
    file.take(MAX_PIN as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_PIN {
        return Err(refused("the file of its `pin-source` is too long for a PIN"));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| refused("the file of its `pin-source` is not text"))?;
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() || line.contains('\n') {
        return Err(refused("the file of its `pin-source` does not hold one line"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

#[cfg(test)]
#[path = "pkcs11_tests.rs"]
mod tests;
