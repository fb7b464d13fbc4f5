//! The fast loops against a slow and plain one.
#![allow(clippy::float_cmp, clippy::verbose_bit_mask)]

use proptest::prelude::*;

use super::judge::{Role, role};
use super::kernels::{self, PAGE, magnitude};
use super::tally::Tally;
use crate::dtype::{Dtype, Look, Real};

const ALL: [Real; 8] =
    [Real::F64, Real::F32, Real::F16, Real::Bf16, Real::E4m3, Real::E5m2, Real::Fnuz, Real::E8m0];

/// A value: whether it is NaN, whether it is infinite, whether it is nought.
fn plain(real: Real, bytes: &[u8]) -> (bool, bool, bool) {
    let float = |value: f64| (value.is_nan(), value.is_infinite(), value == 0.0);
    let word = || u16::from_le_bytes(bytes.try_into().unwrap());
    match real {
        Real::F64 => float(f64::from_le_bytes(bytes.try_into().unwrap())),
        Real::F32 => float(f32::from_le_bytes(bytes.try_into().unwrap()).into()),
        Real::Bf16 => float(f32::from_bits(u32::from(word()) << 16).into()),
        Real::F16 => {
            let (exponent, fraction) = (word() >> 10 & 31, word() & 1023);
            let last = exponent == 31;
            (last && fraction != 0, last && fraction == 0, exponent == 0 && fraction == 0)
        }
        Real::E4m3 => (bytes[0] & 127 == 127, false, bytes[0] & 127 == 0),
        Real::E5m2 => (bytes[0] & 127 > 124, bytes[0] & 127 == 124, bytes[0] & 127 == 0),
        Real::Fnuz => (bytes[0] == 128, false, bytes[0] == 0),
        Real::E8m0 => (bytes[0] == 255, false, bytes[0] == 0),
    }
}

fn slow(real: Real, bytes: &[u8]) -> (u64, u64, Option<u64>, bool, bool) {
    let (mut nan, mut infinite, mut first, mut zero, mut constant) = (0, 0, None, true, true);
    for (index, value) in bytes.chunks_exact(real.size()).enumerate() {
        let (is_nan, is_infinite, is_zero) = plain(real, value);
        nan += u64::from(is_nan);
        infinite += u64::from(is_infinite);
        if (is_nan || is_infinite) && first.is_none() {
            first = Some(index as u64);
        }
        zero &= is_zero;
        constant &= value == &bytes[..real.size()];
    }
    (nan, infinite, first, zero, constant)
}

fn agree(real: Real, bytes: &[u8]) {
    let fast = kernels::real(real, bytes, 0);
    let seen = (fast.nan, fast.infinite, fast.first_bad, fast.zero, fast.constant);
    assert_eq!(seen, slow(real, bytes), "{real:?}");
}

#[test]
fn every_value_of_a_byte_and_a_word_is_judged_alike() {
    for real in ALL {
        match real.size() {
            1 => (0..=255_u8).for_each(|byte| agree(real, &[byte])),
            2 => (0..=u16::MAX).for_each(|word| agree(real, &word.to_le_bytes())),
            _ => {}
        }
    }
}

#[test]
fn one_bad_value_is_found_wherever_it_is() {
    let nan = f32::NAN.to_le_bytes();
    for at in [0, 1, 1023, 1024, 1025, 4095] {
        let mut bytes: Vec<u8> = (0..4096).flat_map(|_| 1_f32.to_le_bytes()).collect();
        bytes[at * 4..at * 4 + 4].copy_from_slice(&nan);
        let tally = kernels::real(Real::F32, &bytes, 100);
        assert_eq!((tally.nan, tally.first_bad), (1, Some(at as u64 + 100)));
        assert_eq!(magnitude(Real::F32, tally.greatest), 1.0, "NaN is no magnitude");
    }
}

#[test]
fn noughts_are_seen_with_either_sign() {
    let bytes = [0_f32.to_le_bytes(), (-0_f32).to_le_bytes()].concat();
    assert!(kernels::real(Real::F32, &bytes, 0).zero);
    let zeros = [0; 3 * PAGE];
    assert_eq!(kernels::real(Real::Bf16, &zeros, 0).zero_pages, 3);
    assert!(kernels::opaque(&zeros).zero);
    assert!(!kernels::opaque(&[0, 0, 1]).zero);
}

