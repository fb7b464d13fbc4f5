//! What is moved: blobs and parts of blobs. Data only.

use std::path::Path;

use crate::finding::{Code, Problem, Result};
use crate::hash::{Sink, Span};
use crate::model::digest::Digest;

/// A range of a blob with a digest of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// First byte in the blob.
    pub offset: u64,
    /// Number of bytes.
    pub len: u64,
    /// SHA-256 of that range.
    pub digest: Digest,
}

impl Part {
    /// Position behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.len)
    }
}

/// A blob to be fetched.
#[derive(Debug, Clone)]
pub struct Want<'a> {
    /// Its digest, under which the registry knows it.
    pub blob: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Parts that cover the blob without gaps, in order; each is checked against its
    /// own digest. Without any, the whole blob is checked against its own.
    pub parts: Vec<Part>,
    /// Where the bytes go. Without one they are checked and not kept.
    pub sink: Option<Sink<'a>>,
}

impl Want<'_> {
    /// The parts that are checked: those given, else the blob as one.
    pub(super) fn checked_parts(&self) -> Result<Vec<Part>> {
        if self.parts.is_empty() {
            return Ok(vec![Part { offset: 0, len: self.size, digest: self.blob }]);
        }
        let mut end = 0;
        for part in &self.parts {
            if part.offset != end || part.len == 0 || part.len > self.size - end {
                return Err(self.gap(format!(
                    "the part of {} bytes at {} does not follow byte {end} of {}",
                    part.len, part.offset, self.size
                )));
            }
            end += part.len;
        }
        if end != self.size {
            return Err(
                self.gap(format!("the parts end at byte {end}; the blob has {} bytes", self.size))
            );
        }
        Ok(self.parts.clone())
    }

    fn gap(&self, detail: String) -> Problem {
        Problem::new(Code::WrongSize, self.blob).detail(detail)
    }
}

/// A blob to be sent.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where its bytes are.
    pub span: Span,
}

/// How blobs are sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct UploadSettings<'a> {
    /// Repositories of the same registry that may have the blobs already.
    pub mount_from: &'a [String],
    /// Folder that remembers how far each upload got, for a later run.
    pub sessions: Option<&'a Path>,
}

/// How a blob came to be in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It was there.
    Present,
    /// It was taken over from another repository.
    Mounted,
    /// It was sent.
    Uploaded {
        /// Bytes sent in this run; fewer than the size when an earlier run was gone on with.
        bytes: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::{Part, Want};
    use crate::finding::Code;
    use crate::model::digest::Digest;

    fn want(size: u64, parts: &[(u64, u64)]) -> Want<'static> {
        let digest = Digest::of(b"");
        let parts = parts.iter().map(|&(offset, len)| Part { offset, len, digest }).collect();
        Want { blob: digest, size, parts, sink: None }
    }

    #[test]
    fn parts_cover_the_blob_or_are_refused() {
        for (size, parts) in [(0, &[][..]), (5, &[]), (5, &[(0, 5)]), (5, &[(0, 2), (2, 3)])] {
            let checked = want(size, parts).checked_parts().unwrap();
            assert_eq!(checked.iter().map(|part| part.len).sum::<u64>(), size);
        }
        for (size, parts) in [
            (5, &[(0, 4)][..]),
            (5, &[(1, 4)]),
            (5, &[(0, 6)]),
            (5, &[(0, 2), (3, 2)]),
            (5, &[(0, 3), (2, 3)]),
            (5, &[(2, 3), (0, 2)]),
            (5, &[(0, 5), (5, 0)]),
            (5, &[(0, 5), (5, 1)]),
            (5, &[(0, 2), (2, u64::MAX)]),
            (0, &[(0, 0)]),
        ] {
            let problem = want(size, parts).checked_parts().unwrap_err();
            assert_eq!(problem.code(), Code::WrongSize, "{parts:?}");
        }
    }
}
