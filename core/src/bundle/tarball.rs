//! Tar + zstd layers: written deterministically, read strictly.

use std::io::{self, Read, Write};

use crate::finding::{Code, Problem, Result};
use crate::fsx::Failure;
use crate::hash::Hasher;
use crate::model::digest::Digest;
use crate::model::path::ReleasePath;

/// zstd level. Fixed: the level is part of what makes a digest repeatable.
const LEVEL: i32 = 3;

/// Largest zstd window that is accepted, as a power of two: 8 MiB of memory.
const WINDOW_LOG_MAX: u32 = 23;

/// Longest path in a long-name entry.
const MAX_NAME: u64 = 4096;

/// Counts and hashes what passes through to `inner`.
#[derive(Debug)]
pub(super) struct Tee<T> {
    inner: T,
    hasher: Hasher,
    count: u64,
}

impl<T> Tee<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, hasher: Hasher::default(), count: 0 }
    }

    pub(super) fn finish(self) -> (T, Digest, u64) {
        (self.inner, self.hasher.finish(), self.count)
    }
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..got]);
        self.count += got as u64;
        Ok(got)
    }
}

/// Header of a file, without its name: owner and group 0, time 0, mode 0644 or 0755.
pub(super) fn file_header(size: u64, executable: bool) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size);
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// Writes one layer. Entries must come in the order of their paths.
pub(super) struct Writer<W: Write> {
    tar: tar::Builder<Tee<zstd::Encoder<'static, Tee<W>>>>,
}

/// What a written layer turned out to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) diff_id: Digest,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(sink: W) -> io::Result<Self> {
        let mut encoder = zstd::Encoder::new(Tee::new(sink), LEVEL)?;
        encoder.include_checksum(true)?;
        let mut tar = tar::Builder::new(Tee::new(encoder));
        tar.sparse(false);
        Ok(Self { tar })
    }

    /// Adds a file.
    pub(super) fn add(
        &mut self,
        path: &ReleasePath,
        size: u64,
        executable: bool,
        content: impl Read,
    ) -> io::Result<()> {
        let mut header = file_header(size, executable);
        self.tar.append_data(&mut header, path.as_str(), content)
    }

    pub(super) fn finish(self) -> io::Result<(W, Written)> {
        let (encoder, diff_id, _) = self.tar.into_inner()?.finish();
        let (sink, digest, size) = encoder.finish()?.finish();
        Ok((sink, Written { digest, size, diff_id }))
    }
}

/// Uncompressed size of a layer with these files, at most.
pub(super) fn size_limit<'a>(files: impl Iterator<Item = (&'a ReleasePath, u64)>) -> u64 {
    // Per file: header, padding, and a long-name entry where the path needs one.
    let per_file = |(path, size): (&ReleasePath, u64)| {
        let name = if path.as_str().len() > 100 { 1024 } else { 0 };
        size.saturating_add(1024 + name)
    };
    // Other writers pad the end to a record of 10,240 bytes.
    files.map(per_file).fold(20_480, u64::saturating_add)
}

/// One entry of a layer being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHead {
    /// Path of the file in the release.
    pub path: ReleasePath,
    /// Bytes that its header promises.
    pub size: u64,
    /// Whether its owner may run it.
    pub executable: bool,
}

/// Reads a tar + zstd layer from `compressed`, entry by entry.
///
/// `visit` must read each entry to its end. Refused: everything but plain
/// files and folders, extended headers, sparse files, unsafe paths, more than
/// `limit` bytes, and data behind the end mark. Returns the digest of the
/// uncompressed tar.
pub fn read(
    subject: &str,
    compressed: impl Read,
    limit: u64,
    visit: impl FnMut(EntryHead, &mut dyn Read) -> Result<()>,
) -> Result<Digest> {
    let failure = Failure::default();
    failure.or_of(subject, unfold(subject, failure.of(compressed), limit, visit))
}

fn unfold(
    subject: &str,
    compressed: impl Read,
    limit: u64,
    mut visit: impl FnMut(EntryHead, &mut dyn Read) -> Result<()>,
) -> Result<Digest> {
    let broken = |error: io::Error| {
        Problem::new(Code::DecompressionLimit, subject)
            .detail(format!("cannot be decompressed: {error}"))
            .source(error)
    };
    let mut decoder = zstd::Decoder::new(compressed).map_err(broken)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
    let tee = Tee::new(Limited { inner: decoder, left: limit, exceeded: false, broken: None });
    let mut archive = tar::Archive::new(tee);
    let outcome = read_entries(subject, &mut archive, &mut visit);
    let mut tee = archive.into_inner();
    if tee.inner.exceeded {
        return Err(Problem::new(Code::DecompressionLimit, subject)
            .detail(format!("unfolds to more than the {limit} bytes its files need")));
    }
    if let Some(why) = tee.inner.broken.take() {
        return Err(broken(io::Error::other(why)));
    }
    outcome?;
    let mut rest = [0; 8192];
    loop {
        let got = tee.read(&mut rest).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Problem::new(Code::DecompressionLimit, subject)
                .detail(format!("unfolds to more than the {limit} bytes its files need")),
            _ => broken(error),
        })?;
        if got == 0 {
            break;
        }
        if rest[..got].iter().any(|byte| *byte != 0) {
            return Err(Problem::new(Code::TarInvalid, subject).detail("data behind the end mark"));
        }
    }
    Ok(tee.finish().1)
}

