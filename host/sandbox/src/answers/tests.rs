use provider_model::{CheckOutcome, CheckStep, ErrorKind, ListingState, Quantity, SettingKind, SettingSpec, Term};
use provider_testing::samples::{notice, page, user};

use super::*;

/// A clock that stands still.
fn now() -> DateTime<Utc> {
    instant("2026-11-24T09:30:00.000Z").unwrap()
}

const THEN: &str = "2026-11-24T09:00:00.000Z";

fn term(id: &str) -> Term {
    Term { id: id.into(), label: id.into(), help: id.into() }
}

fn product() -> Description {
    Description {
        id: "product".into(),
        name: "Product".into(),
        version: "1.0.0".into(),
        documentation_url: String::new(),
        settings: vec![SettingSpec {
            key: "url".into(),
            label: "URL".into(),
            kind: SettingKind::Url,
            required: true,
            default: None,
            help: "Where it is.".into(),
            attributes: Default::default(),
        }],
        requests: Vec::new(),
        license_types: vec![term("enterprise")],
        roles: vec![term("member"), term("admin")],
        codes: vec![term("well"), term("unwell")],
        attributes: Default::default(),
    }
}

fn long() -> String {
    "x".repeat(TEXT_BYTES + 1)
}

fn attributes(key: &str, value: &str) -> Attributes {
    [(key, value)].into_iter().collect()
}

