//! What the two ways of listing cost a server, in microseconds, as they were measured on a real 11.6 with PostgreSQL on two
//! cores (docs/performance.md). Only the proportions matter.

/// Accounts on a page of any list.
const PAGE: u64 = 200;

/// A page of `/users`: so much, and so much more for each page before it, since the database reads and sorts those too.
const USERS_PAGE: u64 = 9_000;
const USERS_PAGE_BEFORE: u64 = 400;

/// A page of a team's members, likewise.
const MEMBERS_PAGE: u64 = 3_000;
const MEMBERS_PAGE_BEFORE: u64 = 70;

/// A page of the accounts without a team reads all accounts: so much for each thousand of them.
const WITHOUT_TEAM_THOUSAND: u64 = 1_500;

/// Each thousand accounts whose ids or whose profiles are asked for.
const THOUSAND_KNOWN: u64 = 1_500;
const THOUSAND_PROFILES: u64 = 25_000;

/// Profiles that are asked for at once: four such requests in flight are what a server of two cores answers fastest.
pub(super) const PROFILES_AT_ONCE: usize = 1_000;

/// A listing by ids reads its lists twice.
const LISTS: u64 = 2;

/// The listing by ids may take more requests than pages do, which a limiter counts: it has to save so many times as much.
const WORTH: u64 = 2;

/// Fewer accounts than this are listed by pages, which takes ten requests: there is nothing to save.
pub(super) const ACCOUNTS_WORTH: u32 = 2_000;

/// What all pages of `/users` cost.
fn pages(accounts: u64) -> u64 {
    let pages = accounts / PAGE + 1;
    pages * USERS_PAGE + pages * pages / 2 * USERS_PAGE_BEFORE
}

/// What a listing by ids costs where so many of the accounts are named by teams that the caller is not in.
fn ids(accounts: u64, by_teams: u64) -> u64 {
    let pages = by_teams.div_ceil(PAGE);
    let members = pages * MEMBERS_PAGE + pages * pages / 2 * MEMBERS_PAGE_BEFORE;
    let thousands = accounts.div_ceil(1_000);
    thousands * THOUSAND_PROFILES + LISTS * (thousands * THOUSAND_KNOWN + members)
}

/// What a page costs of the accounts without a team, or of a team's members, where there are so many accounts.
#[must_use]
pub(super) fn of_page(is_without_team: bool, page: u32, accounts: u32) -> u64 {
    if is_without_team {
        u64::from(accounts) / 1_000 * WITHOUT_TEAM_THOUSAND
    } else {
        MEMBERS_PAGE + u64::from(page) * MEMBERS_PAGE_BEFORE
    }
}

/// Whether accounts are worth being listed by ids where so many of them are not known yet, and have to be found in teams.
#[must_use]
pub fn is_worth(accounts: u32, unknown: u32) -> bool {
    accounts >= ACCOUNTS_WORTH && ids(accounts.into(), unknown.into()) * WORTH <= pages(accounts.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_worth_it_where_most_accounts_are_known_or_there_are_many() {
        for (accounts, unknown, expect) in [
            (0, 0, false),
            (1_999, 0, false),
            (2_000, 0, true),
            (20_000, 0, true),
            (20_000, 8_000, true),
            (20_000, 20_000, false),
            (200_000, 0, true),
            (200_000, 200_000, true),
            (u32::MAX, 0, true),
            (u32::MAX, u32::MAX, true),
        ] {
            assert_eq!(is_worth(accounts, unknown), expect, "{accounts} {unknown}");
        }
    }

    /// The measured rows: 17.2 and 155.9 s by pages, of which eight were in flight, and some 12 and 30 times less by ids.
    #[test]
    fn the_proportions_are_those_that_were_measured() {
        for (accounts, least, most) in [(50_435, 8, 14), (200_435, 25, 40)] {
            let times = pages(accounts) / ids(accounts, 0);
            assert!((least..=most).contains(&times), "{accounts}: {times}");
        }
    }
}
