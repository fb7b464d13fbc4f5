//! Key files: PEM, read with care and written whole.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use pkcs8::der::pem::PemLabel as _;
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding, PrivateKeyInfo, SecretDocument};
use sigstore::crypto::signing_key::SigStoreKeyPair;
use zeroize::Zeroizing;

use super::key::{PublicKey, SigningKey};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;

/// Largest key file that is read.
const LIMIT: u64 = 64 << 10;

/// Asks somebody for a passphrase.
pub type Ask = Box<dyn FnMut() -> Result<Zeroizing<String>>>;

/// Where the passphrase of a key comes from.
pub enum PassphraseSource {
    /// There is none, and nobody to ask.
    None,
    /// It is known.
    Given(Zeroizing<String>),
    /// Somebody is asked if the key turns out to be encrypted.
    Ask(Ask),
}

impl fmt::Debug for PassphraseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Given(_) => "Given(..)",
            Self::Ask(_) => "Ask(..)",
        })
    }
}

impl PassphraseSource {
    fn get(self, subject: &str) -> Result<Zeroizing<String>> {
        match self {
            Self::None => Err(Problem::new(Code::PassphraseNeeded, subject)),
            Self::Given(passphrase) => Ok(passphrase),
            Self::Ask(mut ask) => ask(),
        }
    }
}

fn read_text(path: &Path) -> Result<Zeroizing<String>> {
    let bytes = Zeroizing::new(fsx::read_limited(path, LIMIT)?);
    std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|error| {
        Problem::new(Code::KeyInvalid, path.display()).detail("it is no PEM text").source(error)
    })
}

/// Reads a private key: PKCS#8, PKCS#8 encrypted (RFC 8018), or cosign's own
/// encrypted form.
pub fn load_signing_key(
    path: &Path,
    passphrase: PassphraseSource,
) -> Result<(SigningKey, Vec<Finding>)> {
    let text = read_text(path)?;
    let subject = path.display().to_string();
    let invalid = |why: String| Problem::new(Code::KeyInvalid, &subject).detail(why);
    let label = text.lines().map(str::trim).find_map(|line| {
        line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"))
    });
    let unsupported = |error: sigstore::errors::SigstoreError| invalid(error.to_string());
    let keys = match label {
        Some("PRIVATE KEY") => SigStoreKeyPair::from_pem(text.as_bytes()).map_err(unsupported)?,
        Some(label) if label == EncryptedPrivateKeyInfo::PEM_LABEL => {
            let (_, document) =
                SecretDocument::from_pem(&text).map_err(|e| invalid(e.to_string()))?;
            let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes())
                .map_err(|error| invalid(error.to_string()))?;
            let passphrase = passphrase.get(&subject)?;
            let plain = encrypted
                .decrypt(passphrase.as_bytes())
                .map_err(|_| Problem::new(Code::WrongPassphrase, &subject))?;
            SigStoreKeyPair::from_der(plain.as_bytes()).map_err(unsupported)?
        }
        Some("ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY") => {
            let passphrase = passphrase.get(&subject)?;
            SigStoreKeyPair::from_encrypted_pem(text.as_bytes(), passphrase.as_bytes())
                .map_err(|_| Problem::new(Code::WrongPassphrase, &subject))?
        }
        Some("EC PRIVATE KEY") => {
            return Err(invalid("it is in the older SEC1 form".to_owned()).hint(format!(
                "openssl pkcs8 -topk8 -nocrypt -in {subject} -out {subject}.pkcs8"
            )));
        }
        Some("PUBLIC KEY") => {
            return Err(invalid("it is a public key; signing needs the private one".to_owned())
                .hint("Give the file that ends in .key."));
        }
        Some(other) => return Err(invalid(format!("it is a {other}"))),
        None => return Err(invalid("it is no PEM file".to_owned())),
    };
    let mut findings = Vec::new();
    let mode =
        fs::metadata(path).map_err(|error| Problem::reading(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        let problem = Problem::new(Code::KeyReadableByOthers, &subject)
            .detail(format!("its mode is {:04o}; others can read it", mode & 0o7777))
            .hint(format!("chmod 600 {subject}"));
        findings.push(problem.into_finding());
    }
    Ok((SigningKey::from_keys(keys, &subject)?, findings))
}

/// Reads a public key.
pub fn load_public_key(path: &Path) -> Result<PublicKey> {
    PublicKey::from_pem(&read_text(path)?, &path.display().to_string())
}

/// A key pair on disk.
#[derive(Debug, Clone)]
pub struct Written {
    /// The private key.
    pub private: PathBuf,
    /// The public key.
    pub public: PathBuf,
    /// Whether the private key is encrypted.
    pub encrypted: bool,
}

