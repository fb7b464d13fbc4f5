//! The plugin `tokenizer`, on stable Rust.

use pkg_fuzz::{driver, plugins::tokenizer};

#[test]
fn every_input_is_an_answer() {
    driver::drive("tokenizer", &[tokenizer::target(tokenizer::run::<pkg_tokenizer::Tokenizer>)]);
}
