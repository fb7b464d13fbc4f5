//! One target of `core`, `formats` or the plugin host under libFuzzer: the one that
//! `PKG_FUZZ_TARGET` names. One program for all of them, as each takes long to link.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pkg_fuzz::mutate::{Dice, mutate};
use pkg_fuzz::{TARGETS, Target, named};

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("PKG_FUZZ_TARGET").expect("PKG_FUZZ_TARGET names a target");
        let target = named(TARGETS, &name);
        // Tables that are made once are no cost of an input.
        (target.seeds)().iter().for_each(|seed| (target.run)(seed));
        target
    })
}

fuzz_target!(|data: &[u8]| {
    target().check(data);
});

// Half of the changes know what the input is; the other half is libFuzzer's own.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::new(seed.into());
    if dice.below(2) == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let changed = mutate(&mut dice, target().form, &data[..size], &data[..size]);
    let len = changed.len().min(max_size);
    data[..len].copy_from_slice(&changed[..len]);
    len
});
