//! Ids and tokens: 26 letters and digits, as Mattermost makes them, from which the index can be read back.

use crate::chance::Chance;

/// The letters of Mattermost's base-32 encoding.
const LETTERS: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// Characters that hold the index, at the end; those before them prove that the id is one of this server's.
const INDEX_CHARS: usize = 7;
const PROOF_CHARS: usize = 19;

/// What an id belongs to. The same index has other ids for other sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    User,
    Team,
    Token,
    Invite,
    Request,
    Server,
    TokenId,
    Role,
}

impl Sort {
    const fn salt(self) -> u64 {
        match self {
            Self::User => 11,
            Self::Team => 12,
            Self::Token => 13,
            Self::Invite => 14,
            Self::Request => 15,
            Self::Server => 16,
            Self::TokenId => 17,
            Self::Role => 18,
        }
    }
}

/// The id of the `index`-th thing of a sort.
pub(crate) fn id(seed: u64, sort: Sort, index: u32) -> String {
    let mut text = String::with_capacity(PROOF_CHARS.saturating_add(INDEX_CHARS));
    let mut proof = Chance::of(seed, sort.salt(), u64::from(index));
    for _ in 0..PROOF_CHARS {
        text.push(letter(proof.next()));
    }
    let hidden = u64::from(index) ^ mask(seed, sort);
    for place in (0..INDEX_CHARS).rev() {
        text.push(letter(hidden >> (place.saturating_mul(5))));
    }
    text
}

/// The index of an id of this sort; `None` for any other text.
pub(crate) fn index(seed: u64, sort: Sort, text: &str) -> Option<u32> {
    let end = text.get(PROOF_CHARS..).filter(|end| end.len() == INDEX_CHARS)?;
    let mut hidden = 0_u64;
    for byte in end.bytes() {
        let value = LETTERS.iter().position(|letter| *letter == byte)?;
        hidden = hidden << 5 | u64::try_from(value).ok()?;
    }
    let index = u32::try_from(hidden ^ mask(seed, sort)).ok()?;
    (id(seed, sort, index) == text).then_some(index)
}

fn mask(seed: u64, sort: Sort) -> u64 {
    Chance::of(seed, sort.salt(), u64::MAX).next() & 0xffff_ffff
}

fn letter(value: u64) -> char {
    let index = usize::try_from(value & 31).unwrap_or_default();
    LETTERS.get(index).copied().map_or('y', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_index() {
        for seed in [0, 1, u64::MAX] {
            for n in [0, 1, 31, 32, 65_535, 1_000_000, u32::MAX] {
                let id = id(seed, Sort::User, n);
                assert!(id.len() == 26 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
                assert_eq!(index(seed, Sort::User, &id), Some(n));
                assert_eq!(index(seed, Sort::Team, &id), None);
                assert_eq!(index(seed ^ 7, Sort::User, &id), None);
            }
        }
        for text in ["", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "ü", "AAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(index(1, Sort::User, text), None, "{text}");
        }
    }
}
