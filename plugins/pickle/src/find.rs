//! Finds pickles in a file: by content, inside archives, and by what a name claims.

use std::io;

use crate::blob::Blob;
use crate::claim::{Claim, claim, closed, is_zlib, leads_out};
use crate::content::{Budget, Content, Packing};
use crate::npy::{self, Follows};
use crate::report::shown;
use crate::walk::{Walk, walk};
use crate::{tar, zip};

/// How deep archives may lie in archives.
const MAX_DEPTH: u8 = 4;
/// Most bytes that one file may be decompressed to.
const MAX_INFLATED: u64 = 4 << 30;
/// Most bytes that are decompressed into memory, for an archive inside an archive.
const MAX_WHOLE: u64 = 256 << 20;
/// Compressed bytes up to this size are decompressed into memory to look at their end.
const SMALL: u64 = 4 << 20;
/// How often the bytes of a file may be read, because entries of archives overlap.
const MAX_TIMES: u64 = 8;
/// Bytes that may be read in any case.
const FREE: u64 = 256 << 20;
/// Most pickles of one file that are kept, of each kind.
const MAX_PICKLES: usize = 100;
/// Most entries of all archives in one file.
const MAX_ENTRIES: u64 = 200_000;

/// A pickle.
#[derive(Debug, Clone)]
pub struct Pickle {
    /// Where it is inside of the file; empty: it is the file.
    pub place: String,
    /// What the walk found.
    pub walk: Walk,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub struct Found {
    /// The pickles; the first ones of each kind.
    pub pickles: Vec<Pickle>,
    /// How many more there are that import or call what is not allowed, that cannot be
    /// followed, and that are clean.
    pub more: [u64; 3],
    /// What could not be looked at: where inside of the file, and why.
    pub unread: Vec<(String, String)>,
    /// What is odd, but keeps nothing from being looked at.
    pub odd: Vec<(String, String)>,
    /// What is openly no pickle, and was not looked into.
    pub passed_over: Vec<(String, String)>,
}

impl Found {
    /// Keeps a pickle, or counts it if there are many of its kind.
    fn keep(&mut self, pickle: Pickle) {
        let kind = |pickle: &Pickle| match pickle.walk.code().next() {
            Some(_) => 0,
            None if !pickle.walk.is_clean() => 1,
            None => 2,
        };
        let this = kind(&pickle);
        // Kept are 300 at most, so that this stays cheap.
        if self.pickles.iter().filter(|kept| kind(kept) == this).count() < MAX_PICKLES {
            self.pickles.push(pickle);
        } else {
            self.more[this] += 1;
        }
    }

    /// Grows with everything that is found.
    fn weight(&self) -> u64 {
        (self.pickles.len() + self.unread.len()) as u64 + self.more.iter().sum::<u64>()
    }
}

/// Most remarks about one file that are kept.
const MAX_REMARKS: usize = 64;

/// Looks at a file.
pub fn find(blob: &Blob, name: &str) -> Found {
    let budget = Budget::new(MAX_INFLATED);
    let mut finder = Finder {
        found: Found::default(),
        budget: budget.clone(),
        entries: 0,
        read: 0,
        free: blob.len().saturating_mul(MAX_TIMES).saturating_add(FREE),
    };
    let content = Content::new(blob.clone(), Packing::Plain, &budget);
    finder.look(&content, "", claim(name), 0);
    finder.found
}

struct Finder {
    found: Found,
    budget: Budget,
    entries: u64,
    /// Bytes that were read.
    read: u64,
    /// Bytes that may be read, and those that were decompressed besides.
    free: u64,
}

impl Finder {
    fn unread(&mut self, place: &str, why: impl Into<String>) {
        if self.found.unread.len() < MAX_REMARKS {
            self.found.unread.push((place.to_owned(), why.into()));
        }
    }

    fn odd(&mut self, place: &str, what: impl Into<String>) {
        if self.found.odd.len() < MAX_REMARKS {
            self.found.odd.push((place.to_owned(), what.into()));
        }
    }

    /// Looks at some bytes as everything that they may be.
    fn look(&mut self, content: &Content, place: &str, claim: Claim, depth: u8) {
        let content = &self.settled(content);
        let head = match content.head(1024) {
            Ok(head) => head,
            Err(error) => {
                if claim >= Claim::May || error.kind() == io::ErrorKind::FileTooLarge {
                    self.unread(place, format!("it cannot be read: {error}"));
                }
                return;
            }
        };
        let known = match self.container(content, &head, place, claim, depth) {
            Ok(known) => known,
            Err(error) => {
                self.unread(place, format!("it cannot be read: {error}"));
                true
            }
        };
        // Read as a pickle, these bytes ask the program for an object by a persistent id,
        // which `pickle.load` refuses and `torch.load`, seeing a zip archive, never reads.
        if !head.starts_with(zip::LOCAL) {
            self.pickle(content, place, if known { Claim::None } else { claim });
        }
    }

