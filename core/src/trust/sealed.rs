//! Private keys under a passphrase: PKCS#8 with PBES2, and Sigstore's own form.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkcs8::der::Decode as _;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters, ScryptParams};
use pkcs8::pkcs5::{self, EncryptionScheme};
use pkcs8::rand_core::{OsRng, RngCore as _};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument};
use serde::Deserialize;
use sigstore::crypto::signing_key::kdf;
use sigstore::errors::SigstoreError;
use zeroize::Zeroizing;

use super::json;
use crate::finding::{Code, Problem, Result};

/// Cost of new keys: 16 MiB and five passes, which the OWASP password storage
/// sheet rates equal to 128 MiB and one pass. OpenSSL opens no key file that
/// takes more than 32 MiB, and reads `N` = 2^15 with `r` = 8 as more than that.
const SCRYPT_N: u64 = 1 << 14;
const SCRYPT_R: u16 = 8;
const SCRYPT_P: u16 = 5;

/// Most memory and work that a key file may ask for.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;
const MAX_SCRYPT_P: u16 = 16;
const MAX_PBKDF2_ROUNDS: u32 = 20_000_000;

/// Length of the nonce of `nacl/secretbox`.
const SECRETBOX_NONCE: usize = 24;

/// Encrypts a PKCS#8 key as PBES2 with scrypt and AES-256-CBC (RFC 8018, 7914).
pub(super) fn seal(key: &[u8], passphrase: &str) -> Result<SecretDocument> {
    let failed = |detail: &str| Problem::new(Code::Internal, "the new key").detail(detail);
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    OsRng
        .try_fill_bytes(&mut salt)
        .and_then(|()| OsRng.try_fill_bytes(&mut iv))
        .map_err(|error| failed(&format!("the system gave no random numbers: {error}")))?;
    let parameters = Parameters {
        kdf: Kdf::Scrypt(ScryptParams {
            salt: &salt,
            cost_parameter: SCRYPT_N,
            block_size: SCRYPT_R,
            parallelization: SCRYPT_P,
            key_length: None,
        }),
        encryption: pkcs5::pbes2::EncryptionScheme::Aes256Cbc { iv: &iv },
    };
    PrivateKeyInfo::from_der(key)
        .map_err(pkcs8::Error::from)
        .and_then(|info| info.encrypt_with_params(parameters, passphrase))
        .map_err(|error| failed("the key could not be encrypted").source(error))
}

/// Decrypts an `EncryptedPrivateKeyInfo` in DER.
pub(super) fn open_pkcs8(
    der: &[u8],
    passphrase: &str,
    subject: impl Display,
) -> Result<Zeroizing<Vec<u8>>> {
    let invalid = |detail: &str| Problem::new(Code::KeyInvalid, &subject).detail(detail);
    let unsupported = || {
        invalid("it is encrypted with a method that is not supported")
            .hint("Encrypt it again: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW`.")
    };
    let info =
        EncryptedPrivateKeyInfo::from_der(der).map_err(|error| unsupported().source(error))?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(unsupported());
    };
    let affordable = match &parameters.kdf {
        Kdf::Scrypt(scrypt) => {
            let bytes = scrypt.cost_parameter.checked_mul(128 * u64::from(scrypt.block_size));
            bytes.is_some_and(|bytes| bytes <= MAX_SCRYPT_BYTES)
                && scrypt.parallelization <= MAX_SCRYPT_P
        }
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MAX_PBKDF2_ROUNDS,
        _ => false,
    };
    if !affordable {
        return Err(invalid("its encryption asks for more memory or time than is reasonable"));
    }
    match info.decrypt(passphrase) {
        Ok(key) if PrivateKeyInfo::from_der(key.as_bytes()).is_ok() => {
            Ok(Zeroizing::new(key.as_bytes().to_vec()))
        }
        Err(pkcs8::Error::EncryptedPrivateKey(
            error @ (pkcs5::Error::AlgorithmParametersInvalid { .. }
            | pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs5::Error::NoPbes1CryptSupport),
        )) => Err(unsupported().source(pkcs8::Error::EncryptedPrivateKey(error))),
        // A wrong key decrypts to noise: bad padding, or something else than a key.
        Ok(_) | Err(_) => Err(wrong(subject)),
    }
}

/// What is looked at before Sigstore's form is decrypted: the decryption itself
/// panics on a nonce of another length.
#[derive(Deserialize)]
struct SigstoreForm {
    cipher: SigstoreCipher,
}

#[derive(Deserialize)]
struct SigstoreCipher {
    nonce: String,
}

