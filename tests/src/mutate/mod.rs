//! The mutation campaign: something signed is changed in one place, and the verifier must
//! refuse it by name, or what it accepts must be proved to be the same.
//!
//! [`material`] makes what is changed, [`spots`] finds every field of it, however deep it is
//! encoded, [`plan`] says what is changed, [`mod@bench`] changes it on disk and asks the library,
//! [`oracle`] judges the answer by what the files hold, [`neutral`] is the list of what may be
//! accepted, and [`tally`] counts. Nothing here believes the verifier: content, statements and
//! fields are compared by this code alone.

pub mod bench;
pub mod der;
pub mod json;
pub mod material;
pub mod neutral;
pub mod oracle;
pub mod plan;
pub mod refit;
pub mod spots;
pub mod swaps;
pub mod tally;

use std::collections::BTreeMap;

pub use crate::random::Rng;

/// Files of a case, by their path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A change on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The file holds this now.
    Write(String, Vec<u8>),
    /// The file is gone.
    Remove(String),
    /// The file has this mode.
    Mode(String, u32),
    /// A symbolic link is in place of the file.
    Link(String, String),
    /// A folder is in place of the file.
    Folder(String),
}

impl Edit {
    /// The path that is changed.
    pub fn path(&self) -> &str {
        match self {
            Self::Write(path, _)
            | Self::Remove(path)
            | Self::Mode(path, _)
            | Self::Link(path, _)
            | Self::Folder(path) => path,
        }
    }
}

/// One mutation.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// Row of the table.
    pub kind: &'static str,
    /// What was changed, for people.
    pub what: String,
    /// The changes.
    pub edits: Vec<Edit>,
    /// Which original each new file is made from, where its name changed.
    pub from: BTreeMap<String, String>,
}

impl Mutation {
    /// A mutation of these edits.
    pub fn new(kind: &'static str, what: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { kind, what: what.into(), edits, from: BTreeMap::new() }
    }

    /// The files after it, as far as they are plain files.
    pub fn applied(&self, files: &Files) -> Files {
        let mut after = files.clone();
        for edit in &self.edits {
            match edit {
                Edit::Write(path, bytes) => {
                    after.insert(path.clone(), bytes.clone());
                }
                Edit::Remove(path) | Edit::Link(path, _) | Edit::Folder(path) => {
                    after.remove(path);
                }
                Edit::Mode(..) => {}
            }
        }
        after
    }
}
