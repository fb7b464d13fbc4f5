//! Headers of weight files, and what comes from a plugin's process.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};

use pkg_core::model::path::ReleasePath;
use pkg_core::scan::{self, SourceFile};
use pkg_formats::samples;
use pkg_plugin_host::{elf as library, frame as frames};

use crate::seeds;

/// Counts what is read: the measure of a reader's work.
struct Counted<'a> {
    inner: Cursor<&'a [u8]>,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.read += got as u64;
        let most = 4 * self.inner.get_ref().len() as u64 + (1 << 16);
        assert!(self.read <= most, "{} bytes read of {}", self.read, self.inner.get_ref().len());
        Ok(got)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}

fn counted(data: &[u8]) -> Counted<'_> {
    Counted { inner: Cursor::new(data), read: 0 }
}

/// The first byte says how much larger than its start the file claims to be.
fn claimed(data: &[u8]) -> (u64, &[u8]) {
    match data.split_first() {
        Some((first, rest)) if first % 2 == 1 => ((rest.len() as u64) << (first / 4), rest),
        Some((_, rest)) => (rest.len() as u64, rest),
        None => (0, data),
    }
}

pub(super) fn safetensors(data: &[u8]) {
    let (size, data) = claimed(data);
    let Ok(header) = pkg_formats::safetensors::parse(&mut counted(data), size) else { return };
    let mut end = 0;
    for tensor in &header.tensors {
        assert_eq!(tensor.offsets.0, end, "a gap or an overlap");
        end = tensor.offsets.1;
        let bits = pkg_formats::safetensors::dtype_bits(&tensor.dtype).expect("a known type");
        assert_eq!(
            tensor.elements().expect("it fits") * bits,
            (tensor.offsets.1 - tensor.offsets.0) * 8
        );
    }
    assert!(end <= size);
}

pub(super) fn safetensors_seeds() -> Vec<Vec<u8>> {
    let two = r#"{"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"a":{"dtype":"F4","shape":[4],"data_offsets":[2,4]}}"#;
    [seeds::safetensors(), samples::safetensors(two, 4)]
        .into_iter()
        .map(|file| [&[0], file.as_slice()].concat())
        .collect()
}

pub(super) fn gguf(data: &[u8]) {
    let (size, data) = claimed(data);
    let Ok(header) = pkg_formats::gguf::parse(BufReader::new(counted(data)), size) else { return };
    assert!(header.list.len() as u64 <= header.tensors);
    for tensor in &header.list {
        let end = header
            .data_start
            .checked_add(tensor.offset)
            .and_then(|it| it.checked_add(tensor.bytes));
        assert!(end.is_some_and(|end| end <= size), "a tensor behind the end");
    }
    let _ = (header.architecture(), header.file_type());
}

pub(super) fn gguf_seeds() -> Vec<Vec<u8>> {
    let deep = samples::entry(
        "a",
        9,
        &[9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec(), vec![0; 12]].concat(),
    );
    let entries = [deep, samples::entry("general.alignment", 4, &64_u32.to_le_bytes())];
    let mut first = samples::gguf_file(&[], &[], 0);
    first[4] = 1;
    [samples::gguf(), samples::gguf_file(&entries, &[samples::tensor("t", &[4], 0, 0)], 64), first]
        .into_iter()
        .map(|file| [&[0], file.as_slice()].concat())
        .collect()
}

pub(super) fn onnx(data: &[u8]) {
    let (size, data) = claimed(data);
    if let Some(model) = scan::onnx::recognise(data, size) {
        assert!((1..=100).contains(&model.ir_version));
    }
}

pub(super) fn onnx_seeds() -> Vec<Vec<u8>> {
    let start = [0, 0x08, 9, 0x12, 7, b'p', b'y', b't', b'o', b'r', b'c', b'h', 0x42, 2, 0x10, 17];
    vec![[&start[..], &[0x3a, 3, 1, 2, 3]].concat()]
}

pub(super) fn shard_index(data: &[u8]) {
    if let Ok(names) = scan::shards::parse(data) {
        let path = seeds::file("model.safetensors.index.json", data);
        let source = source("model.safetensors.index.json", path, data.len());
        // A name that leads out of the folder is refused, never followed.
        if let Ok(shards) = scan::shards::shards(&source) {
            assert_eq!(shards.len(), names.len());
        }
    }
}

