//! Remembers the accounts that a listing has seen, as fingerprints in memory that grows in small steps. A hash table
//! that doubles takes 28 MB while it grows to a million.

use alloc::vec;
use alloc::vec::Vec;

/// A power of two: of a million fingerprints each bucket holds some sixty, which are looked through one by one.
const BUCKETS: usize = 1 << 14;

/// Chunks that are allocated at once: 64 KiB.
const CHUNKS: usize = 1 << 10;

/// So many fingerprints make a chunk 64 bytes large.
const IN_CHUNK: usize = 7;

/// The lowest bits of an entry are a number of its own.
const NUMBER: u64 = 3;

/// 62-bit fingerprints, each with a number from 0 to 3: less than 10 bytes each for a million.
#[derive(Debug, Default)]
pub struct Seen {
    /// The place of each bucket's first chunk, by the upper bits of a fingerprint, counted from 1; 0 if there is none.
    /// Empty before the first fingerprint.
    buckets: Vec<u32>,
    /// Chunks in the order in which they were begun, [`CHUNKS`] in each.
    chunks: Vec<Vec<Chunk>>,
}

#[derive(Clone, Copy, Debug)]
struct Chunk {
    /// 0 is a free place.
    entries: [u64; IN_CHUNK],
    /// The bucket's next chunk, counted from 1; 0 if this is the last.
    next: u32,
}

/// A fingerprint: the number's bits are zero, and some other is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint that a hash makes.
    #[must_use]
    pub const fn of(hash: u64) -> Self {
        let bits = hash & !NUMBER;
        Self(if bits == 0 { NUMBER + 1 } else { bits })
    }

    /// The fingerprint as a number.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    fn bucket(self) -> usize {
        const SHIFT: u32 = u64::BITS - BUCKETS.trailing_zeros();
        usize::try_from(self.0 >> SHIFT).unwrap_or(usize::MAX)
    }
}

impl Seen {
    /// Without any.
    #[must_use]
    pub const fn new() -> Self {
        Self { buckets: Vec::new(), chunks: Vec::new() }
    }

    fn first(&self, fingerprint: Fingerprint) -> u32 {
        self.buckets.get(fingerprint.bucket()).copied().unwrap_or_default()
    }

    /// The chunk and the place in it that hold a fingerprint.
    fn find(&self, fingerprint: Fingerprint) -> Option<(u32, usize)> {
        let mut place = self.first(fingerprint);
        while let Some(chunk) = self.chunk(place) {
            if let Some(index) = chunk.entries.iter().position(|entry| entry & !NUMBER == fingerprint.0) {
                return Some((place, index));
            }
            place = chunk.next;
        }
        None
    }

    fn chunk(&self, place: u32) -> Option<&Chunk> {
        let index = usize::try_from(place).ok()?.checked_sub(1)?;
        self.chunks.get(index / CHUNKS)?.get(index % CHUNKS)
    }

    fn entry(&mut self, place: u32, index: usize) -> Option<&mut u64> {
        let chunk = usize::try_from(place).ok()?.checked_sub(1)?;
        self.chunks.get_mut(chunk / CHUNKS)?.get_mut(chunk % CHUNKS)?.entries.get_mut(index)
    }

    /// The number of a fingerprint.
    #[must_use]
    pub fn get(&self, fingerprint: Fingerprint) -> Option<u8> {
        let (place, index) = self.find(fingerprint)?;
        self.chunk(place)?.entries.get(index).map(|entry| number_of(*entry))
    }

    /// Gives a fingerprint a number. Returns the one that it had.
    pub fn put(&mut self, fingerprint: Fingerprint, number: u8) -> Option<u8> {
        let entry = fingerprint.0 | u64::from(number) & NUMBER;
        if let Some((place, index)) = self.find(fingerprint) {
            let held = self.entry(place, index)?;
            return Some(number_of(core::mem::replace(held, entry)));
        }
        let first = self.first(fingerprint);
        let free = self.chunk(first).and_then(|chunk| chunk.entries.iter().position(|entry| *entry == 0));
        match free.and_then(|index| self.entry(first, index)) {
            Some(free) => *free = entry,
            None => self.begin_chunk(fingerprint, entry, first),
        }
        None
    }

    fn begin_chunk(&mut self, fingerprint: Fingerprint, entry: u64, next: u32) {
        if self.buckets.is_empty() {
            self.buckets = vec![0; BUCKETS];
        }
        if self.chunks.last().is_none_or(|chunks| chunks.len() == CHUNKS) {
            self.chunks.push(Vec::with_capacity(CHUNKS));
        }
        let full = self.chunks.len().saturating_sub(1).saturating_mul(CHUNKS);
        let Some(chunks) = self.chunks.last_mut() else { return };
        let mut entries = [0; IN_CHUNK];
        entries[0] = entry;
        chunks.push(Chunk { entries, next });
        if let Some(first) = self.buckets.get_mut(fingerprint.bucket()) {
            *first = u32::try_from(full.saturating_add(chunks.len())).unwrap_or_default();
        }
    }

    /// Removes a fingerprint.
    pub fn remove(&mut self, fingerprint: Fingerprint) {
        if let Some(entry) = self.find(fingerprint).and_then(|(place, index)| self.entry(place, index)) {
            *entry = 0;
        }
    }
}

const fn number_of(entry: u64) -> u8 {
    (entry & NUMBER) as u8
}

#[cfg(test)]
mod tests {
    use super::super::hash::fnv1a;
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Fewer under Miri, which needs seconds to draw some hundred steps.
    const STEPS: usize = if cfg!(miri) { 80 } else { 600 };

    proptest! {
        #[test]
        fn it_behaves_like_a_map(steps in proptest::collection::vec((0..4_u8, 0..60_u64, 0..4_u8), 0..STEPS)) {
            let (mut seen, mut map) = (Seen::new(), HashMap::new());
            for (step, hash, number) in steps {
                // Some share a bucket and some do not.
                let fingerprint = Fingerprint::of((hash % 4) << 60 | hash << 2);
                match step {
                    0 | 1 => prop_assert_eq!(seen.put(fingerprint, number), map.insert(fingerprint, number)),
                    2 => {
                        seen.remove(fingerprint);
                        map.remove(&fingerprint);
                    }
                    _ => prop_assert_eq!(seen.get(fingerprint), map.get(&fingerprint).copied()),
                }
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "a million steps take Miri hours, and the property has all kinds of them")]
    fn a_million_take_less_than_ten_megabytes() {
        let mut seen = Seen::new();
        for number in 0..1_000_000_u64 {
            assert_eq!(seen.put(Fingerprint::of(fnv1a(&number.to_le_bytes())), 1), None, "{number}");
        }
        let bytes = seen.chunks.len() * CHUNKS * size_of::<Chunk>() + BUCKETS * size_of::<u32>();
        assert!(bytes < 10_000_000, "{bytes}");
    }
}
