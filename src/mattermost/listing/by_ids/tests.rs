//! Listings by ids against a server of the tests' own.

use alloc::vec;

use super::super::super::fake::Order;
use super::super::fake_server::{ADMIN, Account, Server, VIEWER, id, settings_of};
use super::super::tests::{Listed, is_complete, list_with};

fn list_by(way: &str, server: &mut Server) -> Listed {
    list_with(&settings_of(&[("listing", way)]), server, 0, Order::First, |_, _| {}).unwrap()
}

/// What is left of accounts that were deleted for good.
fn orphans(numbers: &[u32]) -> vec::Vec<Account> {
    let any = *Server::of(1).accounts.values().next().unwrap();
    numbers.iter().map(|n| Account { n: *n, ..any }).collect()
}

#[test]
fn both_ways_bring_the_same_records_and_notices() {
    let mixed = |accounts| {
        let mut server = Server::of(accounts);
        for (n, account) in server.accounts.values_mut().enumerate() {
            account.is_bot = n % 50 == 7;
            account.deactivated = if n % 11 == 3 { 5 } else { 0 };
            account.roles = if n % 23 == 1 { "system_guest" } else { "system_user" };
        }
        server.orphans = orphans(&[70_001, 70_002, 70_003]);
        server
    };
    for accounts in [1, 199, 2_000, 5_001] {
        let (ids, pages) = (list_by("ids", &mut mixed(accounts)), list_by("pages", &mut mixed(accounts)));
        assert!(is_complete(&ids.end) && is_complete(&pages.end), "{accounts}: {:?} {:?}", ids.codes, pages.codes);
        assert_eq!(ids.users, pages.users);
        assert_eq!((ids.codes, ids.messages), (pages.codes, pages.messages));
        assert!(ids.ways.iter().all(|way| way == "ids") && pages.ways.iter().all(|way| way == "pages"), "{accounts}");
    }
}
