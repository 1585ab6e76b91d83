//! Listings, with and without faults of the server.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use end_to_end::{
    Listed, access, connect, connect_from_afar, list, provider_timed_by, settings, shared_provider, simulator,
};
use mattermost_simulator::{Account, Config, Fault, FaultKind, Kind, Privacy, RateLimit, Simulator, Statuses};
use provider_host::model::{ActivityKnowledge, ListingState, SeatUse, User, UserKind, UserStatus};
use provider_host::{Egress, EgressOptions, End, ListingOptions};

async fn listed(server: &Simulator, token: &str, limit: u32) -> Listed {
    let session = connect(&server.url(), token).await.unwrap();
    list(session, ListingOptions { limit, cursor: None }, 3).await.unwrap()
}

fn codes(listed: &Listed) -> Vec<&str> {
    listed.notices.iter().map(|notice| notice.code.as_str()).collect()
}

/// Checks what must hold of every record, with any token. The server is of 11.6 and licensed, so that guests of a single
/// channel use no seat; only tokens that may read the report on users see who they are.
#[track_caller]
fn check(user: &User, account: &Account, reads_reports: bool) {
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
        Kind::Guest if !deactivated && !reads_reports => SeatUse::Unknown,
        Kind::Guest if account.is_single_channel_guest() => SeatUse::Free,
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
            check(user, &account, true);
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
    // A clock that stands still simulates a near server, and one that advances with each reading a high-latency one.
    let far = AtomicU32::new(0);
    let far = provider_timed_by(move || Duration::from_millis(10) * far.fetch_add(1, Ordering::Relaxed));
    for (name, provider, calls, memory) in
        [("near", shared_provider(), 11..=11, 8 << 20), ("far away", far, 1..=5, 20 << 20)]
    {
        let server = simulator(Config { users, ..Config::default() }).await;
        let access =
            access(settings(&server.url(), &server.tokens().admin), Egress::new(EgressOptions::default()).unwrap());
        let session = provider.connect(access).await.unwrap();
        let listed = list(session, ListingOptions::default(), 0).await.unwrap();
        assert_eq!((listed.end, listed.users.len()), (End::Complete, 20_000), "{name}");
        // A census of four, the teams and who runs each that is not archived, the guests of a single channel, a page for
        // every 200 users and one to see the end, for each step of 2,000 users two requests for their activity, and the seats.
        let steps = u64::from(users).div_ceil(2_000) + 1;
        let guests = 2 + u64::from(server.counts().single_channel_guests) / 100;
        let pages = u64::from(users).div_ceil(200) + 1;
        let most = 4 + u64::from(server.population().teams()) + guests + pages + 2 * steps + 1;
        assert!(server.requests() <= most, "{name}: {} requests, and {most} are enough", server.requests());
        assert!(listed.memory <= memory, "{name}: {} bytes of guest memory", listed.memory);
        assert!(calls.contains(&listed.progress.pages), "{name}: {} calls", listed.progress.pages);
    }
}

#[tokio::test]
async fn pages_come_compressed_unless_the_server_is_on_the_same_machine() {
    for (is_near, expect) in [(true, 2_000 * 600..2_000 * 900), (false, 2_000..2_000 * 200)] {
        let server = simulator(Config { users: 2_000, ..Config::default() }).await;
        let token = &server.tokens().admin;
        let session =
            if is_near { connect(&server.url(), token).await } else { connect_from_afar(&server, token).await };
        let session = session.unwrap();
        let listed = list(session, ListingOptions::default(), 0).await.unwrap();
        assert_eq!((listed.end, listed.users.len()), (End::Complete, 2_000), "near: {is_near}");
        let pages = server.log().into_iter().filter(|exchange| exchange.path.starts_with("/api/v4/users?page="));
        let bytes: u64 = pages.map(|page| page.bytes).sum();
        assert!(expect.contains(&bytes), "near: {is_near}: {bytes} bytes for 2,000 users, of 700 each uncompressed");
    }
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
async fn each_token_gets_what_it_may_see_and_notices_for_the_rest() {
    let hides = Privacy { show_email: false, show_full_name: false };
    let server = simulator(Config { privacy: hides, ..Config::default() }).await;
    let tokens = server.tokens();
    let cases: &[(&str, &[&str])] = &[
        (&tokens.admin, &[]),
        (&tokens.viewer_bot, &["emails-hidden", "names-hidden"]),
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
            let account = server.population().all().find(|account| account.id == user.id).unwrap();
            check(user, &account, complete);
        }
    }
}

