//! Makes the contract's record of a server's account.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use provider_sdk::time::{timestamp, timestamp_ms};

use super::activity::{Activity, InactiveAfter, LastUse, Source};
use super::edition::Edition;
use super::role::{self, Role};
use super::seat::{Occupant, SeatRule};
use super::settings::Include;
use super::wire;
use crate::contract::{ActivityKnowledge, Assignment, HiddenField, SeatUse, User, UserKind, UserStatus};

/// The attribute with the names of the teams that an account runs.
const RUNS_TEAMS: &str = "runs-teams";

/// The attributes for what the report on users has beside the last activity.
const ACTIVITY_SOURCE: &str = "activity-source";
const LAST_LOGIN: &str = "last-login";
const LAST_POST: &str = "last-post";

/// The attribute of accounts whose last activity is not known because they have set their status by hand.
const STATUS_BY_HAND: &str = "status-by-hand";

/// The attributes that a user may carry.
pub const ATTRIBUTES: [(&str, &str); 10] = [
    (
        "user.activity-source",
        "with activity_source=report: which of the server's records shows the last activity: `status`, `login` or `post`",
    ),
    ("user.auth-id", "the account's id at the service that it signs in with; shown to system administrators"),
    (
        "user.auth-service",
        "the service that it signs in with, such as `ldap` or `saml`; shown to system administrators",
    ),
    ("user.last-login", "with activity_source=report: when the account last signed in"),
    ("user.last-post", "with activity_source=report: when the account last wrote a message"),
    ("user.locale", "the account's language"),
    ("user.mfa-active", "`true` if the account signs in with a second factor"),
    ("user.remote-id", "the connected server that the account belongs to"),
    ("user.runs-teams", "the names of the teams that the account administers, separated by commas"),
    (
        "user.status-by-hand",
        "`true` if the account has set its status, such as offline, by hand: the server records no activity after that, so the last one is not known",
    ),
];

/// The attributes that link an account to a directory, sorted by key, without empty ones.
fn attributes(account: &wire::User<'_>, rules: &Rules) -> Vec<(String, String)> {
    // Sign-in ids are e-mail addresses at some services.
    let auth_id = account.auth_data.non_empty().filter(|id| rules.include.email || !id.contains('@'));
    let pairs = [
        ("auth-id", auth_id),
        ("auth-service", account.auth_service.non_empty()),
        ("locale", account.locale.non_empty()),
        ("mfa-active", account.mfa_active.0.then(|| "true".to_string())),
        ("remote-id", account.remote_id.non_empty()),
    ];
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?))).collect()
}

/// What all records of a listing have in common.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The edition that accounts with a seat hold.
    pub edition: Edition,
    /// Who takes a seat.
    pub seats: SeatRule,
    /// When an account is inactive.
    pub inactive_after: InactiveAfter,
    /// Which personal data is passed on.
    pub include: Include,
    /// Whether bots are listed.
    pub bots: bool,
    /// The server's time, in milliseconds since 1970.
    pub now_ms: i64,
}

/// What is known of one account beside the list.
#[derive(Clone, Debug, Default)]
pub struct AccountFacts<'a> {
    /// The names of the teams that it runs.
    pub runs: Vec<&'a str>,
    /// Whether a guest is in exactly one channel; `None` if that is not known.
    pub is_in_one_channel: Option<bool>,
}

impl AccountFacts<'_> {
    /// The names of the teams that the account of a record runs, as the record has them.
    pub fn known_runs(user: &User) -> impl Iterator<Item = &str> {
        let runs = user.attributes.iter().filter(|(key, _)| key == RUNS_TEAMS);
        runs.flat_map(|(_, names)| names.split(','))
    }

    /// Whether the guest of a record is in exactly one channel, as the record's seat shows; `None` if it does not show
    /// it: no guest, a deactivated one, or a seat by the rule of another edition.
    #[must_use]
    pub fn known_is_in_one_channel(user: &User, rules: &Rules) -> Option<bool> {
        let has_license = || user.licenses.iter().any(|license| license.license_type == rules.edition.id());
        match user.seat {
            _ if !Self::is_active_guest(user) => None,
            SeatUse::Free => Some(true),
            SeatUse::Occupied => has_license().then_some(false),
            SeatUse::Unknown => None,
        }
    }

    /// Whether the account of a record is a guest who may take a seat.
    #[must_use]
    pub fn is_active_guest(user: &User) -> bool {
        user.kind == UserKind::Guest && user.deactivated_at.is_none() && user.status != UserStatus::Deactivated
    }
}

