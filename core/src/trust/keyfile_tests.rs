//! Tests of key files; some ask the `openssl` program for its opinion.

use std::path::Path;
use std::process::Command;

use zeroize::Zeroizing;

use super::{PassphraseSource, Written, load_public_key, load_signing_key, write_key_pair};
use crate::finding::{Code, Problem};
use crate::trust::key::{Algorithm, SigningKey};
use crate::trust::pem;

fn given(text: &str) -> PassphraseSource {
    PassphraseSource::Given(Zeroizing::new(text.to_owned()))
}

fn refused(path: &Path, passphrase: PassphraseSource) -> Problem {
    load_signing_key(path, passphrase).map(|_| ()).unwrap_err()
}

/// Runs `openssl`; none, loudly, where there is no such program.
fn openssl(arguments: &[&str]) -> Option<std::process::Output> {
    match Command::new("openssl").args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("SKIPPED: part of a test, because `openssl` does not run: {error}");
            None
        }
    }
}

fn assert_same_key(one: &SigningKey, other: &SigningKey) {
    assert_eq!(one.algorithm(), other.algorithm());
    assert_eq!(one.public().unwrap().pem(), other.public().unwrap().pem());
}

#[test]
fn pairs_round_trip_and_openssl_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in Algorithm::ALL {
        for passphrase in [None, Some("correct horse")] {
            let key = SigningKey::generate(algorithm).unwrap();
            let prefix = folder.path().join(format!("{algorithm}.{}", passphrase.is_some()));
            let written = write_key_pair(&prefix, &key, passphrase, false).unwrap();
            assert_eq!(written.encrypted, passphrase.is_some());
            let source = passphrase.map_or(PassphraseSource::None, given);
            let (read, findings) = load_signing_key(&written.private, source).unwrap();
            assert_same_key(&read, &key);
            assert_eq!(findings, []);
            let public = load_public_key(&written.public).unwrap();
            assert!(public.verify(b"message", &read.sign(b"message").unwrap()));
            let private = written.private.to_str().unwrap();
            let argument = format!("pass:{}", passphrase.unwrap_or_default());
            let arguments = ["pkey", "-in", private, "-passin", &argument, "-pubout"];
            if let Some(output) = openssl(&arguments) {
                let errors = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.stdout, public.pem().as_bytes(), "{algorithm}: {errors}");
            }
        }
    }
}

#[test]
fn keys_made_by_openssl_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sec1 key.pem");
    let text = path.to_str().unwrap();
    let make = ["ecparam", "-name", "secp384r1", "-genkey", "-out", text];
    if openssl(&make).is_none() {
        return;
    }
    let (sec1, _) = load_signing_key(&path, PassphraseSource::None).unwrap();
    assert_eq!(sec1.algorithm(), Algorithm::EcdsaP384);
    assert!(sec1.public().unwrap().verify(b"x", &sec1.sign(b"x").unwrap()));
    let converted = format!("{text}.pkcs8");
    let plain = ["pkcs8", "-topk8", "-in", text, "-out", &converted];
    for (extra, source) in [
        (vec!["-nocrypt"], PassphraseSource::None),
        (vec!["-passout", "pass:abc"], given("abc")),
        (vec!["-passout", "pass:abc", "-scrypt"], given("abc")),
    ] {
        let output = openssl(&[plain.as_slice(), &extra].concat()).unwrap();
        assert!(output.status.success());
        let (key, _) = load_signing_key(converted.as_ref(), source).unwrap();
        assert_same_key(&key, &sec1);
    }
    let encrypted = format!("{text}.old");
    let encrypt = ["ec", "-in", text, "-aes256", "-passout", "pass:abc", "-out", &encrypted];
    assert!(openssl(&encrypt).unwrap().status.success());
    let problem = refused(encrypted.as_ref(), given("abc"));
    assert_eq!(problem.code(), Code::KeyInvalid);
    assert_eq!(
        problem.finding().hint,
        format!("Convert it: `openssl pkcs8 -topk8 -in '{encrypted}' -out '{encrypted}.pkcs8'`.")
    );
    let old = [plain.as_slice(), &["-passout", "pass:abc", "-v1", "PBE-SHA1-3DES"]].concat();
    if openssl(&old).unwrap().status.success() {
        assert_eq!(refused(converted.as_ref(), given("abc")).code(), Code::KeyInvalid);
    }
}

/// A P-256 key by `openssl ecparam -name prime256v1 -genkey`, and its public key.
const SEC1: &str = "\
    -----BEGIN EC PARAMETERS-----\n\
    BggqhkjOPQMBBw==\n\
    -----END EC PARAMETERS-----\n\
    -----BEGIN EC PRIVATE KEY-----\n\
    MHcCAQEEIKq2ArBJJ0/2dLuDmFxu29xlAoN+1T0mwegiBMYPlRotoAoGCCqGSM49\n\
    AwEHoUQDQgAEOujpwOf4y5hoAWGlaXmRG5v+9Y5mS6A+RPaGP/pso/3GKTl/gwcm\n\
    KbnWL0g+nlbFni8+G+eheuVeWmsudCMIXg==\n\
    -----END EC PRIVATE KEY-----\n";
const SEC1_PUBLIC: &str = "\
    -----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOujpwOf4y5hoAWGlaXmRG5v+9Y5m\n\
    S6A+RPaGP/pso/3GKTl/gwcmKbnWL0g+nlbFni8+G+eheuVeWmsudCMIXg==\n\
    -----END PUBLIC KEY-----\n";

