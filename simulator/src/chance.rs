//! Numbers that look random and follow from a seed.

/// A stream of numbers by `SplitMix64`: fast, and started anew for each account, so that no account depends on another.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream for the `index`-th thing of a sort.
    pub(crate) const fn of(seed: u64, sort: u64, index: u64) -> Self {
        Self(mix(mix(seed ^ mix(sort)) ^ mix(index.wrapping_add(0x632b_e59b_d9b4_e019))))
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    /// Whether something that happens in so many of a hundred cases does.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several things.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.below(u64::try_from(of.len()).unwrap_or(1));
        of.get(usize::try_from(index).unwrap_or_default())
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