/// The attributes that come with other answers than the account.
const CAME_LATER: [&str; 5] = [RUNS_TEAMS, ACTIVITY_SOURCE, LAST_LOGIN, LAST_POST, STATUS_BY_HAND];

/// The dates of an account, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// When it was made.
    pub created_ms: i64,
    /// When it was deactivated; 0 if it is not.
    deactivated_ms: i64,
}

impl Dates {
    /// The dates that a record was made of; `None` if the record lacks them, because no calendar holds them.
    #[must_use]
    pub fn of(user: &User) -> Option<Self> {
        let created_ms = timestamp_ms(user.created_at.as_deref()?)?;
        let deactivated_ms = match (user.deactivated_at.as_deref(), user.status) {
            (Some(at), _) => timestamp_ms(at)?,
            (None, UserStatus::Deactivated) => return None,
            (None, UserStatus::Active | UserStatus::Inactive) => 0,
        };
        Some(Self { created_ms, deactivated_ms })
    }
}

/// The parts of a record that come from other answers than the account.
#[derive(Clone, Debug)]
pub struct Later {
    status: UserStatus,
    role: String,
    seat: SeatUse,
    licenses: Vec<Assignment>,
    activity: ActivityKnowledge,
    last_activity_at: Option<String>,
    attributes: Vec<(String, String)>,
}

impl Later {
    /// Whether the record has the same.
    #[must_use]
    pub fn is_of(&self, user: &User) -> bool {
        let attributes = user.attributes.iter().filter(|(key, _)| CAME_LATER.contains(&key.as_str()));
        self.status == user.status
            && self.role == user.role
            && self.seat == user.seat
            && self.licenses == user.licenses
            && self.activity == user.activity
            && self.last_activity_at == user.last_activity_at
            && self.attributes.iter().eq(attributes)
    }
}

/// A record that still lacks what comes with other answers: the account's activity, the teams that it runs, its seat.
#[derive(Clone, Debug)]
pub struct Draft {
    user: User,
    created_ms: i64,
    deactivated_ms: i64,
    /// When the account was last changed, by the server's profile; 0 in a draft that was made of a record, which leaves it out: a
    /// sign-in moves it, and the server's profile cache shows that up to half an hour later.
    updated_ms: i64,
}

impl Draft {
    /// Makes a draft of an account; `None` if it lacks a name or an id of Mattermost's form (26 letters and digits,
    /// server/public/model/utils.go), without which a record is of no use.
    #[must_use]
    pub fn of(account: &wire::User<'_>, rules: &Rules) -> Option<Self> {
        let id = account.id.as_str();
        if !Self::can_be_of(account) {
            return None;
        }
        let roles = account.roles.as_str();
        let role = Role::of(roles);
        let kind = if account.is_bot.0 {
            UserKind::Bot
        } else if !account.remote_id.as_str().is_empty() {
            UserKind::Remote
        } else if role == Role::Guest {
            UserKind::Guest
        } else {
            UserKind::Member
        };
        let (created_ms, deactivated_ms) = (account.create_at.0, account.delete_at.0);
        let updated_ms = account.update_at.0;
        let user = User {
            id: id.to_string(),
            username: account.username.as_str().to_string(),
            email: account.email.non_empty().filter(|_| rules.include.email),
            first_name: account.first_name.non_empty().filter(|_| rules.include.names),
            last_name: account.last_name.non_empty().filter(|_| rules.include.names),
            status: UserStatus::Active,
            kind,
            role: role.id().to_string(),
            roles: role::names(roles),
            seat: SeatUse::Unknown,
            licenses: Vec::new(),
            position: account.position.non_empty(),
            created_at: timestamp(created_ms),
            deactivated_at: timestamp(deactivated_ms),
            activity: ActivityKnowledge::Unknown,
            last_activity_at: None,
            attributes: attributes(account, rules),
        };
        Some(Self { user, created_ms, deactivated_ms, updated_ms })
    }

