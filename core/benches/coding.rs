//! How fast weights are split, joined, coded and decoded: `cargo bench -p pkg --bench coding`.
//!
//! With the weights of the small model in `target/models`, if they are there, rounded to
//! bf16; otherwise with made ones, whose exponents are as close to each other. Which of
//! them is in the name of each figure.

#![allow(clippy::expect_used, reason = "what cannot be coded cannot be measured")]

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pkg_core::coding::{Range, Width, decode, encode, planes};

/// Raw bytes of one measurement: one block, so that one core works on it.
const BLOCK: usize = 1 << 20;

/// f32 weights, and where they are from.
fn weights() -> (&'static str, Vec<u8>) {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/models/minilm");
    if let Ok(file) = std::fs::read(model.join("model.safetensors"))
        && let Some(bytes) = file.len().checked_sub(4 * BLOCK).and_then(|from| file.get(from..))
    {
        return ("minilm", bytes.to_vec());
    }
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 32).to_le_bytes()
    };
    let mut bytes = Vec::with_capacity(4 * BLOCK);
    while bytes.len() < 4 * BLOCK {
        let [a, b, c, d, ..] = next();
        bytes.extend([a, b, c & 0x7f | (d << 7 & 0x80), 0x3c | (d >> 7) | (d & 0x80)]);
    }
    ("made", bytes)
}

fn coding(criterion: &mut Criterion) {
    let (name, single) = weights();
    let half: Vec<u8> = single.as_chunks::<4>().0.iter().flat_map(|it| [it[2], it[3]]).collect();
    for (dtype, width, raw) in
        [("bf16", Width::Two, &half[..BLOCK]), ("f32", Width::Four, &single[..BLOCK])]
    {
        let size = raw.len() as u64;
        let ranges = [Range { offset: 0, len: size, width }];
        let mut group = criterion.benchmark_group(format!("{name}-{dtype}"));
        group.throughput(Throughput::Bytes(size));
        let mut coded = Vec::with_capacity(BLOCK);
        encode(&mut &*raw, size, &ranges, &mut coded).expect("it can be coded");
        group.bench_function("encode", |bencher| {
            bencher.iter(|| {
                let mut out = Vec::with_capacity(BLOCK);
                encode(&mut &*raw, size, &ranges, &mut out).expect("it can be coded");
                black_box(out)
            });
        });
        group.bench_function("decode", |bencher| {
            bencher.iter(|| {
                let mut out = std::io::sink();
                decode(&mut coded.as_slice(), size, &mut out).expect("it can be decoded");
                out.flush()
            });
        });
        let mut split = vec![0; BLOCK];
        group.bench_function("split", |bencher| {
            bencher.iter(|| {
                let (ab, cd) = split.split_at_mut(BLOCK / 2);
                if width == Width::Two {
                    planes::split2(black_box(raw), [ab, cd]);
                } else {
                    let ((a, b), (c, d)) = (ab.split_at_mut(BLOCK / 4), cd.split_at_mut(BLOCK / 4));
                    planes::split4(black_box(raw), [a, b, c, d]);
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, coding);
criterion_main!(benches);