pub(super) fn shard_index_seeds() -> Vec<Vec<u8>> {
    seeds::all(&[
        r#"{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#,
    ])
}

fn source(name: &str, disk: std::path::PathBuf, len: usize) -> SourceFile {
    let path = ReleasePath::new(name).expect("a plain name");
    SourceFile { path, disk: disk.into(), size: len as u64, executable: false }
}

/// Names that a file may have; the first byte of the input chooses.
const NAMES: [&str; 12] = [
    "model.safetensors",
    "model.gguf",
    "config.json",
    "model.onnx",
    "pytorch_model.bin",
    "README.md",
    "LICENSE",
    "data.json",
    "tokenizer.json",
    "run.py",
    "croissant.json",
    "none",
];

/// What a file is, by its content: every reader of `scan` behind its usual door.
pub(super) fn classify(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let disk = seeds::file(name, data);
    let source = source(name, disk, data.len());
    let one = scan::classify(&source.disk, &source.path).ok();
    assert_eq!(one, scan::classify(&source.disk, &source.path).ok());
    // A file that cannot be read has no facts, and says why; here it can be.
    let facts = scan::facts(std::slice::from_ref(&source)).expect("the file can be read");
    assert_eq!(facts, scan::facts(&[source]).expect("the file can be read"));
}

pub(super) fn classify_seeds() -> Vec<Vec<u8>> {
    let card = seeds::CARD.as_bytes().to_vec();
    let contents = [
        seeds::safetensors(),
        samples::gguf(),
        br#"{"architectures":["TinyModel"],"model_type":"tiny"}"#.to_vec(),
        onnx_seeds().remove(0).split_off(1),
        b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.".to_vec(),
        card,
        b"                                 Apache License\n                           Version 2.0, January 2004\n".to_vec(),
        seeds::fixture("croissant/valid/live.json"),
    ];
    (0_u8..).zip(contents).map(|(name, content)| [&[name], content.as_slice()].concat()).collect()
}

/// A stream of frames from a plugin's process.
pub(super) fn frame(data: &[u8]) {
    let mut rest = data;
    let mut written = Vec::new();
    while let Ok(Some((kind, payload))) = frames::read(&mut rest) {
        frames::write(&mut written, kind, &payload).expect("what was read can be written");
        assert_eq!(written.as_slice(), &data[..written.len()], "a frame is written as it was read");
    }
}

pub(super) fn frame_seeds() -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    for (kind, payload) in [
        (frames::Kind::Hello, &br#"{"confinement":{}}"#[..]),
        (frames::Kind::Log, b"\x01\0\0\0text"),
        (frames::Kind::Progress, &[0; 16]),
        (frames::Kind::Reply, b"\0\0\0\0{}"),
    ] {
        frames::write(&mut bytes, kind, payload).expect("a frame");
    }
    vec![bytes]
}

pub(super) fn elf(data: &[u8]) {
    assert_eq!(library::check(data), library::check(data));
}

pub(super) fn elf_seeds() -> Vec<Vec<u8>> {
    vec![small_library()]
}

/// A library of one segment, with a dynamic section that needs `libc.so.6`.
fn small_library() -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
    let long = |file: &mut Vec<u8>, value: u64| file.extend(value.to_le_bytes());
    half(&mut file, 3);
    half(&mut file, 62);
    word(&mut file, 1);
    for value in [0, 64, 0] {
        long(&mut file, value);
    }
    word(&mut file, 0);
    for value in [64, 56, 2, 64, 0, 0] {
        half(&mut file, value);
    }
    // PT_LOAD over the whole file, PT_DYNAMIC behind the headers.
    for (kind, offset, size) in [(1_u32, 0_u64, 240_u64), (2, 176, 48)] {
        word(&mut file, kind);
        word(&mut file, 4);
        for value in [offset, offset, offset, size, size, 8] {
            long(&mut file, value);
        }
    }
    // DT_NEEDED 1, DT_STRTAB, DT_NULL.
    for (tag, value) in [(1, 1), (5, 224), (0, 0)] {
        long(&mut file, tag);
        long(&mut file, value);
    }
    file.extend(b"\0libc.so.6\0\0\0\0\0\0");
    file
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_library_of_the_corpus_is_one() {
        assert_eq!(pkg_plugin_host::elf::check(&super::small_library()), Ok(()));
    }
}
