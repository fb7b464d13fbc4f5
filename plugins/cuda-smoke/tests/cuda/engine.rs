//! Whole models against plain f64, and against the engine of the processor.

use std::path::{Path, PathBuf};

use pkg_cuda_smoke::cpu;
use pkg_cuda_smoke::cuda::driver::Driver;
use pkg_cuda_smoke::cuda::{Cuda, Options, open_with};
use pkg_cuda_smoke::engine::{Engine, EngineError, Result, Want};
use pkg_cuda_smoke::model::{Model, Network, RopePairs};
use pkg_cuda_smoke::quant::WeightType;
use pkg_plugin_sdk::SkipReason;

use crate::generated::{Maker, ODD, Random, SMALL, Sizes, decoder, encoder};
use crate::{plain, shim};

/// Difference from f64 that is allowed; the plugin's own tolerance is 1e-3.
const NEAR: f64 = 2e-4;

fn library() -> Option<PathBuf> {
    shim::whole(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

fn small() -> Options {
    Options { probe: 1 << 20, ..Options::default() }
}

fn load(model: &Model, options: Options) -> Option<Cuda> {
    let driver = Driver::open_at(&library()?).unwrap();
    Some(open_with(&driver, model, options).unwrap())
}

fn tokens(seed: u64, count: usize, vocabulary: usize) -> Vec<u32> {
    let mut random = Random(seed);
    (0..count).map(|_| random.below(vocabulary as u32)).collect()
}

/// The greatest difference, which must be a number.
fn difference(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let each = got.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs());
    each.fold(0.0, |most, d| if d > most || d.is_nan() { d } else { most })
}

fn bits(rows: &[f32]) -> Vec<u32> {
    rows.iter().map(|value| value.to_bits()).collect()
}

/// Holds a model on the shim against f64 and the processor: all at once, and one by one.
fn check(model: &Model, expected: &[Vec<f64>], ids: &[u32]) {
    let Some(mut engine) = load(model, small()) else { return };
    let flat: Vec<f64> = expected.concat();
    let together = engine.forward(ids, Want::All).unwrap();
    let most = difference(&together, &flat);
    assert!(most < NEAR, "{}: {most} from f64", model.architecture);
    let mut other = cpu::open(model, 1).unwrap();
    let reference = other.forward(ids, Want::All).unwrap();
    let reference: Vec<f64> = reference.iter().map(|value| f64::from(*value)).collect();
    let most = difference(&together, &reference);
    assert!(most < NEAR, "{}: {most} from the processor", model.architecture);
    // The same twice, to the bit.
    engine.reset().unwrap();
    assert_eq!(bits(&engine.forward(ids, Want::All).unwrap()), bits(&together));
    engine.reset().unwrap();
    let last = engine.forward(ids, Want::Last).unwrap();
    // One row goes through another kernel than many: near, but not the same bits.
    assert!(difference(&last, &flat[flat.len() - engine.width()..]) < NEAR);
    if let Network::Decoder(_) = model.network {
        one_by_one(&mut engine, &flat, ids);
    }
}

fn one_by_one(engine: &mut Cuda, expected: &[f64], ids: &[u32]) {
    engine.reset().unwrap();
    let width = engine.width();
    let mut greatest = Vec::new();
    let ids = &ids[..ids.len().min(12)];
    for (id, expected) in ids.iter().zip(expected.chunks_exact(width)) {
        let row = engine.forward(&[*id], Want::Last).unwrap();
        let most = difference(&row, expected);
        assert!(most < NEAR, "one by one: {most}");
        greatest.push(cpu::argmax(&row) as u32);
    }
    // Steps: the first plain, the others as a graph.
    engine.reset().unwrap();
    let steps: Vec<u32> = ids.iter().map(|id| engine.step(*id).unwrap()).collect();
    assert_eq!(steps, greatest);
    assert_eq!(engine.steps(), "graph");
}

#[test]
fn decoders_of_every_type_are_right() {
    for (index, kind) in WeightType::ALL.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = Maker::new(index as u64, kind);
        let pairs = if index % 2 == 0 { RopePairs::Halves } else { RopePairs::Neighbours };
        let network = decoder(&mut maker, SMALL, pairs, index % 3 == 0, index % 2 == 1);
        let model = maker.finish(folder.path(), &format!("{kind:?}"), network);
        let Network::Decoder(network) = &model.network else { unreachable!() };
        let ids = tokens(index as u64, 11, SMALL.vocabulary);
        check(&model, &plain::decode(&model, network, &ids), &ids);
    }
}

