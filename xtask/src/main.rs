//! `cargo xtask`: the project's own scripts.
fn main() {}
