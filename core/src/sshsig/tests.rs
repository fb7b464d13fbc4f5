use super::{Signature, Signers, Unusable};

const MESSAGE: &[u8] = b"what was said\n";

fn fixture(name: &str) -> String {
    let path = format!("{}/../fixtures/ssh/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn signature(name: &str) -> Signature {
    Signature::parse(&fixture(name)).unwrap()
}

const KEYS: [&str; 5] = ["ed25519", "ecdsab256", "ecdsab384", "ecdsab521", "rsab2048"];

#[test]
fn signatures_of_ssh_keygen_hold_over_their_message_and_no_other() {
    for name in KEYS.into_iter().chain(["ed256"]) {
        let signature = signature(&format!("{name}.sig"));
        assert_eq!(signature.namespace, "git");
        assert_eq!(signature.verify(MESSAGE), Ok(true), "{name}");
        assert_eq!(signature.verify(b"what was said"), Ok(false), "{name}");
        for at in 0..signature.blob.len() {
            let mut changed = signature.clone();
            changed.blob[at] ^= 1;
            assert_ne!(changed.verify(MESSAGE), Ok(true), "{name}, byte {at}");
        }
        let mut changed = signature.clone();
        changed.namespace = "file".to_owned();
        assert_eq!(changed.verify(MESSAGE), Ok(false), "{name}");
    }
    let fingerprint = "SHA256:FQMuvdYrlj2U62iQvQTnRYrftB25rNnN8SJ/QhhLtR8";
    assert_eq!(signature("ed25519.sig").key.fingerprint(), fingerprint);
    assert_eq!(signature("file.sig").namespace, "file");
}

#[test]
fn a_key_does_not_answer_for_another() {
    for one in KEYS {
        for other in KEYS.into_iter().filter(|other| *other != one) {
            let mut mixed = signature(&format!("{one}.sig"));
            mixed.key = signature(&format!("{other}.sig")).key;
            assert_ne!(mixed.verify(MESSAGE), Ok(true), "{one}, {other}");
        }
    }
}

#[test]
fn damaged_text_is_an_answer() {
    let text = fixture("ed25519.sig");
    for end in 0..text.len() {
        let cut = Signature::parse(&text[..end]);
        // The line end after the last mark is all that may be missing.
        assert!(cut.is_err() || end >= text.trim_end().len(), "{end}");
    }
    let pgp = "-----BEGIN PGP SIGNATURE-----\n\n=abcd\n-----END PGP SIGNATURE-----\n";
    assert!(matches!(Signature::parse(pgp), Err(Unusable::Damaged(_))));
    let long = format!("{}{}", text.replace("-----END", "AAAA-----END"), " ".repeat(70_000));
    assert!(Signature::parse(&long).is_err());
}

#[test]
fn the_list_says_who_for_what_and_when() {
    let public = fixture("ed25519.pub");
    let signature = signature("ed25519.sig");
    let who = |options: &str, namespace: &str, time: i64| {
        let list = format!("# people\n\nann@example.org,bob {options} {public}");
        let signers = Signers::parse(&list).unwrap();
        signers.who(&signature.key, namespace, time).map(str::to_owned)
    };
    let both = Some("ann@example.org,bob".to_owned());
    assert_eq!(who("", "git", 0), both);
    assert_eq!(who("namespaces=\"git,file\"", "git", 0), both);
    assert_eq!(who("namespaces=\"g*\"", "git", 0), both);
    assert_eq!(who("namespaces=\"file\"", "git", 0), None);
    assert_eq!(who("namespaces=\"*,!git\"", "git", 0), None);
    assert_eq!(who("cert-authority", "git", 0), None);
    let day = 1_700_006_400; // 2023-11-15T00:00:00Z
    for (option, at, good) in [
        ("valid-after=\"20231115\"", day, true),
        ("valid-after=\"20231115Z\"", day - 1, false),
        ("valid-before=\"20231115000000Z\"", day - 1, true),
        ("valid-before=\"202311150000\"", day, false),
    ] {
        assert_eq!(who(option, "git", at).is_some(), good, "{option}");
    }
    let other = Signers::parse(&format!("eve {}", fixture("rsab2048.pub"))).unwrap();
    assert_eq!(other.who(&signature.key, "git", 0), None);
}

#[test]
fn a_line_that_cannot_be_used_is_named() {
    let key = fixture("ed25519.pub");
    for wrong in [
        "ann".to_owned(),
        "ann ssh-ed25519 !!!!".to_owned(),
        "ann ssh-ed25519 AAAA".to_owned(),
        format!("ann valid-after=\"2023\" {key}"),
        format!("ann valid-after=\"20231399\" {key}"),
        format!("ann allow-everything {key}"),
        format!("ann namespaces=\"git {key}"),
    ] {
        let list = format!("# a comment\n{wrong}\n");
        assert_eq!(Signers::parse(&list).unwrap_err().line, 2, "{wrong}");
    }
}

mod arbitrary {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_an_answer(bytes: Vec<u8>, text: String) {
            use base64::Engine as _;
            let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
            blob.extend_from_slice(&bytes);
            let packed = base64::engine::general_purpose::STANDARD.encode(blob);
            let armour =
                format!("-----BEGIN SSH SIGNATURE-----\n{packed}\n-----END SSH SIGNATURE-----\n");
            if let Ok(signature) = super::Signature::parse(&armour) {
                let _ = signature.verify(b"x");
            }
            let _ = super::Signers::parse(&text);
        }
    }
}
