//! Where the bytes of files lie on disk, for readers that are not this process.

use std::path::PathBuf;

use super::content::{check_tar, open_layer};
use super::load::{Loaded, Origin};
use super::oci::{self, Form};
use super::parts;
use crate::finding::{Code, Problem, Result};
use crate::hash::Meter;
use crate::model::release::FileEntry;

/// Where a file's bytes lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Position of the file in the file index.
    pub file: usize,
    /// The file on disk.
    pub disk: PathBuf,
    /// Where its bytes begin in that file.
    pub offset: u64,
}

/// Says where the bytes of the wanted files lie. Those of compressed layers and those
/// stored in parts are written into the folder that `make_folder` makes, under names of our own.
pub fn locate(
    loaded: &Loaded,
    wanted: impl Fn(&FileEntry) -> bool,
    mut make_folder: impl FnMut() -> Result<PathBuf>,
) -> Result<Vec<Located>> {
    let all = || loaded.files.files.iter().enumerate().filter(|(_, file)| wanted(file));
    let source = match &loaded.origin {
        Origin::Folder(root) => {
            // Links of folders lead elsewhere by the time somebody else opens the file.
            let root = root.canonicalize().map_err(|error| Problem::reading(root, error))?;
            let place = |(file, entry): (usize, &FileEntry)| Located {
                file,
                disk: root.join(entry.path.as_str()),
                offset: 0,
            };
            return Ok(all().map(place).collect());
        }
        Origin::Bundle(source) => source,
    };
    let mut found = Vec::new();
    for (file, entry) in all().filter(|(_, entry)| entry.in_parts()) {
        let disk = make_folder()?.join(file.to_string());
        let failed = |error| Problem::writing(&disk, error);
        let target = crate::fsx::create_new(&disk).map_err(failed)?;
        parts::join(loaded, source, entry, (&target, &disk), &Meter::default())?;
        found.push(Located { file, disk, offset: 0 });
    }
    let whole = || all().filter(|(_, entry)| !entry.in_parts());
    let mut layers: Vec<usize> = whole().map(|(_, file)| file.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    for layer in layers {
        let Some(descriptor) = loaded.manifest.layers.get(layer) else { continue };
        let here = || whole().filter(|(_, file)| file.layer == layer);
        if oci::layer_form(&descriptor.media_type) == Some(Form::Raw) {
            let (disk, offset) = source
                .place(descriptor)?
                .ok_or_else(|| Problem::new(Code::MissingBlob, descriptor.digest))?;
            found.extend(here().map(|(file, _)| Located { file, disk: disk.clone(), offset }));
            continue;
        }
        let span = open_layer(source, descriptor)?;
        let folder = make_folder()?;
        check_tar(loaded, layer, &span, &Meter::default(), |entry, content| {
            let Some((file, _)) = here().find(|(_, file)| file.path == entry.path) else {
                return Ok(());
            };
            let disk = folder.join(file.to_string());
            let failed = |error| Problem::writing(&disk, error);
            let mut out = crate::fsx::create_new(&disk).map_err(failed)?;
            std::io::copy(content, &mut out).map_err(failed)?;
            found.push(Located { file, disk, offset: 0 });
            Ok(())
        })?;
    }
    found.sort_by_key(|located| located.file);
    Ok(found)
}
