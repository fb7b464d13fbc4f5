//! What must hold for every bundle that somebody changed.

use std::fs;
use std::path::Path;

use crate::{Layout, Out, Place, TarEntry, tar_zstd};

/// Content of the README of the model.
pub const README: &[u8] = b"# Tiny\n\nA model for tests.\n";

/// Verifying `m.pkg` must be refused so; unpacking too, with nothing left behind.
pub fn refused(place: &Place, args: &[&str], code: &str) -> Out {
    let out = place.finds(&[&["verify", "m.pkg"], args].concat(), code, 10);
    let before = place.names();
    let unpacked = place.run(&["unpack", "m.pkg", "out"]);
    assert_eq!(unpacked.code, Some(10), "{code}: {unpacked:?}");
    assert_eq!(place.names(), before, "{code}: unpack left something behind");
    out
}

/// A hostile publisher's change is refused even when its digest is what was asked for.
pub fn publisher(code: &str, edit: impl FnOnce(&Layout)) -> Out {
    let place = Place::packed();
    let layout = Layout::at(&place.path("m.pkg"));
    edit(&layout);
    refused(&place, &["--digest", &layout.digest()], code)
}

/// Replaces the layer with the README by a tar of these entries, which must be refused so.
pub fn tar_layer(code: &str, entries: &[TarEntry]) -> Out {
    publisher(code, |layout| {
        let (bytes, diff_id) = tar_zstd(entries);
        layout.replace_layer(layout.layer_ending("doc.v1.tar+zstd"), &bytes, &diff_id);
    })
}

/// Changes one bit in the middle of a file.
pub fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("the file");
}

/// Makes a named pipe.
pub fn mkfifo(path: &Path) {
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("a pipe");
}
