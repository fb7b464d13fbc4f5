//! Spans by the hashes of OpenSSF model signing.

use std::io;

use blake2::{Blake2b512, Digest as _};

use super::{Meter, Span, hash_spans, read_span, run_largest_first};
use crate::model::content::{ContentDigest, ContentHash};

/// Digests of many spans by one hash, read once each, on all cores, largest first.
pub fn hash_spans_by(
    hash: ContentHash,
    spans: &[Span],
    meter: &Meter,
) -> Vec<io::Result<ContentDigest>> {
    let length = |span: &Span| span.len;
    match hash {
        ContentHash::Sha256 => hash_spans(spans, meter)
            .into_iter()
            .map(|digest| digest.map(ContentDigest::Sha256))
            .collect(),
        ContentHash::Blake2b => run_largest_first(spans, length, |span, buffer| {
            let mut hasher = Blake2b512::new();
            read_span(span, buffer, meter, |bytes| hasher.update(bytes))?;
            Ok(ContentDigest::Blake2b(hasher.finalize().into()))
        }),
        ContentHash::Blake3 => run_largest_first(spans, length, |span, buffer| {
            let mut hasher = blake3::Hasher::new();
            read_span(span, buffer, meter, |bytes| {
                hasher.update(bytes);
            })?;
            Ok(ContentDigest::Blake3(*hasher.finalize().as_bytes()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use super::hash_spans_by;
    use crate::hash::{BUFFER, Meter, Span};
    use crate::model::content::ContentHash;

    fn digest(hash: ContentHash, content: &[u8]) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let span = Span { file: Arc::new(file), offset: 0, len: content.len() as u64 };
        let meter = Meter::default();
        let mut all = hash_spans_by(hash, &[span], &meter);
        assert_eq!(meter.state().0, content.len() as u64);
        all.remove(0).unwrap().to_string()
    }

    #[test]
    fn published_examples_are_met() {
        // FIPS 180-4; RFC 7693, appendix A; the test vectors of BLAKE3, length 0
        // and `b3sum` for "abc".
        for (hash, content, expected) in [
            (
                ContentHash::Sha256,
                "abc",
                "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                ContentHash::Blake2b,
                "abc",
                "blake2b:ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            ),
            (
                ContentHash::Blake3,
                "",
                "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
            (
                ContentHash::Blake3,
                "abc",
                "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            ),
        ] {
            assert_eq!(digest(hash, content.as_bytes()), expected);
        }
    }

    #[test]
    fn what_is_longer_than_a_buffer_is_hashed_to_its_end() {
        let mut content = vec![7; 2 * BUFFER + 1];
        for hash in ContentHash::ALL {
            let before = digest(hash, &content);
            if let Some(last) = content.last_mut() {
                *last ^= 1;
            }
            assert_ne!(digest(hash, &content), before, "{hash}");
        }
    }

    #[test]
    fn a_span_past_the_end_is_an_error() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        for hash in ContentHash::ALL {
            let span = Span { file: Arc::clone(&file), offset: 0, len: 1 };
            assert!(hash_spans_by(hash, &[span], &Meter::default())[0].is_err());
        }
    }
}