/// Decrypts the JSON that cosign and the Sigstore libraries write.
pub(super) fn open_sigstore(
    bytes: &[u8],
    passphrase: &str,
    subject: impl Display,
) -> Result<Zeroizing<Vec<u8>>> {
    let invalid = || {
        Problem::new(Code::KeyInvalid, &subject)
            .detail("its content is not an encrypted key as cosign writes it")
    };
    let form: SigstoreForm =
        json::from_slice_strict(bytes).map_err(|error| invalid().source(error))?;
    let nonce = STANDARD.decode(form.cipher.nonce).map_err(|error| invalid().source(error))?;
    if nonce.len() != SECRETBOX_NONCE {
        return Err(invalid());
    }
    match kdf::decrypt(bytes, passphrase.as_bytes()) {
        Ok(key) => Ok(Zeroizing::new(key)),
        // The library's name for a box that the key does not open.
        Err(SigstoreError::PrivateKeyEncryptError(_)) => Err(wrong(subject)),
        Err(error) => Err(invalid().source(error)),
    }
}

fn wrong(subject: impl Display) -> Problem {
    Problem::new(Code::WrongPassphrase, subject)
        .detail("the passphrase does not open the key, or the file is damaged")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sigstore::crypto::signing_key::kdf;

    use super::{open_pkcs8, open_sigstore, seal};
    use crate::finding::Code;
    use crate::trust::key::{Algorithm, SigningKey};

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_only() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let sealed = seal(key.pkcs8(), "pass phrase \u{fc}").unwrap();
        let opened = open_pkcs8(sealed.as_bytes(), "pass phrase \u{fc}", "test").unwrap();
        assert_eq!(*opened, key.pkcs8());
        for wrong in ["", "pass phrase", "pass phrase \u{fc} "] {
            let problem = open_pkcs8(sealed.as_bytes(), wrong, "test").unwrap_err();
            assert_eq!(problem.code(), Code::WrongPassphrase);
        }
        let again = seal(key.pkcs8(), "pass phrase \u{fc}").unwrap();
        assert_ne!(sealed.as_bytes(), again.as_bytes(), "salt and IV are fresh");
    }

    #[test]
    fn the_form_of_cosign_opens_and_its_damage_is_found() {
        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        let sealed = kdf::encrypt(key.pkcs8(), b"secret").unwrap();
        assert_eq!(*open_sigstore(&sealed, "secret", "test").unwrap(), key.pkcs8());
        let problem = open_sigstore(&sealed, "Secret", "test").unwrap_err();
        assert_eq!(problem.code(), Code::WrongPassphrase);
        let text = String::from_utf8(sealed).unwrap();
        for (from, to) in [
            ("\"nonce\":\"", "\"nonce\":\"AAAA"),
            ("\"N\":32768", "\"N\":1073741824"),
            ("nacl/secretbox", "none"),
            ("{", "{\"kdf\":1,"),
        ] {
            let damaged = text.replacen(from, to, 1);
            assert_ne!(damaged, text);
            let problem = open_sigstore(damaged.as_bytes(), "secret", "test").unwrap_err();
            assert_eq!(problem.code(), Code::KeyInvalid, "{from}");
        }
    }

    #[test]
    fn a_file_cannot_ask_for_any_amount_of_work() {
        let rounds = greedy_pbkdf2();
        let problem = open_pkcs8(&rounds, "x", "test").unwrap_err();
        assert_eq!(problem.code(), Code::KeyInvalid);
        assert!(problem.to_string().contains("more memory or time"), "{problem}");
    }

    /// A key file of 100 million rounds, which the reader below would allow.
    fn greedy_pbkdf2() -> Vec<u8> {
        use pkcs8::PrivateKeyInfo;
        use pkcs8::der::{Decode as _, Encode as _};
        use pkcs8::pkcs5::pbes2::{Kdf, Parameters};

        let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
        let cheap = Parameters::pbkdf2_sha256_aes256cbc(1, b"salt", &[0; 16]).unwrap();
        let info = PrivateKeyInfo::from_der(key.pkcs8()).unwrap();
        let sealed = info.encrypt_with_params(cheap, "x").unwrap();
        let mut parsed = pkcs8::EncryptedPrivateKeyInfo::from_der(sealed.as_bytes()).unwrap();
        if let pkcs8::pkcs5::EncryptionScheme::Pbes2(Parameters { kdf: Kdf::Pbkdf2(kdf), .. }) =
            &mut parsed.encryption_algorithm
        {
            kdf.iteration_count = 100_000_000;
        }
        parsed.to_der().unwrap()
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            prop_assert!(open_pkcs8(&bytes, "x", "test").is_err());
            prop_assert!(open_sigstore(&bytes, "x", "test").is_err());
        }
    }
}
