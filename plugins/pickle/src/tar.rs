//! Members of tar archives.
//!
//! Source: the page `tar(5)` of libarchive, and `Lib/tarfile.py` of `CPython`.

use std::io;

use crate::blob::Blob;

const BLOCK: u64 = 512;
/// Most members of an archive.
const MAX_MEMBERS: usize = 100_000;

/// A member.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name as in its header; a longer one that another member gives is not used.
    pub name: String,
    /// Its bytes.
    pub bytes: Blob,
}

/// An archive.
#[derive(Debug, Default)]
pub struct Members {
    /// Its members that have bytes, in the order of the archive.
    pub members: Vec<Member>,
    /// What cannot be read, or readers may read differently.
    pub odd: Vec<String>,
}

/// Whether these bytes begin with a header: its checksum is right.
pub fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.get(..512) else { return false };
    let Some(stored) = size(&block[148..156]) else { return false };
    let sum = |signed: bool| -> i64 {
        let bytes = block.iter().enumerate().map(|(at, byte)| match at {
            148..156 => i64::from(b' '),
            _ if signed => i64::from(byte.cast_signed()),
            _ => i64::from(*byte),
        });
        bytes.sum()
    };
    let stored = i64::try_from(stored).unwrap_or(-1);
    stored == sum(false) || stored == sum(true)
}

/// Reads the headers.
pub fn members(blob: &Blob) -> io::Result<Members> {
    let mut found = Members::default();
    let mut at = 0_u64;
    let mut count = 0;
    loop {
        let header = blob.bytes(at, BLOCK)?;
        if header.iter().all(|byte| *byte == 0) {
            trailing(blob, at, &mut found)?;
            return Ok(found);
        }
        if !is_header(&header) {
            found.odd.push(format!("no header at byte {at}"));
            return Ok(found);
        }
        count += 1;
        if count > MAX_MEMBERS {
            found.odd.push("more than 100,000 members; the rest was not looked at".to_owned());
            return Ok(found);
        }
        let Some(size) = size(&header[124..136]) else {
            found.odd.push(format!("the member at byte {at} has no readable size"));
            return Ok(found);
        };
        let bytes = blob.part(at + BLOCK, size);
        if bytes.len() < size {
            found.odd.push(format!(
                "the member at byte {at} has {} of {size} bytes that it promises",
                bytes.len()
            ));
        }
        if matches!(header[156], b'x' | b'g') && overrides_size(&bytes)? {
            found.odd.push(format!("the header at byte {at} gives another size"));
        }
        if header[156] == b'S' {
            found.odd.push(format!("the member at byte {at} is sparse"));
        }
        let name = header[..100].split(|byte| *byte == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        if !bytes.is_empty() {
            found.members.push(Member { name, bytes });
        }
        let blocks = size.div_ceil(BLOCK).checked_mul(BLOCK);
        let next = blocks.and_then(|blocks| at.checked_add(BLOCK)?.checked_add(blocks));
        match next.filter(|next| *next < blob.len()) {
            Some(next) => at = next,
            None => return Ok(found),
        }
    }
}

/// Says so if anything but zeros follows the end mark within what readers skip.
fn trailing(blob: &Blob, at: u64, found: &mut Members) -> io::Result<()> {
    let rest = blob.part(at, blob.len()).bytes(0, 1 << 20)?;
    if rest.iter().any(|byte| *byte != 0) {
        found.odd.push(format!("bytes follow its end mark at byte {at}"));
    }
    Ok(())
}

/// Whether a header of pax gives a size, or is too long to tell.
fn overrides_size(bytes: &Blob) -> io::Result<bool> {
    let most = 64 << 10;
    let text = bytes.bytes(0, most)?;
    Ok(bytes.len() > most || text.windows(5).any(|bytes| bytes == b"size="))
}

/// A number as `nti` of `Lib/tarfile.py` reads it: up to a zero byte, with what `int()`
/// takes besides digits.
fn octal(field: &[u8]) -> Option<u64> {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).ok()?.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let text = text.strip_prefix("0o").or_else(|| text.strip_prefix("0O")).unwrap_or(text);
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(&text.replace('_', ""), 8).ok()
}

/// A size: octal, or in base 256 if its first bit is set.
fn size(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 == 0 {
        return octal(field);
    }
    let first = u64::from(field[0] & 0x7f);
    field[1..]
        .iter()
        .try_fold(first, |value, byte| value.checked_mul(256).map(|value| value | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::{is_header, members};
    use crate::blob::Blob;

    fn member(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[148..156].fill(b' ');
        block[156] = kind;
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        block[154] = 0;
        block.extend_from_slice(bytes);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    }

    #[test]
    fn members_are_found_by_their_headers() {
        let parts = [member("a", b'0', b"one"), member("b/", b'5', b""), member("c", 0, b"two")];
        let mut archive = parts.concat();
        archive.extend([0; 1024]);
        assert!(is_header(&archive));
        let found = members(&Blob::of_bytes(archive.clone())).unwrap();
        let seen: Vec<_> = found.members.iter().map(|m| m.bytes.bytes(0, 9).unwrap()).collect();
        assert_eq!(seen, [b"one", b"two"]);
        assert_eq!(found.odd, Vec::<String>::new());
        archive.extend(b"more");
        assert_eq!(members(&Blob::of_bytes(archive)).unwrap().odd.len(), 1);
    }

    #[test]
    fn numbers_are_read_as_tarfile_reads_them() {
        for (field, number) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b" 644 \0\0\0", Some(0o644)),
            (b"644\0junk", Some(0o644)),
            (b"+0o6_44\0", Some(0o644)),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"98765432", None),
        ] {
            assert_eq!(super::size(field), number, "{field:?}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_said() {
        let mut huge = member("a", b'0', b"one");
        huge[124..136].copy_from_slice(b"77777777777\0");
        huge[148..156].fill(b' ');
        let sum: u32 = huge[..512].iter().map(|byte| u32::from(*byte)).sum();
        huge[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        assert_eq!(members(&Blob::of_bytes(huge)).unwrap().odd.len(), 1);
        let pax = [member("p", b'x', b"12 size=999\n"), member("a", b'0', b"x")].concat();
        assert_eq!(members(&Blob::of_bytes(pax)).unwrap().odd.len(), 1);
    }
}
