//! Fingerprints of texts: hashes of every few words in a row.
//!
//! With them two texts are aligned without a text that may not be shipped, and a
//! candidate is found among hundreds by a few of the hashes (bottom-k sketches,
//! Broder 1997).

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::words::Words;

/// Words in one shingle.
pub(super) const LENGTH: usize = 5;

/// Hashes of a sketch.
pub(super) const SKETCH: usize = 32;

/// The hash of every [`LENGTH`] words in a row, in the order of the text. Long
/// enough that nobody finds other words with the same.
pub(super) fn shingles(words: &Words) -> Vec<u64> {
    words
        .words
        .windows(LENGTH)
        .map(|window| {
            let mut hash = Sha256::new();
            for word in window {
                hash.update(word.plain.as_bytes());
                hash.update(b" ");
            }
            first_bytes(&hash.finalize())
        })
        .collect()
}

fn first_bytes(hash: &[u8]) -> u64 {
    hash.iter().take(8).fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// The smallest hashes of a text, each once: a sample that any text with the same
/// passages has too.
pub(super) fn sketch(shingles: &[u64]) -> Vec<u64> {
    let mut all = shingles.to_vec();
    all.sort_unstable();
    all.dedup();
    all.truncate(SKETCH);
    all
}

/// A run of equal shingles in both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Position in the known text.
    pub(super) known: usize,
    /// Position in the text in question.
    pub(super) text: usize,
    /// Number of shingles.
    pub(super) length: usize,
}

/// Aligns two texts: runs of equal shingles, in order in both.
///
/// Shingles that are unique in both texts are anchors (patience diff, Cohen); the
/// longest chain of them that is in order is kept, and each is extended as far as
/// both texts agree. The work grows as n log n, whatever the texts are.
pub(super) fn align(known: &[u64], text: &[u64]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (in_known, in_text) in chain(anchors(known, text)) {
        let (mut low_known, mut low_text) = (0, 0);
        if let Some(last) = blocks.last() {
            (low_known, low_text) = (last.known + last.length, last.text + last.length);
        }
        if in_known < low_known || in_text < low_text {
            continue;
        }
        let back = known[low_known..in_known]
            .iter()
            .rev()
            .zip(text[low_text..in_text].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        let ahead =
            known[in_known..].iter().zip(&text[in_text..]).take_while(|(a, b)| a == b).count();
        blocks.push(Block { known: in_known - back, text: in_text - back, length: back + ahead });
    }
    blocks
}

/// Positions of shingles that are there once in both.
fn anchors(known: &[u64], text: &[u64]) -> Vec<(usize, usize)> {
    let once = |shingles: &[u64]| {
        let mut seen: HashMap<u64, Option<usize>> = HashMap::with_capacity(shingles.len());
        for (position, hash) in shingles.iter().enumerate() {
            seen.entry(*hash).and_modify(|place| *place = None).or_insert(Some(position));
        }
        seen
    };
    let in_text = once(text);
    let mut pairs: Vec<(usize, usize)> = once(known)
        .into_iter()
        .filter_map(|(hash, place)| Some((place?, in_text.get(&hash).copied()??)))
        .collect();
    pairs.sort_unstable();
    pairs
}

/// The longest chain of pairs that rises in both (patience sorting).
fn chain(pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    for (index, (_, text)) in pairs.iter().enumerate() {
        let pile = ends.partition_point(|end| pairs[*end].1 < *text);
        before[index] = pile.checked_sub(1).map(|below| ends[below]);
        if pile == ends.len() {
            ends.push(index);
        } else {
            ends[pile] = index;
        }
    }
    let mut chained = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        chained.push(pairs[index]);
        next = before[index];
    }
    chained.reverse();
    chained
}

/// A place where two texts differ, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// Words of the known text that are not in the text in question.
    pub(super) known: std::ops::Range<usize>,
    /// Words of the text in question that are not in the known text.
    pub(super) text: std::ops::Range<usize>,
}

