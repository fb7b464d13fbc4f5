//! Every kernel that this processor has, against the `sha2` package.

use proptest::prelude::*;
use sha2::Digest as _;

use super::{BLOCK, Kernel, Kernels, SAVED, Sha256, update_many, update_many_by};

fn expected(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}

/// Bytes that differ from place to place and from `seed` to `seed`.
fn bytes(len: usize, seed: usize) -> Vec<u8> {
    let mut state = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// Kernels one by one, and all of them together.
fn choices() -> Vec<Kernels> {
    let mut choices: Vec<Kernels> = Kernel::ALL.into_iter().filter_map(Kernels::only).collect();
    choices.push(Kernels::detected());
    choices
}

#[test]
fn published_examples_are_met() {
    // FIPS 180-4, examples of NIST: one block, two blocks, no bytes.
    for (text, digest) in [
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ] {
        for kernels in choices() {
            let mut stream = Sha256::default();
            update_many_by(&kernels, &mut [(&mut stream, text.as_bytes())]);
            let shown: String = stream.finish().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(shown, digest, "{kernels:?}");
        }
    }
}

#[test]
fn every_length_and_alignment_is_right() {
    let most = if cfg!(miri) { 2 * BLOCK + 3 } else { 6 * BLOCK };
    let data = bytes(most + BLOCK, 1);
    for kernels in choices() {
        for len in 0..=most {
            for offset in if cfg!(miri) { 0..2 } else { 0..BLOCK } {
                let bytes = &data[offset..offset + len];
                let mut stream = Sha256::default();
                update_many_by(&kernels, &mut [(&mut stream, bytes)]);
                assert_eq!(stream.finish(), expected(bytes), "{kernels:?} {len} {offset}");
            }
        }
    }
}

#[test]
fn every_number_of_streams_is_right() {
    let most = if cfg!(miri) { 4 } else { 70 };
    for kernels in choices() {
        for count in 0..=most {
            let data: Vec<Vec<u8>> =
                (0..count).map(|index| bytes((index * 97) % 1500, index)).collect();
            let mut streams = vec![Sha256::default(); count];
            let mut work: Vec<(&mut Sha256, &[u8])> =
                streams.iter_mut().zip(data.iter().map(Vec::as_slice)).collect();
            update_many_by(&kernels, &mut work);
            for (stream, data) in streams.into_iter().zip(&data) {
                assert_eq!(stream.finish(), expected(data), "{kernels:?} {count}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn streams_in_pieces_are_right(
        lens in proptest::collection::vec(0_usize..2000, 1..40),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
        kernel in 0_usize..16,
    ) {
        let choices = choices();
        let kernels = &choices[kernel % choices.len()];
        let data: Vec<Vec<u8>> =
            lens.iter().enumerate().map(|(seed, len)| bytes(*len, seed)).collect();
        let mut streams = vec![Sha256::default(); data.len()];
        // The same cuts land at another place in each stream.
        let mut from = vec![0; data.len()];
        for cut in cuts.iter().map(Some).chain([None]) {
            let mut work = Vec::new();
            for ((stream, data), from) in streams.iter_mut().zip(&data).zip(&mut from) {
                let to = cut.map_or(data.len(), |cut| cut.index(data.len() + 1)).max(*from);
                work.push((stream, &data[*from..to]));
                *from = to;
            }
            update_many_by(kernels, &mut work);
        }
        for (stream, data) in streams.into_iter().zip(&data) {
            prop_assert_eq!(stream.finish(), expected(data));
        }
    }

    #[test]
    fn a_stream_goes_on_from_what_was_saved(len in 0_usize..400, cut in 0_usize..400) {
        let data = bytes(len, cut);
        let (before, after) = data.split_at(cut.min(len));
        let mut stream = Sha256::default();
        stream.update(before);
        let mut stream = Sha256::restore(&stream.save());
        stream.update(after);
        prop_assert_eq!(stream.finish(), expected(&data));
    }

    #[test]
    fn any_bytes_are_a_state(saved in proptest::collection::vec(any::<u8>(), SAVED)) {
        let mut stream = Sha256::restore(saved.as_slice().try_into().unwrap());
        update_many(&mut [(&mut stream, &[7; 200])]);
        let _ = stream.finish();
    }
}

#[test]
fn the_serial_kernel_is_always_there() {
    assert!(Kernels::detected().iter().any(|kernel| kernel == Kernel::Serial));
    assert!(Kernels::detected().lanes() >= 1);
    for kernel in Kernel::ALL {
        assert_eq!(Kernels::only(kernel).is_some(), kernel.is_available(), "{}", kernel.name());
    }
}
