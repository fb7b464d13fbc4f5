//! Merkle trees of transparency logs: what a log has grown by, and whether it kept
//! what it had.
//!
//! Sources: RFC 9162 (RFC 6962), section 2.1; compact ranges as in
//! transparency-dev/merkle. Whoever appends every entry to a [`Range`] and finds the
//! root of a signed head has proven that each is in the log and that nothing before
//! it changed.

use sha2::{Digest as _, Sha256};

/// A node of a tree.
pub type Hash = [u8; 32];

/// The hash of an entry.
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// The hash over two nodes.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The first entries of a log, as the roots of its complete subtrees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    size: u64,
    /// Largest first; one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Range {
    /// Takes peaks, largest subtree first; none when their number does not fit.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete subtrees, largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds an entry by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut joined = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                joined = node(&left, &joined);
            }
        }
        self.peaks.push(joined);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Sha256::digest(b"").into() };
        peaks.fold(*last, |right, left| node(left, &right))
    }
}

/// The first `first` entries of a tree of `second`, and the root that a consistency
/// proof gives to the whole (RFC 9162, section 2.1.4.2). Trust in the answer comes
/// from comparing that root with a signed one.
///
/// `root` is the root of the first entries where it is known; a proof for a power of
/// two does not repeat it.
pub fn from_proof(
    first: u64,
    second: u64,
    root: Option<Hash>,
    proof: &[Hash],
) -> Option<(Range, Hash)> {
    if first == 0 || first >= second {
        return None;
    }
    let start = if first.is_power_of_two() { Some(root?) } else { None };
    let mut path = start.iter().chain(proof);
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let mut whole = *path.next()?;
    let mut peaks = vec![whole];
    for hash in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            peaks.push(*hash);
            whole = node(hash, &whole);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            whole = node(&whole, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    peaks.reverse();
    let range = Range::new(first, peaks)?;
    let fits = root.is_none_or(|root| range.root() == root);
    (last == 0 && fits).then_some((range, whole))
}

/// Whether a tree of `second` entries begins with one of `first`.
pub fn is_consistent(first: (u64, Hash), second: (u64, Hash), proof: &[Hash]) -> bool {
    match first.0 {
        0 => proof.is_empty(),
        size if size == second.0 => proof.is_empty() && first.1 == second.1,
        size => from_proof(size, second.0, Some(first.1), proof)
            .is_some_and(|(_, whole)| whole == second.1),
    }
}

/// A complete subtree: entries `index << level` up to the next.
pub type Subtree = (u8, u64);

/// The consistency proof between two sizes (RFC 9162, section 2.1.4.1), from the
/// complete subtrees that `of` knows.
pub fn prove<E>(
    first: u64,
    second: u64,
    of: &mut impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if first == 0 || first >= second {
        return Ok(Vec::new());
    }
    let (mut from, mut to, mut whole) = (0, second, true);
    let mut proof = Vec::new();
    loop {
        if first == to {
            if !whole {
                proof.push(span(from, to, of)?);
            }
            break;
        }
        let middle = from + split(to - from);
        if first <= middle {
            proof.push(span(middle, to, of)?);
            to = middle;
        } else {
            proof.push(span(from, middle, of)?);
            (from, whole) = (middle, false);
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below a size of two or more.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root over entries `from..to`, which begin where a subtree does.
fn span<E>(from: u64, to: u64, of: &mut impl FnMut(Subtree) -> Result<Hash, E>) -> Result<Hash, E> {
    let size = to - from;
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return of((u8::try_from(level).unwrap_or(u8::MAX), from >> level));
    }
    let middle = from + split(size);
    let left = span(from, middle, of)?;
    Ok(node(&left, &span(middle, to, of)?))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::{Hash, Range, Subtree, from_proof, is_consistent, leaf, node, prove};

    /// RFC 9162, section 2.1.1, word for word.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Range::default().root(),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
                node(&root(left), &root(right))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
    }

    fn range(leaves: &[Hash]) -> Range {
        let mut range = Range::default();
        for leaf in leaves {
            range.push(*leaf);
        }
        range
    }

    fn proof(first: usize, leaves: &[Hash]) -> Vec<Hash> {
        let mut of = |(level, index): Subtree| {
            let from = usize::try_from(index << level).unwrap();
            Ok::<_, Infallible>(root(&leaves[from..from + (1 << level)]))
        };
        prove(first as u64, leaves.len() as u64, &mut of).unwrap()
    }

    #[test]
    fn published_roots_are_met() {
        // The test data of certificate transparency: entries "", 00.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = |hash: Hash| crate::model::digest::hex_of(&hash);
        assert_eq!(text(Range::default().root()), empty);
        let one = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(text(range(&[leaf(b"")]).root()), one);
        let two = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
        assert_eq!(text(range(&[leaf(b""), leaf(b"\0")]).root()), two);
    }

    #[test]
    fn every_pair_of_small_sizes_is_consistent_and_no_other() {
        let all = leaves(20);
        for second in 1..all.len() {
            let tree = &all[..second];
            assert_eq!(range(tree).root(), root(tree), "{second}");
            for first in 1..second {
                let hashes = proof(first, tree);
                let (old, new) = (root(&tree[..first]), root(tree));
                let sizes = (first as u64, second as u64);
                assert!(is_consistent((sizes.0, old), (sizes.1, new), &hashes), "{sizes:?}");
                let known = Some(old).filter(|_| first.is_power_of_two());
                let (begin, whole) = from_proof(sizes.0, sizes.1, known, &hashes).unwrap();
                assert_eq!((begin, whole), (range(&tree[..first]), new), "{sizes:?}");
                for position in 0..hashes.len() {
                    let mut wrong = hashes.clone();
                    wrong[position][0] ^= 1;
                    assert!(!is_consistent((sizes.0, old), (sizes.1, new), &wrong));
                    wrong.remove(position);
                    assert!(!is_consistent((sizes.0, old), (sizes.1, new), &wrong));
                }
                let mut longer = hashes.clone();
                longer.push(new);
                assert!(!is_consistent((sizes.0, old), (sizes.1, new), &longer));
                assert!(!is_consistent((sizes.0, new), (sizes.1, new), &hashes));
                assert!(!is_consistent((sizes.0, old), (sizes.1, old), &hashes));
            }
        }
    }

    proptest! {
        #[test]
        fn proofs_of_larger_trees_hold(first in 1_u64..2000, more in 1_u64..2000) {
            let all = leaves(first + more);
            let begin = usize::try_from(first).unwrap();
            let hashes = proof(begin, &all);
            let (old, new) = (root(&all[..begin]), root(&all));
            prop_assert!(is_consistent((first, old), (first + more, new), &hashes));
            prop_assert!(hashes.len() <= 2 * 12);
        }

        #[test]
        fn arbitrary_proofs_prove_nothing(
            first in any::<u64>(), second in any::<u64>(),
            hashes in proptest::collection::vec(any::<Hash>(), 0..70),
        ) {
            let (old, new) = ([1; 32], [2; 32]);
            prop_assert!(first == 0 || !is_consistent((first, old), (second, new), &hashes));
        }
    }
}
