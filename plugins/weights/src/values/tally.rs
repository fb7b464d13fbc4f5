//! What is known about the values of a tensor, part by part.

/// What was seen in a part of a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    /// Values that are not a number; scales, where the tensor has blocks.
    pub(crate) nan: u64,
    /// Values that are infinite.
    pub(crate) infinite: u64,
    /// Index of the first value (or block) that is either.
    pub(crate) first_bad: Option<u64>,
    /// Greatest magnitude of a finite value, as the bits of its type without the sign.
    pub(crate) greatest: u64,
    /// Whether every value (or scale) is zero.
    pub(crate) zero: bool,
    /// Bits of the first value.
    pub(crate) first: u64,
    /// Whether all values have these bits.
    pub(crate) constant: bool,
    /// Stretches of 4 KiB that are zero.
    pub(crate) zero_pages: u64,
}

impl Tally {
    /// Nothing seen, before a first value with these bits.
    pub(crate) const fn new(first: u64) -> Self {
        Self {
            nan: 0,
            infinite: 0,
            first_bad: None,
            greatest: 0,
            zero: true,
            first,
            constant: true,
            zero_pages: 0,
        }
    }

    /// This part and another one, in any order.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            nan: self.nan + other.nan,
            infinite: self.infinite + other.infinite,
            first_bad: match (self.first_bad, other.first_bad) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            greatest: self.greatest.max(other.greatest),
            zero: self.zero && other.zero,
            first: self.first,
            constant: self.constant && other.constant && self.first == other.first,
            zero_pages: self.zero_pages + other.zero_pages,
        }
    }
}
