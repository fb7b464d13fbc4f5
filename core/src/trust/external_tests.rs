//! Tests of commands that sign: small scripts for `/bin/sh`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{ExternalSigner, MAX_OUTPUT, TIME_LIMIT, words};
use crate::finding::{Code, Problem};
use crate::trust::key::{Algorithm, SigningKey};
use crate::trust::signer::Signer as _;

const MESSAGE: &[u8] = b"what is signed";

/// A folder with a script that prints `public` and `signature`.
struct Script {
    folder: TempDir,
}

impl Script {
    /// A script that signs [`MESSAGE`] as the key would.
    fn new(key: &SigningKey) -> Self {
        let script = Self { folder: tempfile::tempdir().unwrap() };
        script.put("public", key.public().unwrap().pem());
        script.put("signature", STANDARD.encode(key.sign(MESSAGE).unwrap()));
        script.write(
            "case $1 in\n\
             public-key) cat \"$D/public\" ;;\n\
             sign) cat > \"$D/message\"; env > \"$D/env\"; cat \"$D/signature\" ;;\n\
             esac\n",
        );
        script
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The body of the script, in which `$D` is the folder.
    fn write(&self, body: &str) {
        let folder = self.folder.path().display();
        self.put("signer", format!("#!/bin/sh\nD='{folder}'\n{body}"));
        fs::set_permissions(self.path("signer"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn signer(&self, limit: Duration) -> ExternalSigner {
        // Through the shell: a file that is written and run at once can be busy.
        let command = ["/bin/sh".to_owned(), self.path("signer").display().to_string()];
        ExternalSigner::new(command.to_vec(), limit).unwrap()
    }

    fn refused(&self) -> Problem {
        self.signer(TIME_LIMIT).sign(MESSAGE).unwrap_err()
    }
}

#[test]
fn every_algorithm_signs_and_gets_message_and_digest() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let script = Script::new(&key);
        let signer = script.signer(TIME_LIMIT);
        assert_eq!(signer.public().unwrap().hint(), key.public().unwrap().hint());
        let signature = signer.sign(MESSAGE).unwrap();
        assert!(key.public().unwrap().verify(MESSAGE, &signature));
        assert_eq!(fs::read(script.path("message")).unwrap(), MESSAGE);
        let environment = fs::read_to_string(script.path("env")).unwrap();
        let has = |line: String| environment.lines().any(|found| found == line);
        assert!(has(format!("PKG_SIGN_ALGORITHM={algorithm}")));
        assert_eq!(environment.contains("PKG_SIGN_DIGEST"), algorithm != Algorithm::Ed25519);
        if algorithm == Algorithm::EcdsaP256 {
            assert!(has("PKG_SIGN_HASH=sha256".to_owned()));
            // By `printf 'what is signed' | sha256sum`.
            let digest = "819893434c4fe98186a93ce2782c7a73023a46b588b089bb559f98fc4b895c3c";
            assert!(has(format!("PKG_SIGN_DIGEST={digest}")));
        }
    }
}

#[test]
fn a_signature_that_does_not_fit_is_not_given_out() {
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let script = Script::new(&key);
    let good = key.sign(MESSAGE).unwrap();
    script.put("signature", STANDARD.encode(key.sign(b"something else").unwrap()));
    assert_eq!(script.refused().code(), Code::SignerWrong);
    let other = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    script.put("signature", STANDARD.encode(other.sign(MESSAGE).unwrap()));
    assert_eq!(script.refused().code(), Code::SignerWrong);
    // Lines may be broken, as `base64` does.
    let text = STANDARD.encode(&good);
    script.put("signature", format!("{}\r\n{}\n", &text[..40], &text[40..]));
    assert!(script.signer(TIME_LIMIT).sign(MESSAGE).is_ok());
}

#[test]
fn other_forms_of_signatures_are_refused_by_name() {
    let key = SigningKey::generate(Algorithm::EcdsaP384).unwrap();
    let script = Script::new(&key);
    let der = key.sign(MESSAGE).unwrap();
    let forms: [(Vec<u8>, &str); 8] = [
        (der.clone(), "no text"),
        (STANDARD.encode([7; 96]).into(), "r and s"),
        (URL_SAFE.encode([0xfb; 99]).into(), "alphabet of URLs"),
        (b"-----BEGIN SIGNATURE-----\nAAAA\n-----END SIGNATURE-----\n".to_vec(), "PEM"),
        (b"{\"Signature\":\"AAAA\"}".to_vec(), "no base64"),
        (Vec::new(), "nothing"),
        (b" \n".to_vec(), "nothing"),
        (vec![b'A'; MAX_OUTPUT + 1], "more than"),
    ];
    for (output, name) in forms {
        script.put("signature", output);
        let problem = script.refused();
        assert_eq!(problem.code(), Code::SignerCommandOutput, "{name}");
        assert!(problem.to_string().contains(name), "{name}: {problem}");
    }
    for public in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        script.put("public", public);
        assert_eq!(script.refused().code(), Code::SignerCommandOutput, "{public}");
    }
}

#[test]
fn a_command_that_fails_is_named_with_what_it_said() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let script = Script::new(&key);
    script.write("echo 'access denied' >&2; exit 3\n");
    let problem = script.refused();
    assert_eq!(problem.code(), Code::SignerCommandFailed);
    assert!(problem.to_string().contains("access denied"), "{problem}");
    assert!(problem.to_string().contains('3'), "{problem}");
    script.write("kill -9 $$\n");
    assert_eq!(script.refused().code(), Code::SignerCommandFailed);
    script.write("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1\n");
    let problem = script.refused();
    assert!(problem.to_string().len() < 4000, "what it said is cut");
}

