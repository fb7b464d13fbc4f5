use std::path::PathBuf;

use pkg_formats::samples;
use proptest::prelude::*;

use super::{MAX_PARTS, Piece, along, block, cuts};
use crate::finding::Code;

/// Pieces of these blocks and lengths, one after the other.
fn pieces(parts: &[(&str, u64)]) -> Vec<Piece> {
    let mut end = 0;
    let place = |(block, len): &(&str, u64)| {
        let start = end;
        end += len;
        Piece { start, end, block: (*block).to_owned() }
    };
    parts.iter().map(place).collect()
}

#[test]
fn a_block_is_a_name_up_to_its_first_number() {
    for (name, expected) in [
        ("model.layers.12.mlp.experts.3.w1", "model.layers.12"),
        ("blk.0.attn_q.weight", "blk.0"),
        ("h.7", "h.7"),
        ("3.weight", "3"),
        ("lm_head.weight", ""),
        ("conv1.weight", ""),
        ("a..1.b", "a..1"),
        ("", ""),
        (".", ""),
    ] {
        assert_eq!(block(name), expected, "{name}");
    }
}

#[test]
fn headers_and_blocks_are_cut_off_and_small_things_put_together() {
    let part = 160; // Blocks of 10 and more are cut off.
    let cut = |parts: &[(&str, u64)]| along(&pieces(parts), part);
    assert_eq!(cut(&[("\0", 5), ("a", 100), ("b", 20)]), [5, 100, 20]);
    assert_eq!(cut(&[("\0", 5), ("a", 3), ("b", 4), ("c", 2)]), [5, 9]);
    assert_eq!(cut(&[("\0", 5), ("a", 7), ("b", 7), ("c", 7)]), [5, 14, 7]);
    // Small ones stay away from a block that is large enough to be alone.
    assert_eq!(cut(&[("\0", 5), ("a", 3), ("b", 50), ("c", 3), ("d", 4)]), [5, 3, 50, 7]);
    // Within a block between tensors; within a tensor at multiples of the size.
    assert_eq!(cut(&[("\0", 5), ("a", 100), ("a", 100), ("a", 60)]), [5, 100, 160]);
    assert_eq!(cut(&[("\0", 400), ("a", 330), ("a", 151)]), [160, 160, 80, 160, 160, 10, 151]);
    assert_eq!(cut(&[("\0", 5)]), [5]);
}

/// Layers that hold a byte of these ranges, in bytes.
fn touched(lens: &[u64], changed: &[(u64, u64)]) -> u64 {
    let mut start = 0;
    let mut sum = 0;
    for len in lens {
        let end = start + len;
        if changed.iter().any(|(from, to)| *from < end && start < *to) {
            sum += len;
        }
        start = end;
    }
    sum
}

/// Transformers as they are published: 30 blocks of `bytes` each in nine tensors, an
/// embedding, and a norm at the end.
fn transformer(bytes: u64) -> Vec<(String, u64)> {
    let mut all = vec![("\0".to_owned(), 40_000), (String::new(), bytes * 3 + 17)];
    for number in 0..30 {
        let block = format!("model.layers.{number}");
        let shares = [4096, 4096, bytes / 4, bytes / 4, bytes / 4, bytes / 16, bytes / 16];
        let rest = bytes - shares.iter().sum::<u64>();
        all.extend(shares.into_iter().chain([rest - 9, 9]).map(|len| (block.clone(), len)));
    }
    all.push((String::new(), 8192));
    all
}

#[test]
fn two_changed_blocks_of_thirty_are_little_more_than_their_bytes() {
    const MIB: u64 = 1 << 20;
    let part = 256 * MIB;
    for block_mib in [17, 20, 33, 64, 100, 143, 200, 255, 256, 257, 300, 511, 513, 700, 2000] {
        let model = transformer(block_mib * MIB);
        let named: Vec<(&str, u64)> = model.iter().map(|(name, len)| (&**name, *len)).collect();
        let pieces = pieces(&named);
        let size = pieces.last().unwrap().end;
        let lens = along(&pieces, part);
        let range = |number: u64| {
            let name = format!("model.layers.{number}");
            let of_block = || pieces.iter().filter(|piece| piece.block == name);
            (of_block().next().unwrap().start, of_block().next_back().unwrap().end)
        };
        for (one, other) in [(3, 4), (0, 29), (11, 20)] {
            let changed = [range(one), range(other)];
            let bytes: u64 = changed.iter().map(|(from, to)| to - from).sum();
            let sent = touched(&lens, &changed);
            assert!(sent * 100 <= bytes * 115, "{block_mib} MiB: {sent} for {bytes}");
        }
        let average = size / lens.len() as u64;
        assert!(average >= 16 * MIB, "{block_mib} MiB: {} layers", lens.len());
    }
}

