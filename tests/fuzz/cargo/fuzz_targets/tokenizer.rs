//! The plugin `tokenizer` under libFuzzer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pkg_fuzz::plugins::tokenizer;

fuzz_target!(|data: &[u8]| {
    tokenizer::target(tokenizer::run::<pkg_tokenizer::Tokenizer>).check(data);
});
