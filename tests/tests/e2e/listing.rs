//! Listings, whole and with troubles.

use std::collections::BTreeSet;

use end_to_end::{Listed, connect, list, simulator};
use mattermost_simulator::{Account, Config, Fault, FaultKind, Kind, Privacy, RateLimit, Simulator, Statuses};
use provider_host::model::{ActivityKnowledge, SeatUse, User, UserKind, UserStatus};
use provider_host::{End, ListingOptions};

async fn listed(server: &Simulator, token: &str, limit: u32) -> Listed {
    let session = connect(&server.url(), token).await.unwrap();
    list(session, ListingOptions { limit, cursor: None }, 3).await.unwrap()
}

fn codes(listed: &Listed) -> Vec<&str> {
    listed.notices.iter().map(|notice| notice.code.as_str()).collect()
}

/// What must hold of every record, whoever asked.
#[track_caller]
fn check(user: &User, account: &Account) {
    let deactivated = account.delete_at != 0;
    assert_eq!(user.username, account.username);
    assert_eq!(user.status == UserStatus::Deactivated, deactivated, "{}", user.username);
    let kind = match account.kind {
        Kind::Member | Kind::SystemAdmin => UserKind::Member,
        Kind::Guest => UserKind::Guest,
        Kind::Bot => UserKind::Bot,
        Kind::Remote => UserKind::Remote,
    };
    assert_eq!(user.kind, kind, "{}", user.username);
    assert_eq!(user.role == "system-admin", account.kind == Kind::SystemAdmin, "{}", user.username);
    if user.role == "team-admin" {
        assert!(!user.attributes.get("runs-teams").unwrap_or_default().is_empty(), "{}", user.username);
    }
    assert_eq!(user.roles.join(" "), account.roles);
    assert_eq!(user.position.as_deref().unwrap_or_default(), account.position);
    let seat = match account.kind {
        Kind::Guest if !deactivated => SeatUse::Unknown,
        _ if account.takes_a_seat() => SeatUse::Occupied,
        _ => SeatUse::Free,
    };
    assert_eq!(user.seat, seat, "{}", user.username);
    assert_eq!(user.licenses.len(), usize::from(seat == SeatUse::Occupied));
    let activity = match account.status {
        None => ActivityKnowledge::Never,
        Some(status) if status.last_activity_at == 0 => ActivityKnowledge::Unknown,
        Some(_) => ActivityKnowledge::Known,
    };
    assert_eq!(user.activity, activity, "{}", user.username);
    assert_eq!(user.last_activity_at.is_some(), activity == ActivityKnowledge::Known);
}

#[tokio::test]
async fn everybody_is_listed_once_whatever_the_size() {
    for users in [7, 199, 200, 201, 1_000, 4_321] {
        let server = simulator(Config { users, ..Config::default() }).await;
        let listed = listed(&server, &server.tokens().admin, 0).await;
        assert_eq!(listed.end, End::Complete, "{users}: {:?}", listed.notices);
        assert_eq!(listed.users.len(), usize::try_from(users).unwrap());
        assert_eq!((listed.progress.expected_total, listed.progress.repeated), (Some(users), 0));
        for account in server.population().all() {
            let user = listed.users.get(&account.id).unwrap_or_else(|| panic!("{} is missing", account.username));
            check(user, &account);
            assert_eq!(user.email.as_deref(), Some(account.email().as_str()));
            assert_eq!(user.first_name.as_deref(), Some(account.first_name));
        }
        let team_admins: BTreeSet<_> =
            listed.users.values().filter(|user| user.role == "team-admin").map(|user| user.id.clone()).collect();
        assert_eq!(team_admins, server.population().team_admins().into_iter().collect());
    }
}

#[tokio::test]
async fn a_listing_needs_no_more_requests_and_memory_than_it_should() {
    let users = 20_000;
    let server = simulator(Config { users, ..Config::default() }).await;
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!(listed.end, End::Complete);
    // A census of four, the teams and who runs each that is not archived, a page for every 200 users and one to see the end, and for each step of 2,000 users two requests
    // for their activity.
    let steps = u64::from(users).div_ceil(2_000) + 1;
    let most = 4 + u64::from(server.population().teams()) + u64::from(users).div_ceil(200) + 1 + 2 * steps;
    assert!(server.requests() <= most, "{} requests, and {most} are enough", server.requests());
    assert!(listed.memory <= 8 << 20, "{} bytes of guest memory", listed.memory);
}

#[tokio::test]
async fn pages_come_compressed() {
    let server = simulator(Config { users: 2_000, ..Config::default() }).await;
    listed(&server, &server.tokens().admin, 0).await;
    let pages = server.log().into_iter().filter(|exchange| exchange.path.starts_with("/api/v4/users?page="));
    let bytes: u64 = pages.map(|page| page.bytes).sum();
    assert!((2_000..2_000 * 200).contains(&bytes), "{bytes} bytes for 2,000 users, of 700 each uncompressed");
}

