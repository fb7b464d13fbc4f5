//! Tars made by hand, with whatever a header can say.

use crate::layout::digest;

/// An entry of a tar made by hand.
#[derive(Debug, Clone)]
pub struct TarEntry {
    /// Name, byte for byte, at most 100 bytes.
    pub name: &'static str,
    /// Type flag: `0` file, `1` hard link, `2` symbolic link, `3` device, ...
    pub kind: u8,
    /// Content.
    pub content: &'static [u8],
}

impl TarEntry {
    /// A plain file.
    pub fn file(name: &'static str, content: &'static [u8]) -> Self {
        Self { name, kind: b'0', content }
    }
}

/// A tar + zstd layer with these entries; gives its bytes and its diffId.
pub fn tar_zstd(entries: &[TarEntry]) -> (Vec<u8>, String) {
    compressed(&tar(entries))
}

/// Bytes compressed with zstd, and their own digest.
pub fn compressed(bytes: &[u8]) -> (Vec<u8>, String) {
    (zstd::encode_all(bytes, 3).expect("zstd"), digest(bytes))
}

/// A tar with these entries and its end mark.
pub fn tar(entries: &[TarEntry]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        header.set_entry_type(tar::EntryType::new(entry.kind));
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        if matches!(entry.kind, b'1' | b'2') {
            header.set_link_name_literal("/etc/passwd").expect("a link name");
        }
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(entry.content);
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// Writes `bytes` at `at` of the header at the start of `tar`, with a right checksum.
pub fn patch_header(tar: &mut [u8], at: usize, bytes: &[u8]) {
    tar[at..at + bytes.len()].copy_from_slice(bytes);
    let sum: u32 =
        (0..512).map(|n| if (148..156).contains(&n) { 32 } else { u32::from(tar[n]) }).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
