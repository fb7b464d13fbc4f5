//! The plugin `pickle` under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pkg_fuzz::plugins::pickle;

fuzz_target!(|data: &[u8]| {
    pickle::target(pickle::run::<pkg_pickle::Pickles>).check(data);
});
