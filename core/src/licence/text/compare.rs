//! What a difference between two texts is worth: a blank that was filled in, or terms.

use super::shingles::{self, Gap};
use super::words::{Words, is_of_law};

/// A known text: as words where it may be shipped, otherwise as a fingerprint.
#[derive(Debug)]
pub(super) enum Known {
    /// All of it.
    Text(Words),
    /// Hashes of its shingles, in order.
    Fingerprint(Vec<u64>),
}

impl Known {
    fn length(&self) -> usize {
        match self {
            Self::Text(words) => words.words.len(),
            Self::Fingerprint(hashes) => hashes.len() + shingles::LENGTH - 1,
        }
    }

    fn word(&self, at: usize) -> Option<&str> {
        match self {
            Self::Text(words) => words.words.get(at).map(|word| word.plain.as_str()),
            Self::Fingerprint(_) => None,
        }
    }
}

/// A place where a text differs in its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The words that are there instead, as written; empty when words are missing.
    pub(super) added: String,
    /// The words of the known text that are missing, where they may be shown.
    pub(super) removed: Option<String>,
    /// Number of words that are missing.
    pub(super) removed_words: usize,
}

/// How a text compares with a known one.
#[derive(Debug)]
pub(super) struct Comparison {
    /// Changes of terms, in the order of the text; none when it is the known text.
    pub(super) changes: Vec<Change>,
    /// Words of changes, on both sides.
    pub(super) weight: usize,
    /// Words of the known text that the text in question has.
    pub(super) shared: usize,
    /// Words of the known text.
    pub(super) known: usize,
}

/// Compares a text with a known one. `names` are the words of its name and id.
pub(super) fn compare(
    known: &Known,
    names: &[String],
    text: &str,
    words: &Words,
    text_shingles: &[u64],
) -> Comparison {
    let blocks = match known {
        Known::Text(known) => shingles::align(&shingles::shingles(known), text_shingles),
        Known::Fingerprint(hashes) => shingles::align(hashes, text_shingles),
    };
    let length = known.length();
    let gaps = shingles::gaps(&blocks, length, words.words.len());
    let lost: usize = gaps.iter().map(|gap| gap.known.len()).sum();
    let mut changes = Vec::new();
    let mut weight = 0;
    for gap in &gaps {
        let gap = trimmed(known, words, gap.clone());
        if (gap.known.is_empty() && gap.text.is_empty()) || neutral(known, names, words, &gap) {
            continue;
        }
        weight += gap.known.len() + gap.text.len();
        changes.push(change(known, text, words, &gap));
    }
    Comparison { changes, weight, shared: length.saturating_sub(lost), known: length }
}

/// Takes equal words off both ends; few words in a row make no shingle.
fn trimmed(known: &Known, words: &Words, mut gap: Gap) -> Gap {
    let same = |a: usize, b: usize| {
        known.word(a).is_some_and(|word| words.words.get(b).is_some_and(|w| w.plain == word))
    };
    while !gap.known.is_empty() && !gap.text.is_empty() && same(gap.known.start, gap.text.start) {
        gap.known.start += 1;
        gap.text.start += 1;
    }
    while !gap.known.is_empty() && !gap.text.is_empty() && same(gap.known.end - 1, gap.text.end - 1)
    {
        gap.known.end -= 1;
        gap.text.end -= 1;
    }
    gap
}

/// Words that stand for a name in the blanks of licence texts.
const BLANKS: &[&str] = &[
    "a",
    "and",
    "any",
    "author",
    "authors",
    "berkeley",
    "by",
    "california",
    "company",
    "contributor",
    "contributors",
    "copyright",
    "develop",
    "developer",
    "holder",
    "holders",
    "its",
    "name",
    "of",
    "or",
    "organization",
    "owner",
    "owners",
    "regents",
    "s",
    "the",
    "university",
    "year",
    "yyyy",
];

/// Most words that fill a blank.
const LONGEST_NAME: usize = 12;

/// Most words of a heading.
const LONGEST_HEADING: usize = 16;

