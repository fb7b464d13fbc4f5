//! Each kernel against plain f64.

use std::path::Path;

use pkg_cuda_smoke::cuda::driver::{Argument, Context, Device, DeviceBuffer, Driver, Stream};
use pkg_cuda_smoke::cuda::kernels::Kernels;
use pkg_cuda_smoke::model::RopePairs;
use pkg_cuda_smoke::quant::WeightType;

use crate::generated::{Random, weights};
use crate::{plain, shim};
use Argument::{Address, Float, Long, Number};

/// A device with the kernels.
struct Bench {
    kernels: Kernels,
    stream: Stream,
    context: Context,
}

/// With threads of a block in order, and, to find missing barriers, in reverse.
fn benches() -> Vec<Bench> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let reverse = shim::Kind { name: "reverse", macros: &["PKG_SHIM_REVERSE"], bare: false };
    let libraries = [shim::whole(folder), shim::build(folder, reverse)];
    let bench = |library: std::path::PathBuf| {
        let driver = Driver::open_at(&library).unwrap();
        let device = Device::first(&driver).unwrap();
        assert_eq!(device.facts().name, "CPU shim of pkg, no GPU");
        let context = Context::new(&device).unwrap();
        let kernels = Kernels::load(&context).unwrap();
        Bench { kernels, stream: Stream::new(&context).unwrap(), context }
    };
    libraries.into_iter().flatten().map(bench).collect()
}

impl Bench {
    fn bytes(&self, bytes: &[u8]) -> DeviceBuffer {
        let buffer = DeviceBuffer::new(&self.context, bytes.len()).unwrap();
        buffer.write(&self.stream, 0, bytes).unwrap();
        buffer
    }

