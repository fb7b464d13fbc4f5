//! The plugin `weights`, on stable Rust.

use pkg_fuzz::{driver, plugins::weights};

#[test]
fn every_input_is_an_answer() {
    driver::drive("weights", &[weights::target(weights::run::<pkg_weights::Weights>)]);
}
