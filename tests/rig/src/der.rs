//! The little of DER (X.690) and PEM (RFC 7468) that the rig writes and reads.

use crate::text;

/// Tags used here.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The constructed context tag `[number]`.
pub(crate) fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = &length[significant..];
    if length.len() > 1 || length[0] > 0x7f {
        out.push(0x80 | length.len().to_le_bytes()[0]);
    }
    out.extend_from_slice(length);
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE of elements.
pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// A SET OF elements, sorted as DER demands.
pub(crate) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    element(SET, &parts.concat())
}

/// An OCTET STRING.
pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    element(OCTET_STRING, content)
}

/// A BIT STRING of whole bytes.
pub(crate) fn bits(content: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], content].concat())
}

/// A non-negative INTEGER.
pub(crate) fn integer(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let mut content = bytes[significant..].to_vec();
    if content[0] > 0x7f {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// An OBJECT IDENTIFIER from its dotted form.
pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').filter_map(|arc| arc.parse::<u64>().ok());
    let first = arcs.next().unwrap_or_default() * 40 + arcs.next().unwrap_or_default();
    let mut content = Vec::new();
    for arc in std::iter::once(first).chain(arcs) {
        let groups = (1..10).rev().filter(|group| arc >> (7 * group) != 0);
        content.extend(groups.map(|group| 0x80 | low_bits(arc >> (7 * group))));
        content.push(low_bits(arc));
    }
    element(OID, &content)
}

fn low_bits(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

/// One element that was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(crate) fn children(self) -> Option<Vec<Element<'a>>> {
        let (mut rest, mut children) = (self.content, Vec::new());
        while !rest.is_empty() {
            let child = read(rest)?;
            rest = &rest[child.whole.len()..];
            children.push(child);
        }
        Some(children)
    }
}

/// The first element of `input`.
pub(crate) fn read(input: &[u8]) -> Option<Element<'_>> {
    let (tag, first) = (*input.first()?, *input.get(1)?);
    let (header, length) = if first < 0x80 {
        (2, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        let bytes = input.get(2..2 + count).filter(|bytes| bytes.len() <= 4)?;
        (2 + count, bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    };
    let whole = input.get(..header.checked_add(length)?)?;
    Some(Element { tag, content: &whole[header..], whole })
}

/// A PEM block with LF line ends.
pub(crate) fn to_pem(label: &str, der: &[u8]) -> String {
    let encoded = text::base64(der);
    let lines: Vec<&str> = (0..encoded.len())
        .step_by(64)
        .map(|start| &encoded[start..encoded.len().min(start + 64)])
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Label and content of the first PEM block.
pub(crate) fn from_pem(pem: &str) -> Option<(String, Vec<u8>)> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_whitespace().collect();
    Some((label.to_owned(), text::from_base64(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_fewest_bytes() {
        assert_eq!(element(4, &[]), [4, 0]);
        assert_eq!(element(4, &[7; 127])[..2], [4, 0x7f]);
        assert_eq!(element(4, &[7; 128])[..3], [4, 0x81, 0x80]);
        assert_eq!(element(4, &[7; 256])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn integers_and_identifiers_are_canonical() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 0x7f]);
        assert_eq!(integer(128), [2, 2, 0, 0x80]);
        assert_eq!(oid("1.2.840.10045.3.1.7"), [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    }

    #[test]
    fn what_was_written_is_read() {
        let written = sequence(&[integer(5), octets(&[1; 300])]);
        let children = read(&written).and_then(Element::children).unwrap();
        assert_eq!(children.len(), 2);
        assert_eq!(children[1].content, [1; 300]);
        assert!(read(&written[..written.len() - 1]).is_none());
    }

    #[test]
    fn pem_survives_other_line_ends() {
        let pem = to_pem("PUBLIC KEY", &[9; 100]);
        let crlf = pem.replace('\n', "\r\n");
        assert_eq!(from_pem(&crlf), Some(("PUBLIC KEY".into(), vec![9; 100])));
    }
}
