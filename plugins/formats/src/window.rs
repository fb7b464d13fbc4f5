//! A part of a file, read as if it were the whole.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Bytes `start..start + len` of another reader.
///
/// Where a reader inside counts from its own first byte, as those of GGUF arrays do,
/// a file that lies within another one must look like a file of its own.
#[derive(Debug)]
pub struct Window<R> {
    inner: R,
    start: u64,
    len: u64,
    at: u64,
}

impl<R: Seek> Window<R> {
    /// The window, at its first byte.
    pub fn new(mut inner: R, start: u64, len: u64) -> Result<Self> {
        start.checked_add(len).ok_or_else(outside)?;
        inner.seek(SeekFrom::Start(start))?;
        Ok(Self { inner, start, len, at: 0 })
    }
}

fn outside() -> Error {
    Error::new(ErrorKind::InvalidInput, "a place outside the file")
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Window<R> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let at = at.ok_or_else(outside)?;
        self.inner.seek(SeekFrom::Start(self.start.checked_add(at).ok_or_else(outside)?))?;
        self.at = at;
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _, Seek as _, SeekFrom};

    use super::Window;

    #[test]
    fn only_its_own_bytes_are_seen() {
        let mut window = Window::new(Cursor::new(b"0123456789"), 3, 4).unwrap();
        let mut text = String::new();
        window.read_to_string(&mut text).unwrap();
        assert_eq!(text, "3456");
        assert_eq!(window.seek(SeekFrom::Start(1)).unwrap(), 1);
        let mut two = [0; 2];
        window.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"45");
        assert_eq!(window.seek(SeekFrom::End(-1)).unwrap(), 3);
        assert_eq!(window.seek(SeekFrom::Current(9)).unwrap(), 12);
        assert_eq!(window.read(&mut two).unwrap(), 0, "after its end");
        assert!(window.seek(SeekFrom::Current(-13)).is_err());
        assert!(window.seek(SeekFrom::Start(u64::MAX)).is_err());
        assert!(Window::new(Cursor::new(b""), u64::MAX, 1).is_err());
    }
}
