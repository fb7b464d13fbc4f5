use std::io::{BufReader, Cursor};

use proptest::prelude::*;

use super::{Header, Value, numbers, parse, texts};
use crate::samples::{entry, gguf, gguf_file as file, tensor};

fn read(bytes: &[u8]) -> Result<Header, String> {
    parse(BufReader::new(Cursor::new(bytes)), bytes.len() as u64)
}

#[test]
fn a_correct_header_is_read() {
    let header = read(&gguf()).unwrap();
    assert_eq!((header.architecture(), header.file_type()), (Some("llama"), Some("Q4_1")));
    assert_eq!((header.parameters, header.types["Q4_1"]), (64, 64));
    assert_eq!(header.text("general.license"), Some("apache-2.0"));
    assert_eq!(header.float("llama.rope.freq_base"), Some(1.0));
}

#[test]
fn arrays_are_read_where_they_lie() {
    let bytes = gguf();
    let header = read(&bytes).unwrap();
    let mut input = BufReader::new(Cursor::new(&bytes));
    let mut found = Vec::new();
    let array = header.array("tokenizer.ggml.tokens").unwrap();
    texts(&mut input, array, |index, text| found.push((index, text.to_owned()))).unwrap();
    assert_eq!(found, [(0, "a".to_owned()), (1, "b".to_owned())]);
    assert!(numbers(&mut input, array, 9).unwrap_err().contains("type 8"));
    let values = [&5_u32.to_le_bytes()[..], &2_u64.to_le_bytes(), &[255; 4], &[1, 0, 0, 0]];
    let bytes = file(&[entry("n", 9, &values.concat()), entry("n", 0, &[1])], &[], 0);
    let header = read(&bytes).unwrap();
    assert_eq!(header.repeated, ["n"]);
    assert!(matches!(header.metadata["n"], Value::Array(_)), "the first one counts");
    let mut input = BufReader::new(Cursor::new(&bytes));
    assert_eq!(numbers(&mut input, header.array("n").unwrap(), 9).unwrap(), [-1, 1]);
}

#[test]
fn version_one_has_short_lengths() {
    let mut bytes = b"GGUF\x01\0\0\0".to_vec();
    for word in [0_u32, 1, 9] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"general.x");
    bytes.extend([4, 0, 0, 0, 7, 0, 0, 0]);
    assert_eq!(read(&bytes).unwrap().number("general.x"), Some(7));
}

#[test]
fn each_lie_is_named() {
    let deep: Vec<u8> = (0..9)
        .flat_map(|_| [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat())
        .collect();
    let huge = [0_u32.to_le_bytes().to_vec(), u64::MAX.to_le_bytes().to_vec()].concat();
    let wide = [12_u32.to_le_bytes().to_vec(), u64::MAX.to_le_bytes().to_vec()].concat();
    let texts = [8_u32.to_le_bytes().to_vec(), (1_u64 << 40).to_le_bytes().to_vec()].concat();
    let many = |tensors: u64, entries: u64| {
        [&b"GGUF\x03\0\0\0"[..], &tensors.to_le_bytes(), &entries.to_le_bytes()].concat()
    };
    let long = (1_u64 << 60).to_le_bytes();
    let cases = [
        (b"GGUF\0\0\0\x03".to_vec(), "big-endian"),
        (b"GGUF\x09\0\0\0".to_vec(), "unknown version"),
        (b"GGUF\x03".to_vec(), "needs 4 bytes"),
        (many(u64::MAX, 0), "tensors do not fit"),
        (many(0, u64::MAX), "entries do not fit"),
        (file(&[entry("a", 9, &deep)], &[], 0), "nested"),
        (file(&[entry("a", 9, &huge)], &[], 0), "needs"),
        (file(&[entry("a", 9, &wide)], &[], 0), "overflows"),
        (file(&[entry("a", 9, &texts)], &[], 0), "do not fit"),
        (file(&[entry("a", 8, &long)], &[], 0), "needs"),
        (file(&[entry(&"k".repeat(65_537), 0, &[1])], &[], 0), "at most"),
        (file(&[entry("a", 77, &[])], &[], 0), "unknown type 77"),
        (file(&[], &[tensor("w", &[1; 9], 0, 0)], 64), "9 dimensions"),
        (file(&[], &[tensor("w", &[u64::MAX, 2], 0, 0)], 64), "overflows"),
        (file(&[], &[tensor("w", &[33], 3, 0)], 64), "no multiple"),
        (file(&[], &[tensor("w", &[64], 0, 0)], 128), "the file has"),
        (file(&[], &[tensor("w", &[8], 0, u64::MAX)], 128), "overflows"),
        (file(&[entry("general.alignment", 4, &[0; 4])], &[], 0), "alignment"),
    ];
    for (bytes, expected) in cases {
        let reason = read(&bytes).unwrap_err();
        assert!(reason.contains(expected), "{reason:?} lacks {expected:?}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = gguf();
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "{end} of {} bytes", bytes.len());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>, version in 1_u32..4, size: u64) {
        let mut file = b"GGUF".to_vec();
        file.extend(version.to_le_bytes());
        file.extend(&bytes);
        let _ = read(&bytes);
        let _ = read(&file);
        let _ = parse(BufReader::new(Cursor::new(&file)), size);
    }

    #[test]
    fn a_changed_byte_never_panics(at in 0_usize..300, value: u8) {
        let mut bytes = gguf();
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = read(&bytes);
    }
}
