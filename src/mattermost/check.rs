//! Tries the settings out, a step at a time, and says what a token can and cannot see.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::api::{self, Answer, Me};
use super::code::{Code, NoticeCode};
use super::edition::{self, Edition};
use super::failure::Failure;
use super::http::{Network, Outcome, Request, exchange};
use super::settings::Include;
use super::version::Version;
use super::wire::{Ids, Ping, Status, TextMap, User};
use crate::contract::{CheckOutcome, CheckReport, CheckStep};

/// What is tried, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something answers at the URL.
    ServerReached,
    /// It is Mattermost's API.
    MattermostApi,
    /// The token is somebody's.
    TokenAccepted,
    /// The token may list accounts.
    UsersVisible,
    /// The token may ask how many there are, so that a listing can be proven complete.
    EveryoneCounted,
    /// E-mail addresses and names are shown.
    ProfilesVisible,
    /// The server tells when accounts were last active.
    ActivityVisible,
    /// The licence is shown with its dates.
    LicenseVisible,
}

/// Every step, in order.
pub const STEPS: [Step; 8] = [
    Step::ServerReached,
    Step::MattermostApi,
    Step::TokenAccepted,
    Step::UsersVisible,
    Step::EveryoneCounted,
    Step::ProfilesVisible,
    Step::ActivityVisible,
    Step::LicenseVisible,
];

impl Step {
    /// The step's id in the contract.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ServerReached => "server-reached",
            Self::MattermostApi => "mattermost-api",
            Self::TokenAccepted => "token-accepted",
            Self::UsersVisible => "users-visible",
            Self::EveryoneCounted => "everyone-counted",
            Self::ProfilesVisible => "profiles-visible",
            Self::ActivityVisible => "activity-visible",
            Self::LicenseVisible => "license-visible",
        }
    }

    /// What is tried, for a person.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ServerReached => "The server answers",
            Self::MattermostApi => "It is a Mattermost server",
            Self::TokenAccepted => "The token is accepted",
            Self::UsersVisible => "Users can be listed",
            Self::EveryoneCounted => "All users can be counted",
            Self::ProfilesVisible => "E-mail addresses and names are shown",
            Self::ActivityVisible => "The last activity is shown",
            Self::LicenseVisible => "The licence is shown",
        }
    }
}

/// Tries everything out. Two rounds of requests: who is there and whose token it is, then what the token may see.
pub fn check(include: Include, network: &mut dyn Network) -> CheckReport {
    let mut report = Report::default();
    if let Some(me) = report.reach(network) {
        report.look_around(network, &me, include);
    }
    report.close()
}

#[derive(Default)]
struct Report {
    steps: Vec<CheckStep>,
    version: Option<Version>,
    instance: Option<String>,
    attributes: Vec<(String, String)>,
}

impl Report {
    /// The steps without which there is nothing to look at.
    fn reach(&mut self, network: &mut dyn Network) -> Option<Me> {
        let (ping, me) = (api::ping(), api::me());
        let outcomes = exchange(network, vec![ping.clone(), me.clone()]);
        let (ping_outcome, me_outcome) = (outcomes.first()?, outcomes.get(1)?);

        if let Err(lost) = ping_outcome
            && !lost.has_begun()
        {
            self.fail(Step::ServerReached, Failure::lost(&ping, lost));
            return None;
        }
        self.pass(Step::ServerReached, "the server answers".to_string());

        match read_ping(&ping, ping_outcome) {
            Ok(version) => {
                self.version = version;
                let version = version.map_or_else(|| "of unknown version".to_string(), |version| version.to_string());
                self.pass(Step::MattermostApi, format!("Mattermost {version}"));
            }
            Err(failure) => {
                self.fail(Step::MattermostApi, failure);
                return None;
            }
        }

        match api::read_me(&me, me_outcome) {
            Ok(me) => {
                self.pass(
                    Step::TokenAccepted,
                    format!("the token belongs to {} ({})", shown(&me.username), shown(&me.roles)),
                );
                Some(me)
            }
            Err(failure) => {
                self.fail(Step::TokenAccepted, failure);
                None
            }
        }
    }

