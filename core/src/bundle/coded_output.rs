//! A layout being written blob by blob, whose names are known when their bytes are.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::tarball::file_header;
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, Staged};
use crate::hash::BUFFER;

/// A layout folder, or an archive where the name ends in `.tar`.
#[derive(Debug)]
pub(super) struct Output {
    staged: Staged,
    /// Where the next file of an archive begins; none for a folder.
    end: Option<u64>,
    names: HashSet<String>,
}

/// Writes into a file from a place on.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Write for At<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// Begins a layout at `target`, where nothing may be.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        if fsx::exists(target) && !fsx::is_empty_folder(target) {
            return Err(Problem::new(Code::OutputExists, target.display()));
        }
        let names = HashSet::new();
        if target.extension().is_some_and(|extension| extension == "tar") {
            return Ok(Self { staged: Staged::file(target)?, end: Some(0), names });
        }
        let staged = Staged::folder(target)?;
        let blobs = staged.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|error| Problem::writing(&blobs, error))?;
        Ok(Self { staged, end: None, names })
    }

    /// Adds a file: `fill` writes its bytes and gives its name, or nothing if it is not to
    /// be kept. A name that is there already is not added again.
    pub(super) fn add(
        &mut self,
        fill: impl FnOnce(&mut dyn Write) -> Result<Option<String>>,
    ) -> Result<()> {
        let target = self.staged.target().to_owned();
        let writing = |error| Problem::writing(&target, error);
        let incoming = self.staged.path().join("incoming");
        let made;
        let (file, offset) = if let Some(end) = self.end {
            (self.staged.handle(), end + 512)
        } else {
            made = fsx::create_new(&incoming).map_err(writing)?;
            (&made, 0)
        };
        let mut sink = io::BufWriter::with_capacity(BUFFER, At { file, offset });
        let name = fill(&mut sink)?;
        let at = sink.into_inner().map_err(|error| writing(error.into_error()))?;
        let size = at.offset - offset;
        let name = name.filter(|name| self.names.insert(name.clone()));
        match (&mut self.end, name) {
            (Some(end), Some(name)) => {
                let mut header = file_header(size, false);
                header.set_path(&name).map_err(writing)?;
                header.set_cksum();
                file.write_all_at(header.as_bytes(), *end).map_err(writing)?;
                let padding = usize::try_from(size.next_multiple_of(512) - size).unwrap_or(0);
                file.write_all_at(&[0; 512][..padding], at.offset).map_err(writing)?;
                *end += 512 + size.next_multiple_of(512);
                Ok(())
            }
            // Written over by what comes next.
            (Some(_), None) => Ok(()),
            (None, Some(name)) => {
                fs::rename(&incoming, self.staged.path().join(name)).map_err(writing)
            }
            (None, None) => fsx::remove(&incoming).map_err(writing),
        }
    }

    /// Adds a small file.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let target = self.staged.target().to_owned();
        self.add(|sink| {
            sink.write_all(bytes).map_err(|error| Problem::writing(&target, error))?;
            Ok(Some(name.to_owned()))
        })
    }

    /// Flushes it, and makes it appear.
    pub(super) fn finish(self) -> Result<()> {
        if let Some(end) = self.end {
            let writing = |error| Problem::writing(self.staged.target(), error);
            let file = self.staged.handle();
            file.write_all_at(&[0; 1024], end).map_err(writing)?;
            file.set_len(end + 1024).map_err(writing)?;
        }
        self.staged.commit(false)
    }
}
