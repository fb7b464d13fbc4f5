//! Copying a bundle whole, as it is.

use std::fs::File;
use std::path::Path;

use super::source::Source;
use crate::finding::{Problem, Result};
use crate::fsx;

/// Copies a layout folder or an archive to `target`, which must be new.
///
/// Blobs are cloned where the file system can. Nothing is checked on the way:
/// whoever needs a copy that is right verifies the copy.
pub fn copy(source: &Source, target: &Path) -> Result<()> {
    if source.is_archive() {
        return copy_file(source.path(), target);
    }
    let make = |folder: &Path| {
        std::fs::create_dir(folder).map_err(|error| Problem::writing(folder, error))
    };
    make(target)?;
    make(&target.join("blobs"))?;
    make(&target.join("blobs/sha256"))?;
    for name in ["oci-layout", "index.json"] {
        copy_file(&source.path().join(name), &target.join(name))?;
    }
    for blob in source.blobs()? {
        let name = format!("blobs/sha256/{blob}");
        copy_file(&source.path().join(&name), &target.join(&name))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let mut source = fsx::open_regular(from)?;
    let mut target = fsx::create_new(to).map_err(|error| Problem::writing(to, error))?;
    if fsx::reflink(&source, &target).is_ok() {
        return Ok(());
    }
    let copied = |source: &mut File, target: &mut File| std::io::copy(source, target);
    copied(&mut source, &mut target).map(drop).map_err(|error| Problem::writing(to, error))
}
