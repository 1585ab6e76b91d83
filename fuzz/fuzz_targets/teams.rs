//! A page of teams: the input as the whole answer, and between two good teams; then as the teams of a whole server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::api;
use mattermost_provider::mattermost::edition::Edition;
use mattermost_provider::mattermost::listing::{AccountContext, Findings};
use mattermost_provider::mattermost::seat::SeatRule;
use mattermost_provider::mattermost::version::Version;
use mattermost_provider::mattermost::wire::Team;
use mattermost_provider_fuzz::{claims, rows};
use provider_sdk::testing::Fake;

const FIRST: &str = r#"{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","name":"first"}"#;
const LAST: &str = r#"{"id":"zzzzzzzzzzzzzzzzzzzzzzzzzz","name":"last","delete_at":0}"#;
const ADMINISTRATOR: &str = r#"[{"id":"mmmmmmmmmmmmmmmmmmmmmmmmmm"}]"#;

fuzz_target!(|data: &[u8]| {
    rows!(Team, api::teams(0), data, |_: &[Team<'_>]| {});
    let body = rows::between(FIRST, data, LAST);
    rows!(Team, api::teams(0), &body, |rows: &[Team<'_>]| {
        assert_eq!(rows.first().map(|team| team.name.as_str()), Some("first"));
        assert_eq!(rows.last().map(|team| team.name.as_str()), Some("last"));
    });

    let is_list = rows::length(&String::from_utf8_lossy(&body)).is_some();
    // A server with one page of teams that all have the same administrator.
    let mut server = Fake::new(|request| {
        assert!(request.path.bytes().all(|b| b.is_ascii_graphic()), "{}", request.path);
        let is_first = *request == api::teams(0);
        let is_other = request.name() == api::teams(0).name();
        let answer = if is_other { "[]" } else { ADMINISTRATOR };
        rows::answered(request.clone(), if is_first { &body } else { answer.as_bytes() }).outcome
    });
    let mut found = AccountContext::new();
    let seats = SeatRule::of(None, Edition::Free);
    match found.find(Some(Version::new(11, 6)), false, seats, &mut Findings::default(), &mut server) {
        Ok(()) => {
            let teams = found.of("mmmmmmmmmmmmmmmmmmmmmmmmmm").runs;
            assert!(is_list && ["first", "last"].iter().all(|name| teams.iter().any(|team| team == name)));
            assert!(teams.windows(2).all(|pair| pair[0] < pair[1]), "{teams:?}");
        }
        Err(failure) => {
            assert!(!is_list, "{failure:?}");
            claims::is_failure(&failure);
        }
    }
});
