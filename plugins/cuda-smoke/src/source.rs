//! Bytes of files: read once, in order, and hashed on the way.

use std::io::Read as _;
use std::sync::mpsc;
use std::thread;

use pkg_plugin_sdk::File;
use sha2::{Digest as _, Sha256};

use crate::engine::{EngineError, Result};

/// Bytes that are read at a time.
const CHUNK: usize = 4 << 20;
/// Chunks that may wait between reading and hashing.
const AHEAD: usize = 2;

/// Reads a file once, from its first byte to its last, and checks its digest.
///
/// `sink` gets each chunk with its offset in the file, in order; a thread of its own reads
/// ahead meanwhile. What the sink got is only worth something if this returns without an
/// error: the digest is known at the end. The answer is the SHA-256, 64 hexadecimal digits.
pub fn stream(file: &File, mut sink: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<String> {
    let mut reader = file.open().map_err(|error| reading(file, &error))?;
    let mut hash = Sha256::new();
    let mut offset = 0_u64;
    thread::scope(|scope| {
        let (full, chunks) = mpsc::sync_channel::<std::io::Result<Vec<u8>>>(AHEAD);
        let (back, used) = mpsc::channel::<Vec<u8>>();
        scope.spawn(move || {
            loop {
                let mut chunk = used.try_recv().unwrap_or_default();
                chunk.clear();
                let read = reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
                let end = !matches!(read, Ok(1..));
                // An error here says that nobody listens any more.
                if full.send(read.map(|_| chunk)).is_err() || end {
                    return;
                }
            }
        });
        while let Ok(chunk) = chunks.recv() {
            let chunk = chunk.map_err(|error| reading(file, &error))?;
            if chunk.is_empty() {
                break;
            }
            hash.update(&chunk);
            sink(offset, &chunk)?;
            offset += chunk.len() as u64;
            let _ = back.send(chunk);
        }
        Ok(())
    })?;
    if offset != file.bytes {
        return Err(EngineError::Failed(format!(
            "{} ends after {offset} of {} bytes",
            file.path, file.bytes
        )));
    }
    let found = hex(&hash.finalize());
    check(file, &found)?;
    Ok(found)
}

/// Reads a whole file into memory, once, and checks its digest.
pub fn load(file: &File) -> Result<Vec<u8>> {
    let there = std::fs::metadata(&file.disk).map_err(|error| reading(file, &error))?.len();
    let end = file.offset.checked_add(file.bytes);
    if end.is_none_or(|end| end > there) {
        return Err(EngineError::Failed(format!(
            "{} should have {} bytes from byte {}, but its file has {there}",
            file.path, file.bytes, file.offset
        )));
    }
    if let Some(free) = available_memory()
        && file.bytes > free
    {
        return Err(EngineError::Failed(format!(
            "{} has {} bytes, more than the {free} bytes of free memory",
            file.path, file.bytes
        )));
    }
    let mut bytes = Vec::new();
    // The file is as long as that; should memory not suffice, it is said here.
    let length = usize::try_from(file.bytes).ok().filter(|n| bytes.try_reserve_exact(*n).is_ok());
    if length.is_none() {
        return Err(EngineError::Failed(format!(
            "{} has {} bytes, more than memory holds",
            file.path, file.bytes
        )));
    }
    stream(file, |_, chunk| {
        bytes.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(bytes)
}

/// Holds a digest of 64 hexadecimal digits against the one that the request promises.
pub fn check(file: &File, found: &str) -> Result<()> {
    let wanted = file.digest.strip_prefix("sha256:").ok_or_else(|| {
        EngineError::Failed(format!("{} has no sha256 digest: {:?}", file.path, file.digest))
    })?;
    if wanted.eq_ignore_ascii_case(found) {
        return Ok(());
    }
    Err(EngineError::Failed(format!("{} has the digest {found}, but {wanted} is due", file.path)))
}

/// The digest that the request promises: 64 hexadecimal digits.
pub fn promised(file: &File) -> &str {
    file.digest.strip_prefix("sha256:").unwrap_or(&file.digest)
}

/// SHA-256 of bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A small file, whole, with its digest checked.
pub fn small(file: &File, limit: u64) -> Result<Vec<u8>> {
    if file.bytes > limit {
        return Err(EngineError::Failed(format!(
            "{} has {} bytes; at most {limit} are read",
            file.path, file.bytes
        )));
    }
    load(file)
}

/// Why a file could not be read.
pub(crate) fn reading(file: &File, error: &std::io::Error) -> EngineError {
    EngineError::Failed(format!("{} cannot be read: {error}", file.path))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Memory that may still be used, in bytes, where the system tells (`MemAvailable`).
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
