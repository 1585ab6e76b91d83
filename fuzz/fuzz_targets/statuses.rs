//! An answer about activity: the input as the whole answer, and between two good rows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::contract::{ActivityKnowledge, UserStatus};
use mattermost_provider::mattermost::activity::{Activity, InactiveAfter};
use mattermost_provider::mattermost::api;
use mattermost_provider::mattermost::wire::{Ids, Status};
use mattermost_provider_fuzz::rows;
use mattermost_provider_fuzz::script::NOW_MS;

const FIRST: &str = r#"{"user_id":"a","status":"online","last_activity_at":1795533929000}"#;
const LAST: &str = r#"{"user_id":"z","status":"offline","manual":false,"last_activity_at":0}"#;

fuzz_target!(|data: &[u8]| {
    let request = api::statuses(&Ids(vec!["a", "z"])).expect("ids are written");
    rows!(Status, request.clone(), data, look);
    rows!(Status, request, &rows::between(FIRST, data, LAST), |rows: &[Status<'_>]| {
        assert_eq!(rows.first().map(Activity::of), Some(Activity::At(NOW_MS)));
        assert_eq!(rows.last().map(Activity::of), Some(Activity::Never));
        look(rows);
    });
});

fn look(rows: &[Status<'_>]) {
    for row in rows {
        let activity = Activity::of(row);
        // Unknown activity does not make an account inactive.
        for created_ms in [0, NOW_MS, i64::MIN, i64::MAX] {
            let status = InactiveAfter::DEFAULT.status(NOW_MS, created_ms, 0, activity);
            assert!(activity.knowledge() != ActivityKnowledge::Unknown || status == UserStatus::Active);
            let status = InactiveAfter::DEFAULT.status(NOW_MS, created_ms, 1, activity);
            assert_eq!(status, UserStatus::Deactivated);
        }
    }
}