/// The words between the blocks.
pub(super) fn gaps(blocks: &[Block], known_words: usize, text_words: usize) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let (mut known, mut text) = (0_usize, 0_usize);
    for block in blocks {
        // A block of n shingles covers n + LENGTH - 1 words, so two blocks can overlap
        // in one of the texts. A word counts once; what is over is between them.
        let overlap = known.saturating_sub(block.known).max(text.saturating_sub(block.text));
        let gap = Gap { known: known..block.known + overlap, text: text..block.text + overlap };
        if !(gap.known.is_empty() && gap.text.is_empty()) {
            gaps.push(gap);
        }
        let words = block.length + LENGTH - 1;
        (known, text) = (block.known + words, block.text + words);
    }
    let gap = Gap { known: known..known_words.max(known), text: text..text_words.max(text) };
    if !(gap.known.is_empty() && gap.text.is_empty()) {
        gaps.push(gap);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Gap, Words, align, gaps, shingles, sketch};

    fn compare(known: &str, text: &str) -> Vec<Gap> {
        let (known, text) = (Words::of(known), Words::of(text));
        let blocks = align(&shingles(&known), &shingles(&text));
        gaps(&blocks, known.words.len(), text.words.len())
    }

    const TEXT: &str = "one two three four five six seven eight nine ten eleven twelve \
                        thirteen";

    #[test]
    fn gaps_are_the_words_that_differ() {
        assert_eq!(compare(TEXT, TEXT), []);
        let added = TEXT.replace("six seven", "six and also seven");
        assert_eq!(compare(TEXT, &added), [Gap { known: 6..6, text: 6..8 }]);
        let removed = TEXT.replace("six seven eight ", "");
        // Words on both sides of a cut that happen to be equal belong to either.
        assert_eq!(compare(TEXT, &removed), [Gap { known: 5..8, text: 5..5 }]);
        let other = TEXT.replace("six", "sex");
        assert_eq!(compare(TEXT, &other), [Gap { known: 5..6, text: 5..6 }]);
        let twice = "one two three four five two three four five six seven eight nine";
        let once = "one two three four five six seven eight nine";
        assert_eq!(compare(once, twice), [Gap { known: 5..5, text: 5..9 }]);
        assert_eq!(compare(TEXT, ""), [Gap { known: 0..13, text: 0..0 }]);
        assert_eq!(compare(TEXT, &format!("{TEXT} more")), [Gap { known: 13..13, text: 13..14 }]);
    }

    #[test]
    fn a_part_of_a_text_keeps_most_of_its_sketch() {
        let text = (0..500).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
        let all = sketch(&shingles(&Words::of(&text)));
        let more = shingles(&Words::of(&format!("{text} and more of it follows here")));
        assert!(all.iter().all(|hash| more.contains(hash)));
    }

    proptest! {
        /// What is taken out and put in, and nothing else, is found.
        #[test]
        fn an_insertion_is_found_wherever_it_is(at in 0_usize..200, length in 1_usize..30) {
            let known: Vec<String> = (0..200).map(|n| format!("w{n}")).collect();
            let mut text = known.clone();
            let added: Vec<String> = (0..length).map(|n| format!("x{n}")).collect();
            text.splice(at..at, added);
            let found = compare(&known.join(" "), &text.join(" "));
            let words: usize = found.iter().map(|gap| gap.text.len()).sum();
            let lost: usize = found.iter().map(|gap| gap.known.len()).sum();
            // Near an end, fewer words than a shingle may be left over.
            prop_assert!(words >= length && words < length + 5, "{found:?}");
            prop_assert!(lost < 5, "{found:?}");
        }

        #[test]
        fn any_two_texts_can_be_compared(a in "([abc] ){0,60}", b in "([abc] ){0,60}") {
            for gap in compare(&a, &b) {
                prop_assert!(gap.known.end <= 60 && gap.text.end <= 60);
            }
        }
    }
}
