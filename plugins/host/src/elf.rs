//! What a library asks of the loader, read before it is loaded.

use object::elf;
use object::read::elf::{Dyn as _, ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Endianness, elf::FileHeader64};

/// Libraries that every system has and that a plugin may need.
const SYSTEM: [&str; 9] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// Most entries of the dynamic section that are looked at.
const MAX_ENTRIES: usize = 4096;

/// Says what is wrong with a library: it is none, it names a place to look for others,
/// or needs one that is no system library.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let invalid = |error: object::read::Error| format!("it is no shared library: {error}");
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(invalid)?;
    let header: &FileHeader64<Endianness> = file.elf_header();
    let endian = file.endian();
    if header.e_type.get(endian) != elf::ET_DYN {
        return Err("it is no shared library".to_owned());
    }
    let segments = header.program_headers(endian, bytes).map_err(invalid)?;
    let mut entries = None;
    for segment in segments {
        entries = segment.dynamic(endian, bytes).map_err(invalid)?.or(entries);
    }
    let entries = entries.ok_or("it has no dynamic section")?;
    let value = |wanted: elf::DynamicTag| {
        let found = entries.iter().take(MAX_ENTRIES).find(|entry| entry.tag(endian) == wanted);
        found.map(|entry| entry.d_val(endian))
    };
    if value(elf::DT_RPATH).is_some() || value(elf::DT_RUNPATH).is_some() {
        return Err("it names a folder to look for libraries in (RPATH or RUNPATH)".to_owned());
    }
    let table = value(elf::DT_STRTAB).and_then(|address| {
        let holds = |segment: &&elf::ProgramHeader64<Endianness>| {
            segment.p_type(endian) == elf::PT_LOAD
                && (segment.p_vaddr(endian)
                    ..segment.p_vaddr(endian).saturating_add(segment.p_filesz(endian)))
                    .contains(&address)
        };
        let segment = segments.iter().find(holds)?;
        let offset = (address - segment.p_vaddr(endian)).checked_add(segment.p_offset(endian))?;
        bytes.get(usize::try_from(offset).ok()?..)
    });
    for entry in entries.iter().take(MAX_ENTRIES) {
        if entry.tag(endian) != elf::DT_NEEDED {
            continue;
        }
        let name = usize::try_from(entry.d_val(endian))
            .ok()
            .and_then(|at| table?.get(at..))
            .and_then(|rest| rest.split(|byte| *byte == 0).next())
            .and_then(|name| std::str::from_utf8(name).ok())
            .ok_or("the name of a library it needs cannot be read")?;
        if !SYSTEM.contains(&name) {
            return Err(format!("it needs {name:?}, which is no system library"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check;

    #[test]
    fn only_libraries_pass() {
        assert!(check(b"").unwrap_err().contains("no shared library"));
        assert!(check(b"\x7fELF").unwrap_err().contains("no shared library"));
        let own = std::fs::read("/proc/self/exe").unwrap();
        // Position-independent programs are of the same type as libraries.
        let _ = check(&own);
        for cut in [0, 16, 64, 100, 1000] {
            assert!(check(&own[..cut]).is_err(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>) {
            let mut file = b"\x7fELF\x02\x01\x01".to_vec();
            file.extend(bytes);
            prop_assert!(check(&file).is_err());
        }
    }
}
