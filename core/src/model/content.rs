//! Digests of content by any hash that OpenSSF model signing knows.
//!
//! Releases use SHA-256 alone ([`super::digest`]); this is for the folders of
//! others.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::digest::{Digest, InvalidDigest, bytes_of_hex, hex_of};

/// A hash, as model signatures name it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ContentHash {
    /// SHA-256 (FIPS 180-4).
    #[default]
    Sha256,
    /// `BLAKE2b` with 64 bytes (RFC 7693).
    Blake2b,
    /// BLAKE3 with 32 bytes.
    Blake3,
}

impl ContentHash {
    /// Every hash.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Blake2b, Self::Blake3];

    /// The name in signatures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// The hash of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.as_str() == name)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A digest, with its hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentDigest {
    /// Of SHA-256.
    Sha256(Digest),
    /// Of `BLAKE2b`.
    Blake2b([u8; 64]),
    /// Of BLAKE3.
    Blake3([u8; 32]),
}

impl ContentDigest {
    /// Its hash.
    pub const fn hash(&self) -> ContentHash {
        match self {
            Self::Sha256(_) => ContentHash::Sha256,
            Self::Blake2b(_) => ContentHash::Blake2b,
            Self::Blake3(_) => ContentHash::Blake3,
        }
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(digest) => digest.as_bytes(),
            Self::Blake2b(bytes) => bytes,
            Self::Blake3(bytes) => bytes,
        }
    }

    /// The bytes as lower-case hex digits.
    pub fn hex(&self) -> String {
        hex_of(self.as_bytes())
    }

    /// From lower-case hex digits, as many as the hash has.
    pub fn from_hex(hash: ContentHash, hex: &str) -> Result<Self, InvalidDigest> {
        match hash {
            ContentHash::Sha256 => Digest::from_hex(hex).map(Self::Sha256),
            ContentHash::Blake2b => bytes_of_hex(hex).map(Self::Blake2b),
            ContentHash::Blake3 => bytes_of_hex(hex).map(Self::Blake3),
        }
    }
}

impl From<Digest> for ContentDigest {
    fn from(digest: Digest) -> Self {
        Self::Sha256(digest)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.hash(), self.hex())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ContentDigest, ContentHash};

    #[test]
    fn names_are_those_of_model_signing() {
        let names = ContentHash::ALL.map(ContentHash::as_str);
        assert_eq!(names, ["sha256", "blake2b", "blake3"]);
        for hash in ContentHash::ALL {
            assert_eq!(ContentHash::named(hash.as_str()), Some(hash));
        }
        for other in ["", "SHA256", "blake2", "blake2s", "sha-256", "sha512"] {
            assert_eq!(ContentHash::named(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips_and_other_lengths_are_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..80), hash in 0_usize..3,
        ) {
            let hash = ContentHash::ALL[hash];
            let hex = super::hex_of(&bytes);
            let length = if hash == ContentHash::Blake2b { 64 } else { 32 };
            let digest = ContentDigest::from_hex(hash, &hex);
            prop_assert_eq!(digest.is_ok(), bytes.len() == length);
            if let Ok(digest) = digest {
                prop_assert_eq!(digest.as_bytes(), bytes.as_slice());
                prop_assert_eq!((digest.hex(), digest.hash()), (hex, hash));
            }
        }
    }
}
