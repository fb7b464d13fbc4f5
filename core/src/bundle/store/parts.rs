//! Files that are stored in parts, each a blob of its own.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::super::source::blob_name;
use super::archive::Archive;
use super::folder::Folder;
use super::{StoreMode, Take, Taken, read_or_write};
use crate::finding::{Code, Problem, Result};
use crate::fsx::{self, FileState};
use crate::hash::{Ingested, Meter, Part, PartStore, Span, ingest_parts};

impl Folder {
    /// Stores a file in parts, and says whether it was read. What is known of it is used
    /// when every part can be had from the older bundle.
    pub(super) fn take_parts(
        &self,
        take: &Take,
        source: &File,
        (known, lens): (Option<&Ingested>, &[u64]),
        buffer: &mut [u8],
        meter: &Meter,
    ) -> Result<(Ingested, bool)> {
        if matches!(self.mode, StoreMode::Hardlink | StoreMode::Reflink) {
            return Err(Problem::new(Code::LinkUnsupported, take.disk.display())
                .detail("parts of a file begin anywhere in it; they cannot be linked")
                .hint("Leave `--store` away, or `--shard`."));
        }
        let at_hand = |part: &Part| self.link_previous(&part.digest, part.len);
        if let Some(known) = known.filter(|known| !known.parts.is_empty())
            && known.parts.iter().all(at_hand)
        {
            meter.add(take.size);
            return Ok((known.clone(), false));
        }
        let span = whole(source, take)?;
        let mut store = IntoFolder { folder: self, open: None };
        let ingested = ingest_parts(&span, lens, &mut store, buffer, meter);
        let ingested = ingested.map_err(|error| read_or_write(&take.disk, &self.root, error))?;
        Ok((ingested, true))
    }
}

fn whole(source: &File, take: &Take) -> Result<Span> {
    let file = source.try_clone().map_err(|error| Problem::reading(&take.disk, error))?;
    Ok(Span { file: Arc::new(file), offset: 0, len: take.size })
}

/// Writes parts to blobs. They are flushed with the folder that they are in.
struct IntoFolder<'a> {
    folder: &'a Folder,
    open: Option<(PathBuf, File)>,
}

impl PartStore for IntoFolder<'_> {
    fn begin(&mut self) -> io::Result<()> {
        let temporary = self.folder.temporary();
        let file = fsx::create_new(&temporary)?;
        self.open = Some((temporary, file));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.open {
            Some((_, file)) => file.write_all(bytes),
            None => Err(io::Error::other("no part was begun")),
        }
    }

    fn end(&mut self, part: Part) -> io::Result<()> {
        let Some((temporary, _)) = self.open.take() else {
            return Err(io::Error::other("no part was begun"));
        };
        // What the older bundle or another part has is not kept twice.
        if self.folder.link_previous(&part.digest, part.len) {
            fs::remove_file(&temporary)
        } else {
            fs::rename(&temporary, self.folder.blob(&part.digest))
        }
    }
}

impl Archive {
    /// Appends the parts of a file; one that is there already is not written again.
    pub(super) fn take_parts(
        &mut self,
        take: &Take,
        lens: &[u64],
        buffer: &mut [u8],
        meter: &Meter,
    ) -> Result<Taken> {
        let file = fsx::open_regular(&take.disk)?;
        let read_at = SystemTime::now();
        let state = take.state_of(&file)?;
        let span = whole(&file, take)?;
        let path = self.path.clone();
        let mut store = IntoArchive { archive: self, done: 0 };
        let ingested = ingest_parts(&span, lens, &mut store, buffer, meter)
            .map_err(|error| read_or_write(&take.disk, &path, error))?;
        let after = FileState::of(&file).map_err(|error| Problem::reading(&take.disk, error))?;
        if state == after {
            Ok(Taken { ingested, state, read_at, read: true })
        } else {
            Err(Problem::new(Code::FileChanged, take.disk.display()))
        }
    }
}

/// Writes parts behind the end of an archive; each counts once its header is written.
struct IntoArchive<'a> {
    archive: &'a mut Archive,
    done: u64,
}

impl PartStore for IntoArchive<'_> {
    fn begin(&mut self) -> io::Result<()> {
        self.done = 0;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let at = self.archive.end + 512 + self.done;
        self.done += bytes.len() as u64;
        self.archive.file.write_all_at(bytes, at)
    }

    fn end(&mut self, part: Part) -> io::Result<()> {
        if !self.archive.present.insert(part.digest) {
            return Ok(());
        }
        let at = self.archive.reserve(part.len);
        self.archive.put_header(&blob_name(&part.digest), part.len, at)
    }
}
