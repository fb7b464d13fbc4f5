//! Changes to one element of a DER encoding (X.690), with the lengths around it made to fit.

use super::Rng;

/// An element: where it begins, where its content begins, and where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    start: usize,
    content: usize,
    end: usize,
    /// Positions of the elements around it, the outermost first.
    around: Vec<usize>,
}

/// What is done to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// One bit of its content.
    Bit,
    /// Another tag.
    Tag,
    /// Its length in more bytes than it needs.
    LongLength,
    /// Not there.
    Removed,
    /// There twice.
    Repeated,
    /// A byte more at the end of its content.
    Lengthened,
    /// A byte less.
    Shortened,
    /// No content.
    Emptied,
    /// Something nobody asked for after it.
    Followed,
    /// Of indefinite length (BER).
    Indefinite,
}

/// All of them.
pub const OPS: &[Op] = &[
    Op::Bit,
    Op::Tag,
    Op::LongLength,
    Op::Removed,
    Op::Repeated,
    Op::Lengthened,
    Op::Shortened,
    Op::Emptied,
    Op::Followed,
    Op::Indefinite,
];

impl Op {
    /// Row of the table.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Bit | Self::Tag => "DER: one bit or tag",
            Self::LongLength | Self::Indefinite => "DER: other form of a length",
            Self::Removed | Self::Emptied | Self::Shortened => "DER: removed",
            Self::Repeated | Self::Lengthened | Self::Followed => "DER: added",
        }
    }
}

/// Every element of an encoding, also those inside of octet and bit strings; nothing when the
/// bytes are no DER.
pub fn elements(bytes: &[u8]) -> Vec<Element> {
    let mut all = Vec::new();
    match walk(bytes, 0, bytes.len(), &[], &mut all, 0) {
        Some(()) if bytes.first() == Some(&0x30) => all,
        _ => Vec::new(),
    }
}

fn header(bytes: &[u8], at: usize, end: usize) -> Option<(usize, usize)> {
    if at + 2 > end || bytes[at] & 0x1f == 0x1f {
        return None;
    }
    let first = usize::from(bytes[at + 1]);
    let (content, len) = match first {
        0..=0x7f => (at + 2, first),
        0x81..=0x84 => {
            let digits = bytes.get(at + 2..at + 2 + (first - 0x80))?;
            let len = digits.iter().fold(0, |len, digit| (len << 8) | usize::from(*digit));
            (at + 2 + digits.len(), len)
        }
        _ => return None,
    };
    let stop = content.checked_add(len)?;
    (stop <= end).then_some((content, stop))
}

fn walk(
    bytes: &[u8],
    mut at: usize,
    end: usize,
    around: &[usize],
    all: &mut Vec<Element>,
    depth: usize,
) -> Option<()> {
    while at < end {
        let (content, stop) = header(bytes, at, end)?;
        let here = all.len();
        all.push(Element { start: at, content, end: stop, around: around.to_vec() });
        let below: Vec<usize> = around.iter().copied().chain([here]).collect();
        if bytes[at] & 0x20 != 0 {
            walk(bytes, content, stop, &below, all, depth + 1)?;
        } else if matches!(bytes[at], 0x03 | 0x04) && depth < 24 {
            let inside = content + usize::from(bytes[at] == 0x03);
            let before = all.len();
            let nested = inside < stop
                && bytes[inside] == 0x30
                && walk(bytes, inside, stop, &below, all, depth + 1).is_some();
            if !nested {
                all.truncate(before);
            }
        }
        at = stop;
    }
    Some(())
}

/// The encoding with one element changed; none where the change has no meaning.
pub fn mutate(
    bytes: &[u8],
    all: &[Element],
    position: usize,
    op: Op,
    rng: &mut Rng,
) -> Option<Vec<u8>> {
    let element = &all[position];
    let (tag, content) = (bytes[element.start], &bytes[element.content..element.end]);
    let encoded = |content: &[u8]| [&[tag][..], &length(content.len()), content].concat();
    let new = match op {
        Op::Bit if content.is_empty() => return None,
        Op::Bit => {
            let mut content = content.to_vec();
            let bit = rng.below(content.len() * 8);
            content[bit / 8] ^= 1 << (bit % 8);
            encoded(&content)
        }
        Op::Tag => {
            let mut new = encoded(content);
            new[0] ^= 1 << rng.below(8);
            new
        }
        Op::LongLength => {
            let short = length(content.len());
            let digits = if content.len() < 0x80 { &short[..] } else { &short[1..] };
            let long = [&[0x81 + digits.len() as u8, 0][..], digits].concat();
            // Below 128 one byte is enough, and `81` is one too many.
            let long = if content.len() < 0x80 { vec![0x81, short[0]] } else { long };
            [&[tag][..], &long, content].concat()
        }
        Op::Removed => Vec::new(),
        Op::Repeated => [encoded(content), encoded(content)].concat(),
        Op::Lengthened => encoded(&[content, &[rng.below(256) as u8]].concat()),
        Op::Shortened => encoded(content.split_last()?.1),
        Op::Emptied if content.is_empty() => return None,
        Op::Emptied => encoded(&[]),
        Op::Followed => [encoded(content), vec![0x05, 0x00]].concat(),
        Op::Indefinite if tag & 0x20 == 0 => return None,
        Op::Indefinite => [&[tag, 0x80][..], content, &[0, 0]].concat(),
    };
    let mut inner = (element.start, element.end, new);
    for &outer in element.around.iter().rev() {
        let outer = &all[outer];
        let content =
            [&bytes[outer.content..inner.0], &inner.2, &bytes[inner.1..outer.end]].concat();
        let new = [&[bytes[outer.start]][..], &length(content.len()), &content].concat();
        inner = (outer.start, outer.end, new);
    }
    let new = [&bytes[..inner.0], &inner.2, &bytes[inner.1..]].concat();
    (new != bytes).then_some(new)
}

fn length(len: usize) -> Vec<u8> {
    if len < 0x80 {
        return vec![len as u8];
    }
    let digits: Vec<u8> = len.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
    [&[0x80 + digits.len() as u8][..], &digits].concat()
}
