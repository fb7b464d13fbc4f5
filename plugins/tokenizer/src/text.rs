//! Small files.

use std::io::Read as _;

use pkg_plugin_sdk::File;

/// The bytes of a file of at most `most` bytes; the error is the reason, for people.
pub(crate) fn read(file: &File, most: u64) -> Result<Vec<u8>, String> {
    if file.bytes > most {
        return Err(format!("it has {} bytes; at most {most} are read", file.bytes));
    }
    let mut bytes = Vec::new();
    let opened = file.open().map_err(|error| format!("cannot be read: {error}"))?;
    opened
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 != file.bytes {
        return Err(format!("it ends after {} of {} bytes", bytes.len(), file.bytes));
    }
    Ok(bytes)
}

/// Whether a name ends in a dot and this extension, whatever its case.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(extension))
}