    /// Whether the account has an id and a name.
    #[must_use]
    pub fn can_be_of(account: &wire::User<'_>) -> bool {
        let id = account.id.as_str();
        id.len() == 26 && id.bytes().all(|b| b.is_ascii_alphanumeric()) && !account.username.as_str().is_empty()
    }

    /// Splits a record into the draft that it was made of and what came with other answers.
    #[must_use]
    pub fn of_known(user: User, dates: Dates) -> (Self, Later) {
        let role = Role::of(&user.roles.join(" ")).id().to_string();
        let (later, attributes) = user.attributes.into_iter().partition(|(key, _)| CAME_LATER.contains(&key.as_str()));
        let later = Later {
            status: user.status,
            role: user.role,
            seat: user.seat,
            licenses: user.licenses,
            activity: user.activity,
            last_activity_at: user.last_activity_at,
            attributes: later,
        };
        let user = User {
            status: UserStatus::Active,
            role,
            seat: SeatUse::Unknown,
            licenses: Vec::new(),
            activity: ActivityKnowledge::Unknown,
            last_activity_at: None,
            attributes,
            ..user
        };
        (Self { user, created_ms: dates.created_ms, deactivated_ms: dates.deactivated_ms, updated_ms: 0 }, later)
    }

    /// When the account was last changed, in milliseconds since 1970.
    #[must_use]
    pub const fn updated_ms(&self) -> i64 {
        self.updated_ms
    }

    /// Whether both are of the same account in the same state, as far as it is not hidden, whenever it came about.
    #[must_use]
    pub fn is_same(&self, other: &Self, hidden: &[HiddenField]) -> bool {
        let hides = |name: &str| hidden.iter().any(|field| field.name == name);
        let seen = |user: &User| {
            let shown = |text: &Option<String>, name: &str| text.clone().filter(|_| !hides(name));
            let is_shown = |key: &str| !hidden.iter().any(|field| field.name.strip_prefix("attributes.") == Some(key));
            User {
                email: shown(&user.email, "email"),
                first_name: shown(&user.first_name, "first-name"),
                last_name: shown(&user.last_name, "last-name"),
                attributes: user.attributes.iter().filter(|(key, _)| is_shown(key)).cloned().collect(),
                ..user.clone()
            }
        };
        let dates = |draft: &Self| (draft.created_ms, draft.deactivated_ms);
        dates(self) == dates(other) && seen(&self.user) == seen(&other.user)
    }

