use proptest::prelude::*;

use super::*;

const WIDTHS: [Width; 4] = [Width::One, Width::Two, Width::Four, Width::Eight];

/// Every type of safetensors and GGUF.
const DTYPES: [&str; 49] = [
    "F4",
    "F6_E2M3",
    "F6_E3M2",
    "BOOL",
    "U8",
    "I8",
    "F8_E5M2",
    "F8_E4M3",
    "F8_E8M0",
    "F8_E4M3FNUZ",
    "F8_E5M2FNUZ",
    "I16",
    "U16",
    "F16",
    "BF16",
    "I32",
    "U32",
    "F32",
    "F64",
    "I64",
    "U64",
    "C64",
    "Q4_0",
    "Q4_1",
    "Q5_0",
    "Q5_1",
    "Q8_0",
    "Q8_1",
    "Q2_K",
    "Q3_K",
    "Q4_K",
    "Q5_K",
    "Q6_K",
    "Q8_K",
    "IQ2_XXS",
    "IQ2_XS",
    "IQ3_XXS",
    "IQ1_S",
    "IQ4_NL",
    "IQ3_S",
    "IQ2_S",
    "IQ4_XS",
    "IQ1_M",
    "TQ1_0",
    "TQ2_0",
    "MXFP4",
    "F32",
    "F16",
    "BF16",
];

fn coded(raw: &[u8], ranges: &[Range]) -> Vec<u8> {
    let mut out = Vec::new();
    let size = raw.len() as u64;
    let written = encode(&mut &*raw, size, ranges, &mut out).unwrap();
    assert_eq!(written, out.len() as u64);
    out
}

fn decoded(coded: &[u8], size: usize) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    decode(&mut &*coded, size as u64, &mut out)?;
    assert_eq!(out.len(), size);
    Ok(out)
}

