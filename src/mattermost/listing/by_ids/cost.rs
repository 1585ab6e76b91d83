//! The server's cost of the two ways of listing, in microseconds, measured on a real 11.6 with PostgreSQL on two cores
//! (docs/performance.md). Only the proportions matter.

/// Accounts on a page of any list.
const PAGE: u64 = 200;

/// A page of `/users`, and the extra cost for each page before it, since the database reads and sorts those too.
const USERS_PAGE: u64 = 9_000;
const USERS_PAGE_BEFORE: u64 = 400;

/// A page of a team's members, likewise.
const MEMBERS_PAGE: u64 = 3_000;
const MEMBERS_PAGE_BEFORE: u64 = 70;

/// A page of the accounts without a team reads all accounts: this is the cost for each thousand of them.
const WITHOUT_TEAM_THOUSAND: u64 = 1_500;

/// A thousand ids, and a thousand profiles.
const THOUSAND_KNOWN: u64 = 1_500;
const THOUSAND_PROFILES: u64 = 25_000;

/// Profiles in one request: a server of two cores is fastest with four such requests in flight.
pub(super) const PROFILES_AT_ONCE: usize = 1_000;

/// A listing by ids reads its lists twice.
const LISTS: u64 = 2;

/// A listing by ids may take more requests than pages do, and rate limiters count requests. So it has to save at least
/// this factor.
const WORTH: u64 = 2;

/// Fewer accounts than this are listed by pages: that takes ten requests, so there is nothing to save.
pub(super) const ACCOUNTS_WORTH: u32 = 2_000;

/// The cost of all pages of `/users`.
fn pages(accounts: u64) -> u64 {
    let pages = accounts / PAGE + 1;
    pages * USERS_PAGE + pages * pages / 2 * USERS_PAGE_BEFORE
}

/// The cost of a listing by ids, if `by_teams` of the accounts have to be found in teams that the caller is not in.
fn ids(accounts: u64, by_teams: u64) -> u64 {
    let pages = by_teams.div_ceil(PAGE);
    let members = pages * MEMBERS_PAGE + pages * pages / 2 * MEMBERS_PAGE_BEFORE;
    let thousands = accounts.div_ceil(1_000);
    thousands * THOUSAND_PROFILES + LISTS * (thousands * THOUSAND_KNOWN + members)
}

/// The cost of a page of accounts without a team, or of a team's members, with so many accounts in all.
#[must_use]
pub(super) fn of_page(is_without_team: bool, page: u32, accounts: u32) -> u64 {
    if is_without_team {
        u64::from(accounts) / 1_000 * WITHOUT_TEAM_THOUSAND
    } else {
        MEMBERS_PAGE + u64::from(page) * MEMBERS_PAGE_BEFORE
    }
}

/// Whether listing by ids is worth it, if `unknown` of the accounts have to be found in teams.
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

    /// Measured: 17.2 and 155.9 s by pages with eight in flight; by ids some 12 and 30 times less.
    #[test]
    fn the_proportions_are_those_that_were_measured() {
        for (accounts, least, most) in [(50_435, 8, 14), (200_435, 25, 40)] {
            let times = pages(accounts) / ids(accounts, 0);
            assert!((least..=most).contains(&times), "{accounts}: {times}");
        }
    }
}
