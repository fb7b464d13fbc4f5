//! Where the data of a repository is.

use std::path::{Path, PathBuf};

use super::open;
use crate::finding::{Problem, Result};

/// The folder with the data of the repository that `place` is in (`.git`, mostly), as an
/// absolute path.
pub fn directory(place: &Path) -> Result<PathBuf> {
    let repository = open(place, &place.display().to_string())?;
    let path = repository.path();
    path.canonicalize().map_err(|error| Problem::reading(path, error))
}
