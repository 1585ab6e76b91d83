//! Tries the settings, step by step, and reports what a token can and cannot see.

#[cfg(test)]
mod agreement;
mod outlook;
mod step;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use step::{STEPS, Step};

use provider_sdk::http::{Answered, Network, exchange, exchange_all};
use provider_sdk::lenient::TextMap;
use provider_sdk::time::{CLOCK_DIFFERENCE_MS, DAY_MS, day_in_words, in_words};

use super::advice::{self, Holder};
use super::api::{self, Answer, Me, REPORT_ROWS_PER_PAGE, USERS_PER_PAGE};
use super::code::{Code, NoticeCode};
use super::edition::Edition;
use super::failure::{Failure, Meaning as _};
use super::license::{self, Answers};
use super::listing::{AccountContext, Count, Counting, Findings};
use super::rights::{Rights, Teams};
use super::seat::SeatRule;
use super::settings::{ActivitySource, Settings};
use super::version::Version;
use super::wire::{AccessToken, Ids, Ping, ReportRow, Status, Team, User};
use crate::contract::{CheckOutcome, CheckReport, CheckStep, License};

/// The check warns of a token that ends within so many milliseconds. Mattermost's own warnings begin seven days before.
const TOKEN_ENDS_SOON_MS: i64 = 14 * DAY_MS;

/// Tries everything that a listing and the licence need: the server, the token, the first page of accounts, and then
/// all other requests.
pub fn check(settings: &Settings, network: &mut dyn Network) -> CheckReport {
    let mut report = Report::default();
    if let Some(me) = report.reach(network, settings)
        && let Some((ids, rights)) = report.may_list(&me, network)
    {
        report.look_around(network, &me, rights, settings, &ids);
    }
    report.close()
}

#[derive(Default)]
struct Report {
    steps: Vec<CheckStep>,
    version: Option<Version>,
    instance: Option<String>,
    attributes: Vec<(String, String)>,
    /// The server's time, in milliseconds since 1970.
    server_ms: Option<i64>,
    /// Who holds the token, as far as advice depends on it.
    holder: Holder,
    /// How many requests at once the server's rate limiter allows.
    limit: Option<String>,
}

impl Report {
    /// The steps that everything else depends on. Returns the token's account.
    fn reach(&mut self, network: &mut dyn Network, settings: &Settings) -> Option<Me> {
        let [ping, me] = exchange(network, [api::ping(), api::me()]);
        let whose = api::read_me(&me);
        match &ping.outcome {
            Err(lost) if !lost.has_begun() && whose.is_err() => {
                self.fail(Step::ServerReached, Failure::lost(&ping.request, lost));
                return None;
            }
            _ if settings.base.is_exposed() => {
                let text = "the server answers, and the token and all data travel to and from it unencrypted";
                self.warn(Step::ServerReached, NoticeCode::TokenUnencrypted, text.to_string());
            }
            Ok(_) | Err(_) => self.pass(Step::ServerReached, "the server answers".to_string()),
        }
        match (recognise(&ping), &whose) {
            (Ok(()), _) => {
                self.note_server(&ping);
                let version =
                    self.version.map_or_else(|| "of unknown version".to_string(), |version| version.to_string());
                self.pass(Step::MattermostApi, format!("Mattermost {version}"));
            }
            // A listing does not need this route, and an account that can be read shows that the server is a
            // Mattermost.
            (Err(failure), Ok(_)) => {
                self.note_server(&me);
                self.fall_short(Step::MattermostApi, failure);
            }
            (Err(failure), Err(_)) => {
                self.fail(Step::MattermostApi, failure);
                return None;
            }
        }
        self.version();
        self.clock(network.now_ms());
        match whose {
            Ok(me) => {
                self.holder = Holder::of(&me.roles);
                let (name, roles) = (shown(&me.username), shown(&me.roles));
                self.pass(Step::TokenAccepted, format!("the token belongs to {name} ({roles})"));
                Some(me)
            }
            Err(failure) => {
                self.fail(Step::TokenAccepted, failure);
                None
            }
        }
    }

    /// Notes what the headers of an answer say about the server.
    fn note_server(&mut self, answered: &Answered) {
        let Ok(answer) = Answer::of(answered) else { return };
        self.version = answer.version();
        self.server_ms = answer.server_ms();
        let digits = |limit: &&str| !limit.is_empty() && limit.len() < 10 && limit.bytes().all(|b| b.is_ascii_digit());
        let limit = answer.response.header("x-ratelimit-limit").and_then(|limit| limit.split(',').next());
        self.limit = limit.map(str::trim).filter(digits).map(ToString::to_string);
    }