#[test]
fn sec1_keys_are_read_and_their_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, SEC1).unwrap();
    let (key, _) = load_signing_key(&path, PassphraseSource::None).unwrap();
    assert_eq!(key.public().unwrap().pem(), SEC1_PUBLIC);
    assert_eq!(load_public_key(&path).unwrap_err().code(), Code::KeyInvalid);
    let der = pem::decode(SEC1).ok().unwrap().content;
    let read = |der: &[u8]| {
        std::fs::write(&path, pem::encode("EC PRIVATE KEY", der).as_bytes()).unwrap();
        load_signing_key(&path, PassphraseSource::None).map(|(key, _)| key)
    };
    assert_same_key(&read(&der).unwrap(), &key);
    for cut in 0..der.len() {
        assert_eq!(read(&der[..cut]).unwrap_err().code(), Code::KeyInvalid, "{cut}");
    }
    // Without curve and public key, with another version, with something behind.
    let bare = [&[0x30, 37, 2, 1, 1, 4, 32], &der[7..39]].concat();
    let problem = read(&bare).unwrap_err();
    assert!(problem.to_string().contains("curve is not given by name"), "{problem}");
    let mut other = der.to_vec();
    other[4] = 2;
    assert_eq!(read(&other).unwrap_err().code(), Code::KeyInvalid);
    assert_eq!(read(&[&der[..], &[0]].concat()).unwrap_err().code(), Code::KeyInvalid);
}

#[test]
fn a_passphrase_is_asked_for_only_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let path = |name: &str| folder.path().join(name);
    let secret = write_key_pair(&path("secret"), &key, Some("abc"), false).unwrap();
    let plain = write_key_pair(&path("plain"), &key, None, false).unwrap();
    let ask = |answer: &'static str| {
        PassphraseSource::Ask(Box::new(move || Ok(Zeroizing::new(answer.to_owned()))))
    };
    let never = || PassphraseSource::Ask(Box::new(|| panic!("asked without need")));
    assert_same_key(&load_signing_key(&secret.private, ask("abc")).unwrap().0, &key);
    assert_same_key(&load_signing_key(&plain.private, never()).unwrap().0, &key);
    assert_same_key(&load_signing_key(&plain.private, given("abc")).unwrap().0, &key);
    let missing = refused(&secret.private, PassphraseSource::None);
    assert_eq!(missing.code(), Code::PassphraseNeeded);
    assert_eq!(refused(&secret.private, ask("abd")).code(), Code::WrongPassphrase);
    assert_eq!(format!("{:?}", given("abc")), "Given(..)");
}

#[test]
fn the_wrong_half_of_a_pair_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let Written { private, public, .. } =
        write_key_pair(&folder.path().join("x"), &key, Some("abc"), false).unwrap();
    let problem = refused(&public, PassphraseSource::None);
    assert_eq!(problem.code(), Code::KeyInvalid);
    assert!(problem.to_string().contains("it is a public key"), "{problem}");
    let problem = load_public_key(&private).unwrap_err();
    assert_eq!(problem.code(), Code::KeyInvalid);
    assert!(problem.finding().hint.contains("openssl pkey -pubout"), "{problem}");
}

#[test]
fn what_is_no_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let block = |label: &str| pem::encode(label, b"0123").to_string().into_bytes();
    for content in [
        Vec::new(),
        b"hello\n".to_vec(),
        vec![0xff; 100],
        vec![b'\n'; (64 << 10) + 1],
        block("PRIVATE KEY"),
        block("PUBLIC KEY"),
        block("ENCRYPTED PRIVATE KEY"),
        block("ENCRYPTED COSIGN PRIVATE KEY"),
        block("RSA PRIVATE KEY"),
        block("CERTIFICATE"),
        block("OPENSSH PRIVATE KEY"),
        b"-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END PRIVATE KEY-----\n"
            .to_vec(),
    ] {
        std::fs::write(&path, &content).unwrap();
        let shown = String::from_utf8_lossy(&content[..content.len().min(60)]);
        assert_eq!(refused(&path, given("abc")).code(), Code::KeyInvalid, "{shown}");
        assert_eq!(load_public_key(&path).unwrap_err().code(), Code::KeyInvalid, "{shown}");
    }
    assert_eq!(refused(folder.path(), given("abc")).code(), Code::KeyInvalid);
    let absent = refused(&folder.path().join("absent"), given("abc"));
    assert_eq!(absent.code(), Code::PathNotFound);
}

#[test]
fn keys_of_cosign_are_read() {
    use sigstore::crypto::signing_key::kdf;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosign.key");
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let sealed = kdf::encrypt(key.pkcs8(), b"abc").unwrap();
    for label in ["ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY"] {
        std::fs::write(&path, pem::encode(label, &sealed).as_bytes()).unwrap();
        assert_same_key(&load_signing_key(&path, given("abc")).unwrap().0, &key);
        assert_eq!(refused(&path, given("")).code(), Code::WrongPassphrase);
    }
}

#[cfg(unix)]
#[test]
fn private_keys_are_private_and_open_ones_are_pointed_out() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let written = write_key_pair(&folder.path().join("x"), &key, None, false).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&written.private), 0o600);
    assert_eq!(mode(&written.public) & !0o644, 0);
    for open in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&written.private, PermissionsExt::from_mode(open)).unwrap();
        let (_, findings) = load_signing_key(&written.private, PassphraseSource::None).unwrap();
        let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::KeyReadableByOthers]);
    }
    assert_eq!(load_public_key(&written.public).unwrap().hint(), key.public().unwrap().hint());
}
