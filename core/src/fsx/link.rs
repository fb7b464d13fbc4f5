//! Links and clones, and why there is none.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::finding::{Code, Problem};

/// Makes `target` share the blocks of `source` (FICLONE).
pub fn reflink(source: &File, target: &File) -> io::Result<()> {
    rustix::fs::ioctl_ficlone(target, source).map_err(io::Error::from)
}

/// A failure to link or clone `source` to `target`: `link-unsupported` only when the file
/// system cannot, or does not let us, do that.
pub fn linking(source: impl std::fmt::Display, target: &Path, error: io::Error) -> Problem {
    let code = match Errno::from_io_error(&error) {
        // `EPERM` is also what a file system without links answers; `EACCES` never is.
        Some(
            Errno::PERM
            | Errno::XDEV
            | Errno::NOSYS
            | Errno::OPNOTSUPP
            | Errno::INVAL
            | Errno::NOTTY
            | Errno::TXTBSY,
        ) => Code::LinkUnsupported,
        Some(Errno::MLINK) => Code::TooManyLinks,
        None if error.kind() == io::ErrorKind::Unsupported => Code::LinkUnsupported,
        _ => return Problem::writing(target, error),
    };
    Problem::new(code, source).detail(format!("cannot link: {error}")).source(error)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use rustix::io::Errno;

    use super::linking;
    use crate::finding::Code;

    #[test]
    fn only_what_cannot_be_linked_is_called_so() {
        for (error, code, subject) in [
            (Errno::PERM, Code::LinkUnsupported, "model/w"),
            (Errno::XDEV, Code::LinkUnsupported, "model/w"),
            (Errno::OPNOTSUPP, Code::LinkUnsupported, "model/w"),
            (Errno::NOTTY, Code::LinkUnsupported, "model/w"),
            (Errno::INVAL, Code::LinkUnsupported, "model/w"),
            (Errno::MLINK, Code::TooManyLinks, "model/w"),
            (Errno::NOSPC, Code::DiskFull, "out/blob"),
            (Errno::DQUOT, Code::DiskFull, "out/blob"),
            (Errno::ROFS, Code::ReadOnlyTarget, "out/blob"),
            (Errno::ACCESS, Code::ReadOnlyTarget, "out/blob"),
            (Errno::IO, Code::WriteFailed, "out/blob"),
            (Errno::INTR, Code::WriteFailed, "out/blob"),
        ] {
            let problem = linking("model/w", Path::new("out/blob"), error.into());
            let said = (problem.code(), problem.finding().subject.as_str());
            assert_eq!(said, (code, subject), "{error}");
            let reason = io::Error::from(error).to_string();
            assert!(problem.finding().message.ends_with(&reason), "{problem}");
        }
        let archive = io::ErrorKind::Unsupported.into();
        let problem = linking("w", Path::new("out"), archive);
        assert_eq!(problem.code(), Code::LinkUnsupported);
    }
}
