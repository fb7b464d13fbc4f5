//! Key files: PEM, private keys in PKCS#8, public keys as `SubjectPublicKeyInfo`.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::key::{PUBLIC_LABEL, PublicKey, SigningKey};
use super::{pem, sealed, sec1};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, Patient};

mod pair;

pub use pair::{Written, write_key_pair};

/// Largest key file that is read, in bytes.
pub const MAX_FILE: usize = 64 << 10;

const PRIVATE_LABEL: &str = "PRIVATE KEY";
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const SEC1_LABEL: &str = "EC PRIVATE KEY";

/// Where the passphrase of an encrypted key comes from.
pub enum PassphraseSource {
    /// There is none.
    None,
    /// It is known already.
    Given(Zeroizing<String>),
    /// Somebody is asked, if the key turns out to be encrypted.
    Ask(Box<dyn FnMut() -> Result<Zeroizing<String>>>),
}

impl std::fmt::Debug for PassphraseSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Given(_) => "Given(..)",
            Self::Ask(_) => "Ask(..)",
        })
    }
}

impl PassphraseSource {
    fn obtain(self, subject: impl Display) -> Result<Zeroizing<String>> {
        match self {
            Self::None => Err(Problem::new(Code::PassphraseNeeded, subject)),
            Self::Given(passphrase) => Ok(passphrase),
            Self::Ask(mut ask) => ask(),
        }
    }
}

/// Reads a private key; warns when others can read it too.
///
/// Forms: `PRIVATE KEY` and `ENCRYPTED PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY`
/// (SEC 1) if it is not encrypted, and the encrypted keys of cosign and the
/// Sigstore libraries. A passphrase that turns out not
/// to be needed is not looked at.
pub fn load_signing_key(
    path: &Path,
    passphrase: PassphraseSource,
) -> Result<(SigningKey, Vec<Finding>)> {
    let subject = path.display();
    let (text, findings) = read(path, true)?;
    let block = parse(&text, path)?;
    let key = match block.label.as_str() {
        PRIVATE_LABEL => SigningKey::from_pkcs8(&block.content, subject)?,
        SEC1_LABEL => {
            let pkcs8 = sec1::to_pkcs8(&block.content)
                .map_err(|detail| Problem::new(Code::KeyInvalid, &subject).detail(detail))?;
            SigningKey::from_pkcs8(&pkcs8, subject)?
        }
        ENCRYPTED_LABEL => {
            let passphrase = passphrase.obtain(&subject)?;
            let opened = sealed::open_pkcs8(&block.content, &passphrase, &subject)?;
            SigningKey::from_pkcs8(&opened, subject)?
        }
        "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
            let passphrase = passphrase.obtain(&subject)?;
            let opened = sealed::open_sigstore(&block.content, &passphrase, &subject)?;
            SigningKey::from_pkcs8(&opened, subject)?
        }
        PUBLIC_LABEL => {
            return Err(Problem::new(Code::KeyInvalid, subject)
                .detail("it is a public key; to sign, the private key is needed")
                .hint("Name the private key; `pkg keygen` calls it NAME.key."));
        }
        other => return Err(unusable(path, other)),
    };
    Ok((key, findings))
}

/// Reads a public key.
pub fn load_public_key(path: &Path) -> Result<PublicKey> {
    let (text, _) = read(path, false)?;
    let block = parse(&text, path)?;
    match block.label.as_str() {
        PUBLIC_LABEL => PublicKey::from_spki(&block.content, path.display()),
        label if label.ends_with("PRIVATE KEY") && !label.starts_with("RSA") => {
            Err(private_given(path))
        }
        "CERTIFICATE" => {
            let command = format!("openssl x509 -pubkey -noout -in {}", quoted(path));
            Err(Problem::new(Code::KeyInvalid, path.display())
                .detail("it is a certificate, not a public key")
                .hint(format!(
                    "Give it with `--certificate-chain`; or, to trust its key by itself: `{command}`."
                )))
        }
        other => Err(unusable(path, other)),
    }
}

