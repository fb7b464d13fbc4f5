//! Every field of a document, however deep it is encoded: JSON in base64 in JSON, DER in
//! base64, lines of a signed note.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::{Rng, der, json};

/// A step from a document to a field in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value at this pointer.
    Json(String),
    /// What the text encodes.
    Base64,
    /// An element of a DER encoding, by its number.
    Der(usize),
    /// A line of a text.
    Line(usize),
}

/// The way to a field.
pub type Spot = Vec<Step>;

/// What is done to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// To a JSON value.
    Json(json::Op),
    /// To the base64 of something.
    Base64(Base64),
    /// To an element of DER.
    Der(der::Op),
    /// To a line.
    Line(Line),
}

/// Other base64 for the same bytes, or for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base64 {
    /// `-` and `_` (RFC 4648, section 5).
    Url,
    /// Without `=`.
    Unpadded,
    /// With more `=`.
    Padded,
    /// With a line break.
    Broken,
    /// With a space at the end.
    Spaced,
    /// With bits in the last character that mean nothing.
    Trailing,
    /// Four characters less.
    Cut,
    /// One bit of what is encoded.
    Bit,
    /// A byte more of what is encoded.
    Longer,
}

/// Changes to a line of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Not there.
    Removed,
    /// There twice.
    Repeated,
    /// One character.
    Changed,
    /// Changed places with the next.
    Swapped,
    /// Ends in CR LF.
    Cr,
    /// A space at its end.
    Spaced,
    /// Another line after it.
    Followed,
}

const BASE64: [Base64; 9] = [
    Base64::Url,
    Base64::Unpadded,
    Base64::Padded,
    Base64::Broken,
    Base64::Spaced,
    Base64::Trailing,
    Base64::Cut,
    Base64::Bit,
    Base64::Longer,
];

const LINE: [Line; 7] = [
    Line::Removed,
    Line::Repeated,
    Line::Changed,
    Line::Swapped,
    Line::Cr,
    Line::Spaced,
    Line::Followed,
];

impl Op {
    /// Row of the table.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Json(op) => op.kind(),
            Self::Der(op) => op.kind(),
            Self::Base64(Base64::Bit | Base64::Longer | Base64::Cut) => "base64: other bytes",
            Self::Base64(_) => "base64: other form",
            Self::Line(_) => "line of a text",
        }
    }
}

/// What can be done to the field that a spot leads to.
pub fn ops(spot: &[Step]) -> Vec<Op> {
    match spot.last() {
        Some(Step::Json(_)) => json::OPS.iter().copied().map(Op::Json).collect(),
        Some(Step::Base64) => BASE64.into_iter().map(Op::Base64).collect(),
        Some(Step::Der(_)) => der::OPS.iter().copied().map(Op::Der).collect(),
        Some(Step::Line(_)) => LINE.into_iter().map(Op::Line).collect(),
        None => Vec::new(),
    }
}

/// Every field of a document; none when it is neither JSON nor DER.
pub fn spots(bytes: &[u8]) -> Vec<Spot> {
    let mut all = Vec::new();
    if let Some(document) = document(bytes) {
        for pointer in json::pointers(&document) {
            let here = vec![Step::Json(pointer.clone())];
            all.push(here.clone());
            let Some(Value::String(text)) = document.pointer(&pointer) else { continue };
            if let Some(decoded) = decoded(text) {
                let inside = [here, vec![Step::Base64]].concat();
                all.push(inside.clone());
                let below = spots(&decoded).into_iter().chain(lines(&decoded));
                all.extend(below.map(|spot| [inside.clone(), spot].concat()));
            } else {
                all.extend(lines(text.as_bytes()).map(|spot| [here.clone(), spot].concat()));
            }
        }
        return all;
    }
    all.extend((0..der::elements(bytes).len()).map(|position| vec![Step::Der(position)]));
    all
}

fn document(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok().filter(|value: &Value| value.is_object() || value.is_array())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let long = text.len() >= 8 && !text.bytes().all(|byte| byte.is_ascii_hexdigit());
    long.then(|| STANDARD.decode(text).ok()).flatten()
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Spot> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| document(bytes).is_none());
    let count = text.map_or(0, |text| text.matches('\n').count());
    (0..count).map(|line| vec![Step::Line(line)])
}