/// A Viewer's bot from whose roles an administrator has taken permissions.
#[tokio::test]
async fn a_permission_removed_from_a_role_is_reported() {
    for (taken, code, end, step) in [
        (("system_read_only_admin", "list_private_teams"), "team-admins-hidden", End::Complete, "teams-visible"),
        (("system_read_only_admin", "list_public_teams"), "", End::Complete, ""),
        (("system_read_only_admin", "view_team"), "team-admins-hidden", End::Complete, "teams-visible"),
        (("system_user", "view_members"), "partial-view", End::Incomplete, "users-visible"),
    ] {
        let server = simulator(Config { withheld: vec![taken], ..Config::default() }).await;
        let token = &server.tokens().viewer_bot;
        let listed = listed(&server, token, 0).await;
        let expect: Vec<&str> = Some(code).into_iter().filter(|code| !code.is_empty()).collect();
        assert_eq!((codes(&listed), listed.end), (expect, end), "{taken:?}");
        let report = connect(&server.url(), token).await.unwrap().check().await.unwrap();
        let warned = report.steps.iter().filter(|step| step.code.is_some() && step.id != "clock-agrees");
        let warned: Vec<_> = warned.map(|step| (step.id.as_str(), step.code.as_deref().unwrap_or_default())).collect();
        let expect: Vec<_> = Some((step, code)).into_iter().filter(|(step, _)| !step.is_empty()).collect();
        assert_eq!(warned, expect, "{taken:?}");
    }
}

#[tokio::test]
async fn a_server_without_statuses_makes_nobody_inactive() {
    let server = simulator(Config { statuses: Statuses::Disabled, ..Config::default() }).await;
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!(codes(&listed), ["last-activity-hidden"]);
    let statuses: BTreeSet<_> = listed.users.values().map(|user| user.status.as_str()).collect();
    assert_eq!(statuses, BTreeSet::from(["active", "deactivated"]));
    assert!(server.log().iter().all(|exchange| !exchange.path.contains("/status/")), "a useless request was sent");
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
            // The component retries faults that pass soon, so these do not reach the host.
            let mends = !matches!(what, FaultKind::Html | FaultKind::Garbage);
            assert!(!mends || listed.errors.is_empty(), "{what:?} on {on}: {:?}", listed.errors);
        }
    }
}

#[tokio::test]
async fn a_rate_limiter_is_kept_to() {
    let limit = Some(RateLimit { per_second: 30, burst: 5 });
    let server = simulator(Config { rate_limit: limit, ..Config::default() }).await;
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!((listed.end, listed.users.len(), listed.errors.len()), (End::Complete, 1_000, 0));
    // Some requests are refused before the limit is known, and hardly any afterwards.
    let refused = server.log().iter().filter(|exchange| exchange.status == 429).count();
    assert!(refused <= 10, "{refused} of {} requests were refused", server.requests());
}