    /// What the token may see: only the first of these steps can fail the check.
    fn look_around(&mut self, network: &mut dyn Network, me: &Me, include: Include) {
        let mut requests = vec![api::first_user(), api::count_everyone(), api::config(), api::license()];
        if include.activity {
            requests.extend(api::statuses(&Ids(vec![me.id.as_str()])));
        }
        let outcomes = exchange(network, requests.clone());
        let ([users_r, count_r, config_r, license_r, ..], [users_o, count_o, config_o, license_o, ..]) =
            (requests.as_slice(), outcomes.as_slice())
        else {
            return;
        };

        match read_first_user(users_r, users_o) {
            Ok(0) => self.warn(Step::UsersVisible, NoticeCode::PartialView, "the token sees no account".to_string()),
            Ok(_) if me.has("system_guest") => {
                let entry = NoticeCode::PartialView.entry();
                self.warn(Step::UsersVisible, NoticeCode::PartialView, entry.label.to_string());
            }
            Ok(_) => self.pass(Step::UsersVisible, "accounts can be listed".to_string()),
            Err(failure) => {
                self.fail(Step::UsersVisible, failure);
                return;
            }
        }

        match api::read_count(count_r, count_o) {
            Ok(total) => {
                self.attributes.push(("accounts".to_string(), total.to_string()));
                self.pass(Step::EveryoneCounted, format!("the server counts {total} accounts"));
            }
            Err(failure) => self.degrade(Step::EveryoneCounted, NoticeCode::CompletenessUnproven, failure),
        }

        let config = api::read_map(config_r, config_o);
        self.profiles(me, &config);
        match (requests.get(4), outcomes.get(4)) {
            (Some(request), Some(outcome)) => self.activity(&config, request, outcome),
            _ => self.pass(Step::ActivityVisible, "the settings leave the last activity out".to_string()),
        }
        self.license(&config, license_r, license_o);
    }

    fn profiles(&mut self, me: &Me, config: &Result<TextMap, Failure>) {
        let config = match config {
            Ok(config) => config,
            Err(failure) => return self.degrade(Step::ProfilesVisible, NoticeCode::LimitedView, failure.clone()),
        };
        self.instance = config.get("DiagnosticId").or_else(|| config.get("TelemetryId")).map(ToString::to_string);
        let hidden = |key| config.get(key) == Some("false") && !me.has("system_admin");
        let (emails, names) = (hidden("ShowEmailAddress"), hidden("ShowFullName"));
        let code = match (emails, names) {
            (false, false) if me.has("system_admin") => {
                return self.pass(Step::ProfilesVisible, "the account sees every profile".to_string());
            }
            (false, false) => {
                let text = "the privacy settings show e-mail addresses and names to every account".to_string();
                return self.pass(Step::ProfilesVisible, text);
            }
            (true, true) => NoticeCode::LimitedView,
            (true, false) => NoticeCode::EmailsHidden,
            (false, true) => NoticeCode::NamesHidden,
        };
        let text = if code == NoticeCode::LimitedView {
            "the server's privacy settings hide e-mail addresses and names from this token".to_string()
        } else {
            code.entry().label.to_string()
        };
        self.warn(Step::ProfilesVisible, code, text);
    }

