//! Which licence a text is.
//!
//! A fingerprint proposes candidates; the words decide. A text is a licence only if
//! nothing but blanks, headings and copyright notices differ: a similarity of 0.986
//! may be one sentence that changes everything. Texts that may not be shipped are
//! known by fingerprint (`data/licence-fingerprints.bin`, made by `cargo xtask
//! licence-texts` from the texts of `ScanCode`); those of the SPDX list by word.

mod compare;
mod shingles;
mod words;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Serialize;

use compare::{Comparison, Known};
use words::Words;

/// Largest text that is looked at, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Concluded {
    /// The text of a licence, word for word.
    Licence {
        /// Its id; several when they share one text, as `GPL-3.0-only` and
        /// `GPL-3.0-or-later` do.
        ids: Vec<String>,
    },
    /// The text of a licence with other terms in it.
    Modified {
        /// The licence that is nearest.
        of: Vec<String>,
        /// What differs.
        changes: Vec<Changed>,
        /// Words that differ, on both sides.
        words: usize,
    },
    /// No text that is known.
    Unknown {
        /// Why nothing more can be said.
        reason: &'static str,
    },
}

/// A place where a text differs from a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// What the text says there, as written.
    pub added: String,
    /// What the licence says there, in plain words, where that may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// Number of words of the licence that are missing.
    pub removed_words: usize,
}

impl Concluded {
    /// How it is written for people and in exports: an id, `modified(ID)`, or none.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Licence { ids } => Some(ids.join(" / ")),
            Self::Modified { of, .. } => Some(format!("modified({})", of.join(" / "))),
            Self::Unknown { .. } => None,
        }
    }

    /// Whether the text is the licence `id`.
    pub fn is(&self, id: &str) -> bool {
        matches!(self, Self::Licence { ids } if ids.iter().any(|known| known == id))
    }
}

/// A text whose encoding is settled.
#[derive(Debug)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// The encoding, when it is not UTF-8.
    pub encoding: Option<&'static str>,
}

/// Reads bytes as text: UTF-8, UTF-16 with a mark, otherwise Latin-1. None when it
/// is no text.
pub fn decode(bytes: &[u8]) -> Option<Decoded> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    let (text, encoding) = match bytes {
        [0xff, 0xfe, rest @ ..] => (utf16(rest, u16::from_le_bytes)?, Some("UTF-16LE")),
        [0xfe, 0xff, rest @ ..] => (utf16(rest, u16::from_be_bytes)?, Some("UTF-16BE")),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (text.trim_start_matches('\u{feff}').to_owned(), None),
            Err(_) => (bytes.iter().map(|byte| char::from(*byte)).collect(), Some("Latin-1")),
        },
    };
    (!text.contains('\0')).then_some(Decoded { text, encoding })
}

/// A text that is known, with its sketch.
struct Entry {
    id: String,
    sketch: Vec<u64>,
    /// The fingerprint; none when the SPDX list has the text.
    fingerprint: Option<Vec<u64>>,
}

static INDEX: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let sketches = read_lists(include_bytes!("../../../data/licence-sketches.bin"));
    let prints = read_lists(include_bytes!("../../../data/licence-fingerprints.bin"));
    let listed = sketches.into_iter().map(|(id, sketch)| Entry { id, sketch, fingerprint: None });
    let others = prints.into_iter().map(|(id, hashes)| Entry {
        id,
        sketch: shingles::sketch(&hashes),
        fingerprint: Some(hashes),
    });
    listed.chain(others).collect()
});

/// Least part of a licence that a text has to have to be called a change of it.
const NEAR: f64 = 0.6;

/// Candidates that are compared word by word.
const CANDIDATES: usize = 8;

/// Says which licence a text is.
pub fn conclude(text: &str) -> Concluded {
    if text.len() > MAX_TEXT {
        return Concluded::Unknown { reason: "the text is larger than licences are" };
    }
    let words = Words::of(text);
    let hashes = shingles::shingles(&words);
    let there: HashSet<u64> = hashes.iter().copied().collect();
    let mut found: Vec<(usize, &Entry)> = INDEX
        .iter()
        .map(|entry| {
            let shared = entry.sketch.iter().filter(|hash| there.contains(hash)).count();
            (shared * 1000 / entry.sketch.len().max(1), entry)
        })
        .filter(|(part, _)| *part >= 300)
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let mut best: Option<(Comparison, Vec<&str>)> = None;
    for group in groups(found.into_iter().map(|(_, entry)| entry)) {
        let ids: Vec<&str> = group.iter().map(|entry| entry.id.as_str()).collect();
        let Some(known) = group.first().and_then(|entry| known_text(entry)) else { continue };
        let comparison = compare::compare(&known, &name_words(&ids), text, &words, &hashes);
        match &mut best {
            Some((first, _)) if comparison.weight > first.weight => {}
            Some((first, others)) if comparison.weight == first.weight => others.extend(ids),
            _ => best = Some((comparison, ids)),
        }
    }
    let Some((comparison, ids)) = best else { return UNKNOWN };
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    if comparison.changes.is_empty() {
        return Concluded::Licence { ids };
    }
    if !is_near(&comparison) {
        return UNKNOWN;
    }
    let changed = |change: compare::Change| Changed {
        added: change.added,
        removed: change.removed,
        removed_words: change.removed_words,
    };
    Concluded::Modified {
        of: ids,
        words: comparison.weight,
        changes: comparison.changes.into_iter().map(changed).collect(),
    }
}

