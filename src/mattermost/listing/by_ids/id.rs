//! An account's id in 17 bytes: 26 letters and digits are 134.4 bits.

use alloc::string::String;

use provider_sdk::hash::fnv1a;

/// Letters and digits in an id of Mattermost's (server/public/model/utils.go).
const LENGTH: usize = 26;

/// Letters and digits in half an id.
const HALF: usize = LENGTH / 2;

/// Bits of half an id: 36 to the 13th is less than 2 to the 68th.
const HALF_BITS: u32 = 68;

/// The id of an account. The order is that of the ids as texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 17]);

impl core::fmt::Debug for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text())
    }
}

impl Id {
    /// Reads an id; `None` if the text is not 26 digits and lower-case letters, as all of Mattermost's ids are.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        let (first, second) = text.split_at_checked(HALF)?;
        let (first, second) = (half(first)?, half(second)?);
        let [low, ..] = second.to_le_bytes();
        let high = (first << (u128::BITS - HALF_BITS)) | (second >> 8);
        let mut bytes = [low; 17];
        bytes.iter_mut().zip(high.to_be_bytes()).for_each(|(to, from)| *to = from);
        Some(Self(bytes))
    }

    /// The id as the server writes it.
    #[must_use]
    pub fn text(self) -> String {
        let (high, low) = self
            .0
            .split_first_chunk::<16>()
            .map_or((0, 0), |(high, low)| (u128::from_be_bytes(*high), low.first().copied().unwrap_or_default()));
        let rest = u128::BITS - HALF_BITS;
        let mut text = [0_u8; LENGTH];
        let (first, second) = text.split_at_mut(HALF);
        spell(high >> rest, first);
        spell((high & ((1 << rest) - 1)) << 8 | u128::from(low), second);
        text.into_iter().map(char::from).collect()
    }

    /// The id's term in a sum over many ids.
    #[must_use]
    pub fn hash(self) -> u64 {
        fnv1a(&self.0)
    }
}

fn half(text: &[u8]) -> Option<u128> {
    let (last, first) = text.split_last()?;
    let mut number = 0_u64;
    for letter in first {
        number = number.wrapping_mul(36).wrapping_add(u64::from(digit(*letter)?));
    }
    Some(u128::from(number) * 36 + u128::from(digit(*last)?))
}

const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'z' => Some(letter - b'a' + 10),
        _ => None,
    }
}

fn spell(number: u128, to: &mut [u8]) {
    let mut last = (number % 36) as u8;
    let mut rest = (number / 36) as u64;
    for place in to.iter_mut().rev() {
        *place = if last < 10 { b'0' + last } else { b'a' + last - 10 };
        last = (rest % 36) as u8;
        rest /= 36;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "abc", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "u4fe6hszjtnd7xi3ehbtrcpot", "u4fe6hszjtnd7xi3ehbtrcpote1"]
        {
            assert_eq!(Id::parse(text.as_bytes()), None, "{text}");
        }
        assert!(Id::parse(b"u4fe6hszjtnd7xi3ehbtrcpo-e").is_none());
    }

    proptest! {
        #[test]
        fn ids_keep_their_text_and_their_order(a in "[0-9a-z]{26}", b in "[0-9a-z]{26}") {
            let (one, two) = (Id::parse(a.as_bytes()).unwrap(), Id::parse(b.as_bytes()).unwrap());
            prop_assert_eq!((one.text(), two.text()), (a.clone(), b.clone()));
            prop_assert_eq!(one.cmp(&two), a.cmp(&b));
        }
    }
}
