use super::secrets::find;

/// A token that nobody issued; put together here so that no scanner of this repository
/// takes it for one.
fn made(prefix: &str, length: usize) -> String {
    let letters = b"q7Zp2KfR9sWmT4vBx8NcJd3GhL6yVuEa5";
    let rest: String = (0..length).map(|at| char::from(letters[at * 5 % letters.len()])).collect();
    format!("{prefix}{rest}")
}

#[test]
fn tokens_are_found_with_their_line_and_no_more_than_their_start() {
    for (prefix, length) in [
        ("hf_", 34),
        ("ghp_", 36),
        ("github_pat_", 82),
        ("sk-", 48),
        ("xoxb-", 40),
        ("glpat-", 20),
        ("npm_", 36),
        ("AIza", 35),
    ] {
        let token = made(prefix, length);
        let found = find(format!("# Card\n\nuse `{token}` to log in\n").as_bytes());
        assert_eq!(found.len(), 1, "{token}");
        assert_eq!(found[0].line, 3);
        let said = found[0].to_string();
        assert!(said.contains(&token[..4]) && !said.contains(&token[..5]), "{said}");
        // Part of a longer word, or cut short, it is none.
        assert_eq!(find(format!("x{token}").as_bytes()), [], "{token}");
        assert_eq!(find(&token.as_bytes()[..prefix.len() + 5]), [], "{token}");
    }
    let aws = made("AKIA", 16).to_uppercase();
    assert_eq!(find(format!("key = {aws}").as_bytes()).len(), 1);
}

#[test]
fn examples_and_names_are_let_be() {
    for text in [
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "hf_abcdefghijklmnopqrstuvwxyz12345678",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-learn-contrib-with-a-very-long-name-of-a-package",
        "ghp_your_token_goes_here_0123456789abcdef",
        "https://user:password@example.org/x",
        "https://$USER:$TOKEN@registry.io/x",
        "postgres://user:{password}@db.io/x",
        "ssh://git@host.io:22/x",
        "https://a.io:8080/@user",
        "the line -----BEGIN PRIVATE KEY----- begins a key",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENptdY/l3nB0yqkXLBWkZWQwo6+cu\n",
    ] {
        assert_eq!(find(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn keys_and_passwords_are_found() {
    let body = made("", 64);
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        for line in ["\n", "\\n"] {
            let text = format!("a\n\"-----BEGIN {label}-----{line}{body}{line}\"");
            let found = find(text.as_bytes());
            assert_eq!((found.len(), found[0].line), (1, 2), "{text}");
        }
    }
    let found = find(b"remote: https://me:hunter22@git.corp.io/x.git\n");
    assert_eq!((found.len(), found[0].start.as_str()), (1, "hunt"));
}

mod arbitrary {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_an_answer(bytes: Vec<u8>, text in "(://|@|:|-----BEGIN |PRIVATE KEY|-----|hf_|[a-z0-9]{0,9}){0,30}") {
            let _ = super::find(&bytes);
            let _ = super::find(text.as_bytes());
        }
    }
}