#[test]
fn a_command_is_stopped_in_time() {
    let script = Script::new(&SigningKey::generate(Algorithm::Ed25519).unwrap());
    for endless in ["exec sleep 600\n", "sleep 30 & exit 0\n", "exec tail -f /dev/null >&2\n"] {
        script.write(endless);
        let signer = script.signer(Duration::from_millis(300));
        assert_eq!(signer.public().unwrap_err().code(), Code::SignerCommandTimeout, "{endless}");
    }
    // Whoever prints without end is stopped by the limit of the output.
    script.write("exec yes\n");
    assert_eq!(script.refused().code(), Code::SignerCommandOutput);
}

#[test]
fn a_large_message_that_nobody_reads_does_no_harm() {
    let key = SigningKey::generate(Algorithm::EcdsaP256).unwrap();
    let message = vec![7; 4 << 20];
    let script = Script::new(&key);
    script.put("signature", STANDARD.encode(key.sign(&message).unwrap()));
    assert!(script.signer(TIME_LIMIT).sign(&message).is_ok());
    assert_eq!(fs::metadata(script.path("message")).unwrap().len(), 4 << 20);
    script.write("cat \"$D/$( [ $1 = sign ] && echo signature || echo public )\"\n");
    assert!(script.signer(TIME_LIMIT).sign(&message).is_ok());
}

#[test]
fn commands_that_cannot_start_are_named() {
    let start = |command: &str| ExternalSigner::parse(command).unwrap().public().unwrap_err();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain");
    fs::write(&file, "x").unwrap();
    for command in ["/no/such/command", file.to_str().unwrap(), folder.path().to_str().unwrap()] {
        assert_eq!(start(command).code(), Code::SignerCommandStart, "{command}");
    }
    for line in [
        "",
        "  ",
        "''",
        "a | b",
        "a; b",
        "a $HOME",
        "a \"$HOME\"",
        "a `b`",
        "~/a",
        "a 'b",
        "a\\",
        "a > b",
    ] {
        let problem = ExternalSigner::parse(line).unwrap_err();
        assert_eq!(problem.code(), Code::SignerCommandInvalid, "{line}");
    }
}

#[test]
fn command_lines_are_split_as_a_shell_does() {
    for (line, wanted) in [
        ("a b  c", vec!["a", "b", "c"]),
        ("\ta 'b c' \"d e\"", vec!["a", "b c", "d e"]),
        ("a'b'\"c\"\\ d", vec!["abc d"]),
        ("a '' \"\"", vec!["a", "", ""]),
        (r#"a "\"\\\n" '$x;'"#, vec!["a", r#""\\n"#, "$x;"]),
        ("key=~/x b~", vec!["key=~/x", "b~"]),
    ] {
        assert_eq!(words(line).unwrap(), wanted, "{line}");
    }
}

#[test]
fn openssl_can_be_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    let openssl = |arguments: &[&str]| {
        std::process::Command::new("openssl").args(arguments).arg(&key).output()
    };
    let make = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
    if let Err(error) = openssl(&make) {
        eprintln!("SKIPPED: a test, because `openssl` does not run: {error}");
        return;
    }
    let script = Script { folder };
    for sign in [
        "openssl dgst \"-$PKG_SIGN_HASH\" -sign \"$D/key.pem\" | base64",
        "printf %s \"$PKG_SIGN_DIGEST_BASE64\" | base64 -d | \
         openssl pkeyutl -sign -inkey \"$D/key.pem\" | base64",
    ] {
        script.write(&format!(
            "case $1 in\npublic-key) openssl pkey -pubout -in \"$D/key.pem\" ;;\nsign) {sign} ;;\nesac\n"
        ));
        let signer = script.signer(TIME_LIMIT);
        let signature = signer.sign(MESSAGE).unwrap();
        assert!(signer.public().unwrap().verify(MESSAGE, &signature), "{sign}");
    }
    assert!(Path::new(&script.path("key.pem")).exists());
}

proptest! {
    #[test]
    fn words_that_are_quoted_come_back(words_in in prop::collection::vec("[^'\0]{0,8}", 1..5)) {
        let line: Vec<String> = words_in.iter().map(|word| format!("'{word}'")).collect();
        prop_assert_eq!(words(&line.join(" ")).unwrap(), words_in);
    }

    #[test]
    fn arbitrary_lines_never_panic(line in "\\PC{0,40}") {
        let _ = words(&line);
    }
}