#[test]
fn odd_sizes_and_places_are_right() {
    for kind in [WeightType::F32, WeightType::F16, WeightType::Bf16] {
        for (alignment, beside) in [(32, 0), (2, 0), (8, 3)] {
            let folder = tempfile::tempdir().unwrap();
            let mut maker = Maker::new(7, kind);
            (maker.alignment, maker.beside, maker.vectors) = (alignment, beside, kind);
            let network = decoder(&mut maker, ODD, RopePairs::Halves, true, false);
            let name = format!("{kind:?} at {alignment} and {beside}");
            let model = maker.finish(folder.path(), &name, network);
            let Network::Decoder(network) = &model.network else { unreachable!() };
            let ids = tokens(9, if beside == 3 { 70 } else { 5 }, ODD.vocabulary);
            check(&model, &plain::decode(&model, network, &ids), &ids);
        }
    }
}

#[test]
fn encoders_are_right() {
    for (kind, width, heads, counts) in [
        (WeightType::F32, 36, 3, &[1, 2, 150][..]),
        (WeightType::F32, 384, 12, &[9]),
        (WeightType::F16, 64, 2, &[70]),
        (WeightType::Q8_0, 64, 1, &[5]),
    ] {
        for count in counts {
            let folder = tempfile::tempdir().unwrap();
            let mut maker = Maker::new(3, kind);
            let network = encoder(&mut maker, width, heads, 2 * width);
            let name = format!("encoder {kind:?} {width}");
            let model = maker.finish(folder.path(), &name, network);
            let Network::Encoder(network) = &model.network else { unreachable!() };
            let ids = tokens(5, *count, 200);
            check(&model, &plain::encode(&model, network, &ids), &ids);
        }
    }
}

fn small_model(folder: &Path, sizes: Sizes) -> Model {
    let mut maker = Maker::new(21, WeightType::F32);
    let network = decoder(&mut maker, sizes, RopePairs::Neighbours, false, true);
    maker.finish(folder, "small", network)
}

/// Small, with a context that is filled in a moment.
const LONG: Sizes = Sizes {
    width: 16,
    heads: 2,
    kv_heads: 1,
    head_width: 8,
    hidden: 24,
    vocabulary: 40,
    context: 110,
};

#[test]
fn a_full_context_goes_over_batches_and_caches() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(folder.path(), LONG);
    let Network::Decoder(network) = &model.network else { unreachable!() };
    let ids = tokens(1, LONG.context, LONG.vocabulary);
    let expected = plain::decode(&model, network, &ids);
    let options = Options { batch: 23, cache: 32, ..small() };
    let Some(mut engine) = load(&model, options) else { return };
    let rows = engine.forward(&ids, Want::All).unwrap();
    assert!(difference(&rows, &expected.concat()) < NEAR);
    // Steps over the edges of the cache: the graph is recorded anew.
    for (start, count) in [(27, 10), (60, 10), (100, 9)] {
        let Some(mut engine) = load(&model, options) else { return };
        engine.forward(&ids[..start], Want::Last).unwrap();
        for t in start..start + count {
            let row: Vec<f32> = expected[t].iter().map(|value| *value as f32).collect();
            assert_eq!(engine.step(ids[t]).unwrap() as usize, cpu::argmax(&row), "at {t}");
        }
        let row = engine.forward(&ids[start + count..=start + count], Want::Last).unwrap();
        assert!(difference(&row, &expected[start + count]) < NEAR);
    }
    // No more than the context.
    engine.reset().unwrap();
    let error = engine.forward(&[0; 111], Want::Last).unwrap_err();
    assert!(error.to_string().contains("111 tokens are more than the context of 110"), "{error}");
    engine.forward(&ids, Want::Last).unwrap();
    assert!(engine.step(0).is_err());
    engine.reset().unwrap();
    assert!(engine.step(0).is_ok());
}

