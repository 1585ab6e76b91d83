//! Checksums of the rows in a file: disks and copies lose bytes, and a record with a damaged name would still parse.
//!
//! A CRC-32 finds every error of up to 32 bits in a row, and misses one of four billion others. It does not protect
//! from somebody who changes the file on purpose.

use crc32fast::Hasher;

/// The checksum of a user's row: the upper half covers the id, the lower half everything. So the id of a damaged record
/// can still be trusted.
pub(super) fn of_user(id: &[u8], run: u32, record: &[u8]) -> i64 {
    (u64::from(crc32fast::hash(id)) << 32 | u64::from(of_parts(&[id, &run.to_le_bytes(), record]))).cast_signed()
}

/// Whether the id of a row is the one that was saved.
pub(super) fn holds_for_id(sum: i64, id: &[u8]) -> bool {
    sum.cast_unsigned() >> 32 == u64::from(crc32fast::hash(id))
}

/// The checksum of a listing's row.
pub(super) fn of_listing(subject: i64, place: &str, is_complete: bool, standing: &str) -> i64 {
    let parts = [&subject.to_le_bytes()[..], place.as_bytes(), &[u8::from(is_complete)], standing.as_bytes()];
    i64::from(of_parts(&parts))
}

/// The checksum of several parts, each with its length.
fn of_parts(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    for part in parts {
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_in_it() {
        let sum = of_user(b"a", 1, b"{}");
        for (other, is_same_id) in [
            (of_user(b"b", 1, b"{}"), false),
            (of_user(b"a", 2, b"{}"), true),
            (of_user(b"a", 1, b"{ }"), true),
            (of_user(b"a{", 1, b"}"), false),
        ] {
            assert!(other != sum && holds_for_id(other, b"a") == is_same_id);
        }
        let sum = of_listing(1, "latest", true, "{}");
        for other in [
            of_listing(2, "latest", true, "{}"),
            of_listing(1, "earlier", true, "{}"),
            of_listing(1, "latest", false, "{}"),
            of_listing(1, "latest", true, "{ }"),
        ] {
            assert_ne!(other, sum);
        }
    }
}