proptest! {
    #[test]
    fn parts_cover_the_file_and_a_change_stays_where_it_is(
        parts in proptest::collection::vec((0_u8..5, 1_u64..400), 1..60),
        part in 1_u64..300,
        changed in any::<prop::sample::Index>(),
    ) {
        let names = ["a.0", "a.1", "a.2", "", "b.7"];
        let mut named = vec![("\0", 30)];
        named.extend(parts.iter().map(|(name, len)| (names[usize::from(*name)], *len)));
        let pieces = pieces(&named);
        let lens = along(&pieces, part);
        let size = pieces.last().unwrap().end;
        prop_assert_eq!(lens.iter().sum::<u64>(), size);
        prop_assert!(lens.iter().all(|len| (1..=part).contains(len)));
        prop_assert_eq!(&lens, &along(&pieces, part));
        // The header shares a layer with nothing.
        let header = touched(&lens, &[(0, 30)]);
        prop_assert_eq!(header, 30);
        // A cut lies between tensors, or at a multiple of the size from the start of one.
        let mut at = 0;
        for len in &lens {
            let piece = pieces.iter().find(|piece| piece.start <= at && at < piece.end).unwrap();
            prop_assert!((at - piece.start).is_multiple_of(part), "cut at {}", at);
            at += len;
        }
        // A block that is large enough shares no layer with another.
        let index = changed.index(pieces.len());
        let runs: Vec<&[Piece]> = pieces.chunk_by(|one, next| one.block == next.block).collect();
        let run = runs.iter().find(|run| run.iter().any(|p| p == &pieces[index])).unwrap();
        let (from, to) = (run[0].start, run[run.len() - 1].end);
        if to - from >= part / 16 {
            prop_assert_eq!(touched(&lens, &[(from, to)]), to - from);
        }
    }
}

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path, content.len() as u64)
}

fn lens(name: &str, content: &[u8], part: u64) -> (Vec<u64>, bool) {
    let (_folder, path, size) = file(name, content);
    let cuts = cuts(&path, size, part).unwrap();
    assert_eq!(cuts.lens.iter().sum::<u64>(), size, "{name}");
    assert!(cuts.lens.iter().all(|len| (1..=part).contains(len)), "{name}: {:?}", cuts.lens);
    if let Some(note) = &cuts.note {
        assert_eq!(note.code, Code::BadWeightHeader);
        assert_eq!(note.severity, crate::finding::Severity::Note);
    }
    (cuts.lens, cuts.note.is_some())
}

#[test]
fn weights_are_cut_at_their_tensors() {
    let header = r#"{"x.0.a":{"dtype":"U8","shape":[64],"data_offsets":[0,64]},"x.0.z":{"dtype":"U8","shape":[0],"data_offsets":[64,64]},"x.1.b":{"dtype":"U8","shape":[36],"data_offsets":[64,100]},"x.1.c":{"dtype":"U8","shape":[300],"data_offsets":[100,400]}}"#;
    let content = samples::safetensors(header, 400);
    let start = 8 + header.len() as u64;
    assert_eq!(lens("m.safetensors", &content, 250), (vec![start, 64, 36, 250, 50], false));
    // Under any name, as long as it is one.
    assert_eq!(lens("m.bin", &content, 250), (vec![start, 64, 36, 250, 50], false));

    let tensors = [
        samples::tensor("blk.0.a", &[40], 0, 0),
        samples::tensor("blk.1.a", &[40], 0, 192),
        samples::tensor("output", &[10], 0, 384),
    ];
    let content = samples::gguf_file(&[], &tensors, 424);
    let start = content.len() as u64 - 424;
    // What pads a tensor belongs to it.
    assert_eq!(lens("m.gguf", &content, 200), (vec![start, 192, 192, 40], false));
}

#[test]
fn other_files_and_headers_that_lie_are_cut_at_every_so_many_bytes() {
    assert_eq!(lens("m.bin", &[7; 100], 40), (vec![40, 40, 20], false));
    assert_eq!(lens("m.bin", &[b'{'; 100], 40), (vec![40, 40, 20], false));
    assert_eq!(lens("m.safetensors", &[b'{'; 100], 40), (vec![40, 40, 20], true));
    assert_eq!(lens("m.safetensors", &[0; 100], 40), (vec![40, 40, 20], true));
    assert_eq!(lens("m", b"12345", 2), (vec![2, 2, 1], false));
    let mut content = samples::gguf();
    content.truncate(content.len() - 1);
    let (cut, noted) = lens("m.gguf", &content, 100);
    assert!(noted && cut[0] == 100);
    // A tensor that begins behind the end, of a type that nobody knows the size of.
    let tensors = [samples::tensor("a", &[1], 99, 1 << 40)];
    let (cut, noted) = lens("m.gguf", &samples::gguf_file(&[], &tensors, 64), 100);
    assert!(noted && cut[0] == 100);
    // The data of overlapping tensors is there once.
    let twice = [samples::tensor("a.0", &[40], 0, 0), samples::tensor("a.1", &[40], 0, 64)];
    let (_, noted) = lens("m.gguf", &samples::gguf_file(&[], &twice, 300), 100);
    assert!(!noted);
}

#[test]
fn a_size_that_makes_more_layers_than_a_manifest_holds_is_refused() {
    let (_folder, path, _) = file("m.bin", b"");
    std::fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    for part in [0, 1, (1 << 40) / (MAX_PARTS + 1)] {
        assert_eq!(cuts(&path, 1 << 40, part).unwrap_err().code(), Code::UsageError);
    }
    assert_eq!(cuts(&path, 1 << 40, 1 << 30).unwrap().lens.len(), 1024);
    let gone = path.with_extension("gone");
    assert_eq!(cuts(&gone, 10, 1).unwrap_err().code(), Code::PathNotFound);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_cut(mut content in proptest::collection::vec(any::<u8>(), 2..600), kind in 0..3) {
        match kind {
            0 => {}
            1 => content.splice(0..0, *b"GGUF\x03\0\0\0").for_each(drop),
            _ => content.splice(0..0, *b"\x10\0\0\0\0\0\0\0{").for_each(drop),
        }
        lens("m.safetensors", &content, content.len() as u64 / 2);
    }
}