#[test]
fn a_graph_gives_the_bits_of_plain_launches() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(folder.path(), LONG);
    let ids = tokens(2, 40, LONG.vocabulary);
    let Some(mut graph) = load(&model, small()) else { return };
    let Some(mut plain) = load(&model, Options { graphs: false, ..small() }) else { return };
    for id in &ids {
        assert_eq!(graph.step(*id).unwrap(), plain.step(*id).unwrap());
    }
    assert_eq!((graph.steps(), plain.steps()), ("graph", "not wanted"));
    // Keys and values that the steps left behind give the same bits.
    let [a, b] = [&mut graph, &mut plain].map(|engine| engine.forward(&[3], Want::Last).unwrap());
    assert_eq!(bits(&a), bits(&b));
    // A driver without graphs does the same.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kind = shim::Kind { name: "plain", macros: &["SHIM_WITHOUT_GRAPHS"], bare: false };
    let Some(library) = shim::build(folder, kind) else { return };
    let driver = Driver::open_at(&library).unwrap();
    let mut without = open_with(&driver, &model, small()).unwrap();
    for id in &ids {
        without.step(*id).unwrap();
    }
    assert_eq!(without.steps(), "the driver has none");
    assert_eq!(bits(&without.forward(&[3], Want::Last).unwrap()), bits(&a));
}

#[test]
fn threads_in_reverse_give_the_same_bits() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kind = shim::Kind { name: "reverse", macros: &["PKG_SHIM_REVERSE"], bare: false };
    let Some(library) = shim::build(folder, kind) else { return };
    let driver = Driver::open_at(&library).unwrap();
    for kind in [WeightType::Bf16, WeightType::Q4K, WeightType::Q6K] {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = Maker::new(4, kind);
        let network = decoder(&mut maker, SMALL, RopePairs::Halves, true, true);
        let model = maker.finish(folder.path(), "reverse", network);
        let ids = tokens(3, 9, SMALL.vocabulary);
        let Some(mut forward) = load(&model, small()) else { return };
        let mut reverse = open_with(&driver, &model, small()).unwrap();
        let [a, b] =
            [&mut forward, &mut reverse].map(|engine| engine.forward(&ids, Want::All).unwrap());
        assert_eq!(bits(&a), bits(&b));
        for id in [5, 6, 7] {
            assert_eq!(forward.step(id).unwrap(), reverse.step(id).unwrap());
        }
    }
}

fn refused(model: &Model) -> EngineError {
    let Some(library) = library() else { return EngineError::Failed("SKIPPED".to_owned()) };
    let result: Result<Cuda> = open_with(&Driver::open_at(&library).unwrap(), model, small());
    result.expect_err("it is refused")
}