fn refused(coded: &[u8], size: usize) -> String {
    match decoded(coded, size) {
        Err(Failure::Invalid(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Weights as they are: exponents close to each other, mantissas all over.
fn weights(width: Width, count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut bytes = Vec::new();
    for _ in 0..count {
        let bits = u32::try_from(next() * 2).unwrap();
        let exponent = 118 + u32::try_from(next() % 8).unwrap();
        let single = (bits & 0x807f_ffff) | exponent << 23;
        match width {
            Width::Two => bytes.extend_from_slice(&single.to_le_bytes()[2..]),
            Width::Eight => {
                bytes.extend_from_slice(&f64::from(f32::from_bits(single)).to_le_bytes());
            }
            _ => bytes.extend_from_slice(&single.to_le_bytes()),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any bytes are any values: NaN payloads, subnormals and -0 among them.
    #[test]
    fn every_type_comes_back_at_every_alignment(
        raw in proptest::collection::vec(any::<u8>(), 0..600),
        dtype in proptest::sample::select(&DTYPES[..]),
        offset in 0_u64..40,
        len in 0_u64..600,
    ) {
        let ranges = [Range { offset, len, width: width_of(dtype) }];
        let stream = coded(&raw, &ranges);
        prop_assert_eq!(decoded(&stream, raw.len()).unwrap(), raw);
    }

    #[test]
    fn many_ranges_come_back(
        raw in proptest::collection::vec(0_u8..4, 0..3000),
        cuts in proptest::collection::vec((0_u64..200, 0_u64..500, 0_usize..4), 0..12),
        (offset, len) in (0_u64..900, 0_u64..3000),
    ) {
        let mut at = 0;
        let ranges: Vec<Range> = cuts
            .into_iter()
            .map(|(gap, len, width)| {
                let width = WIDTHS[width];
                let len = len - len % width.bytes() as u64;
                let offset = at + gap;
                at = offset + len;
                Range { offset, len, width }
            })
            .collect();
        prop_assert_eq!(decoded(&coded(&raw, &ranges), raw.len()).unwrap(), raw.clone());
        // A part of the file, whose first and last element may be cut.
        let from = usize::try_from(offset).unwrap().min(raw.len());
        let to = raw.len().min(from + usize::try_from(len).unwrap());
        let (part, ranges) = (&raw[from..to], cut(&ranges, from as u64, (to - from) as u64));
        let aligned = |range: &Range| range.len.is_multiple_of(range.width.bytes() as u64);
        prop_assert!(ranges.iter().all(aligned));
        prop_assert_eq!(decoded(&coded(part, &ranges), part.len()).unwrap(), part);
    }

    #[test]
    fn any_bytes_are_refused_or_within_bounds(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        size in 0_u64..5000,
    ) {
        let mut stream = MAGIC.to_vec();
        stream.extend_from_slice(&size.to_le_bytes());
        stream.extend_from_slice(&bytes);
        for stream in [&stream[..], &bytes[..]] {
            let mut out = Vec::new();
            let ended = decode(&mut &*stream, size, &mut out);
            prop_assert!(out.len() as u64 <= size);
            prop_assert!(ended.is_err() || out.len() as u64 == size);
        }
    }

    #[test]
    fn a_changed_stream_is_refused_or_within_bounds(
        at in 0_usize..10_000,
        bit in 0_u8..8,
        width in proptest::sample::select(&WIDTHS[..]),
    ) {
        let raw = weights(width, 1000);
        let range = Range { offset: 0, len: raw.len() as u64, width };
        let mut stream = coded(&raw, &[range]);
        let at = at % stream.len();
        stream[at] ^= 1 << bit;
        let mut out = Vec::new();
        let ended = decode(&mut stream.as_slice(), raw.len() as u64, &mut out);
        prop_assert!(out.len() <= raw.len());
        prop_assert!(ended.is_err() || out.len() == raw.len());
    }
}

#[test]
fn special_values_come_back() {
    let mut raw = Vec::new();
    for bits in
        [0, 1, 1 << 63, 0x7ff0_0000_0000_0001, 0xfff8_dead_beef_0001, u64::MAX, 0x000f << 48]
    {
        raw.extend_from_slice(&u64::to_le_bytes(bits));
    }
    for width in WIDTHS {
        let range = Range { offset: 0, len: raw.len() as u64, width };
        assert_eq!(decoded(&coded(&raw, &[range]), raw.len()).unwrap(), raw);
    }
}

#[test]
fn many_blocks_come_back_in_order_on_any_number_of_threads() {
    let raw = weights(Width::Two, 5 * MAX_BLOCK / 2 + 77);
    let ranges = [Range { offset: 13, len: raw.len() as u64 - 13, width: Width::Two }];
    let stream = coded(&raw, &ranges);
    assert_eq!(stream, coded(&raw, &ranges), "the same bytes give the same stream");
    assert!(decoded(&stream, raw.len()).unwrap() == raw);
    let blocks = 40_u32;
    let mut seen = Vec::new();
    let mut jobs = 0..blocks;
    ordered::run(
        4,
        || Ok(()),
        || Ok(jobs.next()),
        |(), job| Ok(job),
        |job| {
            seen.push(job);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(seen, (0..blocks).collect::<Vec<_>>());
}

#[test]
fn exponents_make_weights_smaller() {
    for (width, most) in [(Width::Two, 76), (Width::Four, 90), (Width::Eight, 75)] {
        let raw = weights(width, 300_000);
        let range = Range { offset: 0, len: raw.len() as u64, width };
        let stream = coded(&raw, &[range]);
        let share = stream.len() * 100 / raw.len();
        assert!(share <= most, "{width:?}: {share} %");
        assert!(decoded(&stream, raw.len()).unwrap() == raw);
    }
}

#[test]
fn what_is_against_the_format_is_refused_by_name() {
    let raw = weights(Width::Two, 2000);
    let range = Range { offset: 0, len: raw.len() as u64, width: Width::Two };
    let good = coded(&raw, &[range]);
    let with = |at: usize, bytes: &[u8]| {
        let mut stream = good.clone();
        stream[at..at + bytes.len()].copy_from_slice(bytes);
        refused(&stream, raw.len())
    };
    assert!(with(7, &[9]).contains("no coded stream"));
    assert!(with(8, &[0]).contains("does not stand for"));
    assert!(with(16, &[3]).contains("elements of 3 bytes"));
    assert!(with(17, &[0xff]).contains("does not have"));
    assert!(with(18, &[1]).contains("reserved"));
    assert!(with(20, &u32::MAX.to_le_bytes()).contains("a block of"));
    assert!(with(20, &6000_u32.to_le_bytes()).contains("more bytes than it says"));
    assert!(with(24, &u32::MAX.to_le_bytes()).contains("is stored in"));
    assert!(with(32, &[0; 4]).contains("zstd frame"));
    assert!(refused(&good[..good.len() - 1], raw.len()).contains("cut short"));
    let mut longer = good.clone();
    longer.push(0);
    assert!(refused(&longer, raw.len()).contains("behind its end"));
    let mut short = good[..16].to_vec();
    short.extend_from_slice(&[0; 8]);
    assert!(refused(&short, raw.len()).contains("missing at its end"));
}

/// A plane that unfolds to more than it may is not unfolded.
#[test]
fn a_bomb_is_refused() {
    let packed = zstd::bulk::compress(&vec![0; 64 << 20], 1).unwrap();
    let mut stream = MAGIC.to_vec();
    stream.extend_from_slice(&(MAX_BLOCK as u64).to_le_bytes());
    stream.extend_from_slice(&[1, 1, 0, 0]);
    stream.extend_from_slice(&u32::try_from(MAX_BLOCK).unwrap().to_le_bytes());
    stream.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_le_bytes());
    stream.extend_from_slice(&packed);
    stream.extend_from_slice(&[0; 8]);
    assert!(refused(&stream, MAX_BLOCK).contains("cannot be decompressed"));
}

#[test]
fn ranges_come_from_headers() {
    let header = r#"{"a":{"dtype":"BF16","shape":[4096],"data_offsets":[0,8192]},"b":{"dtype":"BF16","shape":[4096],"data_offsets":[8192,16384]},"c":{"dtype":"I64","shape":[1024],"data_offsets":[16384,24576]},"d":{"dtype":"F32","shape":[1024],"data_offsets":[24576,28672]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    let start = file.len() as u64;
    file.resize(file.len() + 28672, 0);
    let found = ranges(|| io::Cursor::new(&file), file.len() as u64);
    let range = |offset, len, width| Range { offset: start + offset, len, width };
    assert_eq!(found, [range(0, 16384, Width::Two), range(24576, 4096, Width::Four)]);
    // A header that cannot be read says nothing, and stops nobody.
    assert_eq!(ranges(|| io::Cursor::new(&file[..100]), 100), []);
}
