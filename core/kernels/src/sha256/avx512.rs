//! AVX-512: sixteen streams side by side, one in each 32-bit lane of a register; or twice
//! sixteen, a round of each group in turn, so that one computes while the other waits.

#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m512i, _mm_set_epi8, _mm512_add_epi32, _mm512_broadcast_i32x4, _mm512_loadu_si512,
    _mm512_ror_epi32, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8,
    _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_storeu_si512, _mm512_ternarylogic_epi32,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::{Block, K, State};

/// Streams of one group.
const LANES: usize = 16;

/// Whether the processor has the instructions, and the system keeps their registers.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

/// Does the blocks of sixteen streams, as many as the shortest has.
pub(super) fn compress(states: &mut [State; LANES], blocks: &[&[Block]; LANES]) {
    assert!(is_available(), "AVX-512 is missing");
    // SAFETY: the processor has the instructions, as was just asked.
    unsafe { one_group(states, blocks) }
}

/// Does the blocks of twice sixteen streams, as many as the shortest has.
pub(super) fn compress_two(states: &mut [State; 2 * LANES], blocks: &[&[Block]; 2 * LANES]) {
    assert!(is_available(), "AVX-512 is missing");
    // SAFETY: the processor has the instructions, as was just asked.
    unsafe { two_groups(states, blocks) }
}

/// Truth tables of FIPS 180-4, 4.1.2, for three operands.
const XOR: i32 = 0x96;
const CHOOSE: i32 = 0xca;
const MAJORITY: i32 = 0xe8;

/// Sixteen streams. All of it is in registers as long as every method is inlined and every
/// index is a constant.
struct Group {
    /// State after the last block: one word of all streams in each register.
    kept: [__m512i; 8],
    /// State within a block; the words move by one place each round.
    now: [__m512i; 8],
    /// Message schedule, the words of the next sixteen rounds.
    w: [__m512i; 16],
}

impl Group {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(states: &[State]) -> Self {
        let word = |word: usize| std::array::from_fn(|lane| states[lane][word]);
        let kept = std::array::from_fn(|at| load(&word(at)));
        Self { kept, now: kept, w: [_mm512_setzero_si512(); 16] }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn give_back(&self, states: &mut [State]) {
        for (word, kept) in self.kept.iter().enumerate() {
            for (state, value) in states.iter_mut().zip(store(*kept)) {
                state[word] = value;
            }
        }
    }

    /// Begins with the next block of each stream.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn begin(&mut self, blocks: &[&[Block]], index: usize) {
        self.w = std::array::from_fn(|lane| load_block(&blocks[lane][index]));
        transpose(&mut self.w);
        for word in &mut self.w {
            *word = big_endian(*word);
        }
        self.now = self.kept;
    }

    /// Round `AT` of each sixteen.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn round<const AT: usize>(&mut self, k: u32) {
        let at = |word: usize| (word + 16 - AT) & 7;
        let [a, b, c, d] = [0, 1, 2, 3].map(|word| self.now[at(word)]);
        let [e, f, g, h] = [4, 5, 6, 7].map(|word| self.now[at(word)]);
        let sum1 = _mm512_ternarylogic_epi32::<XOR>(
            _mm512_ror_epi32::<6>(e),
            _mm512_ror_epi32::<11>(e),
            _mm512_ror_epi32::<25>(e),
        );
        let choice = _mm512_ternarylogic_epi32::<CHOOSE>(e, f, g);
        let added = _mm512_add_epi32(self.w[AT], _mm512_set1_epi32(k.cast_signed()));
        let t1 = _mm512_add_epi32(_mm512_add_epi32(h, added), _mm512_add_epi32(sum1, choice));
        let sum0 = _mm512_ternarylogic_epi32::<XOR>(
            _mm512_ror_epi32::<2>(a),
            _mm512_ror_epi32::<13>(a),
            _mm512_ror_epi32::<22>(a),
        );
        let majority = _mm512_ternarylogic_epi32::<MAJORITY>(a, b, c);
        self.now[at(3)] = _mm512_add_epi32(d, t1);
        self.now[at(7)] = _mm512_add_epi32(t1, _mm512_add_epi32(sum0, majority));
    }

    /// The next eight words of the message schedule, in place of those of sixteen before.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn schedule<const FROM: usize>(&mut self) {
        let w = &mut self.w;
        for at in FROM..FROM + 8 {
            let (after, before) = (w[(at + 1) & 15], w[(at + 14) & 15]);
            let sigma0 = _mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<7>(after),
                _mm512_ror_epi32::<18>(after),
                _mm512_srli_epi32::<3>(after),
            );
            let sigma1 = _mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<17>(before),
                _mm512_ror_epi32::<19>(before),
                _mm512_srli_epi32::<10>(before),
            );
            w[at] = _mm512_add_epi32(
                _mm512_add_epi32(w[at], sigma0),
                _mm512_add_epi32(w[(at + 9) & 15], sigma1),
            );
        }
    }

    /// The block is done.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn end(&mut self) {
        for (kept, now) in self.kept.iter_mut().zip(self.now) {
            *kept = _mm512_add_epi32(*kept, now);
        }
    }
}

