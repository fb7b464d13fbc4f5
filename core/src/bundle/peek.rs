//! Reading a few files of a release, checked, without unpacking it.

use std::io::Read as _;

use super::content::{check_tar, open_layer};
use super::load::{Loaded, Origin};
use super::oci::{self, Form};
use super::parts;
use super::source::mismatch;
use crate::finding::{Problem, Result};
use crate::fsx::{self, FileRef};
use crate::hash::{Chain, Meter, Span, SpanReader};
use crate::model::digest::Digest;
use crate::model::release::FileEntry;

/// Reads the beginning of files. `wanted` says how many bytes of each, 0 for none;
/// `take` gets them. Files of which all was read are checked against their digest,
/// and so is every file of a compressed layer.
pub fn read_files(
    loaded: &Loaded,
    wanted: impl Fn(&FileEntry) -> u64,
    mut take: impl FnMut(&FileEntry, Vec<u8>),
) -> Result<()> {
    let files = || loaded.files.files.iter().filter(|file| wanted(file) > 0);
    match &loaded.origin {
        Origin::Folder(root) => {
            for file in files() {
                let limit = wanted(file);
                let disk = FileRef::in_folder(root, file.path.as_str())?;
                let mut bytes = Vec::new();
                let opened = fsx::open_regular(&disk)?;
                let read = opened.take(limit).read_to_end(&mut bytes);
                read.map_err(|error| Problem::reading(&disk, error))?;
                checked(file, &bytes)?;
                take(file, bytes);
            }
        }
        Origin::Bundle(source) => {
            for file in files().filter(|file| file.in_parts()) {
                let bytes = parts::head(loaded, source, file, wanted(file))?;
                checked(file, &bytes)?;
                take(file, bytes);
            }
            let whole = files().filter(|file| !file.in_parts());
            let mut layers: Vec<usize> = whole.map(|file| file.layer).collect();
            layers.sort_unstable();
            layers.dedup();
            for layer in layers {
                let Some(descriptor) = loaded.manifest.layers.get(layer) else { continue };
                let span = open_layer(source, descriptor)?;
                if oci::layer_form(&descriptor.media_type) == Some(Form::Raw) {
                    for file in files().filter(|file| file.layer == layer) {
                        let mut bytes = Vec::new();
                        let read = SpanReader::new(span.clone())
                            .take(wanted(file))
                            .read_to_end(&mut bytes);
                        let path = std::path::Path::new(file.path.as_str());
                        read.map_err(|error| Problem::reading(path, error))?;
                        checked(file, &bytes)?;
                        take(file, bytes);
                    }
                    continue;
                }
                // What is kept counts only if the whole layer proves to be right.
                let mut kept: Vec<(FileEntry, Vec<u8>)> = Vec::new();
                check_tar(loaded, layer, &span, &Meter::default(), |file, content| {
                    let limit = wanted(file);
                    if limit > 0 {
                        let mut bytes = Vec::new();
                        let read = content.take(limit).read_to_end(&mut bytes);
                        let path = std::path::Path::new(file.path.as_str());
                        read.map_err(|error| Problem::reading(path, error))?;
                        kept.push((file.clone(), bytes));
                    }
                    Ok(())
                })?;
                for (file, bytes) in kept {
                    take(&file, bytes);
                }
            }
        }
    }
    Ok(())
}

/// A file that is stored as it is, in one layer or in parts, for reading; none for one
/// in a compressed layer.
pub fn open_file<'a>(loaded: &'a Loaded, file: &'a FileEntry) -> Result<Option<Chain<'a>>> {
    match &loaded.origin {
        Origin::Folder(root) => {
            let disk = FileRef::in_folder(root, file.path.as_str())?;
            let opened = fsx::open_regular(&disk)?;
            let len = opened.metadata().map_err(|error| Problem::reading(&disk, error))?.len();
            Ok(Some(Span { file: std::sync::Arc::new(opened), offset: 0, len }.into()))
        }
        Origin::Bundle(source) => {
            if file.in_parts() {
                return parts::chain(loaded, source, file).map(Some);
            }
            let Some(layer) = loaded.manifest.layers.get(file.layer) else { return Ok(None) };
            if oci::layer_form(&layer.media_type) == Some(Form::Raw) {
                open_layer(source, layer).map(|span| Some(span.into()))
            } else {
                Ok(None)
            }
        }
    }
}

/// A file that was read whole must be the one that is recorded.
fn checked(file: &FileEntry, bytes: &[u8]) -> Result<()> {
    if bytes.len() as u64 != file.size {
        return Ok(());
    }
    let actual = Digest::of(bytes);
    if actual == file.digest { Ok(()) } else { Err(mismatch(&file.path, file.digest, actual)) }
}
