//! The plugin `pickle`, on stable Rust.

use pkg_fuzz::{driver, plugins::pickle};

#[test]
fn every_input_is_an_answer() {
    driver::drive("pickle", &[pickle::target(pickle::run::<pkg_pickle::Pickles>)]);
}