/// Reads a file of certificates; gives its text and the name to call it by.
pub fn load_certificates(path: &Path) -> Result<(String, String)> {
    const LIMIT: u64 = 1 << 20;
    let name = path.display().to_string();
    let text = String::from_utf8(fsx::read_given(path, LIMIT).map_err(Problem::given)?).map_err(
        |error| {
            Problem::new(Code::AuthorityInvalid, &name).detail("it is no PEM text").source(error)
        },
    )?;
    Ok((text, name))
}

fn private_given(path: &Path) -> Problem {
    let command = format!("openssl pkey -pubout -in {}", quoted(path));
    Problem::new(Code::KeyInvalid, path.display())
        .detail("it is a private key; to verify, the public key is needed")
        .hint(format!(
            "Name the public key (`pkg keygen` calls it NAME.pub), or make it: `{command}`."
        ))
}

fn unusable(path: &Path, label: &str) -> Problem {
    let problem = Problem::new(Code::KeyInvalid, path.display());
    match label {
        "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => {
            problem.detail("it is an RSA key; pkg uses ECDSA and Ed25519 keys")
        }
        "OPENSSH PRIVATE KEY" => problem
            .detail("it is a key of OpenSSH, not in PKCS#8")
            .hint("Make a key for signing with `pkg keygen`."),
        other => problem.detail(format!("it holds a `{other}`, which is not a key known here")),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn parse(text: &str, path: &Path) -> Result<pem::Block> {
    let invalid = |detail: String| Problem::new(Code::KeyInvalid, path.display()).detail(detail);
    let block = pem::decode(text).map_err(|detail| invalid(detail.to_owned()))?;
    if !block.headers {
        return Ok(block);
    }
    let problem = invalid(
        "it has PEM header lines (an old OpenSSL encryption), which are not read".to_owned(),
    );
    if block.label != SEC1_LABEL {
        return Err(problem);
    }
    let mut new = OsString::from(path);
    new.push(".pkcs8");
    let command =
        format!("openssl pkcs8 -topk8 -in {} -out {}", quoted(path), quoted(new.as_ref()));
    Err(problem.hint(format!("Convert it: `{command}`.")))
}

/// Reads a key file, which may be a pipe, and looks at its permissions.
fn read(path: &Path, private: bool) -> Result<(Zeroizing<String>, Vec<Finding>)> {
    let failed = |error| Problem::reading(path, error);
    let mut file = Patient::open(path).map_err(failed)?;
    let metadata = file.metadata().clone();
    let invalid = |detail: &str| Problem::new(Code::KeyInvalid, path.display()).detail(detail);
    if metadata.is_dir() {
        return Err(invalid("it is a folder, not a key file"));
    }
    // Room for everything at once: growing would leave copies of a secret behind.
    let mut bytes = Zeroizing::new(vec![0; MAX_FILE + 1]);
    let mut length = 0;
    while length < bytes.len() {
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if length > MAX_FILE {
        return Err(invalid("it is larger than 64 KiB, so it is no key file"));
    }
    let text = std::str::from_utf8(&bytes[..length])
        .map_err(|error| invalid("it is not text, so it is no key in PEM").source(error))?;
    let findings = if private { permissions(path, &metadata) } else { Vec::new() };
    Ok((Zeroizing::new(text.to_owned()), findings))
}

#[cfg(unix)]
fn permissions(path: &Path, metadata: &fs::Metadata) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o777;
    let shared = metadata.is_file() && mode & 0o077 != 0;
    if !shared {
        return Vec::new();
    }
    let problem = Problem::new(Code::KeyReadableByOthers, path.display())
        .detail(format!("other users of this machine may use the private key (mode {mode:04o})"))
        .hint(format!("Run `chmod 600 {}`.", quoted(path)));
    vec![problem.into_finding()]
}

#[cfg(not(unix))]
fn permissions(_: &Path, _: &fs::Metadata) -> Vec<Finding> {
    Vec::new()
}

#[cfg(test)]
#[path = "keyfile_tests.rs"]
mod tests;
