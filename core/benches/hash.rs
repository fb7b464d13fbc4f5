//! How fast files are hashed and taken in, reading included: `cargo bench -p pkg --bench hash`.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use pkg_core::hash::{BUFFER, Meter, SHARD_SIZE, Span, hash_spans, ingest};

/// Bytes of the large file: eight shards.
const LARGE: u64 = 8 * SHARD_SIZE;

/// A file of `bytes` bytes, no page of it a hole.
fn file(bytes: u64) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let block: Vec<u8> = (0..BUFFER).map(|at| (at % 251).to_le_bytes()[0]).collect();
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
        file.write_all(&block[..now])?;
        left -= now as u64;
    }
    Ok(file)
}

/// Spans of one file: a whole, its shards, and many small pieces of it.
fn spans(criterion: &mut Criterion) -> io::Result<()> {
    let file = Arc::new(file(LARGE)?);
    let mut group = criterion.benchmark_group("hash_spans");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(LARGE));
    for (what, len) in [("one span", LARGE), ("32 MiB", SHARD_SIZE), ("4 KiB", 4096)] {
        let spans: Vec<Span> = (0..LARGE / len)
            .map(|index| Span { file: Arc::clone(&file), offset: index * len, len })
            .collect();
        group.bench_with_input(BenchmarkId::from_parameter(what), &spans, |bencher, spans| {
            bencher.iter(|| hash_spans(black_box(spans), &Meter::default()));
        });
    }
    group.finish();
    Ok(())
}

/// A file taken in without a copy: whole, and whole with shards.
fn taken_in(criterion: &mut Criterion) -> io::Result<()> {
    let file = file(LARGE)?;
    let mut group = criterion.benchmark_group("ingest");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(LARGE));
    for (what, shards) in [("whole", None), ("whole and shards", Some(SHARD_SIZE))] {
        let mut buffer = vec![0; BUFFER];
        group.bench_function(BenchmarkId::from_parameter(what), |bencher| {
            bencher.iter(|| ingest(&file, LARGE, None, shards, &mut buffer, &Meter::default()));
        });
    }
    group.finish();
    Ok(())
}

fn main() -> io::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    spans(&mut criterion)?;
    taken_in(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}
