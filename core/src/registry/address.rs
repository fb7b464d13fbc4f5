//! Addresses: which may be asked, and what of them may be shown.

use std::net::IpAddr;

use reqwest::Url;

use super::Options;
use crate::finding::{Code, Problem, Result};

/// Longest address that is followed, in bytes.
const MAX_URL: usize = 8 << 10;

/// Longest text of others in a message, in characters.
const MAX_TOLD: usize = 200;

/// Scheme, host and port: what credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    pub(super) fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default(),
        }
    }
}

/// How a registry at `host` (with its port, if any) is spoken to.
pub(super) fn scheme(host: &str, options: &Options) -> &'static str {
    let plain = is_allowed_plain(host, options)
        || (is_loopback(bare(host)) && options.authorities.is_empty());
    if plain { "http" } else { "https" }
}

/// Whether an address may be asked at all: encrypted, or plain where nobody listens
/// between, and never with a password inside.
pub(super) fn check(text: &str, options: &Options) -> Result<Url> {
    let wrong = |why: &str| {
        Problem::new(Code::RegistryInvalid, shown_text(text)).detail(format!("the address {why}"))
    };
    if text.len() > MAX_URL {
        return Err(wrong("is too long"));
    }
    let mut url = Url::parse(text).map_err(|error| wrong("cannot be read").source(error))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has credentials inside"));
    }
    url.set_fragment(None);
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" if !host.is_empty() => Ok(url),
        "http" if is_loopback(host) || is_allowed_plain(&with_port(&url), options) => Ok(url),
        "http" => Err(Problem::new(Code::RegistryNotEncrypted, shown(&url))),
        _ => Err(wrong("is neither https nor http")),
    }
}

/// Whether what is at `from` may send a request on to `to`.
pub(super) fn check_step(from: &Url, to: &Url) -> Result<()> {
    let refused = |code: Code, why: &str| {
        Err(Problem::new(code, shown(from)).detail(format!("it sends on to {}, {why}", shown(to))))
    };
    if from.scheme() == "https" && to.scheme() != "https" {
        return refused(Code::RegistryNotEncrypted, "which is not encrypted");
    }
    if is_loopback(to.host_str().unwrap_or_default())
        && !is_loopback(from.host_str().unwrap_or_default())
    {
        return refused(Code::RegistryInvalid, "which is this machine");
    }
    Ok(())
}

/// Whether a host is this machine, by name or address.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether the caller named a host (with its port, if any) as one to be spoken to in the clear.
fn is_allowed_plain(host: &str, options: &Options) -> bool {
    options
        .plain_http
        .iter()
        .any(|plain| plain.eq_ignore_ascii_case(host) || plain.eq_ignore_ascii_case(bare(host)))
}

/// The host without its port.
fn bare(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

fn with_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An address without its query, where signatures and tokens are.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Fails only where there is no host to have credentials at.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    printable(url.as_str())
}

fn shown_text(text: &str) -> String {
    Url::parse(text).map_or_else(|_| "an answer".to_owned(), |url| shown(&url))
}

/// Text of others, short and without anything that moves the cursor or the eye.
pub(super) fn printable(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut short: String = text
        .chars()
        .take(MAX_TOLD)
        .map(|c| if odd(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(MAX_TOLD).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{check, check_step, is_loopback, printable, scheme, shown};
    use crate::finding::Code;
    use crate::registry::Options;

    #[test]
    fn this_machine_is_plain_and_others_are_not() {
        let none = Options::default();
        for host in ["127.0.0.1:5000", "localhost", "LOCALHOST:1", "[::1]:5000", "127.9.9.9"] {
            assert_eq!(scheme(host, &none), "http", "{host}");
        }
        for host in ["example.org", "127.0.0.1.example.org", "[::2]:80", "10.0.0.1"] {
            assert_eq!(scheme(host, &none), "https", "{host}");
        }
        let named =
            Options { plain_http: vec!["a.example.org:80".into(), "b".into()], ..none.clone() };
        assert_eq!(scheme("a.example.org:80", &named), "http");
        assert_eq!(scheme("a.example.org:81", &named), "https");
        assert_eq!(scheme("b:99", &named), "http");
        let own = Options { authorities: vec!["ca.pem".into()], ..none };
        assert_eq!(scheme("127.0.0.1:5000", &own), "https");
    }

    #[test]
    fn what_must_not_be_asked_is_refused() {
        let none = Options::default();
        for (url, code) in [
            ("http://example.org/x", Code::RegistryNotEncrypted),
            ("http://127.0.0.1.example.org/", Code::RegistryNotEncrypted),
            ("https://me:pw@example.org/", Code::RegistryInvalid),
            ("ftp://example.org/", Code::RegistryInvalid),
            ("file:///etc/passwd", Code::RegistryInvalid),
            ("not an address", Code::RegistryInvalid),
            ("", Code::RegistryInvalid),
        ] {
            let problem = check(url, &none).unwrap_err();
            assert_eq!(problem.code(), code, "{url}");
            assert!(!problem.to_string().contains("pw"), "{problem}");
        }
        let long = format!("https://example.org/{}", "x".repeat(9000));
        assert_eq!(check(&long, &none).unwrap_err().code(), Code::RegistryInvalid);
        for url in ["https://example.org/", "http://127.0.0.1:1/", "http://[::1]:1/x?y"] {
            check(url, &none).unwrap();
        }
    }

    #[test]
    fn nobody_is_sent_into_the_clear_nor_to_this_machine() {
        let none = Options { plain_http: vec!["plain.example.org".into()], ..Options::default() };
        let url = |text: &str| check(text, &none).unwrap();
        let code = |from: &str, to: &str| check_step(&url(from), &url(to)).map_err(|p| p.code());
        assert_eq!(
            code("https://example.org/", "http://plain.example.org/"),
            Err(Code::RegistryNotEncrypted)
        );
        assert_eq!(
            code("http://plain.example.org/", "http://127.0.0.1:80/"),
            Err(Code::RegistryInvalid)
        );
        assert_eq!(code("http://127.0.0.1:1/", "http://localhost:2/"), Ok(()));
        assert_eq!(code("https://a.example.org/", "https://b.example.org/"), Ok(()));
    }

    #[test]
    fn what_is_shown_is_short_and_holds_no_secret() {
        let url = reqwest::Url::parse("https://u:p@h.example.org/a?sig=secret#f").unwrap();
        assert_eq!(shown(&url), "https://h.example.org/a");
        assert_eq!(printable("a\u{1b}[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(printable(&"x".repeat(10_000)).chars().count(), 201);
        assert!(is_loopback("::ffff:127.0.0.1"));
    }
}
