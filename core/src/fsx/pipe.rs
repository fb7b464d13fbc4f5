//! Small files that may be pipes, such as the one behind `--key <(command)`.
//!
//! Opening a named pipe waits until somebody writes to it, and reading one waits for the
//! next byte. Here both waits end. Nothing that a stranger chose may be read this way:
//! a file of a release is a regular file, or it is refused.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

/// How long a pipe may be without a writer before its first byte.
const NOBODY: Duration = Duration::from_secs(10);

/// How long a writer may keep a pipe open and write nothing: it may be asking a person.
const SILENT: Duration = Duration::from_mins(5);

/// How long to sleep before a pipe is looked at again.
const PAUSE: Duration = Duration::from_millis(5);

/// A file, or a pipe that is not waited for without an end.
#[derive(Debug)]
pub struct Patient {
    file: File,
    /// What is there, as it was when it was opened.
    metadata: Metadata,
    /// Whether a byte was read.
    begun: bool,
    nobody: Duration,
    silent: Duration,
}

impl Patient {
    /// Opens what is at a path; links are followed, for the caller's user named it.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::within(path, NOBODY, SILENT)
    }

    fn within(path: &Path, nobody: Duration, silent: Duration) -> io::Result<Self> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let metadata = file.metadata()?;
        Ok(Self { file, metadata, begun: false, nobody, silent })
    }

    /// What is there, as it was when it was opened.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = Instant::now();
        loop {
            let waited = since.elapsed();
            match self.file.read(buffer) {
                // Its end, or nobody writes to it yet, which reads the same.
                Ok(0) if !buffer.is_empty() && !self.begun && self.is_pipe() => {
                    if waited >= self.nobody {
                        return Err(io::Error::new(
                            ErrorKind::TimedOut,
                            "it is a pipe that nobody writes to",
                        ));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if waited >= self.silent {
                        return Err(io::Error::new(
                            ErrorKind::TimedOut,
                            "it is a pipe whose writer writes nothing",
                        ));
                    }
                }
                other => {
                    self.begun |= matches!(other, Ok(1..));
                    return other;
                }
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Patient {
    fn is_pipe(&self) -> bool {
        self.metadata.file_type().is_fifo()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        path
    }

    fn brief(path: &Path) -> Patient {
        Patient::within(path, Duration::from_millis(30), Duration::from_millis(60)).unwrap()
    }

    #[test]
    fn a_pipe_without_a_writer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let error = brief(&path).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("nobody"), "{error}");
    }

    #[test]
    fn a_pipe_with_a_silent_writer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let mut patient = brief(&path);
        let _writer = OpenOptions::new().write(true).open(&path).unwrap();
        let error = patient.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("writer"), "{error}");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_whoever_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let mut patient = Patient::open(&path).unwrap();
        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, vec![7; 200_000]).unwrap()
        });
        let mut bytes = Vec::new();
        patient.read_to_end(&mut bytes).unwrap();
        writer.join().unwrap();
        assert_eq!(bytes, vec![7; 200_000]);
    }

    #[test]
    fn a_file_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for content in ["", "text"] {
            fs::write(&path, content).unwrap();
            let mut text = String::new();
            let mut patient = Patient::open(&path).unwrap();
            assert!(patient.metadata().is_file());
            patient.read_to_string(&mut text).unwrap();
            assert_eq!(text, content);
        }
    }
}