    fn activity(&mut self, config: &Result<TextMap, Failure>, request: &Request, outcome: &Outcome) {
        let off = config.as_ref().is_ok_and(|config| config.get("EnableUserStatuses") == Some("false"));
        let rows = Answer::of(request, outcome).and_then(|answer| Ok(answer.rows::<Status<'_>>()?.rows.len()));
        match rows {
            Ok(1..) if !off => self.pass(Step::ActivityVisible, "the last activity is shown".to_string()),
            Ok(_) => {
                let entry = NoticeCode::LastActivityHidden.entry();
                self.warn(Step::ActivityVisible, NoticeCode::LastActivityHidden, entry.label.to_string());
            }
            Err(failure) => self.degrade(Step::ActivityVisible, NoticeCode::LastActivityHidden, failure),
        }
    }

    fn license(&mut self, config: &Result<TextMap, Failure>, request: &Request, outcome: &Outcome) {
        let license = match api::read_map(request, outcome) {
            Ok(license) => license,
            Err(failure) => return self.degrade(Step::LicenseVisible, NoticeCode::LicenseDetailsHidden, failure),
        };
        let edition = Edition::of(&license);
        let nothing = TextMap::default();
        let name = edition::name(edition, &license, config.as_ref().unwrap_or(&nothing));
        self.attributes.push(("edition".to_string(), edition.id().to_string()));
        if license.is_true("IsLicensed") && license.get("ExpiresAt").is_none() {
            let label = NoticeCode::LicenseDetailsHidden.entry().label;
            self.warn(Step::LicenseVisible, NoticeCode::LicenseDetailsHidden, format!("{name}: {label}"));
        } else {
            self.pass(Step::LicenseVisible, name);
        }
    }

    fn pass(&mut self, step: Step, summary: String) {
        self.push(step, CheckOutcome::Passed, None, summary, None, Vec::new());
    }

    fn warn(&mut self, step: Step, code: NoticeCode, summary: String) {
        let entry = code.entry();
        self.push(step, CheckOutcome::Warning, Some(entry.id), summary, Some(entry.fix), Vec::new());
    }

    /// A permission that is missing leaves the provider working with less; anything else that went wrong is told as it is.
    fn degrade(&mut self, step: Step, notice: NoticeCode, failure: Failure) {
        if failure.is_refusal() {
            self.warn(step, notice, notice.entry().label.to_string());
        } else {
            let entry = failure.code.entry();
            self.push(step, CheckOutcome::Warning, Some(entry.id), told(&failure), Some(entry.fix), failure.params);
        }
    }

    fn fail(&mut self, step: Step, failure: Failure) {
        let entry = failure.code.entry();
        self.push(step, CheckOutcome::Failed, Some(entry.id), told(&failure), Some(entry.fix), failure.params);
    }

    fn push(
        &mut self,
        step: Step,
        outcome: CheckOutcome,
        code: Option<&str>,
        summary: String,
        fix: Option<&str>,
        params: Vec<(String, String)>,
    ) {
        let (code, fix) = (code.map(ToString::to_string), fix.map(ToString::to_string));
        self.steps.push(CheckStep { id: step.id().to_string(), outcome, code, summary, fix, params });
    }

    /// Names the steps that were not tried.
    fn close(mut self) -> CheckReport {
        for step in STEPS.iter().skip(self.steps.len()) {
            let summary = format!("not tried: {}", step.label());
            self.push(*step, CheckOutcome::Skipped, None, summary, None, Vec::new());
        }
        self.attributes.sort();
        CheckReport {
            steps: self.steps,
            product_version: self.version.map(|version| version.to_string()),
            product_instance: self.instance,
            attributes: self.attributes,
        }
    }
}

/// What failed, with the request and the status.
fn told(failure: &Failure) -> String {
    match (&failure.request, failure.status) {
        (Some(request), Some(status)) => format!("{} ({request} answered {status})", failure.message),
        (Some(request), None) => format!("{} ({request})", failure.message),
        (None, _) => failure.message.clone(),
    }
}

/// Text from the server as it may stand in a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A Mattermost API answers with JSON that has a status, healthy or not.
fn read_ping(request: &Request, outcome: &Outcome) -> Result<Option<Version>, Failure> {
    let answer = Answer::of(request, outcome)?;
    let ping = answer.read::<Ping<'_>>()?;
    if ping.status.as_str().is_empty() {
        return Err(Failure::new(Code::NotMattermost, "the answer is JSON, but not Mattermost's").on(request));
    }
    Ok(answer.version())
}

fn read_first_user(request: &Request, outcome: &Outcome) -> Result<usize, Failure> {
    let answer = Answer::of(request, outcome)?;
    Ok(answer.rows::<User<'_>>()?.sent())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mattermost::fake::{Fake, json};
    use crate::mattermost::http::{Lost, Response};

    const ADMIN: &str =
        r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"sysadmin","roles":"system_admin system_user"}"#;
    const MEMBER: &str = r#"{"id":"dxzzhuaz5jryx8qmji6pe9x9ih","username":"user006","roles":"system_user"}"#;
    const GUEST: &str = r#"{"id":"dxzzhuaz5jryx8qmji6pe9x9ih","username":"gast","roles":"system_guest"}"#;

    /// A server with everything well, but for one route.
    fn report(me: &str, route: &str, answer: &Outcome) -> CheckReport {
        let mut network = Fake::new(|request| {
            if request.name().ends_with(route) {
                return answer.clone();
            }
            match request.name().as_str() {
                "GET /api/v4/system/ping" => json(200, r#"{"status":"OK"}"#),
                "GET /api/v4/users/me" => json(200, me),
                "GET /api/v4/users" => json(200, format!("[{me}]")),
                "GET /api/v4/users/stats/filtered" => json(200, r#"{"total_users_count":254}"#),
                "GET /api/v4/config/client" => json(200, r#"{"DiagnosticId":"d1","EnableUserStatuses":"true"}"#),
                "GET /api/v4/license/client" => json(200, r#"{"IsLicensed":"false"}"#),
                "POST /api/v4/users/status/ids" => json(200, r#"[{"user_id":"x","status":"offline"}]"#),
                other => panic!("unexpected {other}"),
            }
        });
        check(Include::ALL, &mut network)
    }

    /// The steps that did not pass, as `step=outcome:code`; skipped ones are counted.
    fn findings(report: &CheckReport) -> String {
        assert_eq!(report.steps.len(), STEPS.len());
        assert!(report.steps.iter().zip(STEPS).all(|(got, step)| got.id == step.id()));
        let skipped = report.steps.iter().filter(|step| step.outcome == CheckOutcome::Skipped).count();
        let told = report.steps.iter().filter_map(|step| {
            let outcome = match step.outcome {
                CheckOutcome::Failed => "failed",
                CheckOutcome::Warning => "warning",
                CheckOutcome::Passed | CheckOutcome::Skipped => return None,
            };
            assert!(step.fix.is_some(), "{}", step.id);
            Some(format!("{}={outcome}:{} ", step.id, step.code.as_deref().unwrap_or_default()))
        });
        format!("{}{skipped} skipped", told.collect::<String>())
    }

    #[test]
    fn each_trouble_is_found_at_its_step() {
        let html =
            || Ok(Response { status: 200, headers: vec![("content-type", "text/html".into())], body: "<html>".into() });
        let redirect = || {
            Ok(Response {
                status: 302,
                headers: vec![("location", "/chat/api/v4/system/ping".into())],
                body: Vec::new(),
            })
        };
        let refused = || json(401, r#"{"id":"api.context.session_expired.app_error"}"#);
        let forbidden = || json(403, r#"{"id":"api.context.permissions.app_error"}"#);
        let mfa = || json(403, r#"{"id":"api.context.mfa_required.app_error"}"#);
        let hides = || json(200, r#"{"ShowEmailAddress":"false","ShowFullName":"true"}"#);
        let licensed = || json(200, r#"{"IsLicensed":"true","SkuShortName":"enterprise"}"#);
        let cases: &[(&str, &str, Outcome, &str)] = &[
            (ADMIN, "nothing", html(), "0 skipped"),
            (MEMBER, "nothing", html(), "0 skipped"),
            (ADMIN, "ping", Err(Lost::Refused), "server-reached=failed:connection-refused 7 skipped"),
            (ADMIN, "ping", Err(Lost::TlsUntrusted), "server-reached=failed:tls-untrusted 7 skipped"),
            (ADMIN, "ping", html(), "mattermost-api=failed:not-mattermost 6 skipped"),
            (ADMIN, "ping", json(200, r#"{"ok":true}"#), "mattermost-api=failed:answer-unreadable 6 skipped"),
            (ADMIN, "ping", json(200, r#"{"status":""}"#), "mattermost-api=failed:not-mattermost 6 skipped"),
            (ADMIN, "ping", redirect(), "mattermost-api=failed:redirected 6 skipped"),
            (ADMIN, "users/me", refused(), "token-accepted=failed:token-refused 5 skipped"),
            (ADMIN, "v4/users", mfa(), "users-visible=failed:mfa-required 4 skipped"),
            (ADMIN, "v4/users", json(200, "[]"), "users-visible=warning:partial-view 0 skipped"),
            (GUEST, "nothing", html(), "users-visible=warning:partial-view 0 skipped"),
            (MEMBER, "filtered", forbidden(), "everyone-counted=warning:completeness-unproven 0 skipped"),
            (MEMBER, "filtered", Err(Lost::TimedOut), "everyone-counted=warning:timed-out 0 skipped"),
            (MEMBER, "config/client", hides(), "profiles-visible=warning:emails-hidden 0 skipped"),
            (ADMIN, "config/client", hides(), "0 skipped"),
            (ADMIN, "status/ids", json(200, "[]"), "activity-visible=warning:last-activity-hidden 0 skipped"),
            (MEMBER, "license/client", licensed(), "license-visible=warning:license-details-hidden 0 skipped"),
        ];
        for (me, route, answer, expect) in cases {
            assert_eq!(findings(&report(me, route, answer)), *expect, "{route} {answer:?}");
        }
    }

    #[test]
    fn activity_that_is_left_out_is_not_asked_for() {
        let mut network = Fake::new(|request| match request.name().as_str() {
            "GET /api/v4/system/ping" => json(200, r#"{"status":"OK"}"#),
            "GET /api/v4/users/me" => json(200, ADMIN),
            _ => json(200, "{}"),
        });
        let _ = check(Include { activity: false, ..Include::ALL }, &mut network);
        assert!(network.sent.iter().all(|request| request.body.is_none()));
    }

    #[test]
    fn the_report_tells_the_server() {
        let report = report(ADMIN, "nothing", &Err(Lost::Closed));
        assert_eq!(report.product_version.as_deref(), Some("11.6.0"));
        assert_eq!(report.product_instance.as_deref(), Some("d1"));
        assert_eq!(report.attributes, [("accounts".into(), "254".into()), ("edition".into(), "free".into())]);
    }
}