    /// The same, but in memory if it is compressed and small.
    fn settled(&self, content: &Content) -> Content {
        match content.plain() {
            None => match content.whole(SMALL) {
                Ok(blob) => Content::new(blob, Packing::Plain, &self.budget),
                Err(_) => content.clone(),
            },
            Some(_) => content.clone(),
        }
    }

    /// Looks into an archive or behind a compression; whether it was one.
    fn container(
        &mut self,
        content: &Content,
        head: &[u8],
        place: &str,
        claim: Claim,
        depth: u8,
    ) -> io::Result<bool> {
        let zip_tail = match content.plain() {
            Some(blob) => zip::ends_like_zip(&blob)?,
            None => false,
        };
        let zip_head = head.starts_with(zip::LOCAL) || head.starts_with(zip::END);
        let is_tar = tar::is_header(head);
        let gzip = head.starts_with(b"\x1f\x8b\x08");
        let zlib = is_zlib(head);
        if (zip_tail || zip_head || is_tar || gzip || zlib) && depth >= MAX_DEPTH {
            self.unread(place, format!("archives lie deeper than {MAX_DEPTH} in one another"));
            return Ok(true);
        }
        if zip_tail || zip_head || is_tar {
            let blob = content.whole(MAX_WHOLE.min(self.budget.left()))?;
            if zip_tail || zip_head {
                self.zip(&blob, place, claim, depth)?;
            }
            if is_tar {
                self.tar(&blob, place, depth)?;
            }
            return Ok(true);
        }
        if gzip || zlib {
            let packing = if gzip { Packing::Gzip } else { Packing::Zlib };
            if let Some(blob) = content.plain() {
                return Ok(self.packed(&blob, packing, place, claim, depth));
            }
            self.unread(place, "it is compressed twice, and large");
            return Ok(true);
        }
        if head.starts_with(npy::MAGIC) {
            self.npy(content, place)?;
            return Ok(true);
        }
        Ok(self.closed(head, place, claim))
    }

    /// What is recognised, but cannot be looked into.
    fn closed(&mut self, head: &[u8], place: &str, claim: Claim) -> bool {
        let Some(closed) = closed(head) else { return false };
        // Data that is openly compressed is no pickle to anything that loads pickles;
        // compressed bytes under another name may be.
        if claim == Claim::Packed && !closed.archive {
            let note = (place.to_owned(), format!("{}; not looked into", closed.what));
            if self.found.passed_over.len() < MAX_REMARKS {
                self.found.passed_over.push(note);
            }
        } else {
            self.unread(place, format!("{}; that is not looked into", closed.what));
        }
        true
    }

    fn packed(
        &mut self,
        blob: &Blob,
        packing: Packing,
        place: &str,
        claim: Claim,
        depth: u8,
    ) -> bool {
        let inner = Content::new(blob.clone(), packing, &self.budget);
        // Bytes that only look compressed end within a few bytes.
        if inner.head(1).map_or(true, |head| head.is_empty()) {
            return false;
        }
        let inside = if packing == Packing::Gzip { "gzip" } else { "zlib" };
        self.look(&inner, &joined(place, inside), claim, depth + 1);
        true
    }

    fn npy(&mut self, content: &Content, place: &str) -> io::Result<()> {
        match npy::follows(&content.head(npy::MAX_HEADER + 12)?) {
            Ok(Follows::Numbers) => {}
            Ok(Follows::Pickle(start)) => {
                self.pickle(&content.after(start), &joined(place, "objects"), Claim::Is);
            }
            Err(why) => self.unread(place, why),
        }
        Ok(())
    }

    /// Notes that bytes were read.
    fn spend(&mut self, bytes: u64, place: &str) {
        let before = self.is_spent();
        self.read = self.read.saturating_add(bytes);
        if self.is_spent() && !before {
            let why = "its archives overlap, or are too large; the rest was not looked at";
            self.unread(place, why);
        }
    }

    /// Whether more was read than honest archives need.
    fn is_spent(&self) -> bool {
        let inflated = MAX_INFLATED - self.budget.left().min(MAX_INFLATED);
        self.read > self.free.saturating_add(inflated.saturating_mul(MAX_TIMES))
    }

    fn counted(&mut self, place: &str) -> bool {
        self.entries += 1;
        if self.entries == MAX_ENTRIES {
            self.unread(place, "more than 200,000 entries in archives; the rest was not looked at");
        }
        // With that many errors another one changes nothing.
        let full = self.found.unread.len() >= MAX_REMARKS;
        self.entries < MAX_ENTRIES && !self.is_spent() && !full
    }