#[tokio::test]
async fn waits_are_understood_in_every_form_that_servers_use() {
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(90);
    let cases = [
        ("Retry-After", "90".to_owned()),
        ("Retry-After", soon.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        ("X-RateLimit-Reset", "90".to_owned()),
        ("X-RateLimit-Reset", soon.timestamp().to_string()),
        ("X-RateLimit-Reset", soon.timestamp_millis().to_string()),
    ];
    for (header, value) in cases {
        let twice = vec![(header.to_owned(), value.clone()), (header.to_owned(), value.clone())];
        let what = FaultKind::Answer { status: 429, headers: twice, body: "limit exceeded\n".into() };
        let fault = Fault { on: "/users?page=3&".into(), after: 0, times: Some(1), what };
        let server = simulator(Config { faults: vec![fault], ..Config::default() }).await;
        let mut session = connect(&server.url(), &server.tokens().admin).await.unwrap();
        let page = session.list_page(None, 0).await.unwrap();
        assert!(
            page.wait_ms.is_some_and(|ms| (80_000..=91_000).contains(&ms)),
            "{header}: {value}: {:?}",
            page.wait_ms
        );
        // A caller that does not wait finds what was read before in the store.
        let ListingState::More(cursor) = page.state else { panic!("more") };
        let rest = session.list_page(Some(&cursor), 0).await.unwrap();
        assert_eq!((rest.users.len() + page.users.len(), rest.state), (1_000, ListingState::Complete));
        let path = "/users?page=0&per_page=200";
        let first_page = server.log().iter().filter(|exchange| exchange.path.contains(path)).count();
        assert_eq!(first_page, 1, "{header}: {value}");
    }
}

#[tokio::test]
async fn no_more_is_in_flight_than_the_settings_allow() {
    // Each answer takes a while, so that requests that are in flight together are seen to be.
    for most in [1, 3] {
        let latency = std::time::Duration::from_millis(20);
        let server = simulator(Config { users: 3_000, latency, ..Config::default() }).await;
        let mut settings = end_to_end::settings(&server.url(), &server.tokens().admin);
        settings.set("max_in_flight", most.to_string());
        let egress = provider_host::Egress::new(provider_host::EgressOptions::default()).unwrap();
        let session = end_to_end::shared_provider().connect(access(settings, egress)).await.unwrap();
        let listed = list(session, ListingOptions::default(), 0).await.unwrap();
        assert_eq!((listed.end, server.most_in_flight()), (End::Complete, most));
    }
}

#[tokio::test]
async fn the_report_on_users_gives_last_logins_and_messages() {
    let server = simulator(Config { users: 1_500, ..Config::default() }).await;
    let mut settings = end_to_end::settings(&server.url(), &server.tokens().admin);
    settings.set("activity_source", "report");
    let egress = provider_host::Egress::new(provider_host::EgressOptions::default()).unwrap();
    let session = end_to_end::shared_provider().connect(access(settings, egress)).await.unwrap();
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!((listed.end, codes(&listed)), (End::Complete, Vec::new()));
    let count = |source: &str| {
        let users = listed.users.values();
        users.filter(|user| user.attributes.get("activity-source") == Some(source)).count()
    };
    assert!(
        count("status") > 0 && count("login") + count("post") > 0,
        "{} {} {}",
        count("status"),
        count("login"),
        count("post")
    );
    for user in listed.users.values().filter(|user| user.kind != UserKind::Bot) {
        let latest = ["last-login", "last-post"].iter().filter_map(|key| user.attributes.get(key)).max();
        // Times of the same form sort as texts.
        let last = user.last_activity_at.as_ref().map(ToString::to_string);
        assert!(latest.is_none_or(|latest| last.as_deref().is_some_and(|last| last >= latest)), "{user:?}");
    }
    let pages = server.log().iter().filter(|exchange| exchange.path.contains("/reports/users?sort")).count();
    assert!(pages <= 1_500 / 100 + 1_500 / 200 + 5, "{pages} pages of the report");
}

#[tokio::test]
async fn bad_records_and_trailing_errors_lose_nobody_else() {
    let server = simulator(Config { users: 1_000, ..Config::default() }).await;
    let fault = |what| vec![Fault { on: "/users?page=2&".into(), after: 0, times: None, what }];
    server.set_faults(fault(FaultKind::BadRecord));
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!((listed.end, listed.users.len()), (End::Incomplete, 999));
    assert_eq!(codes(&listed), ["records-unreadable"]);
}

#[tokio::test]
async fn a_list_whose_pages_are_all_the_same_ends_and_is_named() {
    let server = simulator(Config { users: 400, ..Config::default() }).await;
    server.set_faults(vec![Fault { on: "/users?page=".into(), after: 0, times: None, what: FaultKind::SamePage }]);
    let listed = listed(&server, &server.tokens().admin, 0).await;
    assert_eq!((listed.end, listed.users.len()), (End::Incomplete, 200));
    assert_eq!(codes(&listed), ["pages-repeat"]);
    assert!(server.requests() < 60, "{}", server.requests());
}