    /// The account's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.user.id
    }

    /// When the account was created, in milliseconds since 1970.
    #[must_use]
    pub const fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// The same as in the record; `None` if no calendar holds it.
    #[must_use]
    pub fn created_at(&self) -> Option<&str> {
        self.user.created_at.as_deref()
    }

    /// The account's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.user.username
    }

    /// Whether the account is a bot, which the report on users leaves out.
    #[must_use]
    pub fn is_bot(&self) -> bool {
        self.user.kind == UserKind::Bot
    }

    /// Whether the account is a guest who may take a seat.
    #[must_use]
    pub fn is_active_guest(&self) -> bool {
        self.user.kind == UserKind::Guest && self.deactivated_ms == 0
    }

    /// Completes the record.
    #[must_use]
    pub fn finish(mut self, last_use: LastUse, facts: AccountFacts<'_>, rules: &Rules) -> User {
        self.take_seat(facts.is_in_one_channel, rules);
        if !facts.runs.is_empty() {
            // A system administrator outranks a team's, and a guest stays a guest.
            if self.user.role == Role::Member.id() {
                self.user.role = Role::TeamAdmin.id().to_string();
            }
            self.user.attributes.push((RUNS_TEAMS.to_string(), facts.runs.join(",")));
        }
        let activity = rules.inactive_after.settled(rules.now_ms, last_use.activity);
        if activity == Activity::Unknown && matches!(last_use.activity, Activity::AtLeast(_)) {
            self.user.attributes.push((STATUS_BY_HAND.to_string(), "true".to_string()));
        }
        self.user.status = rules.inactive_after.status(rules.now_ms, self.created_ms, self.deactivated_ms, activity);
        // A time that no calendar holds counts as unknown.
        let at = if let Activity::At(ms) = activity { timestamp(ms) } else { None };
        self.user.activity = if at.is_none() && matches!(activity, Activity::At(_)) {
            ActivityKnowledge::Unknown
        } else {
            activity.knowledge()
        };
        self.user.last_activity_at = at;
        if let Some(report) = last_use.report {
            let pairs = [
                (ACTIVITY_SOURCE, report.source().map(Source::id).map(ToString::to_string)),
                (LAST_LOGIN, timestamp(report.login_ms)),
                (LAST_POST, timestamp(report.post_ms)),
            ];
            let shown = pairs.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?)));
            self.user.attributes.extend(shown);
        }
        self.user.attributes.sort();
        self.user
    }

    fn take_seat(&mut self, is_in_one_channel: Option<bool>, rules: &Rules) {
        let occupant = match (self.deactivated_ms, self.user.kind) {
            (0, UserKind::Bot) => Occupant::Bot,
            (0, UserKind::Remote) => Occupant::Remote,
            (0, UserKind::Guest) => Occupant::Guest,
            (0, UserKind::Member) => Occupant::Member,
            _ => Occupant::Deactivated,
        };
        self.user.seat = rules.seats.seat(occupant, is_in_one_channel);
        if self.user.seat == SeatUse::Occupied {
            let license_type = rules.edition.id().to_string();
            self.user.licenses = vec![Assignment { license_type, assigned_at: None }];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::version::Version;
    use provider_sdk::json;
    use std::format;

    fn rules() -> Rules {
        Rules {
            edition: Edition::Professional,
            seats: SeatRule::of(Some(Version::new(10, 11)), Edition::Professional),
            inactive_after: InactiveAfter::DEFAULT,
            include: Include::ALL,
            bots: true,
            now_ms: 1_795_533_929_000,
        }
    }

    #[track_caller]
    fn record(fields: &str, activity: Activity) -> Option<User> {
        let json = format!(r#"{{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"zoe"{fields}}}"#);
        let account: wire::User<'_> = json::from_slice(json.as_bytes()).unwrap();
        Draft::of(&account, &rules()).map(|draft| draft.finish(activity.into(), AccountFacts::default(), &rules()))
    }

    /// Status, kind, role, seat, and how many licences.
    type Verdict = (UserStatus, UserKind, &'static str, SeatUse, usize);

    #[test]
    fn kind_role_seat_and_licence_agree() {
        use SeatUse::{Free, Occupied};
        use UserStatus::{Active, Deactivated, Inactive};
        let cases: &[(&str, Activity, Verdict)] = &[
            (r#","roles":"system_user""#, Activity::Unknown, (Active, UserKind::Member, "member", Occupied, 1)),
            (
                r#","roles":"system_admin system_user""#,
                Activity::At(1_795_533_900_000),
                (Active, UserKind::Member, "system-admin", Occupied, 1),
            ),
            (r#","roles":"system_guest""#, Activity::At(5), (Inactive, UserKind::Guest, "guest", Occupied, 1)),
            (r#","roles":"system_user","is_bot":true"#, Activity::Never, (Active, UserKind::Bot, "member", Free, 0)),
            (
                r#","roles":"system_user","remote_id":"r1""#,
                Activity::Unknown,
                (Active, UserKind::Remote, "member", Free, 0),
            ),
            (
                r#","roles":"system_user","delete_at":1795533659735"#,
                Activity::At(1_795_533_900_000),
                (Deactivated, UserKind::Member, "member", Free, 0),
            ),
        ];
        for (fields, activity, expect) in cases {
            let user = record(fields, *activity).unwrap();
            let got = (user.status, user.kind, user.role.as_str(), user.seat, user.licenses.len());
            assert_eq!(got, *expect, "{fields}");
            assert!(user.licenses.iter().all(|license| license.license_type == "professional"));
        }
    }

    #[test]
    fn a_member_who_runs_a_team_is_a_team_admin() {
        let facts = AccountFacts { runs: vec!["alpha", "beta"], is_in_one_channel: None };
        for (roles, expect) in
            [("system_user", "team-admin"), ("system_admin system_user", "system-admin"), ("system_guest", "guest")]
        {
            let json = format!(r#"{{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"zoe","roles":"{roles}"}}"#);
            let account: wire::User<'_> = json::from_slice(json.as_bytes()).unwrap();
            let user = Draft::of(&account, &rules()).unwrap().finish(Activity::Unknown.into(), facts.clone(), &rules());
            assert_eq!(user.role, expect);
            assert_eq!(user.attributes, [("runs-teams".to_string(), "alpha,beta".to_string())]);
        }
    }

    #[test]
    fn every_field_is_carried_over() {
        let fields = r#","email":"zoe@corp.example","first_name":"Zoë","last_name":"García","position":"Größe","roles":"system_user x",
            "create_at":1795533617376,"delete_at":1795533659735"#;
        let user = record(fields, Activity::At(1_795_533_659_513)).unwrap();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        assert_eq!(text(&user.email), "zoe@corp.example");
        assert_eq!((text(&user.first_name), text(&user.last_name)), ("Zoë".into(), "García".into()));
        assert_eq!((text(&user.position), user.roles), ("Größe".into(), vec!["system_user".into(), "x".into()]));
        assert_eq!(text(&user.created_at), "2026-11-24T15:20:17.376Z");
        assert_eq!(text(&user.deactivated_at), "2026-11-24T15:20:59.735Z");
        assert_eq!(text(&user.last_activity_at), "2026-11-24T15:20:59.513Z");
        assert_eq!(user.activity, ActivityKnowledge::Known);
    }

    #[test]
    fn attributes_link_an_account_to_a_directory() {
        let fields = r#","auth_service":"saml","auth_data":"zoe@corp.example","locale":"fr","mfa_active":true,"remote_id":"r1",
            "update_at":1795533617376"#;
        let got = record(fields, Activity::Unknown).unwrap().attributes;
        let expect = [
            ("auth-id", "zoe@corp.example"),
            ("auth-service", "saml"),
            ("locale", "fr"),
            ("mfa-active", "true"),
            ("remote-id", "r1"),
        ];
        assert_eq!(got, expect.map(|(key, value)| (key.to_string(), value.to_string())));
        assert!(got.iter().all(|(key, _)| ATTRIBUTES.iter().any(|(known, _)| *known == format!("user.{key}"))));
        assert!(record(r#","auth_service":"","auth_data":null"#, Activity::Unknown).unwrap().attributes.is_empty());
    }

    #[test]
    fn excluded_personal_data_is_nowhere_in_the_record() {
        let json = r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"zoe","email":"zoe@corp.example","first_name":"Zoë",
            "last_name":"García","auth_service":"saml","auth_data":"zoe@corp.example"}"#;
        let rules = Rules { include: Include { activity: true, names: false, email: false }, ..rules() };
        let user = Draft::of(&json::from_slice(json.as_bytes()).unwrap(), &rules).unwrap().finish(
            Activity::Never.into(),
            AccountFacts::default(),
            &rules,
        );
        let text = format!("{user:?}");
        assert!(!text.contains('@') && !text.contains("Zo") && !text.contains("Garc"), "{text}");
        assert_eq!(user.activity, ActivityKnowledge::Never);
    }

    #[test]
    fn empty_fields_are_absent_and_impossible_times_are_unknown() {
        let user = record(r#","email":"","first_name":null,"create_at":0"#, Activity::At(i64::MAX)).unwrap();
        assert_eq!((user.email, user.first_name, user.position, user.created_at), (None, None, None, None));
        assert_eq!((user.activity, user.last_activity_at), (ActivityKnowledge::Unknown, None));
    }

    #[test]
    fn accounts_without_a_usable_id_or_name_are_left_out() {
        for json in [
            "{}",
            r#"{"id":"short","username":"x"}"#,
            r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote"}"#,
            r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpot\"","username":"x"}"#,
        ] {
            assert!(Draft::of(&json::from_slice(json.as_bytes()).unwrap(), &rules()).is_none(), "{json}");
        }
    }
}
