//! Frames on the socket between parent and child: a kind, a length, the bytes.

use std::io::{self, Read, Write};

/// Longest frame, in bytes. A reply with its artifacts has to fit.
pub const MAX_FRAME: u32 = 64 << 20;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Parent to child: the order.
    Order = b'O',
    /// Parent to child: the request.
    Request = b'Q',
    /// Child to parent: it is confined so far, and begins.
    Hello = b'H',
    /// A message of the plugin: level, text.
    Log = b'L',
    /// Progress: two numbers of 64 bits.
    Progress = b'P',
    /// The reply: the code that was returned, and what was emitted.
    Reply = b'R',
    /// It could not begin: an [`crate::Ending`].
    Stopped = b'S',
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Order,
        Self::Request,
        Self::Hello,
        Self::Log,
        Self::Progress,
        Self::Reply,
        Self::Stopped,
    ];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Writes a frame.
pub fn write(out: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length <= MAX_FRAME);
    let length = length
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "longer than a frame may be"))?;
    let mut frame = Vec::with_capacity(payload.len() + 5);
    frame.push(kind as u8);
    frame.extend(length.to_le_bytes());
    frame.extend(payload);
    out.write_all(&frame)?;
    out.flush()
}

/// Reads a frame; none at the end of the stream.
pub fn read(input: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut head = [0; 5];
    match input.read(&mut head[..1])? {
        0 => return Ok(None),
        _ => input.read_exact(&mut head[1..])?,
    }
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let kind = Kind::of(head[0]).ok_or_else(|| invalid("a frame of an unknown kind"))?;
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    if length > MAX_FRAME {
        return Err(invalid("a frame that is too long"));
    }
    // The buffer grows with what is really there, not with what was promised.
    let mut payload = Vec::new();
    input.take(length.into()).read_to_end(&mut payload)?;
    if payload.len() as u64 != u64::from(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((kind, payload)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, MAX_FRAME, read, write};

    #[test]
    fn a_promised_length_is_not_believed() {
        let mut bytes = vec![b'R'];
        bytes.extend((MAX_FRAME + 1).to_le_bytes());
        assert!(read(&mut &bytes[..]).is_err());
        bytes[1..5].copy_from_slice(&MAX_FRAME.to_le_bytes());
        assert!(read(&mut &bytes[..]).is_err());
        assert!(read(&mut &b"X\0\0\0\0"[..]).is_err());
        assert!(read(&mut &b""[..]).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(payload: Vec<u8>, cut in 0_usize..20) {
            let mut bytes = Vec::new();
            write(&mut bytes, Kind::Reply, &payload).unwrap();
            prop_assert_eq!(read(&mut &bytes[..]).unwrap(), Some((Kind::Reply, payload)));
            let end = bytes.len().saturating_sub(cut + 1);
            prop_assert!(end == 0 || read(&mut &bytes[..end]).is_err());
        }

        #[test]
        fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = read(&mut &bytes[..]);
        }
    }
}