/// The document with the field at `spot` changed; none where that has no meaning, or changes
/// nothing.
pub fn apply(bytes: &[u8], spot: &[Step], op: Op, rng: &mut Rng) -> Option<Vec<u8>> {
    let changed = match (spot, op) {
        ([Step::Json(pointer)], Op::Json(op)) => {
            json::mutate(&document(bytes)?, pointer, op, rng)?.into_bytes()
        }
        ([Step::Json(pointer), inside @ ..], op) => {
            let mut document = document(bytes)?;
            let value = document.pointer_mut(pointer)?;
            let text = within(value.as_str()?, inside, op, rng)?;
            *value = Value::String(text);
            document.to_string().into_bytes()
        }
        ([Step::Der(position)], Op::Der(op)) => {
            der::mutate(bytes, &der::elements(bytes), *position, op, rng)?
        }
        ([Step::Line(line)], Op::Line(op)) => {
            line_changed(std::str::from_utf8(bytes).ok()?, *line, op, rng)?.into_bytes()
        }
        _ => return None,
    };
    (changed != bytes).then_some(changed)
}

fn within(text: &str, spot: &[Step], op: Op, rng: &mut Rng) -> Option<String> {
    match (spot, op) {
        ([Step::Base64], Op::Base64(op)) => base64_changed(text, op, rng),
        ([Step::Base64, inside @ ..], op) => {
            Some(STANDARD.encode(apply(&decoded(text)?, inside, op, rng)?))
        }
        ([Step::Line(line)], Op::Line(op)) => line_changed(text, *line, op, rng),
        _ => None,
    }
}

fn base64_changed(text: &str, op: Base64, rng: &mut Rng) -> Option<String> {
    let changed = match op {
        Base64::Url => text.replace('+', "-").replace('/', "_"),
        Base64::Unpadded => text.trim_end_matches('=').to_owned(),
        Base64::Padded => format!("{text}="),
        Base64::Broken => {
            let at = rng.below(text.len() / 4) * 4;
            format!("{}\n{}", &text[..at], &text[at..])
        }
        Base64::Spaced => format!("{text} "),
        Base64::Trailing => {
            let bare = text.trim_end_matches('=');
            if bare.len() == text.len() {
                return None;
            }
            let loose = GeneralPurposeConfig::new()
                .with_decode_allow_trailing_bits(true)
                .with_decode_padding_mode(DecodePaddingMode::Indifferent);
            let engine = GeneralPurpose::new(&alphabet::STANDARD, loose);
            let same = |last: &char| {
                let other = format!("{}{last}{}", &bare[..bare.len() - 1], &text[bare.len()..]);
                other != text && engine.decode(&other).ok() == STANDARD.decode(text).ok()
            };
            let last = ('a'..='z').chain('A'..='Z').chain('0'..='9').find(same)?;
            format!("{}{last}{}", &bare[..bare.len() - 1], &text[bare.len()..])
        }
        Base64::Cut => text[4..].to_owned(),
        Base64::Bit => {
            let mut bytes = STANDARD.decode(text).ok()?;
            let bit = rng.below(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            STANDARD.encode(bytes)
        }
        Base64::Longer => {
            let mut bytes = STANDARD.decode(text).ok()?;
            bytes.push(rng.below(256) as u8);
            STANDARD.encode(bytes)
        }
    };
    (changed != text).then_some(changed)
}

fn line_changed(text: &str, at: usize, op: Line, rng: &mut Rng) -> Option<String> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let line = lines.get(at)?.clone();
    let bare = line.strip_suffix('\n').unwrap_or(&line);
    match op {
        Line::Removed => {
            lines.remove(at);
        }
        Line::Repeated => lines.insert(at, line.clone()),
        Line::Changed => {
            let count = bare.chars().count();
            if count == 0 {
                return None;
            }
            let position = rng.below(count);
            let swapped = |c: char| if c == 'A' { 'B' } else { 'A' };
            let changed = bare.chars().enumerate();
            let changed: String =
                changed.map(|(n, c)| if n == position { swapped(c) } else { c }).collect();
            lines[at] = format!("{changed}\n");
        }
        Line::Swapped if at + 1 < lines.len() => lines.swap(at, at + 1),
        Line::Swapped => return None,
        Line::Cr => lines[at] = format!("{bare}\r\n"),
        Line::Spaced => lines[at] = format!("{bare} \n"),
        Line::Followed => {
            let more = rng.pick(&["x\n", "\n", "\u{2014} example.org AAAAAAAA\n", "1\n"]);
            lines.insert(at + 1, (*more).to_owned());
        }
    }
    Some(lines.concat())
}

/// A spot for people, such as `/payload base64 /subject/0/name`.
pub fn shown(spot: &[Step]) -> String {
    let steps = spot.iter().map(|step| match step {
        Step::Json(pointer) if pointer.is_empty() => "(all)".to_owned(),
        Step::Json(pointer) => pointer.clone(),
        Step::Base64 => "base64".to_owned(),
        Step::Der(position) => format!("DER element {position}"),
        Step::Line(line) => format!("line {line}"),
    });
    steps.collect::<Vec<_>>().join(" ")
}
