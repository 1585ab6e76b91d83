//! Teams.

use crate::ids::{self, Sort};

/// A team as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Team {
    pub(crate) index: u32,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) create_at: i64,
    pub(crate) delete_at: i64,
    pub(crate) is_open: bool,
    pub(crate) invite_id: String,
}

const NAMES: [&str; 8] =
    ["Engineering", "Marketing & Größe", "Sales", "Support", "営業", "Finance", "Operations", "People"];

/// One team for a hundred accounts, at least three and at most forty.
pub(crate) fn count(accounts: u32) -> u32 {
    (accounts / 100).clamp(3, 40)
}

/// The team at `index` of `total`. The last of several is archived, the second invites everybody.
pub(crate) fn make(seed: u64, index: u32, total: u32, now_ms: i64) -> Team {
    const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;
    let is_archived = total > 1 && index.saturating_add(1) == total;
    let kind = NAMES.get(usize::try_from(index).unwrap_or_default() % NAMES.len()).copied().unwrap_or_default();
    Team {
        index,
        id: ids::id(seed, Sort::Team, index),
        name: format!("team-{index:02}"),
        display_name: if is_archived { "Old team".to_owned() } else { format!("{kind} {index:02}") },
        create_at: now_ms.saturating_sub(YEAR_MS.saturating_mul(4)),
        delete_at: if is_archived { now_ms.saturating_sub(YEAR_MS) } else { 0 },
        is_open: index == 1,
        invite_id: ids::id(seed, Sort::Invite, index),
    }
}
