//! The plugin `weights` under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pkg_fuzz::plugins::weights;

fuzz_target!(|data: &[u8]| {
    weights::target(weights::run::<pkg_weights::Weights>).check(data);
});