    fn floats(&self, values: &[f32]) -> DeviceBuffer {
        self.bytes(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    fn numbers(&self, values: &[u32]) -> DeviceBuffer {
        self.bytes(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    fn words(&self, buffer: &DeviceBuffer) -> Vec<u32> {
        let mut bytes = vec![0; buffer.bytes()];
        buffer.read(&self.stream, 0, &mut bytes).unwrap();
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    }

    fn read(&self, buffer: &DeviceBuffer) -> Vec<f32> {
        self.words(buffer).into_iter().map(f32::from_bits).collect()
    }

    fn launch(&self, name: &str, blocks: [usize; 2], threads: u32, arguments: &[Argument]) {
        self.kernels.launch(&self.stream, name, blocks, threads, arguments).unwrap();
    }
}

fn at(buffer: &DeviceBuffer) -> Argument {
    Address(buffer.address())
}

fn number(value: usize) -> Argument {
    Number(u32::try_from(value).unwrap())
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// Every value is within `bound` of what is expected.
fn near(got: &[f32], expected: &[f64], bound: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let difference = (f64::from(*got) - expected).abs();
        assert!(difference <= bound, "{what}: value {i} is {got}, not {expected}");
    }
}

fn name(kernel: &str, kind: WeightType) -> String {
    format!("{kernel}_{}", pkg_cuda_smoke::cuda::kernels::suffix(kind))
}

/// Columns to try: such as end tiles, and such as do not.
fn columns(kind: WeightType) -> &'static [usize] {
    match kind.block().0 {
        1 => &[1, 7, 8, 33, 136, 300],
        32 => &[32, 64, 160, 576],
        _ => &[256, 768],
    }
}

#[test]
fn products_and_rows_of_every_type_are_right() {
    for bench in benches() {
        let mut random = Random(1);
        for kind in WeightType::ALL {
            for columns in columns(kind) {
                for (rows, tokens) in [(1, 1), (9, 2), (66, 65), (131, 5)] {
                    product(&bench, &mut random, kind, (rows, *columns), tokens);
                }
                rows(&bench, &mut random, kind, *columns);
            }
        }
    }
}

fn product(
    bench: &Bench,
    random: &mut Random,
    kind: WeightType,
    (rows, columns): (usize, usize),
    tokens: usize,
) {
    let stored = weights(random, kind, rows * columns, 1.0);
    let values = plain::values(kind, &stored);
    let (x, bias) = (random.values(tokens * columns), random.values(rows));
    let residual = random.values(tokens * rows);
    let dot = |t: usize, r: usize| {
        let pairs = (0..columns).map(|c| values[r * columns + c] * f64::from(x[t * columns + c]));
        pairs.sum::<f64>()
    };
    let sums: Vec<f64> =
        (0..tokens).flat_map(|t| (0..rows).map(move |r| (t, r))).map(|(t, r)| dot(t, r)).collect();
    let whole = sums
        .iter()
        .enumerate()
        .map(|(i, sum)| sum + f64::from(bias[i % rows]) + f64::from(residual[i]));
    let whole: Vec<f64> = whole.collect();
    let bound = 1e-6 * (columns as f64).sqrt().max(4.0) * 4.0;
    let (w, from) = (bench.bytes(&stored), bench.floats(&x));
    let (b, more) = (bench.floats(&bias), bench.floats(&residual));
    let mut arguments =
        vec![at(&w), at(&from), Address(0), Address(0), Address(0), number(rows), number(columns)];
    let what = format!("{kind:?} {rows} x {columns}, {tokens} tokens");
    // One at a time: a product for each token.
    for t in 0..tokens.min(2) {
        let y = DeviceBuffer::words(&bench.context, rows).unwrap();
        let one = bench.floats(&x[t * columns..(t + 1) * columns]);
        (arguments[1], arguments[4]) = (at(&one), at(&y));
        bench.launch(&name("gemv", kind), [rows.div_ceil(8), 1], 128, &arguments);
        near(&bench.read(&y), &sums[t * rows..(t + 1) * rows], bound, &format!("gemv {what}"));
    }
    // Together, with all that is added; in place of the residual.
    (arguments[1], arguments[2], arguments[3], arguments[4]) =
        (at(&from), at(&b), at(&more), at(&more));
    arguments.push(number(tokens));
    let blocks = [rows.div_ceil(64), tokens.div_ceil(64)];
    bench.launch(&name("gemm", kind), blocks, 256, &arguments);
    near(&bench.read(&more), &whole, bound, &format!("gemm {what}"));
}

fn rows(bench: &Bench, random: &mut Random, kind: WeightType, columns: usize) {
    let stored = weights(random, kind, 5 * columns, 1.0);
    let values = plain::values(kind, &stored);
    let ids = [4_u32, 0, 4];
    let start = random.values(3 * columns);
    let (w, to, tokens) = (bench.bytes(&stored), bench.floats(&start), bench.numbers(&ids));
    let mut arguments = [at(&w), at(&tokens), at(&to), number(columns), Number(1)];
    let blocks = [columns.div_ceil(8).div_ceil(64), 3];
    let row = |id: u32| &values[id as usize * columns..][..columns];
    let expected: Vec<f64> = ids.iter().flat_map(|id| row(*id).iter().copied()).collect();
    let sums: Vec<f64> = expected.iter().zip(wide(&start)).map(|(a, b)| a + b).collect();
    let kernel = name("embed", kind);
    bench.launch(&kernel, blocks, 64, &arguments);
    near(&bench.read(&to), &sums, 2e-6, &format!("{kernel}, added, {columns}"));
    arguments[4] = Number(0);
    bench.launch(&kernel, blocks, 64, &arguments);
    near(&bench.read(&to), &expected, 1e-6, &format!("{kernel}, {columns}"));
}

#[test]
fn every_half_is_what_it_says() {
    for bench in benches() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let (w, id) = (bench.bytes(&all), bench.numbers(&[0]));
        let y = DeviceBuffer::words(&bench.context, 65_536).unwrap();
        let arguments = [at(&w), at(&id), at(&y), Number(65_536), Number(0)];
        bench.launch("embed_f16", [128, 1], 64, &arguments);
        for (bits, got) in (0..=u16::MAX).zip(bench.read(&y)) {
            let expected = plain::half(&bits.to_le_bytes());
            let same = if expected.is_nan() { got.is_nan() } else { f64::from(got) == expected };
            assert!(same, "{bits:04x} is {got}, not {expected}");
        }
    }
}

#[test]
fn norms_are_right() {
    for bench in benches() {
        let mut random = Random(2);
        for (rows, width) in [(1, 1), (3, 37), (2, 256), (5, 1000)] {
            let x: Vec<f32> = random.values(rows * width).iter().map(|v| v * 3.0 + 1.0).collect();
            let (scale, shift) = (random.values(width), random.values(width));
            let (from, a, b) = (bench.floats(&x), bench.floats(&scale), bench.floats(&shift));
            let to = DeviceBuffer::words(&bench.context, rows * width).unwrap();
            let arguments = [at(&from), at(&a), at(&to), number(width), Float(1e-5)];
            bench.launch("rms_norm", [rows, 1], 256, &arguments);
            let each = wide(&x);
            let norm = |row| plain::rms_norm(row, &wide(&scale), 1e-5);
            let expected: Vec<f64> = each.chunks_exact(width).flat_map(norm).collect();
            near(&bench.read(&to), &expected, 2e-6, "rms_norm");
            let arguments = [at(&from), at(&a), at(&b), at(&from), number(width), Float(1e-5)];
            bench.launch("layer_norm", [rows, 1], 256, &arguments);
            let norm = |row| plain::layer_norm(row, &wide(&scale), &wide(&shift), 1e-5);
            let expected: Vec<f64> = each.chunks_exact(width).flat_map(norm).collect();
            near(&bench.read(&from), &expected, 4e-6, "layer_norm");
        }
    }
}

#[test]
fn turning_and_storing_is_right() {
    let (heads, kv, tokens, past, room) = (6, 2, 3, 5, 9);
    for bench in benches() {
        for (width, pairs) in
            [(10, RopePairs::Halves), (10, RopePairs::Neighbours), (128, RopePairs::Neighbours)]
        {
            let mut random = Random(3);
            let frequencies: Vec<f32> = (0..width / 2).map(|i| 0.9_f32.powi(i)).collect();
            let width = width as usize;
            let angle = |t: usize, f: &f32| ((past + t) as f64 * f64::from(*f)).sin_cos();
            let table: Vec<f32> = (0..tokens)
                .flat_map(|t| frequencies.iter().map(move |f| angle(t, f)))
                .flat_map(|(sine, cosine)| [cosine as f32, sine as f32])
                .collect();
            let q = random.values(tokens * heads * width);
            let (k, v) = (random.values(tokens * kv * width), random.values(tokens * kv * width));
            let cache = vec![7.0; room * kv * width];
            let buffers = [&q, &k, &v, &cache, &cache, &table].map(|values| bench.floats(values));
            let state = bench.numbers(&[past as u32]);
            let mut arguments: Vec<Argument> = buffers.iter().map(at).collect();
            arguments.extend([at(&state), number(heads), number(kv), number(width)]);
            arguments.push(Number(u32::from(pairs == RopePairs::Neighbours)));
            bench.launch("rope_store", [tokens, 1], 256, &arguments);
            let turned = |values: &[f32], heads: usize| {
                let mut all = wide(values);
                for (i, head) in all.chunks_exact_mut(width).enumerate() {
                    plain::turn(head, past + i / heads, &frequencies, pairs);
                }
                all
            };
            near(&bench.read(&buffers[0]), &turned(&q, heads), 1e-6, "queries");
            let row = kv * width;
            for (buffer, expected) in [(3, turned(&k, kv)), (4, wide(&v))] {
                let got = bench.read(&buffers[buffer]);
                let (before, rest) = got.split_at(past * row);
                let (stored, after) = rest.split_at(tokens * row);
                near(stored, &expected, 1e-6, "stored");
                assert!(before.iter().chain(after).all(|value| *value == 7.0));
            }
        }
    }
}

#[test]
fn attention_is_right() {
    for bench in benches() {
        let mut random = Random(4);
        for (heads, kv, width, tokens, past) in [
            (1, 1, 1, 1, 0),
            (6, 2, 10, 3, 0),
            (4, 4, 64, 2, 40),
            (2, 1, 256, 1, 7),
            (3, 1, 100, 9, 3),
        ] {
            for causal in [true, false] {
                let past = if causal { past } else { 0 };
                let count = past + tokens;
                let q = random.values(tokens * heads * width);
                let q: Vec<f32> = q.iter().map(|value| value * 9.0).collect();
                let (k, v) = (random.values(count * kv * width), random.values(count * kv * width));
                let (a, b, c) = (bench.floats(&q), bench.floats(&k), bench.floats(&v));
                let (to, state) = (bench.floats(&q), bench.numbers(&[past as u32]));
                let arguments = [
                    at(&a),
                    at(&b),
                    at(&c),
                    at(&to),
                    at(&state),
                    number(heads),
                    number(kv),
                    number(width),
                    Number(u32::from(causal)),
                    number(tokens),
                    Float(1.0 / (width as f32).sqrt()),
                ];
                bench.launch("attention", [heads, tokens], 256, &arguments);
                let (q, k, v) = (wide(&q), wide(&k), wide(&v));
                let mut expected = Vec::new();
                for t in 0..tokens {
                    let seen = if causal { past + t + 1 } else { tokens };
                    for h in 0..heads {
                        let group = h / (heads / kv);
                        let part = |all: &'static str, values: &[f64], key: usize| {
                            let start = (key * kv + group) * width;
                            assert!(start + width <= values.len(), "{all}");
                            values[start..start + width].to_vec()
                        };
                        let keys: Vec<Vec<f64>> = (0..seen).map(|i| part("keys", &k, i)).collect();
                        let vals: Vec<Vec<f64>> =
                            (0..seen).map(|i| part("values", &v, i)).collect();
                        let start = (t * heads + h) * width;
                        expected.extend(plain::attention(
                            &q[start..start + width],
                            &keys.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                            &vals.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                        ));
                    }
                }
                near(&bench.read(&to), &expected, 1e-5, "attention");
            }
        }
    }
}

#[test]
fn what_goes_value_by_value_is_right() {
    for bench in benches() {
        let mut random = Random(5);
        for count in [1_usize, 255, 257, 70_000] {
            let x: Vec<f32> = random.values(count).iter().map(|value| value * 6.0).collect();
            let up = random.values(count);
            let (a, b) = (bench.floats(&x), bench.floats(&up));
            let blocks = [count.div_ceil(256), 1];
            bench.launch("gelu", blocks, 256, &[at(&a), Long(count as u64)]);
            let expected: Vec<f64> = wide(&x).into_iter().map(plain::gelu).collect();
            near(&bench.read(&a), &expected, 2e-6, "gelu");
            let a = bench.floats(&x);
            bench.launch("silu_mul", blocks, 256, &[at(&a), at(&b), Long(count as u64)]);
            let each = wide(&x).into_iter().zip(wide(&up));
            let expected: Vec<f64> = each.map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
            near(&bench.read(&a), &expected, 2e-6, "silu_mul");
            let a = bench.floats(&x);
            let bias = bench.floats(&up[..7.min(count)]);
            let width = 7.min(count);
            let arguments = [at(&a), at(&bias), number(width), Long(count as u64)];
            bench.launch("add_bias", blocks, 256, &arguments);
            let each = wide(&x).into_iter().enumerate();
            let expected: Vec<f64> = each.map(|(i, v)| v + f64::from(up[i % width])).collect();
            near(&bench.read(&a), &expected, 1e-6, "add_bias");
        }
    }
}

#[test]
fn the_first_of_the_greatest_is_found() {
    for bench in benches() {
        let mut cases: Vec<(Vec<f32>, u32)> = vec![
            (vec![f32::NAN; 9], u32::MAX),
            (vec![f32::NEG_INFINITY; 3], 0),
            (vec![f32::NAN, f32::NEG_INFINITY, f32::NAN], 1),
            (vec![1.0], 0),
            (vec![2.0; 50_000], 0),
            (vec![f32::NAN, -3.0, f32::INFINITY, f32::INFINITY], 2),
        ];
        let mut random = Random(6);
        for place in [0, 255, 256, 16_383, 16_384, 49_151] {
            let mut values = random.values(49_152);
            (values[place], values[49_151]) = (5.0, 5.0);
            cases.push((values, place as u32));
        }
        for (values, expected) in cases {
            let x = bench.floats(&values);
            let (parts, indices) = (bench.floats(&[0.0; 64]), bench.numbers(&[0; 64]));
            let (value, index) = (bench.floats(&[0.0]), bench.numbers(&[9]));
            let arguments = [at(&x), at(&parts), at(&indices), number(values.len())];
            bench.launch("argmax_parts", [64, 1], 256, &arguments);
            let arguments = [at(&parts), at(&indices), Number(64), at(&value), at(&index)];
            bench.launch("argmax_whole", [1, 1], 256, &arguments);
            assert_eq!(bench.words(&index), [expected]);
            if let Some(most) = values.get(expected as usize) {
                assert_eq!(bench.read(&value)[0].to_bits(), most.to_bits());
            }
        }
    }
}

#[test]
fn the_probe_copies_everything() {
    for bench in benches() {
        let values = Random(7).values(40_000);
        let (from, to) = (bench.floats(&values), bench.floats(&vec![0.0; 40_000]));
        bench.launch("copy_probe", [3, 1], 256, &[at(&from), at(&to), Long(10_000)]);
        assert_eq!(bench.read(&to), values);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(bench) = benches().into_iter().next() else { return };
    let buffer = bench.floats(&[0.0; 4]);
    let wrong = [at(&buffer), Number(4)];
    let text = bench.kernels.launch(&bench.stream, "gelu", [1, 1], 256, &wrong).unwrap_err();
    assert!(text.to_string().contains("gelu takes pl"), "{text}");
    let error = bench.kernels.launch(&bench.stream, "none", [1, 1], 256, &wrong).unwrap_err();
    assert!(error.to_string().contains("no kernel none"), "{error}");
    let right = [at(&buffer), Long(4)];
    let error = bench.kernels.launch(&bench.stream, "gelu", [1, 1], 2048, &right).unwrap_err();
    assert!(error.to_string().contains("CUDA_ERROR_INVALID_VALUE"), "{error}");
    assert!(buffer.write(&bench.stream, 13, &[0; 4]).is_err());
    assert!(buffer.read(&bench.stream, usize::MAX, &mut [0; 4]).is_err());
    assert!(buffer.copy_from(&bench.stream, 0, buffer.address(), 17).is_err());
    assert!(DeviceBuffer::words(&bench.context, usize::MAX / 2).is_err());
    let error = DeviceBuffer::new(&bench.context, 1 << 40).unwrap_err();
    assert!(error.to_string().contains("CUDA_ERROR_OUT_OF_MEMORY"), "{error}");
}