    fn zip(&mut self, blob: &Blob, place: &str, claim: Claim, depth: u8) -> io::Result<()> {
        let Some(directory) = zip::directory(blob)? else {
            self.unread(place, "it begins like a zip archive, but has no end record");
            return Ok(());
        };
        self.spend(directory.bytes, place);
        for odd in &directory.odd {
            self.unread(place, format!("its zip archive: {odd}"));
        }
        // A program, or a library, to which an archive is appended is not read as one by
        // anything that loads pickles.
        let read = claim >= Claim::May || blob.bytes(0, 4)? == zip::LOCAL;
        for moved in &directory.moved {
            let moved = format!("its zip archive: {moved}");
            if read { self.unread(place, moved) } else { self.odd(place, moved) }
        }
        if directory.entries.is_empty() && claim == Claim::Is && directory.odd.is_empty() {
            self.odd(place, "an archive without entries");
        }
        for entry in directory.entries {
            let inner = joined(place, &entry.name);
            if !self.counted(&inner) {
                break;
            }
            if leads_out(&entry.name) {
                self.odd(&inner, "its name leads out of the archive");
            }
            if entry.encrypted {
                self.unread(&inner, "it says that it is encrypted");
            }
            if entry.size == 0 && entry.stored_size == 0 {
                continue;
            }
            let Some(packing) = entry.packing else {
                self.unread(&inner, format!("compressed by method {}", entry.method));
                continue;
            };
            let content = Content::new(entry.stored, packing, &self.budget);
            let before = self.found.weight();
            self.look(&content, &inner, crate::claim::claim(&entry.name), depth + 1);
            // Checked only where it matters: the weights of a model may be large.
            if self.found.weight() > before {
                self.spend(entry.size, &inner);
                match content.checksum() {
                    Ok(sum) if sum == (entry.size, u32::try_from(entry.crc).unwrap_or(0)) => {}
                    Ok(_) => self.unread(&inner, "its size or checksum is not what is promised"),
                    Err(error) => self.unread(&inner, format!("it cannot be read: {error}")),
                }
            }
        }
        Ok(())
    }

    fn tar(&mut self, blob: &Blob, place: &str, depth: u8) -> io::Result<()> {
        let members = tar::members(blob)?;
        for odd in members.odd {
            self.unread(place, format!("its tar archive: {odd}"));
        }
        for member in members.members {
            let inner = joined(place, &member.name);
            if !self.counted(&inner) {
                break;
            }
            if leads_out(&member.name) {
                self.odd(&inner, "its name leads out of the archive");
            }
            // The names that the oldest files of PyTorch have.
            let torch = matches!(&*member.name, "storages" | "tensors" | "pickle");
            let claim = if torch { Claim::Is } else { claim(&member.name) };
            let content = Content::new(member.bytes, Packing::Plain, &self.budget);
            self.look(&content, &inner, claim, depth + 1);
        }
        Ok(())
    }

    /// Walks the bytes as a pickle, and keeps what it found if they are one.
    fn pickle(&mut self, content: &Content, place: &str, claim: Claim) {
        let mut input = content.input();
        let mut found = walk(&mut input, false);
        self.spend(input.position(), place);
        if found.joblib {
            found = with_arrays(content, found);
        }
        let claimed = match claim {
            Claim::None | Claim::Packed => false,
            Claim::May => found.proto || found.pickles > 0 && !found.trailing,
            Claim::Is => true,
        };
        if found.is_evident(content.known_len()) || (claimed && found.opcodes > 1) {
            self.found.keep(Pickle { place: place.to_owned(), walk: found });
        } else if claimed {
            let why = found.fault.map(|fault| fault.doubt.reason).unwrap_or_default();
            self.unread(place, format!("its name says that it is a pickle, but: {why}"));
        }
    }
}

/// Walks again as joblib reads it, and joins what both walks found: another program may
/// read the bytes of the arrays as opcodes.
fn with_arrays(content: &Content, plain: Walk) -> Walk {
    let mut joined = walk(&mut content.input(), true);
    joined.calls_code |= plain.calls_code;
    joined.calls_unnamed |= plain.calls_unnamed;
    for global in plain.code() {
        if !joined.globals.iter().any(|g| (&g.module, &g.name) == (&global.module, &global.name)) {
            joined.globals.push(global.clone());
        }
    }
    joined
}

fn joined(place: &str, inner: &str) -> String {
    let inner = shown(inner);
    if place.is_empty() { inner } else { format!("{place} > {inner}") }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::blob::Blob;

    #[test]
    fn ordinary_files_are_no_pickles() {
        for (name, text) in [
            ("README.md", "config\nname\n.gitignore\n"),
            (".gitignore", "cache\ncheckpoints\n.DS_Store\n"),
            ("LICENSE", "Permission is hereby granted, free of charge\n"),
            ("config.json", "{\"a\": 1}\n"),
            ("notes.txt", "I have 3 things.\nS'x'\n(lp0\n."),
            ("vocab.txt", "cat\ndog\n(tR"),
            ("changelog", "p11-kit (0.24.1-2) unstable\ng7zip\n"),
            ("ZLIB", "(C) 0123456789012345678901234567890123456789is software is\nprovided as\n"),
            ("empty.txt", ""),
            ("weights.bin", "\u{1}\u{2}\u{3}\u{4}"),
        ] {
            let found = find(&Blob::of_bytes(text.as_bytes()), name);
            let called = text.ends_with("(tR");
            assert_eq!(found.pickles.len(), usize::from(called), "{name}");
            assert_eq!(found.unread, [], "{name}");
        }
    }
}