/// Words of headings besides the licence's own name.
const HEADING: &[&str] = &[
    "a",
    "agreement",
    "clause",
    "clauses",
    "code",
    "community",
    "file",
    "full",
    "global",
    "international",
    "is",
    "legal",
    "legalcode",
    "license",
    "model",
    "new",
    "of",
    "official",
    "or",
    "public",
    "revised",
    "software",
    "spdx",
    "text",
    "the",
    "this",
    "txt",
    "v",
    "version",
];

/// Whether a difference changes no terms: a blank filled with a name, the heading,
/// or a part that the licence itself calls no part of it.
fn neutral(known: &Known, names: &[String], words: &Words, gap: &Gap) -> bool {
    let text: Vec<&str> =
        words.words[gap.text.clone()].iter().map(|word| word.plain.as_str()).collect();
    let length = known.length();
    let heading = |word: &&str| HEADING.contains(word) || names.iter().any(|name| name == word);
    if gap.known.start == 0 && gap.text.start == 0 {
        let all_text = text.len() <= LONGEST_HEADING && text.iter().all(heading);
        let all_known = match known {
            Known::Text(_) => gap.known.clone().all(|at| {
                known
                    .word(at)
                    .is_some_and(|word| heading(&word) || word.bytes().all(|b| b.is_ascii_digit()))
            }),
            Known::Fingerprint(_) => true,
        };
        if all_text && all_known && gap.known.len() <= LONGEST_HEADING {
            return true;
        }
    }
    // Instructions for those who apply a licence follow behind its end.
    if text.is_empty() && gap.known.end == length && ended_before(known, gap.known.start) {
        return true;
    }
    if text.iter().all(heading) && is_frame(known, gap) {
        return true;
    }
    let blank = !gap.known.is_empty()
        && gap.known.len() <= LONGEST_NAME
        && gap.known.clone().all(|at| known.word(at).is_some_and(|w| BLANKS.contains(&w)));
    blank && text.len() <= LONGEST_NAME && !text.iter().any(|word| is_of_law(word))
}

/// Whether the words before a place say that the terms end there.
fn ended_before(known: &Known, at: usize) -> bool {
    const END: [&str; 5] = ["end", "of", "terms", "and", "conditions"];
    let Some(start) = at.checked_sub(END.len()) else { return false };
    END.iter().enumerate().all(|(index, word)| known.word(start + index) == Some(*word))
}

/// Whether what is missing is what Creative Commons puts around its licences: it
/// "does not form part of the public licenses".
fn is_frame(known: &Known, gap: &Gap) -> bool {
    let says = |at: usize, words: &[&str]| {
        words.iter().enumerate().all(|(index, word)| known.word(at + index) == Some(*word))
    };
    let length = known.length();
    if !says(0, &["creative", "commons"]) {
        return false;
    }
    let first = |words: &[&str]| (0..length).find(|at| says(*at, words));
    let begins = first(&["by", "exercising", "the", "licensed", "rights"]);
    let ends = first(&["creative", "commons", "is", "not", "a", "party", "to", "its"]);
    begins.is_some_and(|begins| gap.known.end <= begins)
        || ends.is_some_and(|ends| gap.known.start >= ends)
}

fn change(known: &Known, text: &str, words: &Words, gap: &Gap) -> Change {
    let added = match (words.words.get(gap.text.start), gap.text.end.checked_sub(1)) {
        (Some(first), Some(last)) if !gap.text.is_empty() => {
            let to = words.words.get(last).map_or(first.to, |word| word.to);
            text.get(first.from..to).unwrap_or_default()
        }
        _ => "",
    };
    let removed = match known {
        Known::Text(known) => {
            let missing: Vec<&str> =
                known.words[gap.known.clone()].iter().map(|word| word.plain.as_str()).collect();
            Some(missing.join(" "))
        }
        Known::Fingerprint(_) => None,
    };
    Change {
        added: added.split_whitespace().collect::<Vec<_>>().join(" "),
        removed: removed.filter(|words| !words.is_empty()),
        removed_words: gap.known.len(),
    }
}
