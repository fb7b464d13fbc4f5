//! AVX2: eight streams, one in each 32-bit lane of a register.

#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_loadu_si256,
    _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set_epi8, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
    _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::{Block, K, State};

/// Streams of one call.
pub(super) const LANES: usize = 8;

/// Whether the processor has the instructions, and the system keeps their registers.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Does the blocks of eight streams, as many as the shortest has.
pub(super) fn compress(states: &mut [State; LANES], blocks: &[&[Block]; LANES]) {
    assert!(is_available(), "AVX2 is missing");
    // SAFETY: the processor has the instructions, as was just asked.
    unsafe { lanes(states, blocks) }
}

#[target_feature(enable = "avx2")]
fn lanes(states: &mut [State; LANES], blocks: &[&[Block]; LANES]) {
    let count = blocks.iter().map(|lane| lane.len()).min().unwrap_or(0);
    let mut kept: [__m256i; 8] = std::array::from_fn(|word| {
        load(&std::array::from_fn::<u32, LANES, _>(|lane| states[lane][word]))
    });
    for index in 0..count {
        let mut w = [_mm256_setzero_si256(); 16];
        for half in 0..2 {
            let mut rows: [__m256i; 8] =
                std::array::from_fn(|lane| load_half(&blocks[lane][index], half));
            transpose(&mut rows);
            for (word, row) in w[8 * half..].iter_mut().zip(rows) {
                *word = big_endian(row);
            }
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = kept;
        macro_rules! round {
            ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $w:expr, $k:expr) => {
                let sum1 = xor3(ror::<6, 26>($e), ror::<11, 21>($e), ror::<25, 7>($e));
                let choice =
                    _mm256_xor_si256(_mm256_and_si256($e, $f), _mm256_andnot_si256($e, $g));
                let added = _mm256_add_epi32($w, _mm256_set1_epi32($k.cast_signed()));
                let t1 =
                    _mm256_add_epi32(_mm256_add_epi32($h, added), _mm256_add_epi32(sum1, choice));
                let sum0 = xor3(ror::<2, 30>($a), ror::<13, 19>($a), ror::<22, 10>($a));
                let majority = _mm256_or_si256(
                    _mm256_and_si256($a, $b),
                    _mm256_and_si256($c, _mm256_or_si256($a, $b)),
                );
                $d = _mm256_add_epi32($d, t1);
                $h = _mm256_add_epi32(t1, _mm256_add_epi32(sum0, majority));
            };
        }
        macro_rules! eight_rounds {
            ($from:expr, $k:expr) => {
                round!(a b c d e f g h, w[$from], K[$k + $from]);
                round!(h a b c d e f g, w[$from + 1], K[$k + $from + 1]);
                round!(g h a b c d e f, w[$from + 2], K[$k + $from + 2]);
                round!(f g h a b c d e, w[$from + 3], K[$k + $from + 3]);
                round!(e f g h a b c d, w[$from + 4], K[$k + $from + 4]);
                round!(d e f g h a b c, w[$from + 5], K[$k + $from + 5]);
                round!(c d e f g h a b, w[$from + 6], K[$k + $from + 6]);
                round!(b c d e f g h a, w[$from + 7], K[$k + $from + 7]);
            };
        }
        eight_rounds!(0, 0);
        eight_rounds!(8, 0);
        for k in [16, 32, 48] {
            schedule::<0>(&mut w);
            eight_rounds!(0, k);
            schedule::<8>(&mut w);
            eight_rounds!(8, k);
        }
        for (kept, now) in kept.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *kept = _mm256_add_epi32(*kept, now);
        }
    }
    for (word, kept) in kept.iter().enumerate() {
        for (state, value) in states.iter_mut().zip(store(*kept)) {
            state[word] = value;
        }
    }
}

/// The next eight words of the message schedule, in place of those of sixteen before.
#[inline]
#[target_feature(enable = "avx2")]
fn schedule<const FROM: usize>(w: &mut [__m256i; 16]) {
    for at in FROM..FROM + 8 {
        let (after, before) = (w[(at + 1) & 15], w[(at + 14) & 15]);
        let sigma0 = xor3(ror::<7, 25>(after), ror::<18, 14>(after), _mm256_srli_epi32::<3>(after));
        let sigma1 =
            xor3(ror::<17, 15>(before), ror::<19, 13>(before), _mm256_srli_epi32::<10>(before));
        w[at] = _mm256_add_epi32(
            _mm256_add_epi32(w[at], sigma0),
            _mm256_add_epi32(w[(at + 9) & 15], sigma1),
        );
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(one: __m256i, two: __m256i, three: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(one, two), three)
}

/// Rotates to the right; `LEFT` is 32 - `RIGHT`.
#[inline]
#[target_feature(enable = "avx2")]
fn ror<const RIGHT: i32, const LEFT: i32>(words: __m256i) -> __m256i {
    const { assert!(RIGHT + LEFT == 32) };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(words), _mm256_slli_epi32::<LEFT>(words))
}

/// From eight half blocks, one a register, to eight words of each, one a register.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: &mut [__m256i; 8]) {
    let mut pairs = [_mm256_setzero_si256(); 8];
    for at in (0..8).step_by(2) {
        pairs[at] = _mm256_unpacklo_epi32(rows[at], rows[at + 1]);
        pairs[at + 1] = _mm256_unpackhi_epi32(rows[at], rows[at + 1]);
    }
    let mut fours = [_mm256_setzero_si256(); 8];
    for at in (0..8).step_by(4) {
        fours[at] = _mm256_unpacklo_epi64(pairs[at], pairs[at + 2]);
        fours[at + 1] = _mm256_unpackhi_epi64(pairs[at], pairs[at + 2]);
        fours[at + 2] = _mm256_unpacklo_epi64(pairs[at + 1], pairs[at + 3]);
        fours[at + 3] = _mm256_unpackhi_epi64(pairs[at + 1], pairs[at + 3]);
    }
    for at in 0..4 {
        rows[at] = _mm256_permute2x128_si256::<0x20>(fours[at], fours[at + 4]);
        rows[at + 4] = _mm256_permute2x128_si256::<0x31>(fours[at], fours[at + 4]);
    }
}

/// Bytes of each 32-bit lane in the other order.
#[inline]
#[target_feature(enable = "avx2")]
fn big_endian(words: __m256i) -> __m256i {
    let order = _mm256_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11, 4, 5,
        6, 7, 0, 1, 2, 3,
    );
    _mm256_shuffle_epi8(words, order)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u32; LANES]) -> __m256i {
    // SAFETY: 32 readable bytes; no alignment is asked for.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// The first (0) or second (1) half of a block.
#[inline]
#[target_feature(enable = "avx2")]
fn load_half(block: &Block, half: usize) -> __m256i {
    let half = &block.as_chunks::<32>().0[half];
    // SAFETY: 32 readable bytes; no alignment is asked for.
    unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: __m256i) -> [u32; LANES] {
    let mut out = [0; LANES];
    // SAFETY: 32 writable bytes; no alignment is asked for.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), words) }
    out
}
