//! x86-64 SHA instructions, several streams in turn: while the rounds of one wait for their
//! result, those of another run.

#![allow(unsafe_code, reason = "SHA instructions")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_loadu_si128, _mm_set_epi8, _mm_set_epi32,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32, _mm_storeu_si128,
};

use super::{Block, K, State};

/// Whether the processor has the instructions.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("sse4.1")
        && is_x86_feature_detected!("avx")
}

/// Does the blocks of `N` streams, as many as the shortest has.
pub(super) fn compress<const N: usize>(states: &mut [State; N], blocks: &[&[Block]; N]) {
    assert!(is_available(), "SHA instructions are missing");
    // SAFETY: the processor has the instructions, as was just asked.
    unsafe { in_turn(states, blocks) }
}

#[target_feature(enable = "sha,sse4.1,avx")]
fn in_turn<const N: usize>(states: &mut [State; N], blocks: &[&[Block]; N]) {
    let count = blocks.iter().map(|stream| stream.len()).min().unwrap_or(0);
    let mut kept: [[__m128i; 2]; N] = std::array::from_fn(|stream| halves(&states[stream]));
    for index in 0..count {
        let mut w: [[__m128i; 4]; N] = std::array::from_fn(|stream| {
            let quarters = blocks[stream][index].as_chunks::<16>().0;
            std::array::from_fn(|quarter| big_endian(load(&quarters[quarter])))
        });
        let mut now = kept;
        macro_rules! four_rounds {
            ($($four:literal)*) => { $(
                let k = constants($four);
                for stream in 0..N {
                    let added = _mm_add_epi32(w[stream][$four & 3], k);
                    let [abef, cdgh] = now[stream];
                    let next = _mm_sha256rnds2_epu32(cdgh, abef, added);
                    let upper = _mm_shuffle_epi32::<0x0e>(added);
                    now[stream] = [_mm_sha256rnds2_epu32(abef, next, upper), next];
                    if $four < 12 {
                        let [w0, w1, w2, w3] =
                            [0, 1, 2, 3].map(|ahead| w[stream][($four + ahead) & 3]);
                        let sum =
                            _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2));
                        w[stream][$four & 3] = _mm_sha256msg2_epu32(sum, w3);
                    }
                }
            )* };
        }
        four_rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for (kept, now) in kept.iter_mut().zip(now) {
            *kept = [_mm_add_epi32(kept[0], now[0]), _mm_add_epi32(kept[1], now[1])];
        }
    }
    for (state, kept) in states.iter_mut().zip(kept) {
        *state = whole(kept);
    }
}

/// The order the instructions work in: words a, b, e, f and words c, d, g, h.
#[inline]
#[target_feature(enable = "sse2")]
fn halves(state: &State) -> [__m128i; 2] {
    let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
    [_mm_set_epi32(a, b, e, f), _mm_set_epi32(c, d, g, h)]
}

#[inline]
#[target_feature(enable = "sse2")]
fn whole([abef, cdgh]: [__m128i; 2]) -> State {
    let ([f, e, b, a], [h, g, d, c]) = (store(abef), store(cdgh));
    [a, b, c, d, e, f, g, h]
}

/// Bytes of each 32-bit lane in the other order.
#[inline]
#[target_feature(enable = "ssse3")]
fn big_endian(words: __m128i) -> __m128i {
    _mm_shuffle_epi8(words, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3))
}

/// Round constants of four rounds.
#[inline]
#[target_feature(enable = "sse2")]
fn constants(four: usize) -> __m128i {
    let [k0, k1, k2, k3] = K.as_chunks::<4>().0[four].map(u32::cast_signed);
    _mm_set_epi32(k3, k2, k1, k0)
}

#[inline]
#[target_feature(enable = "sse2")]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: 16 readable bytes; no alignment is asked for.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn store(words: __m128i) -> [u32; 4] {
    let mut out = [0; 4];
    // SAFETY: 16 writable bytes; no alignment is asked for.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), words) }
    out
}
