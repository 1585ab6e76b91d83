//! A page of the report on users: the input as the whole answer, and between two good rows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::activity::{Activity, LastUse, Report};
use mattermost_provider::mattermost::api::{self, ReportStart};
use mattermost_provider::mattermost::wire::ReportRow;
use mattermost_provider_fuzz::rows;
use mattermost_provider_fuzz::script::NOW_MS;

const FIRST: &str = r#"{"id":"a","username":"first","last_login":1795533929000,"last_status_at":5}"#;
const LAST: &str = r#"{"id":"z","username":"last"}"#;

fuzz_target!(|data: &[u8]| {
    let request = api::report(&ReportStart::Name(String::from_utf8_lossy(data).into_owned()));
    assert!(request.path.bytes().all(|b| b.is_ascii_graphic()), "{}", request.path);
    assert_eq!(request.path.matches('&').count(), 3, "{}", request.path);
    rows!(ReportRow, request.clone(), data, look);
    rows!(ReportRow, request, &rows::between(FIRST, data, LAST), |rows: &[ReportRow<'_>]| {
        assert_eq!(rows.first().map(|row| Report::of(row).activity()), Some(Activity::At(NOW_MS)));
        assert_eq!(rows.last().map(|row| Report::of(row).activity()), Some(Activity::Never));
        look(rows);
    });
});

fn look(rows: &[ReportRow<'_>]) {
    for row in rows {
        let last_use = LastUse::from(Report::of(row));
        let latest = row.last_status_at.0.max(row.last_login.0).max(row.last_post_date.0);
        match last_use.activity {
            Activity::At(at) => assert_eq!(at, latest),
            Activity::Never => assert_eq!(latest, 0),
            Activity::AtLeast(_) => panic!("the report does not say who has set a status by hand"),
            Activity::Unknown => assert!(latest < 0),
        }
        assert_eq!(last_use.report.and_then(Report::source).is_some(), latest > 0);
    }
}