fn read_entries<R: Read>(
    subject: &str,
    archive: &mut tar::Archive<R>,
    visit: &mut impl FnMut(EntryHead, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let invalid = |why: String| Problem::new(Code::TarInvalid, subject).detail(why);
    let entries = archive.entries().map_err(|error| invalid(error.to_string()))?;
    let mut long_name: Option<Vec<u8>> = None;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| invalid(format!("damaged: {error}")))?;
        let kind = entry.header().entry_type();
        let raw = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let shown = String::from_utf8_lossy(&raw).into_owned();
        let refused = |what: String| {
            Problem::new(Code::TarEntryRefused, subject).detail(format!("{shown}: {what}"))
        };
        let size = entry.header().entry_size().map_err(|error| invalid(error.to_string()))?;
        match kind {
            tar::EntryType::Regular => {}
            tar::EntryType::Directory => continue,
            tar::EntryType::GNULongName if size <= MAX_NAME => {
                let mut name = Vec::new();
                entry.read_to_end(&mut name).map_err(|error| invalid(error.to_string()))?;
                if name.last() == Some(&0) {
                    name.pop();
                }
                long_name = Some(name);
                continue;
            }
            other => return Err(refused(format!("an entry of type {other:?}"))),
        }
        let path =
            String::from_utf8(raw).map_err(|_| refused("its name is not UTF-8".to_owned()))?;
        let path = ReleasePath::new(path).map_err(|error| {
            Problem::new(Code::UnsafePath, subject).detail(format!("{shown}: {error}"))
        })?;
        let mode = entry.header().mode().map_err(|error| invalid(error.to_string()))?;
        visit(EntryHead { path, size, executable: mode & 0o100 != 0 }, &mut entry)?;
    }
    Ok(())
}

/// Reads at most so many bytes, and remembers why it could not go on: readers
/// above it fold the cause into an error of their own.
struct Limited<R> {
    inner: R,
    left: u64,
    exceeded: bool,
    broken: Option<String>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer).inspect_err(|error| {
            self.broken.get_or_insert_with(|| error.to_string());
        })?;
        let Some(left) = self.left.checked_sub(got as u64) else {
            self.exceeded = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        };
        self.left = left;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Writer, read, size_limit};
    use crate::finding::Code;
    use crate::model::digest::Digest;
    use crate::model::path::ReleasePath;

    fn pack(files: &[(ReleasePath, Vec<u8>)]) -> (Vec<u8>, super::Written) {
        let mut writer = Writer::new(Vec::new()).unwrap();
        for (path, content) in files {
            writer.add(path, content.len() as u64, false, content.as_slice()).unwrap();
        }
        writer.finish().unwrap()
    }

    proptest! {
        #[test]
        fn layers_round_trip(
            names in proptest::collection::btree_set("[a-z]{1,60}/[a-z]{1,60}/[a-z]{1,110}", 0..6),
            content in proptest::collection::vec(any::<u8>(), 0..3000),
        ) {
            let files: Vec<_> = names
                .into_iter()
                .map(|name| (ReleasePath::new(name).unwrap(), content.clone()))
                .collect();
            let (bytes, written) = pack(&files);
            prop_assert_eq!(Digest::of(&bytes), written.digest);
            let limit = size_limit(files.iter().map(|(path, content)| (path, content.len() as u64)));
            let mut seen = Vec::new();
            let diff_id = read("layer", bytes.as_slice(), limit, |head, content| {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes).unwrap();
                seen.push((head.path, bytes));
                Ok(())
            })
            .unwrap();
            prop_assert_eq!(diff_id, written.diff_id);
            prop_assert_eq!(seen, files);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = read("layer", bytes.as_slice(), 10_000, |_, _| Ok(()));
            let packed = zstd::encode_all(bytes.as_slice(), 1).unwrap();
            let _ = read("layer", packed.as_slice(), 10_000, |_, _| Ok(()));
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let file = (ReleasePath::new("zeros").unwrap(), vec![0; 1 << 20]);
        let (bytes, _) = pack(&[file]);
        assert!(bytes.len() < 1000);
        let error = read("layer", bytes.as_slice(), 1 << 16, |_, content| {
            std::io::copy(content, &mut std::io::sink()).map(|_| ()).map_err(|error| {
                crate::finding::Problem::new(Code::TarInvalid, "x").detail(error.to_string())
            })
        })
        .unwrap_err();
        assert_eq!(error.code(), Code::DecompressionLimit);
    }
}
