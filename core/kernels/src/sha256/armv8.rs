//! ARMv8 SHA-2 instructions, several streams in turn: while the rounds of one wait for their
//! result, those of another run.

#![allow(unsafe_code, reason = "SHA instructions")]

use std::arch::aarch64::{
    uint32x4_t, vaddq_u32, vld1q_u8, vld1q_u32, vreinterpretq_u32_u8, vrev32q_u8, vsha256h2q_u32,
    vsha256hq_u32, vsha256su0q_u32, vsha256su1q_u32, vst1q_u32,
};

use super::{Block, K, State};

/// Whether the processor has the instructions.
pub(super) fn is_available() -> bool {
    std::arch::is_aarch64_feature_detected!("sha2")
}

/// Does the blocks of `N` streams, as many as the shortest has.
pub(super) fn compress<const N: usize>(states: &mut [State; N], blocks: &[&[Block]; N]) {
    assert!(is_available(), "SHA-2 instructions are missing");
    // SAFETY: the processor has the instructions, as was just asked.
    unsafe { in_turn(states, blocks) }
}

#[target_feature(enable = "neon,sha2")]
fn in_turn<const N: usize>(states: &mut [State; N], blocks: &[&[Block]; N]) {
    let count = blocks.iter().map(|stream| stream.len()).min().unwrap_or(0);
    let mut kept: [[uint32x4_t; 2]; N] = std::array::from_fn(|stream| {
        let (halves, _) = states[stream].as_chunks::<4>();
        [load(&halves[0]), load(&halves[1])]
    });
    for index in 0..count {
        let mut w: [[uint32x4_t; 4]; N] = std::array::from_fn(|stream| {
            let quarters = blocks[stream][index].as_chunks::<16>().0;
            std::array::from_fn(|quarter| load_words(&quarters[quarter]))
        });
        let mut now = kept;
        macro_rules! four_rounds {
            ($($four:literal)*) => { $(
                let k = load(&K.as_chunks::<4>().0[$four]);
                for stream in 0..N {
                    let [w0, w1, w2, w3] =
                        [0, 1, 2, 3].map(|ahead| w[stream][($four + ahead) & 3]);
                    let added = vaddq_u32(w0, k);
                    let [abcd, efgh] = now[stream];
                    now[stream] =
                        [vsha256hq_u32(abcd, efgh, added), vsha256h2q_u32(efgh, abcd, added)];
                    if $four < 12 {
                        w[stream][$four & 3] = vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
                    }
                }
            )* };
        }
        four_rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for (kept, now) in kept.iter_mut().zip(now) {
            *kept = [vaddq_u32(kept[0], now[0]), vaddq_u32(kept[1], now[1])];
        }
    }
    for (state, kept) in states.iter_mut().zip(kept) {
        let (first, second) = state.split_at_mut(4);
        first.copy_from_slice(&store(kept[0]));
        second.copy_from_slice(&store(kept[1]));
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(words: &[u32; 4]) -> uint32x4_t {
    // SAFETY: 16 readable bytes; no alignment beyond that of the words is asked for.
    unsafe { vld1q_u32(words.as_ptr()) }
}

/// Four words, the bytes of each in the other order.
#[inline]
#[target_feature(enable = "neon")]
fn load_words(bytes: &[u8; 16]) -> uint32x4_t {
    // SAFETY: 16 readable bytes.
    let bytes = unsafe { vld1q_u8(bytes.as_ptr()) };
    vreinterpretq_u32_u8(vrev32q_u8(bytes))
}

#[inline]
#[target_feature(enable = "neon")]
fn store(words: uint32x4_t) -> [u32; 4] {
    let mut out = [0; 4];
    // SAFETY: 16 writable bytes.
    unsafe { vst1q_u32(out.as_mut_ptr(), words) }
    out
}
