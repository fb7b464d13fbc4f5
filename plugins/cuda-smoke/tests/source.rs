//! Bytes of files: all of them, once, in order, and the right ones.
#![allow(clippy::unwrap_used)]

use pkg_cuda_smoke::engine::{EngineError, Result};
use pkg_cuda_smoke::samples::{Random, write};
use pkg_cuda_smoke::source::{load, sha256, stream};
use pkg_plugin_sdk::File;

/// Several chunks, and not a whole number of them.
fn big(folder: &std::path::Path) -> (File, Vec<u8>) {
    let mut random = Random(3);
    let bytes: Vec<u8> = (0..1_200_003).flat_map(|_| random.bits().to_le_bytes()).collect();
    (write(folder, "big.bin", &bytes).unwrap(), bytes)
}

#[test]
fn chunks_come_in_order_and_all_of_them() {
    let place = tempfile::tempdir().unwrap();
    let (file, bytes) = big(place.path());
    let mut seen = Vec::new();
    let mut chunks = 0;
    let digest = stream(&file, |offset, chunk| {
        assert_eq!(offset, seen.len() as u64);
        seen.extend_from_slice(chunk);
        chunks += 1;
        Ok(())
    });
    assert_eq!(digest.unwrap(), sha256(&bytes));
    assert!(seen == bytes && chunks > 2, "{chunks} chunks");
    assert!(load(&file).unwrap() == bytes);
    // A part of a file is a file, too.
    let part = File {
        offset: 1000,
        bytes: 5_000_000,
        digest: format!("sha256:{}", sha256(&bytes[1000..5_001_000]).to_uppercase()),
        ..file
    };
    assert!(load(&part).unwrap() == bytes[1000..5_001_000]);
    let empty = write(place.path(), "empty", b"").unwrap();
    assert!(load(&empty).unwrap().is_empty());
}

#[test]
fn whoever_does_not_want_more_gets_no_more() {
    let place = tempfile::tempdir().unwrap();
    let (file, _) = big(place.path());
    let mut chunks = 0;
    let stop = |_: u64, _: &[u8]| -> Result<()> {
        chunks += 1;
        Err(EngineError::Failed("enough".to_owned()))
    };
    assert_eq!(stream(&file, stop).unwrap_err().to_string(), "enough");
    assert_eq!(chunks, 1);
}

#[test]
fn other_bytes_and_other_lengths_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let file = write(place.path(), "small.bin", b"hello").unwrap();
    let refused = |file: File, wanted: &str| {
        let streamed = stream(&file, |_, _| Ok(())).unwrap_err().to_string();
        let loaded = load(&file).unwrap_err().to_string();
        assert!(streamed.contains("small.bin") && loaded.contains("small.bin"));
        assert!(streamed.contains(wanted), "{streamed} lacks {wanted}");
    };
    refused(File { digest: format!("sha256:{}", sha256(b"hallo")), ..file.clone() }, "is due");
    refused(File { bytes: 6, ..file.clone() }, "ends after 5 of 6 bytes");
    refused(File { bytes: u64::MAX, ..file.clone() }, "ends after 5");
    refused(File { bytes: 4, ..file.clone() }, "is due");
    refused(File { offset: 1, ..file.clone() }, "ends after 4 of 5");
    refused(File { disk: place.path().join("none"), ..file }, "cannot be read");
}
