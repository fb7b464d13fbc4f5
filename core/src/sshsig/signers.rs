//! The list of those who may sign: ssh-keygen(1), ALLOWED SIGNERS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Unusable;
use super::key::Key;

/// Most lines that are read.
const MAX_LINES: usize = 10_000;

/// A line that cannot be used, and why. A list is taken whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongLine {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub why: String,
}

/// Who may sign, with which key, for what and when.
#[derive(Debug, Clone, Default)]
pub struct Signers {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    principals: String,
    key: Key,
    namespaces: Option<String>,
    after: Option<i64>,
    before: Option<i64>,
}

impl Signers {
    /// Reads a list.
    ///
    /// Lines for authorities (`cert-authority`) and for keys of kinds that are not checked
    /// are left out: they let nobody in. Times without `Z` are taken as UTC, so that the
    /// result is the same everywhere.
    pub fn parse(text: &str) -> Result<Self, WrongLine> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |why: &str| WrongLine { line: index + 1, why: why.to_owned() };
            let line = line.trim();
            if index >= MAX_LINES {
                return Err(wrong("the list is too long"));
            }
            if !line.is_empty() && !line.starts_with('#') {
                lines.extend(parse_line(line).map_err(|why| wrong(&why))?);
            }
        }
        Ok(Self { lines })
    }

    /// Who may sign with that key, for `namespace`, at `time` (seconds since 1970), as the
    /// list names them.
    pub fn who(&self, key: &Key, namespace: &str, time: i64) -> Option<&str> {
        let fits = |line: &&Line| {
            line.key == *key
                && line.namespaces.as_deref().is_none_or(|list| in_list(list, namespace))
                && line.after.is_none_or(|after| time >= after)
                && line.before.is_none_or(|before| time < before)
        };
        self.lines.iter().find(fits).map(|line| line.principals.as_str())
    }
}

fn parse_line(line: &str) -> Result<Option<Line>, String> {
    let (principals, rest) = word(line)?;
    let (mut options, mut rest) = (String::new(), rest);
    let (mut kind, after) = word(rest)?;
    if is_kind(&kind) {
        rest = after;
    } else {
        options = kind;
        (kind, rest) = word(after)?;
    }
    if !is_kind(&kind) {
        return Err("there is no key on it".to_owned());
    }
    let (mut namespaces, mut after, mut before, mut authority) = (None, None, None, false);
    for option in split_outside_quotes(&options, ',') {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "" => {}
            "cert-authority" => authority = true,
            "namespaces" => namespaces = Some(value.to_owned()),
            "valid-after" => after = Some(time(value)?),
            "valid-before" => before = Some(time(value)?),
            other => return Err(format!("the option {other:?} is not known")),
        }
    }
    let (packed, _) = word(rest)?;
    let blob = STANDARD.decode(packed).map_err(|_| "its key is not in base64".to_owned())?;
    if authority {
        return Ok(None);
    }
    match Key::parse(&blob) {
        Ok(key) => Ok(Some(Line { principals, key, namespaces, after, before })),
        Err(Unusable::Unsupported(_)) => Ok(None),
        Err(Unusable::Damaged(why)) => Err(why.to_owned()),
    }
}

/// Names of kinds of keys; a plain look at what begins like one, as ssh-keygen does.
fn is_kind(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-.@".contains(c));
    let begins = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "rsa-", "webauthn-"];
    plain && begins.iter().any(|start| word.starts_with(start))
}

/// The next word, in which quotes keep blanks together, and what follows it.
fn word(text: &str) -> Result<(String, &str), String> {
    let text = text.trim_start();
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        if *c == '"' {
            quoted = !quoted;
        }
        !quoted && c.is_whitespace()
    });
    let end = end.map_or(text.len(), |(at, _)| at);
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    if end == 0 {
        return Err("it ends too early".to_owned());
    }
    let word = &text[..end];
    let unquoted = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
    Ok((unquoted.unwrap_or(word).to_owned(), &text[end..]))
}

fn split_outside_quotes(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(move |c: char| {
        if c == '"' {
            quoted = !quoted;
        }
        c == at && !quoted
    })
    .collect()
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with or without `Z`, in seconds.
fn time(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no time as ssh-keygen(1) writes it");
    let digits = text.strip_suffix('Z').unwrap_or(text);
    let well = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    if !well {
        return Err(wrong());
    }
    let part = |from: usize, to: usize| {
        digits.get(from..to).map_or(Ok(0), |part| part.parse::<i16>().map_err(|_| wrong()))
    };
    let small = |from: usize, to: usize| {
        part(from, to).and_then(|number| i8::try_from(number).map_err(|_| wrong()))
    };
    let time = jiff::civil::DateTime::new(
        part(0, 4)?,
        small(4, 6)?,
        small(6, 8)?,
        small(8, 10)?,
        small(10, 12)?,
        small(12, 14)?,
        0,
    );
    let time = time.map_err(|_| wrong())?;
    let zoned = jiff::tz::TimeZone::UTC.to_timestamp(time).map_err(|_| wrong())?;
    Ok(zoned.as_second())
}

/// Whether a list of patterns, comma between, has one that fits; `!` takes away.
fn in_list(list: &str, name: &str) -> bool {
    let mut any = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(not) if fits(not.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => any |= fits(pattern.as_bytes(), name.as_bytes()),
        }
    }
    any
}

/// `*` and `?`, in time that grows with the product of the lengths and no further.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut of, mut star) = (0, 0, None);
    while of < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(c) if *c == b'?' || *c == name[of] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    at = back + 1;
                    of = from + 1;
                    star = Some((back, of));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}
