//! What a registry asks for (RFC 9110, section 11), and what it says about an error.

use serde::Deserialize;

use super::address::printable;

/// Longest text that is read, in bytes, over all headers.
const MAX_TEXT: usize = 16 << 10;

/// Challenges that are read.
const MAX_CHALLENGES: usize = 8;

/// Parameters of a challenge that are read.
const MAX_PARAMETERS: usize = 16;

/// Errors that are told.
const MAX_ERRORS: usize = 3;

/// One way to be admitted.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Whether it is of a scheme, whatever the case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// A parameter, by its lower-case name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The challenges in `WWW-Authenticate` headers; what cannot be read ends the reading of
/// its header.
pub fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
    let (mut found, mut left) = (Vec::new(), MAX_TEXT);
    for header in headers {
        if header.len() > left {
            break;
        }
        left -= header.len();
        read(Reader { rest: header }, &mut found);
    }
    found.truncate(MAX_CHALLENGES);
    found
}

fn read(mut reader: Reader<'_>, found: &mut Vec<Challenge>) {
    let first = found.len();
    loop {
        reader.skip(" \t,");
        let name = reader.token();
        if name.is_empty() || found.len() > MAX_CHALLENGES {
            return;
        }
        let before = reader.rest;
        reader.skip(" \t");
        if !reader.rest.starts_with('=') || found.len() == first {
            reader.rest = before;
            found.push(Challenge { scheme: name.to_owned(), parameters: Vec::new() });
            continue;
        }
        reader.rest = &reader.rest[1..];
        reader.skip(" \t");
        match reader.value() {
            Some(value) => {
                if let Some(challenge) = found.last_mut()
                    && challenge.parameters.len() < MAX_PARAMETERS
                {
                    challenge.parameters.push((name.to_owned(), value));
                }
            }
            // Not a parameter but 68 characters' worth of something.
            None => reader.rest = reader.rest.find(',').map_or("", |at| &reader.rest[at..]),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, among: &str) {
        self.rest = self.rest.trim_start_matches(|c| among.contains(c));
    }

    /// `token` of RFC 9110, section 5.6.2; may be empty.
    fn token(&mut self) -> &'a str {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let end = self.rest.find(|c| !is_token(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    /// A token or a quoted string, without its quotes.
    fn value(&mut self) -> Option<String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let token = self.token();
            return (!token.is_empty()).then(|| token.to_owned());
        };
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return Some(value);
                }
                '\\' => value.push(chars.next()?.1),
                c => value.push(c),
            }
        }
        // No end: nothing behind it can be told apart.
        self.rest = "";
        None
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    code: Option<String>,
    message: Option<String>,
}

/// What a registry says about an error (distribution specification, "Error Codes"),
/// through `scrub`, which takes secrets out; empty when it says nothing in that form.
pub fn told(body: &[u8], scrub: impl Fn(String) -> String) -> String {
    let Ok(errors) = serde_json::from_slice::<Errors>(body) else { return String::new() };
    let texts = errors.errors.into_iter().take(MAX_ERRORS).filter_map(|error| {
        let text = match (error.code, error.message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return None,
        };
        // Cut only after secrets are out: half of one is too much.
        Some(printable(&scrub(text)))
    });
    texts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Challenge, parse, told};

    fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Challenge {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Challenge { scheme: scheme.to_owned(), parameters: parameters.iter().map(own).collect() }
    }

    #[test]
    fn challenges_are_read() {
        let bearer = challenge(
            "Bearer",
            &[
                ("realm", "https://auth.example.org/token"),
                ("service", "example.org"),
                ("scope", "repository:a/b:pull,push"),
            ],
        );
        let text = "Bearer realm=\"https://auth.example.org/token\",service=\"example.org\",scope=\"repository:a/b:pull,push\"";
        assert_eq!(parse([text].into_iter()), [bearer]);
        // Several in one header, in several headers, with odd spaces, tokens and escapes.
        let several = "Basic realm=\"a \\\"b\\\"\" , , BEARER  Realm = x ,a=b, Negotiate abc==, Digest q=\"1, 2\"";
        let found = parse([several, "Other"].into_iter());
        let expected = [
            challenge("Basic", &[("realm", "a \"b\"")]),
            challenge("BEARER", &[("Realm", "x"), ("a", "b")]),
            challenge("Negotiate", &[]),
            challenge("Digest", &[("q", "1, 2")]),
            challenge("Other", &[]),
        ];
        assert_eq!(found, expected);
        assert!(found[1].is("bearer") && found[1].get("realm") == Some("x"));
    }

    #[test]
    fn hostile_challenges_are_bounded() {
        assert!(parse(["x".repeat(20_000).as_str()].into_iter()).is_empty());
        let many = "a ".repeat(5000);
        assert_eq!(parse([many.as_str()].into_iter()).len(), super::MAX_CHALLENGES);
        let parameters = format!("Bearer {}", "a=b,".repeat(1000));
        let found = parse([parameters.as_str()].into_iter());
        assert_eq!(found[0].parameters.len(), super::MAX_PARAMETERS);
        for odd in ["", "=", "\"", "Bearer realm=\"x", "Bearer realm=\"x\\", "Bearer =", "é", "a=b"]
        {
            assert!(parse([odd].into_iter()).iter().all(|found| found.get("realm").is_none()));
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_read(text in "[ -~\t]{0,80}") {
            let found = parse([text.as_str()].into_iter());
            prop_assert!(found.len() <= super::MAX_CHALLENGES);
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[ -~]{0,40}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("Bearer realm=\"{escaped}\", service=s");
            let found = parse([text.as_str()].into_iter());
            prop_assert_eq!(found[0].get("realm"), Some(value.as_str()));
            prop_assert_eq!(found[0].get("service"), Some("s"));
        }
    }

    #[test]
    fn errors_are_told_without_secrets_and_within_bounds() {
        let scrub = |text: String| text.replace("secret", "***");
        let body = br#"{"errors":[{"code":"DENIED","message":"no secret \u001b[2J"},{"code":"X"},{},{"message":"late"}]}"#;
        assert_eq!(told(body, scrub), "DENIED: no *** \u{fffd}[2J; X");
        let long = format!("{{\"errors\":[{{\"message\":\"{}secret\"}}]}}", "x".repeat(197));
        assert!(!told(long.as_bytes(), scrub).contains("sec"));
        for other in [&b"<html>"[..], b"", b"[]", b"{\"errors\":1}"] {
            assert_eq!(told(other, scrub), "");
        }
    }
}
