//! What a name claims, and what first bytes say.

/// What a name claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// Nothing that has to do with pickles.
    None,
    /// That it is compressed, or an archive, of something that is no pickle.
    Packed,
    /// That it may be a pickle.
    May,
    /// That it is one, or an archive that holds one.
    Is,
}

/// What the ending of a name claims.
pub fn claim(name: &str) -> Claim {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let Some((stem, ending)) = name.rsplit_once('.') else { return Claim::None };
    match ending {
        "pkl" | "pickle" | "pcl" | "pk" | "joblib" | "jbl" | "dill" | "cloudpickle" | "pt"
        | "pth" | "ptz" | "pt2" | "npy" | "npz" => Claim::Is,
        "bin" | "pck" | "ckpt" | "dat" | "data" | "p" | "db" | "model" | "mdl" | "sav" | "save" => {
            Claim::May
        }
        "gz" | "gzip" | "z" | "bz2" | "xz" | "lzma" | "lz4" | "zst" | "zip" | "7z" | "rar" => {
            claim(stem).max(Claim::Packed)
        }
        "tgz" | "tbz" | "tbz2" | "txz" | "tzst" => Claim::Packed,
        _ => Claim::None,
    }
}

/// A format that is recognised, but not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// What it is, for people.
    pub what: &'static str,
    /// Whether it is an archive of files.
    pub archive: bool,
}

/// Which closed format these bytes begin; each is told by enough bytes that numbers are
/// not taken for it. Sources: the specifications of the formats; for lzma the header of
/// `lzma-file-format.txt`; for the last, `numpy_pickle_utils.py` of joblib.
pub fn closed(head: &[u8]) -> Option<Closed> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    let archive = |what| Some(Closed { what, archive: true });
    let packed = |what| Some(Closed { what, archive: false });
    let after = |at: usize| head.get(at..).unwrap_or_default();
    let bzip_block = [&b"1AY&SY"[..], b"\x17\x72\x45\x38\x50\x90"];
    if begins(b"7z\xbc\xaf\x27\x1c") {
        archive("a 7z archive")
    } else if begins(b"Rar!\x1a\x07") {
        archive("a rar archive")
    } else if begins(b"BZh") && bzip_block.iter().any(|block| after(4).starts_with(block)) {
        packed("compressed with bzip2")
    } else if begins(b"\xfd7zXZ\0") {
        packed("compressed with xz")
    } else if begins(b"\x5d\0")
        && (after(5).starts_with(&[0xff; 8]) || after(10).starts_with(&[0; 3]))
    {
        packed("compressed with lzma")
    } else if begins(b"\x04\x22\x4d\x18") {
        packed("compressed with lz4")
    } else if begins(b"\x28\xb5\x2f\xfd") {
        packed("compressed with zstd")
    } else if begins(b"ZF0x") {
        packed("compressed by an old joblib")
    } else {
        None
    }
}

/// Whether these are the first bytes of zlib. Source: RFC 1950, 2.2.
pub fn is_zlib(head: &[u8]) -> bool {
    let [method, flags, ..] = head else { return false };
    method & 0x8f == 0x08
        && (u16::from(*method) * 256 + u16::from(*flags)) % 31 == 0
        && flags & 0x20 == 0
}

/// Whether an entry's name leads out of the folder that it is unpacked to.
pub fn leads_out(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    drive || name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::{Claim, claim, closed, is_zlib, leads_out};

    #[test]
    fn names_claim_what_they_are_used_for() {
        for (name, claimed) in [
            ("a/model.pkl", Claim::Is),
            ("pytorch_model.bin", Claim::May),
            ("x.PT", Claim::Is),
            ("x.pkl.bz2", Claim::Is),
            ("data.jsonl.zst", Claim::Packed),
            ("data.tgz", Claim::Packed),
            ("pkl", Claim::None),
            ("README.md", Claim::None),
        ] {
            assert_eq!(claim(name), claimed, "{name}");
        }
    }

    #[test]
    fn names_that_lead_out_are_seen() {
        for name in ["/etc/x", "../x", "a/../../x", "c:\\x", "\\\\x"] {
            assert!(leads_out(name), "{name}");
        }
        assert!(!leads_out("archive/data.pkl") && !leads_out("a..b"));
    }

    #[test]
    fn few_bytes_are_not_enough() {
        for head in [&b"BZh9"[..], b"BZh91234567890", b"\x5d\0\0\x80\0abcdefgh", b"7z", b""] {
            assert_eq!(closed(head), None, "{head:?}");
        }
        for head in
            [&b"BZh91AY&SY"[..], b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", b"ZF0x1"]
        {
            assert!(closed(head).is_some(), "{head:?}");
        }
        assert!(is_zlib(b"\x78\x9c") && is_zlib(b"\x78\x01") && is_zlib(b"\x78\xda"));
        assert!(!is_zlib(b"\x78\x9d") && !is_zlib(b"x"));
    }
}