/// Changes a good value and checks the words that refuse it; `None` if the value stays good.
#[track_caller]
fn check(checked: Checked, expect: Option<&str>) {
    match (checked, expect) {
        (Ok(()), None) => {}
        (Err(reason), Some(expect)) => {
            assert!(reason.contains(expect), "{reason:?} does not hold {expect:?}");
            assert!(reason.len() < 200, "it repeats what was answered: {reason}");
        }
        (checked, expect) => panic!("{checked:?}, and not {expect:?}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_user_is_as_the_contract_says_or_refused() {
    type Change = fn(&mut User);
    let cases: &[(Change, Option<&str>)] = &[
        (|_| {}, None),
        (|it| it.id = "x".repeat(ID_BYTES), None),
        (|it| it.id = String::new(), Some("id of a user is empty")),
        (|it| it.id = "x".repeat(ID_BYTES + 1), Some("id of a user has 257 bytes")),
        (|it| it.id = "a\0b".into(), Some("control character")),
        (|it| it.username = String::new(), None),
        (|it| it.username = long(), Some("username")),
        (|it| it.email = Some(long()), Some("email")),
        (|it| it.first_name = Some(long()), Some("first-name")),
        (|it| it.last_name = Some(long()), Some("last-name")),
        (|it| it.position = Some(long()), Some("position")),
        (|it| it.role = "admin".into(), None),
        (|it| it.role = "captain".into(), Some("role of a user is not one")),
        (|it| it.role = String::new(), Some("role of a user is not one")),
        (|it| it.roles = vec![long()], Some("roles")),
        (|it| it.roles = vec![String::new(); ENTRIES + 1], Some("10001 roles")),
        (|it| it.licenses[0].license_type = "gold".into(), Some("license-type of a user's licence is not one")),
        (|it| it.licenses[0].assigned_at = Some("then".into()), Some("assigned-at")),
        (|it| it.licenses = vec![it.licenses[0].clone(); ENTRIES + 1], Some("10001 licences")),
        (|it| it.seat = SeatUse::Free, Some("uses no seat")),
        (|it| (it.seat, it.licenses) = (SeatUse::Free, Vec::new()), None),
        (|it| it.seat = SeatUse::Unknown, None),
        (|it| it.created_at = None, None),
        (|it| it.created_at = Some("1970-01-01T00:00:00.001Z".into()), None),
        (|it| it.created_at = Some("2999-02-28T23:59:59.999Z".into()), None),
        (|it| it.created_at = Some("2024-02-29T00:00:00.000Z".into()), None),
        (|it| it.created_at = Some(String::new()), Some("created-at")),
        (|it| it.created_at = Some("2026-11-24".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-11-24T09:30:00Z".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-11-24T09:30:00.000+01:00".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-02-29T00:00:00.000Z".into()), Some("created-at")),
        (|it| it.created_at = Some("2100-02-29T00:00:00.000Z".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-13-01T00:00:00.000Z".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-04-31T00:00:00.000Z".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-04-00T00:00:00.000Z".into()), Some("created-at")),
        (|it| it.created_at = Some("2026-04-30T24:00:00.000Z".into()), Some("created-at")),
        (|it| it.created_at = Some("1969-12-31T23:59:59.999Z".into()), Some("created-at")),
        (|it| it.deactivated_at = Some(THEN.into()), Some("not deactivated")),
        (|it| (it.status, it.deactivated_at) = (UserStatus::Deactivated, Some(THEN.into())), None),
        (|it| it.status = UserStatus::Deactivated, None),
        (|it| it.last_activity_at = Some(THEN.into()), Some("contradict")),
        (|it| it.activity = ActivityKnowledge::Known, Some("contradict")),
        (|it| (it.activity, it.last_activity_at) = (ActivityKnowledge::Known, Some(THEN.into())), None),
        (
            |it| (it.activity, it.last_activity_at) = (ActivityKnowledge::Known, Some("now".into())),
            Some("last-activity-at"),
        ),
        (|it| it.attributes = attributes("", "x"), Some("attribute of a user has no name")),
        (|it| it.attributes = attributes("teams", &"x".repeat(VALUE_BYTES)), None),
        (|it| it.attributes = attributes("teams", &"x".repeat(VALUE_BYTES + 1)), Some("attribute of a user has")),
    ];
    let rules = Rules::of(&product());
    for (change, expect) in cases {
        let mut changed = user("a", THEN);
        change(&mut changed);
        for state in [ListingState::More("next".into()), ListingState::Complete] {
            let page = page(vec![user("b", THEN), changed.clone()], state);
            // The same rules hold for a listing and for a sync.
            check(rules.page(&page, now()), *expect);
            check(rules.changes(&changes(&page), Some(THEN), now()), *expect);
        }
    }
}

fn changes(page: &UserPage) -> Changes {
    Changes { page: page.clone(), gone: Vec::new() }
}

#[test]
fn a_page_is_as_the_contract_says_or_refused() {
    type Change = fn(&mut UserPage);
    let notice = || notice("well", &["email"]);
    let cases: Vec<(Change, Option<&str>)> = vec![
        (|_| {}, None),
        (|it| it.watermark = Some("opaque".into()), None),
        (|it| it.watermark = Some("2026-11-25T09:30:00.000Z".into()), None),
        (|it| it.watermark = Some("2026-11-25T09:30:00.001Z".into()), Some("in the future")),
        (|it| it.watermark = Some("2999-01-01T00:00:00.000Z".into()), Some("in the future")),
        (|it| it.watermark = Some(String::new()), Some("the watermark is empty")),
        (|it| it.watermark = Some("x".repeat(ID_BYTES + 1)), Some("the watermark has")),
        (|it| it.attributes = attributes("k", &"x".repeat(VALUE_BYTES + 1)), Some("attribute of the page")),
        (|it| it.notices[0].code = "of-its-own-7".into(), None),
        (|it| it.notices[0].code = String::new(), Some("code of a notice is empty")),
        (|it| it.notices[0].code = "Ill".into(), Some("code of a notice is not in kebab-case")),
        (|it| it.notices[0].message = long(), Some("message of a notice")),
        (|it| it.notices[0].fix = Some(long()), Some("fix of a notice")),
        (|it| it.notices[0].fields = vec![String::new()], Some("field of a notice is empty")),
        (|it| it.notices[0].subjects = vec![long()], Some("subject of a notice")),
        (|it| it.notices[0].subjects = vec!["a".into(); ENTRIES + 1], Some("10001 subjects")),
        (|it| it.notices[0].params = attributes(&long(), ""), Some("parameter of a notice")),
        (|it| it.notices = vec![it.notices[0].clone(); ENTRIES + 1], Some("10001 notices")),
    ];
    let rules = Rules::of(&product());
    for (change, expect) in cases {
        let mut page = page(vec![user("a", THEN)], ListingState::Complete);
        page.notices = vec![notice()];
        change(&mut page);
        check(rules.page(&page, now()), expect);
        check(rules.changes(&changes(&page), Some(THEN), now()), expect);
    }
}

#[test]
fn the_watermark_of_changes_is_not_before_the_requested_one() {
    let rules = Rules::of(&product());
    for (since, watermark, expect) in [
        (THEN, THEN, None),
        (THEN, "2026-11-23T09:00:00.000Z", None),
        (THEN, "2026-11-23T08:59:59.999Z", Some("before the one")),
        (THEN, "2020-01-01T00:00:00.000Z", Some("before the one")),
        (THEN, "opaque", None),
        ("opaque", "2020-01-01T00:00:00.000Z", None),
    ] {
        let mut page = page(Vec::new(), ListingState::Complete);
        page.watermark = Some(watermark.into());
        check(rules.changes(&changes(&page), Some(since), now()), expect);
    }
}

#[test]
fn known_users_may_only_return_if_they_were_passed_in_or_may_be_new() {
    for (created_at, was_handed_over, since, expect) in [
        (Some("2020-01-01T00:00:00.000Z"), true, THEN, None),
        (Some("2020-01-01T00:00:00.000Z"), false, THEN, Some("neither new nor")),
        (Some("2026-11-24T10:00:00.000Z"), false, THEN, None),
        (Some("2026-11-23T09:00:00.000Z"), false, THEN, None),
        (Some("2026-11-23T08:00:00.000Z"), false, THEN, Some("neither new nor")),
        (None, false, THEN, Some("neither new nor")),
        (Some(THEN), false, "opaque", Some("neither new nor")),
    ] {
        let user = User { created_at: created_at.map(str::to_owned), ..user("a", THEN) };
        check(is_asked_for(&user, was_handed_over, Some(since)), expect);
    }
}

#[test]
fn a_licence_is_as_the_contract_says_or_refused() {
    let well = License {
        license_type: "enterprise".into(),
        name: "Enterprise".into(),
        trial: false,
        seats_purchased: Quantity::Unlimited,
        seats_used: Quantity::Unknown,
        licensee: None,
        starts_at: Some(THEN.into()),
        expires_at: Some("2999-01-01T00:00:00.000Z".into()),
        attributes: Default::default(),
        notices: vec![notice("well", &[])],
    };
    type Change = fn(&mut License);
    let cases: &[(Change, Option<&str>)] = &[
        (|_| {}, None),
        (|it| it.license_type = "gold".into(), Some("license-type of a licence is not one")),
        (|it| it.name = long(), Some("name of a licence")),
        (|it| it.licensee = Some(long()), Some("licensee")),
        (|it| it.starts_at = Some("soon".into()), Some("starts-at")),
        (|it| it.expires_at = Some("never".into()), Some("expires-at")),
        (|it| it.attributes = attributes("", ""), Some("attribute of a licence")),
        (|it| it.notices[0].code = String::new(), Some("code of a notice is empty")),
    ];
    let rules = Rules::of(&product());
    for (change, expect) in cases {
        let mut changed = well.clone();
        change(&mut changed);
        check(rules.licenses(&[well.clone(), changed]), *expect);
    }
    check(rules.licenses(&vec![well; ENTRIES + 1]), Some("10001 licences"));
}

#[test]
fn a_check_is_as_the_contract_says_or_refused() {
    let step = CheckStep {
        id: "well".into(),
        outcome: CheckOutcome::Passed,
        code: Some("unwell".into()),
        summary: "As found.".into(),
        fix: None,
        params: Default::default(),
    };
    let well = CheckReport {
        steps: vec![step],
        product_version: Some("1.0".into()),
        product_instance: None,
        attributes: Default::default(),
    };
    type Change = fn(&mut CheckReport);
    let cases: &[(Change, Option<&str>)] = &[
        (|_| {}, None),
        (|it| it.steps[0].id = "a step".into(), Some("id of a check step is not in kebab-case")),
        (|it| it.steps[0].id = String::new(), Some("id of a check step is empty")),
        (|it| it.steps[0].code = Some("no_code".into()), Some("code of a check step is not in kebab-case")),
        (|it| it.steps[0].summary = long(), Some("summary")),
        (|it| it.steps[0].fix = Some(long()), Some("fix")),
        (|it| it.steps[0].params = attributes("", ""), Some("parameter")),
        (|it| it.steps = vec![it.steps[0].clone(); ENTRIES + 1], Some("10001 steps")),
        (|it| it.product_version = Some(long()), Some("product-version")),
        (|it| it.product_instance = Some(long()), Some("product-instance")),
        (|it| it.attributes = attributes("", ""), Some("attribute of the report")),
    ];
    let rules = Rules::of(&product());
    for (change, expect) in cases {
        let mut changed = well.clone();
        change(&mut changed);
        check(rules.report(&changed), *expect);
    }
}

#[test]
fn a_description_says_each_thing_once_and_an_error_has_a_code() {
    type Change = fn(&mut Description);
    let cases: &[(Change, Option<&str>)] = &[
        (|_| {}, None),
        (|it| it.settings.push(it.settings[0].clone()), Some("key of a setting appears twice")),
        (|it| it.settings[0].key = String::new(), Some("key of a setting is empty")),
        (|it| it.settings[0].help = long(), Some("help of a setting")),
        (|it| it.roles.push(term("member")), Some("id of a role appears twice")),
        (|it| it.license_types.push(term("enterprise")), Some("id of a license type appears twice")),
        (|it| it.codes.push(term("well")), Some("id of a code appears twice")),
        (|it| it.codes[0].help = long(), Some("help of a code")),
        (|it| it.name = long(), Some("name of the description")),
    ];
    for (change, expect) in cases {
        let mut changed = product();
        change(&mut changed);
        check(description(&changed), *expect);
    }
    let well = ProviderError {
        kind: ErrorKind::Other,
        code: "of-its-own".into(),
        message: "No.".into(),
        fix: None,
        retryable: false,
        retry_after_ms: None,
        request: None,
        http_status: None,
        request_id: None,
        params: Default::default(),
    };
    type Spoil = fn(&mut ProviderError);
    let cases: &[(Spoil, Option<&str>)] = &[
        (|_| {}, None),
        (|it| it.code = String::new(), Some("code of an error is empty")),
        (|it| it.code = "Of its own".into(), Some("code of an error is not in kebab-case")),
        (|it| it.code = long(), Some("code of an error has")),
        (|it| it.message = long(), Some("message of an error")),
        (|it| it.fix = Some(long()), Some("fix of an error")),
        (|it| it.request = Some(long()), Some("request of an error")),
        (|it| it.request_id = Some(long()), Some("request-id of an error")),
    ];
    for (spoil, expect) in cases {
        let mut spoiled = well.clone();
        spoil(&mut spoiled);
        check(error(&spoiled), *expect);
    }
}

/// The documentation of an item of the contract: the lines before the one that begins so.
fn documentation(item: &str) -> String {
    let contract: Vec<&str> = include_str!("../../../../wit/provider.wit").lines().map(str::trim).collect();
    let place = contract.iter().position(|line| line.starts_with(item)).unwrap_or_else(|| panic!("no {item}"));
    let lines = contract[..place].iter().rev().map_while(|line| line.strip_prefix("///"));
    lines.collect::<Vec<_>>().into_iter().rev().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_contract_names_the_bounds_that_hold() {
    let limits = crate::ListingLimits::default();
    let kib = |bytes: usize| format!("{} KiB", bytes / 1024);
    let mib = |bytes: usize| format!("{} MiB", bytes / 1024 / 1024);
    for (item, amount) in [
        ("interface provider", format!("{ID_BYTES} bytes")),
        ("interface provider", kib(TEXT_BYTES)),
        ("interface provider", format!("{ENTRIES} entries")),
        ("type cursor", kib(limits.cursor_bytes)),
        ("type attributes", format!("{} entries", limits.attributes)),
        ("type attributes", mib(VALUE_BYTES)),
        ("record notice", format!("{} notices", limits.notices)),
        ("record notice", kib(limits.notice_bytes)),
        ("record user {", mib(limits.record_bytes)),
        ("wait-ms", limits.wait_time.as_millis().to_string()),
        ("watermark", format!("{ID_BYTES} bytes")),
        ("hidden", limits.notices.to_string()),
    ] {
        let documented = documentation(item);
        let words = [format!("at most {amount}"), format!("At most {amount}"), format!("{amount} at most")];
        assert!(words.iter().any(|words| documented.contains(words)), "{item}: {amount:?} is not in {documented:?}");
    }
}

/// Eight letters at once give the same result as each by itself.
#[test]
fn letters_checked_together_give_the_result_of_each() {
    let time = "2028-02-29T23:59:59.999Z";
    for place in 0..time.len() {
        for letter in 0..0x80_u8 {
            let mut text = time.as_bytes().to_vec();
            text[place] = letter;
            let text = str::from_utf8(&text).unwrap();
            let has_form = text
                .chars()
                .zip("0000-00-00T00:00:00.000Z".chars())
                .all(|(letter, form)| if form == '0' { letter.is_ascii_digit() } else { letter == form });
            // The parser takes a leap second.
            let is_time = instant(text).is_some_and(|time| time.timestamp() >= 0) && &text[17..19] != "60";
            assert_eq!(is_timestamp(text), has_form && is_time, "{text}");
        }
    }
    for length in 1..20 {
        for place in 0..length {
            for letter in (0..0x100).filter_map(char::from_u32) {
                let text: String = (0..length).map(|at| if at == place { letter } else { 'a' }).collect();
                assert_eq!(id("it", &text).is_err(), letter.is_control(), "{letter:?} at {place} of {length}");
            }
        }
    }
}
