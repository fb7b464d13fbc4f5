//! SHA-256 (FIPS 180-4) of many streams at once.
//!
//! A [`Sha256`] is one stream. [`update_many`] takes bytes into several of them: it finds out
//! how many have whole blocks to do and picks the kernel that does so many fastest. Which
//! kernel ran never shows in the digest.

#[cfg(target_arch = "aarch64")]
mod armv8;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
#[cfg(target_arch = "x86_64")]
mod shani;
#[cfg(test)]
mod tests;

use sha2::block_api::compress256;

pub use kernel::{Kernel, Kernels};

/// Bytes of a block.
pub const BLOCK: usize = 64;

/// A whole block.
type Block = [u8; BLOCK];

/// The eight words a stream carries from block to block.
type State = [u32; 8];

/// FIPS 180-4, 5.3.3.
const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// FIPS 180-4, 4.2.2.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Bytes of a saved stream.
pub const SAVED: usize = 8 + 32 + BLOCK;

/// One stream.
#[derive(Clone, Debug)]
pub struct Sha256 {
    state: State,
    /// Bytes taken in so far.
    len: u64,
    /// The bytes after the last whole block, `len % 64` of them.
    rest: Block,
}

impl Default for Sha256 {
    fn default() -> Self {
        Self { state: INITIAL, len: 0, rest: [0; BLOCK] }
    }
}

impl Sha256 {
    fn held(&self) -> usize {
        usize::from(self.len.to_le_bytes()[0] % 64)
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let blocks = self.fill(bytes);
        compress256(&mut self.state, blocks);
    }

    /// Takes in all of `bytes` except that the whole blocks given back are still to be done.
    fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [Block] {
        let held = self.held();
        self.len = self.len.wrapping_add(bytes.len() as u64);
        let mut bytes = bytes;
        if held > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - held));
            self.rest[held..held + now.len()].copy_from_slice(now);
            if held + now.len() < BLOCK {
                return &[];
            }
            compress256(&mut self.state, std::slice::from_ref(&self.rest));
            bytes = later;
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        self.rest[..rest.len()].copy_from_slice(rest);
        blocks
    }

    /// The digest of everything taken in.
    pub fn finish(mut self) -> [u8; 32] {
        let held = self.held();
        let mut last = [[0; BLOCK]; 2];
        last[0][..held].copy_from_slice(&self.rest[..held]);
        last[0][held] = 0x80;
        // The bit length needs eight bytes behind the padding.
        let blocks = if held < BLOCK - 8 { 1 } else { 2 };
        let bits = self.len.wrapping_mul(8);
        last[blocks - 1][BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, &last[..blocks]);
        let mut digest = [0; 32];
        for (out, word) in digest.chunks_exact_mut(4).zip(self.state) {
            out.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    /// What was taken in so far, to go on with later. It says as much about the bytes as
    /// their digest does.
    pub fn save(&self) -> [u8; SAVED] {
        let mut saved = [0; SAVED];
        saved[..8].copy_from_slice(&self.len.to_be_bytes());
        for (out, word) in saved[8..40].chunks_exact_mut(4).zip(self.state) {
            out.copy_from_slice(&word.to_be_bytes());
        }
        let held = self.held();
        saved[40..40 + held].copy_from_slice(&self.rest[..held]);
        saved
    }

    /// Goes on from what [`Sha256::save`] gave. Any bytes are a state; whether it belongs to
    /// the bytes at hand shows in the digest.
    pub fn restore(saved: &[u8; SAVED]) -> Self {
        let word = |at: usize| [saved[at], saved[at + 1], saved[at + 2], saved[at + 3]];
        let (high, low) = (u32::from_be_bytes(word(0)), u32::from_be_bytes(word(4)));
        let mut rest = [0; BLOCK];
        rest.copy_from_slice(&saved[40..]);
        Self {
            len: u64::from(high) << 32 | u64::from(low),
            state: std::array::from_fn(|index| u32::from_be_bytes(word(8 + 4 * index))),
            rest,
        }
    }
}

/// Takes bytes into several streams, with the fastest kernels of this processor.
pub fn update_many(streams: &mut [(&mut Sha256, &[u8])]) {
    update_many_by(&Kernels::detected(), streams);
}

/// [`update_many`] with certain kernels only: for tests and measurements.
pub fn update_many_by(kernels: &Kernels, streams: &mut [(&mut Sha256, &[u8])]) {
    /// Streams looked at together: the state of this many is on the stack.
    const GROUP: usize = 64;
    for group in streams.chunks_mut(GROUP) {
        let mut work: [Work<'_>; GROUP] = [Work::default(); GROUP];
        let work = &mut work[..group.len()];
        for (at, (work, (stream, bytes))) in work.iter_mut().zip(group.iter_mut()).enumerate() {
            let blocks = stream.fill(bytes);
            *work = Work { stream: at, state: stream.state, blocks };
        }
        kernels.run(work);
        for work in work {
            group[work.stream].0.state = work.state;
        }
    }
}

/// Whole blocks that one stream has to do.
#[derive(Clone, Copy, Debug, Default)]
struct Work<'b> {
    /// Place of the stream.
    stream: usize,
    state: State,
    blocks: &'b [Block],
}
