//! A page of accounts: the input as the whole answer, and between two good accounts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::activity::{Activity, InactiveAfter};
use mattermost_provider::mattermost::api;
use mattermost_provider::mattermost::edition::Edition;
use mattermost_provider::mattermost::record::{AccountFacts, Draft, Rules};
use mattermost_provider::mattermost::seat::SeatRule;
use mattermost_provider::mattermost::settings::Include;
use mattermost_provider::mattermost::wire::User;
use mattermost_provider_fuzz::script::NOW_MS;
use mattermost_provider_fuzz::{claims, rows};

const FIRST: &str = r#"{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","username":"first"}"#;
const LAST: &str = r#"{"id":"zzzzzzzzzzzzzzzzzzzzzzzzzz","username":"last","roles":"system_user"}"#;

fuzz_target!(|data: &[u8]| {
    rows!(User, api::users(0, 200), data, look);
    rows!(User, api::users(0, 200), &rows::between(FIRST, data, LAST), |rows: &[User<'_>]| {
        assert_eq!(rows.first().map(|user| user.username.as_str()), Some("first"));
        assert_eq!(rows.last().map(|user| user.username.as_str()), Some("last"));
        look(rows);
    });
});

fn look(rows: &[User<'_>]) {
    let include = Include { activity: true, names: false, email: false };
    let rules = Rules {
        edition: Edition::Professional,
        seats: SeatRule::of(None, Edition::Professional),
        inactive_after: InactiveAfter::DEFAULT,
        include: Include::ALL,
        bots: true,
        now_ms: NOW_MS,
    };
    for account in rows {
        let Some(draft) = Draft::of(account, &rules) else { continue };
        for activity in [Activity::Unknown, Activity::Never, Activity::At(account.update_at.0)] {
            let facts = AccountFacts { runs: vec!["a team"], is_in_one_channel: Some(true) };
            let user = draft.clone().finish(activity.into(), facts, &rules);
            claims::is_user(&user);
        }
        let without = Draft::of(account, &Rules { include, ..rules }).expect("data that is left out loses nobody");
        let without = without.finish(Activity::Unknown.into(), AccountFacts::default(), &rules);
        assert!(without.email.is_none() && without.first_name.is_none() && without.last_name.is_none());
    }
}
