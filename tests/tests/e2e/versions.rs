//! The other versions of the provider that the tests of swaps use: what they have in common and what not.

use end_to_end::components::Host;
use end_to_end::{Listed, list, settings, simulator};
use mattermost_simulator::{Config, Simulator};
use provider_host::model::{ListingState, User};
use provider_host::{End, Limits, ListingOptions, Session};

const OLD: &str = "mattermost";

async fn session(host: &Host, name: &str, server: &Simulator) -> Session {
    host.session(name, settings(&server.url(), &server.tokens().admin)).await
}

async fn listed(host: &Host, name: &str, server: &Simulator) -> Listed {
    list(session(host, name, server).await, ListingOptions::default(), 0).await.unwrap()
}

/// The cursor after the first page.
async fn first_cursor(host: &Host, name: &str, server: &Simulator) -> String {
    let page = session(host, name, server).await.list_page(None, 200).await.unwrap();
    let cursor = if let ListingState::More(cursor) = page.state { Some(cursor) } else { None };
    cursor.unwrap()
}

#[tokio::test]
async fn versions_differ_in_their_number_and_agree_in_the_rest_of_the_description() {
    let host = Host::new(Limits::default());
    let old = host.load(OLD).unwrap().describe().await.unwrap();
    for (name, version) in [("next", "0.1.1"), ("stranger", "0.1.2")] {
        let mut new = host.load(name).unwrap().describe().await.unwrap();
        assert_eq!(new.version, version);
        new.version.clone_from(&old.version);
        assert_eq!(new, old, "{name}");
    }
}

#[tokio::test]
async fn the_next_version_differs_in_the_position_alone() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    let (old, next) = (listed(&host, OLD, &server).await, listed(&host, "next", &server).await);
    assert_eq!((old.end, next.end), (End::Complete, End::Complete));
    let in_capitals = |user: &User| User { position: user.position.as_deref().map(str::to_uppercase), ..user.clone() };
    let expect = old.users.iter().map(|(id, user)| (id.clone(), in_capitals(user))).collect();
    assert_eq!(next.users, expect);
    assert_ne!(next.users, old.users, "no account has a position");
}

#[tokio::test]
async fn cursors_go_from_one_version_to_the_other_where_both_know_their_form() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    for (from, to, expect) in [
        (OLD, "next", None),
        ("next", OLD, None),
        ("stranger", "stranger", None),
        (OLD, "stranger", Some("cursor-stale")),
        ("stranger", OLD, Some("cursor-stale")),
        ("next", "stranger", Some("cursor-stale")),
    ] {
        let cursor = first_cursor(&host, from, &server).await;
        let page = session(&host, to, &server).await.list_page(Some(&cursor), 200).await;
        let code = page.map_err(|error| error.code().to_owned()).err();
        assert_eq!(code.as_deref(), expect, "from {from} to {to}");
    }
}

#[tokio::test]
async fn a_stranger_lists_everybody_too() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    let (old, stranger) = (listed(&host, OLD, &server).await, listed(&host, "stranger", &server).await);
    assert_eq!(stranger.end, End::Complete);
    assert_eq!(stranger.users, old.users);
}
