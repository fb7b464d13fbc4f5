//! Git LFS pointers: small text files that stand for content kept elsewhere.
//!
//! Source: the pointer file section of the Git LFS specification.

/// No pointer is as long as this, in bytes.
pub const MAX_POINTER: u64 = 1024;

/// What a pointer stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Digest with its algorithm, as written: `sha256:...`.
    pub oid: String,
    /// Size of the content in bytes.
    pub size: u64,
}

/// Reads a pointer; none if the bytes are anything else.
pub fn parse(bytes: &[u8]) -> Option<Pointer> {
    if bytes.len() as u64 >= MAX_POINTER {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let version = lines.next()?.strip_prefix("version ")?;
    if !version.starts_with("https://git-lfs.github.com/spec/")
        && !version.starts_with("https://hawser.github.com/spec/")
    {
        return None;
    }
    let (mut oid, mut size) = (None, None);
    for line in lines {
        match line.split_once(' ')? {
            ("oid", value) => oid = Some(value.to_owned()),
            ("size", value) => size = value.parse().ok(),
            _ => {}
        }
    }
    Some(Pointer { oid: oid?, size: size? })
}

#[cfg(test)]
mod tests {
    use super::{Pointer, parse};

    #[test]
    fn a_pointer_is_recognised_and_nothing_else() {
        let text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        let expected = Pointer { oid: "sha256:4d7a".to_owned(), size: 12_345 };
        assert_eq!(parse(text.as_bytes()), Some(expected));
        for other in [
            "",
            "version 1\noid sha256:4d7a\nsize 1\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize many\n",
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other:?}");
        }
        let long = format!("{text}{}", "x y\n".repeat(400));
        assert_eq!(parse(long.as_bytes()), None);
    }
}
