//! A Merkle tree of RFC 6962, section 2.1, written down as defined there.

use crate::keys::{Hash, sha256};

/// Entries of a full tile (C2SP tlog-tiles).
pub(crate) const TILE: usize = 256;

/// The hash of an entry.
pub(crate) fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry].concat())
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left[..], &right[..]].concat())
}

/// The largest power of two below `count`, which is 2 or more.
fn split(count: usize) -> usize {
    1 << (count - 1).ilog2()
}

/// The root over these leaf hashes.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The path from the leaf at `index` to the root.
pub(crate) fn inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = match index.checked_sub(left.len()) {
        None => (inclusion(index, left), root(right)),
        Some(index) => (inclusion(index, right), root(left)),
    };
    path.push(sibling);
    path
}

/// The proof that the tree of the first `old` leaves is a part of this one.
pub(crate) fn consistency(old: usize, leaves: &[Hash]) -> Vec<Hash> {
    if old == 0 || old > leaves.len() {
        return Vec::new();
    }
    subproof(old, leaves, true)
}

fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, sibling) = if old <= left.len() {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - left.len(), right, false), root(left))
    };
    proof.push(sibling);
    proof
}

/// The hashes of the tile `index` of `level`, as far as they are known: each
/// the root of a full subtree of 256^level leaves.
pub(crate) fn tile(level: u32, index: usize, leaves: &[Hash]) -> Vec<Hash> {
    let Some(span) = TILE.checked_pow(level) else { return Vec::new() };
    let subtrees = leaves.chunks_exact(span);
    subtrees.skip(index.saturating_mul(TILE)).take(TILE).map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigstore_verify::types::Sha256Hash;

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&[number])).collect()
    }

    fn typed(hashes: &[Hash]) -> Vec<Sha256Hash> {
        hashes.iter().copied().map(Sha256Hash::new).collect()
    }

    #[test]
    fn every_path_of_every_size_is_accepted_by_another_implementation() {
        for size in 1..=70_u8 {
            let leaves = leaves(size);
            let top = Sha256Hash::new(root(&leaves));
            for index in 0..size {
                let leaf = Sha256Hash::new(leaves[usize::from(index)]);
                let path = typed(&inclusion(index.into(), &leaves));
                let check = |path: &[Sha256Hash]| {
                    sigstore_merkle::verify_inclusion_proof(
                        &leaf,
                        index.into(),
                        size.into(),
                        path,
                        &top,
                    )
                };
                check(&path).unwrap();
                if let Some((_, short)) = path.split_last() {
                    check(short).unwrap_err();
                }
            }
        }
    }

    #[test]
    fn every_growth_is_accepted_by_another_implementation() {
        for new in 1..=70_u8 {
            let leaves = leaves(new);
            let new_root = Sha256Hash::new(root(&leaves));
            for old in 1..=new {
                let proof = typed(&consistency(old.into(), &leaves));
                let old_root = Sha256Hash::new(root(&leaves[..old.into()]));
                let check = |root: &Sha256Hash| {
                    sigstore_merkle::verify_consistency_proof(
                        old.into(),
                        new.into(),
                        &proof,
                        root,
                        &new_root,
                    )
                };
                check(&old_root).unwrap();
                check(&Sha256Hash::new([7; 32])).unwrap_err();
            }
        }
    }

    #[test]
    fn tiles_hold_what_the_tree_is_made_of() {
        let leaves: Vec<Hash> = (0..600_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        assert_eq!(tile(0, 0, &leaves), leaves[..256]);
        assert_eq!(tile(0, 2, &leaves), leaves[512..]);
        assert_eq!(tile(1, 0, &leaves), [root(&leaves[..256]), root(&leaves[256..512])]);
        assert!(tile(2, 0, &leaves).is_empty());
        assert!(tile(9, usize::MAX, &leaves).is_empty());
    }
}