/// Writes PREFIX.key (mode 0600) and PREFIX.pub.
pub fn write_key_pair(
    prefix: &Path,
    key: &SigningKey,
    passphrase: Option<&str>,
    force: bool,
) -> Result<Written> {
    let with = |extension: &str| {
        let mut name = prefix.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let (private, public) = (with(".key"), with(".pub"));
    for path in [&private, &public] {
        if !force && fsx::exists(path) {
            return Err(Problem::new(Code::OutputExists, path.display())
                .hint("Choose another name; `--force` destroys the key that is there."));
        }
    }
    let secret = private_pem(key, passphrase)?;
    let text = key.public()?.pem();
    // Both are complete on disk before either gets its name.
    let private_aside = write_aside(&private, secret.as_bytes(), 0o600)?;
    let public_aside = write_aside(&public, text.as_bytes(), 0o644).inspect_err(|_| {
        let _ = fs::remove_file(&private_aside);
    })?;
    for (aside, path) in [(private_aside, &private), (public_aside, &public)] {
        fs::rename(&aside, path).map_err(|error| Problem::writing(path, error))?;
    }
    Ok(Written { private, public, encrypted: passphrase.is_some() })
}

fn private_pem(key: &SigningKey, passphrase: Option<&str>) -> Result<Zeroizing<String>> {
    let failed = |why: String| Problem::new(Code::Internal, "the new key").detail(why);
    let der = key.pkcs8()?;
    let info =
        PrivateKeyInfo::try_from(der.as_slice()).map_err(|error| failed(error.to_string()))?;
    let (label, document) = match passphrase {
        // PBES2 with scrypt and AES-256-CBC, which OpenSSL and others read.
        Some(passphrase) => (
            EncryptedPrivateKeyInfo::PEM_LABEL,
            info.encrypt(pkcs8::rand_core::OsRng, passphrase.as_bytes())
                .map_err(|error| failed(error.to_string()))?,
        ),
        None => (
            PrivateKeyInfo::PEM_LABEL,
            SecretDocument::try_from(info).map_err(|error| failed(error.to_string()))?,
        ),
    };
    document.to_pem(label, LineEnding::LF).map_err(|error| failed(error.to_string()))
}

fn write_aside(path: &Path, bytes: &[u8], mode: u32) -> Result<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or_else(|| {
        Problem::new(Code::UsageError, path.display()).detail("the key needs a name")
    })?);
    name.push(fsx::PARTIAL);
    let aside = path.with_file_name(name);
    let write = || -> std::io::Result<()> {
        if fsx::exists(&aside) {
            fs::remove_file(&aside)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| Problem::writing(path, error))?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use sigstore::crypto::signing_key::ecdsa::{ECDSAKeys, EllipticCurve};
    use zeroize::Zeroizing;

    use super::{PassphraseSource, load_public_key, load_signing_key, write_key_pair};
    use crate::finding::Code;
    use crate::trust::key::{Algorithm, SigningKey};

    fn given(text: &str) -> PassphraseSource {
        PassphraseSource::Given(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn key_files_round_trip_with_and_without_passphrase() {
        let dir = tempfile::tempdir().unwrap();
        for (name, algorithm, passphrase) in [
            ("a.v1", Algorithm::EcdsaP256, None),
            ("b", Algorithm::EcdsaP256, Some("open sesame")),
            ("c", Algorithm::Ed25519, None),
            ("d", Algorithm::Ed25519, Some("x")),
        ] {
            let key = SigningKey::generate(algorithm).unwrap();
            let prefix = dir.path().join(name);
            let written = write_key_pair(&prefix, &key, passphrase, false).unwrap();
            assert_eq!(written.private, dir.path().join(format!("{name}.key")));
            let mode = fs::metadata(&written.private).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let source = passphrase.map_or(PassphraseSource::None, given);
            let (read, findings) = load_signing_key(&written.private, source).unwrap();
            assert!(findings.is_empty());
            let public = load_public_key(&written.public).unwrap();
            assert!(public.verify(b"m", &read.sign(b"m").unwrap()));
            let again = write_key_pair(&prefix, &key, None, false).unwrap_err();
            assert_eq!(again.code(), Code::OutputExists);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 8);
    }

    #[test]
    fn wrong_and_missing_passphrases_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        let path =
            write_key_pair(&dir.path().join("k"), &key, Some("right"), false).unwrap().private;
        let code = |source| load_signing_key(&path, source).unwrap_err().code();
        assert_eq!(code(given("wrong")), Code::WrongPassphrase);
        assert_eq!(code(PassphraseSource::None), Code::PassphraseNeeded);
    }

    #[test]
    fn keys_of_cosign_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let keys = ECDSAKeys::new(EllipticCurve::P256).unwrap();
        let pem = keys.as_inner().private_key_to_encrypted_pem(b"pw").unwrap();
        let path = dir.path().join("cosign.key");
        fs::write(&path, pem.as_bytes()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let (_, findings) = load_signing_key(&path, given("pw")).unwrap();
        assert_eq!(findings[0].code, Code::KeyReadableByOthers);
        let wrong = load_signing_key(&path, given("no")).unwrap_err();
        assert_eq!(wrong.code(), Code::WrongPassphrase);
    }

    #[test]
    fn other_files_are_refused_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        let written = write_key_pair(&dir.path().join("k"), &key, None, false).unwrap();
        let public_as_private = load_signing_key(&written.public, PassphraseSource::None);
        assert_eq!(public_as_private.unwrap_err().code(), Code::KeyInvalid);
        assert_eq!(load_public_key(&written.private).unwrap_err().code(), Code::KeyInvalid);
        let sec1 = dir.path().join("sec1");
        fs::write(&sec1, "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n")
            .unwrap();
        let problem = load_signing_key(&sec1, PassphraseSource::None).unwrap_err();
        assert!(problem.finding().hint.contains("openssl pkcs8 -topk8"));
    }
}