    fn version(&mut self) {
        match self.version {
            Some(version) if !version.filters_by_team_role() => {
                let text = format!("{version} is older than 5.26: it does not count its accounts exactly");
                self.warn(Step::VersionSupported, NoticeCode::ServerOld, text);
            }
            Some(version) => self.pass(Step::VersionSupported, format!("{version} has all that is needed")),
            None => self.pass(Step::VersionSupported, "the server does not report its version".to_string()),
        }
    }

    fn clock(&mut self, now_ms: i64) {
        match self.server_ms.map(|server_ms| server_ms.saturating_sub(now_ms)) {
            Some(ahead) if ahead.saturating_abs() > CLOCK_DIFFERENCE_MS => {
                let side = if ahead > 0 { "ahead of" } else { "behind" };
                let text = format!("the server's clock is {} {side} the platform's", in_words(ahead.unsigned_abs()));
                self.warn(Step::ClockAgrees, NoticeCode::ClockDiffers, text);
            }
            Some(_) => self.pass(Step::ClockAgrees, "the server's clock agrees with the platform's".to_string()),
            None => {
                let text = "the server's answers have no date, so a listing in pages takes a second reading to be proven complete";
                self.warn(Step::ClockAgrees, NoticeCode::ClockHidden, text.to_string());
            }
        }
    }

    /// Requests the first page of accounts as a listing does. Returns its ids and what the token's account may do;
    /// `None` if it may not list accounts, which ends the check.
    fn may_list(&mut self, me: &Me, network: &mut dyn Network) -> Option<(Vec<String>, Rights)> {
        let roles = exchange_all(network, Rights::ask(me).into_iter().collect());
        let mut requests = alloc::vec![api::users(0, USERS_PER_PAGE as u32)];
        if self.version.is_none_or(Version::has_expiring_tokens) {
            requests.push(api::my_tokens());
        }
        let answers = exchange_all(network, requests);
        let (users, tokens) = (answers.first()?, answers.get(1));
        self.token_end(me, tokens, self.server_ms.unwrap_or_else(|| network.now_ms()));
        let page = Answer::of(users).and_then(|answer| {
            let rows = answer.rows::<User<'_>>(USERS_PER_PAGE)?;
            let ids = rows.rows.iter().map(|user| user.id.as_str().to_string()).filter(|id| !id.is_empty());
            Ok((ids.collect::<Vec<_>>(), rows.unreadable, Rights::of(me, roles.first())?))
        });
        let (ids, unreadable, rights) = match page {
            Ok(page) => page,
            Err(failure) => {
                self.fail(Step::UsersVisible, failure);
                return None;
            }
        };
        if unreadable > 0 {
            let text = format!("{unreadable} of the first {USERS_PER_PAGE} accounts cannot be read");
            self.warn(Step::UsersVisible, NoticeCode::RecordsUnreadable, text);
        } else if ids.is_empty() {
            self.warn(Step::UsersVisible, NoticeCode::PartialView, "the token sees no account".to_string());
        } else if rights.see_everybody(self.version) {
            self.pass(Step::UsersVisible, "accounts can be listed".to_string());
        } else {
            self.hidden(Step::UsersVisible, NoticeCode::PartialView);
        }
        Some((ids, rights))
    }

    /// Checks whether a token of the account ends soon. The server does not say which of them is in use.
    fn token_end(&mut self, me: &Me, tokens: Option<&Answered>, now_ms: i64) {
        let rows = tokens.map(|tokens| {
            let answer = Answer::of(tokens)?;
            let rows = answer.rows::<AccessToken>(USERS_PER_PAGE)?.rows;
            let ends = rows.iter().filter(|token| token.is_active.0).map(|token| token.expires_at.0);
            Ok::<_, Failure>(ends.filter(|ends| *ends > now_ms).min())
        });
        match rows {
            None if me.is_bot => self.pass(Step::TokenLasts, "bots' tokens of this server do not expire".to_string()),
            None => {
                let text = "personal access tokens of this server do not expire; a session token ends with its session";
                self.pass(Step::TokenLasts, text.to_string());
            }
            Some(Ok(Some(ends))) if ends.saturating_sub(now_ms) <= TOKEN_ENDS_SOON_MS => {
                let text = format!("a personal access token of this account ends on {}", day_in_words(ends));
                self.warn(Step::TokenLasts, NoticeCode::TokenEndsSoon, text);
            }
            Some(Ok(_)) if me.is_bot => self.pass(Step::TokenLasts, "no token of this bot ends soon".to_string()),
            Some(Ok(_)) => {
                let text = "no personal access token of this account ends soon; a session token ends with its session";
                self.pass(Step::TokenLasts, text.to_string());
            }
            Some(Err(_)) => {
                self.pass(Step::TokenLasts, "the server does not report when the token expires".to_string())
            }
        }
    }