#[tokio::test]
async fn the_token_goes_to_the_server_alone_and_only_in_its_header() {
    let server = simulator(Config::default()).await;
    let token = server.tokens().admin.clone();
    let listed = listed(&server, &token, 0).await;
    let log = server.log();
    assert!(log.iter().all(|exchange| exchange.authorized && !exchange.path.contains(&token)));
    assert!(!format!("{listed:?}").contains(&token));
}

#[tokio::test]
async fn servers_below_a_path_are_listed() {
    let server = simulator(Config { subpath: "/company/chat".into(), ..Config::default() }).await;
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!((listed.end, listed.users.len()), (End::Complete, 1_000));
}

#[tokio::test]
async fn tokens_see_what_they_may_and_the_rest_is_told() {
    let hides = Privacy { show_email: false, show_full_name: false };
    let server = simulator(Config { privacy: hides, ..Config::default() }).await;
    let tokens = server.tokens();
    let cases: &[(&str, &[&str])] = &[
        (&tokens.admin, &["seats-unknown"]),
        (&tokens.viewer_bot, &["emails-hidden", "names-hidden", "seats-unknown"]),
        (
            &tokens.member,
            &["completeness-unproven", "emails-hidden", "names-hidden", "team-admins-hidden", "seats-unknown"],
        ),
        (
            &tokens.bot,
            &["completeness-unproven", "emails-hidden", "names-hidden", "team-admins-hidden", "seats-unknown"],
        ),
        (
            &tokens.guest,
            &[
                "completeness-unproven",
                "partial-view",
                "emails-hidden",
                "names-hidden",
                "team-admins-hidden",
                "seats-unknown",
            ],
        ),
    ];
    for (token, expect) in cases {
        let listed = listed(&server, token, 0).await;
        assert_eq!(codes(&listed), *expect);
        let complete = !expect.contains(&"completeness-unproven");
        assert_eq!(listed.end == End::Complete, complete, "{expect:?}");
        assert_eq!(listed.users.len() == 1_000, !expect.contains(&"partial-view"), "{expect:?}");
        let shows = listed.users.values().any(|user| user.email.is_some() || user.last_name.is_some());
        assert_eq!(shows, !expect.contains(&"emails-hidden"), "{expect:?}");
        for user in listed.users.values() {
            check(user, &server.population().all().find(|account| account.id == user.id).unwrap());
        }
    }
}

#[tokio::test]
async fn a_server_without_statuses_makes_nobody_inactive() {
    let server = simulator(Config { statuses: Statuses::Disabled, ..Config::default() }).await;
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!(codes(&listed), ["last-activity-hidden", "seats-unknown"]);
    let statuses: BTreeSet<_> = listed.users.values().map(|user| user.status.as_str()).collect();
    assert_eq!(statuses, BTreeSet::from(["active", "deactivated"]));
    assert!(server.log().iter().all(|exchange| exchange.method == "GET"), "a hopeless question was asked");
}

#[tokio::test]
async fn faults_in_the_middle_lose_nobody() {
    for what in [
        FaultKind::Status(500),
        FaultKind::Status(503),
        FaultKind::RateLimited { retry_after_s: 1 },
        FaultKind::Html,
        FaultKind::Truncated,
        FaultKind::Reset,
        FaultKind::Garbage,
    ] {
        for on in ["/users?page=7&", "/status/ids"] {
            let fault = Fault { on: on.into(), after: 0, times: Some(1), what: what.clone() };
            let server = simulator(Config { users: 3_000, faults: vec![fault], ..Config::default() }).await;
            let listed = listed(&server, &server.tokens().admin, 0).await;
            assert_eq!((listed.end, listed.users.len()), (End::Complete, 3_000), "{what:?} on {on}");
            assert!(listed.users.values().any(|user| user.last_activity_at.is_some()), "{what:?} on {on}");
        }
    }
}

#[tokio::test]
async fn a_rate_limiter_is_told_with_its_wait() {
    let limit = Some(RateLimit { per_second: 1, burst: 2 });
    let server = simulator(Config { rate_limit: limit, ..Config::default() }).await;
    let session = connect(&server.url(), &server.tokens().admin).await.unwrap();
    let error = list(session, ListingOptions::default(), 0).await.unwrap_err();
    let told = error.as_provider().unwrap();
    assert_eq!((told.code.as_str(), told.retryable, told.http_status), ("rate-limited", true, Some(429)));
    assert!(told.retry_after_ms.is_some_and(|ms| (1_000..5_000).contains(&ms)), "{told:?}");
}
