//! Reading that can be told apart from what is read. Opens and writes nothing.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::finding::{Code, Problem, Result};

/// Notes that the system could not read: parsers make that a reason among others, as if
/// the content were wrong.
#[derive(Debug, Default)]
pub struct Failure(Cell<Option<i32>>);

impl Failure {
    /// A reader that notes its failures here.
    pub fn of<R>(&self, inner: R) -> Noted<'_, R> {
        Noted { inner, failure: self }
    }

    fn error(&self) -> Option<io::Error> {
        self.0.get().map(io::Error::from_raw_os_error)
    }

    /// The outcome, but for a failure that was noted: then that, as one of `path`.
    pub fn or<T>(&self, path: &Path, outcome: T) -> Result<T> {
        self.error().map_or(Ok(outcome), |error| Err(Problem::reading(path, error)))
    }

    /// An outcome, but for a failure that was noted: then that, as one of `subject`.
    pub fn or_of<T>(&self, subject: &str, outcome: Result<T>) -> Result<T> {
        match (outcome, self.error()) {
            (Err(_), Some(error)) => Err(Problem::new(Code::UnreadableFile, subject)
                .detail(format!("cannot read: {error}"))
                .source(error)),
            (outcome, _) => outcome,
        }
    }
}

/// A reader whose failures are noted. A reading that a signal interrupts is begun again.
#[derive(Debug)]
pub struct Noted<'f, R> {
    inner: R,
    failure: &'f Failure,
}

impl<R: Read> Read for Noted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What has no number of the system is about the content.
                    if let Some(number) = error.raw_os_error() {
                        self.failure.0.set(Some(number));
                    }
                    return Err(error);
                }
                read => return read,
            }
        }
    }
}

impl<R: Seek> Seek for Noted<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::path::Path;

    use super::Failure;
    use crate::finding::{Code, Problem};

    /// Is interrupted, gives a byte, and fails.
    struct Failing(u8);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => {
                    buffer[0] = 7;
                    Ok(1)
                }
                _ => Err(io::Error::from_raw_os_error(5)),
            }
        }
    }

    #[test]
    fn a_failure_is_told_from_wrong_content() {
        let failure = Failure::default();
        let mut reader = failure.of(Failing(0));
        let mut buffer = [0; 4];
        assert_eq!(reader.read(&mut buffer).unwrap(), 1);
        let path = Path::new("a");
        assert_eq!(failure.or(path, 1).unwrap(), 1);
        assert!(reader.read(&mut buffer).is_err());
        assert_eq!(failure.or(path, 1).unwrap_err().code(), Code::UnreadableFile);
        let wrong = || Err::<(), _>(Problem::new(Code::TarInvalid, "a"));
        assert_eq!(failure.or_of("a", wrong()).unwrap_err().code(), Code::UnreadableFile);
        assert!(failure.or_of("a", Ok(())).is_ok());
        let none = Failure::default();
        assert_eq!(none.or_of("a", wrong()).unwrap_err().code(), Code::TarInvalid);
    }
}
