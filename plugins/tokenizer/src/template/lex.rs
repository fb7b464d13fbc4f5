//! From text to words.
//!
//! Source: `lexer.py` of Jinja2, with the settings of `_compile_jinja_template` in
//! transformers: `trim_blocks` and `lstrip_blocks` are on.

use std::rc::Rc;

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// Text outside of tags.
    Text(Rc<str>),
    /// `{{` or `{%`.
    Open(Tag),
    /// `}}` or `%}`.
    Close(Tag),
    Name(Rc<str>),
    Str(Rc<str>),
    Int(i64),
    Float(f64),
    Op(&'static str),
}

/// Kind of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Print,
    Block,
}

/// Operators, longest first.
const OPERATORS: [&str; 28] = [
    "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[",
    "]", "{", "}", ".", ":", ",", "|", ";", "!", "&",
];

/// Most words of a template.
const MAX_WORDS: usize = 200_000;

/// Reads a template into words; the error is the reason, for people.
pub(super) fn words(source: &str) -> Result<Vec<Word>, String> {
    let source = source.strip_suffix('\n').unwrap_or(source);
    let source = source.strip_suffix('\r').unwrap_or(source);
    let mut lexer = Lexer { source, at: 0, words: Vec::new() };
    lexer.run()?;
    Ok(lexer.words)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    words: Vec<Word>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, what: &str) -> String {
        let line = self.source[..self.at].bytes().filter(|byte| *byte == b'\n').count() + 1;
        format!("line {line}: {what}")
    }

    fn push(&mut self, word: Word) -> Result<(), String> {
        if self.words.len() >= MAX_WORDS {
            return Err(self.wrong("it has more than 200,000 words"));
        }
        self.words.push(word);
        Ok(())
    }

    fn run(&mut self) -> Result<(), String> {
        // Whether the text that follows begins after `-%}`, and after a block.
        let (mut strip, mut block) = (false, false);
        loop {
            let rest = self.rest();
            let next = rest
                .match_indices('{')
                .find(|(at, _)| matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')));
            let text = &rest[..next.map_or(rest.len(), |(at, _)| at)];
            let kind = next.map(|(at, _)| rest.as_bytes()[at + 1]);
            let sign = next.and_then(|(at, _)| rest.as_bytes().get(at + 2)).copied();
            self.text(text, strip, block, kind, sign)?;
            self.at += text.len();
            let Some(kind) = kind else { return Ok(()) };
            self.at += 2 + usize::from(matches!(sign, Some(b'-' | b'+')));
            match kind {
                b'#' => {
                    let Some(end) = self.rest().find("#}") else {
                        return Err(self.wrong("a comment has no end"));
                    };
                    strip = self.rest()[..end].ends_with('-');
                    block = !self.rest()[..end].ends_with('+');
                    self.at += end + 2;
                }
                kind => {
                    let tag = if kind == b'{' { Tag::Print } else { Tag::Block };
                    if tag == Tag::Block && self.raw()? {
                        (strip, block) = (false, true);
                        continue;
                    }
                    self.push(Word::Open(tag))?;
                    let plus;
                    (strip, plus) = self.tag(tag)?;
                    block = tag == Tag::Block && !plus;
                }
            }
        }
    }

    /// Text between tags, without the white space that the tags around it take.
    fn text(
        &mut self,
        text: &str,
        strip: bool,
        block: bool,
        kind: Option<u8>,
        sign: Option<u8>,
    ) -> Result<(), String> {
        let mut text = text;
        // `lstrip_blocks` looks back to the beginning of the line, before anything is cut.
        let line = text.rfind('\n').map_or(usize::from(self.at != 0) * text.len(), |at| at + 1);
        let own = text.contains('\n') || self.at == 0;
        if sign == Some(b'-') {
            text = text.trim_end();
        } else if matches!(kind, Some(b'%' | b'#')) && sign != Some(b'+') && own {
            let before = text.get(line..).unwrap_or_default();
            if before.chars().all(char::is_whitespace) {
                text = &text[..line];
            }
        }
        if strip {
            text = text.trim_start();
        } else if block {
            text = text.strip_prefix("\r\n").or(text.strip_prefix('\n')).unwrap_or(text);
        }
        if text.is_empty() { Ok(()) } else { self.push(Word::Text(text.into())) }
    }

    /// `{% raw %}`: whether it was one.
    fn raw(&mut self) -> Result<bool, String> {
        let Some(rest) = self.rest().trim_start().strip_prefix("raw") else { return Ok(false) };
        let Some(rest) = rest.trim_start().trim_start_matches('-').strip_prefix("%}") else {
            return Ok(false);
        };
        let begin = self.source.len() - rest.len();
        for (at, _) in rest.match_indices("{%") {
            let tail = rest[at + 2..].trim_start_matches(['-', '+']).trim_start();
            if let Some(tail) = tail.strip_prefix("endraw")
                && let Some(tail) = tail.trim_start().trim_start_matches('-').strip_prefix("%}")
            {
                let text = rest[..at].strip_prefix('\n').unwrap_or(&rest[..at]);
                self.push(Word::Text(text.into()))?;
                self.at = self.source.len() - tail.len();
                return Ok(true);
            }
        }
        self.at = begin;
        Err(self.wrong("`raw` has no end"))
    }

    /// The words of a tag, to its end; whether it takes the white space after it, and
    /// whether it says that it takes none.
    fn tag(&mut self, tag: Tag) -> Result<(bool, bool), String> {
        let end = if tag == Tag::Print { "}}" } else { "%}" };
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.is_empty() {
                return Err(self.wrong("a tag has no end"));
            }
            if depth == 0 {
                let sign = trimmed.strip_prefix(['-', '+']).filter(|rest| rest.starts_with(end));
                if trimmed.starts_with(end) || sign.is_some() {
                    let signed = sign.is_some();
                    let minus = signed && trimmed.starts_with('-');
                    self.at += end.len() + usize::from(signed);
                    self.push(Word::Close(tag))?;
                    return Ok((minus, signed && !minus));
                }
            }
            let word = self.word(trimmed)?;
            match word {
                Word::Op("(" | "[" | "{") => depth += 1,
                Word::Op(")" | "]" | "}") => {
                    depth = depth.checked_sub(1).ok_or_else(|| self.wrong("a bracket too many"))?;
                }
                _ => {}
            }
            self.push(word)?;
        }
    }

    fn word(&mut self, rest: &str) -> Result<Word, String> {
        let first = rest.chars().next().unwrap_or('\0');
        if first == '"' || first == '\'' {
            return self.string(rest, first);
        }
        if first.is_ascii_digit() {
            return self.number(rest);
        }
        if first == '_' || first.is_alphabetic() {
            let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
            self.at += end;
            return Ok(Word::Name(rest[..end].into()));
        }
        let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
        let operator = operator.ok_or_else(|| self.wrong(&format!("{first:?} is no operator")))?;
        self.at += operator.len();
        Ok(Word::Op(operator))
    }

    fn string(&mut self, rest: &str, quote: char) -> Result<Word, String> {
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => {
                    let escaped = chars.next().map(|(_, c)| c);
                    match escaped.ok_or_else(|| self.wrong("a text has no end"))? {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        'r' => text.push('\r'),
                        'u' => text.push(code(&mut chars, 4).ok_or_else(|| self.bad_escape())?),
                        'x' => text.push(code(&mut chars, 2).ok_or_else(|| self.bad_escape())?),
                        'U' => text.push(code(&mut chars, 8).ok_or_else(|| self.bad_escape())?),
                        '\n' => {}
                        c @ ('\\' | '\'' | '"') => text.push(c),
                        c => text.extend(['\\', c]),
                    }
                }
                c if c == quote => {
                    self.at += at + c.len_utf8();
                    return Ok(Word::Str(text.into()));
                }
                c => text.push(c),
            }
        }
        Err(self.wrong("a text has no end"))
    }

    fn bad_escape(&self) -> String {
        self.wrong("an escape is no character")
    }

    fn number(&mut self, rest: &str) -> Result<Word, String> {
        let digits =
            |text: &str| text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let whole = digits(rest);
        let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
        let mut end = if fraction == 0 { whole } else { whole + 1 + fraction };
        let mut float = fraction > 0;
        if let Some(power) = rest[end..].strip_prefix(['e', 'E']) {
            let unsigned = power.trim_start_matches(['+', '-']);
            let count = digits(unsigned);
            if count > 0 && power.len() - unsigned.len() <= 1 {
                end += 1 + power.len() - unsigned.len() + count;
                float = true;
            }
        }
        let text = rest[..end].replace('_', "");
        self.at += end;
        let number = if float {
            text.parse().ok().map(Word::Float)
        } else {
            text.parse().ok().map(Word::Int)
        };
        number.ok_or_else(|| self.wrong("a number is too large"))
    }
}

/// A character by so many hexadecimal digits.
fn code(chars: &mut impl Iterator<Item = (usize, char)>, digits: usize) -> Option<char> {
    let mut value = 0_u32;
    for _ in 0..digits {
        value = value.checked_mul(16)?.checked_add(chars.next()?.1.to_digit(16)?)?;
    }
    char::from_u32(value)
}