    /// Sends the other requests of a listing and the licence as these would. A step fails if one of them would fail; it
    /// warns if they would go on with less.
    fn look_around(&mut self, network: &mut dyn Network, me: &Me, rights: Rights, settings: &Settings, ids: &[String]) {
        let counted = api::count_listed(settings.bots);
        let requests = [counted, api::config(), api::license(), api::count_seats(), api::limits(), api::teams(0)];
        let [count, config, license, seats, limits, teams] = exchange(network, requests);
        self.count(&count, &teams, (me, settings), network);
        let config = api::read_map(&config);
        self.profiles(rights, &config);
        self.activity(network, settings, &config, (ids, me));
        let map = api::read_map(&license);
        let edition = map.as_ref().map_or(Edition::Unknown, Edition::of);
        self.teams(&teams, rights, edition, network);
        let nothing = TextMap::default();
        let config = config.as_ref().unwrap_or(&nothing);
        let answers = Answers { me, config, license: &license, seats: &seats, limits: &limits };
        self.license(license::read(answers, network));
        self.pace();
    }

    /// Reads the count, and predicts the listing.
    fn count(
        &mut self,
        answered: &Answered,
        teams: &Answered,
        (me, settings): (&Me, &Settings),
        network: &mut dyn Network,
    ) {
        match Count::first(answered, network.now_ms()) {
            Ok(Counting::Counted(Count { total: Some(total), .. })) => {
                self.attributes.push(("accounts".to_string(), total.to_string()));
                let teams = Answer::of(teams)
                    .and_then(|answer| Ok(answer.rows::<Team<'_>>(USERS_PER_PAGE)?.sent()))
                    .map_or(0, |sent| u32::try_from(sent).unwrap_or(u32::MAX));
                match outlook::of_listing(settings, &me.id, (total, teams), network) {
                    Ok((text, attributes)) => {
                        self.attributes.extend(attributes);
                        self.pass(Step::EveryoneCounted, text);
                    }
                    Err(failure) => self.fail(Step::EveryoneCounted, failure),
                }
            }
            Ok(Counting::Counted(_) | Counting::Refused) => {
                self.hidden(Step::EveryoneCounted, NoticeCode::CompletenessUnproven);
            }
            Ok(Counting::Failed(failure)) => self.lack(Step::EveryoneCounted, NoticeCode::CountFailed, failure),
            Err(failure) => self.fail(Step::EveryoneCounted, failure),
        }
    }

    fn profiles(&mut self, rights: Rights, config: &Result<TextMap, Failure>) {
        let config = match config {
            Ok(config) => config,
            Err(failure) => return self.fail(Step::ProfilesVisible, failure.clone()),
        };
        self.instance = config.get("DiagnosticId").or_else(|| config.get("TelemetryId")).map(ToString::to_string);
        let hidden = |key| config.get(key) == Some("false") && !rights.see_past_privacy();
        let (emails, names) = (hidden("ShowEmailAddress"), hidden("ShowFullName"));
        let code = match (emails, names) {
            (false, false) if rights.see_past_privacy() => {
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

    fn activity(
        &mut self,
        network: &mut dyn Network,
        settings: &Settings,
        config: &Result<TextMap, Failure>,
        (ids, me): (&[String], &Me),
    ) {
        if !settings.include.activity {
            return self.pass(Step::ActivityVisible, "the settings leave the last activity out".to_string());
        }
        let ids = if ids.is_empty() { alloc::vec![me.id.as_str()] } else { ids.iter().map(String::as_str).collect() };
        let off = config.as_ref().is_ok_and(|config| config.flag("EnableUserStatuses") == Some(false));
        let statuses = activity_of(network, ids);
        let wants_report = settings.activity_source == ActivitySource::Report;
        let asks_report = wants_report && self.version.is_none_or(Version::has_user_report);
        let report = exchange_all(
            network,
            asks_report.then(|| api::report(&api::ReportStart::Name(me.username.clone()))).into_iter().collect(),
        );
        let report = report.first().map_or(Ok(0), |answered| {
            Answer::of(answered).and_then(|answer| Ok(answer.rows::<ReportRow<'_>>(REPORT_ROWS_PER_PAGE)?.rows.len()))
        });
        let step = Step::ActivityVisible;
        // A listing goes on without an answer that fails for this request alone.
        let passes = |failure: &Failure| failure.may_pass() || failure.is_of_gateway() || failure.is_lost();
        match (statuses, report) {
            (_, Err(failure)) if wants_report && passes(&failure) => {
                self.lack(step, NoticeCode::LastActivityFailed, failure);
            }
            (_, Err(failure)) if wants_report && !failure.is_refusal() => self.fail(step, failure),
            (_, Err(_) | Ok(0)) if wants_report => self.hidden(step, NoticeCode::ActivityReportHidden),
            (Ok(1..), _) if !off => self.pass(step, "the last activity is shown".to_string()),
            (Ok(_), _) => self.hidden(step, NoticeCode::LastActivityHidden),
            (Err(failure), _) if passes(&failure) || failure.is_refusal() => {
                self.lack(step, NoticeCode::LastActivityFailed, failure);
            }
            (Err(failure), _) => self.fail(step, failure),
        }
    }

    /// Asks who runs each team, as a listing does before it returns any account. One team that fails ends it.
    fn teams(&mut self, first: &Answered, rights: Rights, edition: Edition, network: &mut dyn Network) {
        let mut findings = Findings::default();
        let rule = SeatRule::of(self.version, edition);
        let is_unsure = rights.teams() == Teams::Unsure;
        let sees_all = rights.teams() != Teams::Some && rights.see_into_teams();
        match AccountContext::with_teams(self.version, first).find(
            self.version,
            is_unsure,
            rule,
            &mut findings,
            network,
        ) {
            Ok(()) if sees_all && !findings.has(NoticeCode::TeamAdminsHidden) => {
                self.pass(Step::TeamsVisible, "the token sees every team and its administrators".to_string());
            }
            Ok(()) => self.hidden(Step::TeamsVisible, NoticeCode::TeamAdminsHidden),
            // A listing waits, and goes on with the same team.
            Err(failure) if failure.code == Code::RateLimited && !asks_for_too_long(&failure) => {
                self.fall_short(Step::TeamsVisible, failure);
            }
            Err(failure) => self.fail(Step::TeamsVisible, failure),
        }
    }

    fn pace(&mut self) {
        let text = self.limit.take().map_or_else(
            || "the server has no limit on requests".to_string(),
            |limit| format!("the server allows {limit} requests at once, and a listing stays within that"),
        );
        self.pass(Step::PaceAllowed, text);
    }

    fn license(&mut self, license: Result<License, Failure>) {
        let license = match license {
            Ok(license) => license,
            Err(failure) => return self.fail(Step::LicenseVisible, failure),
        };
        let name = shown(&license.name);
        self.attributes.push(("edition".to_string(), license.license_type.clone()));
        // Other notices of a licence, such as its end, have nothing to do with what this token may see.
        let hides = [
            NoticeCode::LicenseUnreadable,
            NoticeCode::SeatsUsedFailed,
            NoticeCode::LicenseDetailsHidden,
            NoticeCode::SeatsUsedHidden,
            NoticeCode::UserLimitsHidden,
            NoticeCode::SeatsIncludeGuests,
        ];
        let found = |code: &NoticeCode| license.notices.iter().find(|notice| notice.code == code.entry().id);
        let found: Vec<_> = hides.iter().filter_map(found).collect();
        let Some(first) = found.first() else { return self.pass(Step::LicenseVisible, name) };
        let texts: Vec<_> = found.iter().map(|notice| notice.message.as_str()).collect();
        let (summary, fix) = (format!("{name}: {}", texts.join("; ")), first.fix.as_deref());
        self.push(Step::LicenseVisible, CheckOutcome::Warning, Some(&first.code), summary, fix, Vec::new());
    }

    fn pass(&mut self, step: Step, summary: String) {
        self.push(step, CheckOutcome::Passed, None, summary, None, Vec::new());
    }

    fn warn(&mut self, step: Step, code: NoticeCode, summary: String) {
        let fix = advice::fix(code, self.holder);
        self.push(step, CheckOutcome::Warning, Some(code.entry().id), summary, Some(fix), Vec::new());
    }

    /// A warning with the label of the code.
    fn hidden(&mut self, step: Step, code: NoticeCode) {
        self.warn(step, code, code.entry().label.to_string());
    }

    /// A warning that something is lacking because one route fails.
    fn lack(&mut self, step: Step, code: NoticeCode, failure: Failure) {
        let entry = code.entry();
        let summary = format!("{}: {}", entry.label, failure.in_full());
        self.push(step, CheckOutcome::Warning, Some(entry.id), summary, Some(entry.fix), failure.params);
    }

    /// A failure that a listing can do without.
    fn fall_short(&mut self, step: Step, failure: Failure) {
        self.failure(step, CheckOutcome::Warning, failure);
    }

    fn fail(&mut self, step: Step, failure: Failure) {
        self.failure(step, CheckOutcome::Failed, failure);
    }

    fn failure(&mut self, step: Step, outcome: CheckOutcome, failure: Failure) {
        let entry = failure.code.entry();
        let fix = advice::fix_of_error(failure.code, self.holder);
        self.push(step, outcome, Some(entry.id), failure.in_full(), Some(fix), failure.params);
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

    /// Adds the skipped steps.
    fn close(mut self) -> CheckReport {
        for step in STEPS.iter().skip(self.steps.len()) {
            let summary = format!("skipped: {}", step.label());
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

/// Text from the server, made safe for a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// For how many of these accounts the server reports the activity. If they are too many for one request, asks about
/// fewer, as a listing does.
fn activity_of(network: &mut dyn Network, mut ids: Vec<&str>) -> Result<usize, Failure> {
    loop {
        let count = ids.len();
        let asked = Ids(ids);
        let [answered] = exchange(network, [api::statuses(&asked)?]);
        let reported =
            Answer::of(&answered).and_then(|answer| Ok(answer.rows::<Status<'_>>(USERS_PER_PAGE)?.rows.len()));
        let fewer = reported.as_ref().err().and_then(|failure| failure.fewer(count));
        let Some(fewer) = fewer else { return reported };
        ids = asked.0;
        ids.truncate(fewer);
    }
}

/// Checks that a Mattermost API answers: with JSON that has a status, healthy or not.
fn recognise(answered: &Answered) -> Result<(), Failure> {
    let answer = Answer::of(answered)?;
    if answer.read_at_first::<Ping<'_>>()?.status.as_str().is_empty() {
        let what = "the answer is JSON, but not Mattermost's";
        return Err(Failure::new(Code::NotMattermost, what).on(&answered.request));
    }
    Ok(())
}

/// Whether the server asks for a longer wait than a listing accepts.
fn asks_for_too_long(failure: &Failure) -> bool {
    failure.retry_after_ms.is_some_and(|ms| ms > 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Setting;
    use crate::mattermost::fake::{Fake, json};
    use provider_sdk::http::{Lost, Outcome, Request, Response};

    const ADMIN: &str =
        r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"sysadmin","roles":"system_admin system_user"}"#;
    const MEMBER: &str = r#"{"id":"dxzzhuaz5jryx8qmji6pe9x9ih","username":"user006","roles":"system_user"}"#;
    const DATE: &str = "Tue, 24 Nov 2026 15:25:29 GMT";
    const GUEST: &str = r#"{"id":"dxzzhuaz5jryx8qmji6pe9x9ih","username":"gast","roles":"system_guest"}"#;

    fn settings(more: &[(&str, &str)]) -> Settings {
        let needed = [("server_url", "https://chat.example.com"), ("access_token", "t")];
        let pairs = needed.iter().chain(more);
        let setting = |(key, value): &(&str, &str)| Setting { key: (*key).to_string(), value: (*value).to_string() };
        Settings::parse(&pairs.map(setting).collect::<Vec<_>>()).unwrap()
    }

    /// A healthy server, except for one route, or all.
    fn report(me: &str, route: &str, answer: &Outcome) -> CheckReport {
        let is_on = |request: &Request| route == "all" || request.name().ends_with(route);
        let mut network = Fake::new(|request| if is_on(request) { answer.clone() } else { healthy(me, request) });
        check(&settings(&[]), &mut network)
    }

    fn healthy(me: &str, request: &Request) -> Outcome {
        match request.name().as_str() {
            "GET /api/v4/system/ping" => json(200, r#"{"status":"OK"}"#),
            "GET /api/v4/users/me" => json(200, me),
            "POST /api/v4/roles/names" => {
                let all = r#""manage_system","view_members","list_public_teams","list_private_teams","view_team""#;
                let granted = if me == GUEST {
                    ""
                } else if me == MEMBER {
                    r#""view_members""#
                } else {
                    all
                };
                json(200, format!(r#"[{{"permissions":[{granted}]}}]"#))
            }
            "GET /api/v4/users" => json(200, format!("[{me}]")),
            "GET /api/v4/users/stats/filtered" => json(200, r#"{"total_users_count":254}"#),
            "GET /api/v4/config/client" => json(200, r#"{"DiagnosticId":"d1","EnableUserStatuses":"true"}"#),
            "GET /api/v4/license/client" => json(200, r#"{"IsLicensed":"false"}"#),
            "GET /api/v4/teams" | "GET /api/v4/users/me/tokens" | "GET /api/v4/reports/users" => json(200, "[]"),
            "GET /api/v4/limits/server" if me == ADMIN => json(200, r#"{"activeUserCount":9}"#),
            "GET /api/v4/limits/server" => json(200, r#"{"activeUserCount":0}"#),
            "GET /api/v4/reports/users/count" => json(200, "0"),
            "POST /api/v4/users/status/ids" => json(200, r#"[{"user_id":"x","status":"offline"}]"#),
            other => panic!("unexpected {other}"),
        }
    }

    /// The steps that did not pass, as `step=outcome:code`; skipped ones are counted.
    fn findings(report: &CheckReport) -> String {
        assert_eq!(report.steps.len(), STEPS.len());
        assert!(report.steps.iter().zip(STEPS).all(|(got, step)| got.id == step.id()));
        let skipped = report.steps.iter().filter(|step| step.outcome == CheckOutcome::Skipped).count();
        let shown = report.steps.iter().filter_map(|step| {
            let outcome = match step.outcome {
                CheckOutcome::Failed => "failed",
                CheckOutcome::Warning => "warning",
                CheckOutcome::Passed | CheckOutcome::Skipped => return None,
            };
            assert!(step.fix.is_some(), "{}", step.id);
            Some(format!("{}={outcome}:{} ", step.id, step.code.as_deref().unwrap_or_default()))
        });
        format!("{}{skipped} skipped", shown.collect::<String>())
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn each_failure_shows_at_its_step() {
        let answer = |status, header: (&'static str, &str), body: &str| {
            Ok(Response {
                status,
                headers: [(header.0, header.1.into())].into(),
                body: body.into(),
                took_ms: 1,
                redirect: None,
            })
        };
        let html = || answer(200, ("content-type", "text/html"), "<html>");
        let redirect = || answer(302, ("location", "/chat/api/v4/system/ping"), "");
        let at = |version: &str, date: &str| {
            let headers = [("x-version-id", version.into()), ("date", date.into())].into();
            Ok(Response { status: 200, headers, body: r#"{"status":"OK"}"#.into(), took_ms: 1, redirect: None })
        };
        let refused = || json(401, r#"{"id":"api.context.session_expired.app_error"}"#);
        let forbidden = || json(403, r#"{"id":"api.context.permissions.app_error"}"#);
        let mfa = || json(403, r#"{"id":"api.context.mfa_required.app_error"}"#);
        let hides = || json(200, r#"{"ShowEmailAddress":"false","ShowFullName":"true"}"#);
        let licensed = || json(200, r#"{"IsLicensed":"true","SkuShortName":"enterprise"}"#);
        let teams = "teams-visible=warning:team-admins-hidden ";
        let limits = "license-visible=warning:user-limits-hidden ";
        let cases: &[(&str, &str, Outcome, &str)] = &[
            (ADMIN, "nothing", html(), "0 skipped"),
            (MEMBER, "nothing", html(), &format!("{teams}{limits}0 skipped")),
            (ADMIN, "all", Err(Lost::Refused), "server-reached=failed:connection-refused 12 skipped"),
            (ADMIN, "all", Err(Lost::TlsUntrusted), "server-reached=failed:tls-untrusted 12 skipped"),
            (ADMIN, "all", html(), "mattermost-api=failed:not-mattermost 11 skipped"),
            (ADMIN, "all", json(200, r#"{"ok":true}"#), "mattermost-api=failed:answer-unreadable 11 skipped"),
            (ADMIN, "all", json(200, r#"{"status":""}"#), "mattermost-api=failed:not-mattermost 11 skipped"),
            (ADMIN, "all", redirect(), "mattermost-api=failed:redirected-elsewhere 11 skipped"),
            (ADMIN, "ping", Err(Lost::Refused), "mattermost-api=warning:connection-refused 0 skipped"),
            (ADMIN, "ping", html(), "mattermost-api=warning:not-mattermost 0 skipped"),
            (ADMIN, "ping", at("5.25.0", DATE), "version-supported=warning:server-old 0 skipped"),
            (
                ADMIN,
                "ping",
                at("11.6.0", "Tue, 24 Nov 2026 15:30:30 GMT"),
                "clock-agrees=warning:clock-differs 0 skipped",
            ),
            (ADMIN, "ping", at("11.6.0", "Tue, 24 Nov 2026 15:30:20 GMT"), "0 skipped"),
            (ADMIN, "ping", at("11.6.0", ""), "clock-agrees=warning:clock-hidden 0 skipped"),
            (ADMIN, "users/me", refused(), "token-accepted=failed:token-refused 8 skipped"),
            (ADMIN, "v4/users", mfa(), "users-visible=failed:mfa-required 6 skipped"),
            (ADMIN, "v4/users", json(200, "[]"), "users-visible=warning:partial-view 0 skipped"),
            (GUEST, "nothing", html(), &format!("users-visible=warning:partial-view {teams}{limits}0 skipped")),
            (
                MEMBER,
                "filtered",
                forbidden(),
                &format!(
                    "everyone-counted=warning:completeness-unproven {teams}license-visible=warning:seats-used-hidden 0 skipped"
                ),
            ),
            (
                ADMIN,
                "filtered",
                Err(Lost::TimedOut),
                "everyone-counted=warning:count-failed license-visible=warning:seats-used-failed 0 skipped",
            ),
            (
                MEMBER,
                "config/client",
                hides(),
                &format!("profiles-visible=warning:emails-hidden {teams}{limits}0 skipped"),
            ),
            (ADMIN, "config/client", hides(), "0 skipped"),
            (ADMIN, "status/ids", json(200, "[]"), "activity-visible=warning:last-activity-hidden 0 skipped"),
            (ADMIN, "v4/teams", forbidden(), &format!("{teams}0 skipped")),
            (ADMIN, "license/client", licensed(), "license-visible=warning:license-unreadable 0 skipped"),
        ];
        for (me, route, answer, expect) in cases {
            assert_eq!(findings(&report(me, route, answer)), *expect, "{route} {answer:?}");
        }
    }

    #[test]
    fn permissions_count_and_not_the_names_of_roles() {
        const ROLES: &str = "roles/names";
        let viewer = MEMBER.replace("system_user", "system_user system_read_only_admin");
        let grants = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
            json(200, format!(r#"[{{"permissions":[{}]}}]"#, names.join(",")))
        };
        let teams = "teams-visible=warning:team-admins-hidden ";
        let partial = "users-visible=warning:partial-view ";
        let private = || json(200, r#"[{"id":"a","allow_open_invite":false}]"#);
        let all = ["view_members", "list_public_teams", "list_private_teams", "view_team"];
        let refused = || json(403, r#"{"id":"api.context.permissions.app_error"}"#);
        let cases = [
            (viewer.as_str(), grants(&all), json(200, "[]"), String::new()),
            (&viewer, grants(&[all[0], all[1], all[3]]), json(200, "[]"), teams.into()),
            (&viewer, grants(&all[..3]), json(200, "[]"), teams.into()),
            (&viewer, grants(&all[1..]), json(200, "[]"), partial.into()),
            (ADMIN, grants(&all[..1]), json(200, "[]"), teams.into()),
            (&viewer, refused(), json(200, "[]"), teams.into()),
            (&viewer, refused(), private(), String::new()),
            (ADMIN, refused(), json(200, "[]"), String::new()),
            (MEMBER, Err(Lost::Denied), json(200, "[]"), teams.into()),
            (MEMBER, json(429, ""), json(200, "[]"), "users-visible=failed:rate-limited ".into()),
        ];
        for (me, roles, rows, expect) in cases {
            let mut network = Fake::new(|request| match request.name().as_str() {
                name if name.ends_with(ROLES) => roles.clone(),
                "GET /api/v4/teams" => rows.clone(),
                _ => healthy(me, request),
            });
            let found = findings(&check(&settings(&[]), &mut network));
            assert!(
                found.starts_with(&expect) && found[expect.len()..].ends_with(" skipped"),
                "{me} {roles:?}: {found}"
            );
            let others = ["users-visible", "teams-visible"].map(|step| format!("{step}=warning"));
            let warns = others.iter().any(|step| found.contains(step.as_str()));
            assert_eq!(warns, expect.contains("=warning"), "{me} {roles:?}: {found}");
        }
    }

    #[test]
    fn the_report_on_users_is_tried_if_the_settings_ask_for_it() {
        let forbidden = json(403, r#"{"id":"api.context.permissions.app_error"}"#);
        let well = json(200, r#"[{"id":"u4fe6hszjtnd7xi3ehbtrcpote"}]"#);
        for (version, answer, expect) in [
            ("11.6.0", well.clone(), "0 skipped"),
            ("11.6.0", forbidden, "activity-visible=warning:activity-report-hidden 0 skipped"),
            ("9.5.0", well, "activity-visible=warning:activity-report-hidden 0 skipped"),
        ] {
            let mut network = Fake::new(|request| match request.name().as_str() {
                "GET /api/v4/reports/users" => answer.clone(),
                "GET /api/v4/system/ping" => {
                    let headers = [("x-version-id", version.into()), ("date", DATE.into())].into();
                    Ok(Response { status: 200, headers, body: r#"{"status":"OK"}"#.into(), took_ms: 1, redirect: None })
                }
                _ => healthy(ADMIN, request),
            });
            let report = check(&settings(&[("activity_source", "report")]), &mut network);
            assert_eq!(findings(&report), expect, "{version}");
        }
    }

    #[test]
    fn a_token_that_ends_soon_is_a_warning() {
        let now = 1_795_533_929_000_i64;
        let token = |active: bool, days: i64| {
            let ends = if days == 0 { 0 } else { now + days * DAY_MS };
            json(200, format!(r#"[{{"is_active":{active},"expires_at":{ends}}},{{"is_active":true,"expires_at":0}}]"#))
        };
        let cases = [
            ("11.9.0", token(true, 13), "token-lasts=warning:token-ends-soon 0 skipped"),
            ("11.9.0", token(true, 15), "0 skipped"),
            ("11.9.0", token(true, -1), "0 skipped"),
            ("11.9.0", token(false, 1), "0 skipped"),
            ("11.9.0", token(true, 0), "0 skipped"),
            ("11.9.0", json(403, "{}"), "0 skipped"),
            ("11.8.0", token(true, 1), "0 skipped"),
        ];
        for (version, answer, expect) in cases {
            let mut network = Fake::new(|request| match request.name().as_str() {
                "GET /api/v4/users/me/tokens" => answer.clone(),
                "GET /api/v4/system/ping" => {
                    let headers = [("x-version-id", version.into()), ("date", DATE.into())].into();
                    Ok(Response { status: 200, headers, body: r#"{"status":"OK"}"#.into(), took_ms: 1, redirect: None })
                }
                _ => healthy(ADMIN, request),
            });
            assert_eq!(findings(&check(&settings(&[]), &mut network)), expect, "{version} {answer:?}");
        }
    }

    #[test]
    fn the_rate_limit_is_reported() {
        let mut limited = json(200, r#"{"status":"OK"}"#).unwrap();
        limited.headers.push(("x-ratelimit-limit", "101, 101".to_string()));
        for (answer, expect) in [(Ok(limited), "allows 101 requests"), (json(200, r#"{"status":"OK"}"#), "no limit")] {
            let report = report(ADMIN, "ping", &answer);
            assert!(report.steps.last().is_some_and(|step| step.summary.contains(expect)));
        }
    }

    #[test]
    fn excluded_activity_is_not_requested() {
        let mut network = Fake::new(|request| match request.name().as_str() {
            "GET /api/v4/system/ping" => json(200, r#"{"status":"OK"}"#),
            "GET /api/v4/users/me" => json(200, ADMIN),
            _ => json(200, "{}"),
        });
        let _ = check(&settings(&[("include_activity", "false")]), &mut network);
        assert!(network.sent.iter().all(|request| !request.path.contains("status/ids")));
    }

    #[test]
    fn control_characters_from_the_server_are_dropped() {
        let license = r#"{"IsLicensed":"true","SkuName":"Pro\u001b[2J\u007f","ExpiresAt":"9","SkuShortName":"x"}"#;
        let me = r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"a\u0007b","roles":"system_admin"}"#;
        let report = report(me, "license/client", &json(200, license));
        assert!(report.steps.iter().all(|step| !step.summary.chars().any(char::is_control)), "{:?}", report.steps);
        assert!(report.steps.iter().any(|step| step.summary.contains("Pro[2J")));
    }

    #[test]
    fn the_way_of_a_listing_and_its_requests_are_predicted() {
        let me = r#"{"id":"u4fe6hszjtnd7xi3ehbtrcpote","username":"sysadmin","roles":"system_admin"}"#;
        let known = |many: u32| {
            json(200, format!("[{}]", (1..many).map(|n| format!("\"{n:026}\"")).collect::<Vec<_>>().join(",")))
        };
        let forbidden = || json(403, r#"{"id":"api.context.permissions.app_error"}"#);
        let none = || json(200, "[]");
        let cases = [
            (50_000, known(50_000), forbidden(), "auto", "by their ids, in about 85 requests", "ids"),
            (50_000, known(50_000), forbidden(), "pages", "in pages, in about 308 requests", "pages"),
            (50_000, known(10), none(), "auto", "it would take about 85 requests", "ids"),
            (50_000, forbidden(), none(), "auto", "it would take about 85 requests", "ids"),
            // An account that the token's account does not know may be a bot, which no list shows to it.
            (50_000, known(49_990), forbidden(), "auto", "in pages", "pages"),
            (50_000, known(49_990), none(), "auto", "by their ids", "ids"),
            (
                10_000,
                known(10),
                none(),
                "auto",
                "in pages, in about 68 requests. The token's account shares a channel with 10",
                "pages",
            ),
            (1_000, forbidden(), none(), "auto", "in pages, in about 14 requests", "pages"),
        ];
        for (accounts, known, bots, way, expect, listed_by) in cases {
            let mut network = Fake::new(|request| match request.name().as_str() {
                "GET /api/v4/users/known" => known.clone(),
                "GET /api/v4/bots" => bots.clone(),
                "GET /api/v4/users/stats/filtered" => json(200, format!(r#"{{"total_users_count":{accounts}}}"#)),
                _ => healthy(me, request),
            });
            let report = check(&settings(&[("listing", way)]), &mut network);
            let step = report.steps.iter().find(|step| step.id == "everyone-counted").unwrap();
            assert!(step.summary.contains(expect), "{accounts} {way}: {}", step.summary);
            assert!(report.attributes.contains(&("listed-by".into(), listed_by.into())), "{accounts} {way}");
        }
    }

    #[test]
    fn the_report_identifies_the_server() {
        let report = report(ADMIN, "nothing", &Err(Lost::Closed));
        assert_eq!(report.product_version.as_deref(), Some("11.6.0"));
        assert_eq!(report.product_instance.as_deref(), Some("d1"));
        let attributes = [("accounts", "254"), ("edition", "free"), ("listed-by", "pages"), ("listing-requests", "11")];
        assert_eq!(report.attributes, attributes.map(|(key, value)| (key.into(), value.into())));
    }
}