/// A change to a small model, and a part of what is said about it.
type Lie = (fn(&mut Model), &'static str);

#[test]
fn lies_are_refused() {
    let lies: [Lie; 14] = [
        (|model| model.files[0].digest = format!("sha256:{}", "0".repeat(64)), "is due"),
        (|model| model.files[0].bytes += 8, "should have"),
        (|model| model.files[0].offset = u64::MAX, "should have"),
        (|model| model.files[0].bytes = u64::MAX, "should have"),
        (|model| model.files[0].disk = "/nowhere/at/all".into(), "model/weights"),
        (|model| part(model).embedding.offset = 1 << 40, "do not lie"),
        (|model| part(model).embedding.offset = u64::MAX, "does not lie"),
        (|model| part(model).embedding.file = 3, "file is not there"),
        (|model| part(model).embedding.rows = usize::MAX, "than the kernels can count"),
        (|model| part(model).embedding.bytes -= 1, "do not fit its shape"),
        (|model| part(model).layers[1].up.weight.rows -= 1, "do not fit its shape"),
        (|model| part(model).kv_heads = 0, "heads"),
        (|model| part(model).rope_frequencies.clear(), "frequencies"),
        (|model| part(model).width = 1 << 60, "rows of 16 values"),
    ];
    for (lie, said) in lies {
        let folder = tempfile::tempdir().unwrap();
        let mut model = small_model(folder.path(), LONG);
        lie(&mut model);
        match refused(&model) {
            EngineError::Failed(text) if text == "SKIPPED" => return,
            EngineError::Failed(text) => assert!(text.contains(said), "{said}: {text}"),
            skip @ EngineError::Skip(..) => panic!("{said}: {skip:?}"),
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut model = small_model(folder.path(), LONG);
    part(&mut model).head_width = 258;
    let error = refused(&model);
    assert!(
        matches!(&error, EngineError::Skip(SkipReason::UnsupportedArchitecture, _))
            || error.to_string() == "SKIPPED",
        "{error:?}"
    );
}

fn part(model: &mut Model) -> &mut pkg_cuda_smoke::model::Decoder {
    match &mut model.network {
        Network::Decoder(decoder) => decoder,
        Network::Encoder(_) => unreachable!(),
    }
}

#[test]
fn too_little_memory_is_said_with_figures() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kind = shim::Kind { name: "tiny", macros: &["SHIM_MEMORY=36000000"], bare: false };
    let Some(library) = shim::build(folder, kind) else { return };
    let driver = Driver::open_at(&library).unwrap();
    let files = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(1, WeightType::F32);
    let network = decoder(&mut maker, SMALL, RopePairs::Halves, false, true);
    let model = maker.finish(files.path(), "large", network);
    let error = open_with(&driver, &model, small()).expect_err("it does not fit");
    let text = error.to_string();
    assert!(text.contains("bytes of device memory are needed"), "{text}");
    // What was taken is given back: a small model fits.
    let files = tempfile::tempdir().unwrap();
    let sizes = Sizes { context: 40, ..LONG };
    let mut engine = open_with(&driver, &small_model(files.path(), sizes), small()).unwrap();
    assert!(engine.step(1).is_ok());
}

#[test]
fn tokens_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(folder.path(), LONG);
    let Some(mut engine) = load(&model, small()) else { return };
    assert!(engine.forward(&[39], Want::Last).is_ok());
    for token in [40, u32::MAX] {
        let error = engine.forward(&[1, token], Want::Last).unwrap_err();
        assert!(error.to_string().contains("vocabulary of 40"), "{error}");
        assert!(engine.step(token).is_err());
    }
    assert!(engine.forward(&[], Want::All).unwrap().is_empty());
}

#[test]
fn what_is_known_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let model = small_model(folder.path(), LONG);
    let Some(mut engine) = load(&model, small()) else { return };
    let all = engine.environment();
    assert_eq!(all["engine"], "cuda");
    assert_eq!(all["device"], "CPU shim of pkg, no GPU");
    assert_eq!(all["computeCapability"], "8.0");
    assert_eq!(all["driverCudaVersion"], "12.0");
    assert_eq!(all["ptxVersion"], "8.0");
    assert_eq!(all["ecc"], false);
    let uuid: Vec<u8> = (0..16).collect();
    let digest = pkg_cuda_smoke::source::sha256(&uuid);
    assert_eq!(all["deviceUuidSha256"], digest.as_str());
    let materials = engine.materials();
    assert_eq!(materials.len(), 1);
    assert_eq!((materials[0].name.as_str(), materials[0].sha256.len()), ("kernels.ptx", 64));
    let times = engine.load_times();
    assert_eq!(times.bytes, model.files[0].bytes);
    assert!(times.read_and_hash > 0.0 && times.copy >= 0.0);
    assert!(engine.peak_memory().unwrap() > times.bytes);
    // 1 GHz, twice a clock, 64 bits.
    let (promised, measured) = engine.bandwidth().unwrap();
    assert_eq!(promised, Some(16e9));
    assert!(measured > 0.0 && measured.is_finite());
    assert_eq!(engine.energy(), None);
}
