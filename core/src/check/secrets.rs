//! Tokens and keys that were left in a text.
//!
//! Only forms that say what they are: a prefix that an issuer put there so that it can
//! be found, a block of a private key, a password in a URL. Long words of other kinds
//! are everywhere in model repositories, and are let be.

use std::fmt;

/// Something that should not be in a file for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// What it looks like.
    pub(super) what: &'static str,
    /// Its first four characters; the rest is told nobody.
    pub(super) start: String,
    /// Its line, from 1.
    pub(super) line: u32,
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this looks like {} (it begins with {:?})", self.what, self.start)
    }
}

/// Most secrets that are told of one file.
const MAX: usize = 20;

/// A form of token: what it begins with, and how long the rest is.
struct Form {
    what: &'static str,
    prefix: &'static str,
    least: usize,
    most: usize,
    /// Whether the rest has only capitals and digits.
    capitals: bool,
}

const fn form(what: &'static str, prefix: &'static str, least: usize, most: usize) -> Form {
    Form { what, prefix, least, most, capitals: false }
}

const FORMS: [Form; 19] = [
    form("a Hugging Face token", "hf_", 30, 60),
    form("a Hugging Face organisation token", "api_org_", 30, 60),
    form("a GitHub token", "ghp_", 36, 255),
    form("a GitHub token", "gho_", 36, 255),
    form("a GitHub token", "ghu_", 36, 255),
    form("a GitHub token", "ghs_", 36, 255),
    form("a GitHub token", "ghr_", 36, 255),
    form("a GitHub token", "github_pat_", 60, 255),
    form("a GitLab token", "glpat-", 20, 300),
    Form { what: "an AWS access key", prefix: "AKIA", least: 16, most: 16, capitals: true },
    Form { what: "an AWS access key", prefix: "ASIA", least: 16, most: 16, capitals: true },
    form("a key of a model service", "sk-", 40, 255),
    form("a Slack token", "xoxb-", 20, 255),
    form("a Slack token", "xoxp-", 20, 255),
    form("a Slack token", "xoxa-", 20, 255),
    form("a Slack token", "xoxr-", 20, 255),
    form("an npm token", "npm_", 36, 36),
    form("a PyPI token", "pypi-AgE", 50, 300),
    form("a Google API key", "AIza", 35, 35),
];

/// Finds secrets in a text, in its order.
pub(super) fn find(content: &[u8]) -> Vec<Secret> {
    let mut found: Vec<(usize, &'static str, String)> = Vec::new();
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut at = 0;
    while at < content.len() && found.len() < MAX {
        let Some(start) = content[at..].iter().position(part).map(|skip| at + skip) else { break };
        let rest = &content[start..];
        let end = rest.iter().position(|byte| !part(byte)).map_or(content.len(), |n| start + n);
        if let Some(what) = token(&content[start..end]) {
            found.push((start, what, first(&content[start..end])));
        }
        at = end;
    }
    found.extend(private_keys(content));
    found.extend(passwords(content));
    found.sort_by_key(|(at, _, _)| *at);
    found.truncate(MAX);
    let (mut line, mut counted) = (1_u32, 0);
    found
        .into_iter()
        .map(|(at, what, start)| {
            let lines = content[counted..at].split(|byte| *byte == b'\n').count() - 1;
            line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            counted = at;
            Secret { what, start, line }
        })
        .collect()
}

fn first(secret: &[u8]) -> String {
    String::from_utf8_lossy(&secret[..secret.len().min(4)]).into_owned()
}

fn token(word: &[u8]) -> Option<&'static str> {
    let word = std::str::from_utf8(word).ok()?;
    FORMS.iter().find_map(|form| {
        let rest = word.strip_prefix(form.prefix)?;
        let fits = (form.least..=form.most).contains(&rest.len());
        let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let letters = !form.capitals || rest.chars().all(capital);
        (fits && letters && is_random(rest)).then_some(form.what)
    })
}

/// Whether a word may have been drawn by chance: examples and names are not.
fn is_random(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let example = ["example", "xxxx", "abcdefgh", "12345678", "your", "token", "aaaa", "0000"];
    if example.iter().any(|part| lower.contains(part)) {
        return false;
    }
    let mut seen = [false; 128];
    for byte in word.bytes() {
        seen[usize::from(byte & 127)] = true;
    }
    let letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    // Words joined by dashes have few digits; what is drawn has some by this length.
    let digit = word.bytes().filter(u8::is_ascii_digit).count() >= 2;
    letter && digit && seen.iter().filter(|seen| **seen).count() >= 10
}

/// Blocks of private keys, with content: a mark alone is how one talks about them.
fn private_keys(content: &[u8]) -> Vec<(usize, &'static str, String)> {
    const MARK: &[u8] = b"-----BEGIN ";
    const WITHIN: usize = 60;
    let mut found = Vec::new();
    for at in positions(content, MARK) {
        let rest = &content[at + MARK.len()..];
        let head = &rest[..rest.len().min(WITHIN)];
        let Some(label) = positions(head, b"-----").next() else { continue };
        let (label, body) = (&rest[..label], &rest[label + 5..]);
        let private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
        if private && has_base64(body) {
            found.push((at, "a private key", "----".to_owned()));
        }
        if found.len() >= MAX {
            break;
        }
    }
    found
}

/// Whether a long word in base64 follows soon: after fields of PEM, or line ends that
/// are written as `\n` in JSON.
fn has_base64(body: &[u8]) -> bool {
    let soon = &body[..body.len().min(400)];
    let mut length = 0;
    for byte in soon {
        length = match byte {
            b if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=') => length + 1,
            _ => 0,
        };
        if length >= 40 {
            return true;
        }
    }
    false
}

/// Passwords in URLs: `scheme://user:password@host`.
fn passwords(content: &[u8]) -> Vec<(usize, &'static str, String)> {
    let mut found = Vec::new();
    for at in positions(content, b"://") {
        let rest = &content[at + 3..];
        let end = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'`<>(){}[]|\\,;".contains(byte);
        let host = &rest[..rest.iter().take(300).position(end).unwrap_or(rest.len().min(300))];
        let Some(sign) = host.iter().rposition(|byte| *byte == b'@') else { continue };
        let Some(colon) = host[..sign].iter().position(|byte| *byte == b':') else { continue };
        let password = &host[colon + 1..sign];
        if is_password(password) && !is_example(&host[sign + 1..]) {
            let start = at + 3 + colon + 1;
            found.push((start, "a password in a URL", first(password)));
        }
        if found.len() >= MAX {
            break;
        }
    }
    found
}

fn is_password(text: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    let stands_in = ["$", "%", "*", "xxx", "...", "pass", "token", "secret", "your", "pw", "key"];
    lower.len() >= 4 && !stands_in.iter().any(|word| lower.starts_with(word))
}

fn is_example(host: &[u8]) -> bool {
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    let reserved = [".example", ".test", ".invalid", "example.com", "example.org", "example.net"];
    matches!(host, "" | "localhost" | "127.0.0.1" | "host" | "example")
        || reserved.iter().any(|end| host.ends_with(end))
}

fn positions<'a>(content: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = part.first().copied().unwrap_or_default();
    content
        .iter()
        .enumerate()
        .filter(move |(at, byte)| **byte == first && content[*at..].starts_with(part))
        .map(|(at, _)| at)
}