#[test]
fn every_scale_of_a_block_is_looked_at() {
    let known: Vec<_> = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K"]
        .into_iter()
        .chain(["Q5_K", "Q6_K", "Q8_K", "MXFP4", "TQ1_0", "TQ2_0", "IQ4_XS"])
        .collect();
    for name in known {
        let Look::Blocks(block) = Dtype::gguf(name).look else { panic!("{name}") };
        let nan: &[u8] = match block.scale {
            Real::F32 => &[0, 0, 0xc0, 0xff],
            Real::E8m0 => &[0xff],
            _ => &[0x00, 0x7e],
        };
        for place in [block.first, block.second] {
            for bad in [0_usize, 63, 64, 129] {
                let mut bytes = vec![0_u8; block.bytes * 130];
                let at = bad * block.bytes + place;
                bytes[at..at + nan.len()].copy_from_slice(nan);
                let tally = kernels::blocks(&block, &bytes, 7);
                let seen = (tally.nan, tally.infinite, tally.first_bad, tally.zero);
                assert_eq!(seen, (1, 0, Some(bad as u64 + 7), false), "{name} at {place}");
            }
        }
        assert!(kernels::blocks(&block, &vec![0; block.bytes * 3], 0).zero, "{name}");
    }
}

#[test]
fn infinite_scales_are_told_from_nan() {
    let Look::Blocks(block) = Dtype::gguf("Q4_1").look else { panic!() };
    let mut bytes = vec![0_u8; 40];
    bytes[1] = 0x7c;
    bytes[23] = 0xfc;
    let tally = kernels::blocks(&block, &bytes, 0);
    assert_eq!((tally.nan, tally.infinite, tally.first_bad), (0, 2, Some(0)));
}

#[test]
fn magnitudes_are_those_of_the_type() {
    assert_eq!(magnitude(Real::F16, 0x7bff), 65_504.0);
    assert_eq!(magnitude(Real::F16, 1), 2_f64.powi(-24));
    assert_eq!(magnitude(Real::Bf16, 0x3f80), 1.0);
    assert_eq!(magnitude(Real::F64, 2.5_f64.to_bits()), 2.5);
}

#[test]
fn names_tell_what_a_tensor_is_for() {
    for (name, expected) in [
        ("model.embed_tokens.weight", Role::Embedding),
        ("blk.0.attn_norm.weight", Role::Norm),
        ("h.0.attn.masked_bias", Role::Mask),
        ("beit.mask_token", Role::Other),
        ("encoder.layer.0.output.LayerNorm.bias", Role::Bias),
        ("output.weight", Role::Head),
        ("model.layers.0.mlp.up_proj.weight", Role::Other),
    ] {
        assert_eq!(role(name), expected, "{name}");
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let interesting = prop_oneof![Just(0_u8), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()];
    prop_oneof![
        proptest::collection::vec(interesting, 0..200),
        proptest::collection::vec(Just(0_u8), 0..10_000),
        proptest::collection::vec(any::<u8>(), 4000..9000),
    ]
}

proptest! {
    #[test]
    fn fast_and_slow_agree(bytes in bytes()) {
        for real in ALL {
            let whole = bytes.len() / real.size() * real.size();
            agree(real, &bytes[..whole]);
        }
    }

    #[test]
    fn parts_make_the_whole(bytes in bytes(), cut in any::<prop::sample::Index>()) {
        for real in ALL {
            let values = bytes.len() / real.size();
            if values < 2 { continue; }
            let cut = 1 + cut.index(values - 1);
            let (a, b) = bytes[..values * real.size()].split_at(cut * real.size());
            let whole = kernels::real(real, &bytes[..values * real.size()], 0);
            let first = kernels::real(real, a, 0);
            let second = kernels::real(real, b, cut as u64);
            // Stretches of noughts are counted from where a part begins.
            let same = |tally: Tally| Tally { zero_pages: 0, ..tally };
            prop_assert_eq!(same(first.and(second)), same(whole));
        }
    }
}
