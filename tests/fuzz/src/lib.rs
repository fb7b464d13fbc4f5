//! Fuzz targets for every parser of `pkg`.
//!
//! A target takes any bytes, hands them to a parser and asserts what must hold for every
//! input: it does not panic, what it read is written and read again as the same, no
//! signature that was changed counts, and memory and work are bounded ([`heap`]). The
//! same targets run under libFuzzer (`tests/fuzz/cargo`) and, with seeded changes of a
//! corpus, under `cargo test` ([`driver`]). `docs/fuzzing.md` says which parser is in
//! which target.

pub mod driver;
pub mod heap;
pub mod mutate;
pub mod plugins;
pub mod seeds;
mod targets;

pub use mutate::Form;
pub use targets::TARGETS;

/// One parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of regressions.
    pub name: &'static str,
    /// What its inputs are.
    pub form: Form,
    /// Gives an input to the parser; panics where something does not hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// Runs one input, and holds its cost against what it may cost.
    pub fn check(&self, data: &[u8]) -> heap::Cost {
        let cost = heap::measure(|| (self.run)(data));
        heap::hold(cost, data.len());
        cost
    }
}

/// The target of this name among `targets`.
///
/// # Panics
/// If there is none.
pub fn named<'a>(targets: &'a [Target], name: &str) -> &'a Target {
    let found = targets.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("there is no target {name:?}"))
}
