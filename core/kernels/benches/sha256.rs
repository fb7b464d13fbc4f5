//! How fast each kernel is, by the number of streams: `cargo bench -p pkg-kernels`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pkg_kernels::sha256::{Kernel, Kernels, Sha256, update_many_by};

/// Bytes of a stream in one call: all streams together stay in the second-level cache.
const PIECE: usize = 16 << 10;

fn kernels(criterion: &mut Criterion) {
    let piece = vec![0x5a; PIECE];
    let mut group = criterion.benchmark_group("sha256");
    for kernel in Kernel::ALL {
        let Some(kernels) = Kernels::only(kernel) else { continue };
        for streams in kernels.widths() {
            let mut state = vec![Sha256::default(); streams];
            group.throughput(Throughput::Bytes((streams * PIECE) as u64));
            group.bench_function(BenchmarkId::new(kernel.name(), streams), |bencher| {
                bencher.iter(|| {
                    let mut work: Vec<(&mut Sha256, &[u8])> =
                        state.iter_mut().map(|stream| (stream, piece.as_slice())).collect();
                    update_many_by(black_box(&kernels), &mut work);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