const UNKNOWN: Concluded =
    Concluded::Unknown { reason: "it is the text of no licence that is known" };

/// The best candidates, those with one and the same text together.
fn groups<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Vec<&'a Entry>> {
    let text = |entry: &Entry| listed_text(&entry.id);
    let mut groups: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        let same = groups.iter().position(|group| {
            group.first().is_some_and(|first| {
                first.sketch == entry.sketch && text(first).is_some() && text(first) == text(entry)
            })
        });
        match same {
            Some(place) => groups[place].push(entry),
            None if groups.len() < CANDIDATES => groups.push(vec![entry]),
            None => {}
        }
    }
    groups
}

fn is_near(comparison: &Comparison) -> bool {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(comparison.shared) >= number(comparison.known) * NEAR
}

fn known_text(entry: &Entry) -> Option<Known> {
    match &entry.fingerprint {
        Some(hashes) => Some(Known::Fingerprint(hashes.clone())),
        None => listed_text(&entry.id).map(|text| Known::Text(Words::of(text))),
    }
}

/// Words of licences' ids and names, for headings.
fn name_words(ids: &[&str]) -> Vec<String> {
    let mut all: Vec<&str> = ids.to_vec();
    for id in ids {
        all.extend(spdx::license_id(id).map(|id| id.full_name));
        if let Some(own) = super::find(id) {
            all.extend(own.aliases.iter().map(String::as_str).chain([own.name.as_str()]));
        }
    }
    let mut words: Vec<String> =
        Words::of(&all.join(" ")).words.into_iter().map(|word| word.plain).collect();
    words.sort();
    words.dedup();
    words
}

/// The sketch file: of each text of the SPDX list. Texts that are too short to be
/// recognised are left out, and so are ids that another one replaced.
pub fn sketches() -> Vec<u8> {
    let listed = spdx::identifiers::LICENSES.iter().filter_map(|it| spdx::license_id(it.name));
    let current = listed.filter(|licence| !licence.is_deprecated());
    let lists = current.filter_map(|licence| {
        let sketch = shingles::sketch(&fingerprint(listed_text(licence.name)?));
        (sketch.len() >= 8).then(|| (licence.name.to_owned(), sketch))
    });
    write_lists(&lists.collect::<Vec<_>>())
}

/// Text of the SPDX list, by id. (`LicenseId::text` of `spdx` 0.13.6 counts by place in
/// a list of another order, and gives some ids of GNU licences each other's texts.)
pub fn listed_text(id: &str) -> Option<&'static str> {
    static TEXTS: LazyLock<HashMap<&'static str, &'static str>> =
        LazyLock::new(|| spdx::text::LICENSE_TEXTS.iter().copied().collect());
    TEXTS.get(id).copied()
}

/// The fingerprint of a text.
pub fn fingerprint(text: &str) -> Vec<u64> {
    shingles::shingles(&Words::of(text))
}

/// Writes lists of hashes: for each the length of its id, the id, the number of
/// hashes, the hashes; numbers are little-endian.
pub fn write_lists(lists: &[(String, Vec<u64>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    for (id, hashes) in lists {
        bytes.extend(length(id.len()));
        bytes.extend(id.as_bytes());
        bytes.extend(length(hashes.len()));
        bytes.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
    }
    bytes
}

fn read_lists(mut bytes: &[u8]) -> Vec<(String, Vec<u64>)> {
    fn number(bytes: &mut &[u8]) -> Option<usize> {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        *bytes = rest;
        usize::try_from(u32::from_le_bytes(*head)).ok()
    }
    fn list(bytes: &mut &[u8]) -> Option<(String, Vec<u64>)> {
        let length = number(bytes)?;
        let (id, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        let count = number(bytes)?;
        let (hashes, rest) = bytes.split_at_checked(count.checked_mul(8)?)?;
        *bytes = rest;
        let (hashes, _) = hashes.as_chunks::<8>();
        let hashes = hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect();
        Some((String::from_utf8_lossy(id).into_owned(), hashes))
    }
    let mut lists = Vec::new();
    while let Some(one) = list(&mut bytes) {
        lists.push(one);
    }
    lists
}

#[cfg(test)]
mod tests;
