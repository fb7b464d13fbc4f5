//! Licence knowledge: what each licence permits, forbids and asks for.
//!
//! One file in `core/licences` for each licence, built in and read when first
//! needed. Nothing here is legal advice.

mod derive;
pub mod expression;
mod listed;
mod record;
pub mod text;

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};

use crate::finding::{Code, Problem, Result};

pub use derive::{Blocker, Tier};
pub use listed::lookup;
pub use record::*;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/licences");

static ALL: LazyLock<Vec<Licence>> = LazyLock::new(|| {
    // Each file is checked by the tests, so none is left out here.
    FILES.files().filter_map(|file| parse(file.contents_utf8()?, "").ok()).collect()
});

/// Every licence, in the order of the file names.
pub fn all() -> &'static [Licence] {
    &ALL
}

/// The licence with this id.
pub fn find(id: &str) -> Option<&'static Licence> {
    all().iter().find(|licence| licence.id == id)
}

/// Licences that have this other name; letter case does not matter. Several when
/// dated texts share it.
pub fn named(name: &str) -> Vec<&'static Licence> {
    let fits = |licence: &&Licence| {
        licence.name.eq_ignore_ascii_case(name)
            || licence.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    };
    all().iter().filter(fits).collect()
}

/// Reads one file.
pub fn parse(text: &str, subject: &str) -> Result<Licence> {
    toml::from_str(text).map_err(|error| {
        Problem::new(Code::LicenceRecord, subject).detail(error.to_string()).source(error)
    })
}

#[cfg(test)]
mod tests;
