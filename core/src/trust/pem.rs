//! PEM text (RFC 7468), as far as key files need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Characters in a line of PEM text.
const LINE: usize = 64;
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const NOT_PEM: &str = "it is not PEM: there is no `-----BEGIN ...-----` line";

/// One block of PEM text.
pub(super) struct Block {
    /// What stands after `BEGIN`.
    pub(super) label: String,
    /// Whether it has header lines, as the old OpenSSL encryption writes.
    pub(super) headers: bool,
    /// The content.
    pub(super) content: Zeroizing<Vec<u8>>,
}

/// Reads the only block of `text`, or says why there is none.
///
/// Text around the block is ignored (RFC 7468, section 5.2), and so is the
/// `EC PARAMETERS` block that `openssl ecparam -genkey` writes before a key.
pub(super) fn decode(text: &str) -> Result<Block, &'static str> {
    let mut blocks = decode_all(text, usize::MAX)?;
    blocks.retain(|block| block.label != "EC PARAMETERS");
    match (blocks.pop(), blocks.is_empty()) {
        (Some(block), true) => Ok(block),
        (Some(_), false) => Err("it holds more than one PEM block"),
        (None, _) => Err(NOT_PEM),
    }
}

/// Reads every block of `text`, at least one and at most `limit`.
pub(super) fn decode_all(text: &str, limit: usize) -> Result<Vec<Block>, &'static str> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES))
        else {
            continue;
        };
        if blocks.len() == limit {
            return Err("it holds too many PEM blocks");
        }
        blocks.push(read_block(label, &mut lines)?);
    }
    if blocks.is_empty() { Err(NOT_PEM) } else { Ok(blocks) }
}

fn read_block<'a>(
    label: &str,
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<Block, &'static str> {
    let mut headers = false;
    let mut digits = Zeroizing::new(String::new());
    for line in lines {
        if let Some(end) = line.strip_prefix(END) {
            if end.strip_suffix(DASHES) != Some(label) {
                return Err("the END line of the PEM block does not fit its BEGIN line");
            }
            let content = if headers {
                Vec::new()
            } else {
                STANDARD
                    .decode(digits.as_bytes())
                    .map_err(|_| "the base64 of the PEM block is damaged")?
            };
            let content = Zeroizing::new(content);
            return Ok(Block { label: label.to_owned(), headers, content });
        }
        headers |= line.contains(':');
        // One allocation is enough, so that no copy of a secret is left behind.
        if digits.capacity() == 0 {
            digits.reserve(super::keyfile::MAX_FILE);
        }
        if digits.len() + line.len() > super::keyfile::MAX_FILE {
            return Err("the PEM block is too long");
        }
        digits.push_str(line.trim());
    }
    Err("the PEM block has no END line")
}

/// Writes one block, with LF line ends and a final newline.
pub(super) fn encode(label: &str, content: &[u8]) -> Zeroizing<String> {
    let digits = Zeroizing::new(STANDARD.encode(content));
    let overhead = 2 * (END.len() + DASHES.len() + label.len() + 4);
    let size = digits.len() + digits.len() / LINE + overhead;
    let mut text = Zeroizing::new(String::with_capacity(size));
    for part in [BEGIN, label, DASHES, "\n"] {
        text.push_str(part);
    }
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    for part in [END, label, DASHES, "\n"] {
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};

    #[test]
    fn damaged_and_ambiguous_text_is_refused() {
        let good = encode("X", b"content").to_string();
        assert!(decode(&good).is_ok());
        for bad in [
            String::new(),
            "hello".to_owned(),
            good.replace("END X", "END Y"),
            good.replace("-----END X-----\n", ""),
            good.replace("Y29u", "Y2#u"),
            format!("{good}{good}"),
        ] {
            assert!(decode(&bad).is_err(), "{bad}");
        }
        let parameters = encode("EC PARAMETERS", b"curve").to_string();
        assert_eq!(decode(&format!("{parameters}{good}")).map(|b| b.label).unwrap(), "X");
        assert!(decode(&good.replace('\n', "\r\n")).is_ok());
    }

    proptest! {
        #[test]
        fn content_round_trips(content: Vec<u8>) {
            let text = encode("SOME KEY", &content);
            prop_assert!(text.ends_with("-----\n") && text.lines().all(|line| line.len() <= 64));
            prop_assert_eq!(&*decode(&text).unwrap().content, &content);
        }

        #[test]
        fn arbitrary_text_never_panics(text in "(-----BEGIN [A-Z]{0,3}-----\n|[A-Za-z0-9=:\n]|-----END [A-Z]{0,3}-----\n|\\PC){0,40}") {
            let _ = decode(&text);
        }
    }
}