/// Rounds of all groups, each round of one group after that of the other.
macro_rules! rounds {
    ($k:expr, [$($at:literal)*], $groups:tt) => { $( rounds!(@ $k, $at, $groups); )* };
    (@ $k:expr, $at:literal, [$($group:ident)*]) => { $( $group.round::<$at>(K[$k + $at]); )* };
}

/// A kernel of some groups.
macro_rules! kernel {
    ($name:ident, $($group:ident $place:literal)*) => {
        #[target_feature(enable = "avx512f,avx512bw")]
        fn $name(states: &mut [State], blocks: &[&[Block]]) {
            let count = blocks.iter().map(|lane| lane.len()).min().unwrap_or(0);
            $( let mut $group = Group::new(&states[$place * LANES..][..LANES]); )*
            for index in 0..count {
                $( $group.begin(&blocks[$place * LANES..][..LANES], index); )*
                rounds!(0, [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15], [$($group)*]);
                for k in [16, 32, 48] {
                    $( $group.schedule::<0>(); )*
                    rounds!(k, [0 1 2 3 4 5 6 7], [$($group)*]);
                    $( $group.schedule::<8>(); )*
                    rounds!(k, [8 9 10 11 12 13 14 15], [$($group)*]);
                }
                $( $group.end(); )*
            }
            $( $group.give_back(&mut states[$place * LANES..][..LANES]); )*
        }
    };
}

kernel!(one_group, first 0);
kernel!(two_groups, first 0 second 1);

/// From sixteen blocks, one a register, to sixteen words of each block, one a register.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(rows: &mut [__m512i; 16]) {
    let mut pairs = [_mm512_setzero_si512(); 16];
    for at in 0..8 {
        pairs[2 * at] = _mm512_unpacklo_epi32(rows[2 * at], rows[2 * at + 1]);
        pairs[2 * at + 1] = _mm512_unpackhi_epi32(rows[2 * at], rows[2 * at + 1]);
    }
    let mut fours = [_mm512_setzero_si512(); 16];
    for at in (0..16).step_by(4) {
        fours[at] = _mm512_unpacklo_epi64(pairs[at], pairs[at + 2]);
        fours[at + 1] = _mm512_unpackhi_epi64(pairs[at], pairs[at + 2]);
        fours[at + 2] = _mm512_unpacklo_epi64(pairs[at + 1], pairs[at + 3]);
        fours[at + 3] = _mm512_unpackhi_epi64(pairs[at + 1], pairs[at + 3]);
    }
    let mut eights = [_mm512_setzero_si512(); 16];
    for at in 0..4 {
        eights[at] = _mm512_shuffle_i32x4::<0x88>(fours[at], fours[at + 4]);
        eights[at + 4] = _mm512_shuffle_i32x4::<0xdd>(fours[at], fours[at + 4]);
        eights[at + 8] = _mm512_shuffle_i32x4::<0x88>(fours[at + 8], fours[at + 12]);
        eights[at + 12] = _mm512_shuffle_i32x4::<0xdd>(fours[at + 8], fours[at + 12]);
    }
    for at in 0..8 {
        rows[at] = _mm512_shuffle_i32x4::<0x88>(eights[at], eights[at + 8]);
        rows[at + 8] = _mm512_shuffle_i32x4::<0xdd>(eights[at], eights[at + 8]);
    }
}

/// Bytes of each 32-bit lane in the other order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn big_endian(words: __m512i) -> __m512i {
    let order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(order))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; LANES]) -> __m512i {
    // SAFETY: 64 readable bytes; no alignment is asked for.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_block(block: &Block) -> __m512i {
    // SAFETY: 64 readable bytes; no alignment is asked for.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: __m512i) -> [u32; LANES] {
    let mut out = [0; LANES];
    // SAFETY: 64 writable bytes; no alignment is asked for.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), words) }
    out
}
